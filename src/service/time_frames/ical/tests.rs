//! Calendars as programs write them, and what is refused.

use proptest::prelude::*;

use super::*;

fn calendar(events: &[&str]) -> String {
    let events: String = events
        .iter()
        .map(|lines| format!("BEGIN:VEVENT\r\n{}\r\nEND:VEVENT\r\n", lines.replace('\n', "\r\n")))
        .collect();
    format!("BEGIN:VCALENDAR\r\nVERSION:2.0\r\n{events}END:VCALENDAR\r\n")
}

/// `span (note)` of each entry.
fn days(text: &str) -> Vec<String> {
    let entries = read(text.as_bytes()).unwrap();
    let told = |entry: &Entry| match &entry.note {
        Some(note) => format!("{} ({note})", entry.span),
        None => entry.span.to_string(),
    };
    entries.iter().map(told).collect()
}

fn refusal(text: &str) -> String {
    read(text.as_bytes()).unwrap_err()[0].to_string()
}

#[test]
fn whole_days_and_yearly_ones_become_spans() {
    let text = calendar(&[
        "UID:1\nDTSTART;VALUE=DATE:20261225\nDTEND;VALUE=DATE:20261227\nSUMMARY:Christmas\\, both days",
        "DTSTART;VALUE=DATE:20260501\nSUMMARY;LANGUAGE=de:Tag der Arbeit\nRRULE:FREQ=YEARLY",
        "DTSTART;VALUE=DATE:20241128\nRRULE:FREQ=YEARLY;BYMONTH=11;BYDAY=4TH\nSUMMARY:Thanksgiving",
        "DTSTART:20261231\nDURATION:P2D\nRRULE:FREQ=YEARLY;INTERVAL=1",
        "DTSTART;VALUE=DATE:20260101\nDTEND;VALUE=DATE:20260101",
        "DTSTART;VALUE=DATE:20270101\nSTATUS:CANCELLED",
    ]);
    assert_eq!(
        days(&text),
        [
            "2026-12-25..2026-12-26 (Christmas, both days)",
            "yearly 05-01 since 2026 (Tag der Arbeit)",
            "yearly nov thu#4 since 2024 (Thanksgiving)",
            "yearly 12-31..01-01 since 2026",
            "2026-01-01",
        ]
    );
}

#[test]
fn a_rule_with_an_end_is_written_out() {
    let until = calendar(&["DTSTART;VALUE=DATE:20260401\nRRULE:FREQ=YEARLY;UNTIL=20280401"]);
    assert_eq!(days(&until), ["2026-04-01", "2027-04-01", "2028-04-01"]);
    let count = calendar(&["DTSTART;VALUE=DATE:20260525\nRRULE:FREQ=YEARLY;BYMONTH=5;BYDAY=-1MO;COUNT=2"]);
    assert_eq!(days(&count), ["2026-05-25", "2027-05-31"]);
}

#[test]
fn folded_lines_alarms_and_zones_do_no_harm() {
    let text = "\u{feff}BEGIN:VCALENDAR\nBEGIN:VTIMEZONE\nTZID:Europe/Berlin\nBEGIN:STANDARD\nDTSTART:19701025T030000\n\
                END:STANDARD\nEND:VTIMEZONE\nBEGIN:VEVENT\nSUMMARY:New \n Year\nDTSTART;VALUE=DATE:2027\n 0101\nX-A;X-B=\"a:b\":c\n\
                BEGIN:VALARM\nTRIGGER:-PT15M\nEND:VALARM\nEND:VEVENT\nEND:VCALENDAR\n";
    assert_eq!(days(text), ["2027-01-01 (New Year)"]);
}

