//! Many users at once: the file, what is begun, what was imported and can be taken back.

mod counts;
pub(super) mod draft;

use askama::Template;
use axum::extract::{Path, Query, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use jiff::tz::TimeZone;
use serde::Deserialize;

use crate::domain::ImportId;
use crate::service::access::Act;
use crate::service::import::{Column, ImportError, Imports, LARGEST, template_csv};
use crate::store::{Import, ImportDraft};

use super::super::file_form::{NoFile, PostedFile};
use super::super::portal::frame::{Done, Frame};
use super::super::portal::{missing, sentence, trouble, words};
use super::super::shell::render;
use super::super::visitor::{Posted, Visitor, see};
use super::super::{Shared, Site};
use super::server::zone;

pub(super) const HERE: &str = "/admin/imports";

#[derive(Template)]
#[template(path = "portal/imports.html", config = "src/http/pages/askama.toml")]
struct ImportsPage {
    frame: Frame,
    columns: [Column; Column::ALL.len()],
    begun: Vec<Begun>,
    made: Vec<Made>,
    /// An import that was not taken back because of what changed since.
    held: Option<String>,
}

struct Begun {
    id: String,
    label: String,
    at: String,
    state: &'static str,
    is_bad: bool,
}

struct Made {
    id: String,
    label: String,
    at: String,
    counts: String,
    /// When it was taken back.
    back: Option<String>,
    can_roll_back: bool,
}

#[derive(Debug, Default, Deserialize)]
pub(super) struct Asked {
    #[serde(default)]
    done: String,
}

/// The import as this visitor may use it.
async fn imports(site: &Site, visitor: &Visitor) -> Result<Imports, Response> {
    let policy = site.web.services.people.policy(visitor.actor.tenant).await;
    let policy = policy.map_err(|error| trouble(&error))?;
    Ok(site.web.services.imports.of(&visitor.actor, &policy))
}

pub(super) async fn list(State(site): Shared, visitor: Visitor, Query(asked): Query<Asked>) -> Response {
    let done = match asked.done.as_str() {
        "back" => Some(Done::said("Taken back: who was added is gone again, who was changed is as before.")),
        "discarded" => Some(Done::said("Discarded. Nothing of the file was kept.")),
        _ => None,
    };
    page(&site, &visitor, done, None, StatusCode::OK).await
}

async fn page(
    site: &Site,
    visitor: &Visitor,
    done: Option<Done>,
    held: Option<String>,
    status: StatusCode,
) -> Response {
    if let Err(response) = visitor.must(Act::UsersWrite) {
        return response;
    }
    let imports = match imports(site, visitor).await {
        Ok(imports) => imports,
        Err(response) => return response,
    };
    let tenant = visitor.actor.tenant;
    let zone = match zone(site, visitor).await {
        Ok(zone) => zone,
        Err(response) => return response,
    };
    let (begun, made) = match (imports.drafts(&visitor.actor, tenant).await, imports.list(tenant).await) {
        (Ok(begun), Ok(made)) => (begun, made),
        (Err(error), _) | (_, Err(error)) => return trouble(&error),
    };
    let page = ImportsPage {
        frame: Frame::new(site, visitor, HERE, None).with(done),
        columns: Column::ALL,
        begun: begun.iter().map(|draft| begun_row(draft, &zone)).collect(),
        made: made.iter().map(|import| made_row(import, &zone)).collect(),
        held,
    };
    render(&page, status)
}

fn begun_row(draft: &ImportDraft, zone: &TimeZone) -> Begun {
    let (state, is_bad) = match (&draft.applying, &draft.trouble) {
        _ if draft.has_result => ("Imported", false),
        (Some(_), _) => ("Being imported", false),
        (None, Some(_)) => ("Not imported", true),
        (None, None) => ("Not imported yet", false),
    };
    let at = words::stamp(draft.made_at, zone);
    Begun { id: draft.id.to_string(), label: draft.label.clone(), at, state, is_bad }
}

fn made_row(import: &Import, zone: &TimeZone) -> Made {
    Made {
        id: import.id.to_string(),
        label: import.label.clone(),
        at: words::stamp(import.made_at, zone),
        counts: format!("{} added, {} changed", import.added, import.changed),
        back: import.rolled_back_at.map(|at| words::stamp(at, zone)),
        can_roll_back: import.can_roll_back,
    }
}

/// A table to begin with (002-087).
pub(super) async fn template(visitor: Visitor) -> Response {
    match visitor.must(Act::UsersWrite) {
        Ok(()) => csv("users.csv", template_csv()),
        Err(response) => response,
    }
}

/// A table for a spreadsheet.
pub(super) fn csv(name: &str, text: String) -> Response {
    let kind = (header::CONTENT_TYPE, "text/csv; charset=utf-8".to_owned());
    let place = (header::CONTENT_DISPOSITION, format!("attachment; filename=\"{name}\""));
    ([kind, place], text).into_response()
}

pub(super) async fn upload(State(site): Shared, posted: PostedFile<LARGEST>) -> Response {
    let visitor = &posted.visitor;
    if let Err(response) = visitor.must(Act::UsersWrite) {
        return response;
    }
    let refused = |why: String, status| page(&site, visitor, Some(Done::refused(why)), None, status);
    let file = match &posted.file {
        Ok(file) => file.clone(),
        Err(NoFile::Empty) => {
            let why = "No file was chosen, or it is empty: choose a CSV file.".to_owned();
            return refused(why, StatusCode::UNPROCESSABLE_ENTITY).await;
        }
        Err(NoFile::TooLarge) => {
            let why = "The file is larger than 10 MiB: import it in parts.".to_owned();
            return refused(why, StatusCode::PAYLOAD_TOO_LARGE).await;
        }
        Err(NoFile::Broken) => {
            let why = "The upload broke off. Please try again.".to_owned();
            return refused(why, StatusCode::BAD_REQUEST).await;
        }
    };
    let imports = match imports(&site, visitor).await {
        Ok(imports) => imports,
        Err(response) => return response,
    };
    let kept = imports.upload(&visitor.actor, visitor.actor.tenant, &posted.name, file).await;
    match kept {
        Ok(draft) => see(&site, &format!("{HERE}/{}", draft.id)),
        Err(ImportError::Store(error)) => trouble(&error),
        Err(error) => refused(sentence(&error), StatusCode::UNPROCESSABLE_ENTITY).await,
    }
}

/// Takes a whole import back.
pub(super) async fn take_back(State(site): Shared, Path(id): Path<String>, posted: Posted) -> Response {
    let Posted { visitor, fields } = posted;
    if let Err(response) = visitor.must(Act::UsersWrite) {
        return response;
    }
    let Ok(import) = id.parse::<ImportId>() else { return missing() };
    let (tenant, anyway) = (visitor.actor.tenant, fields.is_on("anyway"));
    let imports = match imports(&site, &visitor).await {
        Ok(imports) => imports,
        Err(response) => return response,
    };
    match imports.roll_back(tenant, import, anyway).await {
        Ok(()) => {}
        Err(ImportError::NoImport(_)) => return missing(),
        Err(ImportError::Store(error)) => return trouble(&error),
        Err(error @ ImportError::BackAlready(_)) => {
            let why = Some(Done::refused(sentence(&error)));
            return page(&site, &visitor, why, None, StatusCode::CONFLICT).await;
        }
        Err(ImportError::ChangedSince(changed)) => {
            let why = Done::refused(format!(
                "Nothing was taken back, because of what was changed after the import: {}.",
                changed.iter().take(20).map(String::as_str).collect::<Vec<_>>().join(", ")
            ));
            return page(&site, &visitor, Some(why), Some(id), StatusCode::CONFLICT).await;
        }
        Err(error) => {
            let why = Some(Done::refused(sentence(&error)));
            return page(&site, &visitor, why, None, StatusCode::FORBIDDEN).await;
        }
    }
    see(&site, &format!("{HERE}?done=back"))
}
