//! Routes of the running server: calls and lamps.

use axum::routing::{get, post};

use crate::service::access::Act;

use super::super::running;
use super::{Entry, Route, Shape, shape};

const LIMIT: (&str, &str) = ("limit", "calls of the answer, 1 to 1000; else 200");

pub(super) fn routes() -> Vec<Entry> {
    let (calls, lamps) = (Some(Act::Calls), Some(Act::Lamps));
    vec![
        (
            Route::new(
                "GET",
                "/calls",
                calls,
                "Calls that run on this node, the oldest first; `caller` only for who may see callers",
            )
            .shape("Calls")
            .query(&[LIMIT]),
            get(running::calls),
        ),
        (
            Route::new(
                "GET",
                "/calls/recent",
                calls,
                "Calls of this node that are over, and what came of them",
            )
            .list("PastCall")
            .query(&[LIMIT]),
            get(running::recent),
        ),
        (
            Route::new("GET", "/calls/events", calls, "Says `calls` when they changed, live")
                .answers("text/event-stream"),
            get(running::events),
        ),
        (
            Route::new(
                "POST",
                "/calls/{call}/end",
                Some(Act::CallsEnd),
                "End a running call; what was recorded is kept",
            )
            .empty(202),
            post(running::end),
        ),
        (
            Route::new("GET", "/lamps", lamps, "What phones were told of their mailboxes, wrong ones first")
                .list("Lamp"),
            get(running::lamps),
        ),
        (
            Route::new(
                "POST",
                "/lamps/{lamp}/again",
                lamps,
                "Tell a phone again, whatever it confirmed last",
            )
            .empty(202),
            post(running::tell_again),
        ),
    ]
}

pub(super) const SHAPES: &[Shape] = &[
    shape(
        "Calls",
        &[("items", "[Call]", "the oldest first"), ("all", "integer", "how many there are in all")],
    ),
    shape(
        "Call",
        &[
            ("id", "uuid", ""),
            ("direction", "in|out", ""),
            ("trunk", "string?", ""),
            ("mailbox", "string?", "its extension"),
            ("since", "date-time", ""),
            ("stage", "string", "what it does"),
            ("stage_since", "date-time", ""),
            ("ended_by_operator", "boolean", ""),
            ("caller?", "Caller", "only for who may see callers"),
        ],
    ),
    shape(
        "PastCall",
        &[
            ("id", "uuid", ""),
            ("direction", "in|out", ""),
            ("trunk", "string?", ""),
            ("mailbox", "string?", "its extension"),
            ("since", "date-time", ""),
            ("ended_at", "date-time", ""),
            ("ended_by_operator", "boolean", ""),
            ("outcome", "string", "what came of it"),
            ("code", "integer?", "the SIP status of one that was refused"),
            ("caller?", "Caller", "only for who may see callers"),
        ],
    ),
    shape(
        "Lamp",
        &[
            ("id", "uuid", ""),
            ("mailbox", "string", "its extension"),
            ("to", "string", "the phone"),
            ("state", "string", "how it is"),
            ("told", "object?", "counts that it confirmed last"),
            ("truth", "object", "counts that there are"),
            ("told_at", "date-time?", ""),
            ("since", "date-time", ""),
            ("expires_at", "date-time?", "when the subscription ends; null: it is configured"),
            ("failures", "integer", "how often in a row it could not be told"),
            ("error", "string?", "why not"),
            ("next_try_at", "date-time?", ""),
        ],
    ),
];
