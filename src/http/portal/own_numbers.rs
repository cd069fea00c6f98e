//! The greeting that callers of an own number hear (004-07).

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;

use crate::domain::GreetingId;
use crate::service::accounts::AccountError;

use super::super::Shared;
use super::super::visitor::{Posted, see};
use super::frame::Done;
use super::sign_in::sentence;
use super::{greetings, missing, trouble};

pub(super) async fn greet(State(site): Shared, Path(number): Path<String>, posted: Posted) -> Response {
    let Posted { visitor, fields } = posted;
    let (services, tenant) = (&site.web.services, visitor.actor.tenant);
    let extension = async {
        let owner = visitor.owner()?;
        let text = services.people.extension(tenant, owner.mailbox).await.map_err(|error| trouble(&error))?;
        text.parse::<crate::domain::Extension>().map_err(|_| missing())
    };
    let extension = match extension.await {
        Ok(extension) => extension,
        Err(response) => return response,
    };
    let accounts = services.accounts.by(&visitor.actor.name);
    let outcome = match fields.get("greeting") {
        "" => accounts.greet_number(tenant, &extension, &number, None).await,
        text => match text.parse::<GreetingId>() {
            Ok(id) => accounts.greet_number(tenant, &extension, &number, Some(id)).await,
            Err(_) => Err(AccountError::NoGreeting),
        },
    };
    match outcome {
        Ok(_) => see(&site, "/greetings?done=number"),
        Err(AccountError::NoNumber(_)) => missing(),
        Err(error @ AccountError::NoGreeting) => {
            let done = Some(Done::refused(sentence(&error)));
            greetings::shown(&site, &visitor, done, StatusCode::UNPROCESSABLE_ENTITY).await
        }
        Err(error) => trouble(&error),
    }
}
