//! The table of users: searched, by department and site, and what can be done to several.

use askama::Template;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::Response;

use crate::domain::UserId;
use crate::http::portal::frame::{Done, Frame};
use crate::http::portal::trouble;
use crate::http::shell::render;
use crate::http::visitor::Visitor;
use crate::http::{Shared, cursor};
use crate::service::access::Act;
use crate::service::bulk::BulkAct;
use crate::store::{PeopleFilter, Person, Places};

use super::{Asked, HERE};

/// Users on a page.
const PAGE: u32 = 50;

#[derive(Template)]
#[template(path = "portal/users.html", config = "src/http/pages/askama.toml")]
struct UsersPage {
    frame: Frame,
    rows: Vec<Row>,
    search: String,
    places: Places,
    department: String,
    site: String,
    next: Option<String>,
    is_first: bool,
    query: String,
    may_change: bool,
    may_add: bool,
    /// Where users are asked for, by who may not add them.
    help: Option<String>,
    acts: [(&'static str, &'static str); 6],
}

struct Row {
    id: String,
    name: String,
    extension: String,
    email: String,
    role: &'static str,
    place: String,
    state: &'static str,
    is_bad: bool,
}

pub(in crate::http::admin) async fn list(
    State(site): Shared,
    visitor: Visitor,
    Query(asked): Query<Asked>,
) -> Response {
    if let Err(response) = visitor.must(Act::UsersRead) {
        return response;
    }
    let search: String = asked.q.chars().take(100).collect();
    let (services, tenant) = (&site.web.services, visitor.actor.tenant);
    let (department, place) = (asked.department.clone(), asked.site.clone());
    let filter = PeopleFilter {
        search: search.clone(),
        department: department.clone(),
        site: place.clone(),
        is_listed: false,
    };
    let known = async {
        let page = services.people.page(tenant, &filter, cursor::person(&asked.after), PAGE).await?;
        let policy = services.people.policy(tenant).await?;
        Ok::<_, crate::store::StoreError>((page, policy))
    };
    let ((page, more), policy) = match known.await {
        Ok(known) => known,
        Err(error) => return trouble(&error),
    };
    let places = match services.accounts.places(tenant).await {
        Ok(places) => places,
        Err(error) => return trouble(&error),
    };
    let next = more.then(|| page.last().map(cursor::after_person)).flatten();
    let done = match asked.done.as_str() {
        "removed" => Some(Done {
            undo: asked.user.parse::<UserId>().ok().map(|user| format!("{HERE}/{user}/restore")),
            ..Done::said("Removed, and in the recycle bin for 30 days. Extension and numbers are free.")
        }),
        "nobody" => {
            Some(Done::refused("Nobody was chosen, or nothing to do: tick users, and choose what is done."))
        }
        _ => None,
    };
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    query.append_pair("q", &search).append_pair("department", &department).append_pair("site", &place);
    let may_change = visitor.must(Act::UsersWrite).is_ok();
    let page = UsersPage {
        frame: Frame::new(&site, &visitor, HERE, None).with(done),
        rows: page.iter().map(|person| row(person, &places)).collect(),
        query: query.finish(),
        search,
        places,
        department,
        site: place,
        next,
        is_first: asked.after.is_empty(),
        may_change,
        may_add: visitor.actor.may_create(&policy),
        help: policy.help_link,
        acts: BulkAct::WORDS,
    };
    render(&page, StatusCode::OK)
}

fn row(person: &Person, places: &Places) -> Row {
    let name = person.user.full_name();
    // 003-15: what keeps somebody from being reached is said here.
    let (state, is_bad) = match &person.mailbox {
        None => ("No mailbox", true),
        Some(_) if person.needs_setup => ("Setup required", true),
        Some(mailbox) if !mailbox.enabled => ("Takes no messages", true),
        Some(_) if !person.login.portal => ("No web access", false),
        Some(_) if !person.login.has_password => ("Not invited yet", false),
        Some(_) => ("Active", false),
    };
    let profile = &person.user.profile;
    let shown = [(&profile.department, &places.departments), (&profile.site, &places.sites)];
    let place = shown.into_iter().filter_map(|(one, known)| one.clone().filter(|one| known.contains(one)));
    Row {
        id: person.user.id.to_string(),
        name: if name.is_empty() { "No name".to_owned() } else { name },
        extension: person.mailbox.as_ref().map(|mailbox| mailbox.extension.to_string()).unwrap_or_default(),
        email: person.user.emails.first().map(ToString::to_string).unwrap_or_default(),
        role: person.login.role.title(),
        place: place.collect::<Vec<_>>().join(", "),
        state,
        is_bad,
    }
}
