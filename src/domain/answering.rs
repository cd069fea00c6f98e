//! What happens to which calls: answering rules, and callers who are let through or turned away.
//!
//! Values only; which of them holds for a call is decided by `service::answering`.

mod given;
mod phones;

use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{
    Extension, GreetingId, GreetingKind, Invalid, MailboxId, PhoneNumber, Presence, PresenceState,
    RedirectReason, RuleId, TenantId, TimeFrame, TimeFrameId,
};

pub use phones::{Cadence, PhoneSystem, RingTarget};

/// Rules of one mailbox, at most.
pub const MOST_RULES: usize = 50;
/// Callers of one rule, at most.
pub const MOST_CALLERS: usize = 200;

/// Whom a rule or list means.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum CallerPattern {
    /// This number, or this user part of a SIP address (lower case).
    Number(String),
    /// Numbers that begin so.
    Prefix(String),
    /// Who withholds the number or has none.
    Anonymous,
    /// Who has a mailbox of the same tenant.
    Internal,
    /// Who has a number and no mailbox of the same tenant.
    External,
}

/// Who calls, as patterns see it.
#[derive(Debug, Clone, Copy)]
pub struct Calling<'a> {
    /// The number in every spelling that the trunk makes equal; empty when there is none.
    pub forms: &'a [String],
    /// The caller has a mailbox of the same tenant.
    pub internal: bool,
}

impl CallerPattern {
    /// Whether this caller is meant.
    pub fn fits(&self, calling: Calling<'_>) -> bool {
        match self {
            Self::Number(number) => calling.forms.iter().any(|form| form == number),
            Self::Prefix(prefix) => calling.forms.iter().any(|form| form.starts_with(prefix.as_str())),
            Self::Anonymous => calling.forms.is_empty(),
            Self::Internal => calling.internal,
            Self::External => !calling.internal && !calling.forms.is_empty(),
        }
    }

    /// Whether everybody whom `other` means is meant by this as well.
    pub fn covers(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Prefix(prefix), Self::Number(longer) | Self::Prefix(longer)) => {
                longer.starts_with(prefix.as_str())
            }
            (one, other) => one == other,
        }
    }
}

impl FromStr for CallerPattern {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        let wrong = || {
            Invalid::new(
                "caller",
                text,
                "write a number, the beginning of one as +4930*, anonymous, internal or external",
            )
        };
        let text = text.trim();
        match text.to_ascii_lowercase().as_str() {
            "anonymous" => return Ok(Self::Anonymous),
            "internal" => return Ok(Self::Internal),
            "external" => return Ok(Self::External),
            _ => {}
        }
        let (number, is_prefix) = text.strip_suffix('*').map_or((text, false), |number| (number, true));
        let plain: String =
            number.chars().filter(|c| !matches!(c, ' ' | '-' | '.' | '(' | ')' | '/')).collect();
        let digits = plain.strip_prefix('+').unwrap_or(&plain);
        let is_digits =
            !digits.is_empty() && digits.len() <= 20 && digits.bytes().all(|b| b.is_ascii_digit());
        if is_prefix {
            return if is_digits { Ok(Self::Prefix(plain)) } else { Err(wrong()) };
        }
        if let Ok(number) = text.parse::<PhoneNumber>() {
            return Ok(Self::Number(number.as_str().to_owned()));
        }
        let is_user = (1..=64).contains(&text.len())
            && text.chars().all(|c| c.is_ascii_alphanumeric() || "._-+~".contains(c))
            && text.chars().any(|c| c.is_ascii_alphabetic());
        if is_user { Ok(Self::Number(text.to_ascii_lowercase())) } else { Err(wrong()) }
    }
}

impl TryFrom<String> for CallerPattern {
    type Error = Invalid;

    fn try_from(text: String) -> Result<Self, Invalid> {
        text.parse()
    }
}

impl From<CallerPattern> for String {
    fn from(pattern: CallerPattern) -> Self {
        pattern.to_string()
    }
}

