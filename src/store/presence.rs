//! What users say of themselves, and which greeting of the mailbox belongs to it.
//!
//! Both decide what calls get: every change counts as one of the directory (a trigger).

use super::db::{Row, args};
use super::fault::{found, missing};
use super::mailboxes::lock_mailbox;
use super::read::{Reader, micros, opt_micros};
use super::{Result, Store};
use crate::domain::{GreetingId, MailboxId, Owner, Presence, PresenceState, TenantId, UserId};

const OF_USER: &str = "SELECT user_id, state, until_at FROM presences WHERE tenant_id = $1 AND user_id = $2";

const OF_MAILBOX: &str = "SELECT p.user_id, p.state, p.until_at FROM mailboxes m
    JOIN presences p ON p.tenant_id = m.tenant_id AND p.user_id = m.user_id
    WHERE m.tenant_id = $1 AND m.id = $2";

const LOCK_USER: &str =
    "UPDATE users SET first_name = first_name WHERE tenant_id = $1 AND id = $2 AND removed_at IS NULL";

const PUT: &str = "INSERT INTO presences (tenant_id, user_id, state, until_at, changed_at)
    VALUES ($1, $2, $3, $4, $5) ON CONFLICT (tenant_id, user_id)
    DO UPDATE SET state = excluded.state, until_at = excluded.until_at, changed_at = excluded.changed_at";

/// Arguments are tenant and user.
pub(super) const FORGET_PRESENCE: &str = "DELETE FROM presences WHERE tenant_id = $1 AND user_id = $2";

const GREETINGS: &str = "SELECT state, greeting_id FROM presence_greetings
    WHERE tenant_id = $1 AND mailbox_id = $2 ORDER BY state";

const TIE: &str = "INSERT INTO presence_greetings (tenant_id, mailbox_id, state, greeting_id)
    VALUES ($1, $2, $3, $4) ON CONFLICT (tenant_id, mailbox_id, state)
    DO UPDATE SET greeting_id = excluded.greeting_id";

const UNTIE: &str = "DELETE FROM presence_greetings WHERE tenant_id = $1 AND mailbox_id = $2 AND state = $3";

const HAS_GREETING: &str = "SELECT id FROM greetings WHERE tenant_id = $1 AND mailbox_id = $2 AND id = $3";

impl Store {
    /// What a user said last; the default when nothing was said.
    ///
    /// # Errors
    /// [`super::StoreError`].
    pub async fn presence(&self, tenant: TenantId, user: UserId) -> Result<Presence> {
        let row = self.db.row(OF_USER, args![tenant.uuid(), user.uuid()]).await?;
        row.as_ref().map_or_else(|| Ok(Presence::default()), read_presence)
    }

    /// What the owner of a mailbox said last.
    ///
    /// # Errors
    /// [`super::StoreError`].
    pub(super) async fn presence_at(&self, tenant: TenantId, mailbox: MailboxId) -> Result<Presence> {
        let row = self.db.row(OF_MAILBOX, args![tenant.uuid(), mailbox.uuid()]).await?;
        row.as_ref().map_or_else(|| Ok(Presence::default()), read_presence)
    }

    /// Notes what a user says; what was said before.
    ///
    /// # Errors
    /// [`super::StoreError::Missing`] when there is no such user.
    pub async fn set_presence(
        &self,
        tenant: TenantId,
        user: UserId,
        presence: &Presence,
    ) -> Result<Presence> {
        let (now, who) = (micros(self.clock.now()), || args![tenant.uuid(), user.uuid()]);
        let mut tx = self.begin().await?;
        found(tx.run(LOCK_USER, who()).await?, "user", user)?;
        let before = tx.rows(OF_USER, who()).await?;
        let before = before.first().map_or_else(|| Ok(Presence::default()), read_presence)?;
        if *presence == Presence::default() {
            tx.run(FORGET_PRESENCE, who()).await?;
        } else {
            let (state, until) = (presence.state.as_str(), opt_micros(presence.until));
            tx.run(PUT, args![tenant.uuid(), user.uuid(), state, until, now]).await?;
        }
        tx.commit().await?;
        Ok(before)
    }

    /// Which greeting plays while the owner says what.
    ///
    /// # Errors
    /// [`super::StoreError`].
    pub async fn presence_greetings(&self, owner: Owner) -> Result<Vec<(PresenceState, GreetingId)>> {
        let rows = self.db.rows(GREETINGS, args![owner.tenant.uuid(), owner.mailbox.uuid()]).await?;
        let tied = rows.iter().map(|row| {
            let row = Reader::new(row, "presence_greetings", "greeting_id");
            Ok((row.parsed("state")?, GreetingId::from_uuid(row.id("greeting_id")?)))
        });
        tied.collect()
    }

    /// Lets these greetings play; those of states that are not named stay as they are. `None`: the ladder's.
    ///
    /// # Errors
    /// [`super::StoreError::Missing`] names the mailbox, or a greeting that is not in it; nothing is written then.
    pub async fn tie_greetings(
        &self,
        owner: Owner,
        ties: &[(PresenceState, Option<GreetingId>)],
    ) -> Result<()> {
        let (tenant, mailbox) = (owner.tenant.uuid(), owner.mailbox.uuid());
        let mut tx = self.begin().await?;
        lock_mailbox(&mut tx, owner.tenant, owner.mailbox).await?;
        for (state, greeting) in ties {
            let Some(greeting) = greeting else {
                tx.run(UNTIE, args![tenant, mailbox, state.as_str()]).await?;
                continue;
            };
            if tx.rows(HAS_GREETING, args![tenant, mailbox, greeting.uuid()]).await?.is_empty() {
                return Err(missing("greeting", greeting));
            }
            tx.run(TIE, args![tenant, mailbox, state.as_str(), greeting.uuid()]).await?;
        }
        Ok(tx.commit().await?)
    }
}

fn read_presence(row: &Row) -> Result<Presence> {
    let row = Reader::new(row, "presences", "user_id");
    Ok(Presence { state: row.parsed("state")?, until: row.opt_time("until_at")? })
}
