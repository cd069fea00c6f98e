//! Call me to record, for real: the server calls phones that answer, refuse, challenge, or ring in vain.

use std::net::{SocketAddr, UdpSocket};
use std::process::Command;
use std::time::Duration;

use aftertone::audio::Codec;
use aftertone::audio::resample::resample;
use aftertone::call::phone::{KEY_LENGTH, Report, Script, answer, parse_steps};
use aftertone::clock::SystemClock;
use aftertone::signal::{DigestAccount, Signal, SignalConfig, Transport, TrunkAccess};

use crate::ears::{find, sine, speech};
use crate::live::{Ran, Server, free_address, installed};

/// The phone system that calls of ours go to: says what a test wants.
pub(crate) struct Pbx {
    socket: UdpSocket,
}

impl Pbx {
    pub(crate) fn new() -> Self {
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        socket.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
        Self { socket }
    }

    /// The trunk that leads here; `more` goes into its `out`.
    pub(crate) fn trunk(&self, more: &str) -> String {
        trunk(self.socket.local_addr().unwrap(), more)
    }

    /// The next request that begins so, but for repetitions; and whoever sent it.
    pub(crate) fn expect(&self, method: &str) -> (String, SocketAddr) {
        let mut bytes = [0; 8192];
        loop {
            let received = self.socket.recv_from(&mut bytes);
            let (count, from) = received.unwrap_or_else(|error| panic!("no {method}: {error}"));
            let text = String::from_utf8_lossy(&bytes[..count]).into_owned();
            if text.starts_with(method) {
                return (text, from);
            }
        }
    }

    /// Whether nothing that begins so comes within this.
    pub(crate) fn is_quiet(&self, method: &str, wait: Duration) -> bool {
        self.socket.set_read_timeout(Some(wait)).unwrap();
        let mut bytes = [0; 8192];
        let mut quiet = true;
        while let Ok((count, _)) = self.socket.recv_from(&mut bytes) {
            quiet &= !bytes[..count].starts_with(method.as_bytes());
        }
        self.socket.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
        quiet
    }

    pub(crate) fn answer(&self, (request, from): &(String, SocketAddr), status: &str, more: &str) {
        let copied = ["Via:", "From:", "Call-ID:", "CSeq:"];
        let kept = request.lines().filter(|line| copied.iter().any(|name| line.starts_with(name)));
        let kept: String = kept.map(|line| format!("{line}\r\n")).collect();
        let to = request.lines().find(|line| line.starts_with("To:")).unwrap();
        let tag = if to.contains(";tag=") || status.starts_with("100") { "" } else { ";tag=pbx" };
        let text = format!("SIP/2.0 {status}\r\n{kept}{to}{tag}\r\n{more}Content-Length: 0\r\n\r\n");
        self.socket.send_to(text.as_bytes(), from).unwrap();
    }
}

fn trunk(at: SocketAddr, more: &str) -> String {
    let more = if more.is_empty() { String::new() } else { format!(", {more}") };
    let out = format!("out = {{ to = \"{at}\", targets = [\"1*\"]{more} }}");
    format!("[[sip.trunks]]\nname = \"pbx\"\npeers = [\"127.0.0.8\"]\n{out}\n")
}

fn call_me(server: &Server, more: &[&str]) -> Ran {
    server.run(&[&["greeting", "call-me", "--mailbox", "1001"], more].concat())
}

/// Runs the command while the phone system does this.
fn meanwhile(server: &Server, more: &[&str], work: impl FnOnce()) -> Ran {
    std::thread::scope(|scope| {
        let command = scope.spawn(|| call_me(server, more));
        work();
        command.join().unwrap()
    })
}

/// A phone that is called: asks for the account, rings, answers and plays its script.
struct Phone {
    runtime: tokio::runtime::Runtime,
    signal: Signal,
    calls: tokio::sync::mpsc::Receiver<aftertone::signal::IncomingCall>,
}

