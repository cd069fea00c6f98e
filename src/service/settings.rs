//! What an owner sets by phone: order, envelope, playback, mail, greetings and the recorded name.
//!
//! Greetings of a call are kept as messages are: durable before told. The old one stays, and plays, until the new one
//! is. Driven by the owner's phone; the administrator's side is `accounts`.

use bytes::Bytes;
use jiff::Timestamp;
use serde_json::{Value, json};

use super::audit::{Deed, NotedStore};
use super::greetings::{GreetingError, Greetings, NewGreeting};
use super::owner::{OwnerError, Result};
use crate::audio::wav;
use crate::blob::spool::{Spool, SpoolError};
use crate::clock::SharedClock;
use crate::domain::{
    Greeting, GreetingId, GreetingKind, GreetingName, MailMode, Mailbox, Owner, PhoneSettings, RecordingId,
};
use crate::store::Store;

/// The use cases. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Settings {
    store: NotedStore,
    spool: Spool,
    greetings: Greetings,
    clock: SharedClock,
}

impl Settings {
    /// Over these stores.
    pub fn new(store: Store, spool: Spool, greetings: Greetings, clock: SharedClock) -> Self {
        Self { store: NotedStore::new(store, clock.clone()), spool, greetings, clock }
    }

    /// The same, for changes by somebody, which the audit keeps.
    #[must_use]
    pub fn by(&self, actor: &str) -> Self {
        Self { store: self.store.by(actor), greetings: self.greetings.by(actor), ..self.clone() }
    }

    /// The same, for changes that the owner makes by phone.
    ///
    /// # Errors
    /// [`OwnerError::Missing`] when the mailbox was removed.
    pub async fn by_phone(&self, owner: Owner) -> Result<Self> {
        Ok(self.by(&self.phone_of(owner).await?))
    }

    /// How the audit names an owner who calls.
    ///
    /// # Errors
    /// [`OwnerError::Missing`] when the mailbox was removed.
    pub async fn phone_of(&self, owner: Owner) -> Result<String> {
        Ok(format!("mailbox {} by phone", self.show(owner).await?.extension))
    }

    /// The mailbox with its settings.
    ///
    /// # Errors
    /// [`OwnerError::Missing`] when it was removed.
    pub async fn show(&self, owner: Owner) -> Result<Mailbox> {
        Ok(self.store.mailbox(owner.tenant, owner.mailbox).await?)
    }

    /// Changes the phone settings; values out of range are brought into it. What somebody else changes at the same
    /// time is kept.
    ///
    /// # Errors
    /// [`OwnerError::Missing`] when the mailbox was removed.
    pub async fn update(&self, owner: Owner, change: impl Fn(&mut PhoneSettings) + Send) -> Result<Mailbox> {
        self.change(owner, move |mailbox| {
            change(&mut mailbox.phone);
            mailbox.phone.clamp();
        })
        .await
    }

    async fn change(&self, owner: Owner, change: impl Fn(&mut Mailbox) + Send) -> Result<Mailbox> {
        let before = self.show(owner).await?;
        let mut after = before.clone();
        change(&mut after);
        let deed = Deed { action: "settings.changed", target: format!("mailbox {}", before.extension) };
        let store = self.store.noting(owner.tenant, deed, noted(&before), noted(&after));
        Ok(store.change_mailbox(owner, change).await?)
    }

    /// Gives every address of the mailbox this mode.
    ///
    /// # Errors
    /// [`OwnerError::Invalid`] when there is no address to send to.
    pub async fn set_mail_mode(&self, owner: Owner, mode: MailMode) -> Result<Mailbox> {
        let mailbox = self.show(owner).await?;
        if mailbox.recipients.is_empty() && mode != MailMode::None {
            return Err(OwnerError::Invalid("the mailbox has no e-mail address to send to"));
        }
        self.change(owner, move |mailbox| {
            mailbox.recipients.iter_mut().for_each(|recipient| recipient.mode = mode);
        })
        .await
    }

    /// Every greeting and recorded name, also the inactive ones, newest first.
    ///
    /// # Errors
    /// [`OwnerError::Away`].
    pub async fn greetings(&self, owner: Owner) -> Result<Vec<Greeting>> {
        Ok(self.store.greetings(owner.tenant, owner.mailbox).await?)
    }

    /// Makes a stored greeting the active one of its kind again. A last day that has gone counts no more: it was chosen to
    /// be heard.
    ///
    /// # Errors
    /// [`OwnerError::Missing`] when it is not this mailbox's.
    pub async fn choose(&self, owner: Owner, greeting: GreetingId) -> Result<Greeting> {
        Ok(self.greetings.choose(owner, greeting).await?)
    }

    /// Makes the greeting of a kind play that played before the one that plays; the last that did, when none plays. One
    /// that was only kept is passed over.
    ///
    /// # Errors
    /// [`OwnerError::Missing`] when there is no earlier one.
    pub async fn choose_previous(&self, owner: Owner, kind: GreetingKind) -> Result<Greeting> {
        let before = self.greetings.choose_before(owner, kind).await?;
        before.ok_or(OwnerError::Missing { what: "earlier greeting" })
    }

