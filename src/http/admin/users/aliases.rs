//! Extensions, phone numbers and SIP addresses that lead to a user, each with the main greeting or one of its own (004-06, 004-07).

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;

use crate::domain::{Greeting, GreetingId, GreetingKind};
use crate::http::Shared;
use crate::http::admin::adding::Refused;
use crate::http::portal::frame::Done;
use crate::http::visitor::{Posted, see};
use crate::service::accounts::AccountError;
use crate::store::Number;

use super::{HERE, changeable, profile};

/// A number or alias as the page shows it.
pub(in crate::http) struct Alias {
    pub(in crate::http) number: String,
    /// The same as a segment of a path.
    pub(in crate::http) path: String,
    /// Shown as "called as".
    pub(in crate::http) label: String,
    pub(in crate::http) kind: &'static str,
    /// Id of its own greeting; empty for the main one.
    pub(in crate::http) greeting: String,
}

/// Greetings that an alias may have: id and words.
pub(in crate::http) fn choices(known: &[Greeting]) -> Vec<(String, String)> {
    let plain = known.iter().filter(|greeting| greeting.kind != GreetingKind::Name);
    plain
        .map(|greeting| (greeting.id.to_string(), format!("{} ({})", greeting.label, greeting.kind)))
        .collect()
}

pub(in crate::http) fn rows(numbers: &[Number], greetings: &[(String, String)]) -> Vec<Alias> {
    let row = |number: &Number| {
        let is_digits = number.number.trim_start_matches('+').bytes().all(|byte| byte.is_ascii_digit());
        let kind = match number.number.trim_start_matches('+').len() {
            _ if !is_digits => "SIP address",
            0..=6 => "Extension",
            _ => "Phone number",
        };
        // A greeting that is gone: callers hear the main one.
        let greeting = number.greeting.map(|id| id.to_string()).unwrap_or_default();
        let is_there = greetings.iter().any(|(id, _)| *id == greeting);
        Alias {
            number: number.number.clone(),
            path: url::form_urlencoded::byte_serialize(number.number.as_bytes()).collect(),
            label: number.label.clone().unwrap_or_default(),
            kind,
            greeting: if is_there { greeting } else { String::new() },
        }
    };
    numbers.iter().map(row).collect()
}

/// Adds one.
pub(in crate::http::admin) async fn add(
    State(site): Shared,
    Path(id): Path<String>,
    posted: Posted,
) -> Response {
    let Posted { visitor, fields } = posted;
    let (_, account) = match changeable(&site, &visitor, &id).await {
        Ok(found) => found,
        Err(response) => return response,
    };
    let (services, tenant) = (&site.web.services, visitor.actor.tenant);
    let extension = &account.mailbox.extension;
    let label = Some(fields.get("label")).filter(|label| !label.trim().is_empty());
    let accounts = services.accounts.by(&visitor.actor.name);
    let outcome = accounts.add_number(tenant, extension, fields.get("number").trim(), label).await;
    if let Err(error) = outcome {
        return refused(&site, &visitor, &id, error).await;
    }
    see(&site, &format!("{HERE}/{id}?done=saved#numbers"))
}

/// Takes one away.
pub(in crate::http::admin) async fn remove(
    State(site): Shared,
    Path((id, number)): Path<(String, String)>,
    posted: Posted,
) -> Response {
    let visitor = posted.visitor;
    let (_, account) = match changeable(&site, &visitor, &id).await {
        Ok(found) => found,
        Err(response) => return response,
    };
    let (services, tenant) = (&site.web.services, visitor.actor.tenant);
    let extension = &account.mailbox.extension;
    let accounts = services.accounts.by(&visitor.actor.name);
    if let Err(error) = accounts.remove_number(tenant, extension, &number).await {
        return refused(&site, &visitor, &id, error).await;
    }
    see(&site, &format!("{HERE}/{id}?done=saved#numbers"))
}

/// Gives one a greeting of its own, or the main one again.
pub(in crate::http::admin) async fn greeting(
    State(site): Shared,
    Path((id, number)): Path<(String, String)>,
    posted: Posted,
) -> Response {
    let Posted { visitor, fields } = posted;
    let (_, account) = match changeable(&site, &visitor, &id).await {
        Ok(found) => found,
        Err(response) => return response,
    };
    let (services, tenant) = (&site.web.services, visitor.actor.tenant);
    let extension = &account.mailbox.extension;
    let wanted = match fields.get("greeting") {
        "" => None,
        text => match text.parse::<GreetingId>() {
            Ok(greeting) => Some(greeting),
            Err(_) => return refused(&site, &visitor, &id, AccountError::NoGreeting).await,
        },
    };
    let accounts = services.accounts.by(&visitor.actor.name);
    if let Err(error) = accounts.greet_number(tenant, extension, &number, wanted).await {
        return refused(&site, &visitor, &id, error).await;
    }
    see(&site, &format!("{HERE}/{id}?done=saved#numbers"))
}

async fn refused(
    site: &crate::http::Site,
    visitor: &crate::http::visitor::Visitor,
    id: &str,
    error: AccountError,
) -> Response {
    match Refused::from(error) {
        Refused::Mend(why) => {
            profile(site, visitor, id, Some(Done::refused(why)), StatusCode::UNPROCESSABLE_ENTITY).await
        }
        Refused::Response(response) => *response,
    }
}