impl Phone {
    fn new() -> Self {
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        let digest = DigestAccount {
            realm: "pbx".to_owned(),
            user: "voice".to_owned(),
            password: "s3cret".to_owned().into(),
        };
        let config = SignalConfig {
            listen: vec![Transport::Udp("127.0.0.1:0".parse().unwrap())],
            advertise: None,
            peers: Vec::new(),
            trunks: vec![TrunkAccess {
                name: "voice".to_owned(),
                peers: vec!["127.0.0.0/8".parse().unwrap()],
                digest: Some(digest),
                ours: None,
            }],
            server: "phone".to_owned(),
            session_min: Duration::from_secs(90),
            session_expires: Duration::from_secs(1800),
        };
        let (signal, calls) = runtime.block_on(Signal::start(config, SystemClock::shared())).unwrap();
        Self { runtime, signal, calls }
    }

    fn at(&self) -> SocketAddr {
        match self.signal.local()[0] {
            Transport::Udp(at) | Transport::Tcp(at) => at,
        }
    }

    /// Takes one call.
    fn take(&mut self, keys: &str, speech: Vec<i16>) -> Report {
        let script = Script {
            target: String::new(),
            from: String::new(),
            from_name: None,
            headers: Vec::new(),
            codecs: vec![Codec::Pcmu],
            speech: Some((speech, 8_000)),
            in_band: false,
            steps: parse_steps(keys).unwrap(),
            limit: Duration::from_secs(90),
            key_length: KEY_LENGTH,
            account: None,
        };
        let clock = SystemClock::shared();
        self.runtime.block_on(async {
            let incoming = self.calls.recv().await.unwrap();
            answer(&clock, incoming, Duration::from_millis(300), script).await.unwrap()
        })
    }
}

const ACCOUNT: &str = "from = \"5000\", realm = \"pbx\", user = \"voice\", password = \"s3cret\"";

fn steps(out: &str) -> Vec<String> {
    let step = |line: &str| {
        serde_json::from_str::<serde_json::Value>(line).unwrap()["state"].as_str().unwrap().to_owned()
    };
    out.lines().map(step).collect()
}

#[test]
fn what_is_said_on_the_phone_becomes_the_greeting_and_the_old_one_stays_restorable() {
    let mut phone = Phone::new();
    let server = Server::start("", &trunk(phone.at(), ACCOUNT));
    server.user("1001", &[]);
    let old = server.wav("old.wav", &sine(500.0, 1.5, 16_000, 9000.0), 16_000);
    server.ok(&[
        "greeting",
        "set",
        "--mailbox",
        "1001",
        "--kind",
        "standard",
        "--file",
        old.to_str().unwrap(),
    ]);
    let said = speech(3.0, 8_000);
    let hears = |server: &Server| {
        let heard = server.call("1001", "w4", None, &[]);
        find(&resample(&heard.samples, heard.rate, 8_000), &said[..8_000]).1
    };
    assert!(hears(&server) < 0.7, "the old greeting is something else");

    let mut report = Report::default();
    let asked = meanwhile(&server, &["--json"], || {
        // `#` ends the recording, 1 listens, 2 keeps.
        report = phone.take("t,p,w0.3,#,w1,1,w5,2,w30", said.clone());
    });
    assert_eq!(asked.code, Some(0), "{asked:?}");
    assert_eq!(
        steps(&asked.out),
        ["calling", "ringing", "answered", "recording", "reviewing", "kept"],
        "{}",
        asked.out
    );
    assert!(report.answered && report.ended.contains("peer hung up"), "{}", report.ended);
    assert!(find(&report.heard, &said[..8_000]).1 > 0.8, "it was played back");
    assert!(hears(&server) > 0.8, "the next caller hears it");
    let listed = server.json(&["greeting", "list", "--mailbox", "1001"]);
    let on: Vec<bool> = listed.as_array().unwrap().iter().map(|row| row["on"] == true).collect();
    assert_eq!((on.len(), on.iter().filter(|on| **on).count()), (2, 1), "{listed}");
    let (_, metrics) = server.get("/metrics");
    assert!(metrics.contains("aftertone_calls_to_record_total{outcome=\"kept\"} 1"), "{metrics}");
    let log = server.log();
    assert!(log.contains("a phone is called to record a greeting") && !log.contains("s3cret"), "{log}");
}

