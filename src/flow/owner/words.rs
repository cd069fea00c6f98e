//! What is said of counts, messages and keys. Grammar is the language's; which words come in which order is here.

use std::time::Duration;

use jiff::Timestamp;
use jiff::civil::Date;

use super::desk::Session;
use super::turn::Turn;
use crate::domain::{AfterMail, CallerId, GreetingKind, Heading, MailMode};
use crate::flow::Utterance;
use crate::flow::keys::Command;
use crate::flow::phrases::{Saying, keys, owner};
use crate::speech::{Arg, LARGEST_NUMBER, Phrase};

pub(super) fn number(saying: Saying, name: &'static str, number: u32) -> Utterance {
    Utterance::Phrase(Phrase::new(saying.id).with(name, Arg::Number(number.min(LARGEST_NUMBER))))
}

/// How many messages there are. Where folders are kept apart, those that were filed are not among the old ones.
pub(super) fn counts(session: &Session) -> Vec<Utterance> {
    let (counts, mut words) = (session.counts, Vec::new());
    let apart = if session.keys.files_by_tag() { counts.filed } else { 0 };
    let old = counts.old.saturating_sub(apart);
    match counts.new {
        0 => words.push(owner::COUNT_NONE.into()),
        new => words.push(number(owner::COUNT_NEW, "count", new)),
    }
    if counts.new_urgent > 0 {
        words.push(number(owner::COUNT_URGENT, "count", counts.new_urgent));
    }
    if old > 0 {
        words.push(number(owner::COUNT_OLD, "count", old));
    }
    words
}

/// What these keys do, as far as it can be done now.
pub(super) fn help(turn: &Turn<'_>, keys: Vec<(&str, Command)>) -> Vec<Utterance> {
    keys.into_iter()
        .filter(|(_, command)| is_possible(turn, *command))
        .map(|(pressed, command)| Utterance::Phrase(keys::key(command, pressed)))
        .collect()
}

/// What is never possible now is not offered.
fn is_possible(turn: &Turn<'_>, command: Command) -> bool {
    let heading = turn.memory.shelf.item().map(|item| &item.heading);
    match command {
        Command::CallSender => may_call(turn).is_some(),
        Command::Reply => heading.is_some_and(|heading| heading.sender.is_some()),
        Command::Forward => heading.is_some_and(|heading| !heading.message.private),
        Command::MailMode | Command::MailAway => turn.session().mail.is_some(),
        Command::Operator => turn.session().operator,
        Command::Unavailable => false,
        _ => true,
    }
}

/// Whom "call the sender" would call.
pub(super) fn may_call<'a>(turn: &'a Turn<'_>) -> Option<&'a str> {
    let heading = turn.memory.shelf.item().map(|item| &item.heading)?;
    let caller = heading.message.caller.number.as_deref();
    caller.filter(|_| turn.session().phone.may_call_back && !heading.message.caller.anonymous)
}

/// What is said before a message, as the settings say; with `all`, everything.
pub(super) fn envelope(turn: &Turn<'_>, all: bool) -> Vec<Utterance> {
    let Some(item) = turn.memory.shelf.item() else { return Vec::new() };
    let (heading, parts) = (&item.heading, turn.session().phone.envelope);
    let mut words = vec![number(owner::MESSAGE_NUMBER, "number", turn.memory.shelf.number())];
    if heading.message.urgent {
        words.push(owner::MESSAGE_URGENT.into());
    }
    if heading.message.private {
        words.push(owner::MESSAGE_PRIVATE.into());
    }
    if all || parts.caller {
        words.extend(caller(heading));
    }
    if all || parts.time {
        words.extend(times(turn, heading, all));
    }
    if all || parts.duration {
        words.extend(length(Duration::from_millis(heading.message.duration_ms.into())));
    }
    words
}

/// Who left it; of a forwarded one who passed it on, and who had left it.
fn caller(heading: &Heading) -> Vec<Utterance> {
    let name = heading.sender.as_ref().and_then(|sender| sender.name);
    let caller = &heading.message.caller;
    let Some(origin) = &heading.origin else {
        return match name {
            Some(name) => vec![owner::FROM.into(), Utterance::Greeting(name)],
            None => vec![from(caller)],
        };
    };
    let mut words = match (name, said_number(caller)) {
        (Some(name), _) => vec![owner::FORWARDED_BY.into(), Utterance::Greeting(name)],
        (None, Some(number)) => vec![digits(owner::FORWARDED_BY_NUMBER, "number", number)],
        (None, None) => vec![owner::FORWARDED.into()],
    };
    words.push(from(&origin.caller));
    words
}

fn from(caller: &CallerId) -> Utterance {
    match said_number(caller) {
        Some(number) => digits(owner::FROM_NUMBER, "number", number),
        None => owner::FROM_UNKNOWN.into(),
    }
}

fn said_number(caller: &CallerId) -> Option<&str> {
    caller.number.as_deref().filter(|number| !caller.anonymous && is_said(number))
}

