//! Tones: the beep a caller hears, keys sent in the sound (DTMF), and the tones of telephone networks.
//!
//! [`sine`], [`beep`] and [`dtmf`] make them, [`DtmfDetector`] and [`ToneClassifier`] hear them. Telephone-events of RTP are not sound and
//! belong to [`crate::rtp`].

mod classify;
mod detect;
mod tail;

pub(super) use classify::purity;
pub use classify::{ToneClass, ToneClassifier, classify_recording};
pub use detect::DtmfDetector;

use std::f64::consts::TAU;
use std::time::Duration;

/// The low and the high group of DTMF (ITU-T Q.23), in Hz.
const LOW: [f64; 4] = [697.0, 770.0, 852.0, 941.0];
const HIGH: [f64; 4] = [1209.0, 1336.0, 1477.0, 1633.0];
/// The keys by low and high frequency.
const KEYS: [[char; 4]; 4] =
    [['1', '2', '3', 'A'], ['4', '5', '6', 'B'], ['7', '8', '9', 'C'], ['*', '0', '#', 'D']];

fn samples_in(length: Duration, rate: u32) -> usize {
    usize::try_from(length.as_millis() * u128::from(rate) / 1000).unwrap_or(0)
}

/// A sum of sines, each at this peak, with ramps of 5 ms that keep it from clicking.
fn chord(frequencies: &[f64], length: Duration, rate: u32, peak: f64) -> Vec<i16> {
    let samples = samples_in(length, rate);
    let ramp = (f64::from(rate) * 0.005).max(1.0);
    (0..samples)
        .map(|n| {
            let t = n as f64 / f64::from(rate.max(1));
            let edge = (n.min(samples - 1 - n) as f64 / ramp).min(1.0);
            // Half a cosine: no corner at either end.
            let gain = (1.0 - (edge * TAU / 2.0).cos()) / 2.0;
            let sum: f64 = frequencies.iter().map(|hz| (TAU * hz * t).sin()).sum();
            (sum * gain * peak).round() as i16
        })
        .collect()
}

/// A sine of this frequency and peak (of 32767), with soft ends.
pub fn sine(hz: f64, length: Duration, rate: u32, peak: i16) -> Vec<i16> {
    chord(&[hz], length, rate, f64::from(peak))
}

/// The tone before a recording: 1 kHz at −15 dBFS, clear but not startling.
pub fn beep(length: Duration, rate: u32) -> Vec<i16> {
    sine(1_000.0, length, rate, 8_230)
}

/// A key as sound (ITU-T Q.23), each tone at −12 dBFS. `None` when it is no key of 0–9, A–D, `*` and `#`.
pub fn dtmf(key: char, length: Duration, rate: u32) -> Option<Vec<i16>> {
    let key = key.to_ascii_uppercase();
    let (row, column) = KEYS
        .iter()
        .enumerate()
        .find_map(|(row, keys)| keys.iter().position(|&k| k == key).map(|column| (row, column)))?;
    Some(chord(&[*LOW.get(row)?, *HIGH.get(column)?], length, rate, 11_600.0))
}

/// Measures how much of a block lies at given frequencies: the Goertzel filter as a sum of products, which needs no
/// sample to wait for the one before.
#[derive(Debug)]
struct Probe<const N: usize> {
    /// For each frequency the cosines of the block, then the sines.
    waves: Vec<f32>,
    block: usize,
}

impl<const N: usize> Probe<N> {
    /// For blocks of `block` samples at 8 kHz.
    fn new(frequencies: [f64; N], block: usize) -> Self {
        let mut waves = Vec::with_capacity(2 * N * block);
        for hz in frequencies {
            let angle = move |n: usize| TAU * hz * n as f64 / 8_000.0;
            waves.extend((0..block).map(|n| angle(n).cos() as f32));
            waves.extend((0..block).map(|n| angle(n).sin() as f32));
        }
        Self { waves, block }
    }

    /// Mean square at each frequency, in the unit of the samples squared: a sine of peak `a` gives `a²/2`.
    fn measure(&self, block: &[f32]) -> [f32; N] {
        std::array::from_fn(|index| self.at(index, block))
    }

    /// The same at one of the frequencies; 0 if there is no such one.
    fn at(&self, index: usize, block: &[f32]) -> f32 {
        let scale = 2.0 / (self.block as f32 * self.block as f32);
        let Some(waves) = self.waves.chunks_exact(2 * self.block).nth(index) else { return 0.0 };
        let (cosines, sines) = waves.split_at(self.block);
        (dot(block, cosines).powi(2) + dot(block, sines).powi(2)) * scale
    }
}

/// Sum of products in eight lanes.
pub(super) fn dot(a: &[f32], b: &[f32]) -> f32 {
    let mut lanes = [0.0_f32; 8];
    let (a8, b8) = (a.chunks_exact(8), b.chunks_exact(8));
    let rest: f32 = a8.remainder().iter().zip(b8.remainder()).map(|(x, y)| x * y).sum();
    for (x, y) in a8.zip(b8) {
        for ((lane, x), y) in lanes.iter_mut().zip(x).zip(y) {
            *lane += x * y;
        }
    }
    lanes.iter().sum::<f32>() + rest
}

#[cfg(test)]
mod tests;
