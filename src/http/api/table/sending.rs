//! Routes of messages between mailboxes.

use axum::routing::post;

use crate::service::access::Act;

use super::super::sending;
use super::{Entry, Route, Shape, shape};

pub(super) const SHAPES: &[Shape] = &[
    shape(
        "Forwarded",
        &[
            ("delivered", "[string]", "extensions that have it, durably"),
            ("refused", "[Refusal]", "those that have not"),
        ],
    ),
    shape(
        "Refusal",
        &[
            ("extension", "string", ""),
            ("why", "unknown|full|closed|failed", "failed: not possible now, try again"),
        ],
    ),
];

pub(super) fn routes() -> Vec<Entry> {
    vec![(
        Route::new(
            "POST",
            "/mailboxes/{mailbox}/messages/{message}/forward",
            Some(Act::MessagesWrite),
            "Pass a message on to other mailboxes; it stays as it is, and private ones are not passed on",
        )
        .shape("Forwarded")
        .body(&[
            ("to", "[string]", true, "1 to 100 extensions"),
            ("note", "string", false, "shown beside the copies, at most 2000 characters"),
        ]),
        post(sending::forward),
    )]
}
