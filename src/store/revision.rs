//! What a call asks of the store when all else is remembered: whether the directory has changed, how full the mailbox is,
//! whether the caller is known. One statement, so that the answers are of one moment.
//!
//! The revision counts every change to tenants, their domains, mailboxes, numbers, greetings, time frames, answering rules
//! and lists of callers, by triggers: no program can forget it. Users are not among them: no call asks for them.

use super::db::args;
use super::read::Reader;
use super::{Result, Store, StoreError};
use crate::domain::{Extension, MailboxId, TenantId, Usage};

const REVISION: &str = "SELECT revision FROM directory_revision";

const MOMENT: &str =
    "SELECT (SELECT revision FROM directory_revision) AS revision, held.messages, held.bytes,
    EXISTS (SELECT 1 FROM mailboxes WHERE tenant_id = $1 AND extension = $3 AND removed_at IS NULL)
    OR EXISTS (SELECT 1 FROM numbers n JOIN mailboxes m ON m.tenant_id = n.tenant_id AND m.id = n.mailbox_id
        WHERE n.tenant_id = $1 AND n.number IN ($4, $5, $6) AND m.removed_at IS NULL) AS is_known
    FROM (SELECT COUNT(*) AS messages, CAST(COALESCE(SUM(bytes), 0) AS BIGINT) AS bytes
        FROM messages WHERE tenant_id = $1 AND mailbox_id = $2 AND folder <> 'trash') held";

/// Numbers that one statement looks for.
const NUMBERS: usize = 3;

/// What of a call cannot be remembered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Moment {
    /// As [`Store::revision`].
    pub revision: i64,
    /// What lies in the mailbox, outside of the trash.
    pub usage: Usage,
    /// The caller's number is that of a mailbox of the tenant.
    pub is_known: bool,
}

impl Store {
    /// Another number than before means that tenants, mailboxes, numbers or greetings have changed. What was read after
    /// this number still holds as long as it is the same.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn revision(&self) -> Result<i64> {
        let row = self.db.row(REVISION, args![]).await?.ok_or_else(no_revision)?;
        Reader::new(&row, "directory_revision", "revision").number("revision")
    }

    /// How full the mailbox is, and whether this extension or one of these numbers is known, as of one revision.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn moment(
        &self,
        tenant: TenantId,
        mailbox: Option<MailboxId>,
        extension: Option<&Extension>,
        numbers: &[String],
    ) -> Result<Moment> {
        let (first, more) = numbers.split_at(numbers.len().min(NUMBERS));
        let number = |index: usize| first.get(index).cloned();
        let args = args![
            tenant.uuid(),
            mailbox.map(MailboxId::uuid),
            extension.map(|extension| extension.as_str().to_owned()),
            number(0),
            number(1),
            number(2),
        ];
        let row = self.db.row(MOMENT, args).await?.ok_or_else(no_revision)?;
        let row = Reader::new(&row, "directory_revision", "revision");
        let mut moment = Moment {
            revision: row.number("revision")?,
            usage: Usage { messages: row.number("messages")?, bytes: row.number("bytes")? },
            is_known: row.flag("is_known")?,
        };
        for number in more {
            moment.is_known |= self.number(tenant, number).await?.is_some();
        }
        Ok(moment)
    }
}

fn no_revision() -> StoreError {
    StoreError::Refused("table directory_revision is empty: restore it from a backup".to_owned())
}
