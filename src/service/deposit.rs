//! A recording becomes a message: object first, then row and jobs in one transaction, then the spool file goes.
//!
//! Whatever fails on the way leaves the recording in the spool, and [`Deposit::resume`] tries again; every step may be
//! repeated, because key and id follow from the recording. A caller waits for the outcome only so long: the work goes on
//! without the caller. Driven by a call when its flow says so, and by the resumer.

mod judge;
mod message;
mod obstacle;
mod resume;
mod types;

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use metrics::{counter, histogram};
use tokio::sync::{Notify, Semaphore, SemaphorePermit};

use self::message::Made;
pub(super) use self::message::{hex, jobs as mail_jobs};
use self::obstacle::Obstacle;
pub use self::types::{DepositSettings, Kept};
use crate::audio::wav::WavError;
use crate::blob::objects::Objects;
use crate::blob::spool::{Recorded, Spool, SpoolError};
use crate::clock::SharedClock;
use crate::domain::{Mailbox, RecordingClass, RecordingId};
use crate::store::{Deposited, Store, StoreError};

/// Memory is lent in units of this many bytes.
const UNIT: u64 = 64 * 1024;
/// A recording is in memory up to three times: its file, its samples, its WAV.
const COPIES: u64 = 3;

/// Makes messages of recordings. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Deposit {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    store: Store,
    objects: Objects,
    spool: Spool,
    clock: SharedClock,
    settings: DepositSettings,
    memory: Semaphore,
    turns: Semaphore,
    /// Recordings that are being deposited now.
    busy: Mutex<HashSet<RecordingId>>,
    /// How often the resumer has tried in vain.
    tries: Mutex<HashMap<RecordingId, u32>>,
    /// Recordings of which the log says that they wait: once, and not at every try.
    waiting: Mutex<HashSet<RecordingId>>,
    /// Until this monotonic time store or bucket count as away: callers do not wait for what has just failed. `None`
    /// when the last deposit found both.
    away_until: Mutex<Option<Duration>>,
    /// Told when store and bucket are back.
    back: Notify,
}

/// How long after a failure callers are told at once that their message waits.
const AWAY_FOR: Duration = Duration::from_secs(10);

impl Deposit {
    /// Over these stores, with these bounds.
    pub fn new(
        store: Store,
        objects: Objects,
        spool: Spool,
        clock: SharedClock,
        settings: DepositSettings,
    ) -> Self {
        let memory = Semaphore::new(units(settings.memory) as usize);
        let turns = Semaphore::new(settings.at_once.max(1) as usize);
        let inner = Inner {
            store,
            objects,
            spool,
            clock,
            settings,
            memory,
            turns,
            busy: Mutex::default(),
            tries: Mutex::default(),
            waiting: Mutex::default(),
            away_until: Mutex::default(),
            back: Notify::new(),
        };
        Self { inner: Arc::new(inner) }
    }

    /// Store and bucket may be back: what waits is tried at once. Never waits itself.
    pub fn nudge(&self) {
        self.inner.back.notify_one();
    }

    /// How many recordings are known to wait for store or bucket.
    pub fn waiting(&self) -> usize {
        lock(&self.inner.waiting).len()
    }

    /// Makes a message of a finished or cut-off recording of this process. Whatever happens, nothing is lost: a
    /// recording that cannot be deposited now is left to the resumer, and one that takes longer than
    /// [`DepositSettings::patience`] is deposited behind the caller's back.
    pub async fn keep(&self, id: RecordingId) -> Kept {
        let began = self.inner.clock.monotonic();
        let deposit = self.clone();
        let mut work = tokio::spawn(async move { deposit.see_through(id).await });
        let kept = match tokio::time::timeout(self.inner.settings.patience, &mut work).await {
            Ok(Ok(kept)) => kept,
            Ok(Err(error)) => self.wait_in_spool(id, &error.to_string()).await,
            Err(_) => match self.inner.spool.settle(id).await {
                // Done at this very moment; the caller need not know better.
                Err(SpoolError::Missing(_)) => Kept::Waiting,
                settled => {
                    self.inner.told_to_wait(id, "the deposit takes too long for a caller", settled).await
                }
            },
        };
        let took = self.inner.clock.monotonic().saturating_sub(began);
        histogram!("aftertone_deposit_seconds").record(took.as_secs_f64());
        kept
    }

    /// Forgets a recording that the caller does not want to leave, durably.
    ///
    /// # Errors
    /// [`SpoolError::Disk`] when it could not be removed.
    pub async fn discard(&self, id: RecordingId) -> Result<(), SpoolError> {
        match self.inner.spool.remove(id).await {
            Ok(()) | Err(SpoolError::Missing(_)) => Ok(()),
            Err(error) => Err(error),
        }
    }

