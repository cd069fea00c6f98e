//! The web side: portal, API, link pages, health, metrics. Serves; decides nothing about messages itself.

mod admin;
mod answering;
pub mod api;
mod assets;
mod audio;
mod client;
mod cursor;
mod explaining;
mod file_form;
mod finding;
mod health;
mod link_page;
mod listener;
mod opened;
mod portal;
mod qr;
mod range;
mod rendition;
mod seen;
mod services;
mod shell;
mod visitor;

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::http::header;
use axum::response::IntoResponse;
use axum::routing::{get, post};
use ipnet::IpNet;

use crate::blob::objects::Objects;
use crate::clock::SharedClock;
use crate::service::links::Links;
use crate::store::Store;

pub use health::{Check, Checks};
pub use listener::serve;
pub use services::{KeysInUse, Parts, Services};

/// What the pages need.
#[derive(Clone)]
pub struct Web {
    /// Facts.
    pub store: Store,
    /// Audio.
    pub objects: Objects,
    /// Links by mail.
    pub links: Links,
    /// Time.
    pub clock: SharedClock,
    /// How the parts of the server are.
    pub checks: Checks,
    /// Renders the metrics in Prometheus' text format.
    pub metrics: Arc<dyn Fn() -> String + Send + Sync>,
    /// What portal and API stand on.
    pub services: Services,
    /// Reverse proxies whose `X-Forwarded-For` is believed.
    pub trusted_proxies: Vec<IpNet>,
}

/// Shared state of the handlers.
struct Site {
    web: Web,
    guesses: client::Guesses,
    renditions: rendition::Renditions,
    readiness: health::Readiness,
    turns: api::turns::Turns,
    /// Path before every address of ours, without a slash at its end.
    base: String,
    /// The outside reaches us by TLS.
    is_secure: bool,
    /// Name of the session's cookie.
    cookie: &'static str,
}

impl Site {
    fn new(web: Web) -> Self {
        let guesses = client::Guesses::new(web.clock.clone());
        let (renditions, readiness) = (rendition::Renditions::default(), health::Readiness::default());
        let outside = url::Url::parse(&web.services.public_url).ok();
        let is_secure = outside.as_ref().is_some_and(|url| url.scheme() == "https");
        let base = outside.map(|url| url.path().trim_end_matches('/').to_owned()).unwrap_or_default();
        // The prefix makes browsers refuse a cookie that another host of the domain sets (RFC 6265bis §4.1.3.2).
        let cookie = if is_secure && base.is_empty() { "__Host-aftertone" } else { "aftertone" };
        let turns = api::turns::Turns::default();
        Self { web, guesses, renditions, readiness, turns, base, is_secure, cookie }
    }

    /// Path of cookies.
    fn path(&self) -> &str {
        if self.base.is_empty() { "/" } else { &self.base }
    }
}

type Shared = State<Arc<Site>>;

/// Every route, with the headers that all answers carry.
pub fn router(web: Web) -> Router {
    let site = Arc::new(Site::new(web));
    Router::new()
        .route("/healthz", get(health::healthz))
        .route("/readyz", get(health::readyz))
        .route("/metrics", get(metrics))
        .route("/assets/{name}", get(assets::serve))
        .route("/m/{token}", get(link_page::page))
        .route("/m/{token}/audio.mp3", get(audio::mp3))
        .route("/m/{token}/audio.wav", get(audio::wav))
        .route("/m/{token}/{action}", post(link_page::act))
        .merge(portal::routes())
        .merge(admin::routes())
        .merge(answering::routes())
        .merge(finding::routes())
        .merge(api::routes(&site))
        .fallback(shell::not_found)
        .method_not_allowed_fallback(shell::wrong_method)
        .layer(axum::middleware::from_fn(shell::refuse_large))
        .layer(axum::middleware::map_response(shell::guard_headers))
        .with_state(site)
}

async fn metrics(State(site): Shared) -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], (site.web.metrics)())
}
