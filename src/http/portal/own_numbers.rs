//! The greeting that callers of an own number hear (004-07).

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use serde_json::json;

use crate::domain::GreetingId;
use crate::service::accounts::AccountError;
use crate::service::audit::Deed;

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
    let outcome = match fields.get("greeting") {
        "" => services.accounts.greet_number(tenant, &extension, &number, None).await,
        text => match text.parse::<GreetingId>() {
            Ok(id) => services.accounts.greet_number(tenant, &extension, &number, Some(id)).await,
            Err(_) => Err(AccountError::NoGreeting),
        },
    };
    match outcome {
        Ok(()) => {
            let deed = Deed { action: "number.greeted", target: format!("mailbox {extension}") };
            let became = json!({"number": number, "greeting": fields.get("greeting")});
            services.audit.note(&visitor.actor, tenant, deed, None::<&()>, Some(&became)).await;
            see(&site, "/greetings?done=number")
        }
        Err(AccountError::NoNumber(_)) => missing(),
        Err(error @ AccountError::NoGreeting) => {
            let done = Some(Done::refused(sentence(&error)));
            greetings::shown(&site, &visitor, done, StatusCode::UNPROCESSABLE_ENTITY).await
        }
        Err(error) => trouble(&error),
    }
}
