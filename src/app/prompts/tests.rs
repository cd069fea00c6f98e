//! The clips that are part of the program, and a build from texts where a synthesiser is there.

use super::*;
use crate::flow::phrases;
use crate::service::prompts::{PromptError, PromptSet};
use crate::speech::{Arg, ArgKind, EMBEDDED, LARGEST_NUMBER};

#[test]
fn every_language_says_everything_and_every_clip_is_as_loud_as_the_others_without_silence_at_its_ends() {
    let all = check(None, None).unwrap();
    assert_eq!(all.iter().map(|checked| checked.language.as_str()).collect::<Vec<_>>(), ["de", "en"]);
    for checked in all {
        assert_eq!(checked.faults, [], "in {}", checked.language);
        assert!(checked.clips > 70 && checked.length > Duration::from_secs(100), "{checked:?}");
    }
}

#[test]
fn the_embedded_clips_are_small_and_exactly_those_that_are_needed() {
    for embedded in EMBEDDED {
        let language = Language::embedded(embedded).unwrap();
        let listed: BTreeSet<&str> = embedded.clips.iter().map(|(name, _)| *name).collect();
        let needed: BTreeSet<&str> = language.clips().iter().map(|clip| clip.name.as_str()).collect();
        assert_eq!(listed, needed, "run aftertone prompts build --lang {}", embedded.name);
        let bytes: usize = embedded.clips.iter().map(|(_, bytes)| bytes.len()).sum();
        // Some 400 clips, for callers, owners and people looked for by name; all of them are part of the program.
        assert!(bytes < 16_000_000, "{} takes {bytes} bytes", embedded.name);
    }
}

#[test]
fn every_phrase_of_every_dialogue_becomes_sound_in_every_language_with_any_value() {
    let set = PromptSet::embedded().unwrap();
    let languages: Vec<&str> = set.languages().collect();
    assert_eq!(languages, ["de", "en"]);
    // One, several, the largest; a call may say any of them.
    for (number, time, date) in
        [(1, (0, 0), (0, 1, 1)), (3, (21, 5), (6, 12, 31)), (LARGEST_NUMBER, (23, 59), (2, 3, 16))]
    {
        for (language, saying) in languages.iter().flat_map(|l| phrases::all().map(move |s| (l, s))) {
            let value = |kind: &ArgKind| match kind {
                ArgKind::Digits => Arg::Digits("+5550199*#".into()),
                ArgKind::Number => Arg::Number(number),
                ArgKind::Time => Arg::Time(time.0, time.1),
                ArgKind::Date => Arg::Date(date.0, date.1, date.2),
            };
            let phrase = saying
                .args
                .iter()
                .fold(saying.phrase(), |phrase, (name, kind)| phrase.with(name, value(kind)));
            let length: Duration =
                set.say(language, &phrase).unwrap().iter().map(|clip| clip.duration()).sum();
            assert!((400..20_000).contains(&length.as_millis()), "{language} {:?}: {length:?}", saying.id);
        }
    }
}

#[test]
fn a_clip_that_is_unlike_the_others_is_remarked_on() {
    let quiet: Vec<i16> = (0..16_000).map(|n| ((n as f64 * 0.3).sin() * 400.0) as i16).collect();
    let measure = Measure::of(&[vec![0; 4_000], quiet, vec![0; 2_000]].concat(), RATE);
    assert_eq!(measure.lead.as_millis(), 250);
    assert_eq!(measure.remarks().len(), 3, "{:?}", measure.remarks());
    assert_eq!(Measure::of(&[i16::MAX; 16_000], RATE).remarks().last().unwrap(), "it is clipped");
    assert_eq!(Measure::of(&[], RATE).loudness, f32::NEG_INFINITY);
}

/// A folder with the built-in German, to be spoilt.
fn german() -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let german = folder.path().join("de");
    std::fs::create_dir_all(german.join("clips")).unwrap();
    let embedded = EMBEDDED.iter().find(|language| language.name == "de").unwrap();
    std::fs::write(german.join("phrases.toml"), embedded.phrases).unwrap();
    for (name, bytes) in embedded.clips {
        std::fs::write(german.join("clips").join(format!("{name}.flac")), bytes).unwrap();
    }
    (folder, german)
}

