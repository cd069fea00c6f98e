//! Tells webhooks what happened: makes deliveries of facts, sends what is due, writes down how it went.
//!
//! It has its own tasks, places and rows: a receiver that is slow or away holds up no mail and no lamp, and at most a
//! few places of other webhooks. Redirects are not followed, proxies not used, and names that lead into the own network
//! not reached (`service::webhooks::guard`); the address is checked after the name was looked up, not before.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::header::{HeaderName, RETRY_AFTER};
use tokio::task::JoinSet;
use tokio::time::{MissedTickBehavior, interval, timeout};
use tokio_util::sync::CancellationToken;

use crate::clock::SharedClock;
use crate::domain::Webhook;
use crate::service::audit::{Audit, Deed};
use crate::service::webhooks::guard::Guard;
use crate::service::webhooks::sign::signatures;
use crate::service::webhooks::{KEPT, Webhooks};
use crate::store::{Due, JobState, Store, StoreError, Told};

/// Deliveries at the same time.
const PLACES: usize = 16;
/// Of these, those of one webhook.
const PLACES_OF_ONE: u32 = 4;
/// How often it looks for what happened.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// How long a receiver may take in all.
const PATIENCE: Duration = Duration::from_secs(15);
/// And until it takes the connection.
const CONNECT: Duration = Duration::from_secs(5);
/// How long a delivery is ours.
const LEASE: Duration = Duration::from_secs(60);
/// Shortest and longest pause before another try.
const PAUSES: (Duration, Duration) = (Duration::from_secs(5), Duration::from_secs(6 * 3600));
/// A delivery is tried for so long.
const GIVE_UP: Duration = Duration::from_secs(3 * 24 * 3600);
/// A webhook that does not answer well for so long is paused.
const FAILING: Duration = Duration::from_secs(5 * 24 * 3600);

/// The courier. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Courier {
    store: Store,
    webhooks: Webhooks,
    audit: Audit,
    guard: Guard,
    client: reqwest::Client,
    clock: SharedClock,
}

/// What came of a try.
enum Outcome {
    Taken(u16),
    Refused { status: Option<u16>, why: String, wait: Option<Duration>, is_gone: bool },
}

impl Outcome {
    fn failed(why: impl Into<String>) -> Self {
        Self::Refused { status: None, why: why.into(), wait: None, is_gone: false }
    }
}

impl Courier {
    /// Puts the parts together; nothing runs yet.
    ///
    /// # Errors
    /// When TLS cannot be set up.
    pub fn new(store: Store, clock: SharedClock, guard: Guard) -> Result<Self, reqwest::Error> {
        // Whoever was first has set the same one.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = reqwest::Client::builder()
            .user_agent(concat!("aftertone/", env!("CARGO_PKG_VERSION")))
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .referer(false)
            .connect_timeout(CONNECT)
            .timeout(PATIENCE)
            .dns_resolver(Arc::new(Outside(guard.clone())))
            .build()?;
        let webhooks = Webhooks::new(store.clone(), clock.clone(), guard.clone());
        let audit = Audit::new(store.clone(), clock.clone());
        Ok(Self { store, webhooks, audit, guard, client, clock })
    }

    /// Works until `shutdown`; what is on its way then is finished.
    pub async fn run(&self, shutdown: CancellationToken) {
        let mut running = JoinSet::new();
        let mut look = interval(LOOK_EVERY);
        look.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let (mut is_blind, mut looks) = (false, 0_u32);
        loop {
            tokio::select! {
                () = shutdown.cancelled() => break,
                Some(ended) = running.join_next() => noted(ended),
                _ = look.tick() => {
                    let found = self.look(PLACES.saturating_sub(running.len())).await;
                    if let Err(error) = &found && !is_blind {
                        tracing::warn!(%error, "what webhooks are to be told cannot be seen; it is looked for every second");
                    }
                    is_blind = found.is_err();
                    for due in found.unwrap_or_default() {
                        let courier = self.clone();
                        running.spawn(async move { courier.deliver(due).await });
                    }
                    looks = looks.wrapping_add(1);
                    if looks % 30 == 1 {
                        self.tidy().await;
                    }
                }
            }
        }
        let rest = async {
            while let Some(ended) = running.join_next().await {
                noted(ended);
            }
        };
        if timeout(PATIENCE, rest).await.is_err() {
            running.shutdown().await;
        }
    }

