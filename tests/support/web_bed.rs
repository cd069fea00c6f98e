//! A tenant with a mailbox, stored messages with audio, links to them, and the web side over it.

#[path = "home.rs"]
mod home;
#[path = "shapes.rs"]
mod shapes;

use std::net::SocketAddr;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use aftertone::audio::wav;
use aftertone::blob::objects::Objects;
use aftertone::blob::spool::Spool;
use aftertone::clock::ManualClock;
use aftertone::domain::{CallerId, Extension, MailAddress, Mailbox, Message, MessageId};
use aftertone::http::{Check, Parts, Services, Web, router};
use aftertone::service::accounts::{Accounts, MailboxDefaults, PinPolicy};
use aftertone::service::answering;
use aftertone::service::greetings::Greetings;
use aftertone::service::import::Imports;
use aftertone::service::links::Links;
use aftertone::service::live_calls::LiveCalls;
use aftertone::service::outbound::AllowedTargets;
use aftertone::service::prompts::PromptSet;
use aftertone::service::reception::{Reception, Rules};
use aftertone::service::trials::{Neighbour, Outside, Trying};
use aftertone::service::trunks::TrunkView;
use aftertone::service::webhooks::guard::Guard;
use aftertone::store::Store;
use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::http::{HeaderMap, Request};
use bytes::Bytes;
use sqlx::{AssertSqlSafe, Connection as _, Row as _};
use tokio_util::sync::CancellationToken;
use tower::ServiceExt as _;

pub(crate) struct WebBed {
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) store: Store,
    pub(crate) links: Links,
    pub(crate) objects: Objects,
    pub(crate) router: Router,
    pub(crate) services: Services,
    web: Web,
    /// What `/readyz` finds.
    pub(crate) healthy: Arc<AtomicBool>,
    /// How often the parts were asked.
    pub(crate) asked: Arc<AtomicUsize>,
    /// Whether a trunk takes calls of the server.
    pub(crate) calls_out: Arc<AtomicBool>,
    pub(crate) mailbox: Mailbox,
    folder: tempfile::TempDir,
    stop: CancellationToken,
}

/// What the server said.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    pub(crate) fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }

    pub(crate) fn text_or_empty(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap_or_default()
    }
}

