//! Routes of what people say of themselves.

use axum::routing::{get, patch};

use crate::service::access::Act;

use super::super::presence;
use super::{Entry, Route, Shape, shape};

const STATES: &str = "in-office|out-of-office|in-meeting|do-not-disturb|on-vacation|remote";

pub(super) fn routes() -> Vec<Entry> {
    let path = "/mailboxes/{mailbox}/presence";
    vec![
        (
            Route::new("GET", path, Some(Act::SettingsRead), "What the owner says of themselves")
                .shape("Presence")
                .guarded(),
            get(presence::show),
        ),
        (
            Route::new("PATCH", path, Some(Act::SettingsWrite), "Say something else, or choose greetings")
                .shape("Presence")
                .guarded()
                .body(&[
                    ("state", STATES, false, "from the next call on"),
                    (
                        "until",
                        "date-time?",
                        false,
                        "in the office again from then on; null: until something else is said",
                    ),
                    (
                        "greetings",
                        "[PresenceGreeting]",
                        false,
                        "which greeting plays; states not named stay as they are",
                    ),
                ]),
            patch(presence::change),
        ),
    ]
}

pub(super) const SHAPES: &[Shape] = &[
    shape(
        "Presence",
        &[
            ("user", "uuid", "whose"),
            ("state", STATES, ""),
            ("until", "date-time?", "null: until something else is said"),
            ("greetings", "[PresenceGreeting]", ""),
        ],
    ),
    shape(
        "PresenceGreeting",
        &[("state", STATES, ""), ("greeting", "uuid?", "null: the one that fits best")],
    ),
];
