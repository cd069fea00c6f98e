//! The clips that are part of the program, and a build from texts where a synthesiser is there.

use super::*;
use crate::flow::phrases;
use crate::speech::EMBEDDED;

#[test]
fn every_embedded_clip_is_as_loud_as_the_others_and_has_no_silence_at_its_ends() {
    for checked in check(None).unwrap() {
        assert_eq!(checked.remarks, Vec::<String>::new(), "in {}", checked.language);
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
        // Some 350 clips, for callers and owners; all of them are part of the program.
        assert!(bytes < 12_000_000, "{} takes {bytes} bytes", embedded.name);
    }
}

#[test]
fn every_phrase_of_every_dialogue_becomes_sound_in_every_language() {
    let set = PromptSet::embedded().unwrap();
    let languages: Vec<&str> = set.languages().collect();
    assert!(languages.contains(&"en"));
    for (language, saying) in languages.iter().flat_map(|l| phrases::all().map(move |s| (l, s))) {
        let mut phrase = saying.phrase();
        for (name, kind) in saying.args {
            phrase = phrase.with(
                name,
                match kind {
                    crate::speech::ArgKind::Digits => crate::speech::Arg::Digits("5550199".into()),
                    crate::speech::ArgKind::Number => crate::speech::Arg::Number(3),
                    crate::speech::ArgKind::Time => crate::speech::Arg::Time(21, 5),
                    crate::speech::ArgKind::Date => crate::speech::Arg::Date(6, 12, 31),
                    crate::speech::ArgKind::Letters => crate::speech::Arg::Letters("ada 2".into()),
                },
            );
        }
        let length: Duration = set.say(language, &phrase).unwrap().iter().map(|clip| clip.duration()).sum();
        assert!((400..15_000).contains(&length.as_millis()), "{:?} lasts {length:?}", saying.id);
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

#[test]
fn a_folder_takes_the_place_of_an_embedded_language_and_must_be_complete() {
    let folder = tempfile::tempdir().unwrap();
    let error = check(Some(folder.path())).unwrap_err();
    assert!(matches!(error, PromptError::Empty(_)), "{error}");

    let english = folder.path().join("en");
    std::fs::create_dir_all(english.join("clips")).unwrap();
    let texts = EMBEDDED.iter().find(|language| language.name == "en").unwrap();
    std::fs::write(english.join("phrases.toml"), texts.phrases).unwrap();
    let error = check(Some(folder.path())).unwrap_err();
    assert!(matches!(error, PromptError::NoClip { .. }), "{error}");

    for (name, bytes) in texts.clips {
        std::fs::write(english.join("clips").join(format!("{name}.flac")), bytes).unwrap();
    }
    assert_eq!(check(Some(folder.path())).unwrap(), check(None).unwrap());

    std::fs::write(english.join("clips/goodbye.flac"), "no sound").unwrap();
    let error = check(Some(folder.path())).unwrap_err();
    assert!(matches!(&error, PromptError::BadClip { clip, .. } if clip == "goodbye"), "{error}");

    let without = texts.phrases.replace("goodbye =", "good-night =");
    std::fs::write(english.join("phrases.toml"), without).unwrap();
    let error = check(Some(folder.path())).unwrap_err();
    assert!(matches!(error, PromptError::Incomplete { phrase: "goodbye", .. }), "{error}");
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

/// The English digits and one phrase, to be quick.
fn small_language(voice: &str) -> String {
    let texts = EMBEDDED.iter().find(|language| language.name == "en").unwrap().phrases;
    let (grammar, _) = texts.split_once("[phrases]").unwrap();
    let grammar = grammar.replace("synthesiser = \"flite\"\nvoice = \"slt\"", voice);
    format!("{grammar}[phrases]\nhello = \"Hello, it's \\\"me\\\"; $(exit 1) -v -x.\"\n")
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
        match build(folder.path(), "en") {
            Ok(built) => {
                assert_eq!((built.written, built.removed), (built.clips, 1));
                let again = build(folder.path(), "en").unwrap();
                assert_eq!((again.written, again.removed), (0, 0), "a second build changes nothing");
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
fn building_a_language_that_is_not_there_says_what_is_expected() {
    let folder = tempfile::tempdir().unwrap();
    let error = build(folder.path(), "xx").unwrap_err();
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

    let checked = check(Some(root.path())).unwrap();
    let english = checked.iter().find(|language| language.language == "en").unwrap();
    assert_eq!(english.remarks, Vec::<String>::new(), "a recording sounds unlike the others");
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
