//! Rules of a colleague as the pattern for this mailbox, with what that would change shown first (000-10).

use askama::Template;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::Response;
use serde::Deserialize;

use crate::domain::Extension;
use crate::service::access::Act;
use crate::service::answering::Step;

use super::super::portal::frame::{Done, Frame};
use super::super::portal::missing;
use super::super::shell::render;
use super::super::visitor::{Posted, Visitor};
use super::super::{Shared, Site};
use super::{Refused, Whose, answer, rules};

#[derive(Template)]
#[template(path = "portal/rules_copy.html", config = "src/http/pages/askama.toml")]
struct CopyPage {
    frame: Frame,
    whose: Whose,
    from: String,
    steps: Option<Vec<Step>>,
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
        let from = asked.from.trim().to_owned();
        let (steps, refused) = match from.is_empty() {
            true => (None, None),
            false => match steps(&site, &visitor, &whose, &from).await {
                Ok(steps) => (Some(steps), None),
                Err(Refused::Mend(why)) => (None, Some(why)),
                Err(other) => return Err(other),
            },
        };
        let status = if refused.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
        let frame = Frame::new(&site, &visitor, whose.here(), None).with(refused.map(Done::refused));
        Ok(render(&CopyPage { frame, whose, from, steps }, status))
    };
    answer(shown.await)
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

async fn steps(site: &Site, visitor: &Visitor, whose: &Whose, from: &str) -> Result<Vec<Step>, Refused> {
    let colleague = colleague(site, visitor, whose, from).await?;
    let (_, extension) = whose.mailbox()?;
    Ok(site.web.services.rules.copy_preview(whose.tenant, &colleague, extension).await?)
}

pub(super) async fn copy(State(site): Shared, Path(word): Path<String>, posted: Posted) -> Response {
    rules::change(&site, &posted, &word, async |owner, rules| {
        let whose = Whose::write(&site, &posted.visitor, &word).await?;
        let from = colleague(&site, &posted.visitor, &whose, posted.fields.get("from").trim()).await?;
        let (_, extension) = whose.of.as_ref().ok_or_else(missing)?;
        Ok(("copied", Some(rules.copy(owner.tenant, &from, extension).await?)))
    })
    .await
}
