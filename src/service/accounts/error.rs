//! Why an account cannot be what was asked for, and what to do about it.

use super::{MAX_EMAILS, PinFault};
use crate::domain::{Extension, Invalid, MailAddress};
use crate::store::StoreError;

/// Why an account was not changed. Everything but [`AccountError::Store`] and [`AccountError::Hash`] is for the person
/// who asked to mend.
#[derive(Debug, thiserror::Error)]
pub enum AccountError {
    /// A value is out of its range or shape.
    #[error(transparent)]
    Invalid(#[from] Invalid),
    /// The PIN is refused.
    #[error(transparent)]
    Pin(#[from] PinFault),
    /// The PIN was typed twice, and not the same.
    #[error("the two PINs differ: type the same one twice")]
    PinsDiffer,
    /// Fields of the profile are out of their shape.
    #[error("{}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))]
    Profile(Vec<Invalid>),
    /// More than one thing is to be mended.
    #[error("{}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))]
    Several(Vec<AccountError>),
    /// Somebody else of the tenant signs in with it.
    #[error(
        "the user ID {0} is somebody else's already: choose another one, for example with a number behind it"
    )]
    LoginTaken(String),
    /// The domain of the login name is another tenant's.
    #[error("the user ID {0} cannot be given here: what stands behind its @ is a domain of somebody else")]
    LoginElsewhere(String),
    /// Somebody else of the tenant signs in with it as a user ID.
    #[error("the address {0} is the user ID of somebody else, who signs in with it: give another one")]
    AddressIsLogin(MailAddress),
    /// Another mailbox has the extension.
    #[error("extension {0} is already taken: choose another one, or remove its user first")]
    ExtensionTaken(String),
    /// The number leads to another mailbox.
    #[error("the number {0} already leads to a mailbox: remove it there first")]
    NumberTaken(String),
    /// The number leads to this mailbox, and nothing is to be changed about it.
    #[error(
        "the number {0} leads to this mailbox already: give a label to change what calls to it are called"
    )]
    NumberHere(String),
    /// No such mailbox.
    #[error("there is no mailbox {0}: the list of users shows those there are")]
    NoMailbox(Extension),
    /// Nobody has the extension that who comes is said to have.
    #[error("nobody has the extension {0}: name one of a user who is here, or add somebody new")]
    NoNewcomer(Extension),
    /// The extension has gone to somebody else meanwhile.
    #[error("extension {0} is somebody else's by now: look at it again before it changes hands once more")]
    GoneOver(Extension),
    /// Nobody like that was removed.
    #[error("nobody like that can be brought back: the recycle bin shows who can, for 30 days")]
    NotRemoved,
    /// Nothing was cleared that could be taken back.
    #[error(
        "nothing can be taken back: it was more than a day ago, or somebody else was set up since; the recycle bin brings it back under another extension"
    )]
    NothingCleared,
    /// Rules, hours or lists were made since.
    #[error(
        "rules, hours or lists were made since: remove them first, or bring the old ones back from the recycle bin under another extension"
    )]
    NewerRules,
    /// No part was chosen.
    #[error("nothing is chosen: choose what is to be cleared")]
    NothingChosen,
    /// A call to the mailbox runs.
    #[error(
        "somebody is calling this mailbox, and the message would be left to whoever comes next: try again when the call has ended"
    )]
    Called,
    /// Whoever asks may not change somebody of that role.
    #[error("this user is above you: an administrator can do it")]
    Above,
    /// A role comes back that whoever asks may not give.
    #[error(
        "the role {0} would come back with this, which you may not give: an administrator (roles:write) can do it"
    )]
    RoleBack(String),
    /// The number does not lead to the mailbox.
    #[error("the number {0} does not lead to this mailbox: the user's own page lists those that do")]
    NoNumber(String),
    /// The greeting is not the mailbox's.
    #[error("this mailbox has no such greeting: choose one of its own, but not the recorded name")]
    NoGreeting,
    /// A mail mode, and nobody to send to.
    #[error("a mail mode needs an e-mail address: give one, or choose the mode none")]
    ModeWithoutAddress,
    /// An invitation, and nobody to send it to.
    #[error("an invitation needs an e-mail address: give one, or leave the invitation out")]
    NoAddress,
    /// The same address twice.
    #[error("the e-mail address {0} is given twice: give each one once")]
    AddressTwice(MailAddress),
    /// Too many addresses.
    #[error("a user has at most {MAX_EMAILS} e-mail addresses: use a mailing list for more")]
    TooManyAddresses,
    /// The PIN could not be hashed.
    #[error("the PIN could not be hashed ({0}): try again")]
    Hash(String),
    /// The database.
    #[error(transparent)]
    Store(StoreError),
}

