//! Takes an incoming call: finds out what it gets, answers, and hands over to the driver.

use std::sync::Arc;

use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use tracing::Instrument as _;
use uuid::Uuid;

use crate::domain::CallOutcome;
use crate::domain::WhenOff;
use crate::domain::answering::TurnAway;
use crate::media::{MediaEvent, MediaHandle, MediaStats};
use crate::service::live_calls::{Arrival, Entry};
use crate::service::routing::RoutingError;
use crate::signal::{IncomingCall, Refusal};
use crate::sip::sdp::{LocalMedia, SdpRefusal, Session};

use super::Desk;
use super::driver::{Driver, Ends};
use super::plan::{self, Line, Planned};

/// `Retry-After` of a 503, in seconds.
const RETRY_AFTER: u32 = 10;

/// What is told of this call while it runs.
pub(super) fn entry(desk: &Desk, id: Uuid, incoming: &IncomingCall, cut: &CancellationToken) -> Entry {
    let (trunk, peer) = (incoming.trunk.clone(), Some(incoming.source.ip()));
    desk.live.open(Arrival { id, is_ours: false, trunk, peer }, cut)
}

/// More calls than the server takes.
pub(super) async fn refuse_busy(incoming: IncomingCall, mut entry: Entry) {
    metrics::counter!("aftertone_calls_refused_total", "why" => "full").increment(1);
    let refusal = Refusal { code: 503, retry_after: Some(RETRY_AFTER), warning: None };
    reject(incoming, refusal, &mut entry).await;
}

/// One call from INVITE to its end.
pub(super) async fn take(desk: Arc<Desk>, incoming: Box<IncomingCall>, cut: CancellationToken) {
    let id = desk.clock.uuid();
    let span = tracing::info_span!("call", %id);
    async {
        tracing::debug!(sip_call_id = incoming.dialog.call_id(), "INVITE");
        metrics::counter!("aftertone_calls_total").increment(1);
        metrics::gauge!("aftertone_calls_running").increment(1);
        let entry = entry(&desk, id, &incoming, &cut);
        if let Some(stats) = handle(desk, incoming, entry).await {
            tracing::info!(received = stats.received, lost = stats.lost, sent = stats.sent, "call ended");
        }
        metrics::gauge!("aftertone_calls_running").decrement(1);
    }
    .instrument(span)
    .await;
}

async fn handle(desk: Arc<Desk>, incoming: Box<IncomingCall>, entry: Entry) -> Option<MediaStats> {
    // On the heap for as long as it takes: its futures are many times what the call itself needs afterwards.
    let (planned, ends) = Box::pin(admit(&desk, *incoming, entry)).await?;
    Some(Driver::run(desk, planned.purpose, planned.flow, ends).await)
}

/// Decides and answers. `None`: the call was refused, or ended before.
async fn admit(desk: &Desk, incoming: IncomingCall, mut entry: Entry) -> Option<(Planned, Ends)> {
    let began = desk.clock.monotonic();
    if super::dial::came_back(desk, &incoming.facts.from.uri).await {
        tracing::info!("a call of ours came back: the phone that was called forwards to us");
        metrics::counter!("aftertone_calls_refused_total", "why" => "loop").increment(1);
        reject(incoming, Refusal { code: 482, retry_after: None, warning: None }, &mut entry).await;
        return None;
    }
    let opened = match desk.engine.open().await {
        Ok(opened) => opened,
        Err(error) => {
            tracing::error!(%error, "no media session");
            refuse_busy(incoming, entry).await;
            return None;
        }
    };
    let planned = match decide(desk, &incoming, &entry).await {
        Ok(planned) => planned,
        Err((why, refusal)) => {
            tracing::info!(code = refusal.code, why, "the call is refused");
            metrics::counter!("aftertone_calls_refused_total", "why" => why).increment(1);
            reject(incoming, refusal, &mut entry).await;
            return None;
        }
    };
    let (ends, sdp) = match negotiate(desk, incoming, opened, entry) {
        Ok(negotiated) => negotiated,
        Err((incoming, mut entry, refusal)) => {
            tracing::info!(%refusal, "the offer cannot be answered");
            metrics::counter!("aftertone_calls_refused_total", "why" => "media").increment(1);
            reject(*incoming, unacceptable(&refusal), &mut entry).await;
            return None;
        }
    };
    if let Err(error) = ends.dialog.answer(&sdp).await {
        tracing::info!(%error, "the call ended before it was answered");
        return None;
    }
    metrics::histogram!("aftertone_call_setup_seconds").record(desk.clock.monotonic().saturating_sub(began));
    Some((planned, ends))
}

