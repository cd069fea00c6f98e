//! Phones of a user beyond the first one: taken by a reset, and given back with it.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::super::Result;
use super::super::db::{Tx, args};
use super::super::handsets::{hand_on_in, handset_in};
use super::super::read::Reader;
use crate::domain::{HandsetId, HandsetSettings, TenantId, UserId};

// The one that is named first stays at the extension.
const EXTRA: &str = "SELECT id FROM handsets WHERE tenant_id = $1 AND owner_id = $2 ORDER BY name";

/// A phone as it was before it was taken.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct KeptPhone {
    id: HandsetId,
    settings: HandsetSettings,
}

/// Takes every phone but the first; they leave their ring groups and are nobody's.
pub(super) async fn take_extra(
    tx: &mut Tx,
    tenant: TenantId,
    user: UserId,
    at: Timestamp,
) -> Result<Vec<KeptPhone>> {
    let mut kept = Vec::new();
    for row in tx.rows(EXTRA, args![tenant.uuid(), user.uuid()]).await?.iter().skip(1) {
        let id = HandsetId::from_uuid(Reader::new(row, "handsets", "id").id("id")?);
        if let Some(mut handset) = handset_in(tx, tenant, id).await? {
            kept.push(KeptPhone { id, settings: handset.settings.clone() });
            handset.change_hands(at);
            hand_on_in(tx, &handset, None).await?;
        }
    }
    Ok(kept)
}

/// Gives back those that are still there and nobody's.
pub(super) async fn give_back(
    tx: &mut Tx,
    tenant: TenantId,
    user: UserId,
    kept: Vec<KeptPhone>,
    at: Timestamp,
) -> Result<()> {
    for KeptPhone { id, settings } in kept {
        let handset = handset_in(tx, tenant, id).await?.filter(|handset| handset.owner.is_none());
        if let Some(mut handset) = handset {
            handset.settings = settings;
            handset.change_at(at);
            hand_on_in(tx, &handset, Some(user)).await?;
        }
    }
    Ok(())
}
