//! The audio of a message (linked, or of who is signed in) as MP3 and WAV, and of a greeting, whole or in ranges (RFC 9110 §14), to listen and to download.

use std::ops::Range;
use std::sync::Arc;

use axum::body::Body;
use axum::extract::{RawQuery, State};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::response::Response;
use bytes::Bytes;
use futures_util::stream::{self, StreamExt as _};

use crate::blob::objects::{ObjectError, Objects};
use crate::domain::{Greeting, Message};

use super::link_page;
use super::opened::Opened;
use super::range::{Part, part};
use super::rendition::RenditionError;
use super::shell::Notice;
use super::{Shared, Site};

/// What is fetched of a WAV at once.
const BLOCK: u64 = 256 * 1024;

/// A kind of audio as a message is offered in.
struct Sound {
    kind: &'static str,
    extension: &'static str,
    size: u64,
    /// Of this message in this kind; the audio never changes.
    tag: String,
}

/// What a request gets of it.
struct Answer {
    status: StatusCode,
    range: Range<u64>,
    content_range: Option<String>,
}

/// Of a linked message.
pub(super) async fn mp3(
    State(site): Shared,
    method: Method,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
    opened: Opened,
) -> Response {
    as_mp3(&site, opened.message(), &method, query.as_deref(), &headers).await
}

/// Of a linked message.
pub(super) async fn wav(
    State(site): Shared,
    method: Method,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
    opened: Opened,
) -> Response {
    as_wav(&site, opened.message(), &method, query.as_deref(), &headers).await
}

/// Of a message that the client may hear.
pub(super) async fn as_mp3(
    site: &Site,
    message: &Message,
    method: &Method,
    query: Option<&str>,
    headers: &HeaderMap,
) -> Response {
    let bytes = match site.renditions.of(&site.web.objects, message).await {
        Ok(rendition) => rendition.mp3,
        Err(RenditionError::TooLarge) => return only_wav(),
        Err(error) => return unavailable(message, &error),
    };
    let sound = Sound {
        kind: "audio/mpeg",
        extension: "mp3",
        size: bytes.len() as u64,
        tag: format!("\"{}-mp3\"", message.id),
    };
    let answer = sound.answer(method, headers);
    let bound = |at: u64| usize::try_from(at).unwrap_or(usize::MAX).min(bytes.len());
    let body = Body::from(bytes.slice(bound(answer.range.start)..bound(answer.range.end)));
    let name = file_name(site, message, query).await;
    sound.respond(answer, name, body)
}

/// Of a message that the client may hear.
pub(super) async fn as_wav(
    site: &Site,
    message: &Message,
    method: &Method,
    query: Option<&str>,
    headers: &HeaderMap,
) -> Response {
    let name = file_name(site, message, query).await;
    let tag = format!("\"{}-wav\"", message.id);
    match stored_wav(site, &message.object, message.bytes, tag, name, method, headers).await {
        Ok(response) => response,
        Err(error) => unavailable(message, &error),
    }
}

/// Of a greeting that the client may hear.
pub(super) async fn greeting(
    site: &Site,
    greeting: &Greeting,
    method: &Method,
    query: Option<&str>,
    headers: &HeaderMap,
) -> Response {
    let tag = format!("\"{}-wav\"", greeting.id);
    let name = (query == Some("download")).then(|| without_ending(&greeting.label).to_owned());
    let made = async {
        let size = site.web.objects.size(&greeting.object).await?;
        stored_wav(site, &greeting.object, size, tag, name, method, headers).await
    };
    match made.await {
        Ok(response) => response,
        Err(error) => {
            tracing::warn!(greeting = %greeting.id, %error, "the audio of a greeting cannot be given");
            out_of_reach()
        }
    }
}

async fn stored_wav(
    site: &Site,
    object: &str,
    size: u64,
    tag: String,
    name: Option<String>,
    method: &Method,
    headers: &HeaderMap,
) -> Result<Response, ObjectError> {
    let sound = Sound { kind: "audio/wav", extension: "wav", size, tag };
    let answer = sound.answer(method, headers);
    let body = if method == Method::HEAD {
        Body::empty()
    } else {
        stored(&site.web.objects, object, answer.range.clone()).await?
    };
    Ok(sound.respond(answer, name, body))
}

