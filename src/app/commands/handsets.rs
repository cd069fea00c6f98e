//! `aftertone handset …`: phones and adapters as a record, by the use cases of the portal.

use serde_json::{Value, json};

use crate::domain::handset::lint;
use crate::domain::{Port, ProfileField, Tenant, UserId};
use crate::service::access::Actor;
use crate::service::handsets::{Exported, HandsetError, HandsetWish, Handsets, csv, models, shown};
use crate::store::KnownHandset;

use super::super::Failure;
use super::super::base::Base;
use super::super::cli::{HandsetCommand, HandsetSet};
use super::{ACTOR, Session, print, read_file};

/// Phones that are read in one go.
const BATCH: u32 = 200;
/// Largest file of overrides.
const LARGEST: usize = 16 * 1024;

/// What cannot be read is a usage error, all else a refusal.
fn failed(error: HandsetError) -> Failure {
    match error {
        HandsetError::Invalid(invalid) => Failure::usage(invalid.to_string()),
        other => other.into(),
    }
}

pub(super) fn service(session: &Session, base: &Base) -> Handsets {
    Handsets::beside(base.store.clone(), session.clock.clone())
}

pub(super) async fn handset(session: &Session, command: HandsetCommand) -> Result<(), Failure> {
    if let HandsetCommand::Models(json) = command {
        print::rows(json.json, &["model", "title", "ports", "appearances"], &models());
        return Ok(());
    }
    let (base, tenant) = session.open().await?;
    let handsets = service(session, &base);
    let actor = Actor::beside_the_server(tenant.id, ACTOR);
    match command {
        HandsetCommand::Models(_) => {}
        HandsetCommand::List { search, json } => list(&handsets, &tenant, &search, json.json).await?,
        HandsetCommand::Add { name, owner, set, json } => {
            let owner = handsets.owner(tenant.id, &owner.unwrap_or_default()).await.map_err(failed)?;
            let wish = over(HandsetWish::default(), *set).await?;
            let name = name.unwrap_or_default();
            let known = handsets.add(&actor, tenant.id, &name, owner, wish).await.map_err(failed)?;
            if json.json {
                print::thing(true, &listed(&known));
            } else {
                println!("added phone {}", known.handset.name);
            }
            hints(&known);
        }
        HandsetCommand::Show { phone, json } => {
            print::thing(json.json, &listed(&handsets.find(tenant.id, &phone).await.map_err(failed)?));
        }
        HandsetCommand::Set { phone, owner, set } => {
            let known = handsets.find(tenant.id, &phone).await.map_err(failed)?;
            let owner = match owner {
                Some(owner) => Some(handsets.owner(tenant.id, &owner).await.map_err(failed)?),
                None => None,
            };
            let known = changed(&handsets, &actor, known, owner, *set).await?;
            println!("changed phone {}", known.handset.name);
            let former = &known.handset.settings.former_groups;
            if !former.is_empty() {
                let groups = former.join(", ");
                println!(
                    "it was in the ring groups {groups}: put it in again with --group, or in the portal"
                );
            }
            hints(&known);
        }
        HandsetCommand::Remove { phone } => {
            let known = handsets.find(tenant.id, &phone).await.map_err(failed)?;
            handsets.remove(&actor, tenant.id, known.handset.id).await.map_err(failed)?;
            println!("removed phone {}", known.handset.name);
        }
        HandsetCommand::Export { csv: is_table, out } => {
            let exported: Vec<Exported> = handsets.export(tenant.id, &ProfileField::ALL).await?;
            let text = if is_table {
                csv(&exported)
            } else {
                serde_json::to_string_pretty(&exported).unwrap_or_default() + "\n"
            };
            match out {
                Some(file) => {
                    let cannot =
                        |error| Failure::refused(format!("{} cannot be written: {error}", file.display()));
                    tokio::fs::write(&file, text).await.map_err(cannot)?;
                    println!("{} phones are in {}", exported.len(), file.display());
                }
                None => print!("{text}"),
            }
        }
    }
    Ok(())
}

