//! Owners on real calls: sign in, listen, delete; with keys as telephone-events, as tones and by INFO.

use std::path::PathBuf;
use std::process::Command;

use aftertone::audio::resample::resample;
use aftertone::flow::phrases;
use serde_json::Value;

use crate::ears::{find, says, speech};
use crate::live::{Server, free_address, installed, together};

/// The number that leads to the sign-in.
pub(crate) const PILOT: &str = "8000";
/// The first call: PIN, name and greeting are left for later by `*`.
pub(crate) const LATER: &str = "***";

pub(crate) fn server(boxes: &[&str]) -> (Server, PathBuf) {
    let server = Server::start(&format!("access_numbers = [\"{PILOT}\"]"), "");
    for mailbox in boxes {
        server.ok(&["user", "add", "--extension", mailbox, "--first", "Ada", "--pin", "482913"]);
    }
    let wav = server.wav("speech.wav", &speech(3.0, 8_000), 8_000);
    for mailbox in boxes {
        server.call(mailbox, "#,t,p,w0.3,#,s,2,s", Some(&wav), &[]);
        server.message(mailbox);
    }
    (server, wav)
}

fn folder(server: &Server, mailbox: &str, folder: &str) -> Vec<Value> {
    let listed = server.json(&["message", "list", "--mailbox", mailbox, "--folder", folder]);
    listed.as_array().unwrap().clone()
}

pub(crate) fn is_deleted(server: &Server, mailbox: &str) {
    server.until("the message is in the trash", |server| folder(server, mailbox, "trash").len() == 1);
    assert!(server.messages(mailbox).is_empty(), "nothing is left in the inbox of {mailbox}");
}

#[test]
fn an_owner_signs_in_listens_and_deletes() {
    let boxes = ["2001", "2002", "2003", "2004", "2005"];
    let (server, wav) = server(&boxes);
    let server = &server;
    let hears = |heard: &crate::live::Heard| {
        let own: Vec<i16> = speech(3.0, 8_000).into_iter().take(8_000).collect();
        find(&resample(&heard.samples, heard.rate, 8_000), &own).1
    };
    let from = |mailbox: &str| format!("sip:{mailbox}@127.0.0.1");
    together(vec![
        // From the own phone: the PIN, then 1 (new messages), # (past the envelope), 7 (delete).
        Box::new(move || {
            let keys = format!("w0.5,482913#{LATER}1,w1,#,s,7,s");
            let heard = server.call(PILOT, &keys, None, &["--from", &from("2001")]);
            assert!(hears(&heard) > 0.8, "the message is heard: {}", heard.said);
            assert!(says(&heard.samples, heard.rate, &phrases::owner::DELETED.phrase()), "{}", heard.said);
            is_deleted(server, "2001");
        }),
        // From elsewhere, with keys as tones in the sound: extension and PIN.
        Box::new(move || {
            let keys = format!("s,2002#,s,482913#,s,{LATER},s,1,w1,#,s,7,s");
            let heard = server.call(PILOT, &keys, None, &["--in-band"]);
            assert!(hears(&heard) > 0.8, "the message is heard: {}", heard.said);
            is_deleted(server, "2002");
        }),
        // `*` in the greeting; deleted, undone, saved.
        Box::new(move || {
            let keys = format!("w0.5,*,s,482913#{LATER}1,w1,7,w0.5,7,w0.5,2,s");
            server.call("2003", &keys, None, &[]);
            server.until("the message is saved", |server| folder(server, "2003", "saved").len() == 1);
            assert!(folder(server, "2003", "trash").is_empty(), "undone");
        }),
        // A wrong PIN gives nothing away; the right one after it opens.
        Box::new(move || {
            let keys = format!("w0.5,111#,s,2004#,s,482913#{LATER}17,s");
            let heard = server.call(PILOT, &keys, None, &["--from", &from("2004")]);
            assert!(
                says(&heard.samples, heard.rate, &phrases::owner::LOGIN_REFUSED.phrase()),
                "{}",
                heard.said
            );
            is_deleted(server, "2004");
        }),
        // A greeting of one's own, recorded by phone; then callers hear it.
        Box::new(move || {
            let keys = format!("w0.5,482913#{LATER}5113,t,p,w0.3,#,s,2,s,#,s");
            server.call(PILOT, &keys, Some(&wav), &["--from", &from("2005")]);
            let heard = server.call("2005", "s", None, &[]);
            assert!(hears(&heard) > 0.8, "callers hear the new greeting: {}", heard.said);
        }),
    ]);
    let log = server.log();
    assert!(!log.contains("482913") && !log.contains("Digit(Key('4'))"), "the PIN is in the log");
}

#[test]
fn a_list_and_then_everybody_get_what_an_owner_says() {
    let server = Server::start(&format!("access_numbers = [\"{PILOT}\"]"), "");
    let boxes = ["2001", "2002", "2003", "2004"];
    for mailbox in boxes {
        server.ok(&["user", "add", "--extension", mailbox, "--first", "Ada", "--pin", "482913"]);
    }
    let wav = server.wav("speech.wav", &speech(3.0, 8_000), 8_000);
    let call = |keys: &str| {
        let keys = format!("w0.5,482913#{keys}");
        let says = keys.contains('p').then_some(wav.as_path());
        server.call(PILOT, &keys, says, &["--from", "sip:2001@127.0.0.1"])
    };
    let counts = || boxes.map(|mailbox| server.messages(mailbox).len());
    // List 3: 2002 and 2003.
    call(&format!("{LATER}593#22002#2003#,w1"));
    let say = "t,p,w0.3,#,w1,2,w5";
    let heard = call(&format!("33##,{say}"));
    let sent = |number| phrases::owner::SENT.phrase().with("count", aftertone::speech::Arg::Number(number));
    assert!(says(&heard.samples, heard.rate, &sent(2)), "{}", heard.said);
    server.until("both have it", |_| counts() == [0, 1, 1, 0]);
    // Everybody needs leave, and is asked once more.
    call("30#,w5");
    assert_eq!(counts(), [0, 1, 1, 0]);
    server.ok(&["user", "set", "2001", "--may-broadcast", "true"]);
    let heard = call(&format!("30#1,{say}"));
    assert!(says(&heard.samples, heard.rate, &sent(3)), "{}", heard.said);
    server.until("all others have it", |_| counts() == [0, 2, 2, 1]);
}