#[test]
fn what_is_not_understood_is_refused_with_its_line() {
    for (event, expected) in [
        ("DTSTART:20261224T180000", "line 4: the event has a time of day"),
        ("DTSTART;VALUE=DATE-TIME:20261224", "line 4: the event has a time of day"),
        ("DTSTART;VALUE=DATE:20261324", "line 4: no date"),
        ("DTSTART;VALUE=DATE:2026-12-24", "line 4: no date"),
        ("SUMMARY:nothing", "line 3: an event without DTSTART"),
        ("DTSTART;VALUE=DATE:20261224\nRRULE:FREQ=WEEKLY", "line 5: only FREQ=YEARLY"),
        (
            "DTSTART;VALUE=DATE:20261224\nRRULE:FREQ=YEARLY;INTERVAL=2",
            "line 5: INTERVAL must be one number from 1 to 1",
        ),
        (
            "DTSTART;VALUE=DATE:20261224\nRRULE:FREQ=YEARLY;BYDAY=TH;BYMONTH=12",
            "line 5: BYDAY must be one weekday",
        ),
        ("DTSTART;VALUE=DATE:20261224\nRRULE:FREQ=YEARLY;BYDAY=1TH", "line 5: BYDAY without BYMONTH"),
        ("DTSTART;VALUE=DATE:20261224\nRRULE:FREQ=YEARLY;BYEASTER=1", "line 5: BYEASTER is not understood"),
        (
            "DTSTART;VALUE=DATE:20261224\nRRULE:FREQ=YEARLY;BYMONTHDAY=25",
            "line 5: the rule names another day",
        ),
        ("DTSTART;VALUE=DATE:20261224\nRRULE:COUNT=2", "line 5: the rule has no FREQ"),
        ("DTSTART;VALUE=DATE:20261224\nEXDATE;VALUE=DATE:20271224", "line 5: EXDATE is not understood"),
        ("DTSTART;VALUE=DATE:20261224\nDURATION:PT1H", "line 5: the duration is not understood"),
        ("DTSTART;VALUE=DATE:20261224\nDTEND;VALUE=DATE:20261223", "line 3: DTEND lies before DTSTART"),
        ("DTSTART;VALUE=DATE:20260101\nDTEND;VALUE=DATE:20290101", "line 3: an event of more than a year"),
        ("no colon here", "line 4: no content line"),
    ] {
        let told = refusal(&calendar(&[event]));
        assert!(told.starts_with(expected), "{event}: {told}");
    }
}

#[test]
fn what_is_no_calendar_is_refused() {
    assert!(refusal("").contains("no calendar"));
    assert!(refusal("extension,first\r\n").contains("no calendar"));
    assert!(refusal("BEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n").contains("no whole-day event"));
    assert!(refusal("BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\n").contains("ends in the middle"));
    assert!(refusal("BEGIN:VCALENDAR\r\nEND:VEVENT\r\n").starts_with("line 2: END:VEVENT closes nothing"));
    assert!(read(b"BEGIN:VCALENDAR\n\xff\n").unwrap_err()[0].to_string().starts_with("line 2: not UTF-8"));
    assert!(refusal(&"x".repeat(LARGEST + 1)).contains("larger than 1 MiB"));
    let many: Vec<String> = (0..501).map(|_| "DTSTART;VALUE=DATE:20261224".to_owned()).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    assert!(refusal(&calendar(&many)).contains("more than 500 days"));
}

#[test]
fn every_refused_line_is_told_and_nothing_is_taken() {
    let text = calendar(&["DTSTART:20261224T180000", "DTSTART;VALUE=DATE:20261225", "DTSTART:x"]);
    let lines: Vec<usize> = read(text.as_bytes()).unwrap_err().iter().map(|refusal| refusal.line).collect();
    assert_eq!(lines, [4, 10]);
}

proptest! {
    /// A day that was read is active on that day and not on the day after the last.
    #[test]
    fn a_day_of_the_calendar_is_that_day(year in 1990_i16..2090, month in 1_i8..=12, day in 1_i8..=28, length in 1_i64..10) {
        let first = Date::new(year, month, day).unwrap();
        let end = first.saturating_add(length.days());
        let text = calendar(&[&format!(
            "DTSTART;VALUE=DATE:{}\nDTEND;VALUE=DATE:{}", first.strftime("%Y%m%d"), end.strftime("%Y%m%d")
        )]);
        let entries = read(text.as_bytes()).unwrap();
        let on = |date: Date| entries[0].span.contains(date.at(12, 0, 0, 0));
        prop_assert!(on(first) && on(end.yesterday().unwrap()));
        prop_assert!(!on(end) && !on(first.yesterday().unwrap()));
    }
}
