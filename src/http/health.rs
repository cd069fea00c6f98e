//! `/healthz`: the process answers. `/readyz`: the parts it needs answer, and what to do where they do not.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::IntoResponse;
use serde::Serialize;

use super::Shared;

/// How one part of the server is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Check {
    /// For example `database`.
    pub name: &'static str,
    /// Whether it works.
    pub ok: bool,
    /// What is the matter and what to do, or what else there is to know; mostly empty when it works.
    pub detail: String,
}

/// Asks every part how it is.
pub type Checks = Arc<dyn Fn() -> Pin<Box<dyn Future<Output = Vec<Check>> + Send>> + Send + Sync>;

pub(super) async fn healthz() -> &'static str {
    "ok\n"
}

#[derive(Serialize)]
struct Readiness {
    ready: bool,
    checks: Vec<Check>,
}

pub(super) async fn readyz(State(site): Shared) -> impl IntoResponse {
    let checks = (site.web.checks)().await;
    let ready = checks.iter().all(|check| check.ok);
    let status = if ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, Json(Readiness { ready, checks }))
}
