//! One try of one job. A mail: gather the facts, make it, hand it over. A lamp: tell it. A purge: delete the audio.
//!
//! The server is asked first whether it is there at all: while it is away, no link is issued and no audio is encoded.

use std::time::Duration;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use tokio::sync::SemaphorePermit;
use tokio::time::timeout;

use super::Parts;
use super::attach::{self, AttachError};
use crate::blob::objects::ObjectError;
use crate::domain::{AfterMail, Folder, MailAddress, MailMode, Mailbox, Message, MessageId, Owner, TenantId};
use crate::mail::{Attachment, LinkView, Mail, MailError, MailView, PassedOn, Sender, render};
use crate::store::{Job, LetterFacts, StoreError, Work};

/// How a try ended well.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Done {
    /// The server took the mail.
    Accepted {
        /// The message.
        message: MessageId,
        /// Where the message goes now.
        move_to: Option<Folder>,
        /// The server's words.
        detail: String,
    },
    /// There was nothing to send.
    Skipped(&'static str),
    /// The audio of a purged message is gone.
    Purged,
    /// Every lamp shows the counts.
    Lit,
    /// The server took the notice.
    Noticed,
}

/// How a try ended badly. `kind` and `code` may be logged; `why` may name people.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Failure {
    pub(super) kind: &'static str,
    pub(super) code: Option<u16>,
    pub(super) why: String,
    /// Another try cannot help.
    pub(super) is_final: bool,
}

impl Failure {
    pub(super) fn again(kind: &'static str, why: String) -> Self {
        Self { kind, code: None, why, is_final: false }
    }

    pub(super) fn last(kind: &'static str, why: String) -> Self {
        Self { kind, code: None, why, is_final: true }
    }
}

impl From<MailError> for Failure {
    fn from(error: MailError) -> Self {
        let is_final = matches!(error, MailError::Permanent { .. });
        Self { kind: error.kind(), code: error.code(), why: error.to_string(), is_final }
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        Self::again("store", error.to_string())
    }
}

impl From<AttachError> for Failure {
    fn from(error: AttachError) -> Self {
        let why = error.to_string();
        match error {
            AttachError::Object(ObjectError::Missing(_)) | AttachError::Audio(_) => Self::last("audio", why),
            AttachError::Object(_) | AttachError::Worker(_) => Self::again("audio", why),
        }
    }
}

impl Parts {
    /// One try.
    pub(super) async fn attempt(&self, job: &Job) -> Result<Done, Failure> {
        match &job.work {
            Work::Mail { message, to } => self.mail(job.tenant, *message, to, mode_of).await,
            Work::MailAway { message, to } => self.mail(job.tenant, *message, to, mode_of_away).await,
            Work::Lamp { mailbox } => self.lamp(Owner { tenant: job.tenant, mailbox: *mailbox }).await,
            Work::Notice { mailbox, to, notice } => {
                let owner = Owner { tenant: job.tenant, mailbox: *mailbox };
                self.notice(job.id, owner, to, *notice).await
            }
            Work::Door { user, to, purpose } => self.door(job, *user, to, *purpose).await,
            Work::Security { user, to, change, at } => self.security(job, *user, to, (*change, *at)).await,
            Work::Purge { object } => self.purge(object).await,
        }
    }

    async fn lamp(&self, owner: Owner) -> Result<Done, Failure> {
        let Some(lamps) = self.lamps.get() else {
            return Err(Failure::again("lamp", "the SIP side is not there yet".to_owned()));
        };
        lamps.converge(owner).await.map(|()| Done::Lit).map_err(|why| Failure::again("lamp", why))
    }

    async fn purge(&self, object: &str) -> Result<Done, Failure> {
        match self.objects.delete(object).await {
            Ok(()) => Ok(Done::Purged),
            Err(error @ ObjectError::Key(_)) => Err(Failure::last("audio", error.to_string())),
            Err(error) => Err(Failure::again("audio", error.to_string())),
        }
    }

    async fn mail(
        &self,
        tenant: TenantId,
        message: MessageId,
        to: &MailAddress,
        mode_of: fn(&Mailbox, &MailAddress) -> MailMode,
    ) -> Result<Done, Failure> {
        let Some(facts) = self.store.letter_facts(tenant, message).await? else {
            return Ok(Done::Skipped("the message is gone"));
        };
        let Some(mailbox) = &facts.mailbox else {
            return Ok(Done::Skipped("the mailbox is gone"));
        };
        let mode = mode_of(mailbox, to);
        if mode == MailMode::None {
            return Ok(Done::Skipped("the address no longer asks for mail"));
        }
        let _turn = self.turn().await?;
        let mailer = self.mailer();
        let ready = mailer.ready().await?;
        let view = self.view(&facts, mailbox, to, mode).await?;
        let has_audio = view.attachment.is_some();
        let mail = rendered(view, mailer.sender().clone()).await?;
        let accepted = ready.send(&mail).await?;
        let move_to = if has_audio { mode.after_mail().and_then(folder_after) } else { None };
        let detail = format!("{to}: {} (Message-ID {})", accepted.detail, mail.message_id());
        Ok(Done::Accepted { message, move_to, detail })
    }

