//! Lamps (RFC 3842): what a phone is told about its own mailbox, and that nobody is told about another's.

use std::io::{Read as _, Write as _};
use std::net::{TcpStream, UdpSocket};
use std::time::Duration;

use aftertone::sip::summary::{self, Summary};
use serde_json::Value;

use crate::ears::speech;
use crate::live::{Server, installed, together};
use crate::sip::scenario;

/// A phone that subscribes: one socket, one dialog.
struct Phone {
    socket: UdpSocket,
    user: &'static str,
    seq: u32,
    /// The To header of the dialog, once there is one.
    to: Option<String>,
}

impl Phone {
    fn new(user: &'static str) -> Self {
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        socket.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
        Self { socket, user, seq: 0, to: None }
    }

    /// Sends a SUBSCRIBE about `watched`; the answer.
    fn subscribe(&mut self, server: &Server, watched: &str, headers: &str) -> String {
        self.seq += 1;
        let (at, me, user, seq) = (server.sip, self.socket.local_addr().unwrap(), self.user, self.seq);
        let to = self.to.clone().unwrap_or_else(|| format!("<sip:{watched}@{at}>"));
        let request = format!(
            "SUBSCRIBE sip:{watched}@{at} SIP/2.0\r\nVia: SIP/2.0/UDP {me};branch=z9hG4bK{user}s{seq}\r\n\
             From: <sip:{user}@{me}>;tag=p1\r\nTo: {to}\r\nCall-ID: lamp-{me}\r\nCSeq: {seq} SUBSCRIBE\r\n\
             Contact: <sip:{user}@{me}>\r\nMax-Forwards: 70\r\n{headers}Content-Length: 0\r\n\r\n"
        );
        self.socket.send_to(request.as_bytes(), at).unwrap();
        self.next(&format!("CSeq: {seq} SUBSCRIBE"))
    }

    /// The next message with this line; NOTIFYs that come before are answered.
    fn next(&self, line: &str) -> String {
        let mut bytes = [0; 4096];
        loop {
            let (count, from) = self.socket.recv_from(&mut bytes).unwrap();
            let text = String::from_utf8_lossy(&bytes[..count]).into_owned();
            if text.starts_with("NOTIFY ") {
                self.socket.send_to(confirmation(&text).as_bytes(), from).unwrap();
            }
            if text.contains(line) {
                return text;
            }
        }
    }

    /// Waits for a NOTIFY that says this; the whole of it.
    fn shows(&self, new: u32, old: u32) -> String {
        loop {
            let notify = self.next("\r\nEvent: message-summary\r\n");
            let Summary { waiting, voice, .. } = read(&notify);
            let voice = voice.unwrap();
            assert_eq!(waiting, voice.new > 0, "{notify}");
            if (voice.new, voice.old) == (new, old) {
                return notify;
            }
        }
    }
}

fn read(notify: &str) -> Summary {
    summary::read(notify.split_once("\r\n\r\n").unwrap().1).unwrap()
}

fn confirmation(notify: &str) -> String {
    let copied = ["Via:", "From:", "To:", "Call-ID:", "CSeq:"];
    let kept = notify.lines().filter(|line| copied.iter().any(|name| line.starts_with(name)));
    let kept: String = kept.map(|line| format!("{line}\r\n")).collect();
    format!("SIP/2.0 200 OK\r\n{kept}Content-Length: 0\r\n\r\n")
}

fn header<'a>(text: &'a str, name: &str) -> &'a str {
    text.lines()
        .find_map(|line| line.strip_prefix(name))
        .unwrap_or_else(|| panic!("no {name} in {text}"))
        .trim()
}

const PLAIN: &str = "Event: message-summary\r\nExpires: 600\r\n";

fn leave(server: &Server, mailbox: &str) {
    let file = server.wav(&format!("for-{mailbox}.wav"), &speech(2.0, 8_000), 8_000);
    server.call(mailbox, "#,t,p,w0.3,#,s", Some(&file), &[]);
}

