//! Callers who are let through or turned away, by a mailbox or by everybody (002-027 … 002-031).

use askama::Template;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::Response;
use serde::Deserialize;
use uuid::Uuid;

use crate::domain::ChangeId;
use crate::domain::answering::{CallerPattern, ScreenedCaller, Screening};
use crate::service::answering::{AnsweringError, verdict_of, verdict_word};

use super::super::portal::frame::{Done, Frame};
use super::super::portal::missing;
use super::super::shell::render;
use super::super::visitor::{Posted, Visitor, see};
use super::super::{Shared, Site};
use super::{Refused, Whose, answer};

#[derive(Template)]
#[template(path = "portal/lists.html", config = "src/http/pages/askama.toml")]
struct ListsPage {
    frame: Frame,
    whose: Whose,
    rows: Vec<Row>,
    pattern: String,
    verdict: String,
    note: String,
    check: String,
    /// What becomes of the caller that was asked for.
    checked: Option<String>,
    /// Why that is nobody.
    wrong: Option<String>,
    verdicts: Vec<(&'static str, &'static str)>,
}

struct Row {
    id: String,
    pattern: String,
    allow: bool,
    verdict: &'static str,
    note: String,
    is_own: bool,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Asked {
    done: String,
    change: String,
    check: String,
    kept: String,
    /// What was said of it before.
    #[serde(default)]
    was: String,
}

const VERDICTS: [(&str, &str); 5] = [
    ("announce", "Turn away with an announcement"),
    ("busy", "Turn away as busy"),
    ("not-found", "Turn away as if the number did not exist"),
    ("decline", "Turn away as declined"),
    ("allow", "Let through"),
];

fn title(screening: Screening) -> &'static str {
    VERDICTS.iter().find(|(known, _)| *known == verdict_word(screening)).map_or("", |(_, title)| title)
}

pub(super) async fn list(
    State(site): Shared,
    visitor: Visitor,
    Path(word): Path<String>,
    Query(asked): Query<Asked>,
) -> Response {
    let kept = || match asked.kept.parse::<CallerPattern>() {
        Ok(pattern) => {
            let before = VERDICTS.iter().find(|(word, _)| *word == asked.was);
            let before = before.map(|(_, title)| format!(" Before, it said: {}.", title.to_lowercase()));
            let before = before.unwrap_or_default();
            format!("{pattern} is on the list. It holds from the next call on.{before}")
        }
        Err(_) => "It is on the list.".to_owned(),
    };
    let said = match asked.done.as_str() {
        "kept" => Some(kept()),
        "removed" => Some("It is on the list no more.".to_owned()),
        "undone" => Some("Undone: it is on the list again.".to_owned()),
        _ => None,
    };
    let shown = async {
        let whose = Whose::read(&site, &visitor, &word).await?;
        let undo = asked.change.parse::<ChangeId>().ok().filter(|_| whose.may_write);
        let undo = undo.map(|change| format!("{}/lists/undo/{change}", whose.path));
        let done = said.map(|text| Done { undo, ..Done::said(text) });
        let view = View { check: asked.check.trim().to_owned(), done, ..View::default() };
        shown(&site, &visitor, whose, view).await
    };
    answer(shown.await)
}

#[derive(Default)]
struct View {
    pattern: String,
    verdict: String,
    note: String,
    check: String,
    done: Option<Done>,
}

