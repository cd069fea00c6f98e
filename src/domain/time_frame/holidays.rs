//! Public holidays that the whole of a country keeps (002-033), as entries of a time frame.
//!
//! Days of a fixed date or weekday come every year; those that follow Easter are dates, for the years that are asked for.
//! What only a part of a country keeps, and substitutes for days that fall on a weekend, are not in here.

mod countries;

use std::ops::RangeInclusive;

use jiff::ToSpan as _;
use jiff::civil::{Date, Weekday};

pub use self::countries::COUNTRIES;
use super::super::Invalid;
use super::{Days, Entry, Hours, MonthDay, Span};

/// When a holiday is.
#[derive(Debug, Clone, Copy)]
enum Rule {
    /// Of this month, on this day.
    On(i8, i8),
    /// Of this month, this day of the week: 1 is the first, -1 the last.
    Nth(i8, Weekday, i8),
    /// So many days after Easter Sunday.
    Easter(i64),
    /// The first such day of the week from this day of a month on.
    From(i8, i8, Weekday),
    /// As it is reckoned for each year.
    Each(fn(i16) -> Option<Date>),
}

/// A country.
#[derive(Debug, Clone, Copy)]
pub struct Country {
    /// ISO 3166-1 alpha-2, in lower case.
    pub code: &'static str,
    /// As people read it.
    pub title: &'static str,
    days: &'static [(&'static str, Rule)],
}

impl Country {
    /// By its code, in whatever case.
    ///
    /// # Errors
    /// [`Invalid`] with those that are known.
    pub fn of(code: &str) -> Result<Self, Invalid> {
        let code = code.trim();
        let known = COUNTRIES.iter().find(|country| country.code.eq_ignore_ascii_case(code));
        known.copied().ok_or_else(|| {
            let remedy = "choose at, au, be, ca, ch, cz, de, dk, es, fi, fr, gb, ie, it, nl, no, pl, pt, se or us; \
                          for others import a calendar file";
            Invalid::new("country", code, remedy)
        })
    }

    /// What a time frame of its holidays is called, unless somebody says otherwise.
    pub fn frame_name(&self) -> String {
        format!("Public holidays: {}", self.title)
    }

    /// Its holidays, those without an end first; of the others the days of these years.
    pub fn entries(&self, years: RangeInclusive<i16>) -> Vec<Entry> {
        let (yearly, dated): (Vec<_>, Vec<_>) = self.days.iter().partition(|(_, rule)| rule.days().is_some());
        let entry = |name: &str, days| Entry {
            span: Span { days, hours: Hours::WHOLE },
            note: Some(name.to_owned()),
        };
        let yearly = yearly.iter().filter_map(|(name, rule)| Some(entry(name, rule.days()?)));
        let dated = years.flat_map(|year| {
            dated.iter().filter_map(move |(name, rule)| {
                let first = rule.date(year)?;
                Some(entry(name, Days::Dates { first, last: first }))
            })
        });
        yearly.chain(dated).collect()
    }
}

impl Rule {
    /// The same words for every year; `None` where there are none.
    fn days(self) -> Option<Days> {
        match self {
            Self::On(month, day) => {
                let day = MonthDay::new(month, day)?;
                Some(Days::Yearly { first: day, last: day, since: None })
            }
            Self::Nth(month, weekday, nth) => Some(Days::YearlyWeekday { month, weekday, nth, since: None }),
            Self::Easter(_) | Self::From(..) | Self::Each(_) => None,
        }
    }

    fn date(self, year: i16) -> Option<Date> {
        match self {
            Self::On(month, day) => Date::new(year, month, day).ok(),
            Self::Nth(month, weekday, nth) => {
                Date::new(year, month, 1).ok()?.nth_weekday_of_month(nth, weekday).ok()
            }
            Self::Easter(days) => easter(year)?.checked_add(days.days()).ok(),
            Self::From(month, day, weekday) => {
                let before = Date::new(year, month, day).ok()?.yesterday().ok()?;
                before.nth_weekday(1, weekday).ok()
            }
            Self::Each(reckon) => reckon(year),
        }
    }
}

