//! The API as programs use it; and every route with every role and key against the own, another, and another tenant's things.

use std::time::Duration;

use aftertone::domain::{Folder, Login, Mailbox, Role, TenantId};
use aftertone::http::api::{Route, table};
use aftertone::service::access::{Act, Reach, TABLE};
use aftertone::service::keys::NewKey;
use axum::body::Body;
use serde_json::{Value, json};

use crate::web_bed::{Answer, WebBed};

/// A key of the tenant that may so much.
pub(crate) fn new_key(tenant: TenantId, acts: Vec<Act>) -> NewKey {
    NewKey { tenant, user: None, name: "tests".to_owned(), acts, expires_at: None }
}

impl WebBed {
    pub(crate) async fn key(&self, tenant: TenantId, acts: Vec<Act>) -> String {
        format!("Bearer {}", self.services.keys.add(new_key(tenant, acts)).await.unwrap().1)
    }

    pub(crate) async fn key_of_all(&self) -> String {
        self.key(self.mailbox.tenant, TABLE.iter().map(|(act, ..)| *act).collect()).await
    }

    pub(crate) async fn call(
        &self,
        key: &str,
        method: &str,
        path: &str,
        body: Option<Value>,
        more: &[(&str, &str)],
    ) -> Answer {
        // What comes later has a later time, in the audit as well.
        self.clock.advance(Duration::from_millis(1));
        let mut headers = vec![("authorization", key)];
        headers.extend_from_slice(more);
        let body = match body {
            Some(body) => {
                headers.push(("content-type", "application/json"));
                Body::from(body.to_string())
            }
            None => Body::empty(),
        };
        self.send("192.0.2.1", method, &format!("/api/v1{path}"), &headers, body).await
    }

    pub(crate) async fn colleague(&self) -> Mailbox {
        let new = aftertone::service::accounts::NewUser {
            extension: "1002".parse().unwrap(),
            first: "Grace".to_owned(),
            last: "Hopper".to_owned(),
            emails: vec!["grace@example.org".parse().unwrap()],
            mode: None,
            pin: None,
        };
        self.services.accounts.add_user(self.mailbox.tenant, new).await.unwrap().mailbox
    }
}

pub(crate) fn body(answer: &Answer) -> Value {
    serde_json::from_slice(&answer.body)
        .unwrap_or_else(|_| panic!("{} {:?}", answer.status, answer.text_or_empty()))
}

/// The route with these ids in its path; those that nothing has where a thing of its own is meant.
fn path(route: &Route, mailbox: &Mailbox) -> String {
    let nothing = "01890a5d-ac96-774b-bcce-b302099a8057";
    route
        .path
        .replace("{mailbox}", &mailbox.id.to_string())
        .replace("{user}", &mailbox.user.unwrap().to_string())
        .replace("{tenant}", &mailbox.tenant.to_string())
        .replace("{message}", nothing)
        .replace("{greeting}", nothing)
        .replace("{job}", nothing)
        .replace("{key}", nothing)
        .replace("{webhook}", nothing)
        .replace("{delivery}", nothing)
        .replace("{handset}", nothing)
        .replace("{call}", nothing)
        .replace("{lamp}", nothing)
        .replace("{rule}", nothing)
        .replace("{frame}", nothing)
        .replace("{line}", nothing)
        .replace("{run}", nothing)
        .replace("{import}", nothing)
        .replace("{draft}", nothing)
        .replace("{number}", "4711")
}

/// What is asked for is there as far as the caller can know: what it lies in was not refused.
fn is_reached(answer: &Answer) -> bool {
    let detail = answer.text_or_empty();
    let is_hidden = answer.status == 404
        && ["such mailbox", "such user", "such tenant"].iter().any(|what| detail.contains(what));
    answer.status != 401 && answer.status != 403 && !is_hidden
}

