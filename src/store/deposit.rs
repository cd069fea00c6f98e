//! Deposits: message row, ledger line and jobs in one transaction, many at once in one commit.
//!
//! Many at once share one sync of the disk: see [`super::group`].

use jiff::Timestamp;

use super::db::{Tx, args};
use super::fault::{Named as _, missing};
use super::jobs::{JOB_QUEUED, message_of};
use super::lamps;
use super::messages::ADD_LEDGER;
use super::read::{Reader, micros, opt_micros, to_json, whole};
use super::{Deposited, NewJob, Result, Store, StoreError};
use crate::domain::{Folder, JobId, MailboxId, Message, MessageId};

// Without a conflict target: two nodes that deposit the same message at once must never meet an error.
const ADD_MESSAGE: &str = "INSERT INTO messages
    (id, tenant_id, mailbox_id, folder, trashed_at, heard_at, urgent, private, caller_number, caller_name,
     caller_anonymous, alias, reason, received_at, duration_ms, voiced_ms, class, sample_rate, bytes, sha256, object)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21)
    ON CONFLICT DO NOTHING";

// What was cleared since lies in an archive, and is the same message.
const OWNER: &str = "SELECT g.id, g.tenant_id, g.mailbox_id, h.mailbox_id AS before FROM messages g
    LEFT JOIN handed_on h ON h.tenant_id = g.tenant_id AND h.archive_mailbox = g.mailbox_id WHERE g.id = $1";

// A message that was left before its mailbox was reset goes to who had it then. In the recycle bin it lies with their
// others, comes back with them and goes with them; if they are back, so is it. After the row was added, so that a reset
// of the same moment is seen: its lock of the mailbox was waited for.
const TO_ARCHIVE: &str = "UPDATE messages SET mailbox_id = a.archive_mailbox, trashed_at = a.removed_at,
        trashed_from = CASE WHEN a.removed_at IS NOT NULL THEN folder END,
        folder = CASE WHEN a.removed_at IS NOT NULL THEN 'trash' ELSE folder END
    FROM (SELECT h.archive_mailbox, m.removed_at FROM handed_on h
        JOIN mailboxes m ON m.tenant_id = h.tenant_id AND m.id = h.archive_mailbox
        WHERE h.tenant_id = $1 AND h.mailbox_id = $2 AND h.made_at > $3 AND h.is_reset
        ORDER BY h.made_at LIMIT 1) a
    WHERE tenant_id = $1 AND id = $4 AND mailbox_id = $2";
const NOT_EMPTY: &str = "UPDATE handed_on SET is_empty = (1 = 0) WHERE tenant_id = $1
    AND archive_mailbox = (SELECT mailbox_id FROM messages WHERE tenant_id = $1 AND id = $2)";
const OWNER_IS_BACK: &str = "SELECT g.mailbox_id FROM messages g
    JOIN mailboxes m ON m.tenant_id = g.tenant_id AND m.id = g.mailbox_id
    WHERE g.tenant_id = $1 AND g.id = $2 AND m.removed_at IS NULL";

// A mailbox that is nobody's own changes nothing.
const RECENT: &str = "UPDATE users SET last_message_at = $3 WHERE tenant_id = $1 AND last_message_at < $3
    AND id = (SELECT user_id FROM mailboxes WHERE tenant_id = $1 AND id = $2)";

/// Says anew when the last message of a mailbox's owner came, once messages have moved.
pub(super) const RECENT_ANEW: &str = "UPDATE users SET last_message_at = COALESCE(
        (SELECT MAX(g.received_at) FROM messages g WHERE g.tenant_id = $1 AND g.mailbox_id = $2), 0)
    WHERE tenant_id = $1 AND id = (SELECT user_id FROM mailboxes WHERE tenant_id = $1 AND id = $2)";

pub(super) const ADD_JOB: &str =
    "INSERT INTO jobs (id, tenant_id, message_id, work, state, attempts, next_at, created_at)
    VALUES ($1, $2, $3, $4, $5, 0, $6, $7)";

impl Store {
    /// Row, ledger line `stored` and jobs in one transaction; a message that is there already changes nothing. Many at
    /// once share a commit. When it answers, the message is durable.
    ///
    /// A message that was received before its mailbox was reset belongs to the owner of that time: it goes to what was
    /// cleared of them, and nobody is told.
    ///
    /// # Errors
    /// [`StoreError::Away`]: it may or may not be there, deposit it again. `Missing` names the mailbox, `Taken` an id
    /// that belongs to another message or job; `Refused` a message of 0 bytes.
    pub async fn deposit(&self, message: &Message, jobs: &[NewJob]) -> Result<Deposited> {
        self.deposit_noting(message, jobs, None).await
    }

