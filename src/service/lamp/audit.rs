//! What phones were told of their mailboxes, and whether that is what there is; telling one again on request.
//!
//! Tells nobody itself: it leaves word for the outbox as every change of a message does.

use jiff::Timestamp;

use crate::clock::SharedClock;
use crate::domain::{LampId, TenantId};
use crate::store::{JobState, Lamp, Result, Store, WatchedLamp};

/// Lamps that are compared at most.
pub const MOST_COMPARED: u32 = 10_000;

/// How a lamp is, the worst first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum LampState {
    /// It was tried to tell it, in vain; it is tried again while the job waits.
    Failing,
    /// It shows something else than there is, and nobody works on it.
    Wrong,
    /// It is being told.
    BeingTold,
    /// Its subscription has ended, and is about to be forgotten.
    Over,
    /// It confirmed what there is.
    Right,
}

impl LampState {
    /// Every state, the worst first.
    pub const ALL: [Self; 5] = [Self::Failing, Self::Wrong, Self::BeingTold, Self::Over, Self::Right];

    /// The word of the API.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Failing => "failing",
            Self::Wrong => "wrong",
            Self::BeingTold => "being-told",
            Self::Over => "over",
            Self::Right => "right",
        }
    }

    fn of(watched: &WatchedLamp, now: Timestamp) -> Self {
        let WatchedLamp { lamp, counts, job, .. } = watched;
        if lamp.expires_at.is_some_and(|at| at <= now) {
            Self::Over
        } else if lamp.told == Some(*counts) {
            Self::Right
        } else if matches!(job, Some((JobState::Running, _))) || lamp.failures == 0 && job.is_some() {
            Self::BeingTold
        } else if lamp.failures > 0 {
            Self::Failing
        } else {
            Self::Wrong
        }
    }
}

/// A lamp with its state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Judged {
    /// How it is.
    pub state: LampState,
    /// What it was told, and what there is.
    pub watched: WatchedLamp,
}

/// The use cases. Cheap to clone.
#[derive(Debug, Clone)]
pub struct LampAudit {
    store: Store,
    clock: SharedClock,
}

impl LampAudit {
    /// Over this store.
    pub const fn new(store: Store, clock: SharedClock) -> Self {
        Self { store, clock }
    }

    /// The lamps of a tenant, those that show something wrong first, at most [`MOST_COMPARED`].
    ///
    /// # Errors
    /// [`crate::store::StoreError`].
    pub async fn lamps(&self, tenant: TenantId) -> Result<Vec<Judged>> {
        let now = self.clock.now();
        let watched = self.store.watched_lamps(tenant, MOST_COMPARED).await?;
        let judge = |watched| Judged { state: LampState::of(&watched, now), watched };
        let mut judged: Vec<Judged> = watched.into_iter().map(judge).collect();
        // Stable: by extension within a state.
        judged.sort_by_key(|judged| judged.state);
        Ok(judged)
    }

    /// Tells a lamp again, whatever it confirmed last. It is under way when this returns, and not done.
    ///
    /// # Errors
    /// [`crate::store::StoreError::Missing`].
    pub async fn again(&self, tenant: TenantId, id: LampId) -> Result<Lamp> {
        let lamp = self.store.forget_told(tenant, id).await?;
        self.store.refresh_lamps(lamp.owner).await?;
        Ok(lamp)
    }
}
