//! `aftertone message …`, `greeting …`, `link …` and `job …`.

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::domain::{Extension, Folder, Greeting, Mailbox, Message, MessageId, Owner, Tenant};
use crate::service::audit::Deed;
use crate::service::greetings::{Greetings, NewGreeting, SetGreeting};
use crate::store::{Job, JobState, StoreError, Work};

use super::super::Failure;
use super::super::base::Base;
use super::super::cli::{GreetingCommand, JobCommand, LinkCommand, MessageCommand};
use super::access::audit;
use super::{ACTOR, Session, call_me, extension, print, read};

pub(super) async fn message(session: &Session, command: MessageCommand) -> Result<(), Failure> {
    let (base, tenant) = session.open().await?;
    match command {
        MessageCommand::List { mailbox, folder, json } => {
            let folder: Folder = read(&folder)?;
            let mailbox = mailbox_of(&base, &tenant, &extension(&mailbox)?).await?;
            let messages = base.store.messages(tenant.id, mailbox.id, folder).await?;
            let rows: Vec<Value> = messages.iter().map(message_json).collect();
            let columns = [
                "id",
                "received_at",
                "caller_number",
                "caller_name",
                "duration_ms",
                "heard",
                "urgent",
                "tag",
            ];
            print::rows(json.json, &columns, &rows);
        }
        MessageCommand::Export { id, out } => {
            let message = base.store.message_anywhere(read::<MessageId>(&id)?).await?;
            let wav = base.objects.get(&message.object).await?;
            std::fs::write(&out, &wav)
                .map_err(|error| Failure::refused(format!("{} cannot be written: {error}", out.display())))?;
            println!("wrote {} ({} bytes)", out.display(), wav.len());
        }
        MessageCommand::Mark { id, mark } => {
            let message = base.store.message_anywhere(read::<MessageId>(&id)?).await?;
            let marked = base.store.mark(Owner::of(&message), message.id, read(&mark)?).await?;
            let heard = if marked.heard { "heard" } else { "not heard" };
            let folder = marked.folder.unwrap_or(message.folder);
            println!("the message is {heard} and lies in {folder}");
        }
        MessageCommand::Ledger { id, json } => {
            let message = base.store.message_anywhere(read::<MessageId>(&id)?).await?;
            let ledger = base.store.ledger(message.tenant, message.id).await?;
            let rows: Vec<Value> = ledger
                .iter()
                .map(|entry| json!({"at": entry.at, "event": entry.event, "detail": entry.detail}))
                .collect();
            print::rows(json.json, &["at", "event", "detail"], &rows);
        }
    }
    Ok(())
}

pub(super) async fn greeting(session: &Session, command: GreetingCommand) -> Result<(), Failure> {
    let (base, tenant) = session.open().await?;
    let greetings = Greetings::new(base.store.clone(), base.objects.clone(), session.clock.clone()).by(ACTOR);
    match command {
        GreetingCommand::Set { mailbox, kind, file, name, from, until, aside } => {
            let mailbox = mailbox_of(&base, &tenant, &extension(&mailbox)?).await?;
            let bytes = std::fs::read(&file)
                .map_err(|error| Failure::refused(format!("{} cannot be read: {error}", file.display())))?;
            let new = NewGreeting {
                tenant: tenant.id,
                mailbox: mailbox.id,
                kind: read(&kind)?,
                name: name.as_deref().map(read).transpose()?,
                label: file.file_name().unwrap_or_default().to_string_lossy().into_owned(),
                file: bytes.into(),
                from: from.as_deref().map(time).transpose()?,
                until: until.as_deref().map(time).transpose()?,
                is_aside: aside,
            };
            let SetGreeting { greeting, remarks } = greetings.set(new).await?;
            let seconds = f64::from(greeting.duration_ms) / 1000.0;
            println!("{} greeting of {}: {seconds:.1} s", greeting.kind, mailbox.extension);
            for remark in remarks {
                println!("{remark}");
            }
        }
        GreetingCommand::List { mailbox, json } => {
            let mailbox = mailbox_of(&base, &tenant, &extension(&mailbox)?).await?;
            let list = base.store.greetings(tenant.id, mailbox.id).await?;
            let now = session.clock.now();
            let rows: Vec<Value> = list.iter().map(|greeting| greeting_json(greeting, now)).collect();
            print::rows(json.json, &["id", "kind", "label", "duration_ms", "on", "from", "until"], &rows);
        }
        GreetingCommand::CallMe(args) => return call_me::run(session, &base, &tenant, &args).await,
        GreetingCommand::Clear { mailbox, kind } => {
            let mailbox = mailbox_of(&base, &tenant, &extension(&mailbox)?).await?;
            greetings.clear(tenant.id, mailbox.id, read(&kind)?).await?;
            println!("{kind} greeting of {} is off", mailbox.extension);
        }
    }
    Ok(())
}

