//! SIP as other programs speak it: sipp runs the scenarios of `tests/sipp/`, raw sockets do what sipp cannot.

use std::io::{Read as _, Write as _};
use std::net::{TcpStream, UdpSocket};
use std::process::{Command, Output};
use std::sync::atomic::{AtomicU16, Ordering};
use std::time::Duration;

use md5::{Digest as _, Md5};

use crate::live::{Server, free_address, installed, together};

/// Where sipp has its sound: it takes up to four ports from there, and does not look for others.
fn media_port() -> u16 {
    static TURN: AtomicU16 = AtomicU16::new(0);
    let mut places = std::iter::repeat_with(|| {
        let turn = TURN.fetch_add(1, Ordering::Relaxed);
        6_000 + 8 * (((std::process::id() % 20) as u16 * 25 + turn) % 500)
    });
    let is_free = |port: &u16| (*port..*port + 4).all(|port| UdpSocket::bind(("0.0.0.0", port)).is_ok());
    places.by_ref().take(400).find(is_free).expect("four ports are free")
}

/// Runs one scenario as a caller on an address of its own; fails with what sipp saw.
pub(crate) fn scenario(server: &Server, name: &str, user: &str, more: &[&str]) {
    let file = format!("{}/tests/sipp/{name}.xml", env!("CARGO_MANIFEST_DIR"));
    let run = || {
        let (port, media) = (free_address().port().to_string(), media_port().to_string());
        let messages = server.file(&format!("{name}-{port}.txt"));
        let ran = Command::new("sipp")
            .args(["-sf", &file, "-m", "1", "-s", user, "-i", "127.0.0.1", "-p", &port, "-mp", &media])
            .args(["-nostdin", "-timeout", "60s", "-timeout_error", "-trace_msg", "-message_file"])
            .arg(&messages)
            .args(more)
            .arg(server.sip.to_string())
            .current_dir(server.data())
            .output()
            .unwrap();
        (ran, messages)
    };
    // Somebody else may take a port between the look and sipp's start; no call was made then.
    let is_homeless = |ran: &Output| String::from_utf8_lossy(&ran.stderr).contains("Unable to bind");
    let (ran, messages) = std::iter::repeat_with(run).take(5).find(|(ran, _)| !is_homeless(ran)).unwrap();
    assert!(
        ran.status.success(),
        "{name}: {}\n{}",
        String::from_utf8_lossy(&ran.stderr),
        std::fs::read_to_string(&messages).unwrap_or_default()
    );
}

fn calls_of(server: &Server) -> String {
    let (_, metrics) = server.get("/metrics");
    metrics.lines().find(|line| line.starts_with("aftertone_calls_total")).unwrap_or("none").to_owned()
}

#[test]
fn the_basic_flows_of_sip_hold_with_sipp() {
    if !installed("sipp", "sip-tester") {
        return;
    }
    let server = Server::start("", "");
    server.user("1001", &[]);
    let server = &server;
    let names = [
        "offer",
        "delayed_offer",
        "hold",
        "update",
        "session_interval_too_small",
        "reliable_provisional",
        "unknown_extension",
        "options",
        "codec_mismatch",
    ];
    let mut jobs: Vec<Box<dyn FnOnce() + Send>> = Vec::new();
    for name in names {
        jobs.push(Box::new(move || scenario(server, name, "1001", &[])));
    }
    for name in ["offer", "delayed_offer", "hold", "options"] {
        jobs.push(Box::new(move || scenario(server, name, "1001", &["-t", "t1"])));
    }
    // The announcement ends the call, so the BYE is the server's.
    jobs.push(Box::new(move || scenario(server, "record_route", "1999", &[])));
    together(jobs);
    server.until("no call is left over", |server| {
        server.get("/metrics").1.contains("aftertone_calls_running 0")
    });
}

#[test]
fn the_operator_is_reached_by_refer() {
    if !installed("sipp", "sip-tester") {
        return;
    }
    let server = Server::start("transfer_targets = [\"1000\", \"1004\", \"sip:desk@pbx.example.org\"]", "");
    server.user("1001", &["--operator", "1000"]);
    server.ok(&["tenant", "set", "--default-action", "transfer:sip:desk@pbx.example.org"]);
    let server = &server;
    together(vec![
        Box::new(|| scenario(server, "transfer", "1001", &[])),
        Box::new(|| scenario(server, "transfer_busy", "1001", &[])),
        Box::new(|| scenario(server, "transfer_at_once", "1999", &[])),
        Box::new(|| {
            server.user("1002", &[]);
            let target = ["--transfer", "sip:desk@pbx.example.org"];
            server.ok(&[&["rule", "add", "To the desk", "--mailbox", "1002"][..], &target].concat());
            scenario(server, "transfer_at_once", "1002", &[]);
        }),
        // 002-042: by the rules of a colleague.
        Box::new(|| {
            server.user("1003", &[]);
            server.user("1004", &[]);
            server.ok(&[
                "rule",
                "add",
                "On",
                "--mailbox",
                "1004",
                "--forward-always",
                "sip:desk@pbx.example.org",
            ]);
            server.ok(&["rule", "add", "To a colleague", "--mailbox", "1003", "--transfer", "1004"]);
            scenario(server, "transfer_at_once", "1003", &[]);
        }),
        // 002-012: a mailbox that is off leads to the operator.
        Box::new(|| {
            server.user("1005", &["--enabled", "false"]);
            server.ok(&[
                "tenant",
                "set",
                "--mailbox-off",
                "operator",
                "--operator",
                "sip:desk@pbx.example.org",
            ]);
            scenario(server, "transfer_at_once", "1005", &[]);
        }),
    ]);
}

