//! Pages and API answers of a large house: a mailbox of 10,000 messages, a tenant of 50,000 users, SQLite; 200 requests
//! a second on one core, begun when their time has come, whether the earlier ones are answered or not. Prints how long
//! the server took (p50, p99) and the CPU of a request.
//!
//! Not criterion: the distribution of single waits under a steady load is what counts.
#![expect(clippy::unwrap_used, reason = "a bench that cannot set itself up says so by failing")]

#[expect(dead_code, reason = "shared with the tests of the web side, which use the rest of it")]
#[path = "../tests/support/web_bed.rs"]
mod web_bed;

use std::net::SocketAddr;
use std::time::Duration;

use aftertone::domain::{Login, Mailbox, Purpose, Role};
use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::http::Request;
use sqlx::AssertSqlSafe;
use tower::ServiceExt as _;

use crate::web_bed::WebBed;

const PER_SECOND: u32 = 200;
const SECONDS: u32 = 10;
const PASSWORD: &str = "kettle-moon-oats";

/// What is asked for.
const PAGES: [(&str, &str); 12] = [
    ("inbox, newest", "/"),
    ("inbox, unheard", "/?folder=inbox&unheard=1"),
    ("inbox, search that finds", "/?q=caller+99"),
    ("inbox, search that finds nothing", "/?q=nobody"),
    ("users, first page", "/admin/users"),
    ("users, by name", "/admin/users?sort=name"),
    ("users, by address, last first", "/admin/users?sort=email-desc"),
    ("users, the new ones", "/admin/users?status=new"),
    ("users, search by extension", "/admin/users?q=37512"),
    ("users, search by name", "/admin/users?q=last+49"),
    ("API: messages", "/api/v1/mailboxes/me/messages?limit=50"),
    ("API: users", "/api/v1/users?limit=50"),
];

fn main() {
    let mut core = rustix::thread::CpuSet::new();
    core.set(0);
    // Threads that are made later inherit it: those of SQLite share the core.
    rustix::thread::sched_setaffinity(None, &core).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let bed = WebBed::new().await;
        furnish(&bed).await;
        let cookie = sign_in(&bed).await;
        println!("{:<34} {:>8} {:>8} {:>12} {:>10}", "", "p50 ms", "p99 ms", "CPU/request", "not 200");
        for (name, path) in PAGES {
            measure(&bed.router, name, path, &cookie).await;
        }
    });
}

/// The rows that make the house large; what they look like is the database's business alone.
async fn furnish(bed: &WebBed) {
    bed.deposit(1, |_| {}).await;
    let mailbox = &bed.mailbox;
    let copies = "
        WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 9999)
        INSERT INTO messages (id, tenant_id, mailbox_id, folder, heard_at, urgent, private, caller_number, caller_name,
            caller_anonymous, reason, received_at, duration_ms, voiced_ms, class, sample_rate, bytes, sha256, object)
        SELECT randomblob(16), tenant_id, mailbox_id, iif(i % 10 = 0, 'saved', folder), iif(i % 5 = 0, NULL, received_at),
            i % 20 = 0, 0, '+1202555' || i, 'Caller ' || i, 0, reason, received_at - i * 60000000, duration_ms, voiced_ms,
            class, sample_rate, bytes, sha256, object || i FROM messages, n";
    let users = format!(
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 49999)
         INSERT INTO users (id, tenant_id, first_name, last_name, emails, created_at)
         SELECT randomblob(16), tenant_id, 'First ' || i, 'Last ' || i, '[\"user' || i || '@example.org\"]', created_at + i
         FROM (SELECT tenant_id, created_at FROM users WHERE hex(id) = '{}'), n",
        mailbox.user.unwrap().uuid().simple().to_string().to_uppercase()
    );
    let mailboxes = format!(
        "INSERT INTO mailboxes (id, tenant_id, user_id, extension, enabled, settings, created_at)
         SELECT randomblob(16), u.tenant_id, u.id, CAST(20000 + u.created_at - (SELECT MIN(created_at) FROM users) AS TEXT),
            1, m.settings, u.created_at
         FROM users u, mailboxes m WHERE u.last_name LIKE 'Last %' AND hex(m.id) = '{}'",
        mailbox.id.uuid().simple().to_string().to_uppercase()
    );
    let mut facts = bed.facts().await;
    for sql in [copies.to_owned(), users, mailboxes, "ANALYZE".to_owned()] {
        sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut facts).await.unwrap();
    }
}

