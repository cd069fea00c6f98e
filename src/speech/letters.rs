//! How a language spells a name, letter by letter; the name of each letter comes from `phrases.toml`.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Deserialize;

use super::{ClipId, Segment, SpeechError};

/// `[letters]` of `phrases.toml`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct LettersText {
    /// The name of each letter from a to z.
    words: BTreeMap<char, String>,
    /// Pause between two words.
    gap_ms: u64,
}

/// How letters are said.
#[derive(Debug)]
pub(super) struct Letters {
    words: BTreeMap<char, ClipId>,
    gap: Duration,
}

impl Letters {
    pub(super) fn new(text: LettersText, mut word: impl FnMut(&str) -> ClipId) -> Result<Self, String> {
        if let Some(missing) = ('a'..='z').find(|letter| !text.words.contains_key(letter)) {
            return Err(format!("[letters.words] has no name for {missing:?}"));
        }
        let words = text.words.iter().map(|(letter, text)| (*letter, word(text))).collect();
        Ok(Self { words, gap: Duration::from_millis(text.gap_ms) })
    }

    /// Digits among the letters are said by `digit`.
    pub(super) fn say(
        &self,
        spelled: &str,
        digit: impl Fn(char) -> Option<ClipId>,
        out: &mut Vec<Segment>,
    ) -> Result<(), SpeechError> {
        for letter in spelled.chars() {
            if letter == ' ' {
                out.push(Segment::Pause(self.gap));
                continue;
            }
            let clip = self.words.get(&letter).copied().or_else(|| digit(letter));
            out.push(Segment::Clip(clip.ok_or(SpeechError::NotALetter(letter))?));
        }
        Ok(())
    }
}
