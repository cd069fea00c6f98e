//! Messages to colleagues, from the browser and by programs: passed on, answered; whom a name means; and what must not be.

use aftertone::audio::wav;
use aftertone::domain::{CallerId, Mailbox, Message, Owner, PhoneSettings, Role};
use aftertone::service::access::Act;
use aftertone::service::accounts::NewUser;
use axum::body::Body;
use serde_json::json;

use crate::HOSTILE;
use crate::api::body;
use crate::browser::Browser;
use crate::portal::Client;
use crate::portal_in_the_browser::{check, sign_in};
use crate::web_bed::{Answer, WebBed};

impl WebBed {
    async fn person(&self, extension: &str, first: &str, last: &str) -> Mailbox {
        let new = NewUser {
            extension: extension.parse().unwrap(),
            first: first.to_owned(),
            last: last.to_owned(),
            emails: Vec::new(),
            mode: None,
            pin: None,
        };
        let mailbox = self.services.accounts.add_user(self.mailbox.tenant, new).await.unwrap().mailbox;
        let phone = PhoneSettings { announce: true, ..mailbox.phone.clone() };
        self.store.put_mailbox(&Mailbox { phone, ..mailbox.clone() }).await.unwrap();
        mailbox
    }

    /// What lies in the inbox of a mailbox, the newest first.
    async fn lies_in(&self, mailbox: &Mailbox) -> Vec<Message> {
        let owner = Owner { tenant: mailbox.tenant, mailbox: mailbox.id };
        self.services.inbox.page(owner, &Default::default(), 50).await.unwrap().messages
    }

    async fn note_of(&self, message: &Message) -> Option<String> {
        self.services.inbox.note(Owner::of(message), message.id).await.unwrap()
    }
}

/// Speech-like, so that it is not taken for silence.
pub(crate) fn speech(seconds: u32) -> Vec<u8> {
    let samples: Vec<i16> = (0..seconds * 16_000)
        .map(|n| ((f64::from(n) * 0.05).sin() * 9_000.0 * (f64::from(n) / 3_000.0).sin().abs()) as i16)
        .collect();
    wav::write(&samples, 16_000).unwrap()
}

/// Sends the form as a browser does, with a file or without one.
async fn sent(client: &Client<'_>, path: &str, fields: &[(&str, &str)], file: &[u8]) -> Answer {
    let mut body = Vec::new();
    for (name, value) in [("csrf", client.csrf())].iter().chain(fields) {
        body.extend(
            format!("--x\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n").into_bytes(),
        );
    }
    let head = "--x\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.wav\"\r\nContent-Type: audio/wav\r\n\r\n";
    body.extend(head.as_bytes());
    body.extend(file);
    body.extend(b"\r\n--x--\r\n");
    client.sent(path, "multipart/form-data; boundary=x", Body::from(body)).await
}

