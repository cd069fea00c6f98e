//! Greetings set by command from files of every kind, and which one a caller hears.

use std::path::Path;

use crate::ears::{level, sine, words};
use crate::live::{Server, together};
use aftertone::flow::phrases;

/// The greetings of the test, each known by its pitch.
const PITCHES: [(&str, f64); 6] = [
    ("standard", 500.0),
    ("busy", 700.0),
    ("internal", 850.0),
    ("away", 620.0),
    ("closed", 980.0),
    ("holiday", 1150.0),
];

fn set(server: &Server, mailbox: &str, kind: &str, file: &Path) -> String {
    server.ok(&["greeting", "set", "--mailbox", mailbox, "--kind", kind, "--file", file.to_str().unwrap()])
}

/// Which of the pitches sounds in the first second.
fn pitch(server: &Server, mailbox: &str, more: &[&str]) -> &'static str {
    let heard = server.call(mailbox, "s", None, more);
    let first = &heard.samples[heard.rate as usize / 5..heard.rate as usize];
    let levels = PITCHES.map(|(kind, hertz)| (level(first, heard.rate, hertz), kind));
    let (loudest, kind) = levels.into_iter().max_by(|a, b| a.0.total_cmp(&b.0)).unwrap();
    assert!(loudest > 1000.0, "no greeting of the owner's was heard: {levels:?}");
    kind
}

/// 004-07: a call to a number with a greeting of its own.
#[test]
fn a_number_with_a_greeting_of_its_own_plays_it() {
    let server = Server::start("", "");
    server.user("5004", &[]);
    let file = |hertz: f64| server.wav(&format!("{hertz}.wav"), &sine(hertz, 1.5, 16_000, 9000.0), 16_000);
    set(&server, "5004", "standard", &file(500.0));
    let aside = file(980.0);
    let aside = [
        "greeting",
        "set",
        "--mailbox",
        "5004",
        "--kind",
        "standard",
        "--aside",
        "--file",
        aside.to_str().unwrap(),
    ];
    server.ok(&aside);
    let outside = ["--from", "sip:+15550100@192.0.2.7"];
    server.ok(&["number", "add", "+4930555", "--mailbox", "5004", "--label", "Sales"]);
    assert_eq!(pitch(&server, "+4930555", &outside), "standard", "what is kept aside does not play");
    let listed = server.json(&["greeting", "list", "--mailbox", "5004"]);
    let own = listed.as_array().unwrap().iter().find(|one| one["on"] == false).unwrap();
    let greet = |which: &str| {
        server.ok(&["number", "greeting", "+4930555", "--mailbox", "5004", "--greeting", which]);
    };
    greet(own["id"].as_str().unwrap());
    assert_eq!(pitch(&server, "+4930555", &outside), "closed", "by its pitch: the own one");
    assert_eq!(pitch(&server, "5004", &outside), "standard");
    greet("main");
    assert_eq!(pitch(&server, "+4930555", &outside), "standard");
}

#[test]
fn the_reason_of_the_call_chooses_the_greeting() {
    let server = Server::start("", "");
    for mailbox in ["5001", "5002", "5003"] {
        server.user(mailbox, &[]);
    }
    let file = |kind: &str| {
        let hertz = PITCHES.iter().find(|(name, _)| *name == kind).unwrap().1;
        server.wav(&format!("{kind}.wav"), &sine(hertz, 1.5, 16_000, 9000.0), 16_000)
    };
    for (mailbox, kinds) in [
        ("5001", &["standard", "busy", "internal"][..]),
        ("5002", &["standard", "busy", "away"]),
        ("5003", &["standard"]),
    ] {
        for kind in kinds {
            set(&server, mailbox, kind, &file(kind));
        }
    }
    let server = &server;
    let diverted = |reason: &str| format!("Diversion: <sip:5001@127.0.0.1>;reason={reason}");
    let (busy, no_answer) = (diverted("user-busy"), diverted("no-answer"));
    let outside = ["--from", "sip:+15550100@192.0.2.7"];
    let with = |header: &str| {
        [outside.to_vec(), vec!["--header", header]]
            .concat()
            .iter()
            .map(|s| (*s).to_owned())
            .collect::<Vec<_>>()
    };
    let calls: Vec<(&str, Vec<String>, &str)> = vec![
        ("5001", with(&busy), "busy"),
        ("5001", with(&no_answer), "standard"),
        ("5001", ["--from", "sip:5003@127.0.0.1"].map(str::to_owned).to_vec(), "internal"),
        ("5002", outside.map(str::to_owned).to_vec(), "away"),
        ("5003", with("X-Nothing: at all"), "standard"),
    ];
    together(
        calls
            .into_iter()
            .map(|(mailbox, more, kind)| -> Box<dyn FnOnce() + Send> {
                Box::new(move || {
                    let more: Vec<&str> = more.iter().map(String::as_str).collect();
                    assert_eq!(pitch(server, mailbox, &more), kind, "{mailbox} {more:?}");
                })
            })
            .collect(),
    );
    server.ok(&["greeting", "clear", "--mailbox", "5002", "--kind", "away"]);
    assert_eq!(pitch(server, "5002", &outside), "standard", "what is cleared is not played");
    let listed = server.json(&["greeting", "list", "--mailbox", "5002"]);
    let on: Vec<_> = listed.as_array().unwrap().iter().filter(|row| row["on"] == true).collect();
    assert_eq!(on.len(), 2, "{listed}");
}

