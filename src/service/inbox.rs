//! Messages as a page lists them: folders, search, one message with what happened to it.
//!
//! Marks are `retrieval`'s. Nothing here can name a message of another mailbox: each query takes the [`Owner`]. Driven by
//! portal and API.

use crate::domain::answering::Arrangements;
use crate::domain::{Counts, Message, MessageId, Owner, Part, Tenant};
use crate::store::{LedgerEntry, MessageFilter, Store};

use super::owner::Result;

/// Messages of one page at most.
pub const LONGEST_PAGE: u32 = 200;

/// The use cases. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Inbox {
    store: Store,
}

/// A page of messages.
#[derive(Debug, Clone)]
pub struct Page {
    /// Newest first.
    pub messages: Vec<Message>,
    /// Whether more follow.
    pub more: bool,
}

impl Inbox {
    /// Over this store.
    pub const fn new(store: Store) -> Self {
        Self { store }
    }

    /// A page of at most [`LONGEST_PAGE`] messages.
    ///
    /// # Errors
    /// [`super::owner::OwnerError::Away`].
    pub async fn page(&self, owner: Owner, filter: &MessageFilter, limit: u32) -> Result<Page> {
        let limit = limit.clamp(1, LONGEST_PAGE);
        let mut messages = self.store.message_page(owner, filter, limit + 1).await?;
        let more = messages.len() > limit as usize;
        messages.truncate(limit as usize);
        Ok(Page { messages, more })
    }

    /// One message.
    ///
    /// # Errors
    /// [`super::owner::OwnerError::Missing`], also for a message of another mailbox.
    pub async fn message(&self, owner: Owner, id: MessageId) -> Result<Message> {
        Ok(self.store.own_message(owner, id).await?)
    }

    /// What happened to a message, oldest first; and its parts, when it was passed on.
    ///
    /// # Errors
    /// As [`Inbox::message`].
    pub async fn story(&self, owner: Owner, id: MessageId) -> Result<(Vec<LedgerEntry>, Vec<Part>)> {
        self.message(owner, id).await?;
        Ok((self.store.ledger(owner.tenant, id).await?, self.store.parts(owner, id).await?))
    }

    /// What a colleague wrote who sent it.
    ///
    /// # Errors
    /// [`super::owner::OwnerError::Away`].
    pub async fn note(&self, owner: Owner, id: MessageId) -> Result<Option<String>> {
        Ok(self.store.message_note(owner, id).await?)
    }

    /// How many there are.
    ///
    /// # Errors
    /// [`super::owner::OwnerError::Away`].
    pub async fn counts(&self, owner: Owner) -> Result<Counts> {
        Ok(self.store.counts(owner).await?)
    }

    /// What changes whenever the list does: for pages that stay open. Cheap.
    ///
    /// # Errors
    /// [`super::owner::OwnerError::Away`].
    pub async fn state(&self, owner: Owner) -> Result<(Counts, Option<MessageId>)> {
        let newest = self.store.message_page(owner, &MessageFilter::default(), 1).await?;
        Ok((self.counts(owner).await?, newest.first().map(|message| message.id)))
    }

    /// What answers calls to the mailbox: hours, rules, lists.
    ///
    /// # Errors
    /// [`super::owner::OwnerError::Away`].
    pub async fn arrangements(&self, owner: Owner) -> Result<Arrangements> {
        Ok(self.store.arrangements(owner.tenant, owner.mailbox).await?)
    }

    /// The tenant, whose zone and language mailboxes inherit.
    ///
    /// # Errors
    /// [`super::owner::OwnerError`].
    pub async fn tenant(&self, owner: Owner) -> Result<Tenant> {
        Ok(self.store.tenant(owner.tenant).await?)
    }
}
