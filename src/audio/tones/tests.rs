//! What is heard of tones, and what must not be taken for one.

use std::time::Duration;

use proptest::prelude::*;

use super::*;
use crate::audio::synth::{mix, noise, sine as wave, voice};
use crate::audio::{Codec, Decoder, Encoder};
use crate::domain::RecordingClass;

const ALL_KEYS: &str = "0123456789ABCD*#";

fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

/// The keys heard in a sound that arrives in frames of 20 ms.
fn keys_in(samples: &[i16], rate: u32) -> String {
    let mut detector = DtmfDetector::new(rate);
    samples.chunks(rate as usize / 50).filter_map(|frame| detector.frame(frame)).collect()
}

/// A key of two tones with these peaks, between pauses.
fn key(key: char, length: u32, low_peak: f64, high_peak: f64, detune: f64) -> Vec<i16> {
    let (row, column) = KEYS
        .iter()
        .enumerate()
        .find_map(|(row, keys)| keys.iter().position(|&k| k == key).map(|column| (row, column)))
        .unwrap();
    let tones = mix(&[
        wave(8_000, LOW[row] * detune, length, low_peak),
        wave(8_000, HIGH[column] * detune, length, high_peak),
    ]);
    let mut sound = vec![0; 533];
    sound.extend(tones);
    sound.extend(vec![0; 800]);
    sound
}

#[test]
fn every_key_we_make_is_heard_once_at_every_rate() {
    for rate in [8_000, 16_000, 48_000] {
        let mut sound = Vec::new();
        for key in ALL_KEYS.chars() {
            sound.extend(dtmf(key, ms(80), rate).unwrap());
            sound.extend(vec![0; rate as usize * 80 / 1000]);
        }
        assert_eq!(keys_in(&sound, rate), ALL_KEYS, "{rate}");
    }
}

#[test]
fn the_same_key_twice_is_two_presses_and_a_long_one_is_one() {
    let mut sound = dtmf('5', ms(60), 8_000).unwrap();
    sound.extend(vec![0; 400]);
    sound.extend(dtmf('5', ms(60), 8_000).unwrap());
    assert_eq!(keys_in(&sound, 8_000), "55");
    assert_eq!(keys_in(&dtmf('5', ms(2_000), 8_000).unwrap(), 8_000), "5");
}

#[test]
fn a_key_that_is_interrupted_for_10_ms_is_one_press() {
    let mut sound = dtmf('7', ms(200), 8_000).unwrap();
    sound[800..880].fill(0);
    assert_eq!(keys_in(&sound, 8_000), "7");
}

#[test]
fn a_detuned_key_stays_one_press_while_its_tones_beat() {
    let mut sound = vec![0; 127];
    sound.extend(key('0', 184, 6_390.0, 3_723.0, 0.988_876));
    assert_eq!(keys_in(&sound, 8_000), "0");
}

#[test]
fn a_blip_of_20_ms_is_no_key() {
    for key_ in ALL_KEYS.chars() {
        assert_eq!(keys_in(&key(key_, 20, 8_000.0, 8_000.0, 1.0), 8_000), "", "{key_}");
    }
}

#[test]
fn a_voice_presses_no_keys() {
    for rate in [8_000, 16_000] {
        assert_eq!(keys_in(&voice(rate, 60_000, 12_000.0), rate), "");
    }
}

#[test]
fn noise_single_tones_and_silence_press_no_keys() {
    assert_eq!(keys_in(&noise(8_000, 30_000, 6_000.0), 8_000), "");
    assert_eq!(keys_in(&wave(8_000, 697.0, 1_000, 12_000.0), 8_000), "");
    assert_eq!(
        keys_in(&mix(&[wave(8_000, 350.0, 1_000, 9_000.0), wave(8_000, 440.0, 1_000, 9_000.0)]), 8_000),
        ""
    );
    assert_eq!(keys_in(&[0; 8_000], 8_000), "");
}

#[test]
fn no_key_is_made_of_a_letter_that_is_none() {
    assert_eq!(dtmf('x', ms(50), 8_000), None);
    assert!(dtmf('a', ms(50), 8_000).is_some());
}

