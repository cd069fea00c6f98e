//! Style and scripts of the portal as files of their own: fetched once, kept for good, named by what is in them.

use std::sync::LazyLock;

use axum::extract::Path;
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use sha2::{Digest as _, Sha256};

use super::shell;

/// The style of the portal's pages, in the order of its parts.
pub(super) static STYLE: LazyLock<Asset> = LazyLock::new(|| {
    Asset::style(
        "portal",
        &[
            include_str!("pages/portal/portal.css"),    //
            include_str!("pages/portal/answering.css"), //
            include_str!("pages/portal/running.css"),   //
            include_str!("pages/portal/access.css"),    //
            include_str!("pages/portal/users.css"),     //
            include_str!("pages/portal/handsets.css"),  //
            include_str!("pages/portal/person.css"),    //
        ],
    )
});

/// The script of the portal's pages, in the order of its parts.
pub(super) static SCRIPT: LazyLock<Asset> = LazyLock::new(|| {
    Asset::script(
        "portal",
        &[
            include_str!("pages/portal/portal.js"),    //
            include_str!("pages/portal/answering.js"), //
            include_str!("pages/portal/running.js"),   //
            include_str!("pages/portal/person.js"),    //
            include_str!("pages/portal/profile.js"),   //
        ],
    )
});

/// The player of one message, the same as the link page's.
pub(super) static PLAYER: LazyLock<Asset> = LazyLock::new(|| Asset::script("player", &[shell::SCRIPT]));

/// What takes the microphone's samples, on a thread of its own.
pub(super) static RECORDER: LazyLock<Asset> =
    LazyLock::new(|| Asset::script("recorder", &[include_str!("pages/portal/recorder.js")]));

/// A file that pages refer to. Another content has another address, so no page ever meets an old one.
pub(super) struct Asset {
    /// Below the base of the site.
    pub(super) path: String,
    kind: &'static str,
    text: String,
}

impl Asset {
    fn style(name: &str, parts: &[&str]) -> Self {
        Self::new(name, "css", "text/css; charset=utf-8", parts)
    }

    fn script(name: &str, parts: &[&str]) -> Self {
        Self::new(name, "js", "text/javascript; charset=utf-8", parts)
    }

    fn new(name: &str, ending: &str, kind: &'static str, parts: &[&str]) -> Self {
        let text = parts.concat();
        let hash: String = Sha256::digest(&text).iter().take(8).map(|byte| format!("{byte:02x}")).collect();
        Self { path: format!("/assets/{name}-{hash}.{ending}"), kind, text }
    }
}

/// Says to the headers' guard that this answer may be kept.
#[derive(Clone, Copy)]
pub(super) struct Lasting;

/// One of the files; they are the same for everybody, so nobody needs to be signed in.
pub(super) async fn serve(Path(name): Path<String>) -> Response {
    let assets: [&Asset; 4] = [&STYLE, &SCRIPT, &PLAYER, &RECORDER];
    let found = assets.into_iter().find(|asset| asset.path.strip_prefix("/assets/") == Some(&name));
    let Some(asset) = found else {
        return shell::not_found().await;
    };
    let mut answer = asset.text.as_str().into_response();
    let headers = answer.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(asset.kind));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("public, max-age=31536000, immutable"));
    answer.extensions_mut().insert(Lasting);
    answer
}
