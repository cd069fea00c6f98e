//! Messages between mailboxes: sent, passed on with an introduction, to one, several, a list, everybody.
//!
//! Each recipient gets a copy of its own, durable before the sender is told; who cannot be reached is named, and the
//! others have it all the same. The original is never touched. Driven by the owner's phone, the portal and the API.

mod copy;
mod people;
mod writing;

use std::collections::BTreeSet;

use futures_util::StreamExt as _;
use futures_util::stream::FuturesOrdered;

use self::copy::{Letter, Said, joined};
pub use self::people::{Colleague, MOST_TYPED, Meant};
pub use self::writing::{Along, LONGEST_NOTE};
use super::deposit::mail_jobs;
use super::owner::{OwnerError, Result};
use crate::audio::wav;
use crate::blob::objects::Objects;
use crate::blob::spool::{Marks, Recorded, Spool, SpoolError};
use crate::clock::SharedClock;
use crate::domain::{CallerId, Extension, Mailbox, Message, MessageId, Origin, Owner, RecordingId, Sender};
use crate::store::{Deposited, Store, StoreError};

/// Recipients of one message at most.
pub const MOST_RECIPIENTS: usize = 1000;
/// Members of a list at most.
pub const MOST_MEMBERS: usize = 100;
/// Copies of one message that are made at once.
const AT_ONCE: usize = 16;
/// Largest message that is passed on.
const LARGEST: u64 = 64 * 1024 * 1024;

/// Why somebody did not get a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Why {
    /// There is no such mailbox.
    Unknown,
    /// The mailbox is full.
    Full,
    /// The mailbox takes no messages.
    Closed,
    /// Not possible now: try again later.
    Failed,
}

/// Who got it, and who did not.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Sent {
    /// They have it, durably.
    pub delivered: Vec<Extension>,
    /// They do not.
    pub refused: Vec<(Extension, Why)>,
}

/// The use cases. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Sending {
    store: Store,
    objects: Objects,
    spool: Spool,
    clock: SharedClock,
}

impl Sending {
    /// Over these stores.
    pub const fn new(store: Store, objects: Objects, spool: Spool, clock: SharedClock) -> Self {
        Self { store, objects, spool, clock }
    }

    /// A colleague by number, to be named before something is sent. `None`: no such mailbox, or it takes no messages.
    ///
    /// # Errors
    /// [`OwnerError::Away`].
    pub async fn find(&self, owner: Owner, extension: &Extension) -> Result<Option<Sender>> {
        match self.recipient(owner, extension).await {
            Ok(_) | Err(Why::Full) => Ok(self.store.colleague(owner, extension).await?),
            Err(Why::Unknown | Why::Closed) => Ok(None),
            Err(Why::Failed) => Err(OwnerError::Away("the mailbox cannot be looked up".to_owned())),
        }
    }

    /// Sends a finished recording of this call. It leaves the spool unless somebody could only not be reached now.
    ///
    /// # Errors
    /// [`OwnerError`] when nobody got it, because there was nothing to send.
    pub async fn send(
        &self,
        owner: Owner,
        recording: RecordingId,
        marks: Marks,
        to: &[Extension],
    ) -> Result<Sent> {
        let said = Said::from(self.recorded(owner, recording).await?);
        let letter = self.letter(owner, said).await?;
        let letter = Letter { urgent: marks.urgent, private: marks.private, ..letter };
        let sent = self.deliver(owner, &letter, to).await;
        self.done_with(recording, &sent).await;
        Ok(sent)
    }

    /// Passes a message on, with what was recorded to introduce it. The copies are no more urgent than the message was.
    ///
    /// # Errors
    /// [`OwnerError::Private`] for a private message; [`OwnerError::Missing`] when it is not in this mailbox.
    pub async fn forward(
        &self,
        owner: Owner,
        id: MessageId,
        introduction: Option<RecordingId>,
        to: &[Extension],
    ) -> Result<Sent> {
        let message = self.to_pass_on(owner, id).await?;
        let said = match introduction {
            Some(recording) => Some(Said::from(self.recorded(owner, recording).await?)),
            None => None,
        };
        let letter = self.passed_on(owner, &message, said).await?;
        let sent = self.deliver(owner, &letter, to).await;
        self.note_forwarded(&message, &sent).await;
        if let Some(recording) = introduction {
            self.done_with(recording, &sent).await;
        }
        Ok(sent)
    }