#[test]
fn a_call_without_sound_ends_and_a_full_server_says_so() {
    if !installed("sipp", "sip-tester") {
        return;
    }
    let server = Server::start(
        "max_calls = 1",
        "[rtp]\naddress = \"127.0.0.1\"\nports = \"31000-31099\"\ntimeout = \"3s\"\n",
    );
    server.user("1001", &[]);
    let server = &server;
    together(vec![
        Box::new(|| scenario(server, "no_media", "1001", &[])),
        Box::new(|| {
            server.until("the first call runs", |server| {
                server.get("/metrics").1.contains("aftertone_calls_running 1")
            });
            scenario(server, "busy_server", "1001", &[]);
        }),
    ]);
}

/// A request from `socket` to the server with these further headers.
fn request(
    server: &Server,
    socket: &UdpSocket,
    method: &str,
    cseq: u32,
    headers: &str,
    body: &str,
) -> String {
    let (at, me) = (server.sip, socket.local_addr().unwrap());
    format!(
        "{method} sip:1001@{at} SIP/2.0\r\nVia: SIP/2.0/UDP {me};branch=z9hG4bK{method}{cseq}\r\n\
         From: <sip:carrier@{me}>;tag=a1\r\nTo: <sip:1001@{at}>\r\nCall-ID: raw-{me}\r\nCSeq: {cseq} {method}\r\n\
         Contact: <sip:carrier@{me}>\r\nMax-Forwards: 70\r\n{headers}Content-Length: {}\r\n\r\n{body}",
        body.len()
    )
}

/// The next final answer.
fn answer(socket: &UdpSocket) -> Option<String> {
    let mut bytes = [0; 4096];
    loop {
        let count = socket.recv(&mut bytes).ok()?;
        let text = String::from_utf8_lossy(&bytes[..count]).into_owned();
        if !text.starts_with("SIP/2.0 1") {
            return Some(text);
        }
    }
}

fn socket(server: &Server, address: &str, wait: Duration) -> UdpSocket {
    let socket = UdpSocket::bind(address).unwrap();
    socket.set_read_timeout(Some(wait)).unwrap();
    socket.connect(server.sip).unwrap();
    socket
}

const OFFER: &str =
    "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 4000 RTP/AVP 0\r\n";
const SDP: &str = "Content-Type: application/sdp\r\n";

fn field<'a>(message: &'a str, name: &str) -> &'a str {
    message
        .lines()
        .find_map(|line| line.strip_prefix(name))
        .unwrap_or_else(|| panic!("no {name} in {message}"))
        .trim()
}

#[test]
fn the_same_invite_three_times_is_one_call() {
    let server = Server::start("", "");
    server.user("1001", &[]);
    let caller = socket(&server, "127.0.0.1:0", Duration::from_secs(10));
    let invite = request(&server, &caller, "INVITE", 1, SDP, OFFER);
    for _ in 0..3 {
        caller.send(invite.as_bytes()).unwrap();
    }
    let first = answer(&caller).unwrap();
    assert!(first.starts_with("SIP/2.0 200"), "{first}");
    let again = answer(&caller).unwrap();
    assert_eq!(field(&again, "To:"), field(&first, "To:"), "a repeated answer is the same answer");
    assert_eq!(calls_of(&server), "aftertone_calls_total 1");
}

#[test]
fn a_cancelled_invite_ends_with_487() {
    let server = Server::start("", "");
    server.user("1001", &[]);
    let mut ended = Vec::new();
    for attempt in 1..=5 {
        let caller = socket(&server, "127.0.0.1:0", Duration::from_secs(10));
        // CANCEL has the branch and the number of its INVITE (RFC 3261 §9.1).
        let invite = request(&server, &caller, "INVITE", attempt, SDP, OFFER);
        let cancel = request(&server, &caller, "CANCEL", attempt, "", "")
            .replace(&format!("z9hG4bKCANCEL{attempt}"), &format!("z9hG4bKINVITE{attempt}"));
        caller.send(invite.as_bytes()).unwrap();
        caller.send(cancel.as_bytes()).unwrap();
        let answers = [answer(&caller).unwrap(), answer(&caller).unwrap()];
        let of = |method: &str| answers.iter().find(|text| field(text, "CSeq:").ends_with(method));
        let cancelled = of("CANCEL").unwrap();
        assert!(
            cancelled.starts_with("SIP/2.0 200") && cancelled.contains("Server: Aftertone"),
            "{cancelled}"
        );
        let invited = of("INVITE").unwrap();
        ended.push(invited.lines().next().unwrap().to_owned());
        if invited.starts_with("SIP/2.0 487") {
            return;
        }
        // The answer was faster: the caller has to hang up (RFC 3261 §9.1), which another test does.
    }
    panic!("never 487: {ended:?}");
}

