//! A durable put into a local folder, in one go on one blocking thread. `objects` drives it; keys are checked there.

use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Write as _};
use std::path::{Path, PathBuf};

/// Halves that crashes may have left of puts of the same key, and that are cleared away at once.
const MOST_HALVES: u32 = 16;

/// Writes the object beside its place and moves it there; file and folder are synced when this returns.
///
/// An object that replaces one is synced before it is moved, so that a power cut leaves the old or the new one. Where there
/// was none, nobody knows the key before this returns: there both are synced afterwards, which costs the disk one commit
/// instead of two.
pub(super) fn put(folder: &Path, key: &str, bytes: &[u8]) -> io::Result<()> {
    let path = folder.join(key);
    let (half, mut file) = create(folder, key)?;
    let outcome = finish(&mut file, &half, &path, bytes);
    if outcome.is_err() {
        // Half an object on a full disk only makes it fuller; what cannot be removed is cleared away by the next put.
        let _ = fs::remove_file(&half);
    }
    outcome
}

fn finish(file: &mut File, half: &Path, path: &Path, bytes: &[u8]) -> io::Result<()> {
    file.write_all(bytes)?;
    let replaces = path.try_exists()?;
    if replaces {
        file.sync_all()?;
    }
    fs::rename(half, path)?;
    if !replaces {
        file.sync_all()?;
    }
    sync_above(path)
}

/// A file beside the object's place that nobody else writes.
fn create(folder: &Path, key: &str) -> io::Result<(PathBuf, File)> {
    for number in 1..=MOST_HALVES {
        let half = folder.join(format!("{key}#{number}"));
        let open = || OpenOptions::new().write(true).create_new(true).open(&half);
        let opened = match open() {
            Err(error) if error.kind() == ErrorKind::NotFound => {
                make_folder(half.parent().unwrap_or(folder))?;
                open()
            }
            opened => opened,
        };
        match opened {
            Ok(file) => return Ok((half, file)),
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
            Err(error) => return Err(error),
        }
    }
    Err(io::Error::new(ErrorKind::AlreadyExists, format!("{MOST_HALVES} unfinished puts of {key} lie there")))
}

/// Makes the folder and the folders above it, each entry synced.
pub(super) fn make_folder(folder: &Path) -> io::Result<()> {
    let missing: Vec<PathBuf> =
        folder.ancestors().take_while(|above| !above.exists()).map(Path::to_owned).collect();
    fs::create_dir_all(folder)?;
    missing.iter().try_for_each(|made| sync_above(made))
}

fn sync_above(path: &Path) -> io::Result<()> {
    match path.parent().filter(|parent| !parent.as_os_str().is_empty()) {
        Some(parent) => File::open(parent)?.sync_all(),
        None => Ok(()),
    }
}

/// A crash in the middle of a put leaves half a file beside the object; whoever puts the object again clears it away.
pub(super) fn clear_halves(folder: &Path, key: &str) {
    for number in 1..=MOST_HALVES {
        if fs::remove_file(folder.join(format!("{key}#{number}"))).is_err() {
            return;
        }
        tracing::info!("half an object, left by a crash, was cleared away");
    }
}