    /// Makes and sends everything that is due now; how many deliveries that were.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn work_off(&self) -> Result<usize, StoreError> {
        let mut done = 0;
        loop {
            let due = self.look(PLACES).await?;
            if due.is_empty() {
                return Ok(done);
            }
            done += due.len();
            for due in due {
                self.deliver(due).await;
            }
        }
    }

    async fn look(&self, free: usize) -> Result<Vec<Due>, StoreError> {
        while self.webhooks.fan_out().await? > 0 {}
        if free == 0 {
            return Ok(Vec::new());
        }
        let free = u32::try_from(free).unwrap_or(u32::MAX);
        self.store.lease_deliveries(free, PLACES_OF_ONE, LEASE).await
    }

    /// Counts what waits, and forgets what is old.
    async fn tidy(&self) {
        let before = self.clock.now().saturating_sub(KEPT).unwrap_or(Timestamp::MIN);
        let tidied = async {
            self.store.purge_deliveries(before, 1000).await?;
            self.store.open_deliveries().await
        };
        match tidied.await {
            // Metrics are floats; a count above 2^53 is no worry here.
            Ok(open) => metrics::gauge!("aftertone_webhook_deliveries").set(open as f64),
            Err(error) => tracing::debug!(%error, "deliveries cannot be counted now"),
        }
    }

    async fn deliver(&self, due: Due) {
        let delivery = &due.delivery;
        let webhook = match self.store.webhook(delivery.tenant, delivery.webhook).await {
            Ok(webhook) => webhook,
            // It was removed, and its deliveries with it; or the lease runs out.
            Err(error) => return tracing::debug!(delivery = %delivery.id, %error, "not delivered now"),
        };
        let outcome = self.send(&webhook, &due).await;
        let told = self.told(&webhook, &due, outcome);
        report(&due, &told);
        if let Err(error) = self.store.delivery_told(&due, &told).await {
            let id = delivery.id;
            tracing::warn!(delivery = %id, %error, "how a delivery went was not written down: it is made again");
        }
        if let Some(why) = &told.pause {
            let deed = Deed { action: "webhook.paused", target: format!("webhook {}", webhook.name) };
            self.audit.note_by("the server", delivery.tenant, deed, None::<&()>, Some(why)).await;
        }
    }

    async fn send(&self, webhook: &Webhook, due: &Due) -> Outcome {
        let url = match self.guard.url(&webhook.url) {
            Ok(url) => url,
            Err(error) => return Outcome::failed(error.remedy),
        };
        let (delivery, at) = (&due.delivery, self.clock.now());
        let signed = signatures(webhook, delivery.id, at, &delivery.body);
        let request = self
            .client
            .post(url)
            .header("content-type", "application/json")
            .header(HeaderName::from_static("webhook-id"), delivery.id.to_string())
            .header(HeaderName::from_static("webhook-timestamp"), at.as_second().to_string())
            .header(HeaderName::from_static("webhook-signature"), signed)
            .body(delivery.body.clone());
        let answer = match request.send().await {
            Ok(answer) => answer,
            Err(error) => return Outcome::failed(plain(error)),
        };
        let status = answer.status();
        if status.is_success() {
            return Outcome::Taken(status.as_u16());
        }
        let wait = answer.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok()?.parse().ok());
        let why = if status.is_redirection() {
            format!("it answered {status}: redirects are not followed, name the address that it leads to")
        } else {
            format!("it answered {status}")
        };
        let is_gone = status == reqwest::StatusCode::GONE;
        Outcome::Refused { status: Some(status.as_u16()), why, wait: wait.map(Duration::from_secs), is_gone }
    }

    fn told(&self, webhook: &Webhook, due: &Due, outcome: Outcome) -> Told {
        let now = self.clock.now();
        let (status, why, wait, is_gone) = match outcome {
            Outcome::Taken(status) => {
                let (state, status) = (JobState::Done, Some(status));
                return Told { state, next_at: now, status, error: None, pause: None };
            }
            Outcome::Refused { status, why, wait, is_gone } => (status, why, wait, is_gone),
        };
        let age = |since: Timestamp| Duration::try_from(now.duration_since(since)).unwrap_or_default();
        let pause = if is_gone {
            Some("it answered 410 Gone: the receiver wants no more".to_owned())
        } else if webhook.failing_since.is_some_and(|since| age(since) >= FAILING) {
            Some(format!("it has not answered well for {} days; last: {why}", FAILING.as_secs() / 86_400))
        } else {
            None
        };
        let age = age(due.queued_at);
        let state = if is_gone || age >= GIVE_UP { JobState::Dead } else { JobState::Retry };
        let pause_before = self.wait(age).max(wait.unwrap_or_default()).min(PAUSES.1);
        let next_at = now.saturating_add(pause_before).unwrap_or(Timestamp::MAX);
        Told { state, next_at, status, error: Some(why), pause }
    }

    /// As long as it has been tried, so that pauses double; shortened by up to a fifth by chance, so that what failed
    /// together does not come back together.
    fn wait(&self, age: Duration) -> Duration {
        let whole = age.clamp(PAUSES.0, PAUSES.1);
        whole - whole.mul_f64(0.2 * f64::from(self.clock.random_u32()) / f64::from(u32::MAX))
    }
}

