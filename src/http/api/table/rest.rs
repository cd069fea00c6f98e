//! Routes of jobs, keys and the rest.

use axum::routing::{delete, get, post};

use crate::service::access::Act;

use super::super::rest;
use super::{Entry, LIMIT, PLACE, Route};

pub(super) fn routes() -> Vec<Entry> {
    vec![
        (Route::new("GET", "/me", None, "Who one is, and what one reaches").shape("Me"), get(rest::me)),
        (
            Route::new(
                "GET",
                "/directory",
                Some(Act::Directory),
                "People by the keys or letters of their names",
            )
            .shape("Found")
            .query(&[("keys", "at least three, for example 568 or lov")]),
            get(rest::directory),
        ),
        (
            Route::new("GET", "/jobs", Some(Act::Jobs), "Mails and other work: waiting, done, given up")
                .list("Job")
                .query(&[("state", "queued, running, retry, done or dead"), PLACE, LIMIT]),
            get(rest::jobs),
        ),
        (
            Route::new("POST", "/jobs/{job}/retry", Some(Act::Jobs), "Try it again at once").empty(202),
            post(rest::retry),
        ),
        (
            Route::new("POST", "/jobs/retry", Some(Act::Jobs), "Try everything again that was given up")
                .status(202)
                .shape("JobsRetried"),
            post(rest::retry_all),
        ),
        (
            Route::new("GET", "/keys", Some(Act::Keys), "Keys, never their secrets").list("Key"),
            get(rest::keys),
        ),
        (
            Route::new("POST", "/keys", Some(Act::Keys), "Make a key; it is told this once")
                .status(201)
                .shape("Key")
                .body(&[
                    ("name", "string", true, "what it is for"),
                    ("scopes", "[string]", true, "what it may"),
                    ("user", "uuid", false, "only what this user may"),
                    ("expires_at", "date-time", false, "when it stops working; else never"),
                ]),
            post(rest::add_key),
        ),
        (
            Route::new("DELETE", "/keys/{key}", Some(Act::Keys), "Take a key back").empty(204),
            delete(rest::revoke_key),
        ),
        (
            Route::new("GET", "/audit", Some(Act::Audit), "Who changed what, newest first")
                .list("AuditLine")
                .query(&[PLACE, LIMIT]),
            get(rest::audit),
        ),
        (
            Route::new("GET", "/explain", Some(Act::Explain), "What would happen to a call, and why")
                .shape("Explanation")
                .query(&[
                    ("to", "for example sip:1001@pbx.example.org"),
                    ("from", "who calls"),
                    ("diversion", "value of a Diversion header"),
                    ("history_info", "value of a History-Info header"),
                    ("trunk", "the trunk it comes over"),
                    ("at", "RFC 3339; else now"),
                ]),
            get(rest::explain),
        ),
        (
            Route::new("GET", "/health", Some(Act::System), "How the parts of the server are")
                .shape("Health"),
            get(rest::health),
        ),
    ]
}
