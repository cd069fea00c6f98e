//! "Try it": a caller, a time and a reason; and which rule such a call would get. The same decision as for a real call.

use jiff::tz::TimeZone;

use crate::domain::{Extension, RedirectReason};
use crate::service::answering::{ALL_REASONS, reason_of, reason_word};

use super::super::Site;
use super::super::explaining::{Question, Told, explained};
use super::super::portal::words;
use super::super::visitor::Visitor;
use super::Refused;

/// What such a call gets.
pub(super) type Tried = Told;

/// What was asked, as it was typed.
pub(in crate::http) struct Try {
    pub(in crate::http) caller: String,
    pub(in crate::http) reason: String,
    pub(in crate::http) at: String,
}

impl Try {
    /// Every reason: its word, and as people read it.
    pub(in crate::http) fn reasons(&self) -> Vec<(&'static str, &'static str)> {
        ALL_REASONS.into_iter().map(|reason| (reason_word(reason), title(reason))).collect()
    }

    /// The reason that was chosen.
    pub(in crate::http) fn given_reason(&self) -> Result<Option<RedirectReason>, Refused> {
        Ok(if self.reason.is_empty() { None } else { Some(reason_of(&self.reason)?) })
    }

    pub(super) async fn ask(
        &self,
        site: &Site,
        visitor: &Visitor,
        extension: &Extension,
        zone: &TimeZone,
    ) -> Result<Tried, Refused> {
        let question = Question {
            to: extension.to_string(),
            from: self.caller.clone(),
            diversion: String::new(),
            reason: Some(self.given_reason()?.unwrap_or(RedirectReason::Unknown)),
            at: words::moment(&self.at, zone).map_err(Refused::Mend)?,
        };
        explained(site, visitor, &question).await
    }
}

/// A reason as people read it.
pub(super) const fn title(reason: RedirectReason) -> &'static str {
    match reason {
        RedirectReason::Unknown => "For no known reason",
        RedirectReason::UserBusy => "Busy",
        RedirectReason::NoAnswer => "Not answered",
        RedirectReason::Unavailable => "Phone offline",
        RedirectReason::Unconditional => "All calls forwarded",
        RedirectReason::Deflection => "Sent away by hand",
        RedirectReason::TimeOfDay => "Out of hours, says the phone system",
        RedirectReason::DoNotDisturb => "Do not disturb",
        RedirectReason::FollowMe => "Nobody found by follow-me",
        RedirectReason::Away => "Away",
        RedirectReason::OutOfService => "Out of service",
    }
}
