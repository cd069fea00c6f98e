//! Nothing private is logged above DEBUG and no secret at any level: two servers run whole calls under a subscriber that
//! keeps everything, with markers in every place where people and secrets appear.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::fmt::Write as _;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

use aftertone::app::Server;
use aftertone::app::config::Config;
use aftertone::audio::Codec;
use aftertone::blob::objects::Objects;
use aftertone::call::phone::{KEY_LENGTH, Report, Script, parse_steps, place};
use aftertone::clock::{SharedClock, SystemClock};
use aftertone::domain::{Extension, GreetingKind};
use aftertone::mail::{Mailer, Sender, Timeouts};
use aftertone::service::accounts::{Accounts, NewUser};
use aftertone::service::greetings::{Greetings, NewGreeting};
use aftertone::service::prompts::PromptSet;
use aftertone::signal::{Signal, SignalConfig, Transport};
use aftertone::speech::Phrase;
use aftertone::store::Store;
use secrecy::ExposeSecret as _;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tracing::field::{Field, Visit};
use tracing::{Event, Level, Subscriber, span};
use tracing_subscriber::layer::{Context, Layer, SubscriberExt as _};
use tracing_subscriber::util::SubscriberInitExt as _;

const EXTENSION: &str = "70417093";
const PIN: &str = "90817263";
/// Personal: in no line at INFO or above.
const PRIVATE: &[&str] = &[
    EXTENSION,
    "zqcaller7731",
    "Zqcallername",
    "Zqfirst",
    "Zqlast",
    "zqmail",
    "zqdomain",
    "zqunknown",
    "zqoperator",
    "zqalias",
    "zqgreeting",
    "zqsubject",
    "zqcontact",
    "zqmailfrom",
];
/// Secret: in no line at all.
const SECRET: &[&str] = &[PIN, "zqtrunkpass", "zqsmtppass", "zqdbpass", "zqproxypass"];

/// Every line of the log with its level.
#[derive(Debug, Default)]
struct Kept(Mutex<Vec<(Level, String)>>);

impl Kept {
    fn add(&self, level: Level, line: String) {
        self.0.lock().unwrap().push((level, line));
    }

    fn containing(&self, word: &str, least: Level) -> Vec<String> {
        let kept = self.0.lock().unwrap();
        let found = kept.iter().filter(|(level, line)| *level <= least && line.contains(word));
        found.map(|(level, line)| format!("{level} {line}")).collect()
    }
}

static KEPT: OnceLock<Arc<Kept>> = OnceLock::new();

struct Keeper(Arc<Kept>);

/// Fields as text.
struct Text(String);

impl Visit for Text {
    fn record_debug(&mut self, field: &Field, value: &dyn std::fmt::Debug) {
        let _ = write!(self.0, " {}={value:?}", field.name());
    }
    fn record_str(&mut self, field: &Field, value: &str) {
        let _ = write!(self.0, " {}={value}", field.name());
    }
}

impl<S: Subscriber> Layer<S> for Keeper {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        let mut text = Text(event.metadata().target().to_owned());
        event.record(&mut text);
        self.0.add(*event.metadata().level(), text.0);
    }
    fn on_new_span(&self, attributes: &span::Attributes<'_>, _: &span::Id, _: Context<'_, S>) {
        let mut text = Text(attributes.metadata().name().to_owned());
        attributes.record(&mut text);
        self.0.add(*attributes.metadata().level(), text.0);
    }
    fn on_record(&self, _: &span::Id, values: &span::Record<'_>, _: Context<'_, S>) {
        let mut text = Text("recorded".to_owned());
        values.record(&mut text);
        self.0.add(Level::INFO, text.0);
    }
}

fn kept() -> &'static Arc<Kept> {
    KEPT.get_or_init(|| {
        let kept = Arc::new(Kept::default());
        tracing_subscriber::registry().with(Keeper(Arc::clone(&kept))).init();
        kept
    })
}

