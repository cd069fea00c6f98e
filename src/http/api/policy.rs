//! What a tenant lets be created, shows and hides.

use std::sync::Arc;

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use axum::{Extension, Json};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::domain::{ExtensionPlan, ProfileField, TenantId, TenantPolicy, help_link};
use crate::service::access::Actor;

use super::super::Site;
use super::caller::Caller;
use super::greetings::given;
use super::problem::Problem;
use super::tag::{answer, must_match, unless_known};

type Answer = Result<Response, Problem>;

fn policy_json(policy: &TenantPolicy) -> Value {
    json!({
        "who_may_create": policy.who_may_create,
        "help_link": policy.help_link,
        "hidden_fields": policy.hidden,
        "queues": policy.queues,
        "extension_shortest": policy.extensions.shortest,
        "extension_longest": policy.extensions.longest,
        "extension_length": policy.extensions.length,
        "extension_first": policy.extensions.first,
        "mailbox_off": policy.mailbox_off,
    })
}

pub(super) async fn show(
    State(site): State<Arc<Site>>,
    Extension(caller): Extension<Caller>,
    headers: HeaderMap,
) -> Answer {
    let policy = site.web.services.people.policy(caller.must_reach_tenant()?).await?;
    Ok(unless_known(&headers, &policy_json(&policy)))
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Changing {
    who_may_create: Option<String>,
    #[serde(default, deserialize_with = "given")]
    help_link: Option<Option<String>>,
    hidden_fields: Option<Vec<String>>,
    queues: Option<bool>,
    extension_shortest: Option<u8>,
    extension_longest: Option<u8>,
    #[serde(default, deserialize_with = "given")]
    extension_length: Option<Option<u8>>,
    #[serde(default, deserialize_with = "given")]
    extension_first: Option<Option<u8>>,
    mailbox_off: Option<String>,
}

pub(super) async fn change(
    State(site): State<Arc<Site>>,
    Extension(caller): Extension<Caller>,
    headers: HeaderMap,
    Json(changing): Json<Changing>,
) -> Answer {
    let tenant = caller.must_reach_tenant()?;
    let people = &site.web.services.people;
    let before = people.policy(tenant).await?;
    must_match(&headers, &policy_json(&before))?;
    let mut policy = before.clone();
    if let Some(who) = changing.who_may_create {
        policy.who_may_create = who.parse()?;
    }
    if let Some(link) = changing.help_link {
        policy.help_link = help_link(link.as_deref().unwrap_or_default())?;
    }
    if let Some(names) = changing.hidden_fields {
        let field = |name: &String| match name.parse::<ProfileField>() {
            Ok(field) if field.may_be_hidden() => Ok(field),
            Ok(_) => Err(Problem::field("hidden_fields", "the user ID is needed to sign in: leave it out")),
            Err(error) => Err(Problem::field("hidden_fields", error.to_string())),
        };
        policy.hidden = names.iter().map(field).collect::<Result<_, _>>()?;
    }
    policy.queues = changing.queues.unwrap_or(policy.queues);
    let plan = policy.extensions;
    policy.extensions = ExtensionPlan {
        shortest: changing.extension_shortest.unwrap_or(plan.shortest),
        longest: changing.extension_longest.unwrap_or(plan.longest),
        length: changing.extension_length.unwrap_or(plan.length),
        first: changing.extension_first.unwrap_or(plan.first),
    }
    .checked()?;
    if let Some(what) = changing.mailbox_off {
        policy.mailbox_off = what.parse()?;
    }
    let policy = people.by(&caller.actor.name).change_policy(tenant, &before, policy).await?;
    Ok(answer(StatusCode::OK, &policy_json(&policy)))
}

/// That whoever asks adds users here (001-03).
pub(super) async fn must_create(site: &Site, actor: &Actor, tenant: TenantId) -> Result<(), Problem> {
    let policy = site.web.services.people.policy(tenant).await?;
    if actor.may_create(&policy) { Ok(()) } else { Err(Problem::not_created(&policy)) }
}
