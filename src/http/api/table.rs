//! Every route of the API: what it is called, what opens it, what it takes, and who carries it out.

mod answering;
mod bulk;
mod call_me;
mod greetings;
mod handsets;
mod imports;
mod lifecycle;
mod messages;
mod numbers;
mod own;
mod people;
mod presence;
mod profiles;
mod rest;
mod running;
mod second_factors;
mod sending;
mod shapes;
mod tenants;
mod trunks;
mod webhooks;

use std::sync::Arc;

use axum::routing::MethodRouter;

use crate::service::access::Act;

use super::super::Site;

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
    /// Fields of the body: name, kind (see [`super::schema`]), whether it is needed, what it means.
    pub body: &'static [(&'static str, &'static str, bool, &'static str)],
    /// The status when all is well.
    pub status: u16,
    /// The kind of what is answered; empty when it is a status alone.
    pub answers: &'static str,
    /// What is answered as JSON: the name of a [`Shape`]; empty for what is none.
    pub shape: &'static str,
    /// A page of such: `items`, and `next` when there are more.
    pub is_list: bool,
    /// It has an `ETag`; `If-Match` guards what others changed meanwhile.
    pub is_guarded: bool,
}

/// A shape of JSON that is answered: a schema of the document.
#[derive(Debug, Clone, Copy)]
pub struct Shape {
    /// For example `User`.
    pub name: &'static str,
    /// Fields: name (ending in `?` when it may be absent), kind (see [`super::schema`]), what it means.
    pub fields: &'static [(&'static str, &'static str, &'static str)],
}

impl Route {
    const fn new(method: &'static str, path: &'static str, act: Option<Act>, summary: &'static str) -> Self {
        Self {
            method,
            path,
            act,
            summary,
            query: &[],
            body: &[],
            status: 200,
            answers: "application/json",
            shape: "",
            is_list: false,
            is_guarded: false,
        }
    }

    /// Answers one of these.
    const fn shape(self, shape: &'static str) -> Self {
        Self { shape, ..self }
    }

    /// Answers a page of these.
    const fn list(self, shape: &'static str) -> Self {
        Self { shape, is_list: true, ..self }
    }

    /// Answers a status alone.
    const fn empty(self, status: u16) -> Self {
        Self { status, answers: "", ..self }
    }

    /// It takes a file.
    pub fn is_upload(&self) -> bool {
        self.body.iter().any(|field| field.1 == "binary")
    }

    /// It answers audio, in parts if need be.
    pub fn is_audio(&self) -> bool {
        self.answers.starts_with("audio/")
    }

    /// What can be wrong with a request: status, and what it means.
    pub fn problems(&self) -> Vec<(u16, &'static str)> {
        let is_given = !self.body.is_empty() || self.method == "POST";
        let unmet =
            if self.is_guarded { "somebody changed it meanwhile" } else { "If-Match: this has no ETag" };
        let has_values = is_given || !self.query.is_empty() || self.act.is_some();
        [
            (400, has_values, "the request cannot be read"),
            (401, true, "no key, or none that opens anything"),
            (403, true, "role or key do not reach this; or a session without its X-CSRF"),
            (404, true, "not there, or not reached"),
            (409, self.method != "GET", "does not fit what is there; or the same Idempotency-Key is at work"),
            (412, self.method != "GET", unmet),
            (413, is_given, "the body is too large"),
            (415, is_given, "the body is of another kind"),
            (422, has_values, "a value is wrong: `errors` names the fields"),
            (429, true, "too many wrong keys, or too many at the same time"),
            (503, true, "not possible now: Retry-After"),
        ]
        .into_iter()
        .filter(|(_, can_be, _)| *can_be)
        .map(|(status, _, about)| (status, about))
        .collect()
    }

    const fn guarded(self) -> Self {
        Self { is_guarded: true, ..self }
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

const fn shape(name: &'static str, fields: &'static [(&'static str, &'static str, &'static str)]) -> Shape {
    Shape { name, fields }
}

/// A route with its handler.
type Entry = (Route, MethodRouter<Arc<Site>>);

const PLACE: (&str, &str) = ("after", "the `next` of the page before");
const LIMIT: (&str, &str) = ("limit", "entries of a page, 1 to 200; else 50");

const DOWNLOAD: (&str, &str) = ("download", "given without a value: the file has a name to save it under");

/// Every route, without who carries it out.
pub fn table() -> Vec<Route> {
    handlers().into_iter().map(|(route, _)| route).collect()
}

/// Every shape that routes answer.
pub fn shapes() -> Vec<Shape> {
    [
        shapes::PEOPLE,
        shapes::MESSAGES,
        shapes::REST,
        own::SHAPES,
        bulk::SHAPES,
        presence::SHAPES,
        running::SHAPES,
        second_factors::SHAPES,
        call_me::SHAPES,
        sending::SHAPES,
        answering::SHAPES,
        imports::SHAPES,
        lifecycle::SHAPES,
        webhooks::SHAPES,
        handsets::SHAPES,
        numbers::SHAPES,
        tenants::SHAPES,
        trunks::SHAPES,
        profiles::SHAPES,
    ]
    .concat()
}

/// Every route with its handler.
pub(super) fn handlers() -> Vec<Entry> {
    [
        // Before the routes of one user.
        profiles::routes(),
        // Before the users: `bulk` is no user's id.
        bulk::routes(),
        people::routes(),
        messages::routes(),
        greetings::routes(),
        rest::routes(),
        own::routes(),
        presence::routes(),
        running::routes(),
        second_factors::routes(),
        call_me::routes(),
        sending::routes(),
        answering::routes(),
        imports::routes(),
        lifecycle::routes(),
        webhooks::routes(),
        handsets::routes(),
        numbers::routes(),
        tenants::routes(),
        trunks::routes(),
    ]
    .into_iter()
    .flatten()
    .collect()
}