    async fn see_through(&self, id: RecordingId) -> Kept {
        let _released = Released { spool: &self.inner.spool, id };
        if self.inner.is_away() {
            return self.wait_in_spool(id, "store or bucket failed a moment ago").await;
        }
        match tokio::time::timeout(self.inner.settings.patience, self.inner.turn(id)).await {
            Ok(Some(turn)) => self.carry_through(id, turn).await,
            Ok(None) => Kept::Waiting,
            Err(_) => self.wait_in_spool(id, "too many deposits at once").await,
        }
    }

    async fn carry_through(&self, id: RecordingId, turn: Turn<'_>) -> Kept {
        let kept = match self.inner.deposit(id).await {
            Ok(kept) => {
                self.inner.got_through(id);
                kept
            }
            Err(Obstacle::Gone) => {
                tracing::warn!(recording = %id, "neither the spool nor the store has anything of a recording");
                Kept::Failed
            }
            Err(Obstacle::Later(why)) => {
                self.inner.went_away(&why);
                self.wait_in_spool(id, &why).await
            }
            Err(Obstacle::Stuck(why)) => self.wait_in_spool(id, &why).await,
            Err(Obstacle::Never(why)) => self.put_aside(id, &why).await,
        };
        drop(turn);
        counter!("aftertone_deposits_total", "outcome" => kept.as_str()).increment(1);
        kept
    }

    /// Leaves the recording to the resumer once it is durable.
    async fn wait_in_spool(&self, id: RecordingId, why: &str) -> Kept {
        let settled = self.inner.spool.settle(id).await;
        self.inner.told_to_wait(id, why, settled).await
    }

    async fn put_aside(&self, id: RecordingId, why: &str) -> Kept {
        tracing::error!(recording = %id, why, "no message can be made of a recording: it is moved to spool/quarantine");
        counter!("aftertone_recordings_quarantined_total").increment(1);
        if let Err(error) = self.inner.spool.quarantine(id).await {
            tracing::error!(recording = %id, %error, "the recording could not be moved to spool/quarantine");
        }
        Kept::Failed
    }
}

/// A call that was asked to keep a recording has done its part, even if it is cancelled meanwhile.
#[derive(Debug)]
struct Released<'a> {
    spool: &'a Spool,
    id: RecordingId,
}

impl Drop for Released<'_> {
    fn drop(&mut self) {
        self.spool.release(self.id);
    }
}

/// The right to work on one recording; gives memory and place back when it is dropped.
#[derive(Debug)]
struct Turn<'a> {
    inner: &'a Inner,
    id: RecordingId,
    _permits: Option<(SemaphorePermit<'a>, SemaphorePermit<'a>)>,
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        lock(&self.inner.busy).remove(&self.id);
    }
}

impl Inner {
    fn is_away(&self) -> bool {
        lock(&self.away_until).is_some_and(|until| self.clock.monotonic() < until)
    }

    fn went_away(&self, why: &str) {
        let until = self.clock.monotonic() + AWAY_FOR;
        if lock(&self.away_until).replace(until).is_none() {
            tracing::warn!(why, "store or bucket is away: messages wait in the spool until it is back");
        }
    }

    fn got_through(&self, id: RecordingId) {
        if lock(&self.away_until).take().is_some() {
            tracing::info!("store and bucket are back");
            self.back.notify_one();
        }
        if lock(&self.waiting).remove(&id) {
            tracing::info!(recording = %id, "a message that waited is done with");
        }
    }

    /// What the caller may be told of a recording that stays in the spool. Where its end could not be written it waits all
    /// the same, as far as it is there: that it is not saved would be untrue, and the caller would say it all again.
    async fn told_to_wait(&self, id: RecordingId, why: &str, settled: Result<(), SpoolError>) -> Kept {
        let is_new = lock(&self.waiting).insert(id);
        let Err(error) = settled else {
            match is_new {
                true => tracing::warn!(recording = %id, why, "a message waits in the spool"),
                false => tracing::debug!(recording = %id, why, "a message still waits in the spool"),
            }
            return Kept::Waiting;
        };
        if self.spool.safe_samples(id).await.is_ok_and(|samples| samples > 0) {
            tracing::error!(recording = %id, why, %error, "a message waits in the spool, but its end is missing");
            return Kept::Waiting;
        }
        tracing::error!(recording = %id, why, %error, "a message waits in the spool, if the disk has kept anything of it");
        Kept::Failed
    }

