//! Requests that come twice under one name are carried out once: what was answered is remembered for a day.
//!
//! A name is a hash of who asks and of the name they chose; so is the request. Driven by the API.

use std::time::Duration;

use crate::clock::SharedClock;
use crate::store::{Repeat, Store, StoreError};

/// A request that nobody answered for so long was cut off with its server: it may come again.
const CUT_OFF: Duration = Duration::from_secs(300);

/// The use cases. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Repeats {
    store: Store,
    clock: SharedClock,
}

/// What is known of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Known {
    /// Nothing: it is to be carried out, and [`Repeats::answered`] or [`Repeats::forget`] must follow.
    New,
    /// It is being carried out.
    Running,
    /// Another request has this name.
    Other,
    /// It was carried out, and this was answered.
    Answered {
        /// The HTTP status.
        status: u16,
        /// As it was given to [`Repeats::answered`].
        told: String,
    },
}

impl Repeats {
    /// Over this store.
    pub const fn new(store: Store, clock: SharedClock) -> Self {
        Self { store, clock }
    }

    /// Whether this request came before.
    ///
    /// # Errors
    /// [`StoreError`]: then it must not be carried out.
    pub async fn begin(&self, name: [u8; 32], request: [u8; 32]) -> Result<Known, StoreError> {
        let stale = self.clock.now().saturating_sub(CUT_OFF).unwrap_or(jiff::Timestamp::MIN);
        Ok(match self.store.repeat(name, request, stale).await? {
            Repeat::First => Known::New,
            Repeat::Running => Known::Running,
            Repeat::Other => Known::Other,
            Repeat::Answered { status, body } => Known::Answered { status, told: body },
        })
    }

    /// Remembers what was answered; it must hold no secret.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn answered(&self, name: [u8; 32], status: u16, told: &str) -> Result<(), StoreError> {
        self.store.answered(name, status, told).await
    }

    /// It had no effect, and may come again under its name.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn forget(&self, name: [u8; 32]) -> Result<(), StoreError> {
        self.store.not_answered(name).await
    }
}
