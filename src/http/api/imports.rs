//! Many users at once, by programs: a file is taken in, its rows are looked at and mended, and all of it is imported.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::extract::{FromRequest as _, Multipart, Path, Query, Request, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use axum::{Extension, Json};
use bytes::Bytes;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::domain::{DraftId, ImportId};
use crate::service::import::{Column, ImportError, Imports, LARGEST, Looked, Mending, What, template_csv};
use crate::store::{Import, ImportDraft};

use super::super::{Site, portal};
use super::caller::Caller;
use super::messages::PAGE;
use super::page;
use super::problem::Problem;

type Answer = Result<Response, Problem>;

/// Room for what stands around the file.
const AROUND: usize = 64 * 1024;
/// Rows of a page at most.
const LONGEST_PAGE: u32 = 200;

/// The imports as this caller may use them.
async fn imports(site: &Site, caller: &Caller) -> Result<Imports, Problem> {
    let policy = site.web.services.people.policy(caller.must_reach_tenant()?).await?;
    Ok(site.web.services.imports.of(&caller.actor, &policy))
}

fn draft_id(text: &str) -> Result<DraftId, Problem> {
    text.parse().map_err(|_| Problem::missing("import"))
}

fn csv(text: String) -> Response {
    ([(header::CONTENT_TYPE, "text/csv; charset=utf-8")], text).into_response()
}

fn import_json(import: &Import) -> Value {
    json!({"id": import.id, "label": import.label, "added": import.added, "changed": import.changed,
        "unchanged": import.unchanged, "made_at": import.made_at, "rolled_back_at": import.rolled_back_at,
        "can_roll_back": import.can_roll_back})
}

fn draft_json(draft: &ImportDraft) -> Value {
    json!({"id": draft.id, "label": draft.label, "encoding": draft.encoding, "header": draft.header,
        "made_at": draft.made_at, "until": draft.until, "is_running": draft.applying.is_some(),
        "trouble": draft.trouble, "import": draft.import, "is_done": draft.has_result})
}

fn looked_json(looked: &Looked) -> Value {
    let count =
        |wanted: fn(&What) -> bool| looked.preview.rows.iter().filter(|row| wanted(&row.what)).count();
    let mut told = draft_json(&looked.draft);
    let is_open = looked.draft.applying.is_none() && !looked.draft.has_result;
    if let (true, Some(fields)) = (is_open, told.as_object_mut()) {
        let counts = json!({"rows": looked.preview.rows.len(), "add": count(|what| matches!(what, What::Add(_))),
            "change": count(|what| matches!(what, What::Change(_))), "faults": looked.preview.faults(), "left_out": looked.left_out.len()});
        fields.insert("counts".to_owned(), counts);
        fields.insert("ignored".to_owned(), json!(looked.preview.ignored));
    }
    told
}

pub(super) async fn template() -> Response {
    csv(template_csv())
}

pub(super) async fn made(State(site): State<Arc<Site>>, Extension(caller): Extension<Caller>) -> Answer {
    let made = imports(&site, &caller).await?.list(caller.tenant).await?;
    let items: Vec<Value> = made.iter().map(import_json).collect();
    Ok(page(items, None::<&str>))
}

/// Whether to take back what was changed since as well.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct TakingBack {
    #[serde(default)]
    anyway: bool,
}

pub(super) async fn take_back(
    State(site): State<Arc<Site>>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
    Json(taking): Json<TakingBack>,
) -> Answer {
    let imports = imports(&site, &caller).await?;
    let id: ImportId = id.parse().map_err(|_| Problem::missing("import"))?;
    imports.roll_back(caller.tenant, id, taking.anyway).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

pub(super) async fn drafts(State(site): State<Arc<Site>>, Extension(caller): Extension<Caller>) -> Answer {
    let drafts = imports(&site, &caller).await?.drafts(&caller.actor, caller.tenant).await?;
    let items: Vec<Value> = drafts.iter().map(draft_json).collect();
    Ok(page(items, None::<&str>))
}

pub(super) async fn upload(
    State(site): State<Arc<Site>>,
    Extension(caller): Extension<Caller>,
    request: Request,
) -> Answer {
    let imports = imports(&site, &caller).await?;
    let (parts, body) = request.into_parts();
    let request = Request::from_parts(parts, portal::limited_to(body, LARGEST + AROUND));
    let multipart = Multipart::from_request(request, &()).await.map_err(|_| {
        Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "send multipart/form-data with the part `file`")
    })?;
    let (name, file) = read(multipart).await?;
    let draft = imports.upload(&caller.actor, caller.tenant, &name, file).await?;
    let looked = imports.look_at(&caller.actor, caller.tenant, draft.id).await?;
    Ok((StatusCode::CREATED, Json(looked_json(&looked))).into_response())
}

