//! What people set for themselves: mail by address, order on the phone, PIN, password, where they are signed in.

use askama::Template;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::Response;
use secrecy::ExposeSecret as _;
use serde::Deserialize;

use crate::domain::{MailMode, Mailbox, Owner, PhoneSettings, Recipient, SessionId};
use crate::service::access::Door;
use crate::service::accounts::Changes;
use crate::service::login::ChangeFault;
use crate::service::signin::{PasswordFault, SHORTEST, SigninError};

use super::super::answering::PresenceForm;
use super::super::seen;
use super::super::shell::render;
use super::super::visitor::{Posted, Visitor, see};
use super::super::{Shared, Site};
use super::frame::{Done, Frame};
use super::inbox::refused;
use super::own_operator::{OwnOperator, Tried};
use super::own_profile::OwnProfile;
use super::sign_in::sentence;
use super::{missing, second_factor, trouble, words};

#[derive(Template)]
#[template(path = "portal/settings.html", config = "src/http/pages/askama.toml")]
struct SettingsPage {
    frame: Frame,
    mailbox: Option<Own>,
    has_password: bool,
    shortest: usize,
    factor: String,
    sessions: Vec<Row>,
    presence: Option<PresenceForm>,
}

/// What only somebody with a mailbox sets.
struct Own {
    extension: String,
    zone: String,
    zone_of_tenant: String,
    recipients: Vec<Recipient>,
    modes: Vec<(MailMode, &'static str)>,
    attachment: &'static str,
    phone: PhoneSettings,
    has_pin: bool,
    used: String,
    profile: OwnProfile,
    pin_at_least: u8,
    operator: OwnOperator,
    /// Of the mail form and the phone form, see [`seen`].
    seen_mail: String,
    seen_phone: String,
}

struct Row {
    id: String,
    is_this: bool,
    user_agent: String,
    address: String,
    last: String,
}

#[derive(Deserialize)]
pub(super) struct Asked {
    #[serde(default)]
    done: String,
}

pub(super) async fn page(State(site): Shared, visitor: Visitor, Query(asked): Query<Asked>) -> Response {
    let done = match asked.done.as_str() {
        "mail" => Some("Your mail settings are saved."),
        "profile" => Some("Your profile is saved."),
        "phone" => Some("Your phone settings are saved."),
        "operator" => Some("Saved. The next caller who presses 0 is put through there."),
        "pin" => Some("Your new PIN holds from the next call on."),
        "password" => Some("Your new password holds. All other browsers are signed out."),
        "session" => Some("That browser is signed out."),
        _ => None,
    };
    shown(&site, &visitor, done.map(Done::said), StatusCode::OK).await
}

pub(super) async fn shown(
    site: &Site,
    visitor: &Visitor,
    done: Option<Done>,
    status: StatusCode,
) -> Response {
    match view(site, visitor, done, None).await {
        Ok(page) => render(&page, status),
        Err(response) => response,
    }
}

/// The page with what somebody tried, marked.
pub(super) async fn tried(site: &Site, visitor: &Visitor, tried: Tried) -> Response {
    let done = Some(Done::refused("Nothing was changed: see what is marked."));
    match view(site, visitor, done, Some(tried)).await {
        Ok(page) => render(&page, StatusCode::UNPROCESSABLE_ENTITY),
        Err(response) => response,
    }
}

async fn view(
    site: &Site,
    visitor: &Visitor,
    done: Option<Done>,
    tried: Option<Tried>,
) -> Result<SettingsPage, Response> {
    let services = &site.web.services;
    let actor = &visitor.actor;
    let user = actor.user.ok_or_else(missing)?;
    let login = services.signin.login(actor.tenant, user).await.map_err(|error| trouble(&error))?;
    let tenant = services.people.tenant(actor.tenant).await.map_err(|error| trouble(&error))?;
    let (mailbox, unheard) = match actor.mailbox {
        Some(_) => {
            let owner = visitor.owner()?;
            (
                Some(own(site, visitor, owner, tried).await?),
                Some(services.inbox.counts(owner).await.map_err(refused)?.new),
            )
        }
        None => (None, None),
    };
    let own_box = match actor.mailbox {
        Some(_) => Some(services.settings.show(visitor.owner()?).await.map_err(refused)?),
        None => None,
    };
    let (zone, now) = (words::zone(own_box.as_ref(), &tenant), site.web.clock.now());
    let sessions = services.signin.sessions(actor.tenant, user).await.map_err(|error| trouble(&error))?;
    let sessions = sessions.into_iter().map(|session| Row {
        id: session.id.to_string(),
        is_this: actor.door == Door::Session(session.id),
        user_agent: browser(&session.user_agent),
        address: session.address,
        last: words::when(session.last_at, now, &zone),
    });
    let factor = services.signin.second_factor(actor.tenant, user).await.map_err(|error| trouble(&error))?;
    let factor = factor.and_then(|factor| Some((factor.active?.1, factor.codes)));
    let presence = match actor.mailbox {
        Some(_) => PresenceForm::of(site, visitor.owner()?, "/answering/me".to_owned(), &zone).await?,
        None => None,
    };
    Ok(SettingsPage {
        presence,
        factor: match factor {
            Some((since, codes)) => {
                format!("On since {}; {} left.", words::stamp(since, &zone), second_factor::codes_left(codes))
            }
            None => "Off. With it, a password that somebody found out opens nothing.".to_owned(),
        },
        frame: Frame::new(site, visitor, "/settings", unheard).with(done),
        mailbox,
        has_password: login.has_password,
        shortest: SHORTEST,
        sessions: sessions.collect(),
    })
}

async fn own(site: &Site, visitor: &Visitor, owner: Owner, tried: Option<Tried>) -> Result<Own, Response> {
    let services = &site.web.services;
    let mailbox = services.settings.show(owner).await.map_err(refused)?;
    let tenant = services.inbox.tenant(owner).await.map_err(refused)?;
    let account = services.accounts.show(owner.tenant, &mailbox.extension).await;
    let account = account.map_err(|error| trouble(&error))?;
    let operator = OwnOperator::of(&services.rules, &mailbox, tenant.operator.as_deref(), tried);
    let (seen_mail, seen_phone) = (seen::mark(&mail_of(&mailbox)), seen::mark(&mailbox.phone));
    Ok(Own {
        profile: OwnProfile::of(site, &visitor.actor, &account.user.profile).await?,
        extension: mailbox.extension.to_string(),
        seen_mail,
        seen_phone,
        zone: mailbox.zone.clone().unwrap_or_default(),
        zone_of_tenant: tenant.zone,
        recipients: mailbox.recipients.clone(),
        modes: MailMode::ALL.into_iter().map(|mode| (mode, mode_title(mode))).collect(),
        attachment: mailbox.attachment.as_str(),
        phone: mailbox.phone,
        has_pin: account.has_pin,
        used: words::used(account.usage, mailbox.quota),
        operator,
        pin_at_least: services.login.policy().shortest,
    })
}

/// What the mail form shows and changes.
fn mail_of(mailbox: &Mailbox) -> impl std::fmt::Debug {
    (&mailbox.recipients, mailbox.attachment, &mailbox.zone)
}

/// 002-073 … 002-077
pub(in crate::http) const fn mode_title(mode: MailMode) -> &'static str {
    use crate::domain::AfterMail as A;
    match mode {
        MailMode::None => "No mail",
        MailMode::Link => "A mail with a link",
        MailMode::BriefLink => "A short mail with a link",
        MailMode::Attachment(A::LeaveNew) => "A mail with audio, kept new",
        MailMode::Attachment(A::Save) => "A mail with audio, then saved",
        MailMode::Attachment(A::Trash) => "A mail with audio, then trash",
        MailMode::BriefAttachment(A::LeaveNew) => "Short with audio, kept new",
        MailMode::BriefAttachment(A::Save) => "Short with audio, then saved",
        MailMode::BriefAttachment(A::Trash) => "Short with audio, then trash",
    }
}