/// What a check of this folder's German says, one line a fault.
fn faults(folder: &tempfile::TempDir) -> Vec<String> {
    let checked = check(Some(folder.path()), Some("de")).unwrap();
    assert_eq!(checked.len(), 1);
    let faults = checked.into_iter().flat_map(|language| language.faults);
    faults.map(|Fault { place, problem, remedy }| format!("{place}: {problem}: {remedy}")).collect()
}

#[test]
fn a_folder_takes_the_place_of_an_embedded_language_and_beside_it_stand_the_others() {
    let (folder, _) = german();
    assert_eq!(faults(&folder), [""; 0]);
    let english = check(Some(folder.path()), Some("en")).unwrap();
    assert_eq!((english.len(), english[0].language.as_str()), (1, "en"));
    PromptSet::with_folder(folder.path()).unwrap();
}

#[test]
fn nothing_to_check_is_an_error_that_says_what_is_expected() {
    let folder = tempfile::tempdir().unwrap();
    let error = check(Some(folder.path()), None).unwrap_err();
    assert!(matches!(error, CheckError::Empty(_)) && error.to_string().contains("phrases.toml"), "{error}");
    let error = check(Some(&folder.path().join("away")), None).unwrap_err();
    assert!(matches!(error, CheckError::Folder { .. }), "{error}");
    let error = check(None, Some("tlh")).unwrap_err().to_string();
    assert_eq!(error, "there are no prompts in \"tlh\": choose one of de, en");
}

#[test]
fn a_check_names_every_fault_of_the_clips_and_what_to_do() {
    let (folder, german) = german();
    let clips = german.join("clips");
    std::fs::remove_file(clips.join("word.elf.flac")).unwrap();
    std::fs::write(clips.join("goodbye.flac"), "no sound").unwrap();
    std::fs::write(clips.join("paused.wav"), recorded(16_000, 9_000.0)).unwrap();
    std::fs::remove_file(clips.join("deleted.flac")).unwrap();
    std::fs::write(clips.join("deleted.wav"), recorded(8_000, 300.0)).unwrap();
    std::fs::write(clips.join("guten-tag.flac"), "old").unwrap();
    std::fs::write(clips.join("notes.txt"), "mine").unwrap();
    let faults = faults(&folder);
    for expected in [
        "word.elf, \"elf\": the clip is missing: run aftertone prompts build --lang de",
        "goodbye, \"Auf Wiederhören.\": ",
        "paused.wav: the clip is there twice",
        "deleted, \"Gelöscht.\": 8000 Hz instead of 16000: bring it in with aftertone prompts import",
        "LUFS instead of -20",
        "guten-tag.flac: no phrase needs this clip: remove the file",
        "notes.txt: this is no clip",
    ] {
        assert!(faults.iter().any(|fault| fault.contains(expected)), "{expected:?} is not in {faults:#?}");
    }
    assert_eq!(faults.len(), 7, "{faults:#?}");
    // Calls need less than a check does: what is missing and what is no sound.
    let error = PromptSet::with_folder(folder.path()).unwrap_err();
    assert!(matches!(error, PromptError::NoClip { .. }), "{error}");
}

