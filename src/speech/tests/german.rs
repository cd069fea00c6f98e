//! German as people say it: numbers against a reference that shares nothing with the rules, times, dates, plurals.

use super::*;

fn say(phrase: &Phrase) -> String {
    said(&embedded("de"), phrase)
}

fn plain(language: &Language, n: u32) -> String {
    let whole = said(language, &Phrase::new("message-number").with("number", Arg::Number(n)));
    whole.strip_prefix("Nachricht ").unwrap().to_owned()
}

/// As before a noun.
fn counted(language: &Language, n: u32) -> String {
    let whole = said(language, &Phrase::new("limit-seconds").with("seconds", Arg::Number(n)));
    whole.strip_prefix("Das waren ").unwrap().split_once(" Sekunden").unwrap().0.to_owned()
}

#[test]
fn numbers_are_said_as_people_say_them() {
    let language = embedded("de");
    for (value, alone, before_a_noun) in [
        (0, "null", "null"),
        (2, "zwei", "zwei"),
        (11, "elf", "elf"),
        (12, "zwölf", "zwölf"),
        (16, "sechzehn", "sechzehn"),
        (17, "siebzehn", "siebzehn"),
        (20, "zwanzig", "zwanzig"),
        (21, "einundzwanzig", "einundzwanzig"),
        (30, "dreißig", "dreißig"),
        (66, "sechsundsechzig", "sechsundsechzig"),
        (77, "siebenundsiebzig", "siebenundsiebzig"),
        (100, "einhundert", "einhundert"),
        (101, "einhundert eins", "einhundert ein"),
        (112, "einhundert zwölf", "einhundert zwölf"),
        (121, "einhundert einundzwanzig", "einhundert einundzwanzig"),
        (1_000, "eintausend", "eintausend"),
        (1_001, "eintausend eins", "eintausend ein"),
        (2_019, "zwei tausend neunzehn", "zwei tausend neunzehn"),
        (21_000, "einundzwanzig tausend", "einundzwanzig tausend"),
        (101_000, "einhundert ein tausend", "einhundert ein tausend"),
        (201_101, "zweihundert ein tausend einhundert eins", "zweihundert ein tausend einhundert ein"),
        (1_000_000, "eine Million", "eine Million"),
        (2_000_001, "zwei Millionen eins", "zwei Millionen ein"),
    ] {
        assert_eq!(plain(&language, value), alone);
        assert_eq!(counted(&language, value), before_a_noun);
    }
    assert_eq!(plain(&language, 1), "eins");
}

/// The number in one word, made from its decimal places; `one` is how it ends in a one.
fn reference(n: u32, one: &str) -> String {
    const ONES: [&str; 10] = ["", "ein", "zwei", "drei", "vier", "fünf", "sechs", "sieben", "acht", "neun"];
    let small = |n: u32, one: &str| -> String {
        let (tens, ones) = (n / 10 % 10, n % 10);
        let hundreds = match n / 100 {
            0 => String::new(),
            hundreds => format!("{}hundert", ONES[hundreds as usize]),
        };
        let stem = match ones {
            6 if tens == 1 => "sech",
            7 if tens == 1 => "sieb",
            _ => ONES[ones as usize],
        };
        let rest = match (tens, ones) {
            (0, 1) => one.to_owned(),
            (0, _) => stem.to_owned(),
            (1, 0) => "zehn".to_owned(),
            (1, 1) => "elf".to_owned(),
            (1, 2) => "zwölf".to_owned(),
            (1, _) => format!("{stem}zehn"),
            (_, ones) => {
                let ten = match tens {
                    2 => "zwanzig".to_owned(),
                    3 => "dreißig".to_owned(),
                    6 => "sechzig".to_owned(),
                    7 => "siebzig".to_owned(),
                    tens => format!("{}zig", ONES[tens as usize]),
                };
                if ones == 0 { ten } else { format!("{stem}und{ten}") }
            }
        };
        hundreds + &rest
    };
    match (n / 1_000, n % 1_000) {
        (0, 0) => "null".to_owned(),
        (0, rest) => small(rest, one),
        (1_000, 0) => "eineMillion".to_owned(),
        (thousands, rest) => format!("{}tausend{}", small(thousands, "ein"), small(rest, one)),
    }
}

#[test]
fn every_number_up_to_a_million_is_the_word_that_its_digits_make() {
    let language = embedded("de");
    for n in (0..12_000).chain((12_000..1_000_000).step_by(61)).chain([999_999, 1_000_000]) {
        assert_eq!(plain(&language, n).replace(' ', ""), reference(n, "eins"), "{n}");
        if n != 1 {
            assert_eq!(counted(&language, n).replace(' ', ""), reference(n, "ein"), "{n} before a noun");
        }
    }
}

