//! What we say to an INVITE: 180, 183 (reliable where the peer can, RFC 3262), 200 with the session's terms, refusals.

use rsipstack::sip::Response;

use super::Refusal;
use super::call::{Call, Stage};
use super::message::{self, add, respond};
use super::session::Terms;
use super::timers::Name;
use super::within::Reliable;

impl Call {
    /// A response to the INVITE with what every one of them carries.
    pub(super) fn response(&self, code: u16) -> Option<Response> {
        let invite = self.invite.as_ref()?;
        let mut response = respond(&invite.request, code, &self.peer.local_tag, &self.core().server);
        if code < 300 {
            message::record_route(&mut response, &invite.request);
            add(&mut response, "Contact", self.flow.contact());
            add(&mut response, "Allow", message::ALLOW);
        }
        Some(response)
    }

    pub(super) fn send(&self, response: Option<Response>, sdp: Option<&str>) {
        if let (Some(invite), Some(response)) = (&self.invite, response) {
            invite.send(message::body(response, sdp));
        }
    }

    pub(super) fn provisional(&self, code: u16, sdp: Option<&str>) {
        self.send(self.response(code), sdp);
    }

    /// 183, reliable when the peer can (RFC 3262 §3). An offer of ours may only go in a reliable one.
    pub(super) fn progress(&mut self, sdp: String) {
        let able = self.invite.as_ref().is_some_and(|invite| {
            ["Require", "Supported"].iter().any(|name| {
                super::text::has_token(&super::facts::joined(&invite.request.headers, name), "100rel")
            })
        });
        if !able {
            return self.provisional(183, self.offered.then_some(sdp.as_str()));
        }
        if self.reliable.is_some() {
            return;
        }
        let number = (self.core().clock.random_u32() >> 8).max(1);
        let mut response = self.response(183);
        if let Some(response) = &mut response {
            add(response, "Require", "100rel");
            add(response, "RSeq", number.to_string());
        }
        let response = response.map(|response| message::body(response, Some(&sdp)));
        let t1 = self.core().timing.t1;
        if let (Some(invite), Some(response)) = (&self.invite, &response) {
            invite.send(response.clone());
        }
        self.sdp = sdp;
        self.reliable = response.map(|response| Reliable { number, response, wait: t1, acked: false });
        self.after(Name::Provisional, t1);
        self.after(Name::Unacknowledged, t1 * 64);
    }

    /// 200, or later when an early answer still waits for its PRACK.
    pub(super) fn answer(&mut self, sdp: String) {
        if self.reliable.as_ref().is_some_and(|reliable| !reliable.acked) {
            self.held = Some(sdp);
            return;
        }
        let mut response = self.response(200);
        if let (Some(response), Some(terms)) = (&mut response, self.terms) {
            add(response, "Supported", message::SUPPORTED);
            session_headers(response, terms);
        }
        // Offer and answer went through 183 and PRACK already: the 200 must not begin anew.
        let body = self.early_answer.is_none().then_some(sdp.as_str());
        self.send(response, body);
        self.sdp = sdp;
        self.stage = Stage::Answered { bye: false };
        if let Some(terms) = self.terms {
            self.arm(terms);
        }
    }

    pub(super) fn reject(&mut self, refusal: &Refusal) {
        let code = refusal.code.clamp(400, 699);
        let mut response = self.response(code);
        if let Some(response) = &mut response {
            if let Some(seconds) = refusal.retry_after {
                add(response, "Retry-After", seconds.to_string());
            }
            warn(response, refusal, &self.flow.host);
        }
        self.send(response, None);
        self.stage = Stage::Over;
    }

    /// The PRACK never came (RFC 3262 §3).
    pub(super) async fn no_prack(&mut self) {
        self.timers.stop(Name::Provisional);
        if self.stage == Stage::Asked {
            self.send(self.response(504), None);
            self.finish(None, "the early answer was not acknowledged").await;
        }
    }
}

/// `Session-Expires`, and `Require: timer` when the peer is to refresh (RFC 4028 §9).
pub(super) fn session_headers(response: &mut Response, terms: Terms) {
    if !terms.peer_knows {
        return;
    }
    let refresher = if terms.ours { "uas" } else { "uac" };
    add(response, "Session-Expires", format!("{};refresher={refresher}", terms.interval));
    if !terms.ours {
        add(response, "Require", "timer");
    }
}

/// `Warning` (RFC 3261 §20.43).
pub(super) fn warn(response: &mut Response, refusal: &Refusal, host: &str) {
    if let Some(text) = &refusal.warning {
        let text = text.replace(|c: char| c.is_control() || c == '"' || c == '\\', " ");
        add(response, "Warning", format!("399 {host} \"{text}\""));
    }
}
