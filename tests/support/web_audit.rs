//! The audit: page, API and the like note the same words, each change with its line or neither.

use std::time::Duration;

use aftertone::clock::Clock as _;
use aftertone::domain::answering::{CallerPattern, Screening};
use aftertone::domain::{
    Clear, FrameUse, GreetingKind, Login, MailMode, Mailbox, Owner, PresenceState, Role, Span, TenantPolicy,
};
use aftertone::service::access::Act;
use aftertone::service::accounts::{Changes, Comer, NewUser, Takeover};
use aftertone::service::answering::NewRule;
use aftertone::service::bulk::BulkAct;
use aftertone::service::greetings::NewGreeting;
use aftertone::service::keys::NewKey;
use aftertone::service::time_frames::NewFrame;
use aftertone::service::webhooks::{NewWebhook, WebhookChanges};
use aftertone::store::{AuditLine, Fate};
use axum::body::Body;
use serde_json::{Value, json};

use crate::api::body;
use crate::portal::{field, tone};
use crate::web_bed::WebBed;

impl WebBed {
    /// The lines that were written since the last time, the oldest first.
    async fn lines_since(&self, seen: &mut usize) -> Vec<AuditLine> {
        let mut lines = self.services.audit.page(self.mailbox.tenant, None, 200).await.unwrap();
        lines.reverse();
        let new = lines.split_off(*seen);
        *seen += new.len();
        self.clock.advance(Duration::from_millis(2));
        new
    }

    fn upload(&self) -> NewGreeting {
        NewGreeting {
            tenant: self.mailbox.tenant,
            mailbox: self.mailbox.id,
            kind: GreetingKind::Standard,
            name: None,
            label: "hello.wav".to_owned(),
            file: tone().into(),
            from: None,
            until: None,
            is_aside: false,
        }
    }
}

fn owner(mailbox: &Mailbox) -> Owner {
    Owner { tenant: mailbox.tenant, mailbox: mailbox.id }
}

/// All but who, when and under which id.
fn words(lines: &[AuditLine]) -> Vec<(&str, &str, Option<&str>, Option<&str>)> {
    lines
        .iter()
        .map(|line| (line.action.as_str(), line.target.as_str(), line.was.as_deref(), line.became.as_deref()))
        .collect()
}

