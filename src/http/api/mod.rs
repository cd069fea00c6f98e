//! The API for programs, `/api/v1`. One table says every route: the router, the checks before each handler, the OpenAPI
//! document and the page that shows it are made of it.

mod answering;
mod bin;
mod bulk;
mod call_me;
mod caller;
mod docs;
mod greetings;
mod handsets;
mod hours;
mod imports;
mod messages;
pub(in crate::http) mod numbers;
mod once;
mod own;
mod policy;
mod presence;
pub(in crate::http) mod problem;
mod profiles;
mod reset;
mod rest;
mod roles;
mod running;
mod schema;
mod second_factors;
mod sending;
mod table;
mod tag;
mod takeover;
mod tenants;
mod trunks;
pub(in crate::http) mod turns;
mod unread;
mod users;
pub(in crate::http) mod webhooks;
mod whom;

use std::sync::Arc;

use axum::http::StatusCode;
use axum::middleware::from_fn_with_state;
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use axum::{Json, Router};
use serde::Serialize;
use serde_json::{Value, json};

use super::Site;
use problem::Problem;

pub use docs::document;
pub use table::{Route, Shape, shapes, table};

/// A page of a list; `next` is the place of the page after it.
fn page(items: Vec<Value>, next: impl Serialize) -> Response {
    Json(json!({"items": items, "next": next})).into_response()
}

/// The routes of the API.
pub(super) fn routes(site: &Arc<Site>) -> Router<Arc<Site>> {
    let mut api = Router::new();
    for (route, handler) in self::table::handlers() {
        let guard = from_fn_with_state((Arc::clone(site), route), caller::guard);
        api = api.route(route.path, handler.layer(guard));
    }
    let api = api.fallback(async || Problem::missing("resource")).method_not_allowed_fallback(async || {
        Problem::new(StatusCode::METHOD_NOT_ALLOWED, "this resource is not used in this way: see /api/docs")
    });
    Router::new()
        .nest("/api/v1", api)
        .route("/api/openapi.json", get(docs::openapi))
        .route("/api/docs", get(docs::page))
}
