//! Who changed what, with before and after. Not the log: it may name people, and it stays in the store.
//!
//! Written when a change is done. Driven by the handlers of the web side and by the command line.

use serde::Serialize;

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
