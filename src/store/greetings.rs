//! Greetings and recorded names: which are active, which can be restored.

use jiff::Timestamp;

use super::db::{Row, Tx, args};
use super::fault::{Named as _, missing};
use super::mailboxes::lock_mailbox;
use super::read::{Reader, micros, opt_micros};
use super::{Result, Store, StoreError};
use crate::domain::{Greeting, GreetingId, GreetingKind, GreetingName, MailboxId, Owner, TenantId};

// Whatever plays until now has played last.
const SWITCH_OFF: &str = "UPDATE greetings
    SET played_at = CASE WHEN active THEN COALESCE($5, played_at) ELSE played_at END, active = $4
    WHERE tenant_id = $1 AND mailbox_id = $2 AND kind = $3";

const ADD: &str = "INSERT INTO greetings
    (id, tenant_id, mailbox_id, kind, label, object, duration_ms, active, from_at, until_at, created_at, played_at)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)";

const OF_MAILBOX: &str = "SELECT id, tenant_id, mailbox_id, kind, label, object, duration_ms, active, from_at,
    until_at, created_at FROM greetings WHERE tenant_id = $1 AND mailbox_id = $2 ORDER BY created_at DESC, id DESC";

const BY_ID: &str = "SELECT id, tenant_id, mailbox_id, kind, label, object, duration_ms, active, from_at,
    until_at, created_at FROM greetings WHERE tenant_id = $1 AND id = $2";

const SWITCH_ON: &str = "UPDATE greetings SET active = $4, played_at = COALESCE($6, played_at),
        until_at = CASE WHEN until_at <= $5 THEN NULL ELSE until_at END
    WHERE tenant_id = $1 AND mailbox_id = $2 AND id = $3 RETURNING id, tenant_id, mailbox_id, kind, label, object,
    duration_ms, active, from_at, until_at, created_at";

const KIND: &str = "SELECT id, kind FROM greetings WHERE tenant_id = $1 AND mailbox_id = $2 AND id = $3";

// Of those that ever played the last one before the one that plays; of all of them when none plays.
const BEFORE: &str = "SELECT g.id FROM greetings g
    LEFT JOIN greetings a ON a.tenant_id = g.tenant_id AND a.mailbox_id = g.mailbox_id AND a.kind = g.kind AND a.active
    WHERE g.tenant_id = $1 AND g.mailbox_id = $2 AND g.kind = $3 AND NOT g.active AND g.played_at IS NOT NULL
        AND (a.id IS NULL OR g.played_at < a.played_at OR (g.played_at = a.played_at AND g.id < a.id))
    ORDER BY g.played_at DESC, g.id DESC LIMIT 1";

const SET_UNTIL: &str = "UPDATE greetings SET until_at = $4
    WHERE tenant_id = $1 AND mailbox_id = $2 AND id = $3 RETURNING id, tenant_id, mailbox_id, kind, label, object,
    duration_ms, active, from_at, until_at, created_at";

const LABELS: &str = "SELECT id, label FROM greetings WHERE tenant_id = $1 AND mailbox_id = $2";

const SET_LABEL: &str = "UPDATE greetings SET label = $4
    WHERE tenant_id = $1 AND mailbox_id = $2 AND id = $3 RETURNING id, tenant_id, mailbox_id, kind, label, object,
    duration_ms, active, from_at, until_at, created_at";

impl Store {
    /// Adds a greeting. An active one becomes the one of its kind: the older ones of the kind go inactive and stay
    /// restorable. One transaction.
    ///
    /// # Errors
    /// [`super::StoreError::Missing`] names the mailbox; `Taken` the id.
    pub async fn add_greeting(&self, greeting: &Greeting) -> Result<()> {
        self.put_greeting(greeting, false).await
    }

    /// As [`Store::add_greeting`], for a greeting whose label no other one of the mailbox may have (002-070).
    ///
    /// # Errors
    /// [`StoreError::Taken`] names the label as `greeting name`; else as there.
    pub async fn add_named_greeting(&self, greeting: &Greeting) -> Result<()> {
        self.put_greeting(greeting, true).await
    }

