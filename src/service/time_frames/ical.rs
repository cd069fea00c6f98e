//! Holidays from a calendar file (iCalendar, RFC 5545): whole days, and those that come every year.
//!
//! A small strict reader, not a calendar: what it does not understand is refused with its line, so that no holiday is
//! lost or wrong in silence. Reads bytes, knows no store.

mod repeat;

use std::fmt;

use jiff::civil::Date;
use jiff::{Span as Period, ToSpan as _};

use self::repeat::yearly;
use crate::domain::time_frame::{Days, Entry, Hours, MOST_SPANS, Span};

/// Largest file.
pub const LARGEST: usize = 1024 * 1024;
/// Refusals that are told; more help nobody.
const MOST_TOLD: usize = 20;
/// Longest name of a day.
const LONGEST_SUMMARY: usize = 80;
/// Longest holiday, in days.
const LONGEST_DAYS: i64 = 366;

/// A line that is not understood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// Its number in the file, from 1 on.
    pub line: usize,
    /// What is wrong, and how to mend it.
    pub why: String,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: {}", self.line, self.why)
    }
}

fn refuse<T>(line: usize, why: impl Into<String>) -> Result<T, Refusal> {
    Err(Refusal { line, why: why.into() })
}

/// The days of the file, in its order.
///
/// # Errors
/// Every line that is not understood (the first 20), or that there is none to understand.
pub fn read(bytes: &[u8]) -> Result<Vec<Entry>, Vec<Refusal>> {
    let one = |line, why: &str| vec![Refusal { line, why: why.to_owned() }];
    if bytes.len() > LARGEST {
        return Err(one(1, "the file is larger than 1 MiB: export the holidays alone"));
    }
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let text = std::str::from_utf8(bytes).map_err(|error| {
        let before = bytes.get(..error.valid_up_to()).unwrap_or_default();
        let line = before.iter().filter(|byte| **byte == b'\n').count() + 1;
        one(line, "not UTF-8 (RFC 5545 §3.1.4): export the calendar again")
    })?;
    let lines = unfolded(text);
    if !lines.first().is_some_and(|first| first.text.eq_ignore_ascii_case("BEGIN:VCALENDAR")) {
        return Err(one(1, "no calendar: the first line must be BEGIN:VCALENDAR"));
    }
    let mut reader = Reader::default();
    for line in &lines {
        if let Err(refusal) = reader.take(line) {
            reader.refusals.push(refusal);
        }
        if reader.refusals.len() >= MOST_TOLD {
            break;
        }
    }
    reader.end(lines.last().map_or(1, |line| line.number))
}

/// A content line, put together from its folds.
struct Line {
    number: usize,
    text: String,
}

/// RFC 5545 §3.1: a line that begins with a space goes on the one before.
fn unfolded(text: &str) -> Vec<Line> {
    let mut lines: Vec<Line> = Vec::new();
    for (number, raw) in (1..).zip(text.lines()) {
        let raw = raw.trim_end_matches('\r');
        match (raw.strip_prefix([' ', '\t']), lines.last_mut()) {
            (Some(rest), Some(last)) => last.text.push_str(rest),
            _ if raw.is_empty() => {}
            _ => lines.push(Line { number, text: raw.to_owned() }),
        }
    }
    lines
}

/// Names and values, in capitals.
type Parameters = Vec<(String, String)>;

/// `NAME;PARAM=VALUE:VALUE`; a quoted parameter may hold `:`.
fn split(text: &str) -> Option<(String, Parameters, &str)> {
    let mut quoted = false;
    let colon = text.char_indices().find(|(_, c)| {
        quoted ^= *c == '"';
        *c == ':' && !quoted
    })?;
    let (head, value) = (text.get(..colon.0)?, text.get(colon.0 + 1..)?);
    let mut parts = head.split(';');
    let name = parts.next()?.to_ascii_uppercase();
    let parameters = parts.filter_map(|part| part.split_once('='));
    let parameters = parameters
        .map(|(name, value)| (name.to_ascii_uppercase(), value.trim_matches('"').to_ascii_uppercase()));
    Some((name, parameters.collect(), value))
}