#[test]
fn a_check_names_every_fault_of_the_texts_and_what_to_do() {
    let (folder, german) = german();
    let texts = std::fs::read_to_string(german.join("phrases.toml")).unwrap();
    let spoilt = texts
        .replace("goodbye = ", "good-night = ")
        .replace("\"Nachricht {number:number}.\"", "\"Nachricht {number:digits}.\"")
        .replace("one = \"Eine Minute.\"\n", "")
        .replace(
            "[phrases.length-seconds]\nby = \"seconds\"\none = \"Eine Sekunde.\"\nother",
            "[phrases]\nlength-seconds",
        );
    let (head, tail) = spoilt.split_once("[phrases]\nlength-seconds").unwrap();
    let (line, tail) = tail.split_once('\n').unwrap();
    std::fs::write(
        german.join("phrases.toml"),
        head.replace("[phrases]\n", &format!("[phrases]\nlength-seconds{line}\n")) + tail,
    )
    .unwrap();
    let faults = faults(&folder);
    for expected in [
        "phrases.toml, goodbye: the phrase is missing: add it, without placeholders",
        "phrases.toml, good-night: no call says this phrase: remove it, or correct its name",
        "phrases.toml, message-number: its placeholders are not those that calls fill: write it with {number:number}",
        "phrases.toml, length-minutes: its plural form \"one\" is missing: add one = ",
        "phrases.toml, length-seconds: it says one and several alike: make it [phrases.length-seconds] with by = \"seconds\"",
    ] {
        assert!(faults.iter().any(|fault| fault.contains(expected)), "{expected:?} is not in {faults:#?}");
    }
    let error = PromptSet::with_folder(folder.path()).unwrap_err();
    assert!(
        matches!(
            error,
            PromptError::Incomplete { phrase: "message-number", .. }
                | PromptError::Incomplete { phrase: "goodbye", .. }
        ),
        "{error}"
    );

    std::fs::write(german.join("phrases.toml"), texts.replace("Uhr {minute}", "Uhr {moment}")).unwrap();
    let broken = self::faults(&folder);
    assert_eq!(broken.len(), 1, "{broken:?}");
    assert!(broken[0].contains("phrases.toml: [times]") && broken[0].contains("{moment}"), "{broken:?}");
}

#[test]
fn words_are_trimmed_faded_and_levelled_whatever_the_synthesiser_made() {
    let word = |height: f64| -> Vec<i16> {
        let tone = (0..8_000).map(|n| ((f64::from(n) * 0.4).sin() * height) as i16);
        std::iter::repeat_n(0, 6_000).chain(tone).chain(std::iter::repeat_n(0, 9_000)).collect()
    };
    for height in [300.0, 3_000.0, 32_000.0] {
        let shaped = shape::shape(&word(height)).unwrap();
        let measure = Measure::of(&shaped, RATE);
        assert_eq!(measure.remarks(), Vec::<String>::new(), "from a height of {height}");
        assert_eq!((shaped.first(), shaped.last()), (Some(&0), Some(&0)), "a click at an end");
    }
    assert!(shape::shape(&[0; 16_000]).is_err());
    assert!(shape::shape(&[]).is_err());
}

/// Digits and one phrase, to be quick.
fn small_language(voice: &str) -> String {
    let names = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"];
    let digits: Vec<String> = (0..).zip(names).map(|(digit, name)| format!("{digit} = \"{name}\"")).collect();
    let digits = digits.join(", ");
    let numbers: String = (0..)
        .zip(names)
        .map(|(from, say)| format!("[[numbers]]\nfrom = {from}\nsay = \"{say}\"\n"))
        .collect();
    format!(
        "sentence_gap_ms = 100\n[voice]\n{voice}\n[digits]\ngap_ms = 100\n\
         words = {{ {digits}, \"+\" = \"plus\", \"*\" = \"star\", \"#\" = \"pound\" }}\n\
         {numbers}[[numbers]]\nfrom = 10\nsay = \"< [>]\"\n\
         [phrases]\nhello = \"Hello, it's \\\"me\\\"; $(exit 1) -v -x.\"\n"
    )
}

