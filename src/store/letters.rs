//! All that a mail about a message must know, in one statement.

use super::db::args;
use super::mailboxes::read_mailbox;
use super::messages::read_message;
use super::read::Reader;
use super::{Result, Store};
use crate::domain::{Mailbox, Message, MessageId, Origin, TenantId};

// Of the mailbox only what the message does not have: its id is `mailbox_id`, and `id` is the message's.
const LETTER: &str =
    "SELECT m.id, m.tenant_id, m.mailbox_id, m.folder, m.tag, m.heard_at, m.urgent, m.private, m.caller_number,
    m.caller_name, m.caller_anonymous, m.alias, m.reason, m.received_at, m.duration_ms, m.voiced_ms, m.class,
    m.sample_rate, m.bytes, m.sha256, m.object, b.user_id, b.extension, b.enabled, b.settings, b.created_at,
    t.zone AS tenant_zone, t.language AS tenant_language, u.first_name, u.last_name,
    (SELECT n.note FROM message_notes n WHERE n.tenant_id = m.tenant_id AND n.message_id = m.id) AS note,
    (SELECT p.origin FROM message_parts p WHERE p.tenant_id = m.tenant_id AND p.message_id = m.id
        AND p.kind = 'original' ORDER BY p.place LIMIT 1) AS origin
    FROM messages m JOIN tenants t ON t.id = m.tenant_id
    LEFT JOIN mailboxes b ON b.tenant_id = m.tenant_id AND b.id = m.mailbox_id AND b.removed_at IS NULL
    LEFT JOIN users u ON u.tenant_id = b.tenant_id AND u.id = b.user_id AND u.removed_at IS NULL
    WHERE m.tenant_id = $1 AND m.id = $2";

/// What a mail about a message must know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LetterFacts {
    /// The message.
    pub message: Message,
    /// Its mailbox, unless that was removed.
    pub mailbox: Option<Mailbox>,
    /// What the colleague wrote who sent it.
    pub note: Option<String>,
    /// Who left it, when a colleague passed it on.
    pub origin: Option<Origin>,
    /// First and last name of the mailbox's user, joined, if it has one.
    pub owner: Option<String>,
    /// Where the tenant's clocks stand; the mailbox may have another zone.
    pub tenant_zone: String,
    /// Language of the tenant, for a mailbox without one of its own.
    pub tenant_language: String,
}

impl Store {
    /// All that a mail about this message must know. `None` when it is gone.
    ///
    /// # Errors
    /// [`super::StoreError`].
    pub async fn letter_facts(&self, tenant: TenantId, id: MessageId) -> Result<Option<LetterFacts>> {
        let Some(row) = self.db.row(LETTER, args![tenant.uuid(), id.uuid()]).await? else { return Ok(None) };
        let message = read_message(&row)?;
        let reader = Reader::new(&row, "messages", "id");
        let mailbox = match reader.opt_text("settings")? {
            Some(_) => Some(Mailbox { id: message.mailbox, ..read_mailbox(&row)? }),
            None => None,
        };
        let name = reader.opt_text("first_name")?.zip(reader.opt_text("last_name")?);
        let owner = name.map(|(first, last)| format!("{first} {last}").trim().to_owned());
        Ok(Some(LetterFacts {
            mailbox,
            owner,
            note: reader.opt_text("note")?,
            origin: match reader.opt_text("origin")? {
                Some(_) => Some(reader.json("origin")?),
                None => None,
            },
            tenant_zone: reader.text("tenant_zone")?,
            tenant_language: reader.text("tenant_language")?,
            message,
        }))
    }
}
