//! Adding a user: a name, an address and an extension are enough; what is likely is filled in.

use askama::Template;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::Response;
use serde::Deserialize;

use crate::domain::{MailAddress, Profile, ProfileField, TenantPolicy};
use crate::service::access::Act;
use crate::service::accounts::{Account, AccountError, NewUser};
use crate::service::signin::SigninError;
use crate::store::Places;

use super::super::portal::frame::{Done, Frame};
use super::super::portal::{sentence, trouble};
use super::super::shell::render;
use super::super::visitor::{Fields, Posted, Visitor, see};
use super::super::{Shared, Site};
use super::users::HERE;
use super::users::sections::{Shown, Tried, shown};

#[derive(Template)]
#[template(path = "portal/user_new.html", config = "src/http/pages/askama.toml")]
struct NewPage {
    frame: Frame,
    first: String,
    last: String,
    email: String,
    extension: String,
    invite: bool,
    login: String,
    more: Vec<Shown>,
    /// Something of it is to be mended.
    is_more_open: bool,
    places: Places,
}

/// Fields of the profile that can be given at once.
const MORE: [ProfileField; 4] =
    [ProfileField::Department, ProfileField::Site, ProfileField::Station, ProfileField::Mobile];

/// What stands beside name, address and extension.
struct Beside {
    login: String,
    fields: Vec<ProfileField>,
    places: Places,
}

impl Beside {
    async fn of(site: &Site, visitor: &Visitor, login: &str) -> Result<Self, Response> {
        let (services, tenant) = (&site.web.services, visitor.actor.tenant);
        let policy = services.people.policy(tenant).await.map_err(|error| trouble(&error))?;
        if !visitor.actor.may_create(&policy) {
            return Err(not_here(site, visitor, &policy));
        }
        let fields = visitor.actor.fields(&policy);
        Ok(Self {
            login: login.to_owned(),
            fields: MORE.into_iter().filter(|field| fields.contains(field)).collect(),
            places: services.accounts.places(tenant).await.map_err(|error| trouble(&error))?,
        })
    }
}

#[derive(Template)]
#[template(path = "portal/user_elsewhere.html", config = "src/http/pages/askama.toml")]
struct ElsewherePage {
    frame: Frame,
    help: Option<String>,
}

/// Who may not add users is told where to ask for them (001-03).
fn not_here(site: &Site, visitor: &Visitor, policy: &TenantPolicy) -> Response {
    let page = ElsewherePage { frame: Frame::new(site, visitor, HERE, None), help: policy.help_link.clone() };
    render(&page, StatusCode::FORBIDDEN)
}

#[derive(Debug, Default, Deserialize)]
pub(super) struct Asked {
    /// What stands in the field of the extension.
    #[serde(default)]
    extension: String,
}

/// The least that is needed, with what is likely filled in (004-01, 003-06).
pub(super) async fn new(State(site): Shared, visitor: Visitor, Query(asked): Query<Asked>) -> Response {
    if let Err(response) = visitor.must(Act::UsersWrite) {
        return response;
    }
    let Beside { login, fields, places } = match Beside::of(&site, &visitor, "").await {
        Ok(beside) => beside,
        Err(response) => return response,
    };
    match site.web.services.people.suggestion(visitor.actor.tenant).await {
        Ok(suggested) => {
            let wanted = asked.extension.parse::<crate::domain::Extension>();
            let extension = wanted.map_or(suggested, |wanted| wanted.to_string());
            let frame = Frame::new(&site, &visitor, HERE, None);
            let empty = String::new;
            let (plain, nothing) = (Profile::default(), Tried::default());
            let page = NewPage {
                frame,
                first: empty(),
                last: empty(),
                email: empty(),
                extension,
                invite: true,
                login,
                more: fields.into_iter().map(|field| shown(field, &plain, &nothing)).collect(),
                is_more_open: false,
                places,
            };
            render(&page, StatusCode::OK)
        }
        Err(error) => trouble(&error),
    }
}

