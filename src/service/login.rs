//! Opening a mailbox by phone: PINs, how often one may guess, devices that need none.
//!
//! A refusal tells nothing: no such mailbox, a wrong PIN, no PIN and a locked mailbox are one outcome, with the same
//! work behind it. What is counted is in the store, so that neither hanging up nor another node forgets it. Driven by the
//! dialogues of the owner's phone; what an [`Owner`] may do then is `retrieval`'s.

pub(super) mod hashing;
mod limits;

use std::fmt;
use std::net::IpAddr;
use std::time::Duration;

use secrecy::SecretString;
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use self::hashing::Hashing;
pub use self::limits::{LIMITS, PER_CALL};
use super::accounts::{PinFault, PinPolicy};
use super::audit::{Deed, NotedStore};
use super::security;
use crate::clock::SharedClock;
use crate::domain::{Counts, Extension, JobId, MailAddress, Mailbox, Owner, Place, SecurityChange, TenantId};
use crate::store::{Guess, Guesser, NewJob, Notice, Store, StoreError, Work};

/// A call that dropped is taken up where it was within this.
const PLACE_AGE: Duration = Duration::from_secs(15 * 60);

/// Where guesses come from: the peer, and the number it says that the caller has. Kept as hashes.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Source(Guesser);

impl Source {
    /// A caller behind a peer. Without a number, all callers of the peer who withhold theirs are one source.
    pub fn new(peer: IpAddr, number: Option<&str>) -> Self {
        let mut hash = Sha256::new();
        hash.update(peer.to_string());
        let of_peer = hash.clone().finalize().into();
        hash.update([0]);
        hash.update(number.unwrap_or_default().trim());
        Self(Guesser { caller: hash.finalize().into(), peer: of_peer })
    }
}

impl fmt::Debug for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Source(…)")
    }
}

/// One attempt to open a mailbox.
#[derive(Debug, Clone)]
pub struct Attempt<'a> {
    /// Whose world the number is in.
    pub tenant: TenantId,
    /// The number of the mailbox, as it was typed.
    pub extension: &'a str,
    /// The PIN that was typed.
    pub pin: SecretString,
    /// Who tries.
    pub source: Source,
    /// Which attempt of this call it is; the first one is 1.
    pub nth: u32,
}

/// How an attempt went.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LoginOutcome {
    /// The mailbox is open.
    Welcome(Box<Welcome>),
    /// No such mailbox, the wrong PIN, none set, or locked: nobody is told which.
    Refused {
        /// Silence before the caller may try again; grows with every wrong PIN.
        wait: Duration,
        /// No further attempt in this call.
        last: bool,
    },
    /// The store is away, or too many PINs are looked at: nothing was decided.
    Unavailable,
}

/// An open mailbox.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Welcome {
    /// What every further query takes.
    pub owner: Owner,
    /// The mailbox with its settings.
    pub mailbox: Mailbox,
    /// IANA zone: the mailbox's, or the tenant's.
    pub zone: String,
    /// Language of the prompts: the mailbox's, or the tenant's.
    pub language: String,
    /// What it holds.
    pub counts: Counts,
    /// Where the last call dropped, a moment ago.
    pub place: Option<Place>,
}

/// Why a PIN was not changed.
#[derive(Debug, thiserror::Error)]
pub enum ChangeFault {
    /// The new PIN breaks a rule.
    #[error(transparent)]
    Pin(#[from] PinFault),
    /// Nothing was changed: try again later.
    #[error("the PIN cannot be changed now: {0}")]
    Unavailable(String),
}

/// The use cases. Cheap to clone; one for the whole process, because it bounds how many PINs are looked at at once.
#[derive(Debug, Clone)]
pub struct Login {
    store: NotedStore,
    clock: SharedClock,
    policy: PinPolicy,
    hashing: Hashing,
}

impl Login {
    /// Over this store, with these rules for new PINs.
    pub fn new(store: Store, clock: SharedClock, policy: PinPolicy) -> Self {
        let hashing = Hashing::new(clock.clone());
        Self { store: NotedStore::new(store, clock.clone()), clock, policy, hashing }
    }

    /// The same, for changes by somebody, which the audit keeps.
    #[must_use]
    pub fn by(&self, actor: &str) -> Self {
        Self { store: self.store.by(actor), ..self.clone() }
    }

    /// The rules for new PINs.
    pub const fn policy(&self) -> PinPolicy {
        self.policy
    }

