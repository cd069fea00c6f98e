//! Carries out what an owner's dialogue asks of the services. One worker a call takes the requests in order, so that a
//! message that is deleted and brought back is here in the end.
//!
//! Who signed in is known to the worker alone, from the service that checked the PIN: every request is made on behalf
//! of that mailbox.

mod serve;

use std::sync::Arc;
use std::time::Duration;

use secrecy::SecretString;
use tokio::sync::mpsc;

use crate::call::Desk;
use crate::domain::{CallOutcome, CallStep, GreetingKind, GreetingName, Owner, RecordingId, TenantId};
use crate::flow::owner::desk::{Reply, Request, Session};
use crate::flow::{CallEvent, Take};
use crate::service::login::{Attempt, LoginOutcome, Source, Welcome};
use crate::service::outbound::AllowedTargets;
use crate::service::owner::OwnerError;
use crate::service::reception::Visitor;

use super::inside::{Inside, session};
use super::{Answer, Driver, Purpose, finding};
use serve::serve;

/// Requests of one call that wait for the one before.
const MOST_WAITING: usize = 64;
/// A service that takes longer cannot do it now. Shorter than the dialogue's own patience.
const PATIENCE: Duration = Duration::from_secs(12);
/// The same for a message to many: given up in the middle, it would be sent to some a second time.
const DELIVERY: Duration = Duration::from_secs(65);

/// Where a PIN is looked for, and who guesses; where the caller may go besides.
#[derive(Debug, Clone)]
pub(crate) struct Gate {
    pub(crate) source: Source,
    /// The account that the device proved by digest; never what it says of itself.
    pub(crate) device: Option<String>,
    pub(crate) visitor: Visitor,
    /// Where `0` leads unless a mailbox says otherwise.
    pub(crate) operator: Option<String>,
    pub(crate) targets: AllowedTargets,
}

impl Gate {
    /// Whose world the call is in.
    pub(crate) const fn tenant(&self) -> TenantId {
        self.visitor.tenant.id
    }
}

/// One request, with what its recording is called in the spool.
struct Work {
    number: u32,
    request: Request,
    take: Option<(Take, RecordingId)>,
}

/// The answer to it.
pub(super) struct Done {
    number: u32,
    /// `None`: nothing that the dialogue waits for.
    event: Option<CallEvent>,
    /// Somebody signed in.
    inside: Option<Box<Inside>>,
    /// This recording is the service's now.
    taken: Option<Take>,
    /// The call is another mailbox's from now on.
    arrived: Option<Box<Purpose>>,
}

/// What a service said, and what it means for the call.
pub(super) struct Said {
    pub(super) reply: Reply,
    pub(super) inside: Option<Box<Inside>>,
    pub(super) arrived: Option<Box<Purpose>>,
}

impl From<Reply> for Said {
    fn from(reply: Reply) -> Self {
        Self { reply, inside: None, arrived: None }
    }
}

/// The worker's end.
#[derive(Clone)]
pub(super) struct Worker {
    queue: mpsc::Sender<Work>,
}

impl Driver {
    /// Hands a request to the worker.
    pub(super) fn ask(&mut self, number: u32, request: Request) -> Option<CallEvent> {
        let failed = Some(CallEvent::Reply(number, Reply::Failed));
        let (gate, owner) = (self.purpose.gate.clone(), self.inside.as_ref().map(|inside| inside.owner));
        if gate.is_none() && owner.is_none() {
            return failed;
        }
        let take = match &request {
            Request::Send { take, .. } | Request::KeepGreeting(take, _) => Some(*take),
            Request::Forward { introduction, .. } => *introduction,
            _ => None,
        };
        let take = match take {
            None => None,
            Some(take) => match self.takes.get(&take) {
                Some(recording) => Some((take, recording.id)),
                None => return failed,
            },
        };
        let worker = match &self.worker {
            Some(worker) => worker,
            None => {
                let name = self.inside.as_ref().and_then(|inside| inside.name.clone());
                let clerk = Clerk { desk: self.desk.clone(), gate, inside: owner, name };
                self.worker.insert(Worker::start(clerk, self.answers.clone()))
            }
        };
        match worker.queue.try_send(Work { number, request, take }) {
            Ok(()) => {
                self.pending += 1;
                None
            }
            Err(error) => {
                tracing::error!(%error, "the services of a call do not keep up");
                failed
            }
        }
    }

