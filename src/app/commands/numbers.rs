//! `aftertone number …`: the inventory of numbers, by the use cases of the portal.

use std::collections::HashMap;

use serde_json::{Value, json};

use crate::domain::TenantId;
use crate::service::access::Actor;
use crate::service::numbers::{Assignment, NumberError, Numbers};
use crate::store::{InventoryNumber, Ringing, Which};

use super::super::Failure;
use super::super::base::Base;
use super::super::cli::{NumberAssign, NumberCommand};
use super::{ACTOR, Session, extension, handsets, print, read};

/// Numbers that are read in one go.
const BATCH: u32 = 200;

/// What cannot be read is a usage error, all else a refusal.
fn failed(error: NumberError) -> Failure {
    match error {
        NumberError::Invalid(_) | NumberError::Lines(_) => Failure::usage(error.to_string()),
        other => other.into(),
    }
}

pub(super) async fn number(session: &Session, command: NumberCommand) -> Result<(), Failure> {
    let (base, tenant) = session.open().await?;
    let numbers = Numbers::new(base.store.clone(), session.clock.clone(), base.accounts.clone());
    let actor = Actor::beside_the_server(tenant.id, ACTOR);
    match command {
        NumberCommand::Add { numbers: given, mailbox: Some(mailbox), label, .. } => {
            let [number] = given.as_slice() else {
                return Err(Failure::usage("with --mailbox, one number is added at a time"));
            };
            base.accounts.add_number(tenant.id, &extension(&mailbox)?, number, label.as_deref()).await?;
            println!("{number} leads to mailbox {mailbox}");
        }
        NumberCommand::Add { numbers: given, mailbox: None, note, .. } => {
            let note = note.map_or_else(String::new, |note| format!(" # {note}"));
            if given.iter().any(|number| number.contains(['#', '\n'])) || note.contains('\n') {
                return Err(Failure::usage("a number is digits, a range or an alias; notes go into --note"));
            }
            let lines: Vec<String> = given.iter().map(|number| format!("{number}{note}")).collect();
            let added = numbers.add(&actor, tenant.id, &lines.join("\n")).await.map_err(failed)?;
            println!("{added} {} new in the inventory", if added == 1 { "number is" } else { "numbers are" });
        }
        NumberCommand::List { search, free, unreachable, json } => {
            let which = match (free, unreachable) {
                (true, _) => Which::Free,
                (_, true) => Which::Unreachable,
                _ => Which::All,
            };
            list(&base, &numbers, tenant.id, (&search, which), json.json).await?;
        }
        NumberCommand::Greeting { number, mailbox, greeting } => {
            let own = if greeting == "main" { None } else { Some(read(&greeting)?) };
            base.accounts.greet_number(tenant.id, &extension(&mailbox)?, &number, own).await?;
            let which = if own.is_some() { "a greeting of its own" } else { "the main greeting" };
            println!("callers of {number} hear {which}");
        }
        NumberCommand::Assign(assign) => {
            let is_json = assign.json.json;
            let known = assigned(session, &base, &numbers, &actor, assign).await?;
            if is_json {
                print::thing(true, &shown(&known));
            } else {
                let rings = known.phone.as_ref().map_or_else(
                    || "; it rings nowhere yet".to_owned(),
                    |(_, name, _, port)| format!(" and rings on {name}, port {port}"),
                );
                let to = known.extension.as_deref().unwrap_or_default();
                println!("{} leads to mailbox {to}{rings}", known.number);
            }
        }
        NumberCommand::Release { number } => {
            numbers.release(&actor, tenant.id, &number).await.map_err(failed)?;
            println!("{number} leads nowhere now, and stays in the inventory");
        }
        NumberCommand::Remove { number, mailbox: Some(mailbox) } => {
            base.accounts.remove_number(tenant.id, &extension(&mailbox)?, &number).await?;
            println!("{number} leads nowhere now");
        }
        NumberCommand::Remove { number, mailbox: None } => {
            numbers.drop(&actor, tenant.id, &number).await.map_err(failed)?;
            println!("{number} is in the inventory no more");
        }
    }
    Ok(())
}

async fn assigned(
    session: &Session,
    base: &Base,
    numbers: &Numbers,
    actor: &Actor,
    assign: NumberAssign,
) -> Result<InventoryNumber, Failure> {
    let ringing = match &assign.handset {
        Some(phone) => {
            let known = handsets::service(session, base).find(actor.tenant, phone).await?;
            Some(Ringing { handset: known.handset.id, port: assign.port, appearances: assign.lines })
        }
        None => None,
    };
    let wish = Assignment { user: assign.to, label: assign.label, ringing, extension: assign.extension };
    numbers.assign(actor, actor.tenant, &assign.number, wish).await.map_err(failed)
}

async fn list(
    base: &Base,
    numbers: &Numbers,
    tenant: TenantId,
    (search, which): (&str, Which),
    is_json: bool,
) -> Result<(), Failure> {
    let greeted = base.accounts.numbers(tenant).await?.into_iter();
    let greeted: HashMap<_, _> = greeted.map(|number| (number.number, number.greeting)).collect();
    let mut rows: Vec<Value> = Vec::new();
    let mut after = String::new();
    loop {
        let (known, more) = numbers.page(tenant, search, which, &after, BATCH).await?;
        rows.extend(known.iter().map(|known| {
            let mut row = shown(known);
            row["greeting"] = json!(greeted.get(&known.number).copied().flatten());
            row
        }));
        match known.last() {
            Some(last) if more => last.number.clone_into(&mut after),
            _ => break,
        }
    }
    print::rows(is_json, &["number", "mailbox", "label", "name", "phone", "port", "note"], &rows);
    Ok(())
}

fn shown(known: &InventoryNumber) -> Value {
    let phone = known.phone.as_ref();
    let name = format!("{} {}", known.name.0, known.name.1);
    json!({
        "number": known.number,
        "mailbox": known.extension,
        "label": known.label,
        "name": if known.is_of_removed { "" } else { name.trim() },
        "phone": phone.map(|(_, name, ..)| name),
        "mac": phone.and_then(|(_, _, mac, _)| mac.clone()),
        "port": phone.map(|(.., port)| port),
        "note": known.note,
        "reachable": known.mailbox.is_some() && phone.is_some(),
    })
}
