//! People who sign in: passwords, sessions, one-time links, their messages, greetings and settings; and who tries what is not theirs.

use std::time::Duration;

use aftertone::audio::wav;
use aftertone::domain::{CallerId, Folder, LinkToken, Login, Mailbox, Purpose, Role, Tag, User};
use aftertone::service::signin::Entry;
use axum::body::Body;

use crate::HOSTILE;
use crate::web_bed::{Answer, WebBed};

pub(crate) const PASSWORD: &str = "kettle-moon-oats";

/// A browser that is signed in.
pub(crate) struct Client<'b> {
    pub(crate) bed: &'b WebBed,
    pub(crate) cookie: String,
    csrf: String,
}

impl WebBed {
    pub(crate) async fn user_of(&self, mailbox: &Mailbox) -> User {
        self.store.user(mailbox.tenant, mailbox.user.unwrap()).await.unwrap()
    }

    /// Gives the mailbox's user this role and the password of the tests.
    pub(crate) async fn give(&self, mailbox: &Mailbox, role: Role) {
        let user = self.user_of(mailbox).await;
        let was = self.services.signin.login(user.tenant, user.id).await.unwrap();
        let login = Login { role, portal: true, ..was.clone() };
        self.services.signin.set_login(&was, &login).await.unwrap();
        let token = self.door(&user, Purpose::Invite).await;
        let from = "192.0.2.1".parse().unwrap();
        self.services.signin.choose_password(&token, PASSWORD.to_owned().into(), from, "").await.unwrap();
    }

    pub(crate) async fn door(&self, user: &User, purpose: Purpose) -> String {
        let (url, _) = self.services.signin.doors().issue(user.tenant, Some(user.id), purpose).await.unwrap();
        url.expose().rsplit('/').next().unwrap().to_owned()
    }

    /// Signs the mailbox's user in with this role.
    pub(crate) async fn client(&self, mailbox: &Mailbox, role: Role) -> Client<'_> {
        self.give(mailbox, role).await;
        let name = format!("{}@{}", mailbox.extension, self.store.tenant(mailbox.tenant).await.unwrap().name);
        let answer = self.enter(&name, PASSWORD, "192.0.2.1").await;
        assert_eq!(answer.status, 303, "{}", answer.text());
        self.with_cookie(session(&answer)).await
    }

    pub(crate) async fn with_cookie(&self, cookie: String) -> Client<'_> {
        let page = self.ask("GET", "/settings", &[("cookie", &cookie)]).await;
        let csrf = field(page.text(), "csrf");
        Client { bed: self, cookie, csrf }
    }

    /// Sends the sign-in form, as a browser would that has loaded its page.
    pub(crate) async fn enter(&self, name: &str, password: &str, source: &str) -> Answer {
        self.fill(source, "/sign-in", &[("name", name), ("password", password)]).await
    }

    /// Loads the page of a form that needs no session, and sends it.
    pub(crate) async fn fill(&self, source: &str, path: &str, fields: &[(&str, &str)]) -> Answer {
        let page = self.ask_from(source, "GET", path, &[]).await;
        let cookie = page.header("set-cookie").split(';').next().unwrap().to_owned();
        let csrf = if page.status == 200 { field(page.text(), "csrf") } else { String::new() };
        let mut all = vec![("csrf", csrf.as_str())];
        all.extend_from_slice(fields);
        let headers = [("content-type", "application/x-www-form-urlencoded"), ("cookie", &cookie)];
        self.send(source, "POST", path, &headers, Body::from(form(&all))).await
    }
}

pub(crate) fn session(answer: &Answer) -> String {
    answer.header("set-cookie").split(';').next().unwrap().to_owned()
}

