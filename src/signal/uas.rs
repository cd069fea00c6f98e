//! Requests that begin something: who may, what we can serve, and how an INVITE becomes a call (RFC 3261 §8.2, §13.3).

use std::net::SocketAddr;
use std::sync::{Arc, PoisonError};

use rsipstack::sip::{Header, Headers, Method, Request, Response, SipMessage, Version};
use rsipstack::transaction::key::TransactionKey;
use rsipstack::transaction::transaction::Transaction;
use tokio::sync::mpsc;

use super::access::Standing;
use super::call::{Call, Invite, Place};
use super::core::{Core, Entry, Inbound, quiet};
use super::facts::{facts, joined};
use super::message::{self, Peer, add, respond};
use super::net::Origin;
use super::proof::{Guest, prove};
use super::seen::Heard;
use super::wire::{self, header};
use super::{Dialog, IncomingCall, lamps, session, text};

/// Seconds after which a refused caller may try again.
const RETRY_AFTER: u32 = 10;
/// Messages that may wait for one call.
const INBOX: usize = 32;
/// Events that may wait for the application.
pub(super) const EVENTS: usize = 64;

/// What came with a request beside its text.
pub(super) struct Arrival<'a> {
    pub(super) uri: String,
    pub(super) branch: String,
    pub(super) reply_to: SocketAddr,
    pub(super) written: Vec<(&'static str, String)>,
    pub(super) origin: &'a Origin,
}

