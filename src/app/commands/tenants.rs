//! `aftertone tenant …`: the closed worlds of users, what all mailboxes of one inherit, and what happens to calls that reach none.

use serde_json::json;

use crate::domain::{DefaultAction, ExtensionPlan, Invalid, ProfileField, Tenant, TenantPolicy, help_link};
use crate::service::people::People;
use crate::service::tenants::{NewTenant, TenantError, Tenants, checked_domains, checked_name, checked_zone};

use super::super::Failure;
use super::super::base::Base;
use super::super::cli::{TenantAdd, TenantCommand, TenantSet};
use super::{ACTOR, Session, extension, language, print, read};

/// What cannot be read is a usage error, all else a refusal.
fn failed(error: TenantError) -> Failure {
    match error {
        TenantError::Invalid(invalid) => usage(invalid),
        other => other.into(),
    }
}

pub(super) async fn tenant(session: &Session, command: TenantCommand) -> Result<(), Failure> {
    match command {
        TenantCommand::Show(json) => {
            let (base, tenant) = session.open().await?;
            let policy = base.store.policy(tenant.id).await?;
            let mut told = tenant_json(&tenant);
            told["who_may_create"] = json!(policy.who_may_create);
            told["help_link"] = json!(policy.help_link);
            told["hidden_fields"] = json!(policy.hidden);
            told["queues"] = json!(policy.queues);
            told["extension_shortest"] = json!(policy.extensions.shortest);
            told["extension_longest"] = json!(policy.extensions.longest);
            told["extension_length"] = json!(policy.extensions.length);
            told["extension_first"] = json!(policy.extensions.first);
            told["mailbox_off"] = json!(policy.mailbox_off);
            print::thing(json.json, &told);
        }
        TenantCommand::Set(set) => {
            let (base, tenant) = session.open().await?;
            let had = base.store.policy(tenant.id).await?;
            let policy = policy(had.clone(), &set)?;
            let changed = changed(session, &base, tenant.clone(), set).await?;
            let tenants = Tenants::new(base.store.clone(), session.clock.clone());
            let changed = tenants.change(ACTOR, &tenant, changed).await?;
            let people = People::new(base.store, session.clock.clone()).by(ACTOR);
            people.change_policy(changed.id, &had, policy).await?;
            println!("changed tenant {}", changed.name);
        }
        TenantCommand::List(json) => {
            let tenants = session.base().await?.store.tenants().await?;
            let rows: Vec<_> = tenants.iter().map(tenant_json).collect();
            print::rows(json.json, &["name", "domains", "zone", "language", "default_action"], &rows);
        }
        TenantCommand::Add(new) => add(session, new).await?,
        TenantCommand::Remove { name, dry_run, json } => {
            let base = session.base().await?;
            let tenant = session.named(&base, &name).await?;
            let tenants = Tenants::new(base.store.clone(), session.clock.clone());
            if dry_run {
                print::thing(json.json, &json!(tenants.contents(tenant.id).await?));
                return Ok(());
            }
            // The changes of a tenant that is gone are read by nobody: it is noted with one that stays.
            let all = base.store.tenants().await?;
            let home = all.iter().find(|other| other.id != tenant.id).map_or(tenant.id, |other| other.id);
            tenants.remove(Some((ACTOR, home)), tenant.id, &name).await?;
            println!("removed tenant {name}");
        }
    }
    Ok(())
}

async fn add(session: &Session, new: TenantAdd) -> Result<(), Failure> {
    let TenantAdd { name, settings } = new;
    let name = checked_name(&name).map_err(usage)?;
    let base = session.base().await?;
    if base.store.tenants().await?.iter().any(|known| known.name == name) {
        return Err(Failure::refused(format!(
            "there is a tenant {name} already: change it with tenant set --tenant {name}"
        )));
    }
    let voicemail = &session.config.voicemail;
    let language = match &settings.language {
        Some(tag) => language(session, tag)?,
        None => voicemail.language.clone(),
    };
    let policy = policy(TenantPolicy::default(), &settings)?;
    let new = NewTenant {
        name,
        domains: settings.domain.clone(),
        zone: settings.zone.clone().unwrap_or_else(|| voicemail.zone.clone()),
        language,
        operator: settings.operator.clone(),
    };
    let tenants = Tenants::new(base.store.clone(), session.clock.clone());
    let tenant = tenants.add(None, new).await.map_err(failed)?;
    if settings.default_action.is_some() {
        let only = TenantSet { default_action: settings.default_action, ..TenantSet::default() };
        let changed = changed(session, &base, tenant.clone(), only).await?;
        tenants.change(ACTOR, &tenant, changed).await?;
    }
    let people = People::new(base.store, session.clock.clone()).by(ACTOR);
    people.change_policy(tenant.id, &TenantPolicy::default(), policy).await?;
    println!("added tenant {}", tenant.name);
    Ok(())
}

fn usage(invalid: Invalid) -> Failure {
    Failure::usage(invalid.to_string())
}

async fn changed(
    session: &Session,
    base: &Base,
    mut tenant: Tenant,
    set: TenantSet,
) -> Result<Tenant, Failure> {
    if !set.domain.is_empty() {
        tenant.domains = checked_domains(&set.domain).map_err(usage)?;
    }
    if let Some(zone) = set.zone {
        tenant.zone = checked_zone(&zone).map_err(usage)?;
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

/// What the tenant lets be created, shows and hides.
fn policy(mut policy: TenantPolicy, set: &TenantSet) -> Result<TenantPolicy, Failure> {
    if let Some(who) = &set.who_may_create {
        policy.who_may_create = read(who)?;
    }
    if let Some(link) = &set.help_link {
        policy.help_link = help_link(link).map_err(|error| Failure::usage(error.to_string()))?;
    }
    if !set.hide_field.is_empty() {
        let names = set.hide_field.iter().filter(|name| !name.trim().is_empty());
        policy.hidden = names.map(|name| read::<ProfileField>(name)).collect::<Result<_, _>>()?;
        if policy.hidden.iter().any(|field| !field.may_be_hidden()) {
            return Err(Failure::usage("the user ID is needed to sign in: it cannot be hidden"));
        }
    }
    policy.queues = set.queues.unwrap_or(policy.queues);
    let plan = policy.extensions;
    let optional = |given: &Option<String>, now| match given.as_deref().map(str::trim) {
        None => Ok(now),
        Some("") => Ok(None),
        Some(text) => text.parse::<u8>().map(Some).map_err(|_| {
            Failure::usage(format!(
                "{text:?} is no number of digits and no digit: write 4, or nothing for any"
            ))
        }),
    };
    let plan = ExtensionPlan {
        shortest: set.extension_shortest.unwrap_or(plan.shortest),
        longest: set.extension_longest.unwrap_or(plan.longest),
        length: optional(&set.extension_length, plan.length)?,
        first: optional(&set.extension_first, plan.first)?,
    };
    policy.extensions = plan.checked().map_err(usage)?;
    if let Some(what) = &set.mailbox_off {
        policy.mailbox_off = read(what)?;
    }
    Ok(policy)
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
