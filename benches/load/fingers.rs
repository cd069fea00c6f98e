//! What an owner's fingers do in a call, and how long it takes until what they asked for is heard. Without sockets.
//!
//! The message that is listened to is a piece of [`Speech`], so that every packet of it is known. A key that moves
//! within it is answered by the first packet that does not go on where the one before it ended.

use std::collections::VecDeque;
use std::ops::Range;
use std::time::Duration;

use aftertone::rtp::event::EventSender;

use super::heard::is_silent;
use super::speech::Speech;

/// PIN of every mailbox.
pub(crate) const PIN: &str = "482913";
/// Five seconds back.
const BACK: char = '4';
const CLOCK_RATE: u32 = 8000;

/// Where in the text five seconds back may be, give or take a second. Pauses are soft but no silence, so that a key that
/// leads into one is answered there and not at the next word.
fn back_from(place: usize) -> Range<usize> {
    const SECOND: usize = CLOCK_RATE as usize;
    place.saturating_sub(6 * SECOND)..place.saturating_sub(4 * SECOND)
}

/// What goes out instead of sound.
pub(crate) struct Press {
    pub(crate) marker: bool,
    pub(crate) timestamp: u32,
    pub(crate) payload: [u8; 4],
}

/// Keys to come, the key that is down, and the answers that were heard.
#[derive(Debug, Default)]
pub(crate) struct Fingers {
    /// When, from the answer on.
    due: VecDeque<(Duration, char)>,
    sender: EventSender,
    /// Keys that wait in `sender`.
    down: VecDeque<char>,
    /// When the key was pressed that is not answered yet, and the place in the text where the message would go on.
    asked: Option<(Duration, usize)>,
    last: Vec<u8>,
    /// When a key was pressed, and from its first packet to the first packet of what it asked for.
    pub(crate) waits: Vec<(Duration, Duration)>,
    /// When keys were pressed while something else than the message was heard, or that were never answered.
    pub(crate) unknown: Vec<Duration>,
}

impl Fingers {
    /// Gets the introduction to the mailbox over with.
    pub(crate) fn first_call() -> Self {
        Self::of(&[(0.5, PIN), (1.9, "#"), (5.0, "***")])
    }

    /// Signs in, starts the first message, and from `first` on goes back in it each `every`, so many `times`.
    pub(crate) fn owner(first: Duration, every: Duration, times: u32) -> Self {
        let mut fingers = Self::of(&[(0.5, PIN), (1.9, "#"), (5.0, "1"), (6.5, "#")]);
        fingers.due.extend((0..times).map(|time| (first + every * time, BACK)));
        fingers
    }

    fn of(script: &[(f64, &str)]) -> Self {
        let due = script
            .iter()
            .flat_map(|(at, keys)| keys.chars().map(|key| (Duration::from_secs_f64(*at), key)))
            .collect();
        Self { due, ..Self::default() }
    }

    /// The packet of a key, when one is due `since` the answer.
    pub(crate) fn press(
        &mut self,
        now: Duration,
        since: Duration,
        timestamp: u32,
        speech: &Speech,
    ) -> Option<Press> {
        while let Some((_, key)) = self.due.pop_front_if(|(at, _)| *at <= since) {
            self.down.push_back(key);
            self.sender.press(key);
        }
        let packet = self.sender.step(timestamp, CLOCK_RATE)?;
        if packet.marker && self.down.pop_front() == Some(BACK) {
            self.unknown.extend(self.asked.map(|(pressed, _)| pressed));
            self.asked = speech.after(&self.last).map(|place| (now, place));
            if self.asked.is_none() {
                self.unknown.push(now);
            }
        }
        Some(Press { marker: packet.marker, timestamp: packet.timestamp, payload: packet.payload })
    }

    /// A packet came.
    pub(crate) fn hear(&mut self, now: Duration, payload: &[u8], speech: &Speech) {
        if let Some((pressed, place)) = &mut self.asked {
            if speech.is_at(*place, payload) {
                *place += payload.len();
            } else if !is_silent(payload) || speech.is_within(back_from(*place), payload) {
                self.waits.push((*pressed, now.saturating_sub(*pressed)));
                self.asked = None;
            }
        }
        self.last.clear();
        self.last.extend_from_slice(payload);
    }
}