// 002-001
#[tokio::test]
async fn every_route_reaches_for_every_role_what_the_table_says_and_nothing_else() {
    let bed = WebBed::new().await;
    let (own, other, elsewhere) = (bed.mailbox.clone(), bed.colleague().await, bed.stranger().await);
    for role in Role::ALL {
        let client = bed.client(&own, role).await;
        for route in table().iter().filter(|route| !changes_the_bed(route)) {
            let reach = route.act.map_or(Reach::Own, |act| act.reach(role));
            let needs_tenant = !route.path.contains('{') && route.act.is_some() && route.path != "/users";
            for (whose, mailbox, least) in [
                ("own", &own, Reach::Own),
                ("other", &other, Reach::Tenant),
                ("elsewhere", &elsewhere, Reach::All),
            ] {
                let tenant =
                    if whose == "elsewhere" { format!("?tenant={}", mailbox.tenant) } else { String::new() };
                let target = format!("/api/v1{}{tenant}", path(route, mailbox));
                let mut headers = vec![("cookie", client.cookie.as_str()), ("x-csrf", client.csrf())];
                let body = least_body(route);
                if body.is_some() {
                    headers.push(("content-type", "application/json"));
                }
                let body = body.map_or_else(Body::empty, |body| Body::from(body.to_string()));
                let answer = bed.send("192.0.2.1", route.method, &target, &headers, body).await;
                let least = match (whose, needs_tenant || route.path.starts_with("/tenants")) {
                    ("own" | "other", true) if route.path != "/health" => Reach::Tenant,
                    _ => least,
                };
                let is_of_users = matches!(route.act, Some(Act::UsersWrite | Act::RolesWrite));
                let least = if is_of_users { least.max(Reach::Tenant) } else { least };
                let is_allowed = if route.path == "/me"
                    || route.path.starts_with("/me/")
                    || (route.path == "/users" && whose != "elsewhere" && route.method == "GET")
                {
                    whose != "elsewhere"
                } else if route.path == "/health" {
                    reach == Reach::All
                } else {
                    reach >= least
                };
                let said = format!(
                    "{role} {} {} of {whose}: {} {}",
                    route.method,
                    route.path,
                    answer.status,
                    answer.text_or_empty()
                );
                assert_eq!(is_reached(&answer), is_allowed, "{said}");
                assert!(answer.status < 500, "{said}");
            }
        }
    }
}

/// A body with what is needed, so that the request is looked at; and that changes nothing.
fn least_body(route: &Route) -> Option<Value> {
    if route.body.is_empty() || route.body.iter().any(|field| field.1 == "binary") {
        return None;
    }
    let needed = route.body.iter().filter(|field| field.2);
    Some(
        needed
            .map(|field| {
                (
                    field.0.to_owned(),
                    if field.1 == "array" || field.1.starts_with('[') { json!([]) } else { json!("x") },
                )
            })
            .collect(),
    )
}

/// What would take the ground from under the tests that follow.
fn changes_the_bed(route: &Route) -> bool {
    matches!((route.method, route.path), ("DELETE", "/users/{user}") | ("POST", "/users/{user}/invite"))
        || route.path.ends_with("/events")
}

#[tokio::test]
async fn a_key_opens_its_scopes_and_no_other_route() {
    let bed = WebBed::new().await;
    for (act, word, _) in TABLE {
        let key = bed.key(bed.mailbox.tenant, vec![act]).await;
        for route in table().iter().filter(|route| !changes_the_bed(route)) {
            let answer = bed.call(&key, route.method, &path(route, &bed.mailbox), None, &[]).await;
            // What no administrator of a tenant reaches, a key of the tenant does not either.
            let is_tenants = act.reach(Role::TenantAdmin) > Reach::Nothing;
            let is_open = route.act.is_none_or(|needed| needed == act && is_tenants);
            assert_eq!(
                answer.status != 403,
                is_open,
                "{word} {} {}: {}",
                route.method,
                route.path,
                answer.status
            );
        }
    }
}