pub(super) async fn link(session: &Session, command: LinkCommand) -> Result<(), Failure> {
    let (base, _) = session.open().await?;
    let LinkCommand::Revoke { message } = command;
    let message = base.store.message_anywhere(read::<MessageId>(&message)?).await?;
    let deed = Deed { action: "links.revoked", target: format!("message {}", message.id) };
    let store = audit(session, &base).noting(ACTOR, message.tenant, deed, Value::Null, Value::Null);
    store.revoke_links(message.tenant, message.id).await?;
    println!("every link to this message is revoked");
    Ok(())
}

pub(super) async fn job(session: &Session, command: JobCommand) -> Result<(), Failure> {
    let (base, tenant) = session.open().await?;
    match command {
        JobCommand::List { state, limit, json } => {
            let state = state.as_deref().map(job_state).transpose()?;
            let rows: Vec<Value> = base.store.jobs(state, limit).await?.iter().map(job_json).collect();
            print::rows(json.json, &["id", "kind", "state", "attempts", "next_at", "last_error"], &rows);
        }
        JobCommand::Retry { id } => {
            let deed = Deed { action: "job.retried", target: format!("job {id}") };
            let store = audit(session, &base).noting(ACTOR, tenant.id, deed, Value::Null, Value::Null);
            store.job_again(read(&id)?).await?;
            println!("the job is due now");
        }
    }
    Ok(())
}

pub(super) async fn mailbox_of(
    base: &Base,
    tenant: &Tenant,
    extension: &Extension,
) -> Result<Mailbox, Failure> {
    let found = base.store.mailbox_by_extension(tenant.id, extension).await?;
    found.ok_or_else(|| StoreError::Missing { what: "mailbox", value: extension.to_string() }.into())
}

fn message_json(message: &Message) -> Value {
    json!({
        "id": message.id,
        "folder": message.folder,
        "tag": message.tag,
        "heard": message.heard_at.is_some(),
        "urgent": message.urgent,
        "private": message.private,
        "caller_number": message.caller.number,
        "caller_name": message.caller.name,
        "called_as": message.alias,
        "reason": message.reason,
        "class": message.class,
        "received_at": message.received_at,
        "duration_ms": message.duration_ms,
        "voiced_ms": message.voiced_ms,
        "sample_rate": message.sample_rate,
        "bytes": message.bytes,
        "sha256": message.sha256,
    })
}

fn greeting_json(greeting: &Greeting, now: Timestamp) -> Value {
    json!({
        "id": greeting.id,
        "kind": greeting.kind,
        "label": greeting.label,
        "duration_ms": greeting.duration_ms,
        "on": greeting.is_on(now),
        "from": greeting.from,
        "until": greeting.until,
        "created_at": greeting.created_at,
    })
}

fn job_json(job: &Job) -> Value {
    let (kind, message, to) = match &job.work {
        Work::Mail { message, to } => ("mail", Some(message), Some(to)),
        Work::MailAway { message, to } => ("mail-away", Some(message), Some(to)),
        Work::Lamp { .. } => ("lamp", None, None),
        Work::Notice { to, .. } => ("notice", None, Some(to)),
        Work::Door { to, .. } => ("one-time-link", None, Some(to)),
        Work::Security { to, .. } => ("security", None, Some(to)),
        Work::Purge { .. } => ("purge", None, None),
    };
    json!({
        "id": job.id,
        "kind": kind,
        "message_id": message,
        "to": to,
        "state": job.state,
        "attempts": job.attempts,
        "next_at": job.next_at,
        "last_error": job.last_error,
    })
}

fn job_state(text: &str) -> Result<JobState, Failure> {
    serde_json::from_value(Value::String(text.to_owned())).map_err(|_| {
        Failure::usage(format!("{text:?} is no state: choose queued, running, retry, done or dead"))
    })
}

pub(super) fn time(text: &str) -> Result<Timestamp, Failure> {
    text.parse()
        .map_err(|_| Failure::usage(format!("{text:?} is no time: write it like 2026-12-24T18:00:00+01:00")))
}
