//! Time frames: when an office is open, closed or on holiday, as spans of days and hours on the wall clock of a zone.
//!
//! The wall clock decides: an hour that is skipped in spring is in no frame, one that comes twice in autumn counts twice.
//! Asks no clock itself; evaluated by the routing of calls and shown by the command line. `parse` reads the words,
//! `walk` finds what comes next.

pub mod holidays;
mod parse;
mod walk;

use jiff::civil::{Date, DateTime, Weekday};
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan as _};
use serde::{Deserialize, Serialize};

use super::{Invalid, MailboxId, TenantId, TimeFrameId};

pub use walk::edges_between;

/// Minutes of a day.
const DAY: u16 = 24 * 60;

/// Spans of one frame, at most.
pub const MOST_SPANS: usize = 500;

/// What a frame is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FrameUse {
    /// Business hours: outside of all of them the closed greeting plays.
    Open,
    /// Hours in which the closed greeting plays.
    Closed,
    /// Days on which the holiday greeting plays.
    Holiday,
    /// Chooses no greeting by itself: for answering rules.
    Custom,
}

impl FrameUse {
    /// Every use.
    pub const ALL: [Self; 4] = [Self::Open, Self::Closed, Self::Holiday, Self::Custom];

    /// The word used by the command line, the store and the API.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Closed => "closed",
            Self::Holiday => "holiday",
            Self::Custom => "custom",
        }
    }
}

impl std::fmt::Display for FrameUse {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

impl std::str::FromStr for FrameUse {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        let known = Self::ALL.into_iter().find(|known| known.as_str() == text);
        known.ok_or_else(|| {
            Invalid::new("use of a time frame", text, "choose open, closed, holiday or custom")
        })
    }
}

/// The days of the week that a span is for. Never empty.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Weekdays(u8);

impl Weekdays {
    /// Monday to Sunday.
    pub const ALL: Self = Self(0x7f);

    /// Those given; `None` without any.
    pub fn new(days: impl IntoIterator<Item = Weekday>) -> Option<Self> {
        let bits = days.into_iter().fold(0, |bits, day| bits | bit(day));
        (bits != 0).then_some(Self(bits))
    }

    /// Whether the day is among them.
    pub fn contains(self, day: Weekday) -> bool {
        self.0 & bit(day) != 0
    }
}

fn bit(day: Weekday) -> u8 {
    1 << day.to_monday_zero_offset()
}

/// A day of any year. The 29th of February comes in leap years only.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MonthDay {
    /// 1 to 12.
    month: i8,
    /// 1 to the length of the month.
    day: i8,
}

impl MonthDay {
    /// `None` when no year has that day.
    pub fn new(month: i8, day: i8) -> Option<Self> {
        Date::new(2024, month, day).ok().map(|_| Self { month, day })
    }

    fn of(date: Date) -> Self {
        Self { month: date.month(), day: date.day() }
    }
}

/// The days that a span is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Days {
    /// These days of every week.
    Weekly(Weekdays),
    /// From one date to another, both included.
    Dates {
        /// The first.
        first: Date,
        /// The last, not before the first.
        last: Date,
    },
    /// From one day to another of every year, both included; over the new year when the second comes first.
    Yearly {
        /// The first.
        first: MonthDay,
        /// The last.
        last: MonthDay,
        /// Not before this year.
        since: Option<i16>,
    },
    /// For example the fourth Thursday of November.
    YearlyWeekday {
        /// 1 to 12.
        month: i8,
        /// Which day of the week.
        weekday: Weekday,
        /// 1 to 5 from the beginning of the month, -1 to -5 from its end. A fifth comes only in months that have one.
        nth: i8,
        /// Not before this year.
        since: Option<i16>,
    },
}

impl Days {
    /// Whether the date is one of them.
    pub fn contains(&self, date: Date) -> bool {
        let begun = |since: &Option<i16>| since.is_none_or(|since| date.year() >= since);
        match self {
            Self::Weekly(days) => days.contains(date.weekday()),
            Self::Dates { first, last } => (*first..=*last).contains(&date),
            Self::Yearly { first, last, since } => {
                let day = MonthDay::of(date);
                let within = if first <= last {
                    (*first..=*last).contains(&day)
                } else {
                    day >= *first || day <= *last
                };
                // What began last December belongs to last year.
                let turned = first > last && day <= *last;
                let year = date.year() - i16::from(turned);
                within && since.is_none_or(|since| year >= since)
            }
            Self::YearlyWeekday { month, weekday, nth, since } => {
                begun(since)
                    && date.month() == *month
                    && date.nth_weekday_of_month(*nth, *weekday).is_ok_and(|hit| hit == date)
            }
        }
    }
}

/// The hours of a day, to the minute. They go on into the next day when they end where they begin or before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Hours {
    /// First minute, 0 to 1439.
    from: u16,
    /// The minute after the last, 1 to 1440.
    to: u16,
}

