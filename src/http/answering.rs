//! Pages about how a mailbox answers: rules, hours, lists of callers. One set of pages serves the owner (`me`), whoever
//! looks after others (the mailbox's id), and hours and lists of the whole tenant (`all`).

mod copying;
mod form;
mod frame_form;
mod hours;
mod lists;
mod offers;
mod presence;
mod rules;
mod trying;

use std::sync::Arc;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::response::Response;
use axum::routing::{get, post};

use crate::domain::{Extension, MailboxId, Owner, TenantId};
use crate::service::access::Act;
use crate::service::answering::AnsweringError;
use crate::store::StoreError;

pub(super) use offers::{Typed, offered};
pub(super) use presence::PresenceForm;
pub(super) use trying::Try;

use super::Site;
use super::portal::{missing, sentence, trouble};
use super::visitor::{Visitor, forbidden};

/// The routes of these pages.
pub(super) fn routes() -> Router<Arc<Site>> {
    Router::new()
        .route("/answering/{whose}/rules", get(rules::list).post(form::add))
        .route("/answering/{whose}/rules/new", get(form::new))
        .route("/answering/{whose}/rules/order", post(rules::order))
        .route("/answering/{whose}/rules/copy", get(copying::preview).post(copying::copy))
        .route("/answering/{whose}/rules/undo/{change}", post(rules::undo))
        .route("/answering/{whose}/rules/{rule}", get(form::edit).post(form::save))
        .route("/answering/{whose}/rules/{rule}/{action}", post(rules::act))
        .route("/answering/{whose}/targets", get(offers::targets))
        .route("/answering/{whose}/hours", get(hours::list).post(frame_form::add))
        .route("/answering/{whose}/hours/new", get(frame_form::new))
        .route("/answering/{whose}/hours/import", post(hours::import).layer(DefaultBodyLimit::disable()))
        .route("/answering/{whose}/hours/holidays", post(hours::holidays))
        .route("/answering/{whose}/hours/undo/{change}", post(hours::undo))
        .route("/answering/{whose}/hours/{frame}", get(frame_form::edit).post(frame_form::save))
        .route("/answering/{whose}/hours/{frame}/remove", post(hours::remove))
        .route("/answering/{whose}/lists", get(lists::list).post(lists::add))
        .route("/answering/{whose}/lists/undo/{change}", post(lists::undo))
        .route("/answering/{whose}/lists/{line}/remove", post(lists::remove))
        .route("/answering/{whose}/presence", get(presence::page).post(presence::set))
        .route("/answering/{whose}/presence/greetings", post(presence::greetings))
}

/// Whose rules, hours or lists a page is about, and what the visitor may do there.
pub(super) struct Whose {
    /// Whose world it is in.
    pub(super) tenant: TenantId,
    /// The mailbox; `None`: the whole tenant.
    pub(super) of: Option<(MailboxId, Extension)>,
    /// Who has the mailbox, where somebody does.
    pub(super) name: String,
    /// Address of the pages: `/answering/me`.
    pub(super) path: String,
    /// The visitor's own.
    pub(super) is_own: bool,
    /// The visitor may change them.
    pub(super) may_write: bool,
}

impl Whose {
    /// What the visitor may see.
    pub(super) async fn read(site: &Site, visitor: &Visitor, word: &str) -> Result<Self, Response> {
        let actor = &visitor.actor;
        let tenant = actor.tenant;
        let path = format!("/answering/{word}");
        if word == "all" {
            if !actor.may(Act::TenantsRead, tenant, None) {
                return Err(forbidden());
            }
            let may_write = actor.may(Act::TenantsWrite, tenant, None);
            return Ok(Self { tenant, of: None, name: String::new(), path, is_own: false, may_write });
        }
        let mailbox = match word {
            "me" => visitor.owner()?.mailbox,
            id => id.parse::<MailboxId>().map_err(|_| missing())?,
        };
        if !actor.may(Act::SettingsRead, tenant, Some(mailbox)) {
            return Err(missing());
        }
        let (extension, name) = match site.web.services.people.mailbox(tenant, mailbox).await {
            Ok(found) => found,
            Err(StoreError::Missing { .. }) => return Err(missing()),
            Err(error) => return Err(trouble(&error)),
        };
        let may_write = actor.may(Act::SettingsWrite, tenant, Some(mailbox));
        let is_own = actor.mailbox == Some(mailbox);
        Ok(Self { tenant, of: Some((mailbox, extension)), name, path, is_own, may_write })
    }

    /// What the visitor may change.
    pub(super) async fn write(site: &Site, visitor: &Visitor, word: &str) -> Result<Self, Response> {
        let whose = Self::read(site, visitor, word).await?;
        if whose.may_write { Ok(whose) } else { Err(forbidden()) }
    }

    /// The mailbox, where only a mailbox has such a thing.
    pub(super) fn mailbox(&self) -> Result<(Owner, &Extension), Refused> {
        let (mailbox, extension) = self.of.as_ref().ok_or_else(missing)?;
        Ok((Owner { tenant: self.tenant, mailbox: *mailbox }, extension))
    }

    /// The number of the mailbox; `None`: the whole tenant.
    pub(super) fn extension(&self) -> Option<&Extension> {
        self.of.as_ref().map(|(_, extension)| extension)
    }

    /// The entry of the navigation that these pages belong to.
    pub(super) fn here(&self) -> &'static str {
        match (&self.of, self.is_own) {
            (None, _) => "/answering/all/hours",
            (Some(_), true) => "/answering/me/rules",
            (Some(_), false) => "/admin/users",
        }
    }
}

/// Why something was not done.
pub(super) enum Refused {
    /// The visitor mends it.
    Mend(String),
    /// Another page.
    Response(Box<Response>),
}

/// The page, or what stands in its place.
pub(super) fn answer(outcome: Result<Response, Refused>) -> Response {
    match outcome {
        Ok(response) => response,
        Err(Refused::Response(response)) => *response,
        Err(Refused::Mend(why)) => trouble(&std::io::Error::other(why)),
    }
}

impl From<Response> for Refused {
    fn from(response: Response) -> Self {
        Self::Response(Box::new(response))
    }
}

impl From<crate::domain::Invalid> for Refused {
    fn from(error: crate::domain::Invalid) -> Self {
        Self::Mend(sentence(&error))
    }
}

impl From<AnsweringError> for Refused {
    fn from(error: AnsweringError) -> Self {
        match error {
            AnsweringError::NoMailbox(_) => missing().into(),
            AnsweringError::NoFrame(_) => {
                Self::Mend("That time frame is not there any more: choose another one.".to_owned())
            }
            AnsweringError::NoRule(_) | AnsweringError::NoCaller(_) => {
                Self::Mend("It is not there any more: somebody removed it meanwhile.".to_owned())
            }
            AnsweringError::Taken { what, name } => {
                Self::Mend(format!("There is a {what} “{name}” already: choose another name."))
            }
            AnsweringError::Store(error @ (StoreError::InUse(_) | StoreError::Taken { .. })) => {
                Self::Mend(sentence(&error))
            }
            AnsweringError::Store(StoreError::Missing { .. }) => missing().into(),
            AnsweringError::Store(error) => trouble(&error).into(),
            other => Self::Mend(sentence(&other)),
        }
    }
}
