//! What is a message and what is not: lone words, whispers, noises, and the tones of a line whose caller has hung up.

use super::recorder::{Progress, Recorder};
use super::*;
use crate::audio::decode::{DecodeLimits, decode_upload};
use crate::audio::level::{decibels, mean_square};
use crate::audio::synth::{mix, noise, sine, voice};

/// How a recording ended.
struct Ended {
    cause: StopCause,
    length: Duration,
    voiced: Duration,
    class: RecordingClass,
}

/// Records `line` as it comes by G.711, until the recorder ends it or the caller hangs up.
fn recorded(line: &[i16], plan: RecordPlan) -> Ended {
    let folder = tempfile::tempdir().unwrap();
    let spool = Spool::open(folder.path(), crate::clock::SystemClock::shared()).unwrap();
    let mut recorder = Recorder::new(Take(1), spool.begin(&head(8_000)).unwrap(), plan);
    let line = decoded(Codec::Pcmu, &encoded(Codec::Pcmu, line));
    let mut cause = StopCause::HungUp;
    for frame in line.chunks(160) {
        recorder.sound(frame, 8_000);
        if let Progress::Stop(why) = recorder.progress() {
            cause = why;
            break;
        }
    }
    match recorder.finish(cause) {
        MediaEvent::RecordingStopped { cause, length, voiced, class, .. } => {
            Ended { cause, length, voiced, class }
        }
        other => panic!("{other:?}"),
    }
}

/// By default: what an owner who set nothing has.
fn usual() -> RecordPlan {
    RecordPlan { min_speech: Duration::from_millis(250), ..plan() }
}

fn quiet(ms: usize) -> Vec<i16> {
    vec![0; 8 * ms]
}

#[test]
fn a_lone_word_is_a_message_loud_soft_and_whispered() {
    for (name, word) in lone_words() {
        for db in [-20.0, -35.0, -45.0] {
            for (before, after) in [(1_000, 1_000), (600, 200), (1_000, 0)] {
                for hiss in [0.0, 15.0] {
                    let line = [quiet(before), at_level(&word, db), quiet(after)].concat();
                    let line = mix(&[noise(8_000, line.len() as u32 / 8, hiss), line]);
                    let ended = recorded(&line, usual());
                    assert!(
                        ended.class == RecordingClass::Speech && ended.voiced >= usual().min_speech,
                        "{name} at {db} dBFS, {before} ms before, {after} ms after, hiss {hiss}: {:?}",
                        ended.voiced
                    );
                }
            }
        }
    }
}

#[test]
fn silence_noise_and_knocks_are_no_message() {
    let burst = |ms, rms| [quiet(1_000), noise(8_000, ms, rms), quiet(1_000)].concat();
    let mut lines = vec![quiet(4_000), vec![8; 32_000], burst(30, 2_000.0), burst(60, 2_000.0)];
    lines.push([burst(60, 2_000.0), burst(30, 3_000.0)].concat());
    // The receiver is put down while it is still recorded.
    lines.push([quiet(2_000), noise(8_000, 40, 4_000.0)].concat());
    lines.extend([5.0, 20.0, 60.0, 200.0, 800.0, 3_000.0].map(|rms| noise(8_000, 4_000, rms)));
    // Comfort noise of both kinds of gap.
    lines.push([quiet(1_000), noise(8_000, 2_000, 60.0), quiet(500), noise(8_000, 2_000, 180.0)].concat());
    lines.push([noise(8_000, 2_000, 20.0), noise(8_000, 2_000, 60.0)].concat());
    for (number, line) in lines.iter().enumerate() {
        let ended = recorded(line, usual());
        assert_eq!(ended.class, RecordingClass::NoSpeech, "line {number}: {:?}", ended.voiced);
    }
}

fn pair(low: f64, high: f64, ms: u32) -> Vec<i16> {
    mix(&[sine(8_000, low, ms, 3_000.0), sine(8_000, high, ms, 3_000.0)])
}

fn pulses(tone: &[i16], pause: usize, count: usize) -> Vec<i16> {
    [tone, &quiet(pause)].concat().repeat(count)
}

/// What exchanges send when the other side has hung up (ITU-T E.180), for half a minute.
fn ends_of_lines() -> Vec<(&'static str, Vec<i16>, RecordingClass)> {
    let european = sine(8_000, 425.0, 500, 3_000.0);
    vec![
        ("American busy", pulses(&pair(480.0, 620.0, 500), 500, 30), RecordingClass::BusyTone),
        ("American reorder", pulses(&pair(480.0, 620.0, 250), 250, 60), RecordingClass::BusyTone),
        ("American dial tone", pair(350.0, 440.0, 30_000), RecordingClass::DialTone),
        ("European busy", pulses(&european, 500, 30), RecordingClass::BusyTone),
        ("European congestion", pulses(&sine(8_000, 425.0, 250, 3_000.0), 250, 60), RecordingClass::BusyTone),
    ]
}

#[test]
fn the_tone_of_a_dead_line_ends_the_recording_and_is_no_part_of_the_message() {
    let plan = usual();
    for (name, tone, class) in ends_of_lines() {
        for hiss in [0.0, 15.0] {
            let line = [quiet(500), voice(8_000, 4_000, 6_000.0), quiet(400), tone.clone()].concat();
            let line = mix(&[noise(8_000, line.len() as u32 / 8, hiss), line]);
            let ended = recorded(&line, plan);
            assert_eq!((ended.cause, ended.class), (StopCause::Tone, RecordingClass::Speech), "{name}");
            let length = ended.length.as_millis();
            assert!((4_300..=5_000).contains(&length), "{name}: {length} ms of 4900 before the tone");
            let ended = recorded(&tone, plan);
            assert_eq!((ended.cause, ended.class), (StopCause::Tone, class), "{name} alone");
        }
    }
}

#[test]
fn who_goes_on_after_some_tones_is_not_cut_off() {
    let plan = RecordPlan { silence: Duration::from_secs(20), ..usual() };
    for (name, tone, _) in ends_of_lines() {
        let tones = &tone[..8 * 3_000];
        let line = [&voice(8_000, 2_000, 6_000.0)[..], tones, &voice(8_000, 3_000, 6_000.0)].concat();
        let ended = recorded(&line.repeat(3), plan);
        assert_eq!((ended.cause, ended.length), (StopCause::HungUp, Duration::from_secs(24)), "{name}");
    }
}

/// Lone words ("yes", "no", "hi", "call me") of synthetic voices, one of which whispers, at 8 kHz.
fn lone_words() -> Vec<(String, Vec<i16>)> {
    let folder = format!("{}/tests/fixtures/words", env!("CARGO_MANIFEST_DIR"));
    let mut files: Vec<_> = std::fs::read_dir(folder).unwrap().map(|file| file.unwrap().path()).collect();
    files.sort();
    let decode = |path: &std::path::PathBuf| {
        let decoded = decode_upload(std::fs::read(path).unwrap(), DecodeLimits::default()).unwrap();
        assert_eq!(decoded.rate, 8_000);
        (path.file_stem().unwrap().to_string_lossy().into_owned(), decoded.samples)
    };
    files.iter().map(decode).collect()
}

/// The sound at this level, in dB of full scale.
fn at_level(samples: &[i16], db: f32) -> Vec<i16> {
    let gain = 10_f32.powf((db - decibels(mean_square(samples))) / 20.0);
    samples.iter().map(|&sample| (f32::from(sample) * gain).round() as i16).collect()
}