    async fn put_greeting(&self, greeting: &Greeting, is_named: bool) -> Result<()> {
        let (tenant, mailbox) = (greeting.tenant.uuid(), greeting.mailbox.uuid());
        let kind = greeting.kind.as_str();
        let mut tx = self.begin().await?;
        lock_mailbox(&mut tx, greeting.tenant, greeting.mailbox).await?;
        if is_named {
            let owner = Owner { tenant: greeting.tenant, mailbox: greeting.mailbox };
            check_label(&mut tx, owner, greeting.id, &greeting.label).await?;
        }
        let now = micros(self.clock.now());
        if greeting.active {
            tx.run(SWITCH_OFF, args![tenant, mailbox, kind, false, Some(now - 1)]).await?;
        }
        let args = args![
            greeting.id.uuid(),
            tenant,
            mailbox,
            kind,
            greeting.label.as_str(),
            greeting.object.as_str(),
            greeting.duration_ms,
            greeting.active,
            opt_micros(greeting.from),
            opt_micros(greeting.until),
            micros(greeting.created_at),
            greeting.active.then_some(now),
        ];
        tx.run(ADD, args).await.taken("greeting", greeting.id)?;
        Ok(tx.commit().await?)
    }

    /// Every greeting of the mailbox, also the inactive ones, newest first.
    ///
    /// # Errors
    /// [`super::StoreError::Missing`] names the mailbox.
    pub async fn greetings(&self, tenant: TenantId, mailbox: MailboxId) -> Result<Vec<Greeting>> {
        let rows = self.db.rows(OF_MAILBOX, args![tenant.uuid(), mailbox.uuid()]).await?;
        if rows.is_empty() {
            self.check_mailbox(tenant, mailbox).await?;
        }
        rows.iter().map(read_greeting).collect()
    }

    /// One greeting.
    ///
    /// # Errors
    /// [`super::StoreError::Missing`].
    pub async fn greeting(&self, tenant: TenantId, id: GreetingId) -> Result<Greeting> {
        let row = self.db.row(BY_ID, args![tenant.uuid(), id.uuid()]).await?;
        read_greeting(&row.ok_or_else(|| missing("greeting", id))?)
    }

    /// Makes a stored greeting of the mailbox the active one of its kind; a last day that has gone counts no more. One
    /// transaction.
    ///
    /// # Errors
    /// [`super::StoreError::Missing`].
    pub async fn choose_greeting(&self, owner: Owner, id: GreetingId) -> Result<Greeting> {
        self.switch_to(owner, id, false).await
    }

    /// The same on the way back: both keep their places among those that played, so that it goes on from there.
    ///
    /// # Errors
    /// [`super::StoreError::Missing`].
    pub async fn go_back_to_greeting(&self, owner: Owner, id: GreetingId) -> Result<Greeting> {
        self.switch_to(owner, id, true).await
    }

    /// The greeting of a kind that played before the one that plays; the last that did, when none plays. What was only
    /// kept, and never played, is passed over.
    ///
    /// # Errors
    /// [`super::StoreError`].
    pub async fn greeting_before(&self, owner: Owner, kind: GreetingKind) -> Result<Option<GreetingId>> {
        let whose = args![owner.tenant.uuid(), owner.mailbox.uuid(), kind.as_str()];
        let row = self.db.row(BEFORE, whose).await?;
        row.map(|row| Ok(GreetingId::from_uuid(Reader::new(&row, "greetings", "id").id("id")?))).transpose()
    }

