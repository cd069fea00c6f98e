//! What the tenant lets be created, shows and hides, and what callers of a mailbox that is off get (001-03, 002-003, 002-012,
//! 002-046).

use askama::Template;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::Response;
use serde::Deserialize;

use crate::domain::{ExtensionPlan, Invalid, ProfileField, TenantPolicy, WhenOff, WhoMayCreate, help_link};
use crate::service::access::Act;

use super::super::portal::frame::{Done, Frame};
use super::super::portal::{sentence, trouble};
use super::super::seen;
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
    shortest: String,
    longest: String,
    length: String,
    first: String,
    offs: [WhenOff; 4],
    off: WhenOff,
    /// Fields, and whether they are hidden.
    fields: Vec<(ProfileField, bool)>,
    /// See [`seen`].
    seen: String,
}

/// Fields that come back as they were typed.
const TYPED: [&str; 5] =
    ["help_link", "extension_shortest", "extension_longest", "extension_length", "extension_first"];

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
        Ok(policy) => as_it_is(&site, &visitor, policy, done, StatusCode::OK),
        Err(error) => trouble(&error),
    }
}

fn as_it_is(
    site: &Site,
    visitor: &Visitor,
    policy: TenantPolicy,
    done: Option<Done>,
    status: StatusCode,
) -> Response {
    let plan = policy.extensions;
    let optional = |digit: Option<u8>| digit.map(|digit| digit.to_string()).unwrap_or_default();
    let typed = [
        policy.help_link.clone().unwrap_or_default(),
        plan.shortest.to_string(),
        plan.longest.to_string(),
        optional(plan.length),
        optional(plan.first),
    ];
    shown(site, visitor, policy, typed, done, status)
}

fn shown(
    site: &Site,
    visitor: &Visitor,
    policy: TenantPolicy,
    [help, shortest, longest, length, first]: [String; 5],
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
        shortest,
        longest,
        length,
        first,
        offs: WhenOff::ALL,
        off: policy.mailbox_off,
        seen: seen::mark(&policy),
        fields: fields.map(|field| (field, policy.hidden.contains(&field))).collect(),
    };
    render(&page, status)
}

fn read(fields: &Fields, before: &TenantPolicy) -> Result<TenantPolicy, Invalid> {
    let hidden = fields.all("hidden").iter().map(|name| name.parse::<ProfileField>());
    Ok(TenantPolicy {
        who_may_create: fields.get("who_may_create").parse()?,
        help_link: help_link(fields.get("help_link"))?,
        hidden: hidden
            .filter(|field| !field.as_ref().is_ok_and(|field| !field.may_be_hidden()))
            .collect::<Result<_, _>>()?,
        queues: fields.is_on("queues"),
        extensions: plan(fields)?,
        mailbox_off: match fields.get("mailbox_off") {
            "" => before.mailbox_off,
            what => what.parse()?,
        },
    })
}

fn plan(fields: &Fields) -> Result<ExtensionPlan, Invalid> {
    let number = |name: &'static str| {
        let text = fields.get(name).trim();
        let wrong = |_| Invalid::new(name, text, "write a number of digits, or a digit");
        if text.is_empty() { Ok(None) } else { text.parse::<u8>().map(Some).map_err(wrong) }
    };
    let usual = ExtensionPlan::default();
    let plan = ExtensionPlan {
        shortest: number("extension_shortest")?.unwrap_or(usual.shortest),
        longest: number("extension_longest")?.unwrap_or(usual.longest),
        length: number("extension_length")?,
        first: number("extension_first")?,
    };
    plan.checked()
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
    if seen::is_stale(&fields, &before) {
        let done = Some(Done::refused(seen::CHANGED));
        return as_it_is(&site, &visitor, before, done, StatusCode::CONFLICT);
    }
    let policy = match read(&fields, &before) {
        Ok(policy) => policy,
        Err(error) => {
            let done = Some(Done::refused(sentence(&error)));
            let typed = TYPED.map(|name| fields.get(name).to_owned());
            return shown(&site, &visitor, before, typed, done, StatusCode::UNPROCESSABLE_ENTITY);
        }
    };
    let people = services.people.by(&visitor.actor.name);
    if let Err(error) = people.change_policy(tenant, &before, policy).await {
        return trouble(&error);
    }
    see(&site, &format!("{HERE}?done=saved"))
}
