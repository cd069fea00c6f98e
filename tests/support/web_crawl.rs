//! A crawler for every role: it opens every page that a link leads to and sends every form that stands in one, as it stands and
//! with hostile values. Nothing may break, nothing may be echoed as it came, and whoever is refused is told so in words.

#[path = "web_crawl/html.rs"]
pub(crate) mod html;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::Duration;

use aftertone::domain::{CallerId, Role};
use aftertone::service::access::Act;
use axum::body::Body;

use self::html::{Control, Form, forms, links};
use crate::web_bed::{Answer, WebBed};

/// Pages of one kind (the same path but for ids) that are opened.
const OF_A_KIND: usize = 2;
/// Pages that are opened by one role, and requests that it makes with forms; a page that makes ever new links ends here.
const MOST_PAGES: usize = 400;
const MOST_SENT: usize = 8000;
/// A role that takes longer has found something that is slow.
const LONGEST: Duration = Duration::from_secs(400);

/// What is sent as every text of a form. Each holds something that a page must not show as it came, or a value that reads
/// nowhere.
const HOSTILE: &[&str] = &[
    "",
    "<script>crawl()</script>",
    "\"><img src=crawl onerror=crawl()>",
    "=cmd('crawl')!A1",
    "\0crawl\0",
    "\u{1f468}\u{200d}\u{1f469}\u{202e}\u{feff}\u{1f600}",
    "01890a5d-ac96-774b-bcce-b302099a8057",
    "-1",
    "99999999999999999999",
    "../../etc/passwd%00\r\nSet-Cookie: crawl=1",
];
/// What a page must not hold.
const RAW: &[&str] = &["<script>crawl", "<img src=crawl"];

/// Forms that are not sent, and why. Each must be there: what is gone is taken off the list.
const LEFT_OUT: &[(&str, Role, &str)] = &[
    ("/sign-out", Role::Basic, "ends the session that the crawler walks with"),
    ("/settings/password", Role::Basic, "a few wrong passwords lock the account out"),
    ("/settings/sessions/{id}/end", Role::Basic, "may end the session that the crawler walks with"),
    ("/admin/second-factors", Role::TenantAdmin, "asks for a second factor before anything else is opened"),
];

struct Crawler<'b> {
    bed: &'b WebBed,
    role: Role,
    cookie: String,
    pages: BTreeMap<String, usize>,
    waiting: VecDeque<String>,
    forms: BTreeMap<String, Form>,
    left_out: BTreeSet<&'static str>,
    sent: usize,
}

/// A path without what is another one each time.
fn kind(path: &str) -> String {
    let (path, query) = path.split_once('?').unwrap_or((path, ""));
    let is_id = |part: &str| {
        uuid::Uuid::parse_str(part).is_ok()
            || part.bytes().any(|byte| byte.is_ascii_digit()) && !part.contains('.')
            || part.contains('%')
    };
    let parts: Vec<&str> = path.split('/').map(|part| if is_id(part) { "{id}" } else { part }).collect();
    let names: BTreeSet<&str> = query.split('&').filter_map(|pair| pair.split('=').next()).collect();
    let names: Vec<&str> = names.into_iter().filter(|name| !name.is_empty()).collect();
    let query = if names.is_empty() { String::new() } else { format!("?{}", names.join("&")) };
    parts.join("/") + &query
}

