//! Routes of greetings.

use axum::extract::DefaultBodyLimit;
use axum::routing::{get, patch, post, put};

use crate::service::access::Act;

use super::super::{greetings, roles};
use super::shapes::GREETINGS;
use super::{DOWNLOAD, Entry, Route};

pub(super) fn routes() -> Vec<Entry> {
    let (read, write) = (Some(Act::GreetingsRead), Some(Act::GreetingsWrite));
    vec![
        (
            Route::new(
                "GET",
                "/mailboxes/{mailbox}/greetings",
                read,
                "Greetings, newest first, also former ones",
            )
            .list("Greeting")
            .query(&[
                ("kind", "those of this kind"),
                ("active", "those that play, or (false) the former ones"),
            ]),
            get(greetings::list),
        ),
        (
            Route::new(
                "POST",
                "/mailboxes/{mailbox}/greetings",
                write,
                "Upload a greeting (multipart/form-data)",
            )
            .status(201)
            .shape("Greeting")
            .body(&[
                ("kind", GREETINGS, true, "when it plays"),
                ("label", "string", false, "its name, 1 to 64 characters and free; else the file's"),
                ("from", "date-time", false, "plays from then on"),
                ("until", "date-time", false, "plays until then"),
                ("aside", "boolean", false, "only kept, for a number or alias: what plays now stays"),
                ("file", "binary", true, "WAV, MP3, OGG, FLAC or M4A, at most 20 MiB and 5 minutes"),
            ]),
            post(greetings::upload).layer(DefaultBodyLimit::disable()),
        ),
        (
            Route::new(
                "PATCH",
                "/mailboxes/{mailbox}/greetings/{greeting}",
                write,
                "Rename it, switch it on or off, or set its end",
            )
            .shape("Greeting")
            .body(&[
                ("label", "string", false, "another name, 1 to 64 characters and free"),
                ("active", "boolean", false, "plays, where it fits"),
                ("until", "date-time?", false, "null: until it is switched off"),
            ]),
            patch(greetings::change),
        ),
        (
            Route::new(
                "POST",
                "/mailboxes/{mailbox}/greetings/previous",
                write,
                "Play the greeting again that was there before; again, the one before that",
            )
            .shape("Greeting")
            .body(&[("kind", GREETINGS, true, "which one")]),
            post(greetings::previous),
        ),
        (
            Route::new(
                "GET",
                "/mailboxes/{mailbox}/greetings/{greeting}/audio.wav",
                read,
                "Its audio, also of a former one; ranges are served",
            )
            .answers("audio/wav")
            .query(&[DOWNLOAD]),
            get(greetings::wav),
        ),
        (
            Route::new(
                "PUT",
                "/mailboxes/{mailbox}/numbers/{number}/greeting",
                write,
                "Give a number of the mailbox a greeting of its own, or the main one again",
            )
            .shape("Number")
            .body(&[("greeting", "uuid?", true, "one of the mailbox; null for the main one")]),
            put(roles::greet_own),
        ),
    ]
}
