//! The same for many users: chosen in the table, looked at, and done behind the page, which tells of each (002-091, 002-092).

use std::time::Duration;

use askama::Template;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::Response;
use jiff::tz::TimeZone;
use serde::Deserialize;

use crate::domain::{BulkId, Clear, UserId};
use crate::service::access::Act;
use crate::service::bulk::{BulkAct, BulkError, MOST, Whom};
use crate::store::{BulkRow, BulkRun, BulkState, RowState, StoreError};

use super::super::portal::frame::{Done, Frame};
use super::super::portal::{live_run, missing, sentence, trouble, words};
use super::super::shell::render;
use super::super::visitor::{Posted, Visitor, see};
use super::super::{Shared, Site};
use super::bulk_removal::{Goes, goes};
use super::imports::csv;
use super::reset::title;
use super::server::zone;
use super::users;
use super::users_table::brought_back;

/// What was done to many users.
pub(super) const HERE: &str = "/admin/bulk";
/// Users on a page.
const PAGE: u32 = 200;
/// Those who are shown of all that were found.
const FIRST: usize = 20;
/// What takes no longer is over when its page comes.
const WAIT: Duration = Duration::from_millis(1500);

#[derive(Template)]
#[template(path = "portal/users_bulk.html", config = "src/http/pages/askama.toml")]
struct BulkPage {
    frame: Frame,
    act: String,
    title: &'static str,
    /// Who was chosen, or the first of those who were found: id, and name with extension.
    chosen: Vec<(String, String)>,
    /// How many they are.
    count: usize,
    /// What finds them; `None`: each was ticked.
    filter: Option<String>,
    /// Parts of a reset: word, title, whether it is chosen.
    parts: Vec<(&'static str, &'static str, bool)>,
    /// What goes with those who are to be removed.
    goes: Option<Goes>,
}

/// Shows whom it is done to; once that was seen, begins, and goes where it is told how far it is.
pub(super) async fn bulk(State(site): Shared, posted: Posted) -> Response {
    let Posted { visitor, fields } = posted;
    if let Err(response) = visitor.must(Act::UsersWrite) {
        return response;
    }
    let (tenant, services) = (visitor.actor.tenant, &site.web.services);
    let sought = match fields.all("filter").first() {
        Some(text) => brought_back(text).map(|filter| (text, filter)),
        None => None,
    };
    let users = match &sought {
        Some((_, filter)) => services.bulk.found(tenant, filter).await,
        // Only those who are ticked; what finds nobody whom it was written for chooses nobody.
        None if fields.all("filter").is_empty() => {
            Ok(fields.all("user").iter().filter_map(|id| id.parse().ok()).take(MOST).collect())
        }
        None => Ok(Vec::new()),
    };
    let users: Vec<UserId> = match users {
        Ok(users) => users,
        Err(BulkError::Store(error)) => return trouble(&error),
        Err(_) => return see(&site, &format!("{}?done=many", users::HERE)),
    };
    let word = fields.get("act");
    let known = BulkAct::WORDS.into_iter().find(|(known, _)| *known == word);
    let Some((_, act_title)) = known.filter(|_| !users.is_empty()) else {
        return see(&site, &format!("{}?done=nobody", users::HERE));
    };
    let parts = Clear::parts(fields.all("clear"));
    let is_reset = word == "reset";
    // What was shown and is confirmed by its number; others than these are told by the run itself.
    let seen = if sought.is_some() { fields.get("seen").to_owned() } else { users.len().to_string() };
    let mut refused = match &parts {
        Err(error) => Some(sentence(error)),
        Ok(parts) if is_reset && parts.is_empty() => Some("Choose what is cleared.".to_owned()),
        Ok(_) if word == "remove" && fields.get("typed").trim() != seen => {
            Some("Nobody was removed: type the number of users to confirm.".to_owned())
        }
        Ok(_) => None,
    };
    let parts = parts.unwrap_or_default();
    if fields.is_on("confirm")
        && refused.is_none()
        && let Some(act) = BulkAct::of(word, parts.clone())
    {
        let whom = match &sought {
            Some((_, filter)) => Whom::Found { filter, seen: fields.get("seen").parse().ok().or(Some(0)) },
            None => Whom::Named(&users),
        };
        let begun = async {
            let run = services.bulk.begin(&visitor.actor, tenant, &act, whom).await?;
            Ok(services.bulk.settled(tenant, run.id, WAIT).await?)
        };
        match begun.await {
            Ok(run) => return see(&site, &format!("{HERE}/{}", run.id)),
            Err(BulkError::Store(error)) => return trouble(&error),
            Err(error) => refused = Some(sentence(&error)),
        }
    }
    let mut page = BulkPage {
        frame: Frame::new(&site, &visitor, users::HERE, None),
        act: word.to_owned(),
        title: act_title,
        chosen: Vec::new(),
        count: users.len(),
        filter: sought.as_ref().map(|(text, _)| (*text).clone()),
        parts: Vec::new(),
        goes: None,
    };
    let shown = if sought.is_some() { FIRST } else { MOST };
    if word == "remove" {
        match goes(&site, tenant, &users).await {
            Ok(goes) => page.goes = Some(goes),
            Err(response) => return response,
        }
    }
    for user in users.into_iter().take(shown) {
        match services.people.person(tenant, user).await {
            Ok(Some(person)) => {
                let number = person.mailbox.map_or_else(String::new, |mailbox| mailbox.extension.to_string());
                page.chosen.push((user.to_string(), format!("{number} {}", person.user.full_name())));
            }
            Ok(None) => page.count = page.count.saturating_sub(1),
            Err(error) => return trouble(&error),
        }
    }
    if is_reset {
        page.parts =
            Clear::ALL.into_iter().map(|part| (part.as_str(), title(part), parts.contains(&part))).collect();
    }
    let status = match refused.filter(|_| fields.is_on("confirm")) {
        Some(why) => {
            page.frame = page.frame.with(Some(Done::refused(why)));
            StatusCode::UNPROCESSABLE_ENTITY
        }
        None => StatusCode::OK,
    };
    render(&page, status)
}

