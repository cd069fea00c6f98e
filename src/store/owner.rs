//! The owner's side of a mailbox: counts, lists, marks, and where a call dropped.
//!
//! Every query names tenant and mailbox ([`Owner`]): a message of another mailbox is missing here, whatever its id. A mark,
//! its ledger line and its lamp job are one transaction.

use jiff::Timestamp;

use super::db::{Row, Tx, args};
use super::fault::{found, missing};
use super::lamps;
use super::messages::{ADD_LEDGER, read_message};
use super::read::{Reader, micros, opt_micros};
use super::retention::remove_message;
use super::{Result, Store, StoreError};
use crate::domain::{
    Counts, Folder, GreetingId, Heading, JobId, MailboxId, Mark, Marked, Message, MessageId, Owner, Place,
    Sender, Shelf, Tag,
};

/// Messages of one list at most, newest first: nobody goes through more on the phone.
pub const LONGEST_LIST: u32 = 1000;

const COUNTS: &str = "SELECT
    COUNT(CASE WHEN folder = 'inbox' AND heard_at IS NULL THEN 1 END) AS new,
    COUNT(CASE WHEN folder = 'inbox' AND heard_at IS NULL AND urgent THEN 1 END) AS new_urgent,
    COUNT(CASE WHEN folder = 'saved' OR folder = 'inbox' AND heard_at IS NOT NULL THEN 1 END) AS old,
    COUNT(CASE WHEN (folder = 'saved' OR folder = 'inbox' AND heard_at IS NOT NULL) AND urgent THEN 1 END)
        AS old_urgent,
    COUNT(CASE WHEN folder = 'trash' THEN 1 END) AS trash,
    COUNT(CASE WHEN folder = 'saved' AND tag IS NOT NULL THEN 1 END) AS filed
    FROM messages WHERE tenant_id = $1 AND mailbox_id = $2";

macro_rules! list {
    ($shelf:literal) => {
        concat!(
            "SELECT m.*, s.id AS sender_id, s.extension AS sender_extension,
                (SELECT g.id FROM greetings g WHERE g.tenant_id = s.tenant_id AND g.mailbox_id = s.id
                    AND g.kind = 'name' AND g.active ORDER BY g.created_at DESC, g.id DESC LIMIT 1) AS sender_name,
                (SELECT p.origin FROM message_parts p WHERE p.tenant_id = m.tenant_id AND p.message_id = m.id
                    AND p.kind = 'original' ORDER BY p.place LIMIT 1) AS origin
             FROM (SELECT * FROM messages WHERE tenant_id = $1 AND mailbox_id = $2 AND ",
            $shelf,
            " ORDER BY received_at DESC, id DESC LIMIT $3) m
             LEFT JOIN mailboxes s ON s.tenant_id = m.tenant_id AND s.extension = m.caller_number
                AND s.removed_at IS NULL
             ORDER BY m.received_at DESC, m.id DESC"
        )
    };
}

const NEW: &str = list!("folder = 'inbox' AND heard_at IS NULL");
const OLD: &str = list!("(folder = 'saved' OR folder = 'inbox' AND heard_at IS NOT NULL)");
const UNFILED: &str =
    list!("(folder = 'saved' AND tag IS NULL OR folder = 'inbox' AND heard_at IS NOT NULL)");
const WORK: &str = list!("folder = 'saved' AND tag = 'work'");
const FAMILY: &str = list!("folder = 'saved' AND tag = 'family'");
const FRIENDS: &str = list!("folder = 'saved' AND tag = 'friends'");
const INBOX: &str = list!("folder = 'inbox'");
const SAVED: &str = list!("folder = 'saved'");
const KEPT: &str = list!("folder <> 'trash'");
const TRASH: &str = list!("folder = 'trash'");

const MESSAGE: &str = "SELECT * FROM messages WHERE tenant_id = $1 AND mailbox_id = $2 AND id = $3";

macro_rules! state {
    ($lock:literal) => {
        concat!(
            "SELECT id, folder, tag, heard_at, trashed_at, trashed_from, object FROM messages
             WHERE tenant_id = $1 AND mailbox_id = $2 AND id = $3",
            $lock
        )
    };
}

// SQLite has one writer, whose transaction began with the write lock.
const STATE_SQLITE: &str = state!("");
const STATE_POSTGRES: &str = state!(" FOR UPDATE");

const SET_STATE: &str =
    "UPDATE messages SET folder = $4, heard_at = $5, trashed_at = $6, trashed_from = $7, tag = $8
    WHERE tenant_id = $1 AND mailbox_id = $2 AND id = $3";

const ACTIVE_JOBS: &str = "SELECT 1 FROM jobs WHERE tenant_id = $1 AND message_id = $2
    AND state IN ('queued', 'retry', 'running')";

const SET_PLACE: &str = "INSERT INTO places (tenant_id, mailbox_id, message_id, position_ms, at)
    VALUES ($1, $2, $3, $4, $5)
    ON CONFLICT (tenant_id, mailbox_id) DO UPDATE
    SET message_id = excluded.message_id, position_ms = excluded.position_ms, at = excluded.at";

const CLEAR_PLACE: &str = "DELETE FROM places WHERE tenant_id = $1 AND mailbox_id = $2";

const PLACE: &str = "SELECT p.message_id, p.position_ms, p.at FROM places p
    JOIN messages m ON m.tenant_id = p.tenant_id AND m.mailbox_id = p.mailbox_id AND m.id = p.message_id
    WHERE p.tenant_id = $1 AND p.mailbox_id = $2 AND m.folder <> 'trash'";

/// Where a message lies, and what undoing needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct State {
    folder: Folder,
    tag: Option<Tag>,
    heard_at: Option<Timestamp>,
    trashed_at: Option<Timestamp>,
    trashed_from: Option<Folder>,
}

