//! Where somebody is, said by hand: it picks greetings and answering rules.

use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::Invalid;

/// What somebody says of themselves (000-07).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PresenceState {
    /// What everybody is who says nothing else.
    #[default]
    InOffice,
    /// Elsewhere.
    OutOfOffice,
    /// Among people.
    InMeeting,
    /// There, and not to be called.
    DoNotDisturb,
    /// Away for days.
    OnVacation,
    /// At work from home or on the road.
    Remote,
}

impl PresenceState {
    /// Every state, in the order of lists.
    pub const ALL: [Self; 6] = [
        Self::InOffice,
        Self::OutOfOffice,
        Self::InMeeting,
        Self::DoNotDisturb,
        Self::OnVacation,
        Self::Remote,
    ];

    /// The word used by the command line, the store and the API.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::InOffice => "in-office",
            Self::OutOfOffice => "out-of-office",
            Self::InMeeting => "in-meeting",
            Self::DoNotDisturb => "do-not-disturb",
            Self::OnVacation => "on-vacation",
            Self::Remote => "remote",
        }
    }

    /// What people read.
    pub const fn title(self) -> &'static str {
        match self {
            Self::InOffice => "In Office",
            Self::OutOfOffice => "Out of Office",
            Self::InMeeting => "In a Meeting",
            Self::DoNotDisturb => "Do not disturb",
            Self::OnVacation => "On vacation",
            Self::Remote => "Working remotely",
        }
    }
}

impl fmt::Display for PresenceState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for PresenceState {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        Self::ALL.into_iter().find(|state| state.as_str() == text).ok_or_else(|| {
            let remedy = "choose in-office, out-of-office, in-meeting, do-not-disturb, on-vacation or remote";
            Invalid::new("presence", text, remedy)
        })
    }
}

/// A state, and until when it was said to last.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Presence {
    /// What was said.
    pub state: PresenceState,
    /// From then on in the office again. `None`: until something else is said.
    pub until: Option<Timestamp>,
}

impl Presence {
    /// What holds at a moment.
    pub fn at(&self, now: Timestamp) -> PresenceState {
        if self.until.is_some_and(|until| until <= now) { PresenceState::InOffice } else { self.state }
    }

    /// The same, with nothing of what is over.
    #[must_use]
    pub fn now(self, now: Timestamp) -> Self {
        match self.at(now) {
            PresenceState::InOffice => Self::default(),
            _ => self,
        }
    }

    /// A presence that somebody chooses at `now`.
    ///
    /// # Errors
    /// [`Invalid`] for an end that has passed, and for one of being in the office, which needs none.
    pub fn chosen(state: PresenceState, until: Option<Timestamp>, now: Timestamp) -> Result<Self, Invalid> {
        match until {
            Some(until) if until <= now => {
                let remedy = "choose an end that is still to come, or none";
                Err(Invalid::new("end of the presence", &until.to_string(), remedy))
            }
            Some(until) if state == PresenceState::InOffice => {
                let remedy = "leave the end out: In Office is what follows every other presence";
                Err(Invalid::new("end of the presence", &until.to_string(), remedy))
            }
            until => Ok(Self { state, until }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    /// 000-07
    #[test]
    fn everybody_is_in_the_office_who_says_nothing_else() {
        assert_eq!(Presence::default().at(at("2026-07-04T12:00:00Z")), PresenceState::InOffice);
        for state in PresenceState::ALL {
            assert_eq!(state.as_str().parse::<PresenceState>().unwrap(), state);
        }
        for bad in ["", "office", "In Office", "in-office "] {
            assert!(bad.parse::<PresenceState>().is_err(), "{bad:?}");
        }
    }

    #[test]
    fn a_presence_ends_by_itself() {
        let (noon, evening) = (at("2026-07-04T12:00:00Z"), at("2026-07-04T18:00:00Z"));
        let away = Presence::chosen(PresenceState::OnVacation, Some(evening), noon).unwrap();
        assert_eq!(away.at(at("2026-07-04T17:59:59Z")), PresenceState::OnVacation);
        assert_eq!(away.at(evening), PresenceState::InOffice);
        assert_eq!(away.now(evening), Presence::default());
        assert_eq!(away.now(noon), away);
    }

    #[test]
    fn an_end_that_makes_no_sense_is_refused() {
        let noon = at("2026-07-04T12:00:00Z");
        let past = Presence::chosen(PresenceState::Remote, Some(noon), noon).unwrap_err();
        assert!(past.to_string().contains("still to come"), "{past}");
        let office = Presence::chosen(PresenceState::InOffice, Some(at("2026-07-05T12:00:00Z")), noon);
        assert!(office.unwrap_err().to_string().contains("leave the end out"));
    }
}
