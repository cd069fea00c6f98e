//! Presence by page and program: one control, seen and changed by who may, and what it does to calls.

use aftertone::clock::Clock as _;
use aftertone::domain::{Greeting, GreetingId, GreetingKind, PresenceState, Role};
use aftertone::service::access::Act;
use serde_json::json;

use crate::api::body;
use crate::web_bed::WebBed;

impl WebBed {
    async fn presence(&self) -> PresenceState {
        let presence = self.store.presence(self.mailbox.tenant, self.mailbox.user.unwrap()).await.unwrap();
        presence.state
    }

    /// Id of a greeting that is switched off.
    async fn stored_greeting(&self) -> String {
        let id = GreetingId::from_uuid(self.clock.uuid());
        let greeting = Greeting {
            id,
            tenant: self.mailbox.tenant,
            mailbox: self.mailbox.id,
            kind: GreetingKind::Closed,
            label: "at the sea".to_owned(),
            object: format!("greetings/{id}.wav"),
            duration_ms: 4_000,
            active: false,
            from: None,
            until: None,
            created_at: self.clock.now(),
        };
        self.store.add_greeting(&greeting).await.unwrap();
        id.to_string()
    }
}

/// 000-07
#[tokio::test]
async fn people_say_where_they_are_and_until_when() {
    let bed = WebBed::new().await;
    let client = bed.client(&bed.mailbox, Role::Basic).await;
    let settings = client.get("/settings").await;
    assert!(settings.text().contains("Now: In Office."), "{}", settings.text());
    let fields = [("state", "in-meeting"), ("until", "2026-11-21T18:00")];
    let page = client.done("/answering/me/presence", &fields).await;
    assert!(page.text().contains("<strong>In a Meeting</strong>, until Saturday, 21 November 2026, 18:00"));
    assert_eq!(bed.presence().await, PresenceState::InMeeting);
    assert!(client.get("/settings").await.text().contains("Now: In a Meeting, until Saturday"));
    for (fields, why) in [
        ([("state", "in-meeting"), ("until", "2020-01-01T00:00")], "still to come"),
        ([("state", "in-meeting"), ("until", "soon")], "This is no time"),
        ([("state", "asleep"), ("until", "")], "choose in-office, out-of-office"),
    ] {
        let refused = client.post("/answering/me/presence", &fields).await;
        assert_eq!(refused.status, 422);
        assert!(refused.text().contains(why), "{why}: {}", refused.text());
    }
    assert_eq!(bed.presence().await, PresenceState::InMeeting);
    // Who comes back leaves the old end in its field.
    client.done("/answering/me/presence", &[("state", "in-office"), ("until", "2020-01-01T00:00")]).await;
    assert_eq!(bed.presence().await, PresenceState::InOffice);
    let audit = bed.services.audit.page(bed.mailbox.tenant, None, 50).await.unwrap();
    assert_eq!(audit.iter().filter(|line| line.action == "presence.set").count(), 2);
}

/// 000-07, 000-08: the greeting of a presence plays, and `explain` says why.
#[tokio::test]
async fn a_presence_chooses_the_greeting_and_explain_says_so() {
    let bed = WebBed::new().await;
    let client = bed.client(&bed.mailbox, Role::OfficeManager).await;
    let greeting = bed.stored_greeting().await;
    let ties = [("on-vacation", greeting.as_str()), ("remote", "")];
    client.done("/answering/me/presence/greetings", &ties).await;
    client.done("/answering/me/presence", &[("state", "on-vacation"), ("until", "")]).await;
    let told = client.get("/admin/explain?to=1001&from=%2B4930123").await;
    let text = told.text();
    assert!(text.contains("the owner&#39;s presence is &#34;On vacation&#34;"), "{text}");
    assert!(text.contains("<dt>Presence</dt>"), "{text}");
    assert!(client.get("/greetings").await.text().contains("On vacation"));
    let stray = [("on-vacation", "01890a5d-ac96-774b-bcce-b302099a8057")];
    let refused = client.post("/answering/me/presence/greetings", &stray).await;
    assert!(refused.status == 422 && refused.text().contains("not there any more"), "{}", refused.text());
}

/// 002-001: seen by who sees the settings, changed by who changes them.
#[tokio::test]
async fn only_who_may_sees_and_sets_the_presence_of_others() {
    let bed = WebBed::new().await;
    let (colleague, stranger) = (bed.colleague().await, bed.stranger().await);
    for role in Role::ALL {
        let client = bed.client(&bed.mailbox, role).await;
        for (mailbox, may) in [(&colleague, role >= Role::OfficeManager), (&stranger, false)] {
            let path = format!("/answering/{}/presence", mailbox.id);
            assert_eq!(client.get(&path).await.status, if may { 200 } else { 404 }, "{role}");
            let set = client.post(&path, &[("state", "remote"), ("until", "")]).await;
            assert_eq!(set.status, if may { 303 } else { 404 }, "{role}");
        }
    }
    let manager = bed.client(&bed.mailbox, Role::OfficeManager).await;
    let profile = manager.get(&format!("/admin/users/{}", colleague.user.unwrap())).await;
    assert!(profile.text().contains("Now: Working remotely."), "{}", profile.text());
    let theirs = bed.store.presence(stranger.tenant, stranger.user.unwrap()).await.unwrap();
    assert_eq!(theirs.state, PresenceState::InOffice);
}

/// 000-07: the same by the API, for oneself and for others.
#[tokio::test]
async fn programs_set_a_presence() {
    let bed = WebBed::new().await;
    let key = bed.key(bed.mailbox.tenant, vec![Act::SettingsRead, Act::SettingsWrite]).await;
    let greeting = bed.stored_greeting().await;
    let path = format!("/mailboxes/{}/presence", bed.mailbox.id);
    let ask = async |method, given| bed.call(&key, method, &path, given, &[]).await;
    let first = body(&ask("GET", None).await);
    assert_eq!((&first["state"], &first["until"]), (&json!("in-office"), &json!(null)));
    let given = json!({"state": "on-vacation", "until": "2026-12-24T12:00:00Z",
        "greetings": [{"state": "on-vacation", "greeting": greeting}]});
    let set = body(&ask("PATCH", Some(given)).await);
    assert_eq!((&set["state"], &set["until"]), (&json!("on-vacation"), &json!("2026-12-24T12:00:00Z")));
    assert!(
        set["greetings"].as_array().unwrap().contains(&json!({"state": "on-vacation", "greeting": greeting}))
    );
    for (given, field) in [
        (json!({"state": "asleep"}), "state"),
        (json!({"until": "2026-12-24T12:00:00Z"}), "state"),
        (json!({"state": "remote", "until": "2020-01-01T00:00:00Z"}), "until"),
        (json!({"greetings": [{"state": "asleep", "greeting": null}]}), "greetings"),
    ] {
        let refused = ask("PATCH", Some(given.clone())).await;
        assert_eq!((refused.status, &body(&refused)["errors"][0]["field"]), (422, &json!(field)), "{given}");
    }
    let nothing = json!({"state": "remote", "greetings": [{"state": "remote",
        "greeting": "01890a5d-ac96-774b-bcce-b302099a8057"}]});
    assert_eq!(ask("PATCH", Some(nothing)).await.status, 404);
    assert_eq!(bed.presence().await, PresenceState::OnVacation, "nothing of it is written");
}
