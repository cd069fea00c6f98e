//! Adding a user: a name, an address and an extension are enough; what is likely is filled in.

use askama::Template;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::Response;
use serde::Deserialize;

use crate::domain::{Extension, Invalid, Login, Profile, ProfileField, Role, TenantId, TenantPolicy};
use crate::service::access::Act;
use crate::service::accounts::{Account, AccountError, TypedUser};
use crate::service::handsets::HandsetWish;
use crate::service::signin::SigninError;
use crate::store::Places;

use super::super::portal::frame::{Done, Frame};
use super::super::portal::{sentence, trouble};
use super::super::shell::render;
use super::super::visitor::{Fields, Posted, Visitor, see};
use super::super::{Shared, Site};
use super::marks::{Marks, marks};
use super::users::HERE;
use super::users::sections::{Shown, Tried, shown};

#[derive(Template)]
#[template(path = "portal/user_new.html", config = "src/http/pages/askama.toml")]
struct NewPage {
    frame: Frame,
    form: Form,
    login: String,
    more: Vec<Shown>,
    /// Something of it is to be mended.
    is_more_open: bool,
    places: Places,
    roles: Vec<Role>,
    may_add_phones: bool,
    /// Fields, and what is wrong with them.
    wrong: Marks,
}

/// What stands in the form, but for the PIN.
struct Form {
    first: String,
    last: String,
    emails: Vec<String>,
    extension: String,
    role: Role,
    enabled: bool,
    phone: bool,
    invite: bool,
}

impl Form {
    fn empty(extension: String) -> Self {
        Self {
            first: String::new(),
            last: String::new(),
            emails: vec![String::new()],
            extension,
            role: Role::Basic,
            enabled: true,
            phone: false,
            invite: true,
        }
    }

    fn typed(fields: &Fields) -> Self {
        let field = |name: &str| fields.get(name).to_owned();
        Self {
            first: field("first"),
            last: field("last"),
            emails: fields.all("email").to_vec(),
            extension: field("extension"),
            role: fields.get("role").parse().unwrap_or(Role::Basic),
            enabled: fields.is_on("enabled"),
            phone: fields.is_on("phone"),
            invite: fields.is_on("invite"),
        }
    }
}

/// Fields of the profile that can be given at once.
const MORE: [ProfileField; 5] = [
    ProfileField::Department,
    ProfileField::Site,
    ProfileField::Station,
    ProfileField::Mobile,
    ProfileField::EmergencyCallerId,
];

