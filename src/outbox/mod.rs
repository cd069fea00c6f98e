//! Durable jobs: mails, lamps, and the audio of purged messages. Leases what is due, does it, and writes down how it ended.
//!
//! A job is done at least once: it survives every crash in the store, and a lease that nobody answers for runs out.
//! Mails of the same message to the same address carry the same `Message-ID`, so a rare second copy is known as one.
//! Does not decide who gets mail (the deposit made the jobs) and never holds up a call: it has its own tasks, and all
//! it shares with calls is the store.

mod attach;
mod backoff;
mod courier;
mod letter;
mod notice;
mod settle;
mod trial;

use std::panic::AssertUnwindSafe;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock, PoisonError, RwLock};
use std::time::Duration;

use futures_util::FutureExt as _;
use tokio::sync::{Notify, Semaphore};
use tokio::task::JoinSet;
use tokio::time::{Interval, MissedTickBehavior, interval, timeout};
use tokio_util::sync::CancellationToken;

use crate::blob::objects::Objects;
use crate::clock::SharedClock;
use crate::mail::Mailer;
use crate::service::lamp::Lamps;
use crate::service::links::Links;
use crate::store::{Job, Store, Work};

pub use self::courier::Courier;
use self::letter::Failure;

/// What a try may need beyond the mail server's own time limits is cut off this long before the lease ends.
const MARGIN: Duration = Duration::from_secs(30);
/// Pause between two looks for jobs while there are any: those of many calls are taken, and written down, together.
const PACE: Duration = Duration::from_millis(200);
/// How often connections to the mail server that nobody uses are closed.
const TIDY: Duration = Duration::from_secs(5);
/// How often the jobs are counted for the metrics.
const COUNT_EVERY: Duration = Duration::from_secs(30);
/// Lamps that are told at the same time beside the other jobs: a phone must not wait for a mail server.
const LAMPS: usize = 8;

/// How the outbox works.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Settings {
    /// Jobs at the same time.
    pub workers: u32,
    /// Mails, of these, that are made and handed over at the same time.
    pub senders: u32,
    /// How long a mail waits for one of the senders before it is put off: the lease of its job runs meanwhile.
    pub turn: Duration,
    /// How long a job belongs to the worker that took it. Longer than the slowest delivery, because a lease that ends
    /// too early doubles the mail; short enough that what a crash left is taken up within half an hour.
    pub lease: Duration,
    /// How often due jobs are looked for when nobody nudges: what another process did is known so soon.
    pub poll: Duration,
    /// How long a mail is tried before it is given up (RFC 5321 §4.5.4.1 asks for 4 to 5 days).
    pub give_up: Duration,
    /// Largest attachment, in bytes before base64. What is larger goes as a link.
    pub max_attachment: u64,
    /// How long running jobs may take to finish on shutdown.
    pub drain: Duration,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            workers: 32,
            senders: 4,
            turn: Duration::from_secs(120),
            lease: Duration::from_secs(600),
            poll: Duration::from_millis(500),
            give_up: Duration::from_secs(5 * 24 * 3600),
            max_attachment: 20 * 1024 * 1024,
            drain: Duration::from_secs(30),
        }
    }
}

/// The outbox. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Outbox {
    parts: Arc<Parts>,
}

#[derive(Debug)]
struct Parts {
    store: Store,
    objects: Objects,
    mailer: RwLock<Arc<Mailer>>,
    links: Links,
    /// `None` until there is a SIP side.
    lamps: OnceLock<Lamps>,
    clock: SharedClock,
    settings: Settings,
    wake: Notify,
    turns: Semaphore,
    /// The log says once that the jobs cannot be seen, not at every look.
    is_blind: AtomicBool,
}

