//! What people set for themselves by the API, and what nobody else may.

use std::time::Duration;

use aftertone::domain::{CallerId, Folder, Role};
use aftertone::service::access::Act;
use aftertone::service::accounts::Changes;
use serde_json::{Value, json};

use crate::portal::PASSWORD;
use crate::web_bed::{Answer, WebBed};

fn body(answer: &Answer) -> Value {
    serde_json::from_slice(&answer.body).unwrap()
}

// 002-059 … 002-061
#[tokio::test]
async fn how_a_mailbox_tells_its_owner_is_read_and_changed_by_the_api() {
    let bed = WebBed::new().await;
    let emails = Some(vec!["ada@example.org".parse().unwrap()]);
    let changes = Changes { emails, ..Changes::default() };
    bed.services.accounts.set(bed.mailbox.tenant, &bed.mailbox.extension, changes).await.unwrap();
    let key = bed.key(bed.mailbox.tenant, vec![Act::SettingsRead, Act::SettingsWrite, Act::Audit]).await;
    let path = format!("/mailboxes/{}/settings", bed.mailbox.id);
    let found = bed.call(&key, "GET", &path, None, &[]).await;
    let was = body(&found);
    assert_eq!((&was["extension"], &was["newest_first"]), (&json!("1001"), &json!(true)));
    let changes = json!({
        "mail": [{"address": "ada@example.org", "mode": "attachment-saved"}], "zone": "Europe/Paris",
        "newest_first": false, "say_length": true, "speed_percent": 120,
    });
    let guard = [("if-match", found.header("etag"))];
    let changed = bed.call(&key, "PATCH", &path, Some(changes), &guard).await;
    assert_eq!(changed.status, 200, "{}", changed.text());
    let became = body(&changed);
    for (field, value) in [
        ("newest_first", json!(false)),
        ("say_length", json!(true)),
        ("say_caller", was["say_caller"].clone()),
        ("speed_percent", json!(120)),
        ("zone", json!("Europe/Paris")),
    ] {
        assert_eq!(became[field], value, "{field}");
    }
    let stale = bed.call(&key, "PATCH", &path, Some(json!({"zone": null})), &guard).await;
    assert_eq!(stale.status, 412, "somebody else changed it meanwhile");
    assert_eq!(
        body(&bed.call(&key, "PATCH", &path, Some(json!({"zone": null})), &[]).await)["zone"],
        json!(null)
    );
    for (wrong, field) in [
        (json!({"zone": "Mars/Olympus"}), "zone"),
        (json!({"attachment": "wma"}), "attachment"),
        (json!({"mail": [{"address": "eve@example.org", "mode": "link"}]}), "mail"),
    ] {
        let refused = bed.call(&key, "PATCH", &path, Some(wrong), &[]).await;
        assert_eq!(refused.status, 422, "{}", refused.text());
        assert_eq!(body(&refused)["errors"][0]["field"], field, "{}", refused.text());
    }
    let audit = body(&bed.call(&key, "GET", "/audit", None, &[]).await);
    let lines = audit["items"].as_array().unwrap();
    // What the phone obeys is the mailbox's setting; zone and mails are changed with the user as well.
    let count = |action: &str| lines.iter().filter(|line| line["action"] == action).count();
    assert_eq!((count("user.changed"), count("settings.changed")), (2, 1), "{audit}");
    assert_eq!(lines[0]["was"], json!({"zone": "Europe/Paris"}));

    let stranger = bed.stranger().await;
    let theirs = format!("/mailboxes/{}/settings", stranger.id);
    assert_eq!(bed.call(&key, "GET", &theirs, None, &[]).await.status, 404);
    let reader = bed.key(bed.mailbox.tenant, vec![Act::SettingsRead]).await;
    assert_eq!(bed.call(&reader, "PATCH", &path, Some(json!({"zone": null})), &[]).await.status, 403);
}

#[tokio::test]
async fn a_new_pin_holds_keeps_the_rules_and_is_nowhere_to_be_read() {
    let bed = WebBed::new().await;
    let path = format!("/mailboxes/{}/pin", bed.mailbox.id);
    let settings_only = bed.key(bed.mailbox.tenant, vec![Act::SettingsWrite]).await;
    let pin = || Some(json!({"pin": "739164"}));
    assert_eq!(bed.call(&settings_only, "PUT", &path, pin(), &[]).await.status, 403);
    let key = bed.key(bed.mailbox.tenant, vec![Act::SettingsWrite, Act::UsersWrite]).await;
    let simple = bed.call(&key, "PUT", &path, Some(json!({"pin": "123456"})), &[]).await;
    assert_eq!((simple.status, &body(&simple)["errors"][0]["field"]), (422, &json!("pin")));
    assert_eq!(bed.call(&key, "PUT", &path, pin(), &[]).await.status, 204);
    assert!(!bed.everything().await.contains("739164"));
    let extension = bed.mailbox.extension.clone();
    let account = bed.services.accounts.show(bed.mailbox.tenant, &extension).await.unwrap();
    assert!(account.has_pin);
}

