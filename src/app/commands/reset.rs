//! `aftertone user reset`, `clear` and `take-back`.

use std::collections::BTreeSet;

use crate::domain::{Clear, counted};

use super::super::Failure;
use super::{Session, extension, read};

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
    let cleared = base.accounts.reset(tenant.id, &extension, parts).await?;
    println!(
        "reset mailbox {number}: {} and {} cleared; `aftertone user take-back {number}` for 24 hours",
        counted(cleared.messages, "message"),
        counted(cleared.greetings, "greeting")
    );
    Ok(())
}

pub(super) async fn clear(session: &Session, number: &str, has_greetings: bool) -> Result<(), Failure> {
    let (base, tenant) = session.open().await?;
    let extension = extension(number)?;
    let cleared = base.accounts.clear_mailbox(tenant.id, &extension, has_greetings).await?;
    println!(
        "cleared mailbox {number}: {}, {}; `aftertone user take-back {number}` for 24 hours",
        counted(cleared.messages, "message"),
        counted(cleared.greetings, "greeting")
    );
    Ok(())
}

pub(super) async fn take_back(session: &Session, number: &str) -> Result<(), Failure> {
    let (base, tenant) = session.open().await?;
    let extension = extension(number)?;
    let back = base.accounts.take_back(tenant.id, &extension, &|_| true).await?;
    let (messages, greetings) = (counted(back.messages, "message"), counted(back.greetings, "greeting"));
    println!("mailbox {number} is as before: {messages}, {greetings}");
    Ok(())
}
