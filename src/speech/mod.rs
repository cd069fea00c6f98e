//! Spoken language: a [`Phrase`] becomes a list of clips. Languages are data in `prompts/<lang>/`, not code.
//!
//! Knows texts, grammar and the names of clips, not sound: [`crate::service::prompts`] decodes the clips and
//! [`crate::media`] plays them.

mod calendar;
mod clips;
mod embedded;
mod grammar;
mod language;
#[cfg(test)]
mod tests;

use std::time::Duration;

pub use clips::{ClipText, Voice};
pub use embedded::{EMBEDDED, Embedded};
pub use language::Language;

/// Something to be said, independent of the language.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Phrase {
    /// Id in `phrases.toml`, for example `mailbox-full`.
    pub id: &'static str,
    /// Values for the placeholders of the phrase, in order of their names.
    pub args: Vec<(&'static str, Arg)>,
}

impl Phrase {
    /// A phrase without placeholders.
    pub const fn new(id: &'static str) -> Self {
        Self { id, args: Vec::new() }
    }

    /// The same phrase with one more value.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: Arg) -> Self {
        self.args.push((name, value));
        self
    }
}

/// A value that is spoken by the rules of the language.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Arg {
    /// Digit by digit, grouped: extensions and phone numbers.
    Digits(String),
    /// A cardinal number.
    Number(u32),
    /// A time of the day: hour 0 to 23, minute.
    Time(u8, u8),
    /// A date: weekday (0 is Monday), month and day (from 1).
    Date(u8, u8, u8),
}

impl Arg {
    /// What kind of value this is.
    pub const fn kind(&self) -> ArgKind {
        match self {
            Self::Digits(_) => ArgKind::Digits,
            Self::Number(_) => ArgKind::Number,
            Self::Time(..) => ArgKind::Time,
            Self::Date(..) => ArgKind::Date,
        }
    }
}

/// What kind of value a placeholder takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ArgKind {
    /// [`Arg::Digits`].
    Digits,
    /// [`Arg::Number`].
    Number,
    /// [`Arg::Time`].
    Time,
    /// [`Arg::Date`].
    Date,
}

impl ArgKind {
    /// As texts write it in a placeholder.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Digits => "digits",
            Self::Number => "number",
            Self::Time => "time",
            Self::Date => "date",
        }
    }
}

/// The largest number that can be said.
pub const LARGEST_NUMBER: u32 = 9_999_999;

/// Names a clip within its [`Language`]: an index into [`Language::clips`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ClipId(pub u16);

/// A piece of a rendered phrase.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Segment {
    /// Recorded words.
    Clip(ClipId),
    /// Silence between groups of digits and after a sentence.
    Pause(Duration),
}

/// Why something cannot be said.
#[derive(Debug, thiserror::Error)]
pub enum SpeechError {
    /// The language's files do not know the phrase; they are older than the program or incomplete.
    #[error("the language {language} has no phrase {id:?}: add it to prompts/{language}/phrases.toml")]
    UnknownPhrase {
        /// The language.
        language: String,
        /// The phrase.
        id: String,
    },
    /// The phrase has a placeholder for which the caller gave no value of the right kind.
    #[error("phrase {id:?} needs a value of kind {kind:?} for {{{name}}}")]
    MissingValue {
        /// The phrase.
        id: String,
        /// The placeholder.
        name: String,
        /// What is needed.
        kind: ArgKind,
    },
    /// A character that cannot be said as a digit.
    #[error("{0:?} cannot be said digit by digit: use 0 to 9, +, * and #")]
    NotADigit(char),
    /// A date that no calendar has.
    #[error("weekday {weekday} (from 0), month {month}, day {day} (from 1) is no date")]
    NoDate {
        /// 0 is Monday.
        weekday: u8,
        /// From 1.
        month: u8,
        /// From 1.
        day: u8,
    },
    /// A number that is too large.
    #[error("{0} is too large to be said: the largest number is {LARGEST_NUMBER}")]
    TooLarge(u32),
    /// `phrases.toml` is wrong.
    #[error("{file}: {problem}")]
    BadLanguage {
        /// The file, or the language when it is part of the program.
        file: String,
        /// What is wrong and what would be right.
        problem: String,
    },
    /// `phrases.toml` cannot be read.
    #[error("{file}: {source}; a folder of prompts holds <language>/phrases.toml")]
    Unreadable {
        /// The file.
        file: String,
        /// Why.
        source: std::io::Error,
    },
}