pub(crate) fn field(page: &str, name: &str) -> String {
    let mark = format!(r#"name="{name}" value=""#);
    page.split(&mark)
        .nth(1)
        .unwrap_or_else(|| panic!("no {name} in {page}"))
        .split('"')
        .next()
        .unwrap()
        .to_owned()
}

pub(crate) fn form(fields: &[(&str, &str)]) -> String {
    url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish()
}

impl Client<'_> {
    pub(crate) fn csrf(&self) -> &str {
        &self.csrf
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.bed.ask("GET", path, &[("cookie", &self.cookie)]).await
    }

    pub(crate) async fn post(&self, path: &str, fields: &[(&str, &str)]) -> Answer {
        let mut all = vec![("csrf", self.csrf.as_str())];
        all.extend_from_slice(fields);
        self.post_raw(path, &all, &[]).await
    }

    async fn post_raw(&self, path: &str, fields: &[(&str, &str)], more: &[(&str, &str)]) -> Answer {
        let mut headers =
            vec![("content-type", "application/x-www-form-urlencoded"), ("cookie", self.cookie.as_str())];
        headers.extend_from_slice(more);
        self.bed.send("192.0.2.1", "POST", path, &headers, Body::from(form(fields))).await
    }

    /// Posts only what is given, without the token of the session.
    pub(crate) async fn without_token(&self, path: &str, fields: &[(&str, &str)]) -> Answer {
        self.post_raw(path, fields, &[]).await
    }

    /// Posts a body of this kind.
    pub(crate) async fn sent(&self, path: &str, kind: &str, body: Body) -> Answer {
        let headers = [("content-type", kind), ("cookie", self.cookie.as_str())];
        self.bed.send("192.0.2.1", "POST", path, &headers, body).await
    }

    async fn upload(&self, csrf: &str, kind: &str, name: &str, file: &[u8]) -> Answer {
        let mut body = Vec::new();
        for (field, value) in [("csrf", csrf), ("kind", kind)] {
            let head = format!("--x\r\nContent-Disposition: form-data; name=\"{field}\"\r\n\r\n{value}\r\n");
            body.extend(head.into_bytes());
        }
        let head = format!(
            "--x\r\nContent-Disposition: form-data; name=\"file\"; filename=\"{name}\"\r\nContent-Type: audio/wav\r\n\r\n"
        );
        body.extend(head.into_bytes());
        body.extend(file);
        body.extend(b"\r\n--x--\r\n");
        self.sent("/greetings/upload", "multipart/form-data; boundary=x", Body::from(body)).await
    }
}

pub(crate) fn tone() -> Vec<u8> {
    let samples: Vec<i16> = (0..32_000)
        .map(|n| ((f64::from(n) * 0.05).sin() * 9_000.0 * (f64::from(n) / 3_000.0).sin().abs()) as i16)
        .collect();
    wav::write(&samples, 16_000).unwrap()
}

// 001-07, 002-018
#[tokio::test]
async fn somebody_who_knows_the_password_comes_in_and_goes_out() {
    let bed = WebBed::new().await;
    bed.give(&bed.mailbox, Role::Basic).await;
    assert_eq!(bed.get("/").await.header("location"), "/sign-in");
    assert_eq!(bed.get("/messages/x").await.header("location"), "/sign-in?next=%2Fmessages%2Fx");
    for name in ["1001", "1001@home", "ada@example.org", " ADA@example.org "] {
        let is_alone = bed.store.tenants().await.unwrap().len() == 1;
        let answer = bed.enter(name, PASSWORD, "192.0.2.1").await;
        assert_eq!((answer.status, answer.header("location"), is_alone), (303, "/", true), "{name}");
        let cookie = answer.header("set-cookie");
        assert!(
            cookie.starts_with("__Host-aftertone=") && cookie.ends_with("; HttpOnly; SameSite=Lax; Secure"),
            "{cookie}"
        );
    }
    let client = bed.with_cookie(session(&bed.enter("1001", PASSWORD, "192.0.2.1").await)).await;
    assert!(client.get("/").await.text().contains("No messages."));
    let everything = bed.everything().await;
    assert!(!everything.contains(PASSWORD) && !everything.contains(client.cookie.split('=').nth(1).unwrap()));
    let out = client.post("/sign-out", &[]).await;
    assert_eq!((out.status, out.header("location")), (303, "/sign-in?done=out"));
    assert_eq!(client.get("/settings").await.status, 303);
}

