//! What is a person's and what is a desk's when users are reset, come back, change their extension or hand one over.

use std::time::Duration;

use aftertone::domain::{MailMode, Role, SecurityChange};
use aftertone::service::accounts::Changes;
use aftertone::service::import::{Imports, Table};
use aftertone::store::{JobState, Work};
use axum::body::Body;
use serde_json::json;

use crate::api::body;
use crate::web_bed::WebBed;

/// Whom mails about changed ways in go to, sorted.
async fn told(bed: &WebBed) -> Vec<(String, SecurityChange)> {
    let jobs = bed.store.jobs(Some(JobState::Queued), 99).await.unwrap();
    let mut told: Vec<_> = jobs
        .into_iter()
        .filter_map(|job| match job.work {
            Work::Security { to, change, .. } => Some((to.to_string(), change)),
            _ => None,
        })
        .collect();
    told.sort_by_key(|(to, change)| (to.clone(), format!("{change:?}")));
    told
}

fn table(text: &str) -> Table {
    Table::read(text.as_bytes()).unwrap()
}

fn imports(bed: &WebBed) -> Imports {
    Imports::new(
        bed.store.clone(),
        bed.clock.clone(),
        aftertone::service::accounts::MailboxDefaults::default(),
        aftertone::service::accounts::PinPolicy::usual(),
    )
    .by("tests")
}

#[tokio::test]
async fn a_pin_that_an_import_or_a_reset_changes_is_told_by_mail() {
    let bed = WebBed::new().await;
    let grace = bed.colleague().await;
    let (tenant, own) = (grace.tenant, |change| ("grace@example.org".to_owned(), change));
    let file = "extension,email,pin\n1002,new@example.org,739146\n1003,olga@example.org,482915\n";
    let done = imports(&bed).apply(tenant, &table(file), "staff", &|_| {}).await.unwrap();
    let both = [own(SecurityChange::Pin), ("new@example.org".to_owned(), SecurityChange::Pin)];
    assert_eq!(told(&bed).await, both, "who is new is told nothing, who has another PIN at every address");
    imports(&bed).roll_back(tenant, done.import.unwrap().id, false).await.unwrap();
    assert_eq!(told(&bed).await.len(), 3, "taken back, it is another one again");

    bed.services.accounts.set(tenant, &grace.extension, pin()).await.unwrap();
    let user = bed.user_of(&grace).await;
    bed.services.signin.give_password(&user, "cobol-moth-relay".to_owned().into()).await.unwrap();
    let before = told(&bed).await.len();
    let parts = [aftertone::domain::Clear::Pin].into();
    bed.services.accounts.reset(tenant, &grace.extension, parts).await.unwrap();
    assert_eq!(told(&bed).await.len(), before + 1);
    bed.services.accounts.take_back(tenant, &grace.extension, &|_| true).await.unwrap();
    assert_eq!(told(&bed).await.len(), before + 2);
    let parts = [aftertone::domain::Clear::Password].into();
    bed.services.accounts.reset(tenant, &grace.extension, parts).await.unwrap();
    let passwords = told(&bed).await.into_iter().filter(|one| *one == own(SecurityChange::Password)).count();
    assert_eq!(passwords, 2, "given, and taken");
    let parts = [aftertone::domain::Clear::Rules].into();
    bed.services.accounts.reset(tenant, &grace.extension, parts).await.unwrap();
    assert_eq!(told(&bed).await.len(), before + 3, "no way in was changed");
}

fn pin() -> Changes {
    Changes { pin: Some("482913".to_owned().into()), ..Changes::default() }
}

