//! Offers and answers after the first (RFC 3264).

use crate::signal::Refusal;

use super::Driver;

impl Driver {
    /// A re-INVITE or UPDATE: hold, a new address, another codec (RFC 3264 §8).
    pub(super) fn renegotiate(&mut self, offer: Option<&str>) -> Result<String, Refusal> {
        let Some(offer) = offer else { return Ok(self.session.offer(&self.local)) };
        match self.session.answer(offer, &self.local) {
            Ok(answer) => {
                self.on_line(|media| media.connect(&answer.stream));
                Ok(answer.sdp)
            }
            Err(refusal) => Err(crate::call::admit::unacceptable(&refusal)),
        }
    }

    /// The ACK answers an offer that was ours.
    pub(super) async fn connect_late(&mut self, answer: &str) {
        match self.session.accept(answer) {
            Ok(stream) => self.on_line(|media| media.connect(&stream)),
            Err(refusal) => {
                tracing::info!(%refusal, "the answer to our offer cannot be used");
                self.hang_up("no common media").await;
            }
        }
    }
}