impl Hours {
    /// The whole day.
    pub const WHOLE: Self = Self { from: 0, to: DAY };

    /// In minutes since midnight; an end of 0 is the midnight after. `None` beyond 24:00.
    pub fn new(from: u16, to: u16) -> Option<Self> {
        let to = if to == 0 { DAY } else { to };
        (from < DAY && to <= DAY).then_some(Self { from, to })
    }

    /// Whether they end at the minute at which they begin.
    pub const fn are_nothing(self) -> bool {
        self.to == self.from
    }

    /// Whether they go on into the next day.
    pub const fn pass_midnight(self) -> bool {
        self.to <= self.from
    }
}

/// Some days, and the hours of each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Span {
    /// Which days.
    pub days: Days,
    /// Which hours of each.
    pub hours: Hours,
}

impl Span {
    /// Reads a span, or several of the same days: `mon-fri 09:00-12:30,13:30-17:00`.
    ///
    /// # Errors
    /// [`Invalid`] with what would be read.
    pub fn read_all(text: &str) -> Result<Vec<Self>, Invalid> {
        parse::spans(text)
    }

    /// Whether the wall clock's `time` is within.
    pub fn contains(&self, time: DateTime) -> bool {
        let minute = minute_of(time);
        let Hours { from, to } = self.hours;
        let begins = self.days.contains(time.date());
        if !self.hours.pass_midnight() {
            return begins && (from..to).contains(&minute);
        }
        let goes_on = || time.date().yesterday().is_ok_and(|before| self.days.contains(before));
        begins && minute >= from || minute < to && goes_on()
    }

    /// The wall-clock times of this date at which the span may begin or end.
    fn edges(&self, date: Date, into: &mut Vec<DateTime>) {
        let Hours { from, to } = self.hours;
        if self.days.contains(date) {
            into.push(at(date, from));
            if !self.hours.pass_midnight() {
                into.push(at(date, to));
            }
        }
        if self.hours.pass_midnight() && date.yesterday().is_ok_and(|before| self.days.contains(before)) {
            into.push(at(date, to));
        }
    }
}

fn minute_of(time: DateTime) -> u16 {
    u16::try_from(i32::from(time.hour()) * 60 + i32::from(time.minute())).unwrap_or(0)
}

fn at(date: Date, minute: u16) -> DateTime {
    date.to_datetime(jiff::civil::Time::midnight()).saturating_add(i64::from(minute).minutes())
}

/// A span, and what it is: `Christmas Day`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// When.
    pub span: Span,
    /// What, at most 80 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

impl From<Span> for Entry {
    fn from(span: Span) -> Self {
        Self { span, note: None }
    }
}

/// The spans of a frame. It is active while any of them is.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Schedule {
    /// In the order in which they were given.
    pub entries: Vec<Entry>,
}

impl Schedule {
    /// The entry that holds the wall clock's `time`, if one does.
    pub fn hit(&self, time: DateTime) -> Option<&Entry> {
        self.entries.iter().find(|entry| entry.span.contains(time))
    }

    /// Whether it is active at that moment in that zone.
    pub fn is_active(&self, zone: &TimeZone, now: Timestamp) -> bool {
        self.hit(zone.to_datetime(now)).is_some()
    }

    /// Whether it is active, by which entry, and until when that stays so.
    pub fn standing(&self, zone: &TimeZone, now: Timestamp) -> Standing<'_> {
        let hit = self.hit(zone.to_datetime(now));
        Standing { active: hit.is_some(), entry: hit, until: self.next_change(zone, now) }
    }
}

/// How a frame stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Standing<'a> {
    /// Whether it is active.
    pub active: bool,
    /// The entry that makes it so.
    pub entry: Option<&'a Entry>,
    /// When it ceases to be active, or begins to. `None`: not within [`walk::HORIZON_YEARS`] years.
    pub until: Option<Timestamp>,
}

/// A named frame of a tenant, or of one mailbox.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TimeFrame {
    /// Identity.
    pub id: TimeFrameId,
    /// Whose world it is in.
    pub tenant: TenantId,
    /// The mailbox it belongs to. `None`: every mailbox of the tenant.
    pub mailbox: Option<MailboxId>,
    /// Unique within tenant or mailbox, 1 to 64 characters.
    pub name: String,
    /// What it is for.
    pub purpose: FrameUse,
    /// IANA zone. `None`: the mailbox's, else the tenant's.
    pub zone: Option<String>,
    /// When.
    pub schedule: Schedule,
    /// When it was made.
    pub created_at: Timestamp,
}

impl TimeFrame {
    /// The zone it is read in, where `inherited` is that of the mailbox or tenant.
    pub fn zone(&self, inherited: &TimeZone) -> TimeZone {
        let own = self.zone.as_deref().and_then(|name| TimeZone::get(name).ok());
        own.unwrap_or_else(|| inherited.clone())
    }
}

#[cfg(test)]
mod tests;
