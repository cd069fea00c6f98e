//! Days that come every year (RRULE, RFC 5545 §3.3.10): on a date, or on the Nth weekday of a month. Nothing else.

use jiff::Span as Period;
use jiff::civil::{Date, Weekday};

use super::{Refusal, date, refuse};
use crate::domain::time_frame::{Days, MonthDay};

/// Yearly days with an end are written out one by one, up to so many.
const MOST_YEARS: i16 = 100;

/// A recurrence rule (§3.3.10) that says "every year on this day" or "on the Nth weekday of a month".
#[derive(Default)]
struct Rule {
    month: Option<i8>,
    month_day: Option<i8>,
    weekday: Option<(Weekday, i8)>,
    until: Option<Date>,
    count: Option<i16>,
}

pub(super) fn yearly(line: usize, text: &str, first: Date, last: Date) -> Result<Vec<Days>, Refusal> {
    let rule = read_rule(line, text)?;
    let month = rule.month.unwrap_or_else(|| first.month());
    if let Some((weekday, nth)) = rule.weekday {
        if first != last {
            return refuse(line, "BYDAY on an event of several days: make an event of each day");
        }
        if rule.month.is_none() {
            return refuse(line, "BYDAY without BYMONTH: name the month");
        }
        return Ok(span_of_years(
            &rule,
            first,
            |since| Days::YearlyWeekday { month, weekday, nth, since },
            |year| {
                let day = Date::new(year, month, 1).ok()?.nth_weekday_of_month(nth, weekday).ok()?;
                Some((day, day))
            },
        ));
    }
    let day = rule.month_day.unwrap_or_else(|| first.day());
    if (month, day) != (first.month(), first.day()) {
        return refuse(line, "the rule names another day than DTSTART: write one of them");
    }
    let (Some(from), Some(to)) = (MonthDay::new(month, day), MonthDay::new(last.month(), last.day())) else {
        return refuse(line, "the rule names a day that no year has");
    };
    let length = first.until(last).map_or(0, |period| period.get_days());
    if length >= 365 {
        return refuse(line, "an event of a whole year that comes every year");
    }
    Ok(span_of_years(
        &rule,
        first,
        |since| Days::Yearly { first: from, last: to, since },
        |year| {
            let first = Date::new(year, month, day).ok()?;
            Some((first, first.saturating_add(Period::new().days(length))))
        },
    ))
}

/// Without an end: one span that begins with the first year. With one: each year's days.
fn span_of_years(
    rule: &Rule,
    first: Date,
    endless: impl Fn(Option<i16>) -> Days,
    in_year: impl Fn(i16) -> Option<(Date, Date)>,
) -> Vec<Days> {
    if rule.until.is_none() && rule.count.is_none() {
        return vec![endless(Some(first.year()))];
    }
    let years = first.year()..first.year().saturating_add(MOST_YEARS);
    let days = years.filter_map(in_year).filter(|(from, _)| *from >= first);
    let days = days.take_while(|(from, _)| rule.until.is_none_or(|until| *from <= until));
    let count = rule.count.map_or(usize::MAX, |count| usize::try_from(count).unwrap_or(0));
    days.take(count).map(|(first, last)| Days::Dates { first, last }).collect()
}

fn read_rule(line: usize, text: &str) -> Result<Rule, Refusal> {
    let mut rule = Rule::default();
    let mut is_yearly = false;
    for part in text.split(';').filter(|part| !part.is_empty()) {
        let Some((name, value)) = part.split_once('=') else {
            return refuse(line, "the rule is not understood: write RRULE:FREQ=YEARLY");
        };
        let number = |least: i16, most: i16| match value.parse::<i16>() {
            Ok(number) if (least..=most).contains(&number) => Ok(number),
            _ => refuse(line, format!("{name} must be one number from {least} to {most}")),
        };
        match name {
            "FREQ" if value == "YEARLY" => is_yearly = true,
            "FREQ" => {
                return refuse(line, "only FREQ=YEARLY is understood: weekly hours are for timeframe add");
            }
            "INTERVAL" => drop(number(1, 1)?),
            "BYMONTH" => rule.month = i8::try_from(number(1, 12)?).ok(),
            "BYMONTHDAY" => rule.month_day = i8::try_from(number(1, 31)?).ok(),
            "BYDAY" => rule.weekday = Some(nth_weekday(line, value)?),
            "COUNT" => rule.count = Some(number(1, MOST_YEARS)?),
            "UNTIL" => rule.until = Some(date(line, &[], value.split('T').next().unwrap_or_default())?),
            "WKST" => {}
            other => {
                let other: String = other.chars().take(20).collect();
                return refuse(line, format!("{other} is not understood in a rule"));
            }
        }
    }
    if !is_yearly {
        return refuse(line, "the rule has no FREQ: write RRULE:FREQ=YEARLY");
    }
    if rule.month_day.is_some() && rule.weekday.is_some() {
        return refuse(line, "BYDAY and BYMONTHDAY together are not understood");
    }
    Ok(rule)
}

/// `4TH`, `-1MO`.
fn nth_weekday(line: usize, value: &str) -> Result<(Weekday, i8), Refusal> {
    const DAYS: [(&str, Weekday); 7] = [
        ("MO", Weekday::Monday),
        ("TU", Weekday::Tuesday),
        ("WE", Weekday::Wednesday),
        ("TH", Weekday::Thursday),
        ("FR", Weekday::Friday),
        ("SA", Weekday::Saturday),
        ("SU", Weekday::Sunday),
    ];
    let read = || {
        let (_, day) = DAYS.iter().find(|(name, _)| value.ends_with(name))?;
        let nth: i8 = value.get(..value.len().checked_sub(2)?)?.parse().ok()?;
        (1..=5).contains(&i8::checked_abs(nth)?).then_some((*day, nth))
    };
    match read() {
        Some(found) => Ok(found),
        None => refuse(line, "BYDAY must be one weekday with its number, such as 4TH or -1MO"),
    }
}
