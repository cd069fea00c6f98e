//! Audio objects: put, read in ranges, delete. A local put is on the disk (synced) when it returns.

use std::ops::Range;

use bytes::Bytes;

/// What went wrong with an object.
#[derive(Debug, thiserror::Error)]
pub enum ObjectError {
    /// The folder or bucket cannot be reached, or has no room: try again later.
    #[error("the object store is not available: {0}")]
    Away(String),
    /// There is no such object.
    #[error("there is no object {0:?}")]
    Missing(String),
    /// The configured URL cannot be used.
    #[error("storage.url {url:?} cannot be used: {why}")]
    Config {
        /// The URL (without credentials).
        url: String,
        /// Why not.
        why: String,
    },
}

/// The folder or bucket that holds the audio. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Objects;

#[expect(unused_variables, clippy::missing_errors_doc, reason = "signatures before bodies")]
impl Objects {
    /// `file:///path` or `s3://bucket/prefix` (endpoint, region and credentials by the usual `AWS_*` variables).
    pub fn open(url: &str) -> Result<Self, ObjectError> {
        todo!()
    }
    /// Idempotent: the same key twice is the same object.
    pub async fn put(&self, key: &str, bytes: Bytes) -> Result<(), ObjectError> {
        todo!()
    }
    pub async fn get(&self, key: &str) -> Result<Bytes, ObjectError> {
        todo!()
    }
    pub async fn get_range(&self, key: &str, range: Range<u64>) -> Result<Bytes, ObjectError> {
        todo!()
    }
    pub async fn size(&self, key: &str) -> Result<u64, ObjectError> {
        todo!()
    }
    pub async fn delete(&self, key: &str) -> Result<(), ObjectError> {
        todo!()
    }
    /// Writes, reads and deletes a small probe object.
    pub async fn probe(&self) -> Result<(), ObjectError> {
        todo!()
    }
}
