//! The search of the portal: a page is found by the words that people call it by, a user by name, address or extension
//! (000-16). What the visitor may not see is not found.

use std::sync::Arc;

use askama::Template;
use axum::Router;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::get;
use serde::Deserialize;

use crate::service::access::{Act, Actor, Reach};
use crate::store::{PeopleFilter, Person};

use super::admin::PLACES;
use super::portal::frame::Frame;
use super::portal::trouble;
use super::shell::render;
use super::visitor::Visitor;
use super::{Shared, Site};

/// Users that are shown; who looks for more goes on in the table.
const MOST_USERS: u32 = 10;
/// Longest text that is looked for.
const LONGEST: usize = 100;

/// Who a page is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum For {
    /// Whoever is signed in.
    Everybody,
    /// Who has a mailbox.
    Owners,
    /// Who may do this to more than what is their own.
    Who(Act),
}

/// A page: path, label, whom it is for, and the words that find it beside its label.
type Entry = (&'static str, &'static str, For, &'static str);

/// Pages beside those of the administrator's navigation.
const OWN: [Entry; 12] = [
    (
        "/contacts",
        "Contacts",
        For::Everybody,
        "contact colleague colleagues people directory address book number department site find telephone",
    ),
    (
        "/",
        "Inbox",
        For::Owners,
        "messages voicemail mail listen hear unheard new saved trash deleted play download",
    ),
    (
        "/greetings",
        "Greetings",
        For::Owners,
        "greeting record recorded name upload announcement away busy closed holiday temporary standard call me microphone",
    ),
    (
        "/answering/me/rules",
        "Rules",
        For::Owners,
        "answering rule forward transfer ring rings ringing simring find follow keys operator no answer",
    ),
    (
        "/answering/me/presence",
        "Presence",
        For::Owners,
        "out of office vacation holiday meeting away remote in office do not disturb dnd status",
    ),
    (
        "/answering/me/hours",
        "Hours",
        For::Owners,
        "office opening hours time frames schedule closed holidays calendar",
    ),
    (
        "/answering/me/lists",
        "Allowed and blocked",
        For::Owners,
        "block blocked caller callers black white list spam nuisance screening",
    ),
    (
        "/settings",
        "Settings",
        For::Everybody,
        "e-mail notification attachment mp3 wav time zone language pin password session sign in options preferences profile",
    ),
    (
        "/settings/second-factor",
        "Second factor",
        For::Everybody,
        "totp two factor 2fa authenticator code recovery security",
    ),
    ("/keys", "Keys of the phone", For::Owners, "telephone keypad print card menu dial tones help"),
    (
        "/admin/users/new",
        "Add user",
        For::Who(Act::UsersWrite),
        "new user create account person employee mailbox extension invite",
    ),
    (
        "/admin/users/removed",
        "Recycle bin",
        For::Who(Act::UsersWrite),
        "removed deleted user users restore undelete bring back undo",
    ),
];

/// Words of the pages in the administrator's navigation.
const WORDS: [(&str, &str); 20] = [
    (
        "/admin/policy",
        "policy profile fields hide hidden department site who may add users help link settings of the company",
    ),
    (
        "/admin/users",
        "user people person owner owners account accounts mailbox reset clear welcome e-mail invite password force role voicemail reconfigure find modify",
    ),
    (
        "/admin/extensions",
        "extension reassign take over takeover owner change new user give number free reconfigure handset phone",
    ),
    ("/admin/imports", "import csv excel table many users upload bulk new user"),
    ("/admin/bulk", "many users job jobs progress reset welcome force password remove results stopped"),
    (
        "/admin/handsets",
        "handset handsets phone phones telephone device mac owner reassign reconfigure new user template model reboot restart provisioning ring group preference",
    ),
    (
        "/admin/numbers",
        "number numbers did direct dial inventory alias assign reassign release unused telephone line lines",
    ),
    (
        "/answering/all/hours",
        "office hours holidays time frames schedule closed block blocked callers list everybody company",
    ),
    ("/admin/calls", "call calls live running active recent end hang up"),
    ("/admin/explain", "explain why what would happen test call routing diversion rule decide"),
    ("/admin/lamps", "lamp lamps mwi message waiting indicator light phone notify"),
    ("/admin/prompts", "prompt prompts phrase phrases voice language languages recordings sound"),
    ("/admin/jobs", "outbox job jobs mail mails queue retry failed dead waiting delivery"),
    ("/admin/trunks", "trunk trunks peer peers sip pbx carrier options gateway"),
    ("/admin/system", "system server health status version disk database spool"),
    ("/admin/first-steps", "first steps setup set up start test call test mail wizard install"),
    ("/admin/keys", "api key keys token program programs access integration"),
    (
        "/admin/second-factors",
        "second factor totp two factor 2fa authenticator security require lost telephone",
    ),
    ("/admin/webhooks", "webhook webhooks event events notify integration url post"),
    ("/admin/audit", "audit log changes history who changed what trail"),
];

fn words(path: &str) -> &'static str {
    WORDS.iter().find(|(known, _)| *known == path).map_or("", |(_, words)| words)
}

