//! When somebody counts as speaking.

use super::*;
use crate::audio::synth::{mix, noise, sine, voice};

/// The part of the frames that is judged as speech.
fn spoken(samples: &[i16], rate: u32) -> f64 {
    let mut detector = SpeechDetector::new(rate);
    let frames: Vec<_> =
        samples.chunks_exact(rate as usize / 50).map(|frame| detector.frame(frame)).collect();
    frames.iter().filter(|&&verdict| verdict == Verdict::Speech).count() as f64 / frames.len() as f64
}

#[test]
fn a_voice_is_speech_at_every_rate_and_level() {
    for rate in [8_000, 16_000, 48_000] {
        for peak in [20_000.0, 4_000.0, 700.0] {
            let part = spoken(&voice(rate, 4_000, peak), rate);
            assert!(part > 0.85, "{part} of a voice at {rate} Hz, peak {peak}");
        }
    }
}

#[test]
fn quiet_speech_of_minus_45_dbfs_is_speech() {
    let mut quiet = voice(8_000, 4_000, 10_000.0);
    let gain = 10_f32.powf((-45.0 - decibels(mean_square(&quiet))) / 20.0);
    quiet.iter_mut().for_each(|s| *s = (f32::from(*s) * gain) as i16);
    assert!((decibels(mean_square(&quiet)) + 45.0).abs() < 1.0);
    assert!(spoken(&quiet, 8_000) > 0.8);
}

#[test]
fn silence_is_silence() {
    assert_eq!(spoken(&[0; 80_000], 8_000), 0.0);
    assert_eq!(spoken(&[8; 80_000], 8_000), 0.0, "the idle level of A-law");
}

#[test]
fn steady_noise_is_silence_however_loud() {
    for rms in [30.0, 100.0, 400.0, 1_500.0] {
        assert!(spoken(&noise(8_000, 6_000, rms), 8_000) < 0.01, "rms {rms}");
    }
}

#[test]
fn comfort_noise_that_comes_and_goes_is_silence() {
    let mut line = Vec::new();
    for rms in [60.0, 180.0, 100.0] {
        line.extend(vec![0; 8_000]);
        line.extend(noise(8_000, 2_000, rms));
    }
    assert_eq!(spoken(&line, 8_000), 0.0);
}

#[test]
fn hum_and_a_dial_tone_are_not_a_talker() {
    let hum = mix(&[sine(8_000, 50.0, 6_000, 600.0), sine(8_000, 100.0, 6_000, 300.0)]);
    assert!(spoken(&hum, 8_000) < 0.1);
    assert!(spoken(&sine(8_000, 425.0, 6_000, 6_000.0), 8_000) < 0.1);
}

#[test]
fn a_voice_over_line_noise_is_heard_and_the_noise_after_it_is_not() {
    let mut line = noise(8_000, 8_000, 120.0);
    let talk = voice(8_000, 3_000, 8_000.0);
    for (sample, voice) in line[16_000..].iter_mut().zip(talk) {
        *sample = sample.saturating_add(voice);
    }
    let mut detector = SpeechDetector::new(8_000);
    let verdicts: Vec<_> = line.chunks_exact(160).map(|frame| detector.frame(frame)).collect();
    let speech = |frames: &[Verdict]| frames.iter().filter(|&&v| v == Verdict::Speech).count();
    assert_eq!(speech(&verdicts[..95]), 0, "before");
    assert!(speech(&verdicts[100..250]) > 120, "during");
    assert_eq!(speech(&verdicts[280..]), 0, "after");
}

#[test]
fn a_pause_between_words_does_not_end_the_speech_but_a_long_one_does() {
    let mut line = voice(8_000, 1_000, 8_000.0);
    line.extend(vec![0; 1_200]);
    let mut detector = SpeechDetector::new(8_000);
    let mut last = Verdict::Silence;
    line.chunks_exact(160).for_each(|frame| last = detector.frame(frame));
    assert_eq!(last, Verdict::Speech);
    (0..20).for_each(|_| last = detector.frame(&[0; 160]));
    assert_eq!(last, Verdict::Silence);
}

#[test]
fn a_detector_can_move_to_another_thread() {
    fn moves<T: Send>(_: &T) {}
    moves(&SpeechDetector::new(8_000));
}

#[test]
fn frames_of_odd_lengths_do_no_harm() {
    let mut detector = SpeechDetector::new(48_000);
    for length in [0, 1, 7, 79, 960, 2_881] {
        detector.frame(&vec![9_000; length]);
    }
}
