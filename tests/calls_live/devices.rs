//! Phones of owners on real calls: what opens a mailbox without a PIN and what does not; keys at speed.

use std::process::Command;

use aftertone::flow::phrases::owner;

use crate::ears::says;
use crate::inbox::{LATER, PILOT, is_deleted, server};
use crate::live::{Server, together};

/// Two phones that prove who they are; calls of others from there are not taken.
const PHONES: &str = r#"
[[sip.trunks]]
name = "desk"
peers = ["127.0.0.1"]
user = "desk-2001"
password = "s3cret"
realm = "aftertone"
[[sip.trunks]]
name = "hall"
peers = ["127.0.0.1"]
user = "hall"
password = "s3cret"
realm = "aftertone"
"#;

/// A call of the pilot number with this account, from this number: what was heard, as samples and rate.
fn call(server: &Server, from: &str, account: &str, keys: &str) -> Option<(Vec<i16>, u32)> {
    let file = server.file(&format!("heard-{from}-{account}.wav"));
    let target = format!("sip:{PILOT}@{}", server.sip);
    let from = format!("sip:{from}@127.0.0.1");
    let mut phone = Command::new(env!("CARGO_BIN_EXE_aftertone"));
    phone.args(["call", &target, "--from", &from, "--keys", keys, "--record", file.to_str().unwrap()]);
    if !account.is_empty() {
        phone.args(["--user", account]).env("AFTERTONE_CALL_PASSWORD", "s3cret");
    }
    let ran = phone.output().unwrap();
    if !ran.status.success() {
        return None;
    }
    let pcm = aftertone::audio::wav::read(&std::fs::read(file).unwrap()).unwrap();
    Some((pcm.samples, pcm.rate))
}

fn is_asked_for_the_pin(heard: &(Vec<i16>, u32)) -> bool {
    says(&heard.0, heard.1, &owner::LOGIN_PIN.phrase())
}

#[test]
fn a_device_that_proved_who_it_is_needs_no_pin_and_nobody_else_gets_in() {
    let server = Server::start(&format!("access_numbers = [\"{PILOT}\"]"), PHONES);
    for mailbox in ["2001", "2002"] {
        server.ok(&["user", "add", "--extension", mailbox, "--first", "Ada", "--pin", "482913"]);
    }
    server.ok(&["user", "device", "--extension", "2001", "--trust", "desk-2001"]);
    // The trusted phone, from its owner's number: no PIN; the counts at once.
    let keys = format!("w0.5,{LATER},w2");
    let own = call(&server, "2001", "desk-2001", &keys).unwrap();
    assert!(!is_asked_for_the_pin(&own));
    assert!(says(&own.0, own.1, &owner::COUNT_NONE.phrase()), "the mailbox is open");
    // The same account for somebody else, and another account with the owner's number: both are asked.
    for (from, account) in [("2002", "desk-2001"), ("2001", "hall")] {
        let heard = call(&server, from, account, "w3").unwrap();
        assert!(is_asked_for_the_pin(&heard), "{from} with {account}");
    }
    // Nothing proven: not even a call.
    assert!(call(&server, "2001", "", "w1").is_none());
    let log = server.log();
    assert!(log.contains("a mailbox was opened by a trusted device") && !log.contains("s3cret"));
}

#[test]
fn the_number_of_a_trusted_device_alone_opens_nothing() {
    let server = Server::start(&format!("access_numbers = [\"{PILOT}\"]"), "");
    server.ok(&["user", "add", "--extension", "2001", "--first", "Ada", "--pin", "482913"]);
    server.ok(&["user", "device", "--extension", "2001", "--trust", "2001"]);
    let heard = call(&server, "2001", "", "w3").unwrap();
    assert!(is_asked_for_the_pin(&heard), "From proves nothing");
    let heard = call(&server, "2001", "2001", "w3").unwrap();
    assert!(is_asked_for_the_pin(&heard), "nor does an account that nobody asked for");
}

#[test]
fn keys_of_fifty_milliseconds_are_all_heard() {
    let boxes = ["2001", "2002"];
    let (server, _) = server(&boxes);
    let server = &server;
    // PIN, three steps left for later, new messages, past the envelope, delete: in one go.
    let burst = format!("w0.5,482913#{LATER}1#7,w1.5");
    let at_speed = |mailbox: &'static str, more: &'static [&'static str]| {
        let burst = burst.clone();
        Box::new(move || {
            let from = format!("sip:{mailbox}@127.0.0.1");
            let more = [&["--from", &from, "--key-ms", "50"], more].concat();
            server.call(PILOT, &burst, None, &more);
            is_deleted(server, mailbox);
        })
    };
    together(vec![at_speed("2001", &[]), at_speed("2002", &["--in-band"])]);
}
