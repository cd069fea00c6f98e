//! Routes of what people set for themselves.

use axum::routing::{delete, get, patch, post, put};

use crate::service::access::Act;

use super::super::own;
use super::{Entry, Route, Shape, shape};

pub(super) fn routes() -> Vec<Entry> {
    let (read, write) = (Some(Act::SettingsRead), Some(Act::SettingsWrite));
    vec![
        (
            Route::new("GET", "/mailboxes/{mailbox}/settings", read, "How a mailbox tells its owner")
                .shape("OwnSettings")
                .guarded(),
            get(own::settings),
        ),
        (
            Route::new("PATCH", "/mailboxes/{mailbox}/settings", write, "Change how it tells its owner")
                .shape("OwnSettings")
                .guarded()
                .body(&[
                    ("mail", "[Recipient]", false, "the mode of single addresses"),
                    ("attachment", "mp3|wav", false, "format of attachments"),
                    ("zone", "string?", false, "IANA zone; null: that of the tenant"),
                    ("language", "string?", false, "of the prompts; null: that of the tenant"),
                    (
                        "operator",
                        "string?",
                        false,
                        "where 0 leads, one of the transfer targets; null: the tenant's",
                    ),
                    ("newest_first", "boolean", false, "on the phone"),
                    ("urgent_first", "boolean", false, "on the phone"),
                    ("say_time", "boolean", false, "when a message came"),
                    ("say_caller", "boolean", false, "who left it"),
                    ("say_length", "boolean", false, "how long it is"),
                    ("speed_percent", "integer", false, "of playback, 50 to 200"),
                    ("gain_db", "integer", false, "of playback, -12 to 12"),
                    ("auto_play", "boolean", false, "new messages play after the counts"),
                    ("key_help", "boolean", false, "menus tell their keys unasked"),
                    ("announce", "boolean", false, "found in the audio directory"),
                ]),
            patch(own::change),
        ),
        (
            Route::new(
                "POST",
                "/mailboxes/{mailbox}/settings/test-mail",
                write,
                "Send a mail to one of its addresses now, and say what the mail server answered",
            )
            .shape("TestMail")
            .body(&[("address", "email", true, "one of `mail`; six tests an hour")]),
            post(own::test_mail),
        ),
        (
            Route::new("PUT", "/mailboxes/{mailbox}/pin", write, "A new PIN").empty(204).body(&[(
                "pin",
                "string",
                true,
                "digits, as the policy asks",
            )]),
            put(own::pin),
        ),
        (
            Route::new(
                "GET",
                "/mailboxes/{mailbox}/counts",
                Some(Act::MessagesRead),
                "How many messages there are",
            )
            .shape("Counts"),
            get(own::counts),
        ),
        (
            Route::new(
                "DELETE",
                "/mailboxes/{mailbox}/messages/{message}",
                Some(Act::MessagesWrite),
                "Throw away for good what lies in the trash",
            )
            .empty(204),
            delete(own::purge),
        ),
        (
            Route::new("GET", "/me/sessions", None, "Where one is signed in").list("Session"),
            get(own::sessions),
        ),
        (
            Route::new("DELETE", "/me/sessions/{session}", None, "Sign out there").empty(204),
            delete(own::end_session),
        ),
        (
            Route::new("PUT", "/me/password", None, "A new password; other browsers are signed out")
                .empty(204)
                .body(&[
                    ("old", "string", true, "the password until now"),
                    ("new", "string", true, "at least ten characters"),
                ]),
            put(own::password),
        ),
    ]
}

pub(super) const SHAPES: &[Shape] = &[
    shape(
        "OwnSettings",
        &[
            ("mailbox", "uuid", ""),
            ("extension", "string", ""),
            ("mail", "[Recipient]", "what goes to which address"),
            ("attachment", "mp3|wav", "format of attachments"),
            ("zone", "string?", "null: that of the tenant"),
            ("language", "string?", "null: that of the tenant"),
            ("operator", "string?", "where 0 leads; null: the tenant's"),
            ("keys", "string?", "key profile; null: that of the server"),
            ("newest_first", "boolean", ""),
            ("urgent_first", "boolean", ""),
            ("say_time", "boolean", "when a message came"),
            ("say_caller", "boolean", "who left it"),
            ("say_length", "boolean", "how long it is"),
            ("speed_percent", "integer", "of playback"),
            ("gain_db", "integer", "of playback"),
            ("auto_play", "boolean", "new messages play after the counts"),
            ("key_help", "boolean", "menus tell their keys unasked"),
            ("announce", "boolean", "found in the audio directory"),
        ],
    ),
    shape(
        "TestMail",
        &[
            ("address", "email", ""),
            ("accepted", "boolean", "the mail server took it"),
            ("said", "string", "what it said, or what to do"),
        ],
    ),
    shape(
        "Counts",
        &[
            ("new", "integer", "not heard, in the inbox"),
            ("new_urgent", "integer", "urgent ones of these"),
            ("old", "integer", "heard, or saved"),
            ("old_urgent", "integer", "urgent ones of these"),
            ("trash", "integer", ""),
            ("filed", "integer", "old ones that are filed under a tag"),
        ],
    ),
    shape(
        "Session",
        &[
            ("id", "uuid", ""),
            ("browser", "string", "as it calls itself"),
            ("address", "string", "where it was last seen"),
            ("created_at", "date-time", ""),
            ("last_at", "date-time", ""),
            ("is_this", "boolean", "the one that asks"),
        ],
    ),
];
