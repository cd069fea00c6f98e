//! What callers hear: the languages there are, and every phrase to read and to play.

use askama::Template;
use axum::extract::{Path, Query, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use serde::Deserialize;

use crate::audio::wav;
use crate::service::access::Act;
use crate::service::prompts::{SAMPLE_RATE, Spoken};

use super::super::Shared;
use super::super::portal::frame::Frame;
use super::super::portal::{missing, trouble};
use super::super::shell::render;
use super::super::visitor::Visitor;

pub(super) const HERE: &str = "/admin/prompts";

#[derive(Debug, Default, Deserialize)]
pub(super) struct Asked {
    #[serde(default)]
    language: String,
    #[serde(default)]
    q: String,
}

#[derive(Template)]
#[template(path = "portal/prompts.html", config = "src/http/pages/askama.toml")]
struct PromptsPage {
    frame: Frame,
    languages: Vec<Tongue>,
    /// Whose phrases are listed.
    language: String,
    q: String,
    lines: Vec<Line>,
}

struct Tongue {
    tag: String,
    name: String,
    from: String,
    clips: usize,
    is_default: bool,
    is_here: bool,
}

struct Line {
    id: &'static str,
    words: String,
}

fn tongue(spoken: Spoken<'_>, default: &str, here: &str) -> Tongue {
    let from = match spoken.folder {
        None => "part of the program".to_owned(),
        Some(folder) => format!("from {}", folder.display()),
    };
    let of_default = default.split(['-', '_']).next() == Some(spoken.name) || default == spoken.name;
    Tongue {
        tag: spoken.name.to_owned(),
        name: name(spoken.name).to_owned(),
        from,
        clips: spoken.clips,
        is_default: of_default,
        is_here: spoken.name == here,
    }
}

/// A language as people call it; the tag itself where we do not know.
pub(super) fn name(tag: &str) -> &str {
    match tag.split(['-', '_']).next().unwrap_or_default() {
        "de" => "German",
        "en" => "English",
        "es" => "Spanish",
        "fr" => "French",
        "it" => "Italian",
        "nl" => "Dutch",
        "pl" => "Polish",
        "pt" => "Portuguese",
        _ => tag,
    }
}

pub(super) async fn page(State(site): Shared, visitor: Visitor, Query(asked): Query<Asked>) -> Response {
    if let Err(response) = visitor.must(Act::TenantsRead) {
        return response;
    }
    let tenant = match site.web.services.people.tenant(visitor.actor.tenant).await {
        Ok(tenant) => tenant,
        Err(error) => return trouble(&error),
    };
    let prompts = &site.web.services.prompts;
    let is_known = |tag: &str| prompts.spoken().any(|spoken| spoken.name == tag);
    let plain = tenant.language.split(['-', '_']).next().unwrap_or_default();
    let language = [asked.language.as_str(), &tenant.language, plain]
        .into_iter()
        .find(|tag| is_known(tag))
        .unwrap_or("en")
        .to_owned();
    let q: String = asked.q.trim().chars().take(100).collect();
    let wanted = q.to_lowercase();
    let lines = prompts.book(&language).into_iter();
    let lines = lines.filter(|line| line.id.contains(&wanted) || line.words.to_lowercase().contains(&wanted));
    let page = PromptsPage {
        frame: Frame::new(&site, &visitor, HERE, None),
        languages: prompts.spoken().map(|spoken| tongue(spoken, &tenant.language, &language)).collect(),
        lines: lines.map(|line| Line { id: line.id, words: line.words }).collect(),
        language,
        q,
    };
    render(&page, StatusCode::OK)
}

pub(super) async fn sound(
    State(site): Shared,
    visitor: Visitor,
    Path((language, phrase)): Path<(String, String)>,
) -> Response {
    if let Err(response) = visitor.must(Act::TenantsRead) {
        return response;
    }
    let prompts = std::sync::Arc::clone(&site.web.services.prompts);
    // Decoding takes milliseconds, and a recording of one's own may be anything.
    let made = tokio::task::spawn_blocking(move || {
        let phrase = phrase.strip_suffix(".wav").unwrap_or_default();
        prompts.sound(&language, phrase)
    });
    match made.await {
        Ok(Ok(Some(samples))) => match wav::write(&samples, SAMPLE_RATE) {
            Ok(file) => {
                let headers =
                    [(header::CONTENT_TYPE, "audio/wav"), (header::CACHE_CONTROL, "private, max-age=3600")];
                (headers, file).into_response()
            }
            Err(error) => trouble(&error),
        },
        Ok(Ok(None)) => missing(),
        Ok(Err(error)) => trouble(&error),
        Err(error) => trouble(&error),
    }
}
