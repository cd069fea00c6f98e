//! Hostile peers, callers and texts against the real program: it goes on serving, says nothing to strangers, calls nobody
//! it must not call, and records nothing but its caller.
#![expect(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "a test that cannot go on has failed, and its peers keep real time"
)]

#[path = "support/line.rs"]
mod line;
#[path = "support/ports.rs"]
mod ports;
#[path = "support/running.rs"]
mod running;

use std::io::{ErrorKind, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream, UdpSocket};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use aftertone::audio::{Codec, Decoder, Encoder};
use aftertone::service::prompts::PromptSet;
use aftertone::speech::Phrase;
use line::{Line, packet};
use running::Running;

const ADA: &str = "sip:1001@vm.example";

/// Our own torture messages, moved from the documentation's addresses to loopback ones.
fn torture() -> Vec<(String, Vec<u8>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fuzz/corpus/sip_message");
    let files = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap());
    let here = |bytes: Vec<u8>| {
        let mut bytes = bytes;
        for at in 0..bytes.len().saturating_sub(7) {
            if &bytes[at..at + 8] == b"192.0.2." {
                bytes[at..at + 8].copy_from_slice(b"127.0.0.");
            }
        }
        bytes
    };
    files
        .map(|file| {
            (file.file_name().to_string_lossy().into_owned(), here(std::fs::read(file.path()).unwrap()))
        })
        .collect()
}

/// A TCP connection from an address of the loopback network.
fn tcp_from(address: &str, to: SocketAddr) -> TcpStream {
    let socket = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None).unwrap();
    socket.bind(&SocketAddr::new(address.parse().unwrap(), 0).into()).unwrap();
    socket.connect(&to.into()).unwrap();
    let stream: TcpStream = socket.into();
    stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
    stream
}

/// 20 ms payloads of PCMU that say something.
fn speech(frames: usize) -> Vec<Vec<u8>> {
    let prompts = PromptSet::embedded().unwrap();
    let clips = prompts.say("en", &Phrase::new("demo-message")).unwrap();
    let samples: Vec<i16> = clips.iter().flat_map(|clip| clip.pcm_at(8_000)).collect();
    let mut encoder = Encoder::new(Codec::Pcmu).unwrap();
    let encode = |frame: &[i16]| {
        let mut payload = Vec::new();
        encoder.encode(frame, &mut payload).unwrap();
        payload
    };
    samples.chunks_exact(160).take(frames).map(encode).collect()
}

fn decoded(payload: &[u8]) -> Vec<i16> {
    let mut samples = Vec::new();
    Decoder::new(Codec::Pcmu).unwrap().decode(payload, &mut samples).unwrap();
    samples
}

/// Leaves a message: skips the greeting, waits for the tone to pass, speaks, hangs up. `each` runs after every packet.
/// Gives every sample that was sent.
fn leave(line: &mut Line, frames: usize, mut each: impl FnMut(&Line, u16, &[u8])) -> Vec<i16> {
    assert_eq!(line.call(ADA, ""), 200);
    line.press('#');
    let quiet = std::iter::repeat_n(vec![0xff; 160], 75);
    let payloads = quiet.chain(speech(frames));
    let began = Instant::now();
    // The recording may begin before the first packet: with silence.
    let mut sent = vec![0; 32_000];
    for (number, payload) in payloads.enumerate() {
        let due = began + Duration::from_millis(20) * number as u32;
        std::thread::sleep(due.saturating_duration_since(Instant::now()));
        let bytes = packet(number as u16, number as u32 * 160, 0x1234, 0, &payload);
        line.rtp.send_to(&bytes, line.remote()).unwrap();
        sent.extend(decoded(&payload));
        each(line, number as u16, &payload);
    }
    std::thread::sleep(Duration::from_millis(100));
    line.hang_up();
    sent
}

