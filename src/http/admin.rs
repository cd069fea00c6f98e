//! The administrator's portal: pages for who looks after others. Which page opens is `service::access`'s.

mod adding;
mod bulk;
mod bulk_removal;
pub(super) mod calls;
mod clearing;
mod explain;
mod extensions;
mod first_steps;
mod handsets;
mod helping;
mod imports;
mod keys;
pub(super) mod lamps;
mod marks;
mod numbers;
mod policy;
mod prompts;
mod removed;
mod reset;
mod second_factors;
mod server;
mod system;
mod takeover;
mod tenants;
pub(super) mod trunks;
mod users;
mod users_table;
mod webhooks;

use std::sync::Arc;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::routing::{get, post};

use crate::service::access::Act;

use super::Site;

pub(super) use users::aliases;

/// Pages that stand in the navigation: group, path, label, what opens them. Groups stand in the order of their first page.
pub(super) const PLACES: &[(&str, &str, &str, Act)] = &[
    ("People", "/admin/users", "Users", Act::UsersRead),
    ("People", extensions::HERE, "Extensions", Act::UsersWrite),
    ("People", imports::HERE, "Import", Act::UsersWrite),
    ("People", policy::HERE, "Policy", Act::TenantsWrite),
    ("People", bulk::HERE, "Bulk actions", Act::UsersWrite),
    ("Phones", handsets::HERE, "Phones", Act::PhonesRead),
    ("Phones", numbers::HERE, "Numbers", Act::UsersRead),
    ("Calls", "/answering/all/hours", "Hours and lists", Act::TenantsRead),
    ("Calls", "/admin/calls", "Live calls", Act::Calls),
    ("Calls", "/admin/explain", "Explain", Act::Explain),
    ("Server", "/admin/lamps", "Lamps", Act::Lamps),
    ("Server", prompts::HERE, "Prompts", Act::TenantsRead),
    ("Server", "/admin/jobs", "Outbox", Act::Jobs),
    ("Server", trunks::HERE, "Trunks", Act::System),
    ("Server", system::HERE, "System", Act::System),
    ("Server", first_steps::HERE, "First steps", Act::System),
    ("Access", keys::HERE, "Keys", Act::Keys),
    ("Access", second_factors::HERE, "Second factors", Act::UsersWrite),
    ("Access", webhooks::HERE, "Webhooks", Act::Webhooks),
    ("Access", "/admin/audit", "Changes", Act::Audit),
];

