//! What people say of themselves, for how long, and which greeting plays meanwhile (000-07).
//!
//! What it does to calls is decided by `service::ladder` and `service::answering`. Driven by portal, API and command line.

use jiff::Timestamp;

use crate::clock::SharedClock;
use crate::domain::{GreetingId, Invalid, Owner, Presence, PresenceState, UserId};
use crate::store::{Store, StoreError};

/// Why it was not noted.
#[derive(Debug, thiserror::Error)]
pub enum PresenceError {
    /// A value makes no sense.
    #[error(transparent)]
    Invalid(#[from] Invalid),
    /// The mailbox is nobody's.
    #[error("this mailbox belongs to nobody, so nobody is present or away: give it to a user first")]
    Nobody,
    /// No such mailbox, user or greeting; or the database does not answer.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// How somebody's presence stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    /// Who.
    pub user: UserId,
    /// What holds now.
    pub presence: Presence,
    /// The greeting of each state; `None`: the one that fits best.
    pub greetings: Vec<(PresenceState, Option<GreetingId>)>,
}

/// The use cases. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Presences {
    store: Store,
    clock: SharedClock,
}

impl Presences {
    /// Over this store.
    pub const fn new(store: Store, clock: SharedClock) -> Self {
        Self { store, clock }
    }

    /// How the presence of a mailbox's owner stands.
    ///
    /// # Errors
    /// [`PresenceError::Nobody`].
    pub async fn of(&self, owner: Owner) -> Result<Standing, PresenceError> {
        let user = self.user(owner).await?;
        let presence = self.store.presence(owner.tenant, user).await?.now(self.clock.now());
        let tied = self.store.presence_greetings(owner).await?;
        let tie = |state| tied.iter().find(|(known, _)| *known == state).map(|(_, greeting)| *greeting);
        let greetings = PresenceState::ALL.into_iter().map(|state| (state, tie(state))).collect();
        Ok(Standing { user, presence, greetings })
    }

    /// Notes what the owner of a mailbox says from now on; what held before, and what holds.
    ///
    /// # Errors
    /// [`PresenceError::Invalid`] for an end that has passed; [`PresenceError::Nobody`].
    pub async fn set(
        &self,
        owner: Owner,
        state: PresenceState,
        until: Option<Timestamp>,
    ) -> Result<(Presence, Presence), PresenceError> {
        let user = self.user(owner).await?;
        let now = self.clock.now();
        let presence = Presence::chosen(state, until, now)?;
        let before = self.store.set_presence(owner.tenant, user, &presence).await?.now(now);
        tracing::info!(%user, presence = %state, "a presence was set");
        Ok((before, presence))
    }

    /// Chooses which greeting plays while the owner says what. States that are not named stay as they are.
    ///
    /// # Errors
    /// [`PresenceError::Store`] when a greeting is not in the mailbox; nothing is written then.
    pub async fn tie(
        &self,
        owner: Owner,
        ties: &[(PresenceState, Option<GreetingId>)],
    ) -> Result<(), PresenceError> {
        self.store.tie_greetings(owner, ties).await?;
        tracing::info!(mailbox = %owner.mailbox, "greetings of presences were chosen");
        Ok(())
    }

    async fn user(&self, owner: Owner) -> Result<UserId, PresenceError> {
        self.store.mailbox(owner.tenant, owner.mailbox).await?.user.ok_or(PresenceError::Nobody)
    }
}