async fn read(mut multipart: Multipart) -> Result<(String, Bytes), Problem> {
    let broken = |error: axum::extract::multipart::MultipartError| {
        if portal::is_too_large(&error) {
            return Problem::new(
                StatusCode::PAYLOAD_TOO_LARGE,
                format!("the file is larger than {LARGEST} bytes"),
            );
        }
        Problem::new(StatusCode::BAD_REQUEST, format!("the upload cannot be read: {error}"))
    };
    while let Some(part) = multipart.next_field().await.map_err(broken)? {
        if part.name() == Some("file") {
            let name = part.file_name().unwrap_or_default().to_owned();
            return Ok((name, part.bytes().await.map_err(broken)?));
        }
    }
    Err(Problem::field("file", "send the table as the part `file`"))
}

pub(super) async fn show(
    State(site): State<Arc<Site>>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
) -> Answer {
    let looked = imports(&site, &caller).await?.look_at(&caller.actor, caller.tenant, draft_id(&id)?).await?;
    Ok(Json(looked_json(&looked)).into_response())
}

#[derive(Debug, Deserialize)]
pub(super) struct Asked {
    only: Option<String>,
    after: Option<u32>,
    limit: Option<u32>,
}

pub(super) async fn rows(
    State(site): State<Arc<Site>>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
    Query(asked): Query<Asked>,
) -> Answer {
    // Without what it does, a row is left out.
    let takes: fn(Option<&What>) -> bool = match asked.only.as_deref() {
        None | Some("all") => |_| true,
        Some("faults") => |what| matches!(what, Some(What::Fault(_))),
        Some("changes") => |what| matches!(what, Some(What::Add(_) | What::Change(_))),
        Some("left-out") => |what| what.is_none(),
        Some(_) => return Err(Problem::field("only", "choose all, faults, changes or left-out")),
    };
    let looked = imports(&site, &caller).await?.look_at(&caller.actor, caller.tenant, draft_id(&id)?).await?;
    let (after, limit) =
        (asked.after.unwrap_or(0), asked.limit.unwrap_or(PAGE).clamp(1, LONGEST_PAGE) as usize);
    let rows = looked.rows().into_iter();
    let mut rows = rows.filter(|(line, _, what)| *line > after && takes(*what));
    let items: Vec<Value> =
        rows.by_ref().take(limit).map(|(line, cells, what)| row_json(&looked, line, cells, what)).collect();
    let last = items.last().and_then(|item| item.get("line").cloned());
    let next = rows.next().and(last).map(|line| line.to_string());
    Ok(page(items, next))
}

fn row_json(looked: &Looked, line: u32, cells: &[String], what: Option<&What>) -> Value {
    let shown = |(column, place): &(Column, usize)| {
        let text = cells.get(*place).map(String::as_str).unwrap_or_default();
        // A PIN is never shown.
        let text = if *column == Column::Pin && !text.is_empty() { "given" } else { text };
        (column.as_str(), text.to_owned())
    };
    let cells: BTreeMap<&str, String> = looked.columns.iter().map(shown).collect();
    let (what, differences, faults) = match what {
        Some(What::Add(differences)) => ("add", differences.as_slice(), [].as_slice()),
        Some(What::Change(differences)) => ("change", differences.as_slice(), [].as_slice()),
        Some(What::Unchanged) => ("unchanged", [].as_slice(), [].as_slice()),
        Some(What::Fault(faults)) => ("fault", [].as_slice(), faults.as_slice()),
        None => ("left-out", [].as_slice(), [].as_slice()),
    };
    let changes: Vec<Value> = differences
        .iter()
        .map(|one| json!({"column": one.column.as_str(), "old": one.old, "new": one.new}))
        .collect();
    let faults: Vec<Value> =
        faults.iter().map(|one| json!({"column": one.column.as_str(), "detail": one.why})).collect();
    json!({"line": line, "does": what, "cells": cells, "changes": changes, "faults": faults})
}

