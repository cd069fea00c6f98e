//! Webhooks as receivers and administrators know them.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use aftertone::clock::Clock as _;
use aftertone::domain::{Mark, Owner, Role};
use aftertone::outbox::Courier;
use aftertone::service::webhooks::guard::Guard;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::IntoResponse as _;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde_json::{Value, json};

use crate::web_bed::{Answer, WebBed};

/// A program that listens, answers what it is told to, and keeps what it got.
#[derive(Clone, Default)]
struct Receiver {
    got: Arc<Mutex<Vec<(HeaderMap, String)>>>,
    answers: Arc<Mutex<Option<(u16, &'static str)>>>,
}

impl Receiver {
    async fn start() -> (Self, String) {
        let receiver = Self::default();
        let taking = async |State(receiver): State<Receiver>, headers: HeaderMap, body: String| {
            receiver.got.lock().unwrap().push((headers, body));
            match *receiver.answers.lock().unwrap() {
                Some((status, location)) => {
                    (StatusCode::from_u16(status).unwrap(), [("location", location)]).into_response()
                }
                None => StatusCode::NO_CONTENT.into_response(),
            }
        };
        let app = axum::Router::new().fallback(taking).with_state(receiver.clone());
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://127.0.0.1:{}/in?key=topsecret", listener.local_addr().unwrap().port());
        tokio::spawn(async move { axum::serve(listener, app).await });
        (receiver, url)
    }

    fn answer(&self, status: u16, location: &'static str) {
        *self.answers.lock().unwrap() = Some((status, location));
    }

    fn taken(&self) -> Vec<(HeaderMap, Value)> {
        let got = std::mem::take(&mut *self.got.lock().unwrap());
        got.into_iter().map(|(headers, body)| (headers, serde_json::from_str(&body).unwrap())).collect()
    }
}

impl WebBed {
    fn courier(&self) -> Courier {
        let guard = Guard::new(&["127.0.0.1".to_owned()]);
        Courier::new(self.store.clone(), self.clock.clone(), guard).unwrap()
    }

    async fn listening(&self, key: &str, body: Value) -> (String, String) {
        let made = self.call(key, "POST", "/webhooks", Some(body), &[]).await;
        assert_eq!(made.status, 201, "{}", made.text());
        let made: Value = serde_json::from_slice(&made.body).unwrap();
        (made["id"].as_str().unwrap().to_owned(), made["secret"].as_str().unwrap().to_owned())
    }

    async fn only_delivery(&self, key: &str, id: &str) -> Value {
        let answer = self.call(key, "GET", &format!("/webhooks/{id}/deliveries"), None, &[]).await;
        let mut page = read(&answer);
        assert_eq!(page["items"].as_array().unwrap().len(), 1, "{page}");
        page["items"][0].take()
    }
}

fn read(answer: &Answer) -> Value {
    serde_json::from_slice(&answer.body).unwrap_or_else(|_| panic!("{}", answer.text_or_empty()))
}

/// As a receiver verifies it.
fn is_signed(secret: &str, headers: &HeaderMap, body: &str) -> bool {
    let key = STANDARD.decode(secret.strip_prefix("whsec_").unwrap()).unwrap();
    let value = |name: &str| headers[name].to_str().unwrap().to_owned();
    let text = format!("{}.{}.{body}", value("webhook-id"), value("webhook-timestamp"));
    let mac = Hmac::<sha2::Sha256>::new_from_slice(&key).unwrap().chain_update(text);
    let expected = format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes()));
    value("webhook-signature").split(' ').any(|given| given == expected)
}

