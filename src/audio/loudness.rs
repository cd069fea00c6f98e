//! How loud a recording is (EBU R 128, ITU-T BS.1770), what is wrong with it, and how it becomes as loud as the others.
//!
//! For whole recordings (greetings, prompts, names), not for streams.

use ebur128::{EbuR128, Mode};

/// Loudness of greetings and prompts, in LUFS: loud enough for a telephone, with room for the peaks of a voice.
pub const SPOKEN: f32 = -20.0;
/// No peak above this, in dB of full scale, between samples included.
const CEILING: f32 = -1.0;
/// More amplification would only bring up noise.
const MOST_GAIN: f32 = 30.0;
/// So far below [`SPOKEN`] a greeting is called too quiet.
const TOO_QUIET: f32 = 12.0;
/// A limited peak costs loudness: so many rounds make up for it …
const ROUNDS: usize = 4;
/// … until it is right within so many dB.
const EXACT: f32 = 0.1;
/// Shorter sounds are measured as repeated ones, since the gate of the standard works on blocks of 400 ms.
const MEASURED_SECONDS: usize = 4;
/// Samples at full scale in a row that are a clipped wave.
const CLIPPED_RUN: usize = 3;
/// Part of the samples that may be clipped before it is worth a word.
const CLIPPED_PART: f32 = 0.001;
/// The limiter looks so far ahead, and recovers within about so long.
const ATTACK_MS: usize = 5;
const RELEASE_MS: f32 = 80.0;

/// What is wrong with a recording, worst first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Flaw {
    /// Nothing can be heard.
    Silent,
    /// The microphone was overdriven: no program can repair it.
    Clipped,
    /// So many dB below what is usual.
    TooQuiet(u8),
}

/// What was measured.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Loudness {
    /// Integrated loudness in LUFS; `None` for silence.
    pub lufs: Option<f32>,
    /// Highest peak, between samples included, in dB of full scale.
    pub peak: f32,
    /// Part of the samples in clipped runs, 0–1.
    pub clipped: f32,
}

impl Loudness {
    /// What its owner should know.
    pub fn flaw(&self) -> Option<Flaw> {
        let Some(lufs) = self.lufs else { return Some(Flaw::Silent) };
        if self.clipped > CLIPPED_PART {
            return Some(Flaw::Clipped);
        }
        let missing = SPOKEN - lufs;
        (missing > TOO_QUIET).then(|| Flaw::TooQuiet(missing.round() as u8))
    }
}

/// Measures mono samples. A rate or length that no meter takes is silence.
pub fn measure(samples: &[i16], rate: u32) -> Loudness {
    let clipped = clipped_samples(samples) as f32 / samples.len().max(1) as f32;
    Loudness {
        lufs: loudness(samples, rate),
        peak: true_peak(samples, rate).unwrap_or(f32::NEG_INFINITY),
        clipped,
    }
}

fn true_peak(samples: &[i16], rate: u32) -> Option<f32> {
    let mut meter = meter(rate, Mode::TRUE_PEAK)?;
    meter.add_frames_i16(samples).ok()?;
    Some(20.0 * meter.true_peak(0).ok()?.max(1e-6).log10() as f32)
}

/// Integrated loudness; `None` for silence.
fn loudness(samples: &[i16], rate: u32) -> Option<f32> {
    let mut meter = meter(rate, Mode::I)?;
    let times = (rate as usize * MEASURED_SECONDS).checked_div(samples.len())?.max(1);
    for _ in 0..times {
        meter.add_frames_i16(samples).ok()?;
    }
    meter.loudness_global().ok().filter(|lufs| lufs.is_finite()).map(|lufs| lufs as f32)
}

fn meter(rate: u32, mode: Mode) -> Option<EbuR128> {
    (1_000..=384_000).contains(&rate).then(|| EbuR128::new(1, rate, mode).ok()).flatten()
}

fn clipped_samples(samples: &[i16]) -> usize {
    samples
        .chunk_by(|a, b| a == b)
        .filter(|run| run.len() >= CLIPPED_RUN && run.first().is_some_and(|s| s.unsigned_abs() >= 32_700))
        .map(<[i16]>::len)
        .sum()
}

/// The samples at `target` LUFS ([`SPOKEN`]), peaks held at −1 dB; unchanged when they are silent.
pub fn normalise(samples: &[i16], rate: u32, target: f32) -> Vec<i16> {
    let Some(mut lufs) = loudness(samples, rate) else { return samples.to_vec() };
    let (mut gain, mut out) = (0.0, samples.to_vec());
    for _ in 0..ROUNDS {
        let missing = (target - lufs).min(MOST_GAIN - gain);
        if missing.abs() < EXACT {
            break;
        }
        gain += missing;
        out = amplified(samples, rate, gain);
        lufs = loudness(&out, rate).unwrap_or(target);
    }
    out
}

/// So many dB louder, peaks held.
fn amplified(samples: &[i16], rate: u32, gain: f32) -> Vec<i16> {
    let gain = amplitude(gain);
    let louder: Vec<f32> = samples.iter().map(|&sample| f32::from(sample) * gain).collect();
    let limited = to_i16(&limit(&louder, rate));
    // Between the samples a peak can be higher than at them.
    let over = true_peak(&limited, rate).unwrap_or(CEILING) - CEILING;
    if over <= 0.0 {
        return limited;
    }
    let gain = amplitude(-over);
    limited.iter().map(|&sample| (f32::from(sample) * gain) as i16).collect()
}

fn amplitude(decibels: f32) -> f32 {
    10_f32.powf(decibels / 20.0)
}