fn configuration(folder: &Path, mail: &str) -> Config {
    let text = format!(
        r#"
[sip]
listen = ["udp://127.0.0.1:0", "tcp://127.0.0.1:0"]
transfer_targets = ["sip:zqoperator@127.0.0.1"]
[[sip.trunks]]
name = "carrier"
peers = ["127.0.0.99"]
realm = "carrier"
user = "zquser"
password = "zqtrunkpass"
[rtp]
address = "127.0.0.1"
ports = "33000-33999"
[http]
listen = "127.0.0.1:0"
[mail]
{mail}
from = "Zq <zqmailfrom@zqdomain.example>"
[voicemail]
silence = 1
min_speech = 0.3
operator = "sip:zqoperator@127.0.0.1"
"#
    );
    Config::parse(&text, folder).unwrap()
}

/// Two seconds of a prompt.
fn words(phrase: &'static str) -> Vec<i16> {
    let prompts = PromptSet::embedded().unwrap();
    let clips = prompts.say("en", &Phrase::new(phrase)).unwrap();
    clips.iter().flat_map(|clip| clip.pcm_at(8_000)).take(16_000).collect()
}

/// A server with one user whose every detail is a marker.
struct Bed {
    server: Server,
    config: Config,
    clock: SharedClock,
    folder: tempfile::TempDir,
}

impl Bed {
    async fn start(mail: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let config = configuration(folder.path(), mail);
        let clock = SystemClock::shared();
        let server = Server::start(&config, clock.clone(), Arc::new(String::new)).await.unwrap();
        let bed = Self { server, config, clock, folder };
        bed.add_user().await;
        bed
    }

    async fn add_user(&self) {
        let store =
            Store::open(self.config.database_url().expose_secret(), self.clock.clone()).await.unwrap();
        let tenant = store.default_tenant().await.unwrap().id;
        let accounts = Accounts::new(store.clone(), self.clock.clone(), self.config.voicemail.defaults());
        let new = |pin: &str| NewUser {
            extension: EXTENSION.parse().unwrap(),
            first: "Zqfirst".to_owned(),
            last: "Zqlast".to_owned(),
            emails: vec!["zqmail@zqdomain.example".parse().unwrap()],
            mode: Some("link".parse().unwrap()),
            pin: Some(pin.to_owned().into()),
        };
        let account = accounts.add_user(tenant, new(PIN)).await.unwrap();
        let again = accounts.add_user(tenant, new(PIN)).await.unwrap_err().to_string();
        assert!(!again.contains(PIN), "{again}");
        let extension: Extension = EXTENSION.parse().unwrap();
        accounts.add_number(tenant, &extension, "zqalias", Some("zqalias")).await.unwrap();
        let objects = Objects::open(&self.config.storage_url()).unwrap();
        let greetings = Greetings::new(store, objects, self.clock.clone());
        let sound = words("goodbye");
        let greeting = |kind, file: Vec<u8>| NewGreeting {
            tenant,
            mailbox: account.mailbox.id,
            kind,
            name: None,
            label: "zqgreeting.wav".to_owned(),
            file: file.into(),
            from: None,
            until: None,
            is_aside: false,
        };
        let wav = aftertone::audio::wav::write(&sound, 8_000).unwrap();
        greetings.set(greeting(GreetingKind::Standard, wav)).await.unwrap();
        greetings.set(greeting(GreetingKind::Busy, b"no sound".to_vec())).await.unwrap_err();
        assert!(!format!("{account:?}").contains(PIN));
    }

    fn sip(&self) -> SocketAddr {
        let udp = self.server.sip().into_iter().find_map(|transport| match transport {
            Transport::Udp(at) => Some(at),
            Transport::Tcp(_) => None,
        });
        udp.unwrap()
    }

