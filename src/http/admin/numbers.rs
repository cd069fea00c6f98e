//! Numbers: the inventory, edited in its rows, and the steps that lead a number to a user and a phone.

mod steps;

use askama::Template;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::Response;
use serde::Deserialize;

use crate::service::access::Act;
use crate::service::numbers::NumberError;
use crate::store::{InventoryNumber, StoreError, Which};

use super::super::api::numbers::{unreachable, which};
use super::super::portal::frame::{Done, Frame};
use super::super::portal::{missing, sentence, trouble};
use super::super::seen;
use super::super::shell::render;
use super::super::visitor::{Fields, Posted, Visitor, forbidden, see};
use super::super::{Shared, Site};

pub(super) use steps::{assign, steps};

pub(super) const HERE: &str = "/admin/numbers";
/// Numbers on a page.
const PAGE: u32 = 50;

#[derive(Debug, Default, Deserialize)]
pub(super) struct Asked {
    #[serde(default)]
    q: String,
    #[serde(default)]
    show: String,
    #[serde(default)]
    after: String,
    #[serde(default)]
    done: String,
    /// Extension of the user that a number is to lead to.
    #[serde(default)]
    user: String,
}

impl Asked {
    fn of(fields: &Fields) -> Self {
        let get = |name: &str| fields.get(name).to_owned();
        Self { q: get("q"), show: get("show"), after: get("after"), ..Self::default() }
    }

    fn search(&self) -> String {
        self.q.chars().filter(|c| *c != '\0').take(100).collect()
    }

    /// The place in the list, as a query that others are appended to.
    fn place(&self) -> String {
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        for (name, value) in [("q", &self.search()), ("show", &self.show), ("after", &self.after)] {
            if !value.is_empty() {
                query.append_pair(name, value);
            }
        }
        query.finish()
    }

    fn done(&self) -> Option<Done> {
        let text = match self.done.as_str() {
            "saved" => "Saved. It holds from the next call on.",
            "added" => "The numbers are in the list.",
            "assigned" => "Assigned. It holds from the next call on.",
            "last" => "Assigned. No further number is free.",
            "released" => "It leads nowhere now, and stays in the list.",
            "removed" => "It is out of the list.",
            _ => return None,
        };
        Some(Done::said(text))
    }
}

#[derive(Template)]
#[template(path = "portal/numbers.html", config = "src/http/pages/askama.toml")]
struct ListPage {
    frame: Frame,
    rows: Vec<Row>,
    q: String,
    show: &'static str,
    after: String,
    next: Option<String>,
    unnumbered: Vec<(String, String)>,
    lines: String,
    may_write: bool,
}

struct Row {
    number: String,
    /// As a part of an address.
    path: String,
    note: String,
    label: String,
    extension: String,
    first: String,
    last: String,
    name: String,
    phone: Option<(String, String, u8)>,
    state: &'static str,
    is_led: bool,
    is_of_removed: bool,
    /// See [`seen`].
    seen: String,
}

/// A number as a part of an address.
fn encoded(number: &str) -> String {
    url::form_urlencoded::byte_serialize(number.as_bytes()).collect()
}

/// What the forms of a number show and change: to whom it leads, and as what.
fn leads(number: &InventoryNumber) -> impl std::fmt::Debug {
    (&number.mailbox, &number.extension, &number.name, &number.label)
}

fn row(number: InventoryNumber) -> Row {
    let state = match unreachable(&number) {
        None => "",
        Some("no-user") => "Not reachable: no user",
        Some(_) => "Not reachable: no phone",
    };
    let seen = seen::mark(&leads(&number));
    let (first, last) = number.name;
    Row {
        seen,
        path: encoded(&number.number),
        note: number.note.unwrap_or_default(),
        label: number.label.unwrap_or_default(),
        extension: number.extension.unwrap_or_default(),
        name: format!("{first} {last}").trim().to_owned(),
        first,
        last,
        phone: number.phone.map(|(id, name, _, port)| (id.to_string(), name, port)),
        state,
        is_led: number.mailbox.is_some(),
        is_of_removed: number.is_of_removed,
        number: number.number,
    }
}

pub(super) async fn list(State(site): Shared, visitor: Visitor, Query(asked): Query<Asked>) -> Response {
    if let Err(response) = visitor.must(Act::UsersRead) {
        return response;
    }
    let done = asked.done();
    listed(&site, &visitor, &asked, String::new(), done, StatusCode::OK).await
}

