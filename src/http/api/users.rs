//! Users with their mailboxes, numbers and roles.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse as _, Response};
use axum::{Extension, Json};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::domain::{Extension as Number, Login, MailAddress, ProfileField, Quota, Recipient, Role, UserId};
use crate::service::access::{Act, Reach};
use crate::service::accounts::{Account, AccountError, Changes, TypedUser};
use crate::store::{self, Person};

use super::super::{Site, cursor};
use super::caller::Caller;
use super::greetings::given;
use super::messages::PAGE;
use super::page;
use super::policy::must_create;
use super::problem::Problem;
use super::profiles;
use super::roles::may_give;
use super::tag::{answer, must_match, unless_known};
use super::whom::Asked;

type Answer = Result<Response, Problem>;

pub(super) async fn list(
    State(site): State<Arc<Site>>,
    Extension(caller): Extension<Caller>,
    Query(asked): Query<Asked>,
) -> Answer {
    let people = &site.web.services.people;
    if caller.must_reach_tenant().is_err() {
        // Who reaches no further than the own user sees that one.
        let own = match caller.actor.user {
            Some(user) => people.person(caller.tenant, user).await?,
            None => None,
        };
        let fields = profiles::fields(&site, &caller).await?;
        let items: Vec<Value> = own.iter().map(|person| person_json(person, &fields)).collect();
        return Ok(page(items, None::<&str>));
    }
    let after = match asked.after.as_deref() {
        Some(text) => {
            Some(cursor::person(text).ok_or_else(|| Problem::field("after", "this is no place of ours"))?)
        }
        None => None,
    };
    let limit = asked.limit.unwrap_or(PAGE);
    let (found, more) = people.page(caller.tenant, &asked.filter()?, after, limit).await?;
    let next = more.then(|| found.last().map(cursor::after_person)).flatten();
    let fields = profiles::fields(&site, &caller).await?;
    Ok(page(found.iter().map(|person| listed_json(person, &fields)).collect(), next))
}

/// In lists alone: what changes with every message is nothing that an `ETag` guards.
fn listed_json(person: &Person, fields: &[ProfileField]) -> Value {
    let mut told = person_json(person, fields);
    told["unheard"] = json!(person.unheard);
    told["last_message_at"] = json!(person.last_message_at);
    told
}

fn person_json(person: &Person, fields: &[ProfileField]) -> Value {
    let Person { user, mailbox, login, needs_setup, .. } = person;
    json!({
        "id": user.id,
        "first": user.first,
        "last": user.last,
        "emails": user.emails,
        "profile": profiles::json(&user.profile, fields),
        "role": login.role,
        "portal": login.portal,
        "has_password": login.has_password,
        "needs_setup": needs_setup,
        "created_at": user.created_at,
        "mailbox": mailbox.as_ref().map(|mailbox| json!({
            "id": mailbox.id,
            "extension": mailbox.extension,
            "enabled": mailbox.enabled,
            "announcement_only": mailbox.announcement_only,
            "mail": mailbox.recipients,
            "attachment": mailbox.attachment,
            "language": mailbox.language,
            "zone": mailbox.zone,
            "max_message_s": mailbox.max_message.as_secs(),
            "silence_s": mailbox.silence.as_secs(),
            "min_speech_ms": mailbox.min_speech.as_millis() as u64,
            "instructions": mailbox.instructions,
            "operator": mailbox.operator,
            "max_messages": mailbox.quota.messages,
            "max_bytes": mailbox.quota.bytes,
            "max_megabytes": mailbox.quota.bytes.map(|most| most as f64 / 1e6),
            "announce": mailbox.phone.announce,
            "newest_first": mailbox.phone.newest_first,
        })),
    })
}

/// The user with all that belongs to it; one that is not reached is as missing as one that is not there.
pub(super) async fn found(
    site: &Site,
    caller: &Caller,
    act: Act,
    id: &str,
) -> Result<(Person, Option<Account>), Problem> {
    let gone = || Problem::missing("user");
    let id: UserId = match id {
        "me" => caller.actor.user.ok_or_else(gone)?,
        id => id.parse().map_err(|_| gone())?,
    };
    let is_own = caller.tenant == caller.actor.tenant && caller.actor.user == Some(id);
    if !is_own && caller.actor.reach(act) < Reach::Tenant {
        return Err(gone());
    }
    let person = site.web.services.people.person(caller.tenant, id).await?.ok_or_else(gone)?;
    let account = match &person.mailbox {
        Some(mailbox) => Some(site.web.services.accounts.show(caller.tenant, &mailbox.extension).await?),
        None => None,
    };
    Ok((person, account))
}

pub(super) fn number_json(number: &store::Number) -> Value {
    json!({"number": number.number, "label": number.label, "greeting": number.greeting})
}