/// The routes of the administrator's portal.
pub(super) fn routes() -> Router<Arc<Site>> {
    Router::new()
        .route("/admin/users", get(users_table::list).post(adding::add))
        .route("/admin/users/new", get(adding::new))
        .route("/admin/users/bulk", post(bulk::bulk))
        .route("/admin/bulk", get(bulk::list))
        .route("/admin/bulk/{id}", get(bulk::show))
        .route("/admin/bulk/{id}/events", get(bulk::events))
        .route("/admin/bulk/{id}/cancel", post(bulk::cancel))
        .route("/admin/bulk/{id}/result.csv", get(bulk::result))
        .route("/admin/users/{id}", get(users::show).post(users::change))
        .route("/admin/users/{id}/profile", post(users::change_section))
        .route("/admin/users/{id}/numbers", post(users::add_alias))
        .route("/admin/users/{id}/numbers/{number}/greeting", post(users::greet_alias))
        .route("/admin/users/{id}/numbers/{number}/remove", post(users::remove_alias))
        .route("/admin/users/{id}/invite", post(helping::invite))
        .route("/admin/users/{id}/password", post(helping::give_password))
        .route("/admin/users/{id}/unlock", post(helping::unlock))
        .route("/admin/users/removed", get(removed::list))
        .route("/admin/users/{id}/remove", get(removed::confirm).post(users::remove))
        .route("/admin/users/{id}/reset", get(reset::choose).post(reset::reset))
        .route("/admin/users/{id}/clear", get(clearing::confirm).post(clearing::clear))
        .route("/admin/users/{id}/take-back", post(reset::take_back))
        .route("/admin/users/{id}/restore", post(removed::restore))
        .route("/admin/policy", get(policy::page).post(policy::change))
        .route("/extensions/{extension}", get(extensions::open))
        .route("/admin/extensions", get(extensions::list))
        .route("/admin/extensions/{extension}", get(takeover::show).post(takeover::take_over))
        .route("/admin/handsets", get(handsets::list).post(handsets::add))
        .route("/admin/handsets/new", get(handsets::new))
        .route("/admin/handsets/export.csv", get(handsets::export))
        .route("/admin/handsets/{id}", get(handsets::show).post(handsets::change))
        .route("/admin/handsets/{id}/owner", post(handsets::give))
        .route("/admin/handsets/{id}/groups", post(handsets::regroup))
        .route("/admin/handsets/{id}/restart", post(handsets::restart))
        .route("/admin/handsets/{id}/applied", post(handsets::applied))
        .route("/admin/handsets/{id}/remove", post(handsets::remove))
        .route("/admin/numbers", get(numbers::list).post(numbers::add))
        .route("/admin/numbers/{number}/edit", post(numbers::edit))
        .route("/admin/numbers/{number}/assign", get(numbers::steps).post(numbers::assign))
        .route("/admin/numbers/{number}/release", post(numbers::release))
        .route("/admin/numbers/{number}/remove", post(numbers::remove))
        .route("/admin/explain", get(explain::show))
        .route("/admin/explain/targets", get(explain::targets))
        .route("/admin/imports", get(imports::list).post(imports::upload).layer(DefaultBodyLimit::disable()))
        .route("/admin/imports/template.csv", get(imports::template))
        .route("/admin/imports/{id}", get(imports::draft::show))
        .route("/admin/imports/{id}/rows", post(imports::draft::mend))
        .route("/admin/imports/{id}/apply", post(imports::draft::apply))
        .route("/admin/imports/{id}/discard", post(imports::draft::discard))
        .route("/admin/imports/{id}/result.csv", get(imports::draft::result))
        .route("/admin/imports/{id}/take-back", post(imports::take_back))
        .route("/admin/calls", get(calls::page))
        .route("/admin/calls/events", get(calls::events))
        .route("/admin/calls/{id}/end", post(calls::end))
        .route("/admin/lamps", get(lamps::page))
        .route("/admin/lamps/{id}/again", post(lamps::again))
        .route("/admin/prompts", get(prompts::page))
        .route("/admin/prompts/{language}/{phrase}", get(prompts::sound))
        .route("/admin/jobs", get(server::jobs))
        .route("/admin/jobs/retry", post(server::retry_all))
        .route("/admin/jobs/{id}/retry", post(server::retry))
        .route("/admin/keys", get(keys::page).post(keys::add))
        .route("/admin/keys/{id}/revoke", post(keys::revoke))
        .route("/admin/second-factors", get(second_factors::page).post(second_factors::require))
        .route("/admin/second-factors/{user}/reset", post(second_factors::reset))
        .route("/admin/webhooks", get(webhooks::list).post(webhooks::add))
        .route("/admin/webhooks/{id}", get(webhooks::show).post(webhooks::change))
        .route("/admin/webhooks/{id}/test", post(webhooks::test))
        .route("/admin/webhooks/{id}/pause", post(webhooks::pause))
        .route("/admin/webhooks/{id}/resume", post(webhooks::resume))
        .route("/admin/webhooks/{id}/rotate", post(webhooks::rotate))
        .route("/admin/webhooks/{id}/remove", post(webhooks::remove))
        .route("/admin/webhooks/{id}/replay", post(webhooks::replay_since))
        .route("/admin/webhooks/{id}/deliveries/{delivery}/replay", post(webhooks::replay))
        .route("/admin/audit", get(server::audit))
        .route("/admin/trunks", get(trunks::page))
        .route("/admin/trunks/ask", post(trunks::ask))
        .route("/admin/system", get(system::page))
        .route("/admin/system/mail", post(system::mail))
        .route("/admin/system/tenants", post(tenants::add))
        .route("/admin/system/tenants/{id}", get(tenants::confirm).post(tenants::remove))
        .route("/admin/first-steps", get(first_steps::page))
        .route("/admin/first-steps/call", post(first_steps::call))
        .route("/admin/first-steps/mail", post(first_steps::mail))
}
