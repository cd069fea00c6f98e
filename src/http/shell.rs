//! What every page shares: the frame, the protecting headers, plain notices.
//!
//! A page that a mail leads to is one file: style and script stand in it, and the policy names them by their hashes.
//! The portal's stand in files whose names say what is in them (`assets`). Neither is ever older than the page.

use std::sync::LazyLock;

use askama::Template;
use axum::extract::Request;
use axum::http::{HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{Html, IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest as _, Sha256};

use super::api::problem::Problem;
use super::assets::Lasting;

/// The style of every page.
pub(super) const STYLE: &str = include_str!("pages/page.css");
/// The script of the message's page.
pub(super) const SCRIPT: &str = include_str!("pages/player.js");

/// No form of ours sends as much, but for uploads.
const LARGEST_BODY: u64 = 64 * 1024;

/// Only our styles and our scripts, nothing from elsewhere, in nobody's frame.
static POLICY: LazyLock<HeaderValue> = LazyLock::new(|| {
    let hash = |text: &str| STANDARD.encode(Sha256::digest(text));
    let policy = format!(
        "default-src 'none'; style-src 'self' 'sha256-{}'; script-src 'self' 'sha256-{}'; \
         media-src 'self'; img-src data:; connect-src 'self'; form-action 'self'; base-uri 'none'; \
         frame-ancestors 'none'",
        hash(STYLE),
        hash(SCRIPT)
    );
    HeaderValue::try_from(policy).unwrap_or(HeaderValue::from_static("default-src 'none'"))
});

/// Nothing may be loaded from elsewhere, framed, cached, indexed, or told to other sites.
pub(super) async fn guard_headers(mut response: Response) -> Response {
    const FIXED: [(header::HeaderName, &str); 6] = [
        (header::REFERRER_POLICY, "no-referrer"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::X_FRAME_OPTIONS, "DENY"),
        (header::HeaderName::from_static("x-robots-tag"), "noindex, nofollow"),
        (header::HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
        (header::HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
    ];
    let code = response.status().as_str().to_owned();
    metrics::counter!("aftertone_http_responses_total", "code" => code).increment(1);
    let may_hear = response.extensions().get::<Hears>().is_some();
    let may_last = response.extensions().get::<Lasting>().is_some();
    let headers = response.headers_mut();
    if !may_last {
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    }
    headers.insert(header::CONTENT_SECURITY_POLICY, POLICY.clone());
    for (name, value) in FIXED {
        headers.insert(name, HeaderValue::from_static(value));
    }
    let permitted = match may_hear {
        true => "camera=(), geolocation=(), microphone=(self), payment=()",
        false => "camera=(), geolocation=(), microphone=(), payment=()",
    };
    headers.insert("permissions-policy", HeaderValue::from_static(permitted));
    response
}

/// One that says it is large is told so, where nothing large is taken; what is taken is counted by its reader.
pub(super) async fn refuse_large(request: Request, next: Next) -> Response {
    let stated = request.headers().get(header::CONTENT_LENGTH).and_then(|value| value.to_str().ok());
    const FILES: [&str; 7] = [
        "/greetings/upload",
        "/greetings",
        "/forward",
        "/reply",
        "/hours/import",
        "/imports",
        "/imports/drafts",
    ];
    let takes_files = FILES.into_iter().any(|ending| request.uri().path().ends_with(ending));
    if !takes_files
        && stated.and_then(|text| text.parse::<u64>().ok()).is_some_and(|bytes| bytes > LARGEST_BODY)
    {
        if request.uri().path().starts_with("/api/") {
            let why = "nothing here takes so large a request";
            return Problem::new(StatusCode::PAYLOAD_TOO_LARGE, why).into_response();
        }
        let notice = Notice { title: "Too much", text: "Nothing here takes so large a request." };
        return notice.page(StatusCode::PAYLOAD_TOO_LARGE);
    }
    next.run(request).await
}

/// A page that says one thing.
#[derive(Template)]
#[template(path = "notice.html", config = "src/http/pages/askama.toml")]
pub(super) struct Notice<'a> {
    pub(super) title: &'a str,
    pub(super) text: &'a str,
}

impl Notice<'_> {
    /// The page. Where waiting helps, it says for how long (RFC 9110 §10.2.3).
    pub(super) fn page(&self, status: StatusCode) -> Response {
        let mut page = render(self, status);
        let wait = match status {
            StatusCode::TOO_MANY_REQUESTS => "600",
            StatusCode::SERVICE_UNAVAILABLE => "60",
            _ => return page,
        };
        page.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static(wait));
        page
    }
}

/// Says to the headers' guard that this page records.
#[derive(Clone, Copy)]
struct Hears;

/// A page that may ask for the microphone.
pub(super) fn render_recording(template: &impl Template, status: StatusCode) -> Response {
    let mut page = render(template, status);
    page.extensions_mut().insert(Hears);
    page
}

pub(super) fn render(template: &impl Template, status: StatusCode) -> Response {
    match template.render() {
        Ok(html) => (status, Html(html)).into_response(),
        Err(error) => {
            tracing::error!(%error, "a page could not be rendered");
            (StatusCode::INTERNAL_SERVER_ERROR, "The page could not be made. Please try again.\n")
                .into_response()
        }
    }
}

pub(super) async fn not_found() -> Response {
    Notice {
        title: "Nothing here",
        text: "There is no page at this address. A link works exactly as it stands in the mail.",
    }
    .page(StatusCode::NOT_FOUND)
}

pub(super) async fn wrong_method() -> Response {
    Notice {
        title: "Not in this way",
        text: "This address only takes what a form sends. Go back to the page with the form, or open the link exactly as it \
               stands in the mail.",
    }
    .page(StatusCode::METHOD_NOT_ALLOWED)
}