    /// Looks at a PIN. Every attempt costs one guess that is given back when it was right; a number or a source without
    /// guesses left is refused, the right PIN as well.
    pub async fn check(&self, attempt: Attempt<'_>) -> LoginOutcome {
        let outcome = match self.try_to_open(&attempt).await {
            Ok(outcome) => outcome,
            Err(why) => {
                tracing::warn!(why, "a PIN could not be checked");
                LoginOutcome::Unavailable
            }
        };
        metrics::counter!("aftertone_logins_total", "outcome" => outcome.as_str()).increment(1);
        outcome
    }

    async fn try_to_open(&self, attempt: &Attempt<'_>) -> Result<LoginOutcome, String> {
        let number: String = attempt.extension.chars().filter(char::is_ascii_digit).take(16).collect();
        if attempt.nth == 0 || attempt.nth > PER_CALL {
            return Ok(LoginOutcome::Refused { wait: limits::wait(PER_CALL), last: true });
        }
        let tenant = attempt.tenant;
        let guess = self.store.guess(tenant, &number, attempt.source.0, LIMITS).await.map_err(away)?;
        let known = self.store.pin_by_number(tenant, &number).await.map_err(away)?;
        let (mailbox, hash) = known.map_or((None, None), |(mailbox, hash)| (Some(mailbox), hash));
        // The same work whether there is a PIN to compare with or not, and whether it may count or not.
        let is_right = match self.hashing.verify(attempt.pin.clone(), hash).await {
            Ok(is_right) => is_right,
            Err(why) => {
                self.store.not_guessed(&guess, LIMITS).await.map_err(away)?;
                return Err(why);
            }
        };
        let owner = mailbox.map(|mailbox| Owner { tenant, mailbox });
        if let Some(owner) = owner.filter(|_| is_right && guess.allowed) {
            let welcome = self.welcome(owner).await.map_err(away)?;
            self.store.guessed_right(&guess, LIMITS).await.map_err(away)?;
            tracing::info!(mailbox = %owner.mailbox, "a mailbox was opened by phone");
            return Ok(LoginOutcome::Welcome(Box::new(welcome)));
        }
        self.count_wrong(&guess, owner).await;
        let wait = limits::wait(guess.wrong.max(attempt.nth));
        Ok(LoginOutcome::Refused { wait, last: attempt.nth >= PER_CALL })
    }

    /// The caller's own mailbox, by number: only a hint whom to ask for the PIN, and in which language.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn own(&self, tenant: TenantId, number: &str) -> Result<Option<Mailbox>, StoreError> {
        mailbox_of(&self.store, tenant, number).await
    }

    /// Whose mailbox this device would open without a PIN. `identity` as in [`Login::trusted`].
    pub async fn trusts(&self, tenant: TenantId, identity: Option<&str>) -> Option<Extension> {
        let identity = identity.filter(|identity| !identity.is_empty())?;
        let looked_up = async {
            match self.store.device(tenant, identity).await? {
                Some(owner) => self.store.mailbox(owner.tenant, owner.mailbox).await.map(Some),
                None => Ok(None),
            }
        };
        match looked_up.await {
            Ok(mailbox) => mailbox.map(|mailbox| mailbox.extension),
            Err(error) => {
                tracing::warn!(%error, "it cannot be found out whether a device is trusted; the PIN is asked for");
                None
            }
        }
    }

    /// Opens a mailbox for a device that its owner trusts. `identity` must be one that was authenticated (digest); what a
    /// caller merely says of himself never opens anything. `None`: ask for the PIN.
    pub async fn trusted(&self, tenant: TenantId, identity: Option<&str>) -> Option<Box<Welcome>> {
        let identity = identity.filter(|identity| !identity.is_empty())?;
        let opened = async {
            match self.store.device(tenant, identity).await? {
                Some(owner) => self.welcome(owner).await.map(Some),
                None => Ok(None),
            }
        };
        match opened.await {
            Ok(welcome) => {
                if let Some(welcome) = &welcome {
                    metrics::counter!("aftertone_logins_total", "outcome" => "trusted").increment(1);
                    tracing::info!(mailbox = %welcome.owner.mailbox, "a mailbox was opened by a trusted device");
                }
                welcome.map(Box::new)
            }
            Err(error) => {
                tracing::warn!(%error, "it cannot be found out whether a device is trusted; the PIN is asked for");
                None
            }
        }
    }

