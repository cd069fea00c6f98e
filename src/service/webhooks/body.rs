//! What happened becomes what is told: the bodies of deliveries.

use std::collections::{BTreeSet, HashMap};

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::domain::{HandsetId, MessageId, TenantId, UserId, Webhook, WebhookEvent};
use crate::store::{Fact, StoreError};

use super::{BATCH, Webhooks};

impl Webhooks {
    /// Makes deliveries of what happened; how many facts that were. What came of the same change twice is told once.
    ///
    /// # Errors
    /// [`StoreError`]: what is left is taken up by the next call.
    pub async fn fan_out(&self) -> Result<usize, StoreError> {
        let facts = self.store.facts(BATCH).await?;
        let mut listening: HashMap<TenantId, Vec<Webhook>> = HashMap::new();
        for (place, fact) in facts.iter().enumerate() {
            let listening = match listening.get(&fact.tenant) {
                Some(known) => known,
                None => {
                    let known = self.store.webhooks(fact.tenant).await?;
                    listening.entry(fact.tenant).or_insert(known)
                }
            };
            let is_told = facts.iter().take(place).any(|earlier| is_same(earlier, fact));
            let mut deliveries = Vec::new();
            if !is_told && listening.iter().any(|webhook| webhook.wants(fact.event)) {
                let now = self.clock.now();
                let (mut data, caller) = self.data(fact).await?;
                if fact.event == WebhookEvent::UserChanged {
                    data["changed"] = json!(changed(facts.iter().filter(|one| is_same(fact, one))));
                }
                for webhook in listening.iter().filter(|webhook| webhook.wants(fact.event)) {
                    let mut data = data.clone();
                    if let (true, Some(caller), Some(fields)) =
                        (webhook.callers, &caller, data.as_object_mut())
                    {
                        fields.insert("caller".to_owned(), caller.clone());
                    }
                    let body = body(fact.event, now, &data);
                    deliveries.push(self.delivery(fact.tenant, webhook.id, fact.event, body, now));
                }
            }
            self.store.deliver(fact.id, &deliveries).await?;
        }
        Ok(facts.len())
    }

    /// What is told of a fact, as things are now; and who called, for webhooks that may know.
    async fn data(&self, fact: &Fact) -> Result<(Value, Option<Value>), StoreError> {
        if fact.event.as_str().starts_with("user.") {
            return Ok((self.user(fact).await?, None));
        }
        if fact.event.as_str().starts_with("handset.") {
            return Ok((self.handset(fact).await?, None));
        }
        let mut data = json!({});
        let mut mailbox = fact.mailbox;
        let mut caller = None;
        let id = fact.about.map(MessageId::from_uuid);
        let message = match id {
            Some(id) if fact.event != WebhookEvent::MessagePurged => {
                match self.store.message(fact.tenant, id).await {
                    Ok(message) => Some(message),
                    Err(StoreError::Missing { .. }) => None,
                    Err(error) => return Err(error),
                }
            }
            _ => None,
        };
        if let Some(message) = message {
            mailbox = Some(message.mailbox);
            let who = &message.caller;
            caller = Some(json!({"number": who.number, "name": who.name, "anonymous": who.anonymous}));
            data = json!({
                "folder": message.folder, "heard": message.heard_at.is_some(), "urgent": message.urgent,
                "private": message.private, "received_at": message.received_at, "duration_ms": message.duration_ms,
            });
        }
        let extension = match mailbox {
            Some(mailbox) => self.store.fact_extension(fact.tenant, mailbox).await?,
            None => None,
        };
        if let Some(fields) = data.as_object_mut() {
            if let Some(id) = id {
                fields.insert("message".to_owned(), json!(id));
            }
            if let (WebhookEvent::NumberChanged, Some(detail)) = (fact.event, &fact.detail) {
                // The word and the number.
                let (what, number) = detail.split_once(' ').unwrap_or((detail, ""));
                fields.insert("what".to_owned(), json!(what));
                fields.insert("number".to_owned(), json!(number));
            }
            fields.insert("mailbox".to_owned(), json!(mailbox));
            fields.insert("extension".to_owned(), json!(extension));
            let detail = match fact.event {
                WebhookEvent::MessageMoved | WebhookEvent::MessageDeleted => Some("folder"),
                WebhookEvent::GreetingChanged => Some("kind"),
                WebhookEvent::AnsweringChanged => Some("what"),
                WebhookEvent::MailFailed => Some("reason"),
                _ => None,
            };
            if let (Some(name), Some(detail)) = (detail, &fact.detail) {
                fields.insert(name.to_owned(), json!(detail));
            }
        }
        Ok((data, caller))
    }

    /// A phone as it is now; nothing but its id when it is gone. What provisioning needs it reads by the API.
    async fn handset(&self, fact: &Fact) -> Result<Value, StoreError> {
        let Some(id) = fact.about.map(HandsetId::from_uuid) else { return Ok(json!({})) };
        let what = if fact.event == WebhookEvent::HandsetReboot { "outcome" } else { "what" };
        let mut data = json!({"phone": id});
        data[what] = json!(fact.detail);
        match self.store.handset(fact.tenant, id).await {
            Ok(known) => {
                data["name"] = json!(known.handset.name);
                data["mac"] = json!(known.handset.mac.as_ref().map(|mac| mac.as_str()));
                data["extension"] = json!(known.extension);
                Ok(data)
            }
            Err(StoreError::Missing { .. }) => Ok(data),
            Err(error) => Err(error),
        }
    }

    async fn user(&self, fact: &Fact) -> Result<Value, StoreError> {
        let Some(id) = fact.about.map(UserId::from_uuid) else { return Ok(json!({})) };
        let known = self.store.fact_user(fact.tenant, id).await?;
        let (first, last, mailbox) = known.unwrap_or_default();
        let (mailbox, extension) = mailbox.unzip();
        Ok(json!({"user": id, "first": first, "last": last, "mailbox": mailbox, "extension": extension}))
    }
}

/// Changes of one thing that touch several rows are one change.
fn is_same(one: &Fact, other: &Fact) -> bool {
    let may_be = matches!(
        one.event,
        WebhookEvent::UserChanged
            | WebhookEvent::GreetingChanged
            | WebhookEvent::AnsweringChanged
            | WebhookEvent::HandsetChanged
    );
    // Others are named by what is noted of them; of a user that says which fields are others.
    may_be
        && (one.tenant, one.event, one.about, one.mailbox)
            == (other.tenant, other.event, other.about, other.mailbox)
        && (one.event == WebhookEvent::UserChanged || one.detail == other.detail)
}

/// The names of the fields that changed, as the API has them.
fn changed<'f>(facts: impl Iterator<Item = &'f Fact>) -> BTreeSet<&'f str> {
    let names = facts.filter_map(|fact| fact.detail.as_deref()).flat_map(str::split_whitespace);
    names
        .map(|name| match name {
            "recipients" => "mail",
            "max_message_ms" => "max_message_s",
            "silence_ms" => "silence_s",
            "quota" => "max_messages",
            name => name,
        })
        .collect()
}

/// The body of a delivery, as Standard Webhooks recommends it.
pub(super) fn body(event: WebhookEvent, at: Timestamp, data: &Value) -> String {
    json!({"type": event, "timestamp": at, "data": data}).to_string()
}
