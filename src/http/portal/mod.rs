//! The portal: pages for people who sign in. Server-rendered; every page works without a script.

mod call_me;
mod contacts;
mod forward;
pub(super) mod frame;
mod greetings;
mod inbox;
mod key_card;
mod live;
mod own_numbers;
mod own_operator;
mod own_profile;
mod second_factor;
mod second_step;
mod settings;
mod several;
mod sign_in;
mod upload;
pub(super) mod words;

use std::sync::Arc;

pub(super) use greetings::title as greeting_title;
pub(super) use live::{calls as live_calls, run as live_run, serve as live_events};
pub(super) use settings::mode_title;
pub(super) use sign_in::sentence;
pub(super) use upload::{is_too_large, limited, limited_to};

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::http::StatusCode;
use axum::http::request::Parts;
use axum::response::Response;
use axum::routing::{get, post};

use super::shell::Notice;
use super::{Site, visitor};

/// Largest upload: the greeting's limit and its form.
const LARGEST_UPLOAD: usize = crate::service::greetings::MAX_UPLOAD + 64 * 1024;

/// The routes of the portal.
pub(super) fn routes() -> Router<Arc<Site>> {
    Router::new()
        .route("/", get(inbox::inbox))
        .route("/sign-in", get(sign_in::page).post(sign_in::enter))
        .route("/sign-in/code", get(second_step::page).post(second_step::enter))
        .route("/sign-out", post(sign_in::leave))
        .route("/forgot", get(sign_in::forgot_page).post(sign_in::forgot))
        .route("/door/{token}", get(sign_in::door).post(sign_in::choose))
        .route("/messages/{id}", get(inbox::message))
        .route("/messages/{id}/audio.mp3", get(inbox::mp3))
        .route("/messages/{id}/audio.wav", get(inbox::wav))
        .route(
            "/messages/{id}/forward",
            get(forward::forward_page).post(forward::forward).layer(DefaultBodyLimit::disable()),
        )
        .route(
            "/messages/{id}/reply",
            get(forward::reply_page).post(forward::reply).layer(DefaultBodyLimit::disable()),
        )
        .route("/messages/several/{mark}", post(several::mark))
        .route("/keys", get(key_card::page))
        .route("/messages/{id}/{mark}", post(inbox::mark))
        .route("/events", get(live::events))
        .route("/greetings", get(greetings::page))
        .route("/greetings/upload", post(upload::upload).layer(DefaultBodyLimit::disable()))
        .route("/greetings/call-me", post(call_me::ask))
        .route("/greetings/call-me/{id}", get(call_me::page))
        .route("/greetings/call-me/{id}/events", get(call_me::events))
        .route("/greetings/call-me/{id}/give-up", post(call_me::give_up))
        .route("/greetings/numbers/{number}", post(own_numbers::greet))
        .route("/greetings/{id}/audio.wav", get(greetings::wav))
        .route("/greetings/{id}/{action}", post(greetings::act))
        .route(contacts::HERE, get(contacts::page))
        .route("/settings", get(settings::page))
        .route("/settings/second-factor", get(second_factor::page))
        .route("/settings/second-factor/{action}", post(second_factor::act))
        .route("/settings/mail", post(settings::mail))
        .route("/settings/mail/test", post(settings::test_mail))
        .route("/settings/profile", post(own_profile::change))
        .route("/settings/phone", post(settings::phone))
        .route("/settings/operator", post(own_operator::change))
        .route("/settings/pin", post(settings::pin))
        .route("/settings/password", post(settings::password))
        .route("/settings/sessions/{id}/end", post(settings::end_session))
}

/// Where somebody goes who is not signed in; a page comes back there, anything else does not.
pub(super) fn to_sign_in(site: &Site, parts: &Parts) -> Response {
    let path = parts.uri.path_and_query().map_or("/", |path| path.as_str());
    if parts.method != axum::http::Method::GET || path == "/" {
        return visitor::see(site, "/sign-in");
    }
    if path.starts_with("/events") {
        return Notice { title: "Signed out", text: "Sign in again." }.page(StatusCode::UNAUTHORIZED);
    }
    let next: String = url::form_urlencoded::byte_serialize(path.as_bytes()).collect();
    visitor::see(site, &format!("/sign-in?next={next}"))
}

/// The database is away.
pub(super) fn away() -> Response {
    Notice {
        title: "Please try again",
        text: "Your messages are safe, but cannot be reached at the moment. Please try again in a few minutes.",
    }
    .page(StatusCode::SERVICE_UNAVAILABLE)
}

/// An error of a use case as a page.
pub(super) fn trouble(error: &dyn std::error::Error) -> Response {
    tracing::warn!(%error, "a page of the portal cannot be made");
    away()
}

/// It is not there, or not this visitor's, which is the same.
pub(super) fn missing() -> Response {
    Notice { title: "Nothing here", text: "It is not there, or not yours." }.page(StatusCode::NOT_FOUND)
}
