//! Where the own callers are put through who press 0: only where calls may be transferred (002-063).

use axum::extract::State;
use axum::response::Response;

use crate::domain::Mailbox;
use crate::service::accounts::{AccountError, Changes};
use crate::service::answering::{AnsweringError, Rules};

use super::super::Shared;
use super::super::visitor::{Posted, see};
use super::inbox::refused;
use super::settings::tried;
use super::sign_in::sentence;
use super::trouble;

/// The own operator as the settings show it.
pub(super) struct OwnOperator {
    /// Empty: as everybody's.
    pub(super) target: String,
    pub(super) of_tenant: String,
    /// Targets that the configuration names.
    pub(super) named: Vec<String>,
    /// What is to be mended.
    pub(super) wrong: Option<String>,
}

/// The target as somebody typed it, and what is to be mended.
pub(super) struct Tried {
    operator: String,
    wrong: String,
}

impl OwnOperator {
    pub(super) fn of(
        rules: &Rules,
        mailbox: &Mailbox,
        of_tenant: Option<&str>,
        tried: Option<Tried>,
    ) -> Self {
        let (target, wrong) = match tried {
            Some(tried) => (tried.operator, Some(tried.wrong)),
            None => (mailbox.operator.clone().unwrap_or_default(), None),
        };
        Self {
            target,
            of_tenant: of_tenant.unwrap_or_default().to_owned(),
            named: rules.named_targets().into_iter().map(str::to_owned).collect(),
            wrong,
        }
    }
}

pub(super) async fn change(State(site): Shared, posted: Posted) -> Response {
    let Posted { visitor, fields } = posted;
    let target = fields.get("operator").trim().to_owned();
    let changed = async {
        let owner = visitor.owner()?;
        let services = &site.web.services;
        let mailbox = services.settings.show(owner).await.map_err(refused)?;
        if !target.is_empty() && mailbox.operator.as_deref() != Some(&target) {
            match services.rules.check_operator(&mailbox.extension, &target) {
                Ok(()) => {}
                Err(error @ AnsweringError::Store(_)) => return Err(trouble(&error)),
                Err(error) => return Ok(Err(sentence(&error))),
            }
        }
        let operator = Some((!target.is_empty()).then(|| target.clone()));
        let changes = Changes { operator, ..Changes::default() };
        let accounts = services.accounts.by(&visitor.actor.name);
        match accounts.set(owner.tenant, &mailbox.extension, changes).await {
            Ok(_) => Ok(Ok(())),
            Err(error @ AccountError::Invalid(_)) => Ok(Err(sentence(&error))),
            Err(error) => Err(trouble(&error)),
        }
    };
    match changed.await {
        Ok(Ok(())) => see(&site, "/settings?done=operator"),
        Ok(Err(wrong)) => tried(&site, &visitor, Tried { operator: target.clone(), wrong }).await,
        Err(response) => response,
    }
}
