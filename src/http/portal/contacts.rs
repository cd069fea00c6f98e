//! Contacts: colleagues who want to be listed (002-022), by name, department and site.

use askama::Template;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::Response;
use serde::Deserialize;

use crate::service::access::Act;
use crate::store::{PeopleFilter, Person, Places};

use super::super::shell::render;
use super::super::visitor::Visitor;
use super::super::{Shared, cursor};
use super::frame::Frame;
use super::trouble;

pub(in crate::http) const HERE: &str = "/contacts";
/// Contacts on a page.
const PAGE: u32 = 50;

#[derive(Template)]
#[template(path = "portal/contacts.html", config = "src/http/pages/askama.toml")]
struct ContactsPage {
    frame: Frame,
    rows: Vec<Row>,
    search: String,
    places: Places,
    department: String,
    site: String,
    next: Option<String>,
    is_first: bool,
    query: String,
}

struct Row {
    name: String,
    extension: String,
    department: String,
    site: String,
}

#[derive(Debug, Default, Deserialize)]
pub(super) struct Asked {
    #[serde(default)]
    q: String,
    #[serde(default)]
    department: String,
    #[serde(default)]
    site: String,
    #[serde(default)]
    after: String,
}

pub(super) async fn page(State(site): Shared, visitor: Visitor, Query(asked): Query<Asked>) -> Response {
    if let Err(response) = visitor.must(Act::Directory) {
        return response;
    }
    let (services, tenant) = (&site.web.services, visitor.actor.tenant);
    let search: String = asked.q.chars().take(100).collect();
    let filter = PeopleFilter {
        search: search.clone(),
        department: asked.department.clone(),
        site: asked.site.clone(),
        is_listed: true,
        ..PeopleFilter::default()
    };
    let page = services.people.page(tenant, &filter, cursor::person(&asked.after), PAGE).await;
    let (people, more) = match page {
        Ok(page) => page,
        Err(error) => return trouble(&error),
    };
    let places = match services.accounts.places(tenant).await {
        Ok(places) => places,
        Err(error) => return trouble(&error),
    };
    let shown = |one: &Option<String>, known: &[String]| {
        one.clone().filter(|one| known.contains(one)).unwrap_or_default()
    };
    let row = |person: &Person| Row {
        name: Some(person.user.full_name())
            .filter(|name| !name.is_empty())
            .unwrap_or_else(|| "No name".to_owned()),
        extension: person.mailbox.as_ref().map(|mailbox| mailbox.extension.to_string()).unwrap_or_default(),
        department: shown(&person.user.profile.department, &places.departments),
        site: shown(&person.user.profile.site, &places.sites),
    };
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    query
        .append_pair("q", &search)
        .append_pair("department", &asked.department)
        .append_pair("site", &asked.site);
    let page = ContactsPage {
        frame: Frame::new(&site, &visitor, HERE, None),
        rows: people.iter().map(row).collect(),
        next: more.then(|| people.last().map(cursor::after_person)).flatten(),
        is_first: asked.after.is_empty(),
        query: query.finish(),
        search,
        department: asked.department,
        site: asked.site,
        places,
    };
    render(&page, StatusCode::OK)
}
