//! What is told of the call to who looks after the server: where it stands, whose it is now, what came of it.

use crate::domain::{CallOutcome, CallStage};
use crate::flow::StoreOutcome;

use super::Driver;

impl Driver {
    /// Where the call stands now.
    pub(super) fn show_stage(&mut self) {
        let stage = match self.flow.stage() {
            CallStage::Menu if self.inside.is_none() => CallStage::SigningIn,
            stage => stage,
        };
        self.entry.stage(stage);
    }

    /// What became of a recording.
    pub(super) fn note_stored(&mut self, outcome: StoreOutcome) {
        match outcome {
            StoreOutcome::Stored => self.entry.note(CallOutcome::Kept),
            StoreOutcome::Waiting => self.entry.note(CallOutcome::Waiting),
            StoreOutcome::Failed => {}
        }
    }
}
