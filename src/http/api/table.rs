//! Every route of the API: what it is called, what opens it, what it takes, and who carries it out.

mod greetings;
mod messages;
mod people;
mod rest;
mod running;

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

/// A route with its handler.
type Entry = (Route, MethodRouter<Arc<Site>>);

const PLACE: (&str, &str) = ("after", "the `next` of the page before");
const LIMIT: (&str, &str) = ("limit", "entries of a page, 1 to 200; else 50");

/// Every route, without who carries it out.
pub fn table() -> Vec<Route> {
    handlers().into_iter().map(|(route, _)| route).collect()
}

/// Every route with its handler.
pub(super) fn handlers() -> Vec<Entry> {
    [people::routes(), messages::routes(), greetings::routes(), rest::routes(), running::routes()]
        .into_iter()
        .flatten()
        .collect()
}
