//! An import that somebody works on: every row with what it would do, mended in place (002-089).

use std::collections::BTreeMap;

use askama::Template;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::Response;
use serde::Deserialize;

use crate::domain::{DraftId, counted};
use crate::service::access::Act;
use crate::service::import::{CellFault, Column, Difference, ImportError, Looked, Mending, Progress, What};

use super::super::super::portal::frame::{Done, Frame};
use super::super::super::portal::{missing, sentence, trouble};
use super::super::super::shell::render;
use super::super::super::visitor::{Fields, Posted, Visitor, see};
use super::super::super::{Shared, Site};
use super::counts::Counts;
use super::{HERE, csv, imports};

/// Rows on a page: a form with all their cells fits into what a form may be.
const PAGE: usize = 25;

/// Which rows are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Only {
    All,
    Faults,
    Changes,
    LeftOut,
}

impl Only {
    fn read(text: &str) -> Self {
        match text {
            "faults" => Self::Faults,
            "changes" => Self::Changes,
            "left-out" => Self::LeftOut,
            _ => Self::All,
        }
    }

    const fn as_str(self) -> &'static str {
        match self {
            Self::All => "all",
            Self::Faults => "faults",
            Self::Changes => "changes",
            Self::LeftOut => "left-out",
        }
    }

    /// Without what it does, a row is left out.
    const fn takes(self, what: Option<&What>) -> bool {
        match self {
            Self::All => true,
            Self::Faults => matches!(what, Some(What::Fault(_))),
            Self::Changes => matches!(what, Some(What::Add(_) | What::Change(_))),
            Self::LeftOut => what.is_none(),
        }
    }
}

#[derive(Template)]
#[template(path = "portal/import.html", config = "src/http/pages/askama.toml")]
struct DraftPage {
    frame: Frame,
    id: String,
    label: String,
    /// Encoding and separator as they were found.
    found: String,
    ignored: String,
    trouble: Option<String>,
    /// Being imported: how far, in words and in hundredths.
    progress: Option<(String, u8)>,
    is_done: bool,
    counts: Counts,
    only: Only,
    columns: Vec<Column>,
    rows: Vec<Shown>,
    /// There is something to save.
    is_open: bool,
    from: usize,
    before: Option<usize>,
    next: Option<usize>,
    of: usize,
}

struct Shown {
    line: u32,
    what: &'static str,
    is_bad: bool,
    /// It is not to be imported, and can be taken in again.
    is_out: bool,
    /// Its cells are fields.
    is_open: bool,
    cells: Vec<Cell>,
    /// Faults of columns that the file does not have.
    beside: Vec<String>,
}

struct Cell {
    column: Column,
    place: usize,
    text: String,
    /// What was there, when it would change.
    was: Option<String>,
    wrong: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
pub(in super::super) struct Asked {
    #[serde(default)]
    only: String,
    #[serde(default)]
    from: usize,
    #[serde(default)]
    line: u32,
    #[serde(default)]
    done: String,
}

pub(in super::super) async fn show(
    State(site): Shared,
    visitor: Visitor,
    Path(id): Path<String>,
    Query(asked): Query<Asked>,
) -> Response {
    let done = (asked.done == "saved").then(|| Done::said("Saved, and looked at again."));
    page(&site, &visitor, &id, &asked, done, StatusCode::OK).await
}

async fn page(
    site: &Site,
    visitor: &Visitor,
    id: &str,
    asked: &Asked,
    done: Option<Done>,
    status: StatusCode,
) -> Response {
    if let Err(response) = visitor.must(Act::UsersWrite) {
        return response;
    }
    let Ok(draft) = id.parse::<DraftId>() else { return missing() };
    let imports = match imports(site, visitor).await {
        Ok(imports) => imports,
        Err(response) => return response,
    };
    match imports.look_at(&visitor.actor, visitor.actor.tenant, draft).await {
        Ok(looked) => {
            let frame = Frame::new(site, visitor, HERE, None).with(done);
            render(&shown(frame, &looked, asked, imports.progress(draft)), status)
        }
        Err(error) => refused(&error),
    }
}

fn refused(error: &ImportError) -> Response {
    match error {
        ImportError::NoDraft => missing(),
        error => trouble(error),
    }
}

fn shown(frame: Frame, looked: &Looked, asked: &Asked, progress: Option<Progress>) -> DraftPage {
    let Looked { draft, columns, preview, left_out, .. } = looked;
    let counts = Counts::of(&preview.rows, left_out.len());
    // Who comes first sees what is to be mended.
    let only = match asked.only.as_str() {
        "" if counts.fault > 0 => Only::Faults,
        text => Only::read(text),
    };
    let wanted: Vec<_> = looked.rows().into_iter().filter(|(_, _, what)| only.takes(*what)).collect();
    let last = wanted.len().saturating_sub(1) / PAGE * PAGE;
    let from = (asked.from / PAGE * PAGE).min(last);
    let rows: Vec<Shown> = wanted
        .iter()
        .skip(from)
        .take(PAGE)
        .map(|(line, cells, what)| shown_row(*line, cells, *what, columns, *line == asked.line))
        .collect();
    DraftPage {
        id: draft.id.to_string(),
        label: draft.label.clone(),
        found: format!("{}, {} between its cells", draft.encoding, separator(draft.separator)),
        ignored: preview.ignored.join(", "),
        trouble: draft.trouble.clone(),
        progress: draft.applying.map(|_| how_far(progress)),
        is_done: draft.has_result,
        only,
        columns: columns.iter().map(|(column, _)| *column).collect(),
        is_open: rows.iter().any(|row| row.is_open || row.is_out),
        rows,
        from,
        before: (from > 0).then(|| from - PAGE),
        next: (from + PAGE < wanted.len()).then_some(from + PAGE),
        of: wanted.len(),
        counts,
        frame,
    }
}

const fn separator(separator: char) -> &'static str {
    match separator {
        ';' => "semicolons",
        '\t' => "tabs",
        _ => "commas",
    }
}

