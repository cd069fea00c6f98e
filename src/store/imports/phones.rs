//! Phones of an import: written with its users, and put back with them.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::super::db::{Tx, args};
use super::super::handsets::{add_in, give_in, handset_in, lives, loosen_in, remove_in, write_in};
use super::super::read::{Reader, to_json};
use super::super::{Result, StoreError};
use crate::domain::{
    Handset, HandsetId, HandsetModel, HandsetSettings, ImportId, Invalid, Port, TenantId, UserId,
};

const ADD: &str =
    "INSERT INTO import_phones (tenant_id, import_id, handset_id, before, after) VALUES ($1, $2, $3, $4, $5)";

const ROWS: &str = "SELECT handset_id, before, after FROM import_phones
    WHERE tenant_id = $1 AND import_id = $2 ORDER BY handset_id";

/// Only the newest imports can be taken back.
pub(super) const FORGET: &str = "DELETE FROM import_phones WHERE tenant_id = $1 AND import_id NOT IN
    (SELECT id FROM imports WHERE tenant_id = $1 ORDER BY made_at DESC, id DESC LIMIT 20)";

/// A phone to be written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImportPhone {
    /// As it is; none: it is not there yet.
    pub before: Option<Handset>,
    /// As it is to be.
    pub after: Handset,
}

/// A phone as it stood, to be compared and put back. What is known of restarts is no part of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Kept {
    name: String,
    mac: Option<String>,
    model: String,
    owner: Option<Uuid>,
    site: String,
    preference_group: Option<String>,
    settings: HandsetSettings,
    ports: Vec<(u8, Option<String>, u8)>,
}

impl Kept {
    fn of(handset: &Handset) -> Self {
        Self {
            name: handset.name.to_string(),
            mac: handset.mac.as_ref().map(|mac| mac.as_str().to_owned()),
            model: handset.model.word.to_owned(),
            owner: handset.owner.map(UserId::uuid),
            site: handset.site.clone(),
            preference_group: handset.preference_group.clone(),
            settings: handset.settings.clone(),
            ports: handset.ports.iter().map(|one| (one.port, one.number.clone(), one.appearances)).collect(),
        }
    }

    /// The phone as it was; it has something to take over.
    fn over(&self, now: Handset, at: jiff::Timestamp) -> Result<Handset, Invalid> {
        let port = |(port, number, appearances): &(u8, Option<String>, u8)| Port {
            port: *port,
            number: number.clone(),
            appearances: *appearances,
        };
        Ok(Handset {
            mac: self.mac.as_deref().map(str::parse).transpose()?,
            model: HandsetModel::known(&self.model)?,
            owner: self.owner.map(UserId::from_uuid),
            site: self.site.clone(),
            preference_group: self.preference_group.clone(),
            settings: self.settings.clone(),
            ports: self.ports.iter().map(port).collect(),
            changed_at: at
                .max(now.changed_at)
                .max(now.applied_at.saturating_add(std::time::Duration::from_micros(1)).unwrap_or(at)),
            ..now
        })
    }
}

/// Whether it is known of an import how phones stood before.
pub(super) async fn has_any(tx: &mut Tx, tenant: TenantId, import: ImportId) -> Result<bool> {
    Ok(!tx.rows(ROWS, args![tenant.uuid(), import.uuid()]).await?.is_empty())
}

/// Writes the phones of an import, and how each stood before and after.
///
/// # Errors
/// [`StoreError::Taken`] of `directory`: one of them was changed since the rows were made.
pub(super) async fn write(
    tx: &mut Tx,
    tenant: TenantId,
    import: ImportId,
    phones: &[ImportPhone],
) -> Result<()> {
    // One phone may get what another had: first all are checked and give it away, then each is written.
    for phone in phones {
        let Some(before) = &phone.before else { continue };
        let id = phone.after.id;
        let now = handset_in(tx, tenant, id).await?;
        if now.as_ref().map(Kept::of) != Some(Kept::of(before)) {
            return Err(StoreError::Taken { what: "directory", value: id.to_string() });
        }
        loosen_in(tx, tenant, id).await?;
    }
    for phone in phones {
        let id = phone.after.id;
        match &phone.before {
            None => add_in(tx, &phone.after).await?,
            Some(before) => {
                write_in(tx, &phone.after).await?;
                if before.owner != phone.after.owner {
                    give_in(tx, tenant, id, phone.after.owner).await?;
                }
            }
        }
        let before = phone.before.as_ref().map(|before| to_json(&Kept::of(before))).transpose()?;
        let after = to_json(&Kept::of(&phone.after))?;
        tx.run(ADD, args![tenant.uuid(), import.uuid(), id.uuid(), before, after]).await?;
    }
    Ok(())
}

/// Puts the phones of an import back. Those that were changed since are answered by name, and hold it up unless `anyway`.
pub(super) async fn put_back(
    tx: &mut Tx,
    (tenant, import): (TenantId, ImportId),
    at: jiff::Timestamp,
    anyway: bool,
) -> Result<Vec<String>> {
    let (mut conflicts, mut new, mut changed) = (Vec::new(), Vec::new(), Vec::new());
    for row in tx.rows(ROWS, args![tenant.uuid(), import.uuid()]).await? {
        let row = Reader::new(&row, "import_phones", "handset_id");
        let id = HandsetId::from_uuid(row.id("handset_id")?);
        let after: Kept = row.json("after")?;
        let before: Option<Kept> = row.opt_text("before")?.map(|_| row.json("before")).transpose()?;
        let now = handset_in(tx, tenant, id).await?;
        match (now, before) {
            // What is gone already needs no removing.
            (None, None) => {}
            (None, Some(_)) if anyway => {}
            (Some(now), _) if !anyway && Kept::of(&now) != after => {
                conflicts.push(format!("phone {}", after.name))
            }
            (None, Some(_)) => conflicts.push(format!("phone {}", after.name)),
            (Some(_), None) => new.push(id),
            (Some(now), Some(before)) => changed.push((now, before)),
        }
    }
    if !conflicts.is_empty() {
        return Ok(conflicts);
    }
    for id in new {
        remove_in(tx, tenant, id).await?;
    }
    for (now, _) in &changed {
        loosen_in(tx, tenant, now.id).await?;
    }
    for (now, before) in changed {
        restore(tx, now, &before, at).await?;
    }
    Ok(conflicts)
}

/// Nobody has it where its owner of before is gone.
async fn restore(tx: &mut Tx, now: Handset, before: &Kept, at: jiff::Timestamp) -> Result<()> {
    let (id, tenant, owner) = (now.id, now.tenant, now.owner);
    let corrupt = |error: Invalid| StoreError::Corrupt {
        table: "import_phones",
        column: "before",
        row: id.to_string(),
        why: error.to_string(),
    };
    let mut back = before.over(now, at).map_err(corrupt)?;
    if let Some(user) = back.owner
        && !lives(tx, tenant, user).await?
    {
        back.owner = None;
    }
    write_in(tx, &back).await?;
    if back.owner != owner {
        give_in(tx, tenant, id, back.owner).await?;
    }
    Ok(())
}