    /// Switches the greeting of a kind off; it stays restorable.
    ///
    /// # Errors
    /// [`OwnerError::Away`].
    pub async fn switch_off(&self, owner: Owner, kind: GreetingKind) -> Result<()> {
        self.greetings.clear(owner.tenant, owner.mailbox, kind).await.map_err(refused)
    }

    /// Gives a greeting another name.
    ///
    /// # Errors
    /// [`OwnerError::Invalid`] when another one has it; [`OwnerError::Missing`] when it is not this mailbox's.
    pub async fn rename(&self, owner: Owner, greeting: GreetingId, name: &GreetingName) -> Result<Greeting> {
        self.greetings.rename(owner, greeting, name).await.map_err(refused)
    }

    /// Until when a greeting plays (exclusive); `None`: until it is switched off.
    ///
    /// # Errors
    /// [`OwnerError::Invalid`] for a time that has gone; [`OwnerError::Missing`] when it is not this mailbox's.
    pub async fn set_until(
        &self,
        owner: Owner,
        greeting: GreetingId,
        until: Option<Timestamp>,
    ) -> Result<Greeting> {
        if until.is_some_and(|until| until <= self.clock.now()) {
            return Err(OwnerError::Invalid("the end of a greeting must lie in the future"));
        }
        Ok(self.greetings.set_until(owner, greeting, until).await?)
    }

    /// Makes a finished recording of this call the active greeting of its kind, or the recorded name. Durable when it
    /// returns; the recording leaves the spool then. On an error the recording is still there. A name that another
    /// greeting got meanwhile gets a number.
    ///
    /// # Errors
    /// [`OwnerError::Missing`] when there is no such recording of this mailbox; [`OwnerError::Invalid`] when it cannot be
    /// a greeting (empty, or its end has gone).
    pub async fn keep(
        &self,
        owner: Owner,
        recording: RecordingId,
        kind: GreetingKind,
        name: Option<GreetingName>,
        until: Option<Timestamp>,
    ) -> Result<Greeting> {
        let recorded = self.spool.read(recording).await?;
        let head = &recorded.head;
        if (head.tenant, head.mailbox) != (owner.tenant, owner.mailbox) {
            return Err(OwnerError::Missing { what: "recording" });
        }
        let (samples, rate) = (recorded.samples, head.sample_rate);
        let file = tokio::task::spawn_blocking(move || wav::write(&samples, rate)).await;
        let file = file.map_err(|error| OwnerError::Away(error.to_string()))?;
        let file = file.map_err(|error| OwnerError::Away(error.to_string()))?;
        let new = NewGreeting {
            tenant: owner.tenant,
            mailbox: owner.mailbox,
            kind,
            name,
            label: String::new(),
            file: Bytes::from(file),
            from: None,
            until,
            is_aside: false,
        };
        let greeting = self.greetings.set_recorded(new).await.map_err(refused)?.greeting;
        self.forget(recording).await;
        self.done(owner, kind).await;
        Ok(greeting)
    }

    /// The greeting is kept: what is left in the spool is only in the way.
    async fn forget(&self, recording: RecordingId) {
        match self.spool.remove(recording).await {
            Ok(()) | Err(SpoolError::Missing(_)) => {}
            Err(error) => {
                tracing::warn!(recording = %recording, %error, "a kept recording stays in the spool for now");
            }
        }
    }

    /// Notes what of the tutorial this was.
    async fn done(&self, owner: Owner, kind: GreetingKind) {
        let noted = self.store.change_mailbox(owner, |mailbox| match kind {
            GreetingKind::Name => mailbox.phone.tutorial.name = true,
            _ => mailbox.phone.tutorial.greeting = true,
        });
        if let Err(error) = noted.await {
            tracing::warn!(%error, "a step of the tutorial was not noted");
        }
    }
}

/// As the audit keeps it, without how far the tutorial is.
fn noted(mailbox: &Mailbox) -> Value {
    let mut noted = json!(mailbox.phone);
    if let Some(fields) = noted.as_object_mut() {
        fields.remove("tutorial");
        fields.insert("mail".to_owned(), json!(mailbox.recipients));
    }
    noted
}

fn refused(error: GreetingError) -> OwnerError {
    match error {
        GreetingError::TooBig(_) => OwnerError::Invalid("the recording is too long for a greeting"),
        GreetingError::File(_) => OwnerError::Invalid("the recording cannot be a greeting: record it again"),
        GreetingError::Period { .. } => OwnerError::Invalid("the end of a greeting must lie in the future"),
        GreetingError::NameTaken(_) => {
            OwnerError::Invalid("another greeting of the mailbox has this name already: choose another")
        }
        GreetingError::Store(error) => error.into(),
        GreetingError::Objects(error) => error.into(),
        other @ (GreetingError::Damaged { .. } | GreetingError::Failed(_)) => {
            OwnerError::Away(other.to_string())
        }
    }
}
