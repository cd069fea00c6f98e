//! What each key does, as it is said: one phrase a command, with its keys. From the same table as the card.

use super::Saying;
use crate::flow::keys::Command;
use crate::speech::{Arg, ArgKind, Phrase};

/// Every phrase of these.
pub fn all() -> impl Iterator<Item = Saying> {
    // A key without a use is on the card only.
    Command::ALL.iter().filter(|command| **command != Command::Unavailable).map(|command| saying(*command))
}

/// What the keys do.
pub fn key(command: Command, keys: &str) -> Phrase {
    saying(command).with(Arg::Digits(keys.to_owned()))
}

const fn saying(command: Command) -> Saying {
    Saying { id: command.prompt(), args: &[("keys", ArgKind::Digits)] }
}
