//! Answering rules of mailboxes, and the callers whom mailboxes and tenants let through or turn away.
//!
//! The rules of a mailbox are written as a whole, so that their order is always one that somebody chose. Every change
//! counts as one of the directory (a trigger).

use serde::{Deserialize, Serialize};

use super::db::{Row, Tx, args};
use super::fault::{Named as _, found};
use super::mailboxes::lock_mailbox;
use super::read::{Reader, micros, to_json};
use super::{Result, Store, StoreError};
use crate::domain::answering::{Arrangements, CallerPattern, Conditions, Rule, ScreenedCaller, WithinFrame};
use crate::domain::{
    MailboxId, Owner, PresenceState, RedirectReason, RuleId, TenantId, TimeFrameId, WebhookEvent,
};

const RULES: &str = "SELECT id, name, enabled, frame_id, frame_outside, conditions, actions, created_at
    FROM answering_rules WHERE tenant_id = $1 AND mailbox_id = $2 ORDER BY place";

const CLEAR_RULES: &str = "DELETE FROM answering_rules WHERE tenant_id = $1 AND mailbox_id = $2";

const ADD_RULE: &str = "INSERT INTO answering_rules
    (id, tenant_id, mailbox_id, place, name, enabled, frame_id, frame_outside, conditions, actions, created_at)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)";

// Written as a whole, so a trigger would tell of every rule.
const FACT: &str = "INSERT INTO webhook_facts (tenant_id, event, mailbox_id, detail)
    SELECT $1, $2, $3, 'rules' WHERE EXISTS (SELECT 1 FROM webhooks WHERE tenant_id = $1)";

const CALLERS_OF_TENANT: &str = "SELECT id, tenant_id, mailbox_id, pattern, verdict, note, created_at
    FROM screened_callers WHERE tenant_id = $1 AND mailbox_id IS NULL ORDER BY pattern";

const CALLERS_OF_MAILBOX: &str = "SELECT id, tenant_id, mailbox_id, pattern, verdict, note, created_at
    FROM screened_callers WHERE tenant_id = $1 AND mailbox_id = $2 ORDER BY pattern";

const ADD_CALLER: &str =
    "INSERT INTO screened_callers (id, tenant_id, mailbox_id, pattern, verdict, note, created_at)
    VALUES ($1, $2, $3, $4, $5, $6, $7)";

const REMOVE_TENANTS_CALLER: &str =
    "DELETE FROM screened_callers WHERE tenant_id = $1 AND pattern = $2 AND mailbox_id IS NULL";

const REMOVE_CALLER: &str =
    "DELETE FROM screened_callers WHERE tenant_id = $1 AND pattern = $2 AND mailbox_id = $3";

impl Store {
    /// All that decides how the mailbox answers.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn arrangements(&self, tenant: TenantId, mailbox: MailboxId) -> Result<Arrangements> {
        Ok(Arrangements {
            frames: self.time_frames(tenant, Some(mailbox)).await?,
            rules: self.rules(Owner { tenant, mailbox }).await?,
            callers: self.screened_callers(tenant, Some(mailbox)).await?,
            presence: self.presence_at(tenant, mailbox).await?,
            presence_greetings: self.presence_greetings(Owner { tenant, mailbox }).await?,
        })
    }

    /// The rules of a mailbox, in their order.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn rules(&self, owner: Owner) -> Result<Vec<Rule>> {
        let rows = self.db.rows(RULES, args![owner.tenant.uuid(), owner.mailbox.uuid()]).await?;
        rows.iter().map(read_rule).collect()
    }

    /// Replaces the rules of a mailbox by what `change` makes of them, in one transaction: nobody else changes them
    /// meanwhile. When `change` refuses, nothing is written. Whoever listens is told, unless they are as they were.
    ///
    /// # Errors
    /// What `change` says; [`StoreError::Missing`] names the mailbox or a time frame, `Taken` a rule's name.
    pub async fn change_rules<E: From<StoreError>>(
        &self,
        owner: Owner,
        change: impl FnOnce(Vec<Rule>) -> Result<Vec<Rule>, E>,
    ) -> Result<(), E> {
        let (tenant, mailbox) = (owner.tenant.uuid(), owner.mailbox.uuid());
        let mut tx = self.begin().await.map_err(StoreError::from)?;
        lock_mailbox(&mut tx, owner.tenant, owner.mailbox).await?;
        let rows = tx.rows(RULES, args![tenant, mailbox]).await.map_err(StoreError::from)?;
        let rules = rows.iter().map(read_rule).collect::<Result<Vec<_>>>()?;
        let before = rules.clone();
        let rules = change(rules)?;
        if rules == before {
            tx.commit().await.map_err(StoreError::from)?;
            return Ok(());
        }
        tx.run(CLEAR_RULES, args![tenant, mailbox]).await.map_err(StoreError::from)?;
        for (place, rule) in (0_u32..).zip(&rules) {
            add_rule(&mut tx, owner, place, rule).await?;
        }
        let fact = args![tenant, WebhookEvent::AnsweringChanged.as_str(), mailbox];
        tx.run(FACT, fact).await.map_err(StoreError::from)?;
        tx.commit().await.map_err(StoreError::from)?;
        Ok(())
    }

    /// The lines that a mailbox obeys: its own, then the tenant's. Without a mailbox: the tenant's.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn screened_callers(
        &self,
        tenant: TenantId,
        mailbox: Option<MailboxId>,
    ) -> Result<Vec<ScreenedCaller>> {
        let mut rows = match mailbox {
            Some(mailbox) => self.db.rows(CALLERS_OF_MAILBOX, args![tenant.uuid(), mailbox.uuid()]).await?,
            None => Vec::new(),
        };
        rows.extend(self.db.rows(CALLERS_OF_TENANT, args![tenant.uuid()]).await?);
        rows.iter().map(read_caller).collect()
    }

    /// Notes a caller in a list; what the list said of the same pattern is replaced.
    ///
    /// # Errors
    /// [`StoreError::Missing`] names the mailbox or tenant.
    pub async fn put_screened_caller(&self, caller: &ScreenedCaller) -> Result<()> {
        let mut tx = self.begin().await?;
        if let Some(mailbox) = caller.mailbox {
            lock_mailbox(&mut tx, caller.tenant, mailbox).await?;
        }
        remove_caller(&mut tx, caller.tenant, caller.mailbox, &caller.pattern).await?;
        let new = args![
            caller.id,
            caller.tenant.uuid(),
            caller.mailbox.map(MailboxId::uuid),
            caller.pattern.to_string(),
            to_json(&caller.screening)?,
            caller.note.clone(),
            micros(caller.created_at),
        ];
        tx.run(ADD_CALLER, new).await.taken("caller", &caller.pattern).orphan("tenant", caller.tenant)?;
        Ok(tx.commit().await?)
    }

    /// Takes a caller off a list.
    ///
    /// # Errors
    /// [`StoreError::Missing`].
    pub async fn remove_screened_caller(
        &self,
        tenant: TenantId,
        mailbox: Option<MailboxId>,
        pattern: &CallerPattern,
    ) -> Result<()> {
        let mut tx = self.begin().await?;
        found(remove_caller(&mut tx, tenant, mailbox, pattern).await?, "caller in the list", pattern)?;
        Ok(tx.commit().await?)
    }
}

