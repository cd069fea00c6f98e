//! Audio objects (`object_store`: a local folder or an S3 bucket) and the crash-safe [`spool`] of recordings in progress.

mod local;
pub mod objects;
pub mod spool;