    /// Replaces the PIN of an open mailbox.
    ///
    /// # Errors
    /// [`ChangeFault::Pin`] names the rule that the new one breaks.
    pub async fn change_pin(&self, owner: Owner, pin: SecretString) -> Result<(), ChangeFault> {
        let unavailable = |error: StoreError| ChangeFault::Unavailable(error.to_string());
        let mailbox = self.store.mailbox(owner.tenant, owner.mailbox).await.map_err(unavailable)?;
        self.policy.check(&pin, &mailbox.extension)?;
        let hash = self.hashing.hash(pin).await.map_err(ChangeFault::Unavailable)?;
        let deed = Deed { action: "pin.changed", target: format!("mailbox {}", mailbox.extension) };
        let store = self.store.noting(owner.tenant, deed, Value::Null, Value::Null);
        store.set_pin(owner.tenant, owner.mailbox, &hash).await.map_err(unavailable)?;
        let done = |mailbox: &mut Mailbox| mailbox.phone.tutorial.pin = true;
        self.store.change_mailbox(owner, done).await.map_err(unavailable)?;
        tracing::info!(mailbox = %owner.mailbox, "a PIN was changed by its owner");
        if let Some(user) = mailbox.user {
            security::tell_of(&self.store, &self.clock, (owner.tenant, user), SecurityChange::Pin).await;
        }
        Ok(())
    }

    async fn welcome(&self, owner: Owner) -> Result<Welcome, StoreError> {
        let mailbox = self.store.mailbox(owner.tenant, owner.mailbox).await?;
        let tenant = self.store.tenant(owner.tenant).await?;
        let counts = self.store.counts(owner).await?;
        let since = self.clock.now().saturating_sub(PLACE_AGE).unwrap_or(jiff::Timestamp::MIN);
        let place = self.store.place(owner).await?.filter(|place| place.at >= since);
        let zone = mailbox.zone.clone().unwrap_or(tenant.zone);
        let language = mailbox.language.clone().unwrap_or(tenant.language);
        Ok(Welcome { owner, mailbox, zone, language, counts, place })
    }

    /// What was counted stays counted, whatever fails here.
    async fn count_wrong(&self, guess: &Guess, owner: Option<Owner>) {
        if guess.wrong < LIMITS.number {
            return;
        }
        let tell = match owner {
            Some(owner) => self.notices(owner).await,
            None => Vec::new(),
        };
        match self.store.guessed_wrong(guess, LIMITS, &tell).await {
            Ok(true) => {
                metrics::counter!("aftertone_lockouts_total").increment(1);
                let mailbox = owner.map(|owner| owner.mailbox.to_string());
                tracing::warn!(
                    mailbox,
                    "a number is locked after too many wrong PINs: see `aftertone user unlock`"
                );
            }
            Ok(false) => {}
            Err(error) => tracing::warn!(%error, "a lock is counted, but its owner was not told"),
        }
    }

    /// The jobs that tell the owner. Without an address nobody is told but the log.
    async fn notices(&self, owner: Owner) -> Vec<NewJob> {
        let address = match self.address(owner).await {
            Ok(address) => address,
            Err(error) => {
                tracing::warn!(%error, "the owner of a locked mailbox cannot be looked up");
                None
            }
        };
        let job = |to| NewJob {
            id: JobId::from_uuid(self.clock.uuid()),
            work: Work::Notice { mailbox: owner.mailbox, to, notice: Notice::Locked },
            due: self.clock.now(),
        };
        address.map(job).into_iter().collect()
    }

    async fn address(&self, owner: Owner) -> Result<Option<MailAddress>, StoreError> {
        let mailbox = self.store.mailbox(owner.tenant, owner.mailbox).await?;
        let Some(user) = mailbox.user else { return Ok(None) };
        Ok(self.store.user(owner.tenant, user).await?.emails.into_iter().next())
    }
}

impl LoginOutcome {
    /// As it stands in metrics.
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Welcome(_) => "welcome",
            Self::Refused { .. } => "refused",
            Self::Unavailable => "unavailable",
        }
    }
}

/// The mailbox that a number, an alias or an extension is.
pub(super) async fn mailbox_of(
    store: &Store,
    tenant: TenantId,
    number: &str,
) -> Result<Option<Mailbox>, StoreError> {
    if let Ok(extension) = number.parse::<Extension>()
        && let Some(mailbox) = store.mailbox_by_extension(tenant, &extension).await?
    {
        return Ok(Some(mailbox));
    }
    let Some(number) = store.number(tenant, number).await? else { return Ok(None) };
    match store.mailbox(tenant, number.mailbox).await {
        Ok(mailbox) => Ok(Some(mailbox)),
        Err(StoreError::Missing { .. }) => Ok(None),
        Err(error) => Err(error),
    }
}

fn away(error: StoreError) -> String {
    error.to_string()
}
