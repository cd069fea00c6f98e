//! Two people at the same thing: who comes second is told, and undoes nothing of who came first.

use aftertone::domain::Role;
use serde_json::json;

use crate::api::body;
use crate::crawl::html::{Form, forms};
use crate::portal::Client;
use crate::web_bed::WebBed;

/// What a browser would send of the form of a page that is sent to this address and has this field.
fn form_of(page: &str, action: &str, field: &str) -> Vec<(String, String)> {
    let is_it = |form: &Form| {
        form.method == "POST" && form.action == action && form.controls.iter().any(|one| one.name == field)
    };
    let form = forms(page).into_iter().find(is_it).unwrap_or_else(|| panic!("no form {action}: {page}"));
    form.defaults().into_iter().filter(|(name, _)| name != "csrf").collect()
}

async fn opened(client: &Client<'_>, page: &str, action: &str, field: &str) -> Vec<(String, String)> {
    form_of(client.get(page).await.text(), action, field)
}

/// The form with another value in a field; a box that was not ticked is.
fn with<'a>(form: &'a [(String, String)], name: &'a str, value: &'a str) -> Vec<(&'a str, &'a str)> {
    let change = |(known, old): &'a (String, String)| {
        (known.as_str(), if known == name { value } else { old.as_str() })
    };
    let is_new = form.iter().all(|(known, _)| known != name);
    form.iter().map(change).chain(is_new.then_some((name, value))).collect()
}

/// Two open the form of a page; the first changes one field, and then the second another. What the first wrote stays.
async fn two(client: &Client<'_>, page: &str, action: &str, one: (&str, &str), other: (&str, &str)) {
    let (first, second) =
        (opened(client, page, action, one.0).await, opened(client, page, action, one.0).await);
    let saved = client.post(action, &with(&first, one.0, one.1)).await;
    assert_eq!(saved.status, 303, "{action}: {}", saved.text());
    let late = client.post(action, &with(&second, other.0, other.1)).await;
    assert!([409, 422].contains(&late.status), "{action}: {} {}", late.status, late.text());
    assert!(late.text().contains("somebody changed this meanwhile"), "{action}: {}", late.text());
    let form = form_of(late.text(), action, one.0);
    assert!(form.contains(&(one.0.to_owned(), one.1.to_owned())), "how it is now is shown: {form:?}");
    let again = client.post(action, &with(&form, other.0, other.1)).await;
    assert_eq!(again.status, 303, "what is shown now can be changed: {action}: {}", again.text());
    let kept = opened(client, page, action, one.0).await;
    for (name, value) in [one, other] {
        assert!(kept.contains(&(name.to_owned(), value.to_owned())), "{action}: {name}: {kept:?}");
    }
}

// 002-014, 003-14
#[tokio::test]
async fn nobody_undoes_what_somebody_else_wrote_while_a_form_was_open() {
    let bed = WebBed::new().await;
    let grace = bed.colleague().await;
    let key = bed.key_of_all().await;
    let admin = bed.client(&bed.mailbox, Role::TenantAdmin).await;
    let user = format!("/admin/users/{}", grace.user.unwrap());
    two(&admin, &user, &user, ("first", "Roberta"), ("last", "Hopper-Lovelace")).await;
    two(&admin, &user, &format!("{user}/profile"), ("department", "Sales"), ("site", "Hamburg")).await;
    let numbers = json!({"numbers": ["+15550100"]});
    assert_eq!(bed.call(&key, "POST", "/numbers", Some(numbers), &[]).await.status, 201);
    let assign = async |user: &str| {
        let path = "/numbers/%2B15550100/assignment";
        let led = bed.call(&key, "PUT", path, Some(json!({"user": user})), &[]).await;
        assert_eq!(led.status, 200, "{}", led.text());
    };
    assign("1002").await;
    let edit = "/admin/numbers/%2B15550100/edit";
    two(&admin, "/admin/numbers", edit, ("first", "Grace"), ("label", "Sales")).await;
    let taken = opened(&admin, "/admin/numbers", "/admin/numbers/%2B15550100/release", "seen").await;
    assert_eq!(bed.call(&key, "DELETE", "/numbers/%2B15550100/assignment", None, &[]).await.status, 204);
    assign("1001").await;
    let taken: Vec<(&str, &str)> =
        taken.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let late = admin.post("/admin/numbers/%2B15550100/release", &taken).await;
    assert!(
        late.status == 409 && late.text().contains("x1001"),
        "it stays with whom it is now: {}",
        late.text()
    );
    let phone = json!({"name": "desk", "model": "generic", "mac": "0004f2123456"});
    let phone = body(&bed.call(&key, "POST", "/handsets", Some(phone), &[]).await);
    let phone = format!("/admin/handsets/{}", phone["id"].as_str().unwrap());
    two(&admin, &phone, &phone, ("template", "office"), ("firmware", "9.9")).await;
    two(
        &admin,
        "/admin/policy",
        "/admin/policy",
        ("help_link", "https://help.example.org"),
        ("extension_length", "4"),
    )
    .await;
}

