//! What every page shares: the frame, the protecting headers, plain notices.

use askama::Template;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{Html, IntoResponse, Response};

/// Nothing may be loaded from elsewhere, framed, cached, or told to other sites.
pub(super) async fn guard_headers(mut response: Response) -> Response {
    const CSP: &str = "default-src 'none'; style-src 'self'; script-src 'self'; media-src 'self'; img-src 'self'; \
                       connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";
    let headers = response.headers_mut();
    let mut set = |name, value| {
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    };
    set(header::CONTENT_SECURITY_POLICY, CSP);
    set(header::CACHE_CONTROL, "no-store");
    set(header::REFERRER_POLICY, "no-referrer");
    set(header::X_CONTENT_TYPE_OPTIONS, "nosniff");
    set(header::X_FRAME_OPTIONS, "DENY");
    set(header::HeaderName::from_static("x-robots-tag"), "noindex, nofollow");
    response
}

/// A page that says one thing.
#[derive(Template)]
#[template(path = "notice.html", config = "src/http/pages/askama.toml")]
pub(super) struct Notice<'a> {
    pub(super) title: &'a str,
    pub(super) text: &'a str,
}

impl Notice<'_> {
    pub(super) fn page(&self, status: StatusCode) -> Response {
        render(self, status)
    }
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
        text: "There is no page at this address. Open the link exactly as it stands in the mail.",
    }
    .page(StatusCode::NOT_FOUND)
}
