//! What people set for themselves: how they are told, their phone, PIN, password, where they are signed in. And what is
//! thrown away for good.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse as _, Response};
use axum::{Extension, Json};
use secrecy::SecretString;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::domain::{Mailbox, Mark, MessageId, Owner, PhoneSettings, Recipient, Role, SessionId, UserId};
use crate::service::access::{Actor, Door};
use crate::service::accounts::Changes;
use crate::service::audit::Deed;
use crate::service::signin::SigninError;
use crate::service::trials::MailFault;

use super::super::Site;
use super::caller::Caller;
use super::page;
use super::problem::Problem;
use super::tag::{answer, must_match, unless_known};

type Answer = Result<Response, Problem>;

fn settings_json(mailbox: &Mailbox) -> Value {
    let phone = &mailbox.phone;
    json!({
        "mailbox": mailbox.id,
        "extension": mailbox.extension,
        "mail": mailbox.recipients,
        "attachment": mailbox.attachment,
        "zone": mailbox.zone,
        "language": mailbox.language,
        "operator": mailbox.operator,
        "keys": phone.keys,
        "newest_first": phone.newest_first,
        "urgent_first": phone.urgent_first,
        "say_time": phone.envelope.time,
        "say_caller": phone.envelope.caller,
        "say_length": phone.envelope.duration,
        "speed_percent": phone.speed_percent,
        "gain_db": phone.gain_db,
        "auto_play": phone.auto_play,
        "key_help": phone.key_help,
        "announce": phone.announce,
    })
}

