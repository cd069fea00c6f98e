//! Routes of messages.

use axum::routing::{get, post};

use crate::service::access::Act;

use super::super::messages;
use super::{DOWNLOAD, Entry, LIMIT, PLACE, Route};

pub(super) fn routes() -> Vec<Entry> {
    let (read, write) = (Some(Act::MessagesRead), Some(Act::MessagesWrite));
    vec![
        (
            Route::new(
                "GET",
                "/mailboxes/{mailbox}/messages",
                read,
                "Messages, newest first; `me` for the own mailbox",
            )
            .query(&[
                ("folder", "inbox, saved or trash; else all"),
                ("tag", "work, family or friends: only what is filed there"),
                ("unheard", "true: only what was not heard"),
                ("search", "part of the caller's name or number"),
                PLACE,
                LIMIT,
            ])
            .list("Message"),
            get(messages::list),
        ),
        (
            Route::new("GET", "/mailboxes/{mailbox}/messages/{message}", read, "A message").shape("Message"),
            get(messages::show),
        ),
        (
            Route::new("GET", "/mailboxes/{mailbox}/messages/{message}/ledger", read, "Where a message went")
                .list("LedgerLine"),
            get(messages::ledger),
        ),
        (
            Route::new(
                "GET",
                "/mailboxes/{mailbox}/messages/{message}/audio.mp3",
                read,
                "Its audio; ranges are served",
            )
            .answers("audio/mpeg")
            .query(&[DOWNLOAD]),
            get(messages::mp3),
        ),
        (
            Route::new(
                "GET",
                "/mailboxes/{mailbox}/messages/{message}/audio.wav",
                read,
                "Its audio as recorded; ranges are served",
            )
            .answers("audio/wav")
            .query(&[DOWNLOAD]),
            get(messages::wav),
        ),
        (
            Route::new(
                "POST",
                "/mailboxes/{mailbox}/messages/{message}/marks",
                write,
                "Mark or move it; restore undoes trash, new undoes heard",
            )
            .shape("Message")
            .body(&[(
                "mark",
                "heard|new|saved|work|family|friends|untagged|inbox|trash|restore",
                true,
                "what becomes of it",
            )]),
            post(messages::mark),
        ),
        (
            Route::new("GET", "/mailboxes/{mailbox}/events", read, "What changes, live (server-sent events)")
                .answers("text/event-stream"),
            get(messages::events),
        ),
    ]
}