/// Looks names up, and leaves out what leads into the own network.
struct Outside(Guard);

impl Resolve for Outside {
    fn resolve(&self, name: Name) -> Resolving {
        let guard = self.0.clone();
        Box::pin(async move {
            let host = name.as_str().to_owned();
            let found = tokio::net::lookup_host((host.as_str(), 0)).await?;
            let allowed: Vec<SocketAddr> =
                found.filter(|address| guard.may_reach(&host, address.ip())).collect();
            if allowed.is_empty() {
                let why =
                    "it leads into the own network: name the host in webhooks.allow of the configuration";
                return Err(why.into());
            }
            Ok(Box::new(allowed.into_iter()) as Addrs)
        })
    }
}

/// The innermost cause, without the address: that may hold a secret.
fn plain(error: reqwest::Error) -> String {
    if error.is_timeout() {
        return format!("no answer within {} s", PATIENCE.as_secs());
    }
    let error = error.without_url();
    let mut cause: &dyn std::error::Error = &error;
    while let Some(deeper) = cause.source() {
        cause = deeper;
    }
    cause.to_string()
}

fn report(due: &Due, told: &Told) {
    let (id, attempts) = (due.delivery.id, due.attempts);
    let (status, why) = (told.status, told.error.as_deref().unwrap_or_default());
    let outcome = match told.state {
        JobState::Done => {
            tracing::debug!(delivery = %id, attempts, "a webhook was told");
            "delivered"
        }
        JobState::Dead => {
            tracing::warn!(delivery = %id, attempts, status, "a webhook could not be told: given up");
            "given-up"
        }
        _ => {
            tracing::debug!(delivery = %id, attempts, status, why, "a webhook is told later");
            "deferred"
        }
    };
    metrics::counter!("aftertone_webhooks_total", "outcome" => outcome).increment(1);
    if told.pause.is_some() {
        tracing::warn!(webhook = %due.delivery.webhook, "a webhook is paused: its page says why");
    }
}

fn noted(ended: Result<(), tokio::task::JoinError>) {
    if let Err(error) = ended {
        tracing::error!(%error, "the task of a delivery broke; its lease runs out and it is made again");
    }
}
