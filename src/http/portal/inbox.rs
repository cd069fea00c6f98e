//! The inbox: folders, search, the list, one message with its player and where it went.

use askama::Template;
use axum::extract::{Path, Query, RawQuery, State};
use axum::http::{HeaderMap, Method, StatusCode};
use axum::response::Response;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde::Deserialize;

use crate::domain::{Counts, Folder, Mark, Message, MessageId, Owner, PartKind, Tag};
use crate::service::inbox::Page;
use crate::service::owner::OwnerError;
use crate::store::{LedgerEntry, MessageFilter};

use super::super::link_page::Shown as Number;
use super::super::shell::render;
use super::super::visitor::{Posted, Visitor, see};
use super::super::{Shared, Site, audio, cursor, link_page, rendition};
use super::frame::{Done, Frame};
use super::{missing, trouble, words};

/// Messages on a page.
pub(super) const PAGE: u32 = 50;

#[derive(Debug, Default, Deserialize)]
pub(super) struct Asked {
    #[serde(default)]
    folder: String,
    #[serde(default)]
    tag: String,
    #[serde(default)]
    unheard: String,
    #[serde(default)]
    q: String,
    #[serde(default)]
    after: String,
    #[serde(default)]
    done: String,
    #[serde(default)]
    id: String,
    /// Several, parted by dots.
    #[serde(default)]
    ids: String,
}

#[derive(Template)]
#[template(path = "portal/inbox.html", config = "src/http/pages/askama.toml")]
struct InboxPage {
    frame: Frame,
    title: &'static str,
    folder: &'static str,
    counts: Counts,
    unheard: bool,
    tag: Option<Tag>,
    tags: [Drawer; 3],
    search: String,
    rows: Vec<Row>,
    next: Option<String>,
    is_first: bool,
    /// Query that keeps folder and search.
    query: String,
    state: String,
    selected: Option<Shown>,
}

struct Row {
    id: String,
    caller: String,
    number: Option<String>,
    when: String,
    exactly: String,
    length: String,
    is_new: bool,
    urgent: bool,
    private: bool,
    tag: Option<&'static str>,
    alias: Option<String>,
    is_here: bool,
    no_speech: bool,
}

struct Shown {
    id: String,
    caller: String,
    number: Number,
    alias: Option<String>,
    received: String,
    received_iso: String,
    length: String,
    clock: String,
    seconds: String,
    urgent: bool,
    private: bool,
    heard: bool,
    folder: Folder,
    tag: Option<&'static str>,
    tags: [Drawer; 3],
    sound: &'static str,
    wave: String,
    wave_width: usize,
    ledger: Vec<Line>,
    origin: Option<String>,
    note: Option<String>,
    /// A colleague who can be answered.
    may_reply: bool,
    reason: &'static str,
}

/// A tag to choose, and whether it is the one that is chosen.
struct Drawer {
    word: &'static str,
    name: &'static str,
    is_here: bool,
}

struct Line {
    at: String,
    what: &'static str,
    detail: String,
    is_bad: bool,
}

pub(super) async fn inbox(State(site): Shared, visitor: Visitor, Query(asked): Query<Asked>) -> Response {
    if visitor.actor.mailbox.is_none() {
        return see(&site, "/settings");
    }
    match list(&site, &visitor, asked, None).await {
        Ok(page) => render(&page, StatusCode::OK),
        Err(response) => response,
    }
}

pub(super) async fn message(
    State(site): Shared,
    visitor: Visitor,
    Path(id): Path<String>,
    Query(asked): Query<Asked>,
) -> Response {
    let made = async {
        let owner = visitor.owner()?;
        let id: MessageId = id.parse().map_err(|_| missing())?;
        let message = site.web.services.inbox.message(owner, id).await.map_err(refused)?;
        list(&site, &visitor, asked, Some(message)).await
    };
    match made.await {
        Ok(page) => render(&page, StatusCode::OK),
        Err(response) => response,
    }
}