/// The recording is a piece of what was sent, sample by sample, and holds (nearly) all of the speech.
fn assert_is_what_was_said(recorded: &[i16], sent: &[i16], speech_samples: usize) {
    let place = sent.windows(recorded.len()).position(|window| window == recorded);
    assert!(place.is_some(), "{} samples are not what was sent", recorded.len());
    let cut = sent.len() - (place.unwrap_or(0) + recorded.len());
    assert!(recorded.len() + 8_000 >= speech_samples, "{} of {speech_samples} samples", recorded.len());
    assert!(cut <= 8_000, "{cut} samples are missing at the end");
}

/// Frames that the machine was too busy to take in are concealed; nine of ten are there, in order.
fn assert_is_mostly_what_was_said(recorded: &[i16], sent: &[i16]) {
    let mut from = 0;
    let mut missing = 0;
    let spoken: Vec<&[i16]> = sent[sent.len() - 150 * 160..].chunks(160).collect();
    for frame in &spoken {
        match recorded[from..].windows(160).position(|window| window == *frame) {
            Some(place) => from += place + 160,
            None => missing += 1,
        }
    }
    assert!(missing <= spoken.len() / 10, "{missing} of {} frames are missing", spoken.len());
}

#[test]
fn whatever_message_comes_over_udp_or_tcp_the_next_probe_is_answered() {
    let server = Running::start("", "");
    let mut probe = Line::new("127.0.0.1", server.sip);
    let messages = torture();
    assert!(messages.len() > 30);
    for (name, bytes) in &messages {
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        socket.send_to(bytes, server.sip).unwrap();
        assert!(probe.probe(), "after {name} over UDP");
        let mut stream = TcpStream::connect(server.sip).unwrap();
        stream.write_all(bytes).unwrap();
        assert!(probe.probe(), "after {name} over TCP");
    }
    assert!(!server.log().contains("panicked"), "{}", server.log());
}

#[test]
fn a_stranger_gets_no_byte_over_udp_or_tcp() {
    let server = Running::start("", "");
    let mut friend = Line::new("127.0.0.1", server.sip);
    assert!(friend.probe(), "who is on the list is answered");
    let mut stranger = Line::new("127.0.0.2", server.sip);
    for method in ["OPTIONS", "INVITE", "REGISTER", "BYE", "ACK", "NONSENSE"] {
        let body = if method == "INVITE" { stranger.offer() } else { String::new() };
        stranger.send(stranger.request(method, ADA, "", &body).as_bytes());
    }
    stranger.send(b"SIP/2.0 200 OK\r\n\r\n");
    stranger.send(&[0; 1200]);
    assert_eq!(stranger.next(Duration::from_millis(700)), None);
    assert_eq!(stranger.requests, Vec::<String>::new());

    let mut stream = tcp_from("127.0.0.2", server.sip);
    // The server may have hung up already.
    let _ = stream.write_all(stranger.request("OPTIONS", ADA, "", "").as_bytes());
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer);
    assert_eq!(answer, b"", "over TCP");
}

#[test]
fn who_has_proven_nothing_gets_at_most_three_bytes_for_one() {
    let trunk = "[[sip.trunks]]\nname = \"carrier\"\npeers = [\"127.0.0.3\"]\nrealm = \"carrier\"\nuser = \"u\"\npassword = \"p\"";
    let server = Running::start(trunk, "");
    let mut unproven = Line::new("127.0.0.3", server.sip);
    let (mut out, mut challenged) = (0, 0);
    let mut into = 0;
    for method in ["OPTIONS", "INVITE", "REGISTER", "SUBSCRIBE", "NONSENSE"] {
        let body = if method == "INVITE" { unproven.offer() } else { String::new() };
        let request = unproven.request(method, ADA, "", &body);
        unproven.send(request.as_bytes());
        into += request.len();
        while let Some(answer) = unproven.next(Duration::from_millis(400)) {
            challenged += usize::from(answer.starts_with("SIP/2.0 401"));
            assert!(!answer.starts_with("SIP/2.0 200"), "{method} was served");
            out += answer.len();
        }
    }
    assert!(challenged > 0, "it is told how to prove itself");
    assert!(out <= 3 * into, "{out} bytes for {into}");
    for (_, bytes) in torture() {
        let lines: Vec<u8> = bytes.clone();
        unproven.send(&lines);
        into += lines.len();
    }
    while let Some(answer) = unproven.next(Duration::from_millis(400)) {
        out += answer.len();
    }
    assert!(out <= 3 * into, "{out} bytes for {into}");
}

