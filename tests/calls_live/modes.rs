//! Mailboxes that take no message, and calls that reach none.

use aftertone::flow::phrases;

use crate::ears::{says, speech};
use crate::live::{Heard, Server, together};

fn is_told(heard: &Heard, saying: phrases::Saying) {
    assert!(says(&heard.samples, heard.rate, &saying.phrase()), "{} was not said: {}", saying.id, heard.said);
}

#[test]
fn a_mailbox_that_takes_no_message_says_why() {
    let server = Server::start("", "");
    server.user("4001", &["--max-messages", "1"]);
    server.user("4002", &["--enabled", "false"]);
    server.user("4003", &["--announcement-only", "true"]);
    server.user("4004", &["--instructions", "false", "--tone", "600/300"]);
    let server = &server;
    let wav = server.wav("speech.wav", &speech(2.0, 8_000), 8_000);
    together(vec![
        Box::new(|| {
            server.call("4001", "#,t,p,w0.3,#,s,2,s", Some(&wav), &[]);
            server.message("4001");
            let heard = server.call("4001", "", None, &[]);
            is_told(&heard, phrases::MAILBOX_FULL);
            assert!(heard.tone.is_none(), "no tone, as nothing is taken");
            server.message("4001");
        }),
        Box::new(|| {
            let heard = server.call("4002", "", None, &[]);
            is_told(&heard, phrases::MAILBOX_DISABLED);
            is_told(&heard, phrases::GOODBYE);
            assert!(heard.said.contains("the peer hung up"), "{}", heard.said);
        }),
        Box::new(|| {
            let heard = server.call("4003", "", None, &[]);
            is_told(&heard, phrases::ANNOUNCEMENT_ONLY);
            assert!(heard.tone.is_none());
        }),
        Box::new(|| {
            let heard = server.call("4004", "t,w0.2", None, &[]);
            assert!(
                !says(&heard.samples, heard.rate, &phrases::INSTRUCTIONS.phrase()),
                "they are switched off"
            );
            assert!(
                crate::ears::peak_level(&heard.samples, heard.rate, 600.0) > 4000.0,
                "the tone is their own"
            );
        }),
        Box::new(|| {
            let heard = server.call("4999", "", None, &[]);
            is_told(&heard, phrases::NO_SUCH_MAILBOX);
            assert!(heard.said.contains("the peer hung up"), "{}", heard.said);
        }),
        Box::new(|| {
            let heard = server.call("4003", "0,w6,*,w4", None, &[]);
            is_told(&heard, phrases::OPERATOR_NONE);
            is_told(&heard, phrases::owner::LOGIN_PIN);
        }),
    ]);
}

// 002-012
#[test]
fn callers_of_a_mailbox_that_is_off_get_what_the_tenant_says() {
    let server = Server::start("transfer_targets = [\"1000\"]", "");
    server.user("4301", &["--enabled", "false"]);
    let refused = || {
        let ran = server.run(&["call", &format!("sip:4301@{}", server.sip)]);
        assert_eq!(ran.code, Some(1));
        ran.err
    };
    let explained = || server.ok(&["explain", "--to", "sip:4301@127.0.0.1"]);
    assert!(explained().contains("disabled: an announcement says so"), "{}", explained());
    for (what, code) in [("unavailable", "(480)"), ("decline", "(603)")] {
        server.ok(&["tenant", "set", "--mailbox-off", what]);
        assert!(refused().contains(code), "{what}");
        assert!(explained().contains(code), "{}", explained());
        assert_eq!(server.json(&["tenant", "show"])["mailbox_off"], what);
    }
    assert!(server.get("/metrics").1.contains("aftertone_calls_refused_total{why=\"off\"} 2"));
    // The test phone takes no transfer, and nobody may be sent to 1001: the announcement remains.
    for operator in ["1000", "1001", ""] {
        server.ok(&["tenant", "set", "--mailbox-off", "operator", "--operator", operator]);
        is_told(&server.call("4301", "", None, &[]), phrases::MAILBOX_DISABLED);
    }
    server.ok(&["tenant", "set", "--mailbox-off", "announce"]);
    is_told(&server.call("4301", "", None, &[]), phrases::MAILBOX_DISABLED);
    // Who is not there at all gets what they always got.
    server.ok(&["tenant", "set", "--mailbox-off", "decline"]);
    is_told(&server.call("4999", "", None, &[]), phrases::NO_SUCH_MAILBOX);
    assert_eq!(server.messages("4301").len(), 0);
}

#[test]
fn a_call_that_reaches_no_mailbox_follows_the_tenant() {
    let server = Server::start("", "");
    server.user("4101", &[]);
    server.ok(&["tenant", "set", "--default-action", "mailbox:4101"]);
    let wav = server.wav("speech.wav", &speech(2.0, 8_000), 8_000);
    let heard = server.call("4999", "#,t,p,w0.3,#,s,2,s", Some(&wav), &[]);
    assert!(heard.tone.is_some());
    server.message("4101");
}

#[test]
fn an_operator_who_cannot_be_reached_leaves_the_caller_with_the_mailbox() {
    let server = Server::start("transfer_targets = [\"1000\"]", "");
    server.user("4201", &["--operator", "1000"]);
    server.user("4202", &["--operator", "1001"]);
    let wav = server.wav("speech.wav", &speech(2.0, 8_000), 8_000);
    let server = &server;
    together(vec![
        Box::new(|| {
            // The test phone knows no REFER, so it refuses.
            let heard = server.call("4201", "w0.5,0,t,p,w0.3,#,s,2,s", Some(&wav), &[]);
            is_told(&heard, phrases::OPERATOR_TRYING);
            is_told(&heard, phrases::OPERATOR_FAILED);
            is_told(&heard, phrases::LEAVE_INSTEAD);
        }),
        Box::new(|| {
            let heard = server.call("4202", "w0.5,0,t,p,w0.3,#,s,2,s", Some(&wav), &[]);
            is_told(&heard, phrases::OPERATOR_NONE);
            server.message("4202");
        }),
        Box::new(|| {
            let heard =
                server.call("4201", "#,t,p,w0.3,#,s,0,w30", Some(&wav), &["--from", "sip:late@127.0.0.1"]);
            is_told(&heard, phrases::OPERATOR_FAILED);
            is_told(&heard, phrases::MESSAGE_SENT);
        }),
    ]);
    server.until("both messages are there", |server| server.messages("4201").len() == 2);
}
