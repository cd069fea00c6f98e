//! The verdict on a recording that a crash cut off before the recorder could give one. Pure.
//!
//! Milder than the recorder's: its caller could not finish and will not be asked again, so what either detector takes for a voice is
//! a message.

use std::time::Duration;

use crate::audio::resample::resample;
use crate::audio::tones::{ToneClassifier, classify_recording};
use crate::audio::vad::{self, SpeechDetector, second};
use crate::blob::spool::Verdict;
use crate::domain::RecordingClass;

const FRAME: Duration = Duration::from_millis(20);
/// Who was cut off after a word has left a message, whatever the mailbox asks for.
const WORD: Duration = Duration::from_millis(300);
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
    let enough = min_speech.min(WORD).max(FRAME);
    let mut class = classify_recording(tones.class(), voiced, enough);
    if class == RecordingClass::NoSpeech {
        voiced = voiced.max(second::voiced(samples, rate));
        class = classify_recording(tones.class(), voiced, enough);
    }
    let voiced_ms = u32::try_from(voiced.as_millis()).unwrap_or(u32::MAX);
    Verdict { keep_samples: recorded as u64, voiced_ms, class }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audio::synth::{mix, noise, sine, voice};

    fn class(samples: &[i16], rate: u32) -> RecordingClass {
        verdict(samples, rate, Duration::from_secs(1)).class
    }

    #[test]
    fn a_word_before_the_cut_is_a_message_even_soft_and_in_the_noise_of_a_street() {
        for rate in [8_000, 11_025, 16_000, 48_000] {
            for peak in [250.0, 1_000.0, 9_000.0] {
                let word = voice(rate, 600, peak);
                assert_eq!(class(&word, rate), RecordingClass::Speech, "peak {peak} at {rate}");
                let street = mix(&[noise(rate, 3_000, peak / 12.0), word]);
                assert_eq!(class(&street, rate), RecordingClass::Speech, "in noise, peak {peak} at {rate}");
            }
        }
    }

    #[test]
    fn silence_faint_noise_and_tones_are_not_made_messages() {
        assert_eq!(class(&[0; 24_000], 8_000), RecordingClass::NoSpeech);
        assert_eq!(class(&[], 8_000), RecordingClass::NoSpeech);
        assert_eq!(class(&noise(8_000, 5_000, 20.0), 8_000), RecordingClass::NoSpeech);
        assert_eq!(class(&sine(8_000, 1_000.0, 3_000, 6_000.0), 8_000), RecordingClass::NoSpeech);
        assert_eq!(class(&sine(8_000, 425.0, 3_000, 6_000.0), 8_000), RecordingClass::DialTone);
    }

    #[test]
    fn everything_is_kept_and_what_was_spoken_is_counted() {
        let mut sound = voice(8_000, 4_000, 9_000.0);
        sound.extend(vec![0; 16_000]);
        let judged = verdict(&sound, 8_000, Duration::from_secs(1));
        assert_eq!(judged.keep_samples, 48_000);
        assert!(judged.voiced_ms.abs_diff(4_000) <= 400, "{} ms", judged.voiced_ms);
    }
}
