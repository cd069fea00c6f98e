//! Times as people read them, in their own zone, and what is said of a message. Pure.

use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan as _};

use crate::domain::{Mailbox, Quota, RedirectReason, Tag, Tenant, Usage, counted};

/// The zone of a mailbox, inherited from the tenant.
pub(in crate::http) fn zone(mailbox: Option<&Mailbox>, tenant: &Tenant) -> TimeZone {
    let name = mailbox.and_then(|mailbox| mailbox.zone.as_deref()).unwrap_or(&tenant.zone);
    TimeZone::get(name).unwrap_or(TimeZone::UTC)
}

/// Short, for lists: `14:32`, `Yesterday 14:32`, `Sat 14:32`, `21 Nov`, `21 Nov 2025`.
pub(in crate::http) fn when(at: Timestamp, now: Timestamp, zone: &TimeZone) -> String {
    let (at, now) = (at.to_zoned(zone.clone()), now.to_zoned(zone.clone()));
    if at.date() == now.date() {
        return at.strftime("%H:%M").to_string();
    }
    let days = |days: i64| now.date().checked_sub(days.days()).ok();
    if Some(at.date()) == days(1) {
        return at.strftime("Yesterday %H:%M").to_string();
    }
    if days(7).is_some_and(|week| at.date() > week) && at < now {
        return at.strftime("%a %H:%M").to_string();
    }
    let format = if at.year() == now.year() { "%-d %b" } else { "%-d %b %Y" };
    at.strftime(format).to_string()
}

/// Whole: `Saturday, 21 November 2026, 14:32 CET`.
pub(in crate::http) fn exactly(at: Timestamp, zone: &TimeZone) -> String {
    at.to_zoned(zone.clone()).strftime("%A, %-d %B %Y, %H:%M %Z").to_string()
}

/// The text with a capital at its beginning; the rest stays as it is.
pub(in crate::http) fn begun(text: &str) -> String {
    let mut chars = text.chars();
    let first = chars.next().map(|c| c.to_uppercase().to_string()).unwrap_or_default();
    format!("{first}{}", chars.as_str())
}

/// What a mailbox holds of what it may (002-065, 002-066): `3 of 100 messages, 0.4 of 25 MB`.
pub(in crate::http) fn used(usage: Usage, quota: Quota) -> String {
    let held = usage.bytes as f64 / 1e6;
    let messages = match quota.messages {
        Some(most) => format!("{} of {}", usage.messages, counted(u64::from(most), "message")),
        None => counted(u64::from(usage.messages), "message"),
    };
    let space = match quota.bytes {
        Some(most) => format!("{held:.1} of {} MB", megabytes(most)),
        None => format!("{held:.1} MB"),
    };
    let full = if quota.is_full(usage) { "; it is full and takes no more" } else { "" };
    format!("{messages}, {space}{full}")
}

/// Bytes as megabytes, to the last byte: `25`, `0.5`.
pub(in crate::http) fn megabytes(bytes: u64) -> String {
    let (whole, rest) = (bytes / 1_000_000, bytes % 1_000_000);
    if rest == 0 { whole.to_string() } else { format!("{whole}.{rest:06}").trim_end_matches('0').to_owned() }
}

/// A time on the wall clock of a zone, as browsers send it; `None` when there is none.
///
/// # Errors
/// What is to be mended, for people.
pub(in crate::http) fn moment(text: &str, zone: &TimeZone) -> Result<Option<Timestamp>, String> {
    if text.trim().is_empty() {
        return Ok(None);
    }
    let at = text.trim().parse::<DateTime>().ok().and_then(|at| at.to_zoned(zone.clone()).ok());
    let at = at.ok_or_else(|| "This is no time: write it like 2027-01-07T08:00.".to_owned())?;
    Ok(Some(at.timestamp()))
}

/// A line of a message's ledger: what happened, and whether it is bad news.
pub(in crate::http) fn event(event: &str) -> (&'static str, bool) {
    match event {
        "stored" => ("Stored safely", false),
        "presence" => ("Answered by presence", false),
        "mail-accepted" => ("Mailed", false),
        "mail-deferred" => ("The mail has to wait", true),
        "mail-bounced" => ("The mail was refused", true),
        "mail-skipped" => ("Not mailed", false),
        "link-opened" => ("The link in the mail was used", false),
        "heard" => ("Heard", false),
        "marked-new" => ("Marked as new", false),
        "saved" => ("Saved", false),
        "filed-work" => ("Filed under Work", false),
        "filed-family" => ("Filed under Family", false),
        "filed-friends" => ("Filed under Friends", false),
        "moved-to-inbox" => ("Moved to the inbox", false),
        "trashed" => ("Moved to the trash", false),
        "restored" => ("Put back", false),
        "forwarded" => ("Passed on", false),
        "answered" => ("Answered", false),
        _ => ("Noted", false),
    }
}

/// For tables: `21 Nov 2026, 14:32:05`.
pub(in crate::http) fn stamp(at: Timestamp, zone: &TimeZone) -> String {
    at.to_zoned(zone.clone()).strftime("%-d %b %Y, %H:%M:%S").to_string()
}

/// The name of a folder.
pub(super) const fn tag(tag: Tag) -> &'static str {
    match tag {
        Tag::Work => "Work",
        Tag::Family => "Family",
        Tag::Friends => "Friends",
    }
}

/// Why a call came to voicemail; empty when nothing was said of it.
pub(super) const fn reason(reason: RedirectReason) -> &'static str {
    use RedirectReason as R;
    match reason {
        R::Unknown => "",
        R::UserBusy => "You were on the phone",
        R::NoAnswer => "Nobody answered",
        R::Unavailable => "Your phone was offline",
        R::Unconditional => "All calls are forwarded",
        R::Deflection => "The call was sent here",
        R::TimeOfDay => "Outside of the hours",
        R::DoNotDisturb => "Do not disturb was on",
        R::FollowMe => "Nobody answered anywhere",
        R::Away => "You were away",
        R::OutOfService => "The line was out of service",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_as_short_as_it_can_be_and_in_the_readers_zone() {
        let zone = TimeZone::get("Europe/Berlin").unwrap();
        let now = "2026-11-21T13:32:10Z".parse().unwrap();
        for (at, shown) in [
            ("2026-11-21T13:02:10Z", "14:02"),
            ("2026-11-20T23:30:00Z", "00:30"),
            ("2026-11-20T13:02:10Z", "Yesterday 14:02"),
            ("2026-11-17T13:02:10Z", "Tue 14:02"),
            ("2026-11-14T13:02:10Z", "14 Nov"),
            ("2025-11-14T13:02:10Z", "14 Nov 2025"),
        ] {
            assert_eq!(when(at.parse().unwrap(), now, &zone), shown, "{at}");
        }
    }

    // 002-066
    #[test]
    fn what_a_mailbox_holds_is_counted_in_words_that_fit() {
        let told = |messages, bytes, most, space| {
            used(Usage { messages, bytes }, Quota { messages: most, bytes: space })
        };
        assert_eq!(told(1, 300_000, None, None), "1 message, 0.3 MB");
        assert_eq!(told(0, 0, Some(100), Some(25_000_000)), "0 of 100 messages, 0.0 of 25 MB");
        assert_eq!(told(0, 0, Some(1), Some(500_000)), "0 of 1 message, 0.0 of 0.5 MB");
        assert_eq!(told(2, 0, Some(2), None), "2 of 2 messages, 0.0 MB; it is full and takes no more");
        assert_eq!(megabytes(1_234_567), "1.234567");
    }
}
