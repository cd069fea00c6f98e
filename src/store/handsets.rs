//! Handsets: phones and adapters with their ports, owners, and what came of asking them to restart.
//!
//! Every change leaves word for webhooks in its own transaction. Reading joins living users: a phone of somebody who was
//! removed is nobody's until that user is back.

mod within;

use jiff::Timestamp;

pub(super) use self::within::{
    add_in, give_in, hand_on_in, handset_in, lives, loosen_in, must_be, remove_in, write_in,
};
use super::db::{Row, Tx, args};
use super::fault::{Fault, Named as _, found, missing};
use super::pages::like;
use super::read::{Reader, bounded, micros};
use super::tx::Statement;
use super::{Result, Store, StoreError};
use crate::domain::{
    Handset, HandsetId, HandsetModel, HandsetName, HandsetSettings, Port, TenantId, UserId, WebhookEvent,
};

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT h.id, h.tenant_id, h.name, h.mac, h.model, u.id AS owner, h.site, h.preference_group, h.settings,
                h.changed_at, h.applied_at, h.reboot_at, h.reboot_outcome, h.created_at,
                u.first_name, u.last_name, m.extension
             FROM handsets h
             LEFT JOIN users u ON u.tenant_id = h.tenant_id AND u.id = h.owner_id AND u.removed_at IS NULL
             LEFT JOIN mailboxes m ON m.tenant_id = u.tenant_id AND m.user_id = u.id AND m.removed_at IS NULL
             WHERE h.tenant_id = $1 ",
            $rest
        )
    };
}

const BY_ID: &str = select!("AND h.id = $2");
const NAMED: &str = select!("AND (h.name = $2 OR $3 <> '' AND h.mac = $3) ORDER BY h.name = $2 DESC LIMIT 1");
const OF_OWNER: &str = select!("AND u.id = $2 ORDER BY h.name");

// A MAC address is found however it is written ($3 is the search without separators).
const PAGE: &str = select!(
    "AND h.name > $4 AND ($2 = '' OR h.name LIKE $2 ESCAPE '!' OR COALESCE(h.mac, '') LIKE $3 ESCAPE '!'
        OR lower(u.first_name || ' ' || u.last_name) LIKE $2 ESCAPE '!' OR COALESCE(m.extension, '') LIKE $2 ESCAPE '!'
        OR EXISTS (SELECT 1 FROM handset_ports p
            WHERE p.tenant_id = h.tenant_id AND p.handset_id = h.id AND p.number LIKE $2 ESCAPE '!'))
     ORDER BY h.name LIMIT $5"
);

const PORTS: &str = "SELECT p.handset_id, p.port, p.number, p.appearances
    FROM handset_ports p JOIN handsets h ON h.tenant_id = p.tenant_id AND h.id = p.handset_id
    WHERE p.tenant_id = $1 AND h.name >= $2 AND h.name <= $3 ORDER BY h.name, p.port";

const NAMES: &str = "SELECT id, name FROM handsets WHERE tenant_id = $1 AND name LIKE $2 ESCAPE '!'";

const ADD: &str =
    "INSERT INTO handsets (id, tenant_id, name, mac, model, owner_id, site, preference_group, settings,
        changed_at, applied_at, created_at, group_key)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $10, $10, $11)";

const CHANGE: &str =
    // What its owner changed meanwhile is to be taken over as well.
    "UPDATE handsets SET mac = $3, model = $4, site = $5, preference_group = $6, settings = $7,
        changed_at = CASE WHEN changed_at > $8 THEN changed_at ELSE $8 END, group_key = $9
    WHERE tenant_id = $1 AND id = $2";

const CHANGED: &str =
    "UPDATE handsets SET changed_at = CASE WHEN applied_at < $3 THEN $3 ELSE applied_at + 1 END
    WHERE tenant_id = $1 AND id = $2";

const LIVING: &str = "SELECT id FROM users WHERE tenant_id = $1 AND id = $2 AND removed_at IS NULL";

