//! Carries out what callers ask for who look for somebody by name, and who go on to another mailbox. Nobody has to sign
//! in for it, and nobody outside of the call's tenant is found.

use std::sync::Arc;

use crate::call::{Desk, plan};
use crate::domain::Extension;
use crate::flow::owner::desk::{Person, Reply};
use crate::service::directory::Found;

use super::owner::{Gate, Said};

/// Whom these keys mean.
pub(super) async fn search(desk: &Desk, gate: &Gate, keys: &str) -> Reply {
    let found = desk.owners.directory.search(gate.tenant(), keys).await;
    let outcome = match &found {
        Err(_) => "failed",
        Ok(Found { all: 0, .. }) => "nobody",
        Ok(Found { all: 1, .. }) => "one",
        Ok(Found { all, matches, .. }) if *all > matches.len() => "too-many",
        Ok(_) => "several",
    };
    metrics::counter!("aftertone_directory_searches_total", "found" => outcome).increment(1);
    tracing::info!(letters = keys.len(), found = outcome, "somebody is looked for by name");
    let found = match found {
        Ok(found) => found,
        Err(error) => {
            tracing::warn!(%error, "the directory cannot be searched now");
            return Reply::Failed;
        }
    };
    let people = found.matches.into_iter().map(|entry| Person {
        callable: gate.targets.authorise(entry.extension.as_str()).is_ok(),
        extension: entry.extension,
        name: entry.name,
        spelled: entry.spelled.unwrap_or_default(),
    });
    let all = u32::try_from(found.all).unwrap_or(u32::MAX);
    Reply::Found { people: people.collect(), all, by: found.by }
}

/// The mailbox that takes the call from now on.
pub(super) async fn visit(desk: &Desk, gate: &Arc<Gate>, extension: &Extension) -> Said {
    match desk.reception.visit(&gate.visitor, extension, desk.clock.now()).await {
        Ok(Some(verdict)) => {
            tracing::info!(decision = %verdict.decision, "the caller goes on to another mailbox");
            metrics::counter!("aftertone_calls_moved_total").increment(1);
            let Some(mailbox) = verdict.mailbox() else { return Reply::Arrived(None).into() };
            let (plan, purpose) = plan::of_mailbox(desk, &verdict, mailbox, gate).await;
            let reply = Reply::Arrived(Some(Box::new(plan)));
            Said { reply, inside: None, arrived: Some(Box::new(purpose)) }
        }
        Ok(None) => Reply::Arrived(None).into(),
        Err(error) => {
            tracing::error!(%error, "the mailbox that a caller goes on to cannot be looked up");
            Reply::Failed.into()
        }
    }
}
