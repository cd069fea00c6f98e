//! The two databases behind one face: pools, transactions, arguments, rows, and what their errors mean.
//!
//! One SQL text with `$1` placeholders serves both. Knows no table; driven by the other files of this folder.

use std::fs::{File, TryLockError};
use std::future::Future;
use std::io::ErrorKind;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use sqlx::postgres::{PgConnectOptions, PgConnection, PgPool, PgPoolOptions, PgRow, Postgres};
use sqlx::sqlite::{
    Sqlite, SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteRow,
    SqliteSynchronous,
};
use sqlx::{Connection as _, Decode, Row as _, Type};
use uuid::Uuid;

use super::StoreError;
use super::fault::Fault;
use super::readers::Readers;
use super::tx::Of;
pub(super) use super::tx::Tx;

/// How long one statement, one commit or the wait for a connection may take before the database counts as away.
const PATIENCE: Duration = Duration::from_secs(15);
/// How long a connection is waited for. Shorter than [`PATIENCE`], so that the reason can be named.
const ACQUIRE: Duration = Duration::from_secs(8);
/// How long SQLite waits for the lock of another process (the command line beside the server).
const BUSY: Duration = Duration::from_secs(5);
/// How often a taken lock file is tried again.
const LOCK_STEP: Duration = Duration::from_millis(20);
const POSTGRES_CONNECTIONS: u32 = 16;

/// An argument of a statement. The options are typed, because PostgreSQL wants to know what is null.
#[derive(Debug, Clone)]
pub(super) enum Value {
    Id(Uuid),
    OptId(Option<Uuid>),
    Int(i64),
    OptInt(Option<i64>),
    Flag(bool),
    Text(String),
    OptText(Option<String>),
    Bytes(Vec<u8>),
}

macro_rules! values {
    ($($from:ty => $variant:ident;)*) => {$(
        impl From<$from> for Value {
            fn from(value: $from) -> Self {
                Self::$variant(value.into())
            }
        }
    )*};
}

values! {
    Uuid => Id;
    Option<Uuid> => OptId;
    i64 => Int;
    u32 => Int;
    Option<i64> => OptInt;
    bool => Flag;
    Vec<u8> => Bytes;
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::Text(kept(text))
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(kept(text.to_owned()))
    }
}

impl From<Option<String>> for Value {
    fn from(text: Option<String>) -> Self {
        Self::OptText(text.map(kept))
    }
}

/// PostgreSQL has no text with a NUL in it, and a statement that brings one fails as if the database were away. A sign that
/// nothing else is written with stands for it, on both databases: what is looked for by such a text is not found.
fn kept(text: String) -> String {
    if text.contains('\0') { text.replace('\0', "\u{fffd}") } else { text }
}

/// The arguments of a statement, in the order of `$1`, `$2`, …
macro_rules! args {
    ($($value:expr),* $(,)?) => {
        vec![$($crate::store::db::Value::from($value)),*]
    };
}
pub(super) use args;

macro_rules! query {
    ($sql:expr, $args:expr) => {{
        let mut query = sqlx::query($sql);
        for value in $args {
            query = match value {
                Value::Id(id) => query.bind(id),
                Value::OptId(id) => query.bind(id),
                Value::Int(number) => query.bind(number),
                Value::OptInt(number) => query.bind(number),
                Value::Flag(flag) => query.bind(flag),
                Value::Text(text) => query.bind(text),
                Value::OptText(text) => query.bind(text),
                Value::Bytes(bytes) => query.bind(bytes),
            };
        }
        query
    }};
}

pub(super) use query;

/// The pools.
#[derive(Debug, Clone)]
pub(super) enum Db {
    /// One connection writes, a few read beside it (WAL).
    Sqlite { writer: SqlitePool, readers: Readers },
    /// Any connection does anything, once the tables are up to date.
    Postgres { pool: PgPool, tables: Arc<Tables> },
}

/// Whether the tables of PostgreSQL stand, and why they do not.
#[derive(Debug, Default)]
pub(super) struct Tables {
    stand: AtomicBool,
    trouble: Mutex<String>,
}

