//! Where a running call stands, and what came of one that is over, as far as anybody but its parties may know.

use serde::{Serialize, Serializer};

/// What a call does at the moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum CallStage {
    /// What it gets is being found out.
    Arriving,
    /// A phone is being called.
    Calling,
    /// A greeting or an announcement plays.
    Greeting,
    /// A message, a greeting or a name is recorded.
    Recording,
    /// What was recorded is heard again, kept or discarded.
    Review,
    /// Somebody is to say who they are.
    SigningIn,
    /// An owner is in a menu.
    Menu,
    /// An owner hears messages.
    Listening,
    /// Somebody is looked for by name.
    Finding,
    /// The call goes to somebody else.
    Transferring,
    /// The last words.
    Ending,
}

impl CallStage {
    /// The word of the API.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Arriving => "arriving",
            Self::Calling => "calling",
            Self::Greeting => "greeting",
            Self::Recording => "recording",
            Self::Review => "review",
            Self::SigningIn => "signing-in",
            Self::Menu => "menu",
            Self::Listening => "listening",
            Self::Finding => "finding",
            Self::Transferring => "transferring",
            Self::Ending => "ending",
        }
    }

    /// As people read it.
    pub const fn title(self) -> &'static str {
        match self {
            Self::Arriving => "Arriving",
            Self::Calling => "Calling a phone",
            Self::Greeting => "Hears the greeting",
            Self::Recording => "Recording",
            Self::Review => "After the recording",
            Self::SigningIn => "Signing in",
            Self::Menu => "In the menu",
            Self::Listening => "Hears messages",
            Self::Finding => "Looks for a name",
            Self::Transferring => "Being transferred",
            Self::Ending => "Ending",
        }
    }
}

impl Serialize for CallStage {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

/// What came of a call. A later one of these outranks an earlier one: a call that was transferred after a message was
/// kept has left a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum CallOutcome {
    /// Nothing stays of it.
    Nothing,
    /// A phone that we called was not reached.
    NotReached,
    /// It was refused with this status code.
    Refused(u16),
    /// An owner was let in.
    SignedIn,
    /// It went to somebody else.
    Transferred,
    /// A message is safe in the spool, and waits for database or storage.
    Waiting,
    /// A message or a greeting was kept.
    Kept,
}

impl CallOutcome {
    /// The word of the API.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Nothing => "nothing",
            Self::NotReached => "not-reached",
            Self::Refused(_) => "refused",
            Self::SignedIn => "signed-in",
            Self::Transferred => "transferred",
            Self::Waiting => "waiting",
            Self::Kept => "kept",
        }
    }

    /// As people read it.
    pub const fn title(self) -> &'static str {
        match self {
            Self::Nothing => "No message",
            Self::NotReached => "The phone was not reached",
            Self::Refused(_) => "Refused",
            Self::SignedIn => "The owner was in the mailbox",
            Self::Transferred => "Transferred",
            Self::Waiting => "A message waits in the spool",
            Self::Kept => "A recording was kept",
        }
    }

    /// The status code of a refusal.
    pub const fn code(self) -> Option<u16> {
        match self {
            Self::Refused(code) => Some(code),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kept_message_outranks_all_else_that_came_of_a_call() {
        let all = [
            CallOutcome::Nothing,
            CallOutcome::NotReached,
            CallOutcome::Refused(503),
            CallOutcome::SignedIn,
            CallOutcome::Transferred,
            CallOutcome::Waiting,
            CallOutcome::Kept,
        ];
        assert!(all.is_sorted());
        assert_eq!(all.map(CallOutcome::code).into_iter().flatten().collect::<Vec<_>>(), [503]);
    }
}