/// Changes a phone and gives it away. It leaves the groups of before, and is in those that are given.
async fn changed(
    handsets: &Handsets,
    actor: &Actor,
    before: KnownHandset,
    owner: Option<Option<UserId>>,
    set: HandsetSet,
) -> Result<KnownHandset, Failure> {
    let (id, tenant, is_grouped) = (before.handset.id, before.handset.tenant, !set.group.is_empty());
    let mut wish = over(HandsetWish::of(&before.handset), set).await?;
    let Some(owner) = owner else { return handsets.change(actor, &before, wish).await.map_err(failed) };
    let groups = std::mem::replace(&mut wish.groups, before.handset.settings.groups.clone());
    handsets.change(actor, &before, wish).await.map_err(failed)?;
    let known = handsets.give(actor, tenant, id, owner).await.map_err(failed)?;
    if !is_grouped {
        return Ok(known);
    }
    let wish = HandsetWish { groups, ..HandsetWish::of(&known.handset) };
    handsets.change(actor, &known, wish).await.map_err(failed)
}

async fn list(handsets: &Handsets, tenant: &Tenant, search: &str, is_json: bool) -> Result<(), Failure> {
    let mut rows = Vec::new();
    let mut after = String::new();
    loop {
        let (known, more) = handsets.page(tenant.id, search, &after, BATCH).await?;
        rows.extend(known.iter().map(listed));
        match known.last() {
            Some(last) if more => last.handset.name.as_str().clone_into(&mut after),
            _ => break,
        }
    }
    print::rows(is_json, &["name", "mac", "model", "label", "numbers", "site", "waiting"], &rows);
    Ok(())
}

/// What programs are shown, with the numbers in one column.
fn listed(known: &KnownHandset) -> Value {
    let ports = known.handset.ports.iter();
    let mut told = shown(known);
    told["numbers"] = json!(ports.filter_map(|port| port.number.clone()).collect::<Vec<_>>());
    told
}

/// What looks wrong in overrides, which is taken all the same.
fn hints(known: &KnownHandset) {
    for hint in lint(&known.handset.settings.overrides) {
        eprintln!("overrides: {hint}");
    }
}

async fn over(mut wish: HandsetWish, set: HandsetSet) -> Result<HandsetWish, Failure> {
    let texts = [
        (&mut wish.mac, set.mac),
        (&mut wish.model, set.model),
        (&mut wish.site, set.site),
        (&mut wish.preference_group, set.preference_group),
        (&mut wish.server, set.server),
        (&mut wish.template, set.template),
        (&mut wish.firmware, set.firmware),
    ];
    for (into, given) in texts {
        if let Some(given) = given {
            *into = given;
        }
    }
    if let Some(file) = set.overrides {
        let bytes = read_file(&file, LARGEST).await?;
        let not_text = |_| Failure::refused(format!("{} is no text in UTF-8", file.display()));
        wish.overrides = String::from_utf8(bytes).map_err(not_text)?;
    }
    wish.record_calls = set.record_calls.unwrap_or(wish.record_calls);
    let given =
        |texts: Vec<String>| texts.into_iter().filter(|text| !text.trim().is_empty()).collect::<Vec<_>>();
    if !set.group.is_empty() {
        wish.groups = given(set.group);
    }
    if !set.option.is_empty() {
        wish.options = given(set.option).iter().map(|text| field(text)).collect::<Result<_, _>>()?;
    }
    if !set.port.is_empty() {
        wish.ports = given(set.port).iter().map(|text| port(text)).collect::<Result<_, _>>()?;
    }
    Ok(wish)
}

fn field(text: &str) -> Result<(String, String), Failure> {
    let (field, choice) = text
        .split_once('=')
        .ok_or_else(|| Failure::usage(format!("{text:?} is no field: write one as fax=t38")))?;
    Ok((field.trim().to_owned(), choice.trim().to_owned()))
}

/// `1=+4930123456`, `2=+4930123457/3` or `1=/4` for line appearances alone.
fn port(text: &str) -> Result<Port, Failure> {
    let wrong = || Failure::usage(format!("{text:?} is no port: write 1=+4930123456 or 2=+4930123457/3"));
    let (port, rest) = text.split_once('=').ok_or_else(wrong)?;
    let (number, lines) = rest.split_once('/').unwrap_or((rest, "1"));
    Ok(Port {
        port: port.trim().parse().map_err(|_| wrong())?,
        number: Some(number.trim().to_owned()).filter(|number| !number.is_empty()),
        appearances: lines.trim().parse().map_err(|_| wrong())?,
    })
}
