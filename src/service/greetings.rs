//! Greetings and recorded names: an uploaded file becomes an object and a row, and is loaded again for calls.
//!
//! Objects never change: a new greeting is a new object, so what has been loaded may be kept. Which greeting a call plays
//! is the routing's choice. Driven by the command line, the API and the calls.

mod cache;
mod naming;
mod prepare;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use bytes::Bytes;
use jiff::Timestamp;
use serde_json::{Value, json};
use tokio::sync::Semaphore;

use self::cache::Cache;
use self::naming::{clean, unique};
pub use self::prepare::{Remark, Spoken};
use super::audit::{Deed, NotedStore};
use crate::audio::Clip;
use crate::audio::decode::DecodeError;
use crate::audio::wav::{self, WavError};
use crate::blob::objects::{ObjectError, Objects};
use crate::clock::SharedClock;
use crate::domain::{Greeting, GreetingId, GreetingKind, GreetingName, Mailbox, MailboxId, Owner, TenantId};
use crate::store::{Store, StoreError};

/// Most bytes of an uploaded file.
pub const MAX_UPLOAD: usize = 20 * 1024 * 1024;
/// Longest greeting in seconds.
pub const MAX_SECONDS: u32 = 300;
/// Uploads that are decoded at once: each may need a processor and tens of megabytes for seconds.
const DECODERS: usize = 2;
/// Memory for loaded greetings.
const CACHE: usize = 128 * 1024 * 1024;

/// Why a greeting was refused or could not be had. Every message can be shown to whoever asked.
#[derive(Debug, thiserror::Error)]
pub enum GreetingError {
    /// The file is larger than [`MAX_UPLOAD`].
    #[error("the file has {0} bytes, and {MAX_UPLOAD} are the limit: send it as MP3, or shorten it")]
    TooBig(usize),
    /// The file cannot be used.
    #[error(transparent)]
    File(#[from] DecodeError),
    /// The period can never come.
    #[error("the greeting would never be played: its end {until} is not after {after}")]
    Period {
        /// The end that was asked for.
        until: Timestamp,
        /// Its start, or now.
        after: Timestamp,
    },
    /// Another greeting of the mailbox has the name.
    #[error("another greeting of the mailbox is called {0:?} already: choose another name")]
    NameTaken(String),
    /// There is no such mailbox or greeting, or the database does not answer.
    #[error(transparent)]
    Store(StoreError),
    /// The audio cannot be put or read.
    #[error(transparent)]
    Objects(#[from] ObjectError),
    /// The stored audio is damaged.
    #[error("the audio of greeting {id} cannot be played: {why}; upload it again")]
    Damaged {
        /// Which.
        id: GreetingId,
        /// What is wrong with it.
        why: WavError,
    },
    /// The prepared audio could not be written: a fault of ours.
    #[error("the greeting could not be prepared: {0}")]
    Failed(String),
}

impl From<StoreError> for GreetingError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Taken { what: "greeting name", value } => Self::NameTaken(value),
            other => Self::Store(other),
        }
    }
}

/// A greeting as it is uploaded.
#[derive(Debug, Clone)]
pub struct NewGreeting {
    /// Whose world it is in.
    pub tenant: TenantId,
    /// Whose greeting it is.
    pub mailbox: MailboxId,
    /// When it is to be played.
    pub kind: GreetingKind,
    /// What the owner calls it, which must be free (002-070).
    pub name: Option<GreetingName>,
    /// Without a name, usually the file's; control characters go, and what is beyond 64 characters. A label that the
    /// mailbox has already gets a number.
    pub label: String,
    /// The file: WAV, MP3, Ogg, FLAC, M4A or AAC, whatever rate and channels.
    pub file: Bytes,
    /// From when on it is played. `None`: at once.
    pub from: Option<Timestamp>,
    /// Until when it is played (exclusive). `None`: until it is switched off.
    pub until: Option<Timestamp>,
    /// Only kept: for a number or alias, or to be chosen later. What plays now goes on playing (004-07).
    pub is_aside: bool,
}

/// A greeting that was set, and what its owner should know of the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SetGreeting {
    /// As it is stored.
    pub greeting: Greeting,
    /// Worst first; mostly none.
    pub remarks: Vec<Remark>,
}

/// Sets, lists and loads greetings. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Greetings {
    store: NotedStore,
    objects: Objects,
    clock: SharedClock,
    decoders: Arc<Semaphore>,
    cache: Arc<Cache>,
}

impl Greetings {
    /// Over these stores.
    pub fn new(store: Store, objects: Objects, clock: SharedClock) -> Self {
        Self {
            store: NotedStore::new(store, clock.clone()),
            objects,
            clock,
            decoders: Arc::new(Semaphore::new(DECODERS)),
            cache: Arc::new(Cache::new(CACHE)),
        }
    }

    /// The same, for changes by somebody, which the audit keeps.
    #[must_use]
    pub fn by(&self, actor: &str) -> Self {
        Self { store: self.store.by(actor), ..self.clone() }
    }