impl fmt::Display for CallerPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(number) => f.write_str(number),
            Self::Prefix(prefix) => write!(f, "{prefix}*"),
            Self::Anonymous => f.write_str("anonymous"),
            Self::Internal => f.write_str("internal"),
            Self::External => f.write_str("external"),
        }
    }
}

/// How a caller is turned away.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TurnAway {
    /// A plain announcement, then the end.
    #[default]
    Announce,
    /// 486: the caller's phone system makes a busy tone.
    Busy,
    /// 404: as if nobody had this number.
    NotFound,
    /// 603: declined.
    Decline,
}

impl TurnAway {
    /// Every way.
    pub const ALL: [Self; 4] = [Self::Announce, Self::Busy, Self::NotFound, Self::Decline];

    /// The word used by the command line, the store and the API.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Announce => "announce",
            Self::Busy => "busy",
            Self::NotFound => "not-found",
            Self::Decline => "decline",
        }
    }

    /// The SIP status code, unless the call is answered.
    pub const fn code(self) -> Option<u16> {
        match self {
            Self::Announce => None,
            Self::Busy => Some(486),
            Self::NotFound => Some(404),
            Self::Decline => Some(603),
        }
    }
}

impl FromStr for TurnAway {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        let known = Self::ALL.into_iter().find(|known| known.as_str() == text);
        known.ok_or_else(|| {
            Invalid::new("way to turn a caller away", text, "choose announce, busy, not-found or decline")
        })
    }
}

/// What a list says of a caller.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "verdict", rename_all = "kebab-case")]
pub enum Screening {
    /// Let through, whatever the same list blocks (002-028).
    Allow,
    /// Turned away (002-029).
    Block {
        /// How.
        with: TurnAway,
    },
}

/// One line of an allow and block list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ScreenedCaller {
    /// Identity.
    pub id: Uuid,
    /// Whose world it is in.
    pub tenant: TenantId,
    /// Whose list. `None`: of the whole tenant.
    pub mailbox: Option<MailboxId>,
    /// Who.
    pub pattern: CallerPattern,
    /// What.
    pub screening: Screening,
    /// Why, for people; at most 80 characters.
    pub note: Option<String>,
    /// When it was noted.
    pub created_at: Timestamp,
}

/// In which part of time a rule holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct WithinFrame {
    /// The frame.
    pub frame: TimeFrameId,
    /// While it is *not* active.
    pub outside: bool,
}

/// When a rule holds: all of these must.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Conditions {
    /// The time. `None`: always.
    pub within: Option<WithinFrame>,
    /// What the owner says of themselves. Empty: whatever it is (000-08).
    #[serde(default)]
    pub presence: Vec<PresenceState>,
    /// Why the call came. Empty: any reason.
    pub reasons: Vec<RedirectReason>,
    /// Who calls. Empty: anybody.
    pub callers: Vec<CallerPattern>,
}

/// What becomes of a call that has reached us.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum AnswerBy {
    /// Greeting, instructions, tone.
    #[default]
    Message,
    /// The greeting, and no message is taken.
    Announcement,
    /// The tone at once.
    Tone,
    /// Nothing but this.
    TurnAway {
        /// How.
        with: TurnAway,
    },
    /// Somebody else takes the call; when that fails, a message is taken.
    Transfer {
        /// A number or SIP URI, checked against the allowed targets.
        target: String,
    },
    /// The voicemail of a colleague takes it (000-09). Who has the extension is found out when a call comes.
    Voicemail {
        /// The colleague's extension.
        extension: Extension,
    },
}

/// A key before the tone, and where it leads.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyTarget {
    /// `1` to `9`.
    pub key: char,
    /// A number or SIP URI, checked against the allowed targets.
    pub target: String,
}

/// What a rule does.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct RuleActions {
    /// What becomes of the call.
    pub answer: AnswerBy,
    /// The greeting that plays. `None`: that of the ladder.
    pub greeting: Option<GreetingKind>,
    /// Where `0` leads. `None`: as the mailbox says.
    pub operator: Option<String>,
    /// Where other keys lead.
    pub keys: Vec<KeyTarget>,
    /// What the phone system does.
    pub phones: PhoneSystem,
}