#[derive(Default)]
struct Reader {
    /// Open components, outermost first.
    open: Vec<String>,
    event: Event,
    entries: Vec<Entry>,
    refusals: Vec<Refusal>,
}

/// What was read of an event until now.
#[derive(Default)]
struct Event {
    begin: usize,
    summary: Option<String>,
    start: Option<Date>,
    end: Option<Date>,
    days: Option<i64>,
    rule: Option<(usize, String)>,
    cancelled: bool,
    /// A line of it is refused already: nothing more is said of it.
    refused: bool,
}

impl Reader {
    fn take(&mut self, line: &Line) -> Result<(), Refusal> {
        let Some((name, parameters, value)) = split(&line.text) else {
            return refuse(line.number, "no content line: NAME:VALUE is missing its colon");
        };
        match name.as_str() {
            "BEGIN" => return self.begin(line.number, value),
            "END" => return self.close(line.number, value),
            _ => {}
        }
        let is_event = self.open.last().is_some_and(|component| component == "VEVENT");
        if !is_event || self.event.refused {
            return Ok(());
        }
        let taken = self.event.take(line.number, &name, &parameters, value);
        self.event.refused = taken.is_err();
        taken
    }

    fn begin(&mut self, line: usize, value: &str) -> Result<(), Refusal> {
        let component = value.trim().to_ascii_uppercase();
        if self.open.len() >= 4 {
            return refuse(line, "components lie too deep in each other: export the calendar again");
        }
        if component == "VEVENT" {
            if self.open.last().is_none_or(|outer| outer != "VCALENDAR") {
                return refuse(line, "an event outside of VCALENDAR");
            }
            self.event = Event { begin: line, ..Event::default() };
        }
        self.open.push(component);
        Ok(())
    }

    fn close(&mut self, line: usize, value: &str) -> Result<(), Refusal> {
        let component = value.trim().to_ascii_uppercase();
        if self.open.pop().as_ref() != Some(&component) {
            return refuse(
                line,
                format!("END:{} closes nothing", component.chars().take(20).collect::<String>()),
            );
        }
        let event = std::mem::take(&mut self.event);
        if component != "VEVENT" {
            self.event = event;
            return Ok(());
        }
        if event.refused || event.cancelled {
            return Ok(());
        }
        let entries = event.entries(line)?;
        if self.entries.len() + entries.len() > MOST_SPANS {
            return refuse(line, format!("more than {MOST_SPANS} days: export fewer years"));
        }
        self.entries.extend(entries);
        Ok(())
    }

    fn end(mut self, last: usize) -> Result<Vec<Entry>, Vec<Refusal>> {
        if self.refusals.is_empty() && !self.open.is_empty() {
            self.refusals
                .push(Refusal { line: last, why: "the file ends in the middle: export it again".to_owned() });
        }
        if self.refusals.is_empty() && self.entries.is_empty() {
            self.refusals.push(Refusal { line: last, why: "no whole-day event (VEVENT) in it".to_owned() });
        }
        if self.refusals.is_empty() { Ok(self.entries) } else { Err(self.refusals) }
    }
}

impl Event {
    fn take(
        &mut self,
        line: usize,
        name: &str,
        parameters: &[(String, String)],
        value: &str,
    ) -> Result<(), Refusal> {
        match name {
            "SUMMARY" => self.summary = Some(plain_text(value)),
            "STATUS" => self.cancelled = value.trim().eq_ignore_ascii_case("CANCELLED"),
            "DTSTART" => self.start = Some(date(line, parameters, value)?),
            "DTEND" => self.end = Some(date(line, parameters, value)?),
            "DURATION" => self.days = Some(duration(line, value)?),
            "RRULE" if self.rule.is_some() => return refuse(line, "a second RRULE: give the event one"),
            "RRULE" => self.rule = Some((line, value.trim().to_ascii_uppercase())),
            "RDATE" | "EXDATE" | "EXRULE" | "RECURRENCE-ID" => {
                return refuse(
                    line,
                    format!("{name} is not understood: make events of their own of these days"),
                );
            }
            _ => {}
        }
        Ok(())
    }