async fn list(
    site: &Site,
    visitor: &Visitor,
    asked: Asked,
    selected: Option<Message>,
) -> Result<InboxPage, Response> {
    let owner = visitor.owner()?;
    let inbox = &site.web.services.inbox;
    let lies_in = selected.as_ref().map_or(Folder::Inbox, |message| message.folder);
    let folder = asked.folder.parse().unwrap_or(lies_in);
    let filter = MessageFilter {
        folder: Some(folder),
        tag: asked.tag.parse().ok(),
        unheard: !asked.unheard.is_empty(),
        search: asked.q.chars().take(100).collect(),
        after: cursor::message(&asked.after),
    };
    let Page { messages, more } = inbox.page(owner, &filter, PAGE).await.map_err(refused)?;
    let (counts, newest) = inbox.state(owner).await.map_err(refused)?;
    let tenant = inbox.tenant(owner).await.map_err(refused)?;
    let mailbox = site.web.services.settings.show(owner).await.map_err(refused)?;
    let zone = words::zone(Some(&mailbox), &tenant);
    let now = site.web.clock.now();
    let here = selected.as_ref().map(|message| message.id);
    let rows = messages.iter().map(|message| row(message, now, &zone, here)).collect();
    let next = more.then(|| messages.last().map(cursor::after_message)).flatten();
    let selected = match selected {
        Some(message) => Some(shown(site, owner, message, &zone).await?),
        None => None,
    };
    let frame = Frame::new(site, visitor, "/", Some(counts.new)).with(done(&asked));
    Ok(InboxPage {
        frame,
        title: title(folder),
        folder: folder.as_str(),
        counts,
        unheard: filter.unheard,
        tag: filter.tag,
        tags: drawers(filter.tag),
        query: query(folder, &filter),
        search: filter.search,
        rows,
        next,
        is_first: asked.after.is_empty(),
        state: super::live::state(counts, newest),
        selected,
    })
}

const fn title(folder: Folder) -> &'static str {
    match folder {
        Folder::Inbox => "Inbox",
        Folder::Saved => "Saved",
        Folder::Trash => "Trash",
    }
}

fn query(folder: Folder, filter: &MessageFilter) -> String {
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    query.append_pair("folder", folder.as_str());
    if let Some(tag) = filter.tag {
        query.append_pair("tag", tag.as_str());
    }
    if filter.unheard {
        query.append_pair("unheard", "1");
    }
    if !filter.search.is_empty() {
        query.append_pair("q", &filter.search);
    }
    query.finish()
}

fn done(asked: &Asked) -> Option<Done> {
    if asked.id.is_empty() {
        return super::several::said(&asked.done, &asked.ids);
    }
    let id: MessageId = asked.id.parse().ok()?;
    let (text, undo) = match asked.done.as_str() {
        "saved" => ("Saved.", Some("inbox")),
        "trash" => ("Moved to the trash.", Some("restore")),
        "restore" => ("Put back.", None),
        "inbox" => ("Moved to the inbox.", None),
        "new" => ("Marked as new.", Some("heard")),
        "heard" => ("Marked as heard.", Some("new")),
        "work" => ("Filed under Work.", Some("untagged")),
        "family" => ("Filed under Family.", Some("untagged")),
        "friends" => ("Filed under Friends.", Some("untagged")),
        "untagged" => ("Saved, without a folder.", None),
        _ => return None,
    };
    Some(Done { undo: undo.map(|mark| format!("/messages/{id}/{mark}")), ..Done::said(text) })
}

fn row(message: &Message, now: Timestamp, zone: &TimeZone, here: Option<MessageId>) -> Row {
    let (caller, _) = link_page::caller(message);
    let number = message.caller.number.clone().filter(|number| *number != caller);
    Row {
        id: message.id.to_string(),
        number: number.filter(|_| !message.caller.anonymous),
        caller,
        when: words::when(message.received_at, now, zone),
        exactly: words::exactly(message.received_at, zone),
        length: link_page::clock(message.duration_ms),
        is_new: message.heard_at.is_none(),
        urgent: message.urgent,
        private: message.private,
        tag: message.tag.map(words::tag),
        alias: message.alias.clone(),
        is_here: here == Some(message.id),
        no_speech: message.class != crate::domain::RecordingClass::Speech,
    }
}

