//! The page behind the link in a mail: shows and plays one message; heard, save and delete are POST.

use std::fmt::Write as _;
use std::net::SocketAddr;
use std::sync::Arc;

use askama::Template;
use axum::extract::{ConnectInfo, Path, Query, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use jiff::tz::TimeZone;

use crate::domain::{Folder, Mailbox, Message, Tenant};
use crate::service::links::{LinkRefusal, LinkedMessage};
use crate::store::StoreError;

use super::shell::{Notice, render};
use super::{Shared, Site, audio, client};

#[derive(Template)]
#[template(path = "message.html", config = "src/http/pages/askama.toml")]
struct MessagePage {
    base: String,
    owner: String,
    caller: String,
    number: Option<String>,
    number_link: String,
    alias: Option<String>,
    received: String,
    received_iso: String,
    length: String,
    expires: String,
    urgent: bool,
    private: bool,
    heard: bool,
    saved: bool,
    trashed: bool,
    wave: String,
    wave_width: usize,
    file: String,
    done: Option<&'static str>,
}

/// Looks the link up for this client, or makes the page that says why not.
pub(super) async fn open(
    site: &Arc<Site>,
    peer: SocketAddr,
    headers: &HeaderMap,
    token: &str,
) -> Result<LinkedMessage, Response> {
    let source = client::address(peer, headers, &site.web.trusted_proxies);
    if site.guesses.is_blocked(source) {
        let notice = Notice {
            title: "Too many wrong links",
            text: "Too many wrong links were tried from here. Please wait ten minutes.",
        };
        return Err(notice.page(StatusCode::TOO_MANY_REQUESTS));
    }
    let (status, title, text) = match site.web.links.open(token).await {
        Ok(linked) => return Ok(linked),
        Err(LinkRefusal::Unknown) => {
            site.guesses.wrong(source);
            (
                StatusCode::NOT_FOUND,
                "This link opens nothing",
                "Open the link exactly as it stands in the mail.",
            )
        }
        Err(LinkRefusal::Expired) => (
            StatusCode::GONE,
            "This link has expired",
            "The message is still in the mailbox. Listen to it by phone, or ask your administrator.",
        ),
        Err(LinkRefusal::Revoked) => (
            StatusCode::GONE,
            "This link was withdrawn",
            "The message may still be in the mailbox. Listen to it by phone, or ask your administrator.",
        ),
        Err(LinkRefusal::Store(error)) => {
            tracing::warn!(%error, "a link cannot be looked up");
            (
                StatusCode::SERVICE_UNAVAILABLE,
                "Please try again",
                "Your message is safe, but cannot be reached at the moment. Please try again in a few minutes.",
            )
        }
    };
    Err(Notice { title, text }.page(status))
}

#[derive(Debug, Default, serde::Deserialize)]
pub(super) struct Done {
    done: Option<String>,
}

/// GET changes nothing: mail scanners follow links.
pub(super) async fn page(
    State(site): Shared,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    Path(token): Path<String>,
    Query(done): Query<Done>,
    headers: HeaderMap,
) -> Response {
    let linked = match open(&site, peer, &headers, &token).await {
        Ok(linked) => linked,
        Err(refusal) => return refusal,
    };
    let owner = match owner(&site, linked.message()).await {
        Ok(owner) => owner,
        Err(error) => return away(&error),
    };
    // A page without a waveform is still a page.
    let peaks = match audio::rendition(&site, linked.message()).await {
        Ok(rendition) => rendition.peaks,
        Err(error) => {
            tracing::warn!(message = %linked.message().id, %error, "no waveform");
            Arc::from([])
        }
    };
    render(&view(&token, &linked, &owner, &peaks, done.done.as_deref()), StatusCode::OK)
}

struct Owner {
    name: String,
    mailbox: Mailbox,
    tenant: Tenant,
}

async fn owner(site: &Site, message: &Message) -> Result<Owner, StoreError> {
    let tenant = site.web.store.tenant(message.tenant).await?;
    let mailbox = site.web.store.mailbox(message.tenant, message.mailbox).await?;
    let name = match mailbox.user {
        Some(user) => site.web.store.user(message.tenant, user).await?.full_name(),
        None => String::new(),
    };
    let name = if name.is_empty() { mailbox.extension.to_string() } else { name };
    Ok(Owner { name, mailbox, tenant })
}

fn view(token: &str, linked: &LinkedMessage, owner: &Owner, peaks: &[u8], done: Option<&str>) -> MessagePage {
    let message = linked.message();
    let zone = owner.mailbox.zone.as_deref().unwrap_or(&owner.tenant.zone);
    let zone = TimeZone::get(zone).unwrap_or(TimeZone::UTC);
    let received = message.received_at.to_zoned(zone.clone());
    let number = message.caller.number.clone();
    let named = message.caller.name.clone();
    let caller = named.clone().or_else(|| number.clone()).unwrap_or_else(|| "Unknown caller".to_owned());
    let number_link: String = number
        .iter()
        .flat_map(|number| number.chars())
        .filter(|c| c.is_ascii_digit() || "+*#".contains(*c))
        .collect();
    MessagePage {
        base: format!("/m/{token}"),
        owner: owner.name.clone(),
        caller,
        number: number.filter(|_| named.is_some() || !number_link.is_empty()),
        number_link,
        alias: message.alias.clone(),
        received: received.strftime("%A, %-d %B %Y, %H:%M %Z").to_string(),
        received_iso: message.received_at.to_string(),
        length: length(message.duration_ms),
        expires: linked.link().expires_at.to_zoned(zone).strftime("%-d %B %Y").to_string(),
        urgent: message.urgent,
        private: message.private,
        heard: message.heard_at.is_some(),
        saved: message.folder == Folder::Saved,
        trashed: message.folder == Folder::Trash,
        wave: wave(peaks),
        wave_width: peaks.len().max(1) * 4,
        file: received.strftime("voicemail-%Y-%m-%d-%H%M").to_string(),
        done: done.and_then(Action::parse).map(Action::said),
    }
}

fn length(millis: u32) -> String {
    let seconds = millis.div_ceil(1000);
    match (seconds / 60, seconds % 60) {
        (0, 1) => "1 second".to_owned(),
        (0, seconds) => format!("{seconds} seconds"),
        (minutes, seconds) => format!("{minutes}:{seconds:02} minutes"),
    }
}

/// The waveform as one path: a bar for each peak, mirrored at the middle of 64 units.
fn wave(peaks: &[u8]) -> String {
    let mut path = String::with_capacity(peaks.len() * 20);
    for (index, peak) in peaks.iter().enumerate() {
        let half = 1 + u32::from(*peak) * 30 / 255;
        // Writing to a String cannot fail.
        let _ = write!(path, "M{} {}h3v{}h-3z", index * 4, 32 - half, half * 2);
    }
    path
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Action {
    Heard,
    Save,
    Delete,
    Restore,
}

impl Action {
    fn parse(text: &str) -> Option<Self> {
        Some(match text {
            "heard" => Self::Heard,
            "save" => Self::Save,
            "delete" => Self::Delete,
            "restore" => Self::Restore,
            _ => return None,
        })
    }

    const fn said(self) -> &'static str {
        match self {
            Self::Heard => "Marked as heard.",
            Self::Save => "Saved.",
            Self::Delete => "Moved to the trash. You can put it back below.",
            Self::Restore => "Put back into the inbox.",
        }
    }
}

pub(super) async fn act(
    State(site): Shared,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    Path((token, action)): Path<(String, String)>,
    headers: HeaderMap,
) -> Response {
    let Some(parsed) = Action::parse(&action) else { return super::shell::not_found().await };
    let linked = match open(&site, peer, &headers, &token).await {
        Ok(linked) => linked,
        Err(refusal) => return refusal,
    };
    let links = &site.web.links;
    let done = match parsed {
        Action::Heard => links.heard(&linked).await,
        Action::Save => links.save(&linked).await,
        Action::Delete => links.trash(&linked).await,
        Action::Restore => links.restore(&linked).await,
    };
    match done {
        Ok(()) => {
            let back = format!("/m/{token}?done={action}");
            (StatusCode::SEE_OTHER, [(header::LOCATION, back)]).into_response()
        }
        Err(error) => away(&error),
    }
}

fn away(error: &StoreError) -> Response {
    tracing::warn!(%error, "a linked message cannot be shown or changed");
    Notice {
        title: "Please try again",
        text: "Your message is safe, but cannot be reached at the moment. Please try again in a few minutes.",
    }
    .page(StatusCode::SERVICE_UNAVAILABLE)
}