    async fn call(&self, to: &str, steps: &str) -> Report {
        let any = SocketAddr::from(([127, 0, 0, 1], 0));
        let config = SignalConfig {
            listen: vec![Transport::Udp(any)],
            advertise: None,
            peers: vec!["127.0.0.1/32".parse().unwrap()],
            trunks: vec![],
            server: "phone".to_owned(),
            session_min: Duration::from_secs(90),
            session_expires: Duration::from_secs(1800),
        };
        let (signal, _calls) = Signal::start(config, self.clock.clone()).await.unwrap();
        let speech = words("demo-message");
        let script = Script {
            target: format!("sip:{to}@{}", self.sip()),
            from: "sip:zqcaller7731@127.0.0.1".to_owned(),
            from_name: Some("Zqcallername".to_owned()),
            headers: vec![
                ("Diversion".to_owned(), format!("<sip:{to}@127.0.0.1>;reason=no-answer")),
                ("Subject".to_owned(), "zqsubject".to_owned()),
                ("Proxy-Authorization".to_owned(), "Basic zqproxypass".to_owned()),
            ],
            codecs: vec![Codec::Pcmu],
            speech: Some((speech, 8_000)),
            steps: parse_steps(steps).unwrap(),
            limit: Duration::from_secs(30),
            in_band: false,
            key_length: KEY_LENGTH,
            account: None,
        };
        let report = place(&signal, &self.clock, [127, 0, 0, 1].into(), script).await.unwrap();
        signal.stop().await;
        report
    }

    /// Bytes that are no call, and calls that cannot be.
    async fn annoy(&self) {
        let socket = tokio::net::UdpSocket::bind("127.0.0.1:0").await.unwrap();
        let here = socket.local_addr().unwrap();
        for (number, body) in ["m=audio zqsubject RTP/AVP 0", "v=0\r\no=zqsubject 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 9 RTP/AVP 99\r\n"].iter().enumerate() {
            for method in ["INVITE", "REFER", "REGISTER", "SUBSCRIBE", "zqsubject"] {
                let request = format!(
                    "{method} sip:zqunknown@{to} SIP/2.0\r\nVia: SIP/2.0/UDP {here};branch=z9hG4bK{number}{method};rport\r\nMax-Forwards: 70\r\nFrom: \"Zqcallername\" <sip:zqcaller7731@x>;tag=1\r\nTo: <sip:zqunknown@x>\r\nCall-ID: zqcaller7731-{number}{method}\r\nCSeq: 1 {method}\r\nContact: <sip:zqcontact@{here}>\r\nRefer-To: <sip:zqoperator@x>\r\nContent-Type: application/sdp\r\nContent-Length: {}\r\n\r\n{body}",
                    body.len(),
                    to = self.sip(),
                );
                socket.send_to(request.as_bytes(), self.sip()).await.unwrap();
                socket.send_to(&request.as_bytes()[..request.len() / 2], self.sip()).await.unwrap();
            }
        }
    }