    /// A service has answered.
    pub(super) async fn on_done(&mut self, done: Box<Done>) {
        if let Some(take) = done.taken {
            self.takes.remove(&take);
            self.entry.note(CallOutcome::Kept);
            // Whoever was called can do nothing else with a recording. Told here, as it is true even when they hung up.
            self.report(CallStep::Kept).await;
        }
        if let Some(inside) = done.inside {
            self.purpose.language.clone_from(&inside.language);
            self.purpose.kept = Some(inside.kept());
            self.purpose.operator.clone_from(&inside.operator);
            self.entry.moved(Some(&inside.extension));
            self.entry.note(CallOutcome::SignedIn);
            self.inside = Some(inside);
        }
        if let Some(purpose) = done.arrived {
            self.entry.moved(purpose.mailbox.as_ref());
            self.purpose = *purpose;
        }
        tracing::trace!(number = done.number, "a service has answered");
        if let Some(event) = done.event {
            self.tell(event).await;
        }
    }

    /// Recordings of an owner that nobody took are forgotten with the call.
    pub(super) async fn forget_drafts(&mut self) {
        if self.inside.is_none() {
            return;
        }
        for (_, recording) in self.takes.drain() {
            // What was persisted before somebody signed in is gone from the spool already.
            if recording.draft
                && let Err(error) = self.desk.deposit.discard(recording.id).await
            {
                tracing::error!(recording = %recording.id, %error, "a recording could not be discarded");
            }
        }
    }
}

impl Worker {
    fn start(mut clerk: Clerk, answers: mpsc::Sender<Answer>) -> Self {
        let (queue, mut work) = mpsc::channel::<Work>(MOST_WAITING);
        tokio::spawn(async move {
            while let Some(work) = work.recv().await {
                let done = clerk.carry_out(work).await;
                // When the call is over already, nobody waits for the answer.
                let _ = answers.send(Answer::Done(Box::new(done))).await;
            }
        });
        Self { queue }
    }
}

/// Does what is asked, on behalf of whoever signed in.
struct Clerk {
    desk: Arc<Desk>,
    /// `None`: nobody can sign in.
    gate: Option<Arc<Gate>>,
    inside: Option<Owner>,
    /// What the greeting is to be called that is recorded.
    name: Option<GreetingName>,
}

impl Clerk {
    async fn carry_out(&mut self, Work { number, request, take }: Work) -> Done {
        let quiet = match &request {
            Request::Mark(message, mark) => Some(Some(CallEvent::Unmarked(*message, *mark))),
            Request::Hold(_) | Request::Settings(_) => Some(None),
            _ => None,
        };
        let delivers = matches!(request, Request::Send { .. } | Request::Forward { .. });
        let patience = if delivers { DELIVERY } else { PATIENCE };
        let answered = tokio::time::timeout(patience, self.answer(request, take.map(|(_, id)| id))).await;
        let Said { reply, inside, arrived } = answered.unwrap_or(Reply::Failed.into());
        let taken = match (&reply, take) {
            (Reply::Sent { .. } | Reply::Done, Some((take, _))) => Some(take),
            _ => None,
        };
        if let (Some(_), Some((_, id))) = (taken, take)
            && let Err(error) = self.desk.deposit.discard(id).await
        {
            tracing::warn!(recording = %id, %error, "a recording that was taken stays in the spool for now");
        }
        let event = match quiet {
            None => Some(CallEvent::Reply(number, reply)),
            Some(failure) if reply == Reply::Failed => failure,
            Some(_) => None,
        };
        (self.desk.nudge)();
        Done { number, event, inside, taken, arrived }
    }

