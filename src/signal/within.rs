//! Requests of the peer inside a dialog: BYE, re-INVITE, UPDATE, PRACK, INFO, NOTIFY, OPTIONS (RFC 3261 §12.2.2, §14.2,
//! RFC 3311, RFC 3262, RFC 6086, RFC 3515), and the offers that wait for the application.

use std::future;
use std::sync::Arc;
use std::time::Duration;

use rsipstack::sip::{Method, Request, Response};
use rsipstack::transaction::transaction::Transaction;
use tokio::sync::oneshot;

use super::answer::{session_headers, warn};
use super::call::{Call, Invite, Stage, contact};
use super::core::{Asked, Inbound};
use super::message::{self, add, respond};
use super::session::{self, Terms};
use super::timers::Name;
use super::uas::{options_answer, pump, reply, take_request};
use super::wire::header;
use super::{DialogEvent, Refusal, text};
use crate::flow::Key;

/// A reliable provisional response on its way (RFC 3262 §3).
pub(super) struct Reliable {
    pub(super) number: u32,
    pub(super) response: Response,
    pub(super) wait: Duration,
    pub(super) acked: bool,
}

/// An offer that the application is asked about.
pub(super) struct Pending {
    reply: oneshot::Receiver<Result<String, Refusal>>,
    way: Way,
    terms: Option<Terms>,
}

/// How its answer goes back.
enum Way {
    Transaction(Box<Transaction>),
    Invite(Box<Invite>),
}

impl Way {
    fn request(&self) -> &Request {
        match self {
            Self::Transaction(tx) => &tx.original,
            Self::Invite(invite) => &invite.request,
        }
    }

    async fn send(&mut self, response: Response) {
        match self {
            Self::Transaction(tx) => reply(tx, response).await,
            Self::Invite(invite) => invite.send(response),
        }
    }
}

/// What the application said to the pending offer; never, while there is none.
pub(super) async fn replied(pending: &mut Option<Pending>) -> Option<Result<String, Refusal>> {
    match pending {
        Some(pending) => (&mut pending.reply).await.ok(),
        None => future::pending().await,
    }
}

impl Call {
    pub(super) async fn inbound(&mut self, inbound: Inbound) {
        match inbound {
            Inbound::Request(tx) => self.request(tx).await,
            Inbound::Cancelled => self.cancelled(),
            Inbound::Acked { seq, body } => self.acked(seq, body),
            Inbound::Unacked { seq } => self.unacked(seq).await,
            Inbound::Answered { what: Asked::Refresh, seq, response } => self.refreshed(seq, response).await,
            Inbound::Answered { what: Asked::Refer, response, .. } => self.referred(response.as_deref()),
            Inbound::Called(response) => self.called(*response).await,
        }
    }

    fn cancelled(&mut self) {
        if self.stage == Stage::Asked {
            self.send(self.response(487), None);
            self.tell(DialogEvent::Cancelled);
            self.stage = Stage::Over;
        }
    }

    fn acked(&mut self, seq: u32, body: Option<String>) {
        if self.counter_offer == Some(seq) {
            self.counter_offer = None;
            self.tell(DialogEvent::Confirmed { answer: body });
            return;
        }
        let ours = self.invite.as_ref().is_some_and(|invite| invite.seq() == seq);
        let Stage::Answered { bye } = self.stage else { return };
        if !ours {
            return;
        }
        self.invite = None;
        self.stage = Stage::Up;
        if bye {
            self.bye(64);
            self.stage = Stage::Over;
            return;
        }
        let answer = self.early_answer.take().or(body).filter(|_| !self.offered);
        self.tell(DialogEvent::Confirmed { answer });
    }

    /// Without an ACK the dialog cannot live (RFC 3261 §13.3.1.4).
    async fn unacked(&mut self, seq: u32) {
        tracing::debug!(call_id = %self.peer.call_id, seq, "no ACK");
        self.bye(14);
        self.finish(None, "the answer was never acknowledged").await;
    }

    async fn request(&mut self, mut tx: Box<Transaction>) {
        let seq = message::sequence(&tx.original.headers);
        if self.peer.remote_seq.is_some_and(|last| seq <= last) {
            return self.plain(&mut tx, 500).await;
        }
        self.peer.remote_seq = Some(seq);
        let required = super::facts::joined(&tx.original.headers, "Require");
        if let Some(unknown) =
            text::list(&required).into_iter().find(|o| !text::has_token(message::SUPPORTED, o))
        {
            let mut response = self.reply_to(&tx.original, 420);
            add(&mut response, "Unsupported", unknown);
            return reply(&mut tx, message::body(response, None)).await;
        }
        match tx.original.method {
            Method::Bye => self.goodbye(tx).await,
            Method::Invite | Method::Update => self.offer(tx).await,
            Method::PRack => self.prack(tx).await,
            Method::Info => self.info(tx).await,
            Method::Notify => self.notify(tx).await,
            Method::Options => {
                let response = options_answer(&tx.original, "", self.core());
                reply(&mut tx, response).await;
            }
            _ => self.plain(&mut tx, 405).await,
        }
    }

