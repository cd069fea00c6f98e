//! Carries out the command line. Every command works beside a running server: all state is in the store.

mod access;
mod call_me;
mod check;
mod directory;
mod explain;
mod extensions;
mod frames;
mod handsets;
mod import;
mod keys;
mod lamps;
mod messages;
mod numbers;
mod phone;
mod presence;
mod print;
mod prompts;
mod reset;
mod rules;
mod tenants;
mod users;
mod webhooks;

pub(super) use phone::{HERE, call, call_let_in};
use std::path::{Path, PathBuf};

use tokio::io::AsyncReadExt as _;
use tokio::signal::unix::{SignalKind, signal};

use crate::clock::{SharedClock, SystemClock};
use crate::domain::{Extension, Purpose, Tenant};

use super::base::Base;
use super::cli::{Args, Command};
use super::config::Config;
use super::server::{self, Server};
use super::{Failure, demo, telemetry};

/// Who stands in the audit.
const ACTOR: &str = "command line";

/// What every command starts from.
struct Session {
    config: Config,
    /// Where the configuration was read from, to read it again.
    file: Option<PathBuf>,
    clock: SharedClock,
    /// The tenant that was asked for.
    tenant: Option<String>,
}

impl Session {
    /// The stores, and the tenant that the command is about: the one named, the only one, or `default`.
    async fn open(&self) -> Result<(Base, Tenant), Failure> {
        let base = self.base().await?;
        let tenant = match &self.tenant {
            Some(name) => self.named(&base, name).await?,
            None => base.first_tenant(&self.config).await?,
        };
        Ok((base, tenant))
    }

    async fn base(&self) -> Result<Base, Failure> {
        let mut base = Base::open(&self.config, &self.clock).await?;
        base.accounts = base.accounts.by(ACTOR);
        if base.store.tenants().await?.is_empty() {
            base.first_tenant(&self.config).await?;
        }
        Ok(base)
    }

    async fn named(&self, base: &Base, name: &str) -> Result<Tenant, Failure> {
        let mut known = base.store.tenants().await?;
        if let Some(at) = known.iter().position(|tenant| tenant.name == name) {
            return Ok(known.swap_remove(at));
        }
        let known: Vec<String> = known.into_iter().map(|tenant| tenant.name).collect();
        Err(Failure::refused(format!(
            "there is no tenant {name:?}: choose one of {}, or add it with tenant add",
            known.join(", ")
        )))
    }
}

pub(super) async fn run(args: Args) -> Result<(), Failure> {
    let quiet = match args.command {
        Command::Serve => "info",
        _ => "warn",
    };
    telemetry::start_log(args.log_format, quiet);
    telemetry::quiet_contained_panics();
    let config = Config::load(args.config.as_deref(), &args.data)?;
    let session = Session { config, file: args.config, clock: SystemClock::shared(), tenant: args.tenant };
    match args.command {
        Command::Demo(demo) => demo::run(session.config, session.clock, demo.once).await,
        Command::Serve => serve(&session).await,
        Command::Check => check::run(&session).await,
        Command::Tenant(command) => tenants::tenant(&session, command).await,
        Command::User(command) => users::user(&session, command).await,
        Command::Number(command) => numbers::number(&session, command).await,
        Command::Handset(command) => handsets::handset(&session, command).await,
        Command::Extension(command) => extensions::extension_command(&session, command).await,
        Command::Timeframe(command) => frames::frame(&session, command).await,
        Command::Rule(command) => rules::rule(&session, command).await,
        Command::Block(command) => rules::block(&session, command).await,
        Command::Import(command) => import::import(&session, command).await,
        Command::Message(command) => messages::message(&session, command).await,
        Command::Greeting(command) => messages::greeting(&session, command).await,
        Command::Link(command) => messages::link(&session, command).await,
        Command::Directory(command) => directory::directory(&session, command).await,
        Command::Lamp(command) => lamps::lamp(&session, command).await,
        Command::Job(command) => messages::job(&session, command).await,
        Command::Explain(args) => explain::run(&session, args).await,
        Command::Call(args) => phone::run(&session, args).await,
        Command::Prompts(command) => prompts::run(command),
        Command::Keys(command) => keys::run(&session, command),
        Command::Key(command) => access::key(&session, command).await,
        Command::Webhook(command) => webhooks::webhook(&session, command).await,
    }
}

