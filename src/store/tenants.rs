//! Tenants and the SIP domains that mean them.

use super::bulk::FORGET_RUNS;
use super::db::{Row, Tx, args};
use super::fault::{Fault, Named as _, found, missing};
use super::read::{Reader, to_json};
use super::second_factors::FORGET_RULE;
use super::{Result, Store, StoreError};
use crate::domain::{DefaultAction, Tenant, TenantId, TenantPolicy};
use serde::Serialize;

const DEFAULT: &str = "default";

const ALL: &str =
    "SELECT id, name, zone, language, operator, default_action, policy FROM tenants ORDER BY name";

const BY_ID: &str =
    "SELECT id, name, zone, language, operator, default_action, policy FROM tenants WHERE id = $1";

const BY_NAME: &str =
    "SELECT id, name, zone, language, operator, default_action, policy FROM tenants WHERE name = $1";

const BY_DOMAIN: &str = "SELECT t.id, t.name, t.zone, t.language, t.operator, t.default_action, t.policy
    FROM tenant_domains d JOIN tenants t ON t.id = d.tenant_id WHERE d.domain = $1";

const DOMAINS: &str = "SELECT domain FROM tenant_domains WHERE tenant_id = $1 ORDER BY place";

const ADD_DEFAULT: &str = "INSERT INTO tenants (id, name, zone, language, operator, default_action)
    VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (name) DO NOTHING";

const PUT: &str = "INSERT INTO tenants (id, name, zone, language, operator, default_action)
    VALUES ($1, $2, $3, $4, $5, $6)
    ON CONFLICT (id) DO UPDATE SET name = excluded.name, zone = excluded.zone, language = excluded.language,
        operator = excluded.operator, default_action = excluded.default_action";

/// Nobody else changes it until the transaction ends.
pub(super) const LOCK: &str = "UPDATE tenants SET name = name WHERE id = $1";

const REMOVE: &str = "DELETE FROM tenants WHERE id = $1";

const CLEAR_DOMAINS: &str = "DELETE FROM tenant_domains WHERE tenant_id = $1";

/// What belongs to nobody but the tenant.
const CLEAR: [&str; 20] = [
    FORGET_RULE,
    FORGET_RUNS[0],
    FORGET_RUNS[1],
    // First of all: what goes with the tenant is told to nobody.
    "DELETE FROM webhook_deliveries WHERE tenant_id = $1",
    "DELETE FROM webhooks WHERE tenant_id = $1",
    "DELETE FROM webhook_facts WHERE tenant_id = $1",
    "DELETE FROM handset_ports WHERE tenant_id = $1",
    "DELETE FROM handsets WHERE tenant_id = $1",
    "DELETE FROM number_inventory WHERE tenant_id = $1",
    "DELETE FROM api_keys WHERE tenant_id = $1",
    "DELETE FROM doors WHERE tenant_id = $1",
    "DELETE FROM lockouts WHERE tenant_id = $1",
    "DELETE FROM time_frames WHERE tenant_id = $1 AND mailbox_id IS NULL",
    "DELETE FROM screened_callers WHERE tenant_id = $1 AND mailbox_id IS NULL",
    "DELETE FROM answering_changes WHERE tenant_id = $1",
    "DELETE FROM import_draft_rows WHERE tenant_id = $1",
    "DELETE FROM import_drafts WHERE tenant_id = $1",
    "DELETE FROM import_rows WHERE tenant_id = $1",
    "DELETE FROM import_phones WHERE tenant_id = $1",
    "DELETE FROM imports WHERE tenant_id = $1",
];

const ADD_DOMAIN: &str = "INSERT INTO tenant_domains (domain, tenant_id, place) VALUES ($1, $2, $3)";

