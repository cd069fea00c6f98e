//! The directory with a memory. What was read once is not read again while the directory's revision, asked of the store for
//! every call, stays the same; and it serves calls while the database is away, so that known mailboxes go on taking
//! messages.
//!
//! An [`Inquiry`] is one call's view: all that it answers is of one revision, which [`Inquiry::holds`] confirms at the end.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::domain::answering::Arrangements;
use crate::domain::{Extension, Greeting, Mailbox, MailboxId, PhoneNumber, Tenant, TenantId, Usage};
use crate::store::{Moment, Number, Result, Store, StoreError};

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
    memory: Arc<Mutex<Memory>>,
    /// The log says once that answers come from memory, not at every question.
    is_away: Arc<AtomicBool>,
}

#[derive(Debug, Default)]
struct Memory {
    /// The newest that was seen.
    revision: Option<i64>,
    answers: HashMap<Question, Known>,
}

#[derive(Debug)]
struct Known {
    answer: Answer,
    /// The answer was read when the directory had this revision. `None`: only for when the database is away.
    revision: Option<i64>,
}

/// One call's questions.
#[derive(Debug)]
pub struct Inquiry<'a> {
    remembered: &'a Remembered,
    /// Answers of this revision are taken from memory. `None`: nothing is.
    revision: Option<i64>,
    moment: Mutex<Option<Moment>>,
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
    Arrangements(TenantId, MailboxId),
    Usage(TenantId, MailboxId),
    Party(TenantId, String),
}

#[derive(Debug, Clone)]
enum Answer {
    Tenant(Option<Tenant>),
    Mailbox(Option<Box<Mailbox>>),
    Number(Option<Number>),
    Numbers(Vec<Number>),
    Greetings(Vec<Greeting>),
    Arrangements(Arc<Arrangements>),
    Usage(Usage),
    /// The caller is known.
    Party,
}

impl Remembered {
    /// Begins with an empty memory.
    pub fn new(store: Store) -> Self {
        Self { store, memory: Arc::default(), is_away: Arc::default() }
    }

    /// For a call that may use what is remembered.
    pub async fn inquire(&self) -> Inquiry<'_> {
        let known = lock(&self.memory).revision;
        let revision = match known {
            Some(revision) => Some(revision),
            // Without an answer, each question is asked by itself, and says what is wrong.
            None => tokio::time::timeout(PATIENCE, self.store.revision()).await.ok().and_then(Result::ok),
        };
        if known.is_none() {
            lock(&self.memory).revision = revision;
        }
        Inquiry { remembered: self, revision, moment: Mutex::default() }
    }

    /// As if the database went away.
    #[cfg(test)]
    pub(super) async fn close(&self) {
        self.store.close().await;
    }

    /// For a call that asks everything of the store.
    pub fn inquire_anew(&self) -> Inquiry<'_> {
        Inquiry { remembered: self, revision: None, moment: Mutex::default() }
    }

    fn remember(&self, question: Question, answer: Answer, revision: Option<i64>) {
        let mut memory = lock(&self.memory);
        if memory.answers.len() >= QUESTIONS {
            memory.answers.clear();
        }
        memory.answers.insert(question, Known { answer, revision });
    }

    fn recall(&self, question: &Question) -> Option<Answer> {
        lock(&self.memory).answers.get(question).map(|known| known.answer.clone())
    }

    fn is_there(&self) {
        if self.is_away.swap(false, Ordering::Relaxed) {
            tracing::info!("the database answers again");
        }
    }

    fn is_gone(&self, why: &str) {
        if !self.is_away.swap(true, Ordering::Relaxed) {
            tracing::warn!(why, "the database is away: remembered answers serve calls");
        }
        metrics::counter!("aftertone_directory_remembered_total").increment(1);
    }

    /// The store's answer, if it comes in time.
    async fn in_time<T>(&self, is_known: bool, asked: impl Future<Output = Result<T>>) -> Result<T> {
        let is_away = self.is_away.load(Ordering::Relaxed);
        let patience = if is_away && is_known { LITTLE_PATIENCE } else { PATIENCE };
        let late = |_| Err(StoreError::Away(format!("no answer within {} ms", patience.as_millis())));
        tokio::time::timeout(patience, asked).await.unwrap_or_else(late)
    }
}

