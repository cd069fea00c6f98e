//! One call, one task: the state of a dialog and what the application and the timers do to it. Requests of the peer
//! are in [`super::within`], session refreshes in [`super::refresh`], placing calls in [`super::uac`].

use std::future;
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use rsipstack::sip::headers::make_header;
use rsipstack::sip::{Method, Request, Response};
use rsipstack::transaction::transaction::{TransactionEvent, TransactionEventSender};
use tokio::sync::{mpsc, oneshot};

use super::core::{Asked, Core, Inbound};
use super::message::{self, Peer};
use super::net::Flow;
use super::session::Terms;
use super::timers::{Name, Timers};
use super::uac::Outgoing;
use super::wire::header;
use super::within::{Pending, Reliable, replied};
use super::{DialogEvent, DigestAccount, Refusal, SignalError};

/// What the application wants, and where it hears how it went.
pub(super) type Order = (Command, oneshot::Sender<Result<(), SignalError>>);

/// See [`super::Dialog`].
#[derive(Debug)]
pub(super) enum Command {
    Ringing,
    Progress(String),
    Answer(String),
    Reject(Refusal),
    Refer(String),
    HangUp,
}

/// The call's seat in the tables; given back on drop.
pub(super) struct Place {
    pub(super) core: Arc<Core>,
    tag: String,
    merged: Option<String>,
}

impl Place {
    pub(super) fn new(core: &Arc<Core>, tag: String, merged: Option<String>) -> Self {
        metrics::gauge!("aftertone_sip_dialogs").increment(1);
        Self { core: Arc::clone(core), tag, merged }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.core.dialogs().remove(&self.tag);
        if let Some(merged) = &self.merged {
            self.core.invites.lock().unwrap_or_else(PoisonError::into_inner).remove(merged);
        }
        metrics::gauge!("aftertone_sip_dialogs").decrement(1);
    }
}

/// An INVITE that waits for our answer.
pub(super) struct Invite {
    pub(super) request: Request,
    respond: TransactionEventSender,
}

impl Invite {
    pub(super) fn new(request: Request, respond: TransactionEventSender) -> Self {
        Self { request, respond }
    }

    /// Hands a response to the transaction. One that has ended needs none.
    pub(super) fn send(&self, response: Response) {
        let _ = self.respond.send(TransactionEvent::Respond(response));
    }

    pub(super) fn seq(&self) -> u32 {
        message::sequence(&self.request.headers)
    }
}

/// How far the call is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stage {
    /// Their INVITE waits for our final answer.
    Asked,
    /// Our 2xx waits for its ACK; `bye`: the application hung up meanwhile (RFC 3261 §15).
    Answered {
        bye: bool,
    },
    /// Our INVITE waits for their final answer.
    Calling,
    /// Our call is over for the application; a 2xx that still comes is acknowledged and taken down.
    Leaving,
    Up,
    Over,
}

/// A call and all that belongs to it.
pub(super) struct Call {
    pub(super) place: Place,
    pub(super) peer: Peer,
    pub(super) flow: Flow,
    pub(super) stage: Stage,
    pub(super) invite: Option<Invite>,
    pub(super) terms: Option<Terms>,
    pub(super) inbox: mpsc::Receiver<Inbound>,
    pub(super) inbox_tx: mpsc::Sender<Inbound>,
    commands: mpsc::Receiver<Order>,
    pub(super) events: mpsc::Sender<DialogEvent>,
    pub(super) timers: Timers,
    /// The INVITE came with an offer.
    pub(super) offered: bool,
    pub(super) reliable: Option<Reliable>,
    /// The answer that came in a PRACK to our early offer.
    pub(super) early_answer: Option<String>,
    /// An answer that waits for the PRACK (RFC 3262 §5).
    pub(super) held: Option<String>,
    pub(super) pending: Option<Pending>,
    /// CSeq of a re-INVITE that we answered with an offer.
    pub(super) counter_offer: Option<u32>,
    /// Our last SDP, repeated when a refresh needs it.
    pub(super) sdp: String,
    /// A refresh of ours is on its way.
    pub(super) refreshing: bool,
    pub(super) knows_update: bool,
    pub(super) last_ack: Option<(u32, Request, Flow)>,
    pub(super) outgoing: Option<Box<Outgoing>>,
    pub(super) transferring: bool,
}

