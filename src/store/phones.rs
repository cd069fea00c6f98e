//! What the phone of an owner needs beside the messages: the PIN by number, devices that need none, phone settings.

use super::db::args;
use super::fault::{Named as _, missing};
use super::mailboxes::{lock_mailbox, read_mailbox, upsert_mailbox};
use super::read::{Reader, micros};
use super::{Result, Store};
use crate::domain::{Mailbox, MailboxId, Owner, TenantId};

const PIN_BY_NUMBER: &str = "SELECT id, pin_hash FROM mailboxes
    WHERE tenant_id = $1 AND extension = $2 AND removed_at IS NULL";

const MAILBOX: &str = "SELECT id, tenant_id, user_id, extension, enabled, settings, created_at
    FROM mailboxes WHERE tenant_id = $1 AND id = $2 AND removed_at IS NULL";

const ADD_DEVICE: &str = "INSERT INTO devices (tenant_id, identity, mailbox_id, created_at)
    VALUES ($1, $2, $3, $4)
    ON CONFLICT (tenant_id, identity) DO UPDATE SET mailbox_id = excluded.mailbox_id";

const REMOVE_DEVICE: &str = "DELETE FROM devices WHERE tenant_id = $1 AND mailbox_id = $2 AND identity = $3";

const DEVICE: &str = "SELECT d.mailbox_id FROM devices d
    JOIN mailboxes m ON m.tenant_id = d.tenant_id AND m.id = d.mailbox_id AND m.removed_at IS NULL
    WHERE d.tenant_id = $1 AND d.identity = $2";

const DEVICES: &str =
    "SELECT identity FROM devices WHERE tenant_id = $1 AND mailbox_id = $2 ORDER BY identity";

impl Store {
    /// The mailbox with this number, and the Argon2id string of its PIN if one was ever set. Any text may be asked for.
    ///
    /// # Errors
    /// [`super::StoreError`].
    pub async fn pin_by_number(
        &self,
        tenant: TenantId,
        number: &str,
    ) -> Result<Option<(MailboxId, Option<String>)>> {
        let row = self.db.row(PIN_BY_NUMBER, args![tenant.uuid(), number]).await?;
        let Some(row) = row else { return Ok(None) };
        let row = Reader::new(&row, "mailboxes", "id");
        Ok(Some((MailboxId::from_uuid(row.id("id")?), row.opt_text("pin_hash")?)))
    }

    /// Changes a mailbox as `change` says, reading and writing in one transaction: changes at once do not undo each
    /// other. The mailbox as it is then.
    ///
    /// # Errors
    /// [`super::StoreError::Missing`]; [`super::StoreError::Taken`] when the change takes another's extension.
    pub async fn change_mailbox(
        &self,
        owner: Owner,
        change: impl FnOnce(&mut Mailbox) + Send,
    ) -> Result<Mailbox> {
        let mut tx = self.begin().await?;
        lock_mailbox(&mut tx, owner.tenant, owner.mailbox).await?;
        let rows = tx.rows(MAILBOX, args![owner.tenant.uuid(), owner.mailbox.uuid()]).await?;
        let mut mailbox = read_mailbox(rows.first().ok_or_else(|| missing("mailbox", owner.mailbox))?)?;
        change(&mut mailbox);
        upsert_mailbox(&mut tx, &mailbox).await?;
        tx.commit().await?;
        Ok(mailbox)
    }

    /// Lets a device (an authenticated identity) open the mailbox without a PIN. One that opened another mailbox opens
    /// this one from now on.
    ///
    /// # Errors
    /// [`super::StoreError::Missing`] names the mailbox.
    pub async fn trust_device(&self, owner: Owner, identity: &str) -> Result<()> {
        let mut tx = self.begin().await?;
        lock_mailbox(&mut tx, owner.tenant, owner.mailbox).await?;
        let now = micros(self.clock.now());
        tx.run(ADD_DEVICE, args![owner.tenant.uuid(), identity, owner.mailbox.uuid(), now])
            .await
            .orphan("mailbox", owner.mailbox)?;
        Ok(tx.commit().await?)
    }

    /// From now on the device is asked for the PIN; whether it was not before.
    ///
    /// # Errors
    /// [`super::StoreError`].
    pub async fn distrust_device(&self, owner: Owner, identity: &str) -> Result<bool> {
        let mut tx = self.begin().await?;
        let args = args![owner.tenant.uuid(), owner.mailbox.uuid(), identity];
        let touched = tx.run(REMOVE_DEVICE, args).await?;
        tx.commit().await?;
        Ok(touched > 0)
    }

    /// The mailbox that this device opens without a PIN.
    ///
    /// # Errors
    /// [`super::StoreError`].
    pub async fn device(&self, tenant: TenantId, identity: &str) -> Result<Option<Owner>> {
        let row = self.db.row(DEVICE, args![tenant.uuid(), identity]).await?;
        let Some(row) = row else { return Ok(None) };
        let mailbox = MailboxId::from_uuid(Reader::new(&row, "devices", "mailbox_id").id("mailbox_id")?);
        Ok(Some(Owner { tenant, mailbox }))
    }

    /// The devices that open the mailbox without a PIN.
    ///
    /// # Errors
    /// [`super::StoreError`].
    pub async fn devices(&self, owner: Owner) -> Result<Vec<String>> {
        let rows = self.db.rows(DEVICES, args![owner.tenant.uuid(), owner.mailbox.uuid()]).await?;
        rows.iter().map(|row| Reader::new(row, "devices", "identity").text("identity")).collect()
    }
}
