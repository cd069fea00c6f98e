//! The table of users: found, filtered, sorted, counted, and chosen for what is done to many. All of it stands in the address.

use askama::Template;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::Response;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde::Deserialize;

use crate::domain::{Role, TenantId, UserId};
use crate::service::access::Act;
use crate::service::bulk::{BulkAct, MOST};
use crate::service::people::People;
use crate::store::{PeopleFilter, Person, Places, UserCounts, UserSort, UserStatus, Voicemail};

use super::super::portal::frame::{Done, Frame};
use super::super::portal::{trouble, words};
use super::super::shell::render;
use super::super::visitor::Visitor;
use super::super::{Shared, cursor};
use super::users::HERE;

/// Users on a page.
const PAGE: u32 = 50;
/// What can be asked of a status, and what people read.
const STATUSES: [(UserStatus, &str); 3] =
    [(UserStatus::Active, "Active"), (UserStatus::New, "New"), (UserStatus::SetupRequired, "Setup required")];
const VOICEMAILS: [(Voicemail, &str); 3] = [
    (Voicemail::On, "Takes messages"),
    (Voicemail::Off, "Takes no messages"),
    (Voicemail::Missing, "No mailbox"),
];
/// Behind the word of an order: the other way round.
const DOWN: &str = "-desc";
const SORTS: [(UserSort, &str); 6] = [
    (UserSort::Extension, "Extension"),
    (UserSort::Name, "Name"),
    (UserSort::Email, "E-mail"),
    (UserSort::Role, "Role"),
    (UserSort::Status, "State"),
    (UserSort::LastMessage, "Last message"),
];