impl Call {
    pub(super) fn new(
        place: Place,
        peer: Peer,
        flow: Flow,
        stage: Stage,
        (inbox, inbox_tx): (mpsc::Receiver<Inbound>, mpsc::Sender<Inbound>),
        commands: mpsc::Receiver<Order>,
        events: mpsc::Sender<DialogEvent>,
    ) -> Self {
        Self {
            place,
            peer,
            flow,
            stage,
            inbox,
            inbox_tx,
            commands,
            events,
            invite: None,
            terms: None,
            timers: Timers::default(),
            offered: false,
            reliable: None,
            early_answer: None,
            held: None,
            pending: None,
            counter_offer: None,
            sdp: String::new(),
            refreshing: false,
            knows_update: false,
            last_ack: None,
            outgoing: None,
            transferring: false,
        }
    }

    #[expect(
        clippy::too_many_arguments,
        reason = "one caller; a struct for them would only be unpacked again"
    )]
    pub(super) fn incoming(
        place: Place,
        peer: Peer,
        flow: Flow,
        invite: Invite,
        terms: Terms,
        inbox: (mpsc::Receiver<Inbound>, mpsc::Sender<Inbound>),
        commands: mpsc::Receiver<Order>,
        events: mpsc::Sender<DialogEvent>,
    ) -> Self {
        let mut call = Self::new(place, peer, flow, Stage::Asked, inbox, commands, events);
        call.offered = !invite.request.body.is_empty();
        call.knows_update = super::facts::joined(&invite.request.headers, "Allow").contains("UPDATE");
        call.terms = Some(terms);
        call.invite = Some(invite);
        call
    }

    /// Runs the call to its end.
    pub(super) async fn run(mut self) {
        let mut held = true;
        while self.stage != Stage::Over {
            let deadline = self.timers.next();
            let now = self.core().now();
            let stop = self.core().stop.clone();
            tokio::select! {
                biased;
                () = stop.cancelled() => break,
                Some(inbound) = self.inbox.recv() => self.inbound(inbound).await,
                order = self.commands.recv(), if held => match order {
                    Some((command, done)) => {
                        let outcome = self.command(command).await;
                        // Whoever asked may have stopped waiting.
                        let _ = done.send(outcome);
                    }
                    None => {
                        held = false;
                        self.hang_up().await;
                    }
                },
                reply = replied(&mut self.pending) => self.settle(reply).await,
                name = due(deadline, now) => self.timer(name).await,
            }
        }
        tracing::debug!(call_id = %self.peer.call_id, "the dialog is over");
    }

    pub(super) fn core(&self) -> &Arc<Core> {
        &self.place.core
    }

    /// Tells the application; false when it does not keep up.
    pub(super) fn tell(&self, event: DialogEvent) -> bool {
        let told = self.events.try_send(event).is_ok();
        if !told {
            metrics::counter!("aftertone_sip_dropped_total", "why" => "event").increment(1);
            tracing::debug!(call_id = %self.peer.call_id, "an event was lost: the call does not read them");
        }
        told
    }

    /// Ends the call and says so.
    pub(super) async fn finish(&mut self, code: Option<u16>, why: &str) {
        self.stage = Stage::Over;
        let ended = DialogEvent::Ended { code, why: why.to_owned() };
        let wait = self.core().timing.t1 * 10;
        // A reader that is gone or stuck must not keep the call.
        let _ = tokio::time::timeout(wait, self.events.send(ended)).await;
    }

    pub(super) fn after(&mut self, name: Name, wait: Duration) {
        let at = self.core().now() + wait;
        self.timers.set(name, at);
    }

    async fn command(&mut self, command: Command) -> Result<(), SignalError> {
        let wrong =
            |what: &str| Err(SignalError(format!("the call cannot {what} now: it is answered or over")));
        match (command, self.stage) {
            (Command::Ringing, Stage::Asked) => self.provisional(180, None),
            (Command::Progress(sdp), Stage::Asked) => self.progress(sdp),
            (Command::Answer(sdp), Stage::Asked) => self.answer(sdp),
            (Command::Reject(refusal), Stage::Asked) => self.reject(&refusal),
            (Command::Refer(target), Stage::Up) => return self.refer(&target).await,
            (Command::HangUp, _) => self.hang_up().await,
            (Command::Ringing, _) => return wrong("ring"),
            (Command::Progress(_), _) => return wrong("send early media"),
            (Command::Answer(_), _) => return wrong("be answered"),
            (Command::Reject(_), _) => return wrong("be refused"),
            (Command::Refer(_), _) => return wrong("be transferred"),
        }
        Ok(())
    }

    /// Ends the call as its stage asks for. No event: the application knows.
    async fn hang_up(&mut self) {
        match self.stage {
            Stage::Asked => {
                self.send(self.response(480), None);
                self.stage = Stage::Over;
            }
            Stage::Answered { .. } => self.stage = Stage::Answered { bye: true },
            Stage::Calling => self.cancel().await,
            Stage::Up => {
                self.bye(64);
                self.stage = Stage::Over;
            }
            Stage::Leaving | Stage::Over => {}
        }
    }

    /// Sends BYE on its own task and gives up after `t1s` times T1: the call need not wait for it.
    pub(super) fn bye(&mut self, t1s: u32) {
        let core = Arc::clone(self.core());
        let seq = self.peer.advance();
        let (peer, flow) = (self.peer.clone(), self.flow.clone());
        let account = self.account();
        let limit = core.timing.t1 * t1s;
        let goodbyes = core.goodbyes.clone();
        goodbyes.spawn(async move {
            let goodbye = async {
                let flow = core.route(peer.next_hop(), Some(&flow)).await?;
                let request = peer.request(Method::Bye, seq, flow.via(&core.token()), "")?;
                core.ask_proven(message::with_body(request, None), &flow, account).await
            };
            let _ = tokio::time::timeout(limit, goodbye).await;
        });
    }

    /// A request in the dialog, with the flow that it takes.
    pub(super) async fn compose(
        &mut self,
        method: Method,
        headers: &[(&str, String)],
    ) -> Option<(Request, Flow, u32)> {
        let flow = self.core().route(self.peer.next_hop(), Some(&self.flow)).await?;
        let seq = self.peer.advance();
        let via = flow.via(&self.core().token());
        let mut request = self.peer.request(method, seq, via, &flow.contact())?;
        request.headers.0.extend(headers.iter().map(|(name, value)| make_header(name, value.clone())));
        Some((request, flow, seq))
    }

    /// What a call that we placed is proven with.
    fn account(&self) -> Option<DigestAccount> {
        self.outgoing.as_ref().and_then(|outgoing| outgoing.account().cloned())
    }

    /// Sends a request; its answer comes to the inbox.
    pub(super) fn ask(&mut self, what: Asked, seq: u32, request: Request, flow: Flow) {
        // The number after it is that of the same request once more, if it must be proven.
        self.peer.advance();
        let (core, account) = (Arc::clone(self.core()), self.account());
        let inbox = self.inbox_tx.clone();
        tokio::spawn(async move {
            let response = core.ask_proven(request, &flow, account).await.map(Box::new);
            let seq = response.as_ref().map_or(seq, |response| message::sequence(&response.headers));
            // The call may have ended before.
            let _ = inbox.send(Inbound::Answered { what, seq, response }).await;
        });
    }

    /// REFER (RFC 3515 §2.4.1).
    async fn refer(&mut self, target: &str) -> Result<(), SignalError> {
        let clean = super::text::scheme(target).is_some()
            && !target.contains(|c: char| c.is_control() || " <>\"".contains(c));
        if !clean {
            return Err(SignalError("the transfer target is no URI; write it as sip:user@host".to_owned()));
        }
        let me = super::text::address(&self.peer.local).map(|a| a.uri.to_owned()).unwrap_or_default();
        let headers = [("Refer-To", format!("<{target}>")), ("Referred-By", format!("<{me}>"))];
        let composed = self.compose(Method::Refer, &headers).await;
        let (request, flow, seq) =
            composed.ok_or_else(|| SignalError("the peer cannot be reached".to_owned()))?;
        self.ask(Asked::Refer, seq, message::with_body(request, None), flow);
        self.transferring = true;
        let wait = self.core().timing.t1 * 64;
        self.after(Name::Transfer, wait);
        Ok(())
    }

    async fn timer(&mut self, name: Name) {
        self.timers.stop(name);
        match name {
            Name::Provisional => self.repeat_provisional(),
            Name::Unacknowledged => self.no_prack().await,
            Name::Offer => self.settle_with(None).await,
            Name::Refresh => self.refresh().await,
            Name::Expiry => {
                self.bye(64);
                self.finish(None, "the session was not refreshed").await;
            }
            Name::Transfer => {
                self.transferring = false;
                self.tell(DialogEvent::Transfer(None));
            }
            Name::Cancelled => self.refused(None, "the peer never ended the cancelled call").await,
            Name::Leave => self.stage = Stage::Over,
        }
    }
}

/// Waits for the next deadline.
async fn due(next: Option<(Name, Duration)>, now: Duration) -> Name {
    match next {
        Some((name, at)) => {
            tokio::time::sleep(at.saturating_sub(now)).await;
            name
        }
        None => future::pending().await,
    }
}

/// The `Contact` URI of a message.
pub(super) fn contact(headers: &rsipstack::sip::Headers) -> Option<String> {
    let value = header(headers, "Contact")?;
    let first = super::text::list(value).into_iter().next()?;
    let uri = super::text::address(first)?.uri;
    super::text::place(uri).map(|_| uri.to_owned())
}