async fn shown(site: &Site, owner: Owner, message: Message, zone: &TimeZone) -> Result<Shown, Response> {
    let (ledger, parts) = site.web.services.inbox.story(owner, message.id).await.map_err(refused)?;
    let note = site.web.services.inbox.note(owner, message.id).await.map_err(refused)?;
    let may_reply = site.web.services.sending.author(owner, &message).await.map_err(refused)?.is_some();
    let peaks = link_page::peaks(site, &message).await;
    let (caller, number) = link_page::caller(&message);
    let original = parts.into_iter().find(|part| part.kind == PartKind::Original);
    let origin = original.and_then(|part| part.origin).map(|origin| {
        let who =
            origin.caller.name.or(origin.caller.number).unwrap_or_else(|| "somebody unknown".to_owned());
        format!("{who}, {}", words::exactly(origin.received_at, zone))
    });
    Ok(Shown {
        id: message.id.to_string(),
        caller,
        number,
        alias: message.alias.clone(),
        received: words::exactly(message.received_at, zone),
        received_iso: message.received_at.to_string(),
        length: link_page::length(message.duration_ms),
        clock: link_page::clock(message.duration_ms),
        seconds: format!("{:.1}", f64::from(message.duration_ms) / 1e3),
        urgent: message.urgent,
        private: message.private,
        heard: message.heard_at.is_some(),
        folder: message.folder,
        tag: message.tag.map(words::tag),
        tags: drawers(message.tag),
        sound: if rendition::is_offered(&message) { "mp3" } else { "wav" },
        wave: link_page::wave(&peaks),
        wave_width: peaks.len().max(1) * 5,
        ledger: ledger.iter().map(|entry| line(entry, zone)).collect(),
        origin,
        note,
        may_reply,
        reason: words::reason(message.reason),
    })
}

fn drawers(chosen: Option<Tag>) -> [Drawer; 3] {
    Tag::ALL.map(|tag| Drawer { word: tag.as_str(), name: words::tag(tag), is_here: chosen == Some(tag) })
}

/// A line of the ledger in plain words.
fn line(entry: &LedgerEntry, zone: &TimeZone) -> Line {
    let (what, is_bad) = words::event(&entry.event);
    // The detail of a used link is only our own name for it.
    let detail = if entry.event == "link-opened" { String::new() } else { entry.detail.clone() };
    Line { at: words::stamp(entry.at, zone), what, detail, is_bad }
}

pub(super) fn refused(error: OwnerError) -> Response {
    match error {
        OwnerError::Missing { .. } => missing(),
        other => trouble(&other),
    }
}

pub(super) async fn mark(
    State(site): Shared,
    Path((id, mark)): Path<(String, String)>,
    posted: Posted,
) -> Response {
    let done = async {
        let owner = posted.visitor.owner()?;
        let id: MessageId = id.parse().map_err(|_| missing())?;
        let parsed: Mark = mark.parse().map_err(|_| missing())?;
        site.web.services.retrieval.mark(owner, id, parsed).await.map_err(refused)?;
        Ok::<_, Response>(id)
    };
    match done.await {
        Ok(id) => {
            let folder = posted.fields.get("folder").parse::<Folder>().unwrap_or(Folder::Inbox);
            let tag = posted
                .fields
                .get("tag")
                .parse::<Tag>()
                .map_or(String::new(), |tag| format!("&tag={}", tag.as_str()));
            see(&site, &format!("/?folder={folder}{tag}&done={mark}&id={id}"))
        }
        Err(response) => response,
    }
}

pub(super) async fn mp3(
    State(site): Shared,
    visitor: Visitor,
    Path(id): Path<String>,
    method: Method,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Response {
    match own(&site, &visitor, &id).await {
        Ok(message) => audio::as_mp3(&site, &message, &method, query.as_deref(), &headers).await,
        Err(response) => response,
    }
}

pub(super) async fn wav(
    State(site): Shared,
    visitor: Visitor,
    Path(id): Path<String>,
    method: Method,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Response {
    match own(&site, &visitor, &id).await {
        Ok(message) => audio::as_wav(&site, &message, &method, query.as_deref(), &headers).await,
        Err(response) => response,
    }
}

async fn own(site: &Site, visitor: &Visitor, id: &str) -> Result<Message, Response> {
    let owner = visitor.owner()?;
    let id: MessageId = id.parse().map_err(|_| missing())?;
    site.web.services.inbox.message(owner, id).await.map_err(refused)
}
