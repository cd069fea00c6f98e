//! `aftertone prompts import`: clips that people recorded take the place of the spoken-by-machine ones.
//!
//! The recordings come from a folder: one file a clip, named by the clip, or laid out like the core sounds of Asterisk.
//! Only what means the same is taken from there. Decodes behind the guard of uploads, and needs no other program. The
//! result is a prompt folder for `voicemail.prompts`; what was not recorded stays as it was. Driven by the command line.

use std::path::{Path, PathBuf};

use super::shape::{RATE, shape};
use crate::audio::decode::{DecodeLimits, decode_upload};
use crate::audio::{resample, wav};
use crate::speech::{EMBEDDED, Language, SpeechError};

/// Kinds of files that are looked for, best first.
const ENDINGS: [&str; 4] = ["wav", "flac", "ogg", "mp3"];
/// A clip of a minute in the largest of these kinds.
const MOST_BYTES: u64 = 16 << 20;
const MOST_SECONDS: u32 = 60;

/// English clips and the file of Asterisk's core sounds that says the same. Words of numbers are beside it.
const SAME_MEANING: &[(&str, &str)] = &[
    ("goodbye", "vm-goodbye"),
    ("greeting-extension.1", "vm-theperson"),
    ("greeting-extension.2", "vm-isunavail"),
    ("greeting-busy-extension.1", "vm-theperson"),
    ("greeting-busy-extension.2", "vm-isonphone"),
    ("greeting-name", "vm-isunavail"),
    ("greeting-busy-name", "vm-isonphone"),
    ("instructions", "vm-intro"),
    ("mailbox-full", "vm-mailboxfull"),
    ("urgent-on", "vm-marked-urgent"),
    ("word.plus", "letters/plus"),
    ("word.star", "digits/star"),
    ("word.pound", "digits/pound"),
    ("word.hundred", "digits/hundred"),
    ("word.thousand", "digits/thousand"),
];

/// The number that an English clip says, as `digits/<n>` does.
const NUMBERS: &[(&str, u8)] = &[
    ("zero", 0),
    ("one", 1),
    ("two", 2),
    ("three", 3),
    ("four", 4),
    ("five", 5),
    ("six", 6),
    ("seven", 7),
    ("eight", 8),
    ("nine", 9),
    ("ten", 10),
    ("eleven", 11),
    ("twelve", 12),
    ("thirteen", 13),
    ("fourteen", 14),
    ("fifteen", 15),
    ("sixteen", 16),
    ("seventeen", 17),
    ("eighteen", 18),
    ("nineteen", 19),
    ("twenty", 20),
    ("thirty", 30),
    ("forty", 40),
    ("fifty", 50),
    ("sixty", 60),
    ("seventy", 70),
    ("eighty", 80),
    ("ninety", 90),
];

/// Why nothing was imported.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// The texts of the language are wrong: mend them.
    #[error(transparent)]
    Speech(#[from] SpeechError),
    /// Neither built in nor in the folder.
    #[error("the language {name:?} is neither built in nor in {folder}: write its phrases.toml there first")]
    NoLanguage {
        /// Its name.
        name: String,
        /// Where its `phrases.toml` was looked for.
        folder: PathBuf,
    },
    /// The target is the folder that the program itself is built from.
    #[error("{0} is where the built-in clips are made: choose another folder with --dir")]
    BuiltIn(PathBuf),
    /// Not one file fits.
    #[error("{0} holds no recording of a clip: name each file by its clip, for example goodbye.wav")]
    Nothing(PathBuf),
    /// A file cannot be read or written.
    #[error("{path}: {source}")]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
}

/// What an import did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Imported {
    /// Clips that are people's voices now, with the file each came from.
    pub taken: Vec<(String, PathBuf)>,
    /// Clips for which there was no file; they stay as they were.
    pub missing: Vec<String>,
    /// Files that could not be used, and why; their clips stay as they were.
    pub refused: Vec<(PathBuf, String)>,
}

