//! Tags of what is answered (RFC 9110 §8.8.3), so that nobody overwrites what somebody else changed meanwhile.

use axum::Json;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use super::problem::Problem;

/// Fields that are told along with a thing, and are no part of what is changed.
const ASIDE: [&str; 6] = ["used", "counts", "invited", "secret", "failing_since", "warnings"];

/// What tells one state of a thing from another.
fn tag(told: &Value) -> String {
    let mut told = told.clone();
    if let Some(fields) = told.as_object_mut() {
        fields.retain(|name, _| !ASIDE.contains(&name.as_str()));
    }
    let hash: [u8; 32] = Sha256::digest(told.to_string()).into();
    let hex: String = hash.iter().take(12).map(|byte| format!("{byte:02x}")).collect();
    format!("\"{hex}\"")
}

/// The thing with its tag.
pub(super) fn answer(status: StatusCode, told: &Value) -> Response {
    let tag = HeaderValue::try_from(tag(told)).unwrap_or(HeaderValue::from_static("\"\""));
    (status, [(header::ETAG, tag)], Json(told)).into_response()
}

/// The thing with its tag; 304 when the client knows it as it is.
pub(super) fn unless_known(headers: &HeaderMap, told: &Value) -> Response {
    let known = headers.get(header::IF_NONE_MATCH).and_then(|value| value.to_str().ok());
    if known.is_some_and(|known| matches(known, &tag(told))) {
        return StatusCode::NOT_MODIFIED.into_response();
    }
    answer(StatusCode::OK, told)
}

/// Changes what the client has seen, and nothing newer (RFC 9110 §13.1.1).
pub(super) fn must_match(headers: &HeaderMap, told: &Value) -> Result<(), Problem> {
    let Some(asked) = headers.get(header::IF_MATCH).and_then(|value| value.to_str().ok()) else {
        return Ok(());
    };
    if matches(asked, &tag(told)) {
        return Ok(());
    }
    let why = "somebody changed it meanwhile: read it again, then repeat";
    Err(Problem::new(StatusCode::PRECONDITION_FAILED, why))
}

fn matches(asked: &str, own: &str) -> bool {
    asked.trim() == "*" || asked.split(',').any(|tag| tag.trim() == own)
}
