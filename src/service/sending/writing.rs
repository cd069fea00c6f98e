//! Passing a message on, and answering it, from a page: with a written note, and with speech that was uploaded.

use super::copy::{Letter, Said};
use super::people::Colleague;
use super::{LARGEST, OwnerError, Result, Sending, Sent};
use crate::domain::{Extension, Message, MessageId, Owner};
use crate::service::greetings::Spoken;
use crate::service::pace::Pace;

/// Characters of a note.
pub const LONGEST_NOTE: usize = 2000;
/// Messages that a mailbox sends from pages and by programs within ten minutes.
const PACE: Pace = Pace::new("send", 60, std::time::Duration::from_secs(600));

/// What goes along with a message.
#[derive(Debug, Default)]
pub struct Along {
    /// Written; empty for nothing.
    pub note: String,
    /// Spoken.
    pub spoken: Option<Spoken>,
}

impl Along {
    /// The note as it is kept: bounded, without what no page shows. `None` when nothing was written.
    fn written(&self) -> Option<String> {
        let shown = self.note.chars().filter(|c| !c.is_control() || *c == '\n').take(LONGEST_NOTE);
        let shown: String = shown.collect();
        Some(shown.trim().to_owned()).filter(|note| !note.is_empty())
    }
}

impl Sending {
    /// Passes a message on to these; the original stays as it is, and the copies are no more urgent than it.
    ///
    /// # Errors
    /// [`OwnerError::Private`] for a private message; [`OwnerError::Missing`] when it is not in this mailbox;
    /// [`OwnerError::TooOften`].
    pub async fn pass_on(&self, owner: Owner, id: MessageId, along: Along, to: &[Extension]) -> Result<Sent> {
        let message = self.to_pass_on(owner, id).await?;
        self.keep_pace(owner).await?;
        let note = along.written();
        let letter = self.passed_on(owner, &message, along.spoken.map(Said::from)).await?;
        let sent = self.deliver(owner, &Letter { note, ..letter }, to).await;
        self.note_forwarded(&message, &sent).await;
        Ok(sent)
    }

    /// Answers whoever left a message, who must be a mailbox.
    ///
    /// # Errors
    /// [`OwnerError::Missing`] when the message is not in this mailbox, or its author is no mailbox;
    /// [`OwnerError::Invalid`] without speech: a message is heard.
    pub async fn reply(&self, owner: Owner, id: MessageId, along: Along) -> Result<Sent> {
        let message = self.store.own_message(owner, id).await?;
        let author = self.author(owner, &message).await?.ok_or(OwnerError::Missing { what: "sender" })?;
        let note = along.written();
        let spoken =
            along.spoken.ok_or(OwnerError::Invalid("an answer is spoken: record it, or choose a file"))?;
        self.keep_pace(owner).await?;
        let letter = self.letter(owner, Said::from(spoken)).await?;
        let sent = self.deliver(owner, &Letter { note, ..letter }, &[author.extension]).await;
        for extension in &sent.delivered {
            let noted = self.store.note(owner.tenant, id, "answered", extension.as_str()).await;
            if let Err(error) = noted {
                tracing::debug!(%error, "a ledger line about an answer is missing");
            }
        }
        Ok(sent)
    }

    /// The mailbox that a message came from, if it takes messages; none for who withheld the number.
    ///
    /// # Errors
    /// [`OwnerError::Away`].
    pub async fn author(&self, owner: Owner, message: &Message) -> Result<Option<Colleague>> {
        let number = message.caller.number.as_deref().filter(|_| !message.caller.anonymous);
        let Some(Ok(extension)) = number.map(str::parse::<Extension>) else { return Ok(None) };
        self.colleague(owner, &extension).await
    }

    /// A message of the owner that may be passed on.
    pub(super) async fn to_pass_on(&self, owner: Owner, id: MessageId) -> Result<Message> {
        let message = self.store.own_message(owner, id).await?;
        if message.private {
            return Err(OwnerError::Private);
        }
        if message.bytes > LARGEST {
            return Err(OwnerError::Invalid("the message is too long to be passed on"));
        }
        Ok(message)
    }

    async fn keep_pace(&self, owner: Owner) -> Result<()> {
        if PACE.allows(&self.store, owner.mailbox).await? { Ok(()) } else { Err(OwnerError::TooOften) }
    }
}
