//! What a language says, in words.

use super::*;

mod german;

fn embedded(name: &str) -> Language {
    Language::embedded(EMBEDDED.iter().find(|language| language.name == name).unwrap()).unwrap()
}

fn english() -> Language {
    embedded("en")
}

/// The words of a phrase; `,` is a pause between groups.
fn said(language: &Language, phrase: &Phrase) -> String {
    let segments = language.render(phrase).unwrap();
    let (last, segments) = segments.split_last().unwrap();
    assert!(matches!(last, Segment::Pause(gap) if *gap > Duration::ZERO), "no pause after the phrase");
    let words: Vec<&str> = segments
        .iter()
        .map(|segment| match segment {
            Segment::Clip(id) => language.clips()[usize::from(id.0)].text.as_str(),
            Segment::Pause(_) => ",",
        })
        .collect();
    words.join(" ")
}

fn number(language: &Language, number: u32) -> String {
    let phrase = Phrase::new("limit-seconds").with("seconds", Arg::Number(number));
    let whole = said(language, &phrase);
    whole.split_once("That is ").unwrap().1.split_once(" second").unwrap().0.to_owned()
}

#[test]
fn english_numbers_are_said_as_people_say_them() {
    let language = english();
    for (value, words) in [
        (0, "zero"),
        (1, "one"),
        (12, "twelve"),
        (20, "twenty"),
        (21, "twenty one"),
        (99, "ninety nine"),
        (100, "one hundred"),
        (105, "one hundred five"),
        (340, "three hundred forty"),
        (1_000, "one thousand"),
        (2_019, "two thousand nineteen"),
        (9_999, "nine thousand nine hundred ninety nine"),
        (21_000, "twenty one thousand"),
        (999_999, "nine hundred ninety nine thousand nine hundred ninety nine"),
        (2_000_001, "two million one"),
    ] {
        assert_eq!(number(&language, value), words);
    }
}

#[test]
fn no_two_numbers_sound_the_same() {
    for embedded in EMBEDDED {
        let language = Language::embedded(embedded).unwrap();
        let say = |n| said(&language, &Phrase::new("message-number").with("number", Arg::Number(n)));
        let some = || (0..20_000).chain((20_000..=LARGEST_NUMBER).step_by(997));
        let all: std::collections::BTreeSet<String> = some().map(say).collect();
        assert_eq!(all.len(), some().count(), "in {}", embedded.name);
    }
}

#[test]
fn the_plural_follows_the_number() {
    let language = english();
    let minutes = |count| said(&language, &Phrase::new("limit-minutes").with("minutes", Arg::Number(count)));
    assert!(minutes(1).starts_with("That is one minute,"));
    assert!(minutes(3).starts_with("That is three minutes,"));
}

#[test]
fn digits_are_said_one_by_one_and_long_numbers_in_groups() {
    let language = english();
    let digits = |text: &str| {
        let phrase = Phrase::new("greeting-extension").with("extension", Arg::Digits(text.into()));
        let whole = said(&language, &phrase);
        whole.split_once("extension ").unwrap().1.split_once(" is not").unwrap().0.to_owned()
    };
    assert_eq!(digits("1001"), "one zero zero one");
    assert_eq!(digits("5550199"), "five five five , zero one nine nine");
    assert_eq!(digits("+15550100199"), "plus one , five five five , zero one zero , zero one nine nine");
    assert_eq!(digits("*98#"), "star nine eight pound");
}

#[test]
fn what_cannot_be_said_is_an_error() {
    let language = english();
    let render = |phrase: Phrase| language.render(&phrase).unwrap_err();
    assert!(matches!(render(Phrase::new("no-such-phrase")), SpeechError::UnknownPhrase { .. }));
    assert!(matches!(render(Phrase::new("greeting-extension")), SpeechError::MissingValue { .. }));
    let wrong_kind = Phrase::new("greeting-extension").with("extension", Arg::Number(3));
    assert!(matches!(render(wrong_kind), SpeechError::MissingValue { .. }));
    let letters = Phrase::new("greeting-extension").with("extension", Arg::Digits("10a".into()));
    assert!(matches!(render(letters), SpeechError::NotADigit('a')));
    let huge = Phrase::new("limit-seconds").with("seconds", Arg::Number(LARGEST_NUMBER + 1));
    assert!(matches!(render(huge), SpeechError::TooLarge(_)));
}