// 002-094
#[tokio::test]
async fn a_reset_leaves_no_habits_of_who_was_there() {
    let bed = WebBed::new().await;
    let grace = bed.colleague().await;
    let fresh = grace.habits();
    let changes = Changes {
        language: Some(Some("de".to_owned())),
        zone: Some(Some("Asia/Tokyo".to_owned())),
        quota: Some(aftertone::domain::Quota { messages: Some(7), bytes: None }),
        instructions: Some(false),
        announcement_only: Some(true),
        may_broadcast: Some(true),
        may_call_back: Some(true),
        newest_first: Some(false),
        mode: Some(MailMode::Link),
        ..Changes::default()
    };
    let accounts = &bed.services.accounts;
    let hers = accounts.set(grace.tenant, &grace.extension, changes).await.unwrap().mailbox;
    accounts.reset(grace.tenant, &grace.extension, [aftertone::domain::Clear::Pin].into()).await.unwrap();
    let now = accounts.show(grace.tenant, &grace.extension).await.unwrap().mailbox;
    assert_eq!(now.habits(), hers.habits(), "the same person stays");
    accounts.reset(grace.tenant, &grace.extension, aftertone::domain::Clear::ALL.into()).await.unwrap();
    let now = accounts.show(grace.tenant, &grace.extension).await.unwrap().mailbox;
    let mut expected = now.clone();
    expected.take_on(fresh);
    expected.phone.announce = false;
    assert_eq!(now, expected);
    accounts.take_back(grace.tenant, &grace.extension, &|_| true).await.unwrap();
    assert_eq!(accounts.show(grace.tenant, &grace.extension).await.unwrap().mailbox, hers);
}

// 002-011, 004-10
#[tokio::test]
async fn under_another_extension_nothing_of_the_old_desk_comes_back() {
    let bed = WebBed::new().await;
    let admin = bed.client(&bed.mailbox, Role::TenantAdmin).await;
    let key = bed.key_of_all().await;
    let grace = bed.colleague().await;
    let user = format!("/users/{}", grace.user.unwrap());
    let desk = json!({"profile": {"department": "Sales", "emergency_caller_id": "+15550911", "mobile": "+4917012345"}});
    assert_eq!(bed.call(&key, "PATCH", &user, Some(desk), &[]).await.status, 200);
    let profile = async || body(&bed.call(&key, "GET", &user, None, &[]).await)["profile"].clone();
    let whole = profile().await;
    bed.services.accounts.remove(grace.tenant, &grace.extension).await.unwrap();
    let back = bed.call(&key, "POST", &format!("{user}/restore"), Some(json!({})), &[]).await;
    assert_eq!((back.status, &body(&back)["warnings"]), (200, &json!([])), "{}", back.text());
    assert_eq!(profile().await, whole, "the same desk");
    bed.services.accounts.remove(grace.tenant, &grace.extension).await.unwrap();
    let elsewhere = Some(json!({"extension": "1009"}));
    let back = bed.call(&key, "POST", &format!("{user}/restore"), elsewhere, &[]).await;
    assert!(body(&back)["warnings"][0].as_str().unwrap().contains("911"), "{}", back.text());
    let now = profile().await;
    assert!(now["emergency_caller_id"].is_null() && now["department"].is_null(), "{now}");
    assert_eq!(now["mobile"], "+4917012345", "what is the person's");
    // On the page as well.
    let moved = "1009".parse().unwrap();
    let desk = Changes {
        profile: vec![(aftertone::domain::ProfileField::Department, "Sales".to_owned())],
        ..Changes::default()
    };
    bed.services.accounts.set(grace.tenant, &moved, desk).await.unwrap();
    bed.services.accounts.remove(grace.tenant, &moved).await.unwrap();
    let back = admin.post(&format!("/admin{user}/restore"), &[("extension", "1010")]).await;
    let page = admin.get(back.header("location")).await;
    assert!(page.text().contains("stayed there"), "{}", page.text());
}

