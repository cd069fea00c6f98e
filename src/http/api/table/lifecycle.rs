//! Routes of what happens to users as a whole: reset, clearing, the way back.

use axum::routing::{get, post};

use crate::service::access::Act;

use super::super::{reset, takeover};
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
            ("phones", "integer", "phones of the user, in the inventory of phones"),
        ],
    ),
    shape(
        "Handover",
        &[
            ("user", "uuid", "who has the extension"),
            ("first", "string", "first name"),
            ("last", "string", "last name"),
            ("mail", "[Recipient]", "who is told by mail now, and is not any more"),
            ("numbers", "[string]", "further numbers and aliases"),
            ("holdings", "Holdings", "what hangs on the mailbox"),
            ("lamps", "[string]", "addresses of phones that watch it"),
            ("pointers", "[Pointer]", "what of others leads here, and will lead to who comes"),
            ("phones", "[OwnPhone]", "phones of who has it"),
        ],
    ),
    shape(
        "OwnPhone",
        &[
            ("id", "uuid", ""),
            ("name", "string", "for example 111a"),
            ("numbers", "[string]", "for which it rings"),
            ("groups", "[string]", "ring groups that it is in"),
        ],
    ),
    shape(
        "Pointer",
        &[
            ("at", "string?", "the mailbox that it is set at; null: the tenant"),
            ("what", "string", "what it is"),
        ],
    ),
    shape(
        "TakenOver",
        &[
            ("extension", "string", ""),
            ("user", "uuid", "who has it now; in a dry run, as before"),
            ("dry_run", "boolean", "nothing was changed"),
            ("leads_nowhere", "[Pointer]", "what is set to the extension that who comes gives up"),
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
                "[name|emails|password|pin|messages|greetings|recorded-name|rules|numbers|phones]",
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
        (
            Route::new("GET", "/extensions/{extension}", write, "Who has an extension, and what hangs on it")
                .shape("Handover"),
            get(takeover::show),
        ),
        (
            Route::new(
                "POST",
                "/extensions/{extension}/takeover",
                write,
                "Give an extension to somebody else, at once",
            )
            .shape("TakenOver")
            .body(&[
                ("from", "uuid", true, "who has it; if that is somebody else by now, nothing is done"),
                (
                    "fate",
                    "keep|archive|delete",
                    true,
                    "what becomes of them: archive and delete remove the user",
                ),
                ("keep", "string", false, "their other extension, where they stay"),
                (
                    "known",
                    "string",
                    false,
                    "the extension of somebody who is here and takes this one; or the fields of a new user:",
                ),
                ("first", "string", false, "first name"),
                ("last", "string", false, "last name"),
                (
                    "emails",
                    "[email]",
                    false,
                    "where messages are mailed; needed for a new user, empty for nobody",
                ),
                ("mail", "string", false, "what mails carry, for example link"),
                ("numbers", "boolean", false, "further numbers go with the extension; else they stay"),
                (
                    "phones",
                    "boolean",
                    false,
                    "phones go with the extension and leave their ring groups (phones:write); else they stay",
                ),
                ("reason", "string", true, "up to 200 characters for the audit"),
                ("dry_run", "boolean", false, "only look whether it can be done"),
            ]),
            post(takeover::take_over),
        ),
    ]
}