    /// Makes the file the active greeting of its kind: decoded, mono, 16 kHz, without dead air at its ends, as loud as the others.
    /// Durable when it returns, with its line of the audit, and heard by the next caller.
    ///
    /// # Errors
    /// [`GreetingError`] says what is wrong with the file, the period, the mailbox or the stores; then nothing has changed.
    pub async fn set(&self, new: NewGreeting) -> Result<SetGreeting, GreetingError> {
        self.put("greeting.uploaded", new).await
    }

    /// As [`Greetings::set`], for what was recorded in a call. A name that was taken meanwhile gets a number: what somebody
    /// spoke is not thrown away.
    pub(super) async fn set_recorded(&self, new: NewGreeting) -> Result<SetGreeting, GreetingError> {
        let label = new.name.as_ref().map_or_else(|| new.label.clone(), ToString::to_string);
        self.put("greeting.recorded", NewGreeting { name: None, label, ..new }).await
    }

    async fn put(&self, action: &str, new: NewGreeting) -> Result<SetGreeting, GreetingError> {
        if new.file.len() > MAX_UPLOAD {
            return Err(GreetingError::TooBig(new.file.len()));
        }
        let now = self.clock.now();
        check_period(&new, now)?;
        let mailbox = self.store.mailbox(new.tenant, new.mailbox).await?;
        let owner = Owner { tenant: new.tenant, mailbox: new.mailbox };
        if let Some(name) = &new.name {
            self.check_free(owner, name).await?;
        }
        let prepared = self.prepare(new.file).await?;
        let others = self.store.greetings(new.tenant, new.mailbox).await?;
        let label = match &new.name {
            Some(name) => name.to_string(),
            None => unique(clean(&new.label, new.kind), &others),
        };
        let id = GreetingId::from_uuid(self.clock.uuid());
        let greeting = Greeting {
            id,
            tenant: new.tenant,
            mailbox: new.mailbox,
            kind: new.kind,
            label,
            object: format!("{}/{}/greetings/{id}.wav", new.tenant, new.mailbox),
            duration_ms: prepared.duration_ms,
            active: !new.is_aside,
            from: new.from,
            until: new.until,
            created_at: now,
        };
        self.objects.put(&greeting.object, prepared.wav).await?;
        let before = others.iter().find(|other| other.kind == new.kind && other.active);
        let was = before.filter(|_| greeting.active).map_or(Value::Null, noted);
        let deed = Deed { action, target: target(new.kind, &mailbox) };
        let store = self.store.noting(new.tenant, deed, was, noted(&greeting));
        let added = match new.name {
            Some(_) => store.add_named_greeting(&greeting).await,
            None => store.add_greeting(&greeting).await,
        };
        if let Err(error) = added {
            self.take_back(&greeting, &error).await;
            return Err(error.into());
        }
        Ok(SetGreeting { greeting, remarks: prepared.remarks })
    }

    /// Every greeting of the mailbox, also the inactive ones, newest first.
    ///
    /// # Errors
    /// [`GreetingError::Store`].
    pub async fn list(&self, tenant: TenantId, mailbox: MailboxId) -> Result<Vec<Greeting>, GreetingError> {
        Ok(self.store.greetings(tenant, mailbox).await?)
    }

    /// Switches every greeting of the kind off; they stay restorable.
    ///
    /// # Errors
    /// [`GreetingError::Store`].
    pub async fn clear(
        &self,
        tenant: TenantId,
        mailbox: MailboxId,
        kind: GreetingKind,
    ) -> Result<(), GreetingError> {
        let known = self.store.greetings(tenant, mailbox).await?;
        let Some(on) = known.iter().find(|greeting| greeting.kind == kind && greeting.active) else {
            return Ok(());
        };
        let off = Greeting { active: false, ..on.clone() };
        Ok(self.noting(on, &off).await?.clear_greeting(tenant, mailbox, kind).await?)
    }

    /// Makes a stored greeting the active one of its kind again. A last day that has gone counts no more: it was chosen to be
    /// heard.
    ///
    /// # Errors
    /// [`StoreError::Missing`] when it is not this mailbox's.
    pub(super) async fn choose(&self, owner: Owner, id: GreetingId) -> Result<Greeting, StoreError> {
        self.switching(owner, id).await?.choose_greeting(owner, id).await
    }

    /// Makes the greeting of a kind play that played before the one that plays; `None` when there is none.
    ///
    /// # Errors
    /// [`StoreError`].
    pub(super) async fn choose_before(
        &self,
        owner: Owner,
        kind: GreetingKind,
    ) -> Result<Option<Greeting>, StoreError> {
        let Some(id) = self.store.greeting_before(owner, kind).await? else { return Ok(None) };
        self.switching(owner, id).await?.go_back_to_greeting(owner, id).await.map(Some)
    }

