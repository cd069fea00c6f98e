//! `aftertone tenant …`: what all mailboxes inherit, and what happens to calls that reach none.

use jiff::tz::TimeZone;
use serde_json::json;

use crate::domain::{DefaultAction, Tenant};
use crate::sip::uri::Uri;

use super::super::Failure;
use super::super::cli::{TenantCommand, TenantSet};
use super::super::server::{self, Base};
use super::{Session, extension, print};

pub(super) async fn tenant(session: &Session, command: TenantCommand) -> Result<(), Failure> {
    let (base, tenant) = session.open().await?;
    match command {
        TenantCommand::Show(json) => print::thing(json.json, &tenant_json(&tenant)),
        TenantCommand::Set(set) => {
            let changed = changed(session, &base, tenant, set).await?;
            base.store.put_tenant(&changed).await?;
            println!("changed tenant {}", changed.name);
        }
    }
    Ok(())
}

async fn changed(
    session: &Session,
    base: &Base,
    mut tenant: Tenant,
    set: TenantSet,
) -> Result<Tenant, Failure> {
    if !set.domain.is_empty() {
        tenant.domains =
            set.domain.iter().filter_map(|text| domain(text).transpose()).collect::<Result<_, _>>()?;
    }
    if let Some(zone) = set.zone {
        TimeZone::get(&zone).map_err(|_| {
            Failure::usage(format!("{zone:?} is not an IANA zone: write one like Europe/Berlin"))
        })?;
        tenant.zone = zone;
    }
    if let Some(language) = set.language {
        let prompts = server::prompts(&session.config)?;
        let known: Vec<&str> = prompts.languages().collect();
        if !known.contains(&language.as_str()) {
            let known = known.join(", ");
            return Err(Failure::usage(format!(
                "there are no prompts in {language:?}: choose one of {known}"
            )));
        }
        tenant.language = language;
    }
    if let Some(operator) = set.operator {
        tenant.operator = Some(operator.trim().to_owned()).filter(|operator| !operator.is_empty());
    }
    if let Some(text) = set.default_action {
        tenant.default_action = action(base, &tenant, &text).await?;
    }
    Ok(tenant)
}

/// A host part; the empty text stands for none.
fn domain(text: &str) -> Result<Option<String>, Failure> {
    let text = text.trim().to_ascii_lowercase();
    if text.is_empty() {
        return Ok(None);
    }
    let is_host = Uri::parse(&format!("sip:{text}")).is_ok_and(|uri| uri.host() == Some(text.as_str()));
    if !is_host {
        return Err(Failure::usage(format!("{text:?} is no domain: write one like pbx.example.org")));
    }
    Ok(Some(text))
}

async fn action(base: &Base, tenant: &Tenant, text: &str) -> Result<DefaultAction, Failure> {
    let (kind, rest) = text.split_once(':').unwrap_or((text, ""));
    match (kind, rest.trim()) {
        ("announce", "") => Ok(DefaultAction::Announce),
        ("mailbox", number) if !number.is_empty() => {
            let extension = extension(number)?;
            if base.store.mailbox_by_extension(tenant.id, &extension).await?.is_none() {
                return Err(Failure::refused(format!("there is no mailbox {extension}: add it first")));
            }
            Ok(DefaultAction::Mailbox { extension })
        }
        ("transfer", target) if !target.is_empty() => {
            Ok(DefaultAction::Transfer { target: target.to_owned() })
        }
        _ => Err(Failure::usage(format!(
            "{text:?} is no default action: write announce, mailbox:1000 or transfer:sip:desk@pbx.example.org"
        ))),
    }
}

fn tenant_json(tenant: &Tenant) -> serde_json::Value {
    let action = match &tenant.default_action {
        DefaultAction::Announce => "announce".to_owned(),
        DefaultAction::Mailbox { extension } => format!("mailbox:{extension}"),
        DefaultAction::Transfer { target } => format!("transfer:{target}"),
    };
    json!({
        "id": tenant.id,
        "name": tenant.name,
        "domains": tenant.domains,
        "zone": tenant.zone,
        "language": tenant.language,
        "operator": tenant.operator,
        "default_action": action,
    })
}
