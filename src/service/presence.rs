//! What people say of themselves, for how long, and which greeting plays meanwhile (000-07).
//!
//! What it does to calls is decided by `service::ladder` and `service::answering`. Driven by portal, API and command line.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::audit::{Deed, NotedStore};
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
    store: NotedStore,
    clock: SharedClock,
}

impl Presences {
    /// Over this store.
    pub fn new(store: Store, clock: SharedClock) -> Self {
        Self { store: NotedStore::new(store, clock.clone()), clock }
    }

    /// The same, for changes by somebody, which the audit keeps.
    #[must_use]
    pub fn by(&self, actor: &str) -> Self {
        Self { store: self.store.by(actor), ..self.clone() }
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
        let was = self.store.presence(owner.tenant, user).await?.now(now);
        let store = self.noting("presence.set", owner, json!(was), json!(presence)).await?;
        let before = store.set_presence(owner.tenant, user, &presence).await?.now(now);
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
        let known = self.store.presence_greetings(owner).await?;
        let tied = |state| known.iter().find(|(tied, _)| *tied == state).map(|(_, greeting)| *greeting);
        let before: Vec<_> = ties.iter().map(|(state, _)| (*state, tied(*state))).collect();
        let store = self.noting("presence.greetings", owner, noted(&before), noted(ties)).await?;
        store.tie_greetings(owner, ties).await?;
        tracing::info!(mailbox = %owner.mailbox, "greetings of presences were chosen");
        Ok(())
    }

    async fn noting(
        &self,
        action: &str,
        owner: Owner,
        was: Value,
        became: Value,
    ) -> Result<Store, PresenceError> {
        let extension = self.store.mailbox(owner.tenant, owner.mailbox).await?.extension;
        let deed = Deed { action, target: format!("mailbox {extension}") };
        Ok(self.store.noting(owner.tenant, deed, was, became))
    }

    async fn user(&self, owner: Owner) -> Result<UserId, PresenceError> {
        self.store.mailbox(owner.tenant, owner.mailbox).await?.user.ok_or(PresenceError::Nobody)
    }
}

/// As the audit keeps which greetings play.
fn noted(ties: &[(PresenceState, Option<GreetingId>)]) -> Value {
    let ties = ties.iter().map(|(state, greeting)| (state.as_str().to_owned(), json!(greeting)));
    Value::Object(ties.collect())
}