fn to_i16(samples: &[f32]) -> Vec<i16> {
    samples.iter().map(|sample| sample.round() as i16).collect()
}

/// Turns down ahead of a peak and up again after it, so that nothing is cut off.
fn limit(samples: &[f32], rate: u32) -> Vec<f32> {
    let ceiling = amplitude(CEILING) * 32_768.0;
    let ahead = (rate as usize * ATTACK_MS / 1000).max(1);
    let release = 1.0 / (RELEASE_MS / 1000.0 * rate as f32).max(1.0);
    // The gain that each sample needs; then the least of the next ones; then a way there without a step.
    let needed: Vec<f32> = samples
        .iter()
        .map(|sample| if sample.abs() > ceiling { ceiling / sample.abs() } else { 1.0 })
        .collect();
    let mut allowed = 1.0_f32;
    let held: Vec<f32> = least_ahead(&needed, ahead)
        .into_iter()
        .map(|least| {
            allowed = if least < allowed { least } else { allowed + (least - allowed) * release };
            allowed
        })
        .collect();
    let mut sum = ahead as f64;
    let gains: Vec<f32> = (0..held.len())
        .map(|n| {
            let old = n.checked_sub(ahead).and_then(|n| held.get(n)).copied().unwrap_or(1.0);
            sum += f64::from(held.get(n).copied().unwrap_or(1.0)) - f64::from(old);
            (sum / ahead as f64) as f32
        })
        .collect();
    samples.iter().zip(gains).zip(needed).map(|((sample, gain), needed)| sample * gain.min(needed)).collect()
}

/// For each place the least of it and the next `ahead` values.
fn least_ahead(values: &[f32], ahead: usize) -> Vec<f32> {
    let mut least = vec![1.0; values.len()];
    let mut window = std::collections::VecDeque::<(usize, f32)>::new();
    for (n, &value) in values.iter().enumerate().rev() {
        while window.back().is_some_and(|&(_, other)| other >= value) {
            window.pop_back();
        }
        window.push_back((n, value));
        while window.front().is_some_and(|&(other, _)| other > n + ahead) {
            window.pop_front();
        }
        if let (Some(slot), Some(&(_, value))) = (least.get_mut(n), window.front()) {
            *slot = value;
        }
    }
    least
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audio::synth::{noise, sine, voice};

    #[test]
    fn a_sine_is_as_loud_as_the_standard_says() {
        // EBU Tech 3341: a 1 kHz sine of −23 dBFS in one channel is 3 dB less than −23 LUFS in two.
        let tone = sine(48_000, 1_000.0, 3_000, 32_768.0 * 10_f64.powf(-23.0 / 20.0));
        let loudness = measure(&tone, 48_000);
        assert!((loudness.lufs.unwrap() + 26.0).abs() < 0.3, "{loudness:?}");
        assert!((loudness.peak + 23.0).abs() < 0.2);
    }

    #[test]
    fn quiet_and_loud_voices_become_equally_loud_without_clipping() {
        for rate in [8_000, 16_000, 48_000] {
            for peak in [900.0, 8_000.0, 32_000.0] {
                let out = normalise(&voice(rate, 3_000, peak), rate, SPOKEN);
                let loudness = measure(&out, rate);
                assert!((loudness.lufs.unwrap() - SPOKEN).abs() < 1.0, "{rate} {peak}: {loudness:?}");
                assert!(loudness.peak <= CEILING + 0.05, "{rate} {peak}: {loudness:?}");
                assert_eq!(loudness.flaw(), None);
            }
        }
    }

    #[test]
    fn a_click_is_held_and_the_voice_beside_it_keeps_its_level() {
        let mut sound = voice(16_000, 3_000, 3_000.0);
        sound[24_000] = 32_000;
        let out = normalise(&sound, 16_000, SPOKEN);
        let loudness = measure(&out, 16_000);
        assert!(loudness.peak <= CEILING + 0.05, "{loudness:?}");
        assert!((loudness.lufs.unwrap() - SPOKEN).abs() < 1.5, "{loudness:?}");
    }

    #[test]
    fn flaws_are_named() {
        assert_eq!(measure(&[0; 16_000], 16_000).flaw(), Some(Flaw::Silent));
        let whisper = voice(16_000, 3_000, 300.0);
        assert!(matches!(measure(&whisper, 16_000).flaw(), Some(Flaw::TooQuiet(13..))));
        let overdriven: Vec<i16> =
            voice(16_000, 3_000, 30_000.0).iter().map(|s| s.saturating_mul(6)).collect();
        assert_eq!(measure(&overdriven, 16_000).flaw(), Some(Flaw::Clipped));
        assert_eq!(measure(&voice(16_000, 3_000, 12_000.0), 16_000).flaw(), None);
    }

    #[test]
    fn silence_stays_silence_and_noise_is_not_blown_up_without_end() {
        assert_eq!(normalise(&[0; 8_000], 8_000, SPOKEN), vec![0; 8_000]);
        let faint = noise(8_000, 2_000, 4.0);
        let out = normalise(&faint, 8_000, SPOKEN);
        let loudest = |s: &[i16]| s.iter().map(|s| s.unsigned_abs()).max().unwrap_or(0);
        assert!(loudest(&out) <= loudest(&faint) * 33);
    }

    #[test]
    fn short_sounds_and_odd_rates_are_measured_or_left_alone() {
        assert!(measure(&voice(8_000, 150, 9_000.0), 8_000).lufs.is_some());
        assert_eq!(measure(&[], 8_000).lufs, None);
        assert_eq!(normalise(&[5, 6], 0, SPOKEN), [5, 6]);
    }
}