fn whole_json(person: &Person, account: Option<&Account>, fields: &[ProfileField]) -> Value {
    let mut told = person_json(person, fields);
    if let (Some(account), Some(fields)) = (account, told.as_object_mut()) {
        let numbers: Vec<Value> = account.numbers.iter().map(number_json).collect();
        fields.insert("numbers".to_owned(), json!(numbers));
        fields.insert("has_pin".to_owned(), json!(account.has_pin));
        fields.insert(
            "used".to_owned(),
            json!({"messages": account.usage.messages, "bytes": account.usage.bytes}),
        );
    }
    told
}

pub(super) async fn show(
    State(site): State<Arc<Site>>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Answer {
    let (person, account) = found(&site, &caller, Act::UsersRead, &id).await?;
    let told = whole_json(&person, account.as_ref(), &profiles::fields(&site, &caller).await?);
    Ok(unless_known(&headers, &told))
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Adding {
    extension: String,
    #[serde(default)]
    first: String,
    #[serde(default)]
    last: String,
    #[serde(default)]
    emails: Vec<String>,
    mail: Option<String>,
    pin: Option<String>,
    enabled: Option<bool>,
    role: Option<String>,
    #[serde(default)]
    invite: bool,
    #[serde(default)]
    profile: Map<String, Value>,
}

fn addresses(texts: &[String]) -> Result<Vec<MailAddress>, Problem> {
    Ok(texts.iter().map(|text| text.parse()).collect::<Result<Vec<MailAddress>, _>>()?)
}

pub(super) async fn add(
    State(site): State<Arc<Site>>,
    Extension(caller): Extension<Caller>,
    Json(adding): Json<Adding>,
) -> Answer {
    let tenant = caller.must_reach_tenant()?;
    let services = &site.web.services;
    must_create(&site, &caller.actor, tenant).await?;
    let fields = profiles::fields(&site, &caller).await?;
    let wished = profiles::wished(&adding.profile, &fields)?;
    let mut beforehand = Vec::new();
    let role = adding.role.as_deref().map(str::parse::<Role>).transpose();
    let role = role.unwrap_or_else(|invalid| {
        beforehand.push(invalid.into());
        None
    });
    if let Some(role) = role {
        may_give(&site, &caller, role).await?;
    }
    if adding.invite && adding.emails.is_empty() {
        beforehand.push(AccountError::NoAddress);
    }
    let typed = TypedUser {
        extension: adding.extension,
        first: adding.first,
        last: adding.last,
        emails: adding.emails,
        mode: adding.mail,
        pin: adding.pin.map(Into::into),
        enabled: adding.enabled.unwrap_or(true),
    };
    let accounts = services.accounts.by(&caller.actor.name);
    let added = accounts.add_typed(tenant, typed, &wished, beforehand).await?;
    let id = added.user.id.to_string();
    if let Some(role) = role {
        let login = services.signin.login(tenant, added.user.id).await?;
        services.signin.by(&caller.actor.name).set_login(&login, &Login { role, ..login.clone() }).await?;
    }
    let (person, account) = found(&site, &caller, Act::UsersWrite, &id).await?;
    let mut told = whole_json(&person, account.as_ref(), &fields);
    let mut warnings = services.accounts.shared_addresses(&added.user).await?;
    warnings.extend(services.people.warning(tenant, &added.mailbox.extension).await?);
    told["warnings"] = json!(warnings);
    if adding.invite {
        told["invited"] = services.invite_added(&added.user).await.into();
    }
    Ok(answer(StatusCode::CREATED, &told))
}

/// One mode for every address, or the modes of single ones.
#[derive(Debug, Deserialize)]
#[serde(untagged, expecting = "mail is a mode, for example link, or a list of addresses with their modes")]
enum Modes {
    All(String),
    Each(Vec<Recipient>),
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Changing {
    extension: Option<String>,
    first: Option<String>,
    last: Option<String>,
    emails: Option<Vec<String>>,
    mail: Option<Modes>,
    attachment: Option<String>,
    pin: Option<String>,
    enabled: Option<bool>,
    announcement_only: Option<bool>,
    instructions: Option<bool>,
    max_message_s: Option<u64>,
    silence_s: Option<u64>,
    min_speech_ms: Option<u64>,
    announce: Option<bool>,
    newest_first: Option<bool>,
    #[serde(default)]
    profile: Map<String, Value>,
    #[serde(default, deserialize_with = "given")]
    zone: Option<Option<String>>,
    #[serde(default, deserialize_with = "given")]
    language: Option<Option<String>>,
    #[serde(default, deserialize_with = "given")]
    operator: Option<Option<String>>,
    #[serde(default, deserialize_with = "given")]
    max_messages: Option<Option<u32>>,
    #[serde(default, deserialize_with = "given")]
    max_bytes: Option<Option<u64>>,
    #[serde(default, deserialize_with = "given")]
    max_megabytes: Option<Option<f64>>,
}

impl Changing {
    fn changes(self, quota: Quota, fields: &[ProfileField]) -> Result<Changes, Problem> {
        let quota = self.quota(quota)?;
        let (mode, modes) = match self.mail {
            Some(Modes::All(mode)) => (Some(mode.parse()?), Vec::new()),
            Some(Modes::Each(modes)) => (None, modes),
            None => (None, Vec::new()),
        };
        Ok(Changes {
            mode,
            modes,
            extension: self.extension.as_deref().map(str::parse::<Number>).transpose()?,
            first: self.first,
            last: self.last,
            emails: self.emails.as_deref().map(addresses).transpose()?,
            attachment: self.attachment.as_deref().map(str::parse).transpose()?,
            pin: self.pin.map(Into::into),
            enabled: self.enabled,
            announcement_only: self.announcement_only,
            instructions: self.instructions,
            max_message: self.max_message_s.map(Duration::from_secs),
            silence: self.silence_s.map(Duration::from_secs),
            min_speech: self.min_speech_ms.map(Duration::from_millis),
            announce: self.announce,
            newest_first: self.newest_first,
            profile: profiles::wished(&self.profile, fields)?,
            zone: self.zone,
            language: self.language,
            operator: self.operator,
            quota,
            ..Changes::default()
        })
    }

    /// The limits, where one of them is given.
    fn quota(&self, before: Quota) -> Result<Option<Quota>, Problem> {
        if self.max_bytes.is_some() && self.max_megabytes.is_some() {
            return Err(Problem::field("max_megabytes", "give max_bytes or max_megabytes, not both"));
        }
        let bytes = match self.max_megabytes {
            Some(Some(most)) => Some(Some(Quota::bytes_of(most).ok_or_else(|| {
                Problem::field("max_megabytes", "give a number that is more than 0, or null for no limit")
            })?)),
            Some(None) => Some(None),
            None => self.max_bytes,
        };
        let quota = Quota {
            messages: self.max_messages.unwrap_or(before.messages),
            bytes: bytes.unwrap_or(before.bytes),
        };
        Ok((quota != before).then_some(quota))
    }
}

/// A user that may be changed: reached, not above the caller, and with a mailbox.
pub(super) async fn changeable(site: &Site, caller: &Caller, id: &str) -> Result<(Person, Account), Problem> {
    let (person, account) = found(site, caller, Act::UsersWrite, id).await?;
    if !caller.actor.may_change(person.login.role) {
        return Err(Problem::forbidden());
    }
    let account = account.ok_or_else(|| Problem::missing("mailbox"))?;
    Ok((person, account))
}

pub(super) async fn change(
    State(site): State<Arc<Site>>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
    headers: HeaderMap,
    Json(changing): Json<Changing>,
) -> Answer {
    let services = &site.web.services;
    let (person, account) = changeable(&site, &caller, &id).await?;
    let fields = profiles::fields(&site, &caller).await?;
    let was = whole_json(&person, Some(&account), &fields);
    must_match(&headers, &was)?;
    let changes = changing.changes(account.mailbox.quota, &fields)?;
    let are_addresses_new = changes.emails.is_some();
    let accounts = services.accounts.by(&caller.actor.name);
    accounts.set(caller.tenant, &account.mailbox.extension, changes).await?;
    let before = account.mailbox.extension;
    let (person, account) = found(&site, &caller, Act::UsersWrite, &id).await?;
    let mut told = whole_json(&person, account.as_ref(), &fields);
    let now = account.map(|account| account.mailbox.extension).filter(|now| *now != before);
    let mut warnings = Vec::new();
    if are_addresses_new {
        warnings.extend(services.accounts.shared_addresses(&person.user).await?);
    }
    if let Some(now) = now {
        warnings.extend(services.people.warning(caller.tenant, &now).await?);
        warnings.extend(services.accounts.dangling(caller.tenant, &before).await?);
    }
    told["warnings"] = json!(warnings);
    Ok(answer(StatusCode::OK, &told))
}

pub(super) async fn remove(
    State(site): State<Arc<Site>>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Answer {
    let (person, account) = changeable(&site, &caller, &id).await?;
    if caller.actor.is(person.user.id) {
        return Err(Problem::new(
            StatusCode::CONFLICT,
            "nobody removes themselves: let another administrator do it",
        ));
    }
    let was = whole_json(&person, Some(&account), &profiles::fields(&site, &caller).await?);
    must_match(&headers, &was)?;
    let extension = &account.mailbox.extension;
    site.web.services.accounts.by(&caller.actor.name).remove(caller.tenant, extension).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

pub(super) async fn invite(
    State(site): State<Arc<Site>>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
) -> Answer {
    let (person, _) = changeable(&site, &caller, &id).await?;
    let to = site.web.services.signin.by(&caller.actor.name).invite(&person.user).await?;
    Ok((StatusCode::ACCEPTED, Json(json!({"mailed_to": to}))).into_response())
}