#[derive(Template)]
#[template(path = "portal/users.html", config = "src/http/pages/askama.toml")]
struct UsersPage {
    frame: Frame,
    rows: Vec<Row>,
    search: String,
    /// Something is asked for beside the order.
    is_filtered: bool,
    tabs: Vec<Tab>,
    voicemails: Vec<Choice>,
    roles: Vec<Choice>,
    heads: Vec<Head>,
    /// Orders to choose where the heads are not shown: word, title, whether it is chosen.
    orders: Vec<(String, String, bool)>,
    /// What the form of the filters carries besides.
    hidden: Vec<(&'static str, String)>,
    next: Option<String>,
    is_first: bool,
    /// All that is asked for, as a query.
    query: String,
    places: Places,
    department: String,
    site: String,
    may_change: bool,
    may_add: bool,
    /// Where users are asked for, by who may not add them.
    help: Option<String>,
    acts: [(&'static str, &'static str); 6],
    /// All that is found may be chosen at once.
    all: Option<All>,
}

/// More than this page shows.
struct All {
    count: u32,
    is_too_many: bool,
    /// What finds them.
    filter: String,
}

/// A status to choose, with how many users have it.
struct Tab {
    query: String,
    title: &'static str,
    count: u64,
    is_here: bool,
}

/// A filter's choice.
struct Choice {
    word: &'static str,
    title: &'static str,
    is_chosen: bool,
}

/// A column that sorts.
struct Head {
    title: &'static str,
    query: String,
    /// `ascending` or `descending`.
    order: Option<&'static str>,
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
    unheard: u32,
    last_message: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Asked {
    q: String,
    status: String,
    voicemail: String,
    role: String,
    department: String,
    site: String,
    /// A column's word, with [`DOWN`] the other way round.
    sort: String,
    after: String,
    done: String,
    /// Who was removed just now.
    user: String,
}

impl Asked {
    /// What does not read is as if it were not there: addresses are typed and kept by people.
    fn query(&self) -> PeopleFilter {
        PeopleFilter {
            search: self.q.chars().take(100).collect(),
            department: self.department.chars().take(100).collect(),
            site: self.site.chars().take(100).collect(),
            is_listed: false,
            role: self.role.parse().ok(),
            status: self.status.parse().ok(),
            voicemail: self.voicemail.parse().ok(),
            sort: self.sort.strip_suffix(DOWN).unwrap_or(&self.sort).parse().ok(),
            is_down: self.sort.ends_with(DOWN),
        }
    }
}

/// The filter that a form brings back as [`All`] had it; `None` for what this page never wrote, so that nobody is found who
/// was not meant.
pub(super) fn brought_back(text: &str) -> Option<PeopleFilter> {
    let mut asked = Asked::default();
    for (name, value) in url::form_urlencoded::parse(text.as_bytes()) {
        let field = match &*name {
            "q" => &mut asked.q,
            "status" => &mut asked.status,
            "voicemail" => &mut asked.voicemail,
            "role" => &mut asked.role,
            "department" => &mut asked.department,
            "site" => &mut asked.site,
            _ => return None,
        };
        *field = value.into_owned();
    }
    let filter = asked.query();
    (unordered(&filter) == text).then_some(filter)
}

/// What finds the same users, in the usual order.
fn unordered(query: &PeopleFilter) -> String {
    written(&PeopleFilter { sort: None, is_down: false, ..query.clone() })
}

/// What is asked for as a query of an address, without what is the default.
fn written(query: &PeopleFilter) -> String {
    let mut text = url::form_urlencoded::Serializer::new(String::new());
    for (name, value) in pairs(query) {
        text.append_pair(name, &value);
    }
    text.finish()
}

/// The word of an order; empty for the usual one.
fn order(sort: UserSort, is_down: bool) -> String {
    match (sort, is_down) {
        (UserSort::Extension, false) => String::new(),
        (sort, is_down) => format!("{sort}{}", if is_down { DOWN } else { "" }),
    }
}

fn pairs(query: &PeopleFilter) -> Vec<(&'static str, String)> {
    let PeopleFilter { search, department, site, role, status, voicemail, sort, is_down, .. } = query;
    let mut pairs = vec![
        ("q", search.clone()),
        ("status", status.map_or("", UserStatus::as_str).to_owned()),
        ("voicemail", voicemail.map_or("", Voicemail::as_str).to_owned()),
        ("role", role.map_or("", Role::as_str).to_owned()),
        ("department", department.clone()),
        ("site", site.clone()),
        ("sort", order(sort.unwrap_or(UserSort::Extension), *is_down)),
    ];
    pairs.retain(|(_, value)| !value.is_empty());
    pairs
}

pub(super) async fn list(State(site): Shared, visitor: Visitor, Query(asked): Query<Asked>) -> Response {
    if let Err(response) = visitor.must(Act::UsersRead) {
        return response;
    }
    let (tenant, services) = (visitor.actor.tenant, &site.web.services);
    let people = &services.people;
    let query = asked.query();
    let read = async {
        let page = people.page(tenant, &query, cursor::person(&asked.after), PAGE).await?;
        let (counts, policy) = (people.counts(tenant).await?, people.policy(tenant).await?);
        Ok::<_, crate::store::StoreError>((page, counts, policy))
    };
    let ((page, more), counts, policy) = match read.await {
        Ok(read) => read,
        Err(error) => return trouble(&error),
    };
    let places = match services.accounts.places(tenant).await {
        Ok(places) => places,
        Err(error) => return trouble(&error),
    };
    let rest = async {
        let zone = words::zone(None, &people.tenant(tenant).await?);
        let is_more = more || !asked.after.is_empty();
        let all = if is_more && visitor.must(Act::UsersWrite).is_ok() {
            Some(all(people, tenant, &query, counts).await?)
        } else {
            None
        };
        Ok::<_, crate::store::StoreError>((zone, all))
    };
    let (zone, all) = match rest.await {
        Ok(rest) => rest,
        Err(error) => return trouble(&error),
    };
    let done = match asked.done.as_str() {
        "removed" => Some(Done {
            undo: asked.user.parse::<UserId>().ok().map(|user| format!("{HERE}/{user}/restore")),
            ..Done::said("Removed, and in the recycle bin for 30 days. Extension and numbers are free.")
        }),
        "nobody" => {
            Some(Done::refused("Nobody was chosen, or nothing to do: tick users, and choose what is done."))
        }
        "many" => Some(Done::refused(format!(
            "This finds more than {MOST} users, and one action takes so many at most: narrow the choice."
        ))),
        _ => None,
    };
    // Those that are not given are looked for only where somebody has asked for them.
    let roles: Vec<_> = Role::ALL
        .into_iter()
        .filter(|role| policy.offers(*role) || query.role == Some(*role))
        .map(|role| (role, role.title()))
        .collect();
    let page = UsersPage {
        frame: Frame::new(&site, &visitor, HERE, None).with(done),
        rows: page.iter().map(|person| row(person, &places, (people.now(), &zone))).collect(),
        places,
        is_filtered: pairs(&query).iter().any(|(name, _)| *name != "sort"),
        tabs: tabs(&query, counts),
        voicemails: choices(&VOICEMAILS, query.voicemail, Voicemail::as_str),
        roles: choices(&roles, query.role, Role::as_str),
        heads: SORTS.map(|(sort, title)| head(&query, sort, title)).into(),
        orders: orders(&query),
        hidden: pairs(&query).into_iter().filter(|(name, _)| *name == "status").collect(),
        query: written(&query),
        search: query.search,
        department: query.department,
        site: query.site,
        next: more.then(|| page.last().map(cursor::after_person)).flatten(),
        is_first: asked.after.is_empty(),
        may_change: visitor.must(Act::UsersWrite).is_ok(),
        may_add: visitor.actor.may_create(&policy),
        help: policy.help_link,
        acts: BulkAct::WORDS,
        all,
    };
    render(&page, StatusCode::OK)
}

/// What may be chosen at once. Without a filter, or with a status alone, it is counted already.
async fn all(
    people: &People,
    tenant: TenantId,
    query: &PeopleFilter,
    counts: UserCounts,
) -> Result<All, crate::store::StoreError> {
    let most = u32::try_from(MOST).unwrap_or(u32::MAX);
    let is_counted = pairs(query).iter().all(|(name, _)| matches!(*name, "sort" | "status"));
    let count = if is_counted {
        u32::try_from(of(counts, query.status)).unwrap_or(u32::MAX)
    } else {
        people.count_found(tenant, query, most.saturating_add(1)).await?
    };
    Ok(All { count, is_too_many: count > most, filter: unordered(query) })
}

const fn of(counts: UserCounts, status: Option<UserStatus>) -> u64 {
    match status {
        None => counts.all,
        Some(UserStatus::New) => counts.new,
        Some(UserStatus::Active) => counts.active,
        Some(UserStatus::SetupRequired) => counts.setup_required,
    }
}

fn tabs(query: &PeopleFilter, counts: UserCounts) -> Vec<Tab> {
    let tab = |status: Option<UserStatus>, title| Tab {
        query: written(&PeopleFilter { status, ..query.clone() }),
        title,
        count: of(counts, status),
        is_here: query.status == status,
    };
    let each = STATUSES.into_iter().map(|(status, title)| tab(Some(status), title));
    std::iter::once(tab(None, "All")).chain(each).collect()
}

fn choices<T: Copy + PartialEq>(
    all: &[(T, &'static str)],
    chosen: Option<T>,
    word: fn(T) -> &'static str,
) -> Vec<Choice> {
    let choice = |(one, title): &(T, &'static str)| Choice {
        word: word(*one),
        title,
        is_chosen: chosen == Some(*one),
    };
    all.iter().map(choice).collect()
}

fn orders(query: &PeopleFilter) -> Vec<(String, String, bool)> {
    let now = order(query.sort.unwrap_or(UserSort::Extension), query.is_down);
    let each = SORTS.into_iter().flat_map(|(sort, title)| {
        let down = format!("{title}, last first");
        [(order(sort, false), title.to_owned()), (order(sort, true), down)]
    });
    each.map(|(word, title)| (word.clone(), title, word == now)).collect()
}

/// Pressed once it sorts, pressed again the other way round.
fn head(query: &PeopleFilter, sort: UserSort, title: &'static str) -> Head {
    let is_here = query.sort.unwrap_or(UserSort::Extension) == sort;
    let is_down = is_here && !query.is_down;
    let order = if query.is_down { "descending" } else { "ascending" };
    Head {
        title,
        query: written(&PeopleFilter { sort: Some(sort), is_down, ..query.clone() }),
        order: is_here.then_some(order),
    }
}

fn row(person: &Person, places: &Places, (now, zone): (Timestamp, &TimeZone)) -> Row {
    let name = person.user.full_name();
    // 003-15: what keeps somebody from being reached is said here.
    let (state, is_bad) = match &person.mailbox {
        None => ("No mailbox", true),
        Some(_) if person.needs_setup => ("Setup required", true),
        Some(mailbox) if !mailbox.enabled => ("Takes no messages", true),
        Some(_) if !person.login.portal => ("No web access", false),
        Some(_) if !person.login.has_password => ("New", false),
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
        unheard: person.unheard,
        last_message: person.last_message_at.map(|at| words::when(at, now, zone)).unwrap_or_default(),
    }
}
