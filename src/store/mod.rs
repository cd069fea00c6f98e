//! Facts: tenants, users, mailboxes, greetings, messages, links, jobs, ledger. SQLite or PostgreSQL behind one type.
//!
//! Not the audio (that is `blob`) and no rules of who may do what (that is `service`, which drives this). Every call
//! takes the tenant where the thing belongs to one; another tenant's id is [`StoreError::Missing`]. Times are kept to
//! the microsecond.

mod answering;
mod bin;
mod bulk;
mod calls;
mod db;
mod deposit;
mod drafts;
mod fault;
mod findable;
mod greetings;
mod group;
mod handsets;
mod imports;
mod inventory;
mod jobs;
mod keys;
mod lamp_view;
mod lamps;
mod letters;
mod links;
mod lockouts;
mod logins;
mod mail_state;
mod mailboxes;
mod messages;
mod numbers;
mod owner;
mod pages;
mod passing;
mod people;
mod phones;
mod policies;
mod presence;
mod profiles;
mod read;
mod readers;
mod reset;
mod retention;
mod revision;
mod second_factors;
mod takeover;
mod tenants;
mod time_frames;
mod tx;
mod undo;
mod user_filter;
mod user_orders;
mod user_pages;
mod webhook_queue;
mod webhooks;

use std::path::Path;
use std::sync::Arc;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use tokio::sync::Notify;

pub use self::bin::{BinPlace, MayGive, Removed, Why};
pub use self::bulk::{BulkRow, BulkRun, BulkState, RowState};
pub use self::calls::{CallNews, CallRequest, CallState};
pub use self::drafts::{DraftRow, ImportDraft, RowChange};
pub use self::findable::Findable;
pub use self::handsets::KnownHandset;
pub use self::imports::{Import, ImportPhone, ImportRow, TakenBack, Within};
pub use self::inventory::{InventoryNumber, Ringing, Which};
pub use self::keys::{AuditLine, Repeat};
pub use self::lamp_view::WatchedLamp;
pub use self::lamps::Lamp;
pub use self::lockouts::{Guess, Guesser, Limits};
pub use self::logins::{Door, Stale};
pub use self::mail_state::{MailState, MailTrouble};
pub use self::owner::LONGEST_LIST;
pub use self::pages::MessageFilter;
pub use self::profiles::{Places, SHARING};
pub use self::reset::{Cleared, Holdings};
pub use self::second_factors::{SecondFactor, SharedSecret};
pub use self::takeover::{Fate, Newcomer};
pub use self::tenants::TenantContents;
pub use self::user_filter::{PeopleFilter, UserSort, UserStatus, Voicemail};
pub use self::user_pages::{Person, UserCounts, UserPlace};
pub use self::webhook_queue::{Due, Fact, Told};
pub use self::webhooks::Sent;

use self::db::Db;
use self::group::Group;
use self::keys::Noting;
pub use self::letters::LetterFacts;
pub use self::revision::Moment;
use crate::clock::SharedClock;
use crate::domain::{
    GreetingId, JobId, LinkId, MailAddress, MailboxId, MessageId, Purpose, SecurityChange, TenantId, UserId,
};

/// What went wrong, by what the caller of the store can do about it.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The database cannot be reached or does not answer: try again later.
    #[error("the database is not available: {0}")]
    Away(String),
    /// A unique value is taken.
    #[error("{what} {value:?} is already taken")]
    Taken {
        /// For example `extension`.
        what: &'static str,
        /// The value.
        value: String,
    },
    /// The row is not there (or not this tenant's, which is the same to the caller).
    #[error("there is no {what} {value:?}")]
    Missing {
        /// For example `mailbox`.
        what: &'static str,
        /// The value.
        value: String,
    },
    /// A row holds what no version of this program writes.
    #[error("table {table}, column {column}, row {row}: {why}")]
    Corrupt {
        /// Table.
        table: &'static str,
        /// Column.
        column: &'static str,
        /// Key of the row.
        row: String,
        /// What is wrong.
        why: String,
    },
    /// Something else there stands on it: which, and what to do.
    #[error("{0}")]
    InUse(String),
    /// The database refused the statement.
    #[error("the database refused: {0}")]
    Refused(String),
}

