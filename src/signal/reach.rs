//! Whether somebody can be reached by SIP: OPTIONS, asked on demand (RFC 3261 §11).

use std::sync::Arc;
use std::time::Duration;

use rsipstack::sip::Method;

use super::lamps::NotifyError;
use super::message::{self, Peer};
use super::{Signal, text};

/// Who has not answered within this is not reached.
const PATIENCE: Duration = Duration::from_secs(5);

impl Signal {
    /// Asks `target` (a SIP URI) with OPTIONS. The status code of its answer: whatever it says, it is there.
    ///
    /// # Errors
    /// [`NotifyError::Silent`].
    pub async fn options(&self, target: &str) -> Result<u16, NotifyError> {
        let core = &self.core;
        text::place(target).ok_or(NotifyError::Silent)?;
        let request = async {
            let flow = core.route(target, None).await?;
            let contact = flow.contact();
            let local = text::address(&contact)
                .map_or_else(|| contact.clone(), |address| format!("<{}>", address.uri));
            let peer = Peer {
                call_id: core.token(),
                local: format!("{local};tag={}", core.token()),
                remote: format!("<{target}>"),
                local_tag: String::new(),
                local_seq: 0,
                remote_seq: None,
                target: target.to_owned(),
                routes: Vec::new(),
                user_agent: Arc::clone(&core.server),
            };
            let request = peer.request(Method::Options, 1, flow.via(&core.token()), &contact)?;
            core.ask(message::with_body(request, None), &flow).await
        };
        let answer = tokio::time::timeout(PATIENCE, request).await.ok().flatten();
        match answer.map(|answer| answer.status_code.code()) {
            None | Some(408) => Err(NotifyError::Silent),
            Some(code) => Ok(code),
        }
    }
}
