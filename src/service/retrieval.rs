//! What an owner does with messages: counting, listing, listening, sorting.
//!
//! Every mark is written at once, with its ledger line and its lamp job. Nothing here can name a message of another
//! mailbox: each query takes the [`Owner`]. Driven by the owner's phone; the link page uses the same marks.

use std::sync::Arc;

use tokio::sync::Semaphore;

use super::greetings::Greetings;
use super::owner::{OwnerError, Result};
use crate::audio::Clip;
use crate::audio::wav::{self, Pcm};
use crate::blob::objects::Objects;
use crate::clock::SharedClock;
use crate::domain::{
    Counts, GreetingId, GreetingKind, Heading, JobId, Mark, Marked, Message, MessageId, Origin, Owner, Part,
    PartKind, PhoneSettings, Place, Shelf, TenantId,
};
use crate::store::{NewJob, Store, Work};

/// Largest audio that is read into memory: about two hours at 16 kHz.
const LARGEST: u64 = 256 * 1024 * 1024;
/// Memory that opened messages may take while they are read, in units of [`UNIT`].
const MEMORY: u32 = 4096;
const UNIT: u64 = 64 * 1024;

/// A message with its sound.
#[derive(Debug, Clone)]
pub struct Opened {
    /// The message.
    pub message: Message,
    /// What colleagues said when passing it on, the last one first.
    pub introductions: Vec<Arc<Pcm>>,
    /// The message itself.
    pub audio: Arc<Pcm>,
    /// Who left it and when, if it was passed on ([`Message::caller`] is the colleague then).
    pub origin: Option<Origin>,
}

/// The use cases. Cheap to clone; one for the process, because it bounds the memory of what is read.
#[derive(Debug, Clone)]
pub struct Retrieval {
    store: Store,
    objects: Objects,
    greetings: Greetings,
    clock: SharedClock,
    memory: Arc<Semaphore>,
}

impl Retrieval {
    /// Over these stores.
    pub fn new(store: Store, objects: Objects, greetings: Greetings, clock: SharedClock) -> Self {
        Self { store, objects, greetings, clock, memory: Arc::new(Semaphore::new(MEMORY as usize)) }
    }

    /// How many messages there are.
    ///
    /// # Errors
    /// [`OwnerError::Away`].
    pub async fn counts(&self, owner: Owner) -> Result<Counts> {
        Ok(self.store.counts(owner).await?)
    }

    /// The messages of a shelf in the order of the mailbox's settings; on [`Shelf::Inbox`] the unheard come first. At
    /// most [`crate::store::LONGEST_LIST`].
    ///
    /// # Errors
    /// [`OwnerError::Missing`] when the mailbox was removed.
    pub async fn list(&self, owner: Owner, shelf: Shelf) -> Result<Vec<Heading>> {
        let phone = self.store.mailbox(owner.tenant, owner.mailbox).await?.phone;
        let mut headings = self.store.headings(owner, shelf).await?;
        sort(&mut headings, shelf, &phone);
        Ok(headings)
    }

    /// A message with its sound, decoded.
    ///
    /// # Errors
    /// [`OwnerError::Missing`] when it is not in this mailbox or its audio is lost; [`OwnerError::Damaged`] when the audio
    /// cannot be played. Neither says anything about other messages: go on with the next one.
    pub async fn open(&self, owner: Owner, id: MessageId) -> Result<Opened> {
        let message = self.store.own_message(owner, id).await?;
        let whole = self.decode(id, &message.object, message.bytes).await?;
        let parts = self.store.parts(owner, id).await?;
        let of_kind = |kind| parts.iter().filter(move |part| part.kind == kind);
        let introductions = of_kind(PartKind::Introduction).map(|part| Arc::new(stretch(&whole, part)));
        let introductions = introductions.collect();
        let Some(original) = of_kind(PartKind::Original).next() else {
            return Ok(Opened { message, introductions, audio: whole, origin: None });
        };
        let audio = Arc::new(stretch(&whole, original));
        Ok(Opened { message, introductions, audio, origin: original.origin.clone() })
    }

