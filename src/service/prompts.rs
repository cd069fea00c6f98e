//! The prompts as sound: every clip of every language, decoded when it is first needed.
//!
//! The embedded languages are always there; a folder replaces those that it holds. Does not know grammar
//! ([`crate::speech`] does) and plays nothing ([`crate::media`] does). Driven by the calls, and by `prompts check`.

mod book;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use crate::audio::Clip;
use crate::audio::decode::{DecodeError, DecodeLimits, decode_upload};
use crate::flow::phrases::{self, Saying};
use crate::speech::{ClipId, EMBEDDED, Embedded, Language, Phrase, Segment, SpeechError};

pub use self::book::{Line, SAMPLE_RATE, Spoken};

/// Spoken where a language is asked for that is not there.
const FALLBACK: &str = "en";

/// Endings under which a clip of a folder is looked for, in this order.
pub const CLIP_ENDINGS: [&str; 2] = ["flac", "wav"];

/// No clip is longer, and none takes longer to decode.
const LIMITS: DecodeLimits =
    DecodeLimits { max_seconds: 60, max_samples: 60 * 48_000, max_time: Duration::from_secs(10) };

/// Why prompts cannot be loaded or said. All are faults of the files, to be mended by whoever made them.
#[derive(Debug, thiserror::Error)]
pub enum PromptError {
    /// The texts are wrong, or cannot say this.
    #[error(transparent)]
    Speech(#[from] SpeechError),
    /// A phrase that dialogues say is missing, or has other placeholders.
    #[error("the language {language} cannot say {phrase:?} as it is needed: {problem}")]
    Incomplete {
        /// The language.
        language: String,
        /// The phrase.
        phrase: &'static str,
        /// What differs.
        problem: String,
    },
    /// A clip is missing.
    #[error(
        "the clip {clip:?} of the language {language} is missing: run aftertone prompts build --lang {language}"
    )]
    NoClip {
        /// The language.
        language: String,
        /// The clip.
        clip: String,
    },
    /// A clip is no sound.
    #[error("the clip {clip:?} of the language {language}: {source}")]
    BadClip {
        /// The language.
        language: String,
        /// The clip.
        clip: String,
        /// What is wrong.
        source: DecodeError,
    },
    /// A folder or a clip cannot be read.
    #[error("{path}: {source}")]
    Unreadable {
        /// Which.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// Nothing is there in a language that is asked for.
    #[error("there are no prompts in {language:?}: choose one of {known}")]
    NotSpoken {
        /// The language.
        language: String,
        /// Those that are there.
        known: String,
    },
    /// The folder holds no language.
    #[error("{0} holds no language: expected <language>/phrases.toml in it")]
    Empty(PathBuf),
}

/// Where the clips of a language are.
#[derive(Debug)]
enum Source {
    Embedded(&'static Embedded),
    Folder(PathBuf),
}

/// One language with its clips.
#[derive(Debug)]
struct Voice {
    language: Language,
    source: Source,
    /// By [`ClipId`].
    clips: Vec<OnceLock<Arc<Clip>>>,
}

/// Everything that can be said, in every language. Share it by `Arc`.
#[derive(Debug)]
pub struct PromptSet {
    voices: BTreeMap<String, Voice>,
    pauses: Mutex<BTreeMap<Duration, Arc<Clip>>>,
}

impl PromptSet {
    /// The languages that are part of the program.
    ///
    /// # Errors
    /// A defect of the program: a language that is incomplete.
    pub fn embedded() -> Result<Self, PromptError> {
        let mut set = Self { voices: BTreeMap::new(), pauses: Mutex::default() };
        for embedded in EMBEDDED {
            set.add(Language::embedded(embedded)?, Source::Embedded(embedded))?;
        }
        Ok(set)
    }

