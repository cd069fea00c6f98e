//! One-time links: to choose a first or a new password, or to set a new server up.
//!
//! Issued when the mail is made (or the line printed), so that only its reader has the token; the store keeps its hash.
//! What is behind a link is `signin`'s.

use std::fmt;
use std::time::Duration;

use jiff::Timestamp;
use sha2::{Digest as _, Sha256};

use crate::clock::SharedClock;
use crate::domain::{LinkToken, Purpose, TenantId, UserId};
use crate::store::{Door, Store, StoreError};

/// The address of a one-time link. A secret: `Debug` prints nothing of it.
#[derive(Clone)]
pub struct DoorUrl(String);

impl DoorUrl {
    /// The address, for the mail (or the terminal of who may use it) and nothing else.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for DoorUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DoorUrl(…)")
    }
}

/// The use cases. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Doors {
    store: Store,
    clock: SharedClock,
    public_url: String,
}

impl Doors {
    /// Links under `public_url`.
    pub fn new(store: Store, clock: SharedClock, public_url: &str) -> Self {
        Self { store, clock, public_url: public_url.trim_end_matches('/').to_owned() }
    }

    /// How long a link for this purpose works.
    pub const fn lifetime(purpose: Purpose) -> Duration {
        match purpose {
            Purpose::Invite => Duration::from_secs(7 * 24 * 3600),
            Purpose::Reset => Duration::from_secs(2 * 3600),
            Purpose::Setup => Duration::from_secs(24 * 3600),
        }
    }

    /// A new link, and until when it works.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn issue(
        &self,
        tenant: TenantId,
        user: Option<UserId>,
        purpose: Purpose,
    ) -> Result<(DoorUrl, Timestamp), StoreError> {
        let mut bytes = [0; 20];
        self.clock.fill(&mut bytes);
        let token = LinkToken::from_bytes(bytes);
        let expires_at = self.clock.now().saturating_add(Self::lifetime(purpose)).unwrap_or(Timestamp::MAX);
        self.store.add_door(Door { tenant, user, purpose, expires_at }, token.hash()).await?;
        Ok((DoorUrl(format!("{}/door/{}", self.public_url, token.expose())), expires_at))
    }

    /// What a link is for; `None` when there is no such link, or none any more. Changes nothing.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn look(&self, token: &str) -> Result<Option<Door>, StoreError> {
        let door = self.store.door(hash(token)).await?;
        Ok(door.filter(|door| door.expires_at > self.clock.now()))
    }

    /// Uses a link up; `None` when there is none any more.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn take(&self, token: &str) -> Result<Option<Door>, StoreError> {
        let Some(door) = self.look(token).await? else { return Ok(None) };
        Ok(self.store.close_door(hash(token)).await?.then_some(door))
    }
}

/// Every text, also one that is no token at all, costs the same one look-up.
pub(super) fn hash(token: &str) -> [u8; 32] {
    token.parse::<LinkToken>().map_or_else(|_| Sha256::digest(token).into(), |token| token.hash())
}
