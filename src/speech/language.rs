//! One language: its texts, cut into the clips that have to exist, and the rules that put them together.
//!
//! Read once from `phrases.toml` ([`Language::parse`], [`Language::load`]); [`Language::render`] is pure.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use serde::Deserialize;

use super::calendar::{Dates, DatesText, Times, TimesText};
use super::clips::{ClipText, Clips, Voice};
use super::grammar::{Digits, DigitsText, NumberText, Numbers, PluralText};
use super::{Arg, ArgKind, ClipId, Embedded, Phrase, Segment, SpeechError};

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    voice: Voice,
    sentence_gap_ms: u64,
    digits: DigitsText,
    numbers: Vec<NumberText>,
    #[serde(default)]
    plurals: Vec<PluralText>,
    times: Option<TimesText>,
    dates: Option<DatesText>,
    phrases: BTreeMap<String, PhraseText>,
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum PhraseText {
    Plain(String),
    /// `by` names the placeholder that decides; the rest are the forms.
    Plural {
        by: String,
        #[serde(flatten)]
        forms: BTreeMap<String, String>,
    },
}

#[derive(Debug, PartialEq, Eq)]
enum Piece {
    Words(ClipId),
    /// Name, kind, and the form of the number.
    Slot(String, ArgKind, Option<String>),
}

#[derive(Debug)]
struct Pattern {
    slots: Vec<(String, ArgKind)>,
    plural_by: Option<String>,
    /// By plural form; a phrase without plural has only `other`.
    forms: BTreeMap<String, Vec<Piece>>,
}

/// A language that can be spoken.
#[derive(Debug)]
pub struct Language {
    name: String,
    voice: Voice,
    gap: Duration,
    digits: Digits,
    numbers: Numbers,
    times: Option<Times>,
    dates: Option<Dates>,
    plurals: Vec<PluralText>,
    phrases: BTreeMap<String, Pattern>,
    clips: Vec<ClipText>,
}

const OTHER: &str = "other";

impl Language {
    /// Reads `<folder>/phrases.toml`; the folder's name is the language's.
    ///
    /// # Errors
    /// [`SpeechError::Unreadable`] and [`SpeechError::BadLanguage`]: whoever made the folder has to mend it.
    pub fn load(folder: &Path) -> Result<Self, SpeechError> {
        let file = folder.join("phrases.toml");
        let label = file.display().to_string();
        let text = std::fs::read_to_string(&file)
            .map_err(|source| SpeechError::Unreadable { file: label.clone(), source })?;
        let name = folder.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        Self::parse(&name, &text).map_err(|problem| SpeechError::BadLanguage { file: label, problem })
    }

    /// A language that is part of the program.
    ///
    /// # Errors
    /// [`SpeechError::BadLanguage`]: a defect of the program.
    pub fn embedded(language: &Embedded) -> Result<Self, SpeechError> {
        Self::parse(language.name, language.phrases).map_err(|problem| SpeechError::BadLanguage {
            file: format!("embedded language {}", language.name),
            problem,
        })
    }

    /// Reads the text of a `phrases.toml`. The error says what is wrong with it.
    ///
    /// # Errors
    /// A sentence for whoever writes the file.
    pub fn parse(name: &str, text: &str) -> Result<Self, String> {
        let file: File = toml::from_str(text).map_err(|error| error.to_string())?;
        file.voice.check().map_err(|problem| format!("[voice] {problem}"))?;
        let mut clips = Clips::default();
        let digits = Digits::new(file.digits, |word| clips.word(word))?;
        let numbers = Numbers::new(file.numbers, |word| clips.word(word))?;
        let times = file.times.map(|text| Times::new(text, &numbers, |word| clips.word(word))).transpose()?;
        let dates = file.dates.map(|text| Dates::new(text, |word| clips.word(word))).transpose()?;
        let mut phrases = BTreeMap::new();
        for (id, text) in file.phrases {
            let pattern = Pattern::new(&id, text, &file.plurals, &mut clips)
                .and_then(|pattern| pattern.check_forms(&numbers))
                .map_err(|problem| format!("phrase {id:?}: {problem}"))?;
            let says = |kind| pattern.slots.iter().any(|(_, found)| *found == kind);
            if says(ArgKind::Time) && times.is_none() || says(ArgKind::Date) && dates.is_none() {
                return Err(format!("phrase {id:?} says a time or a date: [times] or [dates] is missing"));
            }
            phrases.insert(id, pattern);
        }
        Ok(Self {
            name: name.to_owned(),
            voice: file.voice,
            gap: Duration::from_millis(file.sentence_gap_ms),
            digits,
            numbers,
            times,
            dates,
            plurals: file.plurals,
            phrases,
            clips: clips.finish()?,
        })
    }

