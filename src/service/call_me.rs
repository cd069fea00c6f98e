//! Call me to record: somebody asks for a call, a server takes it up and places it, and whoever asked follows how it goes.
//!
//! The store is the post box between the two, so that it does not matter which process or node they are. One server
//! takes a request up, once; `following` is whoever waits for how it goes. What is said in the call is `flow`'s, and how a phone is called a [`Dialer`]'s.

mod following;

use std::fmt::Debug;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Value, json};
use tokio::sync::{Notify, mpsc};
use tokio::time::{MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::clock::SharedClock;
use crate::domain::{CallFault, CallRequestId, CallStep, GreetingKind, GreetingName, Mailbox, Owner, Tenant};
use crate::service::audit::{Deed, NotedStore};
use crate::service::pace::Pace;
use crate::store::{CallRequest, Store, StoreError};

pub use following::Following;

/// A request that no server has taken up within this is taken back.
pub const PATIENCE: Duration = Duration::from_secs(10);
/// A request that is older was forgotten by whoever asked: nobody is called any more.
const STALE: Duration = Duration::from_secs(60);
/// Calls for one mailbox that pages and programs ask for.
const PACE: Pace = Pace::new("call-me", 20, Duration::from_secs(3600));
/// How often requests are looked for when nobody nudges.
const LOOK: Duration = Duration::from_millis(500);
/// How often the server that calls looks whether the call is still wanted.
const HEED: Duration = Duration::from_millis(500);
/// How often it says that it is still there.
const HOLD_EVERY: Duration = Duration::from_secs(5);
/// How long each such word holds.
const HOLD: Duration = Duration::from_secs(20);
/// A phone that rings for somebody who followed the call, and has not said so for so long, stops.
const DESERTED: Duration = Duration::from_secs(10);
/// Calls of this kind at the same time on one server.
const MOST_CALLS: usize = 32;
/// Lines about one call; whoever records again and again gets no more.
const MOST_NEWS: u32 = 100;
/// How often the last line is tried while the store is away, and the pause between.
const LAST_TRIES: u32 = 30;
const LAST_PAUSE: Duration = Duration::from_secs(1);

/// A call to be placed.
#[derive(Debug, Clone)]
pub struct CallOrder {
    /// Whose greeting it becomes, with the settings for recordings and language.
    pub mailbox: Mailbox,
    /// Whose world it is in.
    pub tenant: Tenant,
    /// Which greeting.
    pub kind: GreetingKind,
    /// The number to call, as it was asked for.
    pub target: String,
    /// What the greeting is to be called, when somebody gave it a name.
    pub name: Option<GreetingName>,
}

/// The end of a call: [`CallStep::Kept`] or [`CallStep::Failed`].
pub type Dialing = Pin<Box<dyn Future<Output = CallStep> + Send>>;

/// Calls phones. Implemented by whoever has the SIP transports and the media.
pub trait Dialer: Debug + Send + Sync {
    /// Calls, lets the person record, and keeps what was recorded. Steps before the last are told as they come. When
    /// `give_up` is cancelled, the call ends as soon as it can.
    fn call(&self, order: CallOrder, steps: mpsc::Sender<CallStep>, give_up: CancellationToken) -> Dialing;
}

/// Why a call cannot even be asked for.
#[derive(Debug, thiserror::Error)]
pub enum AskError {
    /// The mailbox takes no calls and plays no greetings.
    #[error("{0}: switch it on first")]
    Off(CallFault),
    /// One at a time.
    #[error("a call to record for this mailbox is under way already: wait until it has ended")]
    UnderWay,
    /// Neither digits nor `+` and digits.
    #[error("{0:?} is no number that can be called: write digits, such as 1001")]
    Number(String),
    /// Another greeting of the mailbox has the name.
    #[error("another greeting of the mailbox is called {0:?} already: choose another name")]
    NameTaken(String),
    /// Too many calls lately.
    #[error("your phone was called often enough for now: wait an hour, or upload a file")]
    TooOften,
    /// No such mailbox, or the store is away.
    #[error(transparent)]
    Store(StoreError),
}

/// What is asked for.
#[derive(Debug, Clone, Copy)]
pub struct Wanted<'w> {
    /// What the recording becomes.
    pub kind: GreetingKind,
    /// The number to call.
    pub target: &'w str,
    /// What the greeting is to be called; else it gets a name by itself.
    pub name: Option<&'w GreetingName>,
}

/// The side of whoever asks. Cheap to clone.
#[derive(Debug, Clone)]
pub struct CallMe {
    store: NotedStore,
    clock: SharedClock,
    wake: Arc<Notify>,
}

impl CallMe {
    /// Over this store.
    pub fn new(store: Store, clock: SharedClock) -> Self {
        Self { store: NotedStore::new(store, clock.clone()), clock, wake: Arc::default() }
    }

