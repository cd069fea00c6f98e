//! Who one is; the directory, jobs, keys, the audit, what would happen to a call, how the server is.

use std::sync::Arc;

use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use axum::{Extension, Json};
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::domain::{ApiKey, AuditId, JobId, KeyId, ProfileField, UserId};
use crate::service::access::{Act, Door, Reach, TABLE};
use crate::service::keys::{KeyError, NewKey};
use crate::sip::uri::NameAddr;
use crate::sip::{CallFacts, Party};
use crate::store::{AuditLine, Job, JobState};

use super::super::Site;
use super::caller::Caller;
use super::messages::PAGE;
use super::page;
use super::problem::Problem;

type Answer = Result<Response, Problem>;

pub(super) async fn me(Extension(caller): Extension<Caller>) -> Answer {
    let actor = &caller.actor;
    let reach: serde_json::Map<String, Value> = TABLE
        .iter()
        .map(|(act, word, _)| {
            let reach = match actor.reach(*act) {
                Reach::Nothing => "nothing",
                Reach::Own => "own",
                Reach::Tenant => "tenant",
                Reach::All => "all",
            };
            ((*word).to_owned(), json!(reach))
        })
        .collect();
    let came = match &actor.door {
        Door::Session(_) => "session",
        Door::Key(..) | Door::Console => "key",
    };
    let told = json!({
        "tenant": actor.tenant, "user": actor.user, "mailbox": actor.mailbox, "role": actor.role, "name": actor.name,
        "with": came, "reach": reach,
    });
    Ok(Json(told).into_response())
}

#[derive(Debug, Deserialize)]
pub(super) struct Searching {
    #[serde(default)]
    keys: String,
}

/// Letters count as the keys that they stand on (ITU-T E.161).
pub(super) async fn directory(
    State(site): State<Arc<Site>>,
    Extension(caller): Extension<Caller>,
    Query(searching): Query<Searching>,
) -> Answer {
    let keys: String = searching
        .keys
        .chars()
        .take(64)
        .flat_map(|c| {
            if c.is_ascii_digit() { c.to_string() } else { first_spelling(c) }.chars().collect::<Vec<_>>()
        })
        .collect();
    let found = site.web.services.directory.search(caller.must_reach_tenant()?, &keys).await?;
    let items: Vec<Value> = found
        .matches
        .iter()
        .map(|entry| {
            json!({"extension": entry.extension, "mailbox": entry.mailbox, "name_greeting": entry.name, "spelled": entry.spelled})
        })
        .collect();
    Ok(Json(json!({"items": items, "all": found.all, "more_keys": found.more_keys})).into_response())
}

fn first_spelling(c: char) -> String {
    crate::domain::spellings(&c.to_lowercase().to_string()).into_iter().next().unwrap_or_default()
}

#[derive(Debug, Deserialize)]
pub(super) struct AskingJobs {
    state: Option<JobState>,
    after: Option<String>,
    limit: Option<u32>,
}

pub(super) async fn jobs(
    State(site): State<Arc<Site>>,
    Extension(caller): Extension<Caller>,
    Query(asked): Query<AskingJobs>,
) -> Answer {
    let before = asked.after.as_deref().map(str::parse::<JobId>).transpose()?;
    let limit = asked.limit.unwrap_or(PAGE);
    let (jobs, more) =
        site.web.services.people.jobs(caller.must_reach_tenant()?, asked.state, before, limit).await?;
    let next = more.then(|| jobs.last().map(|job| job.id)).flatten();
    let items: Vec<Value> = jobs.iter().map(job_json).collect();
    Ok(page(items, next))
}

fn job_json(job: &Job) -> Value {
    json!({
        "id": job.id, "work": job.work, "state": job.state, "attempts": job.attempts, "next_at": job.next_at,
        "created_at": job.created_at, "last_error": job.last_error,
    })
}

pub(super) async fn retry(
    State(site): State<Arc<Site>>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
) -> Answer {
    let id: JobId = id.parse().map_err(|_| Problem::missing("job"))?;
    let tenant = caller.must_reach_tenant()?;
    site.web.services.people.by(&caller.actor.name).job_again(tenant, id).await?;
    Ok(StatusCode::ACCEPTED.into_response())
}

pub(super) async fn retry_all(State(site): State<Arc<Site>>, Extension(caller): Extension<Caller>) -> Answer {
    let tenant = caller.must_reach_tenant()?;
    let count = site.web.services.people.by(&caller.actor.name).dead_jobs_again(tenant).await?;
    Ok((StatusCode::ACCEPTED, Json(json!({"jobs": count}))).into_response())
}

fn key_json(key: &ApiKey) -> Value {
    json!({
        "id": key.id, "name": key.name, "user": key.user, "scopes": key.scopes, "created_at": key.created_at,
        "expires_at": key.expires_at, "revoked_at": key.revoked_at, "last_used_at": key.last_used_at,
    })
}

