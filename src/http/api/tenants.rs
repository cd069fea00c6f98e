//! Tenants: those that one reaches, what mailboxes inherit of them; added and removed by the operator of the server.

use std::sync::Arc;

use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use axum::{Extension, Json};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::domain::{Tenant, TenantId};
use crate::service::access::{Act, Reach};
use crate::service::tenants::{NewTenant, checked_domains, checked_operator, checked_zone};

use super::super::Site;
use super::caller::Caller;
use super::page;
use super::problem::Problem;

type Answer = Result<Response, Problem>;

fn tenant_json(tenant: &Tenant) -> Value {
    json!({
        "id": tenant.id,
        "name": tenant.name,
        "domains": tenant.domains,
        "zone": tenant.zone,
        "language": tenant.language,
        "operator": tenant.operator,
        "default_action": tenant.default_action,
    })
}

pub(super) async fn tenants(State(site): State<Arc<Site>>, Extension(caller): Extension<Caller>) -> Answer {
    let people = &site.web.services.people;
    let all = match caller.actor.reach(Act::TenantsRead) {
        Reach::All => people.tenants().await?,
        _ => vec![people.tenant(caller.must_reach_tenant()?).await?],
    };
    let items: Vec<Value> = all.iter().map(tenant_json).collect();
    Ok(page(items, None::<&str>))
}

async fn tenant_of(site: &Site, caller: &Caller, act: Act, id: &str) -> Result<Tenant, Problem> {
    let gone = || Problem::missing("tenant");
    let id: TenantId = id.parse().map_err(|_| gone())?;
    if !caller.actor.may(act, id, None) {
        return Err(gone());
    }
    Ok(site.web.services.people.tenant(id).await?)
}

pub(super) async fn tenant(
    State(site): State<Arc<Site>>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
) -> Answer {
    Ok(Json(tenant_json(&tenant_of(&site, &caller, Act::TenantsRead, &id).await?)).into_response())
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ChangingTenant {
    domains: Option<Vec<String>>,
    zone: Option<String>,
    language: Option<String>,
    operator: Option<String>,
}

pub(super) async fn change(
    State(site): State<Arc<Site>>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
    Json(changing): Json<ChangingTenant>,
) -> Answer {
    let before = tenant_of(&site, &caller, Act::TenantsWrite, &id).await?;
    let mut tenant = before.clone();
    if let Some(zone) = changing.zone {
        tenant.zone = checked_zone(&zone)?;
    }
    if let Some(language) = changing.language {
        let spoken = site.web.services.prompts.check_spoken(&language);
        spoken.map_err(|why| Problem::field("language", why.to_string()))?;
        tenant.language = language;
    }
    if let Some(domains) = changing.domains {
        // Whoever has a domain gets its calls.
        if !caller.actor.may(Act::TenantsManage, tenant.id, None) {
            let why = "domains are given by the operator of the server: ask there";
            return Err(Problem::new(StatusCode::FORBIDDEN, why));
        }
        tenant.domains = checked_domains(&domains)?;
    }
    if let Some(operator) = changing.operator {
        tenant.operator = checked_operator(Some(operator))?;
    }
    let tenant = site.web.services.tenants.change(&caller.actor.name, &before, tenant).await?;
    Ok(Json(tenant_json(&tenant)).into_response())
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct AddingTenant {
    name: String,
    #[serde(default)]
    domains: Vec<String>,
    zone: Option<String>,
    language: Option<String>,
    operator: Option<String>,
}

/// Zone and language are those of who adds it, unless they are named.
pub(super) async fn add(
    State(site): State<Arc<Site>>,
    Extension(caller): Extension<Caller>,
    Json(adding): Json<AddingTenant>,
) -> Answer {
    let services = &site.web.services;
    let own = services.people.tenant(caller.actor.tenant).await?;
    let language = adding.language.unwrap_or(own.language);
    services.prompts.check_spoken(&language).map_err(|why| Problem::field("language", why.to_string()))?;
    let new = NewTenant {
        name: adding.name,
        domains: adding.domains,
        zone: adding.zone.unwrap_or(own.zone),
        language,
        operator: adding.operator,
    };
    let by = (caller.actor.name.as_str(), caller.actor.tenant);
    let tenant = services.tenants.add(Some(by), new).await?;
    Ok((StatusCode::CREATED, Json(tenant_json(&tenant))).into_response())
}

pub(super) async fn contents(
    State(site): State<Arc<Site>>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
) -> Answer {
    let tenant = tenant_of(&site, &caller, Act::TenantsManage, &id).await?;
    Ok(Json(json!(site.web.services.tenants.contents(tenant.id).await?)).into_response())
}

#[derive(Debug, Deserialize)]
pub(super) struct Confirming {
    #[serde(default)]
    name: String,
}

pub(super) async fn remove(
    State(site): State<Arc<Site>>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
    Query(confirming): Query<Confirming>,
) -> Answer {
    let tenant = tenant_of(&site, &caller, Act::TenantsManage, &id).await?;
    let by = (caller.actor.name.as_str(), caller.actor.tenant);
    site.web.services.tenants.remove(Some(by), tenant.id, &confirming.name).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}