    /// Only so many mails are made and handed over at once.
    pub(super) async fn turn(&self) -> Result<SemaphorePermit<'_>, Failure> {
        let busy =
            || Failure::again("busy", "the mails before this one are still being handed over".to_owned());
        match timeout(self.settings.turn, self.turns.acquire()).await {
            Ok(Ok(turn)) => Ok(turn),
            Ok(Err(_)) | Err(_) => Err(busy()),
        }
    }

    async fn view(
        &self,
        facts: &LetterFacts,
        mailbox: &Mailbox,
        to: &MailAddress,
        mode: MailMode,
    ) -> Result<MailView, Failure> {
        let message = &facts.message;
        let zone = zone_of(mailbox, &facts.tenant_zone);
        let attachment =
            if mode.after_mail().is_some() { self.attachment(message, mailbox).await? } else { None };
        let link = match attachment {
            Some(_) => None,
            None => Some(self.link(message, to, &zone).await?),
        };
        Ok(MailView {
            message: message.id,
            to: to.clone(),
            language: mailbox.language.clone().unwrap_or_else(|| facts.tenant_language.clone()),
            mode,
            owner: facts.owner.clone().unwrap_or_default(),
            extension: mailbox.extension.clone(),
            caller: message.caller.clone(),
            alias: message.alias.clone(),
            note: facts.note.clone(),
            passed_on: facts.origin.as_ref().map(|origin| PassedOn {
                author: origin.caller.clone(),
                received: origin.received_at.to_zoned(zone.clone()),
            }),
            received: message.received_at.to_zoned(zone),
            length: Duration::from_millis(message.duration_ms.into()),
            urgent: message.urgent,
            private: message.private,
            link,
            attachment,
            sent_at: self.clock.now(),
        })
    }

    async fn attachment(&self, message: &Message, mailbox: &Mailbox) -> Result<Option<Attachment>, Failure> {
        let limit = self.settings.max_attachment;
        Ok(attach::encoded(&self.objects, message, mailbox.attachment, limit).await?)
    }

    async fn link(&self, message: &Message, to: &MailAddress, zone: &TimeZone) -> Result<LinkView, Failure> {
        let (link, url) = self.links.issue(message, to).await?;
        Ok(LinkView { url: url.expose().into(), expires: shown_until(link.expires_at, zone) })
    }
}

async fn rendered(view: MailView, sender: Sender) -> Result<Mail, Failure> {
    if view.attachment.is_none() {
        return Ok(render(&view, &sender)?);
    }
    // Megabytes of base64 are no work for the async threads.
    Ok(tokio::task::spawn_blocking(move || render(&view, &sender))
        .await
        .map_err(|error| Failure::again("render", error.to_string()))??)
}

/// What is not there any more is no failure.
pub(super) fn present<T>(found: Result<T, StoreError>) -> Result<Option<T>, StoreError> {
    match found {
        Ok(found) => Ok(Some(found)),
        Err(StoreError::Missing { .. }) => Ok(None),
        Err(error) => Err(error),
    }
}

fn shown_until(expires: Timestamp, zone: &TimeZone) -> jiff::Zoned {
    expires.to_zoned(zone.clone())
}

fn mode_of(mailbox: &Mailbox, to: &MailAddress) -> MailMode {
    mailbox
        .recipients
        .iter()
        .find(|recipient| recipient.address == *to)
        .map_or(MailMode::None, |recipient| recipient.mode)
}

/// As a file, and then into the trash, as long as the address is the mailbox's.
fn mode_of_away(mailbox: &Mailbox, to: &MailAddress) -> MailMode {
    let is_theirs = mailbox.recipients.iter().any(|recipient| recipient.address == *to);
    if is_theirs { MailMode::Attachment(AfterMail::Trash) } else { MailMode::None }
}

const fn folder_after(after: AfterMail) -> Option<Folder> {
    match after {
        AfterMail::LeaveNew => None,
        AfterMail::Save => Some(Folder::Saved),
        AfterMail::Trash => Some(Folder::Trash),
    }
}

pub(super) fn zone_of(mailbox: &Mailbox, tenant_zone: &str) -> TimeZone {
    let name = mailbox.zone.as_deref().unwrap_or(tenant_zone);
    TimeZone::get(name).unwrap_or_else(|error| {
        tracing::warn!(zone = name, %error, "this time zone is not known here; the mail says UTC");
        TimeZone::UTC
    })
}
