//! The heart: what comes from the sockets goes through the stack's transactions and on to the dialogs, or is answered
//! here. Holds the tables; one call's behaviour is in [`super::call`].

use std::collections::{HashMap, HashSet};
use std::future::Future;
use std::net::{IpAddr, SocketAddr};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rsipstack::EndpointBuilder;
use rsipstack::sip::headers::make_header;
use rsipstack::sip::{Method, Request, Response, SipMessage};
use rsipstack::transaction::TransactionReceiver;
use rsipstack::transaction::endpoint::{EndpointInnerRef, EndpointOption, MessageInspector};
use rsipstack::transaction::key::{TransactionKey, TransactionRole};
use rsipstack::transaction::transaction::Transaction;
use rsipstack::transport::SipAddr;
use rsipstack::transport::transport_layer::DomainResolver;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::instrument::WithSubscriber;

use super::access::Access;
use super::digest::Gate;
use super::net::{Flow, Net, Origin, sip_addr};
use super::seen::{Heard, Seen};
use super::session::Limits;
use super::wire::{self, Input, header};
use super::{DigestAccount, IncomingCall, SignalConfig, digest, lamps, message, stream};
use crate::clock::SharedClock;

/// Calls that wait for the application at most; more get 503.
pub(super) const MAX_WAITING: usize = 1024;
/// Dialogs at a time.
const MAX_DIALOGS: usize = 20_000;

/// The pace of the protocol; tests shorten it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Timing {
    /// T1 of RFC 3261 §17.1.1.1.
    pub(super) t1: Duration,
    /// What a second of a session interval lasts.
    pub(super) second: Duration,
    /// A stream must bring a whole message in this time.
    pub(super) message: Duration,
}

impl Default for Timing {
    fn default() -> Self {
        Self {
            t1: Duration::from_millis(500),
            second: Duration::from_secs(1),
            message: Duration::from_secs(15),
        }
    }
}

/// What reaches a dialog from outside.
pub(super) enum Inbound {
    /// A request in the dialog.
    Request(Box<Transaction>),
    /// The CANCEL of its INVITE.
    Cancelled,
    /// The ACK of a 2xx of ours.
    Acked { seq: u32, body: Option<String> },
    /// No ACK came for 64·T1.
    Unacked { seq: u32 },
    /// The final answer to a request of ours.
    Answered { what: Asked, seq: u32, response: Option<Box<Response>> },
    /// A response to the INVITE of a call that we place.
    Called(Box<Response>),
}

/// Which request of ours was answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Asked {
    Refresh,
    Refer,
}

/// Where a dialog is reached.
pub(super) struct Entry {
    pub(super) inbox: mpsc::Sender<Inbound>,
    pub(super) call_id: String,
    /// Empty for a call that we place, until it is answered.
    pub(super) remote_tag: String,
}

/// Everything that the sockets and the calls share.
pub(super) struct Core {
    pub(super) limits: Limits,
    pub(super) clock: SharedClock,
    pub(super) timing: Timing,
    pub(super) endpoint: EndpointInnerRef,
    incoming: tokio::sync::Mutex<TransactionReceiver>,
    pub(super) access: Arc<Access>,
    pub(super) gate: Gate,
    pub(super) seen: Seen,
    pub(super) calls: mpsc::Sender<IncomingCall>,
    pub(super) subscriptions: lamps::Subscriptions,
    pub(super) dialogs: Mutex<HashMap<String, Entry>>,
    /// INVITEs in progress by Call-ID, From tag and CSeq, to notice merged requests (RFC 3261 §8.2.2.2).
    pub(super) invites: Mutex<HashSet<String>>,
    pub(super) draining: AtomicBool,
    pub(super) net: Net,
    pub(super) server: Arc<str>,
    /// BYEs on their way; [`super::Signal::stop`] waits for them.
    pub(super) goodbyes: TaskTracker,
    pub(super) stop: CancellationToken,
}

/// Runs a piece of the stack without its log lines: it writes whole messages, credentials included, at INFO.
pub(super) fn quiet<F: Future>(stack: F) -> impl Future<Output = F::Output> {
    stack.with_subscriber(tracing::Dispatch::none())
}

/// Counts responses and gives the stack's own ones (to CANCEL) our `Server` header.
struct Outgoing(Arc<str>);

impl MessageInspector for Outgoing {
    fn before_send(&self, mut msg: SipMessage, _: Option<&SipAddr>) -> SipMessage {
        if let SipMessage::Response(response) = &mut msg {
            count(response.status_code.code());
            if header(&response.headers, "User-Agent").is_some() {
                response.headers.retain(|h| h.name() != "User-Agent");
                message::add(response, "Server", self.0.to_string());
            }
        }
        msg
    }
    fn after_received(&self, msg: SipMessage, _: Option<&SipAddr>) -> SipMessage {
        msg
    }
}

fn count(code: u16) {
    metrics::counter!("aftertone_sip_responses_total", "code" => code.to_string()).increment(1);
}

/// Names are resolved by [`Net`]; the stack never needs to.
struct NoNames;

