//! Builds the server from the configuration, and takes it down without losing anything.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use secrecy::ExposeSecret as _;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::blob::spool::Spool;
use crate::call::dial::SipDialer;
use crate::call::{self, CallSettings, Desk, Ending, Owners};
use crate::clock::SharedClock;
use crate::http;
use crate::mail::{Mailer, Sender, Timeouts};
use crate::media::Engine;
use crate::outbox::{self, Courier, Outbox};
use crate::service::accounts::Accounts;
use crate::service::call_me::{CallDesk, CallMe};
use crate::service::deposit::{Deposit, DepositSettings};
use crate::service::greetings::Greetings;
use crate::service::links::Links;
use crate::service::live_calls::LiveCalls;
use crate::service::prompts::PromptSet;
use crate::service::reception::Reception;
use crate::service::retention::Retention;
use crate::service::signin::Signin;
use crate::service::trunks::TrunkBoard;
use crate::signal::{Signal, Transport};
use crate::store::Store;

use super::Failure;
use super::base::{Base, prepared};
use super::config::Config;
use super::health::Parts;
use super::limits::raise_file_limit;
use super::outside::outside;
use super::priority;
use super::reload::{mails_differ, needs_restart};
use super::setup::{call_settings, engine_config, signal_config};
use super::trunks;
use super::web::{Running, web};

/// Running calls get so long to end after a stop was asked for.
const DRAIN: Duration = Duration::from_secs(60);
/// Then they are cut, and their recordings get so long to be kept.
const LAST_KEEP: Duration = Duration::from_secs(10);

/// A running server.
pub struct Server {
    signal: Signal,
    http: SocketAddr,
    calls: TaskTracker,
    background: TaskTracker,
    ending: Ending,
    /// No calls are placed any more.
    resting: CancellationToken,
    draining: Arc<AtomicBool>,
    config: Config,
    reception: Reception,
    settings: watch::Sender<Arc<CallSettings>>,
    outbox: Outbox,
    clock: SharedClock,
    /// Accounts, for the demo.
    pub(super) accounts: Accounts,
    /// Facts, for the demo.
    pub(super) store: Store,
    /// Passwords and one-time links, for the setup.
    pub(super) signin: Signin,
    trunks: TrunkBoard,
}

/// The spoken prompts: built in, or of a folder.
pub(super) fn prompts(config: &Config) -> Result<PromptSet, Failure> {
    let prompts = match &config.voicemail.prompts {
        Some(folder) => PromptSet::with_folder(folder)?,
        None => PromptSet::embedded()?,
    };
    let spoken = prompts.check_spoken(&config.voicemail.language);
    spoken.map_err(|why| Failure::refused(format!("voicemail.language: {why}")))?;
    Ok(prompts)
}

/// The way out for mails.
pub(super) fn mailer(config: &Config, clock: &SharedClock) -> Result<Mailer, Failure> {
    let sender = Sender::parse(&config.mail.from)?;
    Ok(Mailer::open(config.mail_url().expose_secret(), sender, Timeouts::default(), clock.clone())?)
}

