//! What a mailbox may hold, as page and API say it; and where its callers get who press 0.

use aftertone::domain::{Quota, Role};
use aftertone::service::access::Act;
use serde_json::json;

use crate::api::body;
use crate::web_bed::WebBed;

// 002-066
#[tokio::test]
async fn limits_are_said_and_taken_alike_by_page_and_api() {
    let bed = WebBed::new().await;
    let (key, grace) = (bed.key_of_all().await, bed.colleague().await);
    let path = format!("/users/{}", grace.user.unwrap());
    let page = format!("/admin{path}");
    let admin = bed.client(&bed.mailbox, Role::TenantAdmin).await;
    let told = async || body(&bed.call(&key, "GET", &path, None, &[]).await)["mailbox"].clone();
    let post = async |messages: &str, megabytes: &str| {
        let fields = [("first", "Grace"), ("emails", ""), ("extension", "1002"), ("max_messages", messages)];
        admin.post(&page, &[&fields[..], &[("max_megabytes", megabytes)]].concat()).await
    };
    assert_eq!(post("1", "0.5").await.status, 303);
    let mailbox = told().await;
    assert_eq!((&mailbox["max_messages"], &mailbox["max_bytes"]), (&json!(1), &json!(500_000)));
    assert_eq!(mailbox["max_megabytes"], json!(0.5));
    let shown = admin.get(&page).await;
    assert!(shown.text().contains("Used: 0 of 1 message, 0.0 of 0.5 MB."), "{}", shown.text());
    assert!(shown.text().contains(r#"name="max_megabytes" value="0.5""#), "{}", shown.text());

    for (change, bytes) in [
        (json!({"max_megabytes": 25}), json!(25_000_000)),
        (json!({"max_bytes": 1_234_567}), json!(1_234_567)),
        (json!({"max_messages": 7}), json!(1_234_567)),
        (json!({"max_megabytes": null}), json!(null)),
    ] {
        let changed = bed.call(&key, "PATCH", &path, Some(change.clone()), &[]).await;
        assert_eq!((changed.status, &body(&changed)["mailbox"]["max_bytes"]), (200, &bytes), "{change}");
    }
    assert_eq!(told().await["max_messages"], 7);
    let kept = bed.store.mailbox(grace.tenant, grace.id).await.unwrap().quota;
    assert_eq!(kept, Quota { messages: Some(7), bytes: None });
    for (wrong, field) in [
        (json!({"max_messages": 0}), "max_messages"),
        (json!({"max_bytes": 0}), "max_megabytes"),
        (json!({"max_megabytes": -1}), "max_megabytes"),
        (json!({"max_megabytes": 1, "max_bytes": 5}), "max_megabytes"),
    ] {
        let refused = bed.call(&key, "PATCH", &path, Some(wrong.clone()), &[]).await;
        assert_eq!((refused.status, &body(&refused)["errors"][0]["field"]), (422, &json!(field)), "{wrong}");
    }
    for (messages, megabytes, field) in
        [("0", "", "max_messages"), ("", "0", "max_megabytes"), ("", "x", "max_megabytes")]
    {
        let refused = post(messages, megabytes).await;
        assert!(
            refused.status == 422 && refused.text().contains(&format!("wrong-{field}")),
            "{}",
            refused.text()
        );
    }
    assert_eq!(bed.store.mailbox(grace.tenant, grace.id).await.unwrap().quota, kept, "nothing was written");
}

// 002-066
#[tokio::test]
async fn the_own_settings_say_how_full_the_mailbox_is_in_words_that_fit() {
    let bed = WebBed::new().await;
    let client = bed.client(&bed.mailbox, Role::Basic).await;
    let says = async |text: &str| {
        let page = client.get("/settings").await;
        assert!(page.text().contains(text), "{text}: {}", page.text());
    };
    says("Mailbox 1001: 0 messages, 0.0 MB.").await;
    bed.deposit(1, |_| {}).await;
    let mut mailbox = bed.store.mailbox(bed.mailbox.tenant, bed.mailbox.id).await.unwrap();
    mailbox.quota = Quota { messages: Some(1), bytes: None };
    bed.store.put_mailbox(&mailbox).await.unwrap();
    says("Mailbox 1001: 1 of 1 message, 0.0 MB; it is full and takes no more.").await;
    mailbox.quota = Quota::default();
    bed.store.put_mailbox(&mailbox).await.unwrap();
    says("Mailbox 1001: 1 message, 0.0 MB.").await;
}

// 002-063
#[tokio::test]
async fn people_choose_where_callers_get_who_press_0_among_what_is_allowed() {
    let bed = WebBed::new().await;
    let client = bed.client(&bed.mailbox, Role::Basic).await;
    let kept = async || bed.store.mailbox(bed.mailbox.tenant, bed.mailbox.id).await.unwrap().operator;
    let choose = async |to: &str| client.post("/settings/operator", &[("operator", to)]).await;
    let page = client.get("/settings").await;
    for text in
        ["Callers who press 0", r#"<option value="1002">"#, "sip:queue@pbx.example.org", "Empty: nobody."]
    {
        assert!(page.text().contains(text), "{text}: {}", page.text());
    }
    for allowed in ["1002", "sip:queue@pbx.example.org"] {
        let saved = choose(allowed).await;
        assert_eq!(
            (saved.status, saved.header("location")),
            (303, "/settings?done=operator"),
            "{}",
            saved.text()
        );
        assert_eq!(kept().await.as_deref(), Some(allowed));
    }
    for (wrong, why) in [
        ("+19005550100", "not among the allowed transfer targets"),
        ("1001", "your own extension"),
        ("<b>desk", "neither a number nor a SIP URI"),
        ("sip:1002@evil.example", "not among the allowed transfer targets"),
    ] {
        let refused = choose(wrong).await;
        assert_eq!(refused.status, 422, "{wrong}");
        let beside = refused.text().split("id=\"wrong-operator\"").nth(1).expect("it is marked");
        assert!(beside.split("</label>").next().unwrap().contains(why), "{wrong}: {beside}");
        assert!(!refused.text().contains("<b>desk"), "{wrong}");
        assert_eq!(kept().await.as_deref(), Some("sip:queue@pbx.example.org"), "{wrong}");
    }
    assert_eq!(client.without_token("/settings/operator", &[("operator", "1000")]).await.status, 403);
    assert_eq!(choose("").await.status, 303);
    assert_eq!(kept().await, None);

    let key = bed.key(bed.mailbox.tenant, vec![Act::SettingsRead, Act::SettingsWrite]).await;
    let path = format!("/mailboxes/{}/settings", bed.mailbox.id);
    let set = async |to| bed.call(&key, "PATCH", &path, Some(json!({"operator": to})), &[]).await;
    assert_eq!(body(&set(json!("1000")).await)["operator"], "1000");
    let refused = set(json!("0900123")).await;
    assert_eq!((refused.status, &body(&refused)["errors"][0]["field"]), (422, &json!("operator")));
    assert_eq!(body(&set(json!(null)).await)["operator"], json!(null));
}
