//! Placing calls: INVITE with its answers, digest for one realm, CANCEL, ACK (RFC 3261 §13.2, §22.2, §9.1).

use std::sync::Arc;

use rsipstack::sip::headers::make_header;
use rsipstack::sip::{Method, Request, Response, SipMessage};
use rsipstack::transaction::transaction::Transaction;
use tokio::sync::mpsc;

use super::access::Asking;
use super::call::{Call, Place, Stage, contact};
use super::core::{Core, Entry, Inbound, quiet};
use super::facts::joined;
use super::message::{self, Peer, tag_of};
use super::net::Flow;
use super::session::{self, Limits};
use super::timers::{Name, Timers};
use super::wire::header;
use super::{Dialog, DialogEvent, DigestAccount, OutgoingCall, SignalError, digest, text, uas};

/// A call that we place, until it is answered.
pub(super) struct Outgoing {
    call: OutgoingCall,
    request: Request,
    seq: u32,
    interval: u32,
    /// What was proven to whom, by header: repeated when somebody further on asks, too.
    proofs: Vec<(&'static str, String)>,
    /// INVITEs that were challenged.
    challenged: u8,
    raised: bool,
    /// A provisional response came: CANCEL may go.
    progressing: bool,
    ringing: bool,
    /// The application gave up.
    abandoned: bool,
    _asking: Asking,
}

/// Challenges of one call that are answered: a proxy's, the phone's, and a stale nonce of each.
const MOST_CHALLENGES: u8 = 4;

impl Outgoing {
    pub(super) const fn account(&self) -> Option<&DigestAccount> {
        self.call.credentials.as_ref()
    }
}

fn check(call: &OutgoingCall) -> Result<(), SignalError> {
    let uri = |uri: &str| {
        text::place(uri).is_some() && !uri.contains(|c: char| c.is_control() || " <>\"".contains(c))
    };
    if !uri(&call.target) || !uri(&call.from) {
        return Err(SignalError("a call needs SIP URIs: sip:user@host".to_owned()));
    }
    let token = |name: &str| !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
    if call.headers.iter().any(|(name, value)| !token(name) || value.contains(char::is_control)) {
        return Err(SignalError(
            "a header of the call has a line break or a name that is no token".to_owned(),
        ));
    }
    Ok(())
}

/// Sends the INVITE and starts the call.
pub(super) async fn place(
    core: &Arc<Core>,
    call: OutgoingCall,
) -> Result<(Dialog, mpsc::Receiver<DialogEvent>), SignalError> {
    check(&call)?;
    if core.is_full() {
        return Err(SignalError("too many calls at a time; try again when some have ended".to_owned()));
    }
    let flow = core.route(&call.target, None).await;
    let flow = flow.ok_or_else(|| {
        SignalError("the target cannot be reached: no address or no matching listener".into())
    })?;
    let peer = peer(core, &call);
    let (inbox_tx, inbox) = mpsc::channel(64);
    let (command_tx, commands) = mpsc::channel(8);
    let (events_tx, events) = mpsc::channel(uas::EVENTS);
    let entry = Entry { inbox: inbox_tx.clone(), call_id: peer.call_id.clone(), remote_tag: String::new() };
    core.dialogs().insert(peer.local_tag.clone(), entry);
    let seat = Place::new(core, peer.local_tag.clone(), None);
    let dialog = Dialog::new(peer.call_id.clone(), command_tx);
    let asking = core.asking(flow.remote.ip());
    let interval = core.limits.default;
    let mut running = Call::new(seat, peer, flow, Stage::Calling, (inbox, inbox_tx), commands, events_tx);
    running.sdp.clone_from(&call.offer);
    let seq = running.peer.local_seq;
    let request = running.invite_request(&call, seq, interval, &[]);
    let request = request.ok_or_else(|| SignalError("the target is no URI that can be called".to_owned()))?;
    running.outgoing = Some(Box::new(Outgoing {
        call,
        request,
        seq,
        interval,
        proofs: Vec::new(),
        challenged: 0,
        raised: false,
        progressing: false,
        ringing: false,
        abandoned: false,
        _asking: asking,
    }));
    if !running.send_invite() {
        return Err(SignalError("the call's own address cannot be written into a request".to_owned()));
    }
    tokio::spawn(running.run());
    Ok((dialog, events))
}

fn peer(core: &Core, call: &OutgoingCall) -> Peer {
    let tag = core.token();
    let name = call.from_name.as_deref().unwrap_or_default();
    let name = name.replace(|c: char| c.is_control() || "\"\\<>".contains(c), " ");
    let quoted = if name.is_empty() { String::new() } else { format!("\"{name}\" ") };
    Peer {
        call_id: core.token(),
        local: format!("{quoted}<{}>;tag={tag}", call.from),
        remote: format!("<{}>", call.target),
        local_tag: tag,
        local_seq: 1,
        remote_seq: None,
        target: call.target.clone(),
        routes: Vec::new(),
        user_agent: Arc::clone(&core.server),
    }
}

/// Reports every response of an INVITE transaction, for as long as anybody wants to know.
async fn follow(core: Arc<Core>, mut tx: Transaction, inbox: mpsc::Sender<Inbound>) {
    if quiet(tx.send()).await.is_err() {
        return;
    }
    loop {
        let received = tokio::select! {
            () = core.stop.cancelled() => return,
            // A peer that said 100 and nothing more would keep the transaction for ever.
            () = inbox.closed() => return,
            received = quiet(tx.receive()) => received,
        };
        let Some(received) = received else { return };
        if let SipMessage::Response(response) = received {
            // The call may be over; the transaction still runs its course.
            let _ = inbox.send(Inbound::Called(Box::new(response))).await;
        }
    }
}

impl Call {
    fn invite_request(
        &self,
        call: &OutgoingCall,
        seq: u32,
        interval: u32,
        proofs: &[(&'static str, String)],
    ) -> Option<Request> {
        let via = self.flow.via(&self.core().token());
        let mut request = self.peer.request(Method::Invite, seq, via, &self.flow.contact())?;
        let mut add = |name: &str, value: String| request.headers.push(make_header(name, value));
        add("Session-Expires", interval.to_string());
        add("Min-SE", self.core().limits.min.to_string());
        for (name, value) in &call.headers {
            add(name, value.clone());
        }
        for (name, value) in proofs {
            add(name, value.clone());
        }
        Some(message::with_body(request, Some(("application/sdp", &call.offer))))
    }

    /// False when the stack cannot carry it.
    fn send_invite(&self) -> bool {
        let Some(outgoing) = &self.outgoing else { return false };
        let Some(tx) = self.core().client(outgoing.request.clone(), &self.flow) else { return false };
        tokio::spawn(follow(Arc::clone(self.core()), tx, self.inbox_tx.clone()));
        true
    }

    /// A response to our INVITE.
    pub(super) async fn called(&mut self, response: Response) {
        let seq = message::sequence(&response.headers);
        let code = response.status_code.code();
        if self.stage != Stage::Calling {
            return if (200..300).contains(&code) {
                self.repeated(seq, &response).await
            };
        }
        if self.outgoing.as_ref().is_none_or(|outgoing| outgoing.seq != seq) {
            return;
        }
        match code {
            100..200 => self.progressed(code).await,
            200..300 => self.accepted(&response).await,
            401 | 407 if self.prove(&response) => {}
            422 if self.raise(&response) => {}
            _ => self.refused(Some(code), response.status_code.text()).await,
        }
    }

    /// The call that we placed was not answered.
    pub(super) async fn refused(&mut self, code: Option<u16>, why: &str) {
        self.finish(code, why).await;
        self.leave();
    }

    /// Tells nothing more. What another fork answers is taken down for as long as it may come (RFC 3261 §13.2.2.4).
    fn leave(&mut self) {
        self.stage = Stage::Leaving;
        self.events = mpsc::channel(1).0;
        self.timers = Timers::default();
        let wait = self.core().timing.t1 * 64;
        self.after(Name::Leave, wait);
    }

    async fn progressed(&mut self, code: u16) {
        let Some(outgoing) = &mut self.outgoing else { return };
        let asked = std::mem::replace(&mut outgoing.progressing, true);
        let first = code > 100 && !outgoing.ringing;
        outgoing.ringing |= code > 100;
        if outgoing.abandoned {
            if !asked {
                self.send_cancel();
            }
            return;
        }
        if first {
            self.tell(DialogEvent::Ringing);
        }
    }

    async fn accepted(&mut self, response: &Response) {
        let Some(outgoing) = self.outgoing.take() else { return };
        let to = header(&response.headers, "To").unwrap_or_default();
        self.peer.remote = to.to_owned();
        if let Some(target) = contact(&response.headers) {
            self.peer.target = target;
        }
        self.peer.routes = routes(response);
        if let Some(entry) = self.core().dialogs().get_mut(&self.peer.local_tag) {
            entry.remote_tag = tag_of(to).unwrap_or_default().to_owned();
        }
        self.knows_update = joined(&response.headers, "Allow").contains("UPDATE");
        self.acknowledge(outgoing.seq).await;
        let abandoned = outgoing.abandoned;
        // Answers and requests of the peer stay welcome for the whole call.
        self.outgoing = Some(outgoing);
        if abandoned {
            // The 2xx crossed our CANCEL.
            self.bye(64);
            return self.leave();
        }
        self.stage = Stage::Up;
        let limits = Limits { ..self.core().limits };
        self.arm(session::accepted(&response.headers, limits));
        self.tell(DialogEvent::Confirmed {
            answer: message::sdp(&response.headers, &response.body).unwrap_or_default(),
        });
    }

    /// A 2xx that came again, or one of another fork, which is taken down (RFC 3261 §13.2.2.4).
    async fn repeated(&mut self, seq: u32, response: &Response) {
        let to = header(&response.headers, "To").unwrap_or_default();
        if tag_of(to) == tag_of(&self.peer.remote) {
            if let Some((_, ack, flow)) = self.last_ack.as_ref().filter(|(acked, ..)| *acked == seq) {
                self.core().send(ack.clone(), flow).await;
            }
            return;
        }
        let Some(target) = contact(&response.headers) else { return };
        let routes = routes(response);
        let mut fork = Peer { remote: to.to_owned(), target, routes, ..self.peer.clone() };
        std::mem::swap(&mut fork, &mut self.peer);
        let last = self.last_ack.take();
        self.acknowledge(seq).await;
        self.bye(14);
        self.last_ack = last;
        self.peer = fork;
    }

    /// Answers a challenge, and only for the realm of the account. The same asker is answered again only when it says
    /// that nothing but the nonce was wrong.
    fn prove(&mut self, response: &Response) -> bool {
        let Some(outgoing) = self.outgoing.as_ref().filter(|outgoing| !outgoing.abandoned) else {
            return false;
        };
        let Some(account) = outgoing.account().filter(|_| outgoing.challenged < MOST_CHALLENGES) else {
            return false;
        };
        let uri = outgoing.request.uri.to_string();
        let proof = digest::prove(response, account, "INVITE", &uri, &self.core().token());
        let Some((name, value)) = proof else { return false };
        let answered = outgoing.proofs.iter().any(|(known, _)| *known == name);
        if answered && !digest::is_stale(response, account) {
            return false;
        }
        let mut proofs = outgoing.proofs.clone();
        proofs.retain(|(known, _)| *known != name);
        proofs.push((name, value));
        self.again(outgoing.interval, proofs, |outgoing| outgoing.challenged += 1)
    }

    /// Takes the `Min-SE` of the peer, once (RFC 4028 §7.4).
    fn raise(&mut self, response: &Response) -> bool {
        let min = header(&response.headers, "Min-SE").and_then(|v| v.trim().parse::<u32>().ok());
        let Some(outgoing) = self.outgoing.as_ref().filter(|o| !o.raised && !o.abandoned) else {
            return false;
        };
        let Some(min) = min.filter(|min| *min > outgoing.interval) else { return false };
        // Whoever was proven to asks again: a proof is good for one request.
        self.again(min, Vec::new(), |outgoing| outgoing.raised = true)
    }

    fn again(
        &mut self,
        interval: u32,
        proofs: Vec<(&'static str, String)>,
        mark: impl Fn(&mut Outgoing),
    ) -> bool {
        let seq = self.peer.advance();
        let Some(mut outgoing) = self.outgoing.take() else { return false };
        let request = self.invite_request(&outgoing.call, seq, interval, &proofs);
        let sent = request.is_some();
        if let Some(request) = request {
            outgoing.request = request;
            outgoing.seq = seq;
            outgoing.interval = interval;
            outgoing.proofs = proofs;
            outgoing.progressing = false;
            mark(&mut outgoing);
        }
        self.outgoing = Some(outgoing);
        sent && self.send_invite()
    }

    /// Gives an unanswered call up: CANCEL as soon as the peer has answered anything (RFC 3261 §9.1).
    pub(super) async fn cancel(&mut self) {
        let Some(outgoing) = &mut self.outgoing else { return };
        let first = !std::mem::replace(&mut outgoing.abandoned, true);
        if first && outgoing.progressing {
            self.send_cancel();
        }
    }

    fn send_cancel(&mut self) {
        let wait = self.core().timing.t1 * 64;
        self.after(Name::Cancelled, wait);
        let Some(outgoing) = &self.outgoing else { return };
        let mut cancel = outgoing.request.clone();
        cancel.method = Method::Cancel;
        cancel.headers.retain(|h| {
            matches!(h.name(), "Via" | "From" | "To" | "Call-ID" | "Max-Forwards" | "Route" | "User-Agent")
        });
        cancel.headers.push(make_header("CSeq", format!("{} CANCEL", outgoing.seq)));
        cancel.body.clear();
        let cancel = message::with_body(cancel, None);
        let (core, flow): (Arc<Core>, Flow) = (Arc::clone(self.core()), self.flow.clone());
        tokio::spawn(async move { core.ask(cancel, &flow).await });
    }
}

/// The route of the dialog that a 2xx makes (RFC 3261 §12.1.2).
fn routes(response: &Response) -> Vec<String> {
    let route = joined(&response.headers, "Record-Route");
    text::list(&route).into_iter().rev().map(str::to_owned).collect()
}
