//! The administrator's portal: pages for who looks after others. Which page opens is `service::access`'s.

mod adding;
mod explain;
mod server;
mod users;

use std::sync::Arc;

use axum::Router;
use axum::routing::{get, post};

use crate::service::access::Act;

use super::Site;

/// Pages that stand in the navigation: group, path, label, what opens them. Groups stand in the order of their first page.
pub(super) const PLACES: &[(&str, &str, &str, Act)] = &[
    ("People", "/admin/users", "Users", Act::UsersRead),
    ("Calls", "/answering/all/hours", "Hours and lists", Act::TenantsRead),
    ("Calls", "/admin/explain", "Explain", Act::Explain),
    ("Server", "/admin/jobs", "Outbox", Act::Jobs),
    ("Server", "/admin/system", "System", Act::System),
    ("Access", "/admin/audit", "Changes", Act::Audit),
];

/// The routes of the administrator's portal.
pub(super) fn routes() -> Router<Arc<Site>> {
    Router::new()
        .route("/admin/users", get(users::list).post(adding::add))
        .route("/admin/users/new", get(adding::new))
        .route("/admin/users/{id}", get(users::show).post(users::change))
        .route("/admin/users/{id}/invite", post(users::invite))
        .route("/admin/users/{id}/unlock", post(users::unlock))
        .route("/admin/users/{id}/remove", post(users::remove))
        .route("/admin/explain", get(explain::show))
        .route("/admin/explain/targets", get(explain::targets))
        .route("/admin/jobs", get(server::jobs))
        .route("/admin/jobs/{id}/retry", post(server::retry))
        .route("/admin/audit", get(server::audit))
        .route("/admin/system", get(server::system))
}
