//! Routes of the running server: calls and lamps.

use axum::routing::{get, post};

use crate::service::access::Act;

use super::super::running;
use super::{Entry, Route};

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
            .status(202),
            post(running::end),
        ),
        (
            Route::new("GET", "/lamps", lamps, "What phones were told of their mailboxes, wrong ones first"),
            get(running::lamps),
        ),
        (
            Route::new(
                "POST",
                "/lamps/{lamp}/again",
                lamps,
                "Tell a phone again, whatever it confirmed last",
            )
            .status(202),
            post(running::tell_again),
        ),
    ]
}
