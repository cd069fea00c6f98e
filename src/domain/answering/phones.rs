//! What the phone system is to do before a call reaches us: how phones ring, and where calls go.

use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::super::Invalid;

/// A phone that is to ring besides.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RingTarget {
    /// A number or SIP URI.
    pub target: String,
    /// After so many seconds (002-049).
    #[serde(default)]
    pub delay_s: u16,
    /// Whoever answers there presses `1` first, so that no other voicemail takes the call (002-048).
    #[serde(default)]
    pub confirm: bool,
}

/// How a phone rings, so that people hear who calls (000-08).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Cadence {
    /// One ring, a pause.
    Single,
    /// Two short rings, a pause.
    Double,
    /// Three short rings, a pause.
    Triple,
}

impl Cadence {
    /// Every cadence.
    pub const ALL: [Self; 3] = [Self::Single, Self::Double, Self::Triple];

    /// The word used by the command line, the store and the API.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Single => "single",
            Self::Double => "double",
            Self::Triple => "triple",
        }
    }
}

impl FromStr for Cadence {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        let known = Self::ALL.into_iter().find(|known| known.as_str() == text);
        known.ok_or_else(|| Invalid::new("ring cadence", text, "choose single, double or triple"))
    }
}

/// What the phone system does before a call reaches us. Kept and explained here, carried out there.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct PhoneSystem {
    /// To voicemail without ringing (002-035).
    pub dnd: bool,
    /// The caller says a name and the callee decides (002-036). Of who reaches the mailbox, the message begins with it: this
    /// part is carried out here.
    pub screening: bool,
    /// How long the phone rings, in seconds (002-026).
    pub ring_s: Option<u16>,
    /// How often it rings instead (000-08).
    pub ring_count: Option<u16>,
    /// How it rings for colleagues.
    pub cadence_internal: Option<Cadence>,
    /// How it rings for all others.
    pub cadence_external: Option<Cadence>,
    /// 002-037.
    pub forward_always: Option<String>,
    /// 002-038.
    pub forward_busy: Option<String>,
    /// 002-039.
    pub forward_unanswered: Option<String>,
    /// 002-040.
    pub forward_offline: Option<String>,
    /// Phones that ring at the same time (002-047).
    pub simring: Vec<RingTarget>,
    /// Every phone of the user rings (002-047).
    pub all_phones: bool,
    /// Only the user's own extension rings, and no forward counts (002-051).
    pub only_extension: bool,
}

impl PhoneSystem {
    /// Wherever it sends the call or rings.
    pub fn targets(&self) -> impl Iterator<Item = &String> {
        let forwards =
            [&self.forward_always, &self.forward_busy, &self.forward_unanswered, &self.forward_offline];
        forwards.into_iter().flatten().chain(self.simring.iter().map(|ring| &ring.target))
    }
}