#[derive(Template)]
#[template(path = "portal/bulk_runs.html", config = "src/http/pages/askama.toml")]
struct RunsPage {
    frame: Frame,
    runs: Vec<Shown>,
    days: u64,
}

/// A run, for people.
struct Shown {
    id: String,
    title: &'static str,
    at: String,
    state: &'static str,
    is_running: bool,
    total: u32,
    done: u32,
    failed: u32,
    /// Users who had no turn, yet or at all.
    left: u32,
    hundredths: u32,
}

impl Shown {
    fn of(run: &BulkRun, zone: &TimeZone) -> Self {
        let turns = run.done.saturating_add(run.failed);
        Self {
            id: run.id.to_string(),
            title: BulkAct::title(&run.act),
            at: words::stamp(run.made_at, zone),
            state: match run.state {
                BulkState::Running => "Goes on",
                BulkState::Done => "Done",
                BulkState::Cancelled => "Stopped",
            },
            is_running: run.state == BulkState::Running,
            total: run.total,
            done: run.done,
            failed: run.failed,
            left: run.total.saturating_sub(turns),
            hundredths: turns.saturating_mul(100).checked_div(run.total).unwrap_or(100),
        }
    }
}

/// What was done to many users lately.
pub(super) async fn list(State(site): Shared, visitor: Visitor) -> Response {
    if let Err(response) = visitor.must(Act::UsersWrite) {
        return response;
    }
    let zone = match zone(&site, &visitor).await {
        Ok(zone) => zone,
        Err(response) => return response,
    };
    let runs = match site.web.services.bulk.runs(visitor.actor.tenant).await {
        Ok(runs) => runs,
        Err(error) => return trouble(&error),
    };
    let page = RunsPage {
        frame: Frame::new(&site, &visitor, HERE, None),
        runs: runs.iter().map(|run| Shown::of(run, &zone)).collect(),
        days: crate::service::retention::RUNS.as_secs() / 86_400,
    };
    render(&page, StatusCode::OK)
}

#[derive(Template)]
#[template(path = "portal/bulk_run.html", config = "src/http/pages/askama.toml")]
struct RunPage {
    frame: Frame,
    run: Shown,
    rows: Vec<Row>,
    next: Option<u32>,
    is_first: bool,
}

