//! Routes of what is done to many users.

use axum::routing::{get, post};

use crate::service::access::Act;

use super::super::bulk;
use super::{Entry, LIMIT, PLACE, Route, Shape, shape};

const ACTS: &str = "welcome|force-password|portal-on|portal-off|reset|remove";
const PARTS: &str = "[name|emails|password|pin|messages|greetings|recorded-name|rules|numbers|phones]";

pub(super) fn routes() -> Vec<Entry> {
    let write = Some(Act::UsersWrite);
    vec![
        (
            Route::new(
                "POST",
                "/users/bulk",
                write,
                "The same for many users, behind the answer; one that fails holds up no other",
            )
            .status(202)
            .shape("BulkRun")
            .body(&[
                ("act", ACTS, true, "what is done to each"),
                ("users", "[uuid]", false, "1 to 5000 users; those named twice once. Either these or a filter"),
                (
                    "filter",
                    "object",
                    false,
                    "all that this finds when it begins, 5000 at most: search, status, voicemail, role, department, site, as of GET /users; {} for all users",
                ),
                ("clear", PARTS, false, "what a reset clears"),
            ]),
            post(bulk::begin),
        ),
        (
            Route::new("GET", "/users/bulk", write, "What was done to many users lately, the last one first")
                .list("BulkRun"),
            get(bulk::list),
        ),
        (Route::new("GET", "/users/bulk/{run}", write, "How far it is").shape("BulkRun"), get(bulk::show)),
        (
            Route::new("GET", "/users/bulk/{run}/results", write, "What came of each user")
                .query(&[PLACE, LIMIT])
                .list("BulkResult"),
            get(bulk::results),
        ),
        (
            Route::new("GET", "/users/bulk/{run}/results.csv", write, "The same as a table")
                .answers("text/csv"),
            get(bulk::csv),
        ),
        (
            Route::new(
                "POST",
                "/users/bulk/{run}/cancel",
                write,
                "Stop it: who had no turn has none any more",
            )
            .shape("BulkRun"),
            post(bulk::cancel),
        ),
    ]
}

pub(super) const SHAPES: &[Shape] = &[
    shape(
        "BulkRun",
        &[
            ("id", "uuid", ""),
            ("act", "string", "what is done to each"),
            ("clear", "[string]", "what a reset clears"),
            ("state", "running|done|cancelled", ""),
            ("total", "integer", "users"),
            ("done", "integer", "users to whom it was done"),
            ("failed", "integer", "users to whom it was not done"),
            ("made_at", "date-time", "when it was asked for"),
            ("over_at", "date-time?", "null: it goes on"),
        ],
    ),
    shape(
        "BulkResult",
        &[
            ("user", "uuid", ""),
            ("who", "string", "name and extension, once there was a turn"),
            ("state", "waiting|begun|done|failed|skipped", "skipped: it was stopped before the turn"),
            ("why", "string?", "why it was not done, and how to mend it"),
        ],
    ),
];
