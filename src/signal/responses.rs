//! Responses to requests of ours: to their transactions, and those that are repeated after these have ended.

use std::sync::Arc;

use rsipstack::sip::{Method, Response, SipMessage};
use rsipstack::transaction::key::{TransactionKey, TransactionRole};
use tokio::sync::mpsc;

use super::core::{Core, Inbound, quiet};
use super::message;
use super::net::{Origin, sip_addr};
use super::wire::{self, header};

impl Core {
    /// A response to a request of ours, or one that is repeated.
    pub(super) async fn response(self: &Arc<Self>, response: Response, origin: &Origin) {
        if let Some(inbox) = self.late_success(&response) {
            // A 2xx repeated after its transaction has ended wants its ACK again (RFC 3261 §13.2.2.4).
            let _ = inbox.try_send(Inbound::Called(Box::new(response)));
            return;
        }
        let from = sip_addr(origin.flow.remote, origin.flow.tcp);
        let connection = origin.flow.connection.clone();
        if let Some(ack) = self.late_refusal(&response) {
            // The stack repeats it for 4xx only (RFC 3261 §17.1.1.2 asks for all).
            let sent = connection.send(ack, Some(&from));
            // The peer repeats its refusal if this is lost.
            let _ = quiet(sent).await;
            return;
        }
        let message = SipMessage::Response(response);
        if let Err(error) = quiet(self.endpoint.on_received_message(message, connection, &from)).await {
            tracing::debug!(%error, "the stack refused a response");
        }
    }

    fn late_success(&self, response: &Response) -> Option<mpsc::Sender<Inbound>> {
        let invite =
            header(&response.headers, "CSeq").and_then(wire::cseq).is_some_and(|(_, m)| m == "INVITE");
        if !invite || !(200..300).contains(&response.status_code.code()) {
            return None;
        }
        let key = TransactionKey::from_response(response, TransactionRole::Client).ok()?;
        if self.endpoint.transactions.contains_key(&key) {
            return None;
        }
        let tag = message::tag_of(header(&response.headers, "From")?)?;
        self.dialogs().get(tag).map(|entry| entry.inbox.clone())
    }

    /// The ACK of a refusal that is repeated after its transaction has ended.
    fn late_refusal(&self, response: &Response) -> Option<SipMessage> {
        if response.status_code.code() < 300 {
            return None;
        }
        let key = TransactionKey::from_response(response, TransactionRole::Client).ok()?;
        let last = self.endpoint.finished_transactions.get(&key)??;
        matches!(&last, SipMessage::Request(request) if request.method == Method::Ack).then_some(last)
    }
}
