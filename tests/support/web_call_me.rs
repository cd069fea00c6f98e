//! Call me to record, from the browser and by programs: how the call goes, what stands against it; and test mails.

use std::sync::atomic::Ordering;
use std::time::Duration;

use aftertone::domain::{CallFault, CallRequestId, CallStep, GreetingKind, MailMode, Recipient, Role};
use aftertone::service::access::Act;
use serde_json::json;

use crate::api::body;
use crate::browser::Browser;
use crate::portal::Client;
use crate::portal_in_the_browser::{check, sign_in};
use crate::web_bed::WebBed;

const ASK: &str = "/greetings/call-me";

impl WebBed {
    /// The server that calls takes the request up.
    async fn taken(&self) -> CallRequestId {
        let since = "2026-11-01T00:00:00Z".parse().unwrap();
        let request = self.store.take_call(since, Duration::from_secs(20)).await.unwrap().unwrap();
        request.id
    }

    async fn steps(&self, id: CallRequestId, steps: &[CallStep]) {
        let from = self.store.call_news(id, 0).await.unwrap().len() as u32;
        for (place, step) in (from..).zip(steps) {
            self.store.note_call(id, place, *step).await.unwrap();
        }
    }
}

async fn asked(client: &Client<'_>) -> String {
    let asked = client.post(ASK, &[("kind", "standard"), ("to", "1001")]).await;
    assert_eq!(asked.status, 303, "{}", asked.text());
    asked.header("location").to_owned()
}

