//! Clearing the mailbox of somebody who stays: asked first with what there is, and taken back for a day (002-065, 002-067).

use askama::Template;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;

use crate::domain::counted;
use crate::store::Holdings;

use super::super::portal::frame::{Done, Frame};
use super::super::portal::trouble;
use super::super::shell::render;
use super::super::visitor::{Posted, Visitor, see};
use super::super::{Shared, Site};
use super::users::{HERE, changeable, profile};

#[derive(Template)]
#[template(path = "portal/user_clear.html", config = "src/http/pages/askama.toml")]
struct ClearPage {
    frame: Frame,
    id: String,
    name: String,
    /// `3 messages`.
    messages: String,
    count: u64,
    unheard: u64,
    greetings: String,
}

/// Asks first.
pub(super) async fn confirm(State(site): Shared, visitor: Visitor, Path(id): Path<String>) -> Response {
    page(&site, &visitor, &id, None, StatusCode::OK).await
}

async fn page(site: &Site, visitor: &Visitor, id: &str, done: Option<Done>, status: StatusCode) -> Response {
    let (person, account) = match changeable(site, visitor, id).await {
        Ok(found) => found,
        Err(response) => return response,
    };
    let accounts = &site.web.services.accounts;
    let holdings = match accounts.holdings(visitor.actor.tenant, &account.mailbox.extension).await {
        Ok(holdings) => holdings,
        Err(error) => return trouble(&error),
    };
    let Holdings { messages, unheard, greetings, names, .. } = holdings;
    let name = person.user.full_name();
    let page = ClearPage {
        frame: Frame::new(site, visitor, HERE, None).with(done),
        id: id.to_owned(),
        name: if name.is_empty() { account.mailbox.extension.to_string() } else { name },
        messages: counted(messages, "message"),
        count: messages,
        unheard,
        greetings: counted(greetings + names, "greeting"),
    };
    render(&page, status)
}

/// Clears the messages once their number was seen, or (with the extension typed) messages, greetings and recorded name.
pub(super) async fn clear(State(site): Shared, Path(id): Path<String>, posted: Posted) -> Response {
    let Posted { visitor, fields } = posted;
    let (_, account) = match changeable(&site, &visitor, &id).await {
        Ok(found) => found,
        Err(response) => return response,
    };
    let (tenant, extension) = (visitor.actor.tenant, &account.mailbox.extension);
    let accounts = &site.web.services.accounts;
    let is_data = fields.get("what") == "data";
    if is_data && fields.get("extension").trim() != extension.as_str() {
        let why = "Nothing was cleared: type the extension of this mailbox to confirm.";
        let done = Some(Done::refused(why));
        return profile(&site, &visitor, &id, done, StatusCode::UNPROCESSABLE_ENTITY).await;
    }
    if !is_data {
        let seen = fields.get("seen").trim().parse::<u64>().ok();
        let there = match accounts.holdings(tenant, extension).await {
            Ok(holdings) => holdings.messages,
            Err(error) => return trouble(&error),
        };
        if seen != Some(there) {
            let why = "Nothing was cleared: look at the number of messages first, and confirm it.";
            return page(&site, &visitor, &id, Some(Done::refused(why)), StatusCode::CONFLICT).await;
        }
    }
    match accounts.by(&visitor.actor.name).clear_mailbox(tenant, extension, is_data).await {
        Ok(_) => see(&site, &format!("{HERE}/{id}?done=cleared")),
        Err(error) => trouble(&error),
    }
}