/// What others write into their tenant keeps nobody out: the password says who it is.
#[tokio::test]
async fn an_address_of_another_tenant_shuts_nobody_out() {
    const OTHER: &str = "hers alone, and long";
    let bed = WebBed::new().await;
    let mallory = bed.stranger().await;
    let mut user = bed.user_of(&mallory).await;
    user.emails = vec!["ada@example.org".parse().unwrap()];
    user.profile.login = Some("ada@example.org".to_owned());
    bed.store.put_user(&user).await.unwrap();
    for mailbox in [&bed.mailbox, &mallory] {
        bed.give(mailbox, Role::Basic).await;
    }
    let (signin, from) = (&bed.services.signin, "192.0.2.1".parse().unwrap());
    let token = bed.door(&user, Purpose::Reset).await;
    signin.choose_password(&token, OTHER.to_owned().into(), from, "").await.unwrap();
    for (password, tenant) in [(PASSWORD, bed.mailbox.tenant), (OTHER, mallory.tenant)] {
        let entry = signin.sign_in("ada@example.org", password.to_owned().into(), from, "").await.unwrap();
        assert!(matches!(&entry, Entry::Open(opened) if opened.actor.tenant == tenant), "{entry:?}");
    }
    assert_eq!(bed.enter("ada@example.org", "neither of them", "192.0.2.1").await.status, 401);
    // Guesses at the one do not lock the other out.
    for _ in 0..12 {
        bed.enter("1001@elsewhere", "a guess at a password", "192.0.2.9").await;
    }
    assert_eq!(bed.enter("ada@example.org", PASSWORD, "192.0.2.1").await.status, 303);
    assert_eq!(bed.enter("ada@example.org", OTHER, "192.0.2.1").await.status, 401, "too many guesses");
    let jobs = bed.store.jobs(None, 10).await.unwrap().len();
    bed.fill("192.0.2.1", "/forgot", &[("name", "ada@example.org")]).await;
    assert_eq!(bed.store.jobs(None, 10).await.unwrap().len(), jobs + 2, "each gets a link of their own");
}

#[tokio::test]
async fn style_and_script_are_files_that_browsers_keep_and_that_are_the_same_for_everybody() {
    let bed = WebBed::new().await;
    let page = bed.get("/sign-in").await;
    let style = page.text().split('"').find(|text| text.starts_with("/assets/")).unwrap().to_owned();
    let answer = bed.get(&style).await;
    assert_eq!((answer.status, answer.header("content-type")), (200, "text/css; charset=utf-8"));
    assert_eq!(answer.header("cache-control"), "public, max-age=31536000, immutable");
    assert_eq!(answer.header("x-content-type-options"), "nosniff");
    assert!(answer.text().contains("--accent"));
    for old in [style.replace("portal-", "portal-0"), "/assets/portal.css".to_owned()] {
        let answer = bed.get(&old).await;
        assert_eq!((answer.status, answer.header("cache-control")), (404, "no-store"), "{old}");
    }
}

#[tokio::test]
async fn every_wrong_try_is_answered_alike_and_too_many_are_refused_even_when_right() {
    let bed = WebBed::new().await;
    bed.give(&bed.mailbox, Role::Basic).await;
    let words = |answer: &Answer| {
        let text = answer.text();
        (answer.status, text.split("role=\"alert\"").nth(1).unwrap().split("</p>").next().unwrap().to_owned())
    };
    let nobody = words(&bed.enter("9999", PASSWORD, "192.0.2.7").await);
    let wrong = words(&bed.enter("1001", "not-the-password", "192.0.2.7").await);
    assert_eq!((nobody.0, &nobody), (401, &wrong));
    for _ in 0..9 {
        bed.enter("ada@example.org", "not-the-password", "192.0.2.8").await;
    }
    // Ten in a row for one account, however it was named and from wherever.
    assert_eq!(words(&bed.enter("1001", PASSWORD, "192.0.2.9").await), wrong);
    bed.clock.advance(Duration::from_secs(15 * 60));
    assert_eq!(bed.enter("1001", PASSWORD, "192.0.2.9").await.status, 303);
    // 001-08
    let user = bed.user_of(&bed.mailbox).await;
    let login = bed.services.signin.login(user.tenant, user.id).await.unwrap();
    let without = Login { portal: false, ..login.clone() };
    bed.services.signin.set_login(&login, &without).await.unwrap();
    assert_eq!(words(&bed.enter("1001", PASSWORD, "192.0.2.9").await), wrong);
}

