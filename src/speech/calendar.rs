//! How a language says times of the day and dates; all words and their order come from `phrases.toml`.
//!
//! A slot may name a form of the number in it: `{hour:form}`.

use serde::Deserialize;

use super::grammar::Numbers;
use super::{ClipId, Segment, SpeechError};

/// `[times]` of `phrases.toml`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct TimesText {
    /// 12 or 24 hours.
    clock: u8,
    /// Words for before and after noon.
    #[serde(default)]
    halves: Vec<String>,
    /// Whole hours.
    full: String,
    /// Minutes 1 to 9.
    early: String,
    /// All other minutes.
    other: String,
}

/// `[dates]` of `phrases.toml`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct DatesText {
    say: String,
    weekdays: Vec<String>,
    months: Vec<String>,
    days: Vec<String>,
}

#[derive(Debug)]
enum Part {
    Word(ClipId),
    /// Which, and in which form of a number.
    Slot(&'static str, Option<String>),
}

/// How times are said.
#[derive(Debug)]
pub(super) struct Times {
    clock: u8,
    halves: Vec<Vec<ClipId>>,
    full: Vec<Part>,
    early: Vec<Part>,
    other: Vec<Part>,
}

/// How dates are said.
#[derive(Debug)]
pub(super) struct Dates {
    say: Vec<Part>,
    weekdays: Vec<Vec<ClipId>>,
    months: Vec<Vec<ClipId>>,
    days: Vec<Vec<ClipId>>,
}

impl Part {
    fn form(&self) -> Option<&str> {
        match self {
            Self::Slot(_, Some(form)) => Some(form),
            _ => None,
        }
    }
}

impl Times {
    pub(super) fn new(
        text: TimesText,
        numbers: &Numbers,
        mut word: impl FnMut(&str) -> ClipId,
    ) -> Result<Self, String> {
        if !(text.clock == 24 && text.halves.is_empty() || text.clock == 12 && text.halves.len() == 2) {
            return Err("[times] clock is 24, or 12 with two halves".to_owned());
        }
        let slots: &[_] = if text.clock == 12 { &["hour", "minute", "half"] } else { &["hour", "minute"] };
        let mut read = |say: &str, needs: &[&str]| {
            let parts = parts(say, slots, needs, &mut word)?;
            parts.iter().filter_map(Part::form).try_for_each(|form| numbers.check_form(form))?;
            Ok::<_, String>(parts)
        };
        let mut read = |say: &str, needs: &[&str]| read(say, needs).map_err(|why| format!("[times] {why}"));
        let (full, early, other) = (
            read(&text.full, &["hour"])?,
            read(&text.early, &["hour", "minute"])?,
            read(&text.other, &["hour", "minute"])?,
        );
        let halves = text.halves.iter().map(|half| words(half, &mut word)).collect();
        Ok(Self { clock: text.clock, halves, full, early, other })
    }

    pub(super) fn say(
        &self,
        (hour, minute): (u8, u8),
        numbers: &Numbers,
        out: &mut Vec<Segment>,
    ) -> Result<(), SpeechError> {
        let (half, hour) = match self.clock {
            12 => (self.halves.get(usize::from(hour / 12)), if hour % 12 == 0 { 12 } else { hour % 12 }),
            _ => (None, hour),
        };
        let pattern = match minute {
            0 => &self.full,
            1..=9 => &self.early,
            _ => &self.other,
        };
        for part in pattern {
            match part {
                Part::Word(clip) => out.push(Segment::Clip(*clip)),
                Part::Slot("hour", form) => numbers.say(hour.into(), form.as_deref(), out)?,
                Part::Slot("minute", form) => numbers.say(minute.into(), form.as_deref(), out)?,
                Part::Slot(..) => out.extend(half.into_iter().flatten().map(|clip| Segment::Clip(*clip))),
            }
        }
        Ok(())
    }
}

impl Dates {
    pub(super) fn new(text: DatesText, mut word: impl FnMut(&str) -> ClipId) -> Result<Self, String> {
        for (name, list, count) in
            [("weekdays", &text.weekdays, 7), ("months", &text.months, 12), ("days", &text.days, 31)]
        {
            if list.len() != count || list.iter().any(|entry| entry.trim().is_empty()) {
                return Err(format!("[dates] {name}: {count} are needed"));
            }
        }
        let say = parts(&text.say, &["weekday", "month", "day"], &["month", "day"], &mut word)
            .map_err(|why| format!("[dates] {why}"))?;
        if let Some(form) = say.iter().find_map(Part::form) {
            return Err(format!("[dates] {:?}: a date has no forms, and no {form:?}", text.say));
        }
        let mut all = |list: &[String]| list.iter().map(|entry| words(entry, &mut word)).collect();
        Ok(Self { say, weekdays: all(&text.weekdays), months: all(&text.months), days: all(&text.days) })
    }

    /// `weekday` counts from Monday, 0; month and day from 1.
    pub(super) fn say(
        &self,
        (weekday, month, day): (u8, u8, u8),
        out: &mut Vec<Segment>,
    ) -> Result<(), SpeechError> {
        for part in &self.say {
            let (list, at) = match part {
                Part::Word(clip) => {
                    out.push(Segment::Clip(*clip));
                    continue;
                }
                Part::Slot("weekday", _) => (&self.weekdays, Some(usize::from(weekday))),
                Part::Slot("month", _) => (&self.months, usize::from(month).checked_sub(1)),
                Part::Slot(..) => (&self.days, usize::from(day).checked_sub(1)),
            };
            let words = at.and_then(|at| list.get(at)).ok_or(SpeechError::NoDate { weekday, month, day })?;
            out.extend(words.iter().map(|clip| Segment::Clip(*clip)));
        }
        Ok(())
    }
}

fn words(text: &str, word: &mut impl FnMut(&str) -> ClipId) -> Vec<ClipId> {
    text.split_whitespace().map(word).collect()
}

/// Words and `{slots}`, each known, and the needed ones among them.
fn parts(
    say: &str,
    slots: &[&'static str],
    needs: &[&str],
    word: &mut impl FnMut(&str) -> ClipId,
) -> Result<Vec<Part>, String> {
    let mut found = Vec::new();
    for piece in say.split_whitespace() {
        match piece.strip_prefix('{').and_then(|piece| piece.strip_suffix('}')) {
            None => found.push(Part::Word(word(piece))),
            Some(slot) => {
                let (name, form) = match slot.split_once(':') {
                    Some((name, form)) => (name, Some(form.to_owned())),
                    None => (slot, None),
                };
                let known = slots
                    .iter()
                    .find(|slot| **slot == name)
                    .ok_or_else(|| format!("{say:?}: there is no {{{name}}}, only {}", slots.join(", ")))?;
                found.push(Part::Slot(known, form));
            }
        }
    }
    match needs
        .iter()
        .find(|need| !found.iter().any(|part| matches!(part, Part::Slot(slot, _) if slot == *need)))
    {
        Some(missing) => Err(format!("{say:?} lacks {{{missing}}}")),
        None => Ok(found),
    }
}
