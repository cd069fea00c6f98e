//! What people do with lists of callers who are let through or turned away (002-027 … 002-031).

use jiff::tz::TimeZone;
use serde_json::{Value, json};
use uuid::Uuid;

use super::AnsweringError;
use super::editing::no_undo;
use super::error::Result;
use super::noting::noting;
use super::verdict_word;
use crate::clock::SharedClock;
use crate::domain::answering::{CallerPattern, Calling, ScreenedCaller, Screening, Undo};
use crate::domain::{ChangeId, Extension, Invalid, Mailbox, MailboxId, TenantId};
use crate::service::audit::NotedStore;
use crate::store::{Store, StoreError};

/// Longest note.
const LONGEST_NOTE: usize = 80;
/// Lines of one list.
const MOST_LINES: usize = 1000;

/// The use cases. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Lists {
    store: NotedStore,
    clock: SharedClock,
}

impl Lists {
    /// Works on this store.
    pub fn new(store: Store, clock: SharedClock) -> Self {
        Self { store: NotedStore::new(store, clock.clone()), clock }
    }

    /// The same, for changes by somebody, which the audit keeps.
    #[must_use]
    pub fn by(&self, actor: &str) -> Self {
        Self { store: self.store.by(actor), ..self.clone() }
    }

    /// The lines that a mailbox obeys, its own first; without one, those of the tenant.
    ///
    /// # Errors
    /// [`AnsweringError::NoMailbox`].
    pub async fn list(&self, tenant: TenantId, of: Option<&Extension>) -> Result<Vec<ScreenedCaller>> {
        let mailbox = self.owner(tenant, of).await?;
        Ok(self.store.screened_callers(tenant, mailbox).await?)
    }

    /// Notes a caller in the list of a mailbox, or of the tenant; replaces what it said of the same one. What it said,
    /// and the line.
    ///
    /// # Errors
    /// [`AnsweringError`], each with its remedy.
    pub async fn put(
        &self,
        tenant: TenantId,
        of: Option<&Extension>,
        pattern: CallerPattern,
        screening: Screening,
        note: Option<&str>,
    ) -> Result<(Option<ScreenedCaller>, ScreenedCaller)> {
        let mailbox = self.owner(tenant, of).await?;
        let note = note.map(str::trim).filter(|note| !note.is_empty());
        if let Some(note) = note
            && (note.chars().count() > LONGEST_NOTE || note.chars().any(char::is_control))
        {
            return Err(Invalid::new("note", note, "write at most 80 characters in one line").into());
        }
        let mut own = self.store.screened_callers(tenant, mailbox).await?;
        own.retain(|line| line.mailbox == mailbox);
        let was = own.iter().find(|line| line.pattern == pattern).cloned();
        if was.is_none() && own.len() >= MOST_LINES {
            let remedy = "a list has at most 1000 lines: use the beginning of numbers, as +4930*";
            return Err(Invalid::new("caller", &pattern.to_string(), remedy).into());
        }
        let note = note.map(str::to_owned);
        let (id, created_at) = (self.clock.uuid(), self.clock.now());
        let line = ScreenedCaller { id, tenant, mailbox, pattern, screening, note, created_at };
        let store = noting(&self.store, "list.kept", (tenant, of), (was.as_ref(), Some(&line)), noted);
        store.put_screened_caller(&line).await?;
        tracing::info!(%tenant, of_mailbox = mailbox.is_some(), "a list of callers was changed");
        Ok((was, line))
    }

    /// Takes a caller off the list.
    ///
    /// # Errors
    /// [`AnsweringError::NoCaller`].
    pub async fn remove(
        &self,
        tenant: TenantId,
        of: Option<&Extension>,
        pattern: &CallerPattern,
    ) -> Result<()> {
        let mailbox = self.owner(tenant, of).await?;
        let lines = self.store.screened_callers(tenant, mailbox).await?;
        let was = lines.iter().find(|line| line.mailbox == mailbox && line.pattern == *pattern);
        let store = noting(&self.store, "list.removed", (tenant, of), (was, None), noted);
        let removed = store.remove_screened_caller(tenant, mailbox, pattern).await;
        removed.map_err(|error| match error {
            StoreError::Missing { value, .. } => AnsweringError::NoCaller(value),
            other => other.into(),
        })
    }

