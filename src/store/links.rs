//! Links that were sent by mail. Only the hash of a token is ever here.

use super::db::{Row, args};
use super::fault::Named as _;
use super::read::{Reader, micros, opt_micros};
use super::{Link, Result, Store};
use crate::domain::{LinkId, MessageId, TenantId};

const ADD: &str = "INSERT INTO links
    (id, tenant_id, message_id, sent_to, token_hash, expires_at, revoked_at, created_at)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";

const BY_HASH: &str =
    "SELECT id, tenant_id, message_id, sent_to, token_hash, expires_at, revoked_at, created_at
    FROM links WHERE token_hash = $1";

const REVOKE: &str = "UPDATE links SET revoked_at = $3
    WHERE tenant_id = $1 AND message_id = $2 AND revoked_at IS NULL";

impl Store {
    /// Adds a link.
    ///
    /// # Errors
    /// [`super::StoreError::Missing`] names the message; `Taken` a link with the same id or token.
    pub async fn add_link(&self, link: &Link) -> Result<()> {
        let (id, message) = (link.id, link.message);
        let args = args![
            link.id.uuid(),
            link.tenant.uuid(),
            link.message.uuid(),
            link.sent_to.as_str(),
            link.token_hash.to_vec(),
            micros(link.expires_at),
            opt_micros(link.revoked_at),
            micros(link.created_at),
        ];
        self.write(move |tx| {
            Box::pin(async move {
                tx.run(ADD, args).await.taken("link", id).orphan("message", message)?;
                Ok(())
            })
        })
        .await
    }

    /// Also expired and revoked ones: the page says which.
    ///
    /// # Errors
    /// [`super::StoreError`].
    pub async fn link_by_hash(&self, token_hash: &[u8; 32]) -> Result<Option<Link>> {
        self.db.row(BY_HASH, args![token_hash.to_vec()]).await?.as_ref().map(read_link).transpose()
    }

    /// Revokes every link to the message that still works.
    ///
    /// # Errors
    /// [`super::StoreError::Missing`] names the message.
    pub async fn revoke_links(&self, tenant: TenantId, message: MessageId) -> Result<()> {
        let mut tx = self.begin().await?;
        let now = micros(self.clock.now());
        if tx.run(REVOKE, args![tenant.uuid(), message.uuid(), now]).await? == 0 {
            drop(tx);
            return self.message(tenant, message).await.map(drop);
        }
        Ok(tx.commit().await?)
    }
}

fn read_link(row: &Row) -> Result<Link> {
    let row = Reader::new(row, "links", "id");
    Ok(Link {
        id: LinkId::from_uuid(row.id("id")?),
        tenant: TenantId::from_uuid(row.id("tenant_id")?),
        message: MessageId::from_uuid(row.id("message_id")?),
        sent_to: row.parsed("sent_to")?,
        token_hash: row.hash("token_hash")?,
        expires_at: row.time("expires_at")?,
        revoked_at: row.opt_time("revoked_at")?,
        created_at: row.time("created_at")?,
    })
}