    /// Marks a message, durably when it returns. A mark that changes nothing is one, too.
    ///
    /// # Errors
    /// [`OwnerError::Missing`] when it is not in this mailbox (any more).
    pub async fn mark(&self, owner: Owner, id: MessageId, mark: Mark) -> Result<Marked> {
        let marked = self.store.mark(owner, id, mark).await?;
        metrics::counter!("aftertone_marks_total", "mark" => mark.as_str()).increment(1);
        Ok(marked)
    }

    /// Sends a message to the owner's first address as a file, and deletes it once the mail server took it. `false`: the
    /// mailbox has no address.
    ///
    /// # Errors
    /// [`OwnerError::Missing`] when the message is not in this mailbox.
    pub async fn mail_away(&self, owner: Owner, id: MessageId) -> Result<bool> {
        let mailbox = self.store.mailbox(owner.tenant, owner.mailbox).await?;
        let Some(to) = mailbox.recipients.into_iter().next().map(|recipient| recipient.address) else {
            return Ok(false);
        };
        let work = Work::MailAway { message: id, to };
        let job = NewJob { id: JobId::from_uuid(self.clock.uuid()), work, due: self.clock.now() };
        self.store.add_job_about(owner, id, &job).await?;
        Ok(true)
    }

    /// Remembers where a call dropped: message and milliseconds. `None` when the call ended as it should.
    ///
    /// # Errors
    /// [`OwnerError::Missing`] when the message is not in this mailbox.
    pub async fn leave_place(&self, owner: Owner, place: Option<(MessageId, u32)>) -> Result<()> {
        let at = self.clock.now();
        let place = place.map(|(message, position_ms)| Place { message, position_ms, at });
        Ok(self.store.set_place(owner, place).await?)
    }

    /// The recorded name of a colleague.
    ///
    /// # Errors
    /// [`OwnerError::Missing`] when it is none, or not of this tenant.
    pub async fn name_clip(&self, tenant: TenantId, name: GreetingId) -> Result<Arc<Clip>> {
        let greeting = self.store.greeting(tenant, name).await?;
        if greeting.kind != GreetingKind::Name {
            return Err(OwnerError::Missing { what: "recorded name" });
        }
        self.greetings.load(&greeting).await.map_err(|error| OwnerError::Away(error.to_string()))
    }

    async fn decode(&self, id: MessageId, object: &str, bytes: u64) -> Result<Arc<Pcm>> {
        if bytes > LARGEST {
            return Err(OwnerError::Invalid("the recording is too long to be played by phone"));
        }
        let units = u32::try_from(bytes / UNIT + 1).unwrap_or(MEMORY).min(MEMORY);
        let lent = self.memory.acquire_many(units).await;
        let _lent = lent.map_err(|error| OwnerError::Away(error.to_string()))?;
        let stored = self.objects.get(object).await?;
        let read = tokio::task::spawn_blocking(move || wav::read(&stored)).await;
        let read = read.map_err(|error| OwnerError::Away(error.to_string()))?;
        read.map(Arc::new).map_err(|why| OwnerError::Damaged { id, why })
    }
}

/// Unheard before heard (where both are), urgent before others if so set, then by age.
fn sort(headings: &mut [Heading], shelf: Shelf, phone: &PhoneSettings) {
    if !phone.newest_first {
        headings.reverse();
    }
    let rank = |heading: &Heading| {
        let heard = shelf == Shelf::Inbox && heading.message.heard_at.is_some();
        (heard, phone.urgent_first && !heading.message.urgent)
    };
    // Stable: what ranks the same stays in its order of age.
    headings.sort_by_key(rank);
}

/// The samples of a part. What reaches beyond the recording is not there.
fn stretch(whole: &Pcm, part: &Part) -> Pcm {
    let at = |ms: u32| usize::try_from(u64::from(ms) * u64::from(whole.rate) / 1000).unwrap_or(usize::MAX);
    let samples = whole.samples.iter().skip(at(part.start_ms));
    // The last part goes to the end: its length is rounded down to milliseconds.
    let length = match part.kind {
        PartKind::Introduction => at(part.length_ms),
        PartKind::Original => usize::MAX,
    };
    Pcm { samples: samples.take(length).copied().collect(), rate: whole.rate }
}
