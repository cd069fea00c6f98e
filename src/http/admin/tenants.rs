//! Tenants on the page of the system: added, and removed once nobody is in them.

use askama::Template;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;

use crate::domain::{Tenant, TenantId};
use crate::service::access::Act;
use crate::service::tenants::{NewTenant, TenantError};
use crate::store::{StoreError, TenantContents};

use super::super::portal::frame::{Done, Frame};
use super::super::portal::{missing, sentence, trouble};
use super::super::shell::render;
use super::super::visitor::{Posted, Visitor, see};
use super::super::{Shared, Site};
use super::system::{HERE, Typed, shown};

pub(super) async fn add(State(site): Shared, posted: Posted) -> Response {
    let Posted { visitor, fields } = posted;
    if let Err(response) = visitor.must(Act::TenantsManage) {
        return response;
    }
    let text = |name: &str| fields.get(name).trim().to_owned();
    let typed = Typed {
        name: text("name"),
        domains: text("domains"),
        zone: text("zone"),
        language: text("language"),
    };
    let services = &site.web.services;
    let own = match services.people.tenant(visitor.actor.tenant).await {
        Ok(own) => own,
        Err(error) => return trouble(&error),
    };
    let or = |text: &str, own: String| if text.is_empty() { own } else { text.to_owned() };
    let language = or(&typed.language, own.language);
    let new = NewTenant {
        name: typed.name.clone(),
        domains: typed.domains.split([',', ' ']).map(str::to_owned).collect(),
        zone: or(&typed.zone, own.zone),
        operator: None,
        language,
    };
    let refused = match services.prompts.check_spoken(&new.language) {
        Err(why) => sentence(&why),
        Ok(()) => {
            let by = (visitor.actor.name.as_str(), visitor.actor.tenant);
            match services.tenants.add(Some(by), new).await {
                Ok(_) => return see(&site, &format!("{HERE}?done=added")),
                Err(TenantError::Store(error)) => return trouble(&error),
                Err(why) => sentence(&why),
            }
        }
    };
    shown(&site, &visitor, Some(Done::refused(refused)), typed, StatusCode::UNPROCESSABLE_ENTITY).await
}

#[derive(Template)]
#[template(path = "portal/tenant_remove.html", config = "src/http/pages/askama.toml")]
struct RemovePage {
    frame: Frame,
    tenant: Tenant,
    contents: TenantContents,
}

pub(super) async fn confirm(State(site): Shared, visitor: Visitor, Path(id): Path<String>) -> Response {
    asked(&site, &visitor, &id, None, StatusCode::OK).await
}

async fn asked(site: &Site, visitor: &Visitor, id: &str, done: Option<Done>, status: StatusCode) -> Response {
    if let Err(response) = visitor.must(Act::TenantsManage) {
        return response;
    }
    let Ok(id) = id.parse::<TenantId>() else { return missing() };
    let services = &site.web.services;
    let found = async {
        let tenant = services.people.tenant(id).await?;
        Ok::<_, StoreError>((services.tenants.contents(id).await?, tenant))
    };
    match found.await {
        Ok((contents, tenant)) => {
            let frame = Frame::new(site, visitor, HERE, None).with(done);
            render(&RemovePage { frame, tenant, contents }, status)
        }
        Err(StoreError::Missing { .. }) => missing(),
        Err(error) => trouble(&error),
    }
}

pub(super) async fn remove(State(site): Shared, Path(id): Path<String>, posted: Posted) -> Response {
    let Posted { visitor, fields } = posted;
    if let Err(response) = visitor.must(Act::TenantsManage) {
        return response;
    }
    let Ok(tenant) = id.parse::<TenantId>() else { return missing() };
    let by = (visitor.actor.name.as_str(), visitor.actor.tenant);
    match site.web.services.tenants.remove(Some(by), tenant, fields.get("name")).await {
        Ok(()) => see(&site, &format!("{HERE}?done=removed")),
        Err(TenantError::Store(StoreError::Missing { .. })) => missing(),
        Err(TenantError::Store(error)) => trouble(&error),
        Err(why) => {
            let done = Some(Done::refused(sentence(&why)));
            asked(&site, &visitor, &id, done, StatusCode::UNPROCESSABLE_ENTITY).await
        }
    }
}
