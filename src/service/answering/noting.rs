//! Changes of rules, with their line in the audit: page, API and command line note the same words.

use serde_json::{Value, json};

use super::error::Result;
use super::{AnsweringError, Rules};
use crate::domain::answering::Rule;
use crate::domain::{Extension, Owner, TenantId};
use crate::service::audit::{Deed, NotedStore};
use crate::store::Store;

impl Rules {
    /// Changes the rules with the line of it, in one transaction; how they were, and are.
    pub(super) async fn change_noted(
        &self,
        owner: Owner,
        action: &str,
        change: impl FnOnce(Vec<Rule>) -> Result<Vec<Rule>>,
    ) -> Result<(Vec<Rule>, Vec<Rule>)> {
        let extension = self.store.mailbox(owner.tenant, owner.mailbox).await?.extension;
        let deed = Deed { action, target: whose(Some(&extension)) };
        let store = self.store.with_audit(Vec::new());
        let mut states = (Vec::new(), Vec::new());
        let noted = |before: Vec<Rule>| {
            let after = change(before.clone())?;
            if let Some(line) = self.store.line(owner.tenant, deed, json!(before), json!(after)) {
                store.note_with_change(line);
            }
            states = (before, after.clone());
            Ok::<_, AnsweringError>(after)
        };
        store.change_rules(owner, noted).await?;
        Ok(states)
    }
}

/// Whose a change is.
pub(in crate::service) fn whose(of: Option<&Extension>) -> String {
    of.map_or_else(|| "everybody".to_owned(), |extension| format!("mailbox {extension}"))
}

/// The store, whose next change keeps its line: what a thing was, and became.
pub(in crate::service) fn noting<T>(
    store: &NotedStore,
    action: &str,
    (tenant, of): (TenantId, Option<&Extension>),
    (was, became): (Option<&T>, Option<&T>),
    noted: fn(&T) -> Value,
) -> Store {
    let told = |thing: Option<&T>| thing.map_or(Value::Null, noted);
    store.noting(tenant, Deed { action, target: whose(of) }, told(was), told(became))
}

/// What it is to give the rule at `old`, from 0 on, the place `new`, from 1 on.
pub(super) const fn moved(old: usize, new: usize) -> &'static str {
    if new <= old { "rules.up" } else { "rules.down" }
}

/// What it is to switch a rule.
pub(super) const fn switched(on: bool) -> &'static str {
    if on { "rules.on" } else { "rules.off" }
}