const CONTENTS: &str = "SELECT t.id,
    (SELECT COUNT(*) FROM users u WHERE u.tenant_id = t.id AND u.removed_at IS NULL) AS users,
    (SELECT COUNT(*) FROM users u WHERE u.tenant_id = t.id AND u.removed_at IS NOT NULL) AS removed_users,
    (SELECT COUNT(*) FROM messages g WHERE g.tenant_id = t.id) AS messages,
    (SELECT COUNT(*) FROM number_inventory n WHERE n.tenant_id = t.id) AS numbers,
    (SELECT COUNT(*) FROM handsets h WHERE h.tenant_id = t.id) AS handsets,
    (SELECT COUNT(*) FROM api_keys k WHERE k.tenant_id = t.id AND k.revoked_at IS NULL) AS keys,
    (SELECT COUNT(*) FROM webhooks w WHERE w.tenant_id = t.id) AS webhooks,
    (SELECT COUNT(*) FROM time_frames f WHERE f.tenant_id = t.id AND f.mailbox_id IS NULL) AS time_frames,
    (SELECT COUNT(*) FROM screened_callers c WHERE c.tenant_id = t.id AND c.mailbox_id IS NULL) AS callers
    FROM tenants t WHERE t.id = $1";

/// How much of what belongs to a tenant.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct TenantContents {
    /// Users.
    pub users: u64,
    /// Users in the recycle bin.
    pub removed_users: u64,
    /// Messages, also those of removed users.
    pub messages: u64,
    /// Numbers and aliases of the inventory.
    pub numbers: u64,
    /// Phones.
    pub handsets: u64,
    /// Keys of programs that were not taken back.
    pub keys: u64,
    /// Webhooks.
    pub webhooks: u64,
    /// Time frames of everybody.
    pub time_frames: u64,
    /// Callers on the lists of everybody.
    pub callers: u64,
}

impl Store {
    /// Counts what belongs to a tenant.
    ///
    /// # Errors
    /// [`super::StoreError::Missing`].
    pub async fn tenant_contents(&self, id: TenantId) -> Result<TenantContents> {
        let row = self.db.row(CONTENTS, args![id.uuid()]).await?;
        let row = row.ok_or_else(|| missing("tenant", id))?;
        let row = Reader::new(&row, "tenants", "id");
        Ok(TenantContents {
            users: row.number("users")?,
            removed_users: row.number("removed_users")?,
            messages: row.number("messages")?,
            numbers: row.number("numbers")?,
            handsets: row.number("handsets")?,
            keys: row.number("keys")?,
            webhooks: row.number("webhooks")?,
            time_frames: row.number("time_frames")?,
            callers: row.number("callers")?,
        })
    }

    /// Every tenant, by name.
    ///
    /// # Errors
    /// [`super::StoreError`].
    pub async fn tenants(&self) -> Result<Vec<Tenant>> {
        let rows = self.db.rows(ALL, args![]).await?;
        let mut tenants = Vec::with_capacity(rows.len());
        for row in &rows {
            tenants.push(self.read_tenant(row).await?);
        }
        Ok(tenants)
    }

    /// One tenant.
    ///
    /// # Errors
    /// [`super::StoreError::Missing`].
    pub async fn tenant(&self, id: TenantId) -> Result<Tenant> {
        let row = self.db.row(BY_ID, args![id.uuid()]).await?;
        self.read_tenant(&row.ok_or_else(|| missing("tenant", id))?).await
    }

    /// The tenant named `default`, made on first use (zone `UTC`, language `en`).
    ///
    /// # Errors
    /// [`super::StoreError`].
    pub async fn default_tenant(&self) -> Result<Tenant> {
        if let Some(row) = self.db.row(BY_NAME, args![DEFAULT]).await? {
            return self.read_tenant(&row).await;
        }
        let action = to_json(&DefaultAction::default())?;
        let mut tx = self.begin().await?;
        let args = args![self.clock.uuid(), DEFAULT, "UTC", "en", None::<String>, action];
        tx.run(ADD_DEFAULT, args).await?;
        tx.commit().await?;
        let row = self.db.row(BY_NAME, args![DEFAULT]).await?;
        self.read_tenant(&row.ok_or_else(|| missing("tenant", DEFAULT))?).await
    }

    /// The tenant that a SIP domain means; upper and lower case are the same (RFC 3261 §19.1.4).
    ///
    /// # Errors
    /// [`super::StoreError`].
    pub async fn tenant_by_domain(&self, domain: &str) -> Result<Option<Tenant>> {
        match self.db.row(BY_DOMAIN, args![domain.to_ascii_lowercase()]).await? {
            Some(row) => self.read_tenant(&row).await.map(Some),
            None => Ok(None),
        }
    }

