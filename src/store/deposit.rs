//! Deposits: message row, ledger line and jobs in one transaction, many at once in one commit.
//!
//! On SQLite one task writes: it takes every deposit that waits, gives each a savepoint, and commits them together, so
//! that one sync of the disk serves them all and a refused one harms no other. PostgreSQL groups commits by itself.

use jiff::Timestamp;
use tokio::sync::{mpsc, oneshot};

use super::db::{Db, Tx, args};
use super::fault::{Named as _, missing};
use super::jobs::{JOB_QUEUED, message_of};
use super::lamps;
use super::messages::ADD_LEDGER;
use super::read::{Reader, micros, opt_micros, to_json, whole};
use super::{Deposited, NewJob, Result, Store, StoreError};
use crate::clock::SharedClock;
use crate::domain::{Folder, JobId, Message, MessageId};

/// Deposits that may wait for the writer; a caller beyond that waits for room.
const QUEUE: usize = 1024;
/// Deposits that share a commit at most: keeps the wait of the first one short.
const BATCH: usize = 256;

// Without a conflict target: two nodes that deposit the same message at once must never meet an error.
const ADD_MESSAGE: &str = "INSERT INTO messages
    (id, tenant_id, mailbox_id, folder, trashed_at, heard_at, urgent, private, caller_number, caller_name,
     caller_anonymous, alias, reason, received_at, duration_ms, voiced_ms, class, sample_rate, bytes, sha256, object)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21)
    ON CONFLICT DO NOTHING";

const OWNER: &str = "SELECT id, tenant_id, mailbox_id FROM messages WHERE id = $1";

pub(super) const ADD_JOB: &str =
    "INSERT INTO jobs (id, tenant_id, message_id, work, state, attempts, next_at, created_at)
    VALUES ($1, $2, $3, $4, $5, 0, $6, $7)";

impl Store {
    /// Row, ledger line `stored` and jobs in one transaction; a message that is there already changes nothing. Many at
    /// once share a commit. When it answers, the message is durable.
    ///
    /// # Errors
    /// [`StoreError::Away`]: it may or may not be there, deposit it again. `Missing` names the mailbox, `Taken` an id
    /// that belongs to another message or job; `Refused` a message of 0 bytes.
    pub async fn deposit(&self, message: &Message, jobs: &[NewJob]) -> Result<Deposited> {
        if let Some(depositor) = &self.depositor {
            return depositor.deposit(message, jobs).await;
        }
        let mut tx = self.db.begin().await?;
        let deposited = write(&mut tx, message, jobs, self.clock.now()).await?;
        tx.commit().await?;
        Ok(deposited)
    }
}

/// The writer task's mailbox. The task ends when the last [`Store`] of its database is dropped.
#[derive(Debug)]
pub(super) struct Depositor {
    queue: mpsc::Sender<Request>,
}

#[derive(Debug)]
struct Request {
    message: Message,
    jobs: Vec<NewJob>,
    answer: oneshot::Sender<Result<Deposited>>,
}

impl Depositor {
    pub(super) fn start(db: Db, clock: SharedClock) -> Self {
        let (queue, waiting) = mpsc::channel(QUEUE);
        tokio::spawn(run(db, clock, waiting));
        Self { queue }
    }

    async fn deposit(&self, message: &Message, jobs: &[NewJob]) -> Result<Deposited> {
        let stopped = || StoreError::Away("the task that writes deposits has stopped".to_owned());
        let (answer, answered) = oneshot::channel();
        let request = Request { message: message.clone(), jobs: jobs.to_vec(), answer };
        self.queue.send(request).await.map_err(|_| stopped())?;
        answered.await.map_err(|_| stopped())?
    }
}

async fn run(db: Db, clock: SharedClock, mut waiting: mpsc::Receiver<Request>) {
    let mut batch = Vec::with_capacity(BATCH);
    while waiting.recv_many(&mut batch, BATCH).await > 0 {
        metrics::counter!("aftertone_store_deposit_commits_total").increment(1);
        match write_together(&db, &batch, clock.now()).await {
            Ok(results) => {
                for (request, result) in batch.drain(..).zip(results) {
                    answer(request, result);
                }
            }
            Err(error) => {
                for request in batch.drain(..) {
                    answer(request, Err(same(&error)));
                }
            }
        }
    }
}

fn answer(request: Request, result: Result<Deposited>) {
    // Nobody listens any more when the caller was cancelled; the message is kept all the same.
    if request.answer.send(result).is_err() {
        tracing::debug!(message = %request.message.id, "a deposit was answered after its caller had gone");
    }
}

/// One commit for all. An error here means that nothing of the batch is known to be there.
async fn write_together(db: &Db, batch: &[Request], now: Timestamp) -> Result<Vec<Result<Deposited>>> {
    let mut tx = db.begin().await?;
    let mut results = Vec::with_capacity(batch.len());
    for request in batch {
        tx.run("SAVEPOINT one_deposit", args![]).await?;
        let result = write(&mut tx, &request.message, &request.jobs, now).await;
        match &result {
            Ok(_) => {}
            // The disk, not the message: SQLite may have ended the transaction.
            Err(error @ StoreError::Away(_)) => return Err(same(error)),
            Err(_) => {
                tx.run("ROLLBACK TO one_deposit", args![]).await?;
            }
        }
        tx.run("RELEASE one_deposit", args![]).await?;
        results.push(result);
    }
    tx.commit().await?;
    Ok(results)
}

/// The error of a whole batch, for each of its deposits.
fn same(error: &StoreError) -> StoreError {
    match error {
        StoreError::Away(why) => StoreError::Away(why.clone()),
        StoreError::Refused(why) => StoreError::Refused(why.clone()),
        other => StoreError::Refused(other.to_string()),
    }
}

pub(super) async fn write(
    tx: &mut Tx,
    message: &Message,
    jobs: &[NewJob],
    now: Timestamp,
) -> Result<Deposited> {
    if add_message(tx, message, now).await? == Deposited::Already {
        return Ok(Deposited::Already);
    }
    let (tenant, id, at, now) = (message.tenant.uuid(), message.id.uuid(), now, micros(now));
    let detail = format!("{} bytes", message.bytes);
    tx.run(ADD_LEDGER, args![tenant, id, now, "stored", detail]).await?;
    for job in jobs {
        let about = message_of(&job.work).map(MessageId::uuid);
        let args = args![job.id.uuid(), tenant, about, to_json(&job.work)?, JOB_QUEUED, micros(job.due), now];
        tx.run(ADD_JOB, args).await.taken("job", job.id).orphan("message", message.id)?;
    }
    // A message comes once: its id is free among the jobs.
    let lamp = JobId::from_uuid(message.id.uuid());
    lamps::changed(tx, message.tenant, message.mailbox, lamp, at).await?;
    Ok(Deposited::New)
}

async fn add_message(tx: &mut Tx, message: &Message, now: Timestamp) -> Result<Deposited> {
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
    if tx.run(ADD_MESSAGE, args).await.orphan("mailbox", message.mailbox)? > 0 {
        return Ok(Deposited::New);
    }
    let rows = tx.rows(OWNER, args![message.id.uuid()]).await?;
    let row = Reader::new(rows.first().ok_or_else(|| missing("message", message.id))?, "messages", "id");
    let same_owner =
        row.id("tenant_id")? == message.tenant.uuid() && row.id("mailbox_id")? == message.mailbox.uuid();
    if same_owner {
        Ok(Deposited::Already)
    } else {
        Err(StoreError::Taken { what: "message", value: message.id.to_string() })
    }
}