#[test]
fn a_phone_that_discards_leaves_everything_as_it_was() {
    let mut phone = Phone::new();
    let server = Server::start("", &trunk(phone.at(), ACCOUNT));
    server.user("1001", &[]);
    let asked = meanwhile(&server, &["--kind", "name"], || {
        phone.take("t,p,w0.3,#,w1,7,w30", speech(2.0, 8_000));
    });
    assert_eq!(asked.code, Some(1), "{asked:?}");
    assert!(asked.err.contains("discarded by phone"), "{}", asked.err);
    assert!(server.json(&["greeting", "list", "--mailbox", "1001"]).as_array().unwrap().is_empty());
}

#[test]
fn sipp_as_a_phone_checks_our_account_and_presses_star_by_info() {
    if !installed("sipp", "sip-tester") {
        return;
    }
    let at = free_address();
    let server = Server::start("", &trunk(at, ACCOUNT));
    server.user("1001", &[]);
    let file = format!("{}/tests/sipp/called.xml", env!("CARGO_MANIFEST_DIR"));
    let messages = server.file("called.txt");
    let mut sipp = Command::new("sipp")
        .args(["-sf", &file, "-m", "1", "-i", "127.0.0.1", "-p", &at.port().to_string()])
        .args(["-nostdin", "-timeout", "60s", "-timeout_error", "-trace_msg", "-message_file"])
        .arg(&messages)
        .current_dir(server.data())
        .stdout(std::process::Stdio::null())
        .stderr(std::process::Stdio::null())
        .spawn()
        .unwrap();
    let asked = call_me(&server, &[]);
    let ended = sipp.wait().unwrap();
    let seen = std::fs::read_to_string(&messages).unwrap_or_default();
    assert!(ended.success(), "{asked:?}\n{seen}");
    assert!(asked.out.contains("it rings") && asked.out.contains("somebody answered"), "{asked:?}");
    assert!(asked.err.contains("discarded by phone"), "{asked:?}\n{seen}");
}