impl State {
    fn marked(self, mark: Mark, now: Timestamp) -> Self {
        match mark {
            Mark::Heard => Self { heard_at: self.heard_at.or(Some(now)), ..self },
            Mark::New => Self { heard_at: None, ..self.moved(Folder::Inbox, now) },
            Mark::Save => self.moved(Folder::Saved, now),
            Mark::File(tag) => Self { tag, ..self.moved(Folder::Saved, now) },
            Mark::Inbox => self.moved(Folder::Inbox, now),
            Mark::Trash => self.moved(Folder::Trash, now),
            Mark::Restore if self.folder == Folder::Trash => {
                self.moved(self.trashed_from.unwrap_or(Folder::Inbox), now)
            }
            Mark::Restore | Mark::Purge => self,
        }
    }

    /// What lies in the trash already keeps its day of deletion and where it came from; the inbox knows no tags.
    fn moved(self, to: Folder, now: Timestamp) -> Self {
        match (to, self.folder) {
            (Folder::Trash, Folder::Trash) => self,
            (Folder::Trash, from) => {
                Self { folder: to, trashed_at: Some(now), trashed_from: Some(from), ..self }
            }
            (Folder::Inbox, _) => {
                Self { folder: to, tag: None, trashed_at: None, trashed_from: None, ..self }
            }
            (to, _) => Self { folder: to, trashed_at: None, trashed_from: None, ..self },
        }
    }
}

impl Store {
    /// How many messages the mailbox holds.
    ///
    /// # Errors
    /// [`StoreError`]. A mailbox that is not there has none.
    pub async fn counts(&self, owner: Owner) -> Result<Counts> {
        let row = self.db.row(COUNTS, args![owner.tenant.uuid(), owner.mailbox.uuid()]).await?;
        let row = row.ok_or_else(|| missing("mailbox", owner.mailbox))?;
        let row = Reader::new(&row, "messages", "new");
        Ok(Counts {
            new: row.number("new")?,
            new_urgent: row.number("new_urgent")?,
            old: row.number("old")?,
            old_urgent: row.number("old_urgent")?,
            trash: row.number("trash")?,
            filed: row.number("filed")?,
        })
    }

    /// The messages of a shelf with their senders, newest first, at most [`LONGEST_LIST`].
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn headings(&self, owner: Owner, shelf: Shelf) -> Result<Vec<Heading>> {
        let sql = match shelf {
            Shelf::New => NEW,
            Shelf::Old => OLD,
            Shelf::Unfiled => UNFILED,
            Shelf::Filed(Tag::Work) => WORK,
            Shelf::Filed(Tag::Family) => FAMILY,
            Shelf::Filed(Tag::Friends) => FRIENDS,
            Shelf::Inbox => INBOX,
            Shelf::Saved => SAVED,
            Shelf::Kept => KEPT,
            Shelf::Trash => TRASH,
        };
        let args = args![owner.tenant.uuid(), owner.mailbox.uuid(), LONGEST_LIST];
        self.db.rows(sql, args).await?.iter().map(read_heading).collect()
    }

    /// One message of the mailbox.
    ///
    /// # Errors
    /// [`StoreError::Missing`], also for a message of another mailbox.
    pub async fn own_message(&self, owner: Owner, id: MessageId) -> Result<Message> {
        let row = self.db.row(MESSAGE, args![owner.tenant.uuid(), owner.mailbox.uuid(), id.uuid()]).await?;
        read_message(&row.ok_or_else(|| missing("message", id))?)
    }

