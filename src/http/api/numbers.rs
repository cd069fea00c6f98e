//! The inventory of numbers: put in, led to a user and a port of a phone, taken away.

use std::sync::Arc;

use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use axum::{Extension, Json};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::domain::{HandsetId, Invalid};
use crate::service::numbers::{Assignment, NumberError};
use crate::store::{InventoryNumber, Ringing, StoreError, Which};

use super::super::Site;
use super::caller::Caller;
use super::handsets::text;
use super::messages::PAGE;
use super::page;
use super::problem::Problem;

type Answer = Result<Response, Problem>;

impl From<NumberError> for Problem {
    fn from(error: NumberError) -> Self {
        let detail = error.to_string();
        match error {
            // Fields of the assignment, which phones have one by one in `ports`.
            NumberError::Invalid(invalid @ Invalid { what: "port" | "appearances", .. }) => {
                Self::field(invalid.what, detail)
            }
            NumberError::Invalid(invalid) => invalid.into(),
            NumberError::Lines(faults) => {
                let told = |(line, why)| Self::field("numbers", format!("line {line}: {why}"));
                Self::several(faults.into_iter().map(told).collect())
            }
            NumberError::NoUser(_) => Self::field("user", detail),
            NumberError::NoNumber(_) => Self::missing("number"),
            NumberError::InUse(_) => Self::new(StatusCode::CONFLICT, detail),
            NumberError::Taken { what, .. } => {
                Self::field(if what == "number" { what } else { "phone" }, detail)
            }
            NumberError::Above => Self::new(StatusCode::FORBIDDEN, detail),
            NumberError::Account(error) => error.into(),
            NumberError::Store(StoreError::Missing { what: "phone", .. }) => {
                Self::field("phone", "there is no such phone")
            }
            NumberError::Store(error) => error.into(),
        }
    }
}

fn number_json(number: &InventoryNumber) -> Value {
    let phone = number
        .phone
        .as_ref()
        .map(|(id, name, mac, port)| json!({"id": id, "name": name, "mac": mac, "port": port}));
    let is_led = number.mailbox.is_some();
    json!({
        "number": number.number,
        "note": number.note,
        "label": if is_led { number.label.as_deref() } else { None },
        "user": number.owner,
        "extension": number.extension,
        "phone": phone,
        "unreachable": unreachable(number),
        "is_of_removed": number.is_of_removed,
    })
}

/// Why nobody can call it: `no-user`, `no-phone` (003-15).
pub(in crate::http) fn unreachable(number: &InventoryNumber) -> Option<&'static str> {
    match (number.mailbox.is_some(), number.phone.is_some()) {
        (false, _) => Some("no-user"),
        (true, false) => Some("no-phone"),
        (true, true) => None,
    }
}

#[derive(Debug, Deserialize)]
pub(super) struct Asked {
    #[serde(default)]
    search: String,
    #[serde(default)]
    show: String,
    #[serde(default)]
    after: String,
    limit: Option<u32>,
}

/// Which numbers a word means.
pub(in crate::http) fn which(word: &str) -> Option<Which> {
    [Which::All, Which::Free, Which::Unreachable].into_iter().find(|which| which.as_str() == word)
}

pub(super) async fn list(
    State(site): State<Arc<Site>>,
    Extension(caller): Extension<Caller>,
    Query(asked): Query<Asked>,
) -> Answer {
    let tenant = caller.must_reach_tenant()?;
    let which = which(&asked.show)
        .ok_or_else(|| Problem::field("show", "free, unreachable, or nothing for all numbers"))?;
    let (search, after) = (text(&asked.search, "search")?, text(&asked.after, "after")?);
    let numbers = &site.web.services.numbers;
    let limit = asked.limit.unwrap_or(PAGE);
    let (found, more) = numbers.page(tenant, search, which, after, limit).await?;
    let next = more.then(|| found.last().map(|number| number.number.clone())).flatten();
    Ok(page(found.iter().map(number_json).collect(), next))
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Adding {
    numbers: Vec<String>,
}

pub(super) async fn add(
    State(site): State<Arc<Site>>,
    Extension(caller): Extension<Caller>,
    Json(adding): Json<Adding>,
) -> Answer {
    let tenant = caller.must_reach_tenant()?;
    let lines = adding.numbers.join("\n");
    let added = site.web.services.numbers.add(&caller.actor, tenant, &lines).await?;
    Ok((StatusCode::CREATED, Json(json!({"added": added}))).into_response())
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Assigning {
    user: String,
    label: Option<String>,
    extension: Option<String>,
    phone: Option<String>,
    port: Option<u8>,
    appearances: Option<u8>,
}

pub(super) async fn assign(
    State(site): State<Arc<Site>>,
    Extension(caller): Extension<Caller>,
    Path(number): Path<String>,
    Json(given): Json<Assigning>,
) -> Answer {
    let tenant = caller.must_reach_tenant()?;
    let ringing = match given.phone.as_deref() {
        None | Some("") => None,
        Some(id) => {
            let gone = |_| Problem::field("phone", "there is no such phone: give the id of one");
            let handset: HandsetId = id.parse().map_err(gone)?;
            // 003-11
            let (port, appearances) = (given.port.unwrap_or(1), given.appearances.unwrap_or(1));
            Some(Ringing { handset, port, appearances })
        }
    };
    let label = given.label.unwrap_or_default();
    let wish = Assignment { user: given.user, label, ringing, extension: given.extension };
    let numbers = &site.web.services.numbers;
    let assigned = numbers.assign(&caller.actor, tenant, &number, wish).await?;
    Ok(Json(number_json(&assigned)).into_response())
}

pub(super) async fn release(
    State(site): State<Arc<Site>>,
    Extension(caller): Extension<Caller>,
    Path(number): Path<String>,
) -> Answer {
    let tenant = caller.must_reach_tenant()?;
    site.web.services.numbers.release(&caller.actor, tenant, &number).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

pub(super) async fn remove(
    State(site): State<Arc<Site>>,
    Extension(caller): Extension<Caller>,
    Path(number): Path<String>,
) -> Answer {
    let tenant = caller.must_reach_tenant()?;
    site.web.services.numbers.drop(&caller.actor, tenant, &number).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}
