//! The sound of a prompt: trimmed to its words, faded at its ends, as loud as every other; and measured for it.
//!
//! Pure functions over samples; [`super`] makes and reads the files.

use std::time::Duration;

use crate::audio::loudness::{self, SPOKEN};

/// Samples per second of every clip that is built.
pub const RATE: u32 = 16_000;
/// Below this (−47 dB of full scale, after levelling) there are no words.
const QUIET: u16 = 150;
/// What is left before the first sound and after the last one.
const LEAD: Duration = Duration::from_millis(25);
const TAIL: Duration = Duration::from_millis(45);
const FADE_IN: Duration = Duration::from_millis(8);
const FADE_OUT: Duration = Duration::from_millis(25);

/// Trims, fades and levels.
///
/// # Errors
/// What is wrong with the sound.
pub(super) fn shape(samples: &[i16]) -> Result<Vec<i16>, &'static str> {
    // Levelled before it is trimmed, so that the threshold means the same in every clip; and once more after it, since
    // silence at the ends is part of what was measured.
    let mut samples = level(samples)?;
    samples = level(trim(&samples).ok_or("there are no words in it")?)?;
    fade(&mut samples);
    Ok(samples)
}

/// Keeps so many bits of each sample.
pub(super) fn coarsen(samples: &mut [i16], bits: u8) {
    let step = 1_i32 << 16_u8.saturating_sub(bits).min(15);
    for sample in samples {
        let rounded = (i32::from(*sample) + step / 2).div_euclid(step) * step;
        *sample = i16::try_from(rounded).unwrap_or(i16::MAX - (step - 1) as i16);
    }
}

fn level(samples: &[i16]) -> Result<Vec<i16>, &'static str> {
    if loudness::measure(samples, RATE).lufs.is_none() {
        return Err("it is silent");
    }
    Ok(loudness::normalise(samples, RATE, SPOKEN))
}

fn trim(samples: &[i16]) -> Option<&[i16]> {
    let loud = |sample: &i16| sample.unsigned_abs() >= QUIET;
    let first = samples.iter().position(loud)?;
    let last = samples.iter().rposition(loud)?;
    let from = first.saturating_sub(count(LEAD, RATE));
    let to = (last + count(TAIL, RATE)).min(samples.len());
    samples.get(from..to)
}

fn fade(samples: &mut [i16]) {
    let ramp = |sample: &mut i16, place: usize, length: usize| {
        *sample = (f64::from(*sample) * place as f64 / length as f64).round() as i16;
    };
    let length = count(FADE_IN, RATE);
    for (place, sample) in samples.iter_mut().take(length).enumerate() {
        ramp(sample, place, length);
    }
    let length = count(FADE_OUT, RATE);
    for (place, sample) in samples.iter_mut().rev().take(length).enumerate() {
        ramp(sample, place, length);
    }
}

fn count(length: Duration, rate: u32) -> usize {
    usize::try_from(length.as_millis() * u128::from(rate) / 1000).unwrap_or(0)
}

/// How a clip sounds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Measure {
    /// Integrated loudness in LUFS; negative infinity for silence.
    pub loudness: f32,
    /// Silence before the first sound.
    pub lead: Duration,
    /// Silence after the last sound.
    pub tail: Duration,
    /// Whether it reaches full scale.
    pub clipped: bool,
}

impl Measure {
    /// Measures a clip of this rate.
    pub fn of(samples: &[i16], rate: u32) -> Self {
        // A little below the threshold of the trimming, which saw the sound before its last levelling.
        let loud = |sample: &i16| sample.unsigned_abs() >= QUIET * 2 / 3;
        let first = samples.iter().position(loud).unwrap_or(samples.len());
        let last = samples.iter().rev().position(loud).unwrap_or(samples.len());
        let length = |count: usize| Duration::from_secs(count as u64) / rate.max(1);
        Self {
            loudness: loudness::measure(samples, rate).lufs.unwrap_or(f32::NEG_INFINITY),
            lead: length(first),
            tail: length(last),
            clipped: samples.iter().any(|sample| sample.unsigned_abs() >= i16::MAX as u16),
        }
    }

    /// What makes it sound unlike the others, one sentence each.
    pub fn remarks(&self) -> Vec<String> {
        const EDGE: Duration = Duration::from_millis(60);
        let mut remarks = Vec::new();
        if (self.loudness - SPOKEN).abs() > 1.0 {
            remarks.push(format!("{:.1} LUFS instead of {SPOKEN}", self.loudness));
        }
        if self.lead > EDGE {
            remarks.push(format!("{} ms of silence at the beginning", self.lead.as_millis()));
        }
        if self.tail > EDGE {
            remarks.push(format!("{} ms of silence at the end", self.tail.as_millis()));
        }
        if self.clipped {
            remarks.push("it is clipped".to_owned());
        }
        remarks
    }
}
