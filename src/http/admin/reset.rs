//! Resetting a user, and the way back for a day (002-067, 002-093, 002-094).

use std::collections::BTreeSet;

use askama::Template;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::Response;
use serde::Deserialize;

use crate::domain::{Clear, Recipient, counted};
use crate::service::accounts::{Account, AccountError};
use crate::service::retention::BIN;
use crate::store::{Holdings, Person};

use super::super::portal::frame::{Done, Frame};
use super::super::portal::{mode_title, sentence, trouble};
use super::super::shell::render;
use super::super::visitor::{Posted, Visitor, see};
use super::super::{Shared, Site};
use super::users::{HERE, changeable, profile};

#[derive(Template)]
#[template(path = "portal/user_reset.html", config = "src/http/pages/askama.toml")]
struct ResetPage {
    frame: Frame,
    id: String,
    name: String,
    extension: String,
    parts: Vec<Part>,
    days: u64,
}

/// A line of the form: a part, and what comes of clearing it here.
struct Part {
    word: &'static str,
    title: &'static str,
    effect: String,
    is_chosen: bool,
}

#[derive(Debug, Default, Deserialize)]
pub(super) struct Asked {
    /// Choose every part.
    #[serde(default)]
    all: String,
}

/// What can be cleared, and what comes of it.
pub(super) async fn choose(
    State(site): Shared,
    visitor: Visitor,
    Path(id): Path<String>,
    Query(asked): Query<Asked>,
) -> Response {
    let chosen = if asked.all.is_empty() { BTreeSet::new() } else { Clear::ALL.into() };
    page(&site, &visitor, &id, &chosen, None, StatusCode::OK).await
}

async fn page(
    site: &Site,
    visitor: &Visitor,
    id: &str,
    chosen: &BTreeSet<Clear>,
    done: Option<Done>,
    status: StatusCode,
) -> Response {
    let (person, account) = match changeable(site, visitor, id).await {
        Ok(found) => found,
        Err(response) => return response,
    };
    let accounts = &site.web.services.accounts;
    let holdings = match accounts.holdings(visitor.actor.tenant, &account.mailbox.extension).await {
        Ok(holdings) => holdings,
        Err(error) => return trouble(&error),
    };
    let part = |part: Clear| Part {
        word: part.as_str(),
        title: title(part),
        effect: effect(part, &person, &account, &holdings),
        is_chosen: chosen.contains(&part),
    };
    let name = person.user.full_name();
    let extension = account.mailbox.extension.to_string();
    let page = ResetPage {
        frame: Frame::new(site, visitor, HERE, None).with(done),
        id: id.to_owned(),
        name: if name.is_empty() { extension.clone() } else { name },
        parts: Clear::ALL.into_iter().map(part).collect(),
        extension,
        days: BIN.as_secs() / 86_400,
    };
    render(&page, status)
}

pub(super) const fn title(part: Clear) -> &'static str {
    match part {
        Clear::Name => "Name, user ID and role",
        Clear::Emails => "E-mail addresses",
        Clear::Password => "Password",
        Clear::Pin => "Voicemail PIN",
        Clear::Messages => "Messages",
        Clear::Greetings => "Greetings",
        Clear::RecordedName => "Recorded name",
        Clear::Rules => "Rules, hours and lists",
        Clear::Numbers => "Further numbers",
        Clear::Phones => "Extra phones",
    }
}

/// `ada@example.org (link)`, for each.
pub(super) fn told(recipients: &[Recipient]) -> String {
    let one = |to: &Recipient| format!("{} ({})", to.address, mode_title(to.mode));
    let all: Vec<String> = recipients.iter().map(one).collect();
    if all.is_empty() { "nobody".to_owned() } else { all.join(", ") }
}

