//! Extensions: those that are free, then those in use, each of which somebody else can take over (001-02, 001-04); and the
//! address that leads to the user of one (001-05).

use askama::Template;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::Response;
use serde::Deserialize;

use crate::domain::Extension;
use crate::service::access::{Act, Reach};
use crate::store::{PeopleFilter, Person};

use super::super::portal::frame::Frame;
use super::super::portal::trouble;
use super::super::shell::{Notice, render};
use super::super::visitor::{Visitor, see};
use super::super::{Shared, cursor};
use super::users;

pub(super) const HERE: &str = "/admin/extensions";
/// Extensions on a page.
const PAGE: u32 = 50;

#[derive(Template)]
#[template(path = "portal/extensions.html", config = "src/http/pages/askama.toml")]
struct ExtensionsPage {
    frame: Frame,
    free: Vec<String>,
    rows: Vec<Row>,
    search: String,
    query: String,
    next: Option<String>,
    is_first: bool,
}

struct Row {
    extension: String,
    id: String,
    name: String,
    is_own: bool,
    may_take: bool,
}

#[derive(Debug, Default, Deserialize)]
pub(super) struct Asked {
    #[serde(default)]
    q: String,
    #[serde(default)]
    after: String,
}

pub(super) async fn list(State(site): Shared, visitor: Visitor, Query(asked): Query<Asked>) -> Response {
    if let Err(response) = visitor.must(Act::UsersWrite) {
        return response;
    }
    let search: String = asked.q.chars().take(100).collect();
    let (tenant, services) = (visitor.actor.tenant, &site.web.services);
    let found = async {
        let first = services.people.suggestion(tenant).await?;
        let free = services.accounts.free_extensions(tenant, &first).await.unwrap_or_default();
        let page = services
            .people
            .page(tenant, &PeopleFilter::found_by(&search), cursor::person(&asked.after), PAGE)
            .await?;
        let own = match visitor.actor.user {
            Some(user) if search.is_empty() && asked.after.is_empty() => {
                services.people.person(tenant, user).await?
            }
            _ => None,
        };
        Ok::<_, crate::store::StoreError>((free, page, own))
    };
    let (free, (page, more), own) = match found.await {
        Ok(found) => found,
        Err(error) => return trouble(&error),
    };
    let row = |person: &Person| {
        let extension = person.mailbox.as_ref()?.extension.to_string();
        let name = person.user.full_name();
        Some(Row {
            id: person.user.id.to_string(),
            name: if name.is_empty() { "No name".to_owned() } else { name },
            is_own: visitor.actor.is(person.user.id),
            may_take: visitor.actor.may_change(person.login.role),
            extension,
        })
    };
    let others = page.iter().filter(|one| own.as_ref().is_none_or(|own| own.user.id != one.user.id));
    let page = ExtensionsPage {
        frame: Frame::new(&site, &visitor, HERE, None),
        free: free.iter().map(ToString::to_string).collect(),
        rows: own.iter().chain(others).filter_map(row).collect(),
        query: url::form_urlencoded::Serializer::new(String::new()).append_pair("q", &search).finish(),
        next: more.then(|| page.last().map(cursor::after_person)).flatten(),
        is_first: asked.after.is_empty(),
        search,
    };
    render(&page, StatusCode::OK)
}

/// An address that is kept and sent on: whoever may see the user lands on the user's page, the user on the own settings. That
/// there is nobody, and that somebody may not see who it is, are told alike.
pub(super) async fn open(State(site): Shared, visitor: Visitor, Path(extension): Path<String>) -> Response {
    let nobody = || {
        Notice {
            title: "No such extension",
            text: "Nobody has this extension, or it is not for you to see whose it is.",
        }
        .page(StatusCode::NOT_FOUND)
    };
    let Ok(extension) = extension.parse::<Extension>() else { return nobody() };
    let user = match site.web.services.people.user_at(visitor.actor.tenant, &extension).await {
        Ok(Some(user)) => user,
        Ok(None) => return nobody(),
        Err(error) => return trouble(&error),
    };
    if visitor.actor.reach(Act::UsersRead) > Reach::Own {
        see(&site, &format!("{}/{user}", users::HERE))
    } else if visitor.actor.is(user) {
        see(&site, "/settings")
    } else {
        nobody()
    }
}
