//! What hangs on a mailbox and its user, counted: what a dry run shows.

use std::collections::BTreeSet;

use jiff::Timestamp;

use super::super::db::args;
use super::super::fault::missing;
use super::super::read::{Reader, micros};
use super::super::{Result, Store};
use crate::domain::{Owner, TenantId, UserId};

const HOLDINGS: &str = "SELECT m.id,
    (SELECT COUNT(*) FROM messages g WHERE g.tenant_id = m.tenant_id AND g.mailbox_id = m.id) AS messages,
    (SELECT COUNT(*) FROM messages g WHERE g.tenant_id = m.tenant_id AND g.mailbox_id = m.id
        AND g.folder = 'inbox' AND g.heard_at IS NULL) AS unheard,
    (SELECT COUNT(*) FROM greetings g WHERE g.tenant_id = m.tenant_id AND g.mailbox_id = m.id AND g.kind <> 'name') AS greetings,
    (SELECT COUNT(*) FROM greetings g WHERE g.tenant_id = m.tenant_id AND g.mailbox_id = m.id AND g.kind = 'name') AS names,
    (SELECT COUNT(*) FROM answering_rules r WHERE r.tenant_id = m.tenant_id AND r.mailbox_id = m.id) AS rules,
    (SELECT COUNT(*) FROM lists l WHERE l.tenant_id = m.tenant_id AND l.mailbox_id = m.id) AS lists,
    (SELECT COUNT(*) FROM numbers n WHERE n.tenant_id = m.tenant_id AND n.mailbox_id = m.id) AS numbers,
    (SELECT COUNT(*) FROM messages g JOIN links l ON l.tenant_id = g.tenant_id AND l.message_id = g.id
        WHERE g.tenant_id = m.tenant_id AND g.mailbox_id = m.id AND l.revoked_at IS NULL AND l.expires_at > $4) AS links,
    (SELECT COUNT(*) FROM messages g JOIN jobs j ON j.tenant_id = g.tenant_id AND j.message_id = g.id
        WHERE g.tenant_id = m.tenant_id AND g.mailbox_id = m.id AND j.state IN ('queued', 'retry', 'running')) AS mails,
    (SELECT COUNT(*) FROM sessions s WHERE s.tenant_id = m.tenant_id AND s.user_id = $3) AS sessions,
    (SELECT COUNT(*) FROM api_keys k WHERE k.tenant_id = m.tenant_id AND k.user_id = $3 AND k.revoked_at IS NULL) AS keys,
    (SELECT COUNT(*) FROM devices d WHERE d.tenant_id = m.tenant_id AND d.mailbox_id = m.id) AS devices,
    (SELECT COUNT(*) FROM lamps p WHERE p.tenant_id = m.tenant_id AND p.mailbox_id = m.id) AS lamps,
    (SELECT COUNT(*) FROM handsets h WHERE h.tenant_id = m.tenant_id AND h.owner_id = $3) AS phones
    FROM mailboxes m WHERE m.tenant_id = $1 AND m.id = $2";

/// How much of what there is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Holdings {
    /// Messages, also those in the trash.
    pub messages: u64,
    /// Of them, those in the inbox that nobody has heard.
    pub unheard: u64,
    /// Greetings.
    pub greetings: u64,
    /// Recorded names.
    pub names: u64,
    /// Answering rules.
    pub rules: u64,
    /// Lists to send to.
    pub lists: u64,
    /// Further numbers and aliases.
    pub numbers: u64,
    /// Links in mails that still open a message.
    pub links: u64,
    /// Mails that wait to be sent.
    pub mails: u64,
    /// Browsers that are signed in.
    pub sessions: u64,
    /// Keys of programs.
    pub keys: u64,
    /// Devices that open the mailbox without a PIN.
    pub devices: u64,
    /// Phones that watch the mailbox.
    pub lamps: u64,
    /// Phones of the user.
    pub phones: u64,
}

// Outside of the trash, of each user of a tenant who has any.
const OF_EACH: &str = "SELECT m.user_id, COUNT(*) AS messages,
        CAST(SUM(CASE WHEN g.folder = 'inbox' AND g.heard_at IS NULL THEN 1 ELSE 0 END) AS BIGINT) AS unheard
    FROM mailboxes m JOIN messages g ON g.tenant_id = m.tenant_id AND g.mailbox_id = m.id
    WHERE m.tenant_id = $1 AND m.removed_at IS NULL AND m.user_id IS NOT NULL AND g.folder <> 'trash'
    GROUP BY m.user_id";

impl Store {
    /// Messages outside of the trash that these users have together, and those of them that nobody has heard.
    ///
    /// # Errors
    /// [`super::super::StoreError`].
    pub async fn messages_of(&self, tenant: TenantId, users: &BTreeSet<UserId>) -> Result<(u64, u64)> {
        let mut sum = (0, 0);
        for row in self.db.rows(OF_EACH, args![tenant.uuid()]).await? {
            let row = Reader::new(&row, "mailboxes", "user_id");
            if users.contains(&UserId::from_uuid(row.id("user_id")?)) {
                sum.0 += row.number::<u64>("messages")?;
                sum.1 += row.number::<u64>("unheard")?;
            }
        }
        Ok(sum)
    }

    /// Counts what hangs on a mailbox and its user.
    ///
    /// # Errors
    /// [`super::super::StoreError::Missing`].
    pub async fn holdings(&self, owner: Owner, user: UserId, now: Timestamp) -> Result<Holdings> {
        let args = args![owner.tenant.uuid(), owner.mailbox.uuid(), user.uuid(), micros(now)];
        let row = self.db.row(HOLDINGS, args).await?;
        let row = row.ok_or_else(|| missing("mailbox", owner.mailbox))?;
        let row = Reader::new(&row, "mailboxes", "id");
        Ok(Holdings {
            messages: row.number("messages")?,
            unheard: row.number("unheard")?,
            greetings: row.number("greetings")?,
            names: row.number("names")?,
            rules: row.number("rules")?,
            lists: row.number("lists")?,
            numbers: row.number("numbers")?,
            links: row.number("links")?,
            mails: row.number("mails")?,
            sessions: row.number("sessions")?,
            keys: row.number("keys")?,
            devices: row.number("devices")?,
            lamps: row.number("lamps")?,
            phones: row.number("phones")?,
        })
    }
}
