//! Times as people read them, in their own zone, and what is said of a message. Pure.

use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan as _};

use crate::domain::{Mailbox, RedirectReason, Tag, Tenant};

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
}