async fn serve(session: &Session) -> Result<(), Failure> {
    // Registered before anything else: calls are taken before the start is over, and what is asked for by then must not
    // end the process.
    let mut hangup = signal(SignalKind::hangup())?;
    let mut stop = StopSignals::listen()?;
    let metrics = telemetry::start_metrics()?;
    let mut server = tokio::select! {
        started = Server::start(&session.config, session.clock.clone(), metrics) => started?,
        () = stop.asked() => {
            tracing::info!("stopped before the start was over; no call was taken");
            return Ok(());
        }
    };
    offer_setup(session, &server).await;
    loop {
        tokio::select! {
            () = stop.asked() => break,
            _ = hangup.recv() => reload(session, &mut server),
        }
    }
    server.drain().await;
    Ok(())
}

/// While nobody can sign in by the web, a link to do so stands on the terminal of who started the server.
async fn offer_setup(session: &Session, server: &Server) {
    let offered = async {
        if !server.signin.is_new().await? {
            return Ok(());
        }
        let base = Base::open(&session.config, &session.clock).await?;
        let tenant = base.first_tenant(&session.config).await?;
        let (url, until) = server.signin.doors().issue(tenant.id, None, Purpose::Setup).await?;
        println!("Nobody can sign in by the web yet. Set it up here (works once, until {until}):");
        println!("  {}", url.expose());
        Ok::<_, Failure>(())
    };
    if let Err(failure) = offered.await {
        tracing::warn!(why = failure.text, "no setup link can be offered now; the next start offers it");
    }
}

/// SIGHUP: reads the configuration again. One that cannot be used changes nothing.
fn reload(session: &Session, server: &mut Server) {
    match Config::load(session.file.as_deref(), &session.config.data) {
        Ok(config) => server.reload(config),
        Err(error) => {
            tracing::error!(%error, "the configuration cannot be used; the server goes on with the old one")
        }
    }
}

/// SIGTERM and Ctrl-C. From the moment it is made they end the process no more, but are told here.
pub(super) struct StopSignals {
    terminate: tokio::signal::unix::Signal,
    interrupt: tokio::signal::unix::Signal,
}

impl StopSignals {
    /// Begins to listen.
    ///
    /// # Errors
    /// When the system lets nobody listen.
    pub(super) fn listen() -> Result<Self, Failure> {
        let (terminate, interrupt) = (SignalKind::terminate(), SignalKind::interrupt());
        Ok(Self { terminate: signal(terminate)?, interrupt: signal(interrupt)? })
    }

    /// Waits until one of them comes, or came since the last time.
    pub(super) async fn asked(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}

/// Reads a file of at most so many bytes, and one more: what is larger is refused by who reads it.
async fn read_file(file: &Path, most: usize) -> Result<Vec<u8>, Failure> {
    let cannot =
        |error: std::io::Error| Failure::refused(format!("{} cannot be read: {error}", file.display()));
    let opened = tokio::fs::File::open(file).await.map_err(cannot)?;
    let mut bytes = Vec::new();
    let limit = u64::try_from(most).unwrap_or(u64::MAX).saturating_add(1);
    opened.take(limit).read_to_end(&mut bytes).await.map_err(cannot)?;
    Ok(bytes)
}

/// A language that the prompts speak.
fn language(session: &Session, tag: &str) -> Result<String, Failure> {
    let spoken = server::prompts(&session.config)?.check_spoken(tag);
    spoken.map_err(|why| Failure::usage(why.to_string()))?;
    Ok(tag.to_owned())
}

fn extension(text: &str) -> Result<Extension, Failure> {
    text.parse().map_err(|error: crate::domain::Invalid| Failure::usage(error.to_string()))
}

/// Reads a value of the command line; what does not read is a usage error.
fn read<T: std::str::FromStr<Err = crate::domain::Invalid>>(text: &str) -> Result<T, Failure> {
    text.parse().map_err(|error: crate::domain::Invalid| Failure::usage(error.to_string()))
}