impl From<StoreError> for AccountError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Taken { what: "extension", value } => Self::ExtensionTaken(value),
            StoreError::Taken { what: "login name", value } => Self::LoginTaken(value),
            StoreError::Taken { what: "number", value } => Self::NumberTaken(value),
            StoreError::Taken { what: "role that comes back", value } => Self::RoleBack(value),
            StoreError::Taken { what: "rules that were made meanwhile", .. } => Self::NewerRules,
            StoreError::Missing { what: "clearing that can be taken back", .. } => Self::NothingCleared,
            StoreError::Missing { what: "greeting", .. } => Self::NoGreeting,
            StoreError::Missing { what: "number", value } => Self::NoNumber(value),
            other => Self::Store(other),
        }
    }
}

/// What is to be mended, found one after another.
#[derive(Default)]
pub(super) struct Faults(Vec<AccountError>);

impl From<Vec<AccountError>> for Faults {
    fn from(known: Vec<AccountError>) -> Self {
        Self(known)
    }
}

impl Faults {
    /// The value; `None` when it is to be mended. What nobody can mend ends the look.
    pub(super) fn note<T>(&mut self, read: Result<T, AccountError>) -> Result<Option<T>, AccountError> {
        match read {
            Ok(value) => Ok(Some(value)),
            Err(error @ (AccountError::Store(_) | AccountError::Hash(_))) => Err(error),
            Err(error) => {
                self.0.push(error);
                Ok(None)
            }
        }
    }

    /// That there are none.
    pub(super) fn none(mut self) -> Result<(), AccountError> {
        match self.0.len() {
            0 => Ok(()),
            1 => Err(self.0.remove(0)),
            _ => Err(AccountError::Several(self.0)),
        }
    }
}

impl AccountError {
    /// The single things that are to be mended.
    pub fn each(&self) -> Vec<&Self> {
        match self {
            Self::Several(faults) => faults.iter().collect(),
            one => vec![one],
        }
    }

    /// The field of a user that is to be mended; `None` where it is none of a single field.
    pub fn field(&self) -> Option<&'static str> {
        Some(match self {
            Self::Invalid(invalid) => match invalid.what {
                "first name" => "first",
                "last name" => "last",
                "e-mail address" => "emails",
                "mail mode" => "mail",
                "newcomer" => "known",
                "number of messages" => "max_messages",
                "number of megabytes" => "max_megabytes",
                same @ ("extension" | "role" | "zone" | "operator" | "fate" | "reason") => same,
                _ => return None,
            },
            Self::AddressTwice(_) | Self::TooManyAddresses | Self::NoAddress | Self::AddressIsLogin(_) => {
                "emails"
            }
            Self::ExtensionTaken(_) | Self::NumberTaken(_) => "extension",
            Self::ModeWithoutAddress => "mail",
            Self::Pin(_) | Self::PinsDiffer => "pin",
            Self::NoNewcomer(_) => "known",
            Self::LoginTaken(_) | Self::LoginElsewhere(_) => "login",
            _ => return None,
        })
    }
}
