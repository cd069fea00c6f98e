//! Routes of webhooks.

use axum::routing::{delete, get, patch, post};

use crate::service::access::Act;

use super::super::webhooks;
use super::{Entry, LIMIT, PLACE, Route, Shape, shape};

/// What a webhook can be told of.
const EVENTS: &str = "[message.created|message.heard|message.unheard|message.moved|message.deleted|message.purged|mail.sent|mail.failed|greeting.changed|user.added|user.changed|user.removed|handset.changed|handset.reboot|answering.changed|number.changed|mailbox.locked]";

pub(super) fn routes() -> Vec<Entry> {
    let act = Some(Act::Webhooks);
    vec![
        (
            Route::new("GET", "/webhooks", act, "Programs that are told what happens").list("Webhook"),
            get(webhooks::list),
        ),
        (
            Route::new("POST", "/webhooks", act, "Tell a program what happens; its secret is told this once")
                .status(201)
                .shape("Webhook")
                .body(&[
                    ("name", "string", true, "what it is for"),
                    (
                        "url",
                        "uri",
                        true,
                        "https; hosts of the own network must be named in the configuration",
                    ),
                    ("events", EVENTS, false, "what it wants to know; else everything"),
                    ("callers", "boolean", false, "it is told who called"),
                ]),
            post(webhooks::add),
        ),
        (
            Route::new("GET", "/webhooks/{webhook}", act, "A webhook").shape("Webhook").guarded(),
            get(webhooks::show),
        ),
        (
            Route::new("PATCH", "/webhooks/{webhook}", act, "Change, pause or resume a webhook")
                .shape("Webhook")
                .guarded()
                .body(&[
                    ("name", "string", false, "what it is for"),
                    ("url", "uri", false, "where it is told"),
                    ("events", EVENTS, false, "what it wants to know; empty: everything"),
                    ("callers", "boolean", false, "it is told who called"),
                    (
                        "paused",
                        "boolean",
                        false,
                        "what happens waits; false: it is told, beginning with what waits",
                    ),
                ]),
            patch(webhooks::change),
        ),
        (
            Route::new("DELETE", "/webhooks/{webhook}", act, "Tell a program nothing any more")
                .guarded()
                .empty(204),
            delete(webhooks::remove),
        ),
        (
            Route::new(
                "POST",
                "/webhooks/{webhook}/secret",
                act,
                "Make a new secret, told this once; the one before signs as well for a day",
            )
            .shape("Webhook"),
            post(webhooks::rotate),
        ),
        (
            Route::new("POST", "/webhooks/{webhook}/test", act, "Send `webhook.test`")
                .status(202)
                .shape("TestSent"),
            post(webhooks::test),
        ),
        (
            Route::new("GET", "/webhooks/{webhook}/deliveries", act, "What it was told, newest first")
                .list("Delivery")
                .query(&[PLACE, LIMIT]),
            get(webhooks::deliveries),
        ),
        (
            Route::new(
                "POST",
                "/webhooks/{webhook}/deliveries/{delivery}/replay",
                act,
                "Tell it this again, under the same id",
            )
            .empty(202),
            post(webhooks::replay),
        ),
        (
            Route::new("POST", "/webhooks/{webhook}/replay", act, "Tell it everything again since a time")
                .status(202)
                .shape("Replayed")
                .body(&[("since", "date-time", true, "what happened from then on; 30 days are kept")]),
            post(webhooks::replay_since),
        ),
    ]
}

pub(super) const SHAPES: &[Shape] = &[
    shape(
        "Webhook",
        &[
            ("id", "uuid", ""),
            ("name", "string", "what it is for"),
            ("url", "uri", "where it is told"),
            ("events", EVENTS, "what it wants to know; empty: everything"),
            ("callers", "boolean", "it is told who called"),
            ("old_secret_until", "date-time?", "the secret before signs as well until then"),
            ("paused_at", "date-time?", "told nothing since; what happens waits"),
            ("paused_why", "string?", ""),
            ("failing_since", "date-time?", "it has not answered well since"),
            ("created_at", "date-time", ""),
            ("secret?", "string", "what deliveries are signed with, when it is made and never again"),
        ],
    ),
    shape("TestSent", &[("delivery", "uuid", "look at its state among the deliveries")]),
    shape("Replayed", &[("deliveries", "integer", "how many are told again")]),
    shape(
        "Delivery",
        &[
            ("id", "uuid", "the `webhook-id`; the same at every try"),
            ("event", "string", "for example message.created"),
            ("state", "queued|running|retry|done|dead", ""),
            ("attempts", "integer", ""),
            ("status", "integer?", "the HTTP status of the last answer"),
            ("last_error", "string?", ""),
            ("next_at", "date-time", "not before, while it waits"),
            ("created_at", "date-time", "when it happened"),
            (
                "body",
                "object",
                "what is told: type, timestamp, data; of user.changed data.changed names the fields that changed",
            ),
        ],
    ),
];