/// A browser by the name that people know it by.
fn browser(user_agent: &str) -> String {
    let known = [
        ("Edg/", "Edge"),
        ("OPR/", "Opera"),
        ("Firefox/", "Firefox"),
        ("Chrome/", "Chrome"),
        ("Safari/", "Safari"),
    ];
    let name =
        known.into_iter().find(|(mark, _)| user_agent.contains(mark)).map_or("A browser", |(_, name)| name);
    let systems = [
        ("iPhone", "iPhone"),
        ("iPad", "iPad"),
        ("Android", "Android"),
        ("Windows", "Windows"),
        ("Macintosh", "macOS"),
        ("Linux", "Linux"),
    ];
    match systems.into_iter().find(|(mark, _)| user_agent.contains(mark)) {
        Some((_, system)) => format!("{name} on {system}"),
        None => name.to_owned(),
    }
}

pub(super) async fn mail(State(site): Shared, posted: Posted) -> Response {
    let changed = async {
        let owner = posted.visitor.owner()?;
        let services = &site.web.services;
        let before = services.settings.show(owner).await.map_err(refused)?;
        if seen::is_stale(&posted.fields, &mail_of(&before)) {
            return Ok(Err(seen::CHANGED.to_owned()));
        }
        let modes: Vec<Recipient> = before
            .recipients
            .iter()
            .zip(posted.fields.all("mode"))
            .filter_map(|(recipient, mode)| {
                Some(Recipient { address: recipient.address.clone(), mode: mode.parse().ok()? })
            })
            .collect();
        let zone = posted.fields.get("zone").trim().to_owned();
        let changes = Changes {
            modes,
            attachment: posted.fields.get("attachment").parse().ok(),
            zone: Some((!zone.is_empty()).then_some(zone)),
            ..Changes::default()
        };
        if let Err(error) = services
            .accounts
            .by(&posted.visitor.actor.name)
            .set(owner.tenant, &before.extension, changes)
            .await
        {
            return Ok(Err(sentence(&error)));
        }
        Ok::<_, Response>(Ok(()))
    };
    answer(&site, &posted.visitor, changed.await, "mail").await
}

