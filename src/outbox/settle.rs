//! Writes down how a try ended: done, again later, or given up; and says so in log and metrics.

use std::time::Duration;

use jiff::Timestamp;

use super::letter::{Done, Failure};
use super::{Parts, backoff};
use crate::store::{Job, StoreError, Work};

/// Pause between tries to write an outcome down.
const REWRITE_EVERY: Duration = Duration::from_secs(2);
/// Tries to write an outcome down: an hour. Meanwhile no new work is started anyway: it would come from the same store.
const REWRITES: u32 = 1800;

/// What is written: decided once, so that every try to write it writes the same.
enum Verdict {
    Done(Done),
    Again { at: Timestamp, failure: Failure },
    Dead(Failure),
}

impl Parts {
    /// Keeps trying while the store is away: a mail that was accepted must not be forgotten and sent again.
    pub(super) async fn settle(&self, job: &Job, outcome: Result<Done, Failure>) {
        let verdict = self.verdict(job, outcome);
        report(job, &verdict);
        for tried in 0..REWRITES {
            match self.write(job, &verdict).await {
                Ok(()) => return,
                Err(StoreError::Missing { .. }) => {
                    tracing::warn!(job = %job.id, "the lease of this job ran out before it was done; a mail may be doubled");
                    return;
                }
                Err(error) => {
                    if tried == 0 {
                        tracing::warn!(job = %job.id, %error, "the end of this job cannot be written down yet");
                    }
                    tokio::time::sleep(REWRITE_EVERY).await;
                }
            }
        }
        tracing::error!(job = %job.id, "the end of this job was not written down; it is done again");
    }

    fn verdict(&self, job: &Job, outcome: Result<Done, Failure>) -> Verdict {
        let failure = match outcome {
            Ok(done) => return Verdict::Done(done),
            Err(failure) => failure,
        };
        let now = self.clock.now();
        let age = Duration::try_from(now.duration_since(job.created_at)).unwrap_or_default();
        if failure.is_final || age >= self.settings.give_up {
            return Verdict::Dead(failure);
        }
        let delay = if matches!(job.work, Work::Lamp { .. }) { backoff::lamp_delay } else { backoff::delay };
        let wait = delay(job.attempts, self.clock.random_u32());
        Verdict::Again { at: now.saturating_add(wait).unwrap_or(Timestamp::MAX), failure }
    }

    async fn write(&self, job: &Job, verdict: &Verdict) -> Result<(), StoreError> {
        match verdict {
            Verdict::Done(Done::Accepted { message, move_to, detail }) => {
                self.store.job_done(job, *message, *move_to, detail).await
            }
            Verdict::Done(Done::Skipped(why)) => self.store.job_skipped(job, why).await,
            Verdict::Done(Done::Purged | Done::Lit | Done::Noticed) => self.store.job_finished(job).await,
            Verdict::Again { at, failure } => self.store.job_retry(job, *at, &failure.why).await,
            Verdict::Dead(failure) => self.store.job_dead(job, &failure.why).await,
        }
    }
}

fn report(job: &Job, verdict: &Verdict) {
    match &job.work {
        Work::Mail { .. }
        | Work::MailAway { .. }
        | Work::Notice { .. }
        | Work::Door { .. }
        | Work::Security { .. } => report_mail(job, verdict),
        Work::Lamp { .. } => report_lamp(job, verdict),
        Work::Purge { .. } => report_purge(job, verdict),
    }
}

fn report_lamp(job: &Job, verdict: &Verdict) {
    let id = job.id;
    match verdict {
        Verdict::Done(_) => tracing::debug!(job = %id, "the lamps of a mailbox are told"),
        // A phone that is switched off is no news: `aftertone lamp list` has it.
        Verdict::Again { failure, .. } => {
            tracing::debug!(job = %id, why = failure.why, "a lamp is told later")
        }
        Verdict::Dead(failure) => {
            tracing::warn!(job = %id, "a lamp was given up: see `aftertone lamp list`");
            tracing::debug!(job = %id, why = failure.why, "why the lamp was given up");
        }
    }
}

fn report_purge(job: &Job, verdict: &Verdict) {
    let id = job.id;
    match verdict {
        Verdict::Done(_) => tracing::debug!(job = %id, "the audio of a purged message is deleted"),
        // An outage is told once a job; the job list has the rest.
        Verdict::Again { failure, .. } if job.attempts == 1 => {
            tracing::warn!(job = %id, why = failure.why, "the audio of a purged message cannot be deleted yet");
        }
        Verdict::Again { failure, .. } => tracing::debug!(job = %id, why = failure.why, "still not deleted"),
        Verdict::Dead(failure) => {
            tracing::error!(job = %id, why = failure.why, "audio was not deleted: see `aftertone job list`");
        }
    }
}

fn report_mail(job: &Job, verdict: &Verdict) {
    let id = job.id;
    let outcome = match verdict {
        Verdict::Done(Done::Accepted { detail, .. }) => {
            tracing::info!(job = %id, attempts = job.attempts, "mail accepted");
            tracing::debug!(job = %id, detail, "the mail server's words");
            "accepted"
        }
        Verdict::Done(Done::Skipped(why)) => {
            tracing::info!(job = %id, why, "no mail sent");
            "skipped"
        }
        Verdict::Done(Done::Noticed) => {
            tracing::info!(job = %id, attempts = job.attempts, "notice accepted");
            "accepted"
        }
        Verdict::Done(Done::Purged | Done::Lit) => return,
        Verdict::Again { at, failure } => {
            let Failure { kind, code, why, .. } = failure;
            tracing::warn!(job = %id, attempts = job.attempts, kind, code, next = %at, "mail put off");
            tracing::debug!(job = %id, why, "why the mail was put off");
            "deferred"
        }
        Verdict::Dead(failure) => {
            let Failure { kind, code, why, .. } = failure;
            tracing::error!(
                job = %id, attempts = job.attempts, kind, code,
                "mail given up: see `aftertone job list`"
            );
            tracing::debug!(job = %id, why, "why the mail was given up");
            "bounced"
        }
    };
    metrics::counter!("aftertone_mails_total", "outcome" => outcome).increment(1);
}
