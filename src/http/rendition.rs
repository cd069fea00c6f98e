//! What is made of a message's audio for its page: an MP3 and the waveform. Made when first asked for, once however
//! many ask, by few encoders, and kept for a while.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use tokio::sync::{OnceCell, Semaphore};

use crate::audio::{mp3, wav, waveform};
use crate::blob::objects::{ObjectError, Objects};
use crate::domain::{Message, MessageId};

/// Bytes of MP3 kept ready, over all messages.
const KEPT_BYTES: usize = 32 << 20;
/// Messages whose renditions are kept, or are being made.
const KEPT: usize = 256;
/// Encodings at the same time.
const ENCODERS: usize = 2;
/// Requests that may wait for an encoding.
const WAITING: usize = 64;
/// A longer WAV is not turned into MP3 here: it is offered as it is. More than two hours at 8 kHz.
const LARGEST_WAV: u64 = 128 << 20;
/// Bars of the waveform.
pub(super) const PEAKS: usize = 96;

/// A message's MP3 and waveform. Cheap to clone.
#[derive(Debug, Clone)]
pub(super) struct Rendition {
    /// The message as MP3.
    pub(super) mp3: Bytes,
    /// Loudness over its length, [`PEAKS`] values.
    pub(super) peaks: Arc<[u8]>,
}

/// Why there is none.
#[derive(Debug, Clone, thiserror::Error)]
pub(super) enum RenditionError {
    /// Try again later.
    #[error("the stored audio cannot be fetched: {0}")]
    Object(Arc<ObjectError>),
    /// The object is damaged: restore it from a backup.
    #[error("the stored audio cannot be read: {0}")]
    Unreadable(String),
    /// Too many wait already: try again later.
    #[error("{WAITING} requests wait for an encoding already")]
    Busy,
    /// Only the WAV is offered.
    #[error("the message is too large to be turned into MP3")]
    TooLarge,
}

type Cell = Arc<OnceCell<Rendition>>;

/// The renditions that were asked for lately.
pub(super) struct Renditions {
    /// Least lately used first.
    kept: Mutex<VecDeque<(MessageId, Cell)>>,
    encoders: Arc<Semaphore>,
    waiting: Arc<Semaphore>,
}

impl Default for Renditions {
    fn default() -> Self {
        Self {
            kept: Mutex::default(),
            encoders: Arc::new(Semaphore::new(ENCODERS)),
            waiting: Arc::new(Semaphore::new(WAITING)),
        }
    }
}

/// Whether a message is offered as MP3.
pub(super) const fn is_offered(message: &Message) -> bool {
    message.bytes <= LARGEST_WAV
}

impl Renditions {
    /// The rendition of `message`, made now if need be.
    ///
    /// # Errors
    /// [`RenditionError`].
    pub(super) async fn of(&self, objects: &Objects, message: &Message) -> Result<Rendition, RenditionError> {
        if !is_offered(message) {
            return Err(RenditionError::TooLarge);
        }
        let cell = self.cell(message.id);
        if let Some(ready) = cell.get() {
            return Ok(ready.clone());
        }
        let place = self.waiting.clone().try_acquire_owned().map_err(|_| RenditionError::Busy)?;
        let (objects, object, encoders) = (objects.clone(), message.object.clone(), self.encoders.clone());
        // A task of its own: when this client goes away, the work is not lost for the next.
        let made = tokio::spawn(async move {
            let made = cell.get_or_try_init(|| make(objects, object, encoders)).await.cloned();
            drop(place);
            made
        });
        made.await.map_err(|error| RenditionError::Unreadable(error.to_string()))?
    }

    fn cell(&self, id: MessageId) -> Cell {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let place = kept.iter().position(|(other, _)| *other == id);
        let cell = place.and_then(|place| kept.remove(place)).map_or_else(Cell::default, |(_, cell)| cell);
        let bytes = |cell: &Cell| cell.get().map_or(0, |rendition| rendition.mp3.len());
        let mut total = bytes(&cell) + kept.iter().map(|(_, cell)| bytes(cell)).sum::<usize>();
        while total > KEPT_BYTES || kept.len() >= KEPT {
            let Some((_, oldest)) = kept.pop_front() else { break };
            total -= bytes(&oldest);
        }
        kept.push_back((id, cell.clone()));
        cell
    }
}

async fn make(
    objects: Objects,
    object: String,
    encoders: Arc<Semaphore>,
) -> Result<Rendition, RenditionError> {
    // Taken before the audio is fetched: it bounds the memory, too. Nobody closes the semaphore.
    let place = encoders.acquire_owned().await.ok();
    let wav = objects.get(&object).await.map_err(|error| RenditionError::Object(Arc::new(error)))?;
    let work = tokio::task::spawn_blocking(move || {
        let made = render(&wav);
        drop(place);
        made
    });
    work.await.map_err(|error| RenditionError::Unreadable(error.to_string()))?
}

fn render(wav: &[u8]) -> Result<Rendition, RenditionError> {
    let unreadable = |error: &dyn std::fmt::Display| RenditionError::Unreadable(error.to_string());
    let pcm = wav::read(wav).map_err(|error| unreadable(&error))?;
    let mp3 = mp3::encode(&pcm.samples, pcm.rate).map_err(|error| unreadable(&error))?;
    Ok(Rendition { mp3: mp3.into(), peaks: waveform::peaks(&pcm.samples, PEAKS).into() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    fn id(number: u128) -> MessageId {
        MessageId::from_uuid(Uuid::from_u128(number))
    }

    fn made(bytes: usize) -> Rendition {
        Rendition { mp3: vec![0; bytes].into(), peaks: [].into() }
    }

    #[test]
    fn one_message_has_one_rendition_however_many_ask() {
        let renditions = Renditions::default();
        assert!(Arc::ptr_eq(&renditions.cell(id(1)), &renditions.cell(id(1))));
        assert!(!Arc::ptr_eq(&renditions.cell(id(1)), &renditions.cell(id(2))));
    }

    #[test]
    fn the_least_lately_used_make_room() {
        let renditions = Renditions::default();
        for number in 1..=3 {
            renditions.cell(id(number)).set(made(KEPT_BYTES / 2)).unwrap();
        }
        // The third took the room of the first when it was next looked at.
        assert!(renditions.cell(id(3)).get().is_some());
        assert!(renditions.cell(id(2)).get().is_some());
        assert!(renditions.cell(id(1)).get().is_none());
        for number in 100..2_000 {
            renditions.cell(id(number));
        }
        assert_eq!(renditions.kept.lock().unwrap().len(), KEPT);
    }
}
