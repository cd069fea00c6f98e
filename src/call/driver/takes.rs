//! Carries out what the flow asks for its recordings: begin, mark, keep, forget.

use std::time::Duration;

use crate::blob::spool::{Head, Marks};
use crate::domain::{RecordingClass, RecordingId};
use crate::flow::{CallEvent, RecordLimits, StopCause, Take};
use crate::media::RecordPlan;

use super::{Answer, Driver, Recording};

impl Driver {
    pub(super) async fn record(
        &mut self,
        take: Take,
        append: bool,
        limits: RecordLimits,
    ) -> Option<CallEvent> {
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
                self.takes.insert(
                    take,
                    Recording { id, sample_rate, voiced: Duration::ZERO, draft: kept.head.draft },
                );
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

    pub(super) async fn mark(&mut self, take: Take, marks: Marks) {
        let Some(Recording { id, .. }) = self.takes.get(&take).copied() else { return };
        if let Err(error) = self.desk.spool.mark(id, marks).await {
            tracing::error!(recording = %id, %error, "marks could not be noted");
        }
    }

    pub(super) fn persist(&mut self, take: Take) {
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

    pub(super) fn discard(&mut self, take: Take) {
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
}
