//! Profiles of users: shown and changed field by field; places in use, login names, contacts.

use std::sync::Arc;

use axum::extract::{Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse as _, Response};
use axum::{Extension, Json};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::domain::{Profile, ProfileField};
use crate::service::accounts::{Account, Changes, Wished};
use crate::store::PeopleFilter;

use super::super::{Site, cursor};
use super::caller::Caller;
use super::messages::PAGE;
use super::page;
use super::problem::Problem;
use super::tag::{answer, must_match, unless_known};

type Answer = Result<Response, Problem>;

/// The fields that are there for whoever asks.
pub(super) async fn fields(site: &Site, caller: &Caller) -> Result<Vec<ProfileField>, Problem> {
    Ok(caller.actor.fields(&site.web.services.people.policy(caller.tenant).await?))
}

/// These fields of a profile.
pub(super) fn json(profile: &Profile, fields: &[ProfileField]) -> Value {
    let value = |field: ProfileField| match profile.get(field) {
        text if field.is_flag() => json!(text == "yes"),
        text if text.is_empty() => Value::Null,
        text if field.is_count() => text.parse::<u8>().map_or(Value::Null, Value::from),
        text => json!(text),
    };
    Value::Object(fields.iter().map(|field| (field.as_str().to_owned(), value(*field))).collect())
}

/// What a program wants of a profile.
pub(super) fn wished(given: &Map<String, Value>, fields: &[ProfileField]) -> Result<Vec<Wished>, Problem> {
    let one = |(name, value): (&String, &Value)| {
        let field: ProfileField = name.parse().map_err(Problem::from)?;
        if !fields.contains(&field) {
            return Err(Problem::hidden_field(field));
        }
        let text = match value {
            Value::Null => String::new(),
            Value::Bool(is) if field.is_flag() => if *is { "yes" } else { "no" }.to_owned(),
            Value::Number(count) if field.is_count() => count.to_string(),
            Value::String(text) if !field.is_flag() && !field.is_count() => text.clone(),
            _ if field.is_flag() => return Err(Problem::field(field.as_str(), "write true or false")),
            _ if field.is_count() => {
                return Err(Problem::field(field.as_str(), "write a number, or null for none"));
            }
            _ => return Err(Problem::field(field.as_str(), "write text, or null for none")),
        };
        Ok((field, text))
    };
    given.iter().map(one).collect()
}

/// The own user, with the fields that are there.
async fn own(site: &Site, caller: &Caller) -> Result<(Account, Vec<ProfileField>), Problem> {
    let gone = || Problem::missing("mailbox");
    if caller.tenant != caller.actor.tenant {
        return Err(Problem::missing("tenant"));
    }
    let (tenant, services) = (caller.actor.tenant, &site.web.services);
    let user = caller.actor.user.ok_or_else(gone)?;
    let person = services.people.person(tenant, user).await?.ok_or_else(gone)?;
    let mailbox = person.mailbox.ok_or_else(gone)?;
    let fields = caller.actor.fields(&services.people.policy(tenant).await?);
    Ok((services.accounts.show(tenant, &mailbox.extension).await?, fields))
}

/// The own profile.
pub(super) async fn own_profile(
    State(site): State<Arc<Site>>,
    Extension(caller): Extension<Caller>,
    headers: HeaderMap,
) -> Answer {
    let (account, fields) = own(&site, &caller).await?;
    Ok(unless_known(&headers, &json(&account.user.profile, &fields)))
}

/// What everybody changes for themselves (002-001).
pub(super) async fn change_own(
    State(site): State<Arc<Site>>,
    Extension(caller): Extension<Caller>,
    headers: HeaderMap,
    Json(changing): Json<Map<String, Value>>,
) -> Answer {
    let (account, fields) = own(&site, &caller).await?;
    let was = json(&account.user.profile, &fields);
    must_match(&headers, &was)?;
    let wished = wished(&changing, &fields)?;
    if let Some((field, _)) = wished.iter().find(|(field, _)| !field.is_own()) {
        return Err(Problem::field(
            field.as_str(),
            format!("{field} is changed by an administrator: leave it out"),
        ));
    }
    let changes = Changes { profile: wished, ..Changes::default() };
    let services = &site.web.services;
    let accounts = services.accounts.by(&caller.actor.name);
    let after = accounts.set(account.user.tenant, &account.mailbox.extension, changes).await?;
    let became = json(&after.user.profile, &fields);
    Ok(answer(StatusCode::OK, &became))
}

/// Departments and sites that are in use (002-007, 002-008).
pub(super) async fn places(State(site): State<Arc<Site>>, Extension(caller): Extension<Caller>) -> Answer {
    let tenant = caller.must_reach_tenant()?;
    let places = site.web.services.accounts.places(tenant).await?;
    Ok(Json(json!({"departments": places.departments, "sites": places.sites})).into_response())
}

#[derive(Debug, Deserialize)]
pub(super) struct Named {
    #[serde(default)]
    first: String,
    #[serde(default)]
    last: String,
}

/// What is likely for a new user (003-01, 003-06).
pub(super) async fn suggestion(
    State(site): State<Arc<Site>>,
    Extension(caller): Extension<Caller>,
    Query(named): Query<Named>,
) -> Answer {
    let tenant = caller.must_reach_tenant()?;
    let services = &site.web.services;
    let login = services.accounts.suggest_login(tenant, &named.first, &named.last).await?;
    let extension = services.people.suggestion(tenant).await?;
    let extension = Some(extension).filter(|extension| !extension.is_empty());
    Ok(Json(json!({"login": login, "extension": extension})).into_response())
}

#[derive(Debug, Deserialize)]
pub(super) struct Looking {
    #[serde(default)]
    search: String,
    #[serde(default)]
    department: String,
    #[serde(default)]
    site: String,
    after: Option<String>,
    limit: Option<u32>,
}

/// Colleagues who stand in the list of contacts (002-022).
pub(super) async fn contacts(
    State(site): State<Arc<Site>>,
    Extension(caller): Extension<Caller>,
    Query(looking): Query<Looking>,
) -> Answer {
    let tenant = caller.must_reach_tenant()?;
    let place =
        |text: &str| cursor::person(text).ok_or_else(|| Problem::field("after", "this is no place of ours"));
    let after = looking.after.as_deref().map(place).transpose()?;
    let filter = PeopleFilter {
        search: looking.search,
        department: looking.department,
        site: looking.site,
        is_listed: true,
        ..PeopleFilter::default()
    };
    let people = &site.web.services.people;
    let (found, more) = people.page(tenant, &filter, after, looking.limit.unwrap_or(PAGE)).await?;
    let next = more.then(|| found.last().map(cursor::after_person)).flatten();
    let policy = people.policy(tenant).await?;
    let shown = |field, text: &Option<String>| text.clone().filter(|_| policy.shows(field));
    let items = found.iter().map(|person| {
        let profile = &person.user.profile;
        json!({
            "user": person.user.id,
            "first": person.user.first,
            "last": person.user.last,
            "extension": person.mailbox.as_ref().map(|mailbox| &mailbox.extension),
            "department": shown(ProfileField::Department, &profile.department),
            "site": shown(ProfileField::Site, &profile.site),
        })
    });
    Ok(page(items.collect(), next))
}
