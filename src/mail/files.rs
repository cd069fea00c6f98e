//! Mails as `.eml` files of a folder: for trying things out, for tests, and for machines that fetch mail from disk.
//!
//! A file is complete and synced before it has its name. The name holds the message's time and `Message-ID`, so the
//! same mail twice is one file.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use super::render::Mail;
use super::transport::Accepted;
use super::{MailError, text};

#[derive(Debug)]
pub(super) struct Folder {
    path: PathBuf,
}

impl Folder {
    pub(super) const fn new(path: PathBuf) -> Self {
        Self { path }
    }

    /// Makes the folder if it is missing.
    pub(super) async fn ready(&self) -> Result<(), MailError> {
        let path = self.path.clone();
        blocking(move || fs::create_dir_all(&path).map_err(|error| refused(&path, &error))).await
    }

    pub(super) async fn put(&self, mail: &Mail) -> Result<Accepted, MailError> {
        let folder = self.path.clone();
        let name = format!("{}.eml", mail.file_stem);
        let bytes = mail.bytes.clone();
        blocking(move || {
            write(&folder, &name, &bytes).map_err(|error| refused(&folder, &error))?;
            Ok(Accepted { detail: format!("file {name}") })
        })
        .await
    }
}

fn write(folder: &Path, name: &str, bytes: &[u8]) -> io::Result<()> {
    let target = folder.join(name);
    if target.try_exists()? {
        return Ok(());
    }
    let part = folder.join(format!(".{name}.part"));
    // What a crash left of an earlier try may go: the lease lets only one worker make this mail.
    let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&part)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    fs::rename(&part, &target)?;
    File::open(folder)?.sync_all()
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