#[async_trait::async_trait]
impl DomainResolver for NoNames {
    async fn resolve(&self, _: &SipAddr) -> rsipstack::Result<SipAddr> {
        Err(rsipstack::Error::Error("names are resolved before the stack".to_owned()))
    }
}

fn endpoint(server: &Arc<str>, timing: Timing) -> rsipstack::transaction::Endpoint {
    let option = EndpointOption {
        t1: timing.t1,
        t2: timing.t1 * 8,
        t4: timing.t1 * 10,
        t1x64: timing.t1 * 64,
        auto_ack_2xx: false,
        ..EndpointOption::default()
    };
    EndpointBuilder::new()
        .with_user_agent(server)
        .with_option(option)
        .with_domain_resolver(Box::new(NoNames))
        .with_inspector(Box::new(Outgoing(Arc::clone(server))))
        .build()
}

impl Core {
    /// Binds, and starts readers and timers.
    pub(super) async fn start(
        config: SignalConfig,
        clock: SharedClock,
        timing: Timing,
        calls: mpsc::Sender<IncomingCall>,
    ) -> Result<Arc<Self>, super::SignalError> {
        let (net, listeners) = Net::bind(&config).await?;
        let server: Arc<str> = config.server.as_str().into();
        let endpoint = endpoint(&server, timing);
        let incoming = endpoint.incoming_transactions().map_err(|e| super::SignalError(e.to_string()))?;
        let mut secret = [0; 32];
        clock.fill(&mut secret);
        let core = Arc::new(Self {
            limits: Limits::new(config.session_min, config.session_expires),
            clock,
            timing,
            endpoint: Arc::clone(&endpoint.inner),
            incoming: tokio::sync::Mutex::new(incoming),
            access: Arc::new(Access::new(config.peers, config.trunks)),
            gate: Gate::new(secret),
            seen: Seen::default(),
            calls,
            subscriptions: lamps::Subscriptions::new(),
            dialogs: Mutex::default(),
            invites: Mutex::default(),
            draining: AtomicBool::new(false),
            net,
            server,
            goodbyes: TaskTracker::new(),
            stop: CancellationToken::new(),
        });
        tokio::spawn(super::upkeep::run(Arc::clone(&core)));
        for side in &core.net.udp {
            tokio::spawn(super::net::serve_udp(Arc::clone(&core), Arc::clone(side)));
        }
        for listener in listeners {
            tokio::spawn(stream::serve(Arc::clone(&core), listener));
        }
        Ok(core)
    }

    /// A random token for tags, branches and Call-IDs.
    pub(super) fn token(&self) -> String {
        let mut bytes = [0; 12];
        self.clock.fill(&mut bytes);
        bytes.iter().flat_map(|b| [b >> 4, b & 15]).filter_map(|n| char::from_digit(n.into(), 16)).collect()
    }

    /// Somebody who gets no answer.
    pub(super) fn stranger(&self, source: SocketAddr) {
        self.seen.note(source.ip(), self.clock.now(), Heard::Stranger);
    }

    /// Monotonic time.
    pub(super) fn now(&self) -> Duration {
        self.clock.monotonic()
    }

    /// Time for nonces.
    pub(super) fn wall(&self) -> Duration {
        Duration::from_millis(u64::try_from(self.clock.now().as_millisecond()).unwrap_or(0))
    }

    /// One datagram or framed message.
    pub(super) async fn receive(self: &Arc<Self>, bytes: &[u8], origin: &Origin) {
        match wire::read(bytes, origin.flow.remote, &self.server) {
            Input::Request(arrived) => self.request(*arrived, origin).await,
            Input::Response(response) => self.response(*response, origin).await,
            Input::Refuse(refused) if origin.standing != super::access::Standing::Asked => {
                metrics::counter!("aftertone_sip_requests_total", "method" => "refused").increment(1);
                count(refused.code);
                origin.raw.send(refused.bytes, refused.reply_to);
            }
            Input::Refuse(_) => {}
            Input::Garbage(why) => {
                metrics::counter!("aftertone_sip_dropped_total", "why" => "garbage").increment(1);
                tracing::trace!(why, "dropped");
            }
        }
    }

    async fn request(self: &Arc<Self>, arrived: wire::Arrived, origin: &Origin) {
        metrics::counter!("aftertone_sip_requests_total", "method" => method(arrived.request.method))
            .increment(1);
        let wire::Arrived { request, uri, branch, reply_to, written } = arrived;
        let from = sip_addr(origin.flow.remote, origin.flow.tcp);
        let connection = origin.flow.connection.clone();
        let message = SipMessage::Request(request);
        let begun = {
            // The stack hands a new transaction over within this call, so the queue behind never holds more than one.
            let mut incoming = self.incoming.lock().await;
            if let Err(error) = quiet(self.endpoint.on_received_message(message, connection, &from)).await {
                metrics::counter!("aftertone_sip_dropped_total", "why" => "stack").increment(1);
                tracing::debug!(%error, "the stack refused a request");
            }
            incoming.try_recv().ok()
        };
        let Some(mut tx) = begun else { return };
        if !origin.flow.tcp {
            tx.destination = Some(sip_addr(reply_to, false));
        }
        super::uas::dispatch(self, tx, super::uas::Arrival { uri, branch, reply_to, written, origin }).await;
    }

