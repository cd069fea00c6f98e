//! Message waiting (RFC 3842): SUBSCRIBE is checked here and handed on as [`Subscribing`]; NOTIFY goes out from here.
//!
//! Keeps no dialogs: what a subscription's dialog is, is text ([`LampDialog`]) that the application keeps and gives back,
//! so that subscriptions outlive the process. Who may subscribe to what is the application's to decide.

mod sync;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use rsipstack::sip::headers::make_header;
use rsipstack::sip::{Method, Request, Response};
use rsipstack::transaction::transaction::Transaction;
use serde::{Deserialize, Serialize};
use tokio::sync::{mpsc, oneshot};

use super::core::Core;
use super::facts::{facts, joined};
use super::message::{self, Peer, add, respond};
use super::net::Flow;
use super::uas::{Arrival, Refusing, plain, refuse, reply};
use super::wire::header;
use super::{Signal, text};
use crate::sip::{CallFacts, summary};

/// Subscriptions that wait for the application.
pub(super) const WAITING: usize = 256;
/// Shortest subscription in seconds; less gets 423 (RFC 6665 §4.2.1.1).
const SHORTEST: u32 = 60;
/// Longest one: what asks for more gets this.
const LONGEST: u32 = 24 * 3600;
/// When nothing is asked for (RFC 3842 §3.4 leaves it to us).
const USUAL: u32 = 3600;
/// A phone that has not confirmed within this is told again later.
const PATIENCE: Duration = Duration::from_secs(5);
/// An application that does not decide within this is overloaded.
const DECISION: Duration = Duration::from_secs(10);

/// The dialog of a subscription, or whom to tell without one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LampDialog {
    call_id: String,
    local: String,
    local_tag: String,
    remote: String,
    target: String,
    routes: Vec<String>,
    remote_seq: u32,
    /// Where the SUBSCRIBE came from, and whether by TCP.
    peer: Option<(SocketAddr, bool)>,
    /// Whose messages, as the phone calls it: `Message-Account`.
    account: String,
}

impl LampDialog {
    /// Tells `target` (a SIP URI) about an account without having been asked.
    pub fn unsolicited(target: &str, account: &str) -> Option<Self> {
        text::place(target)?;
        if target.contains(|c: char| c.is_control() || " <>\"".contains(c)) {
            return None;
        }
        Some(Self {
            call_id: String::new(),
            local: format!("<{account}>"),
            local_tag: String::new(),
            remote: format!("<{target}>"),
            target: target.to_owned(),
            routes: Vec::new(),
            remote_seq: 0,
            peer: None,
            account: account.to_owned(),
        })
    }

    /// The name of the dialog: unique, and known from each of its requests.
    pub fn name(&self) -> String {
        format!("{};{}", self.call_id, self.local_tag)
    }

    /// Whether a request with this CSeq is older than what has been seen (RFC 3261 §12.2.2).
    pub fn is_stale(&self, later: &Self) -> bool {
        later.remote_seq <= self.remote_seq
    }

    /// Where its NOTIFYs go.
    pub fn target(&self) -> &str {
        &self.target
    }

    /// This request's dialog, with what only the first one said: the route stays (RFC 3261 §12.2), and whose messages
    /// they are.
    #[must_use]
    pub fn within(&self, first: &Self) -> Self {
        Self { routes: first.routes.clone(), account: first.account.clone(), ..self.clone() }
    }

    /// Whether both are the same peer's: same tags, same Call-ID.
    pub fn is_same(&self, later: &Self) -> bool {
        message::tag_of(&self.remote) == message::tag_of(&later.remote)
    }
}

/// A SUBSCRIBE that keeps the rules. Dropping it answers 503.
#[derive(Debug)]
pub struct Subscribing {
    /// Who wants to know about whom: `from` and `request_uri`.
    pub facts: CallFacts,
    /// The dialog, as it is after this request.
    pub dialog: LampDialog,
    /// It renews (or ends) a subscription: `dialog.name()` must be known.
    pub renews: bool,
    /// How long it is to last, within our bounds; zero: one NOTIFY, then no more.
    pub expires: Duration,
    answer: oneshot::Sender<(Verdict, oneshot::Sender<()>)>,
}

/// How a SUBSCRIBE is answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// 200.
    Accepted,
    /// 403: not its mailbox.
    Forbidden,
    /// 404: no such mailbox.
    Unknown,
    /// 481: no such subscription.
    Gone,
    /// 500: older than what was seen.
    Stale,
    /// 503: too many, or the store is away.
    Later,
}

impl Subscribing {
    /// Answers; returns when the answer is on its way, so that a NOTIFY may follow it.
    pub async fn answer(self, verdict: Verdict) {
        let (done, sent) = oneshot::channel();
        if self.answer.send((verdict, done)).is_ok() {
            // Nobody is left to wait for when the stack has stopped.
            let _ = sent.await;
        }
    }
}