impl Crawler<'_> {
    /// What must hold of every answer.
    fn judge(&self, what: &str, answer: &Answer) {
        let role = self.role;
        let shown = || answer.text_or_empty().chars().take(3000).collect::<String>();
        assert!(answer.status < 500, "{role}: {what}: {} {}", answer.status, shown());
        for (name, value) in &answer.headers {
            let text = value.to_str().unwrap_or_default();
            assert!(!text.contains("crawl=1") && name != "crawl", "{role}: {what}: header {name}: {text}");
        }
        let kind = answer.header("content-type");
        if kind.starts_with("text/html") {
            for raw in RAW {
                assert!(
                    !answer.text().contains(raw),
                    "{role}: {what}: {raw} stands as it came: {}",
                    answer.text()
                );
            }
        }
        if kind.starts_with("text/csv") {
            let cells = answer.text().lines().flat_map(|line| line.split(['"', ',', ';', '\t']));
            for cell in cells {
                assert!(!cell.starts_with("=cmd"), "{role}: {what}: a cell computes: {}", answer.text());
            }
        }
        if answer.status >= 400 {
            assert!(kind.starts_with("text/html"), "{role}: {what}: {} {kind} {}", answer.status, shown());
            let words = html::words(answer.text());
            assert!(
                answer.text().contains("<h1") && words.split_whitespace().count() > 6,
                "{role}: {what}: {} without words: {words}",
                answer.status
            );
        }
    }

    async fn ask(&self, method: &str, path: &str, content: &str, body: Body) -> Answer {
        let mut headers = vec![("cookie", self.cookie.as_str())];
        if !content.is_empty() {
            headers.push(("content-type", content));
        }
        self.bed.send("192.0.2.1", method, path, &headers, body).await
    }

    fn note(&mut self, at: &str, page: &str) {
        for link in links(page) {
            let Some(path) = within(at, &link) else { continue };
            let kind = kind(&path);
            // What is heard or goes on for ever is no page.
            if [".wav", ".mp3", "/events"].iter().any(|end| kind.contains(end)) {
                continue;
            }
            let known = self.pages.entry(kind).or_default();
            if *known < OF_A_KIND {
                *known += 1;
                self.waiting.push_back(path);
            }
        }
        for mut form in forms(page) {
            let action = if form.action.is_empty() { at } else { &form.action };
            let Some(action) = within(at, action) else { panic!("a form of {at} leads elsewhere: {action}") };
            form.action = action;
            let word = |one: &Control| match (one.kind.as_str(), &one.value) {
                ("submit", Some(value)) => format!("{}={value}", one.name),
                _ => one.name.clone(),
            };
            let names: BTreeSet<String> = form.controls.iter().map(word).collect();
            let names: Vec<String> = names.into_iter().collect();
            let key = format!("{} {} {}", form.method, kind(&form.action), names.join(" "));
            self.forms.entry(key).or_insert(form);
        }
    }

    /// Opens every page that a link leads to.
    async fn walk(&mut self) {
        while let Some(path) = self.waiting.pop_front() {
            assert!(
                self.pages.values().sum::<usize>() <= MOST_PAGES,
                "pages without an end: {:?}",
                self.pages
            );
            let answer = self.ask("GET", &path, "", Body::empty()).await;
            self.judge(&format!("GET {path}"), &answer);
            let is_page = answer.header("content-type").starts_with("text/html");
            if is_page && answer.status == 200 {
                self.note(&path, answer.text());
            } else if answer.status == 303 {
                let to = within(&path, answer.header("location"));
                self.waiting.extend(to.filter(|to| self.pages.insert(kind(to), 1).is_none()));
            }
        }
    }

    /// Sends one form with these values; looks at what comes of it.
    async fn send(&mut self, form: &Form, what: &str, values: &[(String, String)]) {
        self.sent += 1;
        assert!(self.sent <= MOST_SENT, "{}: {what}: forms without an end", self.role);
        let said = format!("{what} of {} {}", form.method, form.action);
        let encoded = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(values).finish();
        let answer = if form.method == "GET" {
            let path = form.action.split('?').next().unwrap_or_default();
            self.ask("GET", &format!("{path}?{encoded}"), "", Body::empty()).await
        } else if form.is_upload {
            self.ask("POST", &form.action, "multipart/form-data; boundary=x", html::multipart(form, values))
                .await
        } else {
            self.ask("POST", &form.action, "application/x-www-form-urlencoded", encoded.into()).await
        };
        self.judge(&said, &answer);
        if let Some(to) = within(&form.action, answer.header("location")).filter(|_| answer.status == 303) {
            let shown = self.ask("GET", &to, "", Body::empty()).await;
            self.judge(&format!("{said}, then GET {to}"), &shown);
            assert!(
                !to.starts_with("/sign-in"),
                "{}: {said}: it ended the session: add it to LEFT_OUT",
                self.role
            );
        }
    }

    /// Sends every form that was found, as it stands and with hostile values.
    async fn send_all(&mut self) {
        let found: Vec<Form> = self.forms.values().cloned().collect();
        for form in &found {
            let kind = kind(&form.action);
            if let Some((path, ..)) = LEFT_OUT.iter().find(|(path, ..)| *path == kind) {
                self.left_out.insert(path);
                continue;
            }
            let long = "crawl ".repeat(1700);
            for value in HOSTILE.iter().copied().chain([long.as_str()]) {
                let what: String = value.chars().take(30).collect();
                self.send(form, &format!("{what:?}"), &form.with(value, false)).await;
            }
            // What can only be chosen as well.
            for value in ["", HOSTILE[1], HOSTILE[4], HOSTILE[6]] {
                self.send(form, &format!("choosing {value:?}"), &form.with(value, true)).await;
            }
            // One by one, so that no field is spared because another is refused before it.
            for (place, control) in form.controls.iter().enumerate() {
                for value in [HOSTILE[1], HOSTILE[4], HOSTILE[9], long.as_str()] {
                    let what: String = value.chars().take(30).collect();
                    let said = format!("{what:?} as {}", control.name);
                    if let Some(values) = form.with_one(place, value) {
                        self.send(form, &said, &values).await;
                    }
                }
            }
            self.send(form, "nothing", &form.only_token()).await;
            self.send(form, "the form as it stands", &form.defaults()).await;
            // The same at a place that is not there.
            let elsewhere = Form { action: nowhere(&form.action), ..form.clone() };
            if elsewhere.action != form.action {
                self.send(&elsewhere, "the form elsewhere", &form.defaults()).await;
            }
        }
    }
}

