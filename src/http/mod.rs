//! The web side: link pages, health, metrics. Serves; decides nothing about messages itself.

mod audio;
mod client;
mod health;
mod link_page;
mod listener;
mod opened;
mod range;
mod rendition;
mod shell;

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
    /// Reverse proxies whose `X-Forwarded-For` is believed.
    pub trusted_proxies: Vec<IpNet>,
}

/// Shared state of the handlers.
struct Site {
    web: Web,
    guesses: client::Guesses,
    renditions: rendition::Renditions,
    readiness: health::Readiness,
}

type Shared = State<Arc<Site>>;

/// Every route, with the headers that all answers carry.
pub fn router(web: Web) -> Router {
    let guesses = client::Guesses::new(web.clock.clone());
    let (renditions, readiness) = (rendition::Renditions::default(), health::Readiness::default());
    let site = Arc::new(Site { web, guesses, renditions, readiness });
    Router::new()
        .route("/", get(home))
        .route("/healthz", get(health::healthz))
        .route("/readyz", get(health::readyz))
        .route("/metrics", get(metrics))
        .route("/m/{token}", get(link_page::page))
        .route("/m/{token}/audio.mp3", get(audio::mp3))
        .route("/m/{token}/audio.wav", get(audio::wav))
        .route("/m/{token}/{action}", post(link_page::act))
        .fallback(shell::not_found)
        .method_not_allowed_fallback(shell::wrong_method)
        .layer(axum::middleware::from_fn(shell::refuse_large))
        .layer(axum::middleware::map_response(shell::guard_headers))
        .with_state(site)
}

async fn home() -> impl IntoResponse {
    shell::Notice { title: "Aftertone is running", text: "Messages are opened by the link in the mail." }
        .page(axum::http::StatusCode::OK)
}

async fn metrics(State(site): Shared) -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], (site.web.metrics)())
}