    /// Everybody of the tenant who takes messages, but for the owner.
    ///
    /// # Errors
    /// [`OwnerError::NotAllowed`] unless the mailbox may send to everybody.
    pub async fn everybody(&self, owner: Owner) -> Result<Vec<Extension>> {
        let own = self.store.mailbox(owner.tenant, owner.mailbox).await?;
        if !own.phone.may_broadcast {
            return Err(OwnerError::NotAllowed { what: "send to everybody" });
        }
        let users = self.store.users(owner.tenant).await?;
        let others = users.into_iter().filter_map(|(_, mailbox)| mailbox);
        let others = others.filter(|other| other.id != owner.mailbox && takes_messages(other));
        Ok(others.map(|other| other.extension).collect())
    }

    /// The owner's lists, by number.
    ///
    /// # Errors
    /// [`OwnerError::Away`].
    pub async fn lists(&self, owner: Owner) -> Result<Vec<(u8, Vec<Extension>)>> {
        Ok(self.store.lists(owner).await?)
    }

    /// The members of a list.
    ///
    /// # Errors
    /// [`OwnerError::Missing`] when there is no such list.
    pub async fn list(&self, owner: Owner, number: u8) -> Result<Vec<Extension>> {
        let lists = self.store.lists(owner).await?;
        let found = lists.into_iter().find(|(known, _)| *known == number);
        found.map(|(_, members)| members).ok_or(OwnerError::Missing { what: "list" })
    }

    /// Who is on a list, as they can be named; whoever is no mailbox any more is left out. Nobody when there is no such
    /// list.
    ///
    /// # Errors
    /// [`OwnerError::Away`].
    pub async fn members(&self, owner: Owner, number: u8) -> Result<Vec<Sender>> {
        let members = match self.list(owner, number).await {
            Err(OwnerError::Missing { .. }) => return Ok(Vec::new()),
            members => members?,
        };
        let mut named = Vec::with_capacity(members.len());
        for member in members {
            named.extend(self.store.colleague(owner, &member).await?);
        }
        Ok(named)
    }

    /// Replaces a list; without members it is removed. Numbers that are no mailbox are left out, and are the answer.
    ///
    /// # Errors
    /// [`OwnerError::Invalid`] for a list number outside of 1 to 99, or too many members.
    pub async fn put_list(&self, owner: Owner, number: u8, members: &[Extension]) -> Result<Vec<Extension>> {
        if !(1..=99).contains(&number) {
            return Err(OwnerError::Invalid("lists have the numbers 1 to 99"));
        }
        if members.len() > MOST_MEMBERS {
            return Err(OwnerError::Invalid("a list has at most 100 members"));
        }
        let (mut good, mut bad) = (BTreeSet::new(), Vec::new());
        for member in members {
            match self.store.colleague(owner, member).await? {
                Some(_) => drop(good.insert(member.clone())),
                None => bad.push(member.clone()),
            }
        }
        self.store.put_list(owner, number, &good).await?;
        Ok(bad)
    }

    async fn recorded(&self, owner: Owner, recording: RecordingId) -> Result<Recorded> {
        let recorded = self.spool.read(recording).await?;
        if (recorded.head.tenant, recorded.head.mailbox) != (owner.tenant, owner.mailbox) {
            return Err(OwnerError::Missing { what: "recording" });
        }
        if recorded.samples.is_empty() {
            return Err(OwnerError::Invalid("nothing was recorded"));
        }
        Ok(recorded)
    }

    /// Speech of the owner, as a message.
    async fn letter(&self, owner: Owner, said: Said) -> Result<Letter> {
        let sender = self.sender(owner).await?;
        blocking(move || Letter::new(sender, &said.samples, said.rate, said.voiced_ms)).await?
    }

    async fn passed_on(&self, owner: Owner, message: &Message, said: Option<Said>) -> Result<Letter> {
        let stored = self.objects.get(&message.object).await?;
        let parts = self.store.parts(owner, message.id).await?;
        let sender = self.sender(owner).await?;
        let origin = Origin { caller: message.caller.clone(), received_at: message.received_at };
        let (id, voiced_ms, urgent) = (message.id, message.voiced_ms, message.urgent);
        let letter = blocking(move || {
            let original = wav::read(&stored).map_err(|why| OwnerError::Damaged { id, why })?;
            let voiced_ms = voiced_ms + said.as_ref().map_or(0, |said| said.voiced_ms);
            let (pcm, parts) = joined(original, &parts, origin, said);
            let letter = Letter::new(sender, &pcm.samples, pcm.rate, voiced_ms)?;
            Ok::<_, OwnerError>(Letter { parts, urgent, ..letter })
        });
        letter.await?
    }

    /// As whom the recipients see the owner.
    async fn sender(&self, owner: Owner) -> Result<CallerId> {
        let mailbox = self.store.mailbox(owner.tenant, owner.mailbox).await?;
        let name = match mailbox.user {
            Some(user) => Some(self.store.user(owner.tenant, user).await?.full_name()),
            None => None,
        };
        Ok(CallerId::new(Some(mailbox.extension.as_str()), name.as_deref()))
    }