/// Sends a test mail to one of the own addresses; the page says what the mail server answered.
pub(super) async fn test_mail(State(site): Shared, posted: Posted) -> Response {
    let visitor = &posted.visitor;
    let services = &site.web.services;
    let to = async {
        let (owner, user) = (visitor.owner()?, visitor.actor.user.ok_or_else(missing)?);
        let own = services.settings.show(owner).await.map_err(refused)?.recipients;
        let to = own.into_iter().find(|own| own.address.as_str() == posted.fields.get("address"));
        Ok::<_, Response>((user, to.ok_or_else(missing)?.address))
    };
    let (user, to) = match to.await {
        Ok(to) => to,
        Err(response) => return response,
    };
    let (done, status) = match services.trials.mail_now(&site.web.store, user, to.clone()).await {
        Ok(said) => (Done::said(format!("Test mail to {to}: {said}")), StatusCode::OK),
        Err(why) => {
            let why = format!("Test mail to {to}: {}.", why.to_string().trim_end_matches('.'));
            (Done::refused(why), StatusCode::UNPROCESSABLE_ENTITY)
        }
    };
    shown(&site, visitor, Some(done), status).await
}

pub(super) async fn phone(State(site): Shared, posted: Posted) -> Response {
    let changed = async {
        let owner = posted.visitor.owner()?;
        let settings = site.web.services.settings.by(&posted.visitor.actor.name);
        let before = site.web.services.settings.show(owner).await.map_err(refused)?;
        if seen::is_stale(&posted.fields, &before.phone) {
            return Ok(Err(seen::CHANGED.to_owned()));
        }
        let is_on = |name: &str| posted.fields.is_on(name);
        let update = |phone: &mut PhoneSettings| {
            phone.newest_first = is_on("newest_first");
            phone.urgent_first = is_on("urgent_first");
            phone.auto_play = is_on("auto_play");
            phone.key_help = is_on("key_help");
            phone.announce = is_on("announce");
            phone.envelope.time = is_on("envelope_time");
            phone.envelope.caller = is_on("envelope_caller");
            phone.envelope.duration = is_on("envelope_duration");
            if let Ok(speed) = posted.fields.get("speed_percent").parse() {
                phone.speed_percent = speed;
            }
        };
        settings.update(owner, update).await.map_err(refused)?;
        Ok::<_, Response>(Ok(()))
    };
    answer(&site, &posted.visitor, changed.await, "phone").await
}

