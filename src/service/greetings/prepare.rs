//! An uploaded file becomes a greeting: mono, 16 kHz, as loud as the others, WAV. Pure; for a thread that may work for seconds.

use std::time::Duration;

use bytes::Bytes;

use super::{GreetingError, MAX_SECONDS};
use crate::audio::decode::{DecodeLimits, decode_upload};
use crate::audio::loudness::{SPOKEN, normalise};
use crate::audio::resample::resample;
use crate::audio::wav;

const RATE: u32 = 16_000;

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
    let samples = normalise(&resample(&decoded.samples, decoded.rate, RATE), RATE, SPOKEN);
    let wav = wav::write(&samples, RATE).map_err(|error| GreetingError::Failed(error.to_string()))?;
    let millis = samples.len() as u64 * 1_000 / u64::from(RATE);
    Ok(Prepared { wav: Bytes::from(wav), duration_ms: u32::try_from(millis).unwrap_or(u32::MAX) })
}