    /// The table of dialogs, by our tag.
    pub(super) fn dialogs(&self) -> std::sync::MutexGuard<'_, HashMap<String, Entry>> {
        self.dialogs.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn is_full(&self) -> bool {
        self.dialogs().len() >= MAX_DIALOGS
    }

    pub(super) fn is_draining(&self) -> bool {
        self.draining.load(Ordering::Relaxed)
    }

    /// Answers without keeping a transaction; the peer repeats its request if this is lost.
    pub(super) fn send_once(&self, response: &Response, origin: &Origin, reply_to: std::net::SocketAddr) {
        count(response.status_code.code());
        origin.raw.send(response.to_bytes(), reply_to);
    }

    /// The flow to the next hop of a dialog: its live connection, or a new one, or UDP.
    pub(super) async fn route(self: &Arc<Self>, hop: &str, known: Option<&Flow>) -> Option<Flow> {
        if let Some(flow) = known.filter(|flow| flow.tcp)
            && let Some(stream) = self.net.stream(flow.remote)
        {
            return Some(stream.flow(flow.remote));
        }
        let Some((remote, tcp)) = self.net.resolve(hop).await else {
            // The name cannot be resolved: the way the INVITE came is the best guess.
            return known.cloned();
        };
        if tcp || known.is_some_and(|flow| flow.tcp) {
            if let Some(stream) = self.net.stream(remote) {
                return Some(stream.flow(remote));
            }
            let asking = self.access.ask(remote.ip());
            let stream = stream::connect(self, remote).await?;
            drop(asking);
            return Some(stream.flow(remote));
        }
        match known {
            Some(flow) if flow.remote.is_ipv4() == remote.is_ipv4() => Some(Flow { remote, ..flow.clone() }),
            _ => self.net.udp_flow(remote),
        }
    }

    /// Sends a request and waits for its final answer; `None` when it could not be sent.
    pub(super) async fn ask(self: &Arc<Self>, request: Request, flow: &Flow) -> Option<Response> {
        let _asking = self.access.ask(flow.remote.ip());
        let mut tx = self.client(request, flow)?;
        quiet(tx.send()).await.ok()?;
        loop {
            match quiet(tx.receive()).await? {
                SipMessage::Response(response) if response.status_code.code() >= 200 => {
                    return Some(response);
                }
                _ => {}
            }
        }
    }

    /// As [`Core::ask`]; who challenges with the realm of our account there (`known`, else that of its trunk) is answered
    /// once, by the same request with the next CSeq, which is the caller's to keep free.
    pub(super) async fn ask_proven(
        self: &Arc<Self>,
        request: Request,
        flow: &Flow,
        known: Option<DigestAccount>,
    ) -> Option<Response> {
        let mut again = request.clone();
        let response = self.ask(request, flow).await?;
        let Some(account) = known.or_else(|| self.access.ours(flow.remote.ip())) else {
            return Some(response);
        };
        let (name, uri) = (again.method.to_string(), again.uri.to_string());
        let Some((header, value)) = digest::prove(&response, &account, &name, &uri, &self.token()) else {
            return Some(response);
        };
        let seq = message::sequence(&again.headers).wrapping_add(1);
        again.headers.retain(|header| !matches!(header.name(), "Via" | "CSeq"));
        again.headers.0.insert(0, make_header("Via", flow.via(&self.token())));
        again.headers.push(make_header("CSeq", format!("{seq} {name}")));
        again.headers.push(make_header(header, value));
        self.ask(again, flow).await
    }

    /// A client transaction over `flow`.
    pub(super) fn client(&self, request: Request, flow: &Flow) -> Option<Transaction> {
        let key = TransactionKey::from_request(&request, TransactionRole::Client).ok()?;
        let connection = Some(flow.connection.clone());
        let mut tx = Transaction::new_client(key, request, Arc::clone(&self.endpoint), connection);
        tx.destination = Some(flow.destination());
        Some(tx)
    }

    /// Sends a request that gets no answer (ACK).
    pub(super) async fn send(&self, request: Request, flow: &Flow) {
        let sent = quiet(flow.connection.send(SipMessage::Request(request), Some(&flow.destination()))).await;
        if let Err(error) = sent {
            tracing::debug!(%error, "a request could not be sent");
        }
    }

    /// Keeps answers from `ip` welcome.
    pub(super) fn asking(&self, ip: IpAddr) -> super::access::Asking {
        self.access.ask(ip)
    }
}

/// Label of a method.
const fn method(method: Method) -> &'static str {
    match method {
        Method::Invite => "INVITE",
        Method::Ack => "ACK",
        Method::Bye => "BYE",
        Method::Cancel => "CANCEL",
        Method::Options => "OPTIONS",
        Method::Update => "UPDATE",
        Method::Info => "INFO",
        Method::PRack => "PRACK",
        Method::Notify => "NOTIFY",
        Method::Subscribe => "SUBSCRIBE",
        _ => "other",
    }
}
