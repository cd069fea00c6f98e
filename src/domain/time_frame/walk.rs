//! What comes next: the moments at which a schedule may change, in any zone and over any change of its clocks.

use jiff::civil::Date;
use jiff::tz::{AmbiguousOffset, TimeZone};
use jiff::{SignedDuration, Timestamp, ToSpan as _};

use super::Schedule;

/// Nothing is looked for beyond: eight years hold every day of the calendar, the 29th of February too.
pub(super) const HORIZON_YEARS: i64 = 9;

/// So much is looked through at once.
const STRIDE: SignedDuration = SignedDuration::from_hours(14 * 24);

impl Schedule {
    /// When it next begins or ceases to be active. `None`: not within nine years.
    pub fn next_change(&self, zone: &TimeZone, now: Timestamp) -> Option<Timestamp> {
        if self.entries.is_empty() {
            return None;
        }
        let is = self.is_active(zone, now);
        let horizon = now.saturating_add(SignedDuration::from_hours(HORIZON_YEARS * 366 * 24)).ok()?;
        let mut from = now;
        while from < horizon {
            let to = from.saturating_add(STRIDE).ok()?.min(horizon);
            let edges = edges_between([(self, zone)], from, to);
            if let Some(change) = edges.into_iter().find(|edge| self.is_active(zone, *edge) != is) {
                return Some(change);
            }
            from = to;
        }
        None
    }
}

/// Every moment after `from`, up to `to`, at which one of the schedules may change, in order. It may also stay as it is.
pub fn edges_between<'a>(
    schedules: impl IntoIterator<Item = (&'a Schedule, &'a TimeZone)>,
    from: Timestamp,
    to: Timestamp,
) -> Vec<Timestamp> {
    let mut edges = Vec::new();
    for (schedule, zone) in schedules {
        let mut times = Vec::new();
        for date in dates(zone, from, to) {
            schedule.entries.iter().for_each(|entry| entry.span.edges(date, &mut times));
        }
        times.sort_unstable();
        times.dedup();
        for time in times {
            let offsets = match zone.to_ambiguous_timestamp(time).offset() {
                AmbiguousOffset::Unambiguous { offset } => [Some(offset), None],
                // The clock comes by twice.
                AmbiguousOffset::Fold { before, after } => [Some(before), Some(after)],
                // The clock jumps over it: that jump is an edge of its own.
                AmbiguousOffset::Gap { .. } => [None, None],
            };
            edges.extend(offsets.into_iter().flatten().filter_map(|offset| offset.to_timestamp(time).ok()));
        }
        let jumps = zone.following(from).map(|jump| jump.timestamp());
        edges.extend(jumps.take_while(|jump| *jump <= to));
    }
    edges.retain(|edge| from < *edge && *edge <= to);
    edges.sort_unstable();
    edges.dedup();
    edges
}

/// The dates that a wall clock shows between two moments, and one more on either side.
fn dates(zone: &TimeZone, from: Timestamp, to: Timestamp) -> impl Iterator<Item = Date> {
    let first = zone.to_datetime(from).date().saturating_sub(2.days());
    let last = zone.to_datetime(to).date().saturating_add(1.day());
    first.series(1.day()).take_while(move |date| *date <= last)
}
