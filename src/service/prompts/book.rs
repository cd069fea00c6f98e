//! The prompts as people read and hear them: which languages there are, every phrase with a sample of what it says.

use std::path::Path;

use super::{PromptError, PromptSet, Source};
use crate::flow::phrases::{self, Saying};
use crate::speech::{Arg, ArgKind, Phrase, Segment};

/// Rate of what is heard here.
pub const SAMPLE_RATE: u32 = 16_000;

/// A language that is spoken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Spoken<'a> {
    /// Its tag, for example `en`.
    pub name: &'a str,
    /// How many recordings it is made of.
    pub clips: usize,
    /// The folder that it was loaded from; `None`: part of the program.
    pub folder: Option<&'a Path>,
}

/// A phrase and what it says. Numbers, times and names in it are samples.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// How dialogues call it.
    pub id: &'static str,
    /// The words.
    pub words: String,
}

impl PromptSet {
    /// Every language, by its tag.
    pub fn spoken(&self) -> impl Iterator<Item = Spoken<'_>> {
        self.voices.values().map(|voice| Spoken {
            name: voice.language.name(),
            clips: voice.language.clips().len(),
            folder: match &voice.source {
                Source::Embedded(_) => None,
                Source::Folder(folder) => Some(folder),
            },
        })
    }

    /// Every phrase of this language; nothing when it is not there.
    pub fn book(&self, language: &str) -> Vec<Line> {
        let Some(voice) = self.voices.get(language) else { return Vec::new() };
        phrases::all()
            .filter_map(|saying| {
                let words: Vec<&str> = voice
                    .language
                    .render(&sample(saying))
                    .ok()?
                    .into_iter()
                    .filter_map(|segment| match segment {
                        Segment::Clip(id) => voice.language.clips().get(usize::from(id.0)),
                        Segment::Pause(_) => None,
                    })
                    .map(|clip| clip.text.as_str())
                    .collect();
                Some(Line { id: saying.id, words: words.join(" ") })
            })
            .collect()
    }

    /// How the phrase sounds, at [`SAMPLE_RATE`]; `None` when there is no such language or phrase.
    ///
    /// # Errors
    /// [`PromptError`] when a recording is no sound.
    pub fn sound(&self, language: &str, id: &str) -> Result<Option<Vec<i16>>, PromptError> {
        let saying = phrases::all().find(|saying| saying.id == id);
        let (Some(saying), true) = (saying, self.voices.contains_key(language)) else { return Ok(None) };
        let clips = self.say(language, &sample(saying))?;
        Ok(Some(clips.iter().flat_map(|clip| clip.pcm_at(SAMPLE_RATE)).collect()))
    }
}

/// The phrase with values such as calls have.
fn sample(saying: Saying) -> Phrase {
    let args = saying.args.iter().map(|(name, kind)| {
        let value = match kind {
            ArgKind::Digits => Arg::Digits("1001".to_owned()),
            ArgKind::Number => Arg::Number(3),
            ArgKind::Time => Arg::Time(14, 5),
            ArgKind::Date => Arg::Date(2, 3, 4),
            ArgKind::Letters => Arg::Letters("ada".to_owned()),
        };
        (*name, value)
    });
    Phrase { id: saying.id, args: args.collect() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_phrase_of_every_language_can_be_read_and_heard() {
        let set = PromptSet::embedded().unwrap();
        let languages: Vec<Spoken<'_>> = set.spoken().collect();
        assert_eq!(languages.iter().map(|one| one.name).collect::<Vec<_>>(), ["de", "en"]);
        for Spoken { name, folder, .. } in languages {
            assert_eq!(folder, None);
            let book = set.book(name);
            assert_eq!(book.len(), phrases::all().count(), "{name}");
            assert!(book.iter().all(|line| !line.words.is_empty()));
        }
        let goodbye = set.sound("en", "goodbye").unwrap().unwrap();
        assert!(goodbye.len() > SAMPLE_RATE as usize / 4 && goodbye.iter().any(|sample| *sample != 0));
    }

    #[test]
    fn what_is_not_there_is_nothing_and_no_other_language() {
        let set = PromptSet::embedded().unwrap();
        assert!(set.book("tlh").is_empty());
        assert_eq!(set.sound("tlh", "goodbye").unwrap(), None);
        assert_eq!(set.sound("en", "../goodbye").unwrap(), None);
    }
}