    /// Marks a message; ledger line and lamp job in the same transaction. A mark that changes nothing writes nothing.
    /// [`Mark::Purge`] removes what lies in the trash; a message with mail under way is left to the next sweep.
    ///
    /// # Errors
    /// [`StoreError::Missing`], also for a message of another mailbox; [`StoreError::Refused`] to purge what is not in
    /// the trash.
    pub async fn mark(&self, owner: Owner, id: MessageId, mark: Mark) -> Result<Marked> {
        let now = self.clock.now();
        let mut tx = self.begin().await?;
        let (before, object) = self.lock_message(&mut tx, owner, id).await?;
        if mark == Mark::Purge {
            let marked = self.purge_now(&mut tx, owner, id, before, object).await?;
            tx.commit().await?;
            self.work_was_made();
            return Ok(marked);
        }
        let after = before.marked(mark, now);
        let marked = Marked { folder: Some(after.folder), heard: after.heard_at.is_some() };
        if after == before {
            return Ok(marked);
        }
        set_state(&mut tx, owner, id, after).await?;
        let (tenant, at) = (owner.tenant.uuid(), micros(now));
        tx.run(ADD_LEDGER, args![tenant, id.uuid(), at, mark.as_str(), ""]).await?;
        lamps::changed_for(&mut tx, owner, JobId::from_uuid(self.clock.uuid()), now).await?;
        tx.commit().await?;
        self.work_was_made();
        Ok(marked)
    }

    /// Remembers where a call dropped, or forgets it.
    ///
    /// # Errors
    /// [`StoreError::Missing`] when the message is not in this mailbox.
    pub async fn set_place(&self, owner: Owner, place: Option<Place>) -> Result<()> {
        let (tenant, mailbox) = (owner.tenant.uuid(), owner.mailbox.uuid());
        let mut tx = self.begin().await?;
        let Some(Place { message, position_ms, at }) = place else {
            tx.run(CLEAR_PLACE, args![tenant, mailbox]).await?;
            return Ok(tx.commit().await?);
        };
        if tx.rows(MESSAGE, args![tenant, mailbox, message.uuid()]).await?.is_empty() {
            return Err(missing("message", message));
        }
        tx.run(SET_PLACE, args![tenant, mailbox, message.uuid(), position_ms, micros(at)]).await?;
        Ok(tx.commit().await?)
    }

    /// Where the last call dropped, if the message is still outside of the trash.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn place(&self, owner: Owner) -> Result<Option<Place>> {
        let row = self.db.row(PLACE, args![owner.tenant.uuid(), owner.mailbox.uuid()]).await?;
        let Some(row) = row else { return Ok(None) };
        let row = Reader::new(&row, "places", "message_id");
        Ok(Some(Place {
            message: MessageId::from_uuid(row.id("message_id")?),
            position_ms: row.number("position_ms")?,
            at: row.time("at")?,
        }))
    }

    async fn lock_message(&self, tx: &mut Tx, owner: Owner, id: MessageId) -> Result<(State, String)> {
        let sql = if self.db.is_sqlite() { STATE_SQLITE } else { STATE_POSTGRES };
        let rows = tx.rows(sql, args![owner.tenant.uuid(), owner.mailbox.uuid(), id.uuid()]).await?;
        let row = Reader::new(rows.first().ok_or_else(|| missing("message", id))?, "messages", "id");
        let state = State {
            folder: row.parsed("folder")?,
            tag: row.opt_parsed("tag")?,
            heard_at: row.opt_time("heard_at")?,
            trashed_at: row.opt_time("trashed_at")?,
            trashed_from: row.opt_parsed("trashed_from")?,
        };
        Ok((state, row.text("object")?))
    }

    async fn purge_now(
        &self,
        tx: &mut Tx,
        owner: Owner,
        id: MessageId,
        state: State,
        object: String,
    ) -> Result<Marked> {
        if state.folder != Folder::Trash {
            return Err(StoreError::Refused("only what lies in the trash can be purged".to_owned()));
        }
        let tenant = owner.tenant.uuid();
        if tx.rows(ACTIVE_JOBS, args![tenant, id.uuid()]).await?.is_empty() {
            remove_message(tx, tenant, id.uuid(), object, &self.clock).await?;
        } else {
            // The next sweep takes it, once the mail is done.
            let long_ago = State { trashed_at: Some(Timestamp::UNIX_EPOCH), ..state };
            set_state(tx, owner, id, long_ago).await?;
        }
        Ok(Marked { folder: None, heard: state.heard_at.is_some() })
    }
}

async fn set_state(tx: &mut Tx, owner: Owner, id: MessageId, state: State) -> Result<()> {
    let args = args![
        owner.tenant.uuid(),
        owner.mailbox.uuid(),
        id.uuid(),
        state.folder.as_str(),
        opt_micros(state.heard_at),
        opt_micros(state.trashed_at),
        state.trashed_from.map(|folder| folder.as_str().to_owned()),
        state.tag.map(|tag| tag.as_str().to_owned()),
    ];
    found(tx.run(SET_STATE, args).await?, "message", id)
}

fn read_heading(row: &Row) -> Result<Heading> {
    let message = read_message(row)?;
    let row = Reader::new(row, "messages", "id");
    let sender = match row.opt_id("sender_id")? {
        Some(id) => Some(Sender {
            extension: row.parsed("sender_extension")?,
            mailbox: MailboxId::from_uuid(id),
            name: row.opt_id("sender_name")?.map(GreetingId::from_uuid),
        }),
        None => None,
    };
    let origin = match row.opt_text("origin")? {
        Some(_) => Some(row.json("origin")?),
        None => None,
    };
    Ok(Heading { message, sender, origin })
}