    /// Its name, for example `en`.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What makes its clips.
    pub const fn voice(&self) -> &Voice {
        &self.voice
    }

    /// Every clip that has to exist; [`ClipId`] is the index.
    pub fn clips(&self) -> &[ClipText] {
        &self.clips
    }

    /// The placeholders of this phrase, if the language knows it, in the order of the text.
    pub fn placeholders(&self, id: &str) -> Option<&[(String, ArgKind)]> {
        self.phrases.get(id).map(|pattern| pattern.slots.as_slice())
    }

    /// The plural forms that this phrase has, and those that it lacks though the language tells them apart: `None` for
    /// a phrase whose words do not go by a number.
    pub fn plural_forms(&self, id: &str) -> Option<(Vec<&str>, Vec<&str>)> {
        let pattern = self.phrases.get(id).filter(|pattern| pattern.plural_by.is_some())?;
        let has = pattern.forms.keys().map(String::as_str).collect();
        let told = self.plurals.iter().map(|rule| rule.form.as_str());
        Some((has, told.filter(|form| !pattern.forms.contains_key(*form)).collect()))
    }

    /// Whether its words go by numbers at all.
    pub fn has_plurals(&self) -> bool {
        !self.plurals.is_empty()
    }

    /// The ids of all phrases.
    pub fn phrase_ids(&self) -> impl Iterator<Item = &str> {
        self.phrases.keys().map(String::as_str)
    }

    /// The clips and pauses that say this phrase, with a pause at its end.
    ///
    /// # Errors
    /// [`SpeechError`] when the language does not know the phrase, or a value is missing or cannot be said.
    pub fn render(&self, phrase: &Phrase) -> Result<Vec<Segment>, SpeechError> {
        let pattern = self.phrases.get(phrase.id).ok_or_else(|| SpeechError::UnknownPhrase {
            language: self.name.clone(),
            id: phrase.id.to_owned(),
        })?;
        let mut out = Vec::new();
        for piece in self.form(phrase, pattern)? {
            match piece {
                Piece::Words(clip) => out.push(Segment::Clip(*clip)),
                Piece::Slot(name, kind, form) => match value(phrase, name, *kind)? {
                    Arg::Digits(digits) => self.digits.say(digits, &mut out)?,
                    Arg::Number(number) => self.numbers.say(*number, form.as_deref(), &mut out)?,
                    Arg::Time(hour, minute) => {
                        if let Some(times) = &self.times {
                            times.say((*hour, *minute), &self.numbers, &mut out)?;
                        }
                    }
                    Arg::Date(weekday, month, day) => {
                        if let Some(dates) = &self.dates {
                            dates.say((*weekday, *month, *day), &mut out)?;
                        }
                    }
                },
            }
        }
        out.push(Segment::Pause(self.gap));
        Ok(out)
    }

    fn form<'a>(&self, phrase: &Phrase, pattern: &'a Pattern) -> Result<&'a [Piece], SpeechError> {
        let mut form = OTHER;
        if let Some(by) = &pattern.plural_by
            && let Arg::Number(number) = value(phrase, by, ArgKind::Number)?
        {
            let rule = self.plurals.iter().find(|rule| rule.fits(*number));
            form = rule.map_or(OTHER, |rule| rule.form.as_str());
        }
        let pieces = pattern.forms.get(form).or_else(|| pattern.forms.get(OTHER));
        Ok(pieces.map_or(&[], Vec::as_slice))
    }
}

fn value<'a>(phrase: &'a Phrase, name: &str, kind: ArgKind) -> Result<&'a Arg, SpeechError> {
    let found = phrase.args.iter().find(|(given, value)| *given == name && value.kind() == kind);
    found.map(|(_, value)| value).ok_or_else(|| SpeechError::MissingValue {
        id: phrase.id.to_owned(),
        name: name.to_owned(),
        kind,
    })
}