#[test]
fn building_says_which_program_is_missing_or_makes_the_same_clips_again() {
    for voice in
        ["synthesiser = \"flite\"\nvoice = \"slt\"", "synthesiser = \"espeak-ng\"\nvoice = \"en-us\""]
    {
        let folder = tempfile::tempdir().unwrap();
        let english = folder.path().join("en");
        std::fs::create_dir_all(english.join("clips")).unwrap();
        std::fs::write(english.join("phrases.toml"), small_language(voice)).unwrap();
        std::fs::write(english.join("clips/stale.flac"), "old").unwrap();
        match build(folder.path(), "en", false) {
            Ok(built) => {
                assert_eq!((built.spoken, built.written, built.removed), (built.clips, built.clips, 1));
                let again = build(folder.path(), "en", false).unwrap();
                assert_eq!((again.spoken, again.written, again.removed), (0, 0, 0), "nothing is made twice");
                let anew = build(folder.path(), "en", true).unwrap();
                assert_eq!((anew.spoken, anew.written), (anew.clips, 0), "and would be the same");
                assert_eq!((again.bytes, again.length), (built.bytes, built.length));
                assert!(!english.join(".building").exists());
                let index = std::fs::read_to_string(english.join("clips.rs")).unwrap();
                assert!(index.contains("(\"hello\", include_bytes!(\"clips/hello.flac\"))"), "{index}");
            }
            Err(error) => {
                assert!(matches!(error, BuildError::NoProgram { .. }), "{error}");
                assert!(error.to_string().contains("apt-get install"), "{error}");
            }
        }
    }
}

#[test]
fn only_clips_of_new_words_of_a_new_voice_or_of_a_changed_file_are_spoken() {
    let folder = tempfile::tempdir().unwrap();
    let english = folder.path().join("en");
    std::fs::create_dir_all(english.join("clips")).unwrap();
    let texts = small_language("synthesiser = \"espeak-ng\"\nvoice = \"en-us\"");
    let write = |texts: &str| std::fs::write(english.join("phrases.toml"), texts).unwrap();
    write(&texts);
    let built = match build(folder.path(), "en", false) {
        Ok(built) => built,
        Err(error) => return assert!(matches!(error, BuildError::NoProgram { .. }), "{error}"),
    };
    let more = format!("{texts}bye = \"Bye.\"\n");
    write(&more);
    let again = build(folder.path(), "en", false).unwrap();
    assert_eq!((again.spoken, again.written, again.clips), (1, 1, built.clips + 1), "a new phrase");

    write(&more.replace("Bye.", "Bye bye."));
    let before = std::fs::read(english.join("clips/bye.flac")).unwrap();
    assert_eq!(build(folder.path(), "en", false).unwrap().spoken, 1, "other words");
    assert_ne!(std::fs::read(english.join("clips/bye.flac")).unwrap(), before);

    write(&more);
    std::fs::copy(english.join("clips/word.one.flac"), english.join("clips/word.two.flac")).unwrap();
    assert_eq!(
        build(folder.path(), "en", false).unwrap().spoken,
        2,
        "the old words, and a file that was changed"
    );
    assert_eq!(std::fs::read(english.join("clips/bye.flac")).unwrap(), before);

    // As two branches are merged that both added a phrase: lines of both, and some that no longer hold.
    let made = std::fs::read_to_string(english.join("made")).unwrap();
    std::fs::write(english.join("made"), format!("{made}bye 0000000000000000 0000000000000000\n{made}"))
        .unwrap();
    assert_eq!(build(folder.path(), "en", false).unwrap().spoken, 0);
    assert_eq!(std::fs::read_to_string(english.join("made")).unwrap(), made);

    write(&more.replace("en-us\"", "en-us\"\nspeed = 150"));
    let other = build(folder.path(), "en", false).unwrap();
    assert_eq!(other.spoken, other.clips, "another voice");
}

#[test]
fn the_built_in_clips_are_what_a_build_would_leave_as_they_are() {
    for embedded in EMBEDDED {
        let language = Language::embedded(embedded).unwrap();
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("prompts").join(embedded.name);
        let made = Made::read(&folder).unwrap();
        for (clip, (_, bytes)) in language
            .clips()
            .iter()
            .filter_map(|clip| Some((clip, embedded.clips.iter().find(|(name, _)| *name == clip.name)?)))
        {
            let name = embedded.name;
            assert!(
                made.has(language.voice(), clip, bytes),
                "{:?}: run aftertone prompts build --lang {name}",
                clip.name
            );
        }
    }
}