/// Easter Sunday of the Gregorian calendar, by the method that Meeus prints (Astronomical Algorithms, chapter 8).
fn easter(year: i16) -> Option<Date> {
    let year_of = i32::from(year);
    let (golden, century, rest) = (year_of % 19, year_of / 100, year_of % 100);
    let moved = (century - (century + 8) / 25 + 1) / 3;
    let moon = (19 * golden + century - century / 4 - moved + 15) % 30;
    let week = (32 + 2 * (century % 4) + 2 * (rest / 4) - moon - rest % 4) % 7;
    let late = (golden + 11 * moon + 22 * week) / 451;
    let days = moon + week - 7 * late + 114;
    Date::new(year, i8::try_from(days / 31).ok()?, i8::try_from(days % 31 + 1).ok()?).ok()
}

/// The first Monday of February, but the 1st where that is a Friday.
fn brigid(year: i16) -> Option<Date> {
    let first = Date::new(year, 2, 1).ok()?;
    if first.weekday() == Weekday::Friday { Some(first) } else { Rule::Nth(2, Weekday::Monday, 1).date(year) }
}

/// The 27th of April, but the 26th where that is a Sunday.
fn kings_day(year: i16) -> Option<Date> {
    let day = Date::new(year, 4, 27).ok()?;
    if day.weekday() == Weekday::Sunday { day.yesterday().ok() } else { Some(day) }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::super::MOST_SPANS;
    use super::*;

    fn days(code: &str, year: i16) -> BTreeSet<(String, String)> {
        let country = Country::of(code).unwrap();
        let entries = country.entries(year..=year);
        let mut day = Date::new(year, 1, 1).unwrap();
        let mut found = BTreeSet::new();
        while day.year() == year {
            for entry in entries.iter().filter(|entry| entry.span.days.contains(day)) {
                found.insert((day.to_string(), entry.note.clone().unwrap()));
            }
            day = day.tomorrow().unwrap();
        }
        found
    }

    #[test]
    fn easter_is_when_it_is_kept() {
        for date in [
            "1961-04-02",
            "2000-04-23",
            "2008-03-23",
            "2024-03-31",
            "2025-04-20",
            "2026-04-05",
            "2027-03-28",
            "2038-04-25",
            "2049-04-18",
            "2076-04-19",
        ] {
            let date: Date = date.parse().unwrap();
            assert_eq!(easter(date.year()), Some(date));
        }
    }

    // 002-033
    #[test]
    fn the_holidays_of_a_year_are_those_of_the_country() {
        let has = |code: &str, year: i16, day: &str, name: &str| {
            let all = days(code, year);
            assert!(all.contains(&(day.to_owned(), name.to_owned())), "{code} {day} {name}: {all:?}");
        };
        assert_eq!(days("de", 2026).len(), 9);
        has("DE", 2026, "2026-04-03", "Good Friday");
        has("de", 2026, "2026-05-14", "Ascension Day");
        has("de", 2026, "2026-05-25", "Whit Monday");
        has("at", 2026, "2026-06-04", "Corpus Christi");
        has("us", 2026, "2026-11-26", "Thanksgiving Day");
        has("us", 2027, "2027-05-31", "Memorial Day");
        has("ca", 2026, "2026-05-18", "Victoria Day");
        has("ca", 2027, "2027-05-24", "Victoria Day");
        has("gb", 2026, "2026-08-31", "Summer Bank Holiday");
        has("se", 2026, "2026-06-20", "Midsummer Day");
        has("fi", 2026, "2026-10-31", "All Saints' Day");
        has("ie", 2026, "2026-02-02", "Saint Brigid's Day");
        has("ie", 2030, "2030-02-01", "Saint Brigid's Day");
        has("nl", 2025, "2025-04-26", "King's Day");
        has("nl", 2026, "2026-04-27", "King's Day");
        has("dk", 2026, "2026-04-02", "Maundy Thursday");
    }

    #[test]
    fn every_country_is_named_once_fits_a_frame_and_keeps_new_year_and_christmas() {
        let codes: BTreeSet<_> = COUNTRIES.iter().map(|country| country.code).collect();
        assert_eq!(codes.len(), COUNTRIES.len());
        let unknown = Country::of("xx").unwrap_err();
        for country in COUNTRIES {
            assert!(unknown.remedy.contains(country.code), "{}", country.code);
            assert!(country.entries(2026..=2035).len() < MOST_SPANS);
            let all = days(country.code, 2026);
            for day in ["2026-01-01", "2026-12-25"] {
                assert!(all.iter().any(|(date, _)| date == day), "{} {day}", country.code);
            }
            assert_eq!(all.iter().map(|(date, _)| date).collect::<BTreeSet<_>>().len(), all.len());
        }
    }
}