    /// The embedded languages, and instead of them or beside them those in this folder: `<language>/phrases.toml` and
    /// `<language>/clips/<clip>.flac` (or `.wav`).
    ///
    /// # Errors
    /// [`PromptError`] for a language that is incomplete: a missing phrase or a missing clip. Clips are not decoded yet.
    pub fn with_folder(folder: &Path) -> Result<Self, PromptError> {
        let mut set = Self::embedded()?;
        let unreadable = |source| PromptError::Unreadable { path: folder.to_owned(), source };
        let mut found = false;
        for entry in std::fs::read_dir(folder).map_err(unreadable)? {
            let path = entry.map_err(unreadable)?.path();
            if path.join("phrases.toml").is_file() {
                set.add(Language::load(&path)?, Source::Folder(path))?;
                found = true;
            }
        }
        if found { Ok(set) } else { Err(PromptError::Empty(folder.to_owned())) }
    }

    /// Names of the languages.
    pub fn languages(&self) -> impl Iterator<Item = &str> {
        self.voices.keys().map(String::as_str)
    }

    /// The clips that say this phrase, pauses included. `language` is a tag such as `de` or `de-CH`; what is not there
    /// is said in the language without the region, or in English. A clip that was never needed before is decoded
    /// here (a few ms).
    ///
    /// # Errors
    /// [`PromptError`] when the phrase cannot be said or a clip is no sound.
    pub fn say(&self, language: &str, phrase: &Phrase) -> Result<Vec<Arc<Clip>>, PromptError> {
        let Some(voice) = self.voice(language) else {
            let language = language.to_owned();
            return Err(SpeechError::UnknownPhrase { language, id: phrase.id.to_owned() }.into());
        };
        voice
            .language
            .render(phrase)?
            .into_iter()
            .map(|segment| match segment {
                Segment::Clip(id) => voice.clip(id),
                Segment::Pause(length) => Ok(self.pause(length)),
            })
            .collect()
    }

    /// Silence of this length.
    pub fn pause(&self, length: Duration) -> Arc<Clip> {
        let mut pauses = self.pauses.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = pauses.get(&length) {
            return Arc::clone(known);
        }
        let silence = Arc::new(Clip::silence(length));
        // The lengths come from languages and dialogues, so there are few; should there ever be many, they are not kept.
        if pauses.len() < 64 {
            pauses.insert(length, Arc::clone(&silence));
        }
        silence
    }

    /// Whether this language (or, for `de-CH`, the one without its region) is there.
    ///
    /// # Errors
    /// [`PromptError::NotSpoken`], which names those that are.
    pub fn check_spoken(&self, language: &str) -> Result<(), PromptError> {
        if self.voices.contains_key(language) || self.voices.contains_key(plain(language)) {
            return Ok(());
        }
        let known = self.languages().collect::<Vec<_>>().join(", ");
        Err(PromptError::NotSpoken { language: language.to_owned(), known })
    }

    /// Recordings of this language whose files are gone, at most so many, by name.
    pub fn missing(&self, language: &str, most: usize) -> Vec<String> {
        let Some(voice) = self.voices.get(language) else { return Vec::new() };
        if matches!(voice.source, Source::Embedded(_)) {
            return Vec::new();
        }
        let clips = voice.language.clips().iter().map(|clip| &clip.name);
        clips.filter(|name| voice.find(name).is_err()).take(most).cloned().collect()
    }

    fn add(&mut self, language: Language, source: Source) -> Result<(), PromptError> {
        for saying in phrases::all() {
            check(&language, saying)?;
        }
        let clips = language.clips().iter().map(|_| OnceLock::new()).collect();
        let voice = Voice { language, source, clips };
        for clip in voice.language.clips() {
            voice.find(&clip.name)?;
        }
        self.voices.insert(voice.language.name().to_owned(), voice);
        Ok(())
    }