/// What is to be mended.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Mendings {
    rows: Vec<MendedRow>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct MendedRow {
    line: u32,
    /// New texts by column.
    cells: Option<BTreeMap<String, String>>,
    /// Whether the row is left out; without cells it is, unless this says otherwise.
    left_out: Option<bool>,
}

pub(super) async fn mend(
    State(site): State<Arc<Site>>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
    Json(asked): Json<Mendings>,
) -> Answer {
    let (imports, id) = (imports(&site, &caller).await?, draft_id(&id)?);
    let looked = imports.look_at(&caller.actor, caller.tenant, id).await?;
    let mut mendings = Vec::with_capacity(asked.rows.len());
    for row in asked.rows {
        let cells = match (row.cells, row.left_out) {
            (None, Some(false)) => {
                mendings.push((row.line, Mending::TakeIn));
                continue;
            }
            (None, _) => {
                mendings.push((row.line, Mending::LeaveOut));
                continue;
            }
            (Some(_), Some(_)) => {
                let why = format!("line {}: write cells or left_out, not both at once", row.line);
                return Err(Problem::field("rows", why));
            }
            (Some(cells), None) => cells,
        };
        let placed = cells.into_iter().map(|(column, text)| {
            let known = looked.columns.iter().find(|(known, _)| known.as_str() == column);
            let (_, place) =
                known.ok_or_else(|| Problem::field("rows", format!("the file has no column {column}")))?;
            Ok::<_, Problem>((*place, text))
        });
        mendings.push((row.line, Mending::Cells(placed.collect::<Result<_, _>>()?)));
    }
    imports.mend(&caller.actor, caller.tenant, id, mendings).await?;
    let looked = imports.look_at(&caller.actor, caller.tenant, id).await?;
    Ok(Json(looked_json(&looked)).into_response())
}

pub(super) async fn apply(
    State(site): State<Arc<Site>>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
) -> Answer {
    let (imports, id) = (imports(&site, &caller).await?, draft_id(&id)?);
    imports.begin(&caller.actor, caller.tenant, id).await?;
    let draft = imports.draft(&caller.actor, caller.tenant, id).await?;
    Ok((StatusCode::ACCEPTED, Json(draft_json(&draft))).into_response())
}

pub(super) async fn result(
    State(site): State<Arc<Site>>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
) -> Answer {
    Ok(csv(imports(&site, &caller).await?.result(&caller.actor, caller.tenant, draft_id(&id)?).await?))
}

pub(super) async fn give_up(
    State(site): State<Arc<Site>>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
) -> Answer {
    imports(&site, &caller).await?.give_up(&caller.actor, caller.tenant, draft_id(&id)?).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

impl From<ImportError> for Problem {
    fn from(error: ImportError) -> Self {
        let detail = error.to_string();
        match error {
            ImportError::Table(_) => Self::field("file", detail),
            ImportError::NoRow(_) | ImportError::Cell(_) => Self::field("rows", detail),
            ImportError::Faults(_) => Self::new(StatusCode::UNPROCESSABLE_ENTITY, detail),
            ImportError::NoImport(_) | ImportError::NoDraft => Self::missing("import"),
            ImportError::Above(_) | ImportError::Phones | ImportError::Emergency(_) => {
                Self::new(StatusCode::FORBIDDEN, detail)
            }
            ImportError::Busy
            | ImportError::TooManyDrafts(_)
            | ImportError::ChangedSince(_)
            | ImportError::BackAlready(_)
            | ImportError::Restless => Self::new(StatusCode::CONFLICT, detail),
            ImportError::Hash(_) | ImportError::Reading(_) => {
                Self::new(StatusCode::SERVICE_UNAVAILABLE, detail)
            }
            ImportError::Store(error) => error.into(),
        }
    }
}
