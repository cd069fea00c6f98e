//! Every route of the API: what it is called, what opens it, what it takes, and who carries it out.

use std::sync::Arc;

use axum::extract::DefaultBodyLimit;
use axum::routing::{MethodRouter, delete, get, patch, post, put};

use crate::service::access::Act;

use super::super::Site;
use super::{greetings, messages, rest, roles, users};

/// What is known of a route.
#[derive(Debug, Clone, Copy)]
pub struct Route {
    /// For example `GET`.
    pub method: &'static str,
    /// Below `/api/v1`.
    pub path: &'static str,
    /// What opens it; `None`: everybody who was let in.
    pub act: Option<Act>,
    /// What it does.
    pub summary: &'static str,
    /// Parameters of the query, and what they mean.
    pub query: &'static [(&'static str, &'static str)],
    /// Fields of the body: name, JSON type, whether it is needed, what it means.
    pub body: &'static [(&'static str, &'static str, bool, &'static str)],
    /// The status when all is well.
    pub status: u16,
    /// The kind of what is answered.
    pub answers: &'static str,
}

impl Route {
    const fn new(method: &'static str, path: &'static str, act: Option<Act>, summary: &'static str) -> Self {
        Self { method, path, act, summary, query: &[], body: &[], status: 200, answers: "application/json" }
    }

    const fn query(self, query: &'static [(&'static str, &'static str)]) -> Self {
        Self { query, ..self }
    }

    const fn body(self, body: &'static [(&'static str, &'static str, bool, &'static str)]) -> Self {
        Self { body, ..self }
    }

    const fn status(self, status: u16) -> Self {
        Self { status, ..self }
    }

    const fn answers(self, answers: &'static str) -> Self {
        Self { answers, ..self }
    }
}

const PLACE: (&str, &str) = ("after", "the `next` of the page before");
const LIMIT: (&str, &str) = ("limit", "entries of a page, 1 to 200; else 50");

/// Every route, without who carries it out.
pub fn table() -> Vec<Route> {
    handlers().into_iter().map(|(route, _)| route).collect()
}

/// Every route with its handler.
pub(super) fn handlers() -> Vec<(Route, MethodRouter<Arc<Site>>)> {
    [of_people(), of_messages(), of_greetings(), of_the_rest()].into_iter().flatten().collect()
}