/// A short alias.
pub type Result<T, E = StoreError> = std::result::Result<T, E>;

/// An additional number or alias that leads to a mailbox (003-03, 004-08).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Number {
    /// Whose world it is in.
    pub tenant: TenantId,
    /// E.164 or national digits, or (for an alias) a SIP user part, lower case.
    pub number: String,
    /// Where it leads.
    pub mailbox: MailboxId,
    /// Shown as "called as" in mails and lists (004-09).
    pub label: Option<String>,
    /// What callers of it hear in place of the standard greeting (004-07); `None`: the main one.
    pub greeting: Option<GreetingId>,
}

/// A piece of work that must happen, at least once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Work {
    /// Tell one address about one message.
    Mail {
        /// The message.
        message: MessageId,
        /// The address; its mode is read when the mail is made.
        to: MailAddress,
    },
    /// Send a message to its owner as a file, whatever the mails of the mailbox are, and delete it once that was accepted.
    MailAway {
        /// The message.
        message: MessageId,
        /// The owner's address.
        to: MailAddress,
    },
    /// Tell the lamps of a mailbox how many messages there are by now.
    Lamp {
        /// Whose lamps.
        mailbox: MailboxId,
    },
    /// Tell an owner by mail what happened to the mailbox.
    Notice {
        /// Whose mailbox.
        mailbox: MailboxId,
        /// Where the mail goes.
        to: MailAddress,
        /// What happened.
        notice: Notice,
    },
    /// Mail a user a one-time link. It is made when the mail is: no job holds a secret.
    Door {
        /// Who.
        user: UserId,
        /// Where the mail goes.
        to: MailAddress,
        /// What the link is for.
        purpose: Purpose,
    },
    /// Tell a user by mail that a way in was changed.
    Security {
        /// Who.
        user: UserId,
        /// Where the mail goes.
        to: MailAddress,
        /// What was changed.
        change: SecurityChange,
        /// When.
        at: Timestamp,
    },
    /// Delete the audio of a message whose row is gone.
    Purge {
        /// Its key in the object store.
        object: String,
    },
}

/// What an owner is told about the mailbox itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Notice {
    /// Too many wrong PINs: it cannot be opened by phone until it is unlocked.
    Locked,
}

/// Where a job stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum JobState {
    /// Not yet tried.
    Queued,
    /// Somebody works on it (until the lease ends).
    Running,
    /// Tried; will be tried again.
    Retry,
    /// Done.
    Done,
    /// Given up: a person must look at it.
    Dead,
}

/// A job to be made in the transaction of the fact that it follows from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewJob {
    /// Identity.
    pub id: JobId,
    /// What to do.
    pub work: Work,
    /// Not before.
    pub due: Timestamp,
}

/// A job as it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Job {
    /// Identity.
    pub id: JobId,
    /// Whose world it is in.
    pub tenant: TenantId,
    /// What to do.
    pub work: Work,
    /// Where it stands.
    pub state: JobState,
    /// How often it was tried, this try included while running.
    pub attempts: u32,
    /// When it is tried next, or when its lease ends.
    pub next_at: Timestamp,
    /// When it was made.
    pub created_at: Timestamp,
    /// Why the last try failed.
    pub last_error: Option<String>,
}

/// One line of the delivery ledger of a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LedgerEntry {
    /// When.
    pub at: Timestamp,
    /// What: `stored`, `mail-accepted`, `mail-deferred`, `mail-bounced`, `link-opened`, `heard`, …
    pub event: String,
    /// For example the address, or the error.
    pub detail: String,
}