#[tokio::test]
async fn a_key_that_is_wrong_revoked_or_expired_opens_nothing_and_guessing_is_stopped() {
    let bed = WebBed::new().await;
    let tenant = bed.mailbox.tenant;
    let until = aftertone::clock::Clock::now(&*bed.clock).saturating_add(Duration::from_secs(60)).unwrap();
    let new = NewKey {
        tenant,
        user: None,
        name: "short".to_owned(),
        acts: vec![Act::UsersRead],
        expires_at: Some(until),
    };
    let (_, short) = bed.services.keys.add(new).await.unwrap();
    let short = format!("Bearer {short}");
    assert_eq!(bed.call(&short, "GET", "/users", None, &[]).await.status, 200);
    assert!(!bed.everything().await.contains(short.strip_prefix("Bearer atk_").unwrap()));
    bed.clock.advance(Duration::from_secs(60));
    let refused = bed.call(&short, "GET", "/users", None, &[]).await;
    assert_eq!((refused.status, refused.header("www-authenticate")), (401, "Bearer"));
    assert_eq!(refused.header("content-type"), "application/problem+json");
    let key = bed.key(tenant, vec![Act::UsersRead]).await;
    let id = bed.services.keys.list(tenant).await.unwrap()[0].id;
    bed.services.keys.revoke(tenant, id).await.unwrap();
    assert_eq!(bed.call(&key, "GET", "/users", None, &[]).await.status, 401);
    for _ in 0..18 {
        assert_eq!(bed.call("Bearer atk_nonsense", "GET", "/me", None, &[]).await.status, 401);
    }
    let good = bed.key(tenant, vec![Act::UsersRead]).await;
    assert_eq!(bed.call(&good, "GET", "/users", None, &[]).await.status, 429);
}

#[tokio::test]
async fn nobody_removes_themselves_or_changes_their_own_role_by_the_api() {
    let bed = WebBed::new().await;
    let (tenant, user) = (bed.mailbox.tenant, bed.mailbox.user.unwrap());
    let was = bed.services.signin.login(tenant, user).await.unwrap();
    let login = Login { role: Role::TenantAdmin, ..was.clone() };
    bed.services.signin.set_login(&was, &login).await.unwrap();
    let acts = vec![Act::UsersRead, Act::UsersWrite, Act::RolesWrite];
    let new = NewKey { tenant, user: Some(user), name: "own".to_owned(), acts, expires_at: None };
    let key = format!("Bearer {}", bed.services.keys.add(new).await.unwrap().1);
    let path = format!("/users/{user}");
    let refused = bed.call(&key, "DELETE", &path, None, &[]).await;
    assert_eq!(refused.status, 409, "{}", refused.text());
    assert!(refused.text().contains("another administrator"), "{}", refused.text());
    let lower = Some(json!({"role": "basic"}));
    let refused = bed.call(&key, "PUT", &format!("{path}/role"), lower, &[]).await;
    assert!(refused.status == 409 && refused.text().contains("somebody else"), "{}", refused.text());
    let own = body(&bed.call(&key, "GET", &path, None, &[]).await);
    assert_eq!(own["role"], "tenant-admin");
}

#[tokio::test]
async fn an_invitation_needs_an_address_and_says_whether_it_is_on_its_way() {
    let bed = WebBed::new().await;
    let key = bed.key_of_all().await;
    let new = |extension: &str, emails: &[&str]| {
        Some(json!({"extension": extension, "emails": emails, "invite": true}))
    };
    let without = bed.call(&key, "POST", "/users", new("7001", &[]), &[]).await;
    assert_eq!((without.status, body(&without)["errors"][0]["field"].as_str()), (422, Some("emails")));
    let added = bed.call(&key, "POST", "/users", new("7001", &["k@example.org"]), &[]).await;
    assert_eq!((added.status, &body(&added)["invited"]), (201, &json!(true)), "nobody was added before");
    let path = format!("/users/{}", body(&added)["id"].as_str().unwrap());
    let tag = added.header("etag").to_owned();
    let same = bed.call(&key, "GET", &path, None, &[("if-none-match", &tag)]).await;
    assert_eq!(same.status, 304, "the tag is the user's, invited or not");
    bed.refuse_jobs().await;
    let added = bed.call(&key, "POST", "/users", new("7002", &["l@example.org"]), &[]).await;
    assert_eq!((added.status, &body(&added)["invited"]), (201, &json!(false)), "{}", added.text());
    let audit = body(&bed.call(&key, "GET", "/audit", None, &[]).await);
    assert_eq!(audit["items"][0]["action"], "user.added");
    assert_eq!(audit["items"][0]["target"], "mailbox 7002");
}