pub(super) async fn pin(State(site): Shared, posted: Posted) -> Response {
    let changed = async {
        let owner = posted.visitor.owner()?;
        let (pin, again) = (posted.fields.secret("pin"), posted.fields.secret("again"));
        if pin.expose_secret() != again.expose_secret() {
            return Ok(Err("The two PINs are not the same: type them once more.".to_owned()));
        }
        match site.web.services.login.by(&posted.visitor.actor.name).change_pin(owner, pin).await {
            Ok(()) => {}
            Err(ChangeFault::Pin(fault)) => return Ok(Err(sentence(&fault))),
            Err(error) => return Err(trouble(&error)),
        }
        Ok::<_, Response>(Ok(()))
    };
    answer(&site, &posted.visitor, changed.await, "pin").await
}

pub(super) async fn password(State(site): Shared, posted: Posted) -> Response {
    let changed = async {
        let actor = &posted.visitor.actor;
        let user = actor.user.ok_or_else(missing)?;
        let field = |name: &str| posted.fields.secret(name);
        if posted.fields.get("password") != posted.fields.get("again") {
            return Ok(Err(sentence(&PasswordFault::Differ)));
        }
        let keep = match actor.door {
            Door::Session(id) => Some(id),
            Door::Key(..) | Door::Console => None,
        };
        let signin = site.web.services.signin.by(&actor.name);
        match signin.change_password(actor.tenant, user, keep, field("old"), field("password")).await {
            Ok(()) => {}
            Err(SigninError::Refused) => {
                return Ok(Err(
                    "Your old password is not right. After too many tries, wait 15 minutes.".to_owned()
                ));
            }
            Err(SigninError::Password(fault)) => return Ok(Err(sentence(&fault))),
            Err(error) => return Err(trouble(&error)),
        }
        Ok::<_, Response>(Ok(()))
    };
    answer(&site, &posted.visitor, changed.await, "password").await
}

pub(super) async fn end_session(State(site): Shared, Path(id): Path<String>, posted: Posted) -> Response {
    let ended = async {
        let actor = &posted.visitor.actor;
        let (user, id) = (actor.user.ok_or_else(missing)?, id.parse::<SessionId>().map_err(|_| missing())?);
        match site.web.services.signin.by(&actor.name).end_session(actor.tenant, user, id).await {
            Ok(()) => {}
            Err(SigninError::Store(crate::store::StoreError::Missing { .. })) => return Err(missing()),
            Err(error) => return Err(trouble(&error)),
        }
        Ok::<_, Response>(Ok(()))
    };
    answer(&site, &posted.visitor, ended.await, "session").await
}

/// Back to the page with a word, or the page with what is to be mended.
async fn answer(
    site: &Site,
    visitor: &Visitor,
    outcome: Result<Result<(), String>, Response>,
    done: &str,
) -> Response {
    match outcome {
        Ok(Ok(())) => see(site, &format!("/settings?done={done}")),
        Ok(Err(why)) => {
            shown(site, visitor, Some(Done::refused(why)), StatusCode::UNPROCESSABLE_ENTITY).await
        }
        Err(response) => response,
    }
}
