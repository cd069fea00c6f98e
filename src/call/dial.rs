//! Calls a phone so that a greeting is recorded on it. Implements [`Dialer`].
//!
//! Once the phone has answered, the call is one like any other: the same driver, and the owner's dialogue, which asks for
//! nothing but the recording. Who asked for the call, and who hears of it, is `service::call_me`'s.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, watch};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::Instrument as _;

use crate::domain::{CallFault, CallOutcome, CallStep, CallerId, Counts};
use crate::flow::owner::Owner;
use crate::service::call_me::{CallOrder, Dialer, Dialing};
use crate::service::live_calls::{Arrival, Entry};
use crate::service::login::Welcome;
use crate::service::outbound::way_out;
use crate::signal::{Dialog, DialogEvent, OutgoingCall, Refusal, Signal};
use crate::sip::sdp::{LocalMedia, Session};

use super::driver::inside::{Inside, session};
use super::driver::{Driver, Ends, Purpose};
use super::{CallSettings, Desk, TrunkOut};

/// Steps that wait for whoever asked.
const STEPS: usize = 32;

/// Calls phones over SIP.
#[derive(Clone)]
pub struct SipDialer {
    /// What every call needs.
    pub desk: Desk,
    /// The settings as they are now.
    pub settings: watch::Receiver<Arc<CallSettings>>,
    /// The transports.
    pub signal: Signal,
    /// Every call of this server; bounded by [`CallSettings::max_calls`].
    pub calls: TaskTracker,
    /// Running calls are ended.
    pub cut: CancellationToken,
}

impl fmt::Debug for SipDialer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SipDialer")
    }
}

impl Dialer for SipDialer {
    fn call(&self, order: CallOrder, steps: mpsc::Sender<CallStep>, give_up: CancellationToken) -> Dialing {
        let desk = Arc::new(Desk { settings: Arc::clone(&self.settings.borrow()), ..self.desk.clone() });
        let id = desk.clock.uuid();
        let span = tracing::info_span!("call", %id);
        let arrival = Arrival { id, is_ours: true, trunk: None, peer: None };
        let entry = desk.live.open(arrival, &self.cut);
        entry.is_for(order.tenant.id, Some(&order.mailbox.extension), &CallerId::new(None, None));
        let one = Call { desk, dialer: self.clone(), steps, give_up };
        let running = async {
            metrics::gauge!("aftertone_calls_running").increment(1);
            let mut entry = Some(entry);
            let last = one.run(order, &mut entry).await.unwrap_or_else(|failed| failed);
            // Nobody answered, or the entry would be the driver's.
            if let Some(mut entry) = entry {
                entry.note(CallOutcome::NotReached);
            }
            metrics::gauge!("aftertone_calls_running").decrement(1);
            last
        };
        Box::pin(running.instrument(span))
    }
}

/// One call that we place.
struct Call {
    desk: Arc<Desk>,
    dialer: SipDialer,
    steps: mpsc::Sender<CallStep>,
    give_up: CancellationToken,
}

/// A call that was answered, with what was offered and what came back.
struct Answered {
    dialog: Dialog,
    events: mpsc::Receiver<DialogEvent>,
    answer: Option<String>,
}

const fn failed<T>(reason: CallFault) -> Result<T, CallStep> {
    Err(CallStep::failed(reason))
}

impl Call {
    /// To the last step. `Err` is one that came before anybody answered.
    async fn run(self, order: CallOrder, entry: &mut Option<Entry>) -> Result<CallStep, CallStep> {
        if self.dialer.calls.len() > self.desk.settings.max_calls {
            return failed(CallFault::Full);
        }
        let ways = &self.desk.settings.ways_out;
        let (trunk, target) = way_out(ways, &order.tenant.name, &order.target).map_err(|fault| {
            tracing::warn!(why = fault.as_str(), "a call that was asked for is refused");
            CallStep::failed(fault)
        })?;
        let (media, media_events) = self.desk.engine.open().await.map_err(|error| {
            tracing::error!(%error, "no media session");
            CallStep::failed(CallFault::Full)
        })?;
        let Some(peer) = self.dialer.signal.resolve(&target).await else {
            return failed(CallFault::Unreachable);
        };
        let settings = &self.desk.settings;
        let address =
            settings.advertise.unwrap_or_else(|| self.desk.ways.to(peer, self.desk.clock.monotonic()));
        let local = LocalMedia::new(address, media.port());
        let mut session = Session::new(self.desk.clock.random_u32());
        let end = entry.as_ref().map_or_else(|| self.dialer.cut.clone(), |entry| entry.end().clone());
        let answered = self.ring(outgoing(trunk, target, session.offer(&local)), trunk.ring, &end).await?;
        let Answered { dialog, events, answer } = answered;
        let stream = answer.as_deref().and_then(|answer| session.accept(answer).ok());
        let Some(stream) = stream else {
            hang_up(dialog).await;
            return failed(CallFault::NoSound);
        };
        media.connect(&stream);
        self.tell(CallStep::Answered).await;
        let Some(entry) = entry.take() else { return failed(CallFault::Stopped) };
        let ends = Ends { dialog, dialog_events: events, media, media_events, session, local, entry };
        Ok(self.talk(order, ends, end).await)
    }

    async fn tell(&self, step: CallStep) {
        // Whoever asked may not want to know any more.
        let _ = self.steps.send(step).await;
    }

