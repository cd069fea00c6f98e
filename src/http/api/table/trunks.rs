//! Routes of trunks and peers.

use axum::routing::{get, post};

use crate::service::access::Act;

use super::super::trunks;
use super::{Entry, Route, Shape, shape};

pub(super) fn routes() -> Vec<Entry> {
    let act = Some(Act::System);
    vec![
        (
            Route::new("GET", "/trunks", act, "Trunks and peers as configured, and who of them was heard")
                .shape("Trunks"),
            get(trunks::list),
        ),
        (
            Route::new(
                "POST",
                "/trunks/ask",
                act,
                "Send OPTIONS to a configured address, and wait for the answer",
            )
            .shape("TrunkAnswer")
            .body(&[("uri", "string", true, "one of `reachable_at`")]),
            post(trunks::ask),
        ),
    ]
}

pub(super) const SHAPES: &[Shape] = &[
    shape(
        "Trunks",
        &[
            ("items", "[Trunk]", "plain peers last"),
            ("strangers", "[Neighbour]", "who spoke SIP and is no peer, the last 64 since the start"),
        ],
    ),
    shape(
        "Trunk",
        &[
            ("name", "string", "empty for peers without a trunk"),
            ("peers", "[string]", "addresses and networks that it calls from"),
            ("must_prove", "boolean", "whoever calls must prove an account"),
            ("proves", "boolean", "we prove an account when it asks"),
            ("route", "{string}", "how the mailbox is found, what is set of it"),
            ("transfer_targets", "[string]", "where its calls may be transferred to"),
            ("out", "TrunkOut?", "calls of ours; null: none"),
            ("reachable_at", "[string]", "SIP URIs that can be asked"),
            ("heard", "[Neighbour]", "since the start, last heard first"),
        ],
    ),
    shape(
        "TrunkOut",
        &[
            ("to", "string", "where they go"),
            ("targets", "[string]", "numbers and prefixes that they may reach"),
        ],
    ),
    shape(
        "Neighbour",
        &[
            ("ip", "string", ""),
            ("at", "date-time", "when it was last heard"),
            ("times", "integer", "since the start"),
            ("said", "string?", "method of the last request; null: nothing of a stranger is read"),
            ("refused", "integer?", "status of the refusal"),
            ("connected", "boolean", "it is let in and was heard"),
        ],
    ),
    shape(
        "TrunkAnswer",
        &[
            ("uri", "string", ""),
            ("answered", "boolean", ""),
            ("said", "string", "in words, with what to do"),
        ],
    ),
];
