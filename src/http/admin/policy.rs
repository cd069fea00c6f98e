//! What the tenant lets be created, shows and hides (001-03, 002-003, 002-046).

use askama::Template;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::Response;
use serde::Deserialize;

use crate::domain::{Invalid, ProfileField, TenantPolicy, WhoMayCreate, help_link};
use crate::service::access::Act;

use super::super::portal::frame::{Done, Frame};
use super::super::portal::{sentence, trouble};
use super::super::shell::render;
use super::super::visitor::{Fields, Posted, Visitor, see};
use super::super::{Shared, Site};

pub(super) const HERE: &str = "/admin/policy";

#[derive(Template)]
#[template(path = "portal/policy.html", config = "src/http/pages/askama.toml")]
struct PolicyPage {
    frame: Frame,
    choices: [WhoMayCreate; 3],
    who: WhoMayCreate,
    help: String,
    queues: bool,
    /// Fields, and whether they are hidden.
    fields: Vec<(ProfileField, bool)>,
}

#[derive(Debug, Default, Deserialize)]
pub(super) struct Asked {
    #[serde(default)]
    done: String,
}

pub(super) async fn page(State(site): Shared, visitor: Visitor, Query(asked): Query<Asked>) -> Response {
    if let Err(response) = visitor.must(Act::TenantsWrite) {
        return response;
    }
    let done = (asked.done == "saved").then(|| Done::said("Saved. It holds from now on."));
    match site.web.services.people.policy(visitor.actor.tenant).await {
        Ok(policy) => {
            let help = policy.help_link.clone().unwrap_or_default();
            shown(&site, &visitor, policy, help, done, StatusCode::OK)
        }
        Err(error) => trouble(&error),
    }
}

fn shown(
    site: &Site,
    visitor: &Visitor,
    policy: TenantPolicy,
    help: String,
    done: Option<Done>,
    status: StatusCode,
) -> Response {
    let fields = ProfileField::ALL.into_iter().filter(|field| field.may_be_hidden());
    let page = PolicyPage {
        frame: Frame::new(site, visitor, HERE, None).with(done),
        choices: WhoMayCreate::ALL,
        who: policy.who_may_create,
        help,
        queues: policy.queues,
        fields: fields.map(|field| (field, policy.hidden.contains(&field))).collect(),
    };
    render(&page, status)
}

fn read(fields: &Fields) -> Result<TenantPolicy, Invalid> {
    let hidden = fields.all("hidden").iter().map(|name| name.parse::<ProfileField>());
    Ok(TenantPolicy {
        who_may_create: fields.get("who_may_create").parse()?,
        help_link: help_link(fields.get("help_link"))?,
        hidden: hidden
            .filter(|field| !field.as_ref().is_ok_and(|field| !field.may_be_hidden()))
            .collect::<Result<_, _>>()?,
        queues: fields.is_on("queues"),
    })
}

pub(super) async fn change(State(site): Shared, posted: Posted) -> Response {
    let Posted { visitor, fields } = posted;
    if let Err(response) = visitor.must(Act::TenantsWrite) {
        return response;
    }
    let (services, tenant) = (&site.web.services, visitor.actor.tenant);
    let before = match services.people.policy(tenant).await {
        Ok(before) => before,
        Err(error) => return trouble(&error),
    };
    let policy = match read(&fields) {
        Ok(policy) => policy,
        Err(error) => {
            let done = Some(Done::refused(sentence(&error)));
            let help = fields.get("help_link").to_owned();
            return shown(&site, &visitor, before, help, done, StatusCode::UNPROCESSABLE_ENTITY);
        }
    };
    let people = services.people.by(&visitor.actor.name);
    if let Err(error) = people.change_policy(tenant, &before, policy).await {
        return trouble(&error);
    }
    see(&site, &format!("{HERE}?done=saved"))
}