impl WebBed {
    pub(crate) async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite://{}/facts.db", folder.path().display());
        Self::on(&url, folder).await
    }

    /// The same with its facts in this empty database.
    pub(crate) async fn on(url: &str, folder: tempfile::TempDir) -> Self {
        let clock = ManualClock::new("2026-11-21T13:32:10Z".parse().unwrap(), 7);
        let store = Store::open(url, clock.clone()).await.unwrap();
        let objects = Objects::open(&format!("file://{}/audio", folder.path().display())).unwrap();
        let fortnight = Duration::from_secs(14 * 24 * 3600);
        let links = Links::new(store.clone(), clock.clone(), "https://vm.example.org", fortnight);
        let mailbox = people(&store, &clock, "home", "Ada", "Lovelace").await;
        let (healthy, asked) = (Arc::new(AtomicBool::new(true)), Arc::new(AtomicUsize::new(0)));
        let calls_out = Arc::new(AtomicBool::new(true));
        let stop = CancellationToken::new();
        let spool = Spool::open(&folder.path().join("spool"), clock.clone()).unwrap();
        let targets = ["1000", "1002", "sip:queue@pbx.example.org"].map(str::to_owned);
        let targets = AllowedTargets::new(&targets, "pbx.example.org");
        let calls = LiveCalls::new(clock.clone());
        let services = Services::new(Parts {
            store: store.clone(),
            objects: objects.clone(),
            spool,
            clock: clock.clone(),
            accounts: Accounts::new(store.clone(), clock.clone(), MailboxDefaults::default())
                .with_calls(calls.clone()),
            greetings: Greetings::new(store.clone(), objects.clone(), clock.clone()),
            reception: Reception::new(store.clone(), Rules::default()),
            rules: answering::Rules::new(store.clone(), clock.clone(), vec![targets]),
            imports: Imports::new(
                store.clone(),
                clock.clone(),
                MailboxDefaults::default(),
                PinPolicy::usual(),
            ),
            calls,
            prompts: spoken(),
            outside: Arc::new(Ways { calls_out: calls_out.clone() }),
            guard: Guard::new(&["127.0.0.1".to_owned()]),
            phone_keys: Arc::new(|| aftertone::flow::keys::Profile::built_in("default").unwrap()),
            public_url: "https://vm.example.org".to_owned(),
            stop: stop.clone(),
        });
        let (bulk, until) = (services.bulk.clone(), stop.clone());
        tokio::spawn(async move { bulk.work(until).await });
        let web = Web {
            services: services.clone(),
            store: store.clone(),
            objects: objects.clone(),
            links: links.clone(),
            clock: clock.clone(),
            checks: {
                let (healthy, asked) = (healthy.clone(), asked.clone());
                Arc::new(move || {
                    asked.fetch_add(1, Ordering::Relaxed);
                    let ok = healthy.load(Ordering::Relaxed);
                    let detail = if ok { String::new() } else { "gone: start the database".to_owned() };
                    Box::pin(async move { vec![Check { name: "database", ok, detail }] })
                })
            },
            metrics: Arc::new(|| "aftertone_calls_total 1\n".to_owned()),
            trusted_proxies: vec!["10.0.0.0/8".parse().unwrap()],
        };
        let router = router(web.clone());
        Self {
            web,
            services,
            clock,
            store,
            links,
            objects,
            router,
            healthy,
            asked,
            calls_out,
            mailbox,
            folder,
            stop,
        }
    }

    /// Another tenant's mailbox beside the first.
    pub(crate) async fn stranger(&self) -> Mailbox {
        people(&self.store, &self.clock, "elsewhere", "Mallory", "Stranger").await
    }

    pub(crate) fn audio_folder(&self) -> std::path::PathBuf {
        self.folder.path().join("audio")
    }

    pub(crate) async fn rename_owner(&self, first: &str, last: &str) {
        let mut user = self.store.user(self.mailbox.tenant, self.mailbox.user.unwrap()).await.unwrap();
        (user.first, user.last) = (first.to_owned(), last.to_owned());
        self.store.put_user(&user).await.unwrap();
    }

    /// A stored message of so many seconds at 16 kHz, as `change` leaves it.
    pub(crate) async fn deposit(&self, seconds: u32, change: impl FnOnce(&mut Message)) -> Message {
        self.deposit_for(&self.mailbox, seconds, change).await
    }

    pub(crate) async fn deposit_for(
        &self,
        mailbox: &Mailbox,
        seconds: u32,
        change: impl FnOnce(&mut Message),
    ) -> Message {
        let audio = wav::write(&murmur(seconds * 16_000), 16_000).unwrap();
        let mut message = Message {
            caller: CallerId::new(Some("+44 20 5550123"), Some("Grace Hopper")),
            duration_ms: seconds * 1000,
            voiced_ms: seconds * 700,
            sample_rate: 16_000,
            bytes: audio.len() as u64,
            ..home::message(&self.clock, mailbox)
        };
        change(&mut message);
        self.objects.put(&message.object, audio.into()).await.unwrap();
        self.store.deposit(&message, &[]).await.unwrap();
        message
    }

    /// The path of a new link to the message: `/m/…`.
    pub(crate) async fn link(&self, message: &Message) -> String {
        let (_, url) = self.links.issue(message, &"ada@example.org".parse().unwrap()).await.unwrap();
        url.expose().strip_prefix("https://vm.example.org").unwrap().to_owned()
    }

    pub(crate) async fn linked(&self, seconds: u32) -> (Message, String) {
        let message = self.deposit(seconds, |_| {}).await;
        let link = self.link(&message).await;
        (message, link)
    }

    pub(crate) async fn message(&self, id: MessageId) -> Message {
        self.store.message_anywhere(id).await.unwrap()
    }

    /// The words of the message's ledger.
    pub(crate) async fn events(&self, message: &Message) -> Vec<String> {
        let ledger = self.store.ledger(message.tenant, message.id).await.unwrap();
        ledger.into_iter().map(|entry| entry.event).collect()
    }

    /// The same server as it is reached by another address.
    pub(crate) fn reached_at(&self, public_url: &str) -> Router {
        let mut services = self.services.clone();
        public_url.clone_into(&mut services.public_url);
        router(Web { services, ..self.web.clone() })
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.ask("GET", path, &[]).await
    }

    pub(crate) async fn post(&self, path: &str) -> Answer {
        self.ask("POST", path, &[]).await
    }

    pub(crate) async fn ask(&self, method: &str, path: &str, headers: &[(&str, &str)]) -> Answer {
        self.ask_from("192.0.2.1", method, path, headers).await
    }

    pub(crate) async fn ask_from(
        &self,
        source: &str,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
    ) -> Answer {
        self.send(source, method, path, headers, Body::empty()).await
    }

    pub(crate) async fn send(
        &self,
        source: &str,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: Body,
    ) -> Answer {
        let mut request = Request::builder().method(method).uri(path);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let peer = SocketAddr::new(source.parse().unwrap(), 4711);
        let request = request.extension(ConnectInfo(peer)).body(body).unwrap();
        let (parts, body) = self.router.clone().oneshot(request).await.unwrap().into_parts();
        let body = axum::body::to_bytes(body, usize::MAX).await.unwrap();
        let answer = Answer { status: parts.status.as_u16(), headers: parts.headers, body };
        if let Some(path) = path.strip_prefix("/api/v1") {
            shapes::hold(method, path, &answer);
        }
        answer
    }

    /// Listens on a free port of this machine until the bed is dropped.
    pub(crate) async fn serve(&self) -> SocketAddr {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (router, stop) = (self.router.clone(), self.stop.clone());
        tokio::spawn(aftertone::http::serve(listener, router, Vec::new(), stop));
        address
    }

    pub(crate) async fn facts(&self) -> sqlx::SqliteConnection {
        let options = sqlx::sqlite::SqliteConnectOptions::new().filename(self.folder.path().join("facts.db"));
        sqlx::SqliteConnection::connect_with(&options).await.unwrap()
    }

    /// From now on the database takes no job any more, and everything else as before.
    pub(crate) async fn refuse_jobs(&self) {
        let sql = "CREATE TRIGGER no_jobs BEFORE INSERT ON jobs BEGIN SELECT RAISE(ABORT, 'no jobs'); END";
        sqlx::raw_sql(sql).execute(&mut self.facts().await).await.unwrap();
    }

    /// From now on the database takes no line of the audit any more, and everything else as before.
    pub(crate) async fn refuse_audit(&self) {
        let sql = "CREATE TRIGGER no_audit BEFORE INSERT ON audit BEGIN SELECT RAISE(ABORT, 'no audit'); END";
        sqlx::raw_sql(sql).execute(&mut self.facts().await).await.unwrap();
    }

    /// Every row of every table and every stored object, as text.
    pub(crate) async fn everything(&self) -> String {
        let mut facts = self.facts().await;
        let tables = sqlx::query("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name");
        let mut all = String::new();
        for table in tables.fetch_all(&mut facts).await.unwrap() {
            let table: String = table.get(0);
            let columns = AssertSqlSafe(format!("SELECT name FROM pragma_table_info('{table}')"));
            let columns: Vec<String> = sqlx::query(columns)
                .fetch_all(&mut facts)
                .await
                .unwrap()
                .iter()
                .map(|row| format!("quote(\"{}\")", row.get::<String, _>(0)))
                .collect();
            let sql =
                format!("SELECT {} AS line FROM \"{table}\" ORDER BY line", columns.join(" || ' ' || "));
            for row in sqlx::query(AssertSqlSafe(sql)).fetch_all(&mut facts).await.unwrap() {
                all.push_str(&format!("{table}: {}\n", row.get::<String, _>(0)));
            }
        }
        facts.close().await.unwrap();
        objects(&self.folder.path().join("audio"), &mut all);
        all
    }
}