/// What stands beside name, address and extension.
struct Beside {
    login: String,
    fields: Vec<ProfileField>,
    places: Places,
    roles: Vec<Role>,
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
            roles: Role::ALL
                .into_iter()
                .filter(|role| visitor.actor.may_give(*role) && policy.offers(*role))
                .collect(),
        })
    }

    fn page(self, frame: Frame, visitor: &Visitor, form: Form, tried: &Tried) -> NewPage {
        NewPage {
            frame,
            form,
            login: self.login,
            more: self.fields.iter().map(|one| shown(*one, &Profile::default(), tried)).collect(),
            is_more_open: tried.given().iter().any(|(_, text)| !matches!(text.as_str(), "" | "standard")),
            places: self.places,
            roles: self.roles,
            may_add_phones: visitor.must(Act::PhonesWrite).is_ok(),
            wrong: Marks::new(),
        }
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
    let beside = match Beside::of(&site, &visitor, "").await {
        Ok(beside) => beside,
        Err(response) => return response,
    };
    match site.web.services.people.suggestion(visitor.actor.tenant).await {
        Ok(suggested) => {
            let wanted = asked.extension.parse::<crate::domain::Extension>();
            let form = Form::empty(wanted.map_or(suggested, |wanted| wanted.to_string()));
            let frame = Frame::new(&site, &visitor, HERE, None);
            render(&beside.page(frame, &visitor, form, &Tried::default()), StatusCode::OK)
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
    let error = match added(&site, &visitor, &beside, &fields, &tried).await {
        Ok(account) => {
            let done = finished(&site, &visitor, &fields, &account).await;
            let new = new_extension(&site, account.user.tenant, &account.mailbox.extension).await;
            return see(&site, &format!("{HERE}/{}?done={done}{new}", account.user.id));
        }
        Err(AccountError::Store(error)) => return trouble(&error),
        Err(AccountError::Hash(error)) => return trouble(&AccountError::Hash(error)),
        Err(error) => error,
    };
    for one in error.each() {
        tried.wrong(one);
    }
    let (wrong, why) = marks(&error, "Nothing was added");
    let frame = Frame::new(&site, &visitor, HERE, None).with(Some(Done::refused(why)));
    let page = NewPage { wrong, ..beside.page(frame, &visitor, Form::typed(&fields), &tried) };
    render(&page, StatusCode::UNPROCESSABLE_ENTITY)
}

/// What the address says besides of a new extension, when something is to be told of it.
pub(super) async fn new_extension(site: &Site, tenant: TenantId, extension: &Extension) -> &'static str {
    match site.web.services.people.warning(tenant, extension).await {
        Ok(Some(_)) => "&new=extension",
        Ok(None) => "",
        // What is recommended is not worth failing for.
        Err(error) => {
            tracing::warn!(%error, "what is recommended of an extension cannot be told");
            ""
        }
    }
}

/// What is done once the user is there; the word of how far that came.
async fn finished(site: &Site, visitor: &Visitor, fields: &Fields, account: &Account) -> &'static str {
    let (services, user) = (&site.web.services, &account.user);
    let role = fields.get("role").parse::<Role>().ok().filter(|role| *role != Role::Basic);
    let mut is_whole = true;
    if let Some(role) = role {
        let given = async {
            let login = services.signin.login(user.tenant, user.id).await?;
            services.signin.by(&visitor.actor.name).set_login(&login, &Login { role, ..login.clone() }).await
        };
        is_whole &= noted(given.await, "role");
    }
    if fields.is_on("phone") && visitor.must(Act::PhonesWrite).is_ok() {
        let wish = HandsetWish::default();
        let added = services.handsets.add(&visitor.actor, user.tenant, "", Some(user.id), wish).await;
        is_whole &= noted(added, "phone");
    }
    let is_asked = fields.is_on("invite") && !user.emails.is_empty();
    let is_uninvited = is_asked && !services.invite_added(user).await;
    match (is_whole, is_uninvited) {
        (false, _) => "added-in-part",
        (true, false) if fields.is_on("invite") && user.emails.is_empty() => "added-unaddressed",
        (true, true) => "added-uninvited",
        (true, false) => "added",
    }
}

fn noted<T, E: std::error::Error>(done: Result<T, E>, what: &str) -> bool {
    if let Err(error) = &done {
        tracing::warn!(%error, what, "a new user did not get all that was asked for");
    }
    done.is_ok()
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
    beside: &Beside,
    fields: &Fields,
    tried: &Tried,
) -> Result<Account, AccountError> {
    let accounts = site.web.services.accounts.by(&visitor.actor.name);
    let (tenant, pin) = (visitor.actor.tenant, fields.get("pin"));
    let mut beforehand = Vec::new();
    // 002-015
    if pin != fields.get("pin_again") {
        beforehand.push(AccountError::PinsDiffer);
    }
    if !fields.get("role").is_empty() {
        let role = fields.get("role").parse::<Role>();
        if !role.is_ok_and(|role| role == Role::Basic || beside.roles.contains(&role)) {
            let remedy = "choose one of the list";
            beforehand.push(Invalid::new("role", fields.get("role"), remedy).into());
        }
    }
    let typed = TypedUser {
        extension: fields.get("extension").to_owned(),
        first: fields.get("first").to_owned(),
        last: fields.get("last").to_owned(),
        emails: split(&fields.all("email").join(",")).map(str::to_owned).collect(),
        mode: None,
        pin: Some(pin.to_owned()).filter(|pin| !pin.is_empty()).map(Into::into),
        enabled: fields.is_on("enabled"),
    };
    let mut wished = tried.given();
    // 003-01: who types no login name gets the suggested one.
    let login = match fields.get("login").trim() {
        "" => accounts.suggest_login(tenant, &typed.first, &typed.last).await?,
        given => Some(given.to_owned()),
    };
    wished.extend(login.map(|login| (ProfileField::Login, login)));
    accounts.add_typed(tenant, typed, &wished, beforehand).await
}

/// What stands between commas, blanks or lines.
pub(super) fn split(text: &str) -> impl Iterator<Item = &str> {
    text.split([',', ';', ' ', '\n', '\r', '\t']).filter(|part| !part.is_empty())
}