#[tokio::test]
async fn one_source_cannot_try_many_accounts() {
    let bed = WebBed::new().await;
    for number in 0..60 {
        bed.enter(&format!("{}", 2000 + number), "some-password-x", "192.0.2.7").await;
    }
    bed.give(&bed.mailbox, Role::Basic).await;
    assert_eq!(bed.enter("1001", PASSWORD, "192.0.2.7").await.status, 401);
    assert_eq!(bed.enter("1001", PASSWORD, "192.0.2.8").await.status, 303);
}

#[tokio::test]
async fn a_session_ends_when_nobody_uses_it_and_after_two_weeks_and_when_it_is_revoked() {
    let bed = WebBed::new().await;
    let client = bed.client(&bed.mailbox, Role::Basic).await;
    bed.clock.advance(Duration::from_secs(23 * 3600));
    assert_eq!(client.get("/").await.status, 200);
    bed.clock.advance(Duration::from_secs(25 * 3600));
    assert_eq!(client.get("/").await.status, 303);

    let client = bed.client(&bed.mailbox, Role::Basic).await;
    // Used every day, and still over after 14 of them.
    for _ in 0..15 {
        assert_eq!(client.get("/").await.status, 200);
        bed.clock.advance(Duration::from_secs(23 * 3600));
    }
    assert_eq!(client.get("/").await.status, 303);

    let one = bed.client(&bed.mailbox, Role::Basic).await;
    let other = bed.with_cookie(session(&bed.enter("1001", PASSWORD, "192.0.2.1").await)).await;
    let page = other.get("/settings").await;
    for rest in page.text().split("/settings/sessions/").skip(1) {
        let path = format!("/settings/sessions/{}", rest.split('"').next().unwrap());
        assert_eq!(other.post(&path, &[]).await.status, 303);
    }
    assert_eq!((one.get("/").await.status, other.get("/").await.status), (303, 200));
}

#[tokio::test]
async fn a_form_of_another_site_changes_nothing() {
    let bed = WebBed::new().await;
    let (message, _) = bed.linked(1).await;
    let client = bed.client(&bed.mailbox, Role::Basic).await;
    let stranger = bed.stranger().await;
    let other = bed.client(&stranger, Role::Basic).await;
    let path = format!("/messages/{}/trash", message.id);
    let csrf = client.csrf.as_str();
    for (fields, headers) in [
        (vec![], vec![]),
        (vec![("csrf", "")], vec![]),
        (vec![("csrf", other.csrf.as_str())], vec![]),
        (vec![("csrf", csrf)], vec![("sec-fetch-site", "cross-site")]),
        (vec![("csrf", csrf)], vec![("sec-fetch-site", "same-site")]),
        (vec![], vec![("x-csrf", "guess")]),
    ] {
        let answer = client.post_raw(&path, &fields, &headers).await;
        assert_eq!(answer.status, 403, "{fields:?} {headers:?}");
    }
    assert_eq!(bed.message(message.id).await.folder, Folder::Inbox);
    assert_eq!(
        client.post_raw(&path, &[], &[("x-csrf", csrf), ("sec-fetch-site", "same-origin")]).await.status,
        303
    );
    // Nor does the sign-in: its page must have been loaded.
    let headers = [("content-type", "application/x-www-form-urlencoded")];
    let body = form(&[("name", "1001"), ("password", PASSWORD)]);
    assert_eq!(bed.send("192.0.2.1", "POST", "/sign-in", &headers, Body::from(body)).await.status, 403);
}