impl Db {
    /// Opens SQLite at a literal path (no `%`-decoding, no `?` options), creating file and folder.
    pub(super) async fn open_sqlite(path: &Path) -> Result<Self, StoreError> {
        // Held until the tables stand: programs that open the same file at once wait for each other.
        let _lock = lock_beside(path).await?;
        create_private(path).await?;
        let options = SqliteConnectOptions::new()
            .filename(path)
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .busy_timeout(BUSY)
            .foreign_keys(true);
        let writer = SqlitePoolOptions::new()
            .max_connections(1)
            .min_connections(1)
            .acquire_timeout(ACQUIRE)
            // A file does not hang up; asking costs a trip to the connection's thread.
            .test_before_acquire(false)
            .idle_timeout(None)
            .max_lifetime(None)
            .connect_with(options.clone())
            .await
            .map_err(|error| unusable_file(path, error))?;
        sqlx::migrate!("migrations/sqlite").run(&writer).await.map_err(migration)?;
        let readers =
            Readers::open(options.read_only(true)).await.map_err(|error| unusable_file(path, error))?;
        Ok(Self::Sqlite { writer, readers })
    }

    /// PostgreSQL, without asking whether it is there: that does [`Db::bring_up_to_date`].
    pub(super) fn name_postgres(url: &str) -> Result<Self, StoreError> {
        let options: PgConnectOptions = url.parse().map_err(|error: sqlx::Error| {
            StoreError::Refused(format!(
                "the PostgreSQL URL cannot be read ({error}): write postgres://user:password@host:5432/database"
            ))
        })?;
        let pool = PgPoolOptions::new()
            .max_connections(POSTGRES_CONNECTIONS)
            .acquire_timeout(ACQUIRE)
            .connect_lazy_with(options.application_name("aftertone"));
        Ok(Self::Postgres { pool, tables: Arc::default() })
    }

    /// Runs the migrations that PostgreSQL has not seen (SQLite's ran when it was opened). They hold an advisory lock:
    /// nodes that start together wait for each other.
    pub(super) async fn bring_up_to_date(&self) -> Result<(), StoreError> {
        let Self::Postgres { pool, tables } = self else { return Ok(()) };
        let outcome = migrate_postgres(pool).await;
        match &outcome {
            Ok(()) => tables.stand.store(true, Ordering::Release),
            Err(error) => *tables.trouble.lock().unwrap_or_else(PoisonError::into_inner) = error.to_string(),
        }
        outcome
    }

    /// Nothing is asked of tables that may be those of an older version, or none: their errors would not pass.
    fn must_have_tables(&self) -> Result<(), Fault> {
        match self {
            Self::Postgres { tables, .. } if !tables.stand.load(Ordering::Acquire) => {
                let trouble = tables.trouble.lock().unwrap_or_else(PoisonError::into_inner);
                Err(Fault::away(&format!("it could not be used since the start: {trouble}")))
            }
            _ => Ok(()),
        }
    }

    pub(super) const fn is_sqlite(&self) -> bool {
        matches!(self, Self::Sqlite { .. })
    }

    /// Reads, outside of a transaction.
    pub(super) async fn rows(&self, sql: &'static str, args: Vec<Value>) -> Result<Vec<Row>, Fault> {
        self.must_have_tables()?;
        patient(async {
            match self {
                Self::Sqlite { readers, .. } => {
                    let rows = readers.fetch(sql, args).await?;
                    Ok(rows.into_iter().map(Row::Sqlite).collect())
                }
                Self::Postgres { pool, .. } => {
                    let rows = query!(sql, args).fetch_all(pool).await?;
                    Ok(rows.into_iter().map(Row::Postgres).collect())
                }
            }
        })
        .await
    }

    /// Reads at most one row, outside of a transaction.
    pub(super) async fn row(&self, sql: &'static str, args: Vec<Value>) -> Result<Option<Row>, Fault> {
        Ok(self.rows(sql, args).await?.into_iter().next())
    }

    /// Begins a transaction that may write. On SQLite it takes the write lock at once, so that it cannot fail halfway.
    pub(super) async fn begin(&self) -> Result<Tx, Fault> {
        self.must_have_tables()?;
        patient(async {
            Ok(match self {
                Self::Sqlite { writer, .. } => {
                    Tx::new(Of::Sqlite(writer.begin_with("BEGIN IMMEDIATE").await?))
                }
                Self::Postgres { pool, .. } => Tx::new(Of::Postgres(pool.begin().await?)),
            })
        })
        .await
    }

    /// Closes every connection; SQLite then folds its write-ahead log into the file.
    pub(super) async fn close(&self) {
        match self {
            Self::Sqlite { writer, readers } => {
                readers.close().await;
                writer.close().await;
            }
            Self::Postgres { pool, .. } => pool.close().await,
        }
    }
}

/// A row of either database.
#[derive(Debug)]
pub(super) enum Row {
    Sqlite(SqliteRow),
    Postgres(PgRow),
}

