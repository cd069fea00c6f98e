//! `aftertone prompts build`: the clips of a language, made from its texts; only those whose words or voice changed.
//! Recordings of people come in by [`import()`], and [`check()`] finds what is wrong with a set.
//!
//! Runs a speech synthesiser of the system (flite or espeak-ng) and `sox` for FLAC, each with plain arguments and
//! never through a shell. The result depends on nothing but the texts and those programs. Not needed to run the server:
//! the clips are part of it. Driven by the command line.

mod check;
mod import;
mod made;
mod shape;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

pub use self::check::{CheckError, Checked, Fault, check};
pub use self::import::{ImportError, Imported, import};
use self::made::Made;
pub use self::shape::{Measure, RATE};
use crate::audio::decode::{DecodeLimits, decode_upload};
use crate::audio::{resample, wav};
use crate::speech::{ClipText, Language, SpeechError, Voice};

/// Why clips could not be built.
#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    /// The texts are wrong: mend them.
    #[error(transparent)]
    Speech(#[from] SpeechError),
    /// A program is missing or does not start.
    #[error("{program} cannot be run ({source}): install it, on Debian with apt-get install {program}")]
    NoProgram {
        /// Its name.
        program: &'static str,
        /// Why.
        source: std::io::Error,
    },
    /// A program refused.
    #[error("{program} failed on {clip:?}: {message}")]
    Program {
        /// Its name.
        program: &'static str,
        /// What it was to make.
        clip: String,
        /// What it said.
        message: String,
    },
    /// What a program made is no speech that can be used.
    #[error("the sound of {clip:?} cannot be used: {problem}")]
    BadSound {
        /// The clip.
        clip: String,
        /// What is wrong.
        problem: String,
    },
    /// A file cannot be read or written.
    #[error("{path}: {source}")]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
}

/// What a build did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Built {
    /// Clips of the language.
    pub clips: usize,
    /// Clips that were spoken now; the others were there already.
    pub spoken: usize,
    /// Files that are new or different.
    pub written: usize,
    /// Files of clips that are no longer needed.
    pub removed: usize,
    /// Length of all clips.
    pub length: Duration,
    /// Size of all files.
    pub bytes: u64,
}

/// Makes the clips of `<root>/<language>/phrases.toml` that `<root>/<language>/clips/` lacks, or all of them anew;
/// removes those that no text needs, and writes the list `clips.rs` by which the program embeds them. Building twice
/// changes nothing.
///
/// # Errors
/// [`BuildError`]; clips that were made before it stay.
pub fn build(root: &Path, language: &str, anew: bool) -> Result<Built, BuildError> {
    let folder = root.join(language);
    let language = Language::load(&folder)?;
    let clips = folder.join("clips");
    let work = folder.join(".building");
    std::fs::create_dir_all(&clips).map_err(at(&clips))?;
    std::fs::create_dir_all(&work).map_err(at(&work))?;
    let before = if anew { Made::default() } else { Made::read(&folder)? };
    let mut made = Made::default();
    let built = build_all(&language, &before, &mut made, &clips, &work);
    std::fs::remove_dir_all(&work).map_err(at(&work))?;
    if built.is_err() {
        made.keep(before);
    }
    made.write(&folder)?;
    let mut built = built?;
    built.removed = remove_stale(&language, &clips)?;
    write_if_changed(&folder.join("clips.rs"), index(&language).as_bytes())?;
    Ok(built)
}

fn build_all(
    language: &Language,
    before: &Made,
    made: &mut Made,
    clips: &Path,
    work: &Path,
) -> Result<Built, BuildError> {
    let mut built = Built::default();
    let voice = language.voice();
    for clip in language.clips() {
        let path = clips.join(format!("{}.flac", clip.name));
        let (bytes, samples) = match std::fs::read(&path).ok().filter(|old| before.has(voice, clip, old)) {
            Some(old) => {
                let samples = samples_of(clip, &old)?;
                (old, samples)
            }
            None => {
                let samples = speak(voice, clip, work)?;
                built.spoken += 1;
                (to_flac(clip, &samples, work)?, samples)
            }
        };
        built.clips += 1;
        built.bytes += bytes.len() as u64;
        built.length += Duration::from_secs(samples.len() as u64) / RATE;
        built.written += usize::from(write_if_changed(&path, &bytes)?);
        made.add(voice, clip, &bytes);
    }
    Ok(built)
}