// 001-12, 002-091
#[tokio::test]
async fn what_leads_to_an_extension_that_is_given_up_is_told() {
    let bed = WebBed::new().await;
    let admin = bed.client(&bed.mailbox, Role::TenantAdmin).await;
    let key = bed.key_of_all().await;
    let grace = bed.colleague().await;
    for extension in ["1003", "1004"] {
        let new = json!({"extension": extension, "first": "Eve"});
        assert_eq!(bed.call(&key, "POST", "/users", Some(new), &[]).await.status, 201);
    }
    let operator = json!({"operator": "1003"});
    let own = format!("/users/{}", bed.mailbox.user.unwrap());
    assert_eq!(bed.call(&key, "PATCH", &own, Some(operator), &[]).await.status, 200);
    let from = grace.user.unwrap().to_string();
    let asked = |keep: &str| json!({"from": from, "fate": "keep", "keep": keep, "known": "1003", "reason": "moves", "dry_run": true});
    let takeover = "/extensions/1002/takeover";
    let looked = body(&bed.call(&key, "POST", takeover, Some(asked("1009")), &[]).await);
    assert_eq!(looked["leads_nowhere"], json!([{"at": "1001", "what": "operator"}]), "{looked}");
    let operator = json!({"operator": "1003"});
    let hers = format!("/users/{from}");
    assert_eq!(bed.call(&key, "PATCH", &hers, Some(operator), &[]).await.status, 200);
    let mut leaves = asked("1009");
    leaves["fate"] = json!("archive");
    leaves.as_object_mut().unwrap().remove("keep");
    let looked = body(&bed.call(&key, "POST", takeover, Some(leaves), &[]).await);
    assert_eq!(looked["leads_nowhere"].as_array().unwrap().len(), 1, "what leaves is not told: {looked}");
    let swapped = body(&bed.call(&key, "POST", takeover, Some(asked("1003")), &[]).await);
    assert_eq!(swapped["leads_nowhere"], json!([]), "somebody has it then: {swapped}");
    let fields = [
        ("from", from.as_str()),
        ("fate", "archive"),
        ("comer", "known"),
        ("known", "1003"),
        ("reason", "moves"),
    ];
    let review = admin.post("/admin/extensions/1002", &fields).await;
    assert!(
        review.text().contains("Leads nowhere from then on: operator (mailbox 1001)"),
        "{}",
        review.text()
    );

    // The same when somebody gets another extension.
    let eve = bed.services.accounts.show(grace.tenant, &"1003".parse().unwrap()).await.unwrap().user;
    let path = format!("/admin/users/{}", eve.id);
    let fields = [("first", "Eve"), ("emails", ""), ("extension", "1013")];
    let saved = admin.post(&path, &fields).await;
    let page = admin.get(saved.header("location")).await;
    assert!(page.text().contains("(mailbox 1001) leads to 1003, which nobody has"), "{}", page.text());
    let back = json!({"extension": "1003"});
    let told = body(&bed.call(&key, "PATCH", &format!("/users/{}", eve.id), Some(back), &[]).await);
    assert_eq!(told["warnings"], json!([]), "nothing leads to 1013");
    let away = json!({"extension": "1013"});
    let told = body(&bed.call(&key, "PATCH", &format!("/users/{}", eve.id), Some(away), &[]).await);
    assert!(told["warnings"][0].as_str().unwrap().contains("leads to 1003"), "{told}");
}

// 001-05
#[tokio::test]
async fn of_two_who_take_an_extension_over_at_once_the_later_is_told_so() {
    let bed = WebBed::new().await;
    let grace = bed.colleague().await;
    let accounts = &bed.services.accounts;
    let plan = |first: &str| aftertone::service::accounts::Takeover {
        extension: grace.extension.clone(),
        from: grace.user.unwrap(),
        fate: aftertone::store::Fate::Archive,
        comer: aftertone::service::accounts::Comer::New {
            first: first.to_owned(),
            last: String::new(),
            emails: Vec::new(),
            mode: None,
        },
        with_numbers: true,
        with_phones: false,
        reason: "race".to_owned(),
        by: None,
        most: Role::Operator,
    };
    let (one, other) = tokio::join!(
        accounts.take_over(grace.tenant, plan("One")),
        accounts.take_over(grace.tenant, plan("Two"))
    );
    let lost = match (one, other) {
        (Ok(_), Err(lost)) | (Err(lost), Ok(_)) => lost,
        both => panic!("one of them has it: {both:?}"),
    };
    assert!(matches!(lost, aftertone::service::accounts::AccountError::GoneOver(_)), "{lost}");
}