/// Why a NOTIFY was not confirmed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotifyError {
    /// 481, 489, 404, 410, 604: the peer knows nothing of a subscription.
    #[error("it answered {0}")]
    Gone(u16),
    /// Another refusal.
    #[error("it answered {0}")]
    Refused(u16),
    /// No answer, no way to it.
    #[error("it does not answer")]
    Silent,
}

/// What a NOTIFY says of its subscription.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Life {
    /// It goes on for so long.
    Active(Duration),
    /// It is over.
    Ended,
    /// There is none.
    None,
}

impl Life {
    fn header(self) -> String {
        match self {
            Self::Active(left) => format!("active;expires={}", left.as_secs()),
            Self::Ended => "terminated;reason=timeout".to_owned(),
            Self::None => "terminated;reason=noresource".to_owned(),
        }
    }
}

impl Signal {
    /// The SUBSCRIBEs. There is one receiver: `None` when it was taken already. Until it is taken they get 503.
    pub fn subscriptions(&self) -> Option<mpsc::Receiver<Subscribing>> {
        self.core.subscriptions.take()
    }

    /// Tells a phone what waits, and waits for its confirmation.
    ///
    /// # Errors
    /// [`NotifyError`].
    pub async fn notify(
        &self,
        dialog: &LampDialog,
        cseq: u32,
        life: Life,
        counts: crate::domain::Counts,
    ) -> Result<(), NotifyError> {
        let core = &self.core;
        let request = async {
            let peer = peer(core, dialog);
            let known = dialog.peer.and_then(|(at, tcp)| flow(core, at, tcp));
            let flow = core.route(peer.next_hop(), known.as_ref()).await?;
            let via = flow.via(&core.token());
            let mut request = peer.request(Method::Notify, cseq, via, &flow.contact())?;
            request.headers.push(make_header("Event", summary::EVENT.to_owned()));
            request.headers.push(make_header("Subscription-State", life.header()));
            let body = summary::write(&dialog.account, counts);
            let request = message::with_body(request, Some((summary::CONTENT_TYPE, &body)));
            // A subscription's numbers are counted by whoever keeps it: only one that nobody asked for is said again.
            if dialog.call_id.is_empty() {
                core.ask_proven(request, &flow, None).await
            } else {
                core.ask(request, &flow).await
            }
        };
        confirmed(tokio::time::timeout(PATIENCE, request).await.ok().flatten())
    }
}

fn confirmed(response: Option<Response>) -> Result<(), NotifyError> {
    match response.map(|response| response.status_code.code()) {
        Some(200..=299) => Ok(()),
        Some(code @ (404 | 410 | 481 | 489 | 604)) => Err(NotifyError::Gone(code)),
        Some(408) | None => Err(NotifyError::Silent),
        Some(code) => Err(NotifyError::Refused(code)),
    }
}

fn peer(core: &Core, dialog: &LampDialog) -> Peer {
    let solicited = !dialog.call_id.is_empty();
    let local =
        if solicited { dialog.local.clone() } else { format!("{};tag={}", dialog.local, core.token()) };
    Peer {
        call_id: if solicited { dialog.call_id.clone() } else { core.token() },
        local,
        remote: dialog.remote.clone(),
        local_tag: dialog.local_tag.clone(),
        local_seq: 0,
        remote_seq: None,
        target: dialog.target.clone(),
        routes: dialog.routes.clone(),
        user_agent: Arc::clone(&core.server),
    }
}

/// The way the SUBSCRIBE came, if it is still there.
fn flow(core: &Core, at: SocketAddr, tcp: bool) -> Option<Flow> {
    if tcp { core.net.stream(at).map(|stream| stream.flow(at)) } else { core.net.udp_flow(at) }
}

/// Takes a SUBSCRIBE from a peer that may speak to us.
pub(super) fn subscribe(core: &Arc<Core>, tx: Transaction, arrival: &Arrival<'_>) {
    let (dialog, expires) = match check(core, &tx.original, arrival) {
        Ok(sound) => sound,
        Err(refusing) => return refuse(core, &tx, refusing, arrival),
    };
    let (answer, answered) = oneshot::channel();
    let renews = header(&tx.original.headers, "To").and_then(message::tag_of).is_some();
    let subscribing = Subscribing {
        facts: facts(&tx.original, &arrival.uri, &arrival.written),
        dialog: dialog.clone(),
        renews,
        expires: Duration::from_secs(expires.into()),
        answer,
    };
    if core.is_draining() || !core.subscriptions.hand_over(subscribing) {
        return refuse(core, &tx, (503, vec![("Retry-After", "10".to_owned())]), arrival);
    }
    let (core, flow) = (Arc::clone(core), arrival.origin.flow.clone());
    tokio::spawn(respond_later(core, tx, flow, dialog, expires, answered));
}