async fn shown(site: &Site, visitor: &Visitor, whose: Whose, view: View) -> Result<Response, Refused> {
    let View { pattern, verdict, note, check, done } = view;
    let lists = &site.web.services.lists;
    let lines = lists.list(whose.tenant, whose.extension()).await?;
    let (checked, wrong) = match check.is_empty() {
        true => (None, None),
        false => match checked(site, &whose, &check).await {
            Ok(told) => (Some(told), None),
            Err(Refused::Mend(why)) => (None, Some(why)),
            Err(other) => return Err(other),
        },
    };
    let is_bad = wrong.is_some() || done.as_ref().is_some_and(|done| done.is_error);
    let status = if is_bad { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    let of_mailbox = whose.of.is_some();
    let row = |line: ScreenedCaller| Row {
        id: line.id.to_string(),
        pattern: line.pattern.to_string(),
        allow: line.screening == Screening::Allow,
        verdict: title(line.screening),
        note: line.note.unwrap_or_default(),
        is_own: line.mailbox.is_some() == of_mailbox,
    };
    let page = ListsPage {
        frame: Frame::new(site, visitor, whose.here(), None).with(done),
        whose,
        rows: lines.into_iter().map(row).collect(),
        pattern,
        verdict,
        note,
        check,
        checked,
        wrong,
        verdicts: VERDICTS.to_vec(),
    };
    Ok(render(&page, status))
}

/// Which line decides about a caller, in words.
async fn checked(site: &Site, whose: &Whose, text: &str) -> Result<String, Refused> {
    let caller = CallerPattern::given(text, &site.web.services.reception.abroad())?;
    let line = site.web.services.lists.check(whose.tenant, whose.extension(), &caller).await?;
    Ok(match line {
        None => format!("{caller} is on no list: the call goes on to the rules."),
        Some(line) => {
            let list = if line.mailbox.is_some() { "the mailbox's own list" } else { "everybody's list" };
            format!(
                "{caller}: {} decides on {list} — {}.",
                line.pattern,
                title(line.screening).to_lowercase()
            )
        }
    })
}

pub(super) async fn add(State(site): Shared, Path(word): Path<String>, posted: Posted) -> Response {
    let (visitor, fields) = (&posted.visitor, &posted.fields);
    let added = async {
        let whose = Whose::write(&site, visitor, &word).await?;
        match put(&site, visitor, &whose, &posted).await {
            Ok((pattern, was)) => {
                let kept: String = url::form_urlencoded::byte_serialize(pattern.as_bytes()).collect();
                let was = was.map(|was| format!("&was={was}")).unwrap_or_default();
                Ok(see(&site, &format!("{}/lists?done=kept&kept={kept}{was}", whose.path)))
            }
            Err(Refused::Mend(why)) => {
                let field = |name: &str| fields.get(name).to_owned();
                let view = View {
                    pattern: field("pattern"),
                    verdict: field("verdict"),
                    note: field("note"),
                    check: String::new(),
                    done: Some(Done::refused(why)),
                };
                shown(&site, visitor, whose, view).await
            }
            Err(other) => Err(other),
        }
    };
    answer(added.await)
}

/// The caller who is on the list now, and what the list said of them before, if that was something else.
async fn put(
    site: &Site,
    visitor: &Visitor,
    whose: &Whose,
    posted: &Posted,
) -> Result<(String, Option<&'static str>), Refused> {
    let pattern = CallerPattern::given(posted.fields.get("pattern"), &site.web.services.reception.abroad())?;
    let screening = verdict_of(posted.fields.get("verdict"))?;
    let note = posted.fields.get("note");
    let lists = site.web.services.lists.by(&visitor.actor.name);
    let (was, line) = lists.put(whose.tenant, whose.extension(), pattern, screening, Some(note)).await?;
    let was = was.filter(|was| was.screening != screening).map(|was| verdict_word(was.screening));
    Ok((line.pattern.to_string(), was))
}

pub(super) async fn remove(
    State(site): Shared,
    Path((word, line)): Path<(String, String)>,
    posted: Posted,
) -> Response {
    let visitor = &posted.visitor;
    let removed = async {
        let whose = Whose::write(&site, visitor, &word).await?;
        let id = Uuid::parse_str(&line).map_err(|_| missing())?;
        let lists = site.web.services.lists.by(&visitor.actor.name);
        let removed = lists.delete(whose.tenant, whose.extension(), id).await;
        let (_, change) = removed.map_err(|error| match error {
            AnsweringError::NoCaller(_) => Refused::from(missing()),
            other => other.into(),
        })?;
        Ok(see(&site, &format!("{}/lists?done=removed&change={change}", whose.path)))
    };
    answer(removed.await)
}

pub(super) async fn undo(
    State(site): Shared,
    Path((word, change)): Path<(String, String)>,
    posted: Posted,
) -> Response {
    let visitor = &posted.visitor;
    let undone = async {
        let whose = Whose::write(&site, visitor, &word).await?;
        let change: ChangeId = change.parse().map_err(|_| missing())?;
        let lists = site.web.services.lists.by(&visitor.actor.name);
        match lists.undo(whose.tenant, whose.extension(), change).await {
            Ok(_) => Ok(see(&site, &format!("{}/lists?done=undone", whose.path))),
            Err(error) => match Refused::from(error) {
                Refused::Mend(why) => {
                    let view = View { done: Some(Done::refused(why)), ..View::default() };
                    shown(&site, visitor, whose, view).await
                }
                other => Err(other),
            },
        }
    };
    answer(undone.await)
}