    /// Places the call and waits until somebody takes it.
    async fn ring(
        &self,
        call: OutgoingCall,
        patience: Duration,
        end: &CancellationToken,
    ) -> Result<Answered, CallStep> {
        self.tell(CallStep::Calling).await;
        let placed = self.dialer.signal.call(call).await;
        let (dialog, mut events) = placed.map_err(|error| {
            tracing::warn!(%error, "a phone cannot be called");
            CallStep::failed(CallFault::Unreachable)
        })?;
        let patience = tokio::time::sleep(patience);
        tokio::pin!(patience);
        let mut rang = false;
        let why = loop {
            let event = tokio::select! {
                event = events.recv() => event,
                () = &mut patience => break CallFault::NoAnswer,
                () = self.give_up.cancelled() => break CallFault::GivenUp,
                () = end.cancelled() => break CallFault::Stopped,
            };
            match event {
                Some(DialogEvent::Confirmed { answer }) => return Ok(Answered { dialog, events, answer }),
                Some(DialogEvent::Ringing) => {
                    rang = true;
                    self.tell(CallStep::Ringing).await;
                }
                Some(DialogEvent::Offer { reply, .. }) => {
                    let refusal = Refusal { code: 488, retry_after: None, warning: None };
                    // The peer may be gone already.
                    let _ = reply.send(Err(refusal));
                }
                Some(DialogEvent::Ended { code, why }) => return Err(refused(code, rang, &why)),
                None => break CallFault::Unreachable,
                Some(DialogEvent::Cancelled | DialogEvent::Key(_) | DialogEvent::Transfer(_)) => {}
            }
        };
        // CANCEL, or BYE when the answer is on its way: the dialog sees to it by itself.
        hang_up(dialog).await;
        failed(why)
    }

    /// The call is up: the owner's dialogue, to its end.
    async fn talk(&self, order: CallOrder, ends: Ends, end: CancellationToken) -> CallStep {
        let CallOrder { mailbox, tenant, kind, name, .. } = order;
        let language = mailbox.language.clone().unwrap_or_else(|| tenant.language.clone());
        let inside = Inside::new(&self.desk, &mailbox, &language).named(name);
        let welcome = Welcome {
            owner: crate::domain::Owner { tenant: mailbox.tenant, mailbox: mailbox.id },
            zone: mailbox.zone.clone().unwrap_or(tenant.zone),
            language: language.clone(),
            mailbox,
            counts: Counts::default(),
            place: None,
        };
        let flow = Box::new(Owner::called_for(kind, session(&self.desk, welcome)));
        let (watch, mut told) = mpsc::channel(STEPS);
        let purpose = Purpose {
            kept: Some(inside.kept()),
            inside: Some(Box::new(inside)),
            watch: Some(watch),
            ..Purpose::bare(&language)
        };
        let running = Driver::run(self.desk.clone(), purpose, flow, ends);
        tokio::pin!(running);
        let mut last = CallStep::failed(CallFault::HungUp);
        let stats = loop {
            tokio::select! {
                stats = &mut running => break stats,
                Some(step) = told.recv() => last = self.note(last, step).await,
                () = self.give_up.cancelled(), if !end.is_cancelled() => end.cancel(),
            }
        };
        while let Ok(step) = told.try_recv() {
            last = self.note(last, step).await;
        }
        tracing::info!(received = stats.received, lost = stats.lost, sent = stats.sent, "call ended");
        match last {
            CallStep::Failed { reason: CallFault::HungUp, .. } if self.give_up.is_cancelled() => {
                CallStep::failed(CallFault::GivenUp)
            }
            CallStep::Failed { reason: CallFault::HungUp, .. } if end.is_cancelled() => {
                CallStep::failed(CallFault::Stopped)
            }
            last => last,
        }
    }

    /// Passes a step on; what is known of the end by now. What is kept is kept.
    async fn note(&self, last: CallStep, step: CallStep) -> CallStep {
        match (last, step) {
            (CallStep::Kept, _) => CallStep::Kept,
            (_, step) if step.is_last() => step,
            (last, step) => {
                self.tell(step).await;
                last
            }
        }
    }
}

fn outgoing(trunk: &TrunkOut, target: String, offer: String) -> OutgoingCall {
    OutgoingCall {
        target,
        from: format!("sip:{}@{}", trunk.from, trunk.home),
        from_name: Some("Voicemail".to_owned()),
        offer,
        headers: Vec::new(),
        credentials: trunk.account.clone(),
    }
}

/// The phone system did not put the call through.
fn refused(code: Option<u16>, rang: bool, why: &str) -> CallStep {
    tracing::info!(code, "a call of ours was refused");
    tracing::debug!(why, "why a call of ours was refused");
    match code {
        Some(code) => CallStep::Failed { reason: CallFault::of_code(code, rang), code: Some(code) },
        None => CallStep::failed(CallFault::Unreachable),
    }
}

async fn hang_up(dialog: Dialog) {
    if let Err(error) = dialog.hang_up().await {
        tracing::debug!(%error, "there was nothing to hang up");
    }
}

/// A call that comes in from the number that ours come from, while one of ours runs, is ours come back: a phone that
/// nobody takes forwards to us.
pub(super) async fn came_back(desk: &Desk, from: &str) -> bool {
    let user = crate::sip::uri::Uri::lenient(from).ok();
    let user = user.as_ref().and_then(crate::sip::uri::Uri::user);
    let is_ours = desk.settings.ways_out.iter().any(|trunk| user == Some(trunk.from.as_str()));
    is_ours && desk.call_me.any_runs().await
}