impl Sound {
    fn answer(&self, method: &Method, headers: &HeaderMap) -> Answer {
        let text = |name| headers.get(name).and_then(|value: &HeaderValue| value.to_str().ok());
        // Range is defined for GET alone; If-Range holds it to what the client has already (RFC 9110 §13.1.5).
        let is_same = text(header::IF_RANGE).is_none_or(|tag| tag == self.tag);
        let range = text(header::RANGE).filter(|_| method == Method::GET && is_same);
        let size = self.size;
        match part(range, size) {
            Part::Whole => Answer { status: StatusCode::OK, range: 0..size, content_range: None },
            Part::Bytes(range) => {
                let stated = format!("bytes {}-{}/{size}", range.start, range.end.saturating_sub(1));
                Answer { status: StatusCode::PARTIAL_CONTENT, range, content_range: Some(stated) }
            }
            Part::Unsatisfiable => Answer {
                status: StatusCode::RANGE_NOT_SATISFIABLE,
                range: 0..0,
                content_range: Some(format!("bytes */{size}")),
            },
        }
    }

    fn respond(&self, answer: Answer, name: Option<String>, body: Body) -> Response {
        let mut response = Response::new(body);
        *response.status_mut() = answer.status;
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(self.kind));
        headers.insert(header::ACCEPT_RANGES, HeaderValue::from_static("bytes"));
        headers.insert(header::CONTENT_LENGTH, answer.range.end.saturating_sub(answer.range.start).into());
        let disposition = name.map(|name| attachment(&name, self.extension));
        let texts = [
            (header::ETAG, Some(self.tag.clone())),
            (header::CONTENT_RANGE, answer.content_range),
            (header::CONTENT_DISPOSITION, disposition),
        ];
        for (name, text) in texts {
            if let Some(value) = text.and_then(|text| HeaderValue::try_from(text).ok()) {
                headers.insert(name, value);
            }
        }
        response
    }
}

/// A range of the stored object, fetched block by block as the client takes it. The first block is fetched at once:
/// then it can still be said that the store is away.
async fn stored(objects: &Objects, key: &str, range: Range<u64>) -> Result<Body, ObjectError> {
    if range.is_empty() {
        return Ok(Body::empty());
    }
    let (first, rest) = block(range);
    let first: Result<Bytes, ObjectError> = Ok(objects.get_range(key, first).await?);
    let source = Arc::new((objects.clone(), key.to_owned()));
    let rest = stream::try_unfold(rest, move |left| {
        let source = source.clone();
        async move {
            if left.is_empty() {
                return Ok(None);
            }
            let (next, left) = block(left);
            let bytes = source.0.get_range(&source.1, next).await.inspect_err(
                |error| tracing::warn!(%error, "a download was cut off: the audio cannot be fetched further"),
            )?;
            Ok(Some((bytes, left)))
        }
    });
    Ok(Body::from_stream(stream::iter([first]).chain(rest)))
}

const fn block(range: Range<u64>) -> (Range<u64>, Range<u64>) {
    let end = range.start.saturating_add(BLOCK);
    let end = if end < range.end { end } else { range.end };
    (range.start..end, end..range.end)
}

/// A name that people gave, for saving: in plain letters, and as it is for whoever reads that (RFC 6266 §4.3).
fn attachment(name: &str, ending: &str) -> String {
    let plain: String = name.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect();
    let plain = format!("attachment; filename=\"{plain}.{ending}\"");
    if name.is_ascii() {
        return plain;
    }
    let whole: String = name.chars().map(|c| if matches!(c, '/' | '\\' | ':') { '-' } else { c }).collect();
    let whole: String = url::form_urlencoded::byte_serialize(whole.as_bytes()).collect();
    format!("{plain}; filename*=UTF-8''{}.{ending}", whole.replace('+', "%20"))
}

/// A label that is the name of the uploaded file says what that file was; what is given is a WAV.
fn without_ending(label: &str) -> &str {
    let endings = ["wav", "mp3", "ogg", "flac", "m4a", "aac"];
    match label.rsplit_once('.') {
        Some((name, ending)) if !name.is_empty() && endings.contains(&ending.to_lowercase().as_str()) => name,
        _ => label,
    }
}

/// The name to save under, when the request is for a download.
async fn file_name(site: &Site, message: &Message, query: Option<&str>) -> Option<String> {
    if query == Some("download") { Some(link_page::file_name(site, message).await) } else { None }
}

fn only_wav() -> Response {
    Notice { title: "Only as WAV", text: "This message is too long for an MP3. Download it as WAV." }
        .page(StatusCode::NOT_FOUND)
}

fn unavailable(message: &Message, error: &dyn std::error::Error) -> Response {
    tracing::warn!(message = %message.id, %error, "the audio of a message cannot be given");
    out_of_reach()
}

fn out_of_reach() -> Response {
    Notice {
        title: "The audio cannot be reached",
        text: "Your message is safe, but its audio cannot be reached at the moment. Please try again in a few minutes.",
    }
    .page(StatusCode::SERVICE_UNAVAILABLE)
}