    /// Takes a line off the list by its id; the line, and what takes that back.
    ///
    /// # Errors
    /// [`AnsweringError::NoCaller`].
    pub async fn delete(
        &self,
        tenant: TenantId,
        of: Option<&Extension>,
        id: Uuid,
    ) -> Result<(ScreenedCaller, ChangeId)> {
        let mailbox = self.owner(tenant, of).await?;
        let lines = self.store.screened_callers(tenant, mailbox).await?;
        let line = lines.into_iter().find(|line| line.mailbox == mailbox && line.id == id);
        let line = line.ok_or_else(|| AnsweringError::NoCaller(id.to_string()))?;
        let store = noting(&self.store, "list.removed", (tenant, of), (Some(&line), None), noted);
        store.remove_screened_caller(tenant, mailbox, &line.pattern).await?;
        let (change, undo) = (ChangeId::from_uuid(self.clock.uuid()), Undo::Caller { line: line.clone() });
        self.store.put_undo(tenant, mailbox, change, &undo).await?;
        Ok((line, change))
    }

    /// Takes the removal of a line back.
    ///
    /// # Errors
    /// [`AnsweringError::NoUndo`].
    pub async fn undo(
        &self,
        tenant: TenantId,
        of: Option<&Extension>,
        change: ChangeId,
    ) -> Result<ScreenedCaller> {
        let mailbox = self.owner(tenant, of).await?;
        let undo = self.store.undo(tenant, mailbox, change).await.map_err(no_undo)?;
        let Undo::Caller { line } = undo else { return Err(AnsweringError::NoUndo) };
        let store = noting(&self.store, "list.restored", (tenant, of), (None, Some(&line)), noted);
        store.put_screened_caller(&line).await?;
        self.store.forget_undo(tenant, change).await?;
        Ok(line)
    }

    /// The line that decides about a caller (002-028); a colleague is known by the extension.
    ///
    /// # Errors
    /// [`AnsweringError::NoMailbox`].
    pub async fn check(
        &self,
        tenant: TenantId,
        of: Option<&Extension>,
        caller: &CallerPattern,
    ) -> Result<Option<ScreenedCaller>> {
        let lines = self.list(tenant, of).await?;
        let forms = match caller {
            CallerPattern::Number(number) | CallerPattern::Prefix(number) => vec![number.clone()],
            CallerPattern::Anonymous | CallerPattern::Internal | CallerPattern::External => Vec::new(),
        };
        let internal = match (caller, forms.first().and_then(|form| form.parse::<Extension>().ok())) {
            (CallerPattern::Internal, _) => true,
            (_, Some(extension)) => self.store.mailbox_by_extension(tenant, &extension).await?.is_some(),
            _ => false,
        };
        Ok(super::screened(&lines, Calling { forms: &forms, internal }).cloned())
    }

    async fn owner(&self, tenant: TenantId, of: Option<&Extension>) -> Result<Option<MailboxId>> {
        let Some(extension) = of else { return Ok(None) };
        Ok(Some(mailbox(&self.store, tenant, extension).await?.0.id))
    }
}

/// As the audit keeps a line.
fn noted(line: &ScreenedCaller) -> Value {
    let ScreenedCaller { pattern, screening, note, .. } = line;
    json!({"caller": pattern, "verdict": verdict_word(*screening), "note": note})
}

/// The mailbox of this number, and the zone that it lives in.
pub(in crate::service) async fn mailbox(
    store: &Store,
    tenant: TenantId,
    extension: &Extension,
) -> Result<(Mailbox, TimeZone)> {
    let found = store.mailbox_by_extension(tenant, extension).await?;
    let mailbox = found.ok_or_else(|| AnsweringError::NoMailbox(extension.clone()))?;
    let zone = match &mailbox.zone {
        Some(zone) => zone.clone(),
        None => store.tenant(tenant).await?.zone,
    };
    Ok((mailbox, TimeZone::get(&zone).unwrap_or(TimeZone::UTC)))
}