impl Inquiry<'_> {
    /// Whether all that was answered still held when [`Directory::is_party`] was asked, which must have been the last
    /// question. If not, it must be asked again. What was remembered while the database is away holds.
    pub fn holds(&self) -> bool {
        let Some(moment) = *lock(&self.moment) else { return true };
        lock(&self.remembered.memory).revision = Some(moment.revision);
        self.revision.is_none_or(|revision| revision == moment.revision)
    }

    /// Every greeting of the mailbox.
    ///
    /// # Errors
    /// When the store is away and nothing is remembered.
    pub async fn greetings(&self, tenant: TenantId, mailbox: MailboxId) -> Result<Vec<Greeting>> {
        let question = Question::Greetings(tenant, mailbox);
        let asked =
            || async { self.remembered.store.greetings(tenant, mailbox).await.map(Answer::Greetings) };
        match self.ask(question, asked).await? {
            Answer::Greetings(greetings) => Ok(greetings),
            _ => Ok(Vec::new()),
        }
    }

    /// All that decides how the mailbox answers.
    ///
    /// # Errors
    /// When the store is away and nothing is remembered.
    pub async fn arrangements(&self, tenant: TenantId, mailbox: MailboxId) -> Result<Arc<Arrangements>> {
        let asked = || async {
            let known = self.remembered.store.arrangements(tenant, mailbox).await?;
            Ok(Answer::Arrangements(Arc::new(known)))
        };
        match self.ask(Question::Arrangements(tenant, mailbox), asked).await? {
            Answer::Arrangements(arrangements) => Ok(arrangements),
            _ => Ok(Arc::default()),
        }
    }

    /// Whether somebody has a phone of this name. Nothing counts changes of phones, so that it is always asked for.
    ///
    /// # Errors
    /// When the store is away.
    pub async fn has_phone(&self, tenant: TenantId, name: &str) -> Result<bool> {
        let asked = self.remembered.store.handset_named(tenant, name, "");
        let known = self.remembered.in_time(false, Box::pin(asked)).await?;
        Ok(known.is_some_and(|known| known.handset.name.as_str() == name && known.handset.owner.is_some()))
    }

    /// How full the mailbox was when [`Directory::is_party`] was asked, or when last seen.
    ///
    /// # Errors
    /// When the store is away and nothing is remembered.
    pub fn usage(&self, tenant: TenantId, mailbox: MailboxId) -> Result<Usage> {
        if let Some(moment) = *lock(&self.moment) {
            return Ok(moment.usage);
        }
        match self.remembered.recall(&Question::Usage(tenant, mailbox)) {
            Some(Answer::Usage(usage)) => Ok(usage),
            _ => Err(StoreError::Away("how full the mailbox is was never asked".to_owned())),
        }
    }

    /// What is asked becomes a future only when it must be asked, and then on the heap: it is many times what a call
    /// needs besides.
    async fn ask<F>(&self, question: Question, asked: impl FnOnce() -> F) -> Result<Answer>
    where
        F: Future<Output = Result<Answer>>,
    {
        let (answer, is_known) = {
            let memory = lock(&self.remembered.memory);
            let known = memory.answers.get(&question);
            let holds = |known: &&Known| self.revision.is_some() && known.revision == self.revision;
            (known.filter(holds).map(|known| known.answer.clone()), known.is_some())
        };
        if let Some(answer) = answer {
            return Ok(answer);
        }
        match self.remembered.in_time(is_known, Box::pin(asked())).await {
            Ok(answer) => {
                self.remembered.is_there();
                self.remembered.remember(question, answer.clone(), self.revision);
                Ok(answer)
            }
            Err(StoreError::Away(why)) => match self.remembered.recall(&question) {
                Some(answer) => {
                    self.remembered.is_gone(&why);
                    Ok(answer)
                }
                None => Err(StoreError::Away(why)),
            },
            Err(error) => Err(error),
        }
    }

    async fn tenant<F>(&self, question: Question, asked: impl FnOnce() -> F) -> Result<Option<Tenant>>
    where
        F: Future<Output = Result<Option<Tenant>>>,
    {
        match self.ask(question, || async move { asked().await.map(Answer::Tenant) }).await? {
            Answer::Tenant(tenant) => Ok(tenant),
            _ => Ok(None),
        }
    }
}

