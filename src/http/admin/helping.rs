//! What helps a user: an invitation, a password by hand, a mailbox that opens again.

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;

use crate::service::signin::{PasswordFault, SigninError};

use super::super::Shared;
use super::super::portal::frame::Done;
use super::super::portal::{sentence, trouble};
use super::super::visitor::{Posted, see};
use super::users::{HERE, changeable, profile};

pub(super) async fn invite(State(site): Shared, Path(id): Path<String>, posted: Posted) -> Response {
    let visitor = posted.visitor;
    let (person, _) = match changeable(&site, &visitor, &id).await {
        Ok(found) => found,
        Err(response) => return response,
    };
    match site.web.services.signin.by(&visitor.actor.name).invite(&person.user).await {
        Ok(_) => see(&site, &format!("{HERE}/{id}?done=invited")),
        Err(error @ (SigninError::NoAddress | SigninError::NoAccess)) => {
            let done = Some(Done::refused(sentence(&error)));
            profile(&site, &visitor, &id, done, StatusCode::UNPROCESSABLE_ENTITY).await
        }
        Err(error) => trouble(&error),
    }
}

/// A password by hand (002-024), typed twice (002-015).
pub(super) async fn give_password(State(site): Shared, Path(id): Path<String>, posted: Posted) -> Response {
    let Posted { visitor, fields } = posted;
    let (person, _) = match changeable(&site, &visitor, &id).await {
        Ok(found) => found,
        Err(response) => return response,
    };
    // The own one takes the old one.
    if visitor.actor.is(person.user.id) {
        return see(&site, "/settings");
    }
    let (new, again) = (fields.get("password"), fields.get("again"));
    let given = if new == again {
        site.web
            .services
            .signin
            .by(&visitor.actor.name)
            .give_password(&person.user, new.to_owned().into())
            .await
    } else {
        Err(PasswordFault::Differ.into())
    };
    match given {
        Ok(()) => see(&site, &format!("{HERE}/{id}?done=password")),
        Err(error @ SigninError::Password(_)) => {
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
    let accounts = site.web.services.accounts.by(&visitor.actor.name);
    if let Err(error) = accounts.unlock(tenant, extension).await {
        return trouble(&error);
    }
    see(&site, &format!("{HERE}/{id}?done=unlocked"))
}