    fn reply_to(&self, request: &Request, code: u16) -> Response {
        respond(request, code, &self.peer.local_tag, &self.core().server)
    }

    async fn plain(&self, tx: &mut Transaction, code: u16) {
        let mut response = self.reply_to(&tx.original, code);
        if code == 500 {
            add(&mut response, "Retry-After", "2");
        }
        let response = message::body(response, None);
        if tx.original.method == Method::Invite {
            // Without state, as it is refused at once; the ACK is absorbed by the stack.
            let connection = tx.connection.clone();
            if let Some(connection) = connection {
                let sent = connection.send(response.into(), tx.destination.as_ref());
                // The peer repeats its request if this is lost.
                let _ = super::core::quiet(sent).await;
            }
        } else {
            reply(tx, response).await;
        }
    }

    async fn goodbye(&mut self, mut tx: Box<Transaction>) {
        self.plain(&mut tx, 200).await;
        if self.stage == Stage::Asked {
            self.send(self.response(487), None);
        }
        self.finish(None, "the peer hung up").await;
    }

    /// A new offer, or a refresh of the session.
    async fn offer(&mut self, mut tx: Box<Transaction>) {
        let invite = tx.original.method == Method::Invite;
        let early = matches!(self.stage, Stage::Asked | Stage::Calling);
        if self.pending.is_some() || self.refreshing || (invite && early) {
            return self.plain(&mut tx, if early { 500 } else { 491 }).await;
        }
        let terms = match session::answer(&tx.original.headers, self.core().limits) {
            Ok(terms) => terms,
            Err(min) => {
                let mut response = self.reply_to(&tx.original, 422);
                add(&mut response, "Min-SE", min.to_string());
                let response = message::body(response, None);
                return if invite {
                    self.refuse_invite(*tx, response)
                } else {
                    reply(&mut tx, response).await
                };
            }
        };
        let offer = match message::sdp(&tx.original.headers, &tx.original.body) {
            Ok(offer) => offer,
            Err(refusal) => return self.plain(&mut tx, refusal.code()).await,
        };
        if let Some(target) = contact(&tx.original.headers) {
            self.peer.target = target;
        }
        if !invite && offer.is_none() {
            let mut response = self.reply_to(&tx.original, 200);
            add(&mut response, "Contact", self.flow.contact());
            session_headers(&mut response, terms);
            reply(&mut tx, message::body(response, None)).await;
            return self.arm(terms);
        }
        let way = if invite { Way::Invite(Box::new(self.begin(*tx).await)) } else { Way::Transaction(tx) };
        self.ask_application(offer, way, Some(terms)).await;
    }

    /// Lets a re-INVITE run as a transaction of its own.
    async fn begin(&self, mut tx: Transaction) -> Invite {
        let trying = message::body(self.reply_to(&tx.original, 100), None);
        reply(&mut tx, trying).await;
        let invite = Invite::new(take_request(&mut tx), tx.tu_sender.clone());
        tokio::spawn(pump(Arc::clone(self.core()), tx, self.inbox_tx.clone()));
        invite
    }

    fn refuse_invite(&self, mut tx: Transaction, response: Response) {
        let invite = Invite::new(take_request(&mut tx), tx.tu_sender.clone());
        tokio::spawn(pump(Arc::clone(self.core()), tx, self.inbox_tx.clone()));
        invite.send(response);
    }

    async fn ask_application(&mut self, offer: Option<String>, way: Way, terms: Option<Terms>) {
        let (reply, receiver) = oneshot::channel();
        let told = self.tell(DialogEvent::Offer { offer, reply });
        self.pending = Some(Pending { reply: receiver, way, terms });
        let wait = self.core().timing.t1 * 16;
        self.after(Name::Offer, wait);
        if !told {
            self.settle_with(None).await;
        }
    }

    pub(super) async fn settle(&mut self, reply: Option<Result<String, Refusal>>) {
        self.settle_with(reply).await;
    }

    /// Answers the pending offer; `None`: the application did not.
    pub(super) async fn settle_with(&mut self, said: Option<Result<String, Refusal>>) {
        self.timers.stop(Name::Offer);
        let Some(Pending { mut way, terms, .. }) = self.pending.take() else { return };
        let server_fault = || Refusal { code: 500, retry_after: None, warning: None };
        match said.unwrap_or_else(|| Err(server_fault())) {
            Ok(sdp) => {
                let mut response = self.reply_to(way.request(), 200);
                add(&mut response, "Contact", self.flow.contact());
                add(&mut response, "Allow", message::ALLOW);
                add(&mut response, "Supported", message::SUPPORTED);
                if let Some(terms) = terms {
                    session_headers(&mut response, terms);
                    self.arm(terms);
                }
                if way.request().method == Method::Invite && way.request().body.is_empty() {
                    self.counter_offer = Some(message::sequence(&way.request().headers));
                }
                way.send(message::body(response, Some(&sdp))).await;
                self.sdp = sdp;
            }
            Err(refusal) => {
                let mut response = self.reply_to(way.request(), refusal.code.clamp(400, 699));
                warn(&mut response, &refusal, &self.flow.host);
                way.send(message::body(response, None)).await;
            }
        }
    }

