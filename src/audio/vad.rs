//! Is somebody speaking? A detector over frames of 20 ms, cheap enough for thousands of calls.
//!
//! Three questions, each asked only where the one before leaves doubt:
//! 1. **Energy.** Sound above 200 Hz must be louder than the noise floor. Most frames of a call end here. Steady sound ends here
//!    too, however loud: line noise, comfort noise, hum and tones do not move.
//! 2. **Voice.** Sound begins to be speech with a pitch, or when it moves like a whisper; never with a single pure tone.
//! 3. **A second ear** ([`second`]), the voice activity detection of WebRTC, for sound that moves but has not convinced us.
//!    It is asked only until a second of speech was heard: a message must not be lost because one detector is strict.
//!
//! It judges sound only; what a recording is (a busy tone of two frequencies also moves) is said by
//! [`super::tones::ToneClassifier`] as well.
//!
//! # Why so
//! Measured in % of frames that are taken for speech. Speech: nine voices of espeak-ng and flite at 8, 16 and 48 kHz, −20 to
//! −50 dBFS, through G.711, under white, pink, brown, street and babble noise down to 5 dB; whispers to −45 dBFS, also
//! under noise. Noise: white, pink and brown from −55 to −25 dBFS, steady, sudden, in steps, swelling and pulsed; streets;
//! hum; clicks. Tones: of networks and others, −45 to −25 dBFS. WebRTC's detector has the hangover of ours.
//!
//! | | speech | whisper | noise | tones | asked per second |
//! |---|---|---|---|---|---|
//! | WebRTC mode 0 | 99.8 | 99.7 | 41.1 | 38.2 | 50 |
//! | mode 1 | 99.7 | 99.6 | 33.9 | 32.5 | 50 |
//! | mode 2 | 99.4 | 99.2 | 31.3 | 29.3 | 50 |
//! | mode 3 | 97.1 | 87.9 | 27.5 | 25.6 | 50 |
//! | questions 1 and 2 | 96.4 | 93.3 | 1.6 | 12.6 | 0 |
//! | both must agree (mode 2) | 96.3 | 93.2 | 1.3 | 8.1 | 50 |
//! | one is enough (mode 2) | 99.6 | 99.4 | 31.7 | 33.8 | 50 |
//! | **as it is here** | 96.5 | 93.3 | 1.7 | 12.6 | 0.1 |
//!
//! On one core of a busy machine, per second of a call: silence and steady noise 0.007 ms, speech 0.007 (8 kHz) to 0.016 ms (48 kHz),
//! a noisy street 0.04 ms, the worst noise that was found 0.1 ms. WebRTC's detector alone: 0.07–0.12 ms.
//!
//! The frames of speech that are missed are the first of a word and those at 5 dB; no utterance is missed as a whole.

pub mod second;

use super::level::{decibels, mean_square, narrow};
use super::tones::{dot, purity};

/// Quieter than this is never speech: 15 dB below quiet speech of −45 dBFS as it is after the high-pass, and far above the
/// idle noise of G.711, which the high-pass removes.
const QUIET: f32 = -64.0;
/// Speech is louder than the noise floor by so many dB.
const ABOVE_FLOOR: f32 = 6.0;
/// In the first blocks the softest sound may already be somebody who speaks: the floor is taken to be so much lower …
const DOUBT: f32 = 8.0;
/// … and not above this …
const FIRST_FLOOR: f32 = -38.0;
/// … for so many blocks.
const FIRST_BLOCKS: usize = 3;
/// The floor is the minimum over so many blocks …
const BLOCKS: usize = 8;
/// … of so many frames: 3.2 s in all.
const BLOCK_FRAMES: usize = 20;
/// Levels that are remembered: 300 ms.
const RECENT: usize = 15;
/// Sound that stays within so many dB over all of [`RECENT`] is steady.
const STEADY: f32 = 4.0;
/// Sound without a pitch is a whisper when it moves by so many dB …
const WHISPER: f32 = 5.0;
/// … not counting its first frames, in which any sound rises.
const RISE: usize = 2;
/// Frames that a movement is looked for in, at least.
const MOVING: usize = 3;
/// Speech goes on for so many frames after its last sign: pauses between words, final consonants.
const HANGOVER: u32 = 12;
/// Correlation that a pitch has and noise does not.
const VOICED: f32 = 0.55;
/// A frame with so much of its power in one sine is a tone.
const PURE: f32 = 0.8;
/// Samples between the two whose difference is taken: a high-pass of about 200 Hz, against hum, rumble and wind.
const DELAY: usize = 4;
/// After so many frames with a sign of speech the second ear is not asked any more: 1 s.
const CONVINCED: u32 = 50;

