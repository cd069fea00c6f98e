//! Facts: tenants, users, mailboxes, greetings, messages, links, jobs, ledger. SQLite or PostgreSQL behind one type.

use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::clock::SharedClock;
use crate::domain::{
    Extension, Folder, Greeting, GreetingId, GreetingKind, JobId, LinkId, MailAddress, Mailbox, MailboxId,
    Message, MessageId, PhoneNumber, Tenant, TenantId, Usage, User, UserId,
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
pub struct Store;

// Interface only: bodies follow. Every call takes the tenant where the thing belongs to one.
#[expect(unused_variables, clippy::missing_errors_doc, reason = "signatures before bodies")]
impl Store {
    /// Opens (and for SQLite creates) the database and runs the migrations.
    pub async fn open(url: &str, clock: SharedClock) -> Result<Self> {
        todo!()
    }
    /// Answers when the database does.
    pub async fn ping(&self) -> Result<()> {
        todo!()
    }

    // tenants
    pub async fn tenants(&self) -> Result<Vec<Tenant>> {
        todo!()
    }
    pub async fn tenant(&self, id: TenantId) -> Result<Tenant> {
        todo!()
    }
    /// The tenant named `default`, made on first use.
    pub async fn default_tenant(&self) -> Result<Tenant> {
        todo!()
    }
    pub async fn tenant_by_domain(&self, domain: &str) -> Result<Option<Tenant>> {
        todo!()
    }
    pub async fn put_tenant(&self, tenant: &Tenant) -> Result<()> {
        todo!()
    }

    // users and mailboxes
    /// User, mailbox and (if given) the PIN's Argon2id string, in one transaction. `Taken` names the extension.
    pub async fn add_user(&self, user: &User, mailbox: &Mailbox, pin_hash: Option<&str>) -> Result<()> {
        todo!()
    }
    pub async fn users(&self, tenant: TenantId) -> Result<Vec<(User, Option<Mailbox>)>> {
        todo!()
    }
    pub async fn user(&self, tenant: TenantId, id: UserId) -> Result<User> {
        todo!()
    }
    pub async fn put_user(&self, user: &User) -> Result<()> {
        todo!()
    }
    /// Removes a user with mailbox; messages go to the trash for 30 days.
    pub async fn remove_user(&self, tenant: TenantId, id: UserId) -> Result<()> {
        todo!()
    }
    pub async fn set_pin(&self, tenant: TenantId, mailbox: MailboxId, pin_hash: &str) -> Result<()> {
        todo!()
    }
    pub async fn mailbox(&self, tenant: TenantId, id: MailboxId) -> Result<Mailbox> {
        todo!()
    }
    pub async fn mailbox_by_extension(
        &self,
        tenant: TenantId,
        extension: &Extension,
    ) -> Result<Option<Mailbox>> {
        todo!()
    }
    pub async fn put_mailbox(&self, mailbox: &Mailbox) -> Result<()> {
        todo!()
    }
    pub async fn usage(&self, tenant: TenantId, mailbox: MailboxId) -> Result<Usage> {
        todo!()
    }

    // numbers and aliases
    pub async fn put_number(&self, number: &Number) -> Result<()> {
        todo!()
    }
    pub async fn numbers(&self, tenant: TenantId) -> Result<Vec<Number>> {
        todo!()
    }
    /// Exact match.
    pub async fn number(&self, tenant: TenantId, number: &str) -> Result<Option<Number>> {
        todo!()
    }
    /// Numbers that end in these digits: more than one means that nothing may be guessed.
    pub async fn numbers_ending(&self, tenant: TenantId, digits: &PhoneNumber) -> Result<Vec<Number>> {
        todo!()
    }

    // greetings
    /// Makes it the active one of its kind; the older ones of the kind go inactive and stay restorable. One transaction.
    pub async fn add_greeting(&self, greeting: &Greeting) -> Result<()> {
        todo!()
    }
    pub async fn greetings(&self, tenant: TenantId, mailbox: MailboxId) -> Result<Vec<Greeting>> {
        todo!()
    }
    pub async fn greeting(&self, tenant: TenantId, id: GreetingId) -> Result<Greeting> {
        todo!()
    }
    /// Switches every greeting of the kind off.
    pub async fn clear_greeting(
        &self,
        tenant: TenantId,
        mailbox: MailboxId,
        kind: GreetingKind,
    ) -> Result<()> {
        todo!()
    }

    // messages
    /// Row, ledger line `stored` and jobs in one transaction; a message that is there already changes nothing. Many at once share a commit.
    pub async fn deposit(&self, message: &Message, jobs: &[NewJob]) -> Result<Deposited> {
        todo!()
    }
    pub async fn message(&self, tenant: TenantId, id: MessageId) -> Result<Message> {
        todo!()
    }
    /// By id alone, for the operator's command line and for jobs.
    pub async fn message_anywhere(&self, id: MessageId) -> Result<Message> {
        todo!()
    }
    /// Newest first.
    pub async fn messages(
        &self,
        tenant: TenantId,
        mailbox: MailboxId,
        folder: Folder,
    ) -> Result<Vec<Message>> {
        todo!()
    }
    /// First hearing only; writes the ledger line `heard`.
    pub async fn mark_heard(&self, tenant: TenantId, id: MessageId) -> Result<()> {
        todo!()
    }
    pub async fn move_message(&self, tenant: TenantId, id: MessageId, to: Folder) -> Result<()> {
        todo!()
    }
    pub async fn ledger(&self, tenant: TenantId, id: MessageId) -> Result<Vec<LedgerEntry>> {
        todo!()
    }
    pub async fn note(&self, tenant: TenantId, id: MessageId, event: &str, detail: &str) -> Result<()> {
        todo!()
    }

    // links
    pub async fn add_link(&self, link: &Link) -> Result<()> {
        todo!()
    }
    /// Also expired and revoked ones: the page says which.
    pub async fn link_by_hash(&self, token_hash: &[u8; 32]) -> Result<Option<Link>> {
        todo!()
    }
    pub async fn revoke_links(&self, tenant: TenantId, message: MessageId) -> Result<()> {
        todo!()
    }

    // jobs
    /// Takes up to `limit` due jobs (also those whose lease ended) and leases them; no two callers get the same one.
    pub async fn lease_jobs(&self, limit: u32, lease: Duration) -> Result<Vec<Job>> {
        todo!()
    }
    /// Done; the message moves as the mode says; the ledger gets `mail-accepted`. One transaction.
    pub async fn job_done(
        &self,
        job: &Job,
        message: MessageId,
        move_to: Option<Folder>,
        detail: &str,
    ) -> Result<()> {
        todo!()
    }
    pub async fn job_retry(&self, job: &Job, at: Timestamp, error: &str) -> Result<()> {
        todo!()
    }
    pub async fn job_dead(&self, job: &Job, error: &str) -> Result<()> {
        todo!()
    }
    /// A dead or waiting job becomes due at once.
    pub async fn job_again(&self, id: JobId) -> Result<()> {
        todo!()
    }
    /// Newest first, at most `limit`; `None` for all states.
    pub async fn jobs(&self, state: Option<JobState>, limit: u32) -> Result<Vec<Job>> {
        todo!()
    }
    pub async fn jobs_by_state(&self) -> Result<Vec<(JobState, u64)>> {
        todo!()
    }
}