fn of_people() -> Vec<(Route, MethodRouter<Arc<Site>>)> {
    let (read, write) = (Some(Act::UsersRead), Some(Act::UsersWrite));
    vec![
        (
            Route::new("GET", "/users", read, "Users by extension").query(&[
                ("search", "part of a name, an address or an extension"),
                PLACE,
                LIMIT,
            ]),
            get(users::list),
        ),
        (
            Route::new("POST", "/users", write, "Add a user with a mailbox").status(201).body(&[
                ("extension", "string", true, "2 to 10 digits"),
                ("first", "string", false, "first name"),
                ("last", "string", false, "last name"),
                ("emails", "array", false, "addresses, the primary one first"),
                ("mail", "string", false, "what mails carry, for example link"),
                ("pin", "string", false, "4 to 12 digits"),
                ("invite", "boolean", false, "mail a link to choose a password"),
            ]),
            post(users::add),
        ),
        (
            Route::new("GET", "/users/{user}", read, "A user; `me` for the own one; with an ETag"),
            get(users::show),
        ),
        (
            Route::new(
                "PATCH",
                "/users/{user}",
                write,
                "Change a user or the mailbox; If-Match guards what others changed",
            )
            .body(&[
                ("extension", "string", false, "2 to 10 digits"),
                ("first", "string", false, "first name"),
                ("last", "string", false, "last name"),
                ("emails", "array", false, "all addresses"),
                ("mail", "array", false, "address and mode of each"),
                ("attachment", "string", false, "mp3 or wav"),
                ("pin", "string", false, "a new PIN"),
                ("enabled", "boolean", false, "takes messages"),
                ("announcement_only", "boolean", false, "plays the greeting and takes no message"),
                ("instructions", "boolean", false, "says how to leave a message"),
                ("max_message_s", "integer", false, "5 to 3600"),
                ("silence_s", "integer", false, "1 to 60"),
                ("min_speech_ms", "integer", false, "0 to 60000"),
                ("announce", "boolean", false, "callers find the person"),
                ("zone", "string", false, "IANA zone; null for the tenant's"),
                ("language", "string", false, "null for the tenant's"),
                ("operator", "string", false, "where 0 leads; null for the tenant's"),
                ("max_messages", "integer", false, "null for no limit"),
            ]),
            patch(users::change),
        ),
        (
            Route::new(
                "DELETE",
                "/users/{user}",
                write,
                "Remove a user; the messages stay in the trash for its days",
            )
            .status(204),
            delete(users::remove),
        ),
        (
            Route::new("POST", "/users/{user}/invite", write, "Mail a link to choose a password").status(202),
            post(users::invite),
        ),
        (
            Route::new("PUT", "/users/{user}/role", Some(Act::RolesWrite), "Give a role").body(&[
                (
                    "role",
                    "string",
                    true,
                    "basic, call-center-agent, supervisor, office-manager, tenant-admin or operator",
                ),
                ("portal", "boolean", false, "may sign in by the web"),
            ]),
            put(roles::give_role),
        ),
        (
            Route::new("POST", "/users/{user}/numbers", write, "Let a number or alias lead to the mailbox")
                .status(201)
                .body(&[
                    ("number", "string", true, "E.164, national digits, or an alias"),
                    ("label", "string", false, "shown as \"called as\""),
                ]),
            post(roles::add_number),
        ),
        (
            Route::new("DELETE", "/users/{user}/numbers/{number}", write, "Take a number or alias away")
                .status(204),
            delete(roles::remove_number),
        ),
    ]
}

fn of_messages() -> Vec<(Route, MethodRouter<Arc<Site>>)> {
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
                ("unheard", "true: only what was not heard"),
                ("search", "part of the caller's name or number"),
                PLACE,
                LIMIT,
            ]),
            get(messages::list),
        ),
        (
            Route::new("GET", "/mailboxes/{mailbox}/messages/{message}", read, "A message"),
            get(messages::show),
        ),
        (
            Route::new("GET", "/mailboxes/{mailbox}/messages/{message}/ledger", read, "Where a message went"),
            get(messages::ledger),
        ),
        (
            Route::new(
                "GET",
                "/mailboxes/{mailbox}/messages/{message}/audio.mp3",
                read,
                "Its audio; ranges are served",
            )
            .answers("audio/mpeg"),
            get(messages::mp3),
        ),
        (
            Route::new(
                "GET",
                "/mailboxes/{mailbox}/messages/{message}/audio.wav",
                read,
                "Its audio as recorded; ranges are served",
            )
            .answers("audio/wav"),
            get(messages::wav),
        ),
        (
            Route::new(
                "POST",
                "/mailboxes/{mailbox}/messages/{message}/marks",
                write,
                "Mark or move it; restore undoes trash, new undoes heard",
            )
            .body(&[("mark", "string", true, "heard, new, saved, inbox, trash or restore")]),
            post(messages::mark),
        ),
        (
            Route::new("GET", "/mailboxes/{mailbox}/events", read, "What changes, live (server-sent events)")
                .answers("text/event-stream"),
            get(messages::events),
        ),
    ]
}

