//! `/healthz`: the process answers. `/readyz`: the parts it needs answer, and what to do where they do not.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use tokio::sync::Mutex;

use super::{Shared, Web};

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

/// An answer serves everybody who asks within this: a flood of questions reaches no database and no bucket.
const FRESH: Duration = Duration::from_secs(1);

/// The last answer, and when it was given.
#[derive(Default)]
pub(super) struct Readiness {
    last: Mutex<Option<(Duration, Arc<Report>)>>,
}

#[derive(Serialize)]
struct Report {
    ready: bool,
    checks: Vec<Check>,
}

impl Readiness {
    async fn ask(&self, web: &Web) -> Arc<Report> {
        let mut last = self.last.lock().await;
        let now = web.clock.monotonic();
        if let Some((_, report)) = last.as_ref().filter(|(at, _)| now < *at + FRESH) {
            return report.clone();
        }
        let checks = (web.checks)().await;
        let report = Arc::new(Report { ready: checks.iter().all(|check| check.ok), checks });
        *last = Some((web.clock.monotonic(), report.clone()));
        report
    }
}

pub(super) async fn readyz(State(site): Shared) -> Response {
    let report = site.readiness.ask(&site.web).await;
    let status = if report.ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, Json(&*report)).into_response()
}