// 002-071
#[tokio::test]
async fn the_page_says_how_the_call_goes_until_the_greeting_is_kept() {
    let bed = WebBed::new().await;
    let client = bed.client(&bed.mailbox, Role::Basic).await;
    let form = client.get("/greetings").await;
    assert!(form.text().contains(r#"name="to" value="1001""#), "{}", form.text());
    let page = asked(&client).await;
    let waiting = client.get(&page).await;
    assert!(
        waiting.text().contains("Waiting for a line") && waiting.text().contains("http-equiv=\"refresh\"")
    );
    let id = bed.taken().await;
    bed.steps(id, &[CallStep::Calling, CallStep::Ringing]).await;
    let ringing = client.get(&page).await;
    assert!(ringing.text().contains("It rings.") && ringing.text().contains("Cancel the call"));
    bed.steps(id, &[CallStep::Answered, CallStep::Recording, CallStep::Reviewing, CallStep::Kept]).await;
    let kept = client.get(&page).await;
    assert!(kept.text().contains("Kept: callers hear it from now on."), "{}", kept.text());
    assert!(!kept.text().contains("http-equiv=\"refresh\"") && !kept.text().contains("Cancel the call"));
    let audit = bed.services.audit.page(bed.mailbox.tenant, None, 5).await.unwrap();
    assert!(audit.iter().any(|line| line.action == "greeting.call-asked"));
}

// 002-071
#[tokio::test]
async fn a_call_that_comes_to_nothing_says_why_and_can_be_tried_again() {
    let bed = WebBed::new().await;
    let client = bed.client(&bed.mailbox, Role::Basic).await;
    let page = asked(&client).await;
    let id = bed.taken().await;
    bed.steps(id, &[CallStep::Calling, CallStep::Failed { reason: CallFault::Busy, code: Some(486) }]).await;
    let failed = client.get(&page).await;
    assert!(
        failed.text().contains("The phone is busy (SIP 486).") && failed.text().contains("Call me again")
    );
    // Nobody takes the next one up.
    let page = asked(&client).await;
    bed.clock.advance(Duration::from_secs(11));
    assert!(client.get(&page).await.text().contains("No server took this up"));
    // The server that called is gone.
    let page = asked(&client).await;
    bed.taken().await;
    bed.clock.advance(Duration::from_secs(41));
    assert!(client.get(&page).await.text().contains("The server that placed the call has stopped"));
}

#[tokio::test]
async fn a_call_is_cancelled_by_who_asked_for_it_and_seen_by_nobody_else() {
    let bed = WebBed::new().await;
    let client = bed.client(&bed.mailbox, Role::Basic).await;
    let page = asked(&client).await;
    let colleague = bed.client(&bed.colleague().await, Role::TenantAdmin).await;
    for (path, method) in [("", "GET"), ("/events", "GET"), ("/give-up", "POST")] {
        let path = format!("{page}{path}");
        let answer =
            if method == "GET" { colleague.get(&path).await } else { colleague.post(&path, &[]).await };
        assert_eq!(answer.status, 404, "{path}");
    }
    assert_eq!(client.without_token(&format!("{page}/give-up"), &[]).await.status, 403);
    assert_eq!(client.without_token(ASK, &[("kind", "standard"), ("to", "1001")]).await.status, 403);
    assert_eq!(client.post(&format!("{page}/give-up"), &[]).await.header("location"), page);
    assert!(client.get(&page).await.text().contains("The call was given up."));
    assert_eq!(client.get("/greetings/call-me/nonsense").await.status, 404);
}

#[tokio::test]
async fn numbers_that_cannot_be_called_second_calls_and_too_many_are_refused_in_plain_words() {
    let bed = WebBed::new().await;
    let client = bed.client(&bed.mailbox, Role::Basic).await;
    for wrong in ["", "sip:1001@evil.example", "<script>", "10'01", "+"] {
        let refused = client.post(ASK, &[("kind", "name"), ("to", wrong)]).await;
        assert_eq!(refused.status, 422, "{wrong}");
        assert!(refused.text().contains("is no number that can be called"), "{wrong}");
        assert!(!refused.text().contains("<script>\"") && !refused.text().contains("\"<script>"), "{wrong}");
    }
    assert_eq!(client.post(ASK, &[("kind", "nonsense"), ("to", "1001")]).await.status, 404);
    let page = asked(&client).await;
    let second = client.post(ASK, &[("kind", "standard"), ("to", "1001")]).await;
    assert!(second.status == 409 && second.text().contains("under way already"), "{}", second.text());
    client.post(&format!("{page}/give-up"), &[]).await;
    for _ in 0..13 {
        let page = asked(&client).await;
        client.post(&format!("{page}/give-up"), &[]).await;
    }
    let stopped = client.post(ASK, &[("kind", "standard"), ("to", "1001")]).await;
    assert!(stopped.status == 429 && stopped.text().contains("wait an hour"), "{}", stopped.text());
}

#[tokio::test]
async fn without_a_trunk_for_it_the_page_says_why_nobody_is_called() {
    let bed = WebBed::new().await;
    bed.calls_out.store(false, Ordering::Relaxed);
    let client = bed.client(&bed.mailbox, Role::Basic).await;
    let page = client.get("/greetings").await;
    assert!(page.text().contains("This server cannot call you to record: no trunk takes its calls"));
    assert!(!page.text().contains("Call me<"), "{}", page.text());
    assert_eq!(client.post(ASK, &[("kind", "standard"), ("to", "1001")]).await.status, 409);
}

// 002-072
#[tokio::test]
async fn the_recorded_name_says_why_one_is_in_the_directory_or_not() {
    let bed = WebBed::new().await;
    let client = bed.client(&bed.mailbox, Role::Basic).await;
    let set = async |announce: bool| {
        let mut mailbox = bed.store.mailbox(bed.mailbox.tenant, bed.mailbox.id).await.unwrap();
        mailbox.phone.announce = announce;
        bed.store.put_mailbox(&mailbox).await.unwrap();
    };
    let says = async |text: &str| {
        let page = client.get("/greetings").await;
        assert!(page.text().contains(text), "{text} is not in {}", page.text());
    };
    set(false).await;
    says("You are not in the audio directory: “Callers find me").await;
    set(true).await;
    says("callers find you once your name is recorded").await;
    let new = aftertone::service::greetings::NewGreeting {
        tenant: bed.mailbox.tenant,
        mailbox: bed.mailbox.id,
        kind: GreetingKind::Name,
        name: None,
        label: "me".to_owned(),
        file: crate::forward::speech(1).into(),
        from: None,
        until: None,
        is_aside: false,
    };
    bed.services.greetings.set(new).await.unwrap();
    says("callers find you by your name and hear it").await;
}

// 002-071
#[tokio::test]
async fn a_program_asks_for_a_call_follows_it_and_gives_it_up() {
    let bed = WebBed::new().await;
    let acts = vec![Act::GreetingsRead, Act::GreetingsWrite];
    let key = bed.key(bed.mailbox.tenant, acts).await;
    let calls = format!("/mailboxes/{}/calls-to-record", bed.mailbox.id);
    assert_eq!(bed.call(&key, "POST", &calls, Some(json!({"kind": "x"})), &[]).await.status, 422);
    let asked = bed.call(&key, "POST", &calls, Some(json!({"kind": "busy"})), &[]).await;
    assert_eq!(asked.status, 202, "{}", asked.text());
    let call = format!("{calls}/{}", body(&asked)["id"].as_str().unwrap());
    let again = bed.call(&key, "POST", &calls, Some(json!({"kind": "busy"})), &[]).await;
    assert_eq!(again.status, 409);
    let id = bed.taken().await;
    bed.steps(id, &[CallStep::Calling, CallStep::Ringing]).await;
    let told = body(&bed.call(&key, "GET", &call, None, &[]).await);
    assert_eq!(
        (&told["to"], &told["over"], &told["steps"][1]["step"]),
        (&json!("1001"), &json!(false), &json!("ringing"))
    );
    assert_eq!(bed.call(&key, "DELETE", &call, None, &[]).await.status, 204);
    bed.steps(id, &[CallStep::failed(CallFault::GivenUp)]).await;
    let told = body(&bed.call(&key, "GET", &call, None, &[]).await);
    assert_eq!((&told["over"], &told["steps"][2]["step"]), (&json!(true), &json!("given-up")));
    let other = bed.key(bed.stranger().await.tenant, vec![Act::GreetingsRead]).await;
    assert_eq!(bed.call(&other, "GET", &call, None, &[]).await.status, 404);
}

#[tokio::test(flavor = "multi_thread")]
async fn in_the_browser_the_steps_come_by_themselves_and_without_scripts_by_loading_again() {
    let Some(browser) = Browser::start().await else { return };
    let bed = WebBed::new().await;
    let at = bed.serve().await;
    bed.give(&bed.mailbox, Role::Basic).await;
    sign_in(&browser, &format!("http://{at}/")).await;
    browser.open(&format!("http://{at}/greetings")).await;
    browser.click("#standard details:last-of-type summary").await;
    browser.click("#standard form[action$='/call-me'] button").await;
    browser.until("return location.pathname.startsWith('/greetings/call-me/')").await;
    let id = bed.taken().await;
    let says = async |text: &str| {
        browser
            .until(&format!("return document.querySelector('#went li:last-child')?.textContent === '{text}'"))
            .await;
    };
    bed.steps(id, &[CallStep::Calling, CallStep::Ringing]).await;
    says("It rings.").await;
    assert_eq!(browser.run("return document.querySelectorAll('#went li').length").await, json!(2));
    let url = browser.run("return location.href").await;
    check(&browser, url.as_str().unwrap(), "call-me").await;
    bed.steps(id, &[CallStep::Answered, CallStep::Recording, CallStep::Reviewing]).await;
    says("Recorded; it can be listened to, kept, repeated or discarded by phone.").await;
    bed.steps(id, &[CallStep::Kept]).await;
    browser.until("return !!document.querySelector('#then a.main')").await;

    browser.open(&format!("http://{at}/greetings")).await;
    browser.without_scripts().await;
    browser.open(&format!("http://{at}/greetings")).await;
    browser.click("#standard details:last-of-type summary").await;
    browser.click("#standard form[action$='/call-me'] button").await;
    browser.until("return location.pathname.startsWith('/greetings/call-me/')").await;
    let id = bed.taken().await;
    bed.steps(id, &[CallStep::Calling, CallStep::Ringing]).await;
    says("It rings.").await;
    browser.click("#then button").await;
    bed.steps(id, &[CallStep::failed(CallFault::GivenUp)]).await;
    says("The call was given up.").await;
    assert_eq!(browser.console().await, Vec::<String>::new());
}

#[tokio::test]
async fn a_test_mail_goes_to_an_own_address_says_what_the_server_answered_and_not_too_often() {
    let bed = WebBed::new().await;
    let mut mailbox = bed.mailbox.clone();
    mailbox.recipients =
        vec![Recipient { address: "ada@example.org".parse().unwrap(), mode: MailMode::Link }];
    bed.store.put_mailbox(&mailbox).await.unwrap();
    let client = bed.client(&bed.mailbox, Role::Basic).await;
    let path = "/settings/mail/test";
    assert!(client.get("/settings").await.text().contains(r#"form="test-mail" name="address""#));
    for other in ["eve@example.org", "", "<b>"] {
        assert_eq!(client.post(path, &[("address", other)]).await.status, 404, "{other}");
    }
    assert_eq!(client.without_token(path, &[("address", "ada@example.org")]).await.status, 403);
    for _ in 0..6 {
        let sent = client.post(path, &[("address", "ada@example.org")]).await;
        assert_eq!(sent.status, 200);
        assert!(
            sent.text().contains("Test mail to ada@example.org: The mail server took it"),
            "{}",
            sent.text()
        );
    }
    let stopped = client.post(path, &[("address", "ada@example.org")]).await;
    assert!(stopped.status == 422 && stopped.text().contains("wait an hour"), "{}", stopped.text());
}