#[tokio::test]
async fn a_message_is_passed_on_to_several_with_a_note_and_the_original_stays_as_it_is() {
    let bed = WebBed::new().await;
    let (grace, mary) =
        (bed.person("1002", "Grace", "Hopper").await, bed.person("1003", "Mary", "Jackson").await);
    let message = bed.deposit(7, |_| {}).await;
    let client = bed.client(&bed.mailbox, Role::Basic).await;
    let page = client.get(&format!("/messages/{}", message.id)).await;
    let path = format!("/messages/{}/forward", message.id);
    assert!(page.text().contains(&path) && !page.text().contains("/reply\""), "who called is no mailbox");
    let form = client.get(&path).await;
    assert!(form.text().contains(r#"<option value="1002">Grace Hopper</option>"#), "{}", form.text());
    let done =
        sent(&client, &path, &[("more", "1002, jackson"), ("note", "Please call\nher back")], b"").await;
    assert_eq!(done.status, 200, "{}", done.text());
    assert!(done.text().contains("Grace Hopper 1002") && done.text().contains("Mary Jackson 1003"));
    assert_eq!(bed.message(message.id).await, message, "the original is not touched");
    assert_eq!(bed.events(&message).await.iter().filter(|event| *event == "forwarded").count(), 2);
    for colleague in [&grace, &mary] {
        let copy = bed.lies_in(colleague).await.remove(0);
        assert_eq!((copy.caller.number.as_deref(), copy.duration_ms), (Some("1001"), message.duration_ms));
        assert_eq!(bed.note_of(&copy).await.as_deref(), Some("Please call\nher back"));
        let told = bed.services.inbox.story(Owner::of(&copy), copy.id).await.unwrap().1;
        assert_eq!(told[0].origin.as_ref().unwrap().caller, message.caller);
    }
    // It is read where the message is heard: in the portal, behind the mail's link, and by programs.
    let hers = bed.lies_in(&grace).await.remove(0);
    let page = bed.client(&grace, Role::Basic).await;
    let page = page.get(&format!("/messages/{}", hers.id)).await;
    assert!(
        page.text().contains("Please call\nher back") && page.text().contains("/reply\""),
        "{}",
        page.text()
    );
    let link = bed.link(&hers).await;
    assert!(bed.get(&link).await.text().contains("Please call\nher back"));
    let audit = bed.services.audit.page(bed.mailbox.tenant, None, 5).await.unwrap();
    let line = audit.iter().find(|line| line.action == "message.forwarded").unwrap();
    assert_eq!(line.became.as_deref(), Some(r#"{"to":["1002","1003"]}"#));
}

#[tokio::test]
async fn who_is_not_there_is_named_and_who_is_stays_chosen_until_everybody_is_known() {
    let bed = WebBed::new().await;
    let (grace, _) =
        (bed.person("1002", "Grace", "Hopper").await, bed.person("1003", "Gracie", "Allen").await);
    let message = bed.deposit(1, |_| {}).await;
    let client = bed.client(&bed.mailbox, Role::Basic).await;
    let path = format!("/messages/{}/forward", message.id);
    let before = bed.everything().await;
    let wrong = sent(&client, &path, &[("more", "1002, 4711, nobody<b>"), ("note", "keep me")], b"").await;
    assert_eq!(wrong.status, 422);
    for text in [
        "Nobody here is “4711”, “nobody&#60;b&#62;”",
        r#"name="to-1002" value="1" checked"#,
        r#"value="4711, nobody&#60;b&#62;""#,
        "keep me</textarea>",
    ] {
        assert!(wrong.text().contains(text), "{text} is not in {}", wrong.text());
    }
    let doubtful = sent(&client, &path, &[("more", "gra")], b"").await;
    assert!(doubtful.status == 422 && doubtful.text().contains("tick who is meant"), "{}", doubtful.text());
    assert!(doubtful.text().contains(r#"name="to-1003" value="1">"#), "nobody is ticked by us");
    let added = sent(&client, &path, &[("more", "grace"), ("add", "1")], b"").await;
    assert!(
        added.status == 200 && added.text().contains(r#"name="to-1002" value="1" checked"#),
        "a whole word decides"
    );
    assert_eq!(sent(&client, &path, &[], b"").await.status, 422, "nobody is chosen");
    assert_eq!(bed.everything().await, before, "nobody has it before everybody is known");
    assert_eq!(sent(&client, &path, &[("to-1002", "1")], b"").await.status, 200);
    assert_eq!(bed.lies_in(&grace).await.len(), 1);
}

#[tokio::test]
async fn a_full_mailbox_is_named_and_the_others_have_it_all_the_same() {
    let bed = WebBed::new().await;
    let (full, mary) =
        (bed.person("1002", "Grace", "Hopper").await, bed.person("1003", "Mary", "Jackson").await);
    let mut changed = bed.store.mailbox(full.tenant, full.id).await.unwrap();
    changed.quota.messages = Some(0);
    bed.store.put_mailbox(&changed).await.unwrap();
    let message = bed.deposit(1, |_| {}).await;
    let client = bed.client(&bed.mailbox, Role::Basic).await;
    let done =
        sent(&client, &format!("/messages/{}/forward", message.id), &[("more", "1002;1003")], b"").await;
    assert!(done.text().contains("Grace Hopper 1002: the mailbox is full"), "{}", done.text());
    assert_eq!((bed.lies_in(&full).await.len(), bed.lies_in(&mary).await.len()), (0, 1));
}

#[tokio::test]
async fn private_messages_those_of_others_and_people_who_do_not_want_to_be_found_stay_out_of_reach() {
    let bed = WebBed::new().await;
    let hidden = bed.person("1002", "Hedy", "Lamarr").await;
    let mut mailbox = bed.store.mailbox(hidden.tenant, hidden.id).await.unwrap();
    mailbox.phone.announce = false;
    bed.store.put_mailbox(&mailbox).await.unwrap();
    let stranger = bed.stranger().await;
    let theirs = bed.deposit_for(&stranger, 1, |_| {}).await;
    let (private, open) =
        (bed.deposit(1, |message| message.private = true).await, bed.deposit(1, |_| {}).await);
    let client = bed.client(&bed.mailbox, Role::Operator).await;
    let before = bed.lies_in(&stranger).await.len();
    let path = |message: &Message| format!("/messages/{}/forward", message.id);
    assert_eq!(client.get(&path(&theirs)).await.status, 404);
    assert_eq!(sent(&client, &path(&theirs), &[("more", "1002")], b"").await.status, 404);
    assert!(client.get(&path(&private)).await.text().contains("This message is private"));
    let refused = sent(&client, &path(&private), &[("more", "1002")], b"").await;
    assert_eq!(refused.status, 422);
    let form = client.get(&path(&open)).await;
    assert!(!form.text().contains("Lamarr"), "{}", form.text());
    let by_name = sent(&client, &path(&open), &[("more", "Lamarr")], b"").await;
    assert!(by_name.status == 422 && by_name.text().contains("Nobody here is “Lamarr”"));
    let by_number = sent(&client, &path(&open), &[("more", "1002")], b"").await;
    assert!(
        by_number.text().contains("Sent to") && !by_number.text().contains("Lamarr"),
        "{}",
        by_number.text()
    );
    assert_eq!((bed.lies_in(&hidden).await.len(), bed.lies_in(&stranger).await.len()), (1, before));
    let body = "--x\r\nContent-Disposition: form-data; name=\"more\"\r\n\r\n1002\r\n--x--\r\n";
    let forged = client.sent(&path(&open), "multipart/form-data; boundary=x", Body::from(body)).await;
    assert_eq!(forged.status, 403, "a form without the token of the session");
    assert_eq!(bed.lies_in(&hidden).await.len(), 1);
}

#[tokio::test]
async fn hostile_names_and_notes_do_nothing() {
    let bed = WebBed::new().await;
    let grace = bed.person("1002", "Grace", "Hopper").await;
    let client = bed.client(&bed.mailbox, Role::Basic).await;
    let message = bed.deposit(1, |_| {}).await;
    let path = format!("/messages/{}/forward", message.id);
    for hostile in HOSTILE {
        let done = sent(&client, &path, &[("more", hostile), ("to-1002", "1"), ("note", hostile)], b"").await;
        assert!(!done.text().contains("<img") && !done.text().contains("<script>"), "{hostile}");
        sent(&client, &path, &[("to-1002", "1"), ("note", hostile)], b"").await;
        let copy = bed.lies_in(&grace).await.remove(0);
        let link = bed.link(&copy).await;
        let page = bed.get(&link).await;
        assert!(!page.text().contains("<img") && !page.text().contains("<script>alert"), "{hostile}");
    }
}

#[tokio::test]
async fn a_colleague_is_answered_with_what_is_said_and_nobody_else_is() {
    let bed = WebBed::new().await;
    let grace = bed.person("1002", "Grace", "Hopper").await;
    let client = bed.client(&bed.mailbox, Role::Basic).await;
    let asked =
        bed.deposit(3, |message| message.caller = CallerId::new(Some("1002"), Some("Grace Hopper"))).await;
    let path = format!("/messages/{}/reply", asked.id);
    assert!(client.get(&path).await.text().contains("Reply to <bdi>Grace Hopper</bdi>"));
    assert_eq!(sent(&client, &path, &[("note", "x")], b"").await.status, 422, "an answer is spoken");
    assert_eq!(sent(&client, &path, &[], b"this is no audio").await.status, 422);
    let silence = wav::write(&[0; 32_000], 16_000).unwrap();
    let silent = sent(&client, &path, &[], &silence).await;
    assert!(silent.status == 422 && silent.text().contains("contains no sound"), "{}", silent.text());
    assert!(bed.lies_in(&grace).await.is_empty());
    let done = sent(&client, &path, &[("note", "Yes")], &speech(4)).await;
    assert_eq!(done.status, 200, "{}", done.text());
    let answer = bed.lies_in(&grace).await.remove(0);
    assert!((3_000..=4_000).contains(&answer.duration_ms), "{}", answer.duration_ms);
    assert_eq!(bed.note_of(&answer).await.as_deref(), Some("Yes"));
    assert!(bed.events(&asked).await.contains(&"answered".to_owned()));
    for caller in
        [CallerId::new(Some("+442055501"), None), CallerId::anonymous(), CallerId::new(Some("4711"), None)]
    {
        let message = bed.deposit(1, |message| message.caller = caller).await;
        let path = format!("/messages/{}/reply", message.id);
        assert_eq!(client.get(&path).await.status, 404);
        assert_eq!(sent(&client, &path, &[], &speech(1)).await.status, 404);
    }
}

#[tokio::test]
async fn what_is_said_to_introduce_a_message_stands_before_it() {
    let bed = WebBed::new().await;
    let grace = bed.person("1002", "Grace", "Hopper").await;
    let client = bed.client(&bed.mailbox, Role::Basic).await;
    let message = bed.deposit(5, |_| {}).await;
    sent(&client, &format!("/messages/{}/forward", message.id), &[("more", "1002")], &speech(2)).await;
    let copy = bed.lies_in(&grace).await.remove(0);
    let parts = bed.services.inbox.story(Owner::of(&copy), copy.id).await.unwrap().1;
    assert_eq!(parts.len(), 2);
    assert!(copy.duration_ms > message.duration_ms + 1_000, "{}", copy.duration_ms);
}

#[tokio::test]
async fn nobody_floods_colleagues() {
    let bed = WebBed::new().await;
    let grace = bed.person("1002", "Grace", "Hopper").await;
    let client = bed.client(&bed.mailbox, Role::Basic).await;
    let message = bed.deposit(1, |_| {}).await;
    let path = format!("/messages/{}/forward", message.id);
    for _ in 0..60 {
        assert_eq!(sent(&client, &path, &[("to-1002", "1")], b"").await.status, 200);
    }
    let stopped = sent(&client, &path, &[("to-1002", "1")], b"").await;
    assert!(stopped.status == 429 && stopped.text().contains("wait ten minutes"), "{}", stopped.text());
    assert_eq!(bed.lies_in(&grace).await.len().min(60), 50, "a page of them");
    bed.clock.advance(std::time::Duration::from_secs(600));
    assert_eq!(sent(&client, &path, &[("to-1002", "1")], b"").await.status, 200);
}

#[tokio::test]
async fn a_program_passes_messages_on_and_is_told_who_has_them() {
    let bed = WebBed::new().await;
    let grace = bed.person("1002", "Grace", "Hopper").await;
    let message = bed.deposit(1, |_| {}).await;
    let private = bed.deposit(1, |message| message.private = true).await;
    let key = bed.services.keys.add(aftertone::service::keys::NewKey {
        tenant: bed.mailbox.tenant,
        user: bed.mailbox.user,
        name: "own".to_owned(),
        acts: vec![Act::MessagesRead, Act::MessagesWrite],
        expires_at: None,
    });
    let key = format!("Bearer {}", key.await.unwrap().1);
    let path = |message: &Message| format!("/mailboxes/me/messages/{}/forward", message.id);
    let wish = json!({"to": ["1002", "4711"], "note": "For you"});
    let told = bed.call(&key, "POST", &path(&message), Some(wish.clone()), &[]).await;
    assert_eq!(told.status, 200);
    assert_eq!(
        body(&told),
        json!({"delivered": ["1002"], "refused": [{"extension": "4711", "why": "unknown"}]})
    );
    let copy = bed.lies_in(&grace).await.remove(0);
    assert_eq!(bed.note_of(&copy).await.as_deref(), Some("For you"));
    let shown = bed.call(&key, "GET", &format!("/mailboxes/me/messages/{}", message.id), None, &[]).await;
    assert_eq!(body(&shown)["note"], json!(null));
    assert_eq!(bed.call(&key, "POST", &path(&private), Some(wish), &[]).await.status, 403);
    for wish in [json!({"to": []}), json!({"to": ["x"]}), json!({"to": ["1002"], "note": "x".repeat(2001)})] {
        assert_eq!(
            bed.call(&key, "POST", &path(&message), Some(wish.clone()), &[]).await.status,
            422,
            "{wish}"
        );
    }
    let of_tenant = bed.key(bed.mailbox.tenant, vec![Act::UsersRead]).await;
    let wish = json!({"to": ["1002"]});
    assert_eq!(bed.call(&of_tenant, "POST", &path(&message), Some(wish), &[]).await.status, 403);
    assert_eq!(bed.lies_in(&grace).await.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn somebody_passes_a_message_on_in_the_browser_with_and_without_scripts() {
    let Some(browser) = Browser::start().await else { return };
    let bed = WebBed::new().await;
    let at = bed.serve().await;
    bed.give(&bed.mailbox, Role::Basic).await;
    let grace = bed.person("1002", "Grace", "Hopper").await;
    bed.person("1003", "Gracie", "Allen").await;
    let message = bed.deposit(5, |_| {}).await;
    sign_in(&browser, &format!("http://{at}/")).await;
    let page = format!("http://{at}/messages/{}/forward", message.id);
    check(&browser, &page, "forward").await;
    for without in [false, true] {
        if without {
            browser.without_scripts().await;
        }
        browser.open(&format!("http://{at}/messages/{}", message.id)).await;
        browser.click("a[href$='/forward']").await;
        browser.click("input[name=more]").await;
        browser.press("gra").await;
        browser.click("button.main").await;
        browser.until("return document.querySelectorAll('[type=checkbox]').length === 2").await;
        browser.click("[name='to-1002']").await;
        browser.click("textarea").await;
        browser.press("See you at nine").await;
        browser.click("button.main").await;
        browser
            .until("return document.querySelector('.done')?.textContent.includes('Grace Hopper 1002')")
            .await;
    }
    assert_eq!(bed.lies_in(&grace).await.len(), 2);
    let copy = bed.lies_in(&grace).await.remove(0);
    assert_eq!(bed.note_of(&copy).await.as_deref(), Some("See you at nine"));
}
