//! First steps of a new server: who reaches it by SIP, a call that leaves a message, a mail that arrives.
//!
//! A trial does what callers and the outbox do, over the same ways, and says in plain words what came of it. What is known
//! is this server's and of this start. The ways themselves are behind [`Outside`], which whoever has them implements.

use std::fmt::Debug;
use std::net::IpAddr;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use jiff::Timestamp;

use super::inbox::Inbox;
use super::pace::Pace;
use super::trunks::TrunkView;
use crate::clock::SharedClock;
use crate::domain::{Extension, MailAddress, MessageId, Owner, UserId};
use crate::store::Store;

/// A message that was left is in the mailbox within this, as a rule at once.
const ARRIVES: Duration = Duration::from_secs(20);
/// Pause between two looks for it.
const LOOK: Duration = Duration::from_millis(250);
/// Test mails of one user.
const PACE: Pace = Pace::new("test-mail", 6, Duration::from_secs(3600));
/// A mail server that is waited for says something by then.
const ANSWERS: Duration = Duration::from_secs(25);
/// A trial that has not ended by then never will.
const LOST: Duration = Duration::from_secs(180);

/// Somebody who spoke SIP to us.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Neighbour {
    /// From where.
    pub ip: IpAddr,
    /// When it was last heard.
    pub at: Timestamp,
    /// How often since the start.
    pub times: u64,
    /// What it said last, for example `OPTIONS`; `None`: it is no peer, so nothing of it is read.
    pub said: Option<String>,
    /// Status code of the refusal, if it was refused.
    pub refused: Option<u16>,
}

impl Neighbour {
    /// Whether it is let in and was heard.
    pub fn is_connected(&self) -> bool {
        self.said.is_some() && self.refused.is_none()
    }
}

/// What a call or a mail did, or why it did not.
pub type Trying = Pin<Box<dyn Future<Output = Result<String, String>> + Send>>;

/// The ways to the outside.
pub trait Outside: Debug + Send + Sync {
    /// The addresses that phone systems are to be told, for example `udp 192.0.2.20:5060`.
    fn places(&self) -> Vec<String>;
    /// Who spoke to us lately, last heard first.
    fn neighbours(&self) -> Vec<Neighbour>;
    /// Whether a trunk takes calls of ours.
    fn calls_out(&self) -> bool;
    /// Calls this mailbox by SIP and RTP and speaks a message after the tone. Says how the call was.
    fn call(&self, extension: Extension, domain: Option<String>) -> Trying;
    /// What the configuration says of trunks and peers.
    fn trunks(&self) -> Arc<[TrunkView]>;
    /// Asks a SIP URI whether it is there (OPTIONS). Says what it answered.
    fn options(&self, uri: String) -> Trying;
    /// Where the phone of a subscription is reached, for example `sip:111a@192.0.2.9:5060`; `dialog` as [`crate::store::Lamp`]
    /// has it.
    fn phone_at(&self, dialog: &str) -> Option<String>;
    /// Asks the phone of a subscription to load its settings again (NOTIFY `Event: check-sync`). Says what it answered.
    fn check_sync(&self, dialog: String) -> Trying;
    /// Sends a mail now, past the outbox's queue but by its way. Says what the server said.
    fn mail(&self, to: MailAddress) -> Trying;
}

/// Why a test mail was not accepted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MailFault {
    /// Enough of them were sent.
    #[error("enough test mails were sent for now: wait an hour")]
    TooOften,
    /// What stands against it, in plain words.
    #[error("{0}")]
    Failed(String),
}

/// How a trial is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Trial {
    /// Nobody tried since the start.
    #[default]
    Untried,
    /// Since then.
    Running(Timestamp),
    /// It worked.
    Passed(Timestamp, String),
    /// It did not.
    Failed(Timestamp, String),
}

/// Both trials.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Board {
    /// The call.
    pub call: Trial,
    /// The mail.
    pub mail: Trial,
}

/// The use cases. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Trials {
    outside: Arc<dyn Outside>,
    inbox: Inbox,
    clock: SharedClock,
    board: Arc<Mutex<Board>>,
}

impl Trials {
    /// Over these ways.
    pub fn new(outside: Arc<dyn Outside>, inbox: Inbox, clock: SharedClock) -> Self {
        Self { outside, inbox, clock, board: Arc::default() }
    }

    /// See [`Outside::places`].
    pub fn places(&self) -> Vec<String> {
        self.outside.places()
    }

    /// See [`Outside::neighbours`].
    pub fn neighbours(&self) -> Vec<Neighbour> {
        self.outside.neighbours()
    }

