//! What a tenant lets be created, shows and hides.

use super::db::args;
use super::fault::{found, missing};
use super::read::{Reader, to_json};
use super::tenants::LOCK;
use super::{Result, Store};
use crate::domain::{TenantId, TenantPolicy};

const POLICY: &str = "SELECT id, policy FROM tenants WHERE id = $1";
const SET: &str = "UPDATE tenants SET policy = $2 WHERE id = $1";

impl Store {
    /// The tenant's policy.
    ///
    /// # Errors
    /// [`super::StoreError::Missing`].
    pub async fn policy(&self, tenant: TenantId) -> Result<TenantPolicy> {
        let row = self.db.row(POLICY, args![tenant.uuid()]).await?;
        Reader::new(&row.ok_or_else(|| missing("tenant", tenant))?, "tenants", "id").json("policy")
    }

    /// Changes what differs between `was` and `wanted`: what is the same in both stays as it is by now. The policy as it is
    /// then.
    ///
    /// # Errors
    /// [`super::StoreError::Missing`].
    pub async fn change_policy(
        &self,
        tenant: TenantId,
        was: &TenantPolicy,
        wanted: TenantPolicy,
    ) -> Result<TenantPolicy> {
        let mut tx = self.begin().await?;
        found(tx.run(LOCK, args![tenant.uuid()]).await?, "tenant", tenant)?;
        let rows = tx.rows(POLICY, args![tenant.uuid()]).await?;
        let row = rows.first().ok_or_else(|| missing("tenant", tenant))?;
        let policy = wanted.over(was, Reader::new(row, "tenants", "id").json("policy")?);
        tx.run(SET, args![tenant.uuid(), to_json(&policy)?]).await?;
        tx.commit().await?;
        Ok(policy)
    }
}