    /// The same with a ledger line `presence` before, where the owner's presence decided how the call was answered.
    ///
    /// # Errors
    /// As [`Store::deposit`].
    pub async fn deposit_noting(
        &self,
        message: &Message,
        jobs: &[NewJob],
        presence: Option<String>,
    ) -> Result<Deposited> {
        let (message, jobs, now) = (message.clone(), jobs.to_vec(), self.clock.now());
        let work = async move |tx: &mut Tx| {
            let deposited = write(tx, &message, &jobs, now).await?;
            if let Some(presence) = presence.filter(|_| deposited == Deposited::New) {
                let (tenant, id) = (message.tenant.uuid(), message.id.uuid());
                tx.run(ADD_LEDGER, args![tenant, id, micros(now), "presence", presence]).await?;
            }
            Ok(deposited)
        };
        self.write(move |tx| Box::pin(work(tx))).await
    }
}

pub(super) async fn write(
    tx: &mut Tx,
    message: &Message,
    jobs: &[NewJob],
    now: Timestamp,
) -> Result<Deposited> {
    let Added { is_new, is_archived } = add_message(tx, message, now).await?;
    if !is_new {
        return Ok(Deposited::Already);
    }
    let (tenant, id, at, now) = (message.tenant.uuid(), message.id.uuid(), now, micros(now));
    if is_archived {
        archived(tx, message, at).await?;
        return Ok(Deposited::New);
    }
    let detail = format!("{} bytes", message.bytes);
    let recent = args![tenant, message.mailbox.uuid(), micros(message.received_at)];
    let mut statements = vec![(ADD_LEDGER, args![tenant, id, now, "stored", detail]), (RECENT, recent)];
    for job in jobs {
        let about = message_of(&job.work).map(MessageId::uuid);
        let args = args![job.id.uuid(), tenant, about, to_json(&job.work)?, JOB_QUEUED, micros(job.due), now];
        statements.push((ADD_JOB, args));
        let together = std::mem::take(&mut statements);
        tx.batch(together).await.taken("job", job.id).orphan("message", message.id)?;
    }
    // A message comes once: its id is free among the jobs.
    let lamp = JobId::from_uuid(message.id.uuid());
    statements.push(lamps::statement(message.tenant, message.mailbox, lamp, at)?);
    tx.batch(statements).await?;
    Ok(Deposited::New)
}

/// What belongs to a message that went to who had the mailbox before: nobody is told of it but a lamp that is theirs.
async fn archived(tx: &mut Tx, message: &Message, now: Timestamp) -> Result<()> {
    let whose = || args![message.tenant.uuid(), message.id.uuid()];
    let detail = format!("{} bytes, for who had the mailbox before it was reset", message.bytes);
    let line = args![message.tenant.uuid(), message.id.uuid(), micros(now), "stored", detail];
    tx.batch(vec![(NOT_EMPTY, whose()), (ADD_LEDGER, line)]).await?;
    let rows = tx.rows(OWNER_IS_BACK, whose()).await?;
    let Some(row) = rows.first() else { return Ok(()) };
    let row = Reader::new(row, "messages", "id");
    let (mailbox, lamp) = (MailboxId::from_uuid(row.id("mailbox_id")?), JobId::from_uuid(message.id.uuid()));
    lamps::changed(tx, message.tenant, mailbox, lamp, now).await
}

/// What became of a message's row.
struct Added {
    is_new: bool,
    /// It went to who had the mailbox before.
    is_archived: bool,
}

async fn add_message(tx: &mut Tx, message: &Message, now: Timestamp) -> Result<Added> {
    let trashed_at = (message.folder == Folder::Trash).then(|| micros(now));
    let args = args![
        message.id.uuid(),
        message.tenant.uuid(),
        message.mailbox.uuid(),
        message.folder.as_str(),
        trashed_at,
        opt_micros(message.heard_at),
        message.urgent,
        message.private,
        message.caller.number.clone(),
        message.caller.name.clone(),
        message.caller.anonymous,
        message.alias.clone(),
        message.reason.as_str(),
        micros(message.received_at),
        message.duration_ms,
        message.voiced_ms,
        message.class.as_str(),
        message.sample_rate,
        whole(message.bytes, "the size of the audio")?,
        message.sha256.as_str(),
        message.object.as_str(),
    ];
    let (tenant, mailbox) = (message.tenant.uuid(), message.mailbox.uuid());
    let since = args![tenant, mailbox, micros(message.received_at), message.id.uuid()];
    let touched = tx.batch(vec![(ADD_MESSAGE, args), (TO_ARCHIVE, since)]).await;
    if let [1, moved] = touched.orphan("mailbox", message.mailbox)?.as_slice() {
        return Ok(Added { is_new: true, is_archived: *moved > 0 });
    }
    let rows = tx.rows(OWNER, args![message.id.uuid()]).await?;
    let row = Reader::new(rows.first().ok_or_else(|| missing("message", message.id))?, "messages", "id");
    let own = message.mailbox.uuid();
    let is_own = row.id("mailbox_id")? == own || row.opt_id("before")? == Some(own);
    let same_owner = row.id("tenant_id")? == message.tenant.uuid() && is_own;
    if same_owner {
        Ok(Added { is_new: false, is_archived: false })
    } else {
        Err(StoreError::Taken { what: "message", value: message.id.to_string() })
    }
}