    async fn answer(&mut self, request: Request, take: Option<RecordingId>) -> Said {
        let request = match (request, self.gate.clone()) {
            (Request::SignIn { extension, pin, nth }, Some(gate)) => {
                let pin = SecretString::from(pin.digits());
                return self.sign_in(&gate, &extension, pin, nth).await;
            }
            (Request::Recognise, Some(gate)) => return self.recognise(&gate).await,
            (Request::Search(keys), Some(gate)) => {
                return finding::search(&self.desk, &gate, &keys).await.into();
            }
            (Request::Visit(extension), Some(gate)) => {
                return finding::visit(&self.desk, &gate, &extension).await;
            }
            (request, _) => request,
        };
        let Some(owner) = self.inside else { return Reply::Failed.into() };
        if let Some(id) = take
            && let Err(error) = self.desk.spool.written(id).await
        {
            tracing::error!(recording = %id, %error, "the end of a recording is missing");
        }
        let served = serve(&self.desk.owners, owner, request, take, self.name.as_ref()).await;
        let reply = served.unwrap_or_else(|error| match error {
            OwnerError::Private => Reply::Private,
            OwnerError::NotAllowed { .. } => Reply::NotAllowed,
            error => {
                tracing::warn!(%error, "what an owner asked for could not be done");
                Reply::Failed
            }
        });
        reply.into()
    }

    /// A name or a greeting that was uploaded need not be recorded in the first call.
    async fn note_greetings(&self, welcome: &mut Welcome) {
        let tutorial = &mut welcome.mailbox.phone.tutorial;
        if tutorial.done {
            return;
        }
        match self.desk.owners.settings.greetings(welcome.owner).await {
            Ok(greetings) => {
                tutorial.name |= greetings.iter().any(|greeting| greeting.kind == GreetingKind::Name);
                tutorial.greeting |= greetings.iter().any(|greeting| greeting.kind != GreetingKind::Name);
            }
            Err(error) => tracing::warn!(%error, "the greetings of an owner cannot be listed"),
        }
    }

    /// From now on everything is asked on behalf of this owner.
    async fn welcome(&mut self, gate: &Gate, mut welcome: Welcome) -> Said {
        self.inside = Some(welcome.owner);
        let mut inside = Inside::new(&self.desk, &welcome.mailbox, &welcome.language);
        inside.operator = welcome.mailbox.operator.clone().or_else(|| gate.operator.clone());
        let operator =
            inside.operator.as_deref().is_some_and(|target| gate.targets.authorise(target).is_ok());
        self.note_greetings(&mut welcome).await;
        let session = Session { operator, ..session(&self.desk, welcome) };
        let reply = Reply::Welcome(Box::new(session));
        Said { reply, inside: Some(Box::new(inside)), arrived: None }
    }

    async fn recognise(&mut self, gate: &Gate) -> Said {
        self.inside = None;
        match self.desk.owners.login.trusted(gate.tenant(), gate.device.as_deref()).await {
            Some(welcome) => self.welcome(gate, *welcome).await,
            None => Reply::Refused { wait: Duration::ZERO, last: false }.into(),
        }
    }

    async fn sign_in(&mut self, gate: &Gate, extension: &str, pin: SecretString, nth: u32) -> Said {
        self.inside = None;
        let attempt = Attempt { tenant: gate.tenant(), extension, pin, source: gate.source, nth };
        match self.desk.owners.login.check(attempt).await {
            LoginOutcome::Welcome(welcome) => self.welcome(gate, *welcome).await,
            LoginOutcome::Refused { wait, last } => Reply::Refused { wait, last }.into(),
            LoginOutcome::Unavailable => Reply::Failed.into(),
        }
    }
}
