//! How a message sounds: place, speed and volume.

use std::time::Duration;

use super::{Listening, Phase};
use crate::domain::Mark;
use crate::flow::keys::{Command, Menu};
use crate::flow::owner::State;
use crate::flow::owner::turn::{Timer, Turn};
use crate::flow::phrases::owner;
use crate::flow::{MessagePart, Utterance};

/// A step back or forward, in the message's own time, whatever its sampling rate.
const STEP: Duration = Duration::from_secs(5);
/// Within so much of a message, "from the start" means the message before.
const BEGINNING: Duration = Duration::from_secs(2);
/// Steps of the speed, in percent.
const SPEEDS: [u16; 6] = [50, 75, 100, 125, 150, 200];
/// Quietest and loudest, and a step, in decibels.
const GAINS: (i8, i8, i8) = (-12, 12, 4);

impl Listening {
    /// Plays the message from this place, after these words.
    pub(super) fn body(turn: &mut Turn<'_>, from: Duration, lead: Vec<Utterance>) -> State {
        let Some(item) = turn.memory.shelf.item() else { return Self::after(turn, lead) };
        let message = &item.heading.message;
        let length = Duration::from_millis(message.duration_ms.into());
        let (id, phone) = (message.id, &turn.session().phone);
        let (speed_percent, gain_db) = (phone.speed_percent, phone.gain_db);
        let slowest = length.saturating_mul(100) / u32::from(speed_percent.max(25));
        let mut words = lead;
        // Words before it belong to their own play, so that the place in the message is known.
        if words.is_empty() {
            words.push(Utterance::Message(MessagePart { id, from, speed_percent, gain_db }));
            turn.play(words, Timer::Message(slowest));
            return Self { phase: Phase::Body { from, began: None } }.into();
        }
        turn.say(words);
        Self { phase: Phase::Lead(from) }.into()
    }

    /// The place in the message, if it is playing or held.
    pub(super) fn place(&self, turn: &Turn<'_>) -> Option<Duration> {
        match self.phase {
            Phase::Body { from, began } => {
                let passed = began.map_or(Duration::ZERO, |began| turn.now.0.saturating_sub(began.0));
                let speed = u32::from(turn.session().phone.speed_percent);
                Some(from.saturating_add(passed.saturating_mul(speed) / 100))
            }
            Phase::Paused(at) | Phase::Lead(at) => Some(at),
            Phase::More(at) => at,
            Phase::Envelope | Phase::After | Phase::Noted => None,
        }
    }

    fn length(turn: &Turn<'_>) -> Duration {
        let item = turn.memory.shelf.item();
        item.map_or(Duration::ZERO, |item| Duration::from_millis(item.heading.message.duration_ms.into()))
    }

    pub(super) fn seek(self, turn: &mut Turn<'_>, command: Command) -> State {
        let at = self.place(turn);
        let length = Self::length(turn);
        match command {
            Command::Restart if at.is_none_or(|at| at < BEGINNING) => Self::previous(turn),
            Command::Restart => Self::body(turn, Duration::ZERO, Vec::new()),
            Command::Rewind => Self::body(turn, at.unwrap_or(length).saturating_sub(STEP), Vec::new()),
            Command::FastForward => match at {
                Some(at) if at.saturating_add(STEP) >= length => Self::end(turn),
                Some(at) => Self::body(turn, at.saturating_add(STEP), Vec::new()),
                None => Self::body(turn, Duration::ZERO, Vec::new()),
            },
            Command::Pause => match (self.phase, at) {
                (Phase::Body { .. } | Phase::Lead(_), Some(at)) => {
                    turn.say(vec![owner::PAUSED.into()]);
                    Self { phase: Phase::Paused(at.min(length)) }.into()
                }
                (_, at) => Self::body(turn, at.unwrap_or_default(), Vec::new()),
            },
            Command::More => {
                let words = turn.brief(Menu::More);
                if words.is_empty() {
                    turn.hush();
                    turn.wait(Timer::Choice);
                } else {
                    turn.say(words);
                }
                Self { phase: Phase::More(at) }.into()
            }
            // To the end: what is being said before the message is skipped, the message itself counts as heard.
            _ if at.is_none() => Self::body(turn, Duration::ZERO, Vec::new()),
            _ => Self::end(turn),
        }
    }

    fn end(turn: &mut Turn<'_>) -> State {
        Self::note(turn, Mark::Heard);
        Self::after(turn, Vec::new())
    }

    /// Speed and volume: remembered, and heard at once.
    pub(super) fn tune(self, turn: &mut Turn<'_>, command: Command) -> State {
        let at = self.place(turn);
        let phone = &mut turn.memory.session.phone;
        let (low, high, step) = GAINS;
        match command {
            Command::Slower => {
                phone.speed_percent =
                    SPEEDS.into_iter().rev().find(|speed| *speed < phone.speed_percent).unwrap_or(50);
            }
            Command::Faster => {
                let faster = SPEEDS.into_iter().find(|speed| *speed > phone.speed_percent);
                phone.speed_percent = faster.unwrap_or(200);
            }
            Command::NormalSpeed => phone.speed_percent = 100,
            Command::Quieter => phone.gain_db = phone.gain_db.saturating_sub(step).max(low),
            Command::Louder => phone.gain_db = phone.gain_db.saturating_add(step).min(high),
            _ if phone.gain_db >= high => phone.gain_db = low,
            _ => phone.gain_db = phone.gain_db.saturating_add(step).min(high),
        }
        turn.note_settings();
        match at {
            Some(at) => Self::body(turn, at, Vec::new()),
            // Heard on the message itself, from its start.
            None => Self::body(turn, Duration::ZERO, Vec::new()),
        }
    }
}