    /// The store for a change to this greeting.
    async fn switching(&self, owner: Owner, id: GreetingId) -> Result<Store, StoreError> {
        let known = self.store.greetings(owner.tenant, owner.mailbox).await?;
        let wanted = one(&known, id)?;
        let until = wanted.until.filter(|until| *until > self.clock.now());
        let chosen = Greeting { active: true, until, ..wanted.clone() };
        let on = known.iter().find(|greeting| greeting.kind == wanted.kind && greeting.active);
        self.noting(on.unwrap_or(wanted), &chosen).await
    }

    /// Until when a greeting plays (exclusive); `None`: until it is switched off.
    ///
    /// # Errors
    /// [`StoreError::Missing`] when it is not this mailbox's.
    pub(super) async fn set_until(
        &self,
        owner: Owner,
        id: GreetingId,
        until: Option<Timestamp>,
    ) -> Result<Greeting, StoreError> {
        let known = self.store.greetings(owner.tenant, owner.mailbox).await?;
        let was = one(&known, id)?;
        let became = Greeting { until, ..was.clone() };
        self.noting(was, &became).await?.set_greeting_until(owner, id, until).await
    }

    /// The store for a change from one greeting to another, or of one greeting.
    async fn noting(&self, was: &Greeting, became: &Greeting) -> Result<Store, StoreError> {
        let mailbox = self.store.mailbox(became.tenant, became.mailbox).await?;
        let deed = Deed { action: "greeting.changed", target: target(became.kind, &mailbox) };
        Ok(self.store.noting(became.tenant, deed, noted(was), noted(became)))
    }

    /// The greeting's audio, ready to be sent. Kept in memory for the next call, within a bound.
    ///
    /// # Errors
    /// [`GreetingError::Objects`] when it cannot be read now, [`GreetingError::Damaged`] when it never will be.
    pub async fn load(&self, greeting: &Greeting) -> Result<Arc<Clip>, GreetingError> {
        self.cache.get(greeting.id, || self.read(greeting)).await
    }

    async fn read(&self, greeting: &Greeting) -> Result<Clip, GreetingError> {
        let bytes = self.objects.get(&greeting.object).await?;
        let id = greeting.id;
        let clip = tokio::task::spawn_blocking(move || {
            wav::read(&bytes).map(|pcm| Clip::from_pcm(&pcm.samples, pcm.rate))
        });
        let read = clip.await.map_err(|error| GreetingError::Failed(error.to_string()))?;
        read.map_err(|why| GreetingError::Damaged { id, why })
    }

    /// Speech of a file that becomes no greeting, made ready as one.
    ///
    /// # Errors
    /// [`GreetingError`] says what is wrong with the file.
    pub async fn spoken(&self, file: Bytes) -> Result<Spoken, GreetingError> {
        if file.len() > MAX_UPLOAD {
            return Err(GreetingError::TooBig(file.len()));
        }
        self.in_turn(file, prepare::spoken).await
    }

    async fn prepare(&self, file: Bytes) -> Result<prepare::Prepared, GreetingError> {
        self.in_turn(file, prepare::prepare).await
    }

    async fn in_turn<T: Send + 'static>(
        &self,
        file: Bytes,
        work: fn(Bytes) -> Result<T, GreetingError>,
    ) -> Result<T, GreetingError> {
        let turn = Arc::clone(&self.decoders).acquire_owned().await;
        let turn = turn.map_err(|error| GreetingError::Failed(error.to_string()))?;
        let work = tokio::task::spawn_blocking(move || {
            let _turn = turn;
            work(file)
        });
        work.await.map_err(|error| GreetingError::Failed(error.to_string()))?
    }

    /// The object of a greeting that got no row. When the database may have taken it after all, it stays.
    async fn take_back(&self, greeting: &Greeting, error: &StoreError) {
        if matches!(error, StoreError::Away(_)) {
            return;
        }
        if let Err(error) = self.objects.delete(&greeting.object).await {
            tracing::warn!(key = greeting.object, %error, "an object without a greeting stays in the object store");
        }
    }
}

fn one(known: &[Greeting], id: GreetingId) -> Result<&Greeting, StoreError> {
    let missing = || StoreError::Missing { what: "greeting", value: id.to_string() };
    known.iter().find(|greeting| greeting.id == id).ok_or_else(missing)
}

fn target(kind: GreetingKind, mailbox: &Mailbox) -> String {
    format!("{kind} greeting of mailbox {}", mailbox.extension)
}

/// As the audit keeps it.
fn noted(greeting: &Greeting) -> Value {
    json!({
        "id": greeting.id, "label": greeting.label, "active": greeting.active, "from": greeting.from,
        "until": greeting.until, "duration_ms": greeting.duration_ms,
    })
}

fn check_period(new: &NewGreeting, now: Timestamp) -> Result<(), GreetingError> {
    let Some(until) = new.until else { return Ok(()) };
    let after = new.from.map_or(now, |from| from.max(now));
    if until > after { Ok(()) } else { Err(GreetingError::Period { until, after }) }
}
