//! Why a call was sent to voicemail (RFC 5806 `reason`, RFC 4458 `cause`).

use serde::{Deserialize, Serialize};

/// The reason a call was redirected. Chooses the greeting.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RedirectReason {
    /// Nobody said why.
    #[default]
    Unknown,
    /// The phone was busy.
    UserBusy,
    /// The phone rang out.
    NoAnswer,
    /// The phone was offline.
    Unavailable,
    /// All calls are forwarded.
    Unconditional,
    /// The callee sent this one call away.
    Deflection,
    /// Outside of the hours.
    TimeOfDay,
    /// Do not disturb.
    DoNotDisturb,
    /// Follow-me went through all its targets.
    FollowMe,
    /// The callee is away.
    Away,
    /// The line is out of service.
    OutOfService,
}

impl RedirectReason {
    /// The word of RFC 5806 §5 for this reason.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Unknown => "unknown",
            Self::UserBusy => "user-busy",
            Self::NoAnswer => "no-answer",
            Self::Unavailable => "unavailable",
            Self::Unconditional => "unconditional",
            Self::Deflection => "deflection",
            Self::TimeOfDay => "time-of-day",
            Self::DoNotDisturb => "do-not-disturb",
            Self::FollowMe => "follow-me",
            Self::Away => "away",
            Self::OutOfService => "out-of-service",
        }
    }
}
