//! Lists that people page through and search: messages of a mailbox, jobs of a tenant. A page begins after a place, so
//! that it costs the same however far it is from the top. Users are `user_pages`'s.

use jiff::Timestamp;
use uuid::Uuid;

use super::db::args;
use super::jobs::read_job;
use super::messages::read_message;
use super::read::micros;
use super::{Job, JobState, Result, Store};
use crate::domain::{Folder, JobId, Message, MessageId, Owner, Tag, TenantId};

macro_rules! messages {
    ($folder:literal) => {
        concat!(
            "SELECT * FROM messages WHERE tenant_id = $1 AND mailbox_id = $2 AND folder = ",
            $folder,
            " AND ($8 = '' OR tag = $8) AND (NOT $3 OR heard_at IS NULL)
             AND ($4 = '' OR lower(COALESCE(caller_name, '')) LIKE $4 ESCAPE '!'
                OR lower(COALESCE(caller_number, '')) LIKE $4 ESCAPE '!'
                OR lower(COALESCE(alias, '')) LIKE $4 ESCAPE '!')
             AND (received_at, id) < ($5, $6) ORDER BY received_at DESC, id DESC LIMIT $7"
        )
    };
}

const INBOX: &str = messages!("'inbox'");
const SAVED: &str = messages!("'saved'");
const TRASH: &str = messages!("'trash'");
// The index has the folder before the time: three short walks along it, not one over all that there is.
const EVERYWHERE: &str = concat!(
    "SELECT * FROM (SELECT * FROM (",
    messages!("'inbox'"),
    ") AS inbox UNION ALL SELECT * FROM (",
    messages!("'saved'"),
    ") AS saved UNION ALL SELECT * FROM (",
    messages!("'trash'"),
    ") AS trash) AS found ORDER BY received_at DESC, id DESC LIMIT $7"
);

const JOBS: &str = "SELECT id, tenant_id, work, state, attempts, next_at, created_at, last_error FROM jobs
    WHERE tenant_id = $1 AND ($2 = '' OR state = $2) AND id < $3 ORDER BY id DESC LIMIT $4";

const AGAIN: &str = "UPDATE jobs SET state = 'queued', next_at = $3, about = NULL
    WHERE tenant_id = $1 AND id = $2 AND state IN ('queued', 'retry', 'dead')";

// Those of a removed mailbox come back with its user, and not before.
const ALL_AGAIN: &str = "UPDATE jobs SET state = 'queued', next_at = $2, about = NULL
    WHERE tenant_id = $1 AND state = 'dead' AND COALESCE(last_error, '') <> 'the mailbox was removed'";

/// Which messages.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct MessageFilter {
    /// `None`: wherever they lie.
    pub folder: Option<Folder>,
    /// Only those that are filed under it.
    pub tag: Option<Tag>,
    /// Only those that were not heard.
    pub unheard: bool,
    /// Part of the caller's name or number, or of the alias that was called; empty for all.
    pub search: String,
    /// Those after this one, in the order of the list.
    pub after: Option<(Timestamp, MessageId)>,
}

impl Store {
    /// Messages of the mailbox, newest first.
    ///
    /// # Errors
    /// [`super::StoreError`].
    pub async fn message_page(
        &self,
        owner: Owner,
        filter: &MessageFilter,
        limit: u32,
    ) -> Result<Vec<Message>> {
        let sql = match filter.folder {
            None => EVERYWHERE,
            Some(Folder::Inbox) => INBOX,
            Some(Folder::Saved) => SAVED,
            Some(Folder::Trash) => TRASH,
        };
        let (at, id) = filter.after.map_or((i64::MAX, Uuid::max()), |(at, id)| (micros(at), id.uuid()));
        let args = args![
            owner.tenant.uuid(),
            owner.mailbox.uuid(),
            filter.unheard,
            like(&filter.search),
            at,
            id,
            limit,
            filter.tag.map_or("", Tag::as_str),
        ];
        self.db.rows(sql, args).await?.iter().map(read_message).collect()
    }

    /// Jobs of a tenant, newest first, before a job.
    ///
    /// # Errors
    /// [`super::StoreError`].
    pub async fn job_page(
        &self,
        tenant: TenantId,
        state: Option<JobState>,
        before: Option<JobId>,
        limit: u32,
    ) -> Result<Vec<Job>> {
        let before = before.map_or(Uuid::max(), JobId::uuid);
        let args = args![tenant.uuid(), state.map_or("", JobState::as_str), before, limit];
        self.db.rows(JOBS, args).await?.iter().map(read_job).collect()
    }

    /// A dead or waiting job of the tenant becomes due at once.
    ///
    /// # Errors
    /// [`super::StoreError::Missing`] when there is no such job, or it runs or is done.
    pub async fn tenant_job_again(&self, tenant: TenantId, id: JobId) -> Result<()> {
        let mut tx = self.begin().await?;
        let touched = tx.run(AGAIN, args![tenant.uuid(), id.uuid(), micros(self.clock.now())]).await?;
        super::fault::found(touched, "dead or waiting job", id)?;
        Ok(tx.commit().await?)
    }

    /// Every job of the tenant that was given up becomes due at once, but those of removed mailboxes; how many.
    ///
    /// # Errors
    /// [`super::StoreError`].
    pub async fn dead_jobs_again(&self, tenant: TenantId) -> Result<u64> {
        let mut tx = self.begin().await?;
        let touched = tx.run(ALL_AGAIN, args![tenant.uuid(), micros(self.clock.now())]).await?;
        if touched > 0 {
            tx.commit().await?;
            self.work_was_made();
        }
        Ok(touched)
    }
}

/// What `LIKE` looks for, its own signs escaped; empty stays empty.
pub(super) fn like(search: &str) -> String {
    // No text that is looked through has control characters in it, and PostgreSQL takes none with a NUL.
    let search: String = search.chars().filter(|c| !c.is_control()).collect();
    let search = search.trim().to_lowercase();
    if search.is_empty() {
        return search;
    }
    let escaped: String = search
        .chars()
        .take(100)
        .flat_map(|c| matches!(c, '%' | '_' | '!').then_some('!').into_iter().chain([c]))
        .collect();
    format!("%{escaped}%")
}
