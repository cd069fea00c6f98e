//! Times and lengths in writing.

use std::time::Duration;

use jiff::Zoned;
use serde::Deserialize;

use super::fill;

/// `[calendar]`
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Calendar {
    /// Monday first.
    weekdays: [String; 7],
    months: [String; 12],
    short_months: [String; 12],
    long: String,
    short: String,
    /// One, and several.
    hours: [String; 2],
    minutes: [String; 2],
    seconds: [String; 2],
}

impl Calendar {
    /// `Saturday, 21 November 2026 at 14:32 CET`.
    pub fn long_time(&self, at: &Zoned) -> String {
        self.time(&self.long, &self.months, at)
    }

    /// `21 Nov 2026 14:32 CET`.
    pub fn short_time(&self, at: &Zoned) -> String {
        self.time(&self.short, &self.short_months, at)
    }

    fn time(&self, pattern: &str, months: &[String; 12], at: &Zoned) -> String {
        let name = |names: &[String], at: i8| {
            usize::try_from(at).ok().and_then(|at| names.get(at)).cloned().unwrap_or_default()
        };
        let part = |format: &str| at.strftime(format).to_string();
        let values = [
            ("weekday", name(&self.weekdays, at.weekday().to_monday_zero_offset())),
            ("day", at.day().to_string()),
            ("month", name(months, at.month() - 1)),
            ("year", at.year().to_string()),
            ("time", part("%H:%M")),
            ("zone", part("%Z")),
        ];
        fill(pattern, &values.each_ref().map(|(name, value)| (*name, value.as_str())))
    }

    /// `42 seconds`, `1 minute 5 seconds`, `1 hour 2 minutes`; rounded to the second, at least one.
    pub fn length(&self, length: Duration) -> String {
        let (hours, minutes, seconds) = split(length);
        let parts = [(hours, &self.hours), (minutes, &self.minutes), (seconds, &self.seconds)];
        let said: Vec<String> = parts
            .iter()
            .filter(|(count, _)| *count > 0)
            .take(2)
            .map(|(count, [one, several])| {
                fill(if *count == 1 { one } else { several }, &[("count", &count.to_string())])
            })
            .collect();
        said.join(" ")
    }
}

/// Hours, minutes and seconds, rounded to the second, at least one.
fn split(length: Duration) -> (u64, u64, u64) {
    let seconds = ((length.as_millis() + 500) / 1000).max(1);
    let seconds = u64::try_from(seconds).unwrap_or(u64::MAX);
    (seconds / 3600, seconds / 60 % 60, seconds % 60)
}