const HEAD: &str = r##"
sentence_gap_ms = 100
[voice]
synthesiser = "espeak-ng"
voice = "de"
[digits]
gap_ms = 100
words = { 0 = "null", 1 = "eins", 2 = "zwo", 3 = "drei", 4 = "vier", 5 = "fünf", 6 = "sechs", 7 = "sieben", 8 = "acht", 9 = "neun", "+" = "plus", "*" = "Stern", "#" = "Raute" }
[[plurals]]
form = "one"
is = [1]
[[plurals]]
form = "few"
modulo = 10
is = [2, 3, 4]
unless_modulo = 100
unless = [12, 13, 14]
"##;

fn numbers(rules: &[(u32, &str)]) -> String {
    rules.iter().map(|(from, say)| format!("[[numbers]]\nfrom = {from}\nsay = {say:?}\n")).collect()
}

const GERMAN: &[(u32, &str)] = &[
    (0, "null"),
    (1, "ein"),
    (2, "zwei"),
    (3, "drei"),
    (4, "vier"),
    (5, "fünf"),
    (6, "sechs"),
    (7, "sieben"),
    (8, "acht"),
    (9, "neun"),
    (10, "[>] zehn"),
];

#[test]
fn a_language_may_say_the_ones_before_the_tens_and_have_more_plurals() {
    let mut rules: Vec<_> = GERMAN[..10].to_vec();
    rules.extend([
        (10, "[>] zehn < "),
        (20, "[> und] zwanzig <"),
        (100, "< hundert [>]"),
        (1000, "< tausend [>]"),
    ]);
    let phrases = r#"
[phrases.minutes]
by = "n"
one = "{n:number} Minute"
few = "{n:number} wenige"
other = "{n:number} Minuten"
"#;
    let text = format!("{HEAD}{}{phrases}", numbers(&rules));
    let language = Language::parse("de", &text).unwrap();
    let say = |n| said(&language, &Phrase::new("minutes").with("n", Arg::Number(n)));
    assert_eq!(say(123), "ein hundert drei und zwanzig zwei wenige");
    assert_eq!(say(1), "ein Minute");
    assert_eq!(say(12), "zwei zehn ein Minuten");
    assert_eq!(say(2_000), "zwei tausend Minuten");
}

#[test]
fn a_wrong_file_is_told_what_is_wrong() {
    let good = format!("{HEAD}{}", numbers(&[GERMAN, &[(11, "[>] <")]].concat()));
    let refuse = |text: String, expected: &str| {
        let problem = Language::parse("de", &text).unwrap_err();
        assert!(problem.contains(expected), "{expected:?} is not in {problem:?}");
    };
    assert!(Language::parse("de", &format!("{good}[phrases]\na = \"gut\"\n")).is_ok());
    let phrase = |text: &str| format!("{good}[phrases]\n{text}\n");
    refuse(phrase("a = \"{x:colour}\""), "{x:colour}: write {name:digits}");
    refuse(phrase("a = \"{x:digits\""), "has no }");
    refuse(phrase("a = \" . \""), "has no words");
    refuse(phrase("A = \"x\""), "lower-case");
    refuse(phrase("a = { by = \"n\", one = \"{n:number}\" }"), "\"other\" is missing");
    refuse(phrase("a = { by = \"n\", other = \"x\" }"), "no number in it");
    refuse(phrase("a = { by = \"n\", two = \"{n:number}\", other = \"{n:number}\" }"), "no form \"two\"");
    refuse(phrase("a = { by = \"n\", few = \"x\", other = \"{n:number}\" }"), "different placeholders");
    refuse(format!("{HEAD}{}[phrases]\n", numbers(&GERMAN[1..])), "no rule from 0");
    refuse(
        format!("{HEAD}{}[phrases]\n", numbers(&[(0, "null"), (1, "< [>]")])),
        "numbers below 10 are words",
    );
    refuse(format!("{HEAD}{}[phrases]\n", numbers(&[(0, "null"), (5, "five")])), "for every number below 5");
    refuse(format!("{HEAD}{}[phrases]\n", numbers(GERMAN)), "does not tell 10 from 9999999");
    refuse(format!("{good}[[numbers]]\nfrom = 12\nsay = \"[> <\"\n[phrases]\n"), "do not match");
    refuse(phrase("a = \"x\"").replace("9 = \"neun\", ", ""), "no word for '9'");
    refuse(phrase("a = \"x\"").replace("espeak-ng", "sh"), "choose flite or espeak-ng");
    refuse(
        phrase("a = \"x\"").replace("[digits]", "[digits]\ngroups = { 3 = [1, 1] }"),
        "do not add up to 3",
    );
}

