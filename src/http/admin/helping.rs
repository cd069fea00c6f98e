//! What helps a user: an invitation, a mailbox that opens again.

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;

use crate::service::audit::Deed;
use crate::service::signin::SigninError;

use super::super::Shared;
use super::super::portal::frame::Done;
use super::super::portal::{sentence, trouble};
use super::super::visitor::{Posted, see};
use super::users::{HERE, changeable, profile};

pub(super) async fn invite(State(site): Shared, Path(id): Path<String>, posted: Posted) -> Response {
    let visitor = posted.visitor;
    let (person, account) = match changeable(&site, &visitor, &id).await {
        Ok(found) => found,
        Err(response) => return response,
    };
    match site.web.services.signin.invite(&person.user).await {
        Ok(_) => {
            let deed =
                Deed { action: "user.invited", target: format!("mailbox {}", account.mailbox.extension) };
            let audit = &site.web.services.audit;
            audit.note(&visitor.actor, visitor.actor.tenant, deed, None::<&()>, None::<&()>).await;
            see(&site, &format!("{HERE}/{id}?done=invited"))
        }
        Err(error @ SigninError::NoAddress) => {
            let done = Some(Done::refused(sentence(&error)));
            profile(&site, &visitor, &id, done, StatusCode::UNPROCESSABLE_ENTITY).await
        }
        Err(error) => trouble(&error),
    }
}

pub(super) async fn unlock(State(site): Shared, Path(id): Path<String>, posted: Posted) -> Response {
    let visitor = posted.visitor;
    let (_, account) = match changeable(&site, &visitor, &id).await {
        Ok(found) => found,
        Err(response) => return response,
    };
    let (tenant, extension) = (visitor.actor.tenant, &account.mailbox.extension);
    if let Err(error) = site.web.services.accounts.unlock(tenant, extension).await {
        return trouble(&error);
    }
    let deed = Deed { action: "mailbox.unlocked", target: format!("mailbox {extension}") };
    site.web.services.audit.note(&visitor.actor, tenant, deed, None::<&()>, None::<&()>).await;
    see(&site, &format!("{HERE}/{id}?done=unlocked"))
}
