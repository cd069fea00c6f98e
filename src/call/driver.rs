//! Drives one flow: events from dialog, media and services in, actions out, until both the flow and the call are over.

mod finding;
pub(super) mod inside;
mod message;
mod offers;
pub(super) mod owner;
mod standing;
mod takes;
mod transfer;

use std::collections::HashMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;

use crate::audio::Clip;
use crate::blob::spool::{Head, Marks};
use crate::domain::{CallStep, Extension, GreetingId, RecordingId};
use crate::flow::{Action, Actions, CallEvent, CallTime, Flow, PlayId, StoreOutcome, Take, Utterance};
use crate::media::{MediaEvent, MediaHandle, MediaStats};
use crate::service::live_calls::Entry;
use crate::service::outbound::AllowedTargets;
use crate::signal::{Dialog, DialogEvent};
use crate::sip::sdp::{self, LocalMedia};

use super::Desk;
use transfer::Transfer;

/// Far enough not to matter.
const NEVER: Duration = Duration::from_secs(86_400);

/// What was fixed when the call came.
pub(super) struct Purpose {
    /// What recordings become; `None` where nothing is recorded.
    pub(super) kept: Option<Kept>,
    /// Where `0` leads.
    pub(super) operator: Option<String>,
    /// Where calls may be transferred to.
    pub(super) targets: AllowedTargets,
    /// Language of the prompts.
    pub(super) language: String,
    /// The owner's greetings that may be played.
    pub(super) greetings: Vec<(GreetingId, Arc<Clip>)>,
    /// Where an owner may sign in, and whom a caller may find; `None`: nowhere, and nobody.
    pub(super) gate: Option<Arc<owner::Gate>>,
    /// The owner, who was called and needs no PIN.
    pub(super) inside: Option<Box<inside::Inside>>,
    /// Who asked for the call, and wants to know how far it is.
    pub(super) watch: Option<mpsc::Sender<CallStep>>,
    /// The mailbox that it is about.
    pub(super) mailbox: Option<Extension>,
}

impl Purpose {
    /// Nothing is recorded, and nobody is behind `0`.
    pub(super) fn bare(language: &str) -> Self {
        Self {
            kept: None,
            operator: None,
            targets: AllowedTargets::default(),
            language: language.to_owned(),
            greetings: Vec::new(),
            gate: None,
            inside: None,
            watch: None,
            mailbox: None,
        }
    }
}

/// What a recording of this call becomes.
pub(super) struct Kept {
    /// The head of every recording but for its id, time and rate.
    pub(super) head: Head,
    /// Less speech than this is "no speech".
    pub(super) min_speech: Duration,
}

/// The ends of an answered call.
pub(super) struct Ends {
    pub(super) dialog: Dialog,
    pub(super) dialog_events: mpsc::Receiver<DialogEvent>,
    pub(super) media: MediaHandle,
    pub(super) media_events: mpsc::Receiver<MediaEvent>,
    pub(super) session: sdp::Session,
    pub(super) local: LocalMedia,
    /// What is told of it while it runs.
    pub(super) entry: Entry,
}

/// Answers of services that an action asked for.
enum Answer {
    Stored(Take, StoreOutcome),
    Discarded,
    Done(Box<owner::Done>),
    Ready(Box<message::Ready>),
}

/// A recording of this call.
#[derive(Clone, Copy)]
struct Recording {
    id: RecordingId,
    /// As its head in the spool says; kept when a later take is added to it.
    sample_rate: u32,
    voiced: Duration,
    /// No message: an owner's.
    draft: bool,
}

/// One call.
pub(super) struct Driver {
    desk: Arc<Desk>,
    purpose: Purpose,
    flow: Box<dyn Flow>,
    dialog: Option<Dialog>,
    media: Option<MediaHandle>,
    session: sdp::Session,
    local: LocalMedia,
    takes: HashMap<Take, Recording>,
    answers: mpsc::Sender<Answer>,
    pending: usize,
    answered_at: Duration,
    /// The ACK has come.
    confirmed: bool,
    transfer: Transfer,
    /// Where the transfer goes.
    target: Option<String>,
    /// Carries out what an owner asks for.
    worker: Option<owner::Worker>,
    /// Who signed in.
    inside: Option<Box<inside::Inside>>,
    fetched: message::Fetched,
    /// What the flow wants to be heard now.
    playing: Option<PlayId>,
    entry: Entry,
}

