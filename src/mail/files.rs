//! Mails as `.eml` files of a folder: for trying things out, for tests, and for machines that fetch mail from disk.
//!
//! A file is complete and synced before it has its name. The name holds the message's time and `Message-ID`, so the
//! same mail twice is one file.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use super::render::Mail;
use super::transport::Accepted;
use super::{MailError, text};

#[derive(Debug)]
pub(super) struct Folder {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    path: PathBuf,
    /// It was there when last looked at.
    is_there: AtomicBool,
    /// Mails that got their names.
    named: AtomicU64,
    /// Of these, those whose names are on the disk.
    synced: Mutex<u64>,
}

impl Folder {
    pub(super) fn new(path: PathBuf) -> Self {
        let (is_there, named, synced) = (AtomicBool::new(false), AtomicU64::new(0), Mutex::new(0));
        Self { shared: Arc::new(Shared { path, is_there, named, synced }) }
    }

    /// Makes the folder if it is missing. Not looked for again until a mail could not be written.
    pub(super) async fn ready(&self) -> Result<(), MailError> {
        if self.shared.is_there.load(Ordering::Relaxed) {
            return Ok(());
        }
        let shared = Arc::clone(&self.shared);
        blocking(move || {
            fs::create_dir_all(&shared.path).map_err(|error| refused(&shared.path, &error))?;
            shared.is_there.store(true, Ordering::Relaxed);
            Ok(())
        })
        .await
    }

    pub(super) async fn put(&self, mail: &Mail) -> Result<Accepted, MailError> {
        let shared = Arc::clone(&self.shared);
        let name = format!("{}.eml", mail.file_stem);
        let bytes = mail.bytes.clone();
        blocking(move || {
            shared.write(&name, &bytes).map_err(|error| {
                shared.is_there.store(false, Ordering::Relaxed);
                refused(&shared.path, &error)
            })?;
            Ok(Accepted { detail: format!("file {name}") })
        })
        .await
    }
}

impl Shared {
    fn write(&self, name: &str, bytes: &[u8]) -> io::Result<()> {
        let target = self.path.join(name);
        if !target.try_exists()? {
            let part = self.path.join(format!(".{name}.part"));
            // What a crash left of an earlier try may go: the lease lets only one worker make this mail.
            let mut file =
                OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&part)?;
            file.write_all(bytes)?;
            file.sync_all()?;
            fs::rename(&part, &target)?;
        }
        self.sync_names()
    }

    /// Who waits here while another syncs the folder finds that the next sync serves all that waited.
    fn sync_names(&self) -> io::Result<()> {
        let mine = self.named.fetch_add(1, Ordering::AcqRel) + 1;
        let mut synced = self.synced.lock().unwrap_or_else(PoisonError::into_inner);
        if *synced < mine {
            let all = self.named.load(Ordering::Acquire);
            File::open(&self.path)?.sync_all()?;
            *synced = all;
        }
        Ok(())
    }
}

/// A full disk or a missing mount heals; a folder that we may not write is for the operator.
fn refused(folder: &Path, error: &io::Error) -> MailError {
    let why = format!("the mail folder {} cannot be written: {error}", folder.display());
    match error.kind() {
        io::ErrorKind::PermissionDenied
        | io::ErrorKind::NotADirectory
        | io::ErrorKind::ReadOnlyFilesystem => MailError::config(why),
        _ => MailError::temporary(why),
    }
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, MailError> + Send + 'static,
) -> Result<T, MailError> {
    tokio::task::spawn_blocking(work)
        .await
        .unwrap_or_else(|error| Err(MailError::temporary(text::line(&error.to_string(), text::ERROR_LIMIT))))
}
