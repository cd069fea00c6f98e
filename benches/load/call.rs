//! One caller: INVITE with its timers, ACK, speech every 20 ms until the hold is over, BYE. Without sockets.

use std::net::SocketAddrV4;
use std::time::Duration;

use aftertone::rtp::packet::Sender;

use super::fingers::Fingers;
use super::heard::Heard;
use super::sip::{Answer, Dialog};
use super::speech::{FRAME, Speech};

/// RFC 3261 §17.1.1.1.
const T1: Duration = Duration::from_millis(500);
/// Longest wait between two BYEs.
const T2: Duration = Duration::from_secs(4);
/// Timers B and F: a request without an answer has failed.
const GIVE_UP: Duration = Duration::from_secs(32);

/// How a call stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum State {
    /// INVITE sent.
    Calling,
    /// Answered.
    Up,
    /// BYE sent.
    Leaving,
    /// Over, as it should.
    Done,
    /// Refused with this code; 0: no answer, or the server hung up first.
    Failed(u16),
}

/// A request that goes out again until it is answered.
#[derive(Debug)]
struct Pending {
    text: String,
    next: Duration,
    wait: Duration,
    longest: Duration,
    end: Duration,
}

impl Pending {
    fn new(text: String, now: Duration, longest: Duration) -> Self {
        Self { text, next: now + T1, wait: T1, longest, end: now + GIVE_UP }
    }
}

/// One call and what was seen of it.
#[derive(Debug)]
pub(crate) struct Call {
    pub(crate) dialog: Dialog,
    pub(crate) state: State,
    pub(crate) heard: Heard,
    /// When the INVITE went out first.
    pub(crate) invited: Duration,
    /// When the 200 came.
    pub(crate) answered: Option<Duration>,
    /// When the first frame of speech went out.
    pub(crate) spoke: Option<Duration>,
    /// When the BYE went out first.
    pub(crate) left: Option<Duration>,
    /// Requests sent again.
    pub(crate) resent: u32,
    /// Presses keys meanwhile.
    pub(crate) fingers: Option<Fingers>,
    media: Option<SocketAddrV4>,
    sender: Sender,
    frames: usize,
    pending: Option<Pending>,
}

impl Call {
    /// A call that begins now, and its INVITE.
    pub(crate) fn new(dialog: Dialog, now: Duration) -> (Self, String) {
        let invite = dialog.invite();
        let seed = u32::try_from(dialog.call).unwrap_or(0).wrapping_mul(0x9e37_79b9);
        let sender = Sender::new(seed, seed.to_be_bytes().map(u16::from)[1], seed.rotate_left(9));
        let call = Self {
            dialog,
            state: State::Calling,
            heard: Heard::default(),
            invited: now,
            answered: None,
            spoke: None,
            left: None,
            resent: 0,
            fingers: None,
            media: None,
            sender,
            frames: 0,
            pending: Some(Pending::new(invite.clone(), now, GIVE_UP)),
        };
        (call, invite)
    }

    /// Takes an answer; returns what must be sent for it.
    pub(crate) fn answer(&mut self, answer: &Answer<'_>, now: Duration) -> Option<String> {
        match (answer.method, answer.code, self.state) {
            ("INVITE", 100..200, State::Calling) => {
                // A provisional answer ends the resending (§17.1.1.2), not the waiting.
                if let Some(pending) = &mut self.pending {
                    pending.next = pending.end;
                }
                None
            }
            ("INVITE", 200..300, _) => {
                if self.state == State::Calling {
                    let target = answer.contact.map_or_else(String::new, str::to_owned);
                    self.dialog.answered = Some((answer.to.to_owned(), target));
                    self.media = answer.media;
                    self.answered = Some(now);
                    self.state = State::Up;
                    self.pending = None;
                }
                Some(self.dialog.ack(answer.code))
            }
            ("INVITE", 300.., State::Calling | State::Failed(_)) => {
                self.fail(answer.code);
                let target = format!("sip:{}@{}", self.dialog.mailbox, self.dialog.server);
                self.dialog.answered = Some((answer.to.to_owned(), target));
                Some(self.dialog.ack(answer.code))
            }
            ("BYE", 200.., State::Leaving) => {
                self.state = if answer.code < 300 { State::Done } else { State::Failed(answer.code) };
                self.pending = None;
                None
            }
            _ => None,
        }
    }

    /// The server ended the call.
    pub(crate) fn hung_up(&mut self) {
        if self.state == State::Up {
            self.fail(0);
        }
    }

    /// Hangs up when the hold is over, and sends again what was not answered. Returns what must be sent.
    pub(crate) fn tick(&mut self, now: Duration, hold: Duration) -> Option<String> {
        if self.state == State::Up && self.answered.is_some_and(|answered| now >= answered + hold) {
            self.state = State::Leaving;
            self.left = Some(now);
            let bye = self.dialog.bye();
            self.pending = Some(Pending::new(bye.clone(), now, T2));
            return Some(bye);
        }
        let pending = self.pending.as_mut()?;
        if now >= pending.end {
            self.fail(0);
            return None;
        }
        if now < pending.next {
            return None;
        }
        pending.wait = (pending.wait * 2).min(pending.longest);
        pending.next = now + pending.wait;
        self.resent += 1;
        Some(pending.text.clone())
    }

    /// Writes the next 20 ms of speech, or of a key, into `packet`; returns where it goes.
    pub(crate) fn speak(
        &mut self,
        now: Duration,
        speech: &Speech,
        packet: &mut Vec<u8>,
    ) -> Option<SocketAddrV4> {
        let to = self.media.filter(|_| self.state == State::Up)?;
        let (first, timestamp) = (self.frames == 0, self.sender.timestamp());
        self.spoke.get_or_insert(now);
        let since = now.saturating_sub(self.answered.unwrap_or(now));
        if let Some(fingers) = &mut self.fingers
            && let Some(press) = fingers.press(now, since, timestamp, speech)
        {
            self.sender.write_header(101, press.marker, press.timestamp, packet);
            packet.extend_from_slice(&press.payload);
            self.sender.advance(FRAME as u32);
            return Some(to);
        }
        self.sender.write_header(0, first, timestamp, packet);
        packet.extend_from_slice(speech.frame(self.dialog.call, self.frames));
        self.sender.advance(FRAME as u32);
        self.frames += 1;
        Some(to)
    }

    /// Where the server sends from and receives.
    pub(crate) fn media(&self) -> Option<SocketAddrV4> {
        self.media
    }

    /// Over, one way or the other.
    pub(crate) fn is_over(&self) -> bool {
        matches!(self.state, State::Done | State::Failed(_))
    }

    /// What the recording should hold: from the end of the tone to the BYE. `None`: no tone was heard.
    pub(crate) fn recorded(&self) -> Option<Duration> {
        self.left?.checked_sub(self.heard.last_sound()?)
    }

    /// The frame that was said when the recording began.
    pub(crate) fn first_recorded_frame(&self) -> Option<usize> {
        let into = self.heard.last_sound()?.saturating_sub(self.spoke?);
        usize::try_from(into.as_millis() / 20).ok()
    }

    fn fail(&mut self, code: u16) {
        self.state = State::Failed(code);
        self.pending = None;
    }
}
