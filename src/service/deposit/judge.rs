//! The verdict on a recording that a crash cut off before the recorder could give one. Pure.

use std::time::Duration;

use webrtc_vad::{SampleRate, Vad, VadMode};

use crate::audio::resample::resample;
use crate::blob::spool::Verdict;
use crate::domain::RecordingClass;

/// Samples of a 20 ms frame at 8 kHz, where speech is judged.
const FRAME: usize = 160;
const RATE: u32 = 8_000;

/// Keeps everything, and says how much of it is speech.
pub(super) fn verdict(samples: &[i16], sample_rate: u32, min_speech: Duration) -> Verdict {
    let at_8_khz = if sample_rate == RATE || sample_rate == 0 {
        samples.to_vec()
    } else {
        resample(samples, sample_rate, RATE)
    };
    let mut vad = Vad::new_with_rate_and_mode(SampleRate::Rate8kHz, VadMode::VeryAggressive);
    let voiced = at_8_khz.chunks_exact(FRAME).filter(|frame| vad.is_voice_segment(frame) == Ok(true)).count();
    let voiced = Duration::from_millis(20) * u32::try_from(voiced).unwrap_or(u32::MAX);
    let class = if voiced < min_speech { RecordingClass::NoSpeech } else { RecordingClass::Speech };
    let voiced_ms = u32::try_from(voiced.as_millis()).unwrap_or(u32::MAX);
    Verdict { keep_samples: samples.len() as u64, voiced_ms, class }
}