pub(super) async fn settings(
    State(site): State<Arc<Site>>,
    Extension(caller): Extension<Caller>,
    Path(mailbox): Path<String>,
    headers: HeaderMap,
) -> Answer {
    let mailbox = site.web.services.settings.show(caller.owner(&mailbox)?).await?;
    Ok(unless_known(&headers, &settings_json(&mailbox)))
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Changing {
    mail: Option<Vec<Recipient>>,
    attachment: Option<String>,
    #[serde(default, deserialize_with = "super::greetings::given")]
    zone: Option<Option<String>>,
    #[serde(default, deserialize_with = "super::greetings::given")]
    language: Option<Option<String>>,
    #[serde(default, deserialize_with = "super::greetings::given")]
    operator: Option<Option<String>>,
    newest_first: Option<bool>,
    urgent_first: Option<bool>,
    say_time: Option<bool>,
    say_caller: Option<bool>,
    say_length: Option<bool>,
    speed_percent: Option<u16>,
    gain_db: Option<i8>,
    auto_play: Option<bool>,
    key_help: Option<bool>,
    announce: Option<bool>,
}

impl Changing {
    fn apply(&self, phone: &mut PhoneSettings) {
        fn set<T: Copy>(place: &mut T, value: Option<T>) {
            *place = value.unwrap_or(*place);
        }
        set(&mut phone.newest_first, self.newest_first);
        set(&mut phone.urgent_first, self.urgent_first);
        set(&mut phone.envelope.time, self.say_time);
        set(&mut phone.envelope.caller, self.say_caller);
        set(&mut phone.envelope.duration, self.say_length);
        set(&mut phone.speed_percent, self.speed_percent);
        set(&mut phone.gain_db, self.gain_db);
        set(&mut phone.auto_play, self.auto_play);
        set(&mut phone.key_help, self.key_help);
        set(&mut phone.announce, self.announce);
    }
}

/// The mailbox, if the caller may change it: the own one, or reached and of somebody whom `may` allows.
pub(super) async fn changeable(
    site: &Site,
    caller: &Caller,
    mailbox: &str,
    may: fn(&Actor, Role) -> bool,
) -> Result<(Owner, Mailbox), Problem> {
    let owner = caller.owner(mailbox)?;
    let services = &site.web.services;
    let mailbox = services.settings.show(owner).await?;
    if let Some(user) = mailbox.user.filter(|user| !caller.actor.is(*user))
        && let Some(person) = services.people.person(owner.tenant, user).await?
        && !may(&caller.actor, person.login.role)
    {
        return Err(Problem::forbidden());
    }
    Ok((owner, mailbox))
}

pub(super) async fn change(
    State(site): State<Arc<Site>>,
    Extension(caller): Extension<Caller>,
    Path(mailbox): Path<String>,
    headers: HeaderMap,
    Json(changing): Json<Changing>,
) -> Answer {
    let (owner, before) = changeable(&site, &caller, &mailbox, Actor::stands_over).await?;
    let was = settings_json(&before);
    must_match(&headers, &was)?;
    let operator = changing.operator.clone().map(|to| to.map(|to| to.trim().to_owned()));
    if let Some(Some(to)) = operator.as_ref().filter(|to| **to != before.operator) {
        let checked = site.web.services.rules.check_operator(&before.extension, to);
        checked.map_err(|error| Problem::field("operator", error.to_string()))?;
    }
    let changes = Changes {
        operator,
        modes: changing.mail.clone().unwrap_or_default(),
        attachment: changing.attachment.as_deref().map(str::parse).transpose()?,
        zone: changing.zone.clone(),
        language: changing.language.clone(),
        ..Changes::default()
    };
    site.web.services.accounts.by(&caller.actor.name).set(owner.tenant, &before.extension, changes).await?;
    let after = site
        .web
        .services
        .settings
        .by(&caller.actor.name)
        .update(owner, |phone| changing.apply(phone))
        .await?;
    let told = settings_json(&after);
    Ok(answer(StatusCode::OK, &told))
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Testing {
    address: String,
}

/// What the mail server says is the answer, whether it took the mail or not.
pub(super) async fn test_mail(
    State(site): State<Arc<Site>>,
    Extension(caller): Extension<Caller>,
    Path(mailbox): Path<String>,
    Json(testing): Json<Testing>,
) -> Answer {
    let (_, mailbox) = changeable(&site, &caller, &mailbox, Actor::stands_over).await?;
    let known = mailbox.recipients.iter().find(|known| known.address.as_str() == testing.address.trim());
    let none =
        || Problem::field("address", "this is no address of the mailbox: `mail` of its settings has them");
    let to = known.ok_or_else(none)?.address.clone();
    let user = mailbox.user.ok_or_else(|| Problem::missing("user"))?;
    let (accepted, said) = match site.web.services.trials.mail_now(&site.web.store, user, to.clone()).await {
        Ok(said) => (true, said),
        Err(fault @ MailFault::TooOften) => {
            return Err(Problem::new(StatusCode::TOO_MANY_REQUESTS, fault.to_string()));
        }
        Err(MailFault::Failed(why)) => (false, why),
    };
    let told = json!({"address": to, "accepted": accepted, "said": said});
    let deed = Deed { action: "mail.tested", target: format!("mailbox {}", mailbox.extension) };
    site.web.services.audit.note(&caller.actor, caller.tenant, deed, None::<&()>, Some(&told)).await;
    Ok(Json(told).into_response())
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct NewPin {
    pin: SecretString,
}

/// Who is let in by phone concerns the user: for somebody else it takes who may change users.
pub(super) async fn pin(
    State(site): State<Arc<Site>>,
    Extension(caller): Extension<Caller>,
    Path(mailbox): Path<String>,
    Json(new): Json<NewPin>,
) -> Answer {
    let (owner, _) = changeable(&site, &caller, &mailbox, Actor::may_change).await?;
    site.web.services.login.by(&caller.actor.name).change_pin(owner, new.pin).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

pub(super) async fn counts(
    State(site): State<Arc<Site>>,
    Extension(caller): Extension<Caller>,
    Path(mailbox): Path<String>,
) -> Answer {
    let counts = site.web.services.inbox.counts(caller.owner(&mailbox)?).await?;
    Ok(Json(json!(counts)).into_response())
}

/// Gone for good, and only out of the trash.
pub(super) async fn purge(
    State(site): State<Arc<Site>>,
    Extension(caller): Extension<Caller>,
    Path((mailbox, id)): Path<(String, String)>,
) -> Answer {
    let owner = caller.owner(&mailbox)?;
    let id: MessageId = id.parse().map_err(|_| Problem::missing("message"))?;
    let services = &site.web.services;
    let message = services.inbox.message(owner, id).await?;
    if message.folder != crate::domain::Folder::Trash {
        return Err(Problem::new(
            StatusCode::CONFLICT,
            "only what lies in the trash is thrown away: mark it trash first",
        ));
    }
    services.retrieval.mark(owner, id, Mark::Purge).await?;
    let deed = Deed { action: "message.purged", target: format!("message {id}") };
    services.audit.note(&caller.actor, caller.tenant, deed, None::<&()>, None::<&()>).await;
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// The own user; a key that is nobody's has none.
fn own_user(caller: &Caller) -> Result<UserId, Problem> {
    caller.actor.user.ok_or_else(|| Problem::missing("user"))
}

pub(super) async fn sessions(State(site): State<Arc<Site>>, Extension(caller): Extension<Caller>) -> Answer {
    let user = own_user(&caller)?;
    let sessions = site.web.services.signin.sessions(caller.actor.tenant, user).await?;
    let items: Vec<Value> = sessions
        .into_iter()
        .map(|session| {
            json!({
                "id": session.id,
                "browser": session.user_agent,
                "address": session.address,
                "created_at": session.created_at,
                "last_at": session.last_at,
                "is_this": caller.actor.door == Door::Session(session.id),
            })
        })
        .collect();
    Ok(page(items, None::<&str>))
}

pub(super) async fn end_session(
    State(site): State<Arc<Site>>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
) -> Answer {
    let user = own_user(&caller)?;
    let id: SessionId = id.parse().map_err(|_| Problem::missing("session"))?;
    site.web.services.signin.by(&caller.actor.name).end_session(caller.actor.tenant, user, id).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct NewPassword {
    old: SecretString,
    new: SecretString,
}

/// Ends every other session of the user.
pub(super) async fn password(
    State(site): State<Arc<Site>>,
    Extension(caller): Extension<Caller>,
    Json(asked): Json<NewPassword>,
) -> Answer {
    let (actor, user) = (&caller.actor, own_user(&caller)?);
    let keep = match actor.door {
        Door::Session(id) => Some(id),
        Door::Key(..) | Door::Console => None,
    };
    let signin = site.web.services.signin.by(&actor.name);
    match signin.change_password(actor.tenant, user, keep, asked.old, asked.new).await {
        Ok(()) => {}
        Err(SigninError::Refused) => {
            let why = "this is not the old password; after too many tries, wait 15 minutes";
            return Err(Problem::field("old", why));
        }
        Err(SigninError::Password(fault)) => return Err(Problem::field("new", fault.to_string())),
        Err(error) => return Err(error.into()),
    }
    Ok(StatusCode::NO_CONTENT.into_response())
}
