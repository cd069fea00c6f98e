//! Asks every part of a running server how it is, for `/readyz` and `aftertone check`.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use crate::blob::objects::Objects;
use crate::blob::spool::Spool;
use crate::http::{Check, Checks};
use crate::service::deposit::Deposit;
use crate::store::Store;

/// A part that does not answer within this is not well.
const PATIENCE: Duration = Duration::from_secs(4);

/// What is asked.
#[derive(Clone)]
pub(super) struct Parts {
    pub(super) store: Store,
    pub(super) objects: Objects,
    pub(super) spool: Spool,
    pub(super) deposit: Deposit,
    pub(super) draining: Arc<AtomicBool>,
}

impl Parts {
    pub(super) fn checks(self) -> Checks {
        Arc::new(move || {
            let parts = self.clone();
            Box::pin(async move { parts.ask().await })
        })
    }

    async fn ask(&self) -> Vec<Check> {
        let (database, objects) = tokio::join!(database(&self.store), objects(&self.objects));
        let mut spool = spool(&self.spool);
        let waiting = self.deposit.waiting();
        if spool.ok && waiting > 0 {
            spool.detail = format!(
                "waiting for database or storage: {}",
                crate::domain::counted(waiting as u64, "message")
            );
        }
        vec![database, objects, spool, sip(&self.draining)]
    }
}

pub(super) async fn database(store: &Store) -> Check {
    let remedy = "start the database, or correct database.url; messages wait in the spool meanwhile";
    check("database", remedy, timed(async { store.ping().await.map_err(|error| error.to_string()) }).await)
}

pub(super) async fn objects(objects: &Objects) -> Check {
    let remedy = "make the folder or bucket reachable and writable, or correct storage.url; messages wait in the spool meanwhile";
    check("storage", remedy, timed(async { objects.probe().await.map_err(|error| error.to_string()) }).await)
}

pub(super) fn spool(spool: &Spool) -> Check {
    let health = spool.health();
    let remedy = "make room on the disk of the data folder";
    check("spool", remedy, health.trouble.map_or(Ok(()), Err))
}

fn sip(draining: &AtomicBool) -> Check {
    let state =
        if draining.load(Ordering::Relaxed) { Err("the server is stopping".to_owned()) } else { Ok(()) };
    check("sip", "send new calls to another node", state)
}

fn check(name: &'static str, remedy: &str, outcome: Result<(), String>) -> Check {
    match outcome {
        Ok(()) => Check { name, ok: true, detail: String::new() },
        Err(why) => Check { name, ok: false, detail: format!("{why}: {remedy}") },
    }
}

async fn timed(work: impl Future<Output = Result<(), String>>) -> Result<(), String> {
    tokio::time::timeout(PATIENCE, work)
        .await
        .unwrap_or_else(|_| Err(format!("no answer within {} s", PATIENCE.as_secs())))
}