const TAKE: &str = "UPDATE handsets SET owner_id = NULL, settings = $3, changed_at = $4
    WHERE tenant_id = $1 AND id = $2";

const GIVE: &str = "UPDATE handsets SET owner_id = $3 WHERE tenant_id = $1 AND id = $2";

const LOCK: &str = "UPDATE handsets SET name = name WHERE tenant_id = $1 AND id = $2";

const DROP_PORTS: &str = "DELETE FROM handset_ports WHERE tenant_id = $1 AND handset_id = $2";

const ADD_PORT: &str = "INSERT INTO handset_ports (tenant_id, handset_id, port, number, appearances)
    VALUES ($1, $2, $3, $4, $5)";

const REMOVE: &str = "DELETE FROM handsets WHERE tenant_id = $1 AND id = $2";

const REBOOTED: &str =
    "UPDATE handsets SET reboot_at = $3, reboot_outcome = $4 WHERE tenant_id = $1 AND id = $2";

const APPLIED: &str = "UPDATE handsets SET applied_at = $3 WHERE tenant_id = $1 AND id = $2";

const FACT: &str = "INSERT INTO webhook_facts (tenant_id, event, about, detail)
    SELECT $1, $2, $3, $4 WHERE EXISTS (SELECT 1 FROM webhooks WHERE tenant_id = $1)";

/// A handset, and whose it is in words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownHandset {
    /// The handset.
    pub handset: Handset,
    /// First and last name of the owner; empty when it is nobody's.
    pub owner: String,
    /// The owner's extension.
    pub extension: Option<String>,
}

impl Store {
    /// Adds a handset with its ports.
    ///
    /// # Errors
    /// [`StoreError::Taken`] names what somebody else has: `phone name`, `MAC address`, `preference group`, `number`;
    /// [`StoreError::Missing`] the tenant or the owner.
    pub async fn add_handset(&self, handset: &Handset) -> Result<()> {
        let mut tx = self.begin().await?;
        add_in(&mut tx, handset).await?;
        Ok(tx.commit().await?)
    }

    /// Writes everything but name, owner and what is known of restarts, while it is still as it was read: what somebody else
    /// changed meanwhile is not undone.
    ///
    /// # Errors
    /// Those of [`Store::add_handset`]; `Missing` names the phone; `Taken` of `phone` when it is as it was no more.
    pub async fn change_handset(&self, was: &Handset, handset: &Handset) -> Result<()> {
        let mut tx = self.begin().await?;
        must_be(&mut tx, was).await?;
        write_in(&mut tx, handset).await?;
        Ok(tx.commit().await?)
    }

    /// Takes a handset from its owner and gives it to somebody else, or to nobody: all of it or nothing
    /// (000-03). Settings are those of `handset`, which its ring groups are a part of. It must still be as it was read.
    ///
    /// # Errors
    /// [`StoreError::Missing`] names the phone or the user; `Taken` of `phone` when it is as it was no more.
    pub async fn give_handset(&self, was: &Handset, handset: &Handset, owner: Option<UserId>) -> Result<()> {
        let mut tx = self.begin().await?;
        must_be(&mut tx, was).await?;
        hand_on_in(&mut tx, handset, owner).await?;
        Ok(tx.commit().await?)
    }

    /// Notes what came of asking a handset to restart; with `applied` it has taken over what was set by then.
    ///
    /// # Errors
    /// [`StoreError::Missing`].
    pub async fn handset_rebooted(
        &self,
        tenant: TenantId,
        id: HandsetId,
        outcome: &str,
        applied: Option<Timestamp>,
    ) -> Result<()> {
        let mut tx = self.begin().await?;
        let now = micros(self.clock.now());
        let outcome = bounded(outcome);
        let args = args![tenant.uuid(), id.uuid(), now, outcome.as_str()];
        found(tx.run(REBOOTED, args).await?, "phone", id)?;
        if let Some(applied) = applied {
            tx.run(APPLIED, args![tenant.uuid(), id.uuid(), micros(applied)]).await?;
        }
        tx.batch(vec![fact(tenant, id, WebhookEvent::HandsetReboot, &outcome)]).await?;
        Ok(tx.commit().await?)
    }

