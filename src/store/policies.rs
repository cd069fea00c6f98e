//! What a tenant lets be created, shows and hides.

use super::db::args;
use super::fault::{found, missing};
use super::read::{Reader, to_json};
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

    /// Sets the tenant's policy.
    ///
    /// # Errors
    /// [`super::StoreError::Missing`].
    pub async fn set_policy(&self, tenant: TenantId, policy: &TenantPolicy) -> Result<()> {
        let mut tx = self.begin().await?;
        found(tx.run(SET, args![tenant.uuid(), to_json(policy)?]).await?, "tenant", tenant)?;
        Ok(tx.commit().await?)
    }
}
