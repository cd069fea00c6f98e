//! A call to a phone on which a greeting is recorded: how far it is, and in plain words why it came to nothing.

use std::fmt;

use serde::{Deserialize, Serialize};

/// How far the call is. The last one is [`CallStep::Kept`] or [`CallStep::Failed`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "kebab-case")]
pub enum CallStep {
    /// The call is being placed.
    Calling,
    /// The phone rings.
    Ringing,
    /// Somebody took the call.
    Answered,
    /// The tone was played: what is said now is recorded.
    Recording,
    /// The recording is over and waits to be kept.
    Reviewing,
    /// It is the greeting that callers hear from now on.
    Kept,
    /// Nothing came of it; the earlier greeting stays.
    Failed {
        /// Why.
        reason: CallFault,
        /// What the phone system answered, if that was it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        code: Option<u16>,
    },
}

impl CallStep {
    /// A failure that no SIP answer caused.
    pub const fn failed(reason: CallFault) -> Self {
        Self::Failed { reason, code: None }
    }

    /// The word used by the command line, metrics and the API.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Calling => "calling",
            Self::Ringing => "ringing",
            Self::Answered => "answered",
            Self::Recording => "recording",
            Self::Reviewing => "reviewing",
            Self::Kept => "kept",
            Self::Failed { .. } => "failed",
        }
    }

    /// Whether nothing follows.
    pub const fn is_last(self) -> bool {
        matches!(self, Self::Kept | Self::Failed { .. })
    }
}

impl fmt::Display for CallStep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Calling => "the phone is being called",
            Self::Ringing => "it rings",
            Self::Answered => "somebody answered",
            Self::Recording => "recording",
            Self::Reviewing => "recorded; it can be listened to, kept, repeated or discarded by phone",
            Self::Kept => "kept: callers hear it from now on",
            Self::Failed { reason, code: None } => return reason.fmt(f),
            Self::Failed { reason, code: Some(code) } => return write!(f, "{reason} (SIP {code})"),
        })
    }
}

macro_rules! faults {
    ($($(#[$doc:meta])* $name:ident = $word:literal $text:literal;)*) => {
        /// Why no greeting came of a call.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
        #[serde(rename_all = "kebab-case")]
        pub enum CallFault {
            $($(#[$doc])* $name,)*
        }

        impl CallFault {
            /// Every reason.
            pub const ALL: &[Self] = &[$(Self::$name),*];

            /// The word used by metrics and the API.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$name => $word,)* }
            }

            const fn text(self) -> &'static str {
                match self { $(Self::$name => $text,)* }
            }
        }
    };
}

faults! {
    /// No server took the request up.
    Unserved = "unserved" "no server took this up within 10 s: is `aftertone serve` running with the same --data?";
    /// No trunk is there for calls of ours.
    NoTrunk = "no-trunk" "no trunk takes calls of ours: give one of [[sip.trunks]] an `out` with `to` and `targets`";
    /// The number is not on the list.
    NotAllowed = "not-allowed" "this number may not be called: an administrator can add it to `targets` of the trunk's `out`";
    /// The mailbox is switched off or gone.
    MailboxOff = "mailbox-off" "the mailbox is switched off";
    /// The server has enough calls.
    Full = "full" "the server has too many calls at this moment: try again in a while";
    /// 486, 600.
    Busy = "busy" "the phone is busy";
    /// 603.
    Declined = "declined" "the call was declined";
    /// Nobody took it in time.
    NoAnswer = "no-answer" "nobody answered";
    /// 404, 410, 484 …
    UnknownNumber = "unknown-number" "the phone system does not know this number";
    /// 401, 407.
    Credentials = "credentials" "the phone system does not accept our account: check realm, user and password of the trunk's `out`";
    /// 403.
    Forbidden = "forbidden" "the phone system does not allow this call";
    /// 3xx.
    Moved = "moved" "the phone sends its calls elsewhere, which is not followed";
    /// It came back to us.
    Loop = "loop" "the call came back to this voicemail: nobody answered the phone";
    /// 488 …, or an answer without usable sound.
    NoSound = "no-sound" "there is no sound format that both sides know";
    /// Nothing answers, or 5xx.
    Unreachable = "unreachable" "the phone system cannot be reached or does not work at this moment";
    /// Any other refusal.
    Refused = "refused" "the phone system refused the call";
    /// The person hung up.
    HungUp = "hung-up" "the phone hung up before the recording was kept";
    /// The person pressed the key for it.
    Discarded = "discarded" "the recording was discarded by phone";
    /// Nobody pressed a key after the recording.
    Unconfirmed = "unconfirmed" "no key was pressed to keep the recording: perhaps a voicemail or another machine answered";
    /// There was no speech.
    NothingHeard = "nothing-heard" "nothing was heard on the phone";
    /// Store, spool or media failed us.
    Trouble = "trouble" "the recording could not be made or kept at this moment: try again later";
    /// Whoever asked changed their mind.
    GivenUp = "given-up" "the call was given up";
    /// The server ended.
    Stopped = "stopped" "the server that placed the call has stopped: try again";
}

impl fmt::Display for CallFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.text())
    }
}

impl CallFault {
    /// What a final refusal (300 … 699) means for whoever asked for the call. `rang`: the phone was reached before.
    pub const fn of_code(code: u16, rang: bool) -> Self {
        match code {
            300..=399 => Self::Moved,
            401 | 407 => Self::Credentials,
            403 => Self::Forbidden,
            404 | 410 | 416 | 484 | 485 | 604 => Self::UnknownNumber,
            408 if !rang => Self::Unreachable,
            408 | 480 | 487 => Self::NoAnswer,
            406 | 415 | 488 | 606 => Self::NoSound,
            482 | 483 => Self::Loop,
            486 | 600 => Self::Busy,
            603 | 607 | 608 => Self::Declined,
            500..=599 => Self::Unreachable,
            _ => Self::Refused,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_refusal_has_plain_words_and_the_usual_ones_their_own() {
        for code in 300..700 {
            assert!(!CallFault::of_code(code, true).to_string().is_empty());
        }
        assert_eq!(CallFault::of_code(486, true), CallFault::Busy);
        assert_eq!(CallFault::of_code(603, true), CallFault::Declined);
        assert_eq!(CallFault::of_code(408, false), CallFault::Unreachable);
        assert_eq!(CallFault::of_code(408, true), CallFault::NoAnswer);
        assert_eq!(CallFault::of_code(302, false), CallFault::Moved);
        assert_eq!(CallFault::of_code(599, false), CallFault::Unreachable);
    }

    #[test]
    fn a_step_reads_as_it_was_written() {
        let failed = CallStep::Failed { reason: CallFault::Busy, code: Some(486) };
        let text = serde_json::to_string(&failed).unwrap();
        assert_eq!(text, r#"{"state":"failed","reason":"busy","code":486}"#);
        for step in [CallStep::Calling, CallStep::Kept, failed, CallStep::failed(CallFault::GivenUp)] {
            let text = serde_json::to_string(&step).unwrap();
            assert!(text.contains(&format!("\"{}\"", step.as_str())), "{text}");
            assert_eq!(serde_json::from_str::<CallStep>(&text).unwrap(), step);
        }
        for fault in CallFault::ALL {
            assert_eq!(serde_json::to_string(fault).unwrap(), format!("\"{}\"", fault.as_str()));
        }
    }
}
