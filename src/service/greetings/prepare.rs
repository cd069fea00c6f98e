//! An uploaded file becomes a greeting: mono, 16 kHz, as loud as the others, WAV. Pure; for a thread that may work for seconds.

use std::time::Duration;

use bytes::Bytes;
use ebur128::{EbuR128, Mode};

use super::{GreetingError, MAX_SECONDS};
use crate::audio::decode::{DecodeLimits, decode_upload};
use crate::audio::resample::resample;
use crate::audio::wav;

const RATE: u32 = 16_000;
/// Loudness of every greeting in LUFS (EBU R 128): that of the prompts, with room for the peaks of a voice.
const LOUDNESS: f64 = -20.0;
/// Quiet files are raised by at most so much: beyond it the noise would be heard.
const MOST_GAIN_DB: f64 = 24.0;
/// Highest sample after levelling.
const PEAK: f64 = 0.95 * 32_767.0;

/// A greeting as it is stored.
#[derive(Debug)]
pub(super) struct Prepared {
    pub(super) wav: Bytes,
    pub(super) duration_ms: u32,
}

/// Decodes, mixes down, resamples and levels.
pub(super) fn prepare(file: Bytes) -> Result<Prepared, GreetingError> {
    let limits = DecodeLimits {
        max_seconds: MAX_SECONDS,
        max_samples: MAX_SECONDS as usize * 96_000,
        max_time: Duration::from_secs(20),
    };
    let decoded = decode_upload(file.into(), limits)?;
    let mut samples = resample(&decoded.samples, decoded.rate, RATE);
    level(&mut samples)?;
    let wav = wav::write(&samples, RATE).map_err(|error| GreetingError::Failed(error.to_string()))?;
    let millis = samples.len() as u64 * 1_000 / u64::from(RATE);
    Ok(Prepared { wav: Bytes::from(wav), duration_ms: u32::try_from(millis).unwrap_or(u32::MAX) })
}

/// Brings the samples to [`LOUDNESS`], as far as their peaks allow.
fn level(samples: &mut [i16]) -> Result<(), GreetingError> {
    let failed = |error: ebur128::Error| GreetingError::Failed(error.to_string());
    let mut meter = EbuR128::new(1, RATE, Mode::I).map_err(failed)?;
    meter.add_frames_i16(samples).map_err(failed)?;
    let loudness = meter.loudness_global().map_err(failed)?;
    let peak = samples.iter().map(|sample| sample.unsigned_abs()).max().unwrap_or(0);
    // Shorter than one gating block (400 ms), or all of it below the gate: its peak is all there is to go by.
    let wanted = if loudness.is_finite() { LOUDNESS - loudness } else { MOST_GAIN_DB };
    let gain = 10_f64.powf(wanted.min(MOST_GAIN_DB) / 20.0).min(PEAK / f64::from(peak.max(1)));
    for sample in samples {
        *sample = (f64::from(*sample) * gain).round().clamp(-32_768.0, 32_767.0) as i16;
    }
    Ok(())
}
