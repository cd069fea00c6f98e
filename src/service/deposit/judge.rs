//! The verdict on a recording that a crash cut off before the recorder could give one. Pure.

use std::time::Duration;

use crate::audio::resample::resample;
use crate::audio::tones::{ToneClassifier, classify_recording};
use crate::audio::vad::{self, SpeechDetector};
use crate::blob::spool::Verdict;

const FRAME: Duration = Duration::from_millis(20);
/// The rates that the detectors take as they are.
const RATES: [u32; 3] = [8_000, 16_000, 48_000];

/// Keeps everything, and says what it is and how much of it is speech.
pub(super) fn verdict(samples: &[i16], sample_rate: u32, min_speech: Duration) -> Verdict {
    if RATES.contains(&sample_rate) {
        return judge(samples, samples.len(), sample_rate, min_speech);
    }
    judge(&resample(samples, sample_rate.max(1), RATES[0]), samples.len(), RATES[0], min_speech)
}

fn judge(samples: &[i16], recorded: usize, rate: u32, min_speech: Duration) -> Verdict {
    let (mut detector, mut tones) = (SpeechDetector::new(rate), ToneClassifier::new(rate));
    let mut voiced = Duration::ZERO;
    for frame in samples.chunks_exact(rate as usize / 50) {
        tones.frame(frame);
        if detector.frame(frame) == vad::Verdict::Speech {
            voiced += FRAME;
        }
    }
    let class = classify_recording(tones.class(), voiced, min_speech);
    let voiced_ms = u32::try_from(voiced.as_millis()).unwrap_or(u32::MAX);
    Verdict { keep_samples: recorded as u64, voiced_ms, class }
}