#[tokio::test]
async fn a_one_time_link_works_once_within_its_time_and_only_with_a_good_password() {
    let bed = WebBed::new().await;
    let user = bed.user_of(&bed.mailbox).await;
    let token = bed.door(&user, Purpose::Invite).await;
    let path = format!("/door/{token}");
    let before = bed.everything().await;
    assert!(bed.get(&path).await.text().contains("For <bdi>Ada Lovelace</bdi>"));
    assert_eq!(bed.everything().await, before, "looking changes nothing: mail scanners follow links");
    for (password, again, why) in [
        ("short", "short", "at least 10 characters"),
        ("lovelace-1815", "lovelace-1815", "first that are guessed"),
        (PASSWORD, "kettle-moon-oat", "not the same"),
    ] {
        let answer = bed.fill("192.0.2.1", &path, &[("password", password), ("again", again)]).await;
        assert_eq!(answer.status, 422, "{password}");
        assert!(answer.text().contains(why), "{password}: {}", answer.text());
    }
    let chosen = bed.fill("192.0.2.1", &path, &[("password", PASSWORD), ("again", PASSWORD)]).await;
    assert_eq!((chosen.status, chosen.header("location")), (303, "/"));
    assert_eq!(bed.get(&path).await.status, 410);
    assert_eq!(bed.enter("1001", PASSWORD, "192.0.2.1").await.status, 303);

    let late = bed.door(&user, Purpose::Reset).await;
    bed.clock.advance(Duration::from_secs(2 * 3600));
    assert_eq!(bed.get(&format!("/door/{late}")).await.status, 410);
    for guess in ["x", "%ff", &LinkToken::from_bytes([7; 20]).expose()] {
        assert!(matches!(bed.get(&format!("/door/{guess}")).await.status, 400 | 410), "{guess}");
    }
}

// 002-024
#[tokio::test]
async fn a_new_password_ends_every_other_session_and_every_link() {
    let bed = WebBed::new().await;
    let other = bed.client(&bed.mailbox, Role::Basic).await;
    let client = bed.with_cookie(session(&bed.enter("1001", PASSWORD, "192.0.2.1").await)).await;
    let user = bed.user_of(&bed.mailbox).await;
    let door = bed.door(&user, Purpose::Reset).await;
    let new = "quite-other-words";
    let changing = &client;
    let change = async |old: &str| {
        changing.post("/settings/password", &[("old", old), ("password", new), ("again", new)]).await
    };
    let wrong = change("not-the-old-one").await;
    assert_eq!(wrong.status, 422);
    assert!(wrong.text().contains("Your old password is not right"));
    assert_eq!(change(PASSWORD).await.status, 303);
    assert_eq!((client.get("/").await.status, other.get("/").await.status), (200, 303));
    assert_eq!(bed.get(&format!("/door/{door}")).await.status, 410);
    assert_eq!(bed.enter("1001", PASSWORD, "192.0.2.1").await.status, 401);
    let lines = bed.services.audit.page(user.tenant, None, 10).await.unwrap();
    assert!(
        lines.iter().any(|line| line.action == "password.changed" && line.actor == "Ada Lovelace 1001"),
        "{lines:?}"
    );
}

#[tokio::test]
async fn whoever_forgot_the_password_gets_a_job_for_a_mail_and_strangers_get_the_same_answer() {
    let bed = WebBed::new().await;
    bed.give(&bed.mailbox, Role::Basic).await;
    let mine = bed.fill("192.0.2.1", "/forgot", &[("name", "ada@example.org")]).await;
    let nobody = bed.fill("192.0.2.1", "/forgot", &[("name", "eve@example.org")]).await;
    assert_eq!((mine.status, mine.text()), (200, nobody.text()));
    let jobs = bed.store.jobs(None, 10).await.unwrap();
    assert_eq!(jobs.len(), 1, "{jobs:?}");
    for _ in 0..5 {
        bed.fill("192.0.2.1", "/forgot", &[("name", "1001")]).await;
    }
    assert_eq!(bed.store.jobs(None, 10).await.unwrap().len(), 3, "nobody's mailbox is flooded");
}

#[tokio::test]
async fn the_setup_link_makes_the_first_operator_and_nobody_else() {
    let bed = WebBed::new().await;
    let tenant = bed.mailbox.tenant;
    assert!(bed.services.signin.is_new().await.unwrap());
    let (url, _) = bed.services.signin.doors().issue(tenant, None, Purpose::Setup).await.unwrap();
    let path = url.expose().strip_prefix("https://vm.example.org").unwrap().to_owned();
    assert!(bed.get(&path).await.text().contains("This server is new"));
    let fields = |extension: &'static str| {
        [
            ("first", "Grace"),
            ("last", "Hopper"),
            ("email", "grace@example.org"),
            ("extension", extension),
            ("password", PASSWORD),
            ("again", PASSWORD),
        ]
    };
    let wrong = bed.fill("192.0.2.1", &path, &fields("x")).await;
    assert_eq!(wrong.status, 422);
    assert!(wrong.text().contains("2 to 10 digits") && wrong.text().contains("Hopper"));
    let done = bed.fill("192.0.2.1", &path, &fields("7001")).await;
    assert_eq!(done.status, 303, "{}", done.text());
    assert_eq!(done.header("location"), "/admin/first-steps");
    let client = bed.with_cookie(session(&done)).await;
    assert!(client.get("/settings").await.text().contains("Operator of the server"));
    assert!(!bed.services.signin.is_new().await.unwrap());
    assert_eq!(bed.get(&path).await.status, 410);
}