#[test]
fn fewer_bits_change_no_sample_by_more_than_half_a_step() {
    let mut samples: Vec<i16> = (i16::MIN..=i16::MAX).step_by(7).chain([i16::MAX]).collect();
    let before = samples.clone();
    shape::coarsen(&mut samples, 16);
    assert_eq!(samples, before);
    shape::coarsen(&mut samples, 13);
    assert!(samples.iter().all(|sample| sample % 8 == 0));
    assert!(
        before.iter().zip(&samples).all(|(a, b)| a.abs_diff(*b) <= 7 && (a.abs_diff(*b) <= 4 || *a > 32_763))
    );
}

#[test]
fn building_a_language_that_is_not_there_says_what_is_expected() {
    let folder = tempfile::tempdir().unwrap();
    let error = build(folder.path(), "xx", false).unwrap_err();
    assert!(error.to_string().contains("phrases.toml"), "{error}");
    assert!(!folder.path().join("xx").exists());
}

/// A second of a word, loud or not, at some rate.
fn recorded(rate: u32, height: f64) -> Vec<u8> {
    let sound = (0..rate).map(|n| ((f64::from(n) * 2_500.0 / f64::from(rate)).sin() * height) as i16);
    wav::write(&sound.collect::<Vec<_>>(), rate).unwrap()
}

#[test]
fn recordings_take_the_place_of_the_built_in_voice_and_the_rest_stays() {
    let (from, root) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    std::fs::create_dir(from.path().join("digits")).unwrap();
    std::fs::write(from.path().join("goodbye.wav"), recorded(44_100, 900.0)).unwrap();
    std::fs::write(from.path().join("vm-goodbye.wav"), recorded(8_000, 900.0)).unwrap();
    std::fs::write(from.path().join("vm-theperson.wav"), recorded(8_000, 20_000.0)).unwrap();
    std::fs::write(from.path().join("digits/7.wav"), recorded(8_000, 3_000.0)).unwrap();
    std::fs::write(from.path().join("digits/8.wav"), "RIFF, or not").unwrap();

    let imported = import(from.path(), root.path(), "en").unwrap();
    let taken: Vec<&str> = imported.taken.iter().map(|(clip, _)| clip.as_str()).collect();
    assert_eq!(taken.len(), 4, "{taken:?}");
    let goodbye = imported.taken.iter().find(|(clip, _)| clip == "goodbye").unwrap();
    assert!(
        goodbye.1.ends_with("goodbye.wav") && !goodbye.1.ends_with("vm-goodbye.wav"),
        "its own name first"
    );
    for clip in ["greeting-extension.1", "greeting-busy-extension.1", "word.seven"] {
        assert!(taken.contains(&clip), "{clip} of {taken:?}");
    }
    assert_eq!(imported.refused.len(), 1);
    assert!(imported.refused[0].0.ends_with("digits/8.wav"));
    assert!(imported.missing.contains(&"message-sent".to_owned()));

    let checked = check(Some(root.path()), Some("en")).unwrap();
    assert_eq!(checked[0].faults, [], "a recording sounds unlike the others");
    assert!(root.path().join("en/clips/word.seven.wav").is_file());
    assert!(!root.path().join("en/clips/word.seven.flac").exists());
    assert!(root.path().join("en/clips/word.eight.flac").is_file(), "the damaged one is left as it was");

    let again = import(from.path(), root.path(), "en").unwrap();
    assert_eq!(again, imported, "a second import changes nothing");
}

#[test]
fn an_import_of_nothing_says_what_is_expected() {
    let (from, root) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let error = import(from.path(), root.path(), "en").unwrap_err();
    assert!(matches!(error, ImportError::Nothing(_)) && error.to_string().contains("goodbye.wav"), "{error}");
    let error = import(from.path(), root.path(), "xx").unwrap_err();
    assert!(matches!(error, ImportError::NoLanguage { .. }), "{error}");
    let error = import(&from.path().join("away"), root.path(), "en").unwrap_err();
    assert!(matches!(error, ImportError::File { .. }), "{error}");
    let sources = Path::new(env!("CARGO_MANIFEST_DIR")).join("prompts");
    let error = import(from.path(), &sources, "en").unwrap_err();
    assert!(matches!(error, ImportError::BuiltIn(_)), "the built-in clips must not be changed: {error}");
}
