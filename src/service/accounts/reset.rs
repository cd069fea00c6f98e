//! Clearing parts of a user: a reset before somebody else gets the place, or of the mailbox alone; and the way back.

use std::collections::BTreeSet;
use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Value, json};
use uuid::Uuid;

use super::{AccountError, Accounts, Result, noted};
use crate::domain::{Clear, Clearing, Extension, Mailbox, MailboxId, Owner, SecurityChange, TenantId, User};
use crate::service::security;
use crate::store::{Cleared, Holdings, MayGive};

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
        let fresh = self.defaults.mailbox(
            MailboxId::from_uuid(Uuid::nil()),
            tenant,
            extension.clone(),
            self.clock.now(),
        );
        let fresh = Some(fresh.habits());
        self.cleared(tenant, extension, Clearing { parts, is_reset: true, fresh }).await
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
        self.cleared(tenant, extension, Clearing { parts, is_reset: false, fresh: None }).await
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
        let had = self.ways_in(&user, &mailbox).await?;
        let cleared = store.clear_user(tenant, user.id, &clearing).await?;
        self.tell_ways_in(&user, &mailbox, had).await;
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

    /// Takes back what was cleared last, for [`CLEARED_FOR`], as long as nobody else was set up since; `may` says which
    /// roles whoever asks may give.
    ///
    /// # Errors
    /// [`AccountError::NothingCleared`], [`AccountError::NewerRules`]; [`AccountError::RoleBack`] when the role would come
    /// back that who asks may not give.
    pub async fn take_back(
        &self,
        tenant: TenantId,
        extension: &Extension,
        may: MayGive<'_>,
    ) -> Result<Cleared> {
        let (user, mailbox) = self.find(tenant, extension).await?;
        let last = self.store.last_cleared(tenant, user.id, self.since()).await?;
        let was = last.as_ref().map_or(Value::Null, |last| json!({ "clear": last.parts }));
        let became =
            last.map_or(Value::Null, |last| json!({"messages": last.messages, "greetings": last.greetings}));
        let store = self.noting("user.taken-back", &mailbox, was, became);
        let had = self.ways_in(&user, &mailbox).await?;
        let back = store.take_back_cleared(tenant, user.id, self.since(), may).await?;
        self.tell_ways_in(&user, &mailbox, had).await;
        tracing::info!(mailbox = %mailbox.id, messages = back.messages, "what was cleared of a user is back");
        Ok(back)
    }

    /// By what the user comes in: PIN, password, second factor.
    async fn ways_in(&self, user: &User, mailbox: &Mailbox) -> Result<[bool; 3]> {
        let factor = self.store.second_factor(user.tenant, user.id).await?;
        Ok([
            self.store.pin_hash(user.tenant, mailbox.id).await?.is_some(),
            self.store.password_hash(user.tenant, user.id).await?.is_some(),
            factor.is_some_and(|factor| factor.active.is_some()),
        ])
    }

    /// Who is there now, and who was, are told by mail which of them is another one.
    async fn tell_ways_in(&self, before: &User, mailbox: &Mailbox, had: [bool; 3]) {
        let (has, now) =
            match (self.ways_in(before, mailbox).await, self.store.user(before.tenant, before.id).await) {
                (Ok(has), Ok(now)) => (has, now),
                (Err(error), _) => return tracing::warn!(%error, "a user is not told of a changed way in"),
                (_, Err(error)) => return tracing::warn!(%error, "a user is not told of a changed way in"),
            };
        let emails = before.emails.iter().chain(&now.emails).cloned().collect();
        let told = User { emails, ..now };
        let factor = if has[2] { SecurityChange::FactorOn } else { SecurityChange::FactorReset };
        let changes = [SecurityChange::Pin, SecurityChange::Password, factor];
        for ((change, had), has) in changes.into_iter().zip(had).zip(has) {
            if had != has {
                security::tell(&self.store, &self.clock, &told, change).await;
            }
        }
    }

    fn since(&self) -> Timestamp {
        self.clock.now().saturating_sub(CLEARED_FOR).unwrap_or(Timestamp::MIN)
    }
}
