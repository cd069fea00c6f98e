//! The SIP stack behind an adapter of ours: transports, transactions and dialogs become [`IncomingCall`]s and
//! [`DialogEvent`]s. Nothing of the stack's own types leaves this module, so that it can be replaced.
//!
//! From `rsipstack` come the message types and the transactions. Ours are the front door before its parser
//! (`wire`, `net`, `stream`, `access`, `digest`) and the dialogs above (`uas`, `uac`, `call`, `within`, `refresh`, `lamps`).

mod access;
mod answer;
mod call;
mod check;
mod core;
mod digest;
mod facts;
mod lamps;
mod message;
mod net;
mod proof;
mod reach;
mod refresh;
mod responses;
mod seen;
mod session;
mod stream;
#[cfg(test)]
mod tests;
mod text;
mod timers;
mod uac;
mod uas;
mod upkeep;
mod via;
mod wire;
mod within;

use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::sync::{mpsc, oneshot};

pub use self::access::Guest;
pub use self::lamps::{LampDialog, Life, NotifyError, Subscribing, Verdict};
pub use self::seen::{Heard, Sighting};

use self::call::{Command, Order};
use self::core::{Core, Timing};
use crate::clock::SharedClock;
use crate::flow::Key;
use crate::sip::CallFacts;

/// How the SIP side is set up.
#[derive(Debug, Clone)]
pub struct SignalConfig {
    /// For example `udp://0.0.0.0:5060`, `tcp://0.0.0.0:5060`.
    pub listen: Vec<Transport>,
    /// Host, with or without a port, told to peers in `Contact` and `Via` when it differs from the bound one.
    pub advertise: Option<String>,
    /// Who may call: addresses and networks. Others get no answer at all.
    pub peers: Vec<ipnet::IpNet>,
    /// Trunks: peers with names, digest accounts and settings of their own.
    pub trunks: Vec<TrunkAccess>,
    /// `Server` and `User-Agent` header.
    pub server: String,
    /// Session timer: smallest and default interval (RFC 4028), at least 90 s.
    pub session_min: Duration,
    /// Default session interval.
    pub session_expires: Duration,
}

/// One listening transport.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Transport {
    /// UDP.
    Udp(SocketAddr),
    /// TCP.
    Tcp(SocketAddr),
}

/// Who a trunk is.
#[derive(Debug, Clone)]
pub struct TrunkAccess {
    /// Name, for routing and the log.
    pub name: String,
    /// Addresses it calls from.
    pub peers: Vec<ipnet::IpNet>,
    /// Digest account it must prove (RFC 8760: SHA-256, MD5): realm, user and password. `None`: the address is enough.
    pub digest: Option<DigestAccount>,
    /// Account of ours that is proven to it when it challenges a request within a call, or a NOTIFY; only for its realm.
    pub ours: Option<DigestAccount>,
}

/// A digest account.
#[derive(Debug, Clone)]
pub struct DigestAccount {
    /// Realm.
    pub realm: String,
    /// User.
    pub user: String,
    /// Password.
    pub password: secrecy::SecretString,
}

/// A call that asks to be answered. Dropping it unanswered sends 480.
#[derive(Debug)]
pub struct IncomingCall {
    /// Who calls whom, as the INVITE says.
    pub facts: CallFacts,
    /// Name of the trunk it came over, if one matched.
    pub trunk: Option<String>,
    /// The user of the digest account that the INVITE proved (RFC 3261 §22). `None`: it proved nothing, whatever it says.
    pub identity: Option<String>,
    /// SDP offer; `None`: the offer is ours, and the answer comes with the ACK (RFC 3261 §13.2.1).
    pub offer: Option<String>,
    /// Where it came from.
    pub source: SocketAddr,
    /// The dialog.
    pub dialog: Dialog,
    /// What happens in the dialog.
    pub events: mpsc::Receiver<DialogEvent>,
}

/// Our end of a dialog. Dropping it ends the call: BYE, CANCEL or, unanswered by us, 480.
#[derive(Debug)]
pub struct Dialog {
    call_id: String,
    orders: mpsc::Sender<Order>,
}

