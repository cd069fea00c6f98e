//! The own profile in the settings: what there is, and what everybody changes for themselves (002-001, 002-022, 004-03).

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;

use crate::domain::{Profile, ProfileField};
use crate::service::access::Actor;
use crate::service::accounts::{AccountError, Changes, Wished};

use super::super::visitor::{Posted, see};
use super::super::{Shared, Site};
use super::frame::Done;
use super::sign_in::sentence;
use super::{missing, settings, trouble};

/// The own profile as the settings show it.
pub(super) struct OwnProfile {
    /// What an administrator changes.
    pub(super) facts: Vec<(&'static str, String)>,
    /// `None` where the tenant hides it.
    pub(super) mobile: Option<String>,
    /// `None` where the tenant hides it.
    pub(super) listed: Option<bool>,
}

impl OwnProfile {
    pub(super) async fn of(site: &Site, actor: &Actor, profile: &Profile) -> Result<Self, Response> {
        let policy = site.web.services.people.policy(actor.tenant).await.map_err(|error| trouble(&error))?;
        let fields = actor.fields(&policy);
        let is_there = |field| fields.contains(&field);
        let told = fields.iter().filter(|field| !field.is_own() && !field.is_flag());
        let facts = told.map(|field| (field.title(), profile.get(*field)));
        Ok(Self {
            facts: facts.filter(|(_, value)| !value.is_empty()).collect(),
            mobile: is_there(ProfileField::Mobile).then(|| profile.get(ProfileField::Mobile)),
            listed: is_there(ProfileField::Listed).then_some(profile.listed),
        })
    }
}

pub(super) async fn change(State(site): Shared, posted: Posted) -> Response {
    let Posted { visitor, fields } = posted;
    let (services, tenant) = (&site.web.services, visitor.actor.tenant);
    let account = async {
        let owner = visitor.owner()?;
        let extension =
            services.people.extension(tenant, owner.mailbox).await.map_err(|error| trouble(&error))?;
        let extension = extension.parse().map_err(|_| missing())?;
        let account = services.accounts.show(tenant, &extension).await.map_err(|error| trouble(&error))?;
        let policy = services.people.policy(tenant).await.map_err(|error| trouble(&error))?;
        Ok::<_, Response>((account, visitor.actor.fields(&policy)))
    };
    let (account, there) = match account.await {
        Ok(found) => found,
        Err(response) => return response,
    };
    let wished = |field: ProfileField| {
        let text = fields.get(field.as_str()).to_owned();
        (field, if field.is_flag() && text.is_empty() { "no".to_owned() } else { text })
    };
    let profile: Vec<Wished> = there.into_iter().filter(|field| field.is_own()).map(wished).collect();
    let changes = Changes { profile, ..Changes::default() };
    match services.accounts.by(&visitor.actor.name).set(tenant, &account.mailbox.extension, changes).await {
        Ok(_) => see(&site, "/settings?done=profile"),
        Err(error @ AccountError::Profile(_)) => {
            let done = Some(Done::refused(sentence(&error)));
            settings::shown(&site, &visitor, done, StatusCode::UNPROCESSABLE_ENTITY).await
        }
        Err(error) => trouble(&error),
    }
}
