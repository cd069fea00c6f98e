//! The sections of a profile, each with its own edit (004-05). Which fields there are, policy and scopes say.

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;

use crate::domain::{Invalid, Profile, ProfileField};
use crate::http::Shared;
use crate::http::admin::adding::Refused;
use crate::http::portal::frame::Done;
use crate::http::portal::{sentence, trouble};
use crate::http::seen;
use crate::http::visitor::{Posted, see};
use crate::service::accounts::{AccountError, Changes, Wished};

use super::{HERE, Trial, changeable, tried};

const SECTIONS: [(&str, &str, &[ProfileField]); 6] = [
    ("sign-in", "Sign-in", &[ProfileField::Login]),
    ("place", "Place", &[ProfileField::Department, ProfileField::Site, ProfileField::Station]),
    (
        "calls",
        "Phone and calls",
        &[
            ProfileField::Mobile,
            ProfileField::AreaCode,
            ProfileField::CallerId,
            ProfileField::CallPaths,
            ProfileField::RecordCalls,
        ],
    ),
    (
        "emergency",
        "Emergency calls (911)",
        &[ProfileField::EmergencyCallerId, ProfileField::EmergencyAddress],
    ),
    ("advanced", "Advanced", &[ProfileField::SipAddress, ProfileField::Music]),
    ("contacts", "Contacts", &[ProfileField::Listed]),
];

/// A section as the page shows it.
pub(in crate::http) struct Section {
    pub(in crate::http) id: &'static str,
    pub(in crate::http) title: &'static str,
    pub(in crate::http) fields: Vec<Shown>,
    /// Somebody tried to change it, and something is to be mended.
    pub(in crate::http) is_open: bool,
    /// See [`seen`].
    pub(in crate::http) seen: String,
}

/// A field as the page shows it.
pub(in crate::http) struct Shown {
    pub(in crate::http) name: &'static str,
    pub(in crate::http) title: &'static str,
    pub(in crate::http) hint: &'static str,
    /// What there is.
    pub(in crate::http) value: String,
    /// What stands in the form.
    pub(in crate::http) given: String,
    pub(in crate::http) wrong: Option<String>,
    /// The choices of a closed list.
    pub(in crate::http) choices: Vec<(&'static str, &'static str)>,
    pub(in crate::http) is_flag: bool,
    /// The list of what is in use.
    pub(in crate::http) list: Option<&'static str>,
}

/// What somebody tried to put into a section, and what is wrong with it.
#[derive(Default)]
pub(in crate::http::admin) struct Tried {
    section: &'static str,
    given: Vec<Wished>,
    faults: Vec<Invalid>,
}

/// The sections of these fields.
pub(super) fn of(profile: &Profile, fields: &[ProfileField], tried: &Tried) -> Vec<Section> {
    let section = |(id, title, members): &(&'static str, &'static str, &[ProfileField])| {
        let members: Vec<ProfileField> =
            members.iter().copied().filter(|field| fields.contains(field)).collect();
        let seen = seen::mark(&values(profile, &members));
        let fields: Vec<Shown> = members.iter().map(|field| shown(*field, profile, tried)).collect();
        (!fields.is_empty()).then_some(Section { id, title, fields, is_open: *id == tried.section, seen })
    };
    SECTIONS.iter().filter_map(section).collect()
}

/// What stands in these fields.
fn values(profile: &Profile, fields: &[ProfileField]) -> Vec<String> {
    fields.iter().map(|field| profile.get(*field)).collect()
}

/// One field, for other forms.
pub(in crate::http::admin) fn shown(field: ProfileField, profile: &Profile, tried: &Tried) -> Shown {
    let value = profile.get(field);
    let given = tried.given.iter().find(|(known, _)| *known == field).map(|(_, text)| text.clone());
    let wrong = tried.faults.iter().find(|fault| fault.what == field.as_str());
    Shown {
        name: field.as_str(),
        title: field.title(),
        hint: field.meaning(),
        given: given.unwrap_or_else(|| value.clone()),
        value,
        wrong: wrong.map(|fault| format!("{}.", fault.remedy)),
        choices: match field {
            ProfileField::Station => vec![("standard", "Standard"), ("premium", "Premium")],
            _ => Vec::new(),
        },
        is_flag: field.is_flag(),
        list: match field {
            ProfileField::Department => Some("departments"),
            ProfileField::Site => Some("sites"),
            _ => None,
        },
    }
}

impl Tried {
    /// What was given in a form, of these fields.
    pub(in crate::http::admin) fn of(
        posted: &crate::http::visitor::Fields,
        section: &'static str,
        fields: impl Iterator<Item = ProfileField>,
    ) -> Self {
        let given = fields.map(|field| {
            let text = posted.get(field.as_str()).to_owned();
            (field, if field.is_flag() && text.is_empty() { "no".to_owned() } else { text })
        });
        Self { section, given: given.collect(), faults: Vec::new() }
    }

    /// The fields with what they should be.
    pub(in crate::http::admin) fn given(&self) -> Vec<Wished> {
        self.given.clone()
    }

    /// Remembers what is wrong; the words for above the form.
    pub(in crate::http::admin) fn wrong(&mut self, error: &AccountError) -> String {
        match error {
            AccountError::Profile(faults) => {
                self.faults.clone_from(faults);
                "Nothing was changed: see what is marked.".to_owned()
            }
            other => sentence(other),
        }
    }
}

/// Changes one section.
pub(in crate::http::admin) async fn change(
    State(site): Shared,
    Path(id): Path<String>,
    posted: Posted,
) -> Response {
    let Posted { visitor, fields } = posted;
    let (_, account) = match changeable(&site, &visitor, &id).await {
        Ok(found) => found,
        Err(response) => return response,
    };
    let (services, tenant) = (&site.web.services, visitor.actor.tenant);
    let there = match services.people.policy(tenant).await {
        Ok(policy) => visitor.actor.fields(&policy),
        Err(error) => return trouble(&error),
    };
    let named = SECTIONS.iter().find(|(id, ..)| *id == fields.get("section"));
    let Some((section, _, members)) = named else { return crate::http::portal::missing() };
    let members: Vec<ProfileField> = members.iter().copied().filter(|field| there.contains(field)).collect();
    if seen::is_stale(&fields, &values(&account.user.profile, &members)) {
        let done = Some(Done::refused(seen::CHANGED));
        return tried(&site, &visitor, &id, done, StatusCode::CONFLICT, Trial::default()).await;
    }
    let mut given = Tried::of(&fields, section, members.into_iter());
    if given.given.is_empty() {
        return crate::http::visitor::forbidden();
    }
    let changes = Changes { profile: given.given(), ..Changes::default() };
    let accounts = services.accounts.by(&visitor.actor.name);
    let why = match accounts.set(tenant, &account.mailbox.extension, changes).await {
        Ok(_) => {
            return see(&site, &format!("{HERE}/{id}?done=saved#{section}"));
        }
        Err(error @ AccountError::Profile(_)) => given.wrong(&error),
        Err(error) => match Refused::from(error) {
            Refused::Mend(why) => why,
            Refused::Response(response) => return *response,
        },
    };
    let done = Some(Done::refused(why));
    let trial = Trial { section: given, ..Trial::default() };
    tried(&site, &visitor, &id, done, StatusCode::UNPROCESSABLE_ENTITY, trial).await
}