impl Drop for WebBed {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

fn objects(folder: &Path, all: &mut String) {
    let mut paths: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    for path in paths {
        if path.is_dir() {
            objects(&path, all);
        } else {
            let bytes = std::fs::read(&path).unwrap();
            let sum = bytes.iter().fold(0_u64, |sum, byte| sum.wrapping_mul(31).wrapping_add((*byte).into()));
            all.push_str(&format!("{}: {} bytes, {sum}\n", path.display(), bytes.len()));
        }
    }
}

/// The prompts of the program, read once.
fn spoken() -> Arc<PromptSet> {
    static PROMPTS: OnceLock<Arc<PromptSet>> = OnceLock::new();
    Arc::clone(PROMPTS.get_or_init(|| Arc::new(PromptSet::embedded().unwrap())))
}

/// Ways to the outside that lead nowhere: a phone system is heard, a stranger too, and the call is not answered.
#[derive(Debug)]
struct Ways {
    calls_out: Arc<AtomicBool>,
}

impl Outside for Ways {
    fn places(&self) -> Vec<String> {
        vec!["udp 192.0.2.20:5060".to_owned()]
    }

    fn neighbours(&self) -> Vec<Neighbour> {
        let at = "2026-11-21T13:30:00Z".parse().unwrap();
        let one = |ip: &str, said: Option<&str>| {
            let (ip, said) = (ip.parse().unwrap(), said.map(str::to_owned));
            Neighbour { ip, at, times: 1, said, refused: None }
        };
        vec![one("192.0.2.10", Some("OPTIONS")), one("192.0.2.66", None)]
    }