// 002-033, 002-056
#[tokio::test]
async fn rules_hours_and_own_settings_that_changed_meanwhile_are_not_saved_over() {
    let bed = WebBed::new().await;
    let owner = bed.client(&bed.mailbox, Role::TenantAdmin).await;
    owner.add_rule("Night", &[]).await;
    let rule = bed.rule_path("Night").await;
    two(&owner, &rule, &rule, ("callers", "+49301234"), ("name", "At night")).await;
    owner
        .done("/answering/me/hours", &[("name", "Office"), ("purpose", "open"), ("mon", "09:00-17:00")])
        .await;
    let frame = format!("/answering/me/hours/{}", bed.frame("Office").await);
    two(&owner, &frame, &frame, ("tue", "10:00-11:00"), ("wed", "12:00-13:00")).await;
    two(&owner, "/settings", "/settings/mail", ("zone", "Europe/Berlin"), ("attachment", "wav")).await;
    two(&owner, "/settings", "/settings/phone", ("speed_percent", "125"), ("auto_play", "1")).await;
}

// The API: one of several who have seen the same is the first, and the others are told.
#[tokio::test]
async fn of_conditional_changes_at_the_same_time_one_is_carried_out() {
    let bed = WebBed::new().await;
    let grace = bed.colleague().await;
    let key = bed.key_of_all().await;
    for (path, field) in [
        (format!("/users/{}", grace.user.unwrap()), "last"),
        ("/policy".to_owned(), "help_link"),
        (format!("/mailboxes/{}/settings", grace.id), "zone"),
    ] {
        let seen = bed.call(&key, "GET", &path, None, &[]).await;
        let tag = seen.header("etag").to_owned();
        let values = match field {
            "zone" => ["Europe/Berlin", "Europe/Paris", "Europe/Rome", "Europe/Madrid"],
            "help_link" => {
                ["https://a.example", "https://b.example", "https://c.example", "https://d.example"]
            }
            _ => ["A", "B", "C", "D"],
        };
        let change = |value: &'static str| {
            let (key, path, tag) = (key.clone(), path.clone(), tag.clone());
            let bed = &bed;
            async move {
                bed.call(&key, "PATCH", &path, Some(json!({field: value})), &[("if-match", &tag)])
                    .await
                    .status
            }
        };
        let (a, b, c, d) =
            tokio::join!(change(values[0]), change(values[1]), change(values[2]), change(values[3]));
        let mut told = [a, b, c, d];
        told.sort_unstable();
        assert_eq!(told, [200, 412, 412, 412], "{path}");
    }
    let rule = json!({"name": "Night", "then": {"answer": "announcement"}});
    let rules = format!("/mailboxes/{}/rules", grace.id);
    let rule = body(&bed.call(&key, "POST", &rules, Some(rule), &[]).await);
    let path = format!("{rules}/{}", rule["id"].as_str().unwrap());
    let tag = [("if-match", "\"0123456789\"")];
    let unheeded = bed.call(&key, "PATCH", &path, Some(json!({"name": "Day"})), &tag).await;
    assert!(unheeded.status == 412 && unheeded.text().contains("no ETag"), "{}", unheeded.text());
    let unknown = bed.call(&key, "GET", "/users?serach=Grace", None, &[]).await;
    assert!(
        unknown.status == 400 && unknown.text().contains("`serach` means nothing here"),
        "{}",
        unknown.text()
    );
    assert!(unknown.text().contains("search, department"), "what is known is named: {}", unknown.text());
}