async fn remove_caller(
    tx: &mut Tx,
    tenant: TenantId,
    mailbox: Option<MailboxId>,
    pattern: &CallerPattern,
) -> Result<u64> {
    let pattern = pattern.to_string();
    Ok(match mailbox {
        Some(mailbox) => tx.run(REMOVE_CALLER, args![tenant.uuid(), pattern, mailbox.uuid()]).await?,
        None => tx.run(REMOVE_TENANTS_CALLER, args![tenant.uuid(), pattern]).await?,
    })
}

async fn add_rule(tx: &mut Tx, owner: Owner, place: u32, rule: &Rule) -> Result<()> {
    let within = rule.when.within;
    let Conditions { presence, reasons, callers, .. } = rule.when.clone();
    let kept = Kept { presence, reasons, callers };
    let new = args![
        rule.id.uuid(),
        owner.tenant.uuid(),
        owner.mailbox.uuid(),
        place,
        rule.name.as_str(),
        rule.enabled,
        within.map(|within| within.frame.uuid()),
        within.is_some_and(|within| within.outside),
        to_json(&kept)?,
        to_json(&rule.then)?,
        micros(rule.created_at),
    ];
    let frame = within.map(|within| within.frame.to_string()).unwrap_or_default();
    tx.run(ADD_RULE, new).await.taken("rule", &rule.name).orphan("time frame", frame)?;
    Ok(())
}

/// Conditions as their column keeps them; the time frame has columns of its own.
#[derive(Debug, Serialize, Deserialize)]
struct Kept {
    #[serde(default)]
    presence: Vec<PresenceState>,
    #[serde(default)]
    reasons: Vec<RedirectReason>,
    #[serde(default)]
    callers: Vec<CallerPattern>,
}

fn read_rule(row: &Row) -> Result<Rule> {
    let row = Reader::new(row, "answering_rules", "id");
    let Kept { presence, reasons, callers } = row.json("conditions")?;
    let outside = row.flag("frame_outside")?;
    let frame = row.opt_id("frame_id")?.map(TimeFrameId::from_uuid);
    Ok(Rule {
        id: RuleId::from_uuid(row.id("id")?),
        name: row.text("name")?,
        enabled: row.flag("enabled")?,
        when: Conditions {
            within: frame.map(|frame| WithinFrame { frame, outside }),
            presence,
            reasons,
            callers,
        },
        then: row.json("actions")?,
        created_at: row.time("created_at")?,
    })
}

fn read_caller(row: &Row) -> Result<ScreenedCaller> {
    let row = Reader::new(row, "screened_callers", "id");
    Ok(ScreenedCaller {
        id: row.id("id")?,
        tenant: TenantId::from_uuid(row.id("tenant_id")?),
        mailbox: row.opt_id("mailbox_id")?.map(MailboxId::from_uuid),
        pattern: row.parsed("pattern")?,
        screening: row.json("verdict")?,
        note: row.opt_text("note")?,
        created_at: row.time("created_at")?,
    })
}
