//! What is done to many users as a run: kept, begun, gone on with by another server, stopped, and told.

use std::collections::HashSet;
use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::json;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::super::access::{Act, Actor, Door, Reach};
use super::super::audit::Deed;
use super::super::import::csv_text;
use super::{Bulk, BulkAct, BulkError, MOST, Whom, told, who};
use crate::domain::{BulkId, KeyId, MailboxId, Role, SessionId, TenantId, UserId, counted};
use crate::store::{BulkRow, BulkRun, BulkState, PeopleFilter, RowState, StoreError};

/// A server that has not begun the next user after so long has died.
const LEASE: Duration = Duration::from_secs(120);
/// How often runs are looked for that another server left.
const EVERY: Duration = Duration::from_secs(10);
/// Told of a user whose turn a server that died had begun.
const LOST: &str =
    "the server stopped in the middle of it: look at this user, and do it again if it is not done";

/// The word of how it went with one user.
pub const fn word(state: RowState) -> &'static str {
    match state {
        RowState::Waiting => "waiting",
        RowState::Begun => "begun",
        RowState::Done => "done",
        RowState::Failed => "failed",
        RowState::Skipped => "skipped",
    }
}

/// On whose behalf a run goes on, as it is kept.
#[derive(Debug, Serialize, Deserialize)]
struct On {
    tenant: TenantId,
    user: Option<UserId>,
    mailbox: Option<MailboxId>,
    role: String,
    name: String,
    /// What a key may; `None`: somebody in a browser.
    scopes: Option<Vec<String>>,
    /// Which key.
    key: Option<KeyId>,
}

impl On {
    fn behalf(actor: &Actor) -> Self {
        let key = match &actor.door {
            Door::Session(_) | Door::Console => None,
            Door::Key(id, acts) => Some((*id, acts.iter().map(|act| act.as_str().to_owned()).collect())),
        };
        let (key, scopes) = key.unzip();
        Self {
            tenant: actor.tenant,
            user: actor.user,
            mailbox: actor.mailbox,
            role: actor.role.as_str().to_owned(),
            name: actor.name.clone(),
            scopes,
            key,
        }
    }

    fn actor(&self) -> Actor {
        let door = match &self.scopes {
            // Nobody is in a browser and no user.
            None if self.user.is_none() => Door::Console,
            None => Door::Session(SessionId::from_uuid(Uuid::nil())),
            Some(scopes) => {
                // What an older version kept does not say which key: it counts as one that was taken back.
                let id = self.key.unwrap_or_else(|| KeyId::from_uuid(Uuid::nil()));
                Door::Key(id, scopes.iter().filter_map(|scope| scope.parse().ok()).collect())
            }
        };
        Actor {
            tenant: self.tenant,
            user: self.user,
            mailbox: self.mailbox,
            role: self.role.parse().unwrap_or(Role::Basic),
            owes_factor: false,
            door,
            name: self.name.clone(),
        }
    }
}

impl Bulk {
    /// Whom a filter finds, in one reading of the users of this tenant. One that asks for a field that the tenant hides finds
    /// nobody: without it, it would find more than was meant.
    ///
    /// # Errors
    /// [`BulkError::TooMany`].
    pub async fn found(&self, tenant: TenantId, filter: &PeopleFilter) -> Result<Vec<UserId>, BulkError> {
        if *filter != filter.without_hidden(&self.store.policy(tenant).await?) {
            return Ok(Vec::new());
        }
        let most = u32::try_from(MOST + 1).unwrap_or(u32::MAX);
        let users = self.store.users_found(tenant, filter, most).await?;
        if users.len() > MOST { Err(BulkError::TooMany) } else { Ok(users) }
    }

