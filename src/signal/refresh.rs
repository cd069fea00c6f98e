//! Keeping a session alive (RFC 4028 §10): our refreshes by UPDATE or re-INVITE, and the watch over those of the peer.

use rsipstack::sip::{Method, Response};

use super::call::{Call, Stage};
use super::core::Asked;
use super::message;
use super::session::{self, Limits, Terms};
use super::timers::Name;
use super::wire::header;

impl Call {
    /// Starts the session timer anew.
    pub(super) fn arm(&mut self, terms: Terms) {
        let second = self.core().timing.second;
        let interval = second * terms.interval;
        if terms.ours {
            self.after(Name::Refresh, interval / 2);
            self.after(Name::Expiry, interval);
        } else {
            self.timers.stop(Name::Refresh);
            let margin = (second * 32).min(interval / 3);
            self.after(Name::Expiry, interval.saturating_sub(margin));
        }
        self.terms = Some(terms);
    }

    pub(super) async fn refresh(&mut self) {
        let Some(terms) = self.terms.filter(|_| self.stage == Stage::Up) else {
            return self.later(2);
        };
        if self.pending.is_some() || self.refreshing {
            return self.later(2);
        }
        let method = if self.knows_update { Method::Update } else { Method::Invite };
        let headers = [
            ("Session-Expires", format!("{};refresher=uac", terms.interval)),
            ("Min-SE", self.core().limits.min.to_string()),
        ];
        let Some((request, flow, seq)) = self.compose(method, &headers).await else {
            return self.later(2);
        };
        let sdp = (method == Method::Invite).then_some(("application/sdp", self.sdp.as_str()));
        self.ask(Asked::Refresh, seq, message::with_body(request, sdp), flow);
        self.refreshing = true;
    }

    fn later(&mut self, seconds: u32) {
        let wait = self.core().timing.second * seconds;
        self.after(Name::Refresh, wait);
    }

    pub(super) async fn refreshed(&mut self, seq: u32, response: Option<Box<Response>>) {
        self.refreshing = false;
        let code = response.as_ref().map_or(408, |r| r.status_code.code());
        match (code, response) {
            (200..300, Some(response)) => {
                if header(&response.headers, "CSeq").is_some_and(|v| v.ends_with("INVITE")) {
                    self.acknowledge(seq).await;
                }
                let default = self.terms.map_or(self.core().limits.default, |t| t.interval);
                let limits = Limits { default, ..self.core().limits };
                self.arm(session::accepted(&response.headers, limits));
            }
            (408 | 481, _) => {
                self.bye(14);
                self.finish(None, "the peer no longer knows the call").await;
            }
            (405 | 501, _) if self.knows_update => {
                self.knows_update = false;
                self.refresh().await;
            }
            (422, Some(response)) => {
                let min =
                    header(&response.headers, "Min-SE").and_then(|v| v.trim().parse().ok()).unwrap_or(0);
                if let Some(terms) = &mut self.terms {
                    terms.interval = terms.interval.max(min);
                }
                self.later(0);
            }
            (491, _) => {
                let jitter = self.core().clock.random_u32() % 3;
                self.later(2 + jitter);
            }
            _ => {
                // The session lives on until it expires; try again before that.
                let interval = self.terms.map_or(60, |terms| terms.interval);
                self.later(interval / 8);
            }
        }
    }

    /// ACK for a 2xx to an INVITE of ours (RFC 3261 §13.2.2.4).
    pub(super) async fn acknowledge(&mut self, seq: u32) {
        let Some(flow) = self.core().route(self.peer.next_hop(), Some(&self.flow)).await else { return };
        let via = flow.via(&self.core().token());
        let Some(ack) = self.peer.request(Method::Ack, seq, via, "") else { return };
        let ack = message::with_body(ack, None);
        self.core().send(ack.clone(), &flow).await;
        self.last_ack = Some((seq, ack, flow));
    }
}