    /// A handset does what was set until `at`: somebody restarted it.
    ///
    /// # Errors
    /// [`StoreError::Missing`].
    pub async fn handset_applied(&self, tenant: TenantId, id: HandsetId, at: Timestamp) -> Result<()> {
        let mut tx = self.begin().await?;
        found(tx.run(APPLIED, args![tenant.uuid(), id.uuid(), micros(at)]).await?, "phone", id)?;
        Ok(tx.commit().await?)
    }

    /// Removes a handset with its ports; its numbers ring nowhere then.
    ///
    /// # Errors
    /// [`StoreError::Missing`].
    pub async fn remove_handset(&self, tenant: TenantId, id: HandsetId) -> Result<()> {
        let mut tx = self.begin().await?;
        remove_in(&mut tx, tenant, id).await?;
        Ok(tx.commit().await?)
    }

    /// One handset.
    ///
    /// # Errors
    /// [`StoreError::Missing`].
    pub async fn handset(&self, tenant: TenantId, id: HandsetId) -> Result<KnownHandset> {
        let row = self.db.row(BY_ID, args![tenant.uuid(), id.uuid()]).await?;
        let row = row.ok_or_else(|| missing("phone", id))?;
        let mut known = self.with_ports(tenant, vec![read_handset(&row)?]).await?;
        known.pop().ok_or_else(|| missing("phone", id))
    }

    /// The handset of this name, else the one of this MAC address (empty for none).
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn handset_named(
        &self,
        tenant: TenantId,
        name: &str,
        mac: &str,
    ) -> Result<Option<KnownHandset>> {
        let row = self.db.row(NAMED, args![tenant.uuid(), name, mac]).await?;
        let known = row.iter().map(read_handset).collect::<Result<Vec<_>>>()?;
        Ok(self.with_ports(tenant, known).await?.pop())
    }

    /// The handsets of a living user, by name.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn handsets_of(&self, tenant: TenantId, owner: UserId) -> Result<Vec<KnownHandset>> {
        let rows = self.db.rows(OF_OWNER, args![tenant.uuid(), owner.uuid()]).await?;
        let known = rows.iter().map(read_handset).collect::<Result<Vec<_>>>()?;
        self.with_ports(tenant, known).await
    }

    /// Handsets by name, after a name: those whose name, MAC address, owner, extension or number has this part.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn handset_page(
        &self,
        tenant: TenantId,
        search: &str,
        after: &str,
        limit: u32,
    ) -> Result<Vec<KnownHandset>> {
        let bare: String = search.chars().filter(|c| !matches!(c, ':' | '-' | '.' | ' ')).collect();
        // A search of separators alone is no address, and would find every one.
        let mac = if bare.is_empty() { "-".to_owned() } else { like(&bare) };
        let args = args![tenant.uuid(), like(search), mac, after, limit];
        let rows = self.db.rows(PAGE, args).await?;
        let known = rows.iter().map(read_handset).collect::<Result<Vec<_>>>()?;
        self.with_ports(tenant, known).await
    }

    /// Names of handsets that have this part.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn handset_names(&self, tenant: TenantId, part: &str) -> Result<Vec<HandsetName>> {
        let rows = self.db.rows(NAMES, args![tenant.uuid(), like(part)]).await?;
        rows.iter().map(|row| Reader::new(row, "handsets", "id").parsed("name")).collect()
    }

    /// `known` is in the order of names.
    async fn with_ports(&self, tenant: TenantId, mut known: Vec<KnownHandset>) -> Result<Vec<KnownHandset>> {
        let (Some(first), Some(last)) = (known.first(), known.last()) else { return Ok(known) };
        let args = args![tenant.uuid(), first.handset.name.as_str(), last.handset.name.as_str()];
        for row in &self.db.rows(PORTS, args).await? {
            let row = Reader::new(row, "handset_ports", "handset_id");
            let id = HandsetId::from_uuid(row.id("handset_id")?);
            if let Some(of) = known.iter_mut().find(|known| known.handset.id == id) {
                of.handset.ports.push(Port {
                    port: row.number("port")?,
                    number: row.opt_text("number")?,
                    appearances: row.number("appearances")?,
                });
            }
        }
        Ok(known)
    }
}

