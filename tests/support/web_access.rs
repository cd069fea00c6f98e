//! The pages of keys and webhooks, as administrators use them.

use aftertone::domain::Role;

use crate::web_bed::WebBed;

/// What stands in the field that is shown once.
fn shown_once(page: &str) -> String {
    page.split("class=\"secret\" value=\"")
        .nth(1)
        .unwrap_or_default()
        .split('"')
        .next()
        .unwrap_or_default()
        .to_owned()
}

#[tokio::test]
async fn a_key_is_made_shown_once_used_and_taken_back() {
    let bed = WebBed::new().await;
    let admin = bed.client(&bed.mailbox, Role::TenantAdmin).await;
    let made =
        admin.post("/admin/keys", &[("name", "CRM <b>"), ("scope", "users:read"), ("days", "90")]).await;
    assert_eq!(made.status, 200, "{}", made.text());
    let key = shown_once(made.text());
    assert!(key.starts_with("atk_"), "{}", made.text());
    let bearer = format!("Bearer {key}");
    assert_eq!(bed.call(&bearer, "GET", "/users", None, &[]).await.status, 200);
    assert_eq!(bed.call(&bearer, "GET", "/jobs", None, &[]).await.status, 403);
    let page = admin.get("/admin/keys").await;
    assert!(!page.text().contains(&key), "it is shown once");
    assert!(page.text().contains("CRM &#60;b&#62;") && page.text().contains("users:read"), "{}", page.text());
    let revoke =
        page.text().split("action=\"/admin/keys/").nth(1).unwrap().split('"').next().unwrap().to_owned();
    assert_eq!(admin.post(&format!("/admin/keys/{revoke}"), &[]).await.status, 303);
    assert_eq!(bed.call(&bearer, "GET", "/users", None, &[]).await.status, 401);
    assert_eq!(admin.post(&format!("/admin/keys/{revoke}"), &[]).await.status, 404, "it is taken back once");
}

#[tokio::test]
async fn a_key_of_ones_own_reaches_the_own_messages_and_no_key_those_of_others() {
    let bed = WebBed::new().await;
    let admin = bed.client(&bed.mailbox, Role::TenantAdmin).await;
    let fields = [("name", "mine"), ("scope", "messages:read"), ("days", "0")];
    let refused = admin.post("/admin/keys", &fields).await;
    assert_eq!(refused.status, 422);
    assert!(refused.text().contains("value=\"mine\"") && shown_once(refused.text()).is_empty());
    let own = [&fields[..], &[("own", "1")]].concat();
    let made = admin.post("/admin/keys", &own).await;
    let bearer = format!("Bearer {}", shown_once(made.text()));
    assert_eq!(bed.call(&bearer, "GET", "/mailboxes/me/messages", None, &[]).await.status, 200);
    let nothing = admin.post("/admin/keys", &[("name", "x"), ("days", "0")]).await;
    assert_eq!(nothing.status, 422, "a key that may nothing");
    let manager = bed.client(&bed.mailbox, Role::OfficeManager).await;
    assert_eq!(manager.post("/admin/keys", &fields).await.status, 403);
}

#[tokio::test]
async fn a_webhook_is_added_tried_changed_paused_and_removed_in_the_browser() {
    let bed = WebBed::new().await;
    let admin = bed.client(&bed.mailbox, Role::TenantAdmin).await;
    let refused = admin.post("/admin/webhooks", &[("name", "crm"), ("url", "http://10.0.0.1/")]).await;
    assert_eq!(refused.status, 422);
    assert!(
        refused.text().contains("value=\"crm\"") && refused.text().contains("https://"),
        "{}",
        refused.text()
    );
    let fields =
        [("name", "crm"), ("url", "https://hooks.example.org/?key=topsecret"), ("event", "user.added")];
    let added = admin.post("/admin/webhooks", &fields).await;
    assert_eq!(added.status, 200, "{}", added.text());
    assert!(shown_once(added.text()).starts_with("whsec_"));
    let id = bed.services.webhooks.list(bed.mailbox.tenant).await.unwrap()[0].id;
    let path = format!("/admin/webhooks/{id}");
    let list = admin.get("/admin/webhooks").await;
    assert!(list.text().contains(&path) && !list.text().contains("topsecret"), "{}", list.text());
    for (press, said) in
        [("test", "A test is on its way"), ("pause", "told nothing"), ("resume", "told again")]
    {
        let pressed = admin.post(&format!("{path}/{press}"), &[]).await;
        assert_eq!(pressed.status, 303, "{press}");
        assert!(admin.get(pressed.header("location")).await.text().contains(said), "{press}");
    }
    let page = admin.get(&path).await;
    assert!(page.text().contains("webhook.test") && shown_once(page.text()).is_empty(), "{}", page.text());
    let changed = [("name", "crm"), ("url", "https://hooks.example.org/"), ("callers", "1")];
    assert_eq!(admin.post(&path, &changed).await.status, 303);
    let webhook = bed.services.webhooks.show(bed.mailbox.tenant, id).await.unwrap();
    assert!(webhook.callers && webhook.events.is_empty());
    let rotated = admin.post(&format!("{path}/rotate"), &[]).await;
    assert!(shown_once(rotated.text()).starts_with("whsec_"));
    assert_eq!(admin.post(&format!("{path}/replay"), &[("hours", "24")]).await.status, 303);
    let stranger = bed.client(&bed.stranger().await, Role::TenantAdmin).await;
    assert_eq!(stranger.get(&path).await.status, 404);
    assert_eq!(stranger.post(&format!("{path}/remove"), &[("sure", "1")]).await.status, 404);
    assert_eq!(admin.post(&format!("{path}/remove"), &[]).await.status, 303);
    assert_eq!(admin.get(&path).await.status, 200, "nobody said that they are sure");
    assert_eq!(admin.post(&format!("{path}/remove"), &[("sure", "1")]).await.status, 303);
    assert_eq!(admin.get(&path).await.status, 404);
    assert!(!bed.everything().await.contains("topsecret"), "the audit has no address");
}