#[test]
fn a_stranger_gets_no_answer_at_all() {
    let server = Server::start("peers = [\"127.0.0.1\"]", "");
    server.user("1001", &[]);
    let offer =
        "v=0\r\no=- 1 1 IN IP4 127.0.0.9\r\ns=-\r\nc=IN IP4 127.0.0.9\r\nt=0 0\r\nm=audio 4000 RTP/AVP 0\r\n";
    let stranger = socket(&server, "127.0.0.9:0", Duration::from_millis(800));
    for (method, headers, body) in
        [("OPTIONS", "", ""), ("INVITE", "Content-Type: application/sdp\r\n", offer), ("REGISTER", "", "")]
    {
        stranger.send(request(&server, &stranger, method, 1, headers, body).as_bytes()).unwrap();
        assert_eq!(answer(&stranger), None, "{method}");
    }
    let peer = socket(&server, "127.0.0.1:0", Duration::from_secs(10));
    peer.send(request(&server, &peer, "OPTIONS", 1, "", "").as_bytes()).unwrap();
    assert!(
        answer(&peer).unwrap().starts_with("SIP/2.0 200"),
        "a peer is answered: the silence meant something"
    );
    let socket = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None).unwrap();
    let source: std::net::SocketAddr = "127.0.0.9:0".parse().unwrap();
    socket.bind(&source.into()).unwrap();
    socket.connect(&server.sip.into()).unwrap();
    let mut stream: TcpStream = socket.into();
    stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    // The connection may be closed before this arrives.
    let _ = stream.write_all(b"OPTIONS sip:x SIP/2.0\r\n\r\n");
    let mut heard = Vec::new();
    let _ = stream.read_to_end(&mut heard);
    assert!(heard.is_empty(), "{}", String::from_utf8_lossy(&heard));
}

/// The value of a parameter of a challenge.
fn param<'a>(challenge: &'a str, name: &str) -> &'a str {
    challenge.split(&format!("{name}=\"")).nth(1).unwrap().split('"').next().unwrap()
}

fn hex(text: &str) -> String {
    Md5::digest(text.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// RFC 2617 §3.2.2 with qop=auth, worked out here and not by the server's code.
fn proof(challenge: &str, uri: &str, password: &str) -> String {
    let (realm, nonce) = (param(challenge, "realm"), param(challenge, "nonce"));
    let (a1, a2) = (hex(&format!("carrier:{realm}:{password}")), hex(&format!("INVITE:{uri}")));
    let response = hex(&format!("{a1}:{nonce}:00000001:0a4f113b:auth:{a2}"));
    format!(
        "Authorization: Digest username=\"carrier\", realm=\"{realm}\", nonce=\"{nonce}\", uri=\"{uri}\", \
         response=\"{response}\", algorithm=MD5, qop=auth, nc=00000001, cnonce=\"0a4f113b\"\r\n"
    )
}

#[test]
fn a_trunk_proves_its_account_and_the_wrong_password_opens_nothing() {
    let trunk = "[[sip.trunks]]\nname = \"carrier\"\npeers = [\"127.0.0.7\"]\nrealm = \"aftertone\"\nuser = \"carrier\"\npassword = \"s3cret\"\n";
    let server = Server::start("", trunk);
    server.user("1001", &[]);
    for (password, expected) in [("wrong", "SIP/2.0 401"), ("s3cret", "SIP/2.0 200")] {
        let trunk = socket(&server, "127.0.0.7:0", Duration::from_secs(10));
        let offer = "v=0\r\no=- 1 1 IN IP4 127.0.0.7\r\ns=-\r\nc=IN IP4 127.0.0.7\r\nt=0 0\r\nm=audio 4000 RTP/AVP 0\r\n";
        let kind = "Content-Type: application/sdp\r\n";
        trunk.send(request(&server, &trunk, "INVITE", 1, kind, offer).as_bytes()).unwrap();
        let refused = answer(&trunk).unwrap();
        assert!(refused.starts_with("SIP/2.0 401"), "{refused}");
        let challenge = refused
            .lines()
            .find(|line| line.starts_with("WWW-Authenticate") && line.contains("algorithm=MD5"))
            .unwrap_or_else(|| panic!("no MD5 challenge for older trunks: {refused}"));
        let headers = format!("{kind}{}", proof(challenge, &format!("sip:1001@{}", server.sip), password));
        trunk.send(request(&server, &trunk, "INVITE", 2, &headers, offer).as_bytes()).unwrap();
        let answered = answer(&trunk).unwrap();
        assert!(answered.starts_with(expected), "{password}: {answered}");
    }
    let log = server.log();
    assert!(!log.contains("s3cret"), "the password is not in the log");
}
