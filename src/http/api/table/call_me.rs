//! Routes of calls to record a greeting.

use axum::routing::{delete, get, post};

use crate::service::access::Act;

use super::super::call_me;
use super::shapes::GREETINGS;
use super::{Entry, Route, Shape, shape};

pub(super) const SHAPES: &[Shape] = &[
    shape("AskedCall", &[("id", "uuid", "what it is followed by")]),
    shape(
        "CallToRecord",
        &[
            ("id", "uuid", ""),
            ("kind", GREETINGS, "what the recording becomes"),
            ("to", "string", "the number that is called"),
            ("label", "string?", "what the greeting is to be called; null: it gets a name by itself"),
            ("over", "boolean", "nothing follows"),
            ("steps", "[CallToRecordStep]", "how it went so far"),
        ],
    ),
    shape(
        "CallToRecordStep",
        &[
            ("at", "date-time", ""),
            (
                "step",
                "string",
                "calling, ringing, answered, recording, reviewing, kept, or why nothing came of it",
            ),
            ("text", "string", "the same in plain words"),
        ],
    ),
];

pub(super) fn routes() -> Vec<Entry> {
    let write = Some(Act::GreetingsWrite);
    vec![
        (
            Route::new(
                "POST",
                "/mailboxes/{mailbox}/calls-to-record",
                write,
                "Call a phone, and record a greeting on it; at most 20 an hour",
            )
            .status(202)
            .shape("AskedCall")
            .body(&[
                ("kind", GREETINGS, true, "what the recording becomes"),
                ("to", "string", false, "digits, perhaps with +; else the own extension"),
                ("label", "string", false, "what the greeting is to be called, 1 to 64 characters and free"),
            ]),
            post(call_me::ask),
        ),
        (
            Route::new(
                "GET",
                "/mailboxes/{mailbox}/calls-to-record/{call}",
                Some(Act::GreetingsRead),
                "How such a call goes; who asks is taken for following it, and the phone stops ringing 10 s after the last look",
            )
            .shape("CallToRecord"),
            get(call_me::show),
        ),
        (
            Route::new("DELETE", "/mailboxes/{mailbox}/calls-to-record/{call}", write, "Give such a call up")
                .empty(204),
            delete(call_me::give_up),
        ),
    ]
}
