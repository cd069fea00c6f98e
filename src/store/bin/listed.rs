//! Who is in the recycle bin, page by page.

use jiff::Timestamp;
use uuid::Uuid;

use super::super::db::{Row, args};
use super::super::read::{Reader, micros};
use super::super::{Result, Store};
use super::{Kept, Why};
use crate::domain::{Extension, Role, TenantId, UserId};

macro_rules! in_the_bin {
    ($rest:literal) => {
        concat!(
            "SELECT u.id, u.first_name, u.last_name, u.removed_at, m.extension, r.kept,
        (SELECT COUNT(*) FROM messages g WHERE g.tenant_id = u.tenant_id AND g.mailbox_id = m.id
            AND g.folder = 'trash' AND g.trashed_at = u.removed_at) AS messages
    FROM users u LEFT JOIN mailboxes m ON m.tenant_id = u.tenant_id AND m.user_id = u.id
        AND m.removed_at = u.removed_at
    LEFT JOIN removed_users r ON r.tenant_id = u.tenant_id AND r.user_id = u.id
    WHERE u.tenant_id = $1 AND u.removed_at IS NOT NULL
        AND NOT EXISTS (SELECT 1 FROM handed_on h WHERE h.tenant_id = m.tenant_id AND h.archive_mailbox = m.id
            AND h.is_empty) ",
            $rest
        )
    };
}

const LIST: &str = in_the_bin!(
    "AND (u.removed_at < $2 OR (u.removed_at = $2 AND u.id < $3)) ORDER BY u.removed_at DESC, u.id DESC LIMIT $4"
);
const ONE: &str = in_the_bin!("AND u.id = $2");
const HAD: &str =
    "SELECT m.id FROM mailboxes m JOIN users u ON u.tenant_id = m.tenant_id AND u.id = m.user_id
    WHERE m.tenant_id = $1 AND m.extension = $2 AND m.removed_at IS NOT NULL AND u.removed_at = m.removed_at
        AND NOT EXISTS (SELECT 1 FROM handed_on h WHERE h.tenant_id = m.tenant_id AND h.archive_mailbox = m.id
            AND h.is_empty) LIMIT 1";

/// Somebody in the bin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Removed {
    /// Identity.
    pub user: UserId,
    /// First name.
    pub first: String,
    /// Last name.
    pub last: String,
    /// The extension at that time; somebody else may have it now.
    pub extension: Option<Extension>,
    /// When.
    pub at: Timestamp,
    /// What the user was, and will be again.
    pub role: Role,
    /// Messages that come back with the user.
    pub messages: u32,
    /// How the user came into the bin.
    pub why: Why,
}

/// A place in the list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BinPlace {
    /// When who stands there was removed.
    pub at: Timestamp,
    /// Who.
    pub user: UserId,
}

impl Removed {
    /// The place in the list.
    pub const fn place(&self) -> BinPlace {
        BinPlace { at: self.at, user: self.user }
    }
}

impl Store {
    /// Who is in the bin, the last one first, after this place.
    ///
    /// # Errors
    /// [`super::super::StoreError`].
    pub async fn removed_users(
        &self,
        tenant: TenantId,
        after: Option<BinPlace>,
        limit: u32,
    ) -> Result<Vec<Removed>> {
        let (at, user) = after.map_or((i64::MAX, Uuid::max()), |place| (micros(place.at), place.user.uuid()));
        let rows = self.db.rows(LIST, args![tenant.uuid(), at, user, limit]).await?;
        rows.iter().map(read_removed).collect()
    }

    /// One of them.
    ///
    /// # Errors
    /// [`super::super::StoreError`].
    pub async fn removed_user(&self, tenant: TenantId, user: UserId) -> Result<Option<Removed>> {
        let row = self.db.row(ONE, args![tenant.uuid(), user.uuid()]).await?;
        row.as_ref().map(read_removed).transpose()
    }

    /// Whether one of them had this extension.
    ///
    /// # Errors
    /// [`super::super::StoreError`].
    pub async fn was_extension(&self, tenant: TenantId, extension: &Extension) -> Result<bool> {
        Ok(self.db.row(HAD, args![tenant.uuid(), extension.as_str()]).await?.is_some())
    }
}

fn read_removed(row: &Row) -> Result<Removed> {
    let row = Reader::new(row, "users", "id");
    let kept: Kept = row.opt_text("kept")?.map(|_| row.json("kept")).transpose()?.unwrap_or_default();
    let (why, role) = (kept.why, kept.role());
    Ok(Removed {
        why,
        role,
        user: UserId::from_uuid(row.id("id")?),
        first: row.text("first_name")?,
        last: row.text("last_name")?,
        extension: row.opt_text("extension")?.map(|_| row.parsed("extension")).transpose()?,
        at: row.time("removed_at")?,
        messages: row.number("messages")?,
    })
}
