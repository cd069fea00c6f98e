//! Adding a user: a name, an address and an extension are enough; what is likely is filled in.

use askama::Template;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::Response;
use serde::Deserialize;
use serde_json::json;

use crate::domain::MailAddress;
use crate::service::access::Act;
use crate::service::accounts::{Account, AccountError, NewUser};
use crate::service::audit::Deed;
use crate::service::signin::SigninError;

use super::super::portal::frame::{Done, Frame};
use super::super::portal::{sentence, trouble};
use super::super::shell::render;
use super::super::visitor::{Fields, Posted, Visitor, see};
use super::super::{Shared, Site};
use super::users::HERE;

#[derive(Template)]
#[template(path = "portal/user_new.html", config = "src/http/pages/askama.toml")]
struct NewPage {
    frame: Frame,
    first: String,
    last: String,
    email: String,
    extension: String,
    invite: bool,
}

#[derive(Debug, Default, Deserialize)]
pub(super) struct Asked {
    /// What stands in the field of the extension.
    #[serde(default)]
    extension: String,
}

/// The least that is needed, with what is likely filled in (004-01, 003-06).
pub(super) async fn new(State(site): Shared, visitor: Visitor, Query(asked): Query<Asked>) -> Response {
    if let Err(response) = visitor.must(Act::UsersWrite) {
        return response;
    }
    match site.web.services.people.suggestion(visitor.actor.tenant).await {
        Ok(suggested) => {
            let wanted = asked.extension.parse::<crate::domain::Extension>();
            let extension = wanted.map_or(suggested, |wanted| wanted.to_string());
            let frame = Frame::new(&site, &visitor, HERE, None);
            let empty = String::new;
            let page =
                NewPage { frame, first: empty(), last: empty(), email: empty(), extension, invite: true };
            render(&page, StatusCode::OK)
        }
        Err(error) => trouble(&error),
    }
}

pub(super) async fn add(State(site): Shared, posted: Posted) -> Response {
    let Posted { visitor, fields } = posted;
    if let Err(response) = visitor.must(Act::UsersWrite) {
        return response;
    }
    let tenant = visitor.actor.tenant;
    match added(&site, &visitor, &fields).await {
        Ok(account) => {
            let deed =
                Deed { action: "user.added", target: format!("mailbox {}", account.mailbox.extension) };
            let became = json!({"first": account.user.first, "last": account.user.last, "emails": account.user.emails});
            site.web.services.audit.note(&visitor.actor, tenant, deed, None::<&()>, Some(&became)).await;
            let is_asked = fields.is_on("invite") && !account.user.emails.is_empty();
            let done = if is_asked && !site.web.services.invite_added(&account.user).await {
                "added-uninvited"
            } else {
                "added"
            };
            see(&site, &format!("{HERE}/{}?done={done}", account.user.id))
        }
        Err(Refused::Mend(why)) => {
            let field = |name: &str| fields.get(name).to_owned();
            let page = NewPage {
                frame: Frame::new(&site, &visitor, HERE, None).with(Some(Done::refused(why))),
                first: field("first"),
                last: field("last"),
                email: field("email"),
                extension: field("extension"),
                invite: fields.is_on("invite"),
            };
            render(&page, StatusCode::UNPROCESSABLE_ENTITY)
        }
        Err(Refused::Response(response)) => *response,
    }
}

pub(super) enum Refused {
    Mend(String),
    Response(Box<Response>),
}

impl From<AccountError> for Refused {
    fn from(error: AccountError) -> Self {
        match error {
            AccountError::Store(_) | AccountError::Hash(_) => Self::Response(Box::new(trouble(&error))),
            other => Self::Mend(sentence(&other)),
        }
    }
}

impl From<crate::domain::Invalid> for Refused {
    fn from(error: crate::domain::Invalid) -> Self {
        Self::Mend(sentence(&error))
    }
}

impl From<SigninError> for Refused {
    fn from(error: SigninError) -> Self {
        Self::Response(Box::new(trouble(&error)))
    }
}

async fn added(site: &Site, visitor: &Visitor, fields: &Fields) -> Result<Account, Refused> {
    let services = &site.web.services;
    let new = NewUser {
        extension: fields.get("extension").trim().parse()?,
        first: fields.get("first").to_owned(),
        last: fields.get("last").to_owned(),
        emails: addresses(fields.get("email"))?,
        mode: None,
        pin: None,
    };
    Ok(services.accounts.add_user(visitor.actor.tenant, new).await?)
}

/// Addresses between commas, blanks or lines (002-009).
pub(super) fn addresses(text: &str) -> Result<Vec<MailAddress>, Refused> {
    let parts = text.split([',', ';', ' ', '\n', '\r', '\t']).filter(|part| !part.is_empty());
    Ok(parts.map(str::parse).collect::<Result<Vec<MailAddress>, _>>()?)
}