fn how_far(progress: Option<Progress>) -> (String, u8) {
    let hundredths = |done: usize, all: usize| u8::try_from(done * 100 / all.max(1)).unwrap_or(100);
    match progress {
        Some(Progress::Hashing(done, all)) => {
            (format!("{done} of {} prepared", counted(all as u64, "PIN")), hundredths(done, all))
        }
        Some(Progress::Writing(done, all)) => {
            (format!("{done} of {} written", counted(all as u64, "row")), hundredths(done, all))
        }
        None => ("Begun".to_owned(), 0),
    }
}

fn shown_row(
    line: u32,
    cells: &[String],
    what: Option<&What>,
    columns: &[(Column, usize)],
    is_asked: bool,
) -> Shown {
    let none: (&[Difference], &[CellFault]) = (&[], &[]);
    let (word, (differences, faults)) = match what {
        Some(What::Add(differences)) => ("Add", (differences.as_slice(), none.1)),
        Some(What::Change(differences)) => ("Change", (differences.as_slice(), none.1)),
        Some(What::Unchanged) => ("No change", none),
        Some(What::Fault(faults)) => ("Mend", (none.0, faults.as_slice())),
        None => ("Left out", none),
    };
    let is_new = matches!(what, Some(What::Add(_)));
    let is_out = what.is_none();
    let cell = |(column, place): &(Column, usize)| {
        let text = cells.get(*place).cloned().unwrap_or_default();
        let was = differences.iter().find(|one| one.column == *column && !is_new);
        let whys: Vec<String> =
            faults.iter().filter(|one| one.column == *column).map(|one| in_words(&one.why)).collect();
        Cell {
            column: *column,
            place: *place,
            // A PIN is never shown.
            text: if *column == Column::Pin && !text.is_empty() { "••••".to_owned() } else { text },
            was: was.map(|one| one.old.clone()),
            wrong: Some(whys.join(" ")).filter(|why| !why.is_empty()),
        }
    };
    let has = |column: Column| columns.iter().any(|(known, _)| *known == column);
    Shown {
        line,
        what: word,
        is_bad: !faults.is_empty(),
        is_out,
        is_open: !is_out && (is_asked || !faults.is_empty()),
        cells: columns.iter().map(cell).collect(),
        beside: faults.iter().filter(|one| !has(one.column)).map(|one| in_words(&one.why)).collect(),
    }
}

fn in_words(why: &str) -> String {
    let mut chars = why.chars();
    let first = chars.next().map(|c| c.to_uppercase().to_string()).unwrap_or_default();
    format!("{first}{}.", chars.as_str().trim_end_matches('.'))
}