#[tokio::test]
async fn a_message_is_thrown_away_for_good_only_out_of_the_trash() {
    let bed = WebBed::new().await;
    let message = bed.deposit(1, |_| {}).await;
    let key = bed.key(bed.mailbox.tenant, vec![Act::MessagesRead, Act::MessagesWrite]).await;
    let one = format!("/mailboxes/{}/messages/{}", bed.mailbox.id, message.id);
    assert_eq!(bed.call(&key, "DELETE", &one, None, &[]).await.status, 409);
    assert_eq!(bed.message(message.id).await.folder, Folder::Inbox);
    bed.call(&key, "POST", &format!("{one}/marks"), Some(json!({"mark": "trash"})), &[]).await;
    let counts = format!("/mailboxes/{}/counts", bed.mailbox.id);
    assert_eq!(body(&bed.call(&key, "GET", &counts, None, &[]).await)["trash"], 1);
    assert_eq!(bed.call(&key, "DELETE", &one, None, &[]).await.status, 204);
    assert_eq!(bed.call(&key, "GET", &one, None, &[]).await.status, 404);
    assert_eq!(body(&bed.call(&key, "GET", &counts, None, &[]).await)["trash"], 0);
    let reader = bed.key(bed.mailbox.tenant, vec![Act::MessagesRead]).await;
    assert_eq!(bed.call(&reader, "DELETE", &one, None, &[]).await.status, 403);
}

#[tokio::test]
async fn somebody_sees_and_ends_the_own_sessions_and_changes_the_own_password() {
    let bed = WebBed::new().await;
    let client = bed.client(&bed.mailbox, Role::Basic).await;
    let other = bed.enter("ada@example.org", PASSWORD, "192.0.2.2").await;
    assert_eq!(other.status, 303);
    let own = [("cookie", client.cookie.as_str()), ("x-csrf", client.csrf())];
    let listed = body(&bed.ask("GET", "/api/v1/me/sessions", &own).await);
    let sessions = listed["items"].as_array().unwrap();
    assert_eq!(sessions.iter().filter(|one| one["is_this"] == json!(true)).count(), 1);
    let elsewhere = sessions.iter().find(|one| one["is_this"] == json!(false)).unwrap();
    let path = format!("/api/v1/me/sessions/{}", elsewhere["id"].as_str().unwrap());
    assert_eq!(bed.ask("DELETE", &path, &own).await.status, 204);
    assert_eq!(bed.ask("DELETE", &path, &own).await.status, 404);

    let change = async |old: &str, new: &str| {
        let asked = json!({"old": old, "new": new}).to_string();
        let headers = [own[0], own[1], ("content-type", "application/json")];
        bed.send("192.0.2.1", "PUT", "/api/v1/me/password", &headers, asked.into()).await
    };
    let wrong = change("not-the-password", "another-moon-oats").await;
    assert_eq!((wrong.status, &body(&wrong)["errors"][0]["field"]), (422, &json!("old")));
    let short = change(PASSWORD, "short").await;
    assert_eq!((short.status, &body(&short)["errors"][0]["field"]), (422, &json!("new")));
    assert_eq!(change(PASSWORD, "another-moon-oats").await.status, 204);
    assert_ne!(bed.enter("ada@example.org", PASSWORD, "192.0.2.3").await.status, 303);
    assert_eq!(bed.enter("ada@example.org", "another-moon-oats", "192.0.2.3").await.status, 303);
    // A key that is nobody's has no sessions and no password.
    let key = bed.key_of_all().await;
    assert_eq!(bed.call(&key, "GET", "/me/sessions", None, &[]).await.status, 404);
}

// 002-062
#[tokio::test]
async fn what_is_set_for_the_phone_leaves_the_portal_as_it_is() {
    let bed = WebBed::new().await;
    bed.deposit(1, |message| message.caller = CallerId::new(Some("+15550100"), Some("First Caller"))).await;
    bed.clock.advance(Duration::from_secs(60));
    bed.deposit(1, |message| {
        message.received_at = message.received_at.checked_add(Duration::from_secs(60)).unwrap();
        message.caller = CallerId::new(Some("+15550101"), Some("Second Caller"));
    })
    .await;
    let key = bed.key(bed.mailbox.tenant, vec![Act::SettingsWrite]).await;
    let path = format!("/mailboxes/{}/settings", bed.mailbox.id);
    let oldest_first = json!({"newest_first": false, "say_caller": false});
    assert_eq!(bed.call(&key, "PATCH", &path, Some(oldest_first), &[]).await.status, 200);
    let page = bed.client(&bed.mailbox, Role::Basic).await.get("/").await;
    let at = |name: &str| page.text().find(name).unwrap();
    assert!(at("Second Caller") < at("First Caller"), "newest first, as before");
}

