//! The page behind the link in a mail: shows and plays one message; heard, save and delete are POST.

use std::fmt::Write as _;
use std::time::Duration;

use askama::Template;
use axum::extract::{Path, RawQuery, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use jiff::tz::TimeZone;

use crate::domain::{Folder, Mailbox, Message, Tenant};
use crate::store::StoreError;
use crate::written::written;

use super::opened::{Opened, away};
use super::rendition::{self, PEAKS};
use super::shell::{not_found, render};
use super::{Shared, Site};

/// The page does not wait longer for its waveform.
const PATIENCE: Duration = Duration::from_secs(3);

#[derive(Template)]
#[template(path = "message.html", config = "src/http/pages/askama.toml")]
struct MessagePage {
    /// Prefix of the addresses below this page, relative to it.
    base: String,
    owner: String,
    caller: String,
    number: Shown,
    alias: Option<String>,
    note: Option<String>,
    received: String,
    received_iso: String,
    length: String,
    clock: String,
    seconds: String,
    expires: String,
    urgent: bool,
    private: bool,
    heard: bool,
    saved: bool,
    trashed: bool,
    sound: &'static str,
    wave: String,
    wave_width: usize,
    done: Option<&'static str>,
}

/// The caller's number below the name.
pub(super) enum Shown {
    Nothing,
    Plain(String),
    Callable { text: String, address: String },
}

/// GET changes nothing: mail scanners follow links.
pub(super) async fn page(State(site): Shared, RawQuery(query): RawQuery, opened: Opened) -> Response {
    let owner = match owner(&site, opened.message()).await {
        Ok(owner) => owner,
        Err(error) => {
            tracing::warn!(%error, "a linked message cannot be shown");
            return away();
        }
    };
    let peaks = peaks(&site, opened.message()).await;
    let done = query.as_deref().and_then(|query| query.strip_prefix("done="));
    render(&view(&opened, &owner, &peaks, done), StatusCode::OK)
}

/// The waveform, or a flat line: a page without a waveform is still a page.
pub(super) async fn peaks(site: &Site, message: &Message) -> Vec<u8> {
    let made = site.renditions.of(&site.web.objects, message);
    let why = match tokio::time::timeout(PATIENCE, made).await {
        Ok(Ok(rendition)) => return rendition.peaks.to_vec(),
        Ok(Err(error)) => error.to_string(),
        Err(_) => format!("not made within {} s", PATIENCE.as_secs()),
    };
    tracing::info!(message = %message.id, why, "a page is shown without its waveform");
    vec![0; PEAKS]
}

struct Owner {
    name: String,
    zone: TimeZone,
    /// What a colleague wrote who sent the message.
    note: Option<String>,
}

async fn owner(site: &Site, message: &Message) -> Result<Owner, StoreError> {
    let store = &site.web.store;
    let mailbox = store.mailbox(message.tenant, message.mailbox).await?;
    let tenant = store.tenant(message.tenant).await?;
    let name = match mailbox.user {
        Some(user) => store.user(message.tenant, user).await?.full_name(),
        None => String::new(),
    };
    let name = if name.is_empty() { mailbox.extension.to_string() } else { name };
    let note = store.message_note(crate::domain::Owner::of(message), message.id).await?;
    Ok(Owner { name, zone: zone(&mailbox, &tenant), note })
}

fn zone(mailbox: &Mailbox, tenant: &Tenant) -> TimeZone {
    let name = mailbox.zone.as_deref().unwrap_or(&tenant.zone);
    TimeZone::get(name).unwrap_or(TimeZone::UTC)
}

/// The name to save the audio under, without its ending: only letters, digits and `-`.
pub(super) async fn file_name(site: &Site, message: &Message) -> String {
    let zone = owner(site, message).await.map_or(TimeZone::UTC, |owner| owner.zone);
    message.received_at.to_zoned(zone).strftime("voicemail-%Y-%m-%d-%H%M").to_string()
}

fn view(opened: &Opened, owner: &Owner, peaks: &[u8], done: Option<&str>) -> MessagePage {
    let message = opened.message();
    let received = message.received_at.to_zoned(owner.zone.clone());
    let expires = opened.linked.link().expires_at.to_zoned(owner.zone.clone());
    let (caller, number) = caller(message);
    MessagePage {
        base: opened.token.clone(),
        owner: owner.name.clone(),
        caller,
        number,
        alias: message.alias.clone(),
        note: owner.note.clone(),
        received: received.strftime("%A, %-d %B %Y, %H:%M %Z").to_string(),
        received_iso: message.received_at.to_string(),
        length: length(message.duration_ms),
        clock: clock(message.duration_ms),
        seconds: format!("{:.1}", f64::from(message.duration_ms) / 1e3),
        expires: expires.strftime("%-d %B %Y, %H:%M %Z").to_string(),
        urgent: message.urgent,
        private: message.private,
        heard: message.heard_at.is_some(),
        saved: message.folder == Folder::Saved,
        trashed: message.folder == Folder::Trash,
        sound: if rendition::is_offered(message) { "mp3" } else { "wav" },
        wave: wave(peaks),
        wave_width: peaks.len().max(1) * 5,
        done: done.and_then(Action::parse).map(Action::said),
    }
}

/// Who called, and the number below.
pub(super) fn caller(message: &Message) -> (String, Shown) {
    let caller = &message.caller;
    if caller.anonymous {
        return ("Withheld number".to_owned(), Shown::Nothing);
    }
    let Some(number) = caller.number.clone() else {
        return (caller.name.clone().unwrap_or_else(|| "Unknown caller".to_owned()), Shown::Nothing);
    };
    let address: String = number.chars().filter(|c| !" -./()".contains(*c)).collect();
    let digits = address.strip_prefix('+').unwrap_or(&address);
    let is_callable = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    match caller.name.clone().filter(|name| *name != number) {
        Some(name) if is_callable => (name, Shown::Callable { text: number, address }),
        Some(name) => (name, Shown::Plain(number)),
        None if is_callable => (number, Shown::Callable { text: "Call back".to_owned(), address }),
        None => (number, Shown::Nothing),
    }
}

/// A length in the words of the mail that led here.
pub(super) fn length(millis: u32) -> String {
    written("en").calendar.length(Duration::from_millis(millis.into()))
}

pub(super) fn clock(millis: u32) -> String {
    let seconds = ((u64::from(millis) + 500) / 1000).max(1);
    format!("{}:{:02}", seconds / 60, seconds % 60)
}

/// The waveform as one path: a bar for each peak, mirrored at the middle of 64 units. Speech seldom comes near full
/// scale, so the loudest bar fills the height.
pub(super) fn wave(peaks: &[u8]) -> String {
    let loudest = u32::from(peaks.iter().copied().max().unwrap_or(0)).max(16);
    let mut path = String::with_capacity(peaks.len() * 20);
    for (index, peak) in peaks.iter().enumerate() {
        let half = 1 + u32::from(*peak) * 30 / loudest;
        // Writing to a String cannot fail.
        let _ = write!(path, "M{} {}h3v{}h-3z", index * 5 + 1, 32 - half, half * 2);
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
            Self::Delete => "Moved to the trash. You can still put it back.",
            Self::Restore => "Put back into the inbox.",
        }
    }
}