impl Directory for Inquiry<'_> {
    async fn tenant_by_domain(&self, domain: &str) -> Result<Option<Tenant>> {
        self.tenant(Question::TenantByDomain(domain.to_owned()), || {
            self.remembered.store.tenant_by_domain(domain)
        })
        .await
    }

    async fn tenant_by_name(&self, name: &str) -> Result<Option<Tenant>> {
        self.tenant(Question::TenantByName(name.to_owned()), || {
            Directory::tenant_by_name(&self.remembered.store, name)
        })
        .await
    }

    async fn usual_tenant(&self) -> Result<Tenant> {
        let asked = || async { self.remembered.store.usual_tenant().await.map(Some) };
        let missing = StoreError::Missing { what: "tenant", value: "default".to_owned() };
        self.tenant(Question::UsualTenant, asked).await?.ok_or(missing)
    }

    async fn mailbox(&self, tenant: TenantId, id: MailboxId) -> Result<Mailbox> {
        let asked = || async {
            Ok(Answer::Mailbox(Some(Box::new(self.remembered.store.mailbox(tenant, id).await?))))
        };
        match self.ask(Question::Mailbox(tenant, id), asked).await? {
            Answer::Mailbox(Some(mailbox)) => Ok(*mailbox),
            _ => Err(StoreError::Missing { what: "mailbox", value: id.to_string() }),
        }
    }

    async fn mailbox_by_extension(&self, tenant: TenantId, extension: &Extension) -> Result<Option<Mailbox>> {
        let asked = || async {
            let found = self.remembered.store.mailbox_by_extension(tenant, extension).await?;
            Ok(Answer::Mailbox(found.map(Box::new)))
        };
        match self.ask(Question::ByExtension(tenant, extension.clone()), asked).await? {
            Answer::Mailbox(mailbox) => Ok(mailbox.map(|mailbox| *mailbox)),
            _ => Ok(None),
        }
    }

    async fn number(&self, tenant: TenantId, number: &str) -> Result<Option<Number>> {
        let asked = || async { self.remembered.store.number(tenant, number).await.map(Answer::Number) };
        match self.ask(Question::Number(tenant, number.to_owned()), asked).await? {
            Answer::Number(number) => Ok(number),
            _ => Ok(None),
        }
    }

    async fn is_party(
        &self,
        tenant: TenantId,
        taking: Option<MailboxId>,
        extension: Option<&Extension>,
        exact: &[String],
    ) -> Result<bool> {
        let party = exact.first().map(|number| Question::Party(tenant, number.clone()));
        let usage = taking.map(|mailbox| Question::Usage(tenant, mailbox));
        let is_known = usage.as_ref().is_some_and(|usage| self.remembered.recall(usage).is_some());
        let asked = self.remembered.store.moment(tenant, taking, extension, exact);
        match self.remembered.in_time(is_known, Box::pin(asked)).await {
            Ok(moment) => {
                self.remembered.is_there();
                *lock(&self.moment) = Some(moment);
                if let Some(usage) = usage {
                    self.remembered.remember(usage, Answer::Usage(moment.usage), None);
                }
                if let Some(party) = party.filter(|_| moment.is_known) {
                    self.remembered.remember(party, Answer::Party, None);
                }
                Ok(moment.is_known)
            }
            Err(StoreError::Away(why)) if is_known || taking.is_none() => {
                self.remembered.is_gone(&why);
                Ok(party.is_some_and(|party| self.remembered.recall(&party).is_some()))
            }
            Err(error) => Err(error),
        }
    }

    async fn numbers_ending(&self, tenant: TenantId, digits: &PhoneNumber) -> Result<Vec<Number>> {
        let asked =
            || async { self.remembered.store.numbers_ending(tenant, digits).await.map(Answer::Numbers) };
        match self.ask(Question::Ending(tenant, digits.clone()), asked).await? {
            Answer::Numbers(numbers) => Ok(numbers),
            _ => Ok(Vec::new()),
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