impl Pattern {
    fn new(id: &str, text: PhraseText, plurals: &[PluralText], clips: &mut Clips) -> Result<Self, String> {
        if id.is_empty() || !id.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-') {
            return Err("an id has lower-case letters and hyphens only".to_owned());
        }
        let (plural_by, texts) = match text {
            PhraseText::Plain(text) => (None, BTreeMap::from([(OTHER.to_owned(), text)])),
            PhraseText::Plural { by, forms } => (Some(by), forms),
        };
        if !texts.contains_key(OTHER) {
            return Err(format!("the form {OTHER:?} is missing"));
        }
        let mut forms = BTreeMap::new();
        for (form, text) in &texts {
            if form != OTHER && !plurals.iter().any(|rule| rule.form == *form) {
                return Err(format!("[[plurals]] has no form {form:?}"));
            }
            let stem = if plural_by.is_some() { format!("{id}.{form}") } else { id.to_owned() };
            forms.insert(form.clone(), pieces(&stem, text, clips)?);
        }
        let slots = forms.get(OTHER).map(|pieces| slots(pieces)).unwrap_or_default();
        for (form, pieces) in &forms {
            // One message need not be said to be one: "a message".
            let single = plurals.iter().any(|rule| rule.form == *form && rule.is_single());
            let leaves_out = |slot: &&(String, ArgKind)| single && Some(&slot.0) == plural_by.as_ref();
            let found = self::slots(pieces);
            if !slots.iter().filter(|slot| found.contains(slot) || !leaves_out(slot)).eq(&found) {
                return Err("its forms have different placeholders".to_owned());
            }
        }
        if let Some(by) = &plural_by
            && !slots.contains(&(by.clone(), ArgKind::Number))
        {
            return Err(format!("the plural goes by {by:?}, which is no number in it"));
        }
        Ok(Self { slots, plural_by, forms })
    }

    fn check_forms(self, numbers: &Numbers) -> Result<Self, String> {
        for piece in self.forms.values().flatten() {
            match piece {
                Piece::Slot(_, ArgKind::Number, Some(form)) => numbers.check_form(form)?,
                Piece::Slot(name, _, Some(form)) => {
                    return Err(format!("{{{name}}} is no number: it has no form {form:?}"));
                }
                _ => {}
            }
        }
        Ok(self)
    }
}

/// The placeholders of a text, in the order of their names.
fn slots(pieces: &[Piece]) -> Vec<(String, ArgKind)> {
    let slot = |piece: &Piece| match piece {
        Piece::Words(_) => None,
        Piece::Slot(name, kind, _) => Some((name.clone(), *kind)),
    };
    let mut found: Vec<_> = pieces.iter().filter_map(slot).collect();
    found.sort_by(|a, b| a.0.cmp(&b.0));
    found
}

/// Cuts a text at its placeholders: `{name:digits}`, `{name:number}`, `{name:time}` or `{name:date}`; a number may
/// name its form, `{name:number:form}`.
fn pieces(stem: &str, text: &str, clips: &mut Clips) -> Result<Vec<Piece>, String> {
    let mut pieces = Vec::new();
    let mut rest = text;
    let whole = !text.contains('{');
    let mut count = 0;
    loop {
        let (words, slot) = match rest.split_once('{') {
            Some((words, after)) => (words, Some(after)),
            None => (rest, None),
        };
        let words = words.trim();
        if words.contains(char::is_alphanumeric) {
            count += 1;
            let name = if whole { stem.to_owned() } else { format!("{stem}.{count}") };
            pieces.push(Piece::Words(clips.add(name, words)));
        }
        let Some(slot) = slot else { break };
        let (slot, after) = slot.split_once('}').ok_or("a { has no }")?;
        let mut parts = slot.splitn(3, ':');
        let (name, kind, form) = (parts.next(), parts.next(), parts.next());
        let kind = match kind {
            Some("digits") => ArgKind::Digits,
            Some("number") => ArgKind::Number,
            Some("time") => ArgKind::Time,
            Some("date") => ArgKind::Date,
            _ => return Err(format!("{{{slot}}}: write {{name:digits}}, :number, :time or :date")),
        };
        pieces.push(Piece::Slot(name.unwrap_or_default().to_owned(), kind, form.map(str::to_owned)));
        rest = after;
    }
    if pieces.is_empty() { Err("has no words".to_owned()) } else { Ok(pieces) }
}