    /// Adds the tenant, or replaces its settings and domains.
    ///
    /// # Errors
    /// [`super::StoreError::Taken`] names the tenant name or the domain that another tenant has.
    pub async fn put_tenant(&self, tenant: &Tenant) -> Result<()> {
        let mut tx = self.begin().await?;
        write(&mut tx, tenant).await?;
        Ok(tx.commit().await?)
    }

    /// Changes what differs between `was` and `wanted`: what is the same in both stays as it is by now. The tenant as it is
    /// then.
    ///
    /// # Errors
    /// [`super::StoreError::Missing`]; [`super::StoreError::Taken`] as for [`Store::put_tenant`].
    pub async fn change_tenant(&self, was: &Tenant, wanted: Tenant) -> Result<Tenant> {
        let id = wanted.id;
        let mut tx = self.begin().await?;
        found(tx.run(LOCK, args![id.uuid()]).await?, "tenant", id)?;
        let rows = tx.rows(BY_ID, args![id.uuid()]).await?;
        let domains = tx.rows(DOMAINS, args![id.uuid()]).await?;
        let now = read_tenant(rows.first().ok_or_else(|| missing("tenant", id))?, &domains)?;
        let tenant = wanted.over(was, now);
        write(&mut tx, &tenant).await?;
        tx.commit().await?;
        Ok(tenant)
    }

    /// Removes a tenant without users, with all else that belongs to it: all or nothing.
    ///
    /// # Errors
    /// [`super::StoreError::Missing`]; [`super::StoreError::Refused`] while it has users, or removed ones who can still be put back.
    pub async fn remove_tenant(&self, tenant: &Tenant) -> Result<()> {
        let mut tx = self.begin().await?;
        tx.run(CLEAR_DOMAINS, args![tenant.id.uuid()]).await?;
        for sql in CLEAR {
            tx.run(sql, args![tenant.id.uuid()]).await?;
        }
        let touched = tx.run(REMOVE, args![tenant.id.uuid()]).await.map_err(|fault| match fault {
            Fault::Orphan(_) => StoreError::Refused(format!(
                "tenant {} has users, or removed users whose messages are still kept",
                tenant.name
            )),
            other => other.into(),
        })?;
        found(touched, "tenant", &tenant.name)?;
        Ok(tx.commit().await?)
    }

    async fn read_tenant(&self, row: &Row) -> Result<Tenant> {
        let id = Reader::new(row, "tenants", "id").id("id")?;
        read_tenant(row, &self.db.rows(DOMAINS, args![id]).await?)
    }
}

fn read_tenant(row: &Row, domains: &[Row]) -> Result<Tenant> {
    let row = Reader::new(row, "tenants", "id");
    let domains = domains.iter().map(|row| Reader::new(row, "tenant_domains", "domain").text("domain"));
    Ok(Tenant {
        id: TenantId::from_uuid(row.id("id")?),
        name: row.text("name")?,
        domains: domains.collect::<Result<_>>()?,
        zone: row.text("zone")?,
        language: row.text("language")?,
        operator: row.opt_text("operator")?,
        default_action: row.json("default_action")?,
        when_off: row.json::<TenantPolicy>("policy")?.mailbox_off,
    })
}

async fn write(tx: &mut Tx, tenant: &Tenant) -> Result<()> {
    let (id, action) = (tenant.id.uuid(), to_json(&tenant.default_action)?);
    let (zone, language) = (tenant.zone.as_str(), tenant.language.as_str());
    tx.run(PUT, args![id, tenant.name.as_str(), zone, language, tenant.operator.clone(), action])
        .await
        .taken("tenant name", &tenant.name)?;
    tx.run(CLEAR_DOMAINS, args![id]).await?;
    for (place, domain) in (0_u32..).zip(&tenant.domains) {
        tx.run(ADD_DOMAIN, args![domain.to_ascii_lowercase(), id, place]).await.taken("domain", domain)?;
    }
    Ok(())
}