    async fn deliver(&self, owner: Owner, letter: &Letter, to: &[Extension]) -> Sent {
        let mut sent = Sent::default();
        let mut seen = BTreeSet::new();
        let each = to.iter().take(MOST_RECIPIENTS).filter(|extension| seen.insert(*extension));
        let mut waiting = each.collect::<Vec<_>>().into_iter();
        // Several at once share a commit, so that everybody has it within seconds.
        let mut running = FuturesOrdered::new();
        loop {
            while running.len() < AT_ONCE
                && let Some(extension) = waiting.next()
            {
                running.push_back(self.copy_for(owner, letter, extension));
            }
            let Some((extension, delivered)) = running.next().await else { break };
            match delivered {
                Ok(()) => sent.delivered.push(extension.clone()),
                Err(why) => sent.refused.push((extension.clone(), why)),
            }
        }
        sent.refused
            .extend(to.iter().skip(MOST_RECIPIENTS).map(|extension| (extension.clone(), Why::Failed)));
        let (delivered, refused) = (sent.delivered.len(), sent.refused.len());
        metrics::counter!("aftertone_messages_sent_total").increment(delivered as u64);
        tracing::info!(from = %owner.mailbox, delivered, refused, "a message was sent from mailbox to mailbox");
        sent
    }

    async fn copy_for<'a>(
        &self,
        owner: Owner,
        letter: &Letter,
        extension: &'a Extension,
    ) -> (&'a Extension, std::result::Result<(), Why>) {
        let delivered = match self.recipient(owner, extension).await {
            Ok(mailbox) => self.put(letter, &mailbox).await,
            Err(why) => Err(why),
        };
        (extension, delivered)
    }

    async fn recipient(&self, owner: Owner, extension: &Extension) -> std::result::Result<Mailbox, Why> {
        let found = self.store.mailbox_by_extension(owner.tenant, extension).await.map_err(|e| failed(&e))?;
        let mailbox = found.ok_or(Why::Unknown)?;
        if !takes_messages(&mailbox) {
            return Err(Why::Closed);
        }
        let usage = self.store.usage(mailbox.tenant, mailbox.id).await.map_err(|e| failed(&e))?;
        if mailbox.quota.is_full(usage) { Err(Why::Full) } else { Ok(mailbox) }
    }

    /// Object first, then row and jobs: as every message.
    async fn put(&self, letter: &Letter, mailbox: &Mailbox) -> std::result::Result<(), Why> {
        let message = letter.message(mailbox, MessageId::from_uuid(self.clock.uuid()), self.clock.now());
        let jobs = mail_jobs(mailbox, &message, &self.clock);
        if let Err(error) = self.objects.put(&message.object, letter.wav.clone()).await {
            tracing::warn!(%error, "the audio of a sent message cannot be put");
            return Err(Why::Failed);
        }
        match self.store.pass_on(&message, &letter.parts, letter.note.as_deref(), &jobs).await {
            Ok(Deposited::New | Deposited::Already) => Ok(()),
            Err(error) => {
                // When the database may have taken it after all, the object stays.
                if !matches!(error, StoreError::Away(_))
                    && let Err(error) = self.objects.delete(&message.object).await
                {
                    tracing::warn!(key = message.object, %error, "an object without a message stays");
                }
                Err(failed(&error))
            }
        }
    }

    async fn note_forwarded(&self, message: &Message, sent: &Sent) {
        for extension in &sent.delivered {
            let noted = self.store.note(message.tenant, message.id, "forwarded", extension.as_str()).await;
            if let Err(error) = noted {
                tracing::debug!(%error, "a ledger line about a forwarded message is missing");
            }
        }
    }

    /// Whoever could only not be reached now may be tried again: then the recording stays.
    async fn done_with(&self, recording: RecordingId, sent: &Sent) {
        if sent.refused.iter().any(|(_, why)| *why == Why::Failed) {
            return;
        }
        match self.spool.remove(recording).await {
            Ok(()) | Err(SpoolError::Missing(_)) => {}
            Err(error) => {
                tracing::warn!(recording = %recording, %error, "a sent recording stays in the spool for now");
            }
        }
    }
}

const fn takes_messages(mailbox: &Mailbox) -> bool {
    mailbox.enabled && !mailbox.announcement_only
}

fn failed(error: &StoreError) -> Why {
    tracing::warn!(%error, "a message cannot be sent now");
    Why::Failed
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T> {
    tokio::task::spawn_blocking(work).await.map_err(|error| OwnerError::Away(error.to_string()))
}
