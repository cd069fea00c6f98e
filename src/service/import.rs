//! Import of users from a table: read, shown as what would change, written as a whole, taken back as a whole.
//!
//! `table` and `record` make rows of bytes, `columns` names what a cell means, `plan` compares with what is there, `report` writes
//! tables for people; `drafts` is an import that takes days. Driven by the command line, pages and programs.

mod columns;
mod drafts;
mod error;
mod phones;
mod plan;
mod preview;
mod record;
mod report;
mod table;

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex};

use futures_util::{StreamExt as _, TryStreamExt as _};
use secrecy::SecretString;
use serde_json::{Value, json};

use self::plan::{Draft, World, plan};
use super::accounts::{MailboxDefaults, PinPolicy, hash_pin};
use super::audit::{Deed, NotedStore};
use crate::clock::SharedClock;
use crate::domain::{
    DraftId, Handset, ImportId, ProfileField, Role, SecurityChange, TenantId, TenantPolicy, User, UserId,
};
use crate::service::access::{Act, Actor, Reach};
use crate::service::security;
use crate::store::{Import, ImportPhone, ImportRow, Store, StoreError, TakenBack, Within};

pub use columns::Column;
pub use drafts::{Looked, Mending};
pub use error::ImportError;
pub use preview::{CellFault, Difference, Preview, Row, What};
pub use report::{Done, csv_text, result_csv, template_csv};
pub use table::{Encoding, LARGEST, MOST_ROWS, Table, TableError};

/// The directory may change between looking and writing: so often it is looked at anew.
const TRIES: usize = 5;
/// Phones that are read in one go.
const PHONES_AT_ONCE: u32 = 2000;
/// Longest name of an import.
const LONGEST_LABEL: usize = 80;

/// How far an import is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Progress {
    /// So many of so many PINs are hashed.
    Hashing(usize, usize),
    /// So many of so many rows are written (and none of them counts yet).
    Writing(usize, usize),
}

/// What came of an import.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Imported {
    /// The import, unless there was nothing to write.
    pub import: Option<Import>,
    /// What became of each row.
    pub preview: Preview,
}

/// The use cases. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Imports {
    store: NotedStore,
    clock: SharedClock,
    defaults: MailboxDefaults,
    policy: PinPolicy,
    /// Languages that the prompts speak. Empty: any may be named.
    languages: Vec<String>,
    /// Whoever is above may not be changed.
    most: Role,
    /// Fields of profiles that are not theirs to change.
    denied: Vec<ProfileField>,
    /// Why nobody may be added.
    no_new: Option<String>,
    /// Phones are reached as well.
    has_phones: bool,
    /// Where rescuers go may be changed.
    has_emergency: bool,
    /// How far the imports of drafts are.
    progress: Arc<Mutex<HashMap<DraftId, Progress>>>,
}

impl Imports {
    /// Works on this store; new mailboxes get these defaults, new PINs obey this policy.
    pub fn new(store: Store, clock: SharedClock, defaults: MailboxDefaults, policy: PinPolicy) -> Self {
        let (languages, most, progress) = (Vec::new(), Role::Operator, Arc::default());
        let (denied, no_new, has_phones, has_emergency) = (Vec::new(), None, true, true);
        let store = NotedStore::new(store, clock.clone());
        Self {
            store,
            clock,
            defaults,
            policy,
            languages,
            most,
            denied,
            no_new,
            has_phones,
            has_emergency,
            progress,
        }
    }

    /// The same, taking only languages that the prompts speak.
    #[must_use]
    pub fn with_languages(self, languages: Vec<String>) -> Self {
        Self { languages, ..self }
    }

    /// The same on behalf of somebody who changes nobody above this role.
    #[must_use]
    pub fn up_to(&self, most: Role) -> Self {
        Self { most, ..self.clone() }
    }

    /// The same, for changes by somebody, which the audit keeps.
    #[must_use]
    pub fn by(&self, actor: &str) -> Self {
        Self { store: self.store.by(actor), ..self.clone() }
    }

    /// The same on behalf of this actor: as far as the own role, the fields that are there, and the policy of the tenant go.
    #[must_use]
    pub fn of(&self, actor: &Actor, policy: &TenantPolicy) -> Self {
        let fields = actor.fields(policy);
        let denied = ProfileField::ALL.into_iter().filter(|field| !fields.contains(field)).collect();
        let no_new = (!actor.may_create(policy)).then(|| {
            let ask = policy.help_link.as_deref().unwrap_or("whoever runs the server");
            format!("you add no users (the setting who_may_create is {}): ask {ask}", policy.who_may_create)
        });
        let has_phones = actor.reach(Act::PhonesWrite) > Reach::Own;
        let has_emergency = actor.sees_emergency();
        Self { denied, no_new, has_phones, has_emergency, ..self.up_to(actor.rank()).by(&actor.name) }
    }