/// The path with ids that nothing has.
fn nowhere(path: &str) -> String {
    let part = |part: &str| {
        let is_id = uuid::Uuid::parse_str(part).is_ok();
        if is_id { "01890a5d-ac96-774b-bcce-b302099a8057".to_owned() } else { part.to_owned() }
    };
    path.split('/').map(part).collect::<Vec<_>>().join("/")
}

/// Where a link of a page leads, if that is one of ours.
fn within(at: &str, link: &str) -> Option<String> {
    let base = url::Url::parse("https://vm.example.org/").ok()?.join(at).ok()?;
    let to = base.join(link).ok().filter(|to| to.host_str() == base.host_str())?;
    let query = to.query().map_or_else(String::new, |query| format!("?{query}"));
    matches!(to.scheme(), "https").then(|| format!("{}{query}", to.path()))
}

/// Something of everything that pages show.
async fn furnish(bed: &WebBed) {
    bed.deposit(1, |_| {}).await;
    bed.deposit(1, |message| message.caller = CallerId::new(Some("1002"), Some("Grace Hopper"))).await;
    bed.colleague().await;
    let gone = aftertone::service::accounts::NewUser {
        extension: "1003".parse().unwrap(),
        first: "Gone".to_owned(),
        last: "Before".to_owned(),
        emails: Vec::new(),
        mode: None,
        pin: None,
    };
    let tenant = bed.mailbox.tenant;
    let changes = aftertone::service::accounts::Changes {
        emails: Some(vec!["ada@example.org".parse().unwrap()]),
        ..aftertone::service::accounts::Changes::default()
    };
    bed.services.accounts.set(tenant, &bed.mailbox.extension, changes).await.unwrap();
    bed.services.accounts.add_user(tenant, gone).await.unwrap();
    bed.services.accounts.remove(tenant, &"1003".parse().unwrap()).await.unwrap();
    bed.key(tenant, vec![Act::UsersRead]).await;
    bed.store.keep_numbers(tenant, &[("+4930100".to_owned(), String::new())]).await.unwrap();
    let operator = bed.client(&bed.mailbox, Role::Operator).await;
    for (path, fields) in [
        ("/admin/handsets", &[("name", "1002a"), ("owner", "1002"), ("model", "generic")][..]),
        (
            "/admin/webhooks",
            &[("name", "crm"), ("url", "https://hooks.example.org/"), ("event", "user.added")],
        ),
        ("/admin/numbers", &[("numbers", "+4930101\nsales")]),
    ] {
        let made = operator.post(path, fields).await;
        assert!(matches!(made.status, 200 | 303), "{path}: {}", made.text());
    }
    let file = "extension,first\n1004,Konrad\nx,<b>\n";
    let body = format!(
        "--x\r\nContent-Disposition: form-data; name=\"csrf\"\r\n\r\n{}\r\n--x\r\nContent-Disposition: form-data; name=\"file\"; filename=\"u.csv\"\r\n\r\n{file}\r\n--x--\r\n",
        operator.csrf()
    );
    let upload = operator.sent("/admin/imports", "multipart/form-data; boundary=x", Body::from(body)).await;
    assert_eq!(upload.status, 303, "{}", upload.text());
    let new = aftertone::service::greetings::NewGreeting {
        tenant,
        mailbox: bed.mailbox.id,
        kind: aftertone::domain::GreetingKind::Standard,
        name: None,
        label: "hello".to_owned(),
        file: crate::portal::tone().into(),
        from: None,
        until: None,
        is_aside: false,
    };
    bed.services.greetings.set(new).await.unwrap();
}