#[tokio::test]
async fn a_message_of_somebody_else_is_not_there() {
    let bed = WebBed::new().await;
    let stranger = bed.stranger().await;
    let theirs =
        bed.deposit_for(&stranger, 1, |message| message.caller = CallerId::new(Some("666"), None)).await;
    for role in Role::ALL {
        let client = bed.client(&bed.mailbox, role).await;
        for path in ["", "/audio.mp3", "/audio.wav"] {
            let answer = client.get(&format!("/messages/{}{path}", theirs.id)).await;
            assert_eq!(answer.status, 404, "{role} {path}");
            assert!(!answer.text_or_empty().contains("666"));
        }
        for mark in ["trash", "heard", "saved"] {
            assert_eq!(
                client.post(&format!("/messages/{}/{mark}", theirs.id), &[]).await.status,
                404,
                "{role}"
            );
        }
    }
    assert_eq!(bed.message(theirs.id).await, theirs);
}

// 002-065 undo
#[tokio::test]
async fn a_message_is_found_sorted_deleted_and_put_back() {
    let bed = WebBed::new().await;
    let (message, _) = bed.linked(2).await;
    bed.deposit(1, |message| message.caller = CallerId::new(Some("+4930555"), Some("Konrad Zuse"))).await;
    let client = bed.client(&bed.mailbox, Role::Basic).await;
    let all = client.get("/").await;
    assert!(all.text().contains("Grace Hopper") && all.text().contains("Konrad Zuse"));
    let found = client.get("/?q=zUSE").await;
    assert!(!found.text().contains("Grace Hopper") && found.text().contains("Konrad Zuse"));
    assert!(
        client.get("/?q=%25").await.text().contains("Nobody found"),
        "a sign of LIKE is a letter like others"
    );
    let page = client.get(&format!("/messages/{}", message.id)).await;
    for text in ["Grace Hopper", "Saturday, 21 November 2026, 14:32 CET", "Stored safely", "Nobody answered"]
    {
        assert!(page.text().contains(text), "{text} is not in {}", page.text());
    }
    assert_eq!(bed.message(message.id).await.heard_at, None, "looking is not hearing");
    let done = client.post(&format!("/messages/{}/trash", message.id), &[("folder", "inbox")]).await;
    let back = done.header("location").to_owned();
    assert_eq!(back, format!("/?folder=inbox&done=trash&id={}", message.id));
    let undo = client.get(&back).await;
    assert!(undo.text().contains("Moved to the trash.") && undo.text().contains("/restore\""));
    assert!(client.get("/?folder=trash").await.text().contains("Grace Hopper"));
    client.post(&format!("/messages/{}/restore", message.id), &[]).await;
    assert_eq!(bed.message(message.id).await.folder, Folder::Inbox);
    for odd in ["/?folder=nonsense&after=nonsense", "/?done=trash&id=x", "/?after=%ff"] {
        assert!(matches!(client.get(odd).await.status, 200 | 400), "{odd}");
    }
}