impl Driver {
    /// Runs the call to its end. What was recorded is kept or discarded as the flow says before this returns. The future
    /// holds what a call needs while it waits, and that is on the heap but once: whatever happens gets room when it does.
    pub(super) fn run(
        desk: Arc<Desk>,
        mut purpose: Purpose,
        flow: Box<dyn Flow>,
        ends: Ends,
    ) -> impl Future<Output = MediaStats> + Send {
        let (answers, mut answered) = mpsc::channel(16);
        let answered_at = desk.clock.monotonic();
        let Ends { dialog, mut dialog_events, media, mut media_events, session, local, entry } = ends;
        let cut = entry.end().clone();
        let inside = purpose.inside.take();
        let mut driver = Box::new(Self {
            desk,
            purpose,
            flow,
            dialog: Some(dialog),
            media: Some(media),
            session,
            local,
            takes: HashMap::new(),
            answers,
            pending: 0,
            answered_at,
            confirmed: false,
            transfer: Transfer::None,
            target: None,
            worker: None,
            inside,
            fetched: None,
            playing: None,
            entry,
        });
        async move {
            driver.tell(CallEvent::Started).await;
            while driver.dialog.is_some() {
                let wait = driver.until_deadline();
                tokio::select! {
                    event = dialog_events.recv() => Box::pin(driver.on_dialog(event)).await,
                    Some(event) = media_events.recv() => Box::pin(driver.on_media(event)).await,
                    Some(answer) = answered.recv() => Box::pin(driver.on_answer(answer)).await,
                    () = tokio::time::sleep(wait) => Box::pin(driver.on_deadline()).await,
                    () = cut.cancelled() => Box::pin(driver.hang_up("the call is cut")).await,
                }
            }
            Box::pin(driver.finish(media_events, answered)).await
        }
    }

    fn now(&self) -> CallTime {
        CallTime(self.desk.clock.monotonic().saturating_sub(self.answered_at))
    }

    fn until_deadline(&self) -> Duration {
        let deadlines = [self.flow.deadline(), self.transfer_deadline()];
        let next = deadlines.into_iter().flatten().min();
        next.map_or(NEVER, |at| at.0.saturating_sub(self.now().0))
    }

    async fn on_deadline(&mut self) {
        let now = self.now();
        if self.transfer_deadline().is_some_and(|at| at <= now) {
            self.give_up_transfer().await;
        } else if self.flow.deadline().is_some_and(|at| at <= now) {
            self.tell(CallEvent::DeadlineReached).await;
        }
    }

    async fn on_dialog(&mut self, event: Option<DialogEvent>) {
        match event {
            Some(DialogEvent::Offer { offer, reply }) => {
                let answer = self.renegotiate(offer.as_deref());
                // The peer may have hung up meanwhile: then nobody waits for the answer.
                let _ = reply.send(answer);
            }
            Some(DialogEvent::Confirmed { answer }) => {
                if let Some(answer) = answer {
                    self.connect_late(&answer).await;
                }
                self.on_confirmed().await;
            }
            Some(DialogEvent::Key(key)) => self.on_line(|media| media.info_digit(key)),
            Some(DialogEvent::Transfer(code)) => self.on_transfer(code).await,
            Some(DialogEvent::Ringing) => {}
            Some(DialogEvent::Ended { why, .. }) => {
                tracing::debug!(why, "the call ended");
                self.dialog = None;
            }
            Some(DialogEvent::Cancelled) | None => self.dialog = None,
        }
    }

    async fn on_media(&mut self, event: MediaEvent) {
        match event {
            MediaEvent::Digit(key) => self.tell(CallEvent::Digit(key)).await,
            MediaEvent::PlayFinished(id) => self.tell(CallEvent::PlayFinished(id)).await,
            MediaEvent::RecordingStopped { take, cause, length, voiced, class } => {
                if let Some(recording) = self.takes.get_mut(&take) {
                    recording.voiced = voiced;
                }
                self.tell(CallEvent::RecordingStopped { take, cause, length, voiced, class }).await;
            }
            MediaEvent::Lost => self.hang_up("no RTP came any more").await,
        }
    }

    async fn on_answer(&mut self, answer: Answer) {
        self.pending = self.pending.saturating_sub(1);
        match answer {
            Answer::Stored(take, outcome) => {
                self.note_stored(outcome);
                self.tell(CallEvent::Stored { take, outcome }).await;
            }
            Answer::Discarded => {}
            Answer::Done(done) => self.on_done(done).await,
            Answer::Ready(ready) => self.on_ready(*ready).await,
        }
    }