#[test]
fn a_beep_starts_and_ends_softly_at_its_level() {
    let beep = beep(ms(400), 8_000);
    assert_eq!(beep.len(), 3_200);
    assert!(beep[..3].iter().chain(&beep[3_197..]).all(|s| s.abs() < 300));
    let peak = beep.iter().map(|s| s.unsigned_abs()).max().unwrap();
    assert!((8_000..8_300).contains(&peak));
    assert_eq!(super::beep(Duration::ZERO, 8_000), Vec::<i16>::new());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn a_key_is_heard_once_at_any_usual_level_twist_detuning_and_codec(
        which in 0_usize..16,
        level in 900.0_f64..14_000.0,
        twist_db in -7.0_f64..5.0,
        detune in 0.986_f64..1.014,
        length in 60_u32..400,
        lead in 0_usize..200,
        alaw: bool,
    ) {
        let wanted = ALL_KEYS.chars().nth(which).unwrap();
        let high = level * 10_f64.powf(twist_db / 20.0);
        let mut sound = vec![0; lead];
        sound.extend(key(wanted, length, level, high.clamp(900.0, 15_000.0), detune));
        let codec = if alaw { Codec::Pcma } else { Codec::Pcmu };
        let (mut payload, mut heard) = (Vec::new(), Vec::new());
        Encoder::new(codec).unwrap().encode(&sound, &mut payload).unwrap();
        Decoder::new(codec).unwrap().decode(&payload, &mut heard).unwrap();
        prop_assert_eq!(keys_in(&heard, 8_000), wanted.to_string());
    }
}

fn class_of(samples: &[i16], rate: u32) -> ToneClass {
    let mut classifier = ToneClassifier::new(rate);
    samples.chunks_exact(rate as usize / 50).for_each(|frame| classifier.frame(frame));
    classifier.class()
}

/// Pulses of a sound with pauses, the first after an odd number of samples.
fn pulsed(rate: u32, tones: &[f64], on: u32, off: u32, times: usize) -> Vec<i16> {
    let pulse = mix(&tones.iter().map(|&hz| wave(rate, hz, on, 5_000.0)).collect::<Vec<_>>());
    let mut sound = vec![0; 777];
    for _ in 0..times {
        sound.extend(&pulse);
        sound.extend(vec![0; (rate * off / 1000) as usize]);
    }
    sound
}

#[test]
fn busy_tones_of_several_countries_are_busy() {
    for rate in [8_000, 16_000, 48_000] {
        for (tones, on, off) in [
            (&[425.0][..], 480, 480),
            (&[425.0], 240, 240),
            (&[440.0], 500, 500),
            (&[400.0], 375, 375),
            (&[450.0], 350, 350),
            (&[480.0, 620.0], 500, 500),
            (&[480.0, 620.0], 250, 250),
        ] {
            assert_eq!(
                class_of(&pulsed(rate, tones, on, off, 5), rate),
                ToneClass::BusyTone,
                "{tones:?} {on}/{off} at {rate}"
            );
        }
    }
}

#[test]
fn steady_tones_are_dial_tones() {
    assert_eq!(class_of(&pulsed(8_000, &[425.0], 5_000, 0, 1), 8_000), ToneClass::DialTone);
    assert_eq!(class_of(&pulsed(8_000, &[350.0, 440.0], 5_000, 0, 1), 8_000), ToneClass::DialTone);
    assert_eq!(class_of(&pulsed(16_000, &[350.0, 440.0], 5_000, 0, 1), 16_000), ToneClass::DialTone);
}

#[test]
fn fax_machines_are_known_by_their_calling_and_answering_tones() {
    for hz in [1_065.0, 1_100.0, 1_135.0] {
        assert_eq!(class_of(&pulsed(8_000, &[hz], 500, 3_000, 2), 8_000), ToneClass::FaxTone, "CNG at {hz}");
    }
    assert_eq!(class_of(&pulsed(8_000, &[2_100.0], 3_000, 100, 1), 8_000), ToneClass::FaxTone);
}

#[test]
fn a_tone_is_known_through_a_codec_and_line_noise() {
    for codec in [Codec::Pcmu, Codec::Pcma, Codec::G722, Codec::Opus] {
        let rate = codec.sample_rate();
        let tone = pulsed(rate, &[425.0], 480, 480, 6);
        let line = mix(&[noise(rate, tone.len() as u32 / (rate / 1000), 60.0), tone]);
        let (mut encoder, mut decoder) = (Encoder::new(codec).unwrap(), Decoder::new(codec).unwrap());
        let mut heard = Vec::new();
        for frame in line.chunks_exact(rate as usize / 50) {
            let mut payload = Vec::new();
            encoder.encode(frame, &mut payload).unwrap();
            decoder.decode(&payload, &mut heard).unwrap();
        }
        assert_eq!(class_of(&heard, rate), ToneClass::BusyTone, "{codec:?}");
    }
}

