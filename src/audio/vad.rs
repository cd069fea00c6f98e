//! Is somebody speaking? A detector over frames of 20 ms, cheap enough for thousands of calls.
//!
//! Most frames end at the first question, the energy. A louder frame is speech when it began with a voice (a pitch) or moves
//! like a whisper, and as long as its level moves: line noise, comfort noise, hum and tones are steady. It judges sound only; what
//! a recording is (a busy tone also moves) is said by [`super::tones::ToneClassifier`] as well.

use super::level::{decibels, mean_square, narrow};

/// Quieter than this is never speech: 13 dB below quiet speech of −45 dBFS, 10 dB above the idle noise of G.711.
const QUIET: f32 = -58.0;
/// Speech is louder than the noise floor by so many dB.
const ABOVE_FLOOR: f32 = 8.0;
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
/// Sound without a pitch is a whisper when it moves by so many dB.
const WHISPER: f32 = 9.0;
/// Speech goes on for so many frames after its last sign: pauses between words, final consonants.
const HANGOVER: u32 = 12;
/// Correlation that a pitch has and noise does not.
const VOICED: f32 = 0.55;

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
    /// Frames above the threshold in a row.
    loud: usize,
    hangover: u32,
    /// The last two frames at 4 kHz, for the pitch.
    slow: Vec<f32>,
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
            hangover: 0,
            slow: Vec::with_capacity(2 * SLOW_FRAME),
            scratch: Vec::new(),
        }
    }

    /// Judges the next 20 ms.
    pub fn frame(&mut self, samples: &[i16]) -> Verdict {
        let level = decibels(mean_square(samples));
        if let Some(slot) = self.recent.get_mut(self.next) {
            *slot = level;
        }
        self.next = (self.next + 1) % RECENT;
        let threshold = (self.floor.update(level) + ABOVE_FLOOR).max(QUIET);
        self.hangover = self.hangover.saturating_sub(1);
        if level < threshold {
            self.loud = 0;
            self.slow.clear();
        } else {
            self.loud += 1;
            if self.is_speech(samples) {
                self.hangover = HANGOVER;
            }
        }
        if self.hangover > 0 { Verdict::Speech } else { Verdict::Silence }
    }

    /// For a frame that is loud enough.
    fn is_speech(&mut self, samples: &[i16]) -> bool {
        let movement = self.movement();
        if self.loud >= RECENT && movement < STEADY {
            return false;
        }
        if self.hangover > 0 {
            return true;
        }
        let narrow = narrow(samples, self.rate, &mut self.scratch);
        push_slow(narrow, &mut self.slow);
        pitch_strength(&self.slow) > VOICED || (self.loud >= RECENT && movement > WHISPER)
    }

    /// Between the softest and the loudest of the recent frames, in dB.
    fn movement(&self) -> f32 {
        let (low, high) = self
            .recent
            .iter()
            .fold((f32::MAX, f32::MIN), |(low, high), &level| (low.min(level), high.max(level)));
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

/// The best normalised correlation of the newest 20 ms with what was 2.5 to 15 ms earlier (66–400 Hz).
fn pitch_strength(slow: &[f32]) -> f32 {
    let Some(start) = slow.len().checked_sub(SLOW_FRAME).filter(|&start| start >= SLOW_FRAME) else {
        return 0.0;
    };
    let mean = slow.iter().sum::<f32>() / slow.len() as f32;
    let newest = slow.get(start..).unwrap_or_default();
    let energy: f32 = newest.iter().map(|s| (s - mean).powi(2)).sum();
    (10..=60)
        .map(|lag| {
            let older = slow.get(start - lag..start - lag + SLOW_FRAME).unwrap_or_default();
            let (product, other) = newest.iter().zip(older).fold((0.0, 1.0), |(product, other), (a, b)| {
                let (a, b) = (a - mean, b - mean);
                (product + a * b, other + b * b)
            });
            product / (energy * other + 1.0).sqrt()
        })
        .fold(0.0, f32::max)
}

#[cfg(test)]
mod tests;