/// A call whose keys come by INFO, one after the other, without any sound of the caller.
fn info_call(keys: &str) -> String {
    let head = |method: &str, target: &str, cseq: usize, tag: &str, more: &str| {
        format!(
            "\n{method} {target} SIP/2.0\nVia: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]\n\
             From: <sip:2001@[local_ip]:[local_port]>;tag=[call_number]\n\
             To: <sip:[service]@[remote_ip]:[remote_port]>{tag}\nCall-ID: [call_id]\nCSeq: {cseq} {method}\n\
             Contact: <sip:2001@[local_ip]:[local_port];transport=[transport]>\nMax-Forwards: 70\n{more}\n"
        )
    };
    let send = |text: String, retrans: &str| format!("<send{retrans}><![CDATA[\n{text}\n]]></send>\n");
    let sdp = "Content-Type: application/sdp\nContent-Length: [len]\n\nv=0\no=- 1 1 IN IP4 [local_ip]\ns=-\n\
               c=IN IP4 [media_ip]\nt=0 0\nm=audio [media_port] RTP/AVP 0\na=sendrecv";
    let peer = "[peer_tag_param]";
    let mut text = String::from("<?xml version=\"1.0\"?>\n<scenario name=\"info\">\n");
    text += &send(head("INVITE", "sip:[service]@[remote_ip]:[remote_port]", 1, "", sdp), " retrans=\"500\"");
    text += "<recv response=\"100\" optional=\"true\"/>\n<recv response=\"200\" rrs=\"true\"/>\n";
    text += &send(head("ACK", "[next_url]", 1, peer, "Content-Length: 0\n"), "");
    for (place, key) in keys.chars().enumerate() {
        let body = format!(
            "Content-Type: application/dtmf-relay\nContent-Length: [len]\n\nSignal={key}\nDuration=50"
        );
        // As fast as somebody who knows the menus by heart, or a stored number.
        text += "<pause milliseconds=\"50\"/>\n";
        text += &send(head("INFO", "[next_url]", place + 2, peer, &body), " retrans=\"500\"");
        text += "<recv response=\"200\"/>\n";
    }
    text += "<pause milliseconds=\"2000\"/>\n";
    text += &send(head("BYE", "[next_url]", keys.len() + 2, peer, "Content-Length: 0\n"), " retrans=\"500\"");
    text + "<recv response=\"200\"/>\n</scenario>\n"
}

#[test]
fn keys_by_info_at_speed_do_the_same() {
    if !installed("sipp", "sip-tester") {
        return;
    }
    let (server, _) = server(&["2001"]);
    let file = server.file("info.xml");
    std::fs::write(&file, info_call(&format!("482913#{LATER}1#7"))).unwrap();
    let port = free_address().port().to_string();
    let ran = Command::new("sipp")
        .args(["-sf", file.to_str().unwrap(), "-m", "1", "-s", PILOT, "-i", "127.0.0.1", "-p", &port])
        .args(["-nostdin", "-timeout", "60s", "-timeout_error"])
        .arg(server.sip.to_string())
        .current_dir(server.data())
        .output()
        .unwrap();
    assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
    is_deleted(&server, "2001");
}

#[test]
fn the_card_is_printed_and_a_profile_is_judged() {
    let server = Server::prepare("", "");
    let card = server.json(&["keys", "card", "--profile", "cisco"]);
    let playing = card.as_array().unwrap().iter().find(|menu| menu["menu"] == "playing").unwrap();
    let line = |keys: &str| {
        let lines = playing["keys"].as_array().unwrap();
        lines.iter().find(|line| line["keys"] == keys).unwrap().clone()
    };
    assert_eq!((&line("3")["command"], &line("3")["waits"]), (&"delete".into(), &false.into()));
    assert_eq!(line("#")["waits"], true);
    assert!(server.ok(&["keys", "card"]).contains("7    delete"), "the card of the configuration");
    let file = server.file("mine.toml");
    let (good, bad) = ("title = \"Mine\"\nextends = \"cisco\"\n", "[greeting]\nkeys = { 1 = \"listen\" }\n");
    std::fs::write(&file, good).unwrap();
    server.ok(&["keys", "check", file.to_str().unwrap()]);
    std::fs::write(&file, format!("{good}{bad}")).unwrap();
    let ran = server.run(&["keys", "check", file.to_str().unwrap()]);
    assert_eq!(ran.code, Some(1));
    assert!(ran.err.contains("no way out") && ran.err.contains("does not lead to help"), "{}", ran.err);
    server.configure("", &format!("[voicemail]\nkeys = {:?}\n", file.to_str().unwrap()));
    assert!(server.run(&["check"]).err.contains("no way out"), "a server does not start with it");
}