#[test]
fn every_clip_has_a_name_of_its_own_that_is_safe_as_a_file_name() {
    for embedded in EMBEDDED {
        let language = Language::embedded(embedded).unwrap();
        let mut names: Vec<_> = language.clips().iter().map(|clip| clip.name.as_str()).collect();
        for name in &names {
            let safe =
                name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b"-.".contains(&b));
            assert!(safe && !name.starts_with('.') && !name.contains("-."), "{name:?}");
        }
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), language.clips().len(), "in {}", embedded.name);
    }
}

/// Numbers that change with gender and place, as in Spanish.
const GENDERED: &str = r##"
numbers = [
    { from = 0, say = "cero" },
    { from = 1, say = "uno", forms = { f = "una", m = "un" } },
    { from = 2, say = "dos" },
    { from = 3, say = "tres" },
    { from = 4, say = "cuatro" },
    { from = 5, say = "cinco" },
    { from = 6, say = "seis" },
    { from = 7, say = "siete" },
    { from = 8, say = "ocho" },
    { from = 9, say = "nueve" },
    { from = 10, say = "diez y >" },
    { from = 20, say = "< enta [y >]" },
    { from = 100, say = "< cientos [>]", forms = { f = "< cientas [>]" } },
    { from = 1000, say = "<:m mil [>]" },
]
"##;

#[test]
fn a_number_takes_the_form_of_its_noun_where_it_ends_and_a_form_of_the_language_inside() {
    let phrases = r#"
[phrases.horas]
by = "n"
one = "una hora"
other = "{n:number:f} horas"
[phrases.plain]
by = "n"
one = "{n:number}"
other = "{n:number}"
"#;
    let text = format!("{GENDERED}{HEAD}{phrases}");
    let language = Language::parse("es", &text).unwrap();
    let say = |id, n| said(&language, &Phrase::new(id).with("n", Arg::Number(n)));
    assert_eq!(say("horas", 31), "tres enta y una horas");
    assert_eq!(say("horas", 201), "dos cientas una horas");
    assert_eq!(say("plain", 201), "dos cientos uno");
    assert_eq!(say("horas", 41_201), "cuatro enta y un mil dos cientas una horas");
    assert_eq!(say("horas", 1), "una hora", "a form that fits one number only need not say it");

    let refuse = |text: String, expected: &str| {
        let problem = Language::parse("es", &text).unwrap_err();
        assert!(problem.contains(expected), "{expected:?} is not in {problem:?}");
    };
    refuse(text.replace("{n:number:f}", "{n:number:neuter}"), "no rule of [[numbers]] has a form \"neuter\"");
    refuse(text.replace("<:m mil", "<:x mil"), "has a form \"x\"");
    refuse(text.replace("<:m mil", "<m mil"), "<:form");
    refuse(text.replace("{ f = \"una\"", "{ f = \"> una\""), "numbers below 10 are words");
    refuse(text.replace("{ f = \"< cientas [>]\" }", "{ f = \"cientas\" }"), "says 100 for every number");
    refuse(text.replace("{n:number:f} horas", "{n:digits:f} horas"), "is no number");
    refuse(
        text.replace("other = \"{n:number:f} horas\"", "few = \"horas\"\nother = \"{n:number}\""),
        "different placeholders",
    );
}

