//! The few file operations that the spool needs, behind a trait so that tests can have full, broken and unplugged disks.
//!
//! Names are plain file names inside the spool folder, made by us from ids.

use std::fmt::Debug;
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::SpoolError;

/// Where recordings that cannot be made into messages are put aside.
pub(super) const QUARANTINE: &str = "quarantine";
const LOCK: &str = ".lock";

/// An open spool file.
pub(super) trait DiskFile: Debug + Send + Sync {
    /// Appends some of `bytes`; may be fewer than all.
    fn append(&self, bytes: &[u8]) -> io::Result<usize>;
    /// Cuts the file.
    fn set_len(&self, len: u64) -> io::Result<()>;
    /// Returns once the content is on the disk.
    fn sync(&self) -> io::Result<()>;
}

/// The spool folder.
pub(super) trait Disk: Debug + Send + Sync + 'static {
    /// Makes a file that must not be there yet.
    fn create(&self, name: &str) -> io::Result<Arc<dyn DiskFile>>;
    /// Opens a file for appending.
    fn open(&self, name: &str) -> io::Result<Arc<dyn DiskFile>>;
    /// The whole content.
    fn read(&self, name: &str) -> io::Result<Vec<u8>>;
    /// Bytes of a file.
    fn size(&self, name: &str) -> io::Result<u64>;
    /// The names of all files.
    fn list(&self) -> io::Result<Vec<String>>;
    /// Unlinks a file.
    fn remove(&self, name: &str) -> io::Result<()>;
    /// Moves a file to the quarantine, durably.
    fn quarantine(&self, name: &str) -> io::Result<()>;
    /// Returns once the folder's entries are on the disk.
    fn sync_folder(&self) -> io::Result<()>;
    /// Returns once everything that was written is on the disk, all files at once.
    fn sync_all(&self) -> io::Result<()>;
}

/// The real disk. Holds a lock on the folder as long as it lives.
#[derive(Debug)]
pub(super) struct OsDisk {
    folder: PathBuf,
    handle: File,
    _lock: File,
}

impl OsDisk {
    /// Opens the folder, made if missing, and takes its lock.
    pub(super) fn open(folder: &Path) -> Result<Self, SpoolError> {
        let disk = |error: io::Error| SpoolError::Disk { path: folder.to_owned(), why: error.to_string() };
        std::fs::create_dir_all(folder.join(QUARANTINE)).map_err(disk)?;
        let lock = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .open(folder.join(LOCK))
            .map_err(disk)?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(SpoolError::Taken(folder.to_owned())),
            Err(TryLockError::Error(error)) => return Err(disk(error)),
        }
        let handle = File::open(folder).map_err(disk)?;
        handle.sync_all().map_err(disk)?;
        if let Some(parent) = folder.parent().filter(|parent| !parent.as_os_str().is_empty()) {
            File::open(parent).and_then(|parent| parent.sync_all()).map_err(disk)?;
        }
        Ok(Self { folder: folder.to_owned(), handle, _lock: lock })
    }
}

impl Disk for OsDisk {
    fn create(&self, name: &str) -> io::Result<Arc<dyn DiskFile>> {
        let file = OpenOptions::new().create_new(true).append(true).open(self.folder.join(name))?;
        Ok(Arc::new(file))
    }

    fn open(&self, name: &str) -> io::Result<Arc<dyn DiskFile>> {
        Ok(Arc::new(OpenOptions::new().append(true).open(self.folder.join(name))?))
    }

    fn read(&self, name: &str) -> io::Result<Vec<u8>> {
        std::fs::read(self.folder.join(name))
    }

    fn size(&self, name: &str) -> io::Result<u64> {
        Ok(std::fs::metadata(self.folder.join(name))?.len())
    }

    fn list(&self) -> io::Result<Vec<String>> {
        let mut names = Vec::new();
        for entry in std::fs::read_dir(&self.folder)? {
            names.extend(entry?.file_name().into_string().ok());
        }
        Ok(names)
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        std::fs::remove_file(self.folder.join(name))
    }

    fn quarantine(&self, name: &str) -> io::Result<()> {
        let aside = self.folder.join(QUARANTINE);
        std::fs::rename(self.folder.join(name), aside.join(name))?;
        File::open(aside)?.sync_all()
    }

    fn sync_folder(&self) -> io::Result<()> {
        self.handle.sync_all()
    }

    fn sync_all(&self) -> io::Result<()> {
        Ok(rustix::fs::syncfs(&self.handle)?)
    }
}

impl DiskFile for File {
    fn append(&self, bytes: &[u8]) -> io::Result<usize> {
        let mut file = self;
        file.write(bytes)
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        Self::set_len(self, len)
    }

    fn sync(&self) -> io::Result<()> {
        self.sync_data()
    }
}