// 004-01, 002-006
#[tokio::test]
async fn a_user_is_added_once_read_changed_and_removed_and_the_audit_knows() {
    let bed = WebBed::new().await;
    let key = bed.key_of_all().await;
    let new = json!({"extension": "7001", "first": "Konrad", "last": "Zuse", "emails": ["k@example.org"], "invite": true});
    let once = [("idempotency-key", "one")];
    let added = bed.call(&key, "POST", "/users", Some(new.clone()), &once).await;
    assert_eq!(added.status, 201, "{}", added.text());
    let again = bed.call(&key, "POST", "/users", Some(new.clone()), &once).await;
    assert_eq!((again.status, again.header("idempotency-replayed")), (201, "true"));
    assert_eq!(body(&again), body(&added));
    assert_eq!(again.header("etag"), added.header("etag"), "with its headers");
    assert_eq!(bed.call(&key, "POST", "/users", Some(json!({"extension": "7002"})), &once).await.status, 422);
    let id = body(&added)["id"].as_str().unwrap().to_owned();
    let path = format!("/users/{id}");
    let read = bed.call(&key, "GET", &path, None, &[]).await;
    let tag = read.header("etag").to_owned();
    assert_eq!(bed.call(&key, "GET", &path, None, &[("if-none-match", &tag)]).await.status, 304);
    let change = |first: &str| Some(json!({"first": first, "zone": "Europe/Berlin"}));
    let first = bed.call(&key, "PATCH", &path, change("Konny"), &[("if-match", &tag)]).await;
    assert_eq!((first.status, body(&first)["first"].as_str()), (200, Some("Konny")));
    let late = bed.call(&key, "PATCH", &path, change("Other"), &[("if-match", &tag)]).await;
    assert_eq!(late.status, 412, "{}", late.text());
    for (wrong, field) in [
        (json!({"extension": "1001"}), "extension"),
        (json!({"extension": "x"}), "extension"),
        (json!({"emails": ["a@b\r\nBcc: c@d"]}), "emails"),
        (json!({"first": "x\u{0}"}), "first"),
        (json!({"zone": "Mars"}), "zone"),
        (json!({"pin": "1234"}), "pin"),
        (json!({"max_message_s": 4_000}), "max_message_s"),
        (json!({"silence_s": 90}), "silence_s"),
        (json!({"min_speech_ms": 90_000}), "min_speech_ms"),
        (json!({"attachment": "midi"}), "attachment"),
        (json!({"language": "klingon"}), "language"),
        (json!({"operator": "a b"}), "operator"),
        (json!({"mail": "pigeon"}), "mail"),
    ] {
        let refused = bed.call(&key, "PATCH", &path, Some(wrong.clone()), &[]).await;
        assert_eq!(
            (refused.status, refused.header("content-type")),
            (422, "application/problem+json"),
            "{wrong}"
        );
        assert_eq!(body(&refused)["errors"][0]["field"], field, "{wrong}");
    }
    let unknown = bed.call(&key, "PATCH", &path, Some(json!({"role": "operator"})), &[]).await;
    assert_eq!(unknown.status, 422, "{}", unknown.text());
    let brief = bed.call(&key, "PATCH", &path, Some(json!({"mail": "brief-link"})), &[]).await;
    assert_eq!(body(&brief)["mailbox"]["mail"], json!([{"address": "k@example.org", "mode": "brief-link"}]));
    let one = json!([{"address": "k@example.org", "mode": "link"}]);
    let one = bed.call(&key, "PATCH", &path, Some(json!({ "mail": one })), &[]).await;
    assert_eq!(body(&one)["mailbox"]["mail"][0]["mode"], "link");
    let number = bed
        .call(
            &key,
            "POST",
            &format!("{path}/numbers"),
            Some(json!({"number": "+49 30 7001", "label": "Sales"})),
            &[],
        )
        .await;
    assert_eq!((number.status, body(&number)["number"].as_str()), (201, Some("+49307001")));
    assert_eq!(bed.call(&key, "DELETE", &path, None, &[]).await.status, 204);
    assert_eq!(bed.call(&key, "GET", &path, None, &[]).await.status, 404);
    let audit = body(&bed.call(&key, "GET", "/audit", None, &[]).await);
    let actions: Vec<&str> =
        audit["items"].as_array().unwrap().iter().map(|line| line["action"].as_str().unwrap()).collect();
    assert_eq!(
        actions,
        ["user.removed", "number.added", "user.changed", "user.changed", "user.changed", "user.added"]
    );
    let line = &audit["items"][4];
    assert_eq!(
        (&line["was"]["first"], &line["became"]["first"], &line["actor"]),
        (&json!("Konrad"), &json!("Konny"), &json!("key tests"))
    );
}

