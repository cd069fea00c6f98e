//! What the routing asks of the store, as a small port: the same questions can be answered from memory in tests.

use std::future::Future;

use crate::domain::{Extension, Mailbox, MailboxId, PhoneNumber, Tenant, TenantId};
use crate::store::{Number, Result, Store};

/// Who knows tenants, mailboxes and numbers.
pub trait Directory: Sync {
    /// The tenant with this SIP domain (lower case).
    fn tenant_by_domain(&self, domain: &str) -> impl Future<Output = Result<Option<Tenant>>> + Send;
    /// The tenant with this name.
    fn tenant_by_name(&self, name: &str) -> impl Future<Output = Result<Option<Tenant>>> + Send;
    /// The only tenant there is, or the one named `default`.
    fn usual_tenant(&self) -> impl Future<Output = Result<Tenant>> + Send;
    /// A mailbox by id.
    fn mailbox(&self, tenant: TenantId, id: MailboxId) -> impl Future<Output = Result<Mailbox>> + Send;
    /// A mailbox by its own number.
    fn mailbox_by_extension(
        &self,
        tenant: TenantId,
        extension: &Extension,
    ) -> impl Future<Output = Result<Option<Mailbox>>> + Send;
    /// A number or alias, exactly.
    fn number(&self, tenant: TenantId, number: &str) -> impl Future<Output = Result<Option<Number>>> + Send;
    /// Whether a caller with one of these forms has a mailbox of the tenant. `taking` is the mailbox that takes the call:
    /// who answers may look at it in the same breath.
    fn is_party(
        &self,
        tenant: TenantId,
        taking: Option<MailboxId>,
        extension: Option<&Extension>,
        exact: &[String],
    ) -> impl Future<Output = Result<bool>> + Send {
        let _ = taking;
        async move {
            if let Some(extension) = extension
                && self.mailbox_by_extension(tenant, extension).await?.is_some()
            {
                return Ok(true);
            }
            for number in exact {
                if self.number(tenant, number).await?.is_some() {
                    return Ok(true);
                }
            }
            Ok(false)
        }
    }
    /// Every number that ends in these digits.
    fn numbers_ending(
        &self,
        tenant: TenantId,
        digits: &PhoneNumber,
    ) -> impl Future<Output = Result<Vec<Number>>> + Send;
}

impl Directory for Store {
    async fn tenant_by_domain(&self, domain: &str) -> Result<Option<Tenant>> {
        self.tenant_by_domain(domain).await
    }

    async fn tenant_by_name(&self, name: &str) -> Result<Option<Tenant>> {
        Ok(self.tenants().await?.into_iter().find(|tenant| tenant.name == name))
    }

    async fn usual_tenant(&self) -> Result<Tenant> {
        let mut tenants = self.tenants().await?;
        match (tenants.pop(), tenants.is_empty()) {
            (Some(only), true) => Ok(only),
            _ => self.default_tenant().await,
        }
    }

    async fn mailbox(&self, tenant: TenantId, id: MailboxId) -> Result<Mailbox> {
        self.mailbox(tenant, id).await
    }

    async fn mailbox_by_extension(&self, tenant: TenantId, extension: &Extension) -> Result<Option<Mailbox>> {
        self.mailbox_by_extension(tenant, extension).await
    }

    async fn number(&self, tenant: TenantId, number: &str) -> Result<Option<Number>> {
        self.number(tenant, number).await
    }

    async fn numbers_ending(&self, tenant: TenantId, digits: &PhoneNumber) -> Result<Vec<Number>> {
        self.numbers_ending(tenant, digits).await
    }
}
