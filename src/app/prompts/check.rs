//! `aftertone prompts check`: everything that is wrong with the prompts, one fault each, with where and how to mend it.
//!
//! Looks at what [`PromptSet`] would load, but does not stop at the first fault. Driven by the command line.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::shape::{Measure, RATE};
use crate::audio::decode::{DecodeLimits, decode_upload};
use crate::flow::phrases::{self, Saying};
use crate::service::prompts::CLIP_ENDINGS;
use crate::speech::{ArgKind, EMBEDDED, Embedded, Language, SpeechError};

/// Why nothing could be checked.
#[derive(Debug, thiserror::Error)]
pub enum CheckError {
    /// The folder cannot be read.
    #[error("{path}: {source}")]
    Folder {
        /// Which.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The folder holds no language.
    #[error("{0} holds no language: expected <language>/phrases.toml in it")]
    Empty(PathBuf),
    /// There is no such language.
    #[error("there are no prompts in {name:?}: choose one of {known}")]
    Unknown {
        /// What was asked for.
        name: String,
        /// What there is.
        known: String,
    },
}

/// What a check found of one language.
#[derive(Debug, Clone, PartialEq)]
pub struct Checked {
    /// The language.
    pub language: String,
    /// Its clips.
    pub clips: usize,
    /// Length of all clips.
    pub length: Duration,
    /// What is wrong; nothing when it is complete.
    pub faults: Vec<Fault>,
}

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Fault {
    /// The file, and what in it.
    pub place: String,
    /// What is wrong.
    pub problem: String,
    /// How to mend it.
    pub remedy: String,
}

/// Where a language comes from.
enum Source {
    Embedded(&'static Embedded),
    Folder(PathBuf),
}

/// Checks every language (of the program, and of this folder instead or beside them), or the one that is named:
/// texts, grammar, and every clip, decoded and measured.
///
/// # Errors
/// [`CheckError`] when there is nothing to check. Faults are no errors.
pub fn check(folder: Option<&Path>, only: Option<&str>) -> Result<Vec<Checked>, CheckError> {
    let mut sources: BTreeMap<String, Source> =
        EMBEDDED.iter().map(|embedded| (embedded.name.to_owned(), Source::Embedded(embedded))).collect();
    if let Some(folder) = folder {
        let found = languages_in(folder)?;
        if found.is_empty() {
            return Err(CheckError::Empty(folder.to_owned()));
        }
        sources.extend(found);
    }
    if let Some(name) = only {
        let known = sources.keys().cloned().collect::<Vec<_>>().join(", ");
        sources.retain(|language, _| language == name);
        if sources.is_empty() {
            return Err(CheckError::Unknown { name: name.to_owned(), known });
        }
    }
    Ok(sources.into_iter().map(|(name, source)| source.check(name)).collect())
}

fn languages_in(folder: &Path) -> Result<BTreeMap<String, Source>, CheckError> {
    let unreadable = |source| CheckError::Folder { path: folder.to_owned(), source };
    let mut found = BTreeMap::new();
    for entry in std::fs::read_dir(folder).map_err(unreadable)? {
        let entry = entry.map_err(unreadable)?;
        if entry.path().join("phrases.toml").is_file() {
            let name = entry.file_name().to_string_lossy().into_owned();
            found.insert(name, Source::Folder(entry.path()));
        }
    }
    Ok(found)
}

impl Source {
    fn check(&self, name: String) -> Checked {
        let mut checked = Checked { language: name, clips: 0, length: Duration::ZERO, faults: Vec::new() };
        match self.language() {
            Ok(language) => {
                checked.faults.extend(self.texts(&language));
                checked.faults.extend(self.orphans(&language));
                self.sounds(&language, &mut checked);
            }
            Err(error) => {
                let problem = match error {
                    SpeechError::BadLanguage { problem, .. } => problem,
                    other => other.to_string(),
                };
                checked.faults.push(Fault {
                    place: self.place("phrases.toml"),
                    problem,
                    remedy: "mend it there".to_owned(),
                });
            }
        }
        checked
    }

    fn language(&self) -> Result<Language, SpeechError> {
        match self {
            Self::Embedded(embedded) => Language::embedded(embedded),
            Self::Folder(folder) => Language::load(folder),
        }
    }

    /// A file of the language, as people find it.
    fn place(&self, file: &str) -> String {
        match self {
            Self::Embedded(embedded) => format!("prompts/{}/{file}", embedded.name),
            Self::Folder(folder) => folder.join(file).display().to_string(),
        }
    }

    /// Phrases that dialogues say and the texts lack, or say otherwise; and those that nobody says.
    fn texts(&self, language: &Language) -> Vec<Fault> {
        let english = EMBEDDED.iter().find(|embedded| embedded.name == "en");
        let english = english.and_then(|embedded| Language::embedded(embedded).ok());
        let mut faults = Vec::new();
        let mut fault = |id: &str, problem: String, remedy: String| {
            faults.push(Fault { place: format!("{}, {id}", self.place("phrases.toml")), problem, remedy });
        };
        for saying in phrases::all() {
            if let Some((problem, remedy)) = wording(language, english.as_ref(), saying) {
                fault(saying.id, problem, remedy);
            }
        }
        let said: BTreeSet<&str> = phrases::all().map(|saying| saying.id).collect();
        for id in language.phrase_ids().filter(|id| !said.contains(id)) {
            fault(id, "no call says this phrase".to_owned(), "remove it, or correct its name".to_owned());
        }
        faults
    }

