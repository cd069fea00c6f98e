//! A message is passed on to colleagues, or answered: whom, a note, and what is said to introduce it.

use askama::Template;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use serde_json::json;

use crate::domain::{Extension, Message, MessageId, Owner};
use crate::service::audit::Deed;
use crate::service::greetings::{GreetingError, MAX_UPLOAD, Remark};
use crate::service::owner::OwnerError;
use crate::service::sending::{Along, Colleague, LONGEST_NOTE, Meant, Sent, Why};

use super::super::file_form::{NoFile, PostedFile};
use super::super::shell::render_recording;
use super::super::visitor::Visitor;
use super::super::{Shared, Site, link_page};
use super::frame::Frame;
use super::inbox::refused;
use super::sign_in::sentence;
use super::{missing, trouble};

/// People whose names are offered while one types; beyond that the page would be long, and names are looked up all the same.
const MOST_SUGGESTED: usize = 500;

#[derive(Template)]
#[template(path = "portal/forward.html", config = "src/http/pages/askama.toml")]
struct ForwardPage {
    frame: Frame,
    id: String,
    caller: String,
    length: String,
    private: bool,
    /// The one who is answered; else it is passed on.
    author: Option<Colleague>,
    /// Who was chosen, each with a tick.
    chosen: Vec<Colleague>,
    /// Who could be meant by a name.
    doubtful: Vec<(String, Vec<Colleague>)>,
    /// What nobody is, to be mended.
    typed: String,
    error: Option<String>,
    note: String,
    longest_note: usize,
    suggested: Vec<Colleague>,
    sent: Option<Outcome>,
}

/// Who has it, and who has not.
struct Outcome {
    delivered: Vec<String>,
    refused: Vec<String>,
}

/// What is on the form when it is shown again.
#[derive(Default)]
struct Filled {
    chosen: Vec<Colleague>,
    doubtful: Vec<(String, Vec<Colleague>)>,
    typed: String,
    error: Option<String>,
    note: String,
    sent: Option<Outcome>,
}

/// A form with what is said, of at most this many bytes.
type Spoken = PostedFile<MAX_UPLOAD>;

pub(super) async fn forward_page(State(site): Shared, visitor: Visitor, Path(id): Path<String>) -> Response {
    page(&site, &visitor, &id, false, Filled::default(), StatusCode::OK).await
}

pub(super) async fn reply_page(State(site): Shared, visitor: Visitor, Path(id): Path<String>) -> Response {
    page(&site, &visitor, &id, true, Filled::default(), StatusCode::OK).await
}

async fn page(
    site: &Site,
    visitor: &Visitor,
    id: &str,
    is_reply: bool,
    filled: Filled,
    status: StatusCode,
) -> Response {
    match view(site, visitor, id, is_reply, filled).await {
        Ok(page) => render_recording(&page, status),
        Err(response) => response,
    }
}

async fn view(
    site: &Site,
    visitor: &Visitor,
    id: &str,
    is_reply: bool,
    filled: Filled,
) -> Result<ForwardPage, Response> {
    let (owner, message) = own(site, visitor, id).await?;
    let sending = &site.web.services.sending;
    let author = match is_reply {
        true => Some(sending.author(owner, &message).await.map_err(refused)?.ok_or_else(missing)?),
        false => None,
    };
    let mut suggested = match is_reply {
        true => Vec::new(),
        false => sending.colleagues(owner).await.map_err(refused)?,
    };
    suggested.truncate(MOST_SUGGESTED);
    let unheard = site.web.services.inbox.counts(owner).await.map_err(refused)?.new;
    Ok(ForwardPage {
        frame: Frame::new(site, visitor, "/", Some(unheard)),
        id: message.id.to_string(),
        caller: link_page::caller(&message).0,
        length: link_page::length(message.duration_ms),
        private: message.private && !is_reply,
        author,
        chosen: filled.chosen,
        doubtful: filled.doubtful,
        typed: filled.typed,
        error: filled.error,
        note: filled.note,
        longest_note: LONGEST_NOTE,
        suggested,
        sent: filled.sent,
    })
}

async fn own(site: &Site, visitor: &Visitor, id: &str) -> Result<(Owner, Message), Response> {
    let owner = visitor.owner()?;
    let id: MessageId = id.parse().map_err(|_| missing())?;
    Ok((owner, site.web.services.inbox.message(owner, id).await.map_err(refused)?))
}

pub(super) async fn forward(State(site): Shared, Path(id): Path<String>, posted: Spoken) -> Response {
    let visitor = &posted.visitor;
    let (owner, message) = match own(&site, visitor, &id).await {
        Ok(own) => own,
        Err(response) => return response,
    };
    let mut filled = Filled { note: posted.get("note").to_owned(), ..Filled::default() };
    let is_ready = match resolved(&site, owner, &posted, &mut filled).await {
        Ok(is_ready) => is_ready,
        Err(response) => return response,
    };
    if !is_ready {
        let status = if filled.error.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
        return page(&site, visitor, &id, false, filled, status).await;
    }
    let along = match along(&site, &posted).await {
        Ok(along) => along,
        Err(why) => {
            filled.error = Some(why);
            return page(&site, visitor, &id, false, filled, StatusCode::UNPROCESSABLE_ENTITY).await;
        }
    };
    let to: Vec<Extension> = filled.chosen.iter().map(|one| one.extension.clone()).collect();
    match site.web.services.sending.pass_on(owner, message.id, along, &to).await {
        Ok(sent) => {
            note(&site, visitor, owner, "message.forwarded", &message, &sent).await;
            filled.sent = Some(outcome(&sent, &filled.chosen));
            page(&site, visitor, &id, false, filled, StatusCode::OK).await
        }
        Err(error) => again(&site, visitor, &id, false, filled, error).await,
    }
}