    /// What the table would change, row by row (002-089). Nothing is written.
    ///
    /// # Errors
    /// [`ImportError::Table`] when the header names no extension; [`ImportError::Store`].
    pub async fn preview(&self, tenant: TenantId, table: &Table) -> Result<Preview, ImportError> {
        Ok(self.look(tenant, table).await?.0)
    }

    /// Writes every row, or none.
    ///
    /// # Errors
    /// [`ImportError::Faults`] when a row has any; nothing is written then.
    pub async fn apply(
        &self,
        tenant: TenantId,
        table: &Table,
        label: &str,
        told: &(dyn Fn(Progress) + Send + Sync),
    ) -> Result<Imported, ImportError> {
        let mut hashes: Option<Vec<Option<String>>> = None;
        for _ in 0..TRIES {
            let (preview, drafts, phones, revision) = self.look(tenant, table).await?;
            if preview.faults() > 0 {
                return Err(ImportError::Faults(preview.faults()));
            }
            if drafts.is_empty() && phones.is_empty() {
                return Ok(Imported { import: None, preview });
            }
            // Which rows there are to write may change with the directory; their PINs do not.
            let known = match hashes.take().filter(|hashes| hashes.len() == drafts.len()) {
                Some(known) => known,
                None => self.hashed(&drafts, told).await?,
            };
            let import = self.import(label, &preview);
            let rows = rows(drafts, &known);
            let count = rows.len();
            let written = |done| told(Progress::Writing(done, count));
            let deed = Deed { action: "users.imported", target: format!("import {}", import.id) };
            let (was, users) = preview.noted();
            let became = json!({"label": import.label, "added": import.added, "changed": import.changed, "rows": users});
            let store = self.store.noting(tenant, deed, was, became);
            let owners = self.owners_of_pins(tenant, &rows).await?;
            match store.import_users(tenant, &import, (&rows, &phones), revision, &written).await {
                Ok(()) => {
                    let Import { id, added, changed, .. } = import;
                    tracing::info!(import = %id, added, changed, "users were imported");
                    for owner in &owners {
                        security::tell(&self.store, &self.clock, owner, SecurityChange::Pin).await;
                    }
                    return Ok(Imported { import: Some(import), preview });
                }
                Err(StoreError::Taken { .. }) => hashes = Some(known),
                Err(error) => return Err(error.into()),
            }
        }
        Err(ImportError::Restless)
    }

    /// The imports of a tenant, newest first.
    ///
    /// # Errors
    /// [`ImportError::Store`].
    pub async fn list(&self, tenant: TenantId) -> Result<Vec<Import>, ImportError> {
        Ok(self.store.imports(tenant).await?)
    }

    /// Takes a whole import back: who was added is removed (messages go to the trash), who was changed is as before.
    ///
    /// # Errors
    /// [`ImportError::ChangedSince`] when mailboxes were changed after it, unless `anyway`; [`ImportError::Phones`] and
    /// [`ImportError::Emergency`] when it wrote what may not be changed. Nothing is written then.
    pub async fn roll_back(&self, tenant: TenantId, id: ImportId, anyway: bool) -> Result<(), ImportError> {
        let above = self.above(tenant).await?;
        let touched = self.store.import_people(tenant, id).await?;
        if let Some((_, extension)) = touched.into_iter().find(|(user, _)| above.contains(user)) {
            return Err(ImportError::Above(extension));
        }
        let deed = Deed { action: "import.taken-back", target: format!("import {id}") };
        let store = self.store.noting(tenant, deed, Value::Null, json!({ "anyway": anyway }));
        let within = Within { anyway, phones: self.has_phones, emergency: self.has_emergency };
        let became = match store.roll_back_import(tenant, id, within).await {
            Err(StoreError::Missing { .. }) => return Err(self.not_taken_back(tenant, id).await?),
            became => became?,
        };
        match became {
            TakenBack::Wholly(pins) => {
                for user in pins {
                    security::tell_of(&self.store, &self.clock, (tenant, user), SecurityChange::Pin).await;
                }
            }
            TakenBack::ChangedSince(conflicts) => return Err(ImportError::ChangedSince(conflicts)),
            TakenBack::Phones => return Err(ImportError::Phones),
            TakenBack::Emergency(extension) => return Err(ImportError::Emergency(extension)),
        }
        tracing::info!(import = %id, "an import was taken back");
        Ok(())
    }

    /// Why there is nothing to take back.
    async fn not_taken_back(&self, tenant: TenantId, id: ImportId) -> Result<ImportError, ImportError> {
        let known = self.store.imports(tenant).await?.into_iter().find(|import| import.id == id);
        let at = known.and_then(|import| import.rolled_back_at);
        Ok(at.map_or(ImportError::NoImport(id), ImportError::BackAlready))
    }