/// Saves the fields of a page of rows. An empty PIN field leaves the PIN as it is; `-` takes it out.
pub(in super::super) async fn mend(State(site): Shared, Path(id): Path<String>, posted: Posted) -> Response {
    let Posted { visitor, fields } = posted;
    if let Err(response) = visitor.must(Act::UsersWrite) {
        return response;
    }
    let Ok(draft) = id.parse::<DraftId>() else { return missing() };
    let (only, from) = (Only::read(fields.get("only")), fields.get("from").parse().unwrap_or_default());
    let mendings = mendings(&fields);
    let imports = match imports(&site, &visitor).await {
        Ok(imports) => imports,
        Err(response) => return response,
    };
    match imports.mend(&visitor.actor, visitor.actor.tenant, draft, mendings).await {
        Ok(()) => see(&site, &format!("{HERE}/{id}?only={}&from={from}&done=saved", only.as_str())),
        Err(error @ (ImportError::Busy | ImportError::Cell(_) | ImportError::NoRow(_))) => {
            let asked = Asked { only: only.as_str().to_owned(), from, ..Asked::default() };
            let done = Some(Done::refused(sentence(&error)));
            page(&site, &visitor, &id, &asked, done, StatusCode::UNPROCESSABLE_ENTITY).await
        }
        Err(error) => refused(&error),
    }
}

fn mendings(fields: &Fields) -> Vec<(u32, Mending)> {
    let mut cells: BTreeMap<u32, Vec<(usize, String)>> = BTreeMap::new();
    for (prefix, is_pin) in [("c-", false), ("pin-", true)] {
        for (name, text) in fields.beginning(prefix) {
            let place = name
                .split_once('-')
                .and_then(|(line, place)| Some((line.parse().ok()?, place.parse().ok()?)));
            let Some((line, place)) = place else { continue };
            match (is_pin, text.trim()) {
                (true, "") => {}
                (true, "-") => cells.entry(line).or_default().push((place, String::new())),
                _ => cells.entry(line).or_default().push((place, text.to_owned())),
            }
        }
    }
    let mut mendings: BTreeMap<u32, Mending> =
        cells.into_iter().map(|(line, cells)| (line, Mending::Cells(cells))).collect();
    let out = fields.beginning("out-").filter_map(|(line, _)| line.parse().ok());
    mendings.extend(out.map(|line| (line, Mending::LeaveOut)));
    let back = fields.beginning("in-").filter_map(|(line, _)| line.parse().ok());
    mendings.extend(back.map(|line| (line, Mending::TakeIn)));
    mendings.into_iter().collect()
}

pub(in super::super) async fn apply(State(site): Shared, Path(id): Path<String>, posted: Posted) -> Response {
    let visitor = posted.visitor;
    if let Err(response) = visitor.must(Act::UsersWrite) {
        return response;
    }
    let Ok(draft) = id.parse::<DraftId>() else { return missing() };
    let imports = match imports(&site, &visitor).await {
        Ok(imports) => imports,
        Err(response) => return response,
    };
    match imports.begin(&visitor.actor, visitor.actor.tenant, draft).await {
        // Twice pressed is once imported.
        Ok(()) | Err(ImportError::Busy) => see(&site, &format!("{HERE}/{id}")),
        Err(error) => refused(&error),
    }
}

pub(in super::super) async fn discard(
    State(site): Shared,
    Path(id): Path<String>,
    posted: Posted,
) -> Response {
    let visitor = posted.visitor;
    if let Err(response) = visitor.must(Act::UsersWrite) {
        return response;
    }
    let Ok(draft) = id.parse::<DraftId>() else { return missing() };
    let imports = match imports(&site, &visitor).await {
        Ok(imports) => imports,
        Err(response) => return response,
    };
    match imports.give_up(&visitor.actor, visitor.actor.tenant, draft).await {
        Ok(()) => see(&site, &format!("{HERE}?done=discarded")),
        Err(ImportError::Busy) => see(&site, &format!("{HERE}/{id}")),
        Err(error) => refused(&error),
    }
}

/// What became of each row, as a table.
pub(in super::super) async fn result(
    State(site): Shared,
    visitor: Visitor,
    Path(id): Path<String>,
) -> Response {
    if let Err(response) = visitor.must(Act::UsersWrite) {
        return response;
    }
    let Ok(draft) = id.parse::<DraftId>() else { return missing() };
    let imports = match imports(&site, &visitor).await {
        Ok(imports) => imports,
        Err(response) => return response,
    };
    match imports.result(&visitor.actor, visitor.actor.tenant, draft).await {
        Ok(text) => csv("imported.csv", text),
        Err(error) => refused(&error),
    }
}
