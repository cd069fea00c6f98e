//! The profile of a user: what is set of them, and what helps them.

pub(in crate::http) mod aliases;
mod changing;
mod face;
pub(super) mod sections;

use askama::Template;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::Response;
use serde::Deserialize;

use crate::domain::{
    Extension, GreetingKind, MailMode, Mailbox, Owner, Role, TenantPolicy, User, UserId, counted,
};
use crate::service::access::Act;
use crate::service::accounts::{Account, AccountError};
use crate::store::{Cleared, Person, Places};

use super::super::answering::PresenceForm;
use super::super::portal::frame::{Done, Frame};
use super::super::portal::{missing, mode_title, trouble, words};
use super::super::seen;
use super::super::shell::render;
use super::super::visitor::{Fields, Posted, Visitor, forbidden, see};
use super::super::{Shared, Site};
use super::marks::Marks;
use super::removed;
use aliases::Alias;
use face::{Face, Has};
use sections::{Section, Tried};

pub(super) use aliases::{add as add_alias, greeting as greet_alias, remove as remove_alias};
pub(super) use changing::change;
pub(super) use sections::change as change_section;

pub(super) const HERE: &str = "/admin/users";
#[derive(Debug, Default, Deserialize)]
pub(super) struct Asked {
    #[serde(default)]
    done: String,
    /// `extension`: it was given just now.
    #[serde(default)]
    new: String,
    /// The extension that was given up just now.
    #[serde(default)]
    was: String,
}

#[derive(Template)]
#[template(path = "portal/user.html", config = "src/http/pages/askama.toml")]
struct UserPage {
    frame: Frame,
    id: String,
    mailbox: String,
    zone_of_tenant: String,
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
    /// Of addresses that others have as well, what that means.
    shared: Vec<String>,
    used: String,
    needs_setup: bool,
    /// What was cleared last, while it can be taken back.
    cleared: Option<String>,
    /// Phones by name with their ids, for who sees phones.
    phones: Option<Vec<(String, String)>>,
    has_pin: bool,
    has_password: bool,
    roles: Vec<Role>,
    may_change: bool,
    may_give: bool,
    /// Fields, and what is wrong with them.
    wrong: Marks,
    /// Of the first section, see [`seen`].
    seen: String,
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
        "added-unaddressed" => said(
            "Added. No invitation went out, as there is no address to mail it to: type one, or set a password by hand.",
        ),
        "added-in-part" => Some(Done::refused(
            "Added, but not with all that was asked for: look at the role, and at the phones.",
        )),
        "saved" => said("Saved."),
        "invited" => said("A link to choose a password is on its way."),
        "password" => said("The password holds from now on; the user is told of it by mail."),
        "unlocked" => said("The mailbox can be opened by phone again."),
        "taken-over" => said(
            "Taken over. What is still to be done, such as a PIN and a greeting, stands below; phones at the extension \
             show the new mailbox, and their ring groups are chosen on the page of each phone.",
        ),
        "theirs" => {
            said("The extension is this user’s by now. If that is whom you meant, nothing is left to do.")
        }
        "reset" => said("Reset. Type the name of whoever comes next, and save."),
        "cleared" => said("Cleared."),
        "taken-back" => said("Taken back. Keys of programs are to be made anew."),
        _ => None,
    };
    let done = match done {
        Some(done) if asked.new == "extension" => Some(warned(&site, &visitor, &id, done).await),
        done => done,
    };
    let done = match (done, asked.was.parse::<Extension>()) {
        (Some(done), Ok(was)) => {
            match site.web.services.accounts.dangling(visitor.actor.tenant, &was).await {
                Ok(dangling) => Some(added(done, &dangling)),
                Err(error) => return trouble(&error),
            }
        }
        (done, _) => done,
    };
    profile(&site, &visitor, &id, done, StatusCode::OK).await
}

/// What was done, with what is to be known besides.
fn added(done: Done, besides: &[String]) -> Done {
    let besides: String = besides.iter().map(|text| format!(" {}.", words::begun(text))).collect();
    Done { text: done.text + &besides, ..done }
}

/// What was done, and that the new extension is recommended to be otherwise (004-02).
async fn warned(site: &Site, visitor: &Visitor, id: &str, done: Done) -> Done {
    let Ok((_, account)) = found(site, visitor, id).await else { return done };
    match site.web.services.people.warning(visitor.actor.tenant, &account.mailbox.extension).await {
        Ok(Some(warning)) => Done { text: format!("{} {}.", done.text, words::begun(&warning)), ..done },
        Ok(None) => done,
        Err(error) => {
            tracing::warn!(%error, "what is recommended of an extension cannot be told");
            done
        }
    }
}

