//! Phones and adapters as a record: listed, changed, given away, restarted, exported for provisioning.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use axum::{Extension, Json};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::domain::handset::lint;
use crate::domain::{HandsetId, HandsetModel, Port};
use crate::service::handsets::{self, HandsetError, HandsetWish, csv, shown};
use crate::store::KnownHandset;

use super::super::Site;
use super::caller::Caller;
use super::messages::PAGE;
use super::page;
use super::problem::Problem;
use super::tag::{answer, must_match, unless_known};

type Answer = Result<Response, Problem>;

impl From<HandsetError> for Problem {
    fn from(error: HandsetError) -> Self {
        let detail = error.to_string();
        match error {
            HandsetError::Invalid(invalid) => invalid.into(),
            // 000-01
            HandsetError::NoUser(_) => Self::coded("owner", "user_not_found", detail),
            HandsetError::Taken { what, .. } => Self::field(
                match what {
                    "MAC address" => "mac",
                    "preference group" => "preference_group",
                    "number" => "ports",
                    _ => "name",
                },
                detail,
            ),
            HandsetError::NoPhone(_) => Self::missing("phone"),
            HandsetError::ChangedMeanwhile(_) => Self::new(StatusCode::CONFLICT, detail),
            HandsetError::Store(error) => error.into(),
        }
    }
}

fn handset_json(known: &KnownHandset) -> Value {
    let handset = &known.handset;
    let mut told = shown(known);
    told["owner"] = json!(handset.owner);
    told["hints"] = json!(lint(&handset.settings.overrides));
    told["changed_at"] = json!(handset.changed_at);
    told["restart_sent"] = json!(handset.reboot.as_ref().map(|_| handset.was_asked()));
    told["restart_at"] = json!(handset.reboot.as_ref().map(|(at, _)| at));
    told["restart"] = json!(handset.reboot.as_ref().map(|(_, said)| said));
    told["created_at"] = json!(handset.created_at);
    told
}

async fn found(site: &Site, caller: &Caller, id: &str) -> Result<KnownHandset, Problem> {
    let tenant = caller.must_reach_tenant()?;
    let id: HandsetId = id.parse().map_err(|_| Problem::missing("phone"))?;
    Ok(site.web.services.handsets.show(tenant, id).await?)
}

#[derive(Debug, Deserialize)]
pub(super) struct Asked {
    #[serde(default)]
    search: String,
    #[serde(default)]
    after: String,
    limit: Option<u32>,
}

pub(super) async fn list(
    State(site): State<Arc<Site>>,
    Extension(caller): Extension<Caller>,
    Query(asked): Query<Asked>,
) -> Answer {
    let tenant = caller.must_reach_tenant()?;
    let (search, after) = (text(&asked.search, "search")?, text(&asked.after, "after")?);
    let handsets = &site.web.services.handsets;
    let (known, more) = handsets.page(tenant, search, after, asked.limit.unwrap_or(PAGE)).await?;
    let next = more.then(|| known.last().map(|known| known.handset.name.to_string())).flatten();
    Ok(page(known.iter().map(handset_json).collect(), next))
}

/// PostgreSQL has no text with a NUL in it.
pub(super) fn text<'t>(text: &'t str, field: &'static str) -> Result<&'t str, Problem> {
    if text.contains('\0') { Err(Problem::field(field, "it holds a NUL: leave that out")) } else { Ok(text) }
}

pub(super) async fn models(Extension(caller): Extension<Caller>) -> Answer {
    caller.must_reach_tenant()?;
    Ok(page(handsets::models(), None::<&str>))
}