impl Row {
    /// The value of a column.
    pub(super) fn get<T>(&self, column: &str) -> Result<T, sqlx::Error>
    where
        T: for<'r> Decode<'r, Sqlite> + Type<Sqlite> + for<'r> Decode<'r, Postgres> + Type<Postgres>,
    {
        match self {
            Self::Sqlite(row) => row.try_get(column),
            Self::Postgres(row) => row.try_get(column),
        }
    }
}

/// One trip to the database, which gets only so long.
pub(super) async fn patient<T>(work: impl Future<Output = Result<T, sqlx::Error>>) -> Result<T, Fault> {
    metrics::counter!("aftertone_store_trips_total").increment(1);
    match tokio::time::timeout(PATIENCE, work).await {
        Ok(result) => result.map_err(Fault::from),
        Err(_) => Err(Fault::away("it did not answer in time")),
    }
}

async fn migrate_postgres(pool: &PgPool) -> Result<(), StoreError> {
    // A connection of its own first: the pool says only that it waited in vain, this one says why.
    drop(patient(PgConnection::connect_with(&pool.connect_options())).await?);
    sqlx::migrate!("migrations/postgres").run(pool).await.map_err(migration)
}

/// Takes the lock file beside the database (and makes the folder). sqlx locks migrations on PostgreSQL only.
async fn lock_beside(path: &Path) -> Result<File, StoreError> {
    if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        tokio::fs::create_dir_all(folder).await.map_err(|error| unusable(folder, &error))?;
    }
    let mut name = path.as_os_str().to_owned();
    name.push(".lock");
    let name = Path::new(&name);
    let file = private().create(true).truncate(false).open(name).await;
    let file = file.map_err(|error| unusable(name, &error))?.into_std().await;
    for _ in 0..PATIENCE.as_millis() / LOCK_STEP.as_millis() {
        match file.try_lock() {
            Ok(()) => return Ok(file),
            Err(TryLockError::WouldBlock) => tokio::time::sleep(LOCK_STEP).await,
            Err(TryLockError::Error(error)) => return Err(unusable(name, &error)),
        }
    }
    Err(StoreError::Away(format!(
        "another program is bringing the tables up to date and holds {}",
        name.display()
    )))
}

/// Makes the file, if it is not there. It holds PIN hashes and who called whom: only its owner may read it, and SQLite
/// gives its companions (`-wal`, `-shm`) the same rights. A file that is there is never opened here: closing it would
/// end SQLite's own locks on it (POSIX record locks belong to the process).
async fn create_private(path: &Path) -> Result<(), StoreError> {
    match private().create_new(true).open(path).await {
        Ok(_) => Ok(()),
        Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(()),
        Err(error) => Err(unusable(path, &error)),
    }
}

fn private() -> tokio::fs::OpenOptions {
    let mut options = tokio::fs::OpenOptions::new();
    options.write(true);
    #[cfg(unix)]
    options.mode(0o600);
    options
}

fn unusable(path: &Path, error: &std::io::Error) -> StoreError {
    StoreError::Away(format!(
        "{} cannot be opened or created ({error}): choose another place with --data or database.url",
        path.display()
    ))
}

/// SQLite names neither the file nor what to do about it.
fn unusable_file(path: &Path, error: sqlx::Error) -> StoreError {
    let path = path.display();
    let is_held = match &error {
        sqlx::Error::PoolTimedOut => true,
        // SQLITE_BUSY
        sqlx::Error::Database(error) => error.code().as_deref() == Some("5"),
        _ => false,
    };
    match StoreError::from(Fault::from(error)) {
        StoreError::Away(_) if is_held => StoreError::Away(format!(
            "another program holds {path} and does not let go: end it, or name another file in database.url"
        )),
        StoreError::Away(why) => StoreError::Away(format!(
            "{path} cannot be opened ({why}): choose another place with --data or database.url"
        )),
        StoreError::Refused(why) => StoreError::Refused(format!(
            "{path} cannot be used ({why}): restore it from a backup, or name another file in database.url"
        )),
        other => other,
    }
}

fn migration(error: sqlx::migrate::MigrateError) -> StoreError {
    use sqlx::migrate::MigrateError;
    match error {
        MigrateError::Execute(error) | MigrateError::ExecuteMigration(error, _) => Fault::from(error).into(),
        MigrateError::VersionMissing(version) => StoreError::Refused(format!(
            "migration {version} was made by a newer aftertone: run that version, or restore the backup from before it"
        )),
        other => StoreError::Refused(format!("the tables cannot be brought up to date: {other}")),
    }
}
