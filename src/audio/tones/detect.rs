//! Hears DTMF keys in the sound (ITU-T Q.23, Q.24), for peers that do not send telephone-events.
//!
//! Says each press once. Voices and music must not press keys: a key is two tones and nothing else, in blocks that follow
//! each other.

use std::sync::LazyLock;

use super::{HIGH, KEYS, LOW, Probe, dot};
use crate::audio::level::narrow;

/// 12.75 ms at 8 kHz.
const BLOCK: usize = 102;
/// Weaker tones are not heard: −36 dBFS each, below which networks do not deliver keys.
const WEAKEST: f32 = 32_768.0 * 32_768.0 * 0.000_25 / 2.0;
/// The high tone may be 6 dB (factor of power) stronger than the low one, the low one 9 dB stronger: lines damp high tones.
const TWIST: f32 = 4.0;
const REVERSE_TWIST: f32 = 8.0;
/// The keys' tones as they should be, and as far off as they may be (ITU-T Q.24: 1.5 %). So far off, a block measures a
/// quarter of a high tone's power beside it, and a true key would look like a sound of more than two tones.
static TONES: LazyLock<Probe<8>> = LazyLock::new(|| tones(1.0));
static LOWER: LazyLock<Probe<8>> = LazyLock::new(|| tones(0.988));
static HIGHER: LazyLock<Probe<8>> = LazyLock::new(|| tones(1.012));

/// How sure a block must be of its key.
#[derive(Debug, Clone, Copy)]
struct Strictness {
    /// Each tone stands out from the others of its group by this factor of power.
    stands_out: f32,
    /// So much of the power of the block is in the two tones.
    pure: f32,
}

/// To begin a press: a voice spreads more.
const BEGIN: Strictness = Strictness { stands_out: 3.5, pure: 0.8 };
/// While a key is down: its two tones beat with the length of the block.
const GO_ON: Strictness = Strictness { stands_out: 2.0, pure: 0.55 };
/// Blocks in a row that make a press, and blocks without it that end it.
const ON: u8 = 2;
const OFF: u8 = 2;

/// Follows one stream. Frames may have any length.
#[derive(Debug)]
pub struct DtmfDetector {
    rate: u32,
    block: Vec<f32>,
    scratch: Vec<i16>,
    /// What the last blocks held, and how many in a row.
    candidate: Option<char>,
    seen: u8,
    /// The key that is down, and for how many blocks it has been missing.
    down: Option<char>,
    missing: u8,
}

impl DtmfDetector {
    /// For samples at `rate`: 8000, 16000 or 48000.
    pub fn new(rate: u32) -> Self {
        Self {
            rate,
            block: Vec::with_capacity(BLOCK),
            scratch: Vec::new(),
            candidate: None,
            seen: 0,
            down: None,
            missing: 0,
        }
    }

    /// Takes the next samples; tells the key that was pressed within them. (Two presses cannot begin within 20 ms.)
    pub fn frame(&mut self, samples: &[i16]) -> Option<char> {
        let mut scratch = std::mem::take(&mut self.scratch);
        let mut pressed = None;
        for &sample in narrow(samples, self.rate, &mut scratch) {
            self.block.push(f32::from(sample));
            if self.block.len() == BLOCK {
                let key = self.key_of_block();
                self.block.clear();
                pressed = self.follow(key).or(pressed);
            }
        }
        self.scratch = scratch;
        pressed
    }

    /// Whether a key is down at the end of what was taken in.
    pub const fn is_down(&self) -> bool {
        self.down.is_some()
    }

    fn key_of_block(&self) -> Option<char> {
        let power = dot(&self.block, &self.block) / BLOCK as f32;
        if power < 2.0 * WEAKEST {
            return None;
        }
        let powers = TONES.measure(&self.block);
        let (low, high) = powers.split_at(4);
        let strictness = if self.down.is_some() { GO_ON } else { BEGIN };
        let (row, low) = strongest(low, strictness.stands_out)?;
        let (column, high) = strongest(high, strictness.stands_out)?;
        let (low, high) = (self.retuned(row, low), self.retuned(4 + column, high));
        let is_key = low > WEAKEST
            && high > WEAKEST
            && high < low * TWIST
            && low < high * REVERSE_TWIST
            && low + high > strictness.pure * power;
        is_key.then(|| KEYS.get(row).and_then(|keys| keys.get(column)).copied()).flatten()
    }

    /// The power of one of the eight tones, wherever between the limits it lies.
    fn retuned(&self, tone: usize, power: f32) -> f32 {
        power.max(LOWER.at(tone, &self.block)).max(HIGHER.at(tone, &self.block))
    }

    /// A press is told when its second block is heard.
    fn follow(&mut self, key: Option<char>) -> Option<char> {
        self.seen = if key == self.candidate { self.seen.saturating_add(1) } else { 1 };
        self.candidate = key;
        if key == self.down {
            self.missing = 0;
            return None;
        }
        self.missing = self.missing.saturating_add(1);
        if self.missing >= OFF {
            self.down = None;
        }
        let fresh = key.filter(|_| self.seen >= ON)?;
        self.down = Some(fresh);
        self.missing = 0;
        Some(fresh)
    }
}

fn tones(tuning: f64) -> Probe<8> {
    let [a, b, c, d] = LOW;
    let [e, f, g, h] = HIGH;
    Probe::new([a, b, c, d, e, f, g, h].map(|hz| hz * tuning), BLOCK)
}

/// The strongest of a group and its power, when it stands out from the others.
fn strongest(powers: &[f32], stands_out: f32) -> Option<(usize, f32)> {
    let (best, &power) = powers.iter().enumerate().max_by(|a, b| a.1.total_cmp(b.1))?;
    let alone = powers.iter().enumerate().all(|(i, &other)| i == best || other * stands_out < power);
    alone.then_some((best, power))
}