    /// See [`Outside::trunks`].
    pub fn trunks(&self) -> Arc<[TrunkView]> {
        self.outside.trunks()
    }

    /// Trunks with those of them who were heard, then who was heard and is none of them. An address counts where it is
    /// matched first, as calls do.
    pub fn trunks_heard(&self) -> (Vec<(TrunkView, Vec<Neighbour>)>, Vec<Neighbour>) {
        let mut others = self.neighbours();
        let heard = |trunk: &TrunkView| {
            let is_own = |one: &Neighbour| trunk.peers.iter().any(|net| net.contains(&one.ip));
            let (own, rest) = std::mem::take(&mut others).into_iter().partition(is_own);
            others = rest;
            (trunk.clone(), own)
        };
        let trunks = self.trunks().iter().map(heard).collect();
        (trunks, others)
    }

    /// See [`Outside::options`].
    ///
    /// # Errors
    /// In words, when it did not answer.
    pub async fn options(&self, uri: String) -> Result<String, String> {
        self.outside.options(uri).await
    }

    /// See [`Outside::calls_out`].
    pub fn calls_out(&self) -> bool {
        self.outside.calls_out()
    }

    /// Sends a test mail to an address of this user, and waits for the mail server's answer.
    ///
    /// # Errors
    /// [`MailFault`].
    pub async fn mail_now(&self, store: &Store, user: UserId, to: MailAddress) -> Result<String, MailFault> {
        match PACE.allows(store, user).await {
            Ok(true) => {}
            Ok(false) => return Err(MailFault::TooOften),
            Err(error) => return Err(MailFault::Failed(error.to_string())),
        }
        let sent = tokio::time::timeout(ANSWERS, self.outside.mail(to)).await;
        let late = "the mail server did not answer within 25 s: mails wait, and are tried again";
        sent.unwrap_or_else(|_| Err(late.to_owned())).map_err(MailFault::Failed)
    }

    /// How the trials are.
    pub fn board(&self) -> Board {
        self.with(|board| board.clone())
    }

    fn with<T>(&self, with: impl FnOnce(&mut Board) -> T) -> T {
        with(&mut self.board.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Begins a trial, unless one is under way; says whether it did.
    fn begin(&self, of: fn(&mut Board) -> &mut Trial, trying: Trying) -> bool {
        let now = self.clock.now();
        let is_free = self.with(|board| {
            let trial = of(board);
            let is_running =
                matches!(trial, Trial::Running(since) if now.duration_since(*since).unsigned_abs() < LOST);
            if !is_running {
                *trial = Trial::Running(now);
            }
            !is_running
        });
        if is_free {
            let trials = self.clone();
            tokio::spawn(async move {
                let outcome = tokio::time::timeout(LOST, trying).await;
                let outcome = outcome.unwrap_or_else(|_| Err("it took too long; see the log".to_owned()));
                let at = trials.clock.now();
                trials.with(|board| {
                    *of(board) = match outcome {
                        Ok(what) => Trial::Passed(at, what),
                        Err(why) => Trial::Failed(at, why),
                    }
                });
            });
        }
        is_free
    }

    /// Calls the mailbox and waits for the message that this leaves. `false`: such a call is under way already.
    pub fn call(&self, owner: Owner, extension: Extension, domain: Option<String>) -> bool {
        let (outside, inbox) = (Arc::clone(&self.outside), self.inbox.clone());
        self.begin(
            |board| &mut board.call,
            Box::pin(async move {
                let before = newest(&inbox, owner).await?;
                let call = outside.call(extension, domain).await?;
                arrived(&inbox, owner, before).await.map(|()| format!("{call} The message is in your inbox."))
            }),
        )
    }

    /// Sends a mail. `false`: one is under way already.
    pub fn mail(&self, to: MailAddress) -> bool {
        let trying = self.outside.mail(to);
        self.begin(|board| &mut board.mail, trying)
    }
}

async fn newest(inbox: &Inbox, owner: Owner) -> Result<Option<MessageId>, String> {
    inbox.state(owner).await.map(|(_, newest)| newest).map_err(|error| error.to_string())
}

async fn arrived(inbox: &Inbox, owner: Owner, before: Option<MessageId>) -> Result<(), String> {
    let wait = async {
        while newest(inbox, owner).await? == before {
            tokio::time::sleep(LOOK).await;
        }
        Ok(())
    };
    tokio::time::timeout(ARRIVES, wait).await.unwrap_or_else(|_| {
        Err("the call went through, but no message arrived in the mailbox; the page Live calls says what came of it"
            .to_owned())
    })
}