#[test]
fn every_refusal_is_told_in_plain_words_and_changes_nothing() {
    let pbx = Pbx::new();
    let server = Server::start("", &pbx.trunk(&format!("ring = \"2s\", {ACCOUNT}")));
    server.user("1001", &[]);
    for (status, words) in [
        ("486 Busy Here", "the phone is busy (SIP 486)"),
        ("603 Decline", "declined"),
        ("404 Not Found", "does not know this number"),
        ("403 Forbidden", "does not allow"),
        ("302 Moved Temporarily", "elsewhere"),
        ("503 Service Unavailable", "cannot be reached"),
        ("488 Not Acceptable Here", "no sound format"),
        ("480 Temporarily Unavailable", "nobody answered"),
    ] {
        let asked = meanwhile(&server, &[], || {
            let invite = pbx.expect("INVITE sip:1001@");
            pbx.answer(&invite, status, "Contact: <sip:0900@127.0.0.1:9>\r\n");
            pbx.expect("ACK ");
        });
        assert_eq!(asked.code, Some(1), "{status}: {asked:?}");
        assert!(asked.err.contains(words), "{status}: {}", asked.err);
    }

    // A foreign realm gets no proof; a wrong password is tried once.
    for (realm, proofs) in [("evil", 0), ("pbx", 1)] {
        let ask = format!("WWW-Authenticate: Digest realm=\"{realm}\", nonce=\"n\", qop=\"auth\"\r\n");
        let mut proven = 0;
        let asked = meanwhile(&server, &[], || {
            for _ in 0..=proofs {
                let invite = pbx.expect("INVITE ");
                proven += usize::from(invite.0.contains("\r\nAuthorization: Digest "));
                pbx.answer(&invite, "401 Unauthorized", &ask);
                pbx.expect("ACK ");
            }
        });
        assert!(asked.err.contains("does not accept our account"), "{asked:?}");
        assert_eq!(proven, proofs, "realm {realm}");
    }

    // Answered without any sound: acknowledged, and hung up.
    let asked = meanwhile(&server, &[], || {
        let invite = pbx.expect("INVITE ");
        pbx.answer(
            &invite,
            "200 OK",
            &format!("Contact: <sip:1001@{}>\r\n", pbx.socket.local_addr().unwrap()),
        );
        pbx.expect("ACK ");
        let bye = pbx.expect("BYE ");
        pbx.answer(&bye, "200 OK", "");
    });
    assert!(asked.err.contains("no sound format"), "{asked:?}");

    // Nobody answers.
    let asked = meanwhile(&server, &["--json"], || {
        let invite = pbx.expect("INVITE ");
        pbx.answer(&invite, "100 Trying", "");
        pbx.answer(&invite, "180 Ringing", "");
        let cancel = pbx.expect("CANCEL ");
        pbx.answer(&cancel, "200 OK", "");
        pbx.answer(&invite, "487 Request Terminated", "");
        pbx.expect("ACK ");
    });
    assert!(asked.err.contains("nobody answered"), "{asked:?}");
    assert_eq!(steps(&asked.out), ["calling", "ringing", "failed"]);
    assert!(asked.out.contains("\"reason\":\"no-answer\""), "{}", asked.out);
    assert!(server.json(&["greeting", "list", "--mailbox", "1001"]).as_array().unwrap().is_empty());
}

#[test]
fn nobody_is_called_who_is_not_listed_and_nothing_is_asked_for_a_mailbox_that_is_off() {
    let pbx = Pbx::new();
    let server = Server::start("", &pbx.trunk(""));
    server.user("1001", &[]);
    for (number, words, code) in [
        ("0900123", "may not be called", 1),
        ("+4915112345", "may not be called", 1),
        ("sip:1001@127.0.0.1:9", "is no number", 1),
        ("1001;x=y", "is no number", 1),
    ] {
        let asked = call_me(&server, &["--to", number]);
        assert_eq!(asked.code, Some(code), "{asked:?}");
        assert!(asked.err.contains(words), "{number}: {asked:?}");
    }
    let unknown = call_me(&server, &["--kind", "song"]);
    assert_eq!(unknown.code, Some(2), "{unknown:?}");
    server.ok(&["user", "set", "1001", "--enabled", "false"]);
    let off = call_me(&server, &[]);
    assert!(off.err.contains("switched off"), "{off:?}");
    assert!(pbx.is_quiet("INVITE", Duration::from_millis(300)), "no call went out");
    assert!(!server.log().contains("0900123"), "numbers are not in the log");

    let plain = Server::start("", "");
    plain.user("1001", &[]);
    let asked = call_me(&plain, &[]);
    assert!(asked.err.contains("no trunk takes calls of ours"), "{asked:?}");
}

#[test]
fn without_a_server_the_request_is_taken_back_and_nobody_is_called_later() {
    let pbx = Pbx::new();
    let mut server = Server::prepare("", &pbx.trunk(""));
    server.user("1001", &[]);
    let asked = call_me(&server, &[]);
    assert_eq!(asked.code, Some(1), "{asked:?}");
    assert!(asked.err.contains("no server took this up within 10 s"), "{asked:?}");
    server.serve();
    // A later request is served: the first one was not merely late.
    let asked = meanwhile(&server, &[], || {
        let invite = pbx.expect("INVITE ");
        pbx.answer(&invite, "486 Busy Here", "");
        pbx.expect("ACK ");
    });
    assert!(asked.err.contains("busy"), "{asked:?}");
    assert!(pbx.is_quiet("INVITE", Duration::from_millis(700)));
}