/// A link that was sent by mail. The token itself is not stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    /// Identity.
    pub id: LinkId,
    /// Whose world it is in.
    pub tenant: TenantId,
    /// The one message it opens.
    pub message: MessageId,
    /// To whom it was sent.
    pub sent_to: MailAddress,
    /// SHA-256 of the token.
    pub token_hash: [u8; 32],
    /// When it stops working.
    pub expires_at: Timestamp,
    /// When it was revoked.
    pub revoked_at: Option<Timestamp>,
    /// When it was made.
    pub created_at: Timestamp,
}

/// Whether a deposit was the first of its message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Deposited {
    /// The row and the jobs were written.
    New,
    /// The message was already there: nothing was written.
    Already,
}

/// The database. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Store {
    db: Db,
    clock: SharedClock,
    group: Option<Arc<Group>>,
    /// Work was made by this store or a clone of it.
    made: Arc<Notify>,
    /// Lines that are written with the next change.
    audit: Noting,
}

impl Store {
    /// Opens the database and brings its tables up to date. `sqlite://PATH` takes the path literally and creates file
    /// and folder; `postgres://user:password@host:5432/database` must exist.
    ///
    /// # Errors
    /// [`StoreError::Away`] when it cannot be reached or created, [`StoreError::Refused`] when the URL names no
    /// database or the tables are those of a newer version.
    pub async fn open(url: &str, clock: SharedClock) -> Result<Self> {
        let store = Self::name(url, clock).await?;
        store.bring_up_to_date().await?;
        Ok(store)
    }

    /// As [`Store::open`], for a server that comes up while PostgreSQL is away: every question is answered with
    /// [`StoreError::Away`] until [`Store::bring_up_to_date`] has worked. SQLite is opened at once.
    ///
    /// # Errors
    /// [`StoreError::Refused`] when the URL names no database; for SQLite also those of [`Store::open`].
    pub async fn name(url: &str, clock: SharedClock) -> Result<Self> {
        if let Some(path) = url.strip_prefix("sqlite://") {
            if path.is_empty() || path.starts_with(':') {
                return Err(StoreError::Refused(
                    "sqlite:// needs the path of a file: write sqlite://DATA/aftertone.db".to_owned(),
                ));
            }
            let db = Db::open_sqlite(Path::new(path)).await?;
            let group = Some(Arc::new(Group::start(db.clone())));
            return Ok(Self { db, clock, group, made: Arc::default(), audit: Noting::default() });
        }
        if url.starts_with("postgres://") || url.starts_with("postgresql://") {
            let db = Db::name_postgres(url)?;
            return Ok(Self { db, clock, group: None, made: Arc::default(), audit: Noting::default() });
        }
        // The URL may carry a password: it is not repeated.
        Err(StoreError::Refused(
            "the database URL must begin with sqlite:// or postgres://: write sqlite://DATA/aftertone.db"
                .to_owned(),
        ))
    }

    /// Reaches the database and brings its tables up to date; does no harm when they are.
    ///
    /// # Errors
    /// [`StoreError::Away`] when it cannot be reached; [`StoreError::Refused`] when it refuses the account, has no such
    /// database, or has the tables of a newer version.
    pub async fn bring_up_to_date(&self) -> Result<()> {
        self.db.bring_up_to_date().await
    }

    /// Answers when the database does, or after 15 s at the latest.
    ///
    /// # Errors
    /// [`StoreError::Away`] when it does not.
    pub async fn ping(&self) -> Result<()> {
        self.db.rows("SELECT 1", Vec::new()).await?;
        Ok(())
    }

    /// Waits until somebody in this process has changed what lamps show. What other processes do is found by looking.
    pub async fn until_work_is_made(&self) {
        self.made.notified().await;
    }

    fn work_was_made(&self) {
        self.made.notify_one();
    }

    /// Closes the connections, after the deposits under way. Every clone of this store is then [`StoreError::Away`].
    pub async fn close(&self) {
        self.db.close().await;
    }
}