#[test]
fn a_tcp_header_without_end_is_cut_and_others_are_served() {
    let server = Running::start("", "");
    let mut stream = tcp_from("127.0.0.1", server.sip);
    let line = format!("X-Endless: {}\r\n", "a".repeat(500));
    stream.write_all(b"OPTIONS sip:vm.example SIP/2.0\r\n").unwrap();
    for _ in 0..200 {
        // Cut off already, perhaps.
        let _ = stream.write_all(line.as_bytes());
    }
    let ended = stream.read_to_end(&mut Vec::new());
    let waits = |error: &std::io::Error| matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut);
    assert!(!ended.as_ref().is_err_and(waits), "100 KB of header, and the server waits for more");
    assert!(Line::new("127.0.0.1", server.sip).probe());
}

#[test]
fn a_legal_call_is_answered_and_recorded_whole_while_one_source_floods() {
    let server = Running::start("", "");
    let over = Arc::new(AtomicBool::new(false));
    let sent = Arc::new(AtomicU64::new(0));
    let flood = {
        let (over, sent, to) = (Arc::clone(&over), Arc::clone(&sent), server.sip);
        std::thread::spawn(move || {
            let line = Line::new("127.0.0.1", to);
            let probe = line.request("OPTIONS", ADA, "", "");
            let invite = line.request("INVITE", ADA, "Require: nothing-known\r\n", "");
            let began = Instant::now();
            let mut number = 0_u32;
            while !over.load(Ordering::Relaxed) {
                for _ in 0..30 {
                    number += 1;
                    let text = if number.is_multiple_of(3) { &invite } else { &probe };
                    let text = text.replace("branch=z9hG4bK", &format!("branch=z9hG4bK{number}x"));
                    line.send(text.replace("Call-ID: ", &format!("Call-ID: {number}-")).as_bytes());
                }
                sent.store(u64::from(number), Ordering::Relaxed);
                let due = began + Duration::from_micros(333) * number;
                std::thread::sleep(due.saturating_duration_since(Instant::now()));
            }
        })
    };
    std::thread::sleep(Duration::from_millis(300));
    let mut line = Line::new("127.0.0.1", server.sip);
    let said = leave(&mut line, 150, |_, _, _| {});
    over.store(true, Ordering::Relaxed);
    flood.join().unwrap();
    assert!(sent.load(Ordering::Relaxed) > 3_000, "that was no flood");
    let (recorded, _) = server.export(&server.messages(1)[0]);
    assert_is_what_was_said(&recorded, &said, 150 * 160);
}

#[test]
fn nothing_foreign_gets_into_a_recording_and_no_stranger_gets_a_packet() {
    let server = Running::start("", "");
    let strangers = [Line::new("127.0.0.2", server.sip), Line::new("127.0.0.3", server.sip)];
    let foreign = [0x21; 160];
    let mut line = Line::new("127.0.0.1", server.sip);
    let mut earlier: Vec<Vec<u8>> = Vec::new();
    let said = leave(&mut line, 150, |line, number, payload| {
        let (to, at) = (line.remote(), u32::from(number) * 160);
        let rtcp = SocketAddr::new(to.ip(), to.port() + 1);
        let own = packet(number, at, 0x1234, 0, payload);
        let mut bad = vec![
            // Wrong SSRC, wrong payload types, garbage, from the right address.
            packet(number + 1, at + 160, 0x9999, 0, &foreign),
            packet(number + 1, at + 160, 0x1234, 8, &foreign),
            packet(number + 1, at + 160, 0x1234, 96, &foreign),
            foreign.to_vec(),
            packet(number + 1, at + 160, 0x1234, 0, &foreign)[..11].to_vec(),
            own.clone(),
            // RTCP: a BYE of the caller's source, and garbage.
            vec![0x81, 203, 0, 1, 0, 0, 0x12, 0x34],
            [&[0x81, 200, 0, 40][..], &foreign].concat(),
        ];
        // Replays of what is long over, and of what was just here. (Other words under a number that is due, from the right
        // address and source, are the caller's as far as plain RTP can tell.)
        let old = |back: usize| earlier.len().checked_sub(back).and_then(|at| earlier.get(at));
        bad.extend([1, 2, 50, 120].into_iter().filter_map(old).cloned());
        for bytes in &bad {
            line.rtp.send_to(bytes, to).unwrap();
        }
        for stranger in strangers.iter().filter(|_| number.is_multiple_of(2)) {
            for bytes in bad.iter().chain([&own, &packet(number + 1, at + 160, 0x1234, 0, &foreign)]) {
                stranger.rtp.send_to(bytes, to).unwrap();
            }
            stranger.rtp.send_to(&bad[6], rtcp).unwrap();
        }
        earlier.push(own);
    });
    let (recorded, rate) = server.export(&server.messages(1)[0]);
    assert_eq!(rate, 8_000);
    let noise = decoded(&foreign[..8]);
    assert!(!recorded.windows(8).any(|window| window == noise), "foreign sound was recorded");
    assert_is_mostly_what_was_said(&recorded, &said);
    assert!(!line.heard().is_empty(), "the caller heard the server");
    for stranger in &strangers {
        assert_eq!(stranger.heard(), Vec::<Vec<u8>>::new(), "a stranger got packets");
    }
}

