//! Spoken language: a [`Phrase`] becomes a list of clips. Languages are data in `prompts/<lang>/`, not code.
//!
//! Does not play anything; [`crate::media`] does.

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
}

/// What kind of value a placeholder takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ArgKind {
    /// [`Arg::Digits`].
    Digits,
    /// [`Arg::Number`].
    Number,
}

/// The largest number that can be said.
pub const LARGEST_NUMBER: u32 = 9_999;