#[tokio::test]
async fn a_receiver_is_told_once_of_what_it_wants_to_know_signed_and_without_the_caller() {
    let bed = WebBed::new().await;
    let key = bed.key_of_all().await;
    let (receiver, url) = Receiver::start().await;
    let (id, secret) = bed
        .listening(&key, json!({"name": "crm", "url": url, "events": ["message.created", "message.deleted"]}))
        .await;
    let message = bed.deposit(3, |_| {}).await;
    let owner = Owner { tenant: message.tenant, mailbox: message.mailbox };
    bed.store.mark(owner, message.id, Mark::Heard).await.unwrap();
    bed.store.mark(owner, message.id, Mark::Trash).await.unwrap();
    let courier = bed.courier();
    assert_eq!(courier.work_off().await.unwrap(), 2);
    assert_eq!(courier.work_off().await.unwrap(), 0);
    let raw = receiver.got.lock().unwrap().clone();
    for (headers, body) in &raw {
        assert!(is_signed(&secret, headers, body), "{headers:?}");
        assert!(!is_signed(&secret, headers, &format!("{body} ")), "another body is not signed");
        assert_eq!(headers["content-type"], "application/json");
    }
    let got = receiver.taken();
    assert_eq!(got[0].1["type"], "message.created");
    assert_eq!(got[0].1["timestamp"], json!(bed.clock.now()));
    let data = &got[1].1["data"];
    assert_eq!(
        (got[1].1["type"].as_str(), data["folder"].as_str()),
        (Some("message.deleted"), Some("trash"))
    );
    assert_eq!((&data["message"], &data["extension"]), (&json!(message.id), &json!("1001")));
    assert_eq!(data.get("caller"), None, "nobody asked for callers");
    assert_eq!(bed.courier().work_off().await.unwrap(), 0, "every fact is told once");
    let listed = bed.call(&key, "GET", "/webhooks", None, &[]).await;
    assert!(!listed.text().contains(&secret) && !listed.text().contains("whsec_"));
    let all = bed.call(&key, "GET", &format!("/webhooks/{id}/deliveries?limit=1"), None, &[]).await;
    let page = read(&all);
    assert_eq!((page["items"][0]["state"].as_str(), page["next"].is_string()), (Some("done"), true));
    let audit = bed.call(&key, "GET", "/audit", None, &[]).await;
    assert!(audit.text().contains("webhook.added"), "{}", audit.text());
    assert!(!audit.text().contains("topsecret") && !audit.text().contains("whsec_"), "{}", audit.text());
}

#[tokio::test]
async fn what_fails_is_tried_again_with_growing_pauses_and_given_up_after_days() {
    let bed = WebBed::new().await;
    let key = bed.key_of_all().await;
    let (receiver, url) = Receiver::start().await;
    let (id, _) = bed.listening(&key, json!({"name": "crm", "url": url})).await;
    receiver.answer(503, "");
    bed.deposit(1, |_| {}).await;
    let courier = bed.courier();
    assert_eq!(courier.work_off().await.unwrap(), 1);
    let first = bed.only_delivery(&key, &id).await;
    assert_eq!((first["state"].as_str(), first["status"].as_u64()), (Some("retry"), Some(503)));
    let ids: Vec<_> =
        receiver.taken().into_iter().map(|(headers, _)| headers["webhook-id"].clone()).collect();
    let mut tries = 1;
    for _ in 0..400 {
        bed.clock.advance(Duration::from_secs(900));
        tries += courier.work_off().await.unwrap();
    }
    let last = bed.only_delivery(&key, &id).await;
    assert_eq!(last["state"], "dead");
    assert!((15..40).contains(&tries), "{tries} tries in three days");
    for (headers, _) in receiver.taken() {
        assert_eq!(headers["webhook-id"], ids[0], "the same id at every try");
    }
    *receiver.answers.lock().unwrap() = None;
    let again = format!("/webhooks/{id}/deliveries/{}/replay", last["id"].as_str().unwrap());
    assert_eq!(bed.call(&key, "POST", &again, None, &[]).await.status, 202);
    assert_eq!(courier.work_off().await.unwrap(), 1);
    assert_eq!(bed.only_delivery(&key, &id).await["state"], "done");
    let since = json!({"since": "2026-01-01T00:00:00Z"});
    let all = bed.call(&key, "POST", &format!("/webhooks/{id}/replay"), Some(since), &[]).await;
    assert_eq!((all.status, read(&all)["deliveries"].as_u64()), (202, Some(1)));
}

#[tokio::test]
async fn a_receiver_that_is_gone_or_fails_for_days_is_paused_with_the_reason_and_can_be_resumed() {
    let bed = WebBed::new().await;
    let key = bed.key_of_all().await;
    let (receiver, url) = Receiver::start().await;
    let (id, _) = bed.listening(&key, json!({"name": "crm", "url": url})).await;
    let path = format!("/webhooks/{id}");
    receiver.answer(410, "");
    let test = bed.call(&key, "POST", &format!("{path}/test"), None, &[]).await;
    assert_eq!(test.status, 202);
    bed.courier().work_off().await.unwrap();
    let gone = read(&bed.call(&key, "GET", &path, None, &[]).await);
    assert!(gone["paused_why"].as_str().unwrap().contains("410"), "{gone}");
    receiver.taken();
    receiver.answer(500, "");
    bed.deposit(1, |_| {}).await;
    assert_eq!(bed.courier().work_off().await.unwrap(), 0, "what happens waits");
    let resumed = bed.call(&key, "PATCH", &path, Some(json!({"paused": false})), &[]).await;
    assert!(read(&resumed)["paused_at"].is_null());
    for _ in 0..6 {
        bed.courier().work_off().await.unwrap();
        bed.deposit(1, |_| {}).await;
        bed.clock.advance(Duration::from_secs(24 * 3600));
    }
    let failing = read(&bed.call(&key, "GET", &path, None, &[]).await);
    assert!(failing["paused_why"].as_str().unwrap().contains("5 days"), "{failing}");
}