fn newest(server: &Server, mailbox: &str) -> String {
    server.until("a message arrives", |server| !server.messages(mailbox).is_empty());
    server.messages(mailbox)[0]["id"].as_str().unwrap().to_owned()
}

#[test]
fn a_lamp_follows_its_mailbox_through_refresh_restart_and_end() {
    let mut server = Server::start("", "");
    server.user("1001", &[]);
    let mut phone = Phone::new("1001");
    let answer = phone.subscribe(&server, "1001", PLAIN);
    assert!(answer.starts_with("SIP/2.0 200 "), "{answer}");
    assert_eq!(header(&answer, "Expires:"), "600");
    phone.to = Some(header(&answer, "To:").to_owned());
    let first = phone.shows(0, 0);
    assert!(header(&first, "Subscription-State:").starts_with("active;expires="), "{first}");
    leave(&server, "1001");
    phone.shows(1, 0);
    let id = newest(&server, "1001");
    server.ok(&["message", "mark", &id, "heard"]);
    phone.shows(0, 1);

    // A refresh is answered by a NOTIFY, whatever the lamp shows.
    assert!(phone.subscribe(&server, "1001", PLAIN).starts_with("SIP/2.0 200 "));
    phone.shows(0, 1);
    server.until("the lamp is told and confirmed", |server| {
        let lamps = server.json(&["lamp", "list"]);
        lamps.as_array().unwrap().len() == 1 && lamps[0]["told"] == "0/1 (0/0)"
    });

    // The subscription outlives the process.
    server.signal("TERM");
    assert_eq!(server.ended(), Some(0));
    server.serve();
    server.ok(&["message", "mark", &id, "new"]);
    phone.shows(1, 0);

    let ended = phone.subscribe(&server, "1001", "Event: message-summary\r\nExpires: 0\r\n");
    assert!(ended.starts_with("SIP/2.0 200 "), "{ended}");
    assert!(header(&phone.shows(1, 0), "Subscription-State:").starts_with("terminated"));
    server.until("the subscription is forgotten", |server| {
        server.json(&["lamp", "list"]).as_array().unwrap().is_empty()
    });
    assert!(phone.subscribe(&server, "1001", PLAIN).starts_with("SIP/2.0 481 "), "it is over");
}

#[test]
fn a_phone_sees_only_its_own_mailbox_and_a_faulty_subscribe_is_told_why() {
    let server = Server::start("", "");
    server.user("1001", &[]);
    server.user("1002", &[]);
    let asks = |user: &'static str, watched: &str, headers: &str| {
        Phone::new(user).subscribe(&server, watched, headers)
    };
    for (user, watched, headers, status) in [
        ("1002", "1001", PLAIN, "403"),
        ("anonymous", "1001", PLAIN, "403"),
        ("eve", "1001", PLAIN, "403"),
        ("1001", "7777", PLAIN, "404"),
        ("1001", "1001", "Event: presence\r\n", "489"),
        ("1001", "1001", "Expires: 600\r\n", "489"),
        ("1001", "1001", "Event: message-summary\r\nExpires: 5\r\n", "423"),
        ("1001", "1001", "Event: message-summary\r\nExpires: soon\r\n", "400"),
        ("1001", "1001", "Event: message-summary\r\nAccept: text/html\r\n", "406"),
    ] {
        let answer = asks(user, watched, headers);
        assert!(answer.starts_with(&format!("SIP/2.0 {status} ")), "{user} {watched} {headers}: {answer}");
        match status {
            "489" => assert_eq!(header(&answer, "Allow-Events:"), "message-summary"),
            "423" => assert_eq!(header(&answer, "Min-Expires:"), "60"),
            _ => {}
        }
    }
    let mut lost = Phone::new("1001");
    lost.to = Some("<sip:1001@x>;tag=of-another-life".to_owned());
    assert!(lost.subscribe(&server, "1001", PLAIN).starts_with("SIP/2.0 481 "));
    assert_eq!(server.json(&["lamp", "list"]).as_array().unwrap().len(), 0, "none of them was granted");

    // A fetch: one NOTIFY, and no subscription.
    let mut curious = Phone::new("1002");
    let fetched = curious.subscribe(&server, "1002", "Event: message-summary\r\nExpires: 0\r\n");
    assert!(fetched.starts_with("SIP/2.0 200 "), "{fetched}");
    assert!(header(&curious.shows(0, 0), "Subscription-State:").starts_with("terminated"));
}

