//! Clearing parts of a user: a reset before somebody else gets the place, or of the mailbox alone; and the way back.

use std::collections::BTreeSet;
use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::{AccountError, Accounts, Result, noted};
use crate::domain::{Clear, Clearing, Extension, Owner, TenantId};
use crate::store::{Cleared, Holdings};

/// What was cleared can be taken back for so long.
pub const CLEARED_FOR: Duration = Duration::from_secs(24 * 3600);

impl Accounts {
    /// What hangs on a mailbox and its user, counted. Nothing is changed.
    ///
    /// # Errors
    /// [`AccountError::NoMailbox`].
    pub async fn holdings(&self, tenant: TenantId, extension: &Extension) -> Result<Holdings> {
        let (user, mailbox) = self.find(tenant, extension).await?;
        let owner = Owner { tenant, mailbox: mailbox.id };
        Ok(self.store.holdings(owner, user.id, self.clock.now()).await?)
    }

    /// Resets a user in one transaction (002-093, 002-094): what is chosen is cleared, and the user must be set up anew.
    ///
    /// # Errors
    /// [`AccountError::NothingChosen`], [`AccountError::NoMailbox`]; [`AccountError::Called`] while somebody calls the
    /// mailbox whose messages are to go: what is said now would be left to whoever comes next.
    pub async fn reset(
        &self,
        tenant: TenantId,
        extension: &Extension,
        parts: BTreeSet<Clear>,
    ) -> Result<Cleared> {
        let is_called = self.calls.as_ref().is_some_and(|calls| calls.is_called(tenant, extension));
        if is_called && parts.contains(&Clear::Messages) {
            return Err(AccountError::Called);
        }
        self.cleared(tenant, extension, Clearing { parts, is_reset: true }).await
    }

    /// Clears the messages (002-065), or messages, greetings and recorded name (002-067) of somebody who stays.
    ///
    /// # Errors
    /// As [`Accounts::reset`].
    pub async fn clear_mailbox(
        &self,
        tenant: TenantId,
        extension: &Extension,
        has_greetings: bool,
    ) -> Result<Cleared> {
        let parts = if has_greetings { Clear::DATA.into() } else { BTreeSet::from([Clear::Messages]) };
        self.cleared(tenant, extension, Clearing { parts, is_reset: false }).await
    }

    async fn cleared(&self, tenant: TenantId, extension: &Extension, clearing: Clearing) -> Result<Cleared> {
        if clearing.parts.is_empty() {
            return Err(AccountError::NothingChosen);
        }
        let (user, mailbox) = self.find(tenant, extension).await?;
        let owner = Owner { tenant, mailbox: mailbox.id };
        let held = self.store.holdings(owner, user.id, self.clock.now()).await?;
        let action = if clearing.is_reset { "user.reset" } else { "mailbox.cleared" };
        let was = noted::held(&user, &mailbox, &held);
        let store = self.noting(action, &mailbox, was, json!({ "clear": clearing.parts }));
        let cleared = store.clear_user(tenant, user.id, &clearing).await?;
        let is_reset = clearing.is_reset;
        tracing::info!(mailbox = %mailbox.id, is_reset, messages = cleared.messages, "a user was cleared");
        Ok(cleared)
    }

    /// What was cleared last and can be taken back.
    ///
    /// # Errors
    /// [`AccountError::NoMailbox`].
    pub async fn last_cleared(&self, tenant: TenantId, extension: &Extension) -> Result<Option<Cleared>> {
        let (user, _) = self.find(tenant, extension).await?;
        Ok(self.store.last_cleared(tenant, user.id, self.since()).await?)
    }

    /// Takes back what was cleared last, for [`CLEARED_FOR`], as long as nobody else was set up since.
    ///
    /// # Errors
    /// [`AccountError::NothingCleared`], [`AccountError::NewerRules`].
    pub async fn take_back(&self, tenant: TenantId, extension: &Extension) -> Result<Cleared> {
        let (user, mailbox) = self.find(tenant, extension).await?;
        let last = self.store.last_cleared(tenant, user.id, self.since()).await?;
        let was = last.as_ref().map_or(Value::Null, |last| json!({ "clear": last.parts }));
        let became =
            last.map_or(Value::Null, |last| json!({"messages": last.messages, "greetings": last.greetings}));
        let store = self.noting("user.taken-back", &mailbox, was, became);
        let back = store.take_back_cleared(tenant, user.id, self.since()).await?;
        tracing::info!(mailbox = %mailbox.id, messages = back.messages, "what was cleared of a user is back");
        Ok(back)
    }

    fn since(&self) -> Timestamp {
        self.clock.now().saturating_sub(CLEARED_FOR).unwrap_or(Timestamp::MIN)
    }
}
