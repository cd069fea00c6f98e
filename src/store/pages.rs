//! Lists that people page through and search: messages of a mailbox, users of a tenant. A page begins after a place, so
//! that it costs the same however far it is from the top.

use jiff::Timestamp;
use uuid::Uuid;

use super::db::{Row, args};
use super::jobs::read_job;
use super::mailboxes::read_mailbox_as;
use super::messages::read_message;
use super::people::read_user;
use super::read::{Reader, micros};
use super::{Job, JobState, Result, Store};
use crate::domain::{
    Folder, JobId, Login, Mailbox, Message, MessageId, Owner, Role, Tag, TenantId, User, UserId,
};

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

macro_rules! users {
    ($from:literal) => {
        concat!(
            "SELECT u.id, u.tenant_id, u.first_name, u.last_name, u.emails, u.login, u.department, u.site,
        u.profile, u.created_at,
                m.id AS mailbox_id, m.user_id, m.extension, m.enabled, m.settings, m.created_at AS mailbox_made,
                COALESCE(l.role, 'basic') AS role, COALESCE(l.portal, $2) AS portal,
                l.password_hash IS NOT NULL AS has_password, m.pin_hash IS NOT NULL AS has_pin,
                u.reset_at IS NOT NULL AS needs_setup
             FROM ",
            $from,
            " ON m.tenant_id = u.tenant_id AND m.user_id = u.id AND m.removed_at IS NULL
             LEFT JOIN logins l ON l.tenant_id = u.tenant_id AND l.user_id = u.id
             WHERE u.tenant_id = $1 AND u.removed_at IS NULL "
        )
    };
}

macro_rules! found {
    () => {
        "AND ($3 = '' OR lower(u.first_name || ' ' || u.last_name) LIKE $3 ESCAPE '!'
            OR lower(u.emails) LIKE $3 ESCAPE '!' OR COALESCE(u.login, '') LIKE $3 ESCAPE '!'
            OR COALESCE(m.extension, '') LIKE $3 ESCAPE '!')
         AND ($6 = '' OR u.department = $6) AND ($7 = '' OR u.site = $7)
         AND (NOT $8 OR u.profile NOT LIKE '%\"listed\":false%') "
    };
}

// Along the index of extensions, and then those who have none: a page costs its rows, however many users there are.
const WITH_MAILBOX: &str = concat!(
    users!("mailboxes m JOIN users u"),
    found!(),
    "AND m.tenant_id = $1 AND m.extension > $4 ORDER BY m.extension LIMIT $5"
);
const WITHOUT_MAILBOX: &str = concat!(
    users!("users u LEFT JOIN mailboxes m"),
    found!(),
    "AND m.id IS NULL AND u.id > $4 ORDER BY u.id LIMIT $5"
);

/// Where users without a mailbox begin: behind every extension.
const NO_EXTENSION: &str = "~";

const USER: &str = concat!(users!("users u LEFT JOIN mailboxes m"), "AND u.id = $3");

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

/// Which users.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PeopleFilter {
    /// Part of a name, an address, a login name or an extension; empty for all.
    pub search: String,
    /// Only those of this department; empty for all (002-007).
    pub department: String,
    /// Only those of this site; empty for all (002-008).
    pub site: String,
    /// Only those who stand in the list of contacts (002-022).
    pub is_listed: bool,
}

impl PeopleFilter {
    /// All that fit this text.
    pub fn found_by(search: &str) -> Self {
        Self { search: search.to_owned(), ..Self::default() }
    }
}

/// A user with all that a list shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Person {
    /// Who.
    pub user: User,
    /// The own mailbox.
    pub mailbox: Option<Mailbox>,
    /// How they come in by the web.
    pub login: Login,
    /// Whether the mailbox has a PIN.
    pub has_pin: bool,
    /// Was reset, and not set up since (002-094).
    pub needs_setup: bool,
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

    /// Users that fit, with their mailboxes, by extension (those without one last), after a place.
    ///
    /// # Errors
    /// [`super::StoreError`].
    pub async fn user_page(
        &self,
        tenant: TenantId,
        filter: &PeopleFilter,
        after: Option<(String, UserId)>,
        limit: u32,
    ) -> Result<Vec<Person>> {
        let (extension, id) =
            after.map_or((String::new(), Uuid::nil()), |(extension, id)| (extension, id.uuid()));
        let plain = |text: &str| -> String { text.trim().chars().filter(|c| !c.is_control()).collect() };
        let (search, department, site) =
            (like(&filter.search), plain(&filter.department), plain(&filter.site));
        let mut people = Vec::new();
        if extension != NO_EXTENSION {
            let args = args![
                tenant.uuid(),
                true,
                search.clone(),
                extension.clone(),
                limit,
                department.clone(),
                site.clone(),
                filter.is_listed
            ];
            people = self.db.rows(WITH_MAILBOX, args).await?;
        }
        let rest = limit.saturating_sub(u32::try_from(people.len()).unwrap_or(u32::MAX));
        if rest > 0 {
            // A place among those who have one is before all of these.
            let id = if extension == NO_EXTENSION { id } else { Uuid::nil() };
            let args = args![tenant.uuid(), true, search, id, rest, department, site, filter.is_listed];
            people.extend(self.db.rows(WITHOUT_MAILBOX, args).await?);
        }
        people.iter().map(read_person).collect()
    }

    /// One user, as lists show them.
    ///
    /// # Errors
    /// [`super::StoreError`].
    pub async fn listed_user(&self, tenant: TenantId, user: UserId) -> Result<Option<Person>> {
        let row = self.db.row(USER, args![tenant.uuid(), true, user.uuid()]).await?;
        row.as_ref().map(read_person).transpose()
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
        let mut tx = self.db.begin().await?;
        let touched = tx.run(AGAIN, args![tenant.uuid(), id.uuid(), micros(self.clock.now())]).await?;
        super::fault::found(touched, "dead or waiting job", id)?;
        Ok(tx.commit().await?)
    }

    /// Every job of the tenant that was given up becomes due at once, but those of removed mailboxes; how many.
    ///
    /// # Errors
    /// [`super::StoreError`].
    pub async fn dead_jobs_again(&self, tenant: TenantId) -> Result<u64> {
        let mut tx = self.db.begin().await?;
        let touched = tx.run(ALL_AGAIN, args![tenant.uuid(), micros(self.clock.now())]).await?;
        tx.commit().await?;
        self.work_was_made();
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

fn read_person(row: &Row) -> Result<Person> {
    let user = read_user(row)?;
    let mailbox = read_mailbox_as(row, "mailbox_id", "mailbox_made")?;
    let row = Reader::new(row, "users", "id");
    let role: Role = row.parsed("role")?;
    let (portal, has_password) = (row.flag("portal")?, row.flag("has_password")?);
    let login = Login { tenant: user.tenant, user: user.id, role, has_password, portal };
    let (has_pin, needs_setup) = (row.flag("has_pin")?, row.flag("needs_setup")?);
    Ok(Person { user, mailbox, login, has_pin, needs_setup })
}