#[test]
fn a_phone_is_told_without_asking_and_sipp_watches_its_lamp() {
    let server = Server::start("", "");
    server.user("1001", &[]);
    server.user("1002", &[]);
    let phone = Phone::new("desk");
    let target = format!("sip:desk@{}", phone.socket.local_addr().unwrap());
    let added = server.ok(&["lamp", "add", "--mailbox", "1002", "--to", &target]);
    phone.shows(0, 0);
    let mut watching: Vec<Box<dyn FnOnce() + Send>> = vec![Box::new(|| {
        leave(&server, "1002");
        phone.shows(1, 0);
        server.ok(&["lamp", "remove", added.split(':').next().unwrap()]);
    })];
    if installed("sipp", "sip-tester") {
        watching.push(Box::new(|| scenario(&server, "lamp", "1001", &[])));
        watching.push(Box::new(|| {
            server.until("sipp is told that nothing waits", |server| {
                server
                    .json(&["lamp", "list"])
                    .as_array()
                    .unwrap()
                    .iter()
                    .any(|lamp| lamp["mailbox"] == "1001" && lamp["told"] == "0/0 (0/0)")
            });
            leave(&server, "1001");
            let id = newest(&server, "1001");
            server.until("sipp is told of the message", |server| {
                server
                    .json(&["lamp", "list"])
                    .as_array()
                    .unwrap()
                    .iter()
                    .any(|lamp| lamp["mailbox"] == "1001" && lamp["told"] == "1/0 (0/0)")
            });
            server.ok(&["message", "mark", &id, "heard"]);
        }));
    }
    together(watching);
    let bad = server.run(&["lamp", "add", "--mailbox", "1002", "--to", "somewhere"]);
    assert_eq!(bad.code, Some(2), "{bad:?}");
}

/// POST by HTTP; the body of the answer.
fn post(server: &Server, key: &str, path: &str, body: &str) -> Value {
    let mut stream = TcpStream::connect(server.http).unwrap();
    let (host, length) = (server.http, body.len());
    let request = format!(
        "POST /api/v1{path} HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {key}\r\nContent-Type: application/json\r\n\
         Content-Length: {length}\r\nConnection: close\r\n\r\n{body}"
    );
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    serde_json::from_str(answer.split_once("\r\n\r\n").unwrap().1).unwrap_or_else(|_| panic!("{answer}"))
}

// 000-05
#[test]
fn a_phone_that_has_subscribed_is_asked_to_restart_outside_of_its_subscription() {
    let server = Server::start("", "");
    server.user("1001", &[]);
    let mut phone = Phone::new("1001");
    assert!(phone.subscribe(&server, "1001", PLAIN).starts_with("SIP/2.0 200 "));
    let first = phone.shows(0, 0);
    let made = server.json(&["key", "add", "x", "--scope", "phones:read", "--scope", "phones:write"]);
    let key = made["key"].as_str().unwrap();
    let added = post(&server, key, "/handsets", r#"{"owner": "1001", "mac": "0004f2123456"}"#);
    let path = format!("/handsets/{}/restart", added["id"].as_str().unwrap());
    let (notify, answer) = std::thread::scope(|scope| {
        let asked = scope.spawn(|| post(&server, key, &path, ""));
        (phone.next("Event: check-sync"), asked.join().unwrap())
    });
    assert!(
        notify.starts_with(&format!("NOTIFY sip:1001@{}", phone.socket.local_addr().unwrap())),
        "{notify}"
    );
    assert_ne!(
        header(&notify, "Call-ID:"),
        header(&first, "Call-ID:"),
        "no number of the subscription is used up"
    );
    assert_eq!(answer["confirmed"], true, "{answer}");
    assert_eq!(server.json(&["lamp", "list"])[0]["told"], "0/0 (0/0)", "the subscription goes on");
}
