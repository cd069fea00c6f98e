//! Routes of tenants.

use axum::routing::{delete, get, patch, post};

use crate::service::access::Act;

use super::super::tenants;
use super::{Entry, Route, Shape, shape};

pub(super) fn routes() -> Vec<Entry> {
    let (read, write, manage) = (Some(Act::TenantsRead), Some(Act::TenantsWrite), Some(Act::TenantsManage));
    vec![
        (
            Route::new("GET", "/tenants", read, "Tenants that one reaches").list("Tenant"),
            get(tenants::tenants),
        ),
        (
            Route::new("POST", "/tenants", manage, "Add a tenant, without users").status(201).shape("Tenant").body(
                &[
                    ("name", "string", true, "small letters, digits and hyphens; stays"),
                    ("domains", "[string]", false, "SIP domains that mean it"),
                    ("zone", "string", false, "IANA zone; else yours"),
                    ("language", "string", false, "of the prompts; else yours"),
                    ("operator", "string", false, "where 0 leads"),
                ],
            ),
            post(tenants::add),
        ),
        (Route::new("GET", "/tenants/{tenant}", read, "A tenant").shape("Tenant"), get(tenants::tenant)),
        (
            Route::new("PATCH", "/tenants/{tenant}", write, "Change what mailboxes inherit").shape("Tenant").body(&[
                ("domains", "[string]", false, "SIP domains that mean it, all of them; by the operator of the server"),
                ("zone", "string", false, "IANA zone"),
                ("language", "string", false, "of the prompts"),
                ("operator", "string", false, "where 0 leads; empty for nowhere"),
            ]),
            patch(tenants::change),
        ),
        (
            Route::new(
                "GET",
                "/tenants/{tenant}/contents",
                manage,
                "What is in it: what a removal would take away",
            )
            .shape("TenantContents"),
            get(tenants::contents),
        ),
        (
            Route::new(
                "DELETE",
                "/tenants/{tenant}",
                manage,
                "Remove it, with numbers, phones, keys, webhooks, hours and lists; refused while it has users, in the recycle bin as well",
            )
            .empty(204)
            .query(&[("name", "its name, to confirm")]),
            delete(tenants::remove),
        ),
    ]
}

pub(super) const SHAPES: &[Shape] = &[shape(
    "TenantContents",
    &[
        ("users", "integer", "while there are any it is not removed"),
        ("removed_users", "integer", "in the recycle bin; the same"),
        ("messages", "integer", "also those of removed users"),
        ("numbers", "integer", "of the inventory"),
        ("handsets", "integer", ""),
        ("keys", "integer", "that were not taken back"),
        ("webhooks", "integer", ""),
        ("time_frames", "integer", "of everybody"),
        ("callers", "integer", "on the lists of everybody"),
    ],
)];
