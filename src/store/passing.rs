//! Messages between mailboxes: copies with their parts, and the lists that owners send to.

use std::collections::BTreeSet;

use super::db::{Row, args};
use super::deposit::write;
use super::mailboxes::lock_mailbox;
use super::read::{Reader, to_json};
use super::{Deposited, NewJob, Result, Store};
use crate::domain::{Extension, GreetingId, MailboxId, Message, MessageId, Owner, Part, Sender};

const ADD_PART: &str = "INSERT INTO message_parts
    (tenant_id, message_id, place, kind, start_ms, length_ms, origin) VALUES ($1, $2, $3, $4, $5, $6, $7)";

const PARTS: &str = "SELECT p.message_id, p.kind, p.start_ms, p.length_ms, p.origin FROM message_parts p
    JOIN messages m ON m.tenant_id = p.tenant_id AND m.id = p.message_id
    WHERE p.tenant_id = $1 AND m.mailbox_id = $2 AND p.message_id = $3 ORDER BY p.place";

const ADD_NOTE: &str = "INSERT INTO message_notes (tenant_id, message_id, note) VALUES ($1, $2, $3)";

const NOTE: &str = "SELECT n.message_id, n.note FROM message_notes n
    JOIN messages m ON m.tenant_id = n.tenant_id AND m.id = n.message_id
    WHERE n.tenant_id = $1 AND m.mailbox_id = $2 AND n.message_id = $3";

const COLLEAGUE: &str = "SELECT s.id, s.extension,
        (SELECT g.id FROM greetings g WHERE g.tenant_id = s.tenant_id AND g.mailbox_id = s.id
            AND g.kind = 'name' AND g.active ORDER BY g.created_at DESC, g.id DESC LIMIT 1) AS name
    FROM mailboxes s WHERE s.tenant_id = $1 AND s.extension = $2 AND s.removed_at IS NULL";

const PUT_LIST: &str = "INSERT INTO lists (tenant_id, mailbox_id, number, members) VALUES ($1, $2, $3, $4)
    ON CONFLICT (tenant_id, mailbox_id, number) DO UPDATE SET members = excluded.members";

const REMOVE_LIST: &str = "DELETE FROM lists WHERE tenant_id = $1 AND mailbox_id = $2 AND number = $3";

const LISTS: &str =
    "SELECT number, members FROM lists WHERE tenant_id = $1 AND mailbox_id = $2 ORDER BY number";

impl Store {
    /// A copy of a message with its parts, what was written to it, ledger line, jobs and lamp job, in one transaction.
    ///
    /// # Errors
    /// As [`Store::deposit`].
    pub async fn pass_on(
        &self,
        message: &Message,
        parts: &[Part],
        note: Option<&str>,
        jobs: &[NewJob],
    ) -> Result<Deposited> {
        let mut tx = self.begin().await?;
        let deposited = write(&mut tx, message, jobs, self.clock.now()).await?;
        if deposited == Deposited::New {
            for (place, part) in (0_u32..).zip(parts) {
                let args = args![
                    message.tenant.uuid(),
                    message.id.uuid(),
                    place,
                    part.kind.as_str(),
                    part.start_ms,
                    part.length_ms,
                    part.origin.as_ref().map(to_json).transpose()?,
                ];
                tx.run(ADD_PART, args).await?;
            }
            if let Some(note) = note {
                tx.run(ADD_NOTE, args![message.tenant.uuid(), message.id.uuid(), note]).await?;
            }
        }
        tx.commit().await?;
        Ok(deposited)
    }

    /// The parts of a message of this mailbox, in order; none when it came by a call.
    ///
    /// # Errors
    /// [`super::StoreError`].
    pub async fn parts(&self, owner: Owner, id: MessageId) -> Result<Vec<Part>> {
        let args = args![owner.tenant.uuid(), owner.mailbox.uuid(), id.uuid()];
        self.db.rows(PARTS, args).await?.iter().map(read_part).collect()
    }

    /// What a colleague wrote who sent this message of the mailbox.
    ///
    /// # Errors
    /// [`super::StoreError`].
    pub async fn message_note(&self, owner: Owner, id: MessageId) -> Result<Option<String>> {
        let row = self.db.row(NOTE, args![owner.tenant.uuid(), owner.mailbox.uuid(), id.uuid()]).await?;
        row.map(|row| Reader::new(&row, "message_notes", "message_id").text("note")).transpose()
    }

    /// A mailbox of the owner's tenant as it can be named to the owner.
    ///
    /// # Errors
    /// [`super::StoreError`].
    pub async fn colleague(&self, owner: Owner, extension: &Extension) -> Result<Option<Sender>> {
        let row = self.db.row(COLLEAGUE, args![owner.tenant.uuid(), extension.as_str()]).await?;
        let Some(row) = row else { return Ok(None) };
        let row = Reader::new(&row, "mailboxes", "id");
        Ok(Some(Sender {
            extension: row.parsed("extension")?,
            mailbox: MailboxId::from_uuid(row.id("id")?),
            name: row.opt_id("name")?.map(GreetingId::from_uuid),
        }))
    }

    /// Replaces a list of the owner; an empty one is removed.
    ///
    /// # Errors
    /// [`super::StoreError::Missing`] names the mailbox; `Refused` a number outside of 1 to 99.
    pub async fn put_list(&self, owner: Owner, number: u8, members: &BTreeSet<Extension>) -> Result<()> {
        let (tenant, mailbox, number) = (owner.tenant.uuid(), owner.mailbox.uuid(), u32::from(number));
        let mut tx = self.begin().await?;
        lock_mailbox(&mut tx, owner.tenant, owner.mailbox).await?;
        if members.is_empty() {
            tx.run(REMOVE_LIST, args![tenant, mailbox, number]).await?;
        } else {
            tx.run(PUT_LIST, args![tenant, mailbox, number, to_json(members)?]).await?;
        }
        Ok(tx.commit().await?)
    }

    /// The owner's lists, by number.
    ///
    /// # Errors
    /// [`super::StoreError`].
    pub async fn lists(&self, owner: Owner) -> Result<Vec<(u8, Vec<Extension>)>> {
        let rows = self.db.rows(LISTS, args![owner.tenant.uuid(), owner.mailbox.uuid()]).await?;
        let read = |row| {
            let row = Reader::new(row, "lists", "number");
            Ok((row.number("number")?, row.json("members")?))
        };
        rows.iter().map(read).collect()
    }
}

fn read_part(row: &Row) -> Result<Part> {
    let row = Reader::new(row, "message_parts", "message_id");
    Ok(Part {
        kind: row.parsed("kind")?,
        start_ms: row.number("start_ms")?,
        length_ms: row.number("length_ms")?,
        origin: match row.opt_text("origin")? {
            Some(_) => Some(row.json("origin")?),
            None => None,
        },
    })
}