async fn listed(
    site: &Site,
    visitor: &Visitor,
    asked: &Asked,
    lines: String,
    done: Option<Done>,
    status: StatusCode,
) -> Response {
    let numbers = &site.web.services.numbers;
    let (tenant, search) = (visitor.actor.tenant, asked.search());
    let which = which(&asked.show).unwrap_or_default();
    let after = asked.after.replace('\0', "");
    let found = async {
        let (found, more) = numbers.page(tenant, &search, which, &after, PAGE).await?;
        let unnumbered = match which {
            Which::Unreachable if search.is_empty() => numbers.unnumbered(tenant).await?,
            _ => Vec::new(),
        };
        Ok::<_, StoreError>((found, more, unnumbered))
    };
    let (found, more, unnumbered) = match found.await {
        Ok(found) => found,
        Err(error) => return trouble(&error),
    };
    let last = || found.last().map(|number| number.number.clone()).unwrap_or_default();
    let next = more.then(|| {
        Asked { after: last(), q: search.clone(), show: which.as_str().to_owned(), ..Asked::default() }
            .place()
    });
    let page = ListPage {
        frame: Frame::new(site, visitor, HERE, None).with(done),
        next,
        rows: found.into_iter().map(row).collect(),
        q: search,
        show: which.as_str(),
        after,
        unnumbered: unnumbered
            .into_iter()
            .map(|(_, first, last, extension)| (format!("{first} {last}").trim().to_owned(), extension))
            .collect(),
        lines,
        may_write: visitor.must(Act::UsersWrite).is_ok(),
    };
    render(&page, status)
}

/// What is not a mistake in a form is another page.
fn otherwise(error: NumberError) -> Result<String, Box<Response>> {
    Err(Box::new(match error {
        NumberError::Store(StoreError::Missing { .. }) | NumberError::NoNumber(_) => missing(),
        NumberError::Store(error) => trouble(&error),
        NumberError::Above => forbidden(),
        refused => return Ok(sentence(&refused)),
    }))
}

/// What the forms of the list do.
enum Press {
    Add,
    Edit(String),
    Release(String),
    Remove(String),
}

async fn pressed(site: &Site, posted: Posted, press: Press) -> Response {
    let Posted { visitor, fields } = posted;
    if let Err(response) = visitor.must(Act::UsersWrite) {
        return response;
    }
    let (numbers, actor, tenant) = (&site.web.services.numbers, &visitor.actor, visitor.actor.tenant);
    let asked = Asked::of(&fields);
    if let Press::Edit(number) | Press::Release(number) = &press {
        match numbers.show(tenant, number).await {
            Ok(now) if seen::is_stale(&fields, &leads(&now)) => {
                let done = Some(Done::refused(seen::CHANGED));
                return listed(site, &visitor, &asked, String::new(), done, StatusCode::CONFLICT).await;
            }
            Ok(_) => {}
            Err(error) => match otherwise(error) {
                Err(response) => return *response,
                Ok(why) => {
                    let done = Some(Done::refused(why));
                    let status = StatusCode::UNPROCESSABLE_ENTITY;
                    return listed(site, &visitor, &asked, String::new(), done, status).await;
                }
            },
        }
    }
    let done = match &press {
        Press::Add => numbers.add(actor, tenant, fields.get("numbers")).await.map(|_| "added"),
        Press::Edit(number) => {
            let person = (fields.get("extension"), fields.get("first"), fields.get("last"));
            numbers.edit(actor, tenant, number, person, fields.get("label")).await.map(|()| "saved")
        }
        Press::Release(number) => numbers.release(actor, tenant, number).await.map(|()| "released"),
        Press::Remove(number) => numbers.drop(actor, tenant, number).await.map(|()| "removed"),
    };
    match done.map_err(otherwise) {
        Ok(done) => see(site, &format!("{HERE}?done={done}&{}", asked.place())),
        Err(Err(response)) => *response,
        Err(Ok(why)) => {
            let lines = fields.get("numbers").to_owned();
            let done = Some(Done::refused(why));
            listed(site, &visitor, &asked, lines, done, StatusCode::UNPROCESSABLE_ENTITY).await
        }
    }
}

pub(super) async fn add(State(site): Shared, posted: Posted) -> Response {
    pressed(&site, posted, Press::Add).await
}

pub(super) async fn edit(State(site): Shared, Path(number): Path<String>, posted: Posted) -> Response {
    pressed(&site, posted, Press::Edit(number)).await
}

pub(super) async fn release(State(site): Shared, Path(number): Path<String>, posted: Posted) -> Response {
    pressed(&site, posted, Press::Release(number)).await
}

pub(super) async fn remove(State(site): Shared, Path(number): Path<String>, posted: Posted) -> Response {
    pressed(&site, posted, Press::Remove(number)).await
}