    /// Keeps what is to be done to whom, and has it begun. Whom a filter finds is settled here, and kept with the run.
    ///
    /// # Errors
    /// [`BulkError`]; those of filters only for such.
    pub async fn begin(
        &self,
        actor: &Actor,
        tenant: TenantId,
        act: &BulkAct,
        whom: Whom<'_>,
    ) -> Result<BulkRun, BulkError> {
        let users = match whom {
            Whom::Named(users) => {
                let mut known = HashSet::new();
                users.iter().copied().filter(|user| known.insert(*user)).take(MOST).collect()
            }
            Whom::Found { filter, seen } => {
                let users = self.found(tenant, filter).await?;
                match seen {
                    Some(seen) if seen != users.len() => {
                        return Err(BulkError::Changed { seen, now: users.len() });
                    }
                    _ if users.is_empty() => return Err(BulkError::Nobody),
                    _ => users,
                }
            }
        };
        let total = u32::try_from(users.len()).unwrap_or(u32::MAX);
        let run = BulkRun {
            id: BulkId::from_uuid(self.clock.uuid()),
            tenant,
            act: act.word().to_owned(),
            parts: json!(act.parts()).to_string(),
            actor: json!(On::behalf(actor)).to_string(),
            state: BulkState::Running,
            total,
            done: 0,
            failed: 0,
            made_at: self.clock.now(),
            over_at: None,
        };
        let deed = Deed { action: "bulk.begun", target: counted(u64::from(total), "user") };
        let mut became = json!({"run": run.id, "act": run.act, "clear": act.parts()});
        if let Whom::Found { filter, .. } = whom {
            became["filter"] = told(filter);
        }
        let line = self.audit.line(&actor.name, tenant, deed, None::<&()>, Some(&became));
        self.store.with_audit(vec![line]).add_bulk_run(&run, &users).await?;
        tracing::info!(run = %run.id, act = run.act, users = total, "something is to be done to many users");
        self.wake.notify_one();
        Ok(run)
    }

