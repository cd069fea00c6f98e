//! The SIP side as a peer sees it: hand-written messages over loopback sockets.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpStream, UdpSocket};
use tokio::time::timeout;

mod calling;

use super::*;
use crate::clock::SystemClock;

const OFFER: &str =
    "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 4000 RTP/AVP 0\r\n";
const ANSWER: &str =
    "v=0\r\no=- 2 2 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 5000 RTP/AVP 0\r\n";
const PATIENCE: Duration = Duration::from_secs(10);

fn config() -> SignalConfig {
    SignalConfig {
        listen: vec![
            Transport::Udp("127.0.0.1:0".parse().unwrap()),
            Transport::Tcp("127.0.0.1:0".parse().unwrap()),
        ],
        advertise: None,
        peers: vec!["127.0.0.0/8".parse().unwrap()],
        trunks: vec![],
        server: "Aftertone/test".into(),
        session_min: Duration::from_secs(90),
        session_expires: Duration::from_secs(1800),
    }
}

/// T1 of 20 ms: 64·T1 is 1.28 s.
fn fast() -> Timing {
    Timing {
        t1: Duration::from_millis(20),
        second: Duration::from_secs(1),
        message: Duration::from_millis(300),
    }
}

struct Server {
    signal: Signal,
    calls: mpsc::Receiver<IncomingCall>,
    udp: SocketAddr,
    tcp: SocketAddr,
}

impl Server {
    async fn with(config: SignalConfig, timing: Timing) -> Self {
        let (signal, calls) = Signal::start_paced(config, SystemClock::shared(), timing).await.unwrap();
        let udp =
            signal.local().iter().find_map(|t| if let Transport::Udp(at) = t { Some(*at) } else { None });
        let tcp =
            signal.local().iter().find_map(|t| if let Transport::Tcp(at) = t { Some(*at) } else { None });
        let none = "127.0.0.1:9".parse().unwrap();
        Self { signal, calls, udp: udp.unwrap_or(none), tcp: tcp.unwrap_or(none) }
    }

    async fn start() -> Self {
        Self::with(config(), fast()).await
    }

    async fn call(&mut self) -> IncomingCall {
        timeout(PATIENCE, self.calls.recv()).await.expect("a call comes").unwrap()
    }

