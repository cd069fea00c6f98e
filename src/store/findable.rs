//! Who may be found by name, and how a tenant's audio directory works.

use super::db::args;
use super::fault::{found, missing};
use super::mailboxes::read_mailbox;
use super::people::read_user;
use super::read::{Reader, to_json};
use super::{Result, Store};
use crate::domain::{DirectorySettings, Extension, GreetingId, MailboxId, TenantId, User};

// Of the mailbox only what the user does not have: `id` is the user's.
const FINDABLE: &str =
    "SELECT u.id, u.tenant_id, u.first_name, u.last_name, u.emails, u.login, u.department, u.site,
        u.profile, u.created_at,
        b.id AS mailbox_id, b.user_id, b.extension, b.enabled, b.settings,
        (SELECT g.id FROM greetings g WHERE g.tenant_id = b.tenant_id AND g.mailbox_id = b.id
            AND g.kind = 'name' AND g.active ORDER BY g.created_at DESC, g.id DESC LIMIT 1) AS name
    FROM users u JOIN mailboxes b ON b.tenant_id = u.tenant_id AND b.user_id = u.id AND b.removed_at IS NULL
    WHERE u.tenant_id = $1 AND u.removed_at IS NULL";

const SETTINGS: &str = "SELECT id, directory FROM tenants WHERE id = $1";

const SET: &str = "UPDATE tenants SET directory = $2 WHERE id = $1";

/// Somebody who may be found by name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Findable {
    /// The person.
    pub user: User,
    /// The mailbox's number.
    pub extension: Extension,
    /// The mailbox.
    pub mailbox: MailboxId,
    /// Further first names.
    pub nicknames: Vec<String>,
    /// The recorded name.
    pub name: Option<GreetingId>,
}

impl Store {
    /// Everybody of the tenant who wants to be found and has a recorded name; with `unnamed` also those without one.
    ///
    /// # Errors
    /// [`super::StoreError`].
    pub async fn findable(&self, tenant: TenantId, unnamed: bool) -> Result<Vec<Findable>> {
        let mut people = Vec::new();
        for row in &self.db.rows(FINDABLE, args![tenant.uuid()]).await? {
            let reader = Reader::new(row, "mailboxes", "mailbox_id");
            let mailbox = read_mailbox(row)?;
            let name = reader.opt_id("name")?.map(GreetingId::from_uuid);
            if mailbox.phone.announce && (unnamed || name.is_some()) {
                people.push(Findable {
                    user: read_user(row)?,
                    extension: mailbox.extension,
                    mailbox: MailboxId::from_uuid(reader.id("mailbox_id")?),
                    nicknames: mailbox.phone.nicknames,
                    name,
                });
            }
        }
        Ok(people)
    }

    /// How the tenant's audio directory works.
    ///
    /// # Errors
    /// [`super::StoreError::Missing`].
    pub async fn directory_settings(&self, tenant: TenantId) -> Result<DirectorySettings> {
        let row = self.db.row(SETTINGS, args![tenant.uuid()]).await?;
        Reader::new(&row.ok_or_else(|| missing("tenant", tenant))?, "tenants", "id").json("directory")
    }

    /// Sets how the tenant's audio directory works.
    ///
    /// # Errors
    /// [`super::StoreError::Missing`].
    pub async fn set_directory(&self, tenant: TenantId, settings: DirectorySettings) -> Result<()> {
        let mut tx = self.begin().await?;
        found(tx.run(SET, args![tenant.uuid(), to_json(&settings)?]).await?, "tenant", tenant)?;
        Ok(tx.commit().await?)
    }
}
