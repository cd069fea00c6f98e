//! A transaction on either database: single statements, and several in one trip.
//!
//! On SQLite every trip wakes a thread of its own and comes back, which costs more than most statements.

use std::fmt::Write as _;

use futures_util::StreamExt as _;
use sqlx::postgres::Postgres;
use sqlx::sqlite::Sqlite;
use sqlx::{AssertSqlSafe, Executor as _, Transaction};

use super::db::{Row, Value, patient, query};
use super::fault::Fault;
use super::keys::{Noting, note_statement};

const SAVEPOINT: &str = "SAVEPOINT one_write";
const RELEASE: &str = "RELEASE one_write";
const ROLL_BACK: &str = "ROLLBACK TO one_write";

/// A statement and its arguments.
pub(super) type Statement = (&'static str, Vec<Value>);

/// A transaction. Dropped without [`Tx::commit`], it leaves nothing behind.
#[derive(Debug)]
pub(super) struct Tx {
    of: Of,
    /// Statements that go ahead of the next one, in the same trip to the database.
    ahead: Vec<&'static str>,
    /// Lines of the audit that are written right before the commit.
    audit: Noting,
}

#[derive(Debug)]
pub(super) enum Of {
    Sqlite(Transaction<'static, Sqlite>),
    Postgres(Transaction<'static, Postgres>),
}

impl Tx {
    pub(super) fn new(of: Of) -> Self {
        Self { of, ahead: Vec::new(), audit: Noting::default() }
    }

    /// The same, with the lines of the audit that belong to it.
    pub(super) fn noting(self, audit: Noting) -> Self {
        Self { audit, ..self }
    }

    pub(super) const fn is_sqlite(&self) -> bool {
        matches!(self.of, Of::Sqlite(_))
    }

    /// Runs a statement; how many rows it touched.
    pub(super) async fn run(&mut self, sql: &'static str, args: Vec<Value>) -> Result<u64, Fault> {
        Ok(self.batch(vec![(sql, args)]).await?.pop().unwrap_or_default())
    }

    /// Runs statements one after the other, on SQLite in one trip to its thread; how many rows each touched. Ends at the
    /// first that fails.
    pub(super) async fn batch(&mut self, statements: Vec<Statement>) -> Result<Vec<u64>, Fault> {
        let count = statements.len();
        let ahead = std::mem::take(&mut self.ahead).into_iter().map(|sql| (sql, Vec::new()));
        let statements: Vec<_> = ahead.chain(statements).collect();
        let first = statements.len() - count;
        patient(async {
            let mut touched = Vec::with_capacity(statements.len());
            match &mut self.of {
                Of::Sqlite(tx) => {
                    let (sql, args) = joined(statements);
                    let query = query!(AssertSqlSafe(sql), args);
                    let mut outcomes = (&mut **tx).fetch_many(query);
                    while let Some(outcome) = outcomes.next().await {
                        touched.extend(outcome?.left().map(|done| done.rows_affected()));
                    }
                }
                Of::Postgres(tx) => {
                    for (sql, args) in statements {
                        touched.push(query!(sql, args).execute(&mut **tx).await?.rows_affected());
                    }
                }
            }
            Ok(touched.split_off(first.min(touched.len())))
        })
        .await
    }

    /// Runs a statement that answers with rows.
    pub(super) async fn rows(&mut self, sql: &'static str, args: Vec<Value>) -> Result<Vec<Row>, Fault> {
        let ahead = std::mem::take(&mut self.ahead).into_iter().map(|sql| (sql, Vec::new()));
        let statements: Vec<_> = ahead.chain([(sql, args)]).collect();
        patient(async {
            match &mut self.of {
                Of::Sqlite(tx) => {
                    let (sql, args) = joined(statements);
                    let rows = query!(AssertSqlSafe(sql), args).fetch_all(&mut **tx).await?;
                    Ok(rows.into_iter().map(Row::Sqlite).collect())
                }
                Of::Postgres(tx) => {
                    let mut rows = Vec::new();
                    for (sql, args) in statements {
                        rows = query!(sql, args).fetch_all(&mut **tx).await?;
                    }
                    Ok(rows.into_iter().map(Row::Postgres).collect())
                }
            }
        })
        .await
    }

    /// From here on [`Tx::roll_back`] undoes. Sent with the next statement.
    pub(super) fn savepoint(&mut self) {
        self.ahead.push(SAVEPOINT);
    }

    /// What was done since the newest [`Tx::savepoint`] stays if the transaction does. Sent with the next statement.
    pub(super) fn release(&mut self) {
        if self.ahead.last() == Some(&SAVEPOINT) {
            self.ahead.pop();
        } else {
            self.ahead.push(RELEASE);
        }
    }

    /// Undoes what was done since the newest [`Tx::savepoint`], and ends that.
    pub(super) async fn roll_back(&mut self) -> Result<(), Fault> {
        if self.ahead.last() == Some(&SAVEPOINT) {
            self.ahead.pop();
            return Ok(());
        }
        self.batch(vec![(ROLL_BACK, Vec::new()), (RELEASE, Vec::new())]).await?;
        Ok(())
    }

    /// Makes it durable, with its lines of the audit: both or neither. When this fails with [`super::StoreError::Away`], it may or may not have happened.
    pub(super) async fn commit(mut self) -> Result<(), Fault> {
        let lines = self.audit.take();
        if !lines.is_empty() {
            self.batch(lines.iter().map(note_statement).collect()).await?;
        }
        // A savepoint that is still open ends with its transaction.
        patient(async {
            match self.of {
                Of::Sqlite(tx) => tx.commit().await,
                Of::Postgres(tx) => tx.commit().await,
            }
        })
        .await
    }
}

/// Several statements as one text, with the placeholders of each counted on from those before it.
fn joined(statements: Vec<Statement>) -> (String, Vec<Value>) {
    let mut text = String::new();
    let mut all: Vec<Value> = Vec::new();
    for (sql, args) in statements {
        let mut pieces = sql.split('$');
        text.push_str(pieces.next().unwrap_or_default());
        for piece in pieces {
            let digits = piece.bytes().take_while(u8::is_ascii_digit).count();
            let (number, rest) = piece.split_at(digits);
            let number = number.parse::<usize>().unwrap_or_default() + all.len();
            // Writing to a string cannot fail.
            let _ = write!(text, "${number}{rest}");
        }
        text.push(';');
        all.extend(args);
    }
    (text, all)
}
