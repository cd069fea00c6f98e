//! Rules of a colleague as the pattern for this mailbox, with what that would change shown first (000-10).

use askama::Template;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::Response;
use serde::Deserialize;

use crate::domain::Extension;
use crate::service::access::Act;
use crate::service::answering::{AnsweringError, CopyPlan};

use super::super::portal::frame::{Done, Frame};
use super::super::shell::render;
use super::super::visitor::{Posted, Visitor, see};
use super::super::{Shared, Site};
use super::{Refused, Whose, answer};

#[derive(Template)]
#[template(path = "portal/rules_copy.html", config = "src/http/pages/askama.toml")]
struct CopyPage {
    frame: Frame,
    whose: Whose,
    from: String,
    plan: Option<CopyPlan>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Asked {
    from: String,
}

pub(super) async fn preview(
    State(site): Shared,
    visitor: Visitor,
    Path(word): Path<String>,
    Query(asked): Query<Asked>,
) -> Response {
    let shown = async {
        let whose = Whose::write(&site, &visitor, &word).await?;
        shown(&site, &visitor, whose, asked.from.trim().to_owned(), None).await
    };
    answer(shown.await)
}

/// What would change, and why it has not been changed.
async fn shown(
    site: &Site,
    visitor: &Visitor,
    whose: Whose,
    from: String,
    refused: Option<String>,
) -> Result<Response, Refused> {
    let (plan, refused) = match from.is_empty() {
        true => (None, refused),
        false => match plan(site, visitor, &whose, &from).await {
            Ok(plan) => (Some(plan), refused),
            Err(Refused::Mend(why)) => (None, Some(why)),
            Err(other) => return Err(other),
        },
    };
    let status = if refused.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    let frame = Frame::new(site, visitor, whose.here(), None).with(refused.map(Done::refused));
    Ok(render(&CopyPage { frame, whose, from, plan }, status))
}

/// The colleague, whose rules the visitor may see.
async fn colleague(site: &Site, visitor: &Visitor, whose: &Whose, from: &str) -> Result<Extension, Refused> {
    let unknown = || Refused::Mend(format!("There is no mailbox “{from}” whose rules you may see."));
    let extension: Extension = from.parse().map_err(|_| unknown())?;
    let found = site.web.services.rules.overview(whose.tenant, &extension, site.web.clock.now()).await;
    let mailbox = found.map_err(|_| unknown())?.mailbox.id;
    if !visitor.actor.may(Act::SettingsRead, whose.tenant, Some(mailbox)) {
        return Err(unknown());
    }
    let (owner, _) = whose.mailbox()?;
    if owner.mailbox == mailbox {
        return Err(Refused::Mend("These are the same mailbox: name another one.".to_owned()));
    }
    Ok(extension)
}

async fn plan(site: &Site, visitor: &Visitor, whose: &Whose, from: &str) -> Result<CopyPlan, Refused> {
    let colleague = colleague(site, visitor, whose, from).await?;
    let (_, extension) = whose.mailbox()?;
    Ok(site.web.services.rules.copy_preview(whose.tenant, &colleague, extension).await?)
}

/// Copies what was seen; when that is not what there is by now, nothing is, and the page shows what would change now.
pub(super) async fn copy(State(site): Shared, Path(word): Path<String>, posted: Posted) -> Response {
    let (visitor, fields) = (&posted.visitor, &posted.fields);
    let copied = async {
        let whose = Whose::write(&site, visitor, &word).await?;
        let from = fields.get("from").trim().to_owned();
        let tried = async {
            let colleague = colleague(&site, visitor, &whose, &from).await?;
            let (owner, extension) = whose.mailbox()?;
            let rules = site.web.services.rules.by(&visitor.actor.name);
            match rules.copy(owner.tenant, &colleague, extension, fields.get("seen")).await {
                Ok(change) => Ok(change),
                Err(AnsweringError::CopyChanged) if fields.get("seen").is_empty() => {
                    Err(Refused::Mend("Look first at what would change, then copy it.".to_owned()))
                }
                Err(error) => Err(error.into()),
            }
        };
        match tried.await {
            Ok(change) => Ok(see(&site, &format!("{}/rules?done=copied&change={change}", whose.path))),
            Err(Refused::Mend(why)) => shown(&site, visitor, whose, from, Some(why)).await,
            Err(other) => Err(other),
        }
    };
    answer(copied.await)
}
