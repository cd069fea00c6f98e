//! When somebody counts as speaking.

use super::*;
use crate::audio::decode::{DecodeLimits, decode_upload};
use crate::audio::resample::resample;
use crate::audio::synth::{mix, noise, sine, voice};
use crate::audio::{Codec, Decoder, Encoder};

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

/// Sound whose level is `db` of full scale.
fn at(samples: Vec<i16>, db: f32) -> Vec<i16> {
    let gain = 10_f32.powf((db - decibels(mean_square(&samples))) / 20.0);
    samples.iter().map(|&s| (f32::from(s) * gain).round() as i16).collect()
}

/// Noise that is stronger the lower it is: what wind and streets do to a microphone.
fn brown(rate: u32, ms: u32) -> Vec<i16> {
    let mut sum = 0.0;
    let step = |&s: &i16| {
        sum = 0.98 * sum + f64::from(s);
        sum as i16
    };
    noise(rate, ms, 400.0).iter().map(step).collect()
}

/// Noise with the syllables of a voice: no pitch, but it moves.
fn whisper(rate: u32, ms: u32) -> Vec<i16> {
    let part = |n: usize| {
        let within = n as f64 / f64::from(rate) % 0.25;
        (within / 0.04).min((0.2 - within).max(0.0) / 0.08).min(1.0)
    };
    let breath = noise(rate, ms, 2_000.0);
    breath.iter().enumerate().map(|(n, &s)| (f64::from(s) * part(n)) as i16).collect()
}

/// As it arrives by G.711.
fn through_g711(samples: &[i16]) -> Vec<i16> {
    let (mut payload, mut heard) = (Vec::new(), Vec::new());
    Encoder::new(Codec::Pcmu).unwrap().encode(samples, &mut payload).unwrap();
    Decoder::new(Codec::Pcmu).unwrap().decode(&payload, &mut heard).unwrap();
    heard
}

/// The prompts: words of a synthetic voice that others made.
fn prompts() -> Vec<Vec<i16>> {
    ["demo-message", "goodbye", "call-again"]
        .into_iter()
        .map(|name| {
            let path = format!("{}/prompts/en/clips/{name}.flac", env!("CARGO_MANIFEST_DIR"));
            let decoded = decode_upload(std::fs::read(path).unwrap(), DecodeLimits::default()).unwrap();
            resample(&decoded.samples, decoded.rate, 8_000)
        })
        .collect()
}

#[test]
fn words_are_speech_loud_and_soft_and_by_g711() {
    for words in prompts() {
        for db in [-20.0, -35.0, -45.0] {
            let line = through_g711(&at(words.clone(), db));
            assert!(spoken(&line, 8_000) > 0.8, "{} at {db} dBFS", spoken(&line, 8_000));
        }
    }
}

#[test]
fn words_are_speech_in_the_noise_of_a_line_and_of_a_street() {
    for words in prompts() {
        let words = at(words, -25.0);
        let ms = words.len() as u32 / 8;
        for noise in [noise(8_000, ms, 1_000.0), brown(8_000, ms)] {
            for ratio in [20.0, 15.0, 10.0] {
                let line = through_g711(&mix(&[words.clone(), at(noise.clone(), -25.0 - ratio)]));
                assert!(spoken(&line, 8_000) > 0.75, "{} at {ratio} dB", spoken(&line, 8_000));
            }
        }
    }
}

#[test]
fn a_whisper_is_speech() {
    for rate in [8_000, 16_000, 48_000] {
        for db in [-25.0, -35.0, -45.0] {
            let part = spoken(&at(whisper(rate, 4_000), db), rate);
            assert!(part > 0.8, "{part} at {rate} Hz, {db} dBFS");
        }
    }
}

#[test]
fn rumble_and_noise_that_begin_suddenly_are_silence() {
    for db in [-45.0, -35.0, -25.0] {
        for sound in [brown(8_000, 6_000), noise(8_000, 6_000, 1_000.0)] {
            let mut line = vec![0; 16_000];
            line.extend(at(sound, db));
            assert!(spoken(&line, 8_000) < 0.08, "{} at {db} dBFS", spoken(&line, 8_000));
        }
    }
}

#[test]
fn a_tone_that_begins_suddenly_is_no_voice() {
    for hz in [300.0, 425.0, 950.0, 1_000.0, 1_800.0] {
        let mut line = vec![0; 16_000];
        line.extend(sine(8_000, hz, 6_000, 3_000.0));
        assert!(spoken(&line, 8_000) < 0.05, "{hz} Hz: {}", spoken(&line, 8_000));
    }
}

#[test]
fn the_time_that_was_spoken_is_right_within_a_tenth() {
    for words in prompts() {
        let seconds = |frames: f64| frames * words.len() as f64 / 8_000.0;
        let mut line = vec![0; 8_000];
        line.extend(at(words.clone(), -25.0));
        line.extend(vec![0; 16_000]);
        let voiced = spoken(&line, 8_000) * line.len() as f64 / 8_000.0;
        // The hangover after the last word is a quarter of a second.
        let off = (voiced - 0.24 - seconds(1.0)).abs();
        assert!(off < 0.1 * seconds(1.0) + 0.1, "{voiced} of {}", seconds(1.0));
    }
}

#[test]
fn the_second_ear_hears_what_the_first_doubts() {
    // A voice hardly above the noise.
    let talk = voice(8_000, 6_000, 4_000.0);
    let line = mix(&[noise(8_000, 6_000, 700.0), talk.clone()]);
    assert!(second::voiced(&line, 8_000).as_millis() > 4_000);
    assert!(second::voiced(&talk, 8_000).as_millis() > 4_000);
    assert_eq!(second::voiced(&[0; 80_000], 8_000).as_millis(), 0);
    assert_eq!(second::voiced(&noise(8_000, 4_000, 20.0), 8_000).as_millis(), 0, "below −60 dBFS");
    assert_eq!(second::voiced(&[], 16_000).as_millis(), 0);
}