    /// Waits for memory and place. `None` when somebody else works on the recording already.
    async fn turn(&self, id: RecordingId) -> Option<Turn<'_>> {
        if !lock(&self.busy).insert(id) {
            return None;
        }
        let mut turn = Turn { inner: self, id, _permits: None };
        // Without a size there is nothing to read; what is wrong comes to light there.
        let size = self.spool.size(id).await.unwrap_or(0);
        let wanted = units(size.saturating_mul(COPIES)).min(units(self.settings.memory));
        let place = self.turns.acquire().await.ok()?;
        let memory = self.memory.acquire_many(wanted).await.ok()?;
        turn._permits = Some((place, memory));
        Some(turn)
    }

    async fn deposit(&self, id: RecordingId) -> Result<Kept, Obstacle> {
        if let Err(error @ SpoolError::Disk { .. }) = self.spool.written(id).await {
            tracing::error!(recording = %id, %error, "the end of a recording is missing");
        }
        let take = match self.spool.read_and(id, Take::of).await {
            Ok(take) => take,
            Err(SpoolError::Missing(_)) => return self.already_there(id).await,
            Err(error) => return Err(error.into()),
        };
        let made = match take {
            Take::Draft => return self.drop_it(id, "draft").await,
            Take::Empty => return self.drop_it(id, "empty").await,
            Take::Encoded(encoded) => encoded?,
            Take::Unjudged(recorded) => {
                let mailbox = self.store.mailbox(recorded.head.tenant, recorded.head.mailbox).await?;
                judged_and_encoded(recorded, mailbox.min_speech).await?
            }
        };
        let message = &made.0;
        let mailbox = self.store.mailbox(message.tenant, message.mailbox).await?;
        if message.class == RecordingClass::NoSpeech && !mailbox.keep_no_speech {
            return self.drop_it(id, "no-speech").await;
        }
        self.store_message(&mailbox, id, made).await
    }

    async fn store_message(
        &self,
        mailbox: &Mailbox,
        id: RecordingId,
        (message, bytes, presence): Made,
    ) -> Result<Kept, Obstacle> {
        let jobs = message::jobs(mailbox, &message, &self.clock);
        self.objects.put(&message.object, bytes).await?;
        match self.store.deposit_noting(&message, &jobs, presence).await {
            Ok(Deposited::New) => {}
            Ok(Deposited::Already) => tracing::info!(recording = %id, "the message was there already"),
            Err(error) => {
                let obstacle = error.into();
                if matches!(obstacle, Obstacle::Never(_)) {
                    self.take_back(&message.object).await;
                }
                return Err(obstacle);
            }
        }
        self.forget(id).await;
        Ok(Kept::Stored(message.id))
    }

    /// The mailbox went away between object and row: the object would be nobody's.
    async fn take_back(&self, key: &str) {
        if let Err(error) = self.objects.delete(key).await {
            tracing::warn!(key, %error, "an object without a message stays in the object store");
        }
    }

    async fn drop_it(&self, id: RecordingId, why: &'static str) -> Result<Kept, Obstacle> {
        counter!("aftertone_recordings_dropped_total", "why" => why).increment(1);
        tracing::info!(recording = %id, why, "a recording was dropped");
        self.forget(id).await;
        Ok(Kept::NoMessage)
    }

    /// A file that stays behind is found by the resumer, and the message by its id.
    async fn forget(&self, id: RecordingId) {
        if let Err(error) = self.spool.forget(id).await {
            tracing::warn!(recording = %id, %error, "a recording that is done with stays in the spool for now");
        }
    }

    async fn already_there(&self, id: RecordingId) -> Result<Kept, Obstacle> {
        match self.store.message_anywhere(id.into()).await {
            Ok(message) => Ok(Kept::Stored(message.id)),
            Err(StoreError::Missing { .. }) => Err(Obstacle::Gone),
            Err(error) => Err(error.into()),
        }
    }
}

/// What was read of a recording, and made of it on the same thread.
enum Take {
    /// No message: an owner's greeting or the like that nobody kept.
    Draft,
    /// Nothing was recorded.
    Empty,
    /// With the recorder's verdict.
    Encoded(Result<Made, WavError>),
    /// A crash came before the verdict.
    Unjudged(Recorded),
}

impl Take {
    fn of(recorded: Recorded) -> Self {
        match recorded.verdict {
            _ if recorded.head.draft => Self::Draft,
            _ if recorded.samples.is_empty() => Self::Empty,
            Some(verdict) => Self::Encoded(message::encode(recorded, verdict)),
            None => Self::Unjudged(recorded),
        }
    }
}

/// Where a crash came before the recorder's verdict: our own.
async fn judged_and_encoded(recorded: Recorded, min_speech: Duration) -> Result<Made, Obstacle> {
    let judged = blocking(move || {
        let verdict = judge::verdict(&recorded.samples, recorded.head.sample_rate, min_speech);
        message::encode(recorded, verdict)
    });
    Ok(judged.await??)
}

/// Work on all samples of a recording belongs off the async threads.
async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, Obstacle> {
    tokio::task::spawn_blocking(work).await.map_err(|error| Obstacle::Never(error.to_string()))
}

fn units(bytes: u64) -> u32 {
    u32::try_from(bytes / UNIT + 1).unwrap_or(u32::MAX)
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests;
