//! Phones: the list, adding one, and the page of one with its owner, settings, ports, ring groups and restart.

mod form;

use askama::Template;
use axum::extract::{Path, Query, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use serde::Deserialize;

use crate::domain::handset::{display_label, lint};
use crate::domain::{HandsetId, HandsetModel};
use crate::service::access::Act;
use crate::service::handsets::{HandsetError, HandsetWish, Restart, csv};
use crate::store::{KnownHandset, StoreError};

use super::super::portal::frame::{Done, Frame};
use super::super::portal::{missing, sentence, trouble, words};
use super::super::seen;
use super::super::shell::render;
use super::super::visitor::{Fields, Posted, Visitor, see};
use super::super::{Shared, Site};
use super::server::zone;
use form::Form;

pub(super) const HERE: &str = "/admin/handsets";
/// Phones on a page.
const PAGE: u32 = 50;

/// Where one is in the list, and what was done.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Asked {
    #[serde(default)]
    q: String,
    #[serde(default)]
    after: String,
    #[serde(default)]
    done: String,
    /// Whose phone is to be added.
    #[serde(default)]
    owner: String,
}

impl Asked {
    fn of(fields: &Fields) -> Self {
        let get = |name: &str| fields.get(name).to_owned();
        Self { q: get("q"), after: get("after"), done: String::new(), owner: String::new() }
    }

    fn search(&self) -> String {
        self.q.chars().filter(|c| *c != '\0').take(100).collect()
    }

    /// The place in the list, as a query that others are appended to.
    fn place(&self) -> String {
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        for (name, value) in [("q", &self.search()), ("after", &self.after)] {
            if !value.is_empty() {
                query.append_pair(name, value);
            }
        }
        query.finish()
    }

    fn done(&self) -> Option<Done> {
        Some(match self.done.as_str() {
            "saved" => {
                Done::said("Saved. Phones that show “restart” do what is set once they are restarted.")
            }
            "added" => Done::said("Added. Set its ports, ring groups and the rest below."),
            "model" => Done::said("Saved. The new model has these ports and fields."),
            "given" => Done::said("The phone has another owner. It left its ring groups."),
            "groups" => Done::said("The ring groups are set."),
            "applied" => Done::said("Noted: it was restarted by hand."),
            "asked" => Done::said("It was asked to restart; what it answered stands below."),
            "refused" => {
                Done::refused("It was asked to restart and did not say yes; what it answered stands below.")
            }
            "unasked" => Done::refused("It was not asked to restart; why stands below."),
            "removed" => Done::said("Removed. Its numbers ring on no phone now."),
            _ => return None,
        })
    }
}

#[derive(Template)]
#[template(path = "portal/handsets.html", config = "src/http/pages/askama.toml")]
struct ListPage {
    frame: Frame,
    rows: Vec<Row>,
    search: String,
    place: String,
    next: Option<String>,
    is_first: bool,
    may_write: bool,
}

struct Row {
    id: HandsetId,
    name: String,
    mac: String,
    model: &'static str,
    label: String,
    numbers: String,
    is_waiting: bool,
}

fn row(known: &KnownHandset) -> Row {
    let handset = &known.handset;
    let numbers: Vec<&str> = handset.ports.iter().filter_map(|port| port.number.as_deref()).collect();
    Row {
        id: handset.id,
        name: handset.name.to_string(),
        mac: handset.mac.as_ref().map(ToString::to_string).unwrap_or_default(),
        model: handset.model.title,
        label: display_label(&known.owner, known.extension.as_deref()),
        numbers: numbers.join(", "),
        is_waiting: handset.is_waiting(),
    }
}

pub(super) async fn list(State(site): Shared, visitor: Visitor, Query(asked): Query<Asked>) -> Response {
    if let Err(response) = visitor.must(Act::PhonesRead) {
        return response;
    }
    let (search, after) = (asked.search(), asked.after.replace('\0', ""));
    let page = site.web.services.handsets.page(visitor.actor.tenant, &search, &after, PAGE).await;
    let (known, more) = match page {
        Ok(page) => page,
        Err(error) => return trouble(&error),
    };
    let last = || known.last().map(|known| known.handset.name.to_string()).unwrap_or_default();
    let next = more.then(|| Asked { after: last(), q: search.clone(), ..Asked::default() }.place());
    let page = ListPage {
        frame: Frame::new(&site, &visitor, HERE, None).with(asked.done()),
        rows: known.iter().map(row).collect(),
        place: asked.place(),
        search,
        next,
        is_first: asked.after.is_empty(),
        may_write: visitor.must(Act::PhonesWrite).is_ok(),
    };
    render(&page, StatusCode::OK)
}

