//! Routes of imports of users.

use axum::extract::DefaultBodyLimit;
use axum::routing::{delete, get, patch, post};

use crate::service::access::Act;

use super::super::imports;
use super::{Entry, LIMIT, Route, Shape, shape};

pub(super) const SHAPES: &[Shape] = &[
    shape(
        "Import",
        &[
            ("id", "uuid", ""),
            ("label", "string", "name of the file"),
            ("added", "integer", "users"),
            ("changed", "integer", "users"),
            ("unchanged", "integer", "rows that changed nothing"),
            ("made_at", "date-time", ""),
            ("rolled_back_at", "date-time?", "when it was taken back"),
            ("can_roll_back", "boolean", "it can be taken back"),
        ],
    ),
    shape(
        "ImportDraft",
        &[
            ("id", "uuid", ""),
            ("label", "string", "name of the file"),
            ("encoding", "string", "how it was written"),
            ("header", "[string]", "its columns"),
            ("made_at", "date-time", ""),
            ("until", "date-time", "when it goes by itself"),
            ("is_running", "boolean", "it is being imported"),
            ("trouble", "string?", "why it was not imported"),
            ("import", "uuid?", "what came of it"),
            ("is_done", "boolean", "it was imported: the rows are gone, their result can be fetched"),
            ("counts?", "ImportCounts", "what it would do; not in lists, nor once it is being imported"),
            ("ignored?", "[string]", "columns that mean nothing here; not in lists"),
        ],
    ),
    shape(
        "ImportCounts",
        &[
            ("rows", "integer", ""),
            ("add", "integer", "users that it adds"),
            ("change", "integer", "users that it changes"),
            ("faults", "integer", "rows that must be mended before"),
            ("left_out", "integer", "rows that are not to be imported"),
        ],
    ),
    shape(
        "ImportRow",
        &[
            ("line", "integer", "its line in the file"),
            ("does", "add|change|unchanged|fault|left-out", ""),
            ("cells", "{string}", "by column; a PIN is never shown"),
            ("changes", "[ImportChange]", "what would change"),
            ("faults", "[ImportFault]", "what is wrong, and how to mend it"),
        ],
    ),
    shape("ImportChange", &[("column", "string", ""), ("old", "string", ""), ("new", "string", "")]),
    shape("ImportFault", &[("column", "string", ""), ("detail", "string", "")]),
    shape(
        "ImportMending",
        &[
            ("line", "integer", "line in the file"),
            ("cells?", "{string}", "new texts by column; none: the row is left out"),
            ("left_out?", "boolean", "false: a row that was left out is taken in again"),
        ],
    ),
];

pub(super) fn routes() -> Vec<Entry> {
    let write = Some(Act::UsersWrite);
    vec![
        (
            Route::new("GET", "/imports/template.csv", write, "A table to begin with").answers("text/csv"),
            get(imports::template),
        ),
        (Route::new("GET", "/imports", write, "Imports, newest first").list("Import"), get(imports::made)),
        (
            Route::new("POST", "/imports/{import}/take-back", write, "Take a whole import back")
                .body(&[("anyway", "boolean", false, "mailboxes that were changed since as well")])
                .empty(204),
            post(imports::take_back),
        ),
        (
            Route::new("GET", "/imports/drafts", write, "Files that one has begun to import")
                .list("ImportDraft"),
            get(imports::drafts),
        ),
        (
            Route::new(
                "POST",
                "/imports/drafts",
                write,
                "Take a file in (multipart/form-data); nothing is imported yet",
            )
            .status(201)
            .shape("ImportDraft")
            .body(&[("file", "binary", true, "CSV with up to 10,000 rows and 10 MiB")]),
            post(imports::upload).layer(DefaultBodyLimit::disable()),
        ),
        (
            Route::new("GET", "/imports/drafts/{draft}", write, "What it would do now").shape("ImportDraft"),
            get(imports::show),
        ),
        (
            Route::new("GET", "/imports/drafts/{draft}/rows", write, "Its rows, in the order of the file")
                .query(&[
                    ("only", "all, faults, changes or left-out"),
                    ("after", "the `next` of the page before: a line"),
                    LIMIT,
                ])
                .list("ImportRow"),
            get(imports::rows),
        ),
        (
            Route::new("PATCH", "/imports/drafts/{draft}/rows", write, "Mend rows, all of them or none")
                .shape("ImportDraft")
                .body(&[("rows", "[ImportMending]", true, "what is to be mended")]),
            patch(imports::mend),
        ),
        (
            Route::new(
                "POST",
                "/imports/drafts/{draft}/apply",
                write,
                "Begin to import it: every row or none",
            )
            .status(202)
            .shape("ImportDraft"),
            post(imports::apply),
        ),
        (
            Route::new(
                "GET",
                "/imports/drafts/{draft}/result.csv",
                write,
                "What became of each row; before it is imported, what each would do",
            )
            .answers("text/csv"),
            get(imports::result),
        ),
        (
            Route::new("DELETE", "/imports/drafts/{draft}", write, "Give it up").empty(204),
            delete(imports::give_up),
        ),
    ]
}
