//! The life of the process: drain, reload, the demo.

use std::net::UdpSocket;
use std::process::{Command, Stdio};
use std::time::Duration;

use crate::ears::speech;
use crate::live::Server;

#[test]
fn a_stop_lets_the_caller_finish_and_keeps_the_message() {
    let mut server = Server::start("", "");
    server.user("1001", &[]);
    let wav = server.wav("speech.wav", &speech(5.0, 8_000), 8_000);
    std::thread::scope(|scope| {
        let call = scope.spawn(|| server.call("1001", "#,t,p,w0.3,#,s,2,s", Some(&wav), &[]));
        server.until("a recording runs", |server| {
            let spool = std::fs::read_dir(server.data().join("spool")).unwrap();
            spool
                .filter_map(|entry| entry.ok()?.metadata().ok())
                .any(|meta| meta.is_file() && meta.len() > 16_000)
        });
        server.signal("TERM");
        server.until("readiness says that it stops", |server| {
            let (status, body) = server.get("/readyz");
            status == 503 && body.contains("stopping")
        });
        assert_eq!(server.get("/healthz").0, 200, "the process itself is well");
        let refused = server.run(&["call", &format!("sip:1001@{}", server.sip), "--limit", "5s"]);
        assert!(refused.err.contains("503"), "no new calls: {refused:?}");
        let heard = call.join().unwrap();
        let sent = aftertone::flow::phrases::MESSAGE_SENT.phrase();
        assert!(crate::ears::says(&heard.samples, heard.rate, &sent), "the caller was served to the end");
    });
    assert_eq!(server.ended(), Some(0));
    let log = server.log();
    assert!(log.contains("draining") && !log.contains(" cut"), "the call ended by itself: {log}");
    let length = server.message("1001")["duration_ms"].as_f64().unwrap();
    assert!(length >= 5000.0, "{length} ms");
}

#[test]
fn an_idle_server_stops_at_once() {
    let mut server = Server::start("", "");
    server.signal("TERM");
    assert_eq!(server.ended(), Some(0));
    let log = server.log();
    assert!(log.contains("draining") && !log.contains(" cut"), "nobody was waited for in vain: {log}");
}

#[test]
fn a_stop_in_the_moment_of_the_start_is_heeded_and_not_the_end_of_the_process() {
    for _ in 0..5 {
        let mut server = Server::prepare("", "");
        server.serve_until_open();
        server.signal("TERM");
        assert_eq!(server.ended(), Some(0), "it ended by itself: {}", server.log());
    }
}

/// Whether the server answers OPTIONS from this address. Who expects an answer asks again and again, for long; the
/// silence of one that does not come is believed sooner.
fn answers(server: &Server, from: &str, expected: bool) -> bool {
    let socket = UdpSocket::bind(format!("{from}:0")).unwrap();
    socket.set_read_timeout(Some(Duration::from_millis(700))).unwrap();
    let (me, at) = (socket.local_addr().unwrap(), server.sip);
    let ask = |attempt| {
        let text = format!(
            "OPTIONS sip:{at} SIP/2.0\r\nVia: SIP/2.0/UDP {me};branch=z9hG4bK{attempt}\r\nFrom: <sip:a@{me}>;tag=1\r\n\
             To: <sip:{at}>\r\nCall-ID: probe-{me}\r\nCSeq: 1 OPTIONS\r\nMax-Forwards: 70\r\nContent-Length: 0\r\n\r\n",
        );
        socket.send_to(text.as_bytes(), at).unwrap();
        socket.recv(&mut [0; 2048]).is_ok()
    };
    (0..if expected { 60 } else { 1 }).any(ask)
}

#[test]
fn a_hangup_reads_the_configuration_again() {
    let mut server = Server::start("peers = [\"127.0.0.1\"]", "");
    server.user("1001", &[]);
    assert!(answers(&server, "127.0.0.1", true) && !answers(&server, "127.0.0.8", false));
    let rtp = "[rtp]\naddress = \"127.0.0.1\"\nports = \"31200-31299\"\n";
    server.configure("peers = [\"127.0.0.8\"]\naccess_numbers = [\"5000\"]", rtp);
    server.signal("HUP");
    server.until("the change is taken over", |server| server.log().contains("read again"));
    assert!(
        answers(&server, "127.0.0.8", true) && !answers(&server, "127.0.0.1", false),
        "who may call has changed"
    );
    let log = server.log();
    assert!(log.contains("rtp.ports") && log.contains("restart"), "what needs a restart is named: {log}");

    server.configure("peers = [\"127.0.0.1\"]\naccess_numbers = [\"5000\"]", rtp);
    server.signal("HUP");
    server.until("it is taken over again", |server| server.log().matches("read again").count() == 2);
    let heard = server.call("5000", "s", None, &[]);
    let sign_in = aftertone::flow::phrases::owner::LOGIN_EXTENSION.phrase();
    assert!(crate::ears::says(&heard.samples, heard.rate, &sign_in), "so have the rules");

    server.configure("peers = \"everybody\"", rtp);
    server.signal("HUP");
    server.until("the mistake is named", |server| server.log().contains("goes on with the old one"));
    assert!(answers(&server, "127.0.0.1", true) && server.runs(), "a mistake changes nothing");
}

#[test]
fn the_server_may_open_as_many_files_as_the_system_allows() {
    let server = Server::start("", "");
    let limits = std::fs::read_to_string(format!("/proc/{}/limits", server.pid())).unwrap();
    let line = limits.lines().find(|line| line.starts_with("Max open files")).unwrap();
    let words: Vec<&str> = line.split_whitespace().collect();
    assert_eq!(words[3], words[4], "{line}");
}

#[test]
fn the_demo_works_and_works_again() {
    let folder = tempfile::tempdir().unwrap();
    for round in 1..=2 {
        let ran = Command::new(env!("CARGO_BIN_EXE_aftertone"))
            .args(["demo", "--once", "--data"])
            .arg(folder.path().join("data"))
            .current_dir(folder.path())
            .stdin(Stdio::null())
            .output()
            .unwrap();
        let said = String::from_utf8(ran.stdout).unwrap();
        assert!(ran.status.success(), "round {round}: {said}\n{}", String::from_utf8_lossy(&ran.stderr));
        for words in
            ["sip:1001@127.0.0.1", "Recorded ", "Stored as ", "Mailed: ", "/m/", "greeting and tone took"]
        {
            assert!(said.contains(words), "{words:?} is missing: {said}");
        }
        let took = said.split("tone took ").nth(1).unwrap().split(' ').next().unwrap();
        let took: f64 = took.parse().unwrap();
        assert!((3.0..20.0).contains(&took), "the greeting takes {took} s, not the whole call");
        let mails = std::fs::read_dir(folder.path().join("data/mail")).unwrap();
        let mails =
            mails.filter(|file| file.as_ref().unwrap().path().extension().is_some_and(|e| e == "eml"));
        assert_eq!(mails.count(), round, "a mail for each round");
    }
}