#[tokio::test]
async fn redirects_are_not_followed_and_names_that_lead_inside_are_not_reached() {
    let bed = WebBed::new().await;
    let key = bed.key_of_all().await;
    let (receiver, url) = Receiver::start().await;
    let (id, _) = bed.listening(&key, json!({"name": "crm", "url": url})).await;
    receiver.answer(302, "http://127.0.0.1:1/inside");
    bed.deposit(1, |_| {}).await;
    bed.courier().work_off().await.unwrap();
    assert_eq!(receiver.taken().len(), 1);
    let sent = bed.only_delivery(&key, &id).await;
    assert!(sent["last_error"].as_str().unwrap().contains("redirects are not followed"), "{sent}");
    assert!(!sent.to_string().contains("topsecret"));
    // A name of this machine, which is looked up only when the delivery is made.
    let inside = json!({"name": "inside", "url": "https://localhost:1/", "events": ["webhook.test"]});
    assert_eq!(
        bed.call(&key, "POST", "/webhooks", Some(inside), &[]).await.status,
        422,
        "tests are not subscribed"
    );
    let inside =
        json!({"name": "inside", "url": "https://localhost:1/x?key=topsecret", "events": ["user.added"]});
    let (id, _) = bed.listening(&key, inside).await;
    bed.call(&key, "POST", &format!("/webhooks/{id}/test"), None, &[]).await;
    bed.courier().work_off().await.unwrap();
    let sent = bed.only_delivery(&key, &id).await;
    assert!(sent["last_error"].as_str().unwrap().contains("own network"), "{sent}");
    for url in
        ["http://hooks.example.org/", "https://10.0.0.1/", "https://169.254.169.254/latest", "https://[::1]/"]
    {
        let refused = bed.call(&key, "POST", "/webhooks", Some(json!({"name": "x", "url": url})), &[]).await;
        assert_eq!(
            (refused.status, read(&refused)["errors"][0]["field"].as_str()),
            (422, Some("url")),
            "{url}"
        );
    }
}

#[tokio::test]
async fn a_new_secret_signs_beside_the_one_before_for_a_day() {
    let bed = WebBed::new().await;
    let key = bed.key_of_all().await;
    let (receiver, url) = Receiver::start().await;
    let (id, before) = bed.listening(&key, json!({"name": "crm", "url": url, "callers": true})).await;
    let rotated = read(&bed.call(&key, "POST", &format!("/webhooks/{id}/secret"), None, &[]).await);
    let after = rotated["secret"].as_str().unwrap().to_owned();
    assert_ne!(before, after);
    for (wait, both) in [(0, true), (25 * 3600, false)] {
        bed.clock.advance(Duration::from_secs(wait));
        bed.deposit(1, |_| {}).await;
        bed.courier().work_off().await.unwrap();
        let (headers, body) = receiver.got.lock().unwrap().pop().unwrap();
        assert!(is_signed(&after, &headers, &body));
        assert_eq!(is_signed(&before, &headers, &body), both);
        assert_eq!(serde_json::from_str::<Value>(&body).unwrap()["data"]["caller"]["name"], "Grace Hopper");
    }
}