pub(super) async fn show(
    State(site): State<Arc<Site>>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Answer {
    Ok(unless_known(&headers, &handset_json(&found(&site, &caller, &id).await?)))
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct GivenPort {
    port: u8,
    number: Option<String>,
    appearances: Option<u8>,
}

/// What a body may set; `None` leaves it as it is.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Given {
    name: Option<String>,
    owner: Option<String>,
    mac: Option<String>,
    model: Option<String>,
    site: Option<String>,
    preference_group: Option<String>,
    server: Option<String>,
    template: Option<String>,
    firmware: Option<String>,
    options: Option<BTreeMap<String, String>>,
    overrides: Option<String>,
    record_calls: Option<bool>,
    groups: Option<Vec<String>>,
    ports: Option<Vec<GivenPort>>,
}

impl Given {
    fn over(self, mut wish: HandsetWish) -> HandsetWish {
        let texts = [
            (&mut wish.mac, self.mac),
            (&mut wish.model, self.model),
            (&mut wish.site, self.site),
            (&mut wish.preference_group, self.preference_group),
            (&mut wish.server, self.server),
            (&mut wish.template, self.template),
            (&mut wish.firmware, self.firmware),
            (&mut wish.overrides, self.overrides),
        ];
        for (into, given) in texts {
            if let Some(given) = given {
                *into = given;
            }
        }
        wish.options = match (self.options, HandsetModel::known(&wish.model)) {
            (Some(options), _) => options,
            // 002-082: what another model does not have goes with the model that had it.
            (None, Ok(model)) => {
                wish.options.retain(|word, _| model.options.iter().any(|option| option.word == word));
                wish.options
            }
            (None, Err(_)) => wish.options,
        };
        wish.record_calls = self.record_calls.unwrap_or(wish.record_calls);
        wish.groups = self.groups.unwrap_or(wish.groups);
        if let Some(ports) = self.ports {
            let port = |given: GivenPort| Port {
                port: given.port,
                number: given.number,
                appearances: given.appearances.unwrap_or(1),
            };
            wish.ports = ports.into_iter().map(port).collect();
        }
        wish
    }
}

pub(super) async fn add(
    State(site): State<Arc<Site>>,
    Extension(caller): Extension<Caller>,
    Json(mut given): Json<Given>,
) -> Answer {
    let tenant = caller.must_reach_tenant()?;
    let handsets = &site.web.services.handsets;
    let owner = handsets.owner(tenant, &given.owner.take().unwrap_or_default()).await?;
    let name = given.name.take().unwrap_or_default();
    let wish = given.over(HandsetWish::default());
    let known = handsets.add(&caller.actor, tenant, &name, owner, wish).await?;
    Ok(answer(StatusCode::CREATED, &handset_json(&known)))
}

pub(super) async fn change(
    State(site): State<Arc<Site>>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
    headers: HeaderMap,
    Json(given): Json<Given>,
) -> Answer {
    let before = found(&site, &caller, &id).await?;
    must_match(&headers, &handset_json(&before))?;
    // 002-080
    if given.name.is_some() {
        return Err(Problem::field("name", "a phone keeps its name: remove it and add another"));
    }
    if given.owner.is_some() {
        return Err(Problem::field("owner", "give it away with PUT /handsets/{handset}/owner"));
    }
    let wish = given.over(HandsetWish::of(&before.handset));
    let known = site.web.services.handsets.change(&caller.actor, &before, wish).await?;
    Ok(answer(StatusCode::OK, &handset_json(&known)))
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Giving {
    owner: Option<String>,
}

pub(super) async fn give(
    State(site): State<Arc<Site>>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
    Json(giving): Json<Giving>,
) -> Answer {
    let before = found(&site, &caller, &id).await?.handset;
    let handsets = &site.web.services.handsets;
    let owner = handsets.owner(before.tenant, &giving.owner.unwrap_or_default()).await?;
    let known = handsets.give(&caller.actor, before.tenant, before.id, owner).await?;
    Ok(answer(StatusCode::OK, &handset_json(&known)))
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Regrouping {
    groups: Vec<String>,
}

pub(super) async fn regroup(
    State(site): State<Arc<Site>>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
    Json(chosen): Json<Regrouping>,
) -> Answer {
    let before = found(&site, &caller, &id).await?.handset;
    let handsets = &site.web.services.handsets;
    let known = handsets.regroup(&caller.actor, before.tenant, before.id, &chosen.groups).await?;
    Ok(answer(StatusCode::OK, &handset_json(&known)))
}

pub(super) async fn restart(
    State(site): State<Arc<Site>>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
) -> Answer {
    let known = found(&site, &caller, &id).await?.handset;
    let restart = site.web.services.handsets.restart(&caller.actor, known.tenant, known.id).await?;
    Ok(Json(json!({"sent": restart.is_sent, "confirmed": restart.is_confirmed, "said": restart.said}))
        .into_response())
}

pub(super) async fn remove(
    State(site): State<Arc<Site>>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Answer {
    let known = found(&site, &caller, &id).await?;
    must_match(&headers, &handset_json(&known))?;
    let handset = known.handset;
    site.web.services.handsets.remove(&caller.actor, handset.tenant, handset.id).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

pub(super) async fn export(State(site): State<Arc<Site>>, Extension(caller): Extension<Caller>) -> Answer {
    let tenant = caller.must_reach_tenant()?;
    let fields = super::profiles::fields(&site, &caller).await?;
    let exported = site.web.services.handsets.export(tenant, &fields).await?;
    let items = exported.iter().map(|one| serde_json::to_value(one).unwrap_or_default()).collect();
    Ok(page(items, None::<&str>))
}

pub(super) async fn export_csv(
    State(site): State<Arc<Site>>,
    Extension(caller): Extension<Caller>,
) -> Answer {
    let tenant = caller.must_reach_tenant()?;
    let fields = super::profiles::fields(&site, &caller).await?;
    let exported = site.web.services.handsets.export(tenant, &fields).await?;
    Ok(([(header::CONTENT_TYPE, "text/csv; charset=utf-8")], csv(&exported)).into_response())
}