/// The cookie of the first mailbox's user, who may see everything.
async fn sign_in(bed: &WebBed) -> String {
    let mailbox: &Mailbox = &bed.mailbox;
    let user = bed.store.user(mailbox.tenant, mailbox.user.unwrap()).await.unwrap();
    let signin = &bed.services.signin;
    let login = signin.login(user.tenant, user.id).await.unwrap();
    signin.set_login(&login, &Login { role: Role::TenantAdmin, ..login.clone() }).await.unwrap();
    let (door, _) = signin.doors().issue(user.tenant, Some(user.id), Purpose::Invite).await.unwrap();
    let token = door.expose().rsplit('/').next().unwrap().to_owned();
    let from = "192.0.2.1".parse().unwrap();
    signin.choose_password(&token, PASSWORD.to_owned().into(), from, "").await.unwrap();
    let name = format!("{}@{}", mailbox.extension, bed.store.tenant(mailbox.tenant).await.unwrap().name);
    let page = bed.ask("GET", "/sign-in", &[]).await;
    let cookie = page.header("set-cookie").split(';').next().unwrap().to_owned();
    let csrf =
        page.text().split(r#"name="csrf" value=""#).nth(1).unwrap().split('"').next().unwrap().to_owned();
    let fields = [("csrf", csrf.as_str()), ("name", &name), ("password", PASSWORD)];
    let form = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
    let headers = [("content-type", "application/x-www-form-urlencoded"), ("cookie", &cookie)];
    let answer = bed.send("192.0.2.1", "POST", "/sign-in", &headers, Body::from(form)).await;
    assert_eq!(answer.status, 303, "{}", answer.text());
    answer.header("set-cookie").split(';').next().unwrap().to_owned()
}

async fn measure(router: &Router, name: &str, path: &'static str, cookie: &str) {
    for _ in 0..20 {
        ask(router.clone(), path, cookie.to_owned()).await;
    }
    let used = cpu();
    let mut ticks = tokio::time::interval(Duration::from_secs(1) / PER_SECOND);
    let mut asked = tokio::task::JoinSet::new();
    for _ in 0..PER_SECOND * SECONDS {
        let due = ticks.tick().await;
        let (router, cookie) = (router.clone(), cookie.to_owned());
        asked.spawn(async move {
            let is_answered = ask(router, path, cookie).await;
            (due.elapsed(), is_answered)
        });
    }
    let answers = asked.join_all().await;
    let refused = answers.iter().filter(|(_, is_answered)| !is_answered).count();
    let mut waits: Vec<Duration> = answers.into_iter().map(|(wait, _)| wait).collect();
    let each = (cpu() - used) / (PER_SECOND * SECONDS);
    waits.sort();
    let at = |share: usize| waits[waits.len() * share / 100].as_secs_f64() * 1e3;
    let (p50, p99, each) = (at(50), at(99), each.as_secs_f64() * 1e3);
    println!("{name:<34} {p50:>8.1} {p99:>8.1} {each:>9.2} ms {refused:>10}");
}

/// Whether the page came.
async fn ask(router: Router, path: &str, cookie: String) -> bool {
    let peer = SocketAddr::from(([192, 0, 2, 1], 4711));
    let request = Request::builder().uri(path).header("cookie", cookie).extension(ConnectInfo(peer));
    let answer = router.oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
    let is_answered = answer.status().as_u16() == 200;
    axum::body::to_bytes(answer.into_body(), usize::MAX).await.unwrap();
    is_answered
}

/// CPU time of this process.
fn cpu() -> Duration {
    let used = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    Duration::new(used.tv_sec.unsigned_abs(), u32::try_from(used.tv_nsec).unwrap())
}
