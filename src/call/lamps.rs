//! Lamps over SIP: subscriptions are granted by the service and told through [`Signal`]. Implements [`WaitingLight`].
//!
//! Decides nothing itself: who may watch a mailbox is `service::lamp`'s, how SIP looks is `signal`'s.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::{MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::clock::SharedClock;
use crate::service::lamp::{Grant, LampFault, Lamps, Told, Waiting, WaitingLight, Wish};
use crate::signal::{LampDialog, Life, NotifyError, Signal, Subscribing, Verdict};
use crate::sip;
use crate::sip::uri::Uri;
use crate::store::{Lamp, Store, StoreError};

/// SUBSCRIBEs that are worked on at once; further ones wait, and get 503 when too many do.
const AT_ONCE: usize = 32;
/// How often expired subscriptions are ended.
const EXPIRY_EVERY: Duration = Duration::from_secs(30);
/// How often every lamp is compared with its counts.
const RECONCILE_EVERY: Duration = Duration::from_secs(300);

/// Tells lamps by NOTIFY.
#[derive(Debug, Clone)]
pub struct SipLight {
    signal: Signal,
}

impl SipLight {
    /// Over these transports.
    pub const fn new(signal: Signal) -> Self {
        Self { signal }
    }
}

impl WaitingLight for SipLight {
    fn tell(&self, waiting: Waiting) -> Told {
        let signal = self.signal.clone();
        Box::pin(async move {
            let Waiting { lamp, cseq, counts, last, now } = waiting;
            let dialog: LampDialog =
                serde_json::from_str(&lamp.dialog).map_err(|error| LampFault::Gone(error.to_string()))?;
            let life = match lamp.expires_at {
                None => Life::None,
                Some(_) if last => Life::Ended,
                Some(at) => Life::Active(Duration::try_from(at.duration_since(now)).unwrap_or_default()),
            };
            signal.notify(&dialog, cseq, life, counts).await.map_err(|error| match error {
                // Who was never asked to subscribe cannot end it: its system may be set up later.
                NotifyError::Gone(_) if lamp.expires_at.is_some() => LampFault::Gone(error.to_string()),
                error => LampFault::Later(error.to_string()),
            })
        })
    }
}

/// Serves lamps over these transports, in a task of `tasks`, until `stop`. `nudge` tells the outbox that there may be work.
pub fn start(
    signal: &Signal,
    store: &Store,
    clock: &SharedClock,
    nudge: impl Fn() + Send + Sync + 'static,
    stop: CancellationToken,
    tasks: &TaskTracker,
) -> Lamps {
    let lamps = Lamps::new(store.clone(), clock.clone(), Arc::new(SipLight::new(signal.clone())));
    if let Some(subscriptions) = signal.subscriptions() {
        tasks.spawn(serve(lamps.clone(), Arc::new(nudge), subscriptions, stop));
    }
    lamps
}

/// Grants and renews subscriptions, ends those that expire, and reconciles all of them now and then. `nudge` tells the
/// outbox that there may be work.
async fn serve(
    lamps: Lamps,
    nudge: Arc<dyn Fn() + Send + Sync>,
    mut subscriptions: mpsc::Receiver<Subscribing>,
    stop: CancellationToken,
) {
    let mut running = JoinSet::new();
    // In tasks of their own: phones that do not answer must not hold up those that subscribe. One of each at a time:
    // the next one would only tell the same phones again.
    let (mut ending, mut comparing) = (JoinSet::new(), JoinSet::new());
    let mut expiry = interval(EXPIRY_EVERY);
    expiry.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut reconcile = interval(RECONCILE_EVERY);
    reconcile.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            Some(ended) = running.join_next() => broken(ended),
            Some(ended) = ending.join_next() => broken(ended),
            Some(ended) = comparing.join_next() => broken(ended),
            asked = subscriptions.recv(), if running.len() < AT_ONCE => {
                let Some(asked) = asked else { return };
                running.spawn(take(lamps.clone(), asked));
            }
            _ = expiry.tick(), if ending.is_empty() => {
                let lamps = lamps.clone();
                ending.spawn(async move { failed(lamps.end_expired().await.map(drop)) });
            }
            _ = reconcile.tick(), if comparing.is_empty() => {
                let (lamps, nudge) = (lamps.clone(), Arc::clone(&nudge));
                comparing.spawn(async move {
                    failed(lamps.reconcile().await.map(drop));
                    nudge();
                });
            }
        }
    }
}

