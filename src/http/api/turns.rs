//! Conditional changes (`If-Match`) of one tenant, one after the other: what is compared is what is changed.
//!
//! A handler reads, compares and writes. Two that compare before either writes would both find what they expect, and the
//! second would undo the first, which is what `If-Match` is there to prevent.

use axum::http::{Method, StatusCode, header};
use tokio::sync::{Mutex, MutexGuard};

use crate::domain::TenantId;

use super::problem::Problem;
use super::table::Route;

/// Tenants that share a turn wait for each other, a few milliseconds.
const TURNS: usize = 64;

/// Whose turn it is.
#[derive(Debug)]
pub(in crate::http) struct Turns([Mutex<()>; TURNS]);

impl Default for Turns {
    fn default() -> Self {
        Self([const { Mutex::const_new(()) }; TURNS])
    }
}

impl Turns {
    async fn of(&self, tenant: TenantId) -> MutexGuard<'_, ()> {
        self.0[tenant.uuid().as_u128() as usize % TURNS].lock().await
    }

    /// Waits until nobody else changes something of the tenant on a condition; nothing, where the request has none.
    ///
    /// # Errors
    /// 412 for a condition that the route does not look at: it would not hold what it promises (RFC 9110 §13.1.1).
    pub(super) async fn wait(
        &self,
        route: &Route,
        request: &axum::http::request::Parts,
        tenant: TenantId,
    ) -> Result<Option<MutexGuard<'_, ()>>, Problem> {
        let condition = request.headers.get(header::IF_MATCH);
        let changes = !matches!(request.method, Method::GET | Method::HEAD);
        match condition.filter(|_| changes) {
            None => Ok(None),
            Some(_) if route.is_guarded => Ok(Some(self.of(tenant).await)),
            Some(any) if any == "*" => Ok(None),
            Some(_) => {
                let why = "this resource has no ETag, so that If-Match cannot hold: leave it out";
                Err(Problem::new(StatusCode::PRECONDITION_FAILED, why))
            }
        }
    }
}