    /// Who of those who are there gets a new PIN, with the addresses of before and of then.
    async fn owners_of_pins(&self, tenant: TenantId, rows: &[ImportRow]) -> Result<Vec<User>, ImportError> {
        let new: HashMap<UserId, &User> = rows
            .iter()
            .filter(|row| row.pin_hash.is_some() && !row.is_new)
            .map(|row| (row.user.id, &row.user))
            .collect();
        if new.is_empty() {
            return Ok(Vec::new());
        }
        let told = |(was, _): (User, _)| {
            let emails = was.emails.iter().chain(&new.get(&was.id)?.emails).cloned().collect();
            Some(User { emails, ..was })
        };
        Ok(self.store.users(tenant).await?.into_iter().filter_map(told).collect())
    }

    async fn look(
        &self,
        tenant: TenantId,
        table: &Table,
    ) -> Result<(Preview, Vec<Draft>, Vec<ImportPhone>, i64), ImportError> {
        // The revision first: what changes while we read shows as a change.
        let revision = self.store.revision().await?;
        let world = World {
            tenant,
            users: self.store.users(tenant).await?,
            numbers: self.store.numbers(tenant).await?,
            defaults: self.defaults.clone(),
            policy: self.policy,
            extensions: self.store.policy(tenant).await?.extensions,
            languages: self.languages.clone(),
            above: self.above(tenant).await?,
            denied: self.denied.clone(),
            no_new: self.no_new.clone(),
            elsewhere: self.elsewhere(tenant).await?,
            handsets: self.handsets(tenant).await?,
            has_phones: self.has_phones,
        };
        let (preview, drafts, phones) = plan(&world, table, self.clock.as_ref())?;
        Ok((preview, drafts, phones, revision))
    }

    async fn handsets(&self, tenant: TenantId) -> Result<Vec<Handset>, ImportError> {
        let mut all: Vec<Handset> = Vec::new();
        loop {
            let after = all.last().map(|last| last.name.to_string()).unwrap_or_default();
            let page = self.store.handset_page(tenant, "", &after, PHONES_AT_ONCE).await?;
            if page.is_empty() {
                return Ok(all);
            }
            all.extend(page.into_iter().map(|known| known.handset));
        }
    }

    /// Who may not be changed.
    async fn above(&self, tenant: TenantId) -> Result<HashSet<UserId>, ImportError> {
        if self.most == Role::Operator {
            return Ok(HashSet::new());
        }
        let logins = self.store.logins(tenant).await?.into_iter();
        Ok(logins.filter(|login| login.role > self.most).map(|login| login.user).collect())
    }

    async fn elsewhere(&self, tenant: TenantId) -> Result<HashSet<String>, ImportError> {
        let others = self.store.tenants().await?.into_iter().filter(|other| other.id != tenant);
        Ok(others.flat_map(|other| other.domains.into_iter().chain([other.name])).collect())
    }

    fn import(&self, label: &str, preview: &Preview) -> Import {
        let count = |wanted: fn(&What) -> bool| {
            u32::try_from(preview.rows.iter().filter(|row| wanted(&row.what)).count()).unwrap_or(u32::MAX)
        };
        Import {
            id: ImportId::from_uuid(self.clock.uuid()),
            label: label.chars().filter(|c| !c.is_control()).take(LONGEST_LABEL).collect(),
            added: count(|what| matches!(what, What::Add(_))),
            changed: count(|what| matches!(what, What::Change(_))),
            unchanged: count(|what| matches!(what, What::Unchanged)),
            made_at: self.clock.now(),
            rolled_back_at: None,
            can_roll_back: true,
        }
    }

    /// The PINs, hashed on every core: each costs about 20 ms.
    async fn hashed(
        &self,
        drafts: &[Draft],
        told: &(dyn Fn(Progress) + Send + Sync),
    ) -> Result<Vec<Option<String>>, ImportError> {
        let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        let all = drafts.iter().filter(|draft| draft.pin.is_some()).count();
        let done = std::sync::atomic::AtomicUsize::new(0);
        let pins: Vec<Option<SecretString>> = drafts.iter().map(|draft| draft.pin.clone()).collect();
        let hash = |pin: Option<SecretString>| {
            let (clock, done) = (self.clock.clone(), &done);
            async move {
                let Some(pin) = pin else { return Ok(None) };
                let hash = hash_pin(pin, clock.as_ref()).await.map_err(ImportError::Hash)?;
                told(Progress::Hashing(done.fetch_add(1, std::sync::atomic::Ordering::Relaxed) + 1, all));
                Ok(Some(hash))
            }
        };
        futures_util::stream::iter(pins).map(hash).buffered(cores).try_collect().await
    }
}

fn rows(drafts: Vec<Draft>, hashes: &[Option<String>]) -> Vec<ImportRow> {
    let row = |(draft, pin_hash): (Draft, &Option<String>)| ImportRow {
        line: draft.line,
        user: draft.user,
        mailbox: draft.mailbox,
        is_new: draft.is_new,
        pin_hash: pin_hash.clone(),
        numbers: draft.numbers,
        without: draft.without,
    };
    drafts.into_iter().zip(hashes).map(row).collect()
}

#[cfg(test)]
mod tests;