/// An answering rule of a mailbox.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rule {
    /// Identity.
    pub id: RuleId,
    /// Unique in the mailbox, 1 to 64 characters.
    pub name: String,
    /// Off: as if it were not there.
    pub enabled: bool,
    /// When it holds.
    pub when: Conditions,
    /// What it does.
    pub then: RuleActions,
    /// When it was made.
    pub created_at: Timestamp,
}

/// What takes a change of rules, hours or lists back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "of", rename_all = "kebab-case")]
pub enum Undo {
    /// The rules of a mailbox were changed.
    Rules {
        /// As they were.
        before: Vec<Rule>,
        /// As they became: only while they are so, the change can be taken back.
        after: Vec<Rule>,
        /// Time frames that came along.
        #[serde(default)]
        frames: Vec<TimeFrame>,
    },
    /// A time frame was removed.
    Frame {
        /// The frame.
        frame: TimeFrame,
    },
    /// A line of a list was removed.
    Caller {
        /// The line.
        line: ScreenedCaller,
    },
}

/// All that decides how a mailbox answers.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Arrangements {
    /// The mailbox's own time frames, then the tenant's; each by name.
    pub frames: Vec<TimeFrame>,
    /// In order: the first that holds decides.
    pub rules: Vec<Rule>,
    /// The mailbox's own lines, then the tenant's.
    pub callers: Vec<ScreenedCaller>,
    /// What the owner says of themselves.
    pub presence: Presence,
    /// The greeting that plays while the owner says so.
    pub presence_greetings: Vec<(PresenceState, GreetingId)>,
}

impl Arrangements {
    /// The frame of this id.
    pub fn frame(&self, id: TimeFrameId) -> Option<&TimeFrame> {
        self.frames.iter().find(|frame| frame.id == id)
    }

    /// The greeting that belongs to what the owner says of themselves at a moment.
    pub fn presence_greeting(&self, now: Timestamp) -> Option<(PresenceState, GreetingId)> {
        let state = self.presence.at(now);
        self.presence_greetings.iter().copied().find(|(tied, _)| *tied == state)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pattern(text: &str) -> CallerPattern {
        text.parse().unwrap()
    }

    // 002-027, 002-030
    #[test]
    fn a_pattern_means_a_number_its_beginning_or_a_kind_of_caller() {
        let forms = ["+493012345".to_owned(), "493012345".to_owned()];
        let outside = Calling { forms: &forms, internal: false };
        let nobody = Calling { forms: &[], internal: false };
        for (text, fits, fits_nobody) in [
            ("+49 30 12345", true, false),
            ("493012345", true, false),
            ("+4930*", true, false),
            ("+4931*", false, false),
            ("anonymous", false, true),
            ("internal", false, false),
            ("external", true, false),
            ("john.doe", false, false),
        ] {
            assert_eq!(pattern(text).fits(outside), fits, "{text}");
            assert_eq!(pattern(text).fits(nobody), fits_nobody, "{text}");
        }
        let colleague = ["john.doe".to_owned()];
        assert!(pattern("John.Doe").fits(Calling { forms: &colleague, internal: true }));
    }

    #[test]
    fn a_beginning_covers_what_begins_so() {
        assert!(pattern("+49*").covers(&pattern("+4930*")));
        assert!(pattern("+49*").covers(&pattern("+493012345")));
        assert!(!pattern("+4930*").covers(&pattern("+49*")));
        assert!(!pattern("anonymous").covers(&pattern("internal")));
    }

    #[test]
    fn what_is_no_caller_is_refused() {
        for bad in ["", "*", "+*", "a*", "+49 30 1*2", "<sip:x>", "a b", "x\r\ny", "'; DROP TABLE", "🦀"] {
            assert!(bad.parse::<CallerPattern>().is_err(), "{bad:?}");
        }
    }

    #[test]
    fn a_pattern_reads_back_as_it_is_written() {
        assert_eq!(pattern("anOnymous"), CallerPattern::Anonymous);
        for text in ["+493012345", "+4930*", "anonymous", "internal", "external", "john.doe", "1001"] {
            assert_eq!(pattern(text).to_string(), text);
        }
    }
}