    /// Every clip that the texts need: is it there, is it sound, is it like the others?
    fn sounds(&self, language: &Language, checked: &mut Checked) {
        for clip in language.clips() {
            let mut fault = |problem: String, remedy: String| {
                let place = format!("{}, {:?}", self.place(&format!("clips/{}", clip.name)), clip.text);
                checked.faults.push(Fault { place, problem, remedy });
            };
            let build = format!("aftertone prompts build --lang {}", language.name());
            let Some(bytes) = self.bytes(&clip.name) else {
                fault("the clip is missing".to_owned(), format!("run {build}, or record it"));
                continue;
            };
            let decoded = match bytes.and_then(|bytes| {
                decode_upload(bytes, DecodeLimits::default()).map_err(|error| error.to_string())
            }) {
                Ok(decoded) => decoded,
                Err(problem) => {
                    fault(problem, format!("run {build}, or record it again"));
                    continue;
                }
            };
            let measure = Measure::of(&decoded.samples, decoded.rate);
            let rate = (decoded.rate != RATE).then(|| format!("{} Hz instead of {RATE}", decoded.rate));
            for problem in rate.into_iter().chain(measure.remarks()) {
                let remedy = "bring it in with aftertone prompts import, which trims and levels";
                fault(problem, format!("{remedy}; or run {build} --anew"));
            }
            checked.clips += 1;
            checked.length += Duration::from_secs(decoded.samples.len() as u64) / decoded.rate.max(1);
        }
    }

    /// The file of a clip, if there is one.
    fn bytes(&self, clip: &str) -> Option<Result<Vec<u8>, String>> {
        match self {
            Self::Embedded(embedded) => {
                embedded.clips.iter().find(|(name, _)| *name == clip).map(|(_, bytes)| Ok(bytes.to_vec()))
            }
            Self::Folder(folder) => CLIP_ENDINGS
                .iter()
                .map(|ending| folder.join("clips").join(format!("{clip}.{ending}")))
                .find(|path| path.is_file())
                .map(|path| std::fs::read(path).map_err(|error| error.to_string())),
        }
    }

    /// Clips that nobody plays.
    fn orphans(&self, language: &Language) -> Vec<Fault> {
        let needed: BTreeSet<&str> = language.clips().iter().map(|clip| clip.name.as_str()).collect();
        let mut seen = BTreeSet::new();
        let mut faults = Vec::new();
        for file in self.files() {
            let clip = CLIP_ENDINGS.iter().find_map(|ending| file.strip_suffix(ending)?.strip_suffix('.'));
            let problem = match clip {
                Some(clip) if !needed.contains(clip) => "no phrase needs this clip",
                Some(clip) if !seen.insert(clip.to_owned()) => {
                    "the clip is there twice, and this one is not played"
                }
                Some(_) => continue,
                None => "this is no clip",
            };
            let place = self.place(&format!("clips/{file}"));
            faults.push(Fault { place, problem: problem.to_owned(), remedy: "remove the file".to_owned() });
        }
        faults
    }

    /// Names of the files of clips, those first that are played.
    fn files(&self) -> Vec<String> {
        let mut files: Vec<String> = match self {
            Self::Embedded(embedded) => {
                embedded.clips.iter().map(|(name, _)| format!("{name}.flac")).collect()
            }
            Self::Folder(folder) => std::fs::read_dir(folder.join("clips"))
                .into_iter()
                .flatten()
                .flatten()
                .map(|entry| entry.file_name().to_string_lossy().into_owned())
                .collect(),
        };
        files.sort_by_key(|file| {
            (CLIP_ENDINGS.iter().position(|ending| file.ends_with(ending)), file.clone())
        });
        files
    }
}

/// What is wrong with the words of a phrase, and how to mend it.
fn wording(language: &Language, english: Option<&Language>, saying: Saying) -> Option<(String, String)> {
    let needed = || {
        let kinds = saying.args.iter().map(|(name, kind)| format!("{{{name}:{}}}", kind.as_str()));
        let kinds = kinds.collect::<Vec<_>>().join(" and ");
        if kinds.is_empty() { "without placeholders".to_owned() } else { format!("with {kinds}") }
    };
    let Some(found) = language.placeholders(saying.id) else {
        return Some(("the phrase is missing".to_owned(), format!("add it, {}", needed())));
    };
    if !found.iter().map(|(name, kind)| (name.as_str(), *kind)).eq(saying.args.iter().copied()) {
        return Some((
            "its placeholders are not those that calls fill".to_owned(),
            format!("write it {}", needed()),
        ));
    }
    let forms = language.plural_forms(saying.id);
    if let Some((_, lacks)) = &forms
        && let Some(form) = lacks.first()
    {
        return Some((format!("its plural form {form:?} is missing"), format!("add {form} = \"…\"")));
    }
    let by = english.and_then(|english| english.plural_forms(saying.id));
    let number = saying.args.iter().find(|(_, kind)| *kind == ArgKind::Number);
    if let (None, Some(_), true, Some((name, _))) = (forms, by, language.has_plurals(), number) {
        let remedy = format!("make it [phrases.{}] with by = {name:?} and a text for each form", saying.id);
        return Some(("it says one and several alike".to_owned(), remedy));
    }
    None
}
