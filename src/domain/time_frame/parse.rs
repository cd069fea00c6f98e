//! How spans are written: `mon-fri 09:00-17:00`, `2026-12-24..2027-01-02`, `yearly 12-25`, `yearly nov thu#4`.

use std::fmt;
use std::str::FromStr;

use jiff::civil::{Date, Weekday};

use super::{Days, Hours, MonthDay, Span, Weekdays};
use crate::domain::Invalid;

const WEEKDAYS: [(&str, Weekday); 7] = [
    ("mon", Weekday::Monday),
    ("tue", Weekday::Tuesday),
    ("wed", Weekday::Wednesday),
    ("thu", Weekday::Thursday),
    ("fri", Weekday::Friday),
    ("sat", Weekday::Saturday),
    ("sun", Weekday::Sunday),
];

const MONTHS: [&str; 12] =
    ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];

const REMEDY: &str = "write mon-fri 09:00-17:00, 2026-12-24, 2026-12-24..2027-01-02, yearly 12-25, yearly nov thu#4, daily or always";

/// Longest text of a span.
const LONGEST: usize = 200;
/// Hours of one text.
const MOST_HOURS: usize = 10;

/// Reads a span, or several of the same days: `mon-fri 09:00-12:30,13:30-17:00`.
///
/// # Errors
/// [`Invalid`] with what would be read.
pub(super) fn spans(text: &str) -> Result<Vec<Span>, Invalid> {
    let wrong = || Invalid::new("time span", text, fault(text).unwrap_or(REMEDY));
    if text.len() > LONGEST {
        return Err(wrong());
    }
    let lower = text.to_ascii_lowercase();
    let mut words = lower.split_whitespace().peekable();
    let days = read_days(&mut words).ok_or_else(wrong)?;
    let hours = match words.next() {
        None => vec![Hours::WHOLE],
        Some(list) => list.split(',').map(hours).collect::<Option<Vec<_>>>().ok_or_else(wrong)?,
    };
    if words.next().is_some() || hours.len() > MOST_HOURS {
        return Err(wrong());
    }
    Ok(hours.into_iter().map(|hours| Span { days, hours }).collect())
}

/// What is wrong with a text of the right form.
fn fault(text: &str) -> Option<&'static str> {
    let numbers = |text: &str, mark: char, digits: [usize; 2]| {
        let parts = text.split(mark).collect::<Vec<_>>();
        let lengths = digits[0]..=digits[1];
        let is_number =
            |part: &&str| lengths.contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_digit());
        parts.iter().all(is_number).then_some(parts.len())
    };
    let is_date = |word: &str| word.len() == 10 && numbers(word, '-', [2, 4]) == Some(3);
    let is_time = |word: &str| matches!(numbers(word, ':', [1, 2]), Some(1 | 2));
    const NO_DAY: &str = "there is no such day: look at the calendar";
    let is_yearly = text.trim_start().get(..6).is_some_and(|word| word.eq_ignore_ascii_case("yearly"));
    for (place, word) in text.split_whitespace().enumerate() {
        let (first, last) = word.split_once("..").unwrap_or((word, word));
        if is_yearly && place == 1 {
            let is_no_day = |day: &str| numbers(day, '-', [2, 2]) == Some(2) && month_day(day).is_none();
            if is_no_day(first) || is_no_day(last) {
                return Some(NO_DAY);
            }
            continue;
        }
        if is_date(first) && is_date(last) {
            match (date(first), date(last)) {
                (Some(first), Some(last)) if first > last => {
                    return Some("the last day is before the first: write the earlier one first");
                }
                (Some(_), Some(_)) => {}
                _ => return Some(NO_DAY),
            }
        }
        for part in word.split(',') {
            let Some((from, to)) = part.split_once('-') else { continue };
            if is_time(from) && is_time(to) && hours(part).is_none() {
                return Some("there are no such hours: write times from 00:00 to 24:00");
            }
        }
    }
    None
}

type Words<'a> = std::iter::Peekable<std::str::SplitWhitespace<'a>>;

fn read_days(words: &mut Words<'_>) -> Option<Days> {
    match words.next()? {
        "always" if words.peek().is_none() => Some(Days::Weekly(Weekdays::ALL)),
        "daily" => Some(Days::Weekly(Weekdays::ALL)),
        "yearly" => yearly(words),
        word if word.starts_with(|c: char| c.is_ascii_digit()) => dates(word),
        word => weekly(word),
    }
}

/// `mon-fri`, `mon,wed,fri`, `sat-mon`.
fn weekly(word: &str) -> Option<Days> {
    let mut days = Vec::new();
    for part in word.split(',') {
        let (first, last) = part.split_once('-').unwrap_or((part, part));
        let (mut day, last) = (weekday(first)?, weekday(last)?);
        days.push(day);
        while day != last {
            day = day.next();
            days.push(day);
        }
    }
    Weekdays::new(days).map(Days::Weekly)
}

fn weekday(word: &str) -> Option<Weekday> {
    const FULL: [&str; 7] = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];
    let known = WEEKDAYS.iter().zip(FULL).find(|((short, _), full)| word == *short || word == *full);
    known.map(|((_, day), _)| *day)
}

fn dates(word: &str) -> Option<Days> {
    let (first, last) = word.split_once("..").unwrap_or((word, word));
    let (first, last) = (date(first)?, date(last)?);
    (first <= last).then_some(Days::Dates { first, last })
}

/// `2026-12-24` and nothing else that jiff would take for a date. Years are those that a wall clock may come to show.
fn date(word: &str) -> Option<Date> {
    let mut parts = word.splitn(3, '-');
    let mut part = |digits: usize| number(parts.next()?, digits);
    let (year, month, day) = (part(4)?, part(2)?, part(2)?);
    let date = Date::new(year, i8::try_from(month).ok()?, i8::try_from(day).ok()?).ok()?;
    (1900..=2999).contains(&year).then_some(date)
}