    fn entries(self, line: usize) -> Result<Vec<Entry>, Refusal> {
        let Some(first) = self.start else {
            return refuse(self.begin, "an event without DTSTART");
        };
        // DTEND is the day after the last (§3.6.1).
        let last = match (self.end, self.days) {
            (Some(_), Some(_)) => return refuse(self.begin, "an event with both DTEND and DURATION"),
            (Some(end), None) if end > first => end.saturating_sub(1.day()),
            // Some write the same day twice.
            (Some(end), None) if end == first => first,
            (Some(_), None) => return refuse(self.begin, "DTEND lies before DTSTART"),
            (None, Some(days)) => first.saturating_add(Period::new().days(days - 1)),
            (None, None) => first,
        };
        let length = i64::from(first.until(last).map_or(0, |period| period.get_days())) + 1;
        if length > LONGEST_DAYS {
            return refuse(self.begin, "an event of more than a year");
        }
        let note = self.summary.filter(|summary| !summary.is_empty());
        let days = match &self.rule {
            None => vec![Days::Dates { first, last }],
            Some((at, rule)) => yearly(*at, rule, first, last)?,
        };
        if days.is_empty() {
            return refuse(line, "the rule of the event names no day");
        }
        let entry = |days| Entry { span: Span { days, hours: Hours::WHOLE }, note: note.clone() };
        Ok(days.into_iter().map(entry).collect())
    }
}

/// §3.3.11: `\n`, `\,`, `\;`, `\\`. What a terminal would obey goes.
fn plain_text(value: &str) -> String {
    let mut text = String::new();
    let mut chars = value.chars();
    while let Some(c) = chars.next() {
        match c {
            '\\' => match chars.next() {
                Some('n' | 'N') => text.push(' '),
                Some(c) => text.push(c),
                None => {}
            },
            c => text.push(c),
        }
    }
    let clean: String = text.chars().filter(|c| !c.is_control()).take(LONGEST_SUMMARY).collect();
    clean.trim().to_owned()
}

/// A whole day: `20261225`. A time of day is refused.
fn date(line: usize, parameters: &[(String, String)], value: &str) -> Result<Date, Refusal> {
    let value = value.trim();
    let says_time = parameters.iter().any(|(name, kind)| name == "VALUE" && kind != "DATE");
    if says_time || value.contains(['T', 't']) {
        return refuse(
            line,
            "the event has a time of day: only whole days are holidays (VALUE=DATE); add hours with timeframe add",
        );
    }
    let digits = value.len() == 8 && value.bytes().all(|byte| byte.is_ascii_digit());
    let part = |from: usize, to: usize| value.get(from..to).and_then(|part| part.parse::<i16>().ok());
    let read = || {
        let (year, month, day) = (part(0, 4)?, part(4, 6)?, part(6, 8)?);
        let date = Date::new(year, i8::try_from(month).ok()?, i8::try_from(day).ok()?).ok()?;
        (1900..=2999).contains(&year).then_some(date)
    };
    match digits.then(read).flatten() {
        Some(date) => Ok(date),
        None => refuse(line, "no date: write it as 20261225"),
    }
}

/// `P1D`, `P2W`.
fn duration(line: usize, value: &str) -> Result<i64, Refusal> {
    let value = value.trim().to_ascii_uppercase();
    let read = || {
        let rest = value.strip_prefix('P')?;
        let (number, days) = match (rest.strip_suffix('D'), rest.strip_suffix('W')) {
            (Some(number), _) => (number, 1),
            (_, Some(number)) => (number, 7),
            _ => return None,
        };
        let plain = (1..=3).contains(&number.len()) && number.bytes().all(|byte| byte.is_ascii_digit());
        let count: i64 = plain.then(|| number.parse().ok()).flatten()?;
        Some(count * days).filter(|days| (1..=LONGEST_DAYS).contains(days))
    };
    match read() {
        Some(days) => Ok(days),
        None => refuse(line, "the duration is not understood: write whole days (P1D) or weeks (P1W)"),
    }
}

#[cfg(test)]
mod tests;
