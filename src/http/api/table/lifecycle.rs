//! Routes of what happens to users as a whole: reset, clearing, the way back.

use axum::routing::{get, post};

use crate::service::access::Act;

use super::super::reset;
use super::{Entry, Route, Shape, shape};

pub(super) const SHAPES: &[Shape] = &[
    shape(
        "Holdings",
        &[
            ("messages", "integer", "also those in the trash"),
            ("unheard", "integer", "of them, in the inbox and not heard"),
            ("greetings", "integer", ""),
            ("names", "integer", "recorded names"),
            ("rules", "integer", "answering rules"),
            ("lists", "integer", "lists to send to"),
            ("numbers", "integer", "further numbers and aliases"),
            ("links", "integer", "links in mails that open a message"),
            ("mails", "integer", "mails that wait to be sent"),
            ("sessions", "integer", "browsers that are signed in"),
            ("keys", "integer", "keys of programs"),
            ("devices", "integer", "devices that open the mailbox without a PIN"),
            ("lamps", "integer", "phones that watch the mailbox"),
        ],
    ),
    shape(
        "Cleared",
        &[
            ("clear", "[string]", "which parts"),
            ("messages", "integer", "messages that lay outside of the trash"),
            ("greetings", "integer", "greetings, with the recorded name"),
            ("at", "date-time", "when; it can be taken back for 24 hours"),
        ],
    ),
];

pub(super) fn routes() -> Vec<Entry> {
    let write = Some(Act::UsersWrite);
    vec![
        (
            Route::new(
                "GET",
                "/users/{user}/holdings",
                write,
                "What hangs on a user, counted: a dry run of a reset",
            )
            .shape("Holdings"),
            get(reset::holdings),
        ),
        (
            Route::new(
                "POST",
                "/users/{user}/reset",
                write,
                "Clear parts of a user, who must be set up anew then",
            )
            .shape("Cleared")
            .body(&[(
                "clear",
                "[name|emails|password|pin|messages|greetings|recorded-name|rules|numbers]",
                true,
                "what is cleared",
            )]),
            post(reset::reset),
        ),
        (
            Route::new("POST", "/users/{user}/clear", write, "Clear the mailbox of somebody who stays")
                .shape("Cleared")
                .body(&[("what", "messages|data", true, "data: messages, greetings and recorded name")]),
            post(reset::clear),
        ),
        (
            Route::new(
                "POST",
                "/users/{user}/take-back",
                write,
                "Take the last reset or clearing back, for 24 hours and while nobody else was set up",
            )
            .shape("Cleared"),
            post(reset::take_back),
        ),
    ]
}