pub(super) async fn add(State(site): Shared, posted: Posted) -> Response {
    let Posted { visitor, fields } = posted;
    if let Err(response) = visitor.must(Act::UsersWrite) {
        return response;
    }
    let beside = match Beside::of(&site, &visitor, fields.get("login")).await {
        Ok(beside) => beside,
        Err(response) => return response,
    };
    let mut tried = Tried::of(&fields, "more", beside.fields.iter().copied());
    match added(&site, &visitor, &fields, &mut tried).await {
        Ok(account) => {
            let is_asked = fields.is_on("invite") && !account.user.emails.is_empty();
            let done = if is_asked && !site.web.services.invite_added(&account.user).await {
                "added-uninvited"
            } else {
                "added"
            };
            see(&site, &format!("{HERE}/{}?done={done}", account.user.id))
        }
        Err(Refused::Mend(why)) => {
            let field = |name: &str| fields.get(name).to_owned();
            let page = NewPage {
                frame: Frame::new(&site, &visitor, HERE, None).with(Some(Done::refused(why))),
                first: field("first"),
                last: field("last"),
                email: field("email"),
                extension: field("extension"),
                invite: fields.is_on("invite"),
                login: beside.login,
                more: beside.fields.iter().map(|one| shown(*one, &Profile::default(), &tried)).collect(),
                is_more_open: tried.given().iter().any(|(_, text)| !matches!(text.as_str(), "" | "standard")),
                places: beside.places,
            };
            render(&page, StatusCode::UNPROCESSABLE_ENTITY)
        }
        Err(Refused::Response(response)) => *response,
    }
}

pub(super) enum Refused {
    Mend(String),
    Response(Box<Response>),
}

impl From<AccountError> for Refused {
    fn from(error: AccountError) -> Self {
        match error {
            AccountError::Store(_) | AccountError::Hash(_) => Self::Response(Box::new(trouble(&error))),
            other => Self::Mend(sentence(&other)),
        }
    }
}

impl From<crate::domain::Invalid> for Refused {
    fn from(error: crate::domain::Invalid) -> Self {
        Self::Mend(sentence(&error))
    }
}

impl From<SigninError> for Refused {
    fn from(error: SigninError) -> Self {
        Self::Response(Box::new(trouble(&error)))
    }
}

async fn added(
    site: &Site,
    visitor: &Visitor,
    fields: &Fields,
    tried: &mut Tried,
) -> Result<Account, Refused> {
    let services = &site.web.services;
    let new = NewUser {
        extension: fields.get("extension").trim().parse()?,
        first: fields.get("first").to_owned(),
        last: fields.get("last").to_owned(),
        emails: addresses(fields.get("email"))?,
        mode: None,
        pin: None,
    };
    let tenant = visitor.actor.tenant;
    let mut wished = tried.given();
    // 003-01: who types no login name gets the suggested one.
    let login = match fields.get("login").trim() {
        "" => services.accounts.suggest_login(tenant, &new.first, &new.last).await?,
        given => Some(given.to_owned()),
    };
    wished.extend(login.map(|login| (ProfileField::Login, login)));
    services.accounts.by(&visitor.actor.name).add_user_with(tenant, new, &wished).await.map_err(|error| {
        match &error {
            AccountError::Profile(faults)
                if faults.iter().all(|fault| fault.what != ProfileField::Login.as_str()) =>
            {
                Refused::Mend(tried.wrong(&error))
            }
            _ => error.into(),
        }
    })
}

/// Addresses between commas, blanks or lines (002-009).
pub(super) fn addresses(text: &str) -> Result<Vec<MailAddress>, Refused> {
    let parts = text.split([',', ';', ' ', '\n', '\r', '\t']).filter(|part| !part.is_empty());
    Ok(parts.map(str::parse).collect::<Result<Vec<MailAddress>, _>>()?)
}