#[tokio::test]
async fn a_message_is_filed_in_a_folder_and_taken_out_again() {
    let bed = WebBed::new().await;
    let (message, _) = bed.linked(2).await;
    bed.deposit(1, |message| message.caller = CallerId::new(Some("+4930555"), Some("Konrad Zuse"))).await;
    let client = bed.client(&bed.mailbox, Role::Basic).await;
    assert!(!client.get("/?folder=saved").await.text().contains("Saved under"), "nothing to choose yet");
    let done = client.post(&format!("/messages/{}/family", message.id), &[("folder", "inbox")]).await;
    let said = client.get(done.header("location")).await;
    assert!(said.text().contains("Filed under Family.") && said.text().contains("/untagged\""));
    let filed = bed.message(message.id).await;
    assert_eq!((filed.folder, filed.tag), (Folder::Saved, Some(Tag::Family)));
    let family = client.get("/?folder=saved&tag=family").await;
    assert!(family.text().contains("Saved under") && family.text().contains("Grace Hopper"));
    let work = client.get("/?folder=saved&tag=work").await;
    assert!(work.text().contains("Nothing is filed here.") && !work.text().contains("Grace Hopper"));
    let page = client.get(&format!("/messages/{}", message.id)).await;
    assert!(page.text().contains("Not under Family") && page.text().contains("Filed under Family"));
    client.post(&format!("/messages/{}/untagged", message.id), &[]).await;
    let taken = bed.message(message.id).await;
    assert_eq!((taken.folder, taken.tag), (Folder::Saved, None));
    let odd = client.post(&format!("/messages/{}/enemies", message.id), &[]).await;
    assert_eq!((odd.status, bed.message(message.id).await), (404, taken));
}

// 002-068, 002-070
#[tokio::test]
async fn a_greeting_is_uploaded_chosen_and_switched_off_and_the_page_says_why_it_plays() {
    let bed = WebBed::new().await;
    let client = bed.client(&bed.mailbox, Role::Basic).await;
    assert!(client.get("/greetings").await.text().contains("Built-in words with your number, 1001"));
    let done = client.upload(&client.csrf, "standard", "hello.wav", &tone()).await;
    assert!(done.status == 303 || done.text().contains("Your standard greeting is on."), "{}", done.text());
    let page = client.get("/greetings").await;
    assert!(
        page.text().contains("hello.wav") && page.text().contains("nothing more special fits"),
        "{}",
        page.text()
    );
    let greetings = bed.store.greetings(bed.mailbox.tenant, bed.mailbox.id).await.unwrap();
    let id = greetings[0].id;
    let audio = client.get(&format!("/greetings/{id}/audio.wav")).await;
    assert_eq!((audio.status, audio.header("content-type")), (200, "audio/wav"));
    let past = client.post(&format!("/greetings/{id}/until"), &[("until", "2020-01-01T00:00")]).await;
    assert_eq!(past.status, 422);
    assert_eq!(
        client.post(&format!("/greetings/{id}/until"), &[("until", "2027-01-01T00:00")]).await.status,
        303
    );
    assert_eq!(client.post(&format!("/greetings/{id}/off"), &[]).await.status, 303);
    assert!(client.get("/greetings").await.text().contains("Built-in words"));
    assert_eq!(client.post(&format!("/greetings/{id}/choose"), &[]).await.status, 303);
    assert!(bed.store.greetings(bed.mailbox.tenant, bed.mailbox.id).await.unwrap()[0].active);

    let stranger = bed.stranger().await;
    let other = bed.client(&stranger, Role::Operator).await;
    assert_eq!(other.get(&format!("/greetings/{id}/audio.wav")).await.status, 404);
    assert_eq!(other.post(&format!("/greetings/{id}/off"), &[]).await.status, 404);
}

#[tokio::test]
async fn an_upload_that_is_too_large_no_audio_or_not_ours_changes_nothing() {
    let bed = WebBed::new().await;
    let client = bed.client(&bed.mailbox, Role::Basic).await;
    let large = vec![0_u8; 21 * 1024 * 1024];
    let refused = client.upload(&client.csrf, "standard", "large.wav", &large).await;
    assert_eq!(refused.status, 413, "{}", refused.text());
    assert!(refused.text().contains("larger than 20 MB"));
    for (name, file) in [("lie.wav", &b"<html>not audio</html>"[..]), ("empty.wav", b"")] {
        let refused = client.upload(&client.csrf, "standard", name, file).await;
        assert_eq!(refused.status, 422, "{name}");
        assert!(refused.text().contains("role=\"alert\""), "{name}");
    }
    assert_eq!(client.upload("wrong", "standard", "hello.wav", &tone()).await.status, 403);
    assert_eq!(client.upload(&client.csrf, "nonsense", "hello.wav", &tone()).await.status, 422);
    assert!(bed.store.greetings(bed.mailbox.tenant, bed.mailbox.id).await.unwrap().is_empty());
}