/// What the other side did.
#[derive(Debug)]
pub enum DialogEvent {
    /// CANCEL before we answered; 487 has been sent.
    Cancelled,
    /// The call is up. `answer` is the SDP of the ACK when the offer was ours, of the 200 when we called.
    Confirmed {
        /// SDP answer.
        answer: Option<String>,
    },
    /// A re-INVITE or UPDATE with (or, for a re-INVITE, without) an offer: `reply` takes the SDP to answer with, or the refusal.
    Offer {
        /// SDP offer; `None`: answer with an offer of ours.
        offer: Option<String>,
        /// The answer.
        reply: oneshot::Sender<Result<String, Refusal>>,
    },
    /// A key by INFO.
    Key(Key),
    /// How our REFER goes: the status code of the sipfrag (100 … 699), or that the peer refused or fell silent.
    Transfer(Option<u16>),
    /// It rings (outgoing calls).
    Ringing,
    /// The call is over: BYE, session timer, transport, no ACK, or (outgoing) a final refusal with its code.
    Ended {
        /// Status code of a refusal.
        code: Option<u16>,
        /// Plain words.
        why: String,
    },
}

/// A final answer that refuses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// Status code, 400 … 699.
    pub code: u16,
    /// `Retry-After` in seconds (503).
    pub retry_after: Option<u32>,
    /// `Warning` text (488), RFC 3261 §20.43.
    pub warning: Option<String>,
}

/// The dialog is gone or the peer did not answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("SIP: {0}")]
pub struct SignalError(pub String);

/// A call that we place.
#[derive(Debug, Clone)]
pub struct OutgoingCall {
    /// Request-URI and To.
    pub target: String,
    /// From URI.
    pub from: String,
    /// Display name of From.
    pub from_name: Option<String>,
    /// SDP offer.
    pub offer: String,
    /// Further headers, for example `Diversion`.
    pub headers: Vec<(String, String)>,
    /// Answers a digest challenge of this realm only.
    pub credentials: Option<DigestAccount>,
}

/// The running stack. Cheap to clone.
#[derive(Clone)]
pub struct Signal {
    core: Arc<Core>,
}

impl fmt::Debug for Signal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Signal").field("local", &self.core.net.local).finish_non_exhaustive()
    }
}

/// What the server makes of bytes before any call is involved.
#[derive(Debug)]
pub enum Reading {
    /// A sound request: what it says about who calls whom.
    Request(Box<CallFacts>),
    /// A response.
    Response,
    /// Refused at once, with these bytes.
    Refused(Vec<u8>),
    /// Nothing that deserves an answer.
    Dropped,
}

/// Reads a datagram, or a message framed on a stream, exactly as the server would when it came from `source`. For
/// captures, fuzzing, and to measure what a call costs before it is one.
pub fn read_message(bytes: &[u8], source: SocketAddr) -> Reading {
    match wire::read(bytes, source, concat!("Aftertone/", env!("CARGO_PKG_VERSION"))) {
        wire::Input::Request(arrived) => {
            Reading::Request(Box::new(facts::facts(&arrived.request, &arrived.uri, &arrived.written)))
        }
        wire::Input::Response(_) => Reading::Response,
        wire::Input::Refuse(refused) => Reading::Refused(refused.bytes),
        wire::Input::Garbage(_) => Reading::Dropped,
    }
}

/// [`read_message`] for an INVITE; `None` when it would be refused.
pub fn read_invite(bytes: &[u8], source: SocketAddr) -> Option<CallFacts> {
    match read_message(bytes, source) {
        Reading::Request(facts) => Some(*facts),
        _ => None,
    }
}

/// Cuts what a TCP peer sent into messages as the server would: their lengths, and whether the connection goes on.
pub fn frame_stream(bytes: &[u8]) -> (Vec<usize>, bool) {
    stream::cut(bytes)
}

/// How long a stop waits for the answers to BYEs: two retransmissions over UDP (RFC 3261 §17.1.2.2).
const GOODBYES: std::time::Duration = std::time::Duration::from_secs(2);

impl Signal {
    /// Binds the transports and starts. Calls arrive on the receiver.
    ///
    /// # Errors
    /// An address that cannot be bound.
    pub async fn start(
        config: SignalConfig,
        clock: SharedClock,
    ) -> Result<(Self, mpsc::Receiver<IncomingCall>), SignalError> {
        Self::start_paced(config, clock, Timing::default()).await
    }

    async fn start_paced(
        config: SignalConfig,
        clock: SharedClock,
        timing: Timing,
    ) -> Result<(Self, mpsc::Receiver<IncomingCall>), SignalError> {
        let (calls, incoming) = mpsc::channel(core::MAX_WAITING);
        let core = Core::start(config, clock, timing, calls).await?;
        Ok((Self { core }, incoming))
    }