#[test]
fn ctrl_c_cancels_the_call_and_until_then_nobody_else_asks_for_one() {
    let pbx = Pbx::new();
    let server = Server::start("", &pbx.trunk(""));
    server.user("1001", &[]);
    let child = server.spawn(&["greeting", "call-me", "--mailbox", "1001"]);
    let invite = pbx.expect("INVITE ");
    pbx.answer(&invite, "180 Ringing", "");
    let second = call_me(&server, &[]);
    assert!(second.err.contains("under way already"), "one call at a time: {second:?}");
    assert!(Command::new("kill").args(["-s", "INT", &child.id().to_string()]).status().unwrap().success());
    let cancel = pbx.expect("CANCEL ");
    pbx.answer(&cancel, "200 OK", "");
    // The phone was picked up at this very moment.
    let sdp = format!("Contact: <sip:1001@{}>\r\n", pbx.socket.local_addr().unwrap());
    pbx.answer(&invite, "200 OK", &sdp);
    pbx.expect("ACK ");
    let bye = pbx.expect("BYE ");
    pbx.answer(&bye, "200 OK", "");
    let ended: Ran = child.wait_with_output().unwrap().into();
    assert_eq!(ended.code, Some(1), "{ended:?}");
    assert!(ended.err.contains("given up"), "{ended:?}");
}

#[test]
fn a_call_that_comes_back_to_us_is_no_call_to_anybody() {
    let pbx = Pbx::new();
    let server = Server::start("", &pbx.trunk("from = \"5000\""));
    server.user("1001", &[]);
    let asked = meanwhile(&server, &[], || {
        let invite = pbx.expect("INVITE ");
        // The phone forwards on no answer, to the voicemail: a new call from the same number.
        let forwarded =
            invite.0.replace("Call-ID: ", "Call-ID: back-").replace("branch=z9hG4bK", "branch=z9hG4bKback");
        let forwarded = forwarded.replacen(
            "Max-Forwards: 70\r\n",
            "Max-Forwards: 69\r\nDiversion: <sip:1001@pbx>;reason=no-answer\r\n",
            1,
        );
        let us = pbx.socket.local_addr().unwrap();
        let via = forwarded.lines().find(|line| line.starts_with("Via:")).unwrap().to_owned();
        let forwarded = forwarded.replace(&via, &format!("Via: SIP/2.0/UDP {us};branch=z9hG4bKback;rport"));
        pbx.socket.send_to(forwarded.as_bytes(), server.sip).unwrap();
        pbx.expect("SIP/2.0 482 ");
        pbx.answer(&invite, "482 Loop Detected", "");
    });
    assert!(asked.err.contains("came back to this voicemail"), "{asked:?}");
    assert!(server.messages("1001").is_empty(), "our own words are no message");
    let (_, metrics) = server.get("/metrics");
    assert!(metrics.contains("aftertone_calls_refused_total{why=\"loop\"} 1"), "{metrics}");
}

#[test]
fn a_phone_does_not_ring_on_for_a_command_that_was_killed() {
    let pbx = Pbx::new();
    let server = Server::start("", &pbx.trunk(""));
    server.user("1001", &[]);
    let mut child = server.spawn(&["greeting", "call-me", "--mailbox", "1001"]);
    let invite = pbx.expect("INVITE ");
    pbx.answer(&invite, "180 Ringing", "");
    child.kill().unwrap();
    child.wait().unwrap();
    let cancel = pbx.expect("CANCEL ");
    pbx.answer(&cancel, "200 OK", "");
    pbx.answer(&invite, "487 Request Terminated", "");
    server.until("it is written down why", |server| {
        server.log().contains("nobody follows a call any more: the phone stops ringing")
    });
}