fn broken(ended: Result<(), tokio::task::JoinError>) {
    if let Err(error) = ended {
        tracing::error!(%error, "work on a subscription broke off; the phone asks again");
    }
}

fn failed(done: Result<(), StoreError>) {
    if let Err(error) = done {
        tracing::warn!(%error, "lamps cannot be looked after now; it is tried again");
    }
}

/// One SUBSCRIBE: the decision, its answer, and the NOTIFY that follows at once (RFC 6665 §4.2.1.2).
async fn take(lamps: Lamps, asked: Subscribing) {
    let decided = if asked.renews { renew(&lamps, &asked).await } else { grant(&lamps, &asked).await };
    let ends = asked.expires.is_zero();
    let (verdict, lamp) = match decided {
        Ok(decided) => decided,
        Err(error) => {
            tracing::warn!(%error, "a subscription cannot be stored now");
            (Verdict::Later, None)
        }
    };
    metrics::counter!("aftertone_subscriptions_total", "verdict" => word(verdict)).increment(1);
    asked.answer(verdict).await;
    let Some(lamp) = lamp else { return };
    if ends {
        failed(lamps.end(lamp).await);
    } else if let Err(why) = lamps.answer(lamp).await {
        tracing::debug!(why, "the first NOTIFY of a subscription was not confirmed; it is sent again");
    }
}

type Decided = Result<(Verdict, Option<Lamp>), StoreError>;

async fn grant(lamps: &Lamps, asked: &Subscribing) -> Decided {
    let uri = Uri::lenient(&asked.facts.request_uri).ok();
    let Some(watched) = uri.as_ref().and_then(Uri::user) else { return Ok((Verdict::Unknown, None)) };
    let watcher = sip::caller(&asked.facts).number;
    let (Some(dialog), name) = (json(&asked.dialog), asked.dialog.name()) else {
        return Ok((Verdict::Later, None));
    };
    let wish = Wish {
        name: &name,
        dialog,
        domain: uri.as_ref().and_then(Uri::host),
        watched,
        watcher: watcher.as_deref(),
        expires: asked.expires,
    };
    Ok(match lamps.subscribe(wish).await? {
        Grant::Lamp(lamp) => (Verdict::Accepted, Some(*lamp)),
        Grant::Unknown => (Verdict::Unknown, None),
        Grant::Forbidden => (Verdict::Forbidden, None),
        Grant::TooMany => (Verdict::Later, None),
    })
}

async fn renew(lamps: &Lamps, asked: &Subscribing) -> Decided {
    let Some(lamp) = lamps.known(&asked.dialog.name()).await? else { return Ok((Verdict::Gone, None)) };
    let known: Option<LampDialog> = serde_json::from_str(&lamp.dialog).ok();
    let Some(known) = known.filter(|known| known.is_same(&asked.dialog)) else {
        return Ok((Verdict::Gone, None));
    };
    if known.is_stale(&asked.dialog) {
        return Ok((Verdict::Stale, None));
    }
    let Some(dialog) = json(&asked.dialog.within(&known)) else { return Ok((Verdict::Later, None)) };
    Ok((Verdict::Accepted, Some(lamps.renew(&lamp, dialog, asked.expires).await?)))
}

fn json(dialog: &LampDialog) -> Option<String> {
    serde_json::to_string(dialog).ok()
}

const fn word(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Accepted => "accepted",
        Verdict::Forbidden => "forbidden",
        Verdict::Unknown => "unknown",
        Verdict::Gone => "gone",
        Verdict::Stale => "stale",
        Verdict::Later => "later",
    }
}