fn number(text: &str, digits: usize) -> Option<i16> {
    let plain = text.len() == digits && text.bytes().all(|byte| byte.is_ascii_digit());
    plain.then(|| text.parse().ok()).flatten()
}

/// `12-25`, `12-24..01-02`, `nov thu#4`, each with `since 2027`.
fn yearly(words: &mut Words<'_>) -> Option<Days> {
    let word = words.next()?;
    let named = MONTHS.iter().zip(1_i8..).find(|(name, _)| word.starts_with(**name) && word.len() <= 9);
    let nth = match named {
        Some((_, month)) => {
            let (day, nth) = words.next()?.split_once('#')?;
            let nth: i8 = nth.parse().ok().filter(|nth| (1..=5).contains(&i8::abs(*nth)))?;
            Some((month, weekday(day)?, nth))
        }
        None => None,
    };
    let range = match nth {
        Some(_) => None,
        None => {
            let (first, last) = word.split_once("..").unwrap_or((word, word));
            Some((month_day(first)?, month_day(last)?))
        }
    };
    let since = since(words)?;
    match (nth, range) {
        (Some((month, weekday, nth)), _) => Some(Days::YearlyWeekday { month, weekday, nth, since }),
        (None, Some((first, last))) => Some(Days::Yearly { first, last, since }),
        (None, None) => None,
    }
}

fn since(words: &mut Words<'_>) -> Option<Option<i16>> {
    if words.next_if_eq(&"since").is_none() {
        return Some(None);
    }
    let year = number(words.next()?, 4)?;
    (1900..=2999).contains(&year).then_some(Some(year))
}

fn month_day(word: &str) -> Option<MonthDay> {
    let (month, day) = word.split_once('-')?;
    MonthDay::new(i8::try_from(number(month, 2)?).ok()?, i8::try_from(number(day, 2)?).ok()?)
}

/// `09:00-17:00`, `9-17`, `22:00-06:00`.
fn hours(text: &str) -> Option<Hours> {
    let (from, to) = text.split_once('-')?;
    Hours::new(minutes(from)?, minutes(to)?)
}

fn minutes(text: &str) -> Option<u16> {
    let (hour, minute) = text.split_once(':').unwrap_or((text, "00"));
    let two = |text: &str| text.len() <= 2 && !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    if !two(hour) || !two(minute) || minute.len() != 2 {
        return None;
    }
    let (hour, minute): (u16, u16) = (hour.parse().ok()?, minute.parse().ok()?);
    (minute < 60).then_some(hour * 60 + minute)
}

impl FromStr for Span {
    type Err = Invalid;

    /// Reads exactly one span.
    fn from_str(text: &str) -> Result<Self, Invalid> {
        match spans(text)?.as_slice() {
            [one] => Ok(*one),
            _ => Err(Invalid::new("time span", text, "give the hours one by one: mon-fri 09:00-17:00")),
        }
    }
}

impl TryFrom<String> for Span {
    type Error = Invalid;

    fn try_from(text: String) -> Result<Self, Invalid> {
        text.parse()
    }
}

impl From<Span> for String {
    fn from(span: Span) -> Self {
        span.to_string()
    }
}

/// As it is read.
impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.days)?;
        if self.hours == Hours::WHOLE { Ok(()) } else { write!(f, " {}", self.hours) }
    }
}

impl fmt::Display for Hours {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { from, to } = *self;
        write!(f, "{:02}:{:02}-{:02}:{:02}", from / 60, from % 60, to / 60, to % 60)
    }
}

impl fmt::Display for MonthDay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:02}-{:02}", self.month, self.day)
    }
}

impl fmt::Display for Days {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let from = |f: &mut fmt::Formatter<'_>, since: Option<i16>| match since {
            Some(year) => write!(f, " since {year:04}"),
            None => Ok(()),
        };
        match self {
            Self::Weekly(days) => write!(f, "{days}"),
            Self::Dates { first, last } if first == last => write!(f, "{first}"),
            Self::Dates { first, last } => write!(f, "{first}..{last}"),
            Self::Yearly { first, last, since } => {
                write!(f, "yearly {first}")?;
                if first != last {
                    write!(f, "..{last}")?;
                }
                from(f, *since)
            }
            Self::YearlyWeekday { month, weekday, nth, since } => {
                let months = usize::try_from(month - 1).unwrap_or(0);
                let name = MONTHS.get(months).copied().unwrap_or_default();
                write!(f, "yearly {name} {}#{nth}", short(*weekday))?;
                from(f, *since)
            }
        }
    }
}

/// Runs of three days and more as `mon-fri`.
impl fmt::Display for Weekdays {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if *self == Self::ALL {
            return f.write_str("daily");
        }
        let mut parts = Vec::new();
        let mut days = WEEKDAYS.iter().map(|(_, day)| *day).filter(|day| self.contains(*day)).peekable();
        while let Some(first) = days.next() {
            let mut last = first;
            while let Some(next) = days.next_if(|next| last.next() == *next) {
                last = next;
            }
            parts.push(match last {
                _ if last == first => short(first).to_owned(),
                _ if first.next() == last => format!("{},{}", short(first), short(last)),
                _ => format!("{}-{}", short(first), short(last)),
            });
        }
        f.write_str(&parts.join(","))
    }
}

fn short(day: Weekday) -> &'static str {
    WEEKDAYS.iter().find(|(_, known)| *known == day).map_or("", |(name, _)| *name)
}
