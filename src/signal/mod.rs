//! The SIP stack behind an adapter of ours: transports, transactions and dialogs become [`IncomingCall`]s and
//! [`DialogEvent`]s. Nothing of the stack's own types leaves this module, so that it can be replaced.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::sync::{mpsc, oneshot};

use crate::clock::SharedClock;
use crate::flow::Key;
use crate::sip::CallFacts;

/// How the SIP side is set up.
#[derive(Debug, Clone)]
pub struct SignalConfig {
    /// For example `udp://0.0.0.0:5060`, `tcp://0.0.0.0:5060`.
    pub listen: Vec<Transport>,
    /// Address told to peers in `Contact` and `Via` when it differs from the bound one.
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
    /// SDP offer; `None`: the offer is ours, and the answer comes with the ACK (RFC 3261 §13.2.1).
    pub offer: Option<String>,
    /// Where it came from.
    pub source: SocketAddr,
    /// The dialog.
    pub dialog: Dialog,
    /// What happens in the dialog.
    pub events: mpsc::Receiver<DialogEvent>,
}

/// Our end of a dialog. Dropping it ends the call with BYE.
#[derive(Debug)]
pub struct Dialog;

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
#[derive(Debug, Clone)]
pub struct Signal;

#[expect(unused_variables, clippy::missing_errors_doc, reason = "signatures before bodies")]
impl Signal {
    /// Binds the transports and starts. Calls arrive on the receiver.
    pub async fn start(
        config: SignalConfig,
        clock: SharedClock,
    ) -> Result<(Self, mpsc::Receiver<IncomingCall>), SignalError> {
        todo!()
    }
    /// The bound addresses (a configured port 0 is resolved).
    pub fn local(&self) -> Vec<Transport> {
        todo!()
    }
    /// While draining, new INVITEs get 503 with `Retry-After`, OPTIONS get 503.
    pub fn drain(&self) {
        todo!()
    }
    /// Places a call.
    pub async fn call(
        &self,
        call: OutgoingCall,
    ) -> Result<(Dialog, mpsc::Receiver<DialogEvent>), SignalError> {
        todo!()
    }
    /// Stops the transports.
    pub async fn stop(&self) {
        todo!()
    }
}

#[expect(unused_variables, clippy::missing_errors_doc, reason = "signatures before bodies")]
impl Dialog {
    /// Call-ID, for the log.
    pub fn call_id(&self) -> &str {
        todo!()
    }
    /// 180.
    pub async fn ringing(&self) -> Result<(), SignalError> {
        todo!()
    }
    /// 183 with SDP, reliable (RFC 3262) when the peer supports or requires it.
    pub async fn progress(&self, sdp: &str) -> Result<(), SignalError> {
        todo!()
    }
    /// 200 with SDP; retransmitted until the ACK comes. [`DialogEvent::Confirmed`] follows.
    pub async fn answer(&self, sdp: &str) -> Result<(), SignalError> {
        todo!()
    }
    /// A final refusal.
    pub async fn reject(self, refusal: Refusal) -> Result<(), SignalError> {
        todo!()
    }
    /// REFER (RFC 3515) with `Referred-By`; [`DialogEvent::Transfer`] tells how it goes.
    pub async fn refer(&self, target: &str) -> Result<(), SignalError> {
        todo!()
    }
    /// BYE (or CANCEL of an unanswered outgoing call).
    pub async fn hang_up(self) -> Result<(), SignalError> {
        todo!()
    }
}