fn effect(part: Clear, person: &Person, account: &Account, holdings: &Holdings) -> String {
    let Holdings { messages, unheard, greetings, names, rules, lists, links, mails, phones, .. } = *holdings;
    match part {
        Clear::Name => {
            let (role, basic) = (person.login.role, crate::domain::Role::Basic);
            let lost = if role == basic {
                String::new()
            } else {
                format!(" The role {} becomes {}.", role.title(), basic.title())
            };
            format!(
                "The name is blank until somebody is set up.{lost} A second factor, user ID, mobile phone and SIP address are taken away, and neither callers nor contacts have the name. Language, time zone, limits, what the mailbox says and plays, and whether it may call back or send to everybody are as in a new mailbox. What belongs to the desk stays: department, site, caller IDs, 911 address."
            )
        }
        Clear::Emails => format!(
            "No more mails to {}. {} in mails stop working, {} not sent.",
            told(&account.mailbox.recipients),
            counted(links, "link"),
            if mails == 1 {
                "1 mail that waits is".to_owned()
            } else {
                format!("{mails} mails that wait are")
            }
        ),
        Clear::Password => format!(
            "{} signed out, {} of programs revoked; a new password is chosen behind a mailed link.",
            counted(holdings.sessions, "browser"),
            counted(holdings.keys, "key")
        ),
        Clear::Pin => format!(
            "Nobody opens the mailbox by phone until there is a new PIN; {} asked for it again.",
            if holdings.devices == 1 {
                "1 device is".to_owned()
            } else {
                format!("{} devices are", holdings.devices)
            }
        ),
        Clear::Messages => format!("{}, {unheard} unheard, with the trash.", counted(messages, "message")),
        Clear::Greetings => format!("{}; callers hear the usual one.", counted(greetings, "greeting")),
        Clear::RecordedName => {
            format!("{}; callers do not find the mailbox by name.", counted(names, "recording"))
        }
        Clear::Rules => format!(
            "{}, {} to send to, hours, callers, keys of callers and operator: calls are answered as for a new mailbox.",
            counted(rules, "rule"),
            counted(lists, "list")
        ),
        Clear::Numbers if account.numbers.is_empty() => "None: only the extension leads here.".to_owned(),
        Clear::Numbers => {
            let numbers: Vec<&str> = account.numbers.iter().map(|number| number.number.as_str()).collect();
            format!("Free for others: {}.", numbers.join(", "))
        }
        Clear::Phones if phones < 2 => "None: there is no second phone.".to_owned(),
        Clear::Phones => {
            format!(
                "{} beside the first: nobody’s then, and out of the ring groups.",
                counted(phones - 1, "phone")
            )
        }
    }
}

/// Resets, and says so.
pub(super) async fn reset(State(site): Shared, Path(id): Path<String>, posted: Posted) -> Response {
    let Posted { visitor, fields } = posted;
    let (person, account) = match changeable(&site, &visitor, &id).await {
        Ok(found) => found,
        Err(response) => return response,
    };
    let mend = async |chosen: &BTreeSet<Clear>, why: String| {
        let done = Some(Done::refused(why));
        page(&site, &visitor, &id, chosen, done, StatusCode::UNPROCESSABLE_ENTITY).await
    };
    let parts = match Clear::parts(fields.all("clear")) {
        Ok(parts) => parts,
        Err(error) => return mend(&BTreeSet::new(), sentence(&error)).await,
    };
    if visitor.actor.is(person.user.id) {
        return mend(&parts, "You cannot reset yourself: let another administrator do it.".to_owned()).await;
    }
    let extension = &account.mailbox.extension;
    let accounts = site.web.services.accounts.by(&visitor.actor.name);
    match accounts.reset(visitor.actor.tenant, extension, parts.clone()).await {
        Ok(_) => see(&site, &format!("{HERE}/{id}?done=reset")),
        Err(error @ (AccountError::NothingChosen | AccountError::Called)) => {
            mend(&parts, sentence(&error)).await
        }
        Err(error) => trouble(&error),
    }
}

/// Takes the last reset or clearing back.
pub(super) async fn take_back(State(site): Shared, Path(id): Path<String>, posted: Posted) -> Response {
    let visitor = posted.visitor;
    let (_, account) = match changeable(&site, &visitor, &id).await {
        Ok(found) => found,
        Err(response) => return response,
    };
    let accounts = site.web.services.accounts.by(&visitor.actor.name);
    let may = |role| visitor.actor.may_give_back(role);
    match accounts.take_back(visitor.actor.tenant, &account.mailbox.extension, &may).await {
        Ok(_) => see(&site, &format!("{HERE}/{id}?done=taken-back")),
        Err(error @ (AccountError::NothingCleared | AccountError::NewerRules)) => {
            let done = Some(Done::refused(sentence(&error)));
            profile(&site, &visitor, &id, done, StatusCode::CONFLICT).await
        }
        Err(error @ AccountError::RoleBack(_)) => {
            let done = Some(Done::refused(sentence(&error)));
            profile(&site, &visitor, &id, done, StatusCode::FORBIDDEN).await
        }
        Err(error) => trouble(&error),
    }
}
