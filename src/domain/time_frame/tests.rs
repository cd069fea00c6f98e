//! Frames against a walk that looks at the clock every minute.

use jiff::SignedDuration;
use proptest::prelude::*;

use super::*;

/// Zones with changes of every kind: northern, southern, at midnight, of half an hour, to another day, around Ramadan.
const ZONES: [&str; 10] = [
    "Europe/Berlin",
    "America/New_York",
    "Australia/Lord_Howe",
    "America/Santiago",
    "Asia/Beirut",
    "Africa/Casablanca",
    "America/St_Johns",
    "Pacific/Apia",
    "Asia/Kolkata",
    "UTC",
];

fn schedule(spans: &[&str]) -> Schedule {
    let spans = spans.iter().flat_map(|text| Span::read_all(text).unwrap());
    Schedule { entries: spans.map(Entry::from).collect() }
}

fn zone(name: &str) -> TimeZone {
    TimeZone::get(name).unwrap()
}

fn time(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn change(spans: &[&str], in_zone: &str, now: &str) -> Option<String> {
    schedule(spans).next_change(&zone(in_zone), time(now)).map(|at| at.to_string())
}

fn active(spans: &[&str], in_zone: &str, now: &str) -> bool {
    schedule(spans).is_active(&zone(in_zone), time(now))
}

// 002-033
#[test]
fn an_office_is_open_by_the_clock_on_its_wall() {
    let hours = ["mon-fri 09:00-12:30,13:30-17:00", "sat 10-13"];
    for (now, open) in [
        ("2026-07-06T06:59:59Z", false),
        ("2026-07-06T07:00:00Z", true),
        ("2026-07-06T10:29:59Z", true),
        ("2026-07-06T10:30:00Z", false),
        ("2026-07-06T11:30:00Z", true),
        ("2026-07-06T15:00:00Z", false),
        // In winter the same hour is one later.
        ("2026-01-05T07:59:00Z", false),
        ("2026-01-05T08:00:00Z", true),
        ("2026-07-11T08:00:00Z", true),
        ("2026-07-12T08:00:00Z", false),
    ] {
        assert_eq!(active(&hours, "Europe/Berlin", now), open, "{now}");
    }
    assert_eq!(
        change(&hours, "Europe/Berlin", "2026-07-11T11:00:00Z").as_deref(),
        Some("2026-07-13T07:00:00Z")
    );
}

#[test]
fn a_night_shift_goes_on_after_midnight_and_belongs_to_the_day_it_began_on() {
    let night = ["fri 22:00-06:00"];
    for (now, on) in [
        ("2026-07-03T21:59:00Z", false),
        ("2026-07-03T22:00:00Z", true),
        ("2026-07-04T05:59:00Z", true),
        ("2026-07-04T06:00:00Z", false),
        ("2026-07-04T23:00:00Z", false),
    ] {
        assert_eq!(active(&night, "UTC", now), on, "{now}");
    }
    assert_eq!(change(&night, "UTC", "2026-07-03T23:00:00Z").as_deref(), Some("2026-07-04T06:00:00Z"));
    // A whole turn of the clock: from nine to nine.
    assert!(active(&["fri 09:00-09:00"], "UTC", "2026-07-04T08:59:00Z"));
    assert!(!active(&["fri 09:00-09:00"], "UTC", "2026-07-04T09:00:00Z"));
}

#[test]
fn an_hour_that_is_skipped_is_in_no_frame_and_one_that_comes_twice_counts_twice() {
    // Berlin: 02:00 to 03:00 is missing on 2026-03-29, and comes twice on 2026-10-25.
    let early = ["daily 02:00-03:00"];
    assert_eq!(
        change(&early, "Europe/Berlin", "2026-03-28T02:00:00Z").as_deref(),
        Some("2026-03-30T00:00:00Z")
    );
    assert_eq!(
        change(&early, "Europe/Berlin", "2026-10-25T00:30:00Z").as_deref(),
        Some("2026-10-25T02:00:00Z")
    );
    // Until half past two: over at the first, back at the second two o'clock.
    let half = ["daily 01:00-02:30"];
    let over = change(&half, "Europe/Berlin", "2026-10-25T00:00:00Z").unwrap();
    assert_eq!(over, "2026-10-25T00:30:00Z");
    let back = change(&half, "Europe/Berlin", &over).unwrap();
    assert_eq!(back, "2026-10-25T01:00:00Z");
    assert_eq!(change(&half, "Europe/Berlin", &back).as_deref(), Some("2026-10-25T01:30:00Z"));
    // What ends within the missing hour ends with the jump.
    let into = ["daily 01:00-02:30"];
    assert_eq!(
        change(&into, "Europe/Berlin", "2026-03-29T00:30:00Z").as_deref(),
        Some("2026-03-29T01:00:00Z")
    );
}

// 002-052, 002-053
#[test]
fn holidays_come_every_year_by_date_and_by_weekday() {
    let days = ["yearly 07-04", "yearly nov thu#4", "yearly may mon#-1", "yearly 12-24..01-01 since 2026"];
    for (now, on) in [
        ("2026-07-04T12:00:00Z", true),
        ("2026-07-05T00:00:00Z", false),
        ("2026-11-26T12:00:00Z", true),
        ("2026-11-19T12:00:00Z", false),
        ("2026-05-25T12:00:00Z", true),
        ("2026-05-18T12:00:00Z", false),
        ("2027-01-01T12:00:00Z", true),
        ("2027-01-02T12:00:00Z", false),
        // The first of January 2026 belongs to the turn of the year before.
        ("2026-01-01T12:00:00Z", false),
        ("2025-12-25T12:00:00Z", false),
    ] {
        assert_eq!(active(&days, "UTC", now), on, "{now}");
    }
    assert_eq!(
        change(&["yearly 02-29"], "UTC", "2096-03-01T00:00:00Z").as_deref(),
        Some("2104-02-29T00:00:00Z")
    );
}

#[test]
fn what_never_changes_has_no_next_change() {
    assert_eq!(change(&["always"], "Europe/Berlin", "2026-07-04T12:00:00Z"), None);
    assert_eq!(change(&[], "Europe/Berlin", "2026-07-04T12:00:00Z"), None);
    assert_eq!(change(&["2020-01-01..2020-02-01"], "UTC", "2026-07-04T12:00:00Z"), None);
    assert_eq!(change(&["yearly feb mon#5 since 2500"], "UTC", "2026-07-04T12:00:00Z"), None);
}

#[test]
fn a_day_that_a_zone_left_out_is_no_day() {
    // Apia went from the 29th to the 31st of December 2011.
    let day = ["2011-12-30"];
    assert_eq!(change(&day, "Pacific/Apia", "2011-12-29T00:00:00Z"), None);
    assert_eq!(
        change(&["2011-12-29..2011-12-31"], "Pacific/Apia", "2011-12-30T00:00:00Z").as_deref(),
        Some("2011-12-31T10:00:00Z")
    );
}

#[test]
fn the_entry_that_makes_it_active_is_named() {
    let mut frame = schedule(&["yearly 12-25"]);
    frame.entries[0].note = Some("Christmas Day".to_owned());
    let standing = frame.standing(&TimeZone::UTC, time("2026-12-25T08:00:00Z"));
    assert!(standing.active);
    assert_eq!(standing.entry.and_then(|entry| entry.note.as_deref()), Some("Christmas Day"));
    assert_eq!(standing.until, Some(time("2026-12-26T00:00:00Z")));
}

#[test]
fn what_is_no_span_is_refused_with_examples() {
    for bad in [
        "",
        "mon-fri 9",
        "mond 9-10",
        "2026-2-3",
        "02026-01-01",
        "yearly",
        "yearly nov",
        "yearly nov thu#6",
        "yearly nov thu#0",
        "yearly 12-25 since",
        "yearly 12-25 until 2027",
        "always 9-10",
        "daily 9-10 11-12",
        "mon 9-10,",
        "mon,",
        "+1-1-1",
    ] {
        let error = Span::read_all(bad).unwrap_err().to_string();
        assert!(error.contains("write mon-fri 09:00-17:00"), "{bad}: {error}");
    }
    for (bad, why) in [
        ("mon-fri 25:00-26:00", "no such hours"),
        ("mon-fri 09:60-10:00", "no such hours"),
        ("mon-fri 09:00-12:00,13:00-24:01", "no such hours"),
        ("2026-02-30", "no such day"),
        ("2026-12-24..2026-13-01", "no such day"),
        ("yearly 02-30", "no such day"),
        ("Yearly 12-24..01-32", "no such day"),
        ("2027-01-02..2026-12-24", "the last day is before the first"),
    ] {
        let error = Span::read_all(bad).unwrap_err().to_string();
        assert!(error.contains(why), "{bad}: {error}");
    }
    assert!("mon 9-10,11-12".parse::<Span>().is_err(), "two are not one");
}

fn any_span() -> impl Strategy<Value = String> {
    let hours = (0_u16..1440, 0_u16..=1440, any::<bool>()).prop_map(|(from, to, whole)| {
        if whole {
            String::new()
        } else {
            format!(" {:02}:{:02}-{:02}:{:02}", from / 60, from % 60, to / 60, to % 60)
        }
    });
    let days = prop_oneof![
        3 => (1_u8..128).prop_map(|bits| Weekdays(bits).to_string()),
        1 => (0_i64..500, 0_i64..20).prop_map(|(from, length)| {
            let first = Date::constant(2025, 9, 1).saturating_add(from.days());
            format!("{first}..{}", first.saturating_add(length.days()))
        }),
        1 => (1_i8..=12, 1_i8..=28, 1_i8..=12, 1_i8..=28)
            .prop_map(|(a, b, c, d)| format!("yearly {a:02}-{b:02}..{c:02}-{d:02}")),
        1 => (0_usize..12, 0_usize..7, prop_oneof![1_i8..=5, -5_i8..=-1]).prop_map(|(month, day, nth)| {
            let months = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
            let names = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
            format!("yearly {} {}#{nth}", months[month], names[day])
        }),
    ];
    (days, hours).prop_map(|(days, hours)| format!("{days}{hours}"))
}

/// Some minutes before or after one of a zone's changes of the clock, or anywhere.
fn any_moment(in_zone: &TimeZone, pick: usize, offset: i64) -> Timestamp {
    let begin = time("2025-11-01T00:00:00Z");
    let jumps: Vec<Timestamp> = in_zone.following(begin).map(|jump| jump.timestamp()).take(4).collect();
    let near = jumps.get(pick % 5).copied().unwrap_or(begin);
    // Zone data may name a moment between minutes, such as the end of 32-bit time.
    let minute = Timestamp::from_second(near.as_second().div_euclid(60) * 60).unwrap();
    minute.saturating_add(SignedDuration::from_mins(offset)).unwrap()
}

proptest! {
    /// The next change is the first minute at which a look at the wall clock says otherwise.
    #[test]
    fn the_next_change_is_the_first_minute_that_differs(
        texts in prop::collection::vec(any_span(), 1..4), name in 0_usize..ZONES.len(), pick in 0_usize..5,
        offset in -2000_i64..2000,
    ) {
        let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
        let (schedule, zone) = (schedule(&texts), zone(ZONES[name]));
        let now = any_moment(&zone, pick, offset);
        let is = |at: Timestamp| {
            let wall = zone.to_datetime(at);
            schedule.entries.iter().any(|entry| entry.span.contains(wall))
        };
        let minutes = (1..=5 * 1440).map(|minutes| now.saturating_add(SignedDuration::from_mins(minutes)).unwrap());
        let walked = minutes.into_iter().find(|at| is(*at) != is(now));
        let last = now.saturating_add(SignedDuration::from_mins(5 * 1440)).unwrap();
        let found = schedule.next_change(&zone, now).filter(|at| *at <= last);
        prop_assert_eq!(found, walked, "{:?} in {} at {}", texts, ZONES[name], now);
    }

    /// What is written is read again as the same.
    #[test]
    fn a_span_reads_back_as_it_is_written(text in any_span()) {
        for span in Span::read_all(&text).unwrap() {
            prop_assert_eq!(span.to_string().parse::<Span>(), Ok(span), "{}", span);
        }
    }

    /// Two copies of a span over midnight, cut there, are the same as the one.
    #[test]
    fn hours_over_midnight_are_the_evening_and_the_next_morning(from in 1_u16..1440, to in 1_u16..1440, minute in 0_u16..1440) {
        let to = 1 + to % from;
        let clock = |m: u16| format!("{:02}:{:02}", m / 60, m % 60);
        let one = schedule(&[&format!("wed {}-{}", clock(from), clock(to))]);
        let two = schedule(&[&format!("wed {}-24:00", clock(from)), &format!("thu 00:00-{}", clock(to))]);
        for day in 6..=10 {
            let wall = at(Date::constant(2026, 7, day), minute);
            prop_assert_eq!(one.hit(wall).is_some(), two.hit(wall).is_some(), "{}", wall);
        }
    }
}
