//! `aftertone tenant …`: the closed worlds of users, what all mailboxes of one inherit, and what happens to calls that reach none.

use jiff::tz::TimeZone;
use serde_json::json;

use crate::domain::{DefaultAction, Tenant, TenantId};
use crate::sip::uri::Uri;

use super::super::Failure;
use super::super::cli::{TenantAdd, TenantCommand, TenantSet};
use super::super::server::Base;
use super::{Session, extension, language, print};

/// Longest name.
const LONGEST_NAME: usize = 63;

pub(super) async fn tenant(session: &Session, command: TenantCommand) -> Result<(), Failure> {
    match command {
        TenantCommand::Show(json) => {
            let (_, tenant) = session.open().await?;
            print::thing(json.json, &tenant_json(&tenant));
        }
        TenantCommand::Set(set) => {
            let (base, tenant) = session.open().await?;
            let changed = changed(session, &base, tenant, set).await?;
            base.store.put_tenant(&changed).await?;
            println!("changed tenant {}", changed.name);
        }
        TenantCommand::List(json) => {
            let tenants = session.base().await?.store.tenants().await?;
            let rows: Vec<_> = tenants.iter().map(tenant_json).collect();
            print::rows(json.json, &["name", "domains", "zone", "language", "default_action"], &rows);
        }
        TenantCommand::Add(new) => add(session, new).await?,
        TenantCommand::Remove { name } => {
            let base = session.base().await?;
            let tenant = session.named(&base, &name).await?;
            base.store.remove_tenant(&tenant).await?;
            println!("removed tenant {name}");
        }
    }
    Ok(())
}

async fn add(session: &Session, new: TenantAdd) -> Result<(), Failure> {
    let TenantAdd { name, settings } = new;
    let is_plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    if name.is_empty() || name.len() > LONGEST_NAME || !name.chars().all(is_plain) {
        return Err(Failure::usage(format!(
            "{name:?} is no name of a tenant: write small letters, digits and hyphens, such as acme"
        )));
    }
    let base = session.base().await?;
    if base.store.tenants().await?.iter().any(|known| known.name == name) {
        return Err(Failure::refused(format!(
            "there is a tenant {name} already: change it with tenant set --tenant {name}"
        )));
    }
    let tenant = Tenant {
        id: TenantId::from_uuid(session.clock.uuid()),
        name,
        domains: Vec::new(),
        zone: session.config.voicemail.zone.clone(),
        language: session.config.voicemail.language.clone(),
        operator: None,
        default_action: DefaultAction::Announce,
    };
    let tenant = changed(session, &base, tenant, settings).await?;
    base.store.put_tenant(&tenant).await?;
    println!("added tenant {}", tenant.name);
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
    if let Some(tag) = set.language {
        tenant.language = language(session, &tag)?;
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
