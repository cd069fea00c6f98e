//! Which clips a build need not make again: the file `made` beside the clips, one line for each.
//!
//! A line names the clip, a hash of its words and of the voice, and a hash of the file. A clip whose line is there is
//! what a build would make. Two versions of the file may be merged line by line: what does not hold is made again.

use std::collections::BTreeSet;
use std::path::Path;

use sha2::{Digest as _, Sha256};

use super::{BuildError, RATE, at, write_if_changed};
use crate::speech::{ClipText, Voice};

/// To be counted up when a build makes other sound of the same words.
const RECIPE: u32 = 1;
const FILE: &str = "made";
const HEAD: &str = "# Written by `aftertone prompts build`: clip, hash of words and voice, hash of the file.";

/// The lines.
#[derive(Debug, Default)]
pub(super) struct Made(BTreeSet<String>);

impl Made {
    /// The file of a language; without it nothing was made yet.
    pub(super) fn read(folder: &Path) -> Result<Self, BuildError> {
        let path = folder.join(FILE);
        match std::fs::read_to_string(&path) {
            Ok(text) => Ok(Self(text.lines().map(str::to_owned).collect())),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Self::default()),
            Err(error) => Err(at(&path)(error)),
        }
    }

    pub(super) fn write(&self, folder: &Path) -> Result<(), BuildError> {
        let mut text = format!("{HEAD}\n");
        for line in &self.0 {
            text.push_str(line);
            text.push('\n');
        }
        write_if_changed(&folder.join(FILE), text.as_bytes()).map(drop)
    }

    /// Whether this is the file that a build makes of these words with this voice.
    pub(super) fn has(&self, voice: &Voice, clip: &ClipText, file: &[u8]) -> bool {
        self.0.contains(&line(voice, clip, file))
    }

    /// Lines that were not looked at stay.
    pub(super) fn keep(&mut self, other: Self) {
        self.0.extend(other.0);
    }

    pub(super) fn add(&mut self, voice: &Voice, clip: &ClipText, file: &[u8]) {
        self.0.insert(line(voice, clip, file));
    }
}

fn line(voice: &Voice, clip: &ClipText, file: &[u8]) -> String {
    let Voice { synthesiser, voice: name, speed, pitch, bits, .. } = voice;
    let words = voice.reads(&clip.text);
    let recipe = format!("{RECIPE} {RATE} {synthesiser} {name} {speed:?} {pitch:?} {bits}\n{words}");
    format!("{} {} {}", clip.name, short(recipe.as_bytes()), short(file))
}

fn short(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().take(8).map(|byte| format!("{byte:02x}")).collect()
}