/// A button was pressed, or the player began to play.
pub(super) async fn act(
    State(site): Shared,
    Path((_, action)): Path<(String, String)>,
    opened: Opened,
) -> Response {
    let Some(parsed) = Action::parse(&action) else { return not_found().await };
    match carry_out(&site, &opened, parsed).await {
        Ok(()) => {
            let back = format!("../{}?done={action}", opened.token);
            (StatusCode::SEE_OTHER, [(header::LOCATION, back)]).into_response()
        }
        Err(error) => {
            tracing::warn!(%error, "a linked message cannot be changed");
            away()
        }
    }
}

async fn carry_out(site: &Site, opened: &Opened, action: Action) -> Result<(), StoreError> {
    let (links, linked) = (&site.web.links, &opened.linked);
    links.note_opened(linked).await?;
    match action {
        Action::Heard => links.heard(linked).await,
        Action::Save => links.save(linked).await,
        Action::Delete => links.trash(linked).await,
        Action::Restore => links.restore(linked).await,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_and_the_clock_tell_the_same_length() {
        for (millis, words, shown) in [
            (0, "1 second", "0:01"),
            (12_400, "12 seconds", "0:12"),
            (12_500, "13 seconds", "0:13"),
            (59_600, "1 minute", "1:00"),
            (83_000, "1 minute 23 seconds", "1:23"),
        ] {
            assert_eq!((length(millis).as_str(), clock(millis).as_str()), (words, shown));
        }
    }
}