#[tokio::test]
async fn a_request_whose_client_goes_away_is_finished_and_its_answer_waits_for_the_next_try() {
    let bed = WebBed::new().await;
    let key = bed.key_of_all().await;
    for polls in 1..40 {
        let new = json!({"extension": format!("7{polls:03}")});
        let name = format!("try {polls}");
        let once = [("idempotency-key", name.as_str())];
        let mut given_up = Box::pin(bed.call(&key, "POST", "/users", Some(new.clone()), &once));
        for _ in 0..polls {
            if futures_util::poll!(&mut given_up).is_ready() {
                break;
            }
            tokio::time::sleep(Duration::from_micros(200)).await;
        }
        drop(given_up);
        let mut answer = bed.call(&key, "POST", "/users", Some(new.clone()), &once).await;
        for _ in 0..500 {
            if answer.status != 409 {
                break;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
            answer = bed.call(&key, "POST", "/users", Some(new.clone()), &once).await;
        }
        assert_eq!(answer.status, 201, "{polls}: {}", answer.text());
    }
}

#[tokio::test]
async fn an_upload_under_a_name_is_another_when_its_file_is_and_the_same_whatever_stands_between_its_parts() {
    let bed = WebBed::new().await;
    let key = bed.key_of_all().await;
    let path = format!("/api/v1/mailboxes/{}/greetings", bed.mailbox.id);
    let tone = |hertz: f64| {
        let at = |n: u32| ((f64::from(n) / 8000.0 * hertz * std::f64::consts::TAU).sin() * 8000.0) as i16;
        aftertone::audio::wav::write(&(0..16_000).map(at).collect::<Vec<_>>(), 8000).unwrap()
    };
    let send = async |boundary: &str, file: Vec<u8>| {
        let head = format!(
            "--{boundary}\r\ncontent-disposition: form-data; name=\"kind\"\r\n\r\nstandard\r\n--{boundary}\r\n\
             content-disposition: form-data; name=\"file\"; filename=\"a.wav\"\r\n\r\n"
        );
        let body = [head.as_bytes(), &file, format!("\r\n--{boundary}--\r\n").as_bytes()].concat();
        let kind = format!("multipart/form-data; boundary={boundary}");
        let headers = [("authorization", key.as_str()), ("content-type", &kind), ("idempotency-key", "one")];
        bed.send("192.0.2.1", "POST", &path, &headers, Body::from(body)).await
    };
    let first = send("aaa", tone(440.0)).await;
    assert_eq!(first.status, 201, "{}", first.text());
    let again = send("bbbb", tone(440.0)).await;
    assert_eq!((again.status, again.header("idempotency-replayed")), (201, "true"), "{}", again.text());
    assert_eq!(send("aaa", tone(550.0)).await.status, 422, "another file of the same size");
}

#[tokio::test]
async fn messages_come_in_pages_are_heard_by_range_and_marked() {
    let bed = WebBed::new().await;
    let mut all = Vec::new();
    for _ in 0..7 {
        all.push(bed.deposit(1, |_| {}).await.id.to_string());
        bed.clock.advance(Duration::from_secs(1));
    }
    all.reverse();
    let key = bed.key_of_all().await;
    let base = format!("/mailboxes/{}/messages", bed.mailbox.id);
    let (mut seen, mut place) = (Vec::new(), String::new());
    loop {
        let page =
            body(&bed.call(&key, "GET", &format!("{base}?folder=inbox&limit=3{place}"), None, &[]).await);
        seen.extend(
            page["items"].as_array().unwrap().iter().map(|one| one["id"].as_str().unwrap().to_owned()),
        );
        let Some(next) = page["next"].as_str() else { break };
        place = format!("&after={next}");
    }
    assert_eq!(seen, all);
    assert_eq!(bed.call(&key, "GET", &format!("{base}?after=nonsense"), None, &[]).await.status, 422);
    assert_eq!(bed.call(&key, "GET", &format!("{base}?folder=attic"), None, &[]).await.status, 422);
    let one = format!("{base}/{}", all[0]);
    let part = bed.call(&key, "GET", &format!("{one}/audio.wav"), None, &[("range", "bytes=0-43")]).await;
    assert_eq!((part.status, part.body.len()), (206, 44));
    let filed = bed.call(&key, "POST", &format!("{one}/marks"), Some(json!({"mark": "work"})), &[]).await;
    assert_eq!((&body(&filed)["folder"], &body(&filed)["tag"]), (&json!("saved"), &json!("work")));
    let listed = bed.call(&key, "GET", &format!("{base}?tag=work"), None, &[]).await;
    assert_eq!(body(&listed)["items"].as_array().unwrap().len(), 1);
    assert_eq!(bed.call(&key, "GET", &format!("{base}?tag=enemies"), None, &[]).await.status, 422);
    let back = bed.call(&key, "POST", &format!("{one}/marks"), Some(json!({"mark": "inbox"})), &[]).await;
    assert_eq!(body(&back)["tag"], json!(null));
    let marked = bed.call(&key, "POST", &format!("{one}/marks"), Some(json!({"mark": "trash"})), &[]).await;
    assert_eq!(body(&marked)["folder"], "trash");
    let restored =
        bed.call(&key, "POST", &format!("{one}/marks"), Some(json!({"mark": "restore"})), &[]).await;
    assert_eq!(body(&restored)["folder"], "inbox");
    assert_eq!(
        bed.call(&key, "POST", &format!("{one}/marks"), Some(json!({"mark": "purge"})), &[]).await.status,
        422
    );
    let ledger = body(&bed.call(&key, "GET", &format!("{one}/ledger"), None, &[]).await);
    assert_eq!(ledger["items"].as_array().unwrap().len(), 5);
    assert_eq!(bed.message(all[0].parse().unwrap()).await.folder, Folder::Inbox);
}

#[tokio::test]
async fn nobody_gives_a_role_or_a_key_that_is_more_than_the_own() {
    let bed = WebBed::new().await;
    let colleague = bed.colleague().await;
    let admin = bed.client(&bed.mailbox, Role::TenantAdmin).await;
    let headers =
        [("cookie", admin.cookie.as_str()), ("x-csrf", admin.csrf()), ("content-type", "application/json")];
    let put = |user: String, role: &'static str| {
        let body = Body::from(json!({ "role": role }).to_string());
        let (bed, path) = (&bed, format!("/api/v1/users/{user}/role"));
        async move { bed.send("192.0.2.1", "PUT", &path, &headers, body).await.status }
    };
    let user = colleague.user.unwrap().to_string();
    assert_eq!(put(user.clone(), "office-manager").await, 200);
    assert_eq!(put(user.clone(), "operator").await, 403);
    assert_eq!(put(admin_user(&bed), "operator").await, 403);
    let make = |scope: &'static str| {
        let body = Body::from(json!({"name": "x", "scopes": [scope]}).to_string());
        let bed = &bed;
        async move { bed.send("192.0.2.1", "POST", "/api/v1/keys", &headers, body).await }
    };
    assert_eq!(make("users:read").await.status, 201);
    for more in ["messages:read", "system:read"] {
        let refused = make(more).await;
        assert_eq!(
            refused.status, 422,
            "{more}: a role does not open the messages of others, so no key of it does"
        );
    }
    // 002-001: nobody changes somebody above.
    bed.give(&bed.mailbox, Role::Operator).await;
    let manager = bed.client(&colleague, Role::OfficeManager).await;
    let headers = [
        ("cookie", manager.cookie.as_str()),
        ("x-csrf", manager.csrf()),
        ("content-type", "application/json"),
    ];
    let path = format!("/api/v1/users/{}", admin_user(&bed));
    let change = Body::from(json!({"pin": "482913"}).to_string());
    assert_eq!(bed.send("192.0.2.1", "PATCH", &path, &headers, change).await.status, 403);
}