pub(super) async fn profile(
    site: &Site,
    visitor: &Visitor,
    id: &str,
    done: Option<Done>,
    status: StatusCode,
) -> Response {
    tried(site, visitor, id, done, status, Trial::default()).await
}

/// What somebody tried to change, and what is to be mended.
#[derive(Default)]
struct Trial<'a> {
    /// A section.
    section: Tried,
    /// The first one as it was posted.
    posted: Option<&'a Fields>,
    /// Fields of the first one, and what is wrong with them.
    wrong: Marks,
}

/// The profile, with a section as somebody tried to change it.
async fn tried(
    site: &Site,
    visitor: &Visitor,
    id: &str,
    done: Option<Done>,
    status: StatusCode,
    Trial { section: tried, posted, wrong }: Trial<'_>,
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
    let more = match More::of(site, visitor, &user, &mailbox).await {
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
    let rules = &site.web.services.rules;
    let way_to_operator = mailbox.operator.as_deref().is_none_or(|target| rules.is_allowed(target));
    let page = UserPage {
        frame: Frame::new(site, visitor, HERE, None).with(done),
        id: user.id.to_string(),
        mailbox: mailbox.id.to_string(),
        zone_of_tenant: more.zone.clone(),
        presence,
        sees_rules: actor.may(Act::SettingsRead, user.tenant, Some(mailbox.id)),
        name: if user.full_name().is_empty() { mailbox.extension.to_string() } else { user.full_name() },
        login_name: format!("{}@{}", mailbox.extension, more.world),
        sections: sections::of(&user.profile, &actor.fields(&more.policy), &tried),
        aliases: aliases::rows(&numbers, &more.greetings),
        greetings: more.greetings,
        places: more.places,
        shared: more.shared,
        extension: mailbox.extension.to_string(),
        modes: MailMode::ALL.into_iter().map(|mode| (mode, mode_title(mode))).collect(),
        needs_setup: person.needs_setup,
        cleared: cleared.as_ref().map(in_words),
        used: words::used(usage, mailbox.quota),
        has_pin,
        has_password: person.login.has_password,
        roles: Role::ALL
            .into_iter()
            .filter(|role| actor.may_give(*role))
            .filter(|role| more.policy.offers(*role) || *role == person.login.role)
            .collect(),
        may_change: actor.may_change(person.login.role),
        may_give: actor.may_give(person.login.role),
        facts: face.facts(Has { pin: has_pin, name: more.has_name, way_to_operator }),
        phones: more.phones,
        seen: seen::mark(&face),
        form: match posted {
            Some(fields) => face.typed(fields),
            None => face,
        },
        is_open: posted.is_some() || person.needs_setup,
        wrong,
    };
    render(&page, status)
}

/// What was cleared, as people read it.
fn in_words(cleared: &Cleared) -> String {
    let parts: Vec<String> =
        cleared.parts.iter().map(|part| super::reset::title(*part).to_lowercase()).collect();
    let (messages, greetings) =
        (counted(cleared.messages, "message"), counted(cleared.greetings, "greeting"));
    format!("{} ({messages}, {greetings})", parts.join("; "))
}

/// What the page shows beside the account.
struct More {
    policy: TenantPolicy,
    places: Places,
    shared: Vec<String>,
    /// What stands behind the `@`.
    world: String,
    /// The time zone of who has none of their own.
    zone: String,
    greetings: Vec<(String, String)>,
    has_name: bool,
    phones: Option<Vec<(String, String)>>,
}

impl More {
    async fn of(site: &Site, visitor: &Visitor, user: &User, mailbox: &Mailbox) -> Result<Self, Response> {
        let services = &site.web.services;
        let owner = Owner { tenant: user.tenant, mailbox: mailbox.id };
        let known = services.settings.greetings(owner).await.map_err(|error| trouble(&error))?;
        let tenant = services.people.tenant(user.tenant).await.map_err(|error| trouble(&error))?;
        let phones = match visitor.must(Act::PhonesRead) {
            Ok(()) => Some(services.accounts.phones_of(user.tenant, user.id).await),
            Err(_) => None,
        };
        let phones = phones.transpose().map_err(|error| trouble(&error))?.map(|phones| {
            phones.into_iter().map(|phone| (phone.name.to_string(), phone.id.to_string())).collect()
        });
        Ok(Self {
            policy: services.people.policy(user.tenant).await.map_err(|error| trouble(&error))?,
            places: services.accounts.places(user.tenant).await.map_err(|error| trouble(&error))?,
            shared: services.accounts.shared_addresses(user).await.map_err(|error| trouble(&error))?,
            zone: tenant.zone,
            world: tenant.domains.into_iter().next().unwrap_or(tenant.name),
            greetings: aliases::choices(&known),
            has_name: known.iter().any(|one| one.active && one.kind == GreetingKind::Name),
            phones,
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