// 003-15
#[tokio::test]
async fn a_number_that_was_given_directly_stays_in_the_list_when_its_user_is_removed() {
    let bed = WebBed::new().await;
    let key = bed.key_of_all().await;
    let grace = bed.colleague().await;
    let accounts = &bed.services.accounts;
    for number in ["+4930123456", "grace.support"] {
        accounts.add_number(grace.tenant, &grace.extension, number, None).await.unwrap();
    }
    accounts.remove(grace.tenant, &grace.extension).await.unwrap();
    let listed = async || {
        let page = body(&bed.call(&key, "GET", "/numbers", None, &[]).await);
        let numbers =
            page["items"].as_array().unwrap().iter().map(|one| one["number"].as_str().unwrap().to_owned());
        numbers.collect::<Vec<_>>()
    };
    assert_eq!(listed().await, ["+4930123456"], "an alias goes with its person");
    bed.clock.advance(Duration::from_secs(40 * 24 * 3600));
    let month = Duration::from_secs(30 * 24 * 3600);
    let retention =
        aftertone::service::retention::Retention::new(bed.store.clone(), bed.clock.clone(), month);
    assert_eq!(retention.sweep().await.unwrap().users, 1);
    assert_eq!(listed().await, ["+4930123456"], "it is the tenant's");
    assert_eq!(bed.call(&key, "DELETE", "/numbers/+4930123456", None, &[]).await.status, 204);
    assert!(listed().await.is_empty());
}

// 002-089
#[tokio::test]
async fn the_audit_of_an_import_names_what_changed_of_whom() {
    let bed = WebBed::new().await;
    let admin = bed.client(&bed.mailbox, Role::TenantAdmin).await;
    let tenant = bed.mailbox.tenant;
    bed.colleague().await;
    let file = "extension,first,department,pin\n1002,Amazing,Sales,739146\n1003,Olga,,\n";
    imports(&bed).apply(tenant, &table(file), "staff", &|_| {}).await.unwrap();
    let lines = bed.store.audit(tenant, None, 5).await.unwrap();
    let line = lines.iter().find(|line| line.action == "users.imported").unwrap();
    let read =
        |text: &Option<String>| serde_json::from_str::<serde_json::Value>(text.as_deref().unwrap()).unwrap();
    assert_eq!(read(&line.was)["rows"], json!({"1002": {"first": "Grace", "department": "", "pin": ""}}));
    let became = read(&line.became);
    assert_eq!(
        became["rows"]["1002"],
        json!({"first": "Amazing", "department": "Sales", "pin": "(new PIN)"})
    );
    assert_eq!(became["rows"]["1003"]["first"], json!("Olga"));
    assert!(!line.became.as_deref().unwrap().contains("739146"));
    assert!(admin.get("/admin/audit").await.text().contains("Amazing"));

    // Of many rows the first are kept, and how many more there were; what is kept can still be read.
    let rows: String = (2000..2400).map(|n| format!("{n},Guest number {n} of the house\n")).collect();
    imports(&bed)
        .apply(tenant, &table(&format!("extension,first\n{rows}")), "guests", &|_| {})
        .await
        .unwrap();
    let lines = bed.store.audit(tenant, None, 5).await.unwrap();
    let became = read(&lines.iter().find(|line| line.action == "users.imported").unwrap().became);
    let kept = became["rows"].as_object().unwrap();
    assert_eq!(became["rows"]["and more rows"].as_u64().unwrap() + kept.len() as u64 - 1, 400, "{became}");
    assert!(kept.len() > 20);
}

// 002-013
#[tokio::test(flavor = "multi_thread")]
async fn phones_that_are_added_at_once_without_a_name_each_get_a_free_one() {
    let bed = WebBed::new().await;
    let key = bed.key_of_all().await;
    bed.colleague().await;
    let add = || async {
        let headers = [("authorization", key.as_str()), ("content-type", "application/json")];
        let added = json!({"owner": "1002"}).to_string();
        bed.send("192.0.2.1", "POST", "/api/v1/handsets", &headers, Body::from(added)).await
    };
    let added = tokio::join!(add(), add(), add(), add(), add(), add());
    let mut names: Vec<String> = [added.0, added.1, added.2, added.3, added.4, added.5]
        .iter()
        .map(|answer| {
            assert_eq!(answer.status, 201, "{}", answer.text());
            body(answer)["name"].as_str().unwrap().to_owned()
        })
        .collect();
    names.sort();
    assert_eq!(names, ["1002a", "1002b", "1002c", "1002d", "1002e", "1002f"]);
}