    fn calls_out(&self) -> bool {
        self.calls_out.load(Ordering::Relaxed)
    }

    fn call(&self, _: Extension, _: Option<String>) -> Trying {
        Box::pin(async { Err("the call was not answered (486): busy".to_owned()) })
    }

    fn trunks(&self) -> Arc<[TrunkView]> {
        let carrier = TrunkView {
            name: "carrier <b>".to_owned(),
            peers: vec!["192.0.2.10/32".parse().unwrap()],
            is_asked: true,
            transfer_targets: vec!["+49*".to_owned()],
            reachable_at: vec!["sip:192.0.2.10".to_owned()],
            ..TrunkView::default()
        };
        Arc::new([carrier, TrunkView::default()])
    }

    fn options(&self, uri: String) -> Trying {
        Box::pin(async move { Ok(format!("{uri} is there: it answered OPTIONS with 200.")) })
    }

    fn phone_at(&self, dialog: &str) -> Option<String> {
        Some(dialog.to_owned())
    }

    fn check_sync(&self, dialog: String) -> Trying {
        Box::pin(async move {
            if dialog.contains("gone") {
                Err(format!("{dialog}: it does not answer"))
            } else {
                Ok(format!("{dialog} confirmed"))
            }
        })
    }

    fn mail(&self, to: MailAddress) -> Trying {
        Box::pin(async move { Ok(format!("The mail server took it for {to}.")) })
    }
}

/// Something like syllables: bursts of a low voice with pauses.
fn murmur(samples: u32) -> Vec<i16> {
    let at = |n: u32| {
        let seconds = f64::from(n) / 16_000.0;
        let syllable = (seconds * 3.1).sin().max(0.0) * (0.55 + 0.45 * (seconds * 0.83 + 0.7).sin());
        let pause = if seconds % 5.3 > 4.5 { 0.02 } else { 1.0 };
        let voice = (seconds * 140.0 * std::f64::consts::TAU).sin()
            + 0.5 * (seconds * 420.0 * std::f64::consts::TAU).sin();
        (voice * syllable * pause * 9_000.0) as i16
    };
    (0..samples).map(at).collect()
}

async fn people(store: &Store, clock: &ManualClock, tenant: &str, first: &str, last: &str) -> Mailbox {
    let tenant = home::tenant(clock, tenant);
    let user = home::user(clock, tenant.id, first, last);
    let mailbox = home::mailbox(clock, &user, "1001");
    store.put_tenant(&tenant).await.unwrap();
    store.add_user(&user, &mailbox, None).await.unwrap();
    mailbox
}