pub(super) async fn export(State(site): Shared, visitor: Visitor) -> Response {
    if let Err(response) = visitor.must(Act::PhonesRead) {
        return response;
    }
    let tenant = visitor.actor.tenant;
    let fields = match site.web.services.people.policy(tenant).await {
        Ok(policy) => visitor.actor.fields(&policy),
        Err(error) => return trouble(&error),
    };
    match site.web.services.handsets.export(tenant, &fields).await {
        Ok(exported) => {
            let kind = (header::CONTENT_TYPE, "text/csv; charset=utf-8");
            let name = (header::CONTENT_DISPOSITION, "attachment; filename=\"phones.csv\"");
            ([kind, name], csv(&exported)).into_response()
        }
        Err(error) => trouble(&error),
    }
}

/// Why a page is not what was asked for.
type Otherwise = Box<Response>;

fn otherwise(error: StoreError) -> Otherwise {
    Box::new(if let StoreError::Missing { .. } = error { missing() } else { trouble(&error) })
}

async fn found(site: &Site, visitor: &Visitor, act: Act, id: &str) -> Result<KnownHandset, Otherwise> {
    visitor.must(act)?;
    let id: HandsetId = id.parse().map_err(|_| Box::new(missing()))?;
    site.web.services.handsets.show(visitor.actor.tenant, id).await.map_err(otherwise)
}

#[derive(Template)]
#[template(path = "portal/handset_new.html", config = "src/http/pages/askama.toml")]
struct NewPage {
    frame: Frame,
    form: Form,
    /// Names that are free for the owner.
    offered: Vec<String>,
}

pub(super) async fn new(State(site): Shared, visitor: Visitor, Query(asked): Query<Asked>) -> Response {
    if let Err(response) = visitor.must(Act::PhonesWrite) {
        return response;
    }
    let form = Form { owner: asked.owner.chars().take(40).collect(), ..Form::default() };
    adding(&site, &visitor, form, None).await
}

async fn adding(site: &Site, visitor: &Visitor, form: Form, refused: Option<String>) -> Response {
    let handsets = &site.web.services.handsets;
    let is_extension = form.owner.parse::<crate::domain::Extension>().is_ok();
    let offered = match is_extension {
        true => handsets.names(visitor.actor.tenant, &form.owner).await.unwrap_or_default(),
        false => Vec::new(),
    };
    let status = if refused.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    let page = NewPage {
        frame: Frame::new(site, visitor, HERE, None).with(refused.map(Done::refused)),
        form,
        offered: offered.iter().map(ToString::to_string).collect(),
    };
    render(&page, status)
}

pub(super) async fn add(State(site): Shared, posted: Posted) -> Response {
    let Posted { visitor, fields } = posted;
    if let Err(response) = visitor.must(Act::PhonesWrite) {
        return response;
    }
    let tenant = visitor.actor.tenant;
    let form = Form::read(&fields, &[]);
    let handsets = &site.web.services.handsets;
    let added = async {
        let owner = handsets.owner(tenant, &form.owner).await?;
        handsets.add(&visitor.actor, tenant, &form.name, owner, form.wish.clone()).await
    };
    match added.await {
        Ok(known) => see(&site, &format!("{HERE}/{}?done=added", known.handset.id)),
        Err(HandsetError::Store(error)) => *otherwise(error),
        Err(refused) => adding(&site, &visitor, form, Some(sentence(&refused))).await,
    }
}

#[derive(Template)]
#[template(path = "portal/handset.html", config = "src/http/pages/askama.toml")]
struct OnePage {
    frame: Frame,
    id: HandsetId,
    name: String,
    label: String,
    form: Form,
    q: String,
    after: String,
    place: String,
    hints: Vec<String>,
    groups: Vec<String>,
    former_groups: Vec<String>,
    is_waiting: bool,
    restart: Option<(String, String)>,
    /// It was asked at that time; else nothing could be sent.
    was_asked: bool,
    has_mac: bool,
    may_write: bool,
    /// See [`seen`].
    seen: String,
}

async fn one(
    site: &Site,
    visitor: &Visitor,
    known: &KnownHandset,
    asked: &Asked,
    refused: Option<(Option<Form>, String)>,
) -> Result<Response, Otherwise> {
    let zone = zone(site, visitor).await?;
    let handset = &known.handset;
    let status = if refused.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    let (form, why) = refused.unzip();
    let restart = handset.reboot.as_ref();
    let page = OnePage {
        frame: Frame::new(site, visitor, HERE, None).with(why.map(Done::refused).or_else(|| asked.done())),
        id: handset.id,
        name: handset.name.to_string(),
        label: display_label(&known.owner, known.extension.as_deref()),
        form: form.flatten().unwrap_or_else(|| Form::of(known)),
        q: asked.search(),
        after: asked.after.clone(),
        place: asked.place(),
        hints: lint(&handset.settings.overrides),
        groups: handset.settings.groups.clone(),
        former_groups: handset.settings.former_groups.clone(),
        is_waiting: handset.is_waiting(),
        restart: restart.map(|(at, said)| (words::stamp(*at, &zone), said.clone())),
        was_asked: handset.was_asked(),
        has_mac: handset.mac.is_some(),
        may_write: visitor.must(Act::PhonesWrite).is_ok(),
        seen: seen::mark(&Form::of(known)),
    };
    Ok(render(&page, status))
}