    /// Waits until nothing is left of any call.
    async fn settles(&self) {
        let core = &self.signal.core;
        let empty = || {
            let stats = core.endpoint.get_stats();
            core.dialogs().is_empty()
                && core.invites.lock().unwrap().is_empty()
                && stats.running_transactions + stats.finished_transactions + stats.waiting_ack == 0
                && core.endpoint.waiting_ack.is_empty()
                && core.access.asking() == 0
        };
        let wait = async {
            while !empty() {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        timeout(PATIENCE, wait).await.expect("all tables become empty");
    }
}

async fn event(events: &mut mpsc::Receiver<DialogEvent>) -> DialogEvent {
    timeout(PATIENCE, events.recv()).await.expect("an event comes").expect("the channel is open")
}

/// A peer that says exactly what it is told.
struct Phone {
    socket: UdpSocket,
    server: SocketAddr,
    id: String,
    tag: String,
}

impl Phone {
    async fn to(server: SocketAddr) -> Self {
        let any = if server.is_ipv4() { "127.0.0.1:0" } else { "[::1]:0" };
        let socket = UdpSocket::bind(any).await.unwrap();
        static CALLS: std::sync::atomic::AtomicU32 = std::sync::atomic::AtomicU32::new(0);
        let id = format!("call-{}", CALLS.fetch_add(1, Ordering::Relaxed));
        Self { socket, server, id, tag: String::new() }
    }

    fn here(&self) -> SocketAddr {
        self.socket.local_addr().unwrap()
    }

    /// A request; `To` carries the tag learnt from the server.
    fn request(&self, method: &str, seq: u32, branch: &str, extra: &str, body: &str) -> String {
        let here = self.here();
        let (of, tag) = (method.replace("ACK2xx", "ACK"), &self.tag);
        let to = if tag.is_empty() { String::new() } else { format!(";tag={tag}") };
        format!(
            "{of} sip:1001@{} SIP/2.0\r\nVia: SIP/2.0/UDP {here};branch=z9hG4bK{branch};rport\r\nMax-Forwards: 70\r\n\
             From: \"Ada\" <sip:ada@{here}>;tag=f1\r\nTo: <sip:1001@{}>{to}\r\nCall-ID: {}\r\nCSeq: {seq} {of}\r\n\
             Contact: <sip:ada@{here}>\r\n{extra}Content-Length: {}\r\n\r\n{body}",
            self.server,
            self.server,
            self.id,
            body.len()
        )
    }

    fn invite(&self, branch: &str, extra: &str) -> String {
        self.request("INVITE", 1, branch, &format!("{extra}Content-Type: application/sdp\r\n"), OFFER)
    }

    async fn send(&self, text: &str) {
        self.socket.send_to(text.as_bytes(), self.server).await.unwrap();
    }

    async fn recv(&self) -> String {
        let mut buf = vec![0; 65_535];
        let (length, _) =
            timeout(PATIENCE, self.socket.recv_from(&mut buf)).await.expect("an answer comes").unwrap();
        String::from_utf8_lossy(&buf[..length]).into_owned()
    }

    /// The next message whose first line begins so; others are passed over.
    async fn expect(&self, start: &str) -> String {
        let wait = async {
            loop {
                let text = self.recv().await;
                if text.starts_with(start) {
                    return text;
                }
            }
        };
        timeout(PATIENCE, wait).await.unwrap_or_else(|_| panic!("no {start}"))
    }

    /// Nothing comes: what was sent before a probe that is answered got no answer itself.
    async fn silent_until(&self, probe: &str, answer: &str) {
        self.send(probe).await;
        let first = self.recv().await;
        assert!(first.starts_with(answer), "unexpected {first}");
    }

    /// A probe outside any dialog.
    fn options(&self, branch: &str) -> String {
        let text = self.request("OPTIONS", 1, branch, "", "");
        text.replace(&self.id, &format!("o-{branch}-{}", self.id))
            .replace(&format!(">;tag={}\r\nCall-ID", self.tag), ">\r\nCall-ID")
    }

    /// Sets a call up and returns its two ends.
    async fn talk(&mut self, server: &mut Server, extra: &str) -> (Dialog, mpsc::Receiver<DialogEvent>) {
        self.send(&self.invite("1", extra)).await;
        let IncomingCall { dialog, mut events, .. } = server.call().await;
        dialog.answer(ANSWER).await.unwrap();
        let ok = self.expect("SIP/2.0 200").await;
        self.tag = tag(&ok);
        self.send(&self.request("ACK", 1, "ack", "", "")).await;
        assert!(matches!(event(&mut events).await, DialogEvent::Confirmed { .. }));
        (dialog, events)
    }

    /// Answers a request of the server.
    async fn answer(&self, request: &str, status: &str, extra: &str, body: &str) {
        let kept: String = request
            .lines()
            .filter(|l| ["Via:", "From:", "To:", "Call-ID:", "CSeq:"].iter().any(|n| l.starts_with(n)))
            .map(|l| format!("{l}\r\n"))
            .collect();
        self.send(&format!("SIP/2.0 {status}\r\n{kept}{extra}Content-Length: {}\r\n\r\n{body}", body.len()))
            .await;
    }
}

fn line<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    text.lines().find_map(|l| l.strip_prefix(name)?.strip_prefix(": "))
}

fn tag(text: &str) -> String {
    line(text, "To").unwrap().split("tag=").nth(1).unwrap_or_default().to_owned()
}

#[tokio::test]
async fn a_call_is_answered_confirmed_and_ended_by_the_caller() {
    let mut server = Server::start().await;
    let mut phone = Phone::to(server.udp).await;
    phone.send(&phone.invite("1", "Record-Route: <sip:p1;lr>, <sip:p2;lr>\r\nX-Id: a\u{7f}b\r\nDiversion: <sip:1002@x>;reason=no-answer\r\n")).await;
    let trying = phone.recv().await;
    assert!(trying.starts_with("SIP/2.0 100 "), "{trying}");
    let mut call = server.call().await;
    assert_eq!(call.offer.as_deref(), Some(OFFER));
    assert_eq!((call.source, call.trunk.as_deref()), (phone.here(), None));
    assert_eq!(call.facts.from.name.as_deref(), Some("Ada"));
    assert_eq!(call.facts.diversion, ["<sip:1002@x>;reason=no-answer"]);
    assert!(call.facts.headers.contains(&("X-Id".into(), "a b".into())), "{:?}", call.facts.headers);
    assert_eq!(call.dialog.call_id(), phone.id);
    call.dialog.ringing().await.unwrap();
    let ringing = phone.expect("SIP/2.0 180 ").await;
    call.dialog.answer(ANSWER).await.unwrap();
    let ok = phone.expect("SIP/2.0 200 ").await;
    assert_eq!(tag(&ringing), tag(&ok));
    assert!(ok.ends_with(ANSWER) && ok.contains("Record-Route: <sip:p1;lr>, <sip:p2;lr>\r\n"), "{ok}");
    for header in ["Contact", "Allow", "Supported", "Server"] {
        assert!(line(&ok, header).is_some(), "{header} in {ok}");
    }
    assert!(line(&ok, "Via").unwrap().contains(&format!("rport={}", phone.here().port())), "{ok}");
    phone.tag = tag(&ok);
    phone.send(&phone.request("ACK", 1, "a", "", "")).await;
    assert!(matches!(event(&mut call.events).await, DialogEvent::Confirmed { answer: None }));
    phone.send(&phone.request("BYE", 2, "b", "", "")).await;
    assert!(phone.expect("SIP/2.0 200 ").await.contains("CSeq: 2 BYE"));
    assert!(matches!(event(&mut call.events).await, DialogEvent::Ended { code: None, .. }));
    server.settles().await;
}

#[tokio::test]
async fn without_an_offer_ours_goes_out_and_the_answer_comes_with_the_ack() {
    let mut server = Server::start().await;
    let mut phone = Phone::to(server.udp).await;
    phone.send(&phone.request("INVITE", 1, "1", "", "")).await;
    let mut call = server.call().await;
    assert_eq!(call.offer, None);
    call.dialog.answer(OFFER).await.unwrap();
    let ok = phone.expect("SIP/2.0 200 ").await;
    phone.tag = tag(&ok);
    phone.send(&phone.request("ACK", 1, "a", "Content-Type: application/sdp\r\n", ANSWER)).await;
    match event(&mut call.events).await {
        DialogEvent::Confirmed { answer } => assert_eq!(answer.as_deref(), Some(ANSWER)),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn an_early_cancel_gets_487_and_the_call_hears_of_it() {
    let mut server = Server::start().await;
    let phone = Phone::to(server.udp).await;
    phone.send(&phone.invite("1", "")).await;
    let mut call = server.call().await;
    phone.send(&phone.request("CANCEL", 1, "1", "", "")).await;
    let mut got = [phone.expect("SIP/2.0 ").await, String::new()];
    if got[0].starts_with("SIP/2.0 100") {
        got[0] = phone.recv().await;
    }
    got[1] = phone.recv().await;
    assert!(got.iter().any(|m| m.starts_with("SIP/2.0 200") && m.contains("1 CANCEL")), "{got:?}");
    assert!(got.iter().any(|m| m.starts_with("SIP/2.0 487") && m.contains("1 INVITE")), "{got:?}");
    assert!(matches!(event(&mut call.events).await, DialogEvent::Cancelled));
    phone.send(&phone.request("ACK", 1, "1", "", "")).await;
    assert!(call.dialog.answer(ANSWER).await.is_err(), "too late");
    server.settles().await;
}

#[tokio::test]
async fn a_cancel_of_nothing_gets_481() {
    let server = Server::start().await;
    let phone = Phone::to(server.udp).await;
    phone.send(&phone.request("CANCEL", 1, "1", "", "")).await;
    assert!(phone.recv().await.starts_with("SIP/2.0 481"));
}

#[tokio::test]
async fn a_repeated_invite_makes_one_call_and_a_merged_one_gets_482() {
    let mut server = Server::start().await;
    let phone = Phone::to(server.udp).await;
    phone.send(&phone.invite("1", "")).await;
    phone.send(&phone.invite("1", "")).await;
    phone.send(&phone.invite("other", "")).await;
    let call = server.call().await;
    phone.expect("SIP/2.0 482").await;
    assert!(server.calls.try_recv().is_err(), "one call only");
    call.dialog.reject(Refusal { code: 486, retry_after: None, warning: None }).await.unwrap();
    phone.expect("SIP/2.0 486").await;
    phone.send(&phone.request("ACK", 1, "1", "", "")).await;
    server.settles().await;
}

#[tokio::test]
async fn the_200_is_repeated_until_the_ack_and_without_one_the_call_ends_with_bye() {
    let mut server = Server::start().await;
    let phone = Phone::to(server.udp).await;
    phone.send(&phone.invite("1", "")).await;
    let mut call = server.call().await;
    call.dialog.answer(ANSWER).await.unwrap();
    for _ in 0..3 {
        phone.expect("SIP/2.0 200").await;
    }
    phone.expect("BYE sip:ada@").await;
    assert!(matches!(event(&mut call.events).await, DialogEvent::Ended { code: None, .. }));
    server.settles().await;
}

#[tokio::test]
async fn three_hundred_invites_that_are_never_acked_leave_nothing_behind() {
    let mut server = Server::start().await;
    let phone = Phone::to(server.udp).await;
    for n in 0..300 {
        let invite = phone.invite(&format!("n{n}"), "").replace(&phone.id, &format!("never-{n}"));
        phone.send(&invite).await;
        let call = server.call().await;
        call.dialog.answer(ANSWER).await.unwrap();
        if n % 2 == 0 {
            drop(call);
        } else {
            std::mem::forget(call.dialog);
        }
    }
    server.settles().await;
}

#[tokio::test]
async fn dropping_an_unanswered_call_sends_480_and_dropping_a_dialog_sends_bye() {
    let mut server = Server::start().await;
    let phone = Phone::to(server.udp).await;
    phone.send(&phone.invite("1", "")).await;
    drop(server.call().await);
    phone.expect("SIP/2.0 480").await;
    // A route to a port where nobody listens: nothing may come straight to the phone.
    let mut phone = Phone::to(server.udp).await;
    let (dialog, _events) = phone.talk(&mut server, "Record-Route: <sip:127.0.0.1:9;lr>\r\n").await;
    drop(dialog);
    phone.silent_until(&phone.options("o"), "SIP/2.0 200").await;
    let mut phone = Phone::to(server.udp).await;
    let (dialog, events) = phone.talk(&mut server, "").await;
    drop((dialog, events));
    let bye = phone.expect("BYE ").await;
    assert!(
        line(&bye, "To").unwrap().ends_with("tag=f1") && line(&bye, "From").unwrap().ends_with(&phone.tag),
        "{bye}"
    );
    phone.answer(&bye, "200 OK", "", "").await;
    server.settles().await;
}

#[tokio::test]
async fn two_hundred_calls_leave_every_table_empty() {
    let mut server = Server::start().await;
    for _ in 0..200 {
        let mut phone = Phone::to(server.udp).await;
        let (_dialog, mut events) = phone.talk(&mut server, "").await;
        phone.send(&phone.request("BYE", 2, "b", "", "")).await;
        phone.expect("SIP/2.0 200").await;
        assert!(matches!(event(&mut events).await, DialogEvent::Ended { .. }));
    }
    server.settles().await;
}

#[tokio::test]
async fn a_stranger_gets_no_answer_at_all_over_udp_or_tcp() {
    let mut server =
        Server::with(SignalConfig { peers: vec!["127.0.0.2/32".parse().unwrap()], ..config() }, fast()).await;
    let stranger = Phone::to(server.udp).await;
    for text in [stranger.options("1"), stranger.invite("2", ""), "OPTIONS x SIP/2.0\r\n\r\n".into()] {
        stranger.send(&text).await;
    }
    let friend = UdpSocket::bind("127.0.0.2:0").await.unwrap();
    friend.send_to(stranger.options("3").as_bytes(), server.udp).await.unwrap();
    let mut buf = [0; 4096];
    timeout(PATIENCE, friend.recv_from(&mut buf)).await.expect("the friend is answered").unwrap();
    assert!(stranger.socket.try_recv(&mut buf).is_err(), "the stranger is not");
    assert!(server.calls.try_recv().is_err());
    let mut tcp = TcpStream::connect(server.tcp).await.unwrap();
    // The connection may be gone before or while we write; either way nothing comes back.
    let _ = tcp.write_all(stranger.options("4").as_bytes()).await;
    let mut got = Vec::new();
    let _ = timeout(PATIENCE, tcp.read_to_end(&mut got)).await.expect("it is closed");
    assert!(got.is_empty());
}

fn trunk() -> TrunkAccess {
    let digest = DigestAccount { realm: "pbx".into(), user: "u".into(), password: "p".to_owned().into() };
    TrunkAccess { name: "west".into(), peers: vec!["127.0.0.1/32".parse().unwrap()], digest: Some(digest) }
}

fn proof(challenge: &str, uri: &str, password: &str) -> String {
    let values: Vec<&str> = challenge.lines().filter_map(|l| l.strip_prefix("WWW-Authenticate: ")).collect();
    assert_eq!(values.len(), 2, "{challenge}");
    let account =
        DigestAccount { realm: "pbx".into(), user: "u".into(), password: password.to_owned().into() };
    format!("Authorization: {}\r\n", digest::answer(&values, &account, "INVITE", uri, "c").unwrap())
}

#[tokio::test]
async fn a_trunk_with_an_account_must_prove_it_before_any_service() {
    let mut server = Server::with(SignalConfig { trunks: vec![trunk()], ..config() }, fast()).await;
    let phone = Phone::to(server.udp).await;
    for text in [
        phone.options("1"),
        phone.request("REGISTER", 1, "2", "", ""),
        phone.request("INVITE", 1, "3", "Require: x\r\n", ""),
    ] {
        phone.send(&text).await;
        assert!(phone.recv().await.starts_with("SIP/2.0 401 "), "nothing is revealed");
    }
    phone.send(&phone.invite("4", "")).await;
    let challenge = phone.recv().await;
    assert!(challenge.contains("algorithm=SHA-256") && challenge.contains("algorithm=MD5"), "{challenge}");
    let uri = format!("sip:1001@{}", server.udp);
    phone.send(&phone.invite("5", &proof(&challenge, &uri, "wrong"))).await;
    let again = phone.recv().await;
    assert!(again.starts_with("SIP/2.0 401 ") && !again.contains("stale=true"), "{again}");
    let right = proof(&challenge, &uri, "p");
    phone.send(&phone.invite("6", &right).replace("CSeq: 1 ", "CSeq: 2 ")).await;
    let call = server.call().await;
    assert_eq!(call.trunk.as_deref(), Some("west"));
    assert!(!call.facts.headers.iter().any(|(n, _)| n == "Authorization"), "the proof stays here");
    let replay = phone.invite("7", &right).replace("CSeq: 1 ", "CSeq: 3 ");
    phone.send(&replay).await;
    assert!(phone.expect("SIP/2.0 401 ").await.contains("stale=true"), "a replay is refused");
}

#[tokio::test]
async fn options_tells_what_we_can_and_says_503_while_draining() {
    let mut server = Server::start().await;
    let phone = Phone::to(server.udp).await;
    phone.send(&phone.options("1")).await;
    let ok = phone.expect("SIP/2.0 200").await;
    for (header, part) in [
        ("Allow", "INVITE"),
        ("Accept", "application/sdp"),
        ("Supported", "timer"),
        ("Server", "Aftertone/test"),
    ] {
        assert!(line(&ok, header).unwrap().contains(part), "{ok}");
    }
    server.signal.drain();
    phone.send(&phone.options("2")).await;
    phone.expect("SIP/2.0 503").await;
    phone.send(&phone.invite("3", "")).await;
    assert!(line(&phone.expect("SIP/2.0 503").await, "Retry-After").is_some());
    assert!(server.calls.try_recv().is_err());
    server.settles().await;
}

#[tokio::test]
async fn when_too_many_calls_wait_the_next_gets_503_and_no_state() {
    let server = Server::start().await;
    let phone = Phone::to(server.udp).await;
    for n in 0..=core::MAX_WAITING {
        phone.send(&phone.invite(&format!("q{n}"), "").replace(&phone.id, &format!("queue-{n}"))).await;
        let first = phone.recv().await;
        if n == core::MAX_WAITING {
            assert!(first.starts_with("SIP/2.0 503") && line(&first, "Retry-After").is_some(), "{first}");
        } else {
            assert!(first.starts_with("SIP/2.0 100"), "{first}");
        }
    }
    assert_eq!(server.signal.core.dialogs().len(), core::MAX_WAITING);
}

#[tokio::test]
async fn each_fault_gets_the_answer_that_the_rfc_asks_for() {
    let mut server = Server::start().await;
    let phone = Phone::to(server.udp).await;
    let invite = |n: &str| phone.invite(n, "").replace(&phone.id, &format!("fault-{n}"));
    let cases: Vec<(String, &str)> = vec![
        (invite("a").replace("INVITE sip:1001", "INVITE unknown:1001"), "416"),
        (invite("b").replace(" SIP/2.0\r\nVia", " SIP/3.0\r\nVia"), "505"),
        (invite("c").replace("INVITE", "FROBNICATE"), "501"),
        (invite("d").replace("INVITE", "invite"), "501"),
        (invite("e").replace("INVITE", "MESSAGE"), "405"),
        (invite("f").replace("INVITE", "REGISTER"), "405"),
        (invite("g").replace("INVITE", "BYE"), "481"),
        (invite("h").replace("Max-Forwards: 70", "Max-Forwards: 0"), "483"),
        (invite("i").replace("Max-Forwards: 70", "Max-Forwards: 300"), "400"),
        (invite("j").replace("application/sdp", "application/isup"), "415"),
        (invite("jm").replace("application/sdp", "multipart/mixed;boundary=gone"), "400"),
        (invite("k").replace("Contact:", "Accept: text/plain\r\nContact:"), "406"),
        (invite("l").replace("Contact:", "Require: 100rel, nonsense\r\nContact:"), "420"),
        (invite("m").replace("Contact:", "X-Contact:"), "400"),
        (invite("n").replace("CSeq: 1 INVITE", "CSeq: 1 OPTIONS"), "400"),
        (invite("o").replace("CSeq: 1 INVITE", "CSeq: 99999999999 INVITE"), "400"),
        (invite("p").replace("Content-Length: ", "Content-Length: 9"), "400"),
        (invite("q").replace("Content-Length: ", "Content-Length: -"), "400"),
        (invite("r").replace("From: \"Ada\"", "From: \"Ada"), "400"),
        (invite("s").replace("To: ", "To: <sip:x@y>\r\nTo: "), "400"),
        (invite("t").replace("sip:1001@", "sip:1001@ "), "400"),
        (invite("u").replace(" SIP/2.0\r\nVia", "?Route=%3Csip:x%3E SIP/2.0\r\nVia"), "400"),
        (invite("v").replace(";tag=f1", ""), "400"),
        (invite("v1").replace("sip:1001@", "sip:10\u{7}01@"), "400"),
        (invite("v2").replace("Contact:", "Bad Name: x\r\nContact:"), "400"),
        (invite("w").replace("To: <sip:1001", "X-To: <sip:1001"), "400"),
        (invite("x").replace("Content-Type: application/sdp\r\n", ""), "400"),
        (invite("y").replace("Contact:", "Session-Expires: 60\r\nSupported: timer\r\nContact:"), "422"),
    ];
    for (text, code) in cases {
        phone.send(&text).await;
        let answer = phone.recv().await;
        assert!(answer.starts_with(&format!("SIP/2.0 {code} ")), "{code} for\n{text}\nbut\n{answer}");
        assert!(line(&answer, "Server").is_some() && line(&answer, "Via").is_some(), "{answer}");
        match code {
            "405" | "501" => assert!(line(&answer, "Allow").is_some(), "{answer}"),
            "420" => assert_eq!(line(&answer, "Unsupported"), Some("nonsense")),
            "415" | "406" => assert_eq!(line(&answer, "Accept"), Some("application/sdp, multipart/mixed")),
            "422" => assert_eq!(line(&answer, "Min-SE"), Some("90")),
            _ => {}
        }
    }
    assert!(server.calls.try_recv().is_err(), "none of them is a call");
    server.settles().await;
}

#[tokio::test]
async fn what_is_odd_but_sound_is_served() {
    let mut server = Server::start().await;
    let phone = Phone::to(server.udp).await;
    let here = phone.here();
    // No Content-Length, compact forms, folding, white space, text that is not UTF-8, a semicolon in the user part.
    let mut odd = format!(
        "\r\n\r\nINVITE sip:1001;x=y@{} SIP/2.0\r\nv:  SIP / 2.0 /UDP\r\n  {here} ; branch = z9hG4bKodd\r\nf: \"A\\\\\\\"B <x>\"\r\n <sip:a;b=c@d>\r\n  ;\r\n tag = t1\r\n\
         t : <sip:1001@x>\r\ni: odd-1\r\ncseq: 0009\r\n INVITE\r\nm: <sip:a@{here}>\r\nc: application/sdp\r\nX-Text: caf",
        server.udp
    )
    .into_bytes();
    odd.extend_from_slice(b"\xe9\x00\r\n\r\n");
    odd.extend_from_slice(OFFER.as_bytes());
    phone.socket.send_to(&odd, server.udp).await.unwrap();
    let call = server.call().await;
    assert_eq!(call.offer.as_deref(), Some(OFFER));
    assert_eq!(call.facts.request_uri, format!("sip:1001;x=y@{}", server.udp));
    assert_eq!(call.facts.from.uri, "sip:a;b=c@d");
    assert_eq!(call.facts.from.name.as_deref(), Some("A\\\"B <x>"));
    assert!(
        call.facts.headers.contains(&("X-Text".into(), "caf\u{fffd} ".trim().into()))
            || call.facts.headers.iter().any(|(n, v)| n == "X-Text" && v.starts_with("caf\u{fffd}"))
    );
    call.dialog.answer(ANSWER).await.unwrap();
    let ok = phone.expect("SIP/2.0 200").await;
    let ack = format!(
        "ACK sip:1001@{} SIP/2.0\r\nVia: SIP/2.0/UDP {here};branch=z9hG4bKodd2\r\nFrom: <sip:a;b=c@d>;tag=t1\r\nTo: {}\r\nCall-ID: odd-1\r\nCSeq: 9 ACK\r\n\r\n",
        server.udp,
        line(&ok, "To").unwrap()
    );
    let mut events = call.events;
    phone.send(&ack).await;
    assert!(matches!(event(&mut events).await, DialogEvent::Confirmed { .. }));
}

#[tokio::test]
async fn garbage_and_broken_acks_get_no_answer() {
    let server = Server::start().await;
    let phone = Phone::to(server.udp).await;
    for junk in [
        "",
        "\r\n\r\n",
        "hello",
        "SIP/2.0 200 OK\r\n\r\n",
        "ACK x SIP/2.0\r\n\r\n",
        "OPTIONS sip:a@b SIP/2.0\r\n\r\n",
    ] {
        phone.send(junk).await;
    }
    phone.send(&phone.request("ACK", 1, "x", "", "").replace("CSeq: 1 ACK", "CSeq: z")).await;
    phone.send(&phone.request("ACK", 1, "x", "", "")).await;
    phone.silent_until(&phone.options("o"), "SIP/2.0 200").await;
}

#[tokio::test]
async fn a_reinvite_becomes_an_offer_and_the_answer_goes_back() {
    let mut server = Server::start().await;
    let mut phone = Phone::to(server.udp).await;
    let (_dialog, mut events) = phone.talk(&mut server, "").await;
    let hold = OFFER.replace("m=audio", "a=sendonly\r\nm=audio");
    phone.send(&phone.request("INVITE", 2, "r", "Content-Type: application/sdp\r\n", &hold)).await;
    let DialogEvent::Offer { offer, reply } = event(&mut events).await else { panic!("an offer") };
    assert_eq!(offer, Some(hold));
    phone.send(&phone.request("INVITE", 3, "r2", "Content-Type: application/sdp\r\n", OFFER)).await;
    phone.expect("SIP/2.0 491").await;
    reply.send(Ok("v=0\r\nnew".into())).unwrap();
    assert!(phone.expect("SIP/2.0 200").await.ends_with("\r\nv=0\r\nnew"));
    phone.send(&phone.request("ACK", 2, "r3", "", "")).await;

    phone.send(&phone.request("UPDATE", 4, "u", "Content-Type: application/sdp\r\n", OFFER)).await;
    let DialogEvent::Offer { reply, .. } = event(&mut events).await else { panic!("an offer") };
    reply.send(Err(Refusal { code: 488, retry_after: None, warning: Some("no codec".into()) })).unwrap();
    let refused = phone.expect("SIP/2.0 488").await;
    assert!(line(&refused, "Warning").unwrap().ends_with("\"no codec\""), "{refused}");

    phone.send(&phone.request("INVITE", 5, "n", "", "")).await;
    let DialogEvent::Offer { offer: None, reply } = event(&mut events).await else { panic!("ours to offer") };
    reply.send(Ok(OFFER.into())).unwrap();
    phone.expect("SIP/2.0 200").await;
    phone.send(&phone.request("ACK", 5, "n2", "Content-Type: application/sdp\r\n", ANSWER)).await;
    assert!(matches!(event(&mut events).await, DialogEvent::Confirmed { answer: Some(a) } if a == ANSWER));

    phone.send(&phone.request("INVITE", 6, "t", "Content-Type: application/sdp\r\n", OFFER)).await;
    let DialogEvent::Offer { reply: unanswered, .. } = event(&mut events).await else { panic!("an offer") };
    phone.expect("SIP/2.0 500").await;
    drop(unanswered);
    phone.send(&phone.request("ACK", 6, "t", "", "")).await;
    phone.send(&phone.request("BYE", 7, "b", "", "")).await;
    phone.expect("SIP/2.0 200").await;
    server.settles().await;
}

#[tokio::test]
async fn a_request_out_of_order_gets_500_and_one_of_an_unknown_dialog_481() {
    let mut server = Server::start().await;
    let mut phone = Phone::to(server.udp).await;
    let (_dialog, _events) = phone.talk(&mut server, "").await;
    phone.send(&phone.request("INFO", 9, "i", "", "")).await;
    phone.expect("SIP/2.0 200").await;
    phone.send(&phone.request("INFO", 8, "i2", "", "")).await;
    phone.expect("SIP/2.0 500").await;
    for forged in [("tag=f1", "tag=f2"), ("Call-ID: call", "Call-ID: fall"), ("tag=", "tag=0")] {
        phone
            .send(
                &phone
                    .request("BYE", 10, &format!("b{}", forged.1.len()), "", "")
                    .replace(forged.0, forged.1),
            )
            .await;
        phone.expect("SIP/2.0 481").await;
    }
    phone.send(&phone.request("FOO", 10, "f", "", "")).await;
    phone.expect("SIP/2.0 501").await;
    phone.send(&phone.request("REFER", 11, "g", "", "")).await;
    phone.expect("SIP/2.0 405").await;
    phone.send(&phone.request("OPTIONS", 12, "h", "", "")).await;
    assert_eq!(tag(&phone.expect("SIP/2.0 200").await), phone.tag);
}

#[tokio::test]
async fn an_offer_beside_isup_is_taken_and_two_offers_are_refused() {
    let mut server = Server::start().await;
    let mut phone = Phone::to(server.udp).await;
    let kind = "Content-Type: multipart/mixed;boundary=\"next-part\"\r\nMIME-Version: 1.0\r\n";
    let isup = "--next-part\r\nContent-Type: application/ISUP;version=itu-t92+\r\nContent-Disposition: signal;handling=optional\r\n\r\n\u{1}\u{0}\r\n";
    let sdp = format!("--next-part\r\nContent-Type: application/sdp\r\n\r\n{OFFER}\r\n");
    let twice = format!("{sdp}{sdp}--next-part--\r\n");
    phone.send(&phone.request("INVITE", 1, "two", kind, &twice)).await;
    assert!(phone.expect("SIP/2.0 4").await.starts_with("SIP/2.0 400"));
    let text = phone.request("INVITE", 1, "isup", kind, &format!("{isup}{sdp}--next-part--\r\n"));
    phone.send(&text.replace(&phone.id, "isup-call")).await;
    phone.id = "isup-call".to_owned();
    let call = server.call().await;
    assert_eq!(call.offer.as_deref().map(str::trim_end), Some(OFFER.trim_end()));
    call.dialog.answer(ANSWER).await.unwrap();
    let answer = phone.expect("SIP/2.0 200").await;
    assert!(answer.ends_with(ANSWER), "{answer}");
}

#[tokio::test]
async fn keys_come_by_info_in_both_forms() {
    let mut server = Server::start().await;
    let mut phone = Phone::to(server.udp).await;
    let (_dialog, mut events) = phone.talk(&mut server, "").await;
    let cases = [
        ("application/dtmf-relay", "Signal=5\r\nDuration=160\r\n", Some('5')),
        ("application/dtmf-relay", "Signal= *\r\n", Some('*')),
        ("application/dtmf", "11", Some('#')),
        ("application/dtmf", "d", Some('D')),
        ("application/dtmf-relay", "Duration=1\r\n", None),
        ("application/dtmf", "55", None),
        ("text/plain", "5", None),
    ];
    for (n, (kind, body, expected)) in cases.into_iter().enumerate() {
        let seq = 2 + u32::try_from(n).unwrap();
        phone
            .send(&phone.request("INFO", seq, &format!("i{n}"), &format!("Content-Type: {kind}\r\n"), body))
            .await;
        let answer = phone.recv().await;
        match expected {
            Some(key) => {
                assert!(answer.starts_with("SIP/2.0 200"), "{answer}");
                assert!(matches!(event(&mut events).await, DialogEvent::Key(k) if k.char() == key));
            }
            None => assert!(answer.starts_with("SIP/2.0 4"), "{answer}"),
        }
    }
}

#[tokio::test]
async fn early_media_is_reliable_for_a_peer_that_can_and_the_answer_waits_for_the_prack() {
    let mut server = Server::start().await;
    let mut phone = Phone::to(server.udp).await;
    phone.send(&phone.invite("1", "Require: 100rel\r\n")).await;
    let mut call = server.call().await;
    call.dialog.progress(ANSWER).await.unwrap();
    let first = phone.expect("SIP/2.0 183").await;
    let second = phone.expect("SIP/2.0 183").await;
    assert_eq!(first, second, "repeated until the PRACK");
    assert_eq!(line(&first, "Require"), Some("100rel"));
    assert!(first.ends_with(ANSWER));
    call.dialog.answer(ANSWER).await.unwrap();
    phone.tag = tag(&first);
    let rseq = line(&first, "RSeq").unwrap().to_owned();
    phone.send(&phone.request("PRACK", 2, "p0", "RAck: 1 1 INVITE\r\n", "")).await;
    let mut wrong = phone.recv().await;
    while wrong.starts_with("SIP/2.0 183") {
        wrong = phone.recv().await;
    }
    assert!(wrong.starts_with("SIP/2.0 481"), "no 200 to the INVITE yet: {wrong}");
    phone.send(&phone.request("PRACK", 3, "p", &format!("RAck: {rseq} 1 INVITE\r\n"), "")).await;
    assert!(phone.expect("SIP/2.0 200").await.contains("3 PRACK"));
    assert!(phone.expect("SIP/2.0 200").await.contains("1 INVITE"));
    phone.send(&phone.request("ACK", 1, "a", "", "")).await;
    assert!(matches!(event(&mut call.events).await, DialogEvent::Confirmed { .. }));
}

#[tokio::test]
async fn early_media_without_100rel_is_plain_and_a_missing_prack_ends_the_call() {
    let mut server = Server::start().await;
    let phone = Phone::to(server.udp).await;
    phone.send(&phone.invite("1", "")).await;
    let call = server.call().await;
    call.dialog.progress(ANSWER).await.unwrap();
    let plain = phone.expect("SIP/2.0 183").await;
    assert!(line(&plain, "RSeq").is_none() && plain.ends_with(ANSWER), "{plain}");
    let phone = Phone::to(server.udp).await;
    phone.send(&phone.invite("2", "Supported: 100rel\r\n")).await;
    let mut silent = server.call().await;
    silent.dialog.progress(ANSWER).await.unwrap();
    phone.expect("SIP/2.0 504").await;
    assert!(matches!(event(&mut silent.events).await, DialogEvent::Ended { .. }));
}

/// A second of a session lasts 5 ms.
fn hasty() -> Timing {
    Timing { second: Duration::from_millis(5), ..fast() }
}

#[tokio::test]
async fn as_refresher_we_keep_the_session_alive_by_update_or_reinvite() {
    let mut server = Server::with(config(), hasty()).await;
    let mut phone = Phone::to(server.udp).await;
    let (_dialog, _events) = phone
        .talk(
            &mut server,
            "Supported: timer\r\nSession-Expires: 90;refresher=uas\r\nAllow: INVITE, UPDATE\r\n",
        )
        .await;
    for _ in 0..2 {
        let update = phone.expect("UPDATE ").await;
        assert_eq!(line(&update, "Session-Expires"), Some("90;refresher=uac"));
        phone.answer(&update, "200 OK", "Session-Expires: 90;refresher=uac\r\n", "").await;
    }
    let mut old = Phone::to(server.udp).await;
    let (_dialog, mut events) =
        old.talk(&mut server, "Supported: timer\r\nSession-Expires: 90;refresher=uas\r\n").await;
    let invite = old.expect("INVITE ").await;
    assert!(invite.ends_with(ANSWER), "our last SDP again");
    let contact = format!(
        "Contact: <sip:ada@{}>\r\nSession-Expires: 90;refresher=uac\r\nContent-Type: application/sdp\r\n",
        old.here()
    );
    old.answer(&invite, "200 OK", &contact, OFFER).await;
    old.expect("ACK ").await;
    let again = old.expect("INVITE ").await;
    old.answer(&again, "481 Gone", "", "").await;
    assert!(matches!(event(&mut events).await, DialogEvent::Ended { .. }));
}

#[tokio::test]
async fn when_the_peer_does_not_refresh_the_call_ends_with_bye() {
    let mut server = Server::with(config(), hasty()).await;
    let mut phone = Phone::to(server.udp).await;
    phone.send(&phone.invite("1", "Supported: timer\r\nSession-Expires: 100;refresher=uac\r\n")).await;
    let mut call = server.call().await;
    call.dialog.answer(ANSWER).await.unwrap();
    let ok = phone.expect("SIP/2.0 200").await;
    assert_eq!(line(&ok, "Session-Expires"), Some("100;refresher=uac"));
    assert_eq!(line(&ok, "Require"), Some("timer"));
    phone.tag = tag(&ok);
    phone.send(&phone.request("ACK", 1, "a", "", "")).await;
    assert!(matches!(event(&mut call.events).await, DialogEvent::Confirmed { .. }));
    phone.send(&phone.request("UPDATE", 2, "u", "Supported: timer\r\nSession-Expires: 10\r\n", "")).await;
    assert_eq!(line(&phone.expect("SIP/2.0 422").await, "Min-SE"), Some("90"));
    phone
        .send(&phone.request(
            "UPDATE",
            3,
            "v",
            "Supported: timer\r\nSession-Expires: 100;refresher=uac\r\n",
            "",
        ))
        .await;
    phone.expect("SIP/2.0 200").await;
    phone.expect("BYE ").await;
    assert!(matches!(event(&mut call.events).await, DialogEvent::Ended { .. }));
}

#[tokio::test]
async fn a_transfer_is_reported_as_the_peer_reports_it() {
    let mut server = Server::start().await;
    let mut phone = Phone::to(server.udp).await;
    let (dialog, mut events) = phone.talk(&mut server, "").await;
    assert!(dialog.refer("no uri>").await.is_err());
    dialog.refer("sip:0@pbx").await.unwrap();
    let refer = phone.expect("REFER ").await;
    assert_eq!(line(&refer, "Refer-To"), Some("<sip:0@pbx>"));
    assert!(line(&refer, "Referred-By").unwrap().starts_with("<sip:1001@"), "{refer}");
    phone.answer(&refer, "202 Accepted", "", "").await;
    for (seq, status, state) in [(2, "100 Trying", "active"), (3, "200 OK", "terminated")] {
        let extra =
            format!("Event: refer\r\nSubscription-State: {state}\r\nContent-Type: message/sipfrag\r\n");
        phone
            .send(&phone.request("NOTIFY", seq, &format!("n{seq}"), &extra, &format!("SIP/2.0 {status}\r\n")))
            .await;
        phone.expect("SIP/2.0 200").await;
        let DialogEvent::Transfer(code) = event(&mut events).await else { panic!("a report") };
        assert_eq!(code, status[..3].parse().ok());
    }
    phone.send(&phone.request("NOTIFY", 4, "n4", "Event: message-summary\r\n", "")).await;
    phone.expect("SIP/2.0 489").await;
    dialog.refer("sip:0@pbx").await.unwrap();
    let refer = phone.expect("REFER ").await;
    phone.answer(&refer, "603 Decline", "", "").await;
    assert!(matches!(event(&mut events).await, DialogEvent::Transfer(None)));
    dialog.refer("sip:0@pbx").await.unwrap();
    assert!(matches!(event(&mut events).await, DialogEvent::Transfer(None)), "a peer that falls silent");
}

struct Line {
    stream: TcpStream,
}

impl Line {
    async fn to(server: &Server) -> Self {
        Self { stream: TcpStream::connect(server.tcp).await.unwrap() }
    }

    async fn send(&mut self, text: &str) {
        self.stream.write_all(text.replace("SIP/2.0/UDP", "SIP/2.0/TCP").as_bytes()).await.unwrap();
    }

    async fn recv(&mut self) -> String {
        let mut text = Vec::new();
        let read = async {
            while !text.ends_with(b"\r\n\r\n") || text.len() < 5 {
                text.push(self.stream.read_u8().await.unwrap());
            }
        };
        timeout(PATIENCE, read).await.expect("an answer comes");
        let head = String::from_utf8_lossy(&text).into_owned();
        let length = line(&head, "Content-Length").and_then(|l| l.parse().ok()).unwrap_or(0);
        let mut body = vec![0; length];
        self.stream.read_exact(&mut body).await.unwrap();
        head + &String::from_utf8_lossy(&body)
    }

    async fn closes(&mut self) {
        let mut rest = Vec::new();
        let _ = timeout(PATIENCE, self.stream.read_to_end(&mut rest)).await.expect("it is closed");
    }
}

#[tokio::test]
async fn a_call_runs_over_tcp_in_pieces_and_back_on_the_same_connection() {
    let mut server = Server::start().await;
    let mut phone = Phone::to(server.udp).await;
    let mut tcp = Line::to(&server).await;
    let invite = phone.invite("1", "");
    let (one, two) = invite.split_at(150);
    tcp.send(one).await;
    tcp.stream.flush().await.unwrap();
    tcp.send(&format!("{two}{}", phone.options("o"))).await;
    assert!(tcp.recv().await.starts_with("SIP/2.0 100"));
    let mut call = server.call().await;
    assert!(tcp.recv().await.contains("OPTIONS"));
    call.dialog.answer(ANSWER).await.unwrap();
    let mut ok = tcp.recv().await;
    assert!(line(&ok, "Contact").unwrap().contains("transport=tcp"), "{ok}");
    ok.truncate(ok.len());
    phone.tag = tag(&ok);
    tcp.send(&phone.request("ACK", 1, "a", "", "")).await;
    assert!(matches!(event(&mut call.events).await, DialogEvent::Confirmed { .. }));
    call.dialog.hang_up().await.unwrap();
    let mut bye = tcp.recv().await;
    while bye.starts_with("SIP/2.0") {
        bye = tcp.recv().await;
    }
    assert!(bye.starts_with("BYE ") && bye.contains("SIP/2.0/TCP"), "{bye}");
}

#[tokio::test]
async fn a_tcp_peer_is_cut_after_64_kb_of_header_or_when_no_message_comes() {
    let server = Server::start().await;
    let mut endless = Line::to(&server).await;
    let _ = endless.stream.write_all(&[b'x'; 70_000]).await;
    endless.closes().await;
    let mut slow = Line::to(&server).await;
    slow.send("OPTIONS sip:x SIP/2.0\r\n").await;
    slow.closes().await;
    let phone = Phone::to(server.udp).await;
    let mut idle = Line::to(&server).await;
    idle.send(&phone.options("1")).await;
    assert!(idle.recv().await.starts_with("SIP/2.0 200"));
    tokio::time::sleep(fast().message * 2).await;
    idle.send(&phone.options("2")).await;
    assert!(idle.recv().await.starts_with("SIP/2.0 200"), "a quiet connection that has spoken is kept");
    idle.send("\r\n\r\n").await;
    let mut pong = [0; 2];
    timeout(PATIENCE, idle.stream.read_exact(&mut pong)).await.expect("a pong").unwrap();
    assert_eq!(&pong, b"\r\n");
}

#[tokio::test]
async fn ipv6_is_served_beside_ipv4() {
    let listen = ["[::1]:0", "127.0.0.1:0"].map(|a| Transport::Udp(a.parse().unwrap())).to_vec();
    let peers = vec!["::1/128".parse().unwrap()];
    let mut server = Server::with(SignalConfig { listen, peers, ..config() }, fast()).await;
    assert_eq!(server.signal.local().len(), 2);
    let mut phone = Phone::to(server.udp).await;
    let (dialog, _events) = phone.talk(&mut server, "").await;
    dialog.hang_up().await.unwrap();
    let bye = phone.expect("BYE sip:ada@[::1]").await;
    assert!(line(&bye, "Via").unwrap().contains("[::1]:"), "{bye}");
}

fn outgoing(target: String) -> OutgoingCall {
    OutgoingCall {
        target,
        from: "sip:vm@x".into(),
        from_name: Some("Voice <\"Mail\">\r\nX: y".into()),
        offer: OFFER.into(),
        headers: vec![("Diversion".into(), "<sip:1@x>".into())],
        credentials: trunk().digest,
    }
}

#[tokio::test]
async fn a_call_that_we_place_is_proven_answered_and_ended() {
    let server = Server::with(SignalConfig { peers: vec![], ..config() }, fast()).await;
    let phone = Phone::to(server.udp).await;
    let (dialog, mut events) =
        server.signal.call(outgoing(format!("sip:bob@{}", phone.here()))).await.unwrap();
    let invite = phone.expect("INVITE ").await;
    assert!(invite.ends_with(OFFER) && line(&invite, "Diversion").is_some(), "{invite}");
    assert!(line(&invite, "From").unwrap().starts_with("\"Voice "), "{invite}");
    assert!(line(&invite, "X").is_none(), "a name cannot add a header");
    phone
        .answer(
            &invite,
            "407 Proof",
            "Proxy-Authenticate: Digest realm=\"pbx\", nonce=\"n\", qop=\"auth\"\r\n",
            "",
        )
        .await;
    phone.expect("ACK ").await;
    let invite = phone.expect("INVITE ").await;
    assert!(line(&invite, "Proxy-Authorization").unwrap().contains("username=\"u\""), "{invite}");
    let tagged = invite.replace(">\r\nCall-ID", ">;tag=b1\r\nCall-ID");
    phone.answer(&tagged, "180 Ringing", "", "").await;
    phone.answer(&tagged, "180 Ringing", "", "").await;
    assert!(matches!(event(&mut events).await, DialogEvent::Ringing));
    let contact = format!(
        "Contact: <sip:bob@{}>\r\nRecord-Route: <sip:{};lr>\r\nContent-Type: application/sdp\r\n",
        phone.here(),
        phone.here()
    );
    phone.answer(&tagged, "200 OK", &contact, ANSWER).await;
    assert!(matches!(event(&mut events).await, DialogEvent::Confirmed { answer: Some(a) } if a == ANSWER));
    let ack = phone.expect("ACK ").await;
    assert!(line(&ack, "To").unwrap().ends_with("tag=b1") && line(&ack, "Route").is_some(), "{ack}");
    phone.answer(&tagged, "200 OK", &contact, ANSWER).await;
    assert_eq!(phone.expect("ACK ").await, ack, "a repeated 200 gets its ACK again");
    dialog.hang_up().await.unwrap();
    let bye = phone.expect("BYE ").await;
    phone.answer(&bye, "200 OK", "", "").await;
    server.settles().await;
    phone.send(&phone.options("1")).await;
    phone.send(&phone.options("2")).await;
    assert!(
        timeout(Duration::from_millis(200), phone.recv()).await.is_err(),
        "a stranger again after the call"
    );
}

#[tokio::test]
async fn a_refusal_a_foreign_realm_and_silence_end_a_call_that_we_place() {
    let server = Server::start().await;
    let phone = Phone::to(server.udp).await;
    for (status, extra, code) in [
        ("486 Busy Here", "", 486),
        ("401 Proof", "WWW-Authenticate: Digest realm=\"other\", nonce=\"n\"\r\n", 401),
    ] {
        let (_dialog, mut events) =
            server.signal.call(outgoing(format!("sip:bob@{}", phone.here()))).await.unwrap();
        let invite = phone.expect("INVITE ").await;
        phone.answer(&invite.replace(">\r\nCall-ID", ">;tag=b1\r\nCall-ID"), status, extra, "").await;
        phone.expect("ACK ").await;
        assert!(matches!(event(&mut events).await, DialogEvent::Ended { code: Some(c), .. } if c == code));
    }
    let (_dialog, mut events) = server.signal.call(outgoing("sip:bob@127.0.0.1:9".into())).await.unwrap();
    assert!(matches!(event(&mut events).await, DialogEvent::Ended { code: Some(408), .. }));
    assert!(server.signal.call(outgoing("bob".into())).await.is_err());
    let split = OutgoingCall {
        headers: vec![("X".into(), "a\r\nY: b".into())],
        ..outgoing("sip:b@127.0.0.1:9".into())
    };
    assert!(server.signal.call(split).await.is_err());
    server.settles().await;
}

#[tokio::test]
async fn giving_up_sends_cancel_once_the_peer_has_answered() {
    let server = Server::start().await;
    let phone = Phone::to(server.udp).await;
    let (dialog, mut events) =
        server.signal.call(outgoing(format!("sip:bob@{}", phone.here()))).await.unwrap();
    let invite = phone.expect("INVITE ").await;
    drop(dialog);
    let tagged = invite.replace(">\r\nCall-ID", ">;tag=b1\r\nCall-ID");
    phone.answer(&tagged, "180 Ringing", "", "").await;
    let cancel = phone.expect("CANCEL ").await;
    assert_eq!(line(&cancel, "Via"), line(&invite, "Via"));
    phone.answer(&cancel, "200 OK", "", "").await;
    phone.answer(&tagged, "487 Terminated", "", "").await;
    phone.expect("ACK ").await;
    assert!(matches!(event(&mut events).await, DialogEvent::Ended { code: Some(487), .. }));
    server.settles().await;
}

#[tokio::test]
async fn two_of_us_talk_to_each_other_over_tcp() {
    let mut callee = Server::start().await;
    let caller = Server::start().await;
    let target = format!("sip:1001@{};transport=tcp", callee.tcp);
    let (dialog, mut events) = caller.signal.call(outgoing(target)).await.unwrap();
    let mut call = callee.call().await;
    call.dialog.answer(ANSWER).await.unwrap();
    assert!(matches!(event(&mut events).await, DialogEvent::Confirmed { .. }));
    assert!(matches!(event(&mut call.events).await, DialogEvent::Confirmed { .. }));
    dialog.hang_up().await.unwrap();
    assert!(matches!(event(&mut call.events).await, DialogEvent::Ended { .. }));
    callee.settles().await;
}

#[tokio::test]
async fn mutated_messages_never_break_the_server() {
    use rand::{Rng, SeedableRng};
    let mut server = Server::start().await;
    let phone = Phone::to(server.udp).await;
    let mut random = rand::rngs::StdRng::seed_from_u64(5);
    let seeds = [
        phone.invite("m", "Require: 100rel\r\nSession-Expires: 90\r\n"),
        phone.options("m"),
        phone.request("BYE", 2, "m", "", ""),
    ];
    for n in 0..4000 {
        let mut bytes = seeds[n % seeds.len()].clone().into_bytes();
        for _ in 0..random.random_range(1..6) {
            let at = random.random_range(0..bytes.len().max(2) - 1);
            match random.random_range(0..5) {
                0 => bytes[at] = random.random(),
                1 if bytes.len() > 2 => drop(bytes.remove(at)),
                2 => bytes.insert(at, *b"\r\n:;,<>\"@ \0\xff".get(random.random_range(0..12)).unwrap()),
                3 => bytes.truncate(at.max(1)),
                _ => {
                    let end = (at + random.random_range(1..40)).min(bytes.len());
                    let piece = bytes[at..end].to_vec();
                    bytes.splice(at..at, piece);
                }
            }
        }
        phone.socket.send_to(&bytes, server.udp).await.unwrap();
        if n % 50 == 0 {
            while server.calls.try_recv().is_ok() {}
            phone.send(&phone.options(&format!("probe{n}"))).await;
            let wanted = format!("o-probe{n}-");
            while !phone.recv().await.contains(&wanted) {}
        }
    }
    while server.calls.try_recv().is_ok() {}
    server.settles().await;
}

/// Collects what is logged at INFO and above.
#[derive(Clone, Default)]
struct Lines(Arc<std::sync::Mutex<String>>);

impl std::io::Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().push_str(&String::from_utf8_lossy(bytes));
        Ok(bytes.len())
    }
    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn nothing_private_is_logged_at_info_not_even_by_the_stack() {
    let lines = Lines::default();
    let sink = lines.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::INFO)
        .with_writer(move || sink.clone())
        .finish();
    let _logging = tracing::subscriber::set_default(subscriber);
    tracing::info!("the log is on");
    let mut server = Server::start().await;
    let mut phone = Phone::to(server.udp).await;
    let (dialog, _events) = phone.talk(&mut server, "X-Secret: swordfish\r\n").await;
    dialog.hang_up().await.unwrap();
    phone.expect("BYE ").await;
    phone.send("OPTIONS sip:ada@swordfish SIP/2.0\r\nVia: x\r\n\r\n").await;
    server.settles().await;
    let log = lines.0.lock().unwrap().clone();
    assert!(log.contains("the log is on"), "the test listens");
    for private in ["swordfish", "ada", "Ada", "1001", "127.0.0.1", "sip:"] {
        assert!(!log.contains(private), "{private} in\n{log}");
    }
}

#[tokio::test]
async fn a_flood_of_probes_does_not_keep_a_call_out() {
    let mut server = Server::start().await;
    let flood = Phone::to(server.udp).await;
    for n in 0..3000 {
        flood.send(&flood.options(&format!("fl{n}"))).await;
        if n % 100 == 0 {
            let mut phone = Phone::to(server.udp).await;
            let (dialog, _events) = phone.talk(&mut server, "").await;
            dialog.hang_up().await.unwrap();
        }
    }
}

#[tokio::test]
async fn a_tcp_message_of_unknowable_length_is_refused_and_the_connection_closed() {
    let server = Server::start().await;
    let phone = Phone::to(server.udp).await;
    let mut tcp = Line::to(&server).await;
    tcp.send(&phone.options("1").replace("Content-Length: 0", "Content-Length: -5")).await;
    assert!(tcp.recv().await.starts_with("SIP/2.0 400 "));
    tcp.closes().await;
}

#[tokio::test]
async fn stopping_lets_go_of_every_call() {
    let mut server = Server::start().await;
    let mut phone = Phone::to(server.udp).await;
    let (_dialog, mut events) = phone.talk(&mut server, "").await;
    server.signal.stop().await;
    assert!(timeout(PATIENCE, events.recv()).await.expect("the channel closes").is_none());
    assert!(server.signal.core.dialogs().is_empty());
}

#[tokio::test]
async fn a_bye_before_the_answer_ends_the_call_and_the_invite() {
    let mut server = Server::start().await;
    let mut phone = Phone::to(server.udp).await;
    phone.send(&phone.invite("1", "")).await;
    let mut call = server.call().await;
    call.dialog.ringing().await.unwrap();
    phone.tag = tag(&phone.expect("SIP/2.0 180").await);
    phone.send(&phone.request("BYE", 2, "b", "", "")).await;
    assert!(phone.expect("SIP/2.0 200").await.contains("2 BYE"));
    assert!(phone.expect("SIP/2.0 487").await.contains("1 INVITE"));
    assert!(matches!(event(&mut call.events).await, DialogEvent::Ended { .. }));
    phone.send(&phone.request("ACK", 1, "1", "", "")).await;
    server.settles().await;
}

#[tokio::test]
async fn our_early_offer_is_answered_in_the_prack_and_not_repeated_in_the_200() {
    let mut server = Server::start().await;
    let mut phone = Phone::to(server.udp).await;
    phone.send(&phone.request("INVITE", 1, "1", "Supported: 100rel\r\n", "")).await;
    let mut call = server.call().await;
    call.dialog.progress(OFFER).await.unwrap();
    let early = phone.expect("SIP/2.0 183").await;
    assert!(early.ends_with(OFFER));
    phone.tag = tag(&early);
    let extra =
        format!("RAck: {} 1 INVITE\r\nContent-Type: application/sdp\r\n", line(&early, "RSeq").unwrap());
    phone.send(&phone.request("PRACK", 2, "p", &extra, ANSWER)).await;
    phone.expect("SIP/2.0 200").await;
    call.dialog.answer(OFFER).await.unwrap();
    let ok = phone.expect("SIP/2.0 200").await;
    assert_eq!(line(&ok, "Content-Length"), Some("0"), "{ok}");
    phone.send(&phone.request("ACK", 1, "a", "", "")).await;
    assert!(
        matches!(event(&mut call.events).await, DialogEvent::Confirmed { answer: Some(a) } if a == ANSWER)
    );
}

#[tokio::test]
async fn hanging_up_before_the_ack_waits_for_it() {
    let mut server = Server::start().await;
    let mut phone = Phone::to(server.udp).await;
    phone.send(&phone.invite("1", "")).await;
    let call = server.call().await;
    call.dialog.answer(ANSWER).await.unwrap();
    phone.tag = tag(&phone.expect("SIP/2.0 200").await);
    call.dialog.hang_up().await.unwrap();
    assert!(phone.recv().await.starts_with("SIP/2.0 200"), "still the 200, no BYE");
    phone.send(&phone.request("ACK", 1, "a", "", "")).await;
    phone.expect("BYE ").await;
}

#[tokio::test]
async fn a_goodbye_reaches_the_peer_also_when_the_server_stops_at_once() {
    let mut server = Server::start().await;
    let mut phone = Phone::to(server.udp).await;
    phone.send(&phone.invite("1", "")).await;
    let mut call = server.call().await;
    call.dialog.answer(ANSWER).await.unwrap();
    phone.tag = tag(&phone.expect("SIP/2.0 200").await);
    phone.send(&phone.request("ACK", 1, "a", "", "")).await;
    assert!(matches!(event(&mut call.events).await, DialogEvent::Confirmed { .. }));
    call.dialog.hang_up().await.unwrap();
    server.signal.stop().await;
    phone.expect("BYE ").await;
}

#[tokio::test]
async fn as_caller_we_raise_a_too_small_interval_and_take_other_forks_down() {
    let server = Server::start().await;
    let phone = Phone::to(server.udp).await;
    let (_dialog, mut events) =
        server.signal.call(outgoing(format!("sip:bob@{}", phone.here()))).await.unwrap();
    let invite = phone.expect("INVITE ").await;
    phone.answer(&invite, "422 Too Small", "Min-SE: 3600\r\n", "").await;
    phone.expect("ACK ").await;
    let invite = phone.expect("INVITE ").await;
    assert_eq!((line(&invite, "Session-Expires"), line(&invite, "CSeq")), (Some("3600"), Some("2 INVITE")));
    let contact = format!("Contact: <sip:bob@{}>\r\nContent-Type: application/sdp\r\n", phone.here());
    for fork in ["one", "two"] {
        let tagged = invite.replace(">\r\nCall-ID", &format!(">;tag={fork}\r\nCall-ID"));
        phone.answer(&tagged, "200 OK", &contact, ANSWER).await;
        let ack = phone.expect("ACK ").await;
        assert!(line(&ack, "To").unwrap().ends_with(fork), "{ack}");
    }
    let bye = phone.expect("BYE ").await;
    assert!(line(&bye, "To").unwrap().ends_with("tag=two"), "{bye}");
    assert!(matches!(event(&mut events).await, DialogEvent::Confirmed { .. }));
    assert!(events.try_recv().is_err(), "the first call goes on");
}

#[tokio::test]
async fn many_callers_at_once_are_all_answered() {
    // At the usual pace: what the phone's own buffer drops is repeated while the test still reads.
    let mut server = Server::with(config(), Timing::default()).await;
    let phone = Phone::to(server.udp).await;
    for n in 0..300 {
        phone.send(&phone.invite(&format!("m{n}"), "").replace(&phone.id, &format!("many-{n}"))).await;
    }
    let mut up = Vec::new();
    for _ in 0..300 {
        let call = server.call().await;
        call.dialog.answer(ANSWER).await.unwrap();
        up.push(call);
    }
    let mut answered = std::collections::HashSet::new();
    while answered.len() < 300 {
        let ok = phone.expect("SIP/2.0 200").await;
        let id = line(&ok, "Call-ID").unwrap().to_owned();
        let ack = phone.request("ACK", 1, "z", "", "").replace(&phone.id, &id);
        phone
            .send(&ack.replace(
                &format!("To: <sip:1001@{}>", server.udp),
                &format!("To: {}", line(&ok, "To").unwrap()),
            ))
            .await;
        answered.insert(id);
    }
    for call in &mut up {
        assert!(matches!(event(&mut call.events).await, DialogEvent::Confirmed { .. }));
    }
}
