//! The recycle bin: what goes with a user, who was removed, and the way back (002-091, 004-10).

use askama::Template;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::Response;
use serde::Deserialize;

use crate::domain::{Extension, UserId};
use crate::service::access::Act;
use crate::service::accounts::{AccountError, Dependents, LEFT_DESK};
use crate::service::retention::BIN;
use crate::store::{Removed, Why};

use super::super::portal::frame::{Done, Frame};
use super::super::portal::{missing, sentence, trouble, words};
use super::super::shell::render;
use super::super::visitor::{Posted, Visitor, see};
use super::super::{Shared, Site, cursor};
use super::server::zone;
use super::users::{HERE, changeable};

/// Rows of a page.
const ROWS: u32 = 100;

#[derive(Template)]
#[template(path = "portal/user_remove.html", config = "src/http/pages/askama.toml")]
struct ConfirmPage {
    frame: Frame,
    id: String,
    name: String,
    extension: String,
    dependents: Dependents,
    days: u64,
}

/// What goes with a user, before it goes.
pub(super) async fn confirm(State(site): Shared, visitor: Visitor, Path(id): Path<String>) -> Response {
    page_of(&site, &visitor, &id, None, StatusCode::OK).await
}

/// The same, after something was wrong with the confirmation.
pub(super) async fn page_of(
    site: &Site,
    visitor: &Visitor,
    id: &str,
    done: Option<Done>,
    status: StatusCode,
) -> Response {
    let (person, account) = match changeable(site, visitor, id).await {
        Ok(found) => found,
        Err(response) => return response,
    };
    let extension = account.mailbox.extension;
    match site.web.services.accounts.dependents(visitor.actor.tenant, &extension).await {
        Ok(dependents) => {
            let name = person.user.full_name();
            let page = ConfirmPage {
                frame: Frame::new(site, visitor, HERE, None).with(done),
                id: id.to_owned(),
                name: if name.is_empty() { extension.to_string() } else { name },
                extension: extension.to_string(),
                dependents,
                days: BIN.as_secs() / 86_400,
            };
            render(&page, status)
        }
        Err(error) => trouble(&error),
    }
}

#[derive(Template)]
#[template(path = "portal/users_removed.html", config = "src/http/pages/askama.toml")]
struct BinPage {
    frame: Frame,
    rows: Vec<Row>,
    days: u64,
    /// The place of this page; empty for the first.
    after: String,
    next: Option<String>,
}

struct Row {
    id: String,
    name: String,
    extension: String,
    at: String,
    messages: u32,
    may_restore: bool,
    why: &'static str,
    /// What was typed as another extension.
    typed: String,
    /// What is wrong with it.
    wrong: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
pub(super) struct Asked {
    #[serde(default)]
    done: String,
    #[serde(default)]
    after: String,
}

/// What somebody tried to bring back.
struct Tried<'a> {
    id: &'a str,
    typed: &'a str,
    why: String,
}

pub(super) async fn list(State(site): Shared, visitor: Visitor, Query(asked): Query<Asked>) -> Response {
    let back = "Brought back, with messages, greetings, role and PIN. Keys of programs are to be made anew.";
    let done = match asked.done.as_str() {
        "restored" => Some(Done::said(back)),
        "restored-elsewhere" => {
            Some(Done { text: format!("{back} {}.", words::begun(LEFT_DESK)), ..Done::said("") })
        }
        _ => None,
    };
    page(&site, &visitor, &asked.after, done, None, StatusCode::OK).await
}

async fn page(
    site: &Site,
    visitor: &Visitor,
    after: &str,
    done: Option<Done>,
    tried: Option<Tried<'_>>,
    status: StatusCode,
) -> Response {
    if let Err(response) = visitor.must(Act::UsersWrite) {
        return response;
    }
    let zone = match zone(site, visitor).await {
        Ok(zone) => zone,
        Err(response) => return response,
    };
    let (accounts, tenant) = (&site.web.services.accounts, visitor.actor.tenant);
    let (removed, has_more) = match accounts.removed_page(tenant, cursor::removed(after), ROWS).await {
        Ok(page) => page,
        Err(error) => return trouble(&error),
    };
    let next = removed.last().filter(|_| has_more).map(cursor::after_removed);
    let row = |one: Removed| {
        let id = one.user.to_string();
        let tried = tried.as_ref().filter(|tried| tried.id == id);
        Row {
            typed: tried.map(|tried| tried.typed.to_owned()).unwrap_or_default(),
            wrong: tried.map(|tried| tried.why.clone()),
            id,
            name: format!("{} {}", one.first, one.last).trim().to_owned(),
            extension: one.extension.map(|extension| extension.to_string()).unwrap_or_default(),
            at: words::stamp(one.at, &zone),
            messages: one.messages,
            why: match one.why {
                Why::Removed => "Removed",
                Why::Reset => "Reset: what was cleared",
                Why::Cleared => "Cleared from a mailbox",
            },
            may_restore: visitor.actor.may_give_back(one.role),
        }
    };
    let page = BinPage {
        frame: Frame::new(site, visitor, HERE, None).with(done),
        rows: removed.into_iter().map(row).collect(),
        days: BIN.as_secs() / 86_400,
        after: after.to_owned(),
        next,
    };
    render(&page, status)
}

/// Brings somebody back, under the old extension or the one that was typed.
pub(super) async fn restore(State(site): Shared, Path(id): Path<String>, posted: Posted) -> Response {
    let Posted { visitor, fields } = posted;
    if let Err(response) = visitor.must(Act::UsersWrite) {
        return response;
    }
    let Ok(user) = id.parse::<UserId>() else { return missing() };
    let (tenant, accounts) = (visitor.actor.tenant, site.web.services.accounts.by(&visitor.actor.name));
    let typed = fields.get("extension").trim();
    let mend = async |why: String, status| {
        let done = Some(Done::refused("Nobody was brought back: see what is marked."));
        let tried = Some(Tried { id: &id, typed, why });
        page(&site, &visitor, fields.get("after"), done, tried, status).await
    };
    let wanted = match (typed.is_empty(), typed.parse::<Extension>()) {
        (true, _) => None,
        (false, Ok(extension)) => Some(extension),
        (false, Err(error)) => return mend(sentence(&error), StatusCode::UNPROCESSABLE_ENTITY).await,
    };
    let may = |role| visitor.actor.may_give_back(role);
    match accounts.restore(tenant, user, wanted.as_ref(), &may).await {
        Ok(back) => {
            let done = if back.has_left_desk { "restored-elsewhere" } else { "restored" };
            see(&site, &format!("{HERE}/removed?done={done}"))
        }
        Err(AccountError::ExtensionTaken(number)) => {
            let why = format!("{number} is somebody else's by now: type another extension.");
            mend(why, StatusCode::CONFLICT).await
        }
        Err(error @ (AccountError::Invalid(_) | AccountError::NumberTaken(_))) => {
            mend(sentence(&error), StatusCode::UNPROCESSABLE_ENTITY).await
        }
        Err(AccountError::NotRemoved) => missing(),
        Err(error @ AccountError::RoleBack(_)) => mend(sentence(&error), StatusCode::FORBIDDEN).await,
        Err(error) => trouble(&error),
    }
}
