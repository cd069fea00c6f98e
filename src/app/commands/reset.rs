//! `aftertone user reset`, `clear` and `take-back`.

use std::collections::BTreeSet;

use serde_json::json;

use crate::domain::Clear;
use crate::service::accounts::Account;
use crate::service::audit::Deed;
use crate::store::Cleared;

use super::super::Failure;
use super::super::server::Base;
use super::access::audit;
use super::{ACTOR, Session, extension, read};

pub(super) async fn reset(
    session: &Session,
    number: &str,
    words: &[String],
    is_all: bool,
) -> Result<(), Failure> {
    let (base, tenant) = session.open().await?;
    let extension = extension(number)?;
    let parts: BTreeSet<Clear> = if is_all {
        Clear::ALL.into()
    } else {
        words.iter().map(|word| read(word)).collect::<Result<_, _>>()?
    };
    let account = base.accounts.show(tenant.id, &extension).await?;
    let cleared = base.accounts.reset(tenant.id, &extension, parts).await?;
    note(session, &base, "user.reset", &account, &cleared).await;
    println!(
        "reset mailbox {number}: {} messages and {} greetings cleared; `aftertone user take-back {number}` for 24 hours",
        cleared.messages, cleared.greetings
    );
    Ok(())
}

pub(super) async fn clear(session: &Session, number: &str, has_greetings: bool) -> Result<(), Failure> {
    let (base, tenant) = session.open().await?;
    let extension = extension(number)?;
    let account = base.accounts.show(tenant.id, &extension).await?;
    let cleared = base.accounts.clear_mailbox(tenant.id, &extension, has_greetings).await?;
    note(session, &base, "mailbox.cleared", &account, &cleared).await;
    println!(
        "cleared mailbox {number}: {} messages, {} greetings; `aftertone user take-back {number}` for 24 hours",
        cleared.messages, cleared.greetings
    );
    Ok(())
}

pub(super) async fn take_back(session: &Session, number: &str) -> Result<(), Failure> {
    let (base, tenant) = session.open().await?;
    let extension = extension(number)?;
    let account = base.accounts.show(tenant.id, &extension).await?;
    let back = base.accounts.take_back(tenant.id, &extension).await?;
    note(session, &base, "user.taken-back", &account, &back).await;
    println!("mailbox {number} is as before: {} messages, {} greetings", back.messages, back.greetings);
    Ok(())
}

async fn note(session: &Session, base: &Base, action: &str, account: &Account, cleared: &Cleared) {
    let deed = Deed { action, target: format!("mailbox {}", account.mailbox.extension) };
    let was = json!({"first": account.user.first, "last": account.user.last, "emails": account.user.emails,
        "mail": account.mailbox.recipients, "has_pin": account.has_pin});
    let became =
        json!({"clear": cleared.parts, "messages": cleared.messages, "greetings": cleared.greetings});
    audit(session, base).note_by(ACTOR, account.user.tenant, deed, Some(&was), Some(&became)).await;
}