pub(super) async fn reply(State(site): Shared, Path(id): Path<String>, posted: Spoken) -> Response {
    let visitor = &posted.visitor;
    let (owner, message) = match own(&site, visitor, &id).await {
        Ok(own) => own,
        Err(response) => return response,
    };
    let author = match site.web.services.sending.author(owner, &message).await {
        Ok(Some(author)) => author,
        Ok(None) => return missing(),
        Err(error) => return refused(error),
    };
    let mut filled = Filled { note: posted.get("note").to_owned(), ..Filled::default() };
    let along = match along(&site, &posted).await {
        Ok(along) => along,
        Err(why) => {
            filled.error = Some(why);
            return page(&site, visitor, &id, true, filled, StatusCode::UNPROCESSABLE_ENTITY).await;
        }
    };
    match site.web.services.sending.reply(owner, message.id, along).await {
        Ok(sent) => {
            note(&site, visitor, owner, "message.answered", &message, &sent).await;
            filled.sent = Some(outcome(&sent, &[author]));
            page(&site, visitor, &id, true, filled, StatusCode::OK).await
        }
        Err(error) => again(&site, visitor, &id, true, filled, error).await,
    }
}

/// The form again, with what stands against it.
async fn again(
    site: &Site,
    visitor: &Visitor,
    id: &str,
    is_reply: bool,
    mut filled: Filled,
    error: OwnerError,
) -> Response {
    let status = match error {
        OwnerError::TooOften => StatusCode::TOO_MANY_REQUESTS,
        OwnerError::Missing { .. } => return missing(),
        OwnerError::Away(_) => return trouble(&error),
        _ => StatusCode::UNPROCESSABLE_ENTITY,
    };
    filled.error = Some(sentence(&error));
    page(site, visitor, id, is_reply, filled, status).await
}

/// Who was chosen and who was typed; whether it can be sent. Nobody has it before everybody is known.
async fn resolved(site: &Site, owner: Owner, posted: &Spoken, filled: &mut Filled) -> Result<bool, Response> {
    let sending = &site.web.services.sending;
    let mut ticked: Vec<&str> = posted.beginning("to-").map(|(extension, _)| extension).collect();
    ticked.sort_unstable();
    let typed = [ticked.join(","), posted.get("more").to_owned()].join("\n");
    let mut nobody = Vec::new();
    for meant in sending.meant(owner, &typed).await.map_err(refused)? {
        match meant {
            Meant::One(one) if filled.chosen.contains(&one) => {}
            Meant::One(one) => filled.chosen.push(one),
            Meant::Several(name, people) => filled.doubtful.push((name, people)),
            Meant::Nobody(name) => nobody.push(name),
        }
    }
    if !nobody.is_empty() {
        filled.error = Some(format!(
            "Nobody here is {}. Write an extension, or the beginning of a name. Nothing was sent yet.",
            nobody.iter().map(|name| format!("“{name}”")).collect::<Vec<_>>().join(", ")
        ));
        filled.typed = nobody.join(", ");
    } else if !filled.doubtful.is_empty() {
        filled.error =
            Some("A name fits several people: tick who is meant. Nothing was sent yet.".to_owned());
    } else if filled.chosen.is_empty() && posted.get("add").is_empty() {
        filled.error = Some("Nobody is chosen yet: write an extension or a name.".to_owned());
    }
    Ok(filled.error.is_none() && posted.get("add").is_empty())
}

/// The note and what is said; why it cannot go along, in words.
async fn along(site: &Site, posted: &Spoken) -> Result<Along, String> {
    let note = posted.get("note").to_owned();
    let file = match &posted.file {
        Ok(file) => file.clone(),
        Err(NoFile::Empty) => return Ok(Along { note, spoken: None }),
        Err(NoFile::TooLarge) => {
            return Err(format!(
                "The file is larger than {} MB: send it as MP3, or shorten it.",
                MAX_UPLOAD >> 20
            ));
        }
        Err(NoFile::Broken) => return Err("The upload broke off. Please try again.".to_owned()),
    };
    match site.web.services.greetings.spoken(file).await {
        Ok(spoken) if spoken.remarks.contains(&Remark::Silent) => {
            Err("Nothing can be heard in your recording. Check the microphone, and record it again."
                .to_owned())
        }
        Ok(spoken) => Ok(Along { note, spoken: Some(spoken) }),
        Err(error @ (GreetingError::File(_) | GreetingError::TooBig(_))) => Err(sentence(&error)),
        Err(error) => {
            tracing::warn!(%error, "what goes along with a message cannot be prepared");
            Err("Your recording cannot be prepared now. Please try again.".to_owned())
        }
    }
}

fn outcome(sent: &Sent, known: &[Colleague]) -> Outcome {
    let shown = |extension: &Extension| {
        let name = known.iter().find(|one| one.extension == *extension).map_or("", |one| one.name.as_str());
        format!("{name} {extension}").trim().to_owned()
    };
    let why = |why: &Why| match why {
        Why::Unknown => "there is no such mailbox",
        Why::Full => "the mailbox is full",
        Why::Closed => "the mailbox takes no messages",
        Why::Failed => "not possible now: try again later",
    };
    Outcome {
        delivered: sent.delivered.iter().map(shown).collect(),
        refused: sent
            .refused
            .iter()
            .map(|(to, because)| format!("{}: {}", shown(to), why(because)))
            .collect(),
    }
}

async fn note(site: &Site, visitor: &Visitor, owner: Owner, action: &str, message: &Message, sent: &Sent) {
    let deed = Deed { action, target: format!("message {}", message.id) };
    let became = json!({"to": sent.delivered});
    site.web.services.audit.note(&visitor.actor, owner.tenant, deed, None::<&()>, Some(&became)).await;
}
