//! An uploaded file becomes a greeting: mono, 16 kHz, without dead air at its ends, as loud as the others, WAV; and what its owner
//! should know of it. Pure; for a thread that may work for seconds.

use std::time::Duration;

use bytes::Bytes;

use super::{GreetingError, MAX_SECONDS};
use crate::audio::decode::{DecodeLimits, decode_upload};
use crate::audio::edit::without_dead_air;
use crate::audio::loudness::{Flaw, SPOKEN, measure, normalise};
use crate::audio::resample::resample;
use crate::audio::wav;

const RATE: u32 = 16_000;

/// What the owner should know of an uploaded file. Each is a sentence.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Remark {
    /// Nothing can be heard, although there are samples.
    #[error("nothing can be heard in your file: callers will hear silence")]
    Silent,
    /// The microphone was overdriven.
    #[error("your file is overdriven and sounds harsh: record it again, further from the microphone")]
    Clipped,
    /// So many dB below the loudness of the others.
    #[error("your file was {0} dB too quiet and was raised")]
    Raised(u8),
    /// It could not be raised to the loudness of the others: still so many dB below.
    #[error(
        "your file is still {0} dB quieter than other greetings: record it again, closer to the microphone"
    )]
    StillQuiet(u8),
    /// Dead air that was cut off, in milliseconds.
    #[error("{0} ms of silence at the ends of your file were cut off")]
    Trimmed(u32),
}

/// A greeting as it is stored.
#[derive(Debug)]
pub(super) struct Prepared {
    pub(super) wav: Bytes,
    pub(super) duration_ms: u32,
    pub(super) remarks: Vec<Remark>,
}

/// Speech of a file, ready to be heard: mono, 16 kHz, without dead air at its ends, as loud as the rest.
#[derive(Debug, Clone)]
pub struct Spoken {
    /// Mono.
    pub samples: Vec<i16>,
    /// Samples in a second.
    pub rate: u32,
    /// What its owner should know of it.
    pub remarks: Vec<Remark>,
}

/// As a greeting is stored.
pub(super) fn prepare(file: Bytes) -> Result<Prepared, GreetingError> {
    let Spoken { samples, rate, remarks } = spoken(file)?;
    let wav = wav::write(&samples, rate).map_err(|error| GreetingError::Failed(error.to_string()))?;
    Ok(Prepared { wav: Bytes::from(wav), duration_ms: millis(samples.len()), remarks })
}

/// Decodes, mixes down, resamples, trims and levels.
pub(super) fn spoken(file: Bytes) -> Result<Spoken, GreetingError> {
    let limits = DecodeLimits {
        max_seconds: MAX_SECONDS,
        max_samples: MAX_SECONDS as usize * 96_000,
        max_time: Duration::from_secs(20),
    };
    let decoded = decode_upload(file.into(), limits)?;
    let whole = resample(&decoded.samples, decoded.rate, RATE);
    let range = without_dead_air(&whole, RATE);
    let trimmed = whole.get(range).unwrap_or(&whole);
    let samples = normalise(trimmed, RATE, SPOKEN);
    // Clipping is seen where the file's own samples are: resampling rounds it off.
    let mut remarks = remarks(measure(&decoded.samples, decoded.rate).flaw(), &samples);
    if trimmed.len() < whole.len() {
        remarks.push(Remark::Trimmed(millis(whole.len() - trimmed.len())));
    }
    Ok(Spoken { samples, rate: RATE, remarks })
}

fn remarks(flaw: Option<Flaw>, levelled: &[i16]) -> Vec<Remark> {
    let flaw = flaw.map(|flaw| match flaw {
        Flaw::Silent => Remark::Silent,
        Flaw::Clipped => Remark::Clipped,
        Flaw::TooQuiet(by) => Remark::Raised(by),
    });
    let still = match measure(levelled, RATE).flaw() {
        Some(Flaw::TooQuiet(by)) => Some(Remark::StillQuiet(by)),
        _ => None,
    };
    flaw.into_iter().chain(still).collect()
}

fn millis(samples: usize) -> u32 {
    u32::try_from(samples as u64 * 1_000 / u64::from(RATE)).unwrap_or(u32::MAX)
}
