//! Keys of programs: made with what they may and until when, shown once, taken back.

use std::collections::HashMap;
use std::time::Duration;

use askama::Template;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::Response;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde::Deserialize;

use crate::domain::{ApiKey, KeyId, UserId};
use crate::service::access::{Act, Reach, TABLE};
use crate::service::keys::{KeyError, NewKey};
use crate::store::StoreError;

use super::super::portal::frame::{Done, Frame};
use super::super::portal::{missing, sentence, trouble, words};
use super::super::shell::render;
use super::super::visitor::{Fields, Posted, Visitor, see};
use super::super::{Shared, Site};
use super::server::zone;

pub(super) const HERE: &str = "/admin/keys";

/// How long keys may be made for: days (0: until taken back), and as people say it.
const LIFETIMES: [(u64, &str); 4] =
    [(90, "90 days"), (30, "30 days"), (365, "a year"), (0, "until it is taken back")];

#[derive(Debug, Default, Deserialize)]
pub(super) struct Asked {
    #[serde(default)]
    done: String,
}

#[derive(Template)]
#[template(path = "portal/keys.html", config = "src/http/pages/askama.toml")]
struct KeysPage {
    frame: Frame,
    /// The key that was made just now.
    made: Option<(String, String)>,
    rows: Vec<Row>,
    scopes: Vec<Scope>,
    lifetimes: [(u64, &'static str); 4],
    name: String,
    days: u64,
    is_own: bool,
    has_user: bool,
}

struct Row {
    id: KeyId,
    name: String,
    of: String,
    scopes: Vec<String>,
    made: String,
    used: String,
    until: String,
    is_over: bool,
    is_revoked: bool,
}

struct Scope {
    word: &'static str,
    is_on: bool,
    /// Only for a key of one's own.
    is_own: bool,
}

/// What a form was filled with, and what is said about it.
#[derive(Default)]
struct Filled {
    name: String,
    scopes: Vec<String>,
    days: u64,
    is_own: bool,
    made: Option<(String, String)>,
    done: Option<Done>,
}

pub(super) async fn page(State(site): Shared, visitor: Visitor, Query(asked): Query<Asked>) -> Response {
    if let Err(response) = visitor.must(Act::Keys) {
        return response;
    }
    let done = (asked.done == "revoked").then(|| Done::said("The key opens nothing any more."));
    let filled = Filled { done, days: LIFETIMES[0].0, ..Filled::default() };
    shown(&site, &visitor, filled, StatusCode::OK).await
}

async fn shown(site: &Site, visitor: &Visitor, filled: Filled, status: StatusCode) -> Response {
    let tenant = visitor.actor.tenant;
    let zone = match zone(site, visitor).await {
        Ok(zone) => zone,
        Err(response) => return response,
    };
    let keys = match site.web.services.keys.list(tenant).await {
        Ok(keys) => keys,
        Err(error) => return trouble(&error),
    };
    let mut names: HashMap<UserId, String> = HashMap::new();
    for user in keys.iter().filter_map(|key| key.user) {
        if names.contains_key(&user) {
            continue;
        }
        match site.web.services.people.person(tenant, user).await {
            Ok(person) => {
                let name = person.map(|person| format!("{} {}", person.user.first, person.user.last));
                names.insert(user, name.unwrap_or_else(|| "a user who is gone".to_owned()));
            }
            Err(error) => return trouble(&error),
        }
    }
    let now = site.web.clock.now();
    let scopes =
        TABLE.iter().filter(|(act, ..)| visitor.actor.reach(*act) > Reach::Nothing).map(|(act, word, _)| {
            let is_on = filled.scopes.iter().any(|on| on == word);
            Scope { word, is_on, is_own: visitor.actor.reach(*act) == Reach::Own }
        });
    let page = KeysPage {
        scopes: scopes.collect(),
        rows: keys.iter().map(|key| row(key, &names, now, &zone)).collect(),
        lifetimes: LIFETIMES,
        name: filled.name,
        days: filled.days,
        is_own: filled.is_own,
        has_user: visitor.actor.user.is_some(),
        made: filled.made,
        frame: Frame::new(site, visitor, HERE, None).with(filled.done),
    };
    render(&page, status)
}

fn row(key: &ApiKey, names: &HashMap<UserId, String>, now: Timestamp, zone: &TimeZone) -> Row {
    let is_expired = key.expires_at.is_some_and(|end| end <= now);
    let until = match (key.revoked_at, key.expires_at) {
        (Some(at), _) => format!("taken back {}", words::when(at, now, zone)),
        (None, Some(end)) if is_expired => format!("ended {}", words::when(end, now, zone)),
        (None, Some(end)) => words::stamp(end, zone),
        (None, None) => "until it is taken back".to_owned(),
    };
    Row {
        id: key.id,
        name: key.name.clone(),
        of: key.user.and_then(|user| names.get(&user).cloned()).unwrap_or_default(),
        scopes: key.scopes.clone(),
        made: words::stamp(key.created_at, zone),
        used: key.last_used_at.map_or_else(|| "never".to_owned(), |at| words::when(at, now, zone)),
        until,
        is_over: is_expired || key.revoked_at.is_some(),
        is_revoked: key.revoked_at.is_some(),
    }
}

pub(super) async fn add(State(site): Shared, posted: Posted) -> Response {
    let Posted { visitor, fields } = posted;
    if let Err(response) = visitor.must(Act::Keys) {
        return response;
    }
    let mut filled = Filled {
        name: fields.get("name").to_owned(),
        scopes: fields.all("scope").to_vec(),
        days: fields.get("days").parse().unwrap_or(LIFETIMES[0].0),
        is_own: fields.is_on("own"),
        ..Filled::default()
    };
    match made(&site, &visitor, &fields, &filled).await {
        Ok((key, secret)) => {
            let made = Some((key.name, secret));
            let filled = Filled { made, days: LIFETIMES[0].0, ..Filled::default() };
            shown(&site, &visitor, filled, StatusCode::OK).await
        }
        Err(KeyError::Store(error)) => trouble(&error),
        Err(refused) => {
            filled.done = Some(Done::refused(sentence(&refused)));
            shown(&site, &visitor, filled, StatusCode::UNPROCESSABLE_ENTITY).await
        }
    }
}

async fn made(
    site: &Site,
    visitor: &Visitor,
    fields: &Fields,
    filled: &Filled,
) -> Result<(ApiKey, String), KeyError> {
    let acts = filled.scopes.iter().map(|word| word.parse()).collect::<Result<Vec<Act>, _>>()?;
    let tenant = visitor.actor.tenant;
    let user = visitor.actor.user.filter(|_| filled.is_own);
    if !visitor.actor.may_lend(&acts, tenant, user) {
        return Err(KeyError::TooMuch);
    }
    let days = Duration::from_secs(filled.days.min(3650) * 24 * 3600);
    let end = site.web.clock.now().saturating_add(days).unwrap_or(Timestamp::MAX);
    let expires_at = (filled.days > 0).then_some(end);
    let name = fields.get("name").to_owned();
    let keys = site.web.services.keys.by(&visitor.actor.name);
    keys.add(NewKey { tenant, user, name, acts, expires_at }).await
}

pub(super) async fn revoke(State(site): Shared, Path(id): Path<String>, posted: Posted) -> Response {
    let visitor = posted.visitor;
    if let Err(response) = visitor.must(Act::Keys) {
        return response;
    }
    let Ok(id) = id.parse::<KeyId>() else { return missing() };
    match site.web.services.keys.by(&visitor.actor.name).revoke(visitor.actor.tenant, id).await {
        Ok(()) => {}
        Err(StoreError::Missing { .. }) => return missing(),
        Err(error) => return trouble(&error),
    }
    see(&site, &format!("{HERE}?done=revoked"))
}
