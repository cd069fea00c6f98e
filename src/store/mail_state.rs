//! How mails fare, of all nodes and tenants: what waits, what was accepted last, and what stands against it.

use jiff::Timestamp;
use serde::Serialize;

use super::db::args;
use super::read::Reader;
use super::{JobState, Result, Store};

// Every job but lamps and deletions is a mail. `jobs_newest` leads to the newest of a state.
macro_rules! mails {
    ($before:literal, $after:literal) => {
        concat!(
            $before,
            " AND work NOT LIKE '{\"kind\":\"lamp\"%' AND work NOT LIKE '{\"kind\":\"purge\"%' ",
            $after
        )
    };
}

const COUNT: &str = mails!(
    "SELECT state, COUNT(*) AS mails, MIN(created_at) AS oldest FROM jobs
     WHERE state IN ('queued', 'running', 'retry', 'dead')",
    "GROUP BY state"
);
// What was not sent, because nobody wants it any more, says so in `last_error`.
const ACCEPTED: &str = mails!(
    "SELECT id, next_at FROM jobs WHERE state = 'done' AND last_error IS NULL",
    "ORDER BY created_at DESC, id DESC LIMIT 1"
);
const TROUBLE: &str = mails!(
    "SELECT id, state, attempts, next_at, last_error FROM jobs WHERE state = $1 AND last_error IS NOT NULL",
    "ORDER BY created_at DESC, id DESC LIMIT 1"
);

/// How mails fare.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct MailState {
    /// Mails that are to be sent.
    pub waiting: u64,
    /// When the oldest of them was asked for.
    pub oldest: Option<Timestamp>,
    /// Of them, those that were tried and put off.
    pub put_off: u64,
    /// Mails that were given up, and wait for a person.
    pub given_up: u64,
    /// When the newest mail that is done was handed over.
    pub accepted_at: Option<Timestamp>,
    /// What stands against the newest mail that was put off or given up.
    pub trouble: Option<MailTrouble>,
}

/// What stands against a mail.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct MailTrouble {
    /// The words of the mail server, or of what kept us from it.
    pub error: String,
    /// How often it was tried.
    pub attempts: u32,
    /// When it is tried next; none when it was given up.
    pub next_at: Option<Timestamp>,
}

impl Store {
    /// How mails fare.
    ///
    /// # Errors
    /// [`super::StoreError`].
    pub async fn mail_state(&self) -> Result<MailState> {
        let mut told = MailState::default();
        for row in &self.db.rows(COUNT, args![]).await? {
            let row = Reader::new(row, "jobs", "state");
            let (state, mails): (JobState, u64) = (row.word("state")?, row.number("mails")?);
            if state == JobState::Dead {
                told.given_up = mails;
                continue;
            }
            told.waiting += mails;
            if state == JobState::Retry {
                told.put_off = mails;
            }
            let oldest = row.time("oldest")?;
            told.oldest = Some(told.oldest.map_or(oldest, |known| known.min(oldest)));
        }
        if let Some(row) = self.db.row(ACCEPTED, args![]).await? {
            told.accepted_at = Some(Reader::new(&row, "jobs", "id").time("next_at")?);
        }
        for state in [JobState::Retry, JobState::Dead] {
            let row = self.db.row(TROUBLE, args![state.as_str()]).await?;
            if let (Some(row), None) = (row, &told.trouble) {
                let row = Reader::new(&row, "jobs", "id");
                told.trouble = Some(MailTrouble {
                    error: row.text("last_error")?,
                    attempts: row.number("attempts")?,
                    next_at: if state == JobState::Retry { Some(row.time("next_at")?) } else { None },
                });
            }
        }
        Ok(told)
    }
}