/// Takes the recordings of `from` into `<root>/<name>/clips`. A language that `root` does not hold yet is begun with
/// the built-in texts and clips.
///
/// # Errors
/// [`ImportError`]; clips that were taken before it stay.
pub fn import(from: &Path, root: &Path, name: &str) -> Result<Imported, ImportError> {
    let folder = root.join(name);
    if folder.join("clips.rs").exists() {
        return Err(ImportError::BuiltIn(folder));
    }
    std::fs::read_dir(from).map_err(at(from))?;
    begin(&folder, name)?;
    let language = Language::load(&folder)?;
    let mut imported = Imported::default();
    for clip in language.clips() {
        let Some(file) = find(from, name, &clip.name) else {
            imported.missing.push(clip.name.clone());
            continue;
        };
        match read(&file) {
            Ok(sound) => {
                put(&folder.join("clips"), &clip.name, &sound)?;
                imported.taken.push((clip.name.clone(), file));
            }
            Err(problem) => imported.refused.push((file, problem)),
        }
    }
    if imported.taken.is_empty() && imported.refused.is_empty() {
        return Err(ImportError::Nothing(from.to_owned()));
    }
    Ok(imported)
}

/// Makes the folder of a built-in language, unless it is there.
fn begin(folder: &Path, name: &str) -> Result<(), ImportError> {
    let texts = folder.join("phrases.toml");
    if texts.is_file() {
        return Ok(());
    }
    let built_in = EMBEDDED.iter().find(|language| language.name == name);
    let built_in = built_in
        .ok_or_else(|| ImportError::NoLanguage { name: name.to_owned(), folder: folder.to_owned() })?;
    let clips = folder.join("clips");
    std::fs::create_dir_all(&clips).map_err(at(&clips))?;
    for (clip, bytes) in built_in.clips {
        let path = clips.join(format!("{clip}.flac"));
        std::fs::write(&path, bytes).map_err(at(&path))?;
    }
    std::fs::write(&texts, built_in.phrases).map_err(at(&texts))
}

/// The recording of a clip: by its own name before the other layout.
fn find(from: &Path, language: &str, clip: &str) -> Option<PathBuf> {
    let other = if language == "en" { elsewhere(clip) } else { None };
    let stems = std::iter::once(clip.to_owned()).chain(other);
    stems
        .flat_map(|stem| ENDINGS.iter().map(move |ending| format!("{stem}.{ending}")))
        .map(|file| from.join(file))
        .find(|path| path.is_file())
}

/// Where Asterisk's core sounds say the same.
fn elsewhere(clip: &str) -> Option<String> {
    if let Some((_, file)) = SAME_MEANING.iter().find(|(ours, _)| *ours == clip) {
        return Some((*file).to_owned());
    }
    let word = clip.strip_prefix("word.")?;
    NUMBERS.iter().find(|(number, _)| *number == word).map(|(_, number)| format!("digits/{number}"))
}

/// A recording as a WAV file of ours: mono, at the rate and loudness of all clips. The error says what is wrong.
fn read(path: &Path) -> Result<Vec<u8>, String> {
    let size = std::fs::metadata(path).map_err(|error| error.to_string())?.len();
    if size > MOST_BYTES {
        return Err(format!("it has {size} bytes; a clip has {MOST_BYTES} at most"));
    }
    let bytes = std::fs::read(path).map_err(|error| error.to_string())?;
    let limits = DecodeLimits { max_seconds: MOST_SECONDS, ..DecodeLimits::default() };
    let decoded = decode_upload(bytes, limits).map_err(|error| error.to_string())?;
    let samples = shape(&resample::resample(&decoded.samples, decoded.rate, RATE))?;
    wav::write(&samples, RATE).map_err(|error| error.to_string())
}

/// The new clip first, then away with the old one, so that a loader always finds one.
fn put(clips: &Path, name: &str, sound: &[u8]) -> Result<(), ImportError> {
    let (new, old) = (clips.join(format!("{name}.wav")), clips.join(format!("{name}.flac")));
    std::fs::create_dir_all(clips).map_err(at(clips))?;
    std::fs::write(&new, sound).map_err(at(&new))?;
    match std::fs::remove_file(&old) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(ImportError::File { path: old, source: error })
        }
        _ => Ok(()),
    }
}

fn at(path: &Path) -> impl FnOnce(std::io::Error) -> ImportError {
    move |source| ImportError::File { path: path.to_owned(), source }
}