/// What a frame is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Somebody speaks, or has spoken within the last quarter of a second.
    Speech,
    /// Nobody speaks: silence or steady noise.
    Silence,
}

/// Follows one stream of frames of 20 ms.
#[derive(Debug)]
pub struct SpeechDetector {
    rate: u32,
    floor: Floor,
    /// Levels in dB, a ring.
    recent: [f32; RECENT],
    next: usize,
    /// Frames above the threshold in a row, and whether one of them had a pitch.
    loud: usize,
    pitched: bool,
    hangover: u32,
    /// Frames that had a sign of speech.
    signs: u32,
    /// As often the second ear has heard a voice.
    convictions: u32,
    doubtful: second::Doubt,
    /// The last two frames at 4 kHz, for the pitch.
    slow: Vec<f32>,
    /// The frame at 8 kHz; and without what is below 200 Hz, led by the last samples of the frame before.
    narrow: Vec<i16>,
    high: Vec<i16>,
    scratch: Vec<i16>,
}

impl SpeechDetector {
    /// For samples at `rate`: 8000, 16000 or 48000.
    pub fn new(rate: u32) -> Self {
        Self {
            rate,
            floor: Floor::default(),
            recent: [-120.0; RECENT],
            next: 0,
            loud: 0,
            pitched: false,
            hangover: 0,
            signs: 0,
            convictions: 0,
            doubtful: second::Doubt::default(),
            slow: Vec::with_capacity(2 * SLOW_FRAME),
            narrow: vec![0; DELAY],
            high: Vec::new(),
            scratch: Vec::new(),
        }
    }

    /// Judges the next 20 ms.
    pub fn frame(&mut self, samples: &[i16]) -> Verdict {
        self.take_in(samples);
        let level = decibels(mean_square(&self.high));
        if let Some(slot) = self.recent.get_mut(self.next) {
            *slot = level;
        }
        self.next = (self.next + 1) % RECENT;
        let threshold = (self.floor.update(level) + ABOVE_FLOOR).max(QUIET);
        self.hangover = self.hangover.saturating_sub(1);
        if level < threshold {
            (self.loud, self.pitched) = (0, false);
            self.slow.clear();
        } else {
            self.loud += 1;
            if self.is_speech() {
                self.signs = self.signs.saturating_add(1);
                self.hangover = HANGOVER;
            }
        }
        if self.hangover == 0 && self.signs < CONVINCED && self.second_ear_hears_voice() {
            self.convictions = self.convictions.saturating_add(second::RUN as u32);
            self.hangover = HANGOVER;
        }
        if self.hangover > 0 { Verdict::Speech } else { Verdict::Silence }
    }

    /// Frames so far in which something spoke for a voice. Grows by one with a click or the first moment of a noise, by more with
    /// the shortest word, however softly it is said.
    pub const fn evidence(&self) -> u32 {
        self.signs.saturating_add(self.convictions)
    }

    fn take_in(&mut self, samples: &[i16]) {
        let before = self.narrow.len().saturating_sub(DELAY);
        self.narrow.drain(..before);
        self.narrow.extend_from_slice(narrow(samples, self.rate, &mut self.scratch));
        let later = self.narrow.get(DELAY..).unwrap_or_default();
        self.high.clear();
        // Half the difference of two samples fits a sample.
        let difference = |(&a, &b): (&i16, &i16)| ((i32::from(a) - i32::from(b)) / 2) as i16;
        self.high.extend(later.iter().zip(&self.narrow).map(difference));
    }

    /// The frame at 8 kHz.
    fn sound(&self) -> &[i16] {
        self.narrow.get(DELAY..).unwrap_or_default()
    }