    /// The same, for calls that somebody asks for, which the audit keeps.
    #[must_use]
    pub fn by(&self, actor: &str) -> Self {
        Self { store: self.store.by(actor), ..self.clone() }
    }

    /// Asks for a call. [`CallMe::follow`] tells how it goes.
    ///
    /// # Errors
    /// [`AskError`]. Whether the number may be called is decided by the server that calls.
    pub async fn ask(&self, owner: Owner, wanted: &Wanted<'_>) -> Result<CallRequestId, AskError> {
        let Wanted { kind, target, name } = *wanted;
        let number = target.strip_prefix('+').unwrap_or(target);
        if number.is_empty() || number.len() > 32 || !number.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(AskError::Number(target.chars().take(64).collect()));
        }
        let mailbox = self.store.mailbox(owner.tenant, owner.mailbox).await.map_err(AskError::Store)?;
        if !mailbox.enabled {
            return Err(AskError::Off(CallFault::MailboxOff));
        }
        if let Some(name) = name {
            let known = self.store.greetings(owner.tenant, owner.mailbox).await.map_err(AskError::Store)?;
            if known.iter().any(|greeting| GreetingName::is_same(&greeting.label, name.as_str())) {
                return Err(AskError::NameTaken(name.to_string()));
            }
        }
        let id = CallRequestId::from_uuid(self.clock.uuid());
        let stale = self.before(PATIENCE);
        let deed = Deed {
            action: "greeting.call-asked",
            target: format!("{kind} greeting of mailbox {}", mailbox.extension),
        };
        let after = json!({"id": id, "to": target, "label": name.map(GreetingName::as_str)});
        let store = self.store.noting(owner.tenant, deed, Value::Null, after);
        match store.ask_for_call(id, owner, kind, target, name, stale).await {
            Ok(()) => {
                self.wake.notify_one();
                Ok(id)
            }
            Err(StoreError::Taken { .. }) => Err(AskError::UnderWay),
            Err(error) => Err(AskError::Store(error)),
        }
    }

    /// As [`CallMe::ask`], for pages and programs: a phone is not made to ring all day.
    ///
    /// # Errors
    /// [`AskError`].
    pub async fn ask_now_and_then(
        &self,
        owner: Owner,
        wanted: &Wanted<'_>,
    ) -> Result<CallRequestId, AskError> {
        if !PACE.allows(&self.store, owner.mailbox).await.map_err(AskError::Store)? {
            return Err(AskError::TooOften);
        }
        self.ask(owner, wanted).await
    }

    /// The call is not wanted any more: a phone that rings stops, a call that is up ends.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn give_up(&self, id: CallRequestId) -> Result<(), StoreError> {
        self.store.give_call_up(id).await
    }

    /// How the call goes, from its first step.
    pub fn follow(&self, id: CallRequestId) -> Following {
        Following::new(Store::clone(&self.store), self.clock.clone(), id)
    }

    /// Whether a call that comes in may be one of ours that comes back: any runs at this moment. A store that does not
    /// answer knows of none.
    pub async fn any_runs(&self) -> bool {
        self.store.calls_run().await.unwrap_or_else(|error| {
            tracing::warn!(%error, "whether a call of ours came back cannot be found out");
            false
        })
    }

    fn before(&self, age: Duration) -> Timestamp {
        self.clock.now().saturating_sub(age).unwrap_or(Timestamp::MIN)
    }
}

/// The side of the server: takes requests up and has them called. Cheap to clone.
#[derive(Debug, Clone)]
pub struct CallDesk {
    call_me: CallMe,
    dialer: Arc<dyn Dialer>,
}

impl CallDesk {
    /// Requests of `call_me` are called by `dialer`.
    pub fn new(call_me: CallMe, dialer: Arc<dyn Dialer>) -> Self {
        Self { call_me, dialer }
    }

    /// Takes requests up until `stop`; the calls run in `calls`.
    pub async fn serve(self, calls: TaskTracker, stop: CancellationToken) {
        let mut look = interval(LOOK);
        look.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let ours = TaskTracker::new();
        let mut is_blind = false;
        loop {
            tokio::select! {
                () = stop.cancelled() => return,
                _ = look.tick() => {}
                () = self.call_me.wake.notified() => {}
            }
            while ours.len() < MOST_CALLS && !stop.is_cancelled() {
                let taken = self.call_me.store.take_call(self.call_me.before(STALE), HOLD).await;
                match taken {
                    Ok(Some(request)) => {
                        calls.spawn(ours.track_future(self.clone().carry_out(request)));
                        continue;
                    }
                    Ok(None) => is_blind = false,
                    Err(error) if !std::mem::replace(&mut is_blind, true) => {
                        tracing::warn!(%error, "calls that are asked for cannot be seen now; it is looked again");
                    }
                    Err(_) => {}
                }
                break;
            }
        }
    }

