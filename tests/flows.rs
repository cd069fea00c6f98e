//! Runs every script in `tests/calls/`, and the dialogues against callers who do anything at any time.
//!
//! A script is a call as a text. First the plan, one setting a line; then what happens (`>`, with the time since the
//! answer) and exactly what is done about it (`<`). The comment on top is the rule that it shows.
//! ```text
//! # `#` skips the greeting and the instructions.
//! operator yes
//! 0.0 > started
//!     < play greeting
//! 1.2 > key #
//!     < play tone
//! ```
//! `played` is the end of what was asked to be played last; `deadline` must come at the time the dialogue asked for.
#![expect(clippy::unwrap_used, reason = "a test that panics has failed, which is what it is for")]

#[path = "calls/callers.rs"]
mod callers;
#[path = "calls/line.rs"]
mod line;
#[path = "calls/mailbox.rs"]
mod mailbox;
#[path = "calls/owners.rs"]
mod owners;
#[path = "calls/profiles.rs"]
mod profiles;
#[path = "calls/script.rs"]
mod script;

use std::path::{Path, PathBuf};

use aftertone::flow::phrases;
use aftertone::speech::{Arg, ArgKind, EMBEDDED, Language, Phrase, Segment};

fn scripts(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            scripts(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "call") {
            found.push(path);
        }
    }
}

#[test]
fn every_script_plays_out_as_written() {
    let mut found = Vec::new();
    scripts(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/calls"), &mut found);
    found.sort();
    assert!(found.len() >= 25, "only {} scripts were found", found.len());
    let failures: Vec<String> = found.iter().filter_map(|path| script::run(path).err()).collect();
    assert!(
        failures.is_empty(),
        "{} of {} scripts failed:\n{}",
        failures.len(),
        found.len(),
        failures.join("\n")
    );
}

#[test]
fn a_script_that_expects_something_else_fails() {
    let text = "0.0 > started\n < play goodbye\n";
    let failure = script::run_text("wrong.call", text).unwrap_err();
    assert!(failure.contains("wrong.call:1") && failure.contains("play greeting"), "{failure}");
    let text = "0.0 > started\n < play greeting\n9.0 > deadline\n < hang up\n";
    assert!(script::run_text("early.call", text).unwrap_err().contains("deadline"));
    let text = "0.0 > started\n";
    assert!(script::run_text("silent.call", text).unwrap_err().contains("play greeting"));
}

/// A value that shows every rule of its kind.
fn sample(kind: ArgKind) -> Arg {
    match kind {
        ArgKind::Digits => Arg::Digits("+15550100199".into()),
        ArgKind::Number => Arg::Number(9_999),
        ArgKind::Time => Arg::Time(21, 5),
        ArgKind::Date => Arg::Date(6, 12, 31),
    }
}

#[test]
fn every_language_can_say_every_phrase_of_every_dialogue_and_no_other() {
    assert!(EMBEDDED.iter().any(|language| language.name == "en"));
    for embedded in EMBEDDED {
        let language = Language::embedded(embedded).unwrap();
        for saying in phrases::all() {
            let known = language.placeholders(saying.id);
            let known = known.unwrap_or_else(|| panic!("{} lacks {:?}", embedded.name, saying.id));
            let known: Vec<_> = known.iter().map(|(name, kind)| (name.as_str(), *kind)).collect();
            assert_eq!(known, saying.args, "placeholders of {:?} in {}", saying.id, embedded.name);
            let phrase = Phrase {
                id: saying.id,
                args: saying.args.iter().map(|(name, kind)| (*name, sample(*kind))).collect(),
            };
            let segments = language.render(&phrase).unwrap();
            assert!(segments.iter().any(|segment| matches!(segment, Segment::Clip(_))), "{:?}", saying.id);
        }
        let unused: Vec<_> =
            language.phrase_ids().filter(|id| !phrases::all().any(|saying| saying.id == *id)).collect();
        assert!(unused.is_empty(), "{} has phrases that nobody says: {unused:?}", embedded.name);
    }
}