// 002-014, 002-015, 002-019, 002-025, 002-073, 002-078
#[tokio::test]
async fn mail_zone_pin_and_phone_are_set_and_refusals_say_why() {
    let bed = WebBed::new().await;
    let mut mailbox = bed.mailbox.clone();
    let address: aftertone::domain::MailAddress = "ada@example.org".parse().unwrap();
    mailbox.recipients =
        vec![aftertone::domain::Recipient { address, mode: aftertone::domain::MailMode::Link }];
    bed.store.put_mailbox(&mailbox).await.unwrap();
    let client = bed.client(&bed.mailbox, Role::Basic).await;
    let saved = client
        .post(
            "/settings/mail",
            &[("mode", "attachment-trash"), ("attachment", "wav"), ("zone", "Asia/Tokyo")],
        )
        .await;
    assert_eq!(saved.status, 303, "{}", saved.text());
    let now = bed.store.mailbox(mailbox.tenant, mailbox.id).await.unwrap();
    assert_eq!(
        (now.recipients[0].mode.as_str(), now.zone.as_deref()),
        ("attachment-trash", Some("Asia/Tokyo"))
    );
    let wrong = client.post("/settings/mail", &[("mode", "link"), ("zone", "Mars/Olympus")]).await;
    assert!(wrong.status == 422 && wrong.text().contains("name an IANA zone"));
    for (pin, again, why) in [
        ("1234", "1234", "counts up or down"),
        ("482913", "482914", "not the same"),
        ("x", "x", "4 to 12 digits"),
    ] {
        let refused = client.post("/settings/pin", &[("pin", pin), ("again", again)]).await;
        assert!(refused.status == 422 && refused.text().contains(why), "{pin}: {}", refused.text());
    }
    assert_eq!(client.post("/settings/pin", &[("pin", "482913"), ("again", "482913")]).await.status, 303);
    assert_eq!(
        client.post("/settings/phone", &[("urgent_first", "1"), ("speed_percent", "150")]).await.status,
        303
    );
    let now = bed.store.mailbox(mailbox.tenant, mailbox.id).await.unwrap().phone;
    assert_eq!((now.newest_first, now.urgent_first, now.speed_percent), (false, true, 150));
    let everything = bed.everything().await;
    assert!(!everything.contains("482913"), "a PIN stands in the database");
}

#[tokio::test]
async fn hostile_names_do_not_break_out_of_any_page() {
    let bed = WebBed::new().await;
    let client = bed.client(&bed.mailbox, Role::TenantAdmin).await;
    for hostile in HOSTILE {
        bed.rename_owner(hostile, hostile).await;
        let message = bed
            .deposit(1, |message| {
                message.caller = CallerId::new(Some(hostile), Some(hostile));
                message.alias = Some((*hostile).to_owned());
            })
            .await;
        let query: String = url::form_urlencoded::byte_serialize(hostile.as_bytes()).collect();
        for path in
            ["/", "/settings", "/greetings", &format!("/messages/{}", message.id), &format!("/?q={query}")]
        {
            let page = client.get(path).await;
            assert_eq!(page.status, 200, "{path}");
            assert!(!page.text().contains(hostile), "{hostile} stands in {path} as it came");
        }
    }
}

#[tokio::test]
async fn a_page_that_stays_open_is_told_of_a_message() {
    use futures_util::StreamExt as _;
    use tower::ServiceExt as _;
    let bed = WebBed::new().await;
    let client = bed.client(&bed.mailbox, Role::Basic).await;
    assert_eq!(bed.get("/events").await.status, 401);
    let request = axum::http::Request::builder().uri("/events").header("cookie", &client.cookie);
    let answer = bed.router.clone().oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
    assert_eq!(answer.headers()["content-type"], "text/event-stream");
    let mut body = answer.into_body().into_data_stream();
    let first = body.next().await.unwrap().unwrap();
    assert!(String::from_utf8_lossy(&first).contains("\"new\":0"), "{first:?}");
    bed.deposit(1, |_| {}).await;
    let next = body.next().await.unwrap().unwrap();
    assert!(String::from_utf8_lossy(&next).contains("\"new\":1"), "{next:?}");
}