impl Server {
    /// Starts everything. What does not start is named, with what to do.
    ///
    /// # Errors
    /// When the database, the object store, the spool, the prompts or a port cannot be had.
    pub async fn start(
        config: &Config,
        clock: SharedClock,
        metrics: Arc<dyn Fn() -> String + Send + Sync>,
    ) -> Result<Self, Failure> {
        raise_file_limit();
        // Before the threads of spool and database, which come after it.
        let engine = Engine::start(engine_config(config), clock.clone())?;
        priority::lower(priority::ERRANDS);
        let base = Base::name(config, &clock).await?;
        let spool = Spool::open(&config.spool(), clock.clone())?;
        let is_prepared = prepared(&base, config).await?;
        let Base { store, objects, accounts } = base.clone();
        let prompts = Arc::new(prompts(config)?);
        let links = Links::new(store.clone(), clock.clone(), &config.public_url(), config.mail.link_lifetime);
        let mailer = mailer(config, &clock)?;
        let settings = outbox::Settings::default();
        let outbox =
            Outbox::new(store.clone(), objects.clone(), mailer, links.clone(), clock.clone(), settings);
        let settings = DepositSettings::default();
        let deposit = Deposit::new(store.clone(), objects.clone(), spool.clone(), clock.clone(), settings);
        let greetings = Greetings::new(store.clone(), objects.clone(), clock.clone());
        let owners = Owners::new(&store, &objects, &spool, &greetings, &clock, config.voicemail.pins());
        let reception = Reception::new(store.clone(), config.rules());
        let draining = Arc::new(AtomicBool::new(false));

        let listener = TcpListener::bind(config.http.listen).await.map_err(|error| {
            Failure::refused(format!(
                "{} cannot be opened for HTTP: {error}; set http.listen to a free address",
                config.http.listen
            ))
        })?;
        let http_at = listener.local_addr()?;
        let parts = Parts {
            store: store.clone(),
            objects: objects.clone(),
            spool: spool.clone(),
            deposit: deposit.clone(),
            draining: draining.clone(),
        };
        let ending = Ending::default();
        let live = LiveCalls::new(clock.clone());
        let (signal, incoming) = Signal::start(signal_config(config), clock.clone()).await?;
        let trunks = TrunkBoard::new(trunks::views(config));
        let settings = watch::Sender::new(Arc::new(call_settings(config)));
        let web = web(Running {
            config,
            clock: &clock,
            base: &base,
            spool: &spool,
            greetings: &greetings,
            reception: &reception,
            prompts: &prompts,
            links: &links,
            calls: &live,
            outside: outside(config, &signal, &outbox, &clock, settings.subscribe(), trunks.clone()),
            phone_keys: {
                let settings = settings.subscribe();
                Arc::new(move || Arc::clone(&settings.borrow().keys))
            },
            checks: parts.checks(),
            metrics,
            stop: ending.stop.clone(),
        });
        let signin = web.services.signin.clone();

        let (calls, background) = (TaskTracker::new(), TaskTracker::new());
        let (nudged, until) = (outbox.clone(), ending.stop.clone());
        let lamps = call::lamps::start(&signal, &store, &clock, move || nudged.nudge(), until, &background);
        outbox.tell_lamps(lamps);
        if !is_prepared {
            let (base, config, until) = (base, config.clone(), ending.stop.clone());
            let (resumer, worker) = (deposit.clone(), outbox.clone());
            background.spawn(async move {
                base.until_prepared(&config, until).await;
                resumer.nudge();
                worker.nudge();
            });
        }
        let (resumer, worker, until) = (deposit.clone(), outbox.clone(), ending.stop.clone());
        background.spawn(async move { resumer.run_resumer(until).await });
        let until = ending.stop.clone();
        background.spawn(async move { worker.run(until).await });
        let courier = Courier::new(store.clone(), clock.clone(), config.webhooks.guard())
            .map_err(|error| Failure::refused(format!("webhooks cannot be told: {error}")))?;
        let until = ending.stop.clone();
        background.spawn(async move { courier.run(until).await });
        let retention = Retention::new(store.clone(), clock.clone(), config.voicemail.retention);
        let (bulk, until) = (web.services.bulk.clone(), ending.stop.clone());
        background.spawn(async move { tokio::join!(retention.run(until.clone()), bulk.work(until)) });
        let proxies = web.trusted_proxies.clone();
        background.spawn(http::serve(listener, http::router(web), proxies, ending.stop.clone()));
        let nudged = outbox.clone();
        let call_me = CallMe::new(store.clone(), clock.clone());
        let desk = Desk {
            reception: reception.clone(),
            engine,
            spool,
            deposit,
            greetings,
            owners: Arc::new(owners),
            call_me: Arc::new(call_me.clone()),
            live,
            prompts,
            sounds: Arc::default(),
            ways: Arc::default(),
            nudge: Arc::new(move || nudged.nudge()),
            clock: clock.clone(),
            settings: Arc::clone(&settings.borrow()),
        };
        let dialer = SipDialer {
            desk: desk.clone(),
            settings: settings.subscribe(),
            signal: signal.clone(),
            calls: calls.clone(),
            cut: ending.cut.clone(),
        };
        let resting = CancellationToken::new();
        let calling = CallDesk::new(call_me, Arc::new(dialer));
        background.spawn(calling.serve(calls.clone(), resting.clone()));
        let taking = call::receive(desk, settings.subscribe(), incoming, calls.clone(), ending.clone());
        background.spawn(taking);
        tracing::info!(sip = ?signal.local(), http = %http_at, "serving");
        let config = config.clone();
        Ok(Self {
            signal,
            http: http_at,
            calls,
            background,
            ending,
            resting,
            draining,
            config,
            reception,
            settings,
            outbox,
            clock,
            accounts,
            store,
            signin,
            trunks,
        })
    }

    /// The SIP transports that are open.
    pub fn sip(&self) -> Vec<Transport> {
        self.signal.local()
    }

    /// Where HTTP is served.
    pub const fn http(&self) -> SocketAddr {
        self.http
    }

    /// Takes a changed configuration over: who may call, how the mailbox is found, where calls may be transferred to,
    /// how mails go, and the other settings of calls. Running calls keep theirs. What is read at start only is named in the log.
    pub fn reload(&mut self, mut config: Config) {
        let access = signal_config(&config);
        self.signal.set_access(access.peers, access.trunks);
        self.reception.set_rules(config.rules());
        self.trunks.set(trunks::views(&config));
        self.settings.send_replace(Arc::new(call_settings(&config)));
        if mails_differ(&self.config, &config) {
            match mailer(&config, &self.clock) {
                Ok(mailer) => self.outbox.set_mailer(mailer),
                Err(failure) => {
                    tracing::error!(
                        why = failure.text,
                        "mails go on as before: correct mail.url or mail.from"
                    );
                    config.mail.clone_from(&self.config.mail);
                }
            }
        }
        let waiting = needs_restart(&self.config, &config);
        if !waiting.is_empty() {
            tracing::warn!(keys = waiting.join(", "), "these changes need a restart");
        }
        self.config = config;
        tracing::info!("the configuration was read again");
    }

    /// Takes no new calls, lets the running ones end, then stops. What is recorded is kept, in the spool if need be.
    pub async fn drain(self) {
        self.draining.store(true, Ordering::Relaxed);
        self.resting.cancel();
        self.signal.drain();
        self.calls.close();
        tracing::info!(calls = self.calls.len(), "draining");
        if tokio::time::timeout(DRAIN, self.calls.wait()).await.is_err() {
            tracing::warn!(calls = self.calls.len(), "calls are cut; their recordings are kept");
        }
        self.ending.cut.cancel();
        if tokio::time::timeout(LAST_KEEP, self.calls.wait()).await.is_err() {
            tracing::warn!(calls = self.calls.len(), "recordings wait in the spool for the next start");
        }
        self.signal.stop().await;
        self.ending.stop.cancel();
        self.background.close();
        if tokio::time::timeout(LAST_KEEP, self.background.wait()).await.is_err() {
            tracing::warn!("background work is cut; it goes on at the next start");
        }
        tracing::info!("stopped");
    }
}