    async fn http(&self, request: String) -> String {
        let mut stream = TcpStream::connect(self.server.http()).await.unwrap();
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).await.unwrap();
        String::from_utf8_lossy(&answer).into_owned()
    }

    /// Token of the link in the mail.
    async fn token(&self) -> String {
        for _ in 0..600 {
            let files = std::fs::read_dir(self.folder.path().join("mail")).into_iter().flatten();
            for path in files.map(|entry| entry.unwrap().path()) {
                if path.extension().is_none_or(|ending| ending != "eml") {
                    continue;
                }
                let text = std::fs::read_to_string(path).unwrap().replace("=\r\n", "");
                if let Some((_, rest)) = text.split_once("/m/") {
                    return rest
                        .chars()
                        .take_while(|c| c.is_ascii_alphanumeric() || "-_".contains(*c))
                        .collect();
                }
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        panic!("no mail arrived");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn whole_calls_leave_nothing_private_in_the_log_and_no_secret_at_any_level() {
    let kept = kept();
    // What is looked for below is found where it is.
    tracing::info_span!("control", caller = "zqcontrol1")
        .in_scope(|| tracing::info!(name = %"zqcontrol2", "zqcontrol3"));
    for control in ["zqcontrol1", "zqcontrol2", "zqcontrol3"] {
        assert!(!kept.containing(control, Level::INFO).is_empty(), "{control} escaped");
    }
    let refused = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let nobody = refused.local_addr().unwrap();
    drop(refused);
    let failing = format!("url = \"smtp://zqsmtpuser:zqsmtppass@{nobody}\"");
    let (good, failing) = (Bed::start("").await, Bed::start(&failing).await);
    let leave = "t,p,w0.2,#,w0.5";
    let (left, waiting, passed, unknown) = tokio::join!(
        good.call(EXTENSION, leave),
        failing.call(EXTENSION, leave),
        good.call("zqalias", "w0.5,0,w1"),
        good.call("zqunknown", "w0.5"),
    );
    for report in [&left, &waiting, &passed, &unknown] {
        assert!(report.answered, "{report:?}");
    }
    good.annoy().await;
    let token = good.token().await;
    let host = "HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 0\r\n\r\n";
    let page = good.http(format!("GET /m/{token} {host}")).await;
    assert!(page.starts_with("HTTP/1.1 200") && page.contains("Zqcallername"), "{page}");
    let answers = tokio::join!(
        good.http(format!("GET /m/{token}/audio.wav {host}")),
        good.http(format!("POST /m/{token}/heard {host}")),
        good.http(format!("GET /m/{}X {host}", &token[1..])),
        good.http(format!("GET /m/{token}zqsubject {host}")),
    );
    assert!(answers.2.starts_with("HTTP/1.1 404"), "{}", answers.2);
    for _ in 0..150 {
        if !kept.containing("mail put off", Level::WARN).is_empty() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    tokio::join!(good.server.drain(), failing.server.drain());

    for seen in
        ["serving", "mailbox found", "call ended", "mail accepted", "mail put off", "a user was added"]
    {
        assert!(!kept.containing(seen, Level::INFO).is_empty(), "{seen:?} was never logged");
    }
    for secret in SECRET.iter().copied().chain([token.as_str()]) {
        let lines = kept.containing(secret, Level::TRACE);
        assert!(lines.is_empty(), "the secret {secret:?} is in the log: {lines:#?}");
    }
    for private in PRIVATE {
        let lines = kept.containing(private, Level::INFO);
        assert!(lines.is_empty(), "{private:?} is in the log: {lines:#?}");
    }
}

#[tokio::test]
async fn what_prints_itself_prints_no_secret() {
    let folder = tempfile::tempdir().unwrap();
    let config = configuration(folder.path(), "url = \"smtp://zqsmtpuser:zqsmtppass@127.0.0.1:25\"");
    let clock = SystemClock::shared();
    let sender = Sender::parse("a@example.org").unwrap();
    let mailer =
        Mailer::open(config.mail_url().expose_secret(), sender.clone(), Timeouts::default(), clock.clone());
    let texts = [
        format!("{config:?}"),
        format!("{mailer:?}"),
        format!("{:?}", Store::open("postgres://zquser:zqdbpass@127.0.0.1:1/x", clock.clone()).await.err()),
        format!(
            "{:?}",
            Store::open("postgres://zquser:zqdbpass@127.0.0.1:1/x", clock.clone())
                .await
                .err()
                .map(|e| e.to_string())
        ),
        format!(
            "{:?}",
            Store::open("nosuch://zquser:zqdbpass@x", clock.clone()).await.err().map(|e| e.to_string())
        ),
        format!(
            "{:?}",
            Mailer::open("nosuch://u:zqsmtppass@x", sender.clone(), Timeouts::default(), clock.clone())
                .map(|_| ())
        ),
        format!(
            "{:?}",
            Mailer::open("smtp://u:zqsmtppass@", sender, Timeouts::default(), clock)
                .map(|_| ())
                .map_err(|e| e.to_string())
        ),
    ];
    for text in &texts {
        for secret in SECRET {
            assert!(!text.contains(secret), "{text}");
        }
    }
}

#[test]
fn a_secret_of_the_wrong_kind_is_refused_without_being_repeated() {
    for text in [
        "[mail]\nurl = 9081726355",
        "[database]\nurl = [\"9081726355\"]",
        "[[sip.trunks]]\nname = \"a\"\npeers = []\nrealm = \"r\"\nuser = \"u\"\npassword = 9081726355",
        "[mail]\nurl = 9081726355.5",
    ] {
        let error = Config::parse(text, Path::new("x")).unwrap_err().to_string();
        assert!(!error.contains("9081726355"), "{error}");
        assert!(error.contains("needed") || error.contains("string"), "{error}");
    }
}
