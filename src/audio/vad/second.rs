//! The second ear: the voice activity detection of WebRTC, a Gaussian mixture over six bands.
//!
//! Knows no call: each question gets a detector of its own, because the crate's cannot move between threads and a call's state can. It
//! hears nearly every voice, and takes much noise for one; so it is asked where a wrong "no" would cost a message.

use std::time::Duration;

use webrtc_vad::{SampleRate, Vad, VadMode};

use crate::audio::level::{decibels, mean_square, narrow};
use crate::audio::tones::purity;

/// 20 ms at 8 kHz.
const FRAME: usize = 160;
/// So many frames in a row must sound like a voice: 320 ms, since the first of them are judged by a detector that knows no noise yet.
pub(super) const RUN: usize = 16;
/// Quieter frames, in dB of full scale, are not worth a question.
const QUIET: f32 = -60.0;
/// A frame with so much of its power in one sine is a tone.
const PURE: f32 = 0.8;

/// Sound that may be a voice, until there is enough of it for a question.
#[derive(Debug, Default)]
pub(super) struct Doubt {
    run: Vec<i16>,
}

impl Doubt {
    pub(super) fn clear(&mut self) {
        self.run.clear();
    }

    /// Takes a frame at 8 kHz; answers when there are enough.
    pub(super) fn is_voice(&mut self, frame: &[i16]) -> bool {
        if frame.len() != FRAME || is_quiet(frame) {
            self.clear();
            return false;
        }
        if purity(frame) > PURE {
            return false;
        }
        self.run.reserve_exact((RUN * FRAME).saturating_sub(self.run.len()));
        self.run.extend_from_slice(frame);
        if self.run.len() < RUN * FRAME {
            return false;
        }
        let mut ear = ear();
        let is_voice = self.run.chunks_exact(FRAME).all(|frame| hears(&mut ear, frame));
        let keep = if is_voice { self.run.len() } else { self.run.len() / 2 };
        self.run.drain(..keep);
        is_voice
    }
}

/// How much of a whole recording sounds like a voice to the second ear. For samples at 8, 16 or 48 kHz.
pub fn voiced(samples: &[i16], rate: u32) -> Duration {
    let mut ear = ear();
    let mut scratch = Vec::new();
    let frames = samples.chunks_exact(rate as usize / 50).filter(|frame| {
        let frame = narrow(frame, rate, &mut scratch);
        hears(&mut ear, frame) && !is_quiet(frame) && purity(frame) <= PURE
    });
    Duration::from_millis(20) * u32::try_from(frames.count()).unwrap_or(u32::MAX)
}

fn ear() -> Vad {
    Vad::new_with_rate_and_mode(SampleRate::Rate8kHz, VadMode::Aggressive)
}

fn is_quiet(frame: &[i16]) -> bool {
    decibels(mean_square(frame)) < QUIET
}

/// What has no length that the ear knows is no voice.
fn hears(ear: &mut Vad, frame: &[i16]) -> bool {
    frame.len() == FRAME && ear.is_voice_segment(frame).unwrap_or(false)
}