struct Row {
    who: String,
    href: Option<String>,
    state: &'static str,
    is_bad: bool,
    is_done: bool,
    why: String,
}

#[derive(Debug, Default, Deserialize)]
pub(super) struct Asked {
    after: Option<u32>,
    #[serde(default)]
    done: String,
}

/// How far it is, and what came of each.
pub(super) async fn show(
    State(site): Shared,
    visitor: Visitor,
    Path(id): Path<String>,
    Query(asked): Query<Asked>,
) -> Response {
    let shown = async {
        let id = may(&visitor, &id).map_err(|response| *response)?;
        let (tenant, bulk) = (visitor.actor.tenant, &site.web.services.bulk);
        let run = bulk.run(tenant, id).await.map_err(refused)?;
        let (rows, more) = bulk.rows(tenant, id, asked.after, PAGE).await.map_err(refused)?;
        let zone = zone(&site, &visitor).await?;
        let done = (asked.done == "stopped")
            .then(|| Done::said("Stopped. What was done stays done; the others are as they were."));
        let page = RunPage {
            frame: Frame::new(&site, &visitor, HERE, None).with(done),
            run: Shown::of(&run, &zone),
            next: more.then(|| rows.last().map(|row| row.place)).flatten(),
            rows: rows
                .iter()
                .filter(|row| row.state != RowState::Waiting)
                .map(|one| row(&site, one))
                .collect(),
            is_first: asked.after.is_none(),
        };
        Ok::<_, Response>(render(&page, StatusCode::OK))
    };
    shown.await.unwrap_or_else(|response| response)
}

fn row(site: &Site, row: &BulkRow) -> Row {
    let state = match row.state {
        RowState::Waiting => "Waits",
        RowState::Begun => "Now",
        RowState::Done => "Done",
        RowState::Failed => "Not done",
        RowState::Skipped => "Had no turn",
    };
    Row {
        href: (!row.who.is_empty()).then(|| format!("{}{}/{}", site.base, users::HERE, row.user)),
        who: if row.who.is_empty() { row.user.to_string() } else { row.who.clone() },
        state,
        is_bad: row.state == RowState::Failed,
        is_done: row.state == RowState::Done,
        why: row.why.clone().unwrap_or_default(),
    }
}

fn may(visitor: &Visitor, id: &str) -> Result<BulkId, Box<Response>> {
    visitor.must(Act::UsersWrite).map_err(Box::new)?;
    id.parse().map_err(|_| Box::new(missing()))
}

fn refused(error: StoreError) -> Response {
    match error {
        StoreError::Missing { .. } => missing(),
        error => trouble(&error),
    }
}

pub(super) async fn events(State(site): Shared, visitor: Visitor, Path(id): Path<String>) -> Response {
    match may(&visitor, &id) {
        Ok(id) => live_run(&site.web.services, visitor.actor.tenant, id),
        Err(response) => *response,
    }
}

pub(super) async fn cancel(State(site): Shared, Path(id): Path<String>, posted: Posted) -> Response {
    let visitor = &posted.visitor;
    let cancelled = async {
        let id = may(visitor, &id).map_err(|response| *response)?;
        let (tenant, bulk) = (visitor.actor.tenant, &site.web.services.bulk);
        match bulk.cancel(&visitor.actor, tenant, id).await {
            Ok(()) => Ok(see(&site, &format!("{HERE}/{id}?done=stopped"))),
            // It was over by then, or is not there: its page says which.
            Err(StoreError::Missing { .. }) => Ok(see(&site, &format!("{HERE}/{id}"))),
            Err(error) => Err(trouble(&error)),
        }
    };
    cancelled.await.unwrap_or_else(|response| response)
}

/// What came of each, as a table.
pub(super) async fn result(State(site): Shared, visitor: Visitor, Path(id): Path<String>) -> Response {
    let told = async {
        let id = may(&visitor, &id).map_err(|response| *response)?;
        site.web.services.bulk.csv(visitor.actor.tenant, id).await.map_err(refused)
    };
    match told.await {
        Ok(text) => csv("bulk.csv", text),
        Err(response) => response,
    }
}
