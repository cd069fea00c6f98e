//! Lamps converge to the counts of their mailboxes (RFC 3842).
//!
//! Every change of a message leaves a job in its own transaction; the job reads the counts, tells every lamp that
//! shows something else, and is tried again until all have confirmed. How a lamp is reached is the business of a
//! [`WaitingLight`]. Driven by the outbox, and by the SIP side for those that subscribe.

pub mod audit;
mod subscribe;

use std::fmt::Debug;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use futures_util::{StreamExt as _, TryStreamExt as _};
use jiff::Timestamp;

pub use self::subscribe::{Grant, Wish, new_lamp};
use crate::clock::SharedClock;
use crate::domain::{Counts, LampId, Owner};
use crate::store::{Lamp, Result, Store, StoreError};

/// Lamps that one mailbox may have.
pub const MOST_LAMPS: u32 = 20;
/// How often in a row a phone that subscribed may fail to confirm: about 20 minutes at the outbox's pace.
const MOST_FAILURES: u32 = 8;
/// A phone whose first NOTIFY was not confirmed is told again after so long.
const AGAIN: Duration = Duration::from_secs(5);
/// Subscriptions that are ended at the same time.
const ENDED_AT_ONCE: usize = 16;
/// Lamps that are looked at in one go of the sweep.
const BATCH: u32 = 1000;

/// The answer of a [`WaitingLight`].
pub type Told = Pin<Box<dyn Future<Output = std::result::Result<(), LampFault>> + Send>>;

/// Why a lamp was not told.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LampFault {
    /// It does not want to know any more (481, 489, 404 …): the subscription is over.
    #[error("the phone ended the subscription: {0}")]
    Gone(String),
    /// It may be there again later.
    #[error("the phone cannot be told now: {0}")]
    Later(String),
}

/// What is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Waiting {
    /// Whom.
    pub lamp: Lamp,
    /// CSeq of the NOTIFY.
    pub cseq: u32,
    /// What there is.
    pub counts: Counts,
    /// The subscription ends with this.
    pub last: bool,
    /// The time now.
    pub now: Timestamp,
}

/// Reaches lamps. Implemented by whoever has the SIP transports.
pub trait WaitingLight: Debug + Send + Sync {
    /// Tells a lamp, and waits for its confirmation.
    fn tell(&self, waiting: Waiting) -> Told;
}

/// Tells lamps. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Lamps {
    store: Store,
    clock: SharedClock,
    light: Arc<dyn WaitingLight>,
}

impl Lamps {
    /// Over this store, by this light.
    pub fn new(store: Store, clock: SharedClock, light: Arc<dyn WaitingLight>) -> Self {
        Self { store, clock, light }
    }

    /// Tells every lamp of the mailbox that shows something else than its counts. Ok when all show them now.
    ///
    /// # Errors
    /// In words, when a lamp could not be told, or the store is away: to be tried again.
    pub async fn converge(&self, owner: Owner) -> std::result::Result<(), String> {
        let away = |error: StoreError| error.to_string();
        let counts = self.counts(owner).await.map_err(away)?;
        let now = self.clock.now();
        let lamps = self.store.lamps(owner).await.map_err(away)?.into_iter();
        let wrong = lamps.filter(|lamp| {
            let is_live = lamp.expires_at.is_none_or(|at| at > now);
            is_live && lamp.told != Some(counts)
        });
        // All at once: one that does not answer must not hold up the others.
        let told = futures_util::future::join_all(wrong.map(|lamp| self.tell(lamp))).await;
        told.into_iter().find(std::result::Result::is_err).unwrap_or(Ok(()))
    }

    /// Tells one lamp at once, whatever it shows: a SUBSCRIBE is answered by a NOTIFY (RFC 6665 §4.2.1.2).
    ///
    /// # Errors
    /// In words, when it could not be told. Word is left then that it is told again.
    pub async fn answer(&self, lamp: Lamp) -> std::result::Result<(), String> {
        let owner = lamp.owner;
        let told = self.tell(lamp).await;
        if told.is_err() {
            let again = self.clock.now().saturating_add(AGAIN).unwrap_or(Timestamp::MAX);
            self.store.refresh_lamps_at(owner, again).await.map_err(|error| error.to_string())?;
        }
        told
    }

