//! Carries out what a flow asks for: playing, recording, keeping, transferring. What cannot even begin is answered with
//! the event that tells the flow so.

use std::time::Duration;

use crate::blob::spool::{Head, Marks};
use crate::domain::{RecordingClass, RecordingId};
use crate::flow::{Action, CallEvent, PlayId, RecordLimits, StopCause, Take, TransferOutcome, Utterance};
use crate::media::{MediaHandle, RecordPlan};

use super::{Answer, Driver, Recording};

/// A transfer that the peer neither carries out nor refuses is given up after so long.
const TRANSFER_PATIENCE: Duration = Duration::from_secs(30);

impl Driver {
    pub(super) async fn perform(&mut self, action: Action) -> Option<CallEvent> {
        match action {
            Action::Play(id, utterances) => return self.play(id, &utterances).await,
            Action::StopPlaying => self.on_line(MediaHandle::stop_playing),
            Action::Record { take, append, limits } => return self.record(take, append, limits).await,
            Action::StopRecording(_) => self.on_line(MediaHandle::stop_recording),
            Action::Mark { take, urgent, private } => self.mark(take, Marks { urgent, private }).await,
            Action::Persist(take) => self.persist(take),
            Action::Discard(take) => self.discard(take),
            Action::TransferToOperator => return self.transfer().await,
            Action::HangUp => self.hang_up("the dialogue is over").await,
        }
        None
    }

    async fn play(&mut self, id: PlayId, utterances: &[Utterance]) -> Option<CallEvent> {
        let takes = |take| self.takes.get(&take).map(|recording: &Recording| recording.id);
        let clips = crate::call::says::clips(&self.desk, &self.purpose, takes, utterances).await;
        if clips.is_empty() {
            return Some(CallEvent::PlayFinished(id));
        }
        self.on_line(|media| media.play(id, clips));
        None
    }

    async fn record(&mut self, take: Take, append: bool, limits: RecordLimits) -> Option<CallEvent> {
        metrics::counter!("aftertone_recordings_started_total").increment(1);
        let failed = CallEvent::RecordingStopped {
            take,
            cause: StopCause::StorageFailed,
            length: Duration::ZERO,
            voiced: Duration::ZERO,
            class: RecordingClass::NoSpeech,
        };
        let (Some(kept), Some(media)) = (&self.purpose.kept, &self.media) else { return Some(failed) };
        let earlier = self.takes.get(&take).copied().filter(|_| append);
        let is_new = earlier.is_none();
        let sample_rate = earlier.map_or_else(|| media.sample_rate(), |recording| recording.sample_rate);
        let plan = RecordPlan {
            sample_rate,
            max: limits.max,
            silence: limits.silence,
            warn_before: limits.warn_before,
            min_speech: kept.min_speech,
            earlier_voiced: earlier.map_or(Duration::ZERO, |recording| recording.voiced),
        };
        let writer = match earlier {
            Some(recording) => self.desk.spool.reopen(recording.id).await,
            None => {
                let id = RecordingId::from_uuid(self.desk.clock.uuid());
                self.takes.insert(take, Recording { id, sample_rate, voiced: Duration::ZERO });
                let head = Head { id, began_at: self.desk.clock.now(), sample_rate, ..kept.head.clone() };
                self.desk.spool.begin(&head)
            }
        };
        match writer {
            Ok(writer) => {
                media.record(take, writer, plan);
                None
            }
            Err(error) => {
                tracing::error!(%error, "a recording cannot begin");
                metrics::counter!("aftertone_recordings_refused_total").increment(1);
                if is_new {
                    self.takes.remove(&take);
                }
                Some(failed)
            }
        }
    }

    async fn mark(&mut self, take: Take, marks: Marks) {
        let Some(Recording { id, .. }) = self.takes.get(&take).copied() else { return };
        if let Err(error) = self.desk.spool.mark(id, marks).await {
            tracing::error!(recording = %id, %error, "marks could not be noted");
        }
    }

    fn persist(&mut self, take: Take) {
        let Some(Recording { id, .. }) = self.takes.get(&take).copied() else {
            // The recording never began; the flow was told so.
            return;
        };
        let (desk, answers) = (self.desk.clone(), self.answers.clone());
        self.pending += 1;
        tokio::spawn(async move {
            let outcome = desk.deposit.keep(id).await.outcome();
            (desk.nudge)();
            // When the call is over already, nobody waits for the answer.
            let _ = answers.send(Answer::Stored(take, outcome)).await;
        });
    }

    fn discard(&mut self, take: Take) {
        let Some(Recording { id, .. }) = self.takes.remove(&take) else { return };
        let (deposit, answers) = (self.desk.deposit.clone(), self.answers.clone());
        self.pending += 1;
        tokio::spawn(async move {
            if let Err(error) = deposit.discard(id).await {
                tracing::error!(recording = %id, %error, "a recording could not be discarded");
            }
            // When the call is over already, nobody waits for the answer.
            let _ = answers.send(Answer::Discarded).await;
        });
    }

    async fn transfer(&mut self) -> Option<CallEvent> {
        let refused = |outcome| Some(CallEvent::Transferred(outcome));
        let Some(operator) = &self.purpose.operator else { return refused(TransferOutcome::NotAllowed) };
        let target = match self.purpose.targets.authorise(operator) {
            Ok(target) => target,
            Err(why) => {
                tracing::warn!(%why, "the operator target is refused");
                return refused(TransferOutcome::NotAllowed);
            }
        };
        let dialog = self.dialog.as_ref()?;
        if let Err(error) = dialog.refer(&target).await {
            tracing::info!(%error, "the transfer was refused");
            return refused(TransferOutcome::Failed);
        }
        self.transfer_deadline = Some(self.now() + TRANSFER_PATIENCE);
        None
    }
}
