//! The audio of a linked message as MP3 and WAV, with `Range`.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};

use axum::extract::{ConnectInfo, Path, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;

use crate::blob::objects::ObjectError;
use crate::domain::{Message, MessageId};

use super::range::{Part, part};
use super::shell::Notice;
use super::{Shared, Site, link_page};

/// Bytes of MP3 kept ready, over all messages.
const KEPT: usize = 32 << 20;

/// Lately made MP3s and waveforms, newest last.
#[derive(Default)]
pub(super) struct Renditions {
    kept: Mutex<VecDeque<(MessageId, Rendition)>>,
}

/// What is made of a message's audio for the page.
#[derive(Clone)]
pub(super) struct Rendition {
    /// The message as MP3.
    pub(super) mp3: Bytes,
    /// Loudness over its length, [`PEAKS`] values.
    pub(super) peaks: Arc<[u8]>,
}

/// Bars of the waveform.
pub(super) const PEAKS: usize = 120;

impl Renditions {
    fn find(&self, id: MessageId) -> Option<Rendition> {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.iter().find(|(kept, _)| *kept == id).map(|(_, rendition)| rendition.clone())
    }

    fn keep(&self, id: MessageId, rendition: Rendition) {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.retain(|(other, _)| *other != id);
        kept.push_back((id, rendition));
        let mut total: usize = kept.iter().map(|(_, rendition)| rendition.mp3.len()).sum();
        while total > KEPT && kept.len() > 1 {
            total -= kept.pop_front().map_or(0, |(_, rendition)| rendition.mp3.len());
        }
    }
}

/// Reads the stored WAV and makes MP3 and waveform of it, off the async threads.
pub(super) async fn rendition(site: &Site, message: &Message) -> Result<Rendition, AudioError> {
    if let Some(ready) = site.renditions.find(message.id) {
        return Ok(ready);
    }
    let wav = site.web.objects.get(&message.object).await?;
    let made = tokio::task::spawn_blocking(move || render(&wav))
        .await
        .map_err(|error| AudioError::Unreadable(error.to_string()))??;
    site.renditions.keep(message.id, made.clone());
    Ok(made)
}

fn render(wav: &[u8]) -> Result<Rendition, AudioError> {
    let unreadable = |error: &dyn std::fmt::Display| AudioError::Unreadable(error.to_string());
    let pcm = crate::audio::wav::read(wav).map_err(|error| unreadable(&error))?;
    let mp3 = crate::audio::mp3::encode(&pcm.samples, pcm.rate).map_err(|error| unreadable(&error))?;
    let peaks = crate::audio::waveform::peaks(&pcm.samples, PEAKS);
    Ok(Rendition { mp3: mp3.into(), peaks: peaks.into() })
}

/// Why the audio cannot be given.
#[derive(Debug, thiserror::Error)]
pub(super) enum AudioError {
    #[error(transparent)]
    Object(#[from] ObjectError),
    #[error("the stored audio cannot be read: {0}")]
    Unreadable(String),
}

pub(super) async fn mp3(
    State(site): Shared,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    Path(token): Path<String>,
    headers: HeaderMap,
) -> Response {
    let linked = match link_page::open(&site, peer, &headers, &token).await {
        Ok(linked) => linked,
        Err(refusal) => return refusal,
    };
    let message = linked.message();
    let bytes = match rendition(&site, message).await {
        Ok(rendition) => rendition.mp3,
        Err(error) => return unavailable(message, &error),
    };
    let range = part(range_of(&headers), bytes.len() as u64);
    let size = bytes.len() as u64;
    let slice = |from: u64, to: u64| {
        let bound = |at: u64| usize::try_from(at).unwrap_or(usize::MAX).min(bytes.len());
        bytes.slice(bound(from)..bound(to))
    };
    match range {
        Part::Whole => answer("audio/mpeg", StatusCode::OK, None, slice(0, size)),
        Part::Bytes(range) => {
            let stated = format!("bytes {}-{}/{size}", range.start, range.end - 1);
            answer("audio/mpeg", StatusCode::PARTIAL_CONTENT, Some(stated), slice(range.start, range.end))
        }
        Part::Unsatisfiable => answer(
            "audio/mpeg",
            StatusCode::RANGE_NOT_SATISFIABLE,
            Some(format!("bytes */{size}")),
            Bytes::new(),
        ),
    }
}

pub(super) async fn wav(
    State(site): Shared,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    Path(token): Path<String>,
    headers: HeaderMap,
) -> Response {
    let linked = match link_page::open(&site, peer, &headers, &token).await {
        Ok(linked) => linked,
        Err(refusal) => return refusal,
    };
    let message = linked.message();
    let size = message.bytes;
    let (status, stated, range) = match part(range_of(&headers), size) {
        Part::Whole => (StatusCode::OK, None, 0..size),
        Part::Bytes(range) => (
            StatusCode::PARTIAL_CONTENT,
            Some(format!("bytes {}-{}/{size}", range.start, range.end - 1)),
            range,
        ),
        Part::Unsatisfiable => {
            return answer(
                "audio/wav",
                StatusCode::RANGE_NOT_SATISFIABLE,
                Some(format!("bytes */{size}")),
                Bytes::new(),
            );
        }
    };
    match site.web.objects.get_range(&message.object, range).await {
        Ok(bytes) => answer("audio/wav", status, stated, bytes),
        Err(error) => unavailable(message, &error.into()),
    }
}

fn range_of(headers: &HeaderMap) -> Option<&str> {
    headers.get(header::RANGE)?.to_str().ok()
}

fn answer(kind: &'static str, status: StatusCode, range: Option<String>, bytes: Bytes) -> Response {
    let mut response =
        (status, [(header::CONTENT_TYPE, kind), (header::ACCEPT_RANGES, "bytes")], bytes).into_response();
    if let Some(value) = range.and_then(|text| text.parse().ok()) {
        response.headers_mut().insert(header::CONTENT_RANGE, value);
    }
    response
}

fn unavailable(message: &Message, error: &AudioError) -> Response {
    tracing::warn!(message = %message.id, %error, "the audio of a linked message cannot be given");
    Notice {
        title: "The audio cannot be reached",
        text: "Your message is safe, but its audio cannot be reached at the moment. Please try again in a few minutes.",
    }
    .page(StatusCode::SERVICE_UNAVAILABLE)
}
