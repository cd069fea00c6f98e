//! Store, objects and accounts: what the server and the commands beside it stand on, and how long a database may be away.

use std::time::Duration;

use secrecy::ExposeSecret as _;
use tokio_util::sync::CancellationToken;

use crate::blob::objects::Objects;
use crate::clock::SharedClock;
use crate::domain::Tenant;
use crate::service::accounts::Accounts;
use crate::store::{Store, StoreError};

use super::Failure;
use super::config::Config;

/// A database that was away at the start is looked for again after so long, and then after twice that, and so on.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
/// But at least this often.
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// What both the server and the commands beside it use.
#[derive(Clone)]
pub(super) struct Base {
    pub(super) store: Store,
    pub(super) objects: Objects,
    pub(super) accounts: Accounts,
}

impl Base {
    pub(super) async fn open(config: &Config, clock: &SharedClock) -> Result<Self, Failure> {
        let base = Self::name(config, clock).await?;
        base.store.bring_up_to_date().await?;
        Ok(base)
    }

    /// As [`Base::open`], but a PostgreSQL that is away is no reason not to begin.
    pub(super) async fn name(config: &Config, clock: &SharedClock) -> Result<Self, Failure> {
        std::fs::create_dir_all(&config.data).map_err(|error| {
            Failure::refused(format!(
                "the data folder {} cannot be made: {error}; choose another with --data",
                config.data.display()
            ))
        })?;
        let store = Store::name(config.database_url().expose_secret(), clock.clone()).await?;
        let objects = Objects::open(&config.storage_url())?;
        let accounts = Accounts::new(store.clone(), clock.clone(), config.voicemail.defaults())
            .with_pin_policy(config.voicemail.pins())
            .with_reserved(config.rules().reserved());
        Ok(Self { store, objects, accounts })
    }

    /// The only tenant, or the one named `default`; made by the configuration when the store is new.
    pub(super) async fn first_tenant(&self, config: &Config) -> Result<Tenant, StoreError> {
        let known = self.store.tenants().await?;
        if let [only] = known.as_slice() {
            return Ok(only.clone());
        }
        let is_new = known.is_empty();
        let mut tenant = self.store.default_tenant().await?;
        if is_new {
            tenant.zone.clone_from(&config.voicemail.zone);
            tenant.language.clone_from(&config.voicemail.language);
            tenant.domains = config.sip.domain.iter().map(|domain| domain.to_lowercase()).collect();
            self.store.put_tenant(&tenant).await?;
        }
        Ok(tenant)
    }

    /// What a server needs of its database before it can take messages.
    pub(super) async fn prepare(&self, config: &Config) -> Result<(), StoreError> {
        self.store.bring_up_to_date().await?;
        self.first_tenant(config).await?;
        // The spool's lock says that no other server works on this data.
        self.store.take_back_jobs().await?;
        Ok(())
    }

    /// Tries again and again until the database is there, waiting longer each time.
    pub(super) async fn until_prepared(&self, config: &Config, stop: CancellationToken) {
        let mut pause = FIRST_PAUSE;
        let mut said = String::new();
        loop {
            tokio::select! {
                () = stop.cancelled() => return,
                () = tokio::time::sleep(pause) => {}
            }
            pause = pause.saturating_mul(2).min(LONGEST_PAUSE);
            let Err(error) = self.prepare(config).await else {
                tracing::info!("the database is there: calls are taken as usual");
                return;
            };
            let why = error.to_string();
            if why != said {
                tracing::error!(error = %why, "the database still cannot be used; it is tried again");
                said = why;
            }
        }
    }
}

/// Whether the database is there and ready. One that refuses us is a mistake to be mended now; one that is away is not.
pub(super) async fn prepared(base: &Base, config: &Config) -> Result<bool, Failure> {
    match base.prepare(config).await {
        Ok(()) => Ok(true),
        Err(error @ StoreError::Away(_)) => {
            tracing::error!(%error, "starting without the database: callers hear so until it is there; if this does not pass, correct database.url");
            Ok(false)
        }
        Err(error) => Err(Failure::refused(format!("{error}: correct database.url"))),
    }
}