pub(super) async fn show(
    State(site): Shared,
    visitor: Visitor,
    Path(id): Path<String>,
    Query(asked): Query<Asked>,
) -> Response {
    let shown = async {
        let known = found(&site, &visitor, Act::PhonesRead, &id).await?;
        one(&site, &visitor, &known, &asked, None).await
    };
    shown.await.unwrap_or_else(|response| *response)
}

pub(super) async fn change(State(site): Shared, Path(id): Path<String>, posted: Posted) -> Response {
    changed(&site, &id, posted).await.unwrap_or_else(|response| *response)
}

async fn changed(site: &Site, id: &str, posted: Posted) -> Result<Response, Otherwise> {
    let Posted { visitor, fields } = posted;
    let before = found(site, &visitor, Act::PhonesWrite, id).await?;
    let handset = &before.handset;
    let mut form = Form::read(&fields, &handset.settings.groups);
    form.owner = before.extension.clone().unwrap_or_default();
    let asked = Asked::of(&fields);
    if seen::is_stale(&fields, &Form::of(&before)) {
        return one(site, &visitor, &before, &asked, Some((None, seen::CHANGED.to_owned()))).await;
    }
    match site.web.services.handsets.change(&visitor.actor, &before, form.wish.clone()).await {
        // Other ports and fields are to be filled in at once.
        Ok(after) if after.handset.model != handset.model => {
            Ok(see(site, &format!("{HERE}/{id}?done=model&{}", asked.place())))
        }
        // 000-04: back to where one was.
        Ok(_) => Ok(see(site, &format!("{HERE}?done=saved&{}", asked.place()))),
        Err(HandsetError::Store(error)) => Err(otherwise(error)),
        Err(refused) => one(site, &visitor, &before, &asked, Some((Some(form), sentence(&refused)))).await,
    }
}

/// What the buttons of a phone do.
enum Press {
    Give,
    Regroup,
    Restart,
    Applied,
    Remove,
}

async fn pressed(site: &Site, id: &str, posted: Posted, press: Press) -> Result<Response, Otherwise> {
    let Posted { visitor, fields } = posted;
    let known = found(site, &visitor, Act::PhonesWrite, id).await?;
    let (tenant, handset) = (known.handset.tenant, known.handset.id);
    let (handsets, actor) = (&site.web.services.handsets, &visitor.actor);
    let asked = Asked::of(&fields);
    if matches!(press, Press::Give) && seen::is_stale(&fields, &Form::of(&known)) {
        return one(site, &visitor, &known, &asked, Some((None, seen::CHANGED.to_owned()))).await;
    }
    let done = async {
        Ok(match press {
            Press::Give => {
                let owner = handsets.owner(tenant, fields.get("owner")).await?;
                let after = handsets.give(actor, tenant, handset, owner).await?;
                if after.handset.owner == known.handset.owner { "saved" } else { "given" }
            }
            Press::Regroup => {
                handsets.regroup(actor, tenant, handset, fields.all("group")).await?;
                "groups"
            }
            Press::Restart => match handsets.restart(actor, tenant, handset).await? {
                Restart { is_confirmed: true, .. } => "asked",
                Restart { is_sent: true, .. } => "refused",
                Restart { .. } => "unasked",
            },
            Press::Applied => {
                handsets.applied(actor, tenant, handset).await?;
                "applied"
            }
            Press::Remove => {
                if fields.is_on("sure") {
                    handsets.remove(actor, tenant, handset).await?;
                    return Ok("removed");
                }
                ""
            }
        })
    };
    match done.await {
        Ok("removed") => Ok(see(site, &format!("{HERE}?done=removed&{}", asked.place()))),
        Ok(done) => Ok(see(site, &format!("{HERE}/{id}?done={done}&{}", asked.place()))),
        Err(HandsetError::Store(error)) => Err(otherwise(error)),
        Err(refused) => one(site, &visitor, &known, &asked, Some((None, sentence(&refused)))).await,
    }
}

pub(super) async fn give(State(site): Shared, Path(id): Path<String>, posted: Posted) -> Response {
    pressed(&site, &id, posted, Press::Give).await.unwrap_or_else(|response| *response)
}

pub(super) async fn regroup(State(site): Shared, Path(id): Path<String>, posted: Posted) -> Response {
    pressed(&site, &id, posted, Press::Regroup).await.unwrap_or_else(|response| *response)
}

pub(super) async fn restart(State(site): Shared, Path(id): Path<String>, posted: Posted) -> Response {
    pressed(&site, &id, posted, Press::Restart).await.unwrap_or_else(|response| *response)
}

pub(super) async fn applied(State(site): Shared, Path(id): Path<String>, posted: Posted) -> Response {
    pressed(&site, &id, posted, Press::Applied).await.unwrap_or_else(|response| *response)
}

pub(super) async fn remove(State(site): Shared, Path(id): Path<String>, posted: Posted) -> Response {
    pressed(&site, &id, posted, Press::Remove).await.unwrap_or_else(|response| *response)
}