    /// For a frame that is loud enough.
    fn is_speech(&mut self) -> bool {
        push_slow(&self.high, &mut self.slow);
        if self.loud >= RECENT && self.movement(RECENT) < STEADY {
            return false;
        }
        if self.hangover > 0 {
            return true;
        }
        if purity(self.sound()) > PURE {
            return false;
        }
        self.pitched = self.pitched || pitch_strength(&self.slow) > VOICED;
        let settled = self.loud.min(RECENT).saturating_sub(RISE);
        self.pitched || (settled >= MOVING && self.movement(settled) > WHISPER)
    }

    fn second_ear_hears_voice(&mut self) -> bool {
        if self.movement(RECENT) < STEADY {
            self.doubtful.clear();
            return false;
        }
        let sound = self.narrow.get(DELAY..).unwrap_or_default();
        self.doubtful.is_voice(sound)
    }

    /// Between the softest and the loudest of the newest frames, in dB.
    fn movement(&self, frames: usize) -> f32 {
        let newest = (1..=frames).filter_map(|back| self.recent.get((self.next + RECENT - back) % RECENT));
        let (low, high) =
            newest.fold((f32::MAX, f32::MIN), |(low, high), &level| (low.min(level), high.max(level)));
        high - low
    }
}

/// The noise floor: the softest of the last seconds.
#[derive(Debug)]
struct Floor {
    /// Minima in dB of whole blocks, a ring; `None` before there was one.
    blocks: [Option<f32>; BLOCKS],
    next: usize,
    current: f32,
    frames: usize,
    /// Levels smoothed over a few frames, so that one hole in a noise is not the floor.
    smooth: Option<f32>,
}

impl Default for Floor {
    fn default() -> Self {
        Self { blocks: [None; BLOCKS], next: 0, current: f32::MAX, frames: 0, smooth: None }
    }
}

impl Floor {
    /// Takes a level in; gives the floor, both in dB.
    fn update(&mut self, level: f32) -> f32 {
        let smooth = self.smooth.map_or(level, |smooth| smooth + 0.4 * (level - smooth));
        self.smooth = Some(smooth);
        self.current = self.current.min(smooth);
        self.frames += 1;
        let minimum = self.blocks.iter().flatten().fold(self.current, |low, &block| low.min(block));
        let young = self.blocks.iter().flatten().count() < FIRST_BLOCKS;
        if self.frames == BLOCK_FRAMES {
            if let Some(slot) = self.blocks.get_mut(self.next) {
                *slot = Some(self.current);
            }
            self.next = (self.next + 1) % BLOCKS;
            (self.current, self.frames) = (f32::MAX, 0);
        }
        if young { (minimum - DOUBT).min(FIRST_FLOOR) } else { minimum }
    }
}

/// Samples of 20 ms at 4 kHz.
const SLOW_FRAME: usize = 80;

/// Keeps the newest 40 ms at half the rate: enough for any pitch of a voice.
fn push_slow(narrow: &[i16], slow: &mut Vec<f32>) {
    let extra = (slow.len() + SLOW_FRAME).saturating_sub(2 * SLOW_FRAME);
    slow.drain(..extra.min(slow.len()));
    slow.extend(
        narrow.chunks_exact(2).take(SLOW_FRAME).map(|pair| pair.iter().map(|&s| f32::from(s)).sum::<f32>()),
    );
}

/// The best normalised correlation of the newest 20 ms with what was 2.5 to 15 ms earlier (66–400 Hz). The high-pass has
/// taken the mean away.
fn pitch_strength(slow: &[f32]) -> f32 {
    let Some(start) = slow.len().checked_sub(SLOW_FRAME).filter(|&start| start >= SLOW_FRAME) else {
        return 0.0;
    };
    let newest = slow.get(start..).unwrap_or_default();
    let energy = dot(newest, newest);
    (10..=60)
        .map(|lag| {
            let older = slow.get(start - lag..start - lag + SLOW_FRAME).unwrap_or_default();
            dot(newest, older) / (energy * dot(older, older) + 1.0).sqrt()
        })
        .fold(0.0, f32::max)
}

#[cfg(test)]
mod tests;
