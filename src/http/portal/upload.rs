//! The upload of a greeting: a form in parts (RFC 7578), read as it comes, with a limit.

use axum::extract::multipart::MultipartError;
use axum::extract::{FromRequest as _, FromRequestParts as _, Multipart, Request, State};
use axum::http::StatusCode;
use axum::response::Response;

use crate::domain::GreetingKind;
use crate::service::greetings::{GreetingError, MAX_UPLOAD, NewGreeting};

use super::super::visitor::{Visitor, is_from_elsewhere, same, see};
use super::super::{Shared, Site};
use super::frame::Done;
use super::greetings::{given_name, owner_zone, shown, time, title};
use super::sign_in::sentence;
use super::{LARGEST_UPLOAD, trouble};

/// An upload, which carries its file in parts (RFC 7578).
#[derive(Default)]
struct Upload {
    csrf: String,
    kind: String,
    from: String,
    until: String,
    aside: String,
    given: String,
    name: String,
    file: bytes::Bytes,
}

pub(super) async fn upload(State(site): Shared, request: Request) -> Response {
    let (mut parts, body) = request.into_parts();
    let visitor = match Visitor::from_request_parts(&mut parts, &site).await {
        Ok(visitor) => visitor,
        Err(response) => return response,
    };
    if is_from_elsewhere(&parts.headers) {
        return super::super::visitor::forbidden();
    }
    let request = Request::from_parts(parts, limited(body));
    let read = match Multipart::from_request(request, &()).await {
        Ok(multipart) => read_upload(multipart, &visitor.csrf).await,
        Err(_) => Err(Refused::Mend("This is no upload: choose a file, then press Upload.".to_owned())),
    };
    let kept_as = match &read {
        Ok(upload) if !upload.aside.is_empty() => "aside",
        _ => "uploaded",
    };
    let outcome = match read {
        Ok(upload) => keep(&site, &visitor, upload).await,
        Err(refused) => Err(refused),
    };
    match outcome {
        Ok((kind, None)) => see(&site, &format!("/greetings?done={kept_as}&kind={kind}")),
        Ok((_, Some(remarks))) => shown(&site, &visitor, Some(Done::said(remarks)), StatusCode::OK).await,
        Err(Refused::Mend(why)) => {
            shown(&site, &visitor, Some(Done::refused(why)), StatusCode::UNPROCESSABLE_ENTITY).await
        }
        Err(Refused::TooLarge) => {
            let why = format!(
                "The file is larger than {} MB: send it as MP3, or shorten it.",
                MAX_UPLOAD / 1024 / 1024
            );
            shown(&site, &visitor, Some(Done::refused(why)), StatusCode::PAYLOAD_TOO_LARGE).await
        }
        Err(Refused::Response(response)) => *response,
    }
}

/// A body that ends with an error beyond [`LARGEST_UPLOAD`].
pub(in crate::http) fn limited(body: axum::body::Body) -> axum::body::Body {
    limited_to(body, LARGEST_UPLOAD)
}

/// A body that ends with an error beyond so many bytes.
pub(in crate::http) fn limited_to(body: axum::body::Body, most: usize) -> axum::body::Body {
    use futures_util::StreamExt as _;
    let mut left = most;
    let counted = body.into_data_stream().map(move |chunk| {
        let chunk = chunk.map_err(|error| std::io::Error::other(error.to_string()))?;
        left = left
            .checked_sub(chunk.len())
            .ok_or_else(|| std::io::Error::new(std::io::ErrorKind::FileTooLarge, TOO_LARGE))?;
        Ok::<_, std::io::Error>(chunk)
    });
    axum::body::Body::from_stream(counted)
}

/// Whether an upload ended because of [`limited_to`].
pub(in crate::http) fn is_too_large(error: &MultipartError) -> bool {
    error.status() == StatusCode::PAYLOAD_TOO_LARGE || in_words(error).contains(TOO_LARGE)
}

/// What [`limited_to`] ends a body with.
const TOO_LARGE: &str = "the upload is too large";

/// An error and what lies behind it.
fn in_words(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(Some(error), |error| error.source());
    causes.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}

pub(super) enum Refused {
    Mend(String),
    TooLarge,
    Response(Box<Response>),
}

async fn read_upload(mut multipart: Multipart, csrf: &str) -> Result<Upload, Refused> {
    let mut upload = Upload::default();
    let broken = |error: MultipartError| {
        if is_too_large(&error) {
            Refused::TooLarge
        } else {
            Refused::Mend("The upload broke off. Please try again.".to_owned())
        }
    };
    for _ in 0..10 {
        let Some(part) = multipart.next_field().await.map_err(broken)? else { break };
        let name = part.name().unwrap_or_default().to_owned();
        if name == "file" {
            // The form's token stands before the file: a stranger's megabytes are not taken in.
            if !same(&upload.csrf, csrf) {
                break;
            }
            upload.name = part.file_name().unwrap_or_default().chars().take(200).collect();
            upload.file = part.bytes().await.map_err(broken)?;
            continue;
        }
        let text = part.text().await.map_err(broken)?;
        match name.as_str() {
            "csrf" => upload.csrf = text,
            "kind" => upload.kind = text,
            "from" => upload.from = text,
            "until" => upload.until = text,
            "aside" => upload.aside = text,
            "name" => upload.given = text,
            _ => {}
        }
    }
    if !same(&upload.csrf, csrf) {
        return Err(Refused::Response(Box::new(super::super::visitor::forbidden())));
    }
    if upload.file.is_empty() {
        return Err(Refused::Mend(
            "No file was chosen: choose a WAV, MP3, OGG, FLAC or M4A file.".to_owned(),
        ));
    }
    Ok(upload)
}

/// The kind that was set, and what its owner should know of the file.
async fn keep(
    site: &Site,
    visitor: &Visitor,
    upload: Upload,
) -> Result<(GreetingKind, Option<String>), Refused> {
    let owner = visitor.owner().map_err(|response| Refused::Response(Box::new(response)))?;
    let kind: GreetingKind = upload.kind.parse().map_err(|error| Refused::Mend(sentence(&error)))?;
    let zone = owner_zone(site, owner).await.map_err(|response| Refused::Response(Box::new(response)))?;
    let (from, until) = (time(&upload.from, &zone)?, time(&upload.until, &zone)?);
    let new = NewGreeting {
        tenant: owner.tenant,
        mailbox: owner.mailbox,
        kind,
        name: given_name(&upload.given).map_err(|error| Refused::Mend(sentence(&error)))?,
        label: upload.name,
        file: upload.file,
        from,
        until,
        is_aside: !upload.aside.is_empty(),
    };
    let greetings = site.web.services.greetings.by(&visitor.actor.name);
    let set = greetings.set(new).await.map_err(|error| match error {
        GreetingError::TooBig(_) => Refused::TooLarge,
        GreetingError::File(_) | GreetingError::Period { .. } | GreetingError::NameTaken(_) => {
            Refused::Mend(sentence(&error))
        }
        other => Refused::Response(Box::new(trouble(&other))),
    })?;
    if set.remarks.is_empty() {
        return Ok((kind, None));
    }
    let remarks: Vec<String> = set.remarks.iter().map(|remark| sentence(remark)).collect();
    let state = if set.greeting.active { "on" } else { "kept aside" };
    Ok((kind, Some(format!("Your {} is {state}. {}", title(kind).to_lowercase(), remarks.join(" ")))))
}
