//! When a rule holds and what it does, as programs write it: a field that is not known is refused.

use serde::Deserialize;

use crate::domain::answering::{
    CallerPattern, Conditions, KeyTarget, PhoneSystem, RingTarget, RuleActions, WithinFrame,
};
use crate::domain::{Invalid, TimeFrameId};
use crate::service::answering::{answer_of, reason_of};

use super::super::problem::Problem;
use super::invalid;

/// When a rule holds: all of it must.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct When {
    frame: Option<TimeFrameId>,
    outside: bool,
    presence: Vec<String>,
    reasons: Vec<String>,
    callers: Vec<String>,
}

/// What a rule does.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Then {
    answer: Option<String>,
    target: Option<String>,
    greeting: Option<String>,
    operator: Option<String>,
    keys: Vec<Key>,
    phones: Phones,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Key {
    key: char,
    target: String,
}

/// What the phone system does before. Kept and explained here, carried out there.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Phones {
    dnd: bool,
    screening: bool,
    ring_s: Option<u16>,
    ring_count: Option<u16>,
    cadence_internal: Option<String>,
    cadence_external: Option<String>,
    forward_always: Option<String>,
    forward_busy: Option<String>,
    forward_unanswered: Option<String>,
    forward_offline: Option<String>,
    simring: Vec<Ring>,
    all_phones: bool,
    only_extension: bool,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Ring {
    target: String,
    #[serde(default)]
    delay_s: u16,
    #[serde(default)]
    confirm: bool,
}

impl When {
    /// `abroad`: what people dial for `+`; `known`: callers that the rule has already.
    pub(super) fn read(self, abroad: &[String], known: &[CallerPattern]) -> Result<Conditions, Problem> {
        let outside = self.outside;
        if outside && self.frame.is_none() {
            return Err(Problem::field("outside", "outside of which time frame? name it in frame"));
        }
        let presence = self.presence.iter().map(|word| word.parse()).collect::<Result<_, Invalid>>();
        let reasons = self.reasons.iter().map(|word| reason_of(word)).collect::<Result<_, _>>();
        let callers = self.callers.iter().map(|text| CallerPattern::given_anew(text, abroad, known));
        let callers = callers.collect::<Result<_, Invalid>>();
        Ok(Conditions {
            within: self.frame.map(|frame| WithinFrame { frame, outside }),
            presence: presence.map_err(|error| Problem::field("presence", error.to_string()))?,
            reasons: reasons.map_err(invalid)?,
            callers: callers.map_err(|error| Problem::field("callers", error.to_string()))?,
        })
    }
}

impl Then {
    pub(super) fn read(self) -> Result<RuleActions, Problem> {
        let word = self.answer.as_deref().unwrap_or("message");
        let answer = answer_of(word, self.target.as_deref().unwrap_or_default()).map_err(invalid)?;
        let greeting = self.greeting.as_deref().map(str::parse).transpose().map_err(invalid)?;
        let phones = self.phones;
        let cadence = |word: Option<String>| word.as_deref().map(str::parse).transpose().map_err(invalid);
        let ring = |Ring { target, delay_s, confirm }: Ring| RingTarget { target, delay_s, confirm };
        Ok(RuleActions {
            answer,
            greeting,
            operator: self.operator,
            keys: self.keys.into_iter().map(|Key { key, target }| KeyTarget { key, target }).collect(),
            phones: PhoneSystem {
                dnd: phones.dnd,
                screening: phones.screening,
                ring_s: phones.ring_s,
                ring_count: phones.ring_count,
                cadence_internal: cadence(phones.cadence_internal)?,
                cadence_external: cadence(phones.cadence_external)?,
                forward_always: phones.forward_always,
                forward_busy: phones.forward_busy,
                forward_unanswered: phones.forward_unanswered,
                forward_offline: phones.forward_offline,
                simring: phones.simring.into_iter().map(ring).collect(),
                all_phones: phones.all_phones,
                only_extension: phones.only_extension,
            },
        })
    }
}