    /// The last runs of a tenant, newest first.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn runs(&self, tenant: TenantId) -> Result<Vec<BulkRun>, StoreError> {
        self.store.bulk_runs(tenant).await
    }

    /// One run.
    ///
    /// # Errors
    /// [`StoreError::Missing`].
    pub async fn run(&self, tenant: TenantId, id: BulkId) -> Result<BulkRun, StoreError> {
        self.store.bulk_run(tenant, id).await
    }

    /// The run once it is over, or as it stands after so long.
    ///
    /// # Errors
    /// [`StoreError::Missing`].
    pub async fn settled(&self, tenant: TenantId, id: BulkId, wait: Duration) -> Result<BulkRun, StoreError> {
        const LOOKS: u32 = 20;
        for _ in 0..LOOKS {
            let run = self.run(tenant, id).await?;
            if run.state != BulkState::Running {
                return Ok(run);
            }
            tokio::time::sleep(wait / LOOKS).await;
        }
        self.run(tenant, id).await
    }

    /// Users of a run after a place, and whether more follow.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn rows(
        &self,
        tenant: TenantId,
        id: BulkId,
        after: Option<u32>,
        limit: u32,
    ) -> Result<(Vec<BulkRow>, bool), StoreError> {
        let mut rows = self.store.bulk_rows(tenant, id, after, limit + 1).await?;
        let more = rows.len() > limit as usize;
        rows.truncate(limit as usize);
        Ok((rows, more))
    }

    /// What came of each user, as CSV.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn csv(&self, tenant: TenantId, id: BulkId) -> Result<String, StoreError> {
        self.run(tenant, id).await?;
        let most = u32::try_from(MOST).unwrap_or(u32::MAX);
        let rows = self.store.bulk_rows(tenant, id, None, most).await?;
        let head = ["user", "who", "state", "why"].map(str::to_owned).to_vec();
        let line = |row: BulkRow| {
            vec![row.user.to_string(), row.who, word(row.state).to_owned(), row.why.unwrap_or_default()]
        };
        Ok(csv_text(std::iter::once(head).chain(rows.into_iter().map(line))))
    }

    /// Stops a run: who had no turn has none any more.
    ///
    /// # Errors
    /// [`StoreError::Missing`] when there is no such run, or it is over.
    pub async fn cancel(&self, actor: &Actor, tenant: TenantId, id: BulkId) -> Result<(), StoreError> {
        let deed = Deed { action: "bulk.cancelled", target: format!("run {id}") };
        let line = self.audit.line(&actor.name, tenant, deed, None::<&()>, None::<&()>);
        self.store.with_audit(vec![line]).cancel_bulk_run(tenant, id).await?;
        tracing::info!(run = %id, "what was to be done to many users was stopped");
        Ok(())
    }

    /// Works on runs until `stop` is cancelled, those that another server left included. Nobody is left half done.
    pub async fn work(&self, stop: CancellationToken) {
        let mut is_failing = false;
        while !stop.is_cancelled() {
            match self.work_off(&stop).await {
                Ok(()) => is_failing = false,
                Err(error) if !std::mem::replace(&mut is_failing, true) => {
                    tracing::warn!(%error, "what is to be done to many users waits for the database");
                }
                Err(_) => {}
            }
            tokio::select! {
                () = stop.cancelled() => return,
                () = self.wake.notified() => {}
                () = tokio::time::sleep(EVERY) => {}
            }
        }
    }

    /// Works on every run that no other server works on.
    ///
    /// # Errors
    /// When the store is away: then the run is gone on with later.
    pub async fn work_off(&self, stop: &CancellationToken) -> Result<(), StoreError> {
        while !stop.is_cancelled() {
            let Some(run) = self.store.lease_bulk_run(self.lease(), LOST).await? else { return Ok(()) };
            self.carry_out(&run, stop).await?;
        }
        Ok(())
    }

    async fn carry_out(&self, run: &BulkRun, stop: &CancellationToken) -> Result<(), StoreError> {
        let on = serde_json::from_str::<On>(&run.actor).ok();
        let parts = serde_json::from_str(&run.parts).unwrap_or_default();
        let act = BulkAct::of(&run.act, parts);
        while let Some((place, user)) = self.store.begin_bulk_row(run, self.lease()).await? {
            let (who, result) = match (&on, &act) {
                (Some(on), Some(act)) => self.turn(on, run.tenant, act, user).await,
                _ => (
                    String::new(),
                    Err("this is of a newer version of the program: ask for it again".to_owned()),
                ),
            };
            self.store.end_bulk_row(run, place, &who, &result).await?;
            if stop.is_cancelled() {
                return self.store.release_bulk_run(run.id).await;
            }
        }
        let run = self.store.bulk_run(run.tenant, run.id).await?;
        tracing::info!(run = %run.id, done = run.done, failed = run.failed, "many users had their turns");
        Ok(())
    }

    /// Does it to one user: name and extension, and what came of it.
    async fn turn(
        &self,
        on: &On,
        tenant: TenantId,
        act: &BulkAct,
        user: UserId,
    ) -> (String, Result<(), String>) {
        match self.people.person(tenant, user).await {
            Ok(Some(person)) => {
                let result = match self.actor(on).await {
                    Ok(Some(actor)) => self.one(&actor, tenant, act, &person).await,
                    Ok(None) => Err("whoever asked for this may not do it any more".to_owned()),
                    Err(error) => Err(error.to_string()),
                };
                (who(&person), result)
            }
            Ok(None) => (String::new(), Err("there is no such user, or it is not yours".to_owned())),
            Err(error) => (String::new(), Err(error.to_string())),
        }
    }

    /// Who asked for it, as they are now: nobody does by a run what they may not do by hand any more.
    async fn actor(&self, on: &On) -> Result<Option<Actor>, StoreError> {
        let mut actor = on.actor();
        if let Door::Key(id, _) = actor.door {
            let key = self.store.key_of(actor.tenant, id).await?;
            if !key.is_some_and(|key| key.works(self.clock.now())) {
                return Ok(None);
            }
        }
        let Some(user) = actor.user else { return Ok(Some(actor)) };
        let Some(person) = self.people.person(actor.tenant, user).await? else { return Ok(None) };
        actor.role = actor.role.min(person.login.role);
        let still_comes_in = person.login.portal || !matches!(actor.door, Door::Session(_));
        Ok((still_comes_in && actor.reach(Act::UsersWrite) > Reach::Own).then_some(actor))
    }

    fn lease(&self) -> Timestamp {
        let now = self.clock.now();
        now.saturating_add(LEASE).unwrap_or(now)
    }
}