#[tokio::test]
async fn a_test_mail_goes_to_an_address_of_the_mailbox_and_says_what_the_mail_server_said() {
    let bed = WebBed::new().await;
    let key = bed.key_of_all().await;
    let path = format!("/mailboxes/{}/settings/test-mail", bed.mailbox.id);
    let own = "ada@example.org".to_owned();
    let emails = Some(vec![own.parse().unwrap()]);
    let changes = Changes { emails, ..Changes::default() };
    bed.services.accounts.set(bed.mailbox.tenant, &bed.mailbox.extension, changes).await.unwrap();
    for elsewhere in ["eve@example.org", "", "<script>"] {
        let refused = bed.call(&key, "POST", &path, Some(json!({"address": elsewhere})), &[]).await;
        assert_eq!(refused.status, 422, "{elsewhere}: {}", refused.text());
    }
    for time in 0..7 {
        let answer = bed.call(&key, "POST", &path, Some(json!({"address": own})), &[]).await;
        if time < 6 {
            let told = body(&answer);
            assert_eq!((answer.status, &told["accepted"]), (200, &json!(true)));
            assert!(told["said"].as_str().unwrap().contains("took it"), "{told}");
        } else {
            assert!(answer.status == 429 && answer.text().contains("wait an hour"), "{}", answer.text());
        }
    }
    let reader = bed.key(bed.mailbox.tenant, vec![Act::SettingsRead]).await;
    assert_eq!(bed.call(&reader, "POST", &path, Some(json!({"address": own})), &[]).await.status, 403);
}

/// A greeting before the last one plays again, step by step, and nothing is lost on the way.
#[tokio::test]
async fn former_greetings_are_listed_and_the_one_before_plays_again() {
    let bed = WebBed::new().await;
    let key = bed.key_of_all().await;
    let list = async |query: &str| {
        let path = format!("/mailboxes/{}/greetings?{query}", bed.mailbox.id);
        let told = body(&bed.call(&key, "GET", &path, None, &[]).await);
        told["items"].as_array().unwrap().iter().map(|one| one["label"].clone()).collect::<Vec<_>>()
    };
    for label in ["first", "second", "third"] {
        bed.clock.advance(std::time::Duration::from_secs(60));
        let new = aftertone::service::greetings::NewGreeting {
            tenant: bed.mailbox.tenant,
            mailbox: bed.mailbox.id,
            kind: aftertone::domain::GreetingKind::Standard,
            name: None,
            label: label.to_owned(),
            file: crate::portal::tone().into(),
            from: None,
            until: None,
            is_aside: false,
        };
        bed.services.greetings.set(new).await.unwrap();
    }
    assert_eq!(list("active=false&kind=standard").await, ["second", "first"]);
    assert_eq!(list("active=true").await, ["third"]);
    assert!(list("kind=busy").await.is_empty());
    let path = format!("/mailboxes/{}/greetings/previous", bed.mailbox.id);
    let back = async |kind: &str| bed.call(&key, "POST", &path, Some(json!({ "kind": kind })), &[]).await;
    for label in ["second", "first"] {
        assert_eq!(body(&back("standard").await)["label"], label);
        assert_eq!(list("active=true").await, [label]);
    }
    assert_eq!(back("standard").await.status, 404, "there is none before the first");
    // What was only kept aside never played; what is chosen by hand is the newest that did.
    bed.clock.advance(std::time::Duration::from_secs(60));
    let aside = aftertone::service::greetings::NewGreeting {
        tenant: bed.mailbox.tenant,
        mailbox: bed.mailbox.id,
        kind: aftertone::domain::GreetingKind::Standard,
        name: None,
        label: "aside".to_owned(),
        file: crate::portal::tone().into(),
        from: None,
        until: None,
        is_aside: true,
    };
    bed.services.greetings.set(aside).await.unwrap();
    let known = bed.store.greetings(bed.mailbox.tenant, bed.mailbox.id).await.unwrap();
    let owner = aftertone::domain::Owner { tenant: bed.mailbox.tenant, mailbox: bed.mailbox.id };
    bed.services.settings.switch_off(owner, aftertone::domain::GreetingKind::Standard).await.unwrap();
    for label in ["first", "third", "second"] {
        assert_eq!(body(&back("standard").await)["label"], label, "what played last, not what was only kept");
    }
    bed.clock.advance(std::time::Duration::from_secs(60));
    let first = known.iter().find(|greeting| greeting.label == "first").unwrap();
    bed.services.settings.choose(owner, first.id).await.unwrap();
    assert_eq!(body(&back("standard").await)["label"], "second", "played before it, whenever it was made");
    assert_eq!(back("busy").await.status, 404);
    assert_eq!(back("loud").await.status, 422);
    assert_eq!(list("").await.len(), 4);
    let wrong = format!("/mailboxes/{}/greetings?kind=loud", bed.mailbox.id);
    let refused = bed.call(&key, "GET", &wrong, None, &[]).await;
    assert_eq!((refused.status, body(&refused)["errors"][0]["field"].as_str()), (422, Some("kind")));
}
