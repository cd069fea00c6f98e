//! The directory with a memory: every answer of the store is remembered, and given again while the database is away,
//! so that known mailboxes go on taking messages. Never consulted while the database answers.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use crate::domain::{Extension, Greeting, Mailbox, MailboxId, PhoneNumber, Tenant, TenantId, Usage};
use crate::store::{Number, Result, Store, StoreError};

use super::routing::Directory;

/// Questions remembered; beyond it, memory begins anew.
const QUESTIONS: usize = 50_000;
/// A database that does not answer a call's question within this is away.
const PATIENCE: Duration = Duration::from_secs(2);
/// While it is known to be away: a call asks several questions, and its caller hears nothing meanwhile.
const LITTLE_PATIENCE: Duration = Duration::from_millis(150);

/// Asks the store, and remembers. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Remembered {
    store: Store,
    memory: Arc<Mutex<HashMap<Question, Answer>>>,
    /// The log says once that answers come from memory, not at every question.
    is_away: Arc<AtomicBool>,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Question {
    TenantByDomain(String),
    TenantByName(String),
    UsualTenant,
    Mailbox(TenantId, MailboxId),
    ByExtension(TenantId, Extension),
    Number(TenantId, String),
    Ending(TenantId, PhoneNumber),
    Greetings(TenantId, MailboxId),
    Usage(TenantId, MailboxId),
}

#[derive(Debug, Clone)]
enum Answer {
    Tenant(Option<Tenant>),
    Mailbox(Option<Box<Mailbox>>),
    Number(Option<Number>),
    Numbers(Vec<Number>),
    Greetings(Vec<Greeting>),
    Usage(Usage),
}

impl Remembered {
    /// Begins with an empty memory.
    pub fn new(store: Store) -> Self {
        Self { store, memory: Arc::default(), is_away: Arc::default() }
    }

    /// Every greeting of the mailbox.
    ///
    /// # Errors
    /// When the store is away and nothing is remembered.
    pub async fn greetings(&self, tenant: TenantId, mailbox: MailboxId) -> Result<Vec<Greeting>> {
        let question = Question::Greetings(tenant, mailbox);
        let asked = async { self.store.greetings(tenant, mailbox).await.map(Answer::Greetings) };
        match self.ask(question, asked).await? {
            Answer::Greetings(greetings) => Ok(greetings),
            _ => Ok(Vec::new()),
        }
    }

    /// How full the mailbox is.
    ///
    /// # Errors
    /// When the store is away and nothing is remembered.
    pub async fn usage(&self, tenant: TenantId, mailbox: MailboxId) -> Result<Usage> {
        let question = Question::Usage(tenant, mailbox);
        let asked = async { self.store.usage(tenant, mailbox).await.map(Answer::Usage) };
        match self.ask(question, asked).await? {
            Answer::Usage(usage) => Ok(usage),
            _ => Ok(Usage::default()),
        }
    }

    async fn ask(&self, question: Question, asked: impl Future<Output = Result<Answer>>) -> Result<Answer> {
        let was_away = self.is_away.load(Ordering::Relaxed);
        let patience = if was_away && self.knows(&question) { LITTLE_PATIENCE } else { PATIENCE };
        let late = |_| Err(StoreError::Away(format!("no answer within {} ms", patience.as_millis())));
        let answer = tokio::time::timeout(patience, asked).await.unwrap_or_else(late);
        match answer {
            Ok(answer) => {
                if self.is_away.swap(false, Ordering::Relaxed) {
                    tracing::info!("the database answers again");
                }
                remember(&self.memory, question, answer.clone());
                Ok(answer)
            }
            Err(StoreError::Away(why)) => {
                let memory = self.memory.lock().unwrap_or_else(PoisonError::into_inner);
                match memory.get(&question) {
                    Some(answer) => {
                        if !self.is_away.swap(true, Ordering::Relaxed) {
                            tracing::warn!(why, "the database is away: remembered answers serve calls");
                        }
                        metrics::counter!("aftertone_directory_remembered_total").increment(1);
                        Ok(answer.clone())
                    }
                    None => Err(StoreError::Away(why)),
                }
            }
            Err(error) => Err(error),
        }
    }

    fn knows(&self, question: &Question) -> bool {
        self.memory.lock().unwrap_or_else(PoisonError::into_inner).contains_key(question)
    }

    async fn tenant(
        &self,
        question: Question,
        asked: impl Future<Output = Result<Option<Tenant>>>,
    ) -> Result<Option<Tenant>> {
        match self.ask(question, async { asked.await.map(Answer::Tenant) }).await? {
            Answer::Tenant(tenant) => Ok(tenant),
            _ => Ok(None),
        }
    }
}

fn remember<K: Eq + Hash, V>(memory: &Mutex<HashMap<K, V>>, question: K, answer: V) {
    let mut memory = memory.lock().unwrap_or_else(PoisonError::into_inner);
    if memory.len() >= QUESTIONS {
        memory.clear();
    }
    memory.insert(question, answer);
}

impl Directory for Remembered {
    async fn tenant_by_domain(&self, domain: &str) -> Result<Option<Tenant>> {
        self.tenant(Question::TenantByDomain(domain.to_owned()), self.store.tenant_by_domain(domain)).await
    }

    async fn tenant_by_name(&self, name: &str) -> Result<Option<Tenant>> {
        self.tenant(Question::TenantByName(name.to_owned()), Directory::tenant_by_name(&self.store, name))
            .await
    }

    async fn usual_tenant(&self) -> Result<Tenant> {
        let asked = async { self.store.usual_tenant().await.map(Some) };
        let missing = StoreError::Missing { what: "tenant", value: "default".to_owned() };
        self.tenant(Question::UsualTenant, asked).await?.ok_or(missing)
    }

    async fn mailbox(&self, tenant: TenantId, id: MailboxId) -> Result<Mailbox> {
        let asked = async { Ok(Answer::Mailbox(Some(Box::new(self.store.mailbox(tenant, id).await?)))) };
        match self.ask(Question::Mailbox(tenant, id), asked).await? {
            Answer::Mailbox(Some(mailbox)) => Ok(*mailbox),
            _ => Err(StoreError::Missing { what: "mailbox", value: id.to_string() }),
        }
    }

    async fn mailbox_by_extension(&self, tenant: TenantId, extension: &Extension) -> Result<Option<Mailbox>> {
        let asked = async {
            let found = self.store.mailbox_by_extension(tenant, extension).await?;
            Ok(Answer::Mailbox(found.map(Box::new)))
        };
        match self.ask(Question::ByExtension(tenant, extension.clone()), asked).await? {
            Answer::Mailbox(mailbox) => Ok(mailbox.map(|mailbox| *mailbox)),
            _ => Ok(None),
        }
    }

    async fn number(&self, tenant: TenantId, number: &str) -> Result<Option<Number>> {
        let asked = async { self.store.number(tenant, number).await.map(Answer::Number) };
        match self.ask(Question::Number(tenant, number.to_owned()), asked).await? {
            Answer::Number(number) => Ok(number),
            _ => Ok(None),
        }
    }

    async fn numbers_ending(&self, tenant: TenantId, digits: &PhoneNumber) -> Result<Vec<Number>> {
        let asked = async { self.store.numbers_ending(tenant, digits).await.map(Answer::Numbers) };
        match self.ask(Question::Ending(tenant, digits.clone()), asked).await? {
            Answer::Numbers(numbers) => Ok(numbers),
            _ => Ok(Vec::new()),
        }
    }
}