/// The words as samples at [`RATE`], trimmed and levelled.
fn speak(voice: &Voice, clip: &ClipText, work: &Path) -> Result<Vec<i16>, BuildError> {
    let (text, sound) = (work.join("text.txt"), work.join("speech.wav"));
    std::fs::write(&text, voice.reads(&clip.text)).map_err(at(&text))?;
    let program = if voice.synthesiser == "flite" { "flite" } else { "espeak-ng" };
    let mut command = Command::new(program);
    match program {
        "flite" => command.arg("-voice").arg(&voice.voice).arg("-f").arg(&text).arg("-o").arg(&sound),
        _ => command.args(["-b", "1", "-v"]).arg(&voice.voice).arg("-f").arg(&text).arg("-w").arg(&sound),
    };
    for (option, value) in [("-s", voice.speed), ("-p", voice.pitch.map(u16::from))] {
        if let Some(value) = value {
            command.arg(option).arg(value.to_string());
        }
    }
    run(program, command, clip)?;
    let bytes = std::fs::read(&sound).map_err(at(&sound))?;
    let bad = |problem: String| BuildError::BadSound { clip: clip.name.clone(), problem };
    let raw = wav::read(&bytes).map_err(|error| bad(error.to_string()))?;
    let mut samples = shape::shape(&resample::resample(&raw.samples, raw.rate, RATE))
        .map_err(|problem| bad(problem.to_owned()))?;
    shape::coarsen(&mut samples, voice.bits);
    Ok(samples)
}

/// The samples as a FLAC file; what comes out of it again is compared with what went in.
fn to_flac(clip: &ClipText, samples: &[i16], work: &Path) -> Result<Vec<u8>, BuildError> {
    let bad = |problem: String| BuildError::BadSound { clip: clip.name.clone(), problem };
    let (from, to) = (work.join("shaped.wav"), work.join("shaped.flac"));
    let bytes = wav::write(samples, RATE).map_err(|error| bad(error.to_string()))?;
    std::fs::write(&from, bytes).map_err(at(&from))?;
    let mut command = Command::new("sox");
    command.arg("--no-dither").arg(&from).args(["--comment", "", "-C", "8"]).arg(&to);
    run("sox", command, clip)?;
    let bytes = std::fs::read(&to).map_err(at(&to))?;
    if samples_of(clip, &bytes)? != samples {
        return Err(bad("FLAC does not give back what was put in".to_owned()));
    }
    Ok(bytes)
}

/// What is in a FLAC file of ours.
fn samples_of(clip: &ClipText, bytes: &[u8]) -> Result<Vec<i16>, BuildError> {
    let bad = |problem: String| BuildError::BadSound { clip: clip.name.clone(), problem };
    let decoded =
        decode_upload(bytes.to_vec(), DecodeLimits::default()).map_err(|error| bad(error.to_string()))?;
    if decoded.rate == RATE { Ok(decoded.samples) } else { Err(bad(format!("{} Hz", decoded.rate))) }
}

fn run(program: &'static str, mut command: Command, clip: &ClipText) -> Result<(), BuildError> {
    let output = command.output().map_err(|source| BuildError::NoProgram { program, source })?;
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    let message = said.lines().last().unwrap_or("it said nothing").trim().to_owned();
    Err(BuildError::Program { program, clip: clip.name.clone(), message })
}

fn remove_stale(language: &Language, clips: &Path) -> Result<usize, BuildError> {
    let wanted: BTreeSet<String> =
        language.clips().iter().map(|clip| format!("{}.flac", clip.name)).collect();
    let mut removed = 0;
    for entry in std::fs::read_dir(clips).map_err(at(clips))? {
        let entry = entry.map_err(at(clips))?;
        let path = entry.path();
        let ours = path.extension().is_some_and(|ending| ending == "flac");
        if ours && !wanted.contains(&*entry.file_name().to_string_lossy()) {
            std::fs::remove_file(&path).map_err(at(&path))?;
            removed += 1;
        }
    }
    Ok(removed)
}

/// The list by which `src/speech/embedded.rs` takes the clips into the program.
fn index(language: &Language) -> String {
    let mut names: Vec<&str> = language.clips().iter().map(|clip| clip.name.as_str()).collect();
    names.sort_unstable();
    let mut text = String::from("// Written by `aftertone prompts build`.\n&[\n");
    for name in names {
        text.push_str(&format!("    (\"{name}\", include_bytes!(\"clips/{name}.flac\")),\n"));
    }
    text.push_str("]\n");
    text
}

/// Whether the file had to be written.
fn write_if_changed(path: &Path, bytes: &[u8]) -> Result<bool, BuildError> {
    if std::fs::read(path).is_ok_and(|old| old == bytes) {
        return Ok(false);
    }
    std::fs::write(path, bytes).map_err(at(path))?;
    Ok(true)
}

fn at(path: &Path) -> impl FnOnce(std::io::Error) -> BuildError {
    move |source| BuildError::File { path: path.to_owned(), source }
}

#[cfg(test)]
mod tests;
