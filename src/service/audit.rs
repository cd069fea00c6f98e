//! Who changed what, with before and after. Not the log: it may name people, and it stays in the store.
//!
//! A change of facts is noted in its own transaction, by the use case that makes it: a [`NotedStore`] takes the line with it.
//! What changes no fact (a mail was asked for, a call was ended) is noted by who asked.

use std::ops::Deref;
use std::sync::Arc;

use serde::Serialize;
use serde_json::Value;

use super::access::Actor;
use crate::clock::SharedClock;
use crate::domain::{AuditId, TenantId};
use crate::store::{AuditLine, Store, StoreError};

/// Lines of one page at most.
pub const LONGEST_PAGE: u32 = 200;
/// Characters of a before or after.
const LONGEST_VALUE: usize = 8000;

/// The use cases. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Audit {
    store: Store,
    clock: SharedClock,
}

/// A store that knows who changes what. Without a name it notes nothing: the server's own work is no change by somebody.
#[derive(Debug, Clone)]
pub(super) struct NotedStore {
    audit: Audit,
    by: Option<Arc<str>>,
}

impl NotedStore {
    /// Over this store; nobody is named yet.
    pub(super) const fn new(store: Store, clock: SharedClock) -> Self {
        Self { audit: Audit::new(store, clock), by: None }
    }

    /// The same, for changes that somebody makes.
    pub(super) fn by(&self, actor: &str) -> Self {
        Self { by: Some(actor.into()), ..self.clone() }
    }

    /// As [`Audit::noting`], by whoever is named.
    pub(super) fn noting(&self, tenant: TenantId, deed: Deed<'_>, was: Value, became: Value) -> Store {
        self.noting_steps(tenant, vec![(deed, was, became)])
    }

    /// As [`NotedStore::noting`], for one change that has several steps, the first one first.
    pub(super) fn noting_steps(&self, tenant: TenantId, steps: Vec<(Deed<'_>, Value, Value)>) -> Store {
        let lines = steps.into_iter().filter_map(|(deed, was, became)| self.line(tenant, deed, was, became));
        self.audit.store.with_audit(in_order(lines.collect()))
    }

    /// The line of a change, for [`Store::note_with_change`]; `None` when nobody is named, or nothing differs.
    pub(super) fn line(
        &self,
        tenant: TenantId,
        deed: Deed<'_>,
        was: Value,
        became: Value,
    ) -> Option<AuditLine> {
        self.audit.line_of_change(self.by.as_deref()?, tenant, deed, was, became)
    }
}

impl Deref for NotedStore {
    type Target = Store;

    fn deref(&self) -> &Store {
        &self.audit.store
    }
}

/// Lines stand in the order of their ids, and two of the same moment have no order of their own.
pub(super) fn in_order(mut steps: Vec<AuditLine>) -> Vec<AuditLine> {
    let mut ids: Vec<_> = steps.iter().map(|step| step.id).collect();
    ids.sort_unstable();
    for (step, id) in steps.iter_mut().zip(ids) {
        step.id = id;
    }
    steps
}

/// What differs; beside nothing, what there is. `None` when two things are the same.
fn differing(mut was: Value, mut became: Value) -> Option<(Value, Value)> {
    match (&mut was, &mut became) {
        (Value::Null, Value::Null) => {}
        (Value::Object(was), Value::Object(became)) => {
            let same: Vec<String> = was
                .iter()
                .filter(|(key, value)| became.get(*key) == Some(value))
                .map(|(key, _)| key.clone())
                .collect();
            for key in same {
                was.remove(&key);
                became.remove(&key);
            }
            if was.is_empty() && became.is_empty() {
                return None;
            }
        }
        (Value::Object(alone), Value::Null) | (Value::Null, Value::Object(alone)) => {
            alone.retain(|_, value| !is_nothing(value));
        }
        (was, became) if was == became => return None,
        _ => {}
    }
    Some((was, became))
}

fn is_nothing(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        Value::Array(all) => all.is_empty(),
        Value::Object(all) => all.is_empty(),
        Value::Bool(_) | Value::Number(_) => false,
    }
}

/// What was done.
#[derive(Debug, Clone)]
pub struct Deed<'a> {
    /// For example `user.changed`.
    pub action: &'a str,
    /// To what, for example `mailbox 1001`.
    pub target: String,
}

impl Audit {
    /// Over this store.
    pub const fn new(store: Store, clock: SharedClock) -> Self {
        Self { store, clock }
    }

    /// Notes a change. Values that are the same before and after are left out by the caller; secrets must never be in them.
    /// A line that cannot be written is told in the log: the change itself is done.
    pub async fn note<W: Serialize, B: Serialize>(
        &self,
        actor: &Actor,
        tenant: TenantId,
        deed: Deed<'_>,
        was: Option<&W>,
        became: Option<&B>,
    ) {
        self.note_by(&actor.name, tenant, deed, was, became).await;
    }

    /// The same for the command line and for who is not signed in yet.
    pub async fn note_by<W: Serialize, B: Serialize>(
        &self,
        actor: &str,
        tenant: TenantId,
        deed: Deed<'_>,
        was: Option<&W>,
        became: Option<&B>,
    ) {
        let action = deed.action;
        let line = self.line(actor, tenant, deed, was, became);
        if let Err(error) = self.store.add_audit(&line).await {
            tracing::error!(action, %error, "a change is done, but its audit line was not written");
        }
    }

    /// The store for one change by somebody, which is there with its line or not at all. Of two objects only what differs is
    /// noted; what does not differ at all is no change. Secrets must never be in them.
    pub fn noting(&self, by: &str, tenant: TenantId, deed: Deed<'_>, was: Value, became: Value) -> Store {
        self.store.with_audit(self.line_of_change(by, tenant, deed, was, became).into_iter().collect())
    }

    fn line_of_change(
        &self,
        by: &str,
        tenant: TenantId,
        deed: Deed<'_>,
        was: Value,
        became: Value,
    ) -> Option<AuditLine> {
        let (was, became) = differing(was, became)?;
        Some(self.line(by, tenant, deed, Some(&was), Some(&became)))
    }

    /// A line that is written in the transaction of the change itself.
    pub(super) fn line<W: Serialize, B: Serialize>(
        &self,
        actor: &str,
        tenant: TenantId,
        deed: Deed<'_>,
        was: Option<&W>,
        became: Option<&B>,
    ) -> AuditLine {
        AuditLine {
            id: AuditId::from_uuid(self.clock.uuid()),
            tenant,
            at: self.clock.now(),
            actor: actor.to_owned(),
            action: deed.action.to_owned(),
            target: deed.target,
            was: was.and_then(text),
            became: became.and_then(text),
        }
    }

    /// A page of lines, newest first, before `before`.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn page(
        &self,
        tenant: TenantId,
        before: Option<AuditId>,
        limit: u32,
    ) -> Result<Vec<AuditLine>, StoreError> {
        self.store.audit(tenant, before, limit.clamp(1, LONGEST_PAGE)).await
    }
}

fn text<T: Serialize>(value: &T) -> Option<String> {
    let text = serde_json::to_string(value).ok()?;
    (text != "null").then(|| text.chars().take(LONGEST_VALUE).collect())
}
