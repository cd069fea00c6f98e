//! Keys of programs: made, looked up, taken back. A key is shown once; the store keeps its hash.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::access::{Act, Actor, Door};
use super::audit::{Deed, NotedStore};
use super::doors::hash;
use super::signin::{Signin, SigninError};
use crate::clock::SharedClock;
use crate::domain::{ApiKey, Invalid, KeyId, LinkToken, Role, TenantId, UserId};
use crate::store::{Store, StoreError};

/// What stands before the secret of a key, so that it is known as one when it turns up somewhere.
pub const PREFIX: &str = "atk_";
/// Keys that a tenant may have at most.
const MOST: usize = 1000;

/// Why a key was not made.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// A value is out of its range or shape.
    #[error(transparent)]
    Invalid(#[from] Invalid),
    /// It would open more than its maker reaches.
    #[error(
        "a key may no more than you may yourself; keys that open the messages of others are made on the server"
    )]
    TooMuch,
    /// There are as many as there may be.
    #[error("there are {MOST} keys already: revoke some")]
    TooMany,
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// What it takes to make a key.
#[derive(Debug, Clone)]
pub struct NewKey {
    /// Whose world it opens.
    pub tenant: TenantId,
    /// Only what this user may; `None` for the tenant.
    pub user: Option<UserId>,
    /// What it is for, at most 64 characters.
    pub name: String,
    /// What it may.
    pub acts: Vec<Act>,
    /// When it stops working.
    pub expires_at: Option<Timestamp>,
}

/// The use cases. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Keys {
    store: NotedStore,
    clock: SharedClock,
    signin: Signin,
}

impl Keys {
    /// Over this store.
    pub fn new(store: Store, clock: SharedClock, signin: Signin) -> Self {
        Self { store: NotedStore::new(store, clock.clone()), clock, signin }
    }

    /// The same, for changes by somebody, which the audit keeps.
    #[must_use]
    pub fn by(&self, actor: &str) -> Self {
        Self { store: self.store.by(actor), ..self.clone() }
    }

    /// Makes a key; the text is told this once.
    ///
    /// # Errors
    /// [`KeyError`].
    pub async fn add(&self, new: NewKey) -> Result<(ApiKey, String), KeyError> {
        let name = new.name.trim();
        if name.is_empty() || name.chars().count() > 64 || name.chars().any(char::is_control) {
            return Err(
                Invalid::new("name", &new.name, "say in 1 to 64 characters what the key is for").into()
            );
        }
        if new.acts.is_empty() {
            return Err(Invalid::new("scope", "", "name at least one, for example messages:read").into());
        }
        let now = self.clock.now();
        if let Some(end) = new.expires_at.filter(|end| *end <= now) {
            return Err(Invalid::new("expiry", &end.to_string(), "choose a time in the future").into());
        }
        if self.store.keys(new.tenant).await?.iter().filter(|key| key.revoked_at.is_none()).count() >= MOST {
            return Err(KeyError::TooMany);
        }
        let mut bytes = [0; 20];
        self.clock.fill(&mut bytes);
        let token = LinkToken::from_bytes(bytes);
        let mut scopes: Vec<String> = new.acts.iter().map(|act| act.as_str().to_owned()).collect();
        scopes.sort_unstable();
        scopes.dedup();
        let key = ApiKey {
            id: KeyId::from_uuid(self.clock.uuid()),
            tenant: new.tenant,
            user: new.user,
            name: name.to_owned(),
            scopes,
            created_at: now,
            expires_at: new.expires_at,
            revoked_at: None,
            last_used_at: None,
        };
        let deed = Deed { action: "key.made", target: format!("key {}", key.name) };
        let store = self.store.noting(key.tenant, deed, Value::Null, noted(&key));
        store.add_key(&key, token.hash()).await?;
        tracing::info!(key = %key.id, "a key was made");
        Ok((key, format!("{PREFIX}{}", token.expose())))
    }

    /// Every key of the tenant, newest first.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn list(&self, tenant: TenantId) -> Result<Vec<ApiKey>, StoreError> {
        self.store.keys(tenant).await
    }

    /// Takes a key back.
    ///
    /// # Errors
    /// [`StoreError::Missing`] when there is none that works.
    pub async fn revoke(&self, tenant: TenantId, id: KeyId) -> Result<(), StoreError> {
        let known = self.store.keys(tenant).await?.into_iter().find(|key| key.id == id);
        let target = known.as_ref().map_or_else(|| format!("key {id}"), |key| format!("key {}", key.name));
        let deed = Deed { action: "key.revoked", target };
        let was = known.as_ref().map_or(Value::Null, noted);
        self.store.noting(tenant, deed, was, Value::Null).revoke_key(tenant, id).await?;
        tracing::info!(key = %id, "a key was revoked");
        Ok(())
    }

    /// Who holds this key, if it works. Every text costs the same one look-up.
    ///
    /// # Errors
    /// [`SigninError::Store`].
    pub async fn holder(&self, text: &str) -> Result<Option<Actor>, SigninError> {
        let Some(key) = self.store.key(hash(text.strip_prefix(PREFIX).unwrap_or(""))).await? else {
            return Ok(None);
        };
        let now = self.clock.now();
        if !key.works(now) {
            return Ok(None);
        }
        let minute = jiff::SignedDuration::from_secs(60);
        if key.last_used_at.is_none_or(|at| now.duration_since(at) >= minute) {
            self.store.key_used(key.id).await?;
        }
        let acts = key.scopes.iter().filter_map(|word| word.parse().ok()).collect();
        let name = format!("key {}", key.name);
        let Some(user) = key.user else {
            let door = Door::Key(key.id, acts);
            return Ok(Some(Actor {
                tenant: key.tenant,
                user: None,
                mailbox: None,
                role: Role::Basic,
                owes_factor: false,
                door,
                name,
            }));
        };
        let actor = self.signin.actor_of(key.tenant, user, Door::Key(key.id, acts)).await?;
        Ok(actor.map(|actor| Actor { name: format!("{name} of {}", actor.name), ..actor }))
    }
}

/// As the audit keeps it: no secret and no hash of one.
fn noted(key: &ApiKey) -> Value {
    json!({"id": key.id, "user": key.user, "scopes": key.scopes, "expires_at": key.expires_at})
}