#[tokio::test]
async fn a_webhook_of_another_tenant_is_missing_and_two_who_change_one_are_told() {
    let bed = WebBed::new().await;
    let key = bed.key_of_all().await;
    let stranger = bed.stranger().await;
    let theirs = bed.key(stranger.tenant, vec![aftertone::service::access::Act::Webhooks]).await;
    let (id, _) = bed.listening(&key, json!({"name": "crm", "url": "https://hooks.example.org/"})).await;
    let path = format!("/webhooks/{id}");
    for (method, path) in
        [("GET", path.clone()), ("DELETE", path.clone()), ("POST", format!("{path}/secret"))]
    {
        assert_eq!(bed.call(&theirs, method, &path, None, &[]).await.status, 404, "{method} {path}");
    }
    let mine = json!({"name": "x", "url": "https://hooks.example.org/", "callers": true});
    let refused = bed.call(&theirs, "POST", "/webhooks", Some(mine), &[]).await;
    assert_eq!((refused.status, read(&refused)["errors"][0]["field"].as_str()), (422, Some("callers")));
    let seen = bed.call(&key, "GET", &path, None, &[]).await;
    let tag = [("if-match", seen.header("etag"))];
    let first = bed.call(&key, "PATCH", &path, Some(json!({"events": ["user.added"]})), &tag).await;
    assert_eq!((first.status, read(&first)["events"].clone()), (200, json!(["user.added"])));
    assert_eq!(bed.call(&key, "DELETE", &path, None, &tag).await.status, 412);
    assert_eq!(bed.call(&key, "DELETE", &path, None, &[("if-match", "*")]).await.status, 204);
    assert_eq!(bed.call(&key, "GET", &path, None, &[]).await.status, 404);
}

/// 000-14: one change, which touches user and mailbox, is told once, with the names of its fields and no old or secret value.
#[tokio::test]
async fn a_change_of_a_user_is_told_with_the_names_of_its_fields() {
    let bed = WebBed::new().await;
    let key = bed.key_of_all().await;
    let (receiver, url) = Receiver::start().await;
    bed.listening(&key, json!({"name": "crm", "url": url, "events": ["user.changed"]})).await;
    let path = format!("/users/{}", bed.mailbox.user.unwrap());
    let change = json!({"first": "Augusta", "profile": {"mobile": "+491701234567"}, "pin": "482913", "enabled": false});
    let changed = bed.call(&key, "PATCH", &path, Some(change), &[]).await;
    assert_eq!(changed.status, 200, "{}", changed.text());
    bed.courier().work_off().await.unwrap();
    let got = receiver.taken();
    let [(_, body)] = got.as_slice() else { panic!("{got:?}") };
    assert_eq!(body["data"]["changed"], json!(["enabled", "first", "mobile", "pin"]));
    assert_eq!(body["data"]["first"], "Augusta");
    let text = body.to_string();
    assert!(!text.contains("482913") && !text.contains("+4917"), "{text}");
}

// 000-08, 002-027, 003-09
#[tokio::test]
async fn what_calls_get_and_where_numbers_lead_is_told_however_it_is_changed() {
    let bed = WebBed::new().await;
    let key = bed.key_of_all().await;
    let (receiver, url) = Receiver::start().await;
    let events = ["answering.changed", "number.changed"];
    bed.listening(&key, json!({"name": "pbx", "url": url, "events": events})).await;
    let own = format!("/mailboxes/{}", bed.mailbox.id);
    let rule = json!({"name": "Night", "then": {"answer": "tone"}});
    let blocked = json!({"caller": "+1 900*", "verdict": "decline"});
    let told = async |path: &str, body: Value| {
        let made = bed.call(&key, "POST", path, Some(body), &[]).await;
        assert!((200..300).contains(&made.status), "{path}: {}", made.text());
        bed.courier().work_off().await.unwrap();
        let mut got = receiver.taken();
        assert_eq!(got.len(), 1, "{path}: {got:?}");
        (made, got.remove(0).1)
    };
    let mine = |what: &str| json!({"mailbox": bed.mailbox.id, "extension": "1001", "what": what});
    let (made, rules) = told(&format!("{own}/rules"), rule).await;
    assert_eq!((&rules["type"], &rules["data"]), (&json!("answering.changed"), &mine("rules")));
    let undo = json!({"change": read(&made)["undo"]});
    assert_eq!(told(&format!("{own}/rules/undo"), undo).await.1["data"], mine("rules"));
    let (_, callers) = told("/callers", blocked).await;
    assert_eq!(callers["data"], json!({"mailbox": null, "extension": null, "what": "callers"}));
    let user = format!("/users/{}/numbers", bed.mailbox.user.unwrap());
    let (_, number) = told(&user, json!({"number": "+15550123"})).await;
    assert_eq!(number["type"], "number.changed");
    assert_eq!(
        (&number["data"]["number"], &number["data"]["what"]),
        (&json!("+15550123"), &json!("assigned"))
    );
    assert_eq!(number["data"]["extension"], "1001");
    let page = bed.client(&bed.mailbox, Role::TenantAdmin).await.get("/admin/webhooks").await;
    assert!(events.iter().all(|event| page.text().contains(event)), "{}", page.text());
}