pub(super) async fn keys(State(site): State<Arc<Site>>, Extension(caller): Extension<Caller>) -> Answer {
    let keys = site.web.services.keys.list(caller.must_reach_tenant()?).await?;
    let items: Vec<Value> = keys.iter().map(key_json).collect();
    Ok(page(items, None::<&str>))
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct AddingKey {
    name: String,
    scopes: Vec<String>,
    user: Option<UserId>,
    expires_at: Option<Timestamp>,
}

/// A key may no more than who makes it, and none makes one that opens messages of others.
pub(super) async fn add_key(
    State(site): State<Arc<Site>>,
    Extension(caller): Extension<Caller>,
    Json(adding): Json<AddingKey>,
) -> Answer {
    let tenant = caller.must_reach_tenant()?;
    let acts = adding.scopes.iter().map(|word| word.parse()).collect::<Result<Vec<Act>, _>>()?;
    if !caller.actor.may_lend(&acts, tenant, adding.user) {
        return Err(KeyError::TooMuch.into());
    }
    if let Some(user) = adding.user
        && site.web.services.people.person(tenant, user).await?.is_none()
    {
        return Err(Problem::field("user", "there is no such user"));
    }
    let new = NewKey { tenant, user: adding.user, name: adding.name, acts, expires_at: adding.expires_at };
    let (key, secret) = site.web.services.keys.by(&caller.actor.name).add(new).await?;
    let mut told = key_json(&key);
    if let Some(fields) = told.as_object_mut() {
        fields.insert("key".to_owned(), json!(secret));
    }
    Ok((StatusCode::CREATED, Json(told)).into_response())
}

pub(super) async fn revoke_key(
    State(site): State<Arc<Site>>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
) -> Answer {
    let id: KeyId = id.parse().map_err(|_| Problem::missing("key"))?;
    let tenant = caller.must_reach_tenant()?;
    site.web.services.keys.by(&caller.actor.name).revoke(tenant, id).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

#[derive(Debug, Deserialize)]
pub(super) struct AskingAudit {
    after: Option<String>,
    limit: Option<u32>,
}

pub(super) async fn audit(
    State(site): State<Arc<Site>>,
    Extension(caller): Extension<Caller>,
    Query(asked): Query<AskingAudit>,
) -> Answer {
    let before = asked.after.as_deref().map(str::parse::<AuditId>).transpose()?;
    let limit = asked.limit.unwrap_or(PAGE).clamp(1, 200);
    let lines = site.web.services.audit.page(caller.must_reach_tenant()?, before, limit).await?;
    let next = (lines.len() == limit as usize).then(|| lines.last().map(|line| line.id)).flatten();
    let sees_emergency = caller.actor.sees_emergency();
    let items: Vec<Value> = lines.iter().map(|line| line_json(line, sees_emergency)).collect();
    Ok(page(items, next))
}

fn line_json(line: &AuditLine, sees_emergency: bool) -> Value {
    let value = |text: &Option<String>| {
        let text = text.as_deref()?;
        match serde_json::from_str(text) {
            Ok(Value::Object(mut fields)) if !sees_emergency => {
                let hidden = ProfileField::ALL.into_iter().filter(|field| field.is_emergency());
                hidden.for_each(|field| drop(fields.remove(field.as_str())));
                Some(Value::Object(fields))
            }
            Ok(value) => Some(value),
            // Too long to be kept whole: what lies in it cannot be told apart.
            Err(_) => sees_emergency.then(|| json!(text)),
        }
    };
    json!({
        "id": line.id, "at": line.at, "actor": line.actor, "action": line.action, "target": line.target,
        "was": value(&line.was), "became": value(&line.became),
    })
}

#[derive(Debug, Deserialize)]
pub(super) struct Explaining {
    to: String,
    #[serde(default)]
    from: String,
    #[serde(default)]
    diversion: String,
    #[serde(default)]
    history_info: String,
    trunk: Option<String>,
    at: Option<Timestamp>,
}

pub(super) async fn explain(
    State(site): State<Arc<Site>>,
    Extension(caller): Extension<Caller>,
    Query(asked): Query<Explaining>,
) -> Answer {
    let tenant = caller.must_reach_tenant()?;
    let party = |field: &'static str, text: &str| {
        let read = NameAddr::parse(text)
            .map_err(|_| Problem::field(field, "write an address like sip:1001@pbx.example.org"))?;
        Ok::<_, Problem>(Party { name: read.name, uri: read.uri })
    };
    let from = if asked.from.is_empty() { "sip:anonymous@anonymous.invalid" } else { &asked.from };
    let to = party("to", &asked.to)?;
    let list = |text: String| if text.is_empty() { Vec::new() } else { vec![text] };
    let facts = CallFacts {
        request_uri: to.uri.clone(),
        to,
        from: party("from", from)?,
        diversion: list(asked.diversion),
        history_info: list(asked.history_info),
        ..CallFacts::default()
    };
    let at = asked.at.unwrap_or_else(|| site.web.clock.now());
    let verdict = site.web.services.reception.decide(&facts, asked.trunk.as_deref(), at).await?;
    // What calls of other tenants get is theirs.
    if verdict.decision.tenant.id != tenant && caller.actor.reach(Act::Explain) < Reach::All {
        return Err(Problem::missing("tenant for this address"));
    }
    Ok(Json(json!(verdict.explain())).into_response())
}

pub(super) async fn health(State(site): State<Arc<Site>>) -> Answer {
    let checks = (site.web.checks)().await;
    let ready = checks.iter().all(|check| check.ok);
    let upkeep = &site.web.services.upkeep;
    let told = json!({
        "ready": ready, "checks": checks, "mail": upkeep.mail().await?, "prompts": upkeep.voices(),
        "unspoken": upkeep.unspoken().await?,
    });
    Ok(Json(told).into_response())
}
