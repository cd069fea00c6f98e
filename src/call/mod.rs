//! One call = one flow + one media session + one dialog. Carries out what the flow asks for and tells it what happened.
//!
//! Knows no SQL, no mail and no page; it is driven by [`crate::signal`]'s events and [`crate::media`]'s.

mod admit;
pub mod dial;
mod driver;
pub mod lamps;
pub mod phone;
mod plan;
mod says;
mod ways;

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, watch};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::blob::objects::Objects;
use crate::blob::spool::Spool;
use crate::clock::SharedClock;
use crate::flow::Key;
use crate::flow::keys::Profile;
use crate::media::Engine;
use crate::service::accounts::PinPolicy;
use crate::service::call_me::CallMe;
use crate::service::deposit::Deposit;
use crate::service::directory::AudioDirectory;
use crate::service::greetings::Greetings;
use crate::service::live_calls::LiveCalls;
use crate::service::login::Login;
use crate::service::outbound::{AllowedTargets, WayOut};
use crate::service::prompts::PromptSet;
use crate::service::reception::Reception;
use crate::service::retrieval::Retrieval;
use crate::service::sending::Sending;
use crate::service::settings::Settings;
use crate::signal::{DigestAccount, IncomingCall};
use crate::store::Store;

pub use says::Sounds;
pub use ways::Ways;

/// What is the same for every call.
#[derive(Debug, Clone)]
pub struct CallSettings {
    /// Address in our SDP. `None`: the local address that leads to the peer.
    pub advertise: Option<IpAddr>,
    /// Calls at the same time; further ones get 503.
    pub max_calls: usize,
    /// Say how to leave a message even after the owner's own greeting.
    pub always_instruct: bool,
    /// Where calls of trunks without a list of their own may be transferred to.
    pub transfer_targets: Vec<String>,
    /// Trunks with a list of their own, by name.
    pub trunk_targets: Vec<(String, Vec<String>)>,
    /// Trunks that take calls of ours, in the order in which they are tried.
    pub ways_out: Vec<TrunkOut>,
    /// Where `0` leads unless mailbox or tenant say otherwise.
    pub operator: Option<String>,
    /// Language of announcements for calls of which nothing can be found out.
    pub language: String,
    /// Host that turns a number into a URI when the peer's is not known.
    pub domain: Option<String>,
    /// The keys of owners who have not chosen others, and of callers who look for somebody.
    pub keys: Arc<Profile>,
    /// The key that leads from every greeting into the directory.
    pub directory_key: Option<Key>,
}

/// A trunk that takes calls of ours.
#[derive(Debug, Clone)]
pub struct TrunkOut {
    /// Whom it may call, and for whom.
    pub way: WayOut,
    /// The number that calls of ours come from.
    pub from: String,
    /// A phone that nobody takes is called for so long.
    pub ring: Duration,
    /// Host of that number.
    pub home: String,
    /// What is proven when it asks.
    pub account: Option<DigestAccount>,
}

impl AsRef<WayOut> for TrunkOut {
    fn as_ref(&self) -> &WayOut {
        &self.way
    }
}

impl CallSettings {
    fn targets(&self, trunk: Option<&str>, peer_host: &str) -> AllowedTargets {
        let own = trunk.and_then(|trunk| self.trunk_targets.iter().find(|(name, _)| name == trunk));
        let entries = own.map_or(&self.transfer_targets, |(_, entries)| entries);
        AllowedTargets::new(entries, self.domain.as_deref().unwrap_or(peer_host))
    }
}

/// The services behind an owner's call, and behind a caller who looks for somebody.
#[derive(Debug, Clone)]
pub struct Owners {
    /// Opens mailboxes.
    pub login: Login,
    /// Messages.
    pub retrieval: Retrieval,
    /// Settings and greetings.
    pub settings: Settings,
    /// Messages to others.
    pub sending: Sending,
    /// People by name.
    pub directory: AudioDirectory,
}

impl Owners {
    /// Over these stores, with these rules for new PINs.
    pub fn new(
        store: &Store,
        objects: &Objects,
        spool: &Spool,
        greetings: &Greetings,
        clock: &SharedClock,
        pins: PinPolicy,
    ) -> Self {
        let (clock, greetings) = (clock.clone(), greetings.clone());
        Self {
            login: Login::new(store.clone(), clock.clone(), pins),
            retrieval: Retrieval::new(store.clone(), objects.clone(), greetings.clone(), clock.clone()),
            settings: Settings::new(store.clone(), spool.clone(), greetings, clock.clone()),
            sending: Sending::new(store.clone(), objects.clone(), spool.clone(), clock),
            directory: AudioDirectory::new(store.clone()),
        }
    }
}

/// What calls need from the rest of the server.
#[derive(Clone)]
pub struct Desk {
    /// Finds the mailbox and its greeting.
    pub reception: Reception,
    /// Media sessions.
    pub engine: Engine,
    /// Recordings in progress.
    pub spool: Spool,
    /// Makes messages of recordings.
    pub deposit: Deposit,
    /// The owners' greetings.
    pub greetings: Greetings,
    /// What owners do with their mailboxes.
    pub owners: Arc<Owners>,
    /// Calls that were asked for.
    pub call_me: Arc<CallMe>,
    /// What is told of every call while it runs.
    pub live: LiveCalls,
    /// The spoken prompts.
    pub prompts: Arc<PromptSet>,
    /// Tones and pauses.
    pub sounds: Arc<Sounds>,
    /// Our addresses as peers see them.
    pub ways: Arc<Ways>,
    /// Tells the outbox that there may be work.
    pub nudge: Arc<dyn Fn() + Send + Sync>,
    /// Time and ids.
    pub clock: SharedClock,
    /// Settings.
    pub settings: Arc<CallSettings>,
}

/// How calls are told that the server stops.
#[derive(Debug, Clone, Default)]
pub struct Ending {
    /// No calls are taken any more.
    pub stop: CancellationToken,
    /// Running calls are ended; their recordings are kept.
    pub cut: CancellationToken,
}

/// Takes calls until it is stopped; `tracker` counts those that run. A call keeps the settings that it began with.
pub async fn receive(
    desk: Desk,
    settings: watch::Receiver<Arc<CallSettings>>,
    mut calls: mpsc::Receiver<IncomingCall>,
    tracker: TaskTracker,
    ending: Ending,
) {
    loop {
        let incoming = tokio::select! {
            () = ending.stop.cancelled() => return,
            incoming = calls.recv() => incoming,
        };
        let Some(incoming) = incoming else { return };
        let desk = Desk { settings: Arc::clone(&settings.borrow()), ..desk.clone() };
        if tracker.len() >= desk.settings.max_calls {
            let entry = admit::entry(&desk, desk.clock.uuid(), &incoming, &ending.cut);
            tracker.spawn(admit::refuse_busy(incoming, entry));
            continue;
        }
        tracker.spawn(admit::take(Arc::new(desk), Box::new(incoming), ending.cut.clone()));
    }
}

/// How long a greeting that lies in the object store is waited for before the built-in one is said.
const GREETING_PATIENCE: Duration = Duration::from_millis(1500);

#[cfg(test)]
mod tests {
    use super::*;

    fn size_of_future<A, B, C, F: Future>(_: fn(A, B, C) -> F) -> usize {
        size_of::<F>()
    }

    #[test]
    fn a_call_that_waits_takes_little_memory() {
        let size = size_of_future(admit::take);
        assert!(size <= 4 << 10, "the task of a call takes {size} bytes for as long as the call lasts");
    }
}