    /// Tells the flow and carries out what it asks for. On the heap while it works: a call waits for most of its life,
    /// and room for whatever an action may need must not wait with it.
    fn tell(&mut self, event: CallEvent) -> Pin<Box<dyn Future<Output = ()> + Send + '_>> {
        Box::pin(self.carry_out(event))
    }

    /// One event and what follows, in order. What cannot even begin becomes the flow's next event.
    async fn carry_out(&mut self, event: CallEvent) {
        let mut events = vec![event];
        while let Some(event) = events.pop() {
            match &event {
                CallEvent::Digit(_) if self.flow.hides_keys() => tracing::debug!("flow: a secret key"),
                event => tracing::debug!(?event, "flow"),
            }
            if let CallEvent::RecordingStopped { cause, .. } = &event {
                metrics::counter!("aftertone_recordings_ended_total", "cause" => cause.as_str()).increment(1);
            }
            let mut actions = Actions::new();
            self.flow.handle(self.now(), event, &mut actions);
            self.show_stage();
            for action in actions {
                tracing::debug!(?action, "flow");
                if let Some(followed) = self.perform(action).await {
                    events.insert(0, followed);
                }
            }
        }
        if self.flow.is_done() && self.dialog.is_some() {
            self.hang_up("the dialogue is over").await;
        }
    }

    /// Does something with the media, as long as there is any.
    fn on_line(&self, work: impl FnOnce(&MediaHandle)) {
        if let Some(media) = &self.media {
            work(media);
        }
    }

    async fn perform(&mut self, action: Action) -> Option<CallEvent> {
        match action {
            Action::Play(id, utterances) => return self.play(id, &utterances).await,
            Action::StopPlaying => {
                self.playing = None;
                self.on_line(MediaHandle::stop_playing);
            }
            Action::Record { take, append, limits } => return self.record(take, append, limits).await,
            Action::StopRecording(_) => self.on_line(MediaHandle::stop_recording),
            Action::Mark { take, urgent, private } => self.mark(take, Marks { urgent, private }).await,
            Action::Persist(take) => self.persist(take),
            Action::Discard(take) => self.discard(take),
            Action::TransferToOperator => {
                self.target.clone_from(&self.purpose.operator);
                return self.transfer().await;
            }
            Action::TransferTo(number) => {
                self.target = Some(number);
                return self.transfer().await;
            }
            Action::Ask(number, request) => return self.ask(number, request),
            // Taken by the dialogue that holds both.
            Action::SignIn | Action::GoOn(_) => {}
            Action::Report(step) => self.report(step).await,
            Action::HangUp => self.hang_up("the dialogue is over").await,
        }
        None
    }

    async fn play(&mut self, id: PlayId, utterances: &[Utterance]) -> Option<CallEvent> {
        self.playing = Some(id);
        if let [Utterance::Message(part)] = utterances {
            return self.play_message(id, *part);
        }
        let takes = |take| self.takes.get(&take).map(|recording: &Recording| recording.id);
        let owner = self.inside.as_ref().map(|inside| inside.owner);
        let clips = super::says::clips(&self.desk, (&self.purpose, owner), takes, utterances).await;
        if clips.is_empty() {
            return Some(CallEvent::PlayFinished(id));
        }
        self.on_line(|media| media.play(id, clips));
        None
    }

    /// Tells whoever asked for the call. They may have gone.
    async fn report(&mut self, step: CallStep) {
        if let Some(watch) = &self.purpose.watch {
            let _ = watch.send(step).await;
        }
    }

    async fn hang_up(&mut self, why: &'static str) {
        let Some(dialog) = self.dialog.take() else { return };
        tracing::debug!(why, "hanging up");
        if let Err(error) = dialog.hang_up().await {
            tracing::debug!(%error, "the BYE was not answered");
        }
    }

    /// The call is over: the running recording ends, the flow has its last word, and its wishes are carried out.
    async fn finish(
        mut self: Box<Self>,
        mut media_events: mpsc::Receiver<MediaEvent>,
        mut answered: mpsc::Receiver<Answer>,
    ) -> MediaStats {
        let stats = match self.media.take() {
            Some(media) => media.close().await,
            None => MediaStats::default(),
        };
        let mut last = Vec::new();
        while let Ok(event) = media_events.try_recv() {
            if let MediaEvent::RecordingStopped { take, cause, length, voiced, class } = event {
                last.push(CallEvent::RecordingStopped { take, cause, length, voiced, class });
            }
        }
        last.push(CallEvent::HungUp);
        for event in last {
            self.tell(event).await;
        }
        while self.pending > 0 {
            let Some(answer) = answered.recv().await else { break };
            self.on_answer(answer).await;
        }
        self.forget_drafts().await;
        stats
    }
}
