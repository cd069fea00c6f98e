//! The same for many users: chosen in the table, looked at, done, and told for each (002-091, 002-092).

use std::collections::BTreeSet;

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;

use crate::domain::{Clear, Invalid, UserId};
use crate::service::access::Act;
use crate::service::bulk::{BulkAct, MOST, Outcome};

use super::super::Shared;
use super::super::portal::frame::{Done, Frame};
use super::super::portal::{sentence, trouble};
use super::super::shell::render;
use super::super::visitor::{Posted, see};
use super::reset::title;
use super::users::HERE;

#[derive(Template)]
#[template(path = "portal/users_bulk.html", config = "src/http/pages/askama.toml")]
struct BulkPage {
    frame: Frame,
    act: String,
    title: &'static str,
    /// Who was chosen: id, and name with extension.
    chosen: Vec<(String, String)>,
    /// Parts of a reset: word, title, whether it is chosen.
    parts: Vec<(&'static str, &'static str, bool)>,
    outcomes: Vec<Outcome>,
    done: usize,
}

/// Shows whom it is done to; once that was seen, does it and tells what came of each.
pub(super) async fn bulk(State(site): Shared, posted: Posted) -> Response {
    let Posted { visitor, fields } = posted;
    if let Err(response) = visitor.must(Act::UsersWrite) {
        return response;
    }
    let (tenant, services) = (visitor.actor.tenant, &site.web.services);
    let mut users: Vec<UserId> = fields.all("user").iter().filter_map(|id| id.parse().ok()).collect();
    users.truncate(MOST);
    let word = fields.get("act");
    let known = BulkAct::WORDS.into_iter().find(|(known, _)| *known == word);
    let Some((_, act_title)) = known.filter(|_| !users.is_empty()) else {
        return see(&site, &format!("{HERE}?done=nobody"));
    };
    let parts = fields.all("clear").iter().map(|word| word.parse::<Clear>());
    let parts = parts.collect::<Result<BTreeSet<_>, Invalid>>();
    let mut page = BulkPage {
        frame: Frame::new(&site, &visitor, HERE, None),
        act: word.to_owned(),
        title: act_title,
        chosen: Vec::new(),
        parts: Vec::new(),
        outcomes: Vec::new(),
        done: 0,
    };
    let is_reset = word == "reset";
    let refused = match &parts {
        Err(error) => Some(sentence(error)),
        Ok(parts) if is_reset && parts.is_empty() => Some("Choose what is cleared.".to_owned()),
        Ok(_) => None,
    };
    let parts = parts.unwrap_or_default();
    if fields.is_on("confirm")
        && refused.is_none()
        && let Some(act) = BulkAct::of(word, parts.clone())
    {
        page.outcomes = services.bulk.run(&visitor.actor, tenant, &act, &users).await;
        page.done = page.outcomes.iter().filter(|outcome| outcome.result.is_ok()).count();
        return render(&page, StatusCode::OK);
    }
    for user in users {
        match services.people.person(tenant, user).await {
            Ok(Some(person)) => {
                let number = person.mailbox.map_or_else(String::new, |mailbox| mailbox.extension.to_string());
                page.chosen.push((user.to_string(), format!("{number} {}", person.user.full_name())));
            }
            Ok(None) => {}
            Err(error) => return trouble(&error),
        }
    }
    if is_reset {
        page.parts =
            Clear::ALL.into_iter().map(|part| (part.as_str(), title(part), parts.contains(&part))).collect();
    }
    let status = match refused.filter(|_| fields.is_on("confirm")) {
        Some(why) => {
            page.frame = page.frame.with(Some(Done::refused(why)));
            StatusCode::UNPROCESSABLE_ENTITY
        }
        None => StatusCode::OK,
    };
    render(&page, status)
}