async fn put_ports(tx: &mut Tx, handset: &Handset) -> Result<()> {
    let (tenant, id) = (handset.tenant.uuid(), handset.id.uuid());
    tx.run(DROP_PORTS, args![tenant, id]).await?;
    for Port { port, number, appearances } in &handset.ports {
        let args = args![tenant, id, u32::from(*port), number.clone(), u32::from(*appearances)];
        let shown = number.clone().unwrap_or_default();
        tx.run(ADD_PORT, args).await.taken("number", shown)?;
    }
    Ok(())
}

/// A handset has three unique keys; both databases name the broken one in the error's text (the index or its columns).
fn written(result: Result<u64, Fault>, handset: &Handset) -> Result<u64> {
    let broken = match &result {
        Err(Fault::Taken(why)) if why.contains("preference_group") || why.contains("group_key") => {
            ("preference group", handset.preference_group.clone().unwrap_or_default())
        }
        Err(Fault::Taken(why)) if why.contains("handsets_mac") || why.contains("handsets.mac") => {
            ("MAC address", handset.mac.as_ref().map(ToString::to_string).unwrap_or_default())
        }
        _ => ("phone name", handset.name.to_string()),
    };
    Ok(result.taken(broken.0, broken.1).orphan("tenant", handset.tenant)?)
}

fn fact(tenant: TenantId, id: HandsetId, event: WebhookEvent, detail: &str) -> Statement {
    (FACT, args![tenant.uuid(), event.as_str(), id.uuid(), detail])
}

/// A handset has something to take over: the statements that say so.
pub(super) fn changed_statement(tenant: TenantId, id: HandsetId, now: Timestamp) -> Vec<Statement> {
    let changed = (CHANGED, args![tenant.uuid(), id.uuid(), micros(now)]);
    vec![changed, fact(tenant, id, WebhookEvent::HandsetChanged, "changed")]
}

fn read_handset(row: &Row) -> Result<KnownHandset> {
    let row = Reader::new(row, "handsets", "id");
    let model = row.text("model")?;
    let known = HandsetModel::known(&model).map_err(|error| StoreError::Corrupt {
        table: "handsets",
        column: "model",
        row: model.clone(),
        why: error.to_string(),
    })?;
    let settings: HandsetSettings = row.json("settings")?;
    let reboot = match row.opt_time("reboot_at")? {
        Some(at) => Some((at, row.opt_text("reboot_outcome")?.unwrap_or_default())),
        None => None,
    };
    let (first, last) = (row.opt_text("first_name")?, row.opt_text("last_name")?);
    let owner = [first, last].into_iter().flatten().filter(|name| !name.is_empty()).collect::<Vec<_>>();
    Ok(KnownHandset {
        owner: owner.join(" "),
        extension: row.opt_text("extension")?,
        handset: Handset {
            id: HandsetId::from_uuid(row.id("id")?),
            tenant: TenantId::from_uuid(row.id("tenant_id")?),
            name: row.parsed("name")?,
            mac: row.opt_parsed("mac")?,
            model: known,
            owner: row.opt_id("owner")?.map(UserId::from_uuid),
            site: row.text("site")?,
            preference_group: row.opt_text("preference_group")?,
            settings,
            ports: Vec::new(),
            changed_at: row.time("changed_at")?,
            applied_at: row.time("applied_at")?,
            reboot,
            created_at: row.time("created_at")?,
        },
    })
}
