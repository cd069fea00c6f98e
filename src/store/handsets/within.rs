//! Writes of handsets as parts of a transaction: of a single change with its audit, and of an import.

use super::super::db::{Tx, args};
use super::super::fault::{found, missing};
use super::super::read::{Reader, micros, to_json};
use super::super::{Result, StoreError};
use super::{
    ADD, BY_ID, CHANGE, DROP_PORTS, GIVE, LIVING, LOCK, REMOVE, TAKE, fact, put_ports, read_handset, written,
};
use crate::domain::{Handset, HandsetId, Port, TenantId, UserId, WebhookEvent};

const PORTS_OF: &str = "SELECT handset_id, port, number, appearances FROM handset_ports
    WHERE tenant_id = $1 AND handset_id = $2 ORDER BY port";

// Only what no two phones have.
const LOOSEN: &str = "UPDATE handsets SET mac = NULL, preference_group = NULL, group_key = NULL WHERE tenant_id = $1 AND id = $2";

/// Adds a handset with its ports.
pub(in crate::store) async fn add_in(tx: &mut Tx, handset: &Handset) -> Result<()> {
    if let Some(owner) = handset.owner {
        must_live(tx, handset.tenant, owner).await?;
    }
    let args = args![
        handset.id.uuid(),
        handset.tenant.uuid(),
        handset.name.as_str(),
        handset.mac.as_ref().map(|mac| mac.as_str().to_owned()),
        handset.model.word,
        handset.owner.map(UserId::uuid),
        handset.site.as_str(),
        handset.preference_group.clone(),
        to_json(&handset.settings)?,
        micros(handset.created_at),
        handset.group_key(),
    ];
    written(tx.run(ADD, args).await, handset)?;
    put_ports(tx, handset).await?;
    tx.batch(vec![fact(handset.tenant, handset.id, WebhookEvent::HandsetChanged, "added")]).await?;
    Ok(())
}

/// Holds the phone until the end of the transaction; `Taken` if it is not as it was read. Restarts do not matter, nor what
/// its owner changed of what it shows.
pub(in crate::store) async fn must_be(tx: &mut Tx, was: &Handset) -> Result<()> {
    let (tenant, id) = (was.tenant, was.id);
    found(tx.run(LOCK, args![tenant.uuid(), id.uuid()]).await?, "phone", id)?;
    let now = handset_in(tx, tenant, id).await?;
    let (changed_at, applied_at) = (was.changed_at, was.applied_at);
    let now = now.map(|now| Handset { reboot: was.reboot.clone(), changed_at, applied_at, ..now });
    if now.as_ref() == Some(was) {
        return Ok(());
    }
    Err(StoreError::Taken { what: "phone", value: was.name.to_string() })
}

/// Writes everything but name, owner and what is known of restarts.
pub(in crate::store) async fn write_in(tx: &mut Tx, handset: &Handset) -> Result<()> {
    let args = args![
        handset.tenant.uuid(),
        handset.id.uuid(),
        handset.mac.as_ref().map(|mac| mac.as_str().to_owned()),
        handset.model.word,
        handset.site.as_str(),
        handset.preference_group.clone(),
        to_json(&handset.settings)?,
        micros(handset.changed_at),
        handset.group_key(),
    ];
    found(written(tx.run(CHANGE, args).await, handset)?, "phone", handset.id)?;
    put_ports(tx, handset).await?;
    tx.batch(vec![fact(handset.tenant, handset.id, WebhookEvent::HandsetChanged, "changed")]).await?;
    Ok(())
}

/// Takes away what no two phones have, before several are written that have it from each other.
pub(in crate::store) async fn loosen_in(tx: &mut Tx, tenant: TenantId, id: HandsetId) -> Result<()> {
    let whose = || args![tenant.uuid(), id.uuid()];
    tx.batch(vec![(LOOSEN, whose()), (DROP_PORTS, whose())]).await?;
    Ok(())
}

/// Gives it to a living user, or to nobody.
pub(in crate::store) async fn give_in(
    tx: &mut Tx,
    tenant: TenantId,
    id: HandsetId,
    owner: Option<UserId>,
) -> Result<()> {
    if let Some(owner) = owner {
        must_live(tx, tenant, owner).await?;
    }
    let args = args![tenant.uuid(), id.uuid(), owner.map(UserId::uuid)];
    found(tx.run(GIVE, args).await?, "phone", id)
}

/// Takes it from its owner and gives it to somebody else, or to nobody, with the settings of `handset`.
pub(in crate::store) async fn hand_on_in(
    tx: &mut Tx,
    handset: &Handset,
    owner: Option<UserId>,
) -> Result<()> {
    let (tenant, id) = (handset.tenant, handset.id);
    let args = args![tenant.uuid(), id.uuid(), to_json(&handset.settings)?, micros(handset.changed_at)];
    found(tx.run(TAKE, args).await?, "phone", id)?;
    if let Some(owner) = owner {
        give_in(tx, tenant, id, Some(owner)).await?;
    }
    tx.batch(vec![fact(tenant, id, WebhookEvent::HandsetChanged, "owner")]).await?;
    Ok(())
}

/// Removes it with its ports.
pub(in crate::store) async fn remove_in(tx: &mut Tx, tenant: TenantId, id: HandsetId) -> Result<()> {
    tx.run(DROP_PORTS, args![tenant.uuid(), id.uuid()]).await?;
    found(tx.run(REMOVE, args![tenant.uuid(), id.uuid()]).await?, "phone", id)?;
    tx.batch(vec![fact(tenant, id, WebhookEvent::HandsetChanged, "removed")]).await?;
    Ok(())
}

/// A handset with its ports as it is at this moment of the transaction.
pub(in crate::store) async fn handset_in(
    tx: &mut Tx,
    tenant: TenantId,
    id: HandsetId,
) -> Result<Option<Handset>> {
    let args = args![tenant.uuid(), id.uuid()];
    let Some(row) = tx.rows(BY_ID, args.clone()).await?.into_iter().next() else { return Ok(None) };
    let mut handset = read_handset(&row)?.handset;
    for row in &tx.rows(PORTS_OF, args).await? {
        let row = Reader::new(row, "handset_ports", "handset_id");
        handset.ports.push(Port {
            port: row.number("port")?,
            number: row.opt_text("number")?,
            appearances: row.number("appearances")?,
        });
    }
    Ok(Some(handset))
}

pub(in crate::store) async fn lives(tx: &mut Tx, tenant: TenantId, user: UserId) -> Result<bool> {
    Ok(!tx.rows(LIVING, args![tenant.uuid(), user.uuid()]).await?.is_empty())
}

async fn must_live(tx: &mut Tx, tenant: TenantId, owner: UserId) -> Result<()> {
    if lives(tx, tenant, owner).await? { Ok(()) } else { Err(missing("user", owner)) }
}