/// Walks, sends, and walks again: what was stored is shown on other pages as well.
async fn crawl(role: Role, least_pages: usize, least_forms: usize) {
    crawl_in(&WebBed::new().await, role, least_pages, least_forms).await;
}

async fn crawl_in(bed: &WebBed, role: Role, least_pages: usize, least_forms: usize) {
    let crawl = crawl_all(bed, role, least_pages, least_forms);
    tokio::time::timeout(LONGEST, crawl).await.unwrap_or_else(|_| panic!("{role}: it takes too long"));
}

async fn crawl_all(bed: &WebBed, role: Role, least_pages: usize, least_forms: usize) {
    furnish(bed).await;
    let cookie = bed.client(&bed.mailbox, role).await.cookie.clone();
    let mut crawler = Crawler {
        bed,
        role,
        cookie,
        pages: BTreeMap::new(),
        waiting: ["/", "/settings"].map(str::to_owned).into(),
        forms: BTreeMap::new(),
        left_out: BTreeSet::new(),
        sent: 0,
    };
    crawler.walk().await;
    let pages = crawler.pages.len();
    assert!(pages >= least_pages, "{role}: {pages} pages: {:?}", crawler.pages.keys());
    assert!(
        crawler.forms.len() >= least_forms,
        "{role}: {} forms: {:?}",
        crawler.forms.len(),
        crawler.forms.keys()
    );
    crawler.send_all().await;
    let is_missing =
        |(path, least, _): &&(&str, Role, &str)| role >= *least && !crawler.left_out.contains(path);
    let missing: Vec<_> = LEFT_OUT.iter().filter(is_missing).collect();
    assert!(missing.is_empty(), "{role}: take it off the list: {missing:?}");
    crawler.pages.clear();
    crawler.waiting = ["/", "/settings"].map(str::to_owned).into();
    crawler.walk().await;
    eprintln!("{role}: {pages} kinds of pages, {} forms, {} requests", crawler.forms.len(), crawler.sent);
}

#[tokio::test]
async fn a_basic_user_meets_no_page_or_form_that_breaks() {
    crawl(Role::Basic, 12, 15).await;
}

#[tokio::test]
async fn a_call_center_agent_meets_no_page_or_form_that_breaks() {
    crawl(Role::Agent, 12, 15).await;
}

#[tokio::test]
async fn a_supervisor_meets_no_page_or_form_that_breaks() {
    crawl(Role::Supervisor, 15, 15).await;
}

#[tokio::test]
async fn an_office_manager_meets_no_page_or_form_that_breaks() {
    crawl(Role::OfficeManager, 30, 40).await;
}

#[tokio::test]
async fn a_tenant_admin_meets_no_page_or_form_that_breaks() {
    crawl(Role::TenantAdmin, 35, 50).await;
}

#[tokio::test]
async fn an_operator_meets_no_page_or_form_that_breaks() {
    crawl(Role::Operator, 38, 55).await;
}

/// PostgreSQL refuses texts that SQLite keeps.
#[tokio::test]
async fn an_operator_meets_no_page_or_form_that_breaks_on_postgresql() {
    let Some(postgres) = crate::postgres::Postgres::shared() else { return };
    let bed = WebBed::on(&postgres.database().await, tempfile::tempdir().unwrap()).await;
    crawl_in(&bed, Role::Operator, 38, 55).await;
}