async fn respond_later(
    core: Arc<Core>,
    mut tx: Transaction,
    flow: Flow,
    dialog: LampDialog,
    expires: u32,
    answered: oneshot::Receiver<(Verdict, oneshot::Sender<()>)>,
) {
    let decided = tokio::time::timeout(DECISION, answered).await.ok().and_then(Result::ok);
    let (verdict, done) = decided.map_or((Verdict::Later, None), |(verdict, done)| (verdict, Some(done)));
    let code = match verdict {
        Verdict::Accepted => 200,
        Verdict::Forbidden => 403,
        Verdict::Unknown => 404,
        Verdict::Gone => 481,
        Verdict::Stale => 500,
        Verdict::Later => 503,
    };
    let mut response = respond(&tx.original, code, &dialog.local_tag, &core.server);
    match verdict {
        Verdict::Accepted => {
            message::record_route(&mut response, &tx.original);
            add(&mut response, "Contact", flow.contact());
            add(&mut response, "Expires", expires.to_string());
        }
        Verdict::Later => add(&mut response, "Retry-After", "10"),
        Verdict::Forbidden | Verdict::Unknown | Verdict::Gone | Verdict::Stale => {}
    }
    reply(&mut tx, message::body(response, None)).await;
    if let Some(done) = done {
        // The application may have gone meanwhile.
        let _ = done.send(());
    }
}

/// RFC 6665 §4.2.1.1: the event, the body it takes, how long, and where the NOTIFYs go.
fn check(core: &Core, request: &Request, arrival: &Arrival<'_>) -> Result<(LampDialog, u32), Refusing> {
    let event = header(&request.headers, "Event").unwrap_or_default();
    let event = event.split(';').next().unwrap_or_default().trim();
    if !event.eq_ignore_ascii_case(summary::EVENT) {
        return Err((489, vec![("Allow-Events", summary::EVENT.to_owned())]));
    }
    let accept = joined(&request.headers, "Accept");
    let fits = |item: &str| {
        let kind = item.split(';').next().unwrap_or(item).trim();
        [summary::CONTENT_TYPE, "application/*", "*/*"].iter().any(|known| kind.eq_ignore_ascii_case(known))
    };
    if !accept.trim().is_empty() && !accept.split(',').any(fits) {
        return Err(plain(406));
    }
    let expires = match header(&request.headers, "Expires") {
        None => USUAL,
        Some(text) => text.trim().parse::<u32>().map_err(|_| plain(400))?,
    };
    if (1..SHORTEST).contains(&expires) {
        return Err((423, vec![("Min-Expires", SHORTEST.to_string())]));
    }
    let contact = header(&request.headers, "Contact").and_then(|v| text::list(v).into_iter().next());
    let contact = contact.and_then(text::address).ok_or_else(|| plain(400))?;
    text::place(contact.uri).ok_or_else(|| plain(400))?;
    let to = header(&request.headers, "To").unwrap_or_default();
    let (local, local_tag) = match message::tag_of(to) {
        Some(tag) => (to.to_owned(), tag.to_owned()),
        None => {
            let tag = core.token();
            (format!("{to};tag={tag}"), tag)
        }
    };
    let flow = &arrival.origin.flow;
    let route = joined(&request.headers, "Record-Route");
    let dialog = LampDialog {
        call_id: header(&request.headers, "Call-ID").unwrap_or_default().to_owned(),
        local,
        local_tag,
        remote: header(&request.headers, "From").unwrap_or_default().to_owned(),
        target: contact.uri.to_owned(),
        routes: text::list(&route).into_iter().map(str::to_owned).collect(),
        remote_seq: message::sequence(&request.headers),
        peer: Some((flow.remote, flow.tcp)),
        account: wire_account(&arrival.uri),
    };
    Ok((dialog, expires.min(LONGEST)))
}

/// The Request-URI without its parameters.
fn wire_account(uri: &str) -> String {
    let end = uri.find([';', '?']).unwrap_or(uri.len());
    uri.get(..end).unwrap_or(uri).chars().take(256).collect()
}

/// Where SUBSCRIBEs wait for the application.
pub(super) struct Subscriptions {
    sender: mpsc::Sender<Subscribing>,
    receiver: std::sync::Mutex<Option<mpsc::Receiver<Subscribing>>>,
}

impl Subscriptions {
    pub(super) fn new() -> Self {
        let (sender, receiver) = mpsc::channel(WAITING);
        Self { sender, receiver: std::sync::Mutex::new(Some(receiver)) }
    }

    fn take(&self) -> Option<mpsc::Receiver<Subscribing>> {
        self.receiver.lock().unwrap_or_else(std::sync::PoisonError::into_inner).take()
    }

    fn hand_over(&self, subscribing: Subscribing) -> bool {
        self.sender.try_send(subscribing).is_ok()
    }
}