    fn voice(&self, language: &str) -> Option<&Voice> {
        [language, plain(language), FALLBACK].into_iter().find_map(|name| self.voices.get(name))
    }
}

/// A language without its region.
fn plain(language: &str) -> &str {
    language.split(['-', '_']).next().unwrap_or_default()
}

/// Whether the language can say what a dialogue may ask for.
fn check(language: &Language, saying: Saying) -> Result<(), PromptError> {
    let problem = match language.placeholders(saying.id) {
        None => "it has no such phrase".to_owned(),
        Some(found) => {
            let found: Vec<_> = found.iter().map(|(name, kind)| (name.as_str(), *kind)).collect();
            if found == saying.args {
                return Ok(());
            }
            format!("its placeholders are {found:?} instead of {:?}", saying.args)
        }
    };
    Err(PromptError::Incomplete { language: language.name().to_owned(), phrase: saying.id, problem })
}

/// A clip's file, not read yet where it is one.
enum Found {
    Bytes(&'static [u8]),
    File(PathBuf),
}

impl Voice {
    fn find(&self, name: &str) -> Result<Found, PromptError> {
        let found = match &self.source {
            Source::Embedded(embedded) => {
                embedded.clips.iter().find(|(known, _)| *known == name).map(|(_, bytes)| Found::Bytes(bytes))
            }
            Source::Folder(folder) => CLIP_ENDINGS
                .iter()
                .map(|ending| folder.join("clips").join(format!("{name}.{ending}")))
                .find(|path| path.is_file())
                .map(Found::File),
        };
        found.ok_or_else(|| PromptError::NoClip {
            language: self.language.name().to_owned(),
            clip: name.to_owned(),
        })
    }

    fn clip(&self, id: ClipId) -> Result<Arc<Clip>, PromptError> {
        let at = usize::from(id.0);
        let (Some(slot), Some(text)) = (self.clips.get(at), self.language.clips().get(at)) else {
            let language = self.language.name().to_owned();
            return Err(PromptError::NoClip { language, clip: at.to_string() });
        };
        if let Some(clip) = slot.get() {
            return Ok(Arc::clone(clip));
        }
        let clip = Arc::new(self.decode(&text.name)?);
        Ok(Arc::clone(slot.get_or_init(|| clip)))
    }

    fn decode(&self, name: &str) -> Result<Clip, PromptError> {
        let bytes = match self.find(name)? {
            Found::Bytes(bytes) => bytes.to_vec(),
            Found::File(path) => {
                std::fs::read(&path).map_err(|source| PromptError::Unreadable { path, source })?
            }
        };
        let decoded = decode_upload(bytes, LIMITS).map_err(|source| PromptError::BadClip {
            language: self.language.name().to_owned(),
            clip: name.to_owned(),
            source,
        })?;
        Ok(Clip::from_pcm(&decoded.samples, decoded.rate))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::speech::Arg;

    fn length(clips: &[Arc<Clip>]) -> Duration {
        clips.iter().map(|clip| clip.duration()).sum()
    }

    #[test]
    fn a_language_that_is_not_there_is_said_in_the_nearest_that_is() {
        let set = PromptSet::embedded().unwrap();
        let english = length(&set.say("en", &phrases::GOODBYE.phrase()).unwrap());
        for language in ["en-GB", "en_US", "tlh", ""] {
            assert_eq!(
                length(&set.say(language, &phrases::GOODBYE.phrase()).unwrap()),
                english,
                "{language:?}"
            );
        }
    }

    #[test]
    fn a_phrase_is_its_words_and_a_pause_and_each_clip_is_decoded_once() {
        let set = PromptSet::embedded().unwrap();
        let phrase = Phrase::new("greeting-extension").with("extension", Arg::Digits("1001".into()));
        let clips = set.say("en", &phrase).unwrap();
        assert_eq!(clips.len(), 7, "words, four digits, words, pause");
        assert!(Arc::ptr_eq(&clips[1], &clips[4]), "both ones are the same clip");
        assert!(clips[6].pcm().iter().all(|sample| *sample == 0) && !clips[6].pcm().is_empty());
        assert!(Arc::ptr_eq(&clips[6], &set.pause(clips[6].duration())));
    }

    #[test]
    fn what_cannot_be_said_is_an_error_and_not_silence() {
        let set = PromptSet::embedded().unwrap();
        assert!(set.say("en", &Phrase::new("no-such-phrase")).is_err());
        let letters = Phrase::new("greeting-extension").with("extension", Arg::Digits("1a".into()));
        assert!(set.say("en", &letters).is_err());
    }
}