/// Status code and further headers of a refusal.
pub(super) type Refusing = (u16, Vec<(&'static str, String)>);

pub(super) fn plain(code: u16) -> Refusing {
    (code, Vec::new())
}

/// Takes a new transaction.
pub(super) async fn dispatch(core: &Arc<Core>, tx: Transaction, arrival: Arrival<'_>) {
    if tx.original.method == Method::Subscribe {
        return subscribe(core, tx, &arrival);
    }
    let to = header(&tx.original.headers, "To").unwrap_or_default();
    if let Some(tag) = message::tag_of(to).map(str::to_owned) {
        return in_dialog(core, tx, &tag, &arrival);
    }
    if arrival.origin.standing == Standing::Asked {
        // Whom we called may speak in that call only.
        return;
    }
    let from = arrival.origin.flow.remote;
    let heard = |what: Heard| {
        // A test phone of our own is no phone system that reaches us.
        if !core.access.is_guest(from) {
            core.seen.note(from.ip(), core.clock.now(), what);
        }
    };
    let method = tx.original.method.to_string();
    let guest = match admit(core, &tx.original, &arrival) {
        Ok(guest) => guest,
        Err(refusing) => {
            heard(Heard::Refused(method, refusing.0));
            return refuse(core, &tx, refusing, &arrival);
        }
    };
    heard(Heard::Taken(method));
    match tx.original.method {
        Method::Invite => {
            if let Err((tx, refusing)) = invite(core, tx, guest, &arrival).await {
                refuse(core, &tx, refusing, &arrival);
            }
        }
        Method::Options => answer_options(core, &tx, &arrival),
        Method::Bye | Method::Update | Method::Info | Method::PRack | Method::Notify => {
            refuse(core, &tx, plain(481), &arrival);
        }
        _ => refuse(core, &tx, plain(405), &arrival),
    }
}

/// Its dialogs are not those of calls: they are looked up by the application.
fn subscribe(core: &Arc<Core>, tx: Transaction, arrival: &Arrival<'_>) {
    if arrival.origin.standing == Standing::Asked {
        return;
    }
    match admit(core, &tx.original, arrival) {
        Ok(_) => lamps::subscribe(core, tx, arrival),
        Err(refusing) => refuse(core, &tx, refusing, arrival),
    }
}

fn in_dialog(core: &Arc<Core>, tx: Transaction, tag: &str, arrival: &Arrival<'_>) {
    let from = header(&tx.original.headers, "From").and_then(message::tag_of).unwrap_or_default();
    let call_id = header(&tx.original.headers, "Call-ID").unwrap_or_default();
    let known = core.dialogs().get(tag).and_then(|entry| {
        let same = entry.call_id == call_id && (entry.remote_tag.is_empty() || entry.remote_tag == from);
        same.then(|| entry.inbox.clone())
    });
    let Some(inbox) = known else {
        return refuse(core, &tx, plain(481), arrival);
    };
    if let Err(error) = inbox.try_send(Inbound::Request(Box::new(tx)))
        && let mpsc::error::TrySendError::Full(Inbound::Request(tx)) = error
    {
        refuse(core, &tx, (500, vec![("Retry-After", "2".to_owned())]), arrival);
    }
}

/// Refuses without keeping state (RFC 3261 §8.2.7): a repeated request is refused again.
pub(super) fn refuse(core: &Core, tx: &Transaction, (code, headers): Refusing, arrival: &Arrival<'_>) {
    let call_id = header(&tx.original.headers, "Call-ID").unwrap_or_default();
    let tag = wire::stateless_tag(call_id, &arrival.branch);
    let mut response = respond(&tx.original, code, &tag, &core.server);
    for (name, value) in headers {
        add(&mut response, name, value);
    }
    core.send_once(&message::body(response, None), arrival.origin, arrival.reply_to);
}

/// Sends a response through its transaction.
pub(super) async fn reply(tx: &mut Transaction, response: Response) {
    if let Err(error) = quiet(tx.respond(response)).await {
        tracing::debug!(%error, "a response could not be sent");
    }
}

/// Identity, then what every request must satisfy (RFC 3261 §8.2.1–§8.2.2.3).
fn admit(core: &Core, request: &Request, arrival: &Arrival<'_>) -> Result<Guest, Refusing> {
    let guest = match &arrival.origin.standing {
        Standing::Peer(trunk) => Guest { trunk: trunk.clone(), identity: None },
        Standing::Unproven | Standing::Asked => prove(core, request, arrival)?,
    };
    let hops = header(&request.headers, "Max-Forwards").and_then(|v| v.parse::<u8>().ok());
    if hops == Some(0) && request.method != Method::Options {
        return Err(plain(483));
    }
    if !SERVED.contains(&request.method) {
        return Err(plain(405));
    }
    let required = joined(&request.headers, "Require");
    let unknown: Vec<_> = text::list(&required)
        .into_iter()
        .filter(|option| !text::has_token(message::SUPPORTED, option))
        .collect();
    if !unknown.is_empty() {
        return Err((420, vec![("Unsupported", unknown.join(", "))]));
    }
    Ok(guest)
}

const SERVED: [Method; 10] = [
    Method::Invite,
    Method::Ack,
    Method::Bye,
    Method::Cancel,
    Method::Options,
    Method::Update,
    Method::Info,
    Method::PRack,
    Method::Notify,
    Method::Subscribe,
];

/// A health probe (RFC 3261 §11.2).
fn answer_options(core: &Core, tx: &Transaction, arrival: &Arrival<'_>) {
    if core.is_draining() {
        return refuse(core, tx, unavailable(), arrival);
    }
    let call_id = header(&tx.original.headers, "Call-ID").unwrap_or_default();
    let tag = wire::stateless_tag(call_id, &arrival.branch);
    core.send_once(&options_answer(&tx.original, &tag, core), arrival.origin, arrival.reply_to);
}

/// What we can do.
pub(super) fn options_answer(request: &Request, tag: &str, core: &Core) -> Response {
    let mut response = respond(request, 200, tag, &core.server);
    add(&mut response, "Allow", message::ALLOW);
    add(&mut response, "Accept", message::ACCEPT);
    add(&mut response, "Accept-Encoding", "identity");
    add(&mut response, "Supported", message::SUPPORTED);
    add(&mut response, "Allow-Events", crate::sip::summary::EVENT);
    message::body(response, None)
}

fn unavailable() -> Refusing {
    (503, vec![("Retry-After", RETRY_AFTER.to_string())])
}

/// The offer, when the body and the caller's wishes allow one (RFC 3261 §8.2.3, §21.4.7).
fn acceptable(request: &Request) -> Result<Option<String>, Refusing> {
    let offer = message::sdp(&request.headers, &request.body).map_err(|refusal| plain(refusal.code()))?;
    let accept = joined(&request.headers, "Accept");
    let fits = |item: &str| {
        let kind = item.split(';').next().unwrap_or(item).trim().to_ascii_lowercase();
        matches!(kind.as_str(), "application/sdp" | "application/*" | "*/*")
    };
    if !accept.is_empty() && !accept.split(',').any(fits) {
        return Err(plain(406));
    }
    Ok(offer)
}

type Refused = (Box<Transaction>, Refusing);

/// Makes a call of an INVITE, or says why not.
async fn invite(
    core: &Arc<Core>,
    mut tx: Transaction,
    guest: Guest,
    arrival: &Arrival<'_>,
) -> Result<(), Refused> {
    let Ready { terms, merged, target, offer, permit } = match prepare(core, &tx.original) {
        Ok(ready) => ready,
        Err(refusing) => return Err((Box::new(tx), refusing)),
    };
    let trying = message::body(respond(&tx.original, 100, "", &core.server), None);
    reply(&mut tx, trying).await;

    let request = take_request(&mut tx);
    let peer = peer(core, &request, target);
    let (inbox_tx, inbox) = mpsc::channel(INBOX);
    let (command_tx, commands) = mpsc::channel(8);
    let (events_tx, events) = mpsc::channel(EVENTS);
    let entry = Entry {
        inbox: inbox_tx.clone(),
        call_id: peer.call_id.clone(),
        remote_tag: message::tag_of(&peer.remote).unwrap_or_default().to_owned(),
    };
    core.dialogs().insert(peer.local_tag.clone(), entry);
    let place = Place::new(core, peer.local_tag.clone(), Some(merged));
    let incoming = IncomingCall {
        facts: facts(&request, &arrival.uri, &arrival.written),
        trunk: guest.trunk.map(|name| name.to_string()),
        identity: guest.identity,
        offer,
        source: arrival.origin.flow.remote,
        dialog: Dialog::new(peer.call_id.clone(), command_tx),
        events,
    };
    let invite = Invite::new(request, tx.tu_sender.clone());
    tokio::spawn(pump(Arc::clone(core), tx, inbox_tx.clone()));
    let call = Call::incoming(
        place,
        peer,
        arrival.origin.flow.clone(),
        invite,
        terms,
        (inbox, inbox_tx),
        commands,
        events_tx,
    );
    tokio::spawn(call.run());
    permit.send(incoming);
    Ok(())
}

/// The INVITE, for the call. Its transaction goes on with the headers that it compares and answers by.
pub(super) fn take_request(tx: &mut Transaction) -> Request {
    let kept = |h: &&Header| {
        matches!(h, Header::Via(_) | Header::From(_) | Header::To(_) | Header::CallId(_) | Header::CSeq(_))
    };
    let whole = &mut tx.original;
    let headers = Headers(whole.headers.iter().filter(kept).cloned().collect());
    let uri = whole.uri.clone();
    let slim = Request { method: whole.method, uri, version: Version::V2, headers, body: Vec::new() };
    std::mem::replace(whole, slim)
}

/// What an INVITE comes to.
struct Ready {
    terms: session::Terms,
    merged: String,
    target: String,
    offer: Option<String>,
    permit: mpsc::OwnedPermit<IncomingCall>,
}

/// Everything that can stand against an INVITE.
fn prepare(core: &Core, request: &Request) -> Result<Ready, Refusing> {
    let offer = acceptable(request)?;
    let contact = header(&request.headers, "Contact").and_then(|v| text::list(v).into_iter().next());
    let contact = contact.and_then(text::address).ok_or_else(|| plain(400))?;
    text::place(contact.uri).filter(|_| is_sip(contact.uri)).ok_or_else(|| plain(400))?;
    let terms = session::answer(&request.headers, core.limits)
        .map_err(|min| (422, vec![("Min-SE", min.to_string())]))?;
    if core.is_draining() || core.is_full() {
        return Err(unavailable());
    }
    let permit = core.calls.clone().try_reserve_owned().map_err(|_| unavailable())?;
    let merged = merge_key(request);
    if !core.invites.lock().unwrap_or_else(PoisonError::into_inner).insert(merged.clone()) {
        return Err(plain(482));
    }
    Ok(Ready { terms, merged, target: contact.uri.to_owned(), offer, permit })
}

fn is_sip(uri: &str) -> bool {
    text::scheme(uri).is_some_and(|s| s.eq_ignore_ascii_case("sip") || s.eq_ignore_ascii_case("sips"))
}

fn merge_key(request: &Request) -> String {
    let tag = header(&request.headers, "From").and_then(message::tag_of).unwrap_or_default();
    let call_id = header(&request.headers, "Call-ID").unwrap_or_default();
    format!("{call_id} {tag} {}", message::sequence(&request.headers))
}

fn peer(core: &Core, request: &Request, target: String) -> Peer {
    let local_tag = core.token();
    let to = header(&request.headers, "To").unwrap_or_default();
    let route = joined(&request.headers, "Record-Route");
    Peer {
        call_id: header(&request.headers, "Call-ID").unwrap_or_default().to_owned(),
        local: format!("{to};tag={local_tag}"),
        remote: header(&request.headers, "From").unwrap_or_default().to_owned(),
        local_tag,
        local_seq: core.clock.random_u32() >> 8,
        remote_seq: Some(message::sequence(&request.headers)),
        target,
        routes: text::list(&route).into_iter().map(str::to_owned).collect(),
        user_agent: Arc::clone(&core.server),
    }
}

/// Keeps an INVITE transaction going until the stack is done with it, and tells the call what comes.
pub(super) async fn pump(core: Arc<Core>, mut tx: Transaction, inbox: mpsc::Sender<Inbound>) {
    let seq = message::sequence(&tx.original.headers);
    let mut acked = false;
    loop {
        let received = tokio::select! {
            () = core.stop.cancelled() => return,
            received = quiet(tx.receive()) => received,
        };
        let Some(received) = received else { break };
        let SipMessage::Request(request) = received else { continue };
        let news = match request.method {
            Method::Cancel => Inbound::Cancelled,
            Method::Ack => {
                acked = true;
                Inbound::Acked {
                    seq,
                    body: message::sdp(&request.headers, &request.body).unwrap_or_default(),
                }
            }
            _ => continue,
        };
        // The call may have ended before; the transaction still runs its course.
        let _ = inbox.send(news).await;
    }
    let success = tx.last_response.as_ref().is_some_and(|r| (200..300).contains(&r.status_code.code()));
    let key = tx.key.clone();
    drop(tx);
    slim(&core, &key);
    if success && !acked {
        let _ = inbox.send(Inbound::Unacked { seq }).await;
    }
}

/// The stack keeps the final response for another 64·T1, to absorb repetitions: without its body it does as well.
fn slim(core: &Core, key: &TransactionKey) {
    core.endpoint.finished_transactions.with_mut(|finished| {
        if let Some(Some(SipMessage::Response(response))) = finished.get_mut(key) {
            response.body = Vec::new();
            let needed = ["Via", "From", "To", "Call-ID", "CSeq", "Contact"];
            response.headers.retain(|h| needed.contains(&h.name()));
            response.headers.0.shrink_to_fit();
            add(response, "Content-Length", "0");
        }
    });
}