    pub(super) fn repeat_provisional(&mut self) {
        let Some(reliable) = self.reliable.as_mut().filter(|reliable| !reliable.acked) else { return };
        reliable.wait *= 2;
        let (wait, response) = (reliable.wait, reliable.response.clone());
        if let Some(invite) = &self.invite {
            invite.send(response);
        }
        self.after(Name::Provisional, wait);
    }

    async fn prack(&mut self, mut tx: Box<Transaction>) {
        let rack = header(&tx.original.headers, "RAck").unwrap_or_default().to_owned();
        let mut parts = rack.split_ascii_whitespace();
        let number = parts.next().and_then(|n| n.parse::<u32>().ok());
        let seq = parts.next().and_then(|n| n.parse::<u32>().ok());
        let invite = self.invite.as_ref().map(Invite::seq);
        let matching =
            self.reliable.as_mut().filter(|r| !r.acked && number == Some(r.number) && seq == invite);
        let Some(reliable) = matching else {
            return self.plain(&mut tx, 481).await;
        };
        reliable.acked = true;
        self.timers.stop(Name::Provisional);
        self.timers.stop(Name::Unacknowledged);
        match message::sdp(&tx.original.headers, &tx.original.body).unwrap_or_default() {
            Some(offer) if self.offered => {
                self.ask_application(Some(offer), Way::Transaction(tx), None).await
            }
            answer => {
                self.early_answer = answer;
                self.plain(&mut tx, 200).await;
            }
        }
        if let Some(sdp) = self.held.take() {
            self.answer(sdp);
        }
    }

    /// A key by INFO: `application/dtmf-relay` or `application/dtmf`.
    async fn info(&mut self, mut tx: Box<Transaction>) {
        let body = String::from_utf8_lossy(&tx.original.body).into_owned();
        let kind = header(&tx.original.headers, "Content-Type")
            .and_then(|v| v.split(';').next())
            .unwrap_or("")
            .trim();
        let signal = match kind.to_ascii_lowercase().as_str() {
            "application/dtmf-relay" => body.lines().find_map(|line| {
                let (name, value) = line.split_once('=')?;
                name.trim().eq_ignore_ascii_case("signal").then_some(value)
            }),
            "application/dtmf" => Some(body.as_str()),
            "" if body.is_empty() => return self.plain(&mut tx, 200).await,
            _ => {
                let mut response = self.reply_to(&tx.original, 415);
                response.headers.retain(|h| h.name() != "Accept");
                add(&mut response, "Accept", "application/dtmf-relay, application/dtmf");
                return reply(&mut tx, message::body(response, None)).await;
            }
        };
        let Some(key) = signal.and_then(key) else {
            return self.plain(&mut tx, 400).await;
        };
        self.plain(&mut tx, 200).await;
        self.tell(DialogEvent::Key(key));
    }

    /// How the transfer goes (RFC 3515 §2.4.4).
    async fn notify(&mut self, mut tx: Box<Transaction>) {
        let event = header(&tx.original.headers, "Event")
            .and_then(|v| v.split(';').next())
            .unwrap_or_default()
            .trim();
        if !event.eq_ignore_ascii_case("refer") {
            let mut response = self.reply_to(&tx.original, 489);
            add(&mut response, "Allow-Events", "refer");
            return reply(&mut tx, message::body(response, None)).await;
        }
        let body = String::from_utf8_lossy(&tx.original.body).into_owned();
        let over =
            header(&tx.original.headers, "Subscription-State").is_some_and(|v| v.starts_with("terminated"));
        self.plain(&mut tx, 200).await;
        if !self.transferring {
            return;
        }
        let code =
            body.strip_prefix("SIP/2.0 ").and_then(|rest| rest.get(..3)).and_then(|code| code.parse().ok());
        let code = code.filter(|code| (100..700).contains(code));
        if over || code.is_some_and(|code| code >= 200) {
            self.transferring = false;
            self.timers.stop(Name::Transfer);
        } else {
            let wait = self.core().timing.t1 * 120;
            self.after(Name::Transfer, wait);
        }
        if code.is_some() || over {
            self.tell(DialogEvent::Transfer(code));
        }
    }

    fn referred(&mut self, response: Option<&Response>) {
        let taken = response.is_some_and(|r| (200..300).contains(&r.status_code.code()));
        if !taken && self.transferring {
            self.transferring = false;
            self.timers.stop(Name::Transfer);
            self.tell(DialogEvent::Transfer(None));
        }
    }
}

/// The key of a signal; some senders write 10 and 11 for `*` and `#`.
fn key(signal: &str) -> Option<Key> {
    match signal.trim() {
        "10" => Key::new('*'),
        "11" => Key::new('#'),
        one => {
            let mut chars = one.chars();
            chars.next().filter(|_| chars.next().is_none()).and_then(Key::new)
        }
    }
}