fn admin_user(bed: &WebBed) -> String {
    bed.mailbox.user.unwrap().to_string()
}

#[tokio::test]
async fn the_document_and_its_page_name_every_route() {
    let bed = WebBed::new().await;
    let document = body(&bed.get("/api/openapi.json").await);
    let page = bed.get("/api/docs").await;
    assert_eq!((document["openapi"].as_str(), page.status), (Some("3.1.0"), 200));
    for route in table() {
        assert!(document["paths"][route.path][route.method.to_lowercase()].is_object(), "{}", route.path);
        assert!(page.text().contains(&format!("{} {}", route.method, route.path)), "{}", route.path);
    }
    assert!(!page.text().contains("http://") && !page.text().contains("https://"));
    let key = bed.key_of_all().await;
    for (method, path, status) in [("GET", "/nowhere", 404), ("DELETE", "/me", 405)] {
        let answer = bed.call(&key, method, path, None, &[]).await;
        assert_eq!(
            (answer.status, answer.header("content-type")),
            (status, "application/problem+json"),
            "{path}"
        );
    }
    let explained = body(&bed.call(&key, "GET", "/explain?to=sip:1001@home.example", None, &[]).await);
    assert!(explained["outcome"].is_string() || explained["status"].is_number(), "{explained}");
}