    /// One request, from its taking up to its last line.
    async fn carry_out(self, request: CallRequest) {
        tracing::info!(request = %request.id, kind = %request.kind, "a phone is called to record a greeting");
        let mut book = Book { store: Store::clone(&self.call_me.store), id: request.id, next: 0 };
        let last = match self.order(&request).await {
            Ok(order) => self.call(order, &mut book).await,
            Err(fault) => CallStep::failed(fault),
        };
        let outcome = match last {
            CallStep::Failed { reason, .. } => reason.as_str(),
            step => step.as_str(),
        };
        metrics::counter!("aftertone_calls_to_record_total", "outcome" => outcome).increment(1);
        tracing::info!(request = %request.id, outcome, "the call to record a greeting is over");
        book.close(last).await;
    }

    async fn order(&self, request: &CallRequest) -> Result<CallOrder, CallFault> {
        let store = &self.call_me.store;
        let (tenant, mailbox) = (request.owner.tenant, request.owner.mailbox);
        let read = async { Ok((store.mailbox(tenant, mailbox).await?, store.tenant(tenant).await?)) };
        let (mailbox, tenant) = read.await.map_err(|error: StoreError| {
            tracing::warn!(%error, "the mailbox of a call cannot be read");
            if matches!(error, StoreError::Missing { .. }) {
                CallFault::MailboxOff
            } else {
                CallFault::Trouble
            }
        })?;
        if !mailbox.enabled {
            return Err(CallFault::MailboxOff);
        }
        Ok(CallOrder {
            mailbox,
            tenant,
            kind: request.kind,
            target: request.target.clone(),
            name: request.name.clone(),
        })
    }

    async fn call(&self, order: CallOrder, book: &mut Book) -> CallStep {
        let (steps, mut told) = mpsc::channel(32);
        let give_up = CancellationToken::new();
        let mut calling = self.dialer.call(order, steps, give_up.clone());
        let (mut heed, mut hold) = (interval(HEED), interval(HOLD_EVERY));
        heed.set_missed_tick_behavior(MissedTickBehavior::Delay);
        hold.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut follower = Follower { followed: 0, since: self.call_me.clock.monotonic() };
        let mut is_answered = false;
        let last = loop {
            tokio::select! {
                last = &mut calling => break last,
                Some(step) = told.recv() => {
                    is_answered |= !matches!(step, CallStep::Calling | CallStep::Ringing);
                    book.enter(step).await;
                }
                _ = heed.tick() => match book.store.call_request(book.id).await {
                    // Who has picked up is not cut off in the middle of a greeting.
                    Ok(request) if request.wanted && !is_answered => {
                        if follower.is_gone(request.followed, self.call_me.clock.monotonic()) {
                            tracing::info!(request = %book.id, "nobody follows a call any more: the phone stops ringing");
                            give_up.cancel();
                        }
                    }
                    Ok(request) if request.wanted => {}
                    Ok(_) | Err(StoreError::Missing { .. }) => give_up.cancel(),
                    Err(error) => tracing::debug!(%error, "a call goes on although the store is away"),
                },
                _ = hold.tick() => {
                    if let Err(error) = book.store.hold_call(book.id, HOLD).await {
                        tracing::debug!(%error, "that a call goes on cannot be said now");
                    }
                }
            }
        };
        while let Ok(step) = told.try_recv() {
            book.enter(step).await;
        }
        last
    }
}

/// Whether somebody still follows a call. Clocks of other machines are not compared: it is looked for how long nothing
/// was said.
struct Follower {
    followed: u32,
    since: Duration,
}

impl Follower {
    /// Somebody followed, and has said nothing for too long. Who never did needs no watching.
    fn is_gone(&mut self, followed: u32, now: Duration) -> bool {
        if followed != self.followed {
            (self.followed, self.since) = (followed, now);
        }
        followed > 0 && now.saturating_sub(self.since) >= DESERTED
    }
}

/// Writes the lines about one call.
struct Book {
    store: Store,
    id: CallRequestId,
    next: u32,
}

impl Book {
    /// A line that is lost is missing in what is shown, and nothing else.
    async fn enter(&mut self, step: CallStep) {
        if self.next >= MOST_NEWS || step.is_last() {
            return;
        }
        match self.store.note_call(self.id, self.next, step).await {
            Ok(()) => self.next += 1,
            Err(error) => tracing::debug!(%error, "a step of a call could not be noted"),
        }
    }

    /// The last line: whoever asked waits for it.
    async fn close(&self, last: CallStep) {
        for _ in 0..LAST_TRIES {
            match self.store.note_call(self.id, self.next, last).await {
                Ok(()) | Err(StoreError::Taken { .. } | StoreError::Missing { .. }) => return,
                Err(error) => tracing::debug!(%error, "the end of a call cannot be noted yet"),
            }
            tokio::time::sleep(LAST_PAUSE).await;
        }
        tracing::warn!(request = %self.id, "how a call ended could not be written down");
    }
}
