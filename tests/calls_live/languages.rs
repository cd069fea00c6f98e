//! The mailbox chooses the language: what callers and owners hear on real calls, and what the commands refuse.

use aftertone::flow::phrases;
use aftertone::flow::{Utterance, phrases::owner};
use aftertone::speech::{Arg, Phrase};

use crate::ears::{says_in, speech};
use crate::live::{Heard, Server, together};

const PILOT: &str = "8000";
/// The first call: PIN, name and greeting are left for later by `*`.
const LATER: &str = "***";

fn hears(language: &str, heard: &Heard, phrases: &[Phrase]) {
    for phrase in phrases {
        let id = phrase.id;
        assert!(says_in(language, &heard.samples, heard.rate, phrase), "{id} in {language}: {}", heard.said);
    }
}

fn greeting(extension: &str) -> Phrase {
    match phrases::builtin_greeting(&extension.parse().unwrap(), None, false).swap_remove(0) {
        Utterance::Phrase(phrase) => phrase,
        other => panic!("{other:?}"),
    }
}

fn count(number: u32) -> Phrase {
    Phrase::new(owner::COUNT_NEW.id).with("count", Arg::Number(number))
}

#[test]
fn callers_and_owners_of_a_german_mailbox_hear_german_and_all_others_english() {
    let server = Server::start(&format!("access_numbers = [\"{PILOT}\"]"), "");
    for mailbox in ["2101", "2102"] {
        server.ok(&["user", "add", "--extension", mailbox, "--first", "Ada", "--pin", "482913"]);
    }
    // German of a region is German, where there is none of that region.
    server.ok(&["user", "set", "2101", "--language", "de-AT"]);
    let wav = server.wav("speech.wav", &speech(2.0, 8_000), 8_000);
    let (server, wav) = (&server, Some(wav.as_path()));
    let review = [phrases::REVIEW_LISTEN.phrase(), phrases::MESSAGE_SENT.phrase(), phrases::GOODBYE.phrase()];
    let (german, english) = (&review, &review);
    together(vec![
        Box::new(move || {
            let heard = server.call("2101", "t,p,w0.3,#,w6,2,w15", wav, &[]);
            hears("de", &heard, &[greeting("2101"), phrases::INSTRUCTIONS.phrase()]);
            hears("de", &heard, german);
        }),
        Box::new(move || {
            let heard = server.call("2102", "t,p,w0.3,#,w6,2,w15", wav, &[]);
            hears("en", &heard, &[greeting("2102"), phrases::INSTRUCTIONS.phrase()]);
            hears("en", &heard, english);
        }),
        Box::new(move || {
            let heard = server.call("2999", "", None, &[]);
            hears("en", &heard, &[phrases::NO_SUCH_MAILBOX.phrase()]);
        }),
    ]);
    server.message("2101");
    server.message("2102");
    // From the own phone one is asked in the mailbox's language; from elsewhere in the tenant's, until the PIN is proven.
    let own = |mailbox: &str| format!("sip:{mailbox}@127.0.0.1");
    let keys = format!("w3,482913#{LATER},w12");
    let keys = keys.as_str();
    together(vec![
        Box::new(move || {
            let heard = server.call(PILOT, keys, None, &["--from", &own("2101")]);
            hears("de", &heard, &[owner::LOGIN_PIN.phrase(), count(1)]);
            hears("de", &heard, &[phrases::keys::key(aftertone::flow::keys::Command::New, "1")]);
        }),
        Box::new(move || {
            let heard = server.call(PILOT, keys, None, &["--from", &own("2102")]);
            hears("en", &heard, &[owner::LOGIN_PIN.phrase(), count(1)]);
        }),
        Box::new(move || {
            let heard = server.call(PILOT, "w3,2101#,w5,482913#,w12", None, &[]);
            hears("en", &heard, &[owner::LOGIN_PIN.phrase()]);
            hears("de", &heard, &[count(1)]);
        }),
    ]);
}