// What does not read is said as what is wrong is: by its field, in words for people.
#[tokio::test]
async fn a_body_or_query_that_does_not_read_names_its_field() {
    let bed = WebBed::new().await;
    let key = bed.key_of_all().await;
    for (method, path, given, status, field) in [
        ("POST", "/users", Some(json!({})), 422, "extension"),
        ("POST", "/users", Some(json!({"extension": 7002})), 422, "extension"),
        ("POST", "/users", Some(json!({"extension": "7004", "bogus": 1})), 422, "bogus"),
        ("POST", "/webhooks", Some(json!({})), 422, "name"),
        ("GET", "/users?limit=abc", None, 422, "limit"),
        ("GET", "/jobs?state=bogus", None, 422, "state"),
        ("GET", "/explain", None, 422, "to"),
        ("GET", "/explain?to=1001&at=nonsense", None, 422, "at"),
    ] {
        let refused = bed.call(&key, method, path, given, &[]).await;
        let told = body(&refused);
        let first = &told["errors"][0];
        assert_eq!((refused.status, first["field"].as_str()), (status, Some(field)), "{path}: {told}");
        assert!(!told.to_string().contains("deserialize") && !told.to_string().contains("struct"), "{told}");
    }
    let list = body(&bed.call(&key, "POST", "/users", Some(json!([])), &[]).await);
    assert!(list["detail"].as_str().unwrap().contains("an object with its fields"), "{list}");
}