/// The REFERs of a call to this mailbox in which `0` is pressed: the first, or none that came within this time.
fn refers(server: SocketAddr, extension: &str, extra: &str, wait: Duration) -> Vec<String> {
    let mut line = Line::new("127.0.0.1", server);
    assert_eq!(line.call(&format!("sip:{extension}@vm.example"), extra), 200);
    line.press('0');
    let until = Instant::now() + wait;
    let is_refer = |request: &String| request.starts_with("REFER ");
    while Instant::now() < until && !line.requests.iter().any(is_refer) {
        line.next(Duration::from_millis(200));
    }
    line.hang_up();
    line.requests.into_iter().filter(is_refer).collect()
}

fn refer_to(refer: &str) -> Vec<&str> {
    refer.lines().filter_map(|line| line.strip_prefix("Refer-To: ")).collect()
}

#[test]
fn no_call_leads_anywhere_but_to_an_allowed_target() {
    let server = Running::start("transfer_targets = [\"1000\"]", "");
    let hostile = [
        "9001234",
        "sip:1000@premium.example",
        "1000@premium.example",
        "sip:1000@127.0.0.1?Replaces=x",
        "1000\r\nRefer-To: <sip:900@premium.example>",
        "1000>;x=<sip:900@premium.example",
        "*",
        "1000,900",
    ];
    let mut lines = Vec::new();
    for (number, target) in (2001..).zip(hostile) {
        let (number, sip) = (number.to_string(), server.sip);
        server.must(&["user", "add", "--extension", &number, "--first", "Eve"]);
        if server.run(&["user", "set", &number, "--operator", target]).status.success() {
            lines
                .push((target, std::thread::spawn(move || refers(sip, &number, "", Duration::from_secs(7)))));
        }
    }
    server.must(&["user", "set", "1001", "--operator", "1000"]);
    let extra = "Refer-To: <sip:900@premium.example>\r\nReferred-By: <sip:900@premium.example>\r\n\
                 X-Operator: 900\r\nP-App-Param: opr=900\r\nReply-To: <sip:900@premium.example>\r\n";
    let allowed = refers(server.sip, "1001", extra, Duration::from_secs(60));
    assert_eq!(allowed.len(), 1, "the allowed target is called");
    assert_eq!(refer_to(&allowed[0]), ["<sip:1000@127.0.0.1>"], "{}", allowed[0]);
    assert!(!allowed[0].contains("premium"), "{}", allowed[0]);
    for (target, line) in lines {
        assert_eq!(line.join().unwrap(), Vec::<String>::new(), "{target:?} was called");
    }

    let mut line = Line::new("127.0.0.1", server.sip);
    assert_eq!(line.call(ADA, ""), 200);
    let refer = line.request("REFER", ADA, "Refer-To: <sip:900@premium.example>\r\n", "");
    line.send(refer.replace("CSeq: 1 ", "CSeq: 2 ").replace("REFER1", "REFER2").as_bytes());
    let answer = line.next(Duration::from_secs(30)).expect("an answer");
    assert!(answer.starts_with("SIP/2.0 4") || answer.starts_with("SIP/2.0 6"), "{answer}");
    line.hang_up();
    assert_eq!(line.requests, Vec::<String>::new());
}

