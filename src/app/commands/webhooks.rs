//! `aftertone webhook …`: programs that are told what happens.

use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::domain::{DeliveryId, TenantId, Webhook, WebhookEvent, WebhookId};
use crate::service::webhooks::{NewWebhook, WebhookChanges, Webhooks};
use crate::store::JobState;

use super::super::Failure;
use super::super::cli::WebhookCommand;
use super::{ACTOR, Session, print, read};

/// How often, and after what pause, the outcome of a test is looked for.
const LOOKS: u32 = 100;
const PAUSE: Duration = Duration::from_millis(200);

/// What a command works with.
struct Desk {
    webhooks: Webhooks,
    tenant: TenantId,
}

pub(super) async fn webhook(session: &Session, command: WebhookCommand) -> Result<(), Failure> {
    if let WebhookCommand::Events = command {
        for event in WebhookEvent::ALL.iter().filter(|event| **event != WebhookEvent::Test) {
            println!("{event}");
        }
        return Ok(());
    }
    let (base, tenant) = session.open().await?;
    let guard = session.config.webhooks.guard();
    let desk = Desk {
        webhooks: Webhooks::new(base.store.clone(), session.clock.clone(), guard).by(ACTOR),
        tenant: tenant.id,
    };
    match command {
        WebhookCommand::Events => Ok(()),
        WebhookCommand::Add { name, url, event, callers, json } => {
            let events = event.iter().map(|word| read(word)).collect::<Result<Vec<_>, _>>()?;
            add(&desk, NewWebhook { tenant: tenant.id, name, url, events, callers }, json.json).await
        }
        WebhookCommand::List(json) => {
            let rows: Vec<_> = desk.webhooks.list(tenant.id).await?.iter().map(row).collect();
            print::rows(json.json, &["id", "name", "url", "events", "paused_at", "paused_why"], &rows);
            Ok(())
        }
        WebhookCommand::Deliveries { id, json } => deliveries(&desk, read(&id)?, json.json).await,
        WebhookCommand::Test { id } => test(&desk, read(&id)?).await,
        WebhookCommand::Replay { id, delivery, since } => replay(&desk, read(&id)?, delivery, since).await,
        WebhookCommand::Pause { id } => pause(&desk, read(&id)?, true).await,
        WebhookCommand::Resume { id } => pause(&desk, read(&id)?, false).await,
        WebhookCommand::Rotate { id } => rotate(&desk, read(&id)?).await,
        WebhookCommand::Remove { id } => {
            let webhook = desk.webhooks.show(tenant.id, read(&id)?).await?;
            desk.webhooks.remove(tenant.id, webhook.id).await?;
            println!("webhook {id} is told nothing any more");
            Ok(())
        }
    }
}

fn row(webhook: &Webhook) -> Value {
    json!({
        "id": webhook.id, "name": webhook.name, "url": webhook.url, "events": webhook.events,
        "callers": webhook.callers, "paused_at": webhook.paused.as_ref().map(|(at, _)| at),
        "paused_why": webhook.paused.as_ref().map(|(_, why)| why), "failing_since": webhook.failing_since,
        "created_at": webhook.created_at,
    })
}

async fn add(desk: &Desk, new: NewWebhook, is_json: bool) -> Result<(), Failure> {
    let webhook = desk.webhooks.add(new).await?;
    let (id, secret) = (webhook.id, webhook.secret.expose());
    if is_json {
        let mut told = row(&webhook);
        told["secret"] = json!(secret);
        print::thing(true, &told);
    } else {
        println!("{id}\n{secret}\nkeep the secret: it is not shown again; try it with webhook test {id}");
    }
    Ok(())
}

async fn rotate(desk: &Desk, id: WebhookId) -> Result<(), Failure> {
    let webhook = desk.webhooks.rotate(desk.tenant, id).await?;
    println!(
        "{}\nkeep it: it is not shown again; the one before signs as well for a day",
        webhook.secret.expose()
    );
    Ok(())
}

async fn deliveries(desk: &Desk, id: WebhookId, is_json: bool) -> Result<(), Failure> {
    let (sent, _) = desk.webhooks.deliveries(desk.tenant, id, None, 200).await?;
    let rows: Vec<_> = sent
        .iter()
        .map(|sent| {
            json!({"id": sent.delivery.id, "event": sent.delivery.event, "state": sent.state, "attempts": sent.attempts,
                "status": sent.status, "created_at": sent.delivery.created_at, "last_error": sent.last_error})
        })
        .collect();
    print::rows(is_json, &["id", "event", "state", "attempts", "status", "created_at", "last_error"], &rows);
    Ok(())
}

async fn test(desk: &Desk, id: WebhookId) -> Result<(), Failure> {
    let delivery = desk.webhooks.test(desk.tenant, id).await?;
    for _ in 0..LOOKS {
        tokio::time::sleep(PAUSE).await;
        let (sent, _) = desk.webhooks.deliveries(desk.tenant, id, None, 50).await?;
        let Some(sent) = sent.into_iter().find(|sent| sent.delivery.id == delivery) else { continue };
        match (sent.state, sent.last_error) {
            (JobState::Done, _) => {
                println!("it took the test and answered {}", sent.status.unwrap_or_default());
                return Ok(());
            }
            (_, Some(why)) => {
                return Err(Failure::refused(format!("it did not take the test: {why}; it is tried again")));
            }
            _ => {}
        }
    }
    let why = "the test waits: start the server, or see with webhook list whether it is paused";
    Err(Failure::refused(why.to_owned()))
}

async fn replay(
    desk: &Desk,
    id: WebhookId,
    delivery: Option<String>,
    since: Option<String>,
) -> Result<(), Failure> {
    let count = match (delivery, since) {
        (Some(delivery), _) => {
            desk.webhooks.again(desk.tenant, id, read::<DeliveryId>(&delivery)?).await?;
            1
        }
        (None, since) => {
            let since = since.unwrap_or_default();
            let since: Timestamp = since
                .parse()
                .map_err(|_| Failure::usage(format!("{since:?} is no time: write 2027-01-07T08:00:00Z")))?;
            desk.webhooks.again_since(desk.tenant, id, since).await?
        }
    };
    println!("told again, once a server runs: {count}");
    Ok(())
}

async fn pause(desk: &Desk, id: WebhookId, is_paused: bool) -> Result<(), Failure> {
    let changes = WebhookChanges { paused: Some(is_paused), ..WebhookChanges::default() };
    let webhook = desk.webhooks.change(desk.tenant, id, changes).await?;
    println!(
        "webhook {} is {}",
        webhook.name,
        if is_paused { "paused: what happens waits" } else { "told again" }
    );
    Ok(())
}