#[test]
fn a_mailbox_without_a_language_follows_its_tenant_and_so_does_what_reaches_no_mailbox() {
    let server = Server::start(&format!("access_numbers = [\"{PILOT}\"]"), "");
    for mailbox in ["2201", "2202"] {
        server.ok(&["user", "add", "--extension", mailbox, "--first", "Ada", "--pin", "482913"]);
    }
    server.ok(&["tenant", "set", "--language", "de"]);
    server.ok(&["user", "set", "2202", "--language", "en"]);
    let server = &server;
    together(vec![
        Box::new(move || hears("de", &server.call("2201", "t", None, &[]), &[greeting("2201")])),
        Box::new(move || hears("en", &server.call("2202", "t", None, &[]), &[greeting("2202")])),
        Box::new(move || {
            let heard = server.call("2999", "", None, &[]);
            hears("de", &heard, &[phrases::NO_SUCH_MAILBOX.phrase(), phrases::GOODBYE.phrase()]);
        }),
        Box::new(move || {
            let heard = server.call(PILOT, "w5", None, &[]);
            hears("de", &heard, &[owner::LOGIN_EXTENSION.phrase()]);
        }),
    ]);
    server.ok(&["user", "set", "2202", "--language", ""]);
    hears("de", &server.call("2202", "t", None, &[]), &[greeting("2202")]);
}

#[test]
fn a_language_that_nobody_speaks_is_refused_and_those_that_are_spoken_are_named() {
    let server = Server::prepare("", "");
    server.user("2301", &[]);
    for args in [
        &["user", "set", "2301", "--language", "tlh"][..],
        &["tenant", "set", "--language", "tlh-XX"],
        &["tenant", "add", "other", "--language", "tlh"],
        &["prompts", "check", "--lang", "tlh"],
    ] {
        let ran = server.run(args);
        assert!(
            matches!(ran.code, Some(1 | 2)) && ran.err.contains("choose one of de, en"),
            "{args:?}: {ran:?}"
        );
    }
    assert!(server.json(&["user", "show", "2301"])["language"].is_null());
    assert_eq!(server.json(&["tenant", "show"])["language"], "en");

    server.configure("", "[voicemail]\nlanguage = \"tlh\"\n");
    for command in ["serve", "check"] {
        let ran = server.run(&[command]);
        let said = format!("{}{}", ran.out, ran.err);
        assert_eq!(ran.code, Some(1), "{command}: {ran:?}");
        assert!(said.contains("voicemail.language") && said.contains("choose one of de, en"), "{said}");
    }
}

#[test]
fn a_check_of_prompts_names_each_fault_and_fails() {
    let server = Server::prepare("", "");
    let checked = server.json(&["prompts", "check"]);
    let languages: Vec<_> = checked.as_array().unwrap().iter().map(|it| it["language"].as_str()).collect();
    assert_eq!(languages, [Some("de"), Some("en")]);
    assert!(checked.as_array().unwrap().iter().all(|it| it["complete"] == true), "{checked}");

    let folder = server.file("spoken");
    let german = folder.join("de");
    std::fs::create_dir_all(&german).unwrap();
    let built_in = concat!(env!("CARGO_MANIFEST_DIR"), "/prompts/de/phrases.toml");
    std::fs::copy(built_in, german.join("phrases.toml")).unwrap();
    let dir = folder.to_str().unwrap();
    let ran = server.run(&["prompts", "check", "--dir", dir, "--lang", "de"]);
    assert_eq!(ran.code, Some(1), "{ran:?}");
    assert!(ran.out.contains("goodbye, \"Auf Wiederhören.\": the clip is missing"), "{}", ran.out);
    assert!(ran.err.contains("faults in the prompts"), "{}", ran.err);
    let ran = server.run(&["prompts", "check", "--dir", dir, "--json"]);
    let checked: serde_json::Value = serde_json::from_str(&ran.out).unwrap();
    let fault = &checked[0]["faults"][0];
    assert!(checked[0]["language"] == "de" && checked[0]["complete"] == false, "{ran:?}");
    assert!(["place", "problem", "remedy"].iter().all(|key| fault[key].is_string()), "{fault}");
    assert_eq!(checked[1]["faults"], serde_json::json!([]), "{}", checked[1]);

    server.configure("", &format!("[voicemail]\nprompts = {dir:?}\n"));
    let ran = server.run(&["check"]);
    let line = ran.out.lines().find(|line| line.starts_with("prompts")).unwrap().to_owned();
    assert!(
        ran.code == Some(1) && line.contains("prompts check --dir") && line.contains("missing"),
        "{ran:?}"
    );
}