#[test]
fn hostile_names_numbers_files_and_addresses_stay_text() {
    let server = Running::start("", "");
    let refused = |args: &[&str]| {
        let output = server.run(args);
        assert!(matches!(output.status.code(), Some(1 | 2)), "{args:?}: {output:?}");
        assert_eq!(String::from_utf8_lossy(&output.stderr).trim().lines().count(), 1, "{output:?}");
    };
    let add = |number: &'static str| ["user", "add", "--extension", number];
    refused(&[&add("1002")[..], &["--first", "Eve\r\nBcc: eve@evil.example"]].concat());
    refused(
        &[&add("1002")[..], &["--first", "Eve", "--email", "a@b.example\r\nBcc: eve@evil.example"]].concat(),
    );
    refused(&[&add("1002")[..], &["--first", "Eve", "--email", "a@b.example,eve@evil.example>"]].concat());
    refused(&add("../../etc"));
    refused(&add("1' OR '1'='1"));
    refused(&["number", "add", "55\r\n55", "--mailbox", "1001"]);

    let robert = "Robert'); DROP TABLE users;--";
    server.must(&[&add("1003")[..], &["--first", robert, "--last", "\"%s{{7*7}}<script>"]].concat());
    let users = server.must(&["user", "list", "--json"]);
    assert!(users.contains("DROP TABLE users;--") && users.contains("{{7*7}}<script>"), "{users}");

    let sound: Vec<i16> = speech(50).iter().flat_map(|payload| decoded(payload)).collect();
    let file = "-x $(touch pwned) `touch pwned` ; touch pwned #.wav";
    std::fs::write(server.folder().join(file), aftertone::audio::wav::write(&sound, 8_000).unwrap()).unwrap();
    let path = format!("./{file}");
    server.must(&["greeting", "set", "--mailbox", "1001", "--kind", "busy", "--file", &path]);
    assert!(!server.folder().join("pwned").exists());

    let mut line = Line::new("127.0.0.1", server.sip);
    line.name = "\"=?utf-8?Q?x?= Eve'); DROP TABLE messages;--\r\n Bcc: eve@evil.example\r\n <script>alert(1)</script>\"".to_owned();
    leave(&mut line, 120, |_, _, _| {});
    let message = &server.messages(1)[0];
    assert!(message["caller_name"].as_str().unwrap().contains("DROP TABLE messages"), "{message}");
    let mail = mail(&server);
    let (head, body) = mail.split_once("\r\n\r\n").unwrap();
    let names: Vec<&str> = head
        .lines()
        .filter(|line| !line.starts_with([' ', '\t']))
        .filter_map(|line| line.split_once(':'))
        .map(|(name, _)| name)
        .collect();
    assert!(names.contains(&"Subject") && !names.contains(&"Bcc"), "{head}");
    let (_, html) = body.split_once("text/html").unwrap();
    assert!(html.contains("DROP TABLE") && !html.contains("<script>alert"), "{html}");
    assert_eq!(server.messages(1).len(), 1, "the table is still there");
}

/// The only mail that was written.
fn mail(server: &Running) -> String {
    let until = Instant::now() + Duration::from_secs(60);
    loop {
        let files = std::fs::read_dir(server.folder().join("data/mail")).into_iter().flatten();
        let mails =
            files.map(|file| file.unwrap().path()).find(|path| path.extension().is_some_and(|e| e == "eml"));
        if let Some(path) = mails {
            return std::fs::read_to_string(path).unwrap().replace("=\r\n", "");
        }
        assert!(Instant::now() < until, "no mail came: {}", server.log());
        std::thread::sleep(Duration::from_millis(100));
    }
}