    async fn switch_to(&self, owner: Owner, id: GreetingId, is_back: bool) -> Result<Greeting> {
        let (tenant, mailbox) = (owner.tenant.uuid(), owner.mailbox.uuid());
        let mut tx = self.begin().await?;
        lock_mailbox(&mut tx, owner.tenant, owner.mailbox).await?;
        let rows = tx.rows(KIND, args![tenant, mailbox, id.uuid()]).await?;
        let row = rows.first().ok_or_else(|| missing("greeting", id))?;
        let kind = Reader::new(row, "greetings", "id").text("kind")?;
        let now = micros(self.clock.now());
        let (until, from) = if is_back { (None, None) } else { (Some(now - 1), Some(now)) };
        tx.run(SWITCH_OFF, args![tenant, mailbox, kind, false, until]).await?;
        let rows = tx.rows(SWITCH_ON, args![tenant, mailbox, id.uuid(), true, now, from]).await?;
        let greeting = read_greeting(rows.first().ok_or_else(|| missing("greeting", id))?)?;
        tx.commit().await?;
        Ok(greeting)
    }

    /// Sets until when a greeting of the mailbox plays.
    ///
    /// # Errors
    /// [`super::StoreError::Missing`].
    pub async fn set_greeting_until(
        &self,
        owner: Owner,
        id: GreetingId,
        until: Option<Timestamp>,
    ) -> Result<Greeting> {
        let mut tx = self.begin().await?;
        let args = args![owner.tenant.uuid(), owner.mailbox.uuid(), id.uuid(), opt_micros(until)];
        let rows = tx.rows(SET_UNTIL, args).await?;
        let greeting = read_greeting(rows.first().ok_or_else(|| missing("greeting", id))?)?;
        tx.commit().await?;
        Ok(greeting)
    }

    /// Gives a greeting another name.
    ///
    /// # Errors
    /// [`StoreError::Taken`] when another greeting of the mailbox has it; [`StoreError::Missing`] when this one is not the
    /// mailbox's.
    pub async fn name_greeting(&self, owner: Owner, id: GreetingId, name: &GreetingName) -> Result<Greeting> {
        let mut tx = self.begin().await?;
        lock_mailbox(&mut tx, owner.tenant, owner.mailbox).await?;
        check_label(&mut tx, owner, id, name.as_str()).await?;
        let args = args![owner.tenant.uuid(), owner.mailbox.uuid(), id.uuid(), name.as_str()];
        let rows = tx.rows(SET_LABEL, args).await?;
        let greeting = read_greeting(rows.first().ok_or_else(|| missing("greeting", id))?)?;
        tx.commit().await?;
        Ok(greeting)
    }

    /// Switches every greeting of the kind off.
    ///
    /// # Errors
    /// [`super::StoreError::Missing`] names the mailbox.
    pub async fn clear_greeting(
        &self,
        tenant: TenantId,
        mailbox: MailboxId,
        kind: GreetingKind,
    ) -> Result<()> {
        let mut tx = self.begin().await?;
        lock_mailbox(&mut tx, tenant, mailbox).await?;
        let now = Some(micros(self.clock.now()));
        tx.run(SWITCH_OFF, args![tenant.uuid(), mailbox.uuid(), kind.as_str(), false, now]).await?;
        Ok(tx.commit().await?)
    }
}

/// Nothing but this greeting has the label in its mailbox. The databases fold case in ways of their own.
async fn check_label(tx: &mut Tx, owner: Owner, id: GreetingId, label: &str) -> Result<()> {
    for row in tx.rows(LABELS, args![owner.tenant.uuid(), owner.mailbox.uuid()]).await? {
        let row = Reader::new(&row, "greetings", "id");
        if row.id("id")? != id.uuid() && GreetingName::is_same(&row.text("label")?, label) {
            return Err(StoreError::Taken { what: "greeting name", value: label.to_owned() });
        }
    }
    Ok(())
}

fn read_greeting(row: &Row) -> Result<Greeting> {
    let row = Reader::new(row, "greetings", "id");
    Ok(Greeting {
        id: GreetingId::from_uuid(row.id("id")?),
        tenant: TenantId::from_uuid(row.id("tenant_id")?),
        mailbox: MailboxId::from_uuid(row.id("mailbox_id")?),
        kind: row.parsed("kind")?,
        label: row.text("label")?,
        object: row.text("object")?,
        duration_ms: row.number("duration_ms")?,
        active: row.flag("active")?,
        from: row.opt_time("from_at")?,
        until: row.opt_time("until_at")?,
        created_at: row.time("created_at")?,
    })
}
