//! Carries a request out once, however often it comes under its `Idempotency-Key` within a day.
//!
//! What was begun is finished, whether its client is still there or not: the answer waits for the client who comes again.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::body::{Body, Bytes};
use axum::extract::Request;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use crate::service::access::Actor;
use crate::service::greetings::MAX_UPLOAD;
use crate::service::keys;
use crate::service::repeats::Known;

use super::super::Site;
use super::problem::Problem;

/// Most bytes of a JSON body.
const LARGEST_JSON: usize = 64 * 1024;
/// What stands around the file of an upload.
const AROUND: usize = 64 * 1024;
/// Most bytes of an answer that is remembered.
const LARGEST_ANSWER: usize = 4 * 1024 * 1024;
/// Headers that are part of an answer.
const KEPT: [header::HeaderName; 3] = [header::CONTENT_TYPE, header::ETAG, header::LOCATION];

/// An answer as it is remembered.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Told {
    headers: BTreeMap<String, String>,
    /// `None`: it was too large to be kept.
    body: Option<String>,
}

/// Answers the request, or what was answered to it before.
pub(super) async fn once(
    site: &Arc<Site>,
    who: &Actor,
    name: &HeaderValue,
    request: Request,
    next: Next,
) -> Response {
    let (parts, body) = request.into_parts();
    let boundary = boundary(&parts.headers);
    let most = if boundary.is_some() { MAX_UPLOAD + AROUND } else { LARGEST_JSON };
    let Ok(bytes) = axum::body::to_bytes(body, most).await else {
        let why = format!("a body has at most {most} bytes here");
        return Problem::new(StatusCode::PAYLOAD_TOO_LARGE, why).into_response();
    };
    let hash = of_request(&parts, &bytes, boundary.as_deref());
    let mut of_name = Sha256::new();
    of_name.update(format!("{}\0{:?}\0{:?}\0", who.tenant, who.user, who.door));
    of_name.update(name.as_bytes());
    let name: [u8; 32] = of_name.finalize().into();
    let begun = Arc::clone(site);
    let request = Request::from_parts(parts, Body::from(bytes));
    // From before its name is reserved until its answer is kept, nothing may cut it off.
    let done = tokio::spawn(async move { carried_out(&begun, (name, hash), request, next).await });
    match done.await {
        Ok(response) => response,
        Err(error) => {
            tracing::error!(%error, "a request broke");
            if let Err(error) = site.web.services.repeats.forget(name).await {
                tracing::warn!(%error, "a request that broke cannot come again for some minutes");
            }
            let why = "this request cannot be carried out: see the log";
            Problem::new(StatusCode::INTERNAL_SERVER_ERROR, why).into_response()
        }
    }
}

async fn carried_out(
    site: &Site,
    (name, hash): ([u8; 32], [u8; 32]),
    request: Request,
    next: Next,
) -> Response {
    match site.web.services.repeats.begin(name, hash).await {
        Ok(Known::New) => remember(site, name, next.run(request).await).await,
        Ok(Known::Running) => {
            Problem::new(StatusCode::CONFLICT, "this request is being carried out").into_response()
        }
        Ok(Known::Other) => {
            let why = "another request came with this Idempotency-Key: choose a new one";
            Problem::new(StatusCode::UNPROCESSABLE_ENTITY, why).into_response()
        }
        Ok(Known::Answered { status, told }) => repeated(status, told),
        Err(error) => Problem::from(error).into_response(),
    }
}

/// What stands between the parts of an upload. Clients choose another one for each try.
fn boundary(headers: &HeaderMap) -> Option<String> {
    let kind = headers.get(header::CONTENT_TYPE)?.to_str().ok()?;
    let parameters = kind.strip_prefix("multipart/")?;
    let value = parameters.split(';').find_map(|one| one.trim().strip_prefix("boundary="))?;
    Some(value.trim_matches('"').to_owned()).filter(|boundary| !boundary.is_empty())
}

/// Two requests with the same hash ask for the same.
fn of_request(parts: &Parts, body: &[u8], boundary: Option<&str>) -> [u8; 32] {
    let mut hash = Sha256::new();
    hash.update(format!("{} {}\0", parts.method, parts.uri));
    match boundary {
        Some(boundary) => {
            let mut rest = body;
            while let Some(at) = find(rest, boundary.as_bytes()) {
                let (piece, after) = rest.split_at(at);
                hash.update(piece);
                hash.update([0]);
                rest = after.get(boundary.len()..).unwrap_or_default();
            }
            hash.update(rest);
        }
        None => hash.update(body),
    }
    hash.finalize().into()
}

