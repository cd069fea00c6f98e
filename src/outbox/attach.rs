//! The audio of a message as an attachment: fetched, encoded on a blocking thread, weighed.

use bytes::Bytes;

use crate::audio::{mp3, wav};
use crate::blob::objects::{ObjectError, Objects};
use crate::domain::{AttachmentFormat, Message};
use crate::mail::Attachment;

/// Recordings above this are not even read into memory: more than an hour at 16 kHz.
const MAX_SOURCE: u64 = 256 * 1024 * 1024;

/// Why there is no attachment although there should be one.
#[derive(Debug, thiserror::Error)]
pub(super) enum AttachError {
    /// The audio cannot be read.
    #[error(transparent)]
    Object(#[from] ObjectError),
    /// The audio is there and is not what it should be.
    #[error("the recording cannot be encoded: {0}")]
    Audio(String),
    /// The thread that encodes broke.
    #[error("the encoder broke: {0}")]
    Worker(String),
}

/// The attachment, or `None` when it would be larger than `limit` bytes.
pub(super) async fn encoded(
    objects: &Objects,
    message: &Message,
    format: AttachmentFormat,
    limit: u64,
) -> Result<Option<Attachment>, AttachError> {
    let source_limit = match format {
        AttachmentFormat::Wav => limit,
        AttachmentFormat::Mp3 => MAX_SOURCE,
    };
    if message.bytes > source_limit {
        return Ok(None);
    }
    let stored = objects.get(&message.object).await?;
    let bytes = match format {
        AttachmentFormat::Wav => stored,
        AttachmentFormat::Mp3 => tokio::task::spawn_blocking(move || to_mp3(&stored))
            .await
            .map_err(|error| AttachError::Worker(error.to_string()))??,
    };
    let fits = u64::try_from(bytes.len()).is_ok_and(|size| size <= limit);
    Ok(fits.then_some(Attachment { format, bytes }))
}

fn to_mp3(stored: &[u8]) -> Result<Bytes, AttachError> {
    let pcm = wav::read(stored).map_err(|error| AttachError::Audio(error.to_string()))?;
    let mp3 = mp3::encode(&pcm.samples, pcm.rate).map_err(|error| AttachError::Audio(error.to_string()))?;
    Ok(Bytes::from(mp3))
}
