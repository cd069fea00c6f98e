//! What hangs on a mailbox and its user, counted: what a dry run shows.

use jiff::Timestamp;

use super::super::db::args;
use super::super::fault::missing;
use super::super::read::{Reader, micros};
use super::super::{Result, Store};
use crate::domain::{Owner, UserId};

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
    (SELECT COUNT(*) FROM lamps p WHERE p.tenant_id = m.tenant_id AND p.mailbox_id = m.id) AS lamps
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
}

impl Store {
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
        })
    }
}