#[test]
fn a_voice_that_no_synthesiser_has_is_refused_and_words_are_respelled_whole() {
    let text = format!("{HEAD}{}[phrases]\na = \"gut\"\n", numbers(&[GERMAN, &[(11, "[>] <")]].concat()));
    let with = |line: &str| {
        Language::parse("de", &text.replace("voice = \"de\"", &format!("voice = \"de\"\n{line}")))
    };
    let voice =
        with("speed = 150\npitch = 45\nbits = 13\nsays = { PIN = \"Pinn\" }").unwrap().voice().clone();
    assert_eq!(voice.reads("Ihre PIN, bitte: PIN. PINs nicht."), "Ihre Pinn, bitte: Pinn. PINs nicht.");
    for (line, expected) in
        [("speed = 20", "80 to 450"), ("pitch = 100", "0 to 99"), ("bits = 9", "10 to 16")]
    {
        let problem = with(line).unwrap_err();
        assert!(problem.contains(expected), "{problem}");
    }
    let flite = text.replace("espeak-ng", "flite").replace("voice = \"de\"", "voice = \"slt\"\nspeed = 150");
    assert!(Language::parse("de", &flite).unwrap_err().contains("for espeak-ng"));
}

#[test]
fn a_folder_without_phrases_is_told_what_it_should_hold() {
    let error = Language::load(std::path::Path::new("/nonexistent/en")).unwrap_err().to_string();
    assert!(error.contains("phrases.toml"), "{error}");
}

#[test]
fn times_and_dates_are_said_as_people_say_them() {
    let language = english();
    let time =
        |hour, minute| said(&language, &Phrase::new("received-today").with("time", Arg::Time(hour, minute)));
    assert_eq!(time(0, 0), "Today at twelve a m");
    assert_eq!(time(9, 5), "Today at nine oh five a m");
    assert_eq!(time(12, 30), "Today at twelve thirty p m");
    assert_eq!(time(23, 59), "Today at eleven fifty nine p m");
    let date = |weekday, month, day| {
        let phrase = Phrase::new("received-on")
            .with("date", Arg::Date(weekday, month, day))
            .with("time", Arg::Time(8, 0));
        language.render(&phrase).map(|_| said(&language, &phrase))
    };
    assert!(date(0, 6, 21).unwrap().starts_with("On Monday June twenty first"), "{:?}", date(0, 6, 21));
    assert!(date(6, 12, 31).unwrap().contains("Sunday December thirty first"));
    for (weekday, month, day) in [(7, 1, 1), (0, 0, 1), (0, 13, 1), (0, 1, 0), (0, 1, 32)] {
        assert!(matches!(date(weekday, month, day), Err(SpeechError::NoDate { .. })));
    }
}

#[test]
fn a_language_with_another_clock_needs_no_code() {
    let german = std::fs::read_to_string("prompts/en/phrases.toml")
        .unwrap()
        .replace("clock = 12", "clock = 24")
        .replace("halves = [\"a m\", \"p m\"]", "")
        .replace("{hour} oh {minute} {half}", "{hour} uhr {minute}")
        .replace("{hour} {minute} {half}", "{hour} uhr {minute}")
        .replace("{hour} {half}", "{hour} uhr")
        .replace("{weekday} {month} {day}", "{day} {month}");
    let language = Language::parse("de", &german).unwrap();
    let phrase = Phrase::new("received-today").with("time", Arg::Time(15, 5));
    assert_eq!(said(&language, &phrase), "Today at fifteen uhr five");
    let phrase = Phrase::new("until-day").with("date", Arg::Date(0, 3, 2));
    assert!(said(&language, &phrase).ends_with("second March"));
    assert!(
        Language::parse("de", &german.replace("{day} {month}", "{day}"))
            .unwrap_err()
            .contains("lacks {month}")
    );
    assert!(Language::parse("de", &german.replace("uhr {minute}", "{sun}")).unwrap_err().contains("{sun}"));
}
