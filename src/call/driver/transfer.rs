//! Transfers: REFER, and what becomes of it (RFC 3515).

use std::time::Duration;

use crate::domain::CallOutcome;
use crate::flow::{CallEvent, CallTime, TransferOutcome};

use super::Driver;

/// A transfer that the peer neither carries out nor refuses is given up after so long.
const PATIENCE: Duration = Duration::from_secs(30);

/// Where a transfer stands.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum Transfer {
    /// None was asked for, or it is over.
    #[default]
    None,
    /// It waits for the ACK: before it there is no dialog that a REFER could be sent in (RFC 3515 §2.4.1).
    Unconfirmed,
    /// The peer works on it, until then.
    Asked(CallTime),
}

impl Driver {
    /// Begins a transfer to [`Driver::target`], or says why not.
    pub(super) async fn transfer(&mut self) -> Option<CallEvent> {
        let refused = |outcome| {
            count(outcome);
            Some(CallEvent::Transferred(outcome))
        };
        let Some(wanted) = &self.target else { return refused(TransferOutcome::NotAllowed) };
        let target = match self.purpose.targets.authorise(wanted) {
            Ok(target) => target,
            Err(why) => {
                tracing::warn!(%why, "the target of a transfer is refused");
                return refused(TransferOutcome::NotAllowed);
            }
        };
        if !self.confirmed {
            self.transfer = Transfer::Unconfirmed;
            return None;
        }
        let dialog = self.dialog.as_ref()?;
        if let Err(error) = dialog.refer(&target).await {
            tracing::info!(%error, "the transfer was refused");
            return refused(TransferOutcome::Failed);
        }
        self.transfer = Transfer::Asked(self.now() + PATIENCE);
        None
    }

    /// The ACK has come.
    pub(super) async fn on_confirmed(&mut self) {
        self.confirmed = true;
        if self.transfer != Transfer::Unconfirmed {
            return;
        }
        self.transfer = Transfer::None;
        if let Some(refused) = self.transfer().await {
            self.tell(refused).await;
        }
    }

    /// The peer tells how the transfer goes.
    pub(super) async fn on_transfer(&mut self, code: Option<u16>) {
        let outcome = match code {
            Some(100..200) => return,
            Some(200..300) => TransferOutcome::Done,
            Some(_) | None => TransferOutcome::Failed,
        };
        self.transfer = Transfer::None;
        count(outcome);
        tracing::info!(outcome = outcome.as_str(), code, "a transfer is over");
        if outcome == TransferOutcome::Done {
            self.entry.note(CallOutcome::Transferred);
        }
        self.tell(CallEvent::Transferred(outcome)).await;
    }

    /// The peer did not say in time how the transfer went.
    pub(super) async fn give_up_transfer(&mut self) {
        self.transfer = Transfer::None;
        count(TransferOutcome::Failed);
        self.tell(CallEvent::Transferred(TransferOutcome::Failed)).await;
    }

    /// When a transfer is given up.
    pub(super) const fn transfer_deadline(&self) -> Option<CallTime> {
        match self.transfer {
            Transfer::Asked(until) => Some(until),
            Transfer::None | Transfer::Unconfirmed => None,
        }
    }
}

fn count(outcome: TransferOutcome) {
    metrics::counter!("aftertone_transfers_total", "outcome" => outcome.as_str()).increment(1);
}