/// What the call gets. Where that cannot be found out, the caller hears so.
async fn decide(
    desk: &Desk,
    incoming: &IncomingCall,
    entry: &Entry,
) -> Result<Planned, (&'static str, Refusal)> {
    let now = desk.clock.now();
    Ok(match desk.reception.decide(&incoming.facts, incoming.trunk.as_deref(), now).await {
        Ok(verdict) => {
            let rule = verdict.answered.rule.as_ref().map(|(_, rule)| tracing::field::display(rule.id));
            tracing::info!(decision = %verdict.decision, rule, "mailbox found");
            let extension = verdict.mailbox().map(|mailbox| &mailbox.extension);
            entry.is_for(verdict.decision.tenant.id, extension, &verdict.decision.caller);
            let refuse = |code| Refusal { code, retry_after: None, warning: None };
            if let Some(code) = verdict.answered.turned_away().and_then(TurnAway::code) {
                return Err(("turned-away", refuse(code)));
            }
            if let Some(code) = verdict.when_off().and_then(WhenOff::code) {
                return Err(("off", refuse(code)));
            }
            let line = Line {
                trunk: incoming.trunk.as_deref(),
                peer: incoming.source.ip(),
                identity: incoming.identity.as_deref(),
                says: incoming.facts.from_user(),
            };
            plan::plan(desk, &verdict, &line).await
        }
        Err(RoutingError::Store(error)) => {
            tracing::error!(%error, "the mailbox cannot be looked up: the caller is asked to try later");
            plan::trouble(desk)
        }
        Err(error @ RoutingError::Tenant(_)) => {
            tracing::error!(%error, "the call cannot be routed");
            plan::trouble(desk)
        }
    })
}

type Opened = (MediaHandle, mpsc::Receiver<MediaEvent>);

/// The SDP to answer with, and the ends of the call.
fn negotiate(
    desk: &Desk,
    incoming: IncomingCall,
    (media, media_events): Opened,
    entry: Entry,
) -> Result<(Ends, String), (Box<IncomingCall>, Entry, SdpRefusal)> {
    let address =
        desk.settings.advertise.unwrap_or_else(|| desk.ways.to(incoming.source, desk.clock.monotonic()));
    let local = LocalMedia::new(address, media.port());
    let mut session = Session::new(desk.clock.random_u32());
    let sdp = match &incoming.offer {
        Some(offer) => match session.answer(offer, &local) {
            Ok(answer) => {
                media.connect(&answer.stream);
                answer.sdp
            }
            Err(refusal) => return Err((Box::new(incoming), entry, refusal)),
        },
        None => session.offer(&local),
    };
    let IncomingCall { dialog, events: dialog_events, .. } = incoming;
    Ok((Ends { dialog, dialog_events, media, media_events, session, local, entry }, sdp))
}

/// 488 with the reason.
pub(super) fn unacceptable(refusal: &SdpRefusal) -> Refusal {
    Refusal { code: 488, retry_after: None, warning: Some(refusal.to_string()) }
}

async fn reject(incoming: IncomingCall, refusal: Refusal, entry: &mut Entry) {
    entry.note(CallOutcome::Refused(refusal.code));
    if let Err(error) = incoming.dialog.reject(refusal).await {
        tracing::debug!(%error, "the refusal could not be sent");
    }
}