/// Whether it is a number that can be said digit by digit.
fn is_said(number: &str) -> bool {
    let plain = number.strip_prefix('+').unwrap_or(number);
    !plain.is_empty() && plain.len() <= 20 && plain.bytes().all(|byte| byte.is_ascii_digit())
}

pub(super) fn digits(saying: Saying, name: &'static str, digits: &str) -> Utterance {
    Utterance::Phrase(Phrase::new(saying.id).with(name, Arg::Digits(digits.to_owned())))
}

/// When it came. Of a forwarded one when it was left; and among the details also when it was passed on.
fn times(turn: &Turn<'_>, heading: &Heading, all: bool) -> Vec<Utterance> {
    let received =
        |at| moment(turn, at, [owner::RECEIVED_TODAY, owner::RECEIVED_YESTERDAY, owner::RECEIVED_ON]);
    let Some(origin) = &heading.origin else { return vec![received(heading.message.received_at)] };
    let left = [owner::LEFT_TODAY, owner::LEFT_YESTERDAY, owner::LEFT_ON];
    let mut words = vec![moment(turn, origin.received_at, left)];
    if all {
        let passed = [owner::FORWARDED_TODAY, owner::FORWARDED_YESTERDAY, owner::FORWARDED_ON];
        words.push(moment(turn, heading.message.received_at, passed));
    }
    words
}

/// A moment in the owner's zone and by the owner's calendar: today, yesterday, or on a day.
fn moment(turn: &Turn<'_>, at: Timestamp, [on_today, on_yesterday, on_day]: [Saying; 3]) -> Utterance {
    let zone = &turn.session().zone.0;
    let at = at.to_zoned(zone.clone());
    let (today, day) = (today(turn), at.date());
    let time = Arg::Time(u8::try_from(at.hour()).unwrap_or(0), u8::try_from(at.minute()).unwrap_or(0));
    let phrase = if day == today {
        Phrase::new(on_today.id)
    } else if today.yesterday().is_ok_and(|yesterday| day == yesterday) {
        Phrase::new(on_yesterday.id)
    } else {
        Phrase::new(on_day.id).with("date", date(day))
    };
    Utterance::Phrase(phrase.with("time", time))
}

/// The wall clock.
pub(super) fn now(turn: &Turn<'_>) -> Timestamp {
    let began = turn.session().now;
    let passed = turn.now.0.saturating_sub(turn.memory.since.0);
    began.saturating_add(passed).unwrap_or(began)
}

/// The day that it is for the owner now.
pub(super) fn today(turn: &Turn<'_>) -> Date {
    now(turn).to_zoned(turn.session().zone.0.clone()).date()
}

pub(super) fn date(day: Date) -> Arg {
    let small = |value: i8| u8::try_from(value).unwrap_or(0);
    Arg::Date(small(day.weekday().to_monday_zero_offset()), small(day.month()), small(day.day()))
}

fn length(length: Duration) -> Vec<Utterance> {
    let seconds = u32::try_from(length.as_secs()).unwrap_or(u32::MAX).max(1);
    let mut words = Vec::new();
    if seconds >= 60 {
        words.push(number(owner::LENGTH_MINUTES, "minutes", seconds / 60));
    }
    if !seconds.is_multiple_of(60) {
        words.push(number(owner::LENGTH_SECONDS, "seconds", seconds % 60));
    }
    words
}

/// Which greeting is spoken of.
pub(super) const fn kind(kind: GreetingKind) -> Saying {
    match kind {
        GreetingKind::Away => owner::GREETING_AWAY,
        GreetingKind::Busy => owner::GREETING_BUSY,
        GreetingKind::Internal => owner::GREETING_INTERNAL,
        GreetingKind::Holiday => owner::GREETING_HOLIDAY,
        GreetingKind::Closed => owner::GREETING_CLOSED,
        GreetingKind::Standard => owner::GREETING_STANDARD,
        GreetingKind::Name => owner::GREETING_OWN_NAME,
    }
}

/// What is sent by mail.
pub(super) fn mail(mode: MailMode) -> Vec<Utterance> {
    let after = |after| match after {
        AfterMail::LeaveNew => owner::MAIL_THEN_NEW.into(),
        AfterMail::Save => owner::MAIL_THEN_SAVED.into(),
        AfterMail::Trash => owner::MAIL_THEN_TRASH.into(),
    };
    match mode {
        MailMode::None => vec![owner::MAIL_NONE.into()],
        MailMode::Link => vec![owner::MAIL_LINK.into()],
        MailMode::BriefLink => vec![owner::MAIL_BRIEF_LINK.into()],
        MailMode::Attachment(then) => vec![owner::MAIL_ATTACHMENT.into(), after(then)],
        MailMode::BriefAttachment(then) => vec![owner::MAIL_BRIEF_ATTACHMENT.into(), after(then)],
    }
}