    /// The bound addresses (a configured port 0 is resolved).
    pub fn local(&self) -> Vec<Transport> {
        self.core.net.local.clone()
    }

    /// While draining, new INVITEs get 503 with `Retry-After`, OPTIONS get 503.
    pub fn drain(&self) {
        self.core.draining.store(true, Ordering::Relaxed);
    }

    /// From now on these may call, and no others. Running calls go on; what they send is heard as long as their
    /// address is a peer.
    pub fn set_access(&self, peers: Vec<ipnet::IpNet>, trunks: Vec<TrunkAccess>) {
        self.core.access.replace(peers, trunks);
    }

    /// Who spoke to us lately, last heard first; peers and strangers.
    pub fn seen(&self) -> Vec<Sighting> {
        self.core.seen.all()
    }

    /// Takes what comes from exactly this socket for a peer's while the guest lives: a test phone of our own.
    pub fn invite(&self, source: SocketAddr) -> Guest {
        self.core.access.invite(source)
    }

    /// The address that calls to this URI go to; `None` when its host is not known.
    pub async fn resolve(&self, uri: &str) -> Option<SocketAddr> {
        self.core.net.resolve(uri).await.map(|(address, _)| address)
    }

    /// Places a call.
    ///
    /// # Errors
    /// A target that is no SIP URI or cannot be reached. What the peer says comes as events.
    pub async fn call(
        &self,
        call: OutgoingCall,
    ) -> Result<(Dialog, mpsc::Receiver<DialogEvent>), SignalError> {
        uac::place(&self.core, call).await
    }

    /// Stops the transports and lets go of every call without a word to the peer; drain first. BYEs that are on their
    /// way get a moment to be answered.
    pub async fn stop(&self) {
        self.core.goodbyes.close();
        if tokio::time::timeout(GOODBYES, self.core.goodbyes.wait()).await.is_err() {
            tracing::debug!("a BYE was not answered before the stop");
        }
        self.core.stop.cancel();
        // The readers and the timers leave at their next turn.
        tokio::task::yield_now().await;
    }
}

impl Dialog {
    fn new(call_id: String, orders: mpsc::Sender<Order>) -> Self {
        Self { call_id, orders }
    }

    /// Call-ID, for the log.
    pub fn call_id(&self) -> &str {
        &self.call_id
    }

    /// 180.
    ///
    /// # Errors
    /// The call is answered or over.
    pub async fn ringing(&self) -> Result<(), SignalError> {
        self.order(Command::Ringing).await
    }

    /// 183 with SDP, reliable (RFC 3262) when the peer supports or requires it. Without an offer in the INVITE, the SDP
    /// is our offer and goes only to a peer that takes it reliably.
    ///
    /// # Errors
    /// The call is answered or over.
    pub async fn progress(&self, sdp: &str) -> Result<(), SignalError> {
        self.order(Command::Progress(sdp.to_owned())).await
    }

    /// 200 with SDP; retransmitted until the ACK comes. [`DialogEvent::Confirmed`] follows.
    ///
    /// # Errors
    /// The call is answered or over.
    pub async fn answer(&self, sdp: &str) -> Result<(), SignalError> {
        self.order(Command::Answer(sdp.to_owned())).await
    }

    /// A final refusal.
    ///
    /// # Errors
    /// The call is answered or over.
    pub async fn reject(self, refusal: Refusal) -> Result<(), SignalError> {
        self.order(Command::Reject(refusal)).await
    }

    /// REFER (RFC 3515) with `Referred-By`; [`DialogEvent::Transfer`] tells how it goes.
    ///
    /// # Errors
    /// The call is not up, or `target` is no URI.
    pub async fn refer(&self, target: &str) -> Result<(), SignalError> {
        self.order(Command::Refer(target.to_owned())).await
    }

    /// BYE, after which the channel closes without [`DialogEvent::Ended`]; or CANCEL of an unanswered outgoing call,
    /// whose end (487 as a rule) is still told. Before the ACK of our 200 the BYE waits for it (RFC 3261 §15).
    ///
    /// # Errors
    /// The call is over already.
    pub async fn hang_up(self) -> Result<(), SignalError> {
        self.order(Command::HangUp).await
    }

    async fn order(&self, command: Command) -> Result<(), SignalError> {
        let gone = || SignalError("the call is over".to_owned());
        let (done, outcome) = oneshot::channel();
        self.orders.send((command, done)).await.map_err(|_| gone())?;
        outcome.await.map_err(|_| gone())?
    }
}