#[test]
fn greetings_are_taken_from_every_usual_kind_of_file() {
    let server = Server::start("", "");
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/audio");
    let kinds = [("5101", "mp3"), ("5102", "ogg"), ("5103", "flac"), ("5104", "m4a")];
    for (mailbox, ending) in kinds {
        server.user(mailbox, &[]);
        set(&server, mailbox, "standard", &fixtures.join(format!("tone.{ending}")));
    }
    server.user("5105", &[]);
    let name = server.wav("name.wav", &sine(440.0, 0.4, 44_100, 12_000.0), 44_100);
    set(&server, "5105", "name", &name);
    let server = &server;
    together(
        ["5101", "5102", "5103", "5104", "5105"]
            .into_iter()
            .map(|mailbox| -> Box<dyn FnOnce() + Send> {
                Box::new(move || {
                    let heard = server.call(mailbox, "s", None, &[]);
                    let begin = &heard.samples[..heard.rate as usize / 2];
                    let tone = crate::ears::peak_level(begin, heard.rate, 440.0);
                    assert!(tone > 1500.0, "{mailbox}: {tone}");
                    let rest = words(&phrases::GREETING_NAME.phrase(), 8_000);
                    let (_, alike) = crate::ears::find(&heard.samples, &rest[..8_000]);
                    assert_eq!(
                        alike > 0.8,
                        mailbox == "5105",
                        "only a recorded name stands in a sentence: {alike}"
                    );
                })
            })
            .collect(),
    );
    let text = server.file("greeting.txt");
    std::fs::write(&text, "not a sound at all, only words").unwrap();
    let refused = server.run(&[
        "greeting",
        "set",
        "--mailbox",
        "5101",
        "--kind",
        "standard",
        "--file",
        text.to_str().unwrap(),
    ]);
    assert_eq!(refused.code, Some(1), "{refused:?}");
    assert_eq!(refused.err.lines().count(), 1, "{}", refused.err);
}

// 002-029, 002-032, 002-033, 002-052
#[test]
fn time_frames_rules_and_lists_decide_the_very_next_call() {
    let server = Server::start("transfer_targets = [\"1000\"]", "");
    server.user("5201", &[]);
    for kind in ["standard", "closed", "holiday"] {
        let hertz = PITCHES.iter().find(|(name, _)| *name == kind).unwrap().1;
        let file = server.wav(&format!("{kind}.wav"), &sine(hertz, 1.5, 16_000, 9000.0), 16_000);
        set(&server, "5201", kind, &file);
    }
    let outside = ["--from", "sip:+15550100@192.0.2.7"];
    let plays = || pitch(&server, "5201", &outside);
    assert_eq!(plays(), "standard");
    server.ok(&["timeframe", "add", "Office", "--use", "open", "--span", "2020-01-01"]);
    assert_eq!(plays(), "closed", "outside of the hours");
    server.ok(&["timeframe", "add", "Party", "--use", "holiday", "--mailbox", "5201", "--span", "always"]);
    assert_eq!(plays(), "holiday");
    let rule = |more: &[&str]| server.ok(&[&["rule", "add", "--mailbox", "5201"], more].concat());
    rule(&["Plain", "--within", "Party", "--greeting", "standard"]);
    assert_eq!(plays(), "standard", "a rule goes before the hours");

    rule(&["At once", "--place", "1", "--from", "+1555*", "--straight-to-tone"]);
    let heard = server.call("5201", "t,w0.2", None, &outside);
    let begin = &heard.samples[..heard.rate as usize / 5];
    assert!(level(begin, heard.rate, 500.0) < 1000.0, "no greeting before the tone");
    rule(&["Away with them", "--place", "1", "--from", "+1555*", "--turn-away", "announce"]);
    let heard = server.call("5201", "", None, &outside);
    assert!(crate::ears::says(&heard.samples, heard.rate, &phrases::CALL_REFUSED.phrase()), "{}", heard.said);
    assert!(heard.tone.is_none());

    server.ok(&["block", "add", "+1555*", "--with", "decline"]);
    let target = format!("sip:5201@{}", server.sip);
    let declined = server.run(&[&["call", &target][..], &outside].concat());
    assert_eq!(declined.code, Some(1));
    assert!(declined.err.contains("(603)"), "{}", declined.err);
    assert!(server.get("/metrics").1.contains("aftertone_calls_refused_total{why=\"turned-away\"} 1"));
    server.ok(&["block", "add", "+15550100", "--allow", "--mailbox", "5201"]);
    let heard = server.call("5201", "t,w0.2", None, &outside);
    assert!(heard.tone.is_some(), "who is allowed is turned away by neither list nor rule");
}