#[test]
fn a_busy_tone_is_known_under_the_noise_of_a_bad_line() {
    for (tone_db, noise_db) in [(-20.0, -40.0), (-12.0, -30.0), (-40.0, -58.0)] {
        let peak = 32_768.0 * 2_f64.sqrt() * 10_f64.powf(tone_db / 20.0);
        let rms = 32_768.0 * 10_f64.powf(noise_db / 20.0);
        // It begins in a pause: the noise is heard before the tone.
        let mut tone = vec![0; 3_000];
        for _ in 0..6 {
            tone.extend(wave(8_000, 425.0, 480, peak));
            tone.extend(vec![0; 3_840]);
        }
        let line = mix(&[noise(8_000, tone.len() as u32 / 8, rms), tone]);
        assert_eq!(class_of(&line, 8_000), ToneClass::BusyTone, "{tone_db} over {noise_db} dBFS");
        let talk = voice(8_000, 2_000, (peak / 2.0).max(900.0));
        assert_eq!(
            class_of(&mix(&[line, talk]), 8_000),
            ToneClass::SpeechOrOther,
            "somebody speaks over {tone_db}"
        );
    }
}

#[test]
fn a_special_information_tone_is_like_busy_and_what_is_said_after_it_is_speech() {
    for (rate, parts) in [(8_000, [950.0, 1_400.0, 1_800.0]), (16_000, [913.8, 1_370.6, 1_776.7])] {
        let mut sit = vec![0; 500];
        for hz in parts {
            sit.extend(wave(rate, hz, 330, 5_000.0));
        }
        sit.extend(vec![0; rate as usize]);
        assert_eq!(class_of(&sit, rate), ToneClass::BusyTone, "{parts:?}");
        sit.extend(voice(rate, 2_000, 9_000.0));
        assert_eq!(class_of(&sit, rate), ToneClass::SpeechOrOther);
    }
    let falling: Vec<i16> =
        [1_800.0, 1_400.0, 950.0].iter().flat_map(|&hz| wave(8_000, hz, 330, 5_000.0)).collect();
    assert_eq!(class_of(&falling, 8_000), ToneClass::SpeechOrOther);
}

#[test]
fn a_voice_alone_after_and_over_a_tone_is_a_voice() {
    let talk = voice(8_000, 2_000, 9_000.0);
    assert_eq!(class_of(&talk, 8_000), ToneClass::SpeechOrOther);
    for tones in [&[425.0][..], &[480.0, 620.0], &[1_100.0]] {
        let busy = pulsed(8_000, tones, 500, 500, 5);
        let mut after = busy.clone();
        after.extend(&talk);
        assert_eq!(class_of(&after, 8_000), ToneClass::SpeechOrOther, "after {tones:?}");
        let mut before = talk.clone();
        before.extend(&busy);
        assert_eq!(class_of(&before, 8_000), ToneClass::SpeechOrOther, "before {tones:?}");
        assert_eq!(class_of(&mix(&[busy, talk.clone()]), 8_000), ToneClass::SpeechOrOther, "over {tones:?}");
    }
}

#[test]
fn silence_noise_ringing_and_other_tones_are_none_of_these() {
    assert_eq!(class_of(&[0; 80_000], 8_000), ToneClass::SpeechOrOther);
    assert_eq!(class_of(&noise(8_000, 5_000, 800.0), 8_000), ToneClass::SpeechOrOther);
    assert_eq!(class_of(&pulsed(8_000, &[425.0], 1_000, 4_000, 3), 8_000), ToneClass::SpeechOrOther);
    assert_eq!(class_of(&pulsed(8_000, &[440.0, 480.0], 2_000, 4_000, 2), 8_000), ToneClass::SpeechOrOther);
    assert_eq!(class_of(&pulsed(8_000, &[1_000.0], 3_000, 0, 1), 8_000), ToneClass::SpeechOrOther);
    assert_eq!(class_of(&[], 8_000), ToneClass::SpeechOrOther);
}

#[test]
fn a_recording_is_named_by_its_tone_or_by_how_much_was_said() {
    let class = |tone, voiced| classify_recording(tone, ms(voiced), ms(1_000));
    assert_eq!(class(ToneClass::BusyTone, 5_000), RecordingClass::BusyTone);
    assert_eq!(class(ToneClass::FaxTone, 0), RecordingClass::FaxTone);
    assert_eq!(class(ToneClass::DialTone, 0), RecordingClass::DialTone);
    assert_eq!(class(ToneClass::SpeechOrOther, 1_000), RecordingClass::Speech);
    assert_eq!(class(ToneClass::SpeechOrOther, 999), RecordingClass::NoSpeech);
}

#[test]
fn frames_of_odd_lengths_do_no_harm_to_detectors() {
    let (mut keys, mut tones) = (DtmfDetector::new(16_000), ToneClassifier::new(16_000));
    for length in [0, 1, 3, 319, 321, 5_000] {
        assert_eq!(keys.frame(&vec![i16::MIN; length]), None);
        tones.frame(&vec![i16::MIN; length]);
    }
    assert_eq!(tones.class(), ToneClass::SpeechOrOther);
}