    /// Ends a subscription: the last NOTIFY says so, and the lamp is forgotten.
    ///
    /// # Errors
    /// [`StoreError`]. A phone that does not answer is forgotten all the same.
    pub async fn end(&self, lamp: Lamp) -> Result<()> {
        let (id, cseq, now) = (lamp.id, self.store.next_cseq(lamp.id).await?, self.clock.now());
        let counts = self.counts(lamp.owner).await?;
        if let Err(error) = self.light.tell(Waiting { lamp, cseq, counts, last: true, now }).await {
            tracing::debug!(lamp = %id, %error, "the last NOTIFY of a subscription was not confirmed");
        }
        self.store.remove_lamp(id).await.map(drop)
    }

    /// Ends the subscriptions that have expired; how many. Several at once: a phone that is gone takes its time not to
    /// answer.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn end_expired(&self) -> Result<u32> {
        let expired = self.store.expired_lamps(BATCH).await?;
        let ended = futures_util::stream::iter(expired).map(|lamp| self.end(lamp));
        ended.buffer_unordered(ENDED_AT_ONCE).try_fold(0, async |ended, ()| Ok(ended + 1)).await
    }

    /// Leaves word for every lamp that shows something else than its counts: none stays wrong because a job was lost.
    /// Those that are told again and again have their job already. How many were wrong.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn reconcile(&self) -> Result<u32> {
        let mut wrong = 0;
        let mut known: Option<(Owner, Counts)> = None;
        for lamp in self.store.all_lamps(u32::MAX).await? {
            let counts = match known {
                Some((owner, counts)) if owner == lamp.owner => counts,
                _ => self.counts(lamp.owner).await?,
            };
            known = Some((lamp.owner, counts));
            if lamp.told != Some(counts) {
                wrong += 1;
                if !self.store.lamps_are_being_told(lamp.owner).await? {
                    self.store.refresh_lamps(lamp.owner).await?;
                }
            }
        }
        metrics::gauge!("aftertone_lamps_wrong").set(wrong);
        Ok(wrong)
    }

    async fn counts(&self, owner: Owner) -> Result<Counts> {
        Ok(self.store.counts(owner).await?.of_a_lamp())
    }

    /// The counts are read after the number is taken: of two that tell at once, the one with the higher number, which the
    /// phone believes, cannot know less than a change that came before.
    async fn tell(&self, lamp: Lamp) -> std::result::Result<(), String> {
        let (id, now) = (lamp.id, self.clock.now());
        let is_last_try = lamp.expires_at.is_some() && lamp.failures + 1 >= MOST_FAILURES;
        let cseq = match self.store.next_cseq(id).await {
            Ok(cseq) => cseq,
            // It unsubscribed at this moment.
            Err(StoreError::Missing { .. }) => return Ok(()),
            Err(error) => return Err(error.to_string()),
        };
        let counts = self.counts(lamp.owner).await.map_err(|error| error.to_string())?;
        let told = self.light.tell(Waiting { lamp, cseq, counts, last: false, now }).await;
        let told = match told {
            // A phone that is there again subscribes again (RFC 6665 §4.2.2).
            Err(LampFault::Later(why)) if is_last_try => Err(LampFault::Gone(why)),
            told => told,
        };
        self.settle(id, cseq, counts, told).await
    }

    async fn settle(
        &self,
        id: LampId,
        cseq: u32,
        counts: Counts,
        told: std::result::Result<(), LampFault>,
    ) -> std::result::Result<(), String> {
        let (outcome, written, answer) = match told {
            Ok(()) => ("confirmed", self.store.lamp_told(id, cseq, counts).await, Ok(())),
            Err(LampFault::Gone(why)) => {
                tracing::debug!(lamp = %id, why, "a phone ended its subscription");
                ("gone", self.store.remove_lamp(id).await.map(drop), Ok(()))
            }
            Err(LampFault::Later(why)) => {
                let written = self.store.lamp_failed(id, &why).await;
                ("failed", written, Err(why))
            }
        };
        metrics::counter!("aftertone_lamps_told_total", "outcome" => outcome).increment(1);
        written.map_err(|error| error.to_string())?;
        answer
    }
}