fn of_greetings() -> Vec<(Route, MethodRouter<Arc<Site>>)> {
    let (read, write) = (Some(Act::GreetingsRead), Some(Act::GreetingsWrite));
    vec![
        (
            Route::new("GET", "/mailboxes/{mailbox}/greetings", read, "Greetings, newest first"),
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
            .body(&[
                ("kind", "string", true, "away, busy, internal, holiday, closed, standard or name"),
                ("label", "string", false, "its name"),
                ("from", "string", false, "RFC 3339"),
                ("until", "string", false, "RFC 3339"),
                ("file", "binary", true, "WAV, MP3, OGG, FLAC or M4A, at most 20 MiB and 5 minutes"),
            ]),
            post(greetings::upload).layer(DefaultBodyLimit::disable()),
        ),
        (
            Route::new(
                "PATCH",
                "/mailboxes/{mailbox}/greetings/{greeting}",
                write,
                "Switch it on or off, or set its end",
            )
            .body(&[
                ("active", "boolean", false, "plays, where it fits"),
                ("until", "string", false, "RFC 3339; null: until it is switched off"),
            ]),
            patch(greetings::change),
        ),
        (
            Route::new(
                "GET",
                "/mailboxes/{mailbox}/greetings/{greeting}/audio.wav",
                read,
                "Its audio; ranges are served",
            )
            .answers("audio/wav"),
            get(greetings::wav),
        ),
    ]
}

fn of_the_rest() -> Vec<(Route, MethodRouter<Arc<Site>>)> {
    vec![
        (Route::new("GET", "/me", None, "Who one is, and what one reaches"), get(rest::me)),
        (
            Route::new("GET", "/tenants", Some(Act::TenantsRead), "Tenants that one reaches"),
            get(rest::tenants),
        ),
        (Route::new("GET", "/tenants/{tenant}", Some(Act::TenantsRead), "A tenant"), get(rest::tenant)),
        (
            Route::new(
                "PATCH",
                "/tenants/{tenant}",
                Some(Act::TenantsWrite),
                "Change what mailboxes inherit",
            )
            .body(&[
                ("zone", "string", false, "IANA zone"),
                ("operator", "string", false, "where 0 leads; empty for nowhere"),
            ]),
            patch(rest::change_tenant),
        ),
        (
            Route::new(
                "GET",
                "/directory",
                Some(Act::Directory),
                "People by the keys or letters of their names",
            )
            .query(&[("keys", "at least three, for example 568 or lov")]),
            get(rest::directory),
        ),
        (
            Route::new("GET", "/jobs", Some(Act::Jobs), "Mails and other work: waiting, done, given up")
                .query(&[("state", "queued, running, retry, done or dead"), PLACE, LIMIT]),
            get(rest::jobs),
        ),
        (
            Route::new("POST", "/jobs/{job}/retry", Some(Act::Jobs), "Try it again at once").status(202),
            post(rest::retry),
        ),
        (Route::new("GET", "/keys", Some(Act::Keys), "Keys, never their secrets"), get(rest::keys)),
        (
            Route::new("POST", "/keys", Some(Act::Keys), "Make a key; it is told this once")
                .status(201)
                .body(&[
                    ("name", "string", true, "what it is for"),
                    ("scopes", "array", true, "what it may"),
                    ("user", "string", false, "only what this user may"),
                    ("expires_at", "string", false, "RFC 3339"),
                ]),
            post(rest::add_key),
        ),
        (
            Route::new("DELETE", "/keys/{key}", Some(Act::Keys), "Take a key back").status(204),
            delete(rest::revoke_key),
        ),
        (
            Route::new("GET", "/audit", Some(Act::Audit), "Who changed what, newest first")
                .query(&[PLACE, LIMIT]),
            get(rest::audit),
        ),
        (
            Route::new("GET", "/explain", Some(Act::Explain), "What would happen to a call, and why").query(
                &[
                    ("to", "for example sip:1001@pbx.example.org"),
                    ("from", "who calls"),
                    ("diversion", "value of a Diversion header"),
                    ("history_info", "value of a History-Info header"),
                    ("trunk", "the trunk it comes over"),
                    ("at", "RFC 3339; else now"),
                ],
            ),
            get(rest::explain),
        ),
        (
            Route::new("GET", "/health", Some(Act::System), "How the parts of the server are"),
            get(rest::health),
        ),
    ]
}
