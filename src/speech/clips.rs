//! The clips that a language needs: their names, their words, and the voice that speaks them.
//!
//! No sound: `aftertone prompts build` makes it. Driven by [`super::Language`] while it reads its texts.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::ClipId;
use crate::domain::letters;

/// The synthesiser that makes the clips of a language.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Voice {
    /// The program: `flite` or `espeak-ng`.
    pub synthesiser: String,
    /// Its name for the voice.
    pub voice: String,
    /// Words a minute (espeak-ng only).
    pub speed: Option<u16>,
    /// 0 to 99, 50 is usual (espeak-ng only).
    pub pitch: Option<u8>,
    /// Bits of each sample that are kept, 10 to 16: fewer make smaller files. A telephone hears 13 (A-law).
    #[serde(default = "all_bits")]
    pub bits: u8,
    /// How words are written for the synthesiser that it would say wrongly.
    #[serde(default)]
    pub says: BTreeMap<String, String>,
}

const fn all_bits() -> u8 {
    16
}

impl Voice {
    pub(super) fn check(&self) -> Result<(), String> {
        let Self { synthesiser, voice, speed, pitch, bits, .. } = self;
        if !matches!(synthesiser.as_str(), "flite" | "espeak-ng") {
            return Err(format!("synthesiser {synthesiser:?}: choose flite or espeak-ng"));
        }
        if !voice.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_+".contains(&byte)) {
            return Err(format!("voice {voice:?}: a name has letters, digits, -, _ and +"));
        }
        if synthesiser == "flite" && (speed.is_some() || pitch.is_some()) {
            return Err("speed and pitch are for espeak-ng".to_owned());
        }
        if speed.is_some_and(|speed| !(80..=450).contains(&speed)) || pitch.is_some_and(|pitch| pitch > 99) {
            return Err("speed is 80 to 450 words a minute, pitch 0 to 99".to_owned());
        }
        if !(10..=16).contains(bits) {
            return Err(format!("bits = {bits}: 10 to 16 are kept"));
        }
        Ok(())
    }

    /// The text as the synthesiser should read it.
    pub fn reads(&self, text: &str) -> String {
        let is_word = |c: char| c.is_alphanumeric();
        let pieces = text.split_inclusive(|c: char| !is_word(c)).map(|piece| {
            let word = piece.trim_end_matches(|c: char| !is_word(c));
            match self.says.get(word) {
                Some(said) => piece.replacen(word, said, 1),
                None => piece.to_owned(),
            }
        });
        pieces.collect()
    }
}

/// A clip that has to exist, and the words in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClipText {
    /// File name without ending: lower-case letters, digits, `-` and `.`.
    pub name: String,
    /// What is spoken.
    pub text: String,
}

/// The clips that texts and grammar need, each word once.
#[derive(Debug, Default)]
pub(super) struct Clips {
    list: Vec<ClipText>,
    words: BTreeMap<String, ClipId>,
}

impl Clips {
    pub(super) fn add(&mut self, name: String, text: &str) -> ClipId {
        let id = ClipId(u16::try_from(self.list.len()).unwrap_or(u16::MAX));
        self.list.push(ClipText { name, text: text.to_owned() });
        id
    }

    pub(super) fn word(&mut self, word: &str) -> ClipId {
        if let Some(known) = self.words.get(word) {
            return *known;
        }
        let mut name = format!("word.{}", plain(word));
        if self.list.iter().any(|clip| clip.name == name) {
            // Words that differ only in letters beyond ASCII.
            name = format!("{name}.{}", self.words.len());
        }
        let id = self.add(name, word);
        self.words.insert(word.to_owned(), id);
        id
    }

    pub(super) fn finish(self) -> Result<Vec<ClipText>, String> {
        if self.list.len() > usize::from(u16::MAX) {
            return Err("more than 65535 clips".to_owned());
        }
        Ok(self.list)
    }
}

/// A word as part of a file name: letters with marks by the plain ones, everything else as `-`.
fn plain(word: &str) -> String {
    let letter = |c: char| match c {
        c if c.is_ascii_alphanumeric() => c.to_ascii_lowercase().to_string(),
        c => letters(c).iter().max_by_key(|text| text.len()).map_or("-", |text| *text).to_owned(),
    };
    word.chars().map(letter).collect()
}