#[test]
fn one_is_told_from_several_and_from_none() {
    let count = |id, n| say(&Phrase::new(id).with("count", Arg::Number(n)));
    assert_eq!(count("count-new", 1), "Sie haben eine neue Nachricht.");
    assert_eq!(count("count-new", 2), "Sie haben zwei neue Nachrichten.");
    assert_eq!(count("count-new", 21), "Sie haben einundzwanzig neue Nachrichten.");
    assert_eq!(count("count-new", 101), "Sie haben einhundert ein neue Nachrichten.");
    assert_eq!(count("count-urgent", 1), "Eine davon ist dringend.");
    assert_eq!(count("count-urgent", 101), "einhundert eins davon sind dringend.");
    assert_eq!(count("sent", 1), "Ihre Nachricht wurde an einen Empfänger gesendet.");
    assert_eq!(count("sent", 3), "Ihre Nachricht wurde an drei Empfänger gesendet.");
    assert_eq!(say(&Phrase::new("count-none")), "Sie haben keine neuen Nachrichten.");
    let length = |id, name, n| say(&Phrase::new(id).with(name, Arg::Number(n)));
    assert_eq!(length("length-minutes", "minutes", 1), "Eine Minute.");
    assert_eq!(length("length-minutes", "minutes", 12), "zwölf Minuten.");
    assert_eq!(length("length-seconds", "seconds", 1), "Eine Sekunde.");
    assert_eq!(length("length-seconds", "seconds", 41), "einundvierzig Sekunden.");
}

#[test]
fn times_have_twenty_four_hours_and_one_o_clock_has_no_s() {
    let time = |hour, minute| {
        let whole = say(&Phrase::new("received-yesterday").with("time", Arg::Time(hour, minute)));
        whole.strip_prefix("Gestern um ").unwrap().to_owned()
    };
    for (hour, minute, words) in [
        (0, 0, "null Uhr"),
        (0, 1, "null Uhr eins"),
        (1, 0, "ein Uhr"),
        (1, 1, "ein Uhr eins"),
        (9, 30, "neun Uhr dreißig"),
        (12, 0, "zwölf Uhr"),
        (14, 5, "vierzehn Uhr fünf"),
        (21, 21, "einundzwanzig Uhr einundzwanzig"),
        (23, 59, "dreiundzwanzig Uhr neunundfünfzig"),
    ] {
        assert_eq!(time(hour, minute), words);
    }
}

#[test]
fn dates_are_said_in_the_dative_and_in_their_order() {
    let on = |weekday, month, day| {
        let phrase = Phrase::new("received-on")
            .with("date", Arg::Date(weekday, month, day))
            .with("time", Arg::Time(14, 5));
        say(&phrase)
    };
    assert_eq!(on(6, 5, 3), "Am Sonntag dem dritten Mai , um vierzehn Uhr fünf");
    assert_eq!(on(0, 1, 1), "Am Montag dem ersten Januar , um vierzehn Uhr fünf");
    for (day, word) in [
        (2, "zweiten"),
        (7, "siebten"),
        (8, "achten"),
        (16, "sechzehnten"),
        (19, "neunzehnten"),
        (20, "zwanzigsten"),
        (21, "einundzwanzigsten"),
        (30, "dreißigsten"),
        (31, "einunddreißigsten"),
    ] {
        let words = say(&Phrase::new("until-day").with("date", Arg::Date(2, 3, day)));
        assert_eq!(words, format!("Sie gilt bis zum Mittwoch dem {word} März einschließlich."));
    }
}

#[test]
fn digits_are_said_one_by_one_in_groups_as_on_the_phone() {
    let digits = |text: &str| {
        let whole = say(&Phrase::new("from-number").with("number", Arg::Digits(text.into())));
        whole.strip_prefix("Von ").unwrap().to_owned()
    };
    assert_eq!(digits("1001"), "eins null null eins");
    assert_eq!(digits("123456"), "eins zwei , drei vier , fünf sechs");
    assert_eq!(digits("*98#"), "Stern neun acht Raute");
    assert_eq!(digits("+4930123456"), "plus vier neun drei null , eins zwei , drei vier , fünf sechs");
    let key = say(&Phrase::new("key-back").with("keys", Arg::Digits("*".into())));
    assert_eq!(key, "Um zurückzugehen, drücken Sie Stern");
}
