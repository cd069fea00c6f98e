//! Users, tenants and jobs as an administrator's lists show them. Changes of accounts are `accounts`'s.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use serde_json::{Value, json};

use super::audit::{Deed, NotedStore};
use crate::clock::SharedClock;
use crate::domain::{Extension, JobId, MailboxId, Tenant, TenantId, TenantPolicy, UserId};
use crate::store::{Job, JobState, PeopleFilter, Person, Result, Store, UserCounts, UserPlace};

/// Rows of one page at most.
pub const LONGEST_PAGE: u32 = 200;

/// Counting so many users costs more than the page that tells it …
const MANY: u64 = 5_000;
/// … so the count may be so old.
const RECENT: Duration = Duration::from_secs(10);
/// Tenants whose counts are remembered.
const MOST_TENANTS: usize = 1_000;

/// The use cases. Cheap to clone.
#[derive(Debug, Clone)]
pub struct People {
    store: NotedStore,
    clock: SharedClock,
    /// Of tenants with many users, and when they were counted.
    counted: Arc<Mutex<HashMap<TenantId, (Duration, UserCounts)>>>,
}

impl People {
    /// Over this store.
    pub fn new(store: Store, clock: SharedClock) -> Self {
        Self { store: NotedStore::new(store, clock.clone()), clock, counted: Arc::default() }
    }

    /// The same, for changes by somebody, which the audit keeps.
    #[must_use]
    pub fn by(&self, actor: &str) -> Self {
        Self { store: self.store.by(actor), ..self.clone() }
    }

    /// A page of the users who are wanted, in the order that is wanted, and whether more follow.
    ///
    /// # Errors
    /// [`crate::store::StoreError`].
    pub async fn page(
        &self,
        tenant: TenantId,
        filter: &PeopleFilter,
        after: Option<UserPlace>,
        limit: u32,
    ) -> Result<(Vec<Person>, bool)> {
        let limit = limit.clamp(1, LONGEST_PAGE);
        let filter = &self.askable(tenant, filter).await?;
        let mut people = self.store.user_page(tenant, filter, after, limit + 1).await?;
        let more = people.len() > limit as usize;
        people.truncate(limit as usize);
        Ok((people, more))
    }

    /// How many a filter finds, counted up to `most`.
    ///
    /// # Errors
    /// [`crate::store::StoreError`].
    pub async fn count_found(&self, tenant: TenantId, filter: &PeopleFilter, most: u32) -> Result<u32> {
        self.store.count_found(tenant, &self.askable(tenant, filter).await?, most).await
    }

    async fn askable(&self, tenant: TenantId, filter: &PeopleFilter) -> Result<PeopleFilter> {
        if filter.department.is_empty() && filter.site.is_empty() {
            return Ok(filter.clone());
        }
        Ok(filter.without_hidden(&self.store.policy(tenant).await?))
    }

    /// How many users there are, and how far they have come. From 5,000 on the count may be 10 s old.
    ///
    /// # Errors
    /// [`crate::store::StoreError`].
    pub async fn counts(&self, tenant: TenantId) -> Result<UserCounts> {
        let now = self.clock.monotonic();
        let known = self.counted.lock().unwrap_or_else(PoisonError::into_inner).get(&tenant).copied();
        if let Some((at, counts)) = known
            && now.saturating_sub(at) < RECENT
        {
            return Ok(counts);
        }
        let counts = self.store.user_counts(tenant).await?;
        let mut counted = self.counted.lock().unwrap_or_else(PoisonError::into_inner);
        if counted.len() >= MOST_TENANTS {
            counted.clear();
        }
        if counts.all >= MANY {
            counted.insert(tenant, (now, counts));
        } else {
            counted.remove(&tenant);
        }
        Ok(counts)
    }

    /// The user of a mailbox, as lists show them; `None` when there is no such user.
    ///
    /// # Errors
    /// [`crate::store::StoreError`].
    pub async fn person(&self, tenant: TenantId, user: UserId) -> Result<Option<Person>> {
        self.store.listed_user(tenant, user).await
    }

    /// Every tenant, by name.
    ///
    /// # Errors
    /// [`crate::store::StoreError`].
    pub async fn tenants(&self) -> Result<Vec<Tenant>> {
        self.store.tenants().await
    }

    /// One tenant.
    ///
    /// # Errors
    /// [`crate::store::StoreError::Missing`].
    pub async fn tenant(&self, id: TenantId) -> Result<Tenant> {
        self.store.tenant(id).await
    }

    /// What the tenant lets be created, shows and hides.
    ///
    /// # Errors
    /// [`crate::store::StoreError::Missing`].
    pub async fn policy(&self, tenant: TenantId) -> Result<TenantPolicy> {
        self.store.policy(tenant).await
    }

