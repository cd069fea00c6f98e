//! Connections that read SQLite. A pool looks whether a connection still lives before and after each loan, and each look
//! wakes the connection's thread and comes back: two trips on top of the one that reads. A file does not hang up, so
//! here only what went wrong is a reason to open a connection anew.

use std::sync::{Arc, Mutex, PoisonError};

use sqlx::sqlite::{SqliteConnectOptions, SqliteRow};
use sqlx::{ConnectOptions as _, Connection as _, SqliteConnection};
use tokio::sync::Semaphore;

use super::db::{Value, query};

/// Connections at most.
const MOST: u32 = 3;

/// The readers. Cheap to clone.
#[derive(Debug, Clone)]
pub(super) struct Readers {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    options: SqliteConnectOptions,
    turns: Semaphore,
    idle: Mutex<Vec<SqliteConnection>>,
}

impl Readers {
    /// Opens the first.
    pub(super) async fn open(options: SqliteConnectOptions) -> sqlx::Result<Self> {
        let idle = Mutex::new(vec![options.connect().await?]);
        Ok(Self { inner: Arc::new(Inner { options, turns: Semaphore::new(MOST as usize), idle }) })
    }

    /// All rows of a statement.
    pub(super) async fn fetch(&self, sql: &'static str, args: Vec<Value>) -> sqlx::Result<Vec<SqliteRow>> {
        let _turn = self.inner.turns.acquire().await.map_err(|_| sqlx::Error::PoolClosed)?;
        let idle = self.inner.take_idle();
        let mut connection = match idle {
            Some(connection) => connection,
            None => self.inner.options.connect().await?,
        };
        // After an error, or when nobody waits any more, it is not used again.
        let rows = query!(sql, args).fetch_all(&mut connection).await?;
        self.inner.idle.lock().unwrap_or_else(PoisonError::into_inner).push(connection);
        Ok(rows)
    }

    /// Waits for those who read, and closes all.
    pub(super) async fn close(&self) {
        let Ok(_all) = self.inner.turns.acquire_many(MOST).await else { return };
        self.inner.turns.close();
        while let Some(connection) = self.inner.take_idle() {
            if let Err(error) = connection.close().await {
                tracing::debug!(%error, "a connection to the database did not close well");
            }
        }
    }
}

impl Inner {
    fn take_idle(&self) -> Option<SqliteConnection> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop()
    }
}