/// Every page, as the table of words has it.
fn entries() -> impl Iterator<Item = Entry> {
    let of_place = |(_, path, label, act): &(&str, &'static str, &'static str, Act)| {
        (*path, *label, For::Who(*act), words(path))
    };
    OWN.into_iter().chain(PLACES.iter().map(of_place))
}

fn sees(actor: &Actor, whom: For) -> bool {
    match whom {
        For::Everybody => true,
        For::Owners => actor.mailbox.is_some(),
        For::Who(act) => actor.reach(act) > Reach::Own,
    }
}

/// The pages that a text finds: those whose words begin with each word of it, the best first; where there are none,
/// those that fit at least one word.
fn found(actor: &Actor, text: &str) -> Vec<(&'static str, &'static str)> {
    let asked: Vec<String> = text.to_lowercase().split_whitespace().map(str::to_owned).collect();
    if asked.is_empty() {
        return Vec::new();
    }
    let mut fitting: Vec<(usize, bool, (&str, &str))> = Vec::new();
    for (path, label, _, words) in entries().filter(|(_, _, whom, _)| sees(actor, *whom)) {
        let label_words = label.to_lowercase();
        let begins = |among: &str, word: &str| among.split_whitespace().any(|known| known.starts_with(word));
        let fits = asked.iter().filter(|word| begins(&label_words, word) || begins(words, word)).count();
        let is_named = asked.iter().all(|word| begins(&label_words, word));
        if fits > 0 {
            fitting.push((fits, is_named, (path, label)));
        }
    }
    let all = fitting.iter().any(|(fits, ..)| *fits == asked.len());
    fitting.retain(|(fits, ..)| !all || *fits == asked.len());
    fitting.sort_by_key(|(fits, is_named, _)| (std::cmp::Reverse(*fits), !*is_named));
    fitting.into_iter().map(|(_, _, page)| page).collect()
}

#[derive(Template)]
#[template(path = "portal/find.html", config = "src/http/pages/askama.toml")]
struct FindPage {
    frame: Frame,
    asked: String,
    pages: Vec<(&'static str, &'static str)>,
    users: Vec<User>,
    /// There are more users: the address of the table that shows them.
    more: Option<String>,
}

struct User {
    id: String,
    name: String,
    extension: String,
}

#[derive(Debug, Default, Deserialize)]
struct Asked {
    #[serde(default)]
    q: String,
}

/// The route of the search.
pub(super) fn routes() -> Router<Arc<Site>> {
    Router::new().route("/find", get(find))
}

async fn find(State(site): Shared, visitor: Visitor, Query(asked): Query<Asked>) -> Response {
    let asked: String = asked.q.trim().chars().take(LONGEST).collect();
    let actor = &visitor.actor;
    let (mut users, mut more) = (Vec::new(), None);
    if !asked.is_empty() && actor.reach(Act::UsersRead) > Reach::Own {
        match site
            .web
            .services
            .people
            .page(actor.tenant, &PeopleFilter::found_by(&asked), None, MOST_USERS)
            .await
        {
            Ok((page, is_more)) => {
                users = page.iter().map(user).collect();
                let query: String = url::form_urlencoded::byte_serialize(asked.as_bytes()).collect();
                more = is_more.then(|| format!("{}/admin/users?q={query}", site.base));
            }
            Err(error) => return trouble(&error),
        }
    }
    let mut frame = Frame::new(&site, &visitor, "/find", None);
    frame.asked.clone_from(&asked);
    let page = FindPage { frame, pages: found(actor, &asked), users, more, asked };
    render(&page, StatusCode::OK)
}

fn user(person: &Person) -> User {
    let name = person.user.full_name();
    User {
        id: person.user.id.to_string(),
        name: if name.is_empty() { "No name".to_owned() } else { name },
        extension: person.mailbox.as_ref().map(|mailbox| mailbox.extension.to_string()).unwrap_or_default(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 000-16: no page of the navigation is without words, and no word is of a page that is not there.
    #[test]
    fn every_page_of_the_navigation_has_words() {
        for (_, path, ..) in PLACES {
            assert!(!words(path).is_empty(), "{path} has no words in WORDS");
        }
        for (path, _) in WORDS {
            assert!(PLACES.iter().any(|(_, known, ..)| *known == path), "{path} is no page");
        }
    }
}