    /// Changes what differs between `was` and `wanted`, and nothing that somebody else changed meanwhile; how it is then.
    ///
    /// # Errors
    /// [`crate::store::StoreError::Missing`].
    pub async fn change_policy(
        &self,
        tenant: TenantId,
        was: &TenantPolicy,
        wanted: TenantPolicy,
    ) -> Result<TenantPolicy> {
        let deed = Deed { action: "policy.changed", target: "tenant".to_owned() };
        let store = self.store.noting(tenant, deed, json!(was), json!(wanted));
        let policy = store.change_policy(tenant, was, wanted).await?;
        let who_may_create = policy.who_may_create.as_str();
        tracing::info!(%tenant, who_may_create, "the policy of a tenant was changed");
        Ok(policy)
    }

    /// A page of jobs, newest first, and whether more follow.
    ///
    /// # Errors
    /// [`crate::store::StoreError`].
    pub async fn jobs(
        &self,
        tenant: TenantId,
        state: Option<JobState>,
        before: Option<JobId>,
        limit: u32,
    ) -> Result<(Vec<Job>, bool)> {
        let limit = limit.clamp(1, LONGEST_PAGE);
        let mut jobs = self.store.job_page(tenant, state, before, limit + 1).await?;
        let more = jobs.len() > limit as usize;
        jobs.truncate(limit as usize);
        Ok((jobs, more))
    }

    /// Tries a dead or waiting job again at once.
    ///
    /// # Errors
    /// [`crate::store::StoreError::Missing`].
    pub async fn job_again(&self, tenant: TenantId, id: JobId) -> Result<()> {
        let deed = Deed { action: "job.retried", target: format!("job {id}") };
        self.store.noting(tenant, deed, Value::Null, Value::Null).tenant_job_again(tenant, id).await
    }

    /// Tries every job again that was given up, but those of removed mailboxes; how many.
    ///
    /// # Errors
    /// [`crate::store::StoreError`].
    pub async fn dead_jobs_again(&self, tenant: TenantId) -> Result<u64> {
        let deed = Deed { action: "job.retried", target: "all jobs that were given up".to_owned() };
        self.store.noting(tenant, deed, Value::Null, Value::Null).dead_jobs_again(tenant).await
    }

    /// An extension that is likely for somebody new (003-06, 004-02): after the highest of those that are as recommended, else
    /// after the highest of all, else the first one of the plan. Empty when there is none.
    ///
    /// # Errors
    /// [`crate::store::StoreError`].
    pub async fn suggestion(&self, tenant: TenantId) -> Result<String> {
        let plan = self.store.policy(tenant).await?.extensions;
        let after = |highest: Option<Extension>| {
            let text = highest?.as_str().to_owned();
            let next = text.parse::<u64>().ok()?.checked_add(1)?;
            format!("{next:0>width$}", width = text.len()).parse::<Extension>().ok()
        };
        if plan.length.is_some() || plan.first.is_some() {
            let like = self.store.highest_extension_like(tenant, plan.usual_length(), plan.first).await?;
            let next = if like.is_none() { plan.first_extension().parse().ok() } else { after(like) };
            if let Some(next) = next.filter(|next| plan.suits(next)) {
                return Ok(next.to_string());
            }
        }
        let highest = self.store.highest_extension(tenant).await?;
        let next = if highest.is_none() { plan.first_extension().parse().ok() } else { after(highest) };
        let next = next.filter(|next: &Extension| plan.allow(next).is_ok());
        Ok(next.map(|next| next.to_string()).unwrap_or_default())
    }

    /// What is to be told of a new extension, which the policy of the tenant recommends to be otherwise (004-02).
    ///
    /// # Errors
    /// [`crate::store::StoreError`].
    pub async fn warning(&self, tenant: TenantId, extension: &Extension) -> Result<Option<String>> {
        Ok(self.store.policy(tenant).await?.extensions.warning(extension))
    }

    /// Whose an extension is; `None` when it is nobody's.
    ///
    /// # Errors
    /// [`crate::store::StoreError`].
    pub async fn user_at(&self, tenant: TenantId, extension: &Extension) -> Result<Option<UserId>> {
        Ok(self.store.mailbox_by_extension(tenant, extension).await?.and_then(|mailbox| mailbox.user))
    }

    /// The tenant of a mailbox is never asked of the client: it is looked for where the actor may look.
    ///
    /// # Errors
    /// [`crate::store::StoreError::Missing`].
    pub async fn extension(&self, tenant: TenantId, mailbox: MailboxId) -> Result<String> {
        Ok(self.store.mailbox(tenant, mailbox).await?.extension.to_string())
    }

    /// The extension of a mailbox, and the name of who has it; empty where nobody does.
    ///
    /// # Errors
    /// [`crate::store::StoreError::Missing`].
    pub async fn mailbox(&self, tenant: TenantId, mailbox: MailboxId) -> Result<(Extension, String)> {
        let mailbox = self.store.mailbox(tenant, mailbox).await?;
        let name = match mailbox.user {
            Some(user) => self.store.user(tenant, user).await?.full_name(),
            None => String::new(),
        };
        Ok((mailbox.extension, name))
    }

    /// The time, for what is shown.
    pub fn now(&self) -> jiff::Timestamp {
        self.clock.now()
    }
}
