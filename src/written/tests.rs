//! Every language has every text with everything that is filled in; times and lengths read well.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use jiff::Zoned;

use super::*;

/// Every text by its path, with its placeholders.
fn texts(value: &toml::Value, path: &str, into: &mut BTreeMap<String, BTreeSet<String>>) {
    match value {
        toml::Value::Table(table) => {
            table.iter().for_each(|(key, value)| texts(value, &format!("{path}.{key}"), into));
        }
        toml::Value::Array(list) => {
            list.iter().enumerate().for_each(|(at, value)| texts(value, &format!("{path}.{at}"), into));
        }
        other => {
            let text = other.as_str().unwrap();
            assert!(!text.trim().is_empty(), "{path} is empty");
            let names = text.split('{').skip(1).map(|rest| rest.split_once('}').unwrap().0.to_owned());
            into.insert(path.to_owned(), names.collect());
        }
    }
}

#[test]
fn every_language_has_the_same_texts_with_the_same_things_filled_in() {
    let all: Vec<_> = EMBEDDED
        .iter()
        .map(|(tag, text)| {
            toml::from_str::<Written>(text).unwrap();
            let mut found = BTreeMap::new();
            texts(&toml::from_str(text).unwrap(), "", &mut found);
            (tag, found)
        })
        .collect();
    let (_, english) = &all[0];
    assert!(english.len() > 60, "{english:?}");
    for (tag, found) in &all {
        assert_eq!(found, english, "{tag} against en");
    }
}

#[test]
fn every_spoken_language_is_written() {
    let spoken: Vec<&str> = crate::speech::EMBEDDED.iter().map(|language| language.name).collect();
    assert_eq!(EMBEDDED.iter().map(|(tag, _)| *tag).collect::<Vec<_>>(), spoken);
}

#[test]
fn a_language_that_is_not_there_is_written_in_the_nearest_that_is() {
    for (asked, given) in [("de", "de"), ("de-CH", "de"), ("en_GB", "en"), ("tlh", "en"), ("", "en")] {
        assert_eq!(written(asked).tag, given);
    }
}

#[test]
fn what_is_filled_in_is_not_read_again_and_what_is_unknown_stays() {
    assert_eq!(fill("{a} and {b}", &[("a", "{b}"), ("b", "{a}")]), "{b} and {a}");
    assert_eq!(fill("{x} {a", &[("a", "1")]), "{x} {a");
    assert_eq!(around("for {a}.", "a"), ("for ", "."));
    assert_eq!(around("nobody", "a"), ("nobody", ""));
}

#[test]
fn times_name_the_zone_of_the_reader_in_the_words_of_the_reader() {
    let at: Zoned = "2026-03-21T13:32:00Z[UTC]".parse().unwrap();
    let berlin = at.in_tz("Europe/Berlin").unwrap();
    let (english, german) = (&written("en").calendar, &written("de").calendar);
    assert_eq!(english.long_time(&berlin), "Saturday, 21 March 2026 at 14:32 CET");
    assert_eq!(english.short_time(&at), "21 Mar 2026 13:32 UTC");
    assert_eq!(german.long_time(&berlin), "Samstag, 21. März 2026, 14:32 Uhr CET");
    assert_eq!(german.short_time(&at), "21. März 2026 13:32 UTC");
}

#[test]
fn lengths_tell_one_from_several() {
    let (english, german) = (&written("en").calendar, &written("de").calendar);
    for (seconds, in_english, in_german) in [
        (0, "1 second", "1 Sekunde"),
        (42, "42 seconds", "42 Sekunden"),
        (65, "1 minute 5 seconds", "1 Minute 5 Sekunden"),
        (3_600, "1 hour", "1 Stunde"),
        (7_384, "2 hours 3 minutes", "2 Stunden 3 Minuten"),
    ] {
        assert_eq!(english.length(Duration::from_secs(seconds)), in_english);
        assert_eq!(german.length(Duration::from_secs(seconds)), in_german);
    }
}
