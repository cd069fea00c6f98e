//! The profile of a user: what is set of them, and what helps them.

pub(in crate::http) mod aliases;
mod face;
pub(super) mod sections;

use askama::Template;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::Response;
use serde::Deserialize;

use crate::domain::{Login, MailMode, Mailbox, Owner, Quota, Recipient, Role, TenantPolicy, User, UserId};
use crate::service::access::Act;
use crate::service::accounts::{Account, AccountError, Changes};
use crate::store::{Cleared, Person, Places};

use super::super::answering::PresenceForm;
use super::super::portal::frame::{Done, Frame};
use super::super::portal::{missing, mode_title, trouble, words};
use super::super::shell::render;
use super::super::visitor::{Fields, Posted, Visitor, forbidden, see};
use super::super::{Shared, Site};
use super::adding::{Refused, addresses};
use super::removed;
use aliases::Alias;
use face::Face;
use sections::{Section, Tried};

pub(super) use aliases::{add as add_alias, greeting as greet_alias, remove as remove_alias};
pub(super) use sections::change as change_section;

pub(super) const HERE: &str = "/admin/users";
#[derive(Debug, Default, Deserialize)]
pub(super) struct Asked {
    #[serde(default)]
    done: String,
}

#[derive(Template)]
#[template(path = "portal/user.html", config = "src/http/pages/askama.toml")]
struct UserPage {
    frame: Frame,
    id: String,
    mailbox: String,
    sees_rules: bool,
    presence: Option<PresenceForm>,
    name: String,
    /// What stands of the first section …
    facts: Vec<(&'static str, String)>,
    /// … and what is in its form.
    form: Face,
    /// Somebody is to mend the form, or a new person is to be set up.
    is_open: bool,
    extension: String,
    /// `1001@example.org` (002-018).
    login_name: String,
    sections: Vec<Section>,
    modes: Vec<(MailMode, &'static str)>,
    aliases: Vec<Alias>,
    /// Greetings that an alias may have.
    greetings: Vec<(String, String)>,
    places: Places,
    max_messages: String,
    max_megabytes: String,
    used: String,
    needs_setup: bool,
    /// What was cleared last, while it can be taken back.
    cleared: Option<Cleared>,
    has_pin: bool,
    has_password: bool,
    roles: Vec<Role>,
    may_change: bool,
    may_give: bool,
}

pub(super) async fn show(
    State(site): Shared,
    visitor: Visitor,
    Path(id): Path<String>,
    Query(asked): Query<Asked>,
) -> Response {
    let said = |text| Some(Done::said(text));
    let done = match asked.done.as_str() {
        "added" => said("Added. The mailbox takes messages from the next call on."),
        "added-uninvited" => Some(Done::refused(
            "Added, but the invitation could not be sent. Press Invite by mail in a few minutes.",
        )),
        "saved" => said("Saved."),
        "invited" => said("A link to choose a password is on its way."),
        "unlocked" => said("The mailbox can be opened by phone again."),
        "taken-over" => said(
            "Taken over. What is still to be done, such as a PIN and a greeting, stands below; phones at the extension \
             show the new mailbox.",
        ),
        "reset" => said("Reset. Type the name of whoever comes next, and save."),
        "cleared" => said("Cleared."),
        "taken-back" => said("Taken back. Keys of programs are to be made anew."),
        _ => None,
    };
    profile(&site, &visitor, &id, done, StatusCode::OK).await
}

pub(super) async fn profile(
    site: &Site,
    visitor: &Visitor,
    id: &str,
    done: Option<Done>,
    status: StatusCode,
) -> Response {
    tried(site, visitor, id, done, status, &Tried::default(), None).await
}

/// The profile, with a section as somebody tried to change it; the first one as it was posted.
async fn tried(
    site: &Site,
    visitor: &Visitor,
    id: &str,
    done: Option<Done>,
    status: StatusCode,
    tried: &Tried,
    posted: Option<&Fields>,
) -> Response {
    if let Err(response) = visitor.must(Act::UsersRead) {
        return response;
    }
    let (person, account) = match found(site, visitor, id).await {
        Ok(found) => found,
        Err(response) => return response,
    };
    let face = Face::of(&person, &account);
    let Account { user, mailbox, numbers, has_pin, usage } = account;
    let actor = &visitor.actor;
    let more = match More::of(site, &user, &mailbox).await {
        Ok(more) => more,
        Err(response) => return response,
    };
    let cleared = match site.web.services.accounts.last_cleared(user.tenant, &mailbox.extension).await {
        Ok(cleared) => cleared,
        Err(error) => return trouble(&error),
    };
    let presence = match presence(site, visitor, &mailbox).await {
        Ok(presence) => presence,
        Err(response) => return response,
    };
    let page = UserPage {
        frame: Frame::new(site, visitor, HERE, None).with(done),
        id: user.id.to_string(),
        mailbox: mailbox.id.to_string(),
        presence,
        sees_rules: actor.may(Act::SettingsRead, user.tenant, Some(mailbox.id)),
        name: if user.full_name().is_empty() { mailbox.extension.to_string() } else { user.full_name() },
        login_name: format!("{}@{}", mailbox.extension, more.world),
        sections: sections::of(&user.profile, &actor.fields(&more.policy), tried),
        aliases: aliases::rows(&numbers, &more.greetings),
        greetings: more.greetings,
        places: more.places,
        extension: mailbox.extension.to_string(),
        modes: MailMode::ALL.into_iter().map(|mode| (mode, mode_title(mode))).collect(),
        max_messages: face.max_messages.clone(),
        max_megabytes: face.max_megabytes.clone(),
        needs_setup: person.needs_setup,
        cleared,
        used: format!("{} messages, {:.1} MB", usage.messages, usage.bytes as f64 / 1e6),
        has_pin,
        has_password: person.login.has_password,
        roles: Role::ALL
            .into_iter()
            .filter(|role| actor.may_give(*role))
            .filter(|role| more.policy.offers(*role) || *role == person.login.role)
            .collect(),
        may_change: actor.may_change(person.login.role),
        may_give: actor.may_give(person.login.role),
        facts: face.facts(has_pin),
        form: match posted {
            Some(fields) => face.typed(fields),
            None => face,
        },
        is_open: posted.is_some() || person.needs_setup,
    };
    render(&page, status)
}

/// What the page shows beside the account.
struct More {
    policy: TenantPolicy,
    places: Places,
    /// What stands behind the `@`.
    world: String,
    greetings: Vec<(String, String)>,
}

impl More {
    async fn of(site: &Site, user: &User, mailbox: &Mailbox) -> Result<Self, Response> {
        let services = &site.web.services;
        let owner = Owner { tenant: user.tenant, mailbox: mailbox.id };
        let known = services.settings.greetings(owner).await.map_err(|error| trouble(&error))?;
        let tenant = services.people.tenant(user.tenant).await.map_err(|error| trouble(&error))?;
        Ok(Self {
            policy: services.people.policy(user.tenant).await.map_err(|error| trouble(&error))?,
            places: services.accounts.places(user.tenant).await.map_err(|error| trouble(&error))?,
            world: tenant.domains.into_iter().next().unwrap_or(tenant.name),
            greetings: aliases::choices(&known),
        })
    }
}

/// The control of the user's presence, for who sees the mailbox's settings.
async fn presence(
    site: &Site,
    visitor: &Visitor,
    mailbox: &Mailbox,
) -> Result<Option<PresenceForm>, Response> {
    if !visitor.actor.may(Act::SettingsRead, mailbox.tenant, Some(mailbox.id)) {
        return Ok(None);
    }
    let tenant = site.web.services.people.tenant(mailbox.tenant).await.map_err(|error| trouble(&error))?;
    let owner = Owner { tenant: mailbox.tenant, mailbox: mailbox.id };
    let (path, zone) = (format!("/answering/{}", mailbox.id), words::zone(Some(mailbox), &tenant));
    PresenceForm::of(site, owner, path, &zone).await
}

/// A user of the visitor's tenant, with a mailbox.
async fn found(site: &Site, visitor: &Visitor, id: &str) -> Result<(Person, Account), Response> {
    let id: UserId = id.parse().map_err(|_| missing())?;
    let tenant = visitor.actor.tenant;
    let services = &site.web.services;
    let person = services.people.person(tenant, id).await.map_err(|error| trouble(&error))?;
    let person = person.ok_or_else(missing)?;
    let mailbox = person.mailbox.as_ref().ok_or_else(missing)?;
    match services.accounts.show(tenant, &mailbox.extension).await {
        Ok(account) => Ok((person, account)),
        Err(AccountError::NoMailbox(_)) => Err(missing()),
        Err(error) => Err(trouble(&error)),
    }
}

/// As [`found`], of somebody whom the visitor may change.
pub(super) async fn changeable(
    site: &Site,
    visitor: &Visitor,
    id: &str,
) -> Result<(Person, Account), Response> {
    visitor.must(Act::UsersWrite)?;
    let (person, account) = found(site, visitor, id).await?;
    if visitor.actor.may_change(person.login.role) { Ok((person, account)) } else { Err(forbidden()) }
}

pub(super) async fn change(State(site): Shared, Path(id): Path<String>, posted: Posted) -> Response {
    let Posted { visitor, fields } = posted;
    let (person, account) = match changeable(&site, &visitor, &id).await {
        Ok(found) => found,
        Err(response) => return response,
    };
    match changed(&site, &visitor, &fields, &person, &account).await {
        Ok(()) => see(&site, &format!("{HERE}/{id}?done=saved")),
        Err(Refused::Mend(why)) => {
            let (done, status) = (Some(Done::refused(why)), StatusCode::UNPROCESSABLE_ENTITY);
            tried(&site, &visitor, &id, done, status, &Tried::default(), Some(&fields)).await
        }
        Err(Refused::Response(response)) => *response,
    }
}

async fn changed(
    site: &Site,
    visitor: &Visitor,
    fields: &Fields,
    person: &Person,
    account: &Account,
) -> Result<(), Refused> {
    let services = &site.web.services;
    let tenant = visitor.actor.tenant;
    let policy = services.people.policy(tenant).await;
    let policy = policy.map_err(|error| Refused::Response(Box::new(trouble(&error))))?;
    let login = wanted(visitor, fields, person, &policy)?;
    let emails = addresses(fields.get("emails"))?;
    let modes = account.mailbox.recipients.iter().zip(fields.all("mode"));
    let modes = modes
        .filter(|(recipient, _)| emails.contains(&recipient.address))
        .map(|(recipient, mode)| Ok(Recipient { address: recipient.address.clone(), mode: mode.parse()? }))
        .collect::<Result<Vec<_>, crate::domain::Invalid>>()?;
    let messages = limit(fields.get("max_messages"), "messages")?;
    let bytes = match limit::<u32>(fields.get("max_megabytes"), "megabytes")? {
        // A limit that is not of whole megabytes stays as it is while nobody changes it.
        Some(most) if account.mailbox.quota.bytes.map(|bytes| bytes / 1_000_000) == Some(most.into()) => {
            account.mailbox.quota.bytes
        }
        most => most.map(|most| u64::from(most) * 1_000_000),
    };
    let changes = Changes {
        extension: Some(fields.get("extension").trim().parse()?),
        first: Some(fields.get("first").to_owned()),
        last: Some(fields.get("last").to_owned()),
        emails: Some(emails),
        modes,
        enabled: Some(fields.is_on("enabled")),
        announce: Some(fields.is_on("announce")),
        quota: Some(Quota { messages, bytes }),
        pin: Some(fields.get("pin").to_owned()).filter(|pin| !pin.is_empty()).map(Into::into),
        ..Changes::default()
    };
    let accounts = services.accounts.by(&visitor.actor.name);
    accounts.set(tenant, &account.mailbox.extension, changes).await?;
    if let Some(login) = login {
        services.signin.by(&visitor.actor.name).set_login(&person.login, &login).await?;
    }
    Ok(())
}

/// A limit; empty for none.
fn limit<T: std::str::FromStr>(text: &str, of: &str) -> Result<Option<T>, Refused> {
    let text = text.trim();
    let wrong = |_| Refused::Mend(format!("The limit is a number of {of}, or empty for none."));
    if text.is_empty() { Ok(None) } else { text.parse().map(Some).map_err(wrong) }
}

/// Role and web access, where they change and the visitor may give them.
fn wanted(
    visitor: &Visitor,
    fields: &Fields,
    person: &Person,
    policy: &TenantPolicy,
) -> Result<Option<Login>, Refused> {
    let before = &person.login;
    if fields.get("role").is_empty() || !visitor.actor.may_give(before.role) {
        return Ok(None);
    }
    let role: Role = fields.get("role").parse()?;
    if !visitor.actor.may_give(role) {
        return Err(Refused::Response(Box::new(forbidden())));
    }
    // 002-046
    if role != before.role && !policy.offers(role) {
        return Err(Refused::Mend("There are no queues here: choose another role.".to_owned()));
    }
    let login = Login { role, portal: fields.is_on("portal"), ..before.clone() };
    if login == *before {
        return Ok(None);
    }
    if visitor.actor.is(person.user.id) {
        return Err(Refused::Mend("Your own role and access are changed by somebody else.".to_owned()));
    }
    Ok(Some(login))
}

/// Removes a user whose extension was typed again (004-10).
pub(super) async fn remove(State(site): Shared, Path(id): Path<String>, posted: Posted) -> Response {
    let Posted { visitor, fields } = posted;
    let (person, account) = match changeable(&site, &visitor, &id).await {
        Ok(found) => found,
        Err(response) => return response,
    };
    let (tenant, extension) = (visitor.actor.tenant, &account.mailbox.extension);
    let refused = if visitor.actor.is(person.user.id) {
        Some("You cannot remove yourself.")
    } else if fields.get("extension").trim() != extension.as_str() {
        Some("Nothing was removed: type the extension of this user to confirm.")
    } else {
        None
    };
    if let Some(why) = refused {
        let done = Some(Done::refused(why));
        return removed::page_of(&site, &visitor, &id, done, StatusCode::UNPROCESSABLE_ENTITY).await;
    }
    let accounts = site.web.services.accounts.by(&visitor.actor.name);
    if let Err(error) = accounts.remove(tenant, extension).await {
        return trouble(&error);
    }
    see(&site, &format!("{HERE}?done=removed&user={id}"))
}