impl Parts {
    fn mailer(&self) -> Arc<Mailer> {
        Arc::clone(&self.mailer.read().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Outbox {
    /// Puts the parts together; nothing runs yet.
    pub fn new(
        store: Store,
        objects: Objects,
        mailer: Mailer,
        links: Links,
        clock: SharedClock,
        settings: Settings,
    ) -> Self {
        let (wake, is_blind, lamps) = (Notify::new(), AtomicBool::new(false), OnceLock::new());
        let turns = Semaphore::new(settings.senders.max(1) as usize);
        let mailer = RwLock::new(Arc::new(mailer));
        let parts = Parts { store, objects, mailer, links, lamps, clock, settings, wake, turns, is_blind };
        Self { parts: Arc::new(parts) }
    }

    /// From now on lamps are told. Once only; until then their jobs wait.
    pub fn tell_lamps(&self, lamps: Lamps) {
        if self.parts.lamps.set(lamps).is_err() {
            tracing::warn!("the outbox already tells lamps");
        }
    }

    /// From now on mails go this way; those that are under way go the old one.
    pub fn set_mailer(&self, mailer: Mailer) {
        *self.parts.mailer.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(mailer);
    }

    /// There may be a new job: look at once. Never waits.
    pub fn nudge(&self) {
        self.parts.wake.notify_one();
    }

    /// Works until `shutdown`, then lets running jobs finish for [`Settings::drain`]. Jobs that are cut off come back
    /// when their lease ends.
    pub async fn run(&self, shutdown: CancellationToken) {
        let settings = &self.parts.settings;
        let mut running = Running::default();
        let mut poll = ticks(settings.poll);
        let (mut tidy, mut count) = (ticks(TIDY), ticks(COUNT_EVERY));
        let mut pace = ticks(PACE);
        // Whether to look, and whether the last look has filled every place it had.
        let (mut look, mut is_full) = (true, false);
        while !shutdown.is_cancelled() {
            let free = Places::beside(&running, settings);
            tokio::select! {
                () = shutdown.cancelled() => break,
                Some(ended) = running.next() => {
                    noted(ended);
                    look |= is_full;
                }
                _ = pace.tick(), if look && free.any() => {
                    let jobs = self.lease(free).await;
                    is_full = jobs.len() >= free.jobs;
                    for job in jobs {
                        running.spawn(self.clone(), job);
                    }
                    look = is_full && Places::beside(&running, settings).jobs > 0;
                }
                () = self.parts.wake.notified(), if !look => look = true,
                () = self.parts.store.until_work_is_made(), if !look => look = true,
                // A store that does not answer is told of by the look.
                _ = poll.tick() => look |= self.parts.store.has_due_jobs().await.unwrap_or(true),
                _ = tidy.tick() => {
                    let mailer = self.parts.mailer();
                    // A server may take its time to say goodbye.
                    running.jobs.spawn(async move { mailer.tidy().await });
                }
                _ = count.tick() => self.count().await,
            }
        }
        self.drain(running).await;
    }

    /// Works off everything that is due now and returns how many jobs that were.
    pub async fn work_off(&self) -> usize {
        let mut done = 0;
        loop {
            let mut running = Running::default();
            let jobs = self.lease(Places::beside(&running, &self.parts.settings)).await;
            if jobs.is_empty() {
                return done;
            }
            done += jobs.len();
            for job in jobs {
                running.spawn(self.clone(), job);
            }
            while let Some(ended) = running.next().await {
                noted(ended);
            }
        }
    }

    async fn lease(&self, free: Places) -> Vec<Job> {
        let [jobs, lamps] = [free.jobs, free.lamps].map(|count| u32::try_from(count).unwrap_or(u32::MAX));
        match self.parts.store.lease_jobs_and_lamps(jobs, lamps, self.parts.settings.lease).await {
            Ok(jobs) => {
                if self.parts.is_blind.swap(false, Ordering::Relaxed) {
                    tracing::info!("the outbox sees its jobs again");
                }
                jobs
            }
            Err(error) => {
                if !self.parts.is_blind.swap(true, Ordering::Relaxed) {
                    tracing::warn!(%error, "the outbox cannot see its jobs; it looks again every few seconds");
                }
                Vec::new()
            }
        }
    }

    async fn work(self, job: Job) {
        let parts = &self.parts;
        let began = parts.clock.monotonic();
        let limit = parts.settings.lease.saturating_sub(MARGIN);
        // What breaks on one job (a library that cannot stand a server's reply) must not stop its give-up time.
        let attempt = AssertUnwindSafe(parts.attempt(&job)).catch_unwind();
        let outcome = match timeout(limit, attempt).await {
            Ok(Ok(outcome)) => outcome,
            Ok(Err(_)) => Err(Failure::again("broken", "the delivery broke off, see the log".to_owned())),
            Err(_) => Err(Failure::again("late", format!("not delivered within {} s", limit.as_secs()))),
        };
        if matches!(job.work, Work::Mail { .. } | Work::MailAway { .. }) {
            let took = parts.clock.monotonic().saturating_sub(began);
            metrics::histogram!("aftertone_mail_seconds").record(took.as_secs_f64());
        }
        parts.settle(&job, outcome).await;
    }

    async fn count(&self) {
        match self.parts.store.open_jobs().await {
            Ok(counts) => {
                for (state, jobs) in counts {
                    // Metrics are floats; a count above 2^53 is no worry here.
                    metrics::gauge!("aftertone_jobs", "state" => state.as_str()).set(jobs as f64);
                }
            }
            Err(error) => tracing::debug!(%error, "jobs cannot be counted now"),
        }
    }

    async fn drain(&self, mut running: Running) {
        let all = async {
            while let Some(ended) = running.next().await {
                noted(ended);
            }
        };
        if timeout(self.parts.settings.drain, all).await.is_err() {
            let jobs = running.jobs.len() + running.lamps.len();
            tracing::warn!(jobs, "jobs were cut off by the shutdown; they are done later");
            running.jobs.shutdown().await;
            running.lamps.shutdown().await;
        }
    }
}

/// Jobs under way. Lamps have places of their own, and take others when those are full.
#[derive(Debug, Default)]
struct Running {
    jobs: JoinSet<()>,
    lamps: JoinSet<()>,
}

impl Running {
    fn spawn(&mut self, outbox: Outbox, job: Job) {
        let is_lamp = matches!(job.work, Work::Lamp { .. });
        let places = if is_lamp && self.lamps.len() < LAMPS { &mut self.lamps } else { &mut self.jobs };
        places.spawn(outbox.work(job));
    }

    /// How the next one ended; `None` when none is under way.
    async fn next(&mut self) -> Option<Result<(), tokio::task::JoinError>> {
        tokio::select! {
            Some(ended) = self.jobs.join_next() => Some(ended),
            Some(ended) = self.lamps.join_next() => Some(ended),
            else => None,
        }
    }
}

/// How many more jobs may begin.
#[derive(Debug, Clone, Copy)]
struct Places {
    jobs: usize,
    lamps: usize,
}

impl Places {
    fn beside(running: &Running, settings: &Settings) -> Self {
        let workers = settings.workers.max(1) as usize;
        Self {
            jobs: workers.saturating_sub(running.jobs.len()),
            lamps: LAMPS.saturating_sub(running.lamps.len()),
        }
    }

    const fn any(self) -> bool {
        self.jobs + self.lamps > 0
    }
}

fn ticks(every: Duration) -> Interval {
    let mut ticks = interval(every);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    ticks
}

fn noted(ended: Result<(), tokio::task::JoinError>) {
    if let Err(error) = ended {
        tracing::error!(%error, "a job's task broke; its lease runs out and it is tried again");
    }
}