#[tokio::test]
async fn page_and_api_note_the_same_change_in_the_same_words() {
    let bed = WebBed::new().await;
    let (tenant, grace) = (bed.mailbox.tenant, bed.colleague().await);
    let (client, key) = (bed.client(&bed.mailbox, Role::TenantAdmin).await, bed.key_of_all().await);
    let id = grace.user.unwrap();
    let (page, path) = (format!("/admin/users/{id}"), format!("/users/{id}"));
    let mut seen = 0;
    bed.lines_since(&mut seen).await;

    // What the server does by itself is no change by somebody.
    let back = async |changes: Changes| {
        bed.services.accounts.set(tenant, &grace.extension, changes).await.unwrap();
    };
    let fields = [
        ("first", "Amazing"),
        ("last", "Hopper"),
        ("emails", "grace@example.org"),
        ("extension", "1002"),
        ("enabled", "1"),
        ("announce", "1"),
        ("max_messages", "100"),
    ];
    client.done(&page, &fields).await;
    let by_page = bed.lines_since(&mut seen).await;
    back(Changes { first: Some("Grace".to_owned()), ..Changes::default() }).await;
    let changed = bed.call(&key, "PATCH", &path, Some(json!({"first": "Amazing"})), &[]).await;
    assert_eq!(changed.status, 200, "{}", changed.text());
    let by_api = bed.lines_since(&mut seen).await;
    let (was, became) = (Some(r#"{"first":"Grace"}"#), Some(r#"{"first":"Amazing"}"#));
    assert_eq!(words(&by_page), [("user.changed", "mailbox 1002", was, became)]);
    assert_eq!(words(&by_page), words(&by_api));
    assert_eq!((by_page[0].actor.as_str(), by_api[0].actor.as_str()), ("Ada Lovelace 1001", "key tests"));
    // The same once more changes nothing, and says nothing.
    client.done(&page, &fields).await;
    bed.call(&key, "PATCH", &path, Some(json!({"first": "Amazing"})), &[]).await;
    assert_eq!(words(&bed.lines_since(&mut seen).await), []);

    let role = [("role", "supervisor"), ("portal", "1")];
    client.done(&page, &[&fields[..], &role].concat()).await;
    let by_page = bed.lines_since(&mut seen).await;
    let login = bed.services.signin.login(tenant, id).await.unwrap();
    let basic = Login { role: Role::Basic, ..login.clone() };
    bed.services.signin.set_login(&login, &basic).await.unwrap();
    let given =
        bed.call(&key, "PUT", &format!("{path}/role"), Some(json!({"role": "supervisor"})), &[]).await;
    assert_eq!(given.status, 200, "{}", given.text());
    assert_eq!(words(&by_page), words(&bed.lines_since(&mut seen).await));
    assert_eq!(by_page[0].became.as_deref(), Some(r#"{"role":"supervisor"}"#));

    client.done(&format!("{page}/numbers"), &[("number", "+15550100"), ("label", "Sales")]).await;
    bed.clock.advance(Duration::from_millis(2));
    client.done(&format!("{page}/numbers/%2B15550100/remove"), &[]).await;
    let by_page = bed.lines_since(&mut seen).await;
    let number = Some(json!({"number": "+15550100", "label": "Sales"}));
    bed.call(&key, "POST", &format!("{path}/numbers"), number, &[]).await;
    bed.call(&key, "DELETE", &format!("{path}/numbers/%2B15550100"), None, &[]).await;
    let by_api = bed.lines_since(&mut seen).await;
    assert_eq!(words(&by_page), words(&by_api));
    assert_eq!(
        by_page.iter().map(|line| line.action.as_str()).collect::<Vec<_>>(),
        ["number.added", "number.removed"]
    );

    let settings = format!("/mailboxes/{}/settings", bed.mailbox.id);
    let mine = format!("/mailboxes/{}/presence", bed.mailbox.id);
    client.done("/answering/me/presence", &[("state", "on-vacation"), ("until", "")]).await;
    let by_page = bed.lines_since(&mut seen).await;
    assert_eq!((by_page[0].action.as_str(), by_page[0].target.as_str()), ("presence.set", "mailbox 1001"));
    bed.call(&key, "PATCH", &mine, Some(json!({"state": "in-office"})), &[]).await;
    let by_api = bed.lines_since(&mut seen).await;
    assert_eq!((by_api[0].action.as_str(), by_api[0].target.as_str()), ("presence.set", "mailbox 1001"));
    bed.call(&key, "PATCH", &settings, Some(json!({"zone": "Europe/Berlin", "speed_percent": 120})), &[])
        .await;
    let noted = bed.lines_since(&mut seen).await;
    // Two lines of one moment have no order.
    let became = |action: &str| noted.iter().find(|line| line.action == action).unwrap().became.as_deref();
    assert_eq!(noted.len(), 2, "{noted:?}");
    assert_eq!(became("user.changed"), Some(r#"{"zone":"Europe/Berlin"}"#));
    assert_eq!(became("settings.changed"), Some(r#"{"speed_percent":120}"#));
}

#[tokio::test]
async fn a_greeting_is_noted_with_the_one_before_by_page_and_by_api() {
    let bed = WebBed::new().await;
    let (client, key) = (bed.client(&bed.mailbox, Role::TenantAdmin).await, bed.key_of_all().await);
    let mut seen = 0;
    bed.lines_since(&mut seen).await;
    let upload = |csrf: &str| {
        let mut body = format!(
            "--x\r\nContent-Disposition: form-data; name=\"csrf\"\r\n\r\n{csrf}\r\n\
             --x\r\nContent-Disposition: form-data; name=\"kind\"\r\n\r\nstandard\r\n\
             --x\r\nContent-Disposition: form-data; name=\"file\"; filename=\"hello.wav\"\r\n\r\n"
        );
        if csrf.is_empty() {
            body = body.split_once("\r\n\r\n\r\n").unwrap().1.to_owned();
        }
        Body::from([body.as_bytes(), &tone(), b"\r\n--x--\r\n"].concat())
    };
    let form = "multipart/form-data; boundary=x";
    let sent = client.sent("/greetings/upload", form, upload(client.csrf())).await;
    assert_eq!(sent.status, 303, "{}", sent.text());
    let path = format!("/mailboxes/{}/greetings", bed.mailbox.id);
    let headers = [("authorization", key.as_str()), ("content-type", form)];
    bed.clock.advance(Duration::from_secs(1));
    let sent = bed.send("192.0.2.1", "POST", &format!("/api/v1{path}"), &headers, upload("")).await;
    assert_eq!(sent.status, 201, "{}", sent.text());
    let lines = bed.lines_since(&mut seen).await;
    for line in &lines {
        let known = (line.action.as_str(), line.target.as_str());
        assert_eq!(known, ("greeting.uploaded", "standard greeting of mailbox 1001"));
    }
    let told = |text: &Option<String>| serde_json::from_str::<Value>(text.as_deref().unwrap()).unwrap();
    assert_eq!((lines.len(), &lines[0].was), (2, &None));
    assert_eq!(
        (&told(&lines[1].was)["label"], &told(&lines[1].became)["label"]),
        (&json!("hello.wav"), &json!("hello.wav (2)"))
    );

    let first = told(&lines[0].became)["id"].as_str().unwrap().to_owned();
    let second = told(&lines[1].became)["id"].as_str().unwrap().to_owned();
    let patch = async |id: &str, change: Value| {
        let answer = bed.call(&key, "PATCH", &format!("{path}/{id}"), Some(change), &[]).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
    };
    // There and back by the page, then by the API.
    client.done(&format!("/greetings/{first}/choose"), &[]).await;
    bed.clock.advance(Duration::from_millis(2));
    client.done(&format!("/greetings/{second}/choose"), &[]).await;
    let by_page = bed.lines_since(&mut seen).await;
    patch(&first, json!({"active": true})).await;
    patch(&second, json!({"active": true})).await;
    let by_api = bed.lines_since(&mut seen).await;
    assert_eq!(by_page.len(), 2);
    assert_eq!(words(&by_page), words(&by_api));
    assert_eq!(told(&by_page[0].was)["id"], second, "{by_page:?}");
    assert_eq!(told(&by_page[0].became)["id"], first, "{by_page:?}");
    // What plays already is not chosen again.
    patch(&second, json!({"active": true})).await;
    assert_eq!(words(&bed.lines_since(&mut seen).await), []);

    let earlier = format!("{path}/previous");
    let previous = bed.call(&key, "POST", &earlier, Some(json!({"kind": "standard"})), &[]).await;
    assert_eq!(previous.status, 200, "{}", previous.text());
    bed.clock.advance(Duration::from_millis(2));
    client.done(&format!("/greetings/{first}/until"), &[("until", "2030-01-07T08:00")]).await;
    bed.clock.advance(Duration::from_millis(2));
    client.done(&format!("/greetings/{first}/off"), &[]).await;
    let lines = bed.lines_since(&mut seen).await;
    assert_eq!(lines.len(), 3, "{lines:?}");
    assert!(told(&lines[1].became)["until"].as_str().unwrap().starts_with("2030-01-07"), "{lines:?}");
    assert_eq!(
        (told(&lines[2].was), told(&lines[2].became)),
        (json!({"active": true}), json!({"active": false}))
    );
    let page = client.get("/admin/audit").await;
    assert!(page.text().contains("standard greeting of mailbox 1001"), "{}", page.text());
    assert!(!field(page.text(), "csrf").is_empty());
    assert!(body(&bed.call(&key, "GET", "/audit", None, &[]).await)["items"].as_array().unwrap().len() >= 7);
}

#[tokio::test]
async fn an_extension_that_changes_hands_is_noted_in_both_steps() {
    let bed = WebBed::new().await;
    let (tenant, grace) = (bed.mailbox.tenant, bed.colleague().await);
    let mut seen = 0;
    bed.lines_since(&mut seen).await;
    let takeover = takeover(&grace);
    bed.services.accounts.by("tests").take_over(tenant, takeover).await.unwrap();
    let lines = bed.lines_since(&mut seen).await;
    let steps: Vec<_> = lines.iter().map(|line| (line.action.as_str(), line.target.as_str())).collect();
    assert_eq!(steps, [("extension.given-up", "mailbox 1002"), ("extension.taken-over", "mailbox 1002")]);
    assert!(lines[0].was.as_deref().unwrap().contains("grace@example.org"), "{lines:?}");
    assert_eq!(lines[0].became.as_deref(), Some(r#"{"fate":"archive","reason":"Grace left"}"#));
    assert!(lines[1].became.as_deref().unwrap().contains("Konrad"), "{lines:?}");
}

fn takeover(of: &Mailbox) -> Takeover {
    Takeover {
        extension: of.extension.clone(),
        from: of.user.unwrap(),
        fate: Fate::Archive,
        comer: Comer::New {
            first: "Konrad".to_owned(),
            last: "Zuse".to_owned(),
            emails: Vec::new(),
            mode: None,
        },
        with_numbers: true,
        with_phones: true,
        reason: "Grace left".to_owned(),
        by: None,
        most: Role::Operator,
    }
}

fn frame(name: &str) -> NewFrame {
    NewFrame {
        name: name.to_owned(),
        purpose: FrameUse::Open,
        zone: None,
        entries: vec!["daily 08:00-17:00".parse::<Span>().unwrap().into()],
        replace: true,
    }
}

fn rule(name: &str) -> NewRule {
    NewRule {
        name: name.to_owned(),
        enabled: true,
        when: aftertone::domain::answering::Conditions::default(),
        then: aftertone::domain::answering::RuleActions {
            answer: aftertone::domain::answering::AnswerBy::Announcement,
            ..aftertone::domain::answering::RuleActions::default()
        },
        place: None,
        replace: false,
    }
}

/// What is not noted is not done, whatever it is.
#[tokio::test]
async fn what_cannot_be_noted_is_not_done() {
    let bed = WebBed::new().await;
    let (tenant, own) = (bed.mailbox.tenant, owner(&bed.mailbox));
    let grace = bed.colleague().await;
    let (ext, hers) = (grace.extension.clone(), owner(&grace));
    let greetings = bed.services.greetings.by("tests");
    let (settings, accounts) = (bed.services.settings.by("tests"), bed.services.accounts.by("tests"));
    let (signin, keys) = (bed.services.signin.by("tests"), bed.services.keys.by("tests"));
    let (rules, frames) = (bed.services.rules.by("tests"), bed.services.frames.by("tests"));
    let (lists, presences) = (bed.services.lists.by("tests"), bed.services.presences.by("tests"));
    let (webhooks, login) = (bed.services.webhooks.by("tests"), bed.services.login.by("tests"));
    let people = bed.services.people.by("tests");

    let greeting = greetings.set(bed.upload()).await.unwrap().greeting;
    bed.clock.advance(Duration::from_secs(1));
    greetings.set(bed.upload()).await.unwrap();
    accounts.add_number(tenant, &ext, "+15550100", None).await.unwrap();
    let user = bed.store.user(tenant, grace.user.unwrap()).await.unwrap();
    let basic = signin.login(tenant, user.id).await.unwrap();
    let supervisor = Login { role: Role::Supervisor, ..basic.clone() };
    signin.set_login(&basic, &supervisor).await.unwrap();
    let new_key = || NewKey {
        tenant,
        user: None,
        name: "crm".to_owned(),
        acts: vec![Act::UsersRead],
        expires_at: None,
    };
    let (key, _) = keys.add(new_key()).await.unwrap();
    let mine = &bed.mailbox.extension;
    let known_rule = rules.save(tenant, mine, None, rule("Known")).await.unwrap().rule;
    let known_frame = frames.put(tenant, None, frame("Known")).await.unwrap().id;
    let caller = || "+1900*".parse::<CallerPattern>().unwrap();
    let (_, line) = lists.put(tenant, None, caller(), Screening::Allow, None).await.unwrap();
    let new_webhook = || NewWebhook {
        tenant,
        name: "crm".to_owned(),
        url: "http://127.0.0.1:1/x".to_owned(),
        events: Vec::new(),
        callers: false,
    };
    let webhook = webhooks.add(new_webhook()).await.unwrap();

    bed.refuse_audit().await;
    let before = bed.everything().await;
    macro_rules! refused {
        ($($change:expr;)*) => {$(
            assert!($change.await.is_err(), "{}", stringify!($change));
            assert_eq!(bed.everything().await, before, "{}", stringify!($change));
        )*};
    }
    let first = |first: &str| Changes { first: Some(first.to_owned()), ..Changes::default() };
    let new_user = || NewUser {
        extension: "1009".parse().unwrap(),
        first: "Konrad".to_owned(),
        last: "Zuse".to_owned(),
        emails: Vec::new(),
        mode: None,
        pin: None,
    };
    refused! {
        greetings.set(bed.upload());
        greetings.clear(tenant, bed.mailbox.id, GreetingKind::Standard);
        settings.choose(own, greeting.id);
        settings.choose_previous(own, GreetingKind::Standard);
        settings.switch_off(own, GreetingKind::Standard);
        settings.set_until(own, greeting.id, Some(bed.clock.now() + Duration::from_secs(60)));
        settings.update(own, |phone| phone.speed_percent = 120);
        settings.set_mail_mode(hers, MailMode::None);
        login.change_pin(own, "739155".into());
        accounts.add_user(tenant, new_user());
        accounts.set(tenant, &ext, first("Amazing"));
        accounts.set(tenant, &ext, Changes { pin: Some("739155".into()), ..Changes::default() });
        accounts.add_number(tenant, &ext, "+15550101", None);
        accounts.add_number(tenant, &ext, "+15550100", Some("Sales"));
        accounts.remove_number(tenant, &ext, "+15550100");
        accounts.trust(tenant, &ext, "desk", true);
        accounts.reset(tenant, &ext, Clear::ALL.into());
        accounts.clear_mailbox(tenant, &ext, true);
        accounts.take_over(tenant, takeover(&grace));
        accounts.remove(tenant, &ext);
        signin.set_login(&supervisor, &basic);
        signin.force_password(&user);
        keys.add(new_key());
        keys.revoke(tenant, key.id);
        rules.save(tenant, mine, None, rule("New"));
        rules.add(tenant, mine, rule("New"));
        rules.enable(own, known_rule, false);
        rules.delete(own, known_rule);
        frames.put(tenant, None, frame("New"));
        frames.delete(tenant, None, known_frame);
        lists.put(tenant, None, "+1901*".parse().unwrap(), Screening::Allow, None);
        lists.remove(tenant, None, &caller());
        lists.delete(tenant, None, line.id);
        presences.set(own, PresenceState::OnVacation, None);
        presences.tie(own, &[(PresenceState::OnVacation, Some(greeting.id))]);
        people.change_policy(
            tenant,
            &TenantPolicy::default(),
            TenantPolicy { queues: !TenantPolicy::default().queues, ..TenantPolicy::default() },
        );
        webhooks.add(new_webhook());
        webhooks.change(tenant, webhook.id, WebhookChanges { paused: Some(true), ..WebhookChanges::default() });
        webhooks.rotate(tenant, webhook.id);
        webhooks.remove(tenant, webhook.id);
        bed.services.bulk.begin(
            &aftertone::service::access::Actor::beside_the_server(tenant, "tests"),
            tenant,
            &BulkAct::Welcome,
            aftertone::service::bulk::Whom::Named(&[user.id]),
        );
    }
}