fn find(text: &[u8], wanted: &[u8]) -> Option<usize> {
    let first = *wanted.first()?;
    let mut from = 0;
    loop {
        let at = from + text.get(from..)?.iter().position(|byte| *byte == first)?;
        if text.get(at..)?.starts_with(wanted) {
            return Some(at);
        }
        from = at + 1;
    }
}

fn repeated(status: u16, told: String) -> Response {
    // An answer that a version before this one remembered is its body alone.
    let told = serde_json::from_str(&told).unwrap_or_else(|_| Told {
        headers: BTreeMap::from([("content-type".to_owned(), "application/json".to_owned())]),
        body: Some(told),
    });
    let Some(body) = told.body else {
        let why =
            "this request was carried out, and its answer was too large to be kept: read what it changed";
        return Problem::new(StatusCode::CONFLICT, why).into_response();
    };
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::OK);
    let headers = response.headers_mut();
    for name in KEPT {
        if let Some(value) =
            told.headers.get(name.as_str()).and_then(|value| HeaderValue::from_str(value).ok())
        {
            headers.insert(name, value);
        }
    }
    headers.insert("idempotency-replayed", HeaderValue::from_static("true"));
    response
}

/// What had an effect is remembered, without its secrets; what had none may come again.
async fn remember(site: &Site, name: [u8; 32], response: Response) -> Response {
    let (parts, body) = response.into_parts();
    let repeats = &site.web.services.repeats;
    let bytes: Bytes = match axum::body::to_bytes(body, usize::MAX).await {
        Ok(bytes) => bytes,
        Err(error) => {
            tracing::warn!(%error, "an answer broke off");
            Bytes::new()
        }
    };
    let kept = if parts.status.is_success() {
        let text = |name: &header::HeaderName| parts.headers.get(name)?.to_str().ok().map(str::to_owned);
        let headers = KEPT.iter().filter_map(|name| Some((name.to_string(), text(name)?))).collect();
        let body = (bytes.len() <= LARGEST_ANSWER).then(|| without_secrets(&bytes));
        let told = serde_json::to_string(&Told { headers, body }).unwrap_or_default();
        repeats.answered(name, parts.status.as_u16(), &told).await
    } else {
        repeats.forget(name).await
    };
    if let Err(error) = kept {
        tracing::warn!(%error, "an answer was not remembered: the same request may be carried out again");
    }
    Response::from_parts(parts, Body::from(bytes))
}

/// The body without what is told once only.
fn without_secrets(body: &[u8]) -> String {
    match serde_json::from_slice::<Value>(body) {
        Ok(mut told) => {
            drop_secrets(&mut told);
            told.to_string()
        }
        Err(_) => String::from_utf8_lossy(body).into_owned(),
    }
}

fn drop_secrets(told: &mut Value) {
    let is_secret = |value: &Value| {
        value.as_str().is_some_and(|text| text.starts_with(keys::PREFIX) || text.starts_with("whsec_"))
    };
    match told {
        Value::Object(fields) => {
            fields.retain(|_, value| !is_secret(value));
            fields.values_mut().for_each(drop_secrets);
        }
        Value::Array(items) => items.iter_mut().for_each(drop_secrets),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use axum::http::Request;

    use super::*;

    fn hash(boundary: &str, file: &str) -> [u8; 32] {
        let kind = format!("multipart/form-data; boundary=\"{boundary}\"");
        let request = Request::post("/x").header("content-type", kind).body(()).unwrap();
        let (parts, ()) = request.into_parts();
        let named = super::boundary(&parts.headers);
        assert_eq!(named.as_deref(), Some(boundary));
        let body = format!("--{boundary}\r\n\r\n{file}\r\n--{boundary}--");
        of_request(&parts, body.as_bytes(), named.as_deref())
    }

    #[test]
    fn an_upload_is_the_same_by_what_is_in_it_and_not_by_its_size_or_boundary() {
        assert_eq!(hash("aaa", "one"), hash("bbb", "one"));
        assert_ne!(hash("aaa", "one"), hash("aaa", "two"));
    }

    #[test]
    fn secrets_are_left_out_wherever_they_stand() {
        let told = without_secrets(br#"{"key":"atk_x","a":[{"secret":"whsec_y","key":"5"}]}"#);
        assert_eq!(told, r#"{"a":[{"key":"5"}]}"#);
    }
}
