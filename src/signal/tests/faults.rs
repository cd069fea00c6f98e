//! Who gets no answer, who must prove himself, and what a faulty request is told.

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::*;

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
