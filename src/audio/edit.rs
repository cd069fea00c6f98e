//! Small cuts: dead air away, soft ends, pieces in a row.

use std::ops::Range;
use std::time::Duration;

use super::level::{decibels, mean_square};
use super::vad::{SpeechDetector, Verdict};

fn samples_in(length: Duration, rate: u32) -> usize {
    usize::try_from(length.as_millis() * u128::from(rate) / 1000).unwrap_or(usize::MAX)
}

/// Where somebody speaks, from the first sign to the last, with `margin` before and after; `None` when nobody does.
/// For samples at 8, 16 or 48 kHz.
pub fn spoken_range(samples: &[i16], rate: u32, margin: Duration) -> Option<Range<usize>> {
    let frame = (rate as usize / 50).max(1);
    let mut detector = SpeechDetector::new(rate);
    let (mut first, mut last) = (None, 0);
    for (n, chunk) in samples.chunks_exact(frame).enumerate() {
        if detector.frame(chunk) == Verdict::Speech {
            first.get_or_insert(n * frame);
            last = (n + 1) * frame;
        }
    }
    let margin = samples_in(margin, rate);
    first.map(|first| first.saturating_sub(margin)..last.saturating_add(margin).min(samples.len()))
}

/// Silence at an end is dead air from this length on …
const DEAD_AIR: Duration = Duration::from_secs(1);
/// … and so much of it stays.
const KEPT_AIR: Duration = Duration::from_millis(500);
/// Frames so many dB below the loudest one are silence.
const DEPTH: f32 = 45.0;

/// What of a finished file is not dead air at its ends. By level alone, so that music and soft voices stay; never inside.
pub fn without_dead_air(samples: &[i16], rate: u32) -> Range<usize> {
    let frame = (rate as usize / 50).max(1);
    let levels: Vec<f32> = samples.chunks(frame).map(|frame| decibels(mean_square(frame))).collect();
    let threshold = levels.iter().copied().fold(f32::MIN, f32::max) - DEPTH;
    let is_sound = |level: &f32| *level > threshold;
    let first = levels.iter().position(is_sound).unwrap_or(0) * frame;
    let last =
        levels.iter().rposition(is_sound).map_or(samples.len(), |last| (last + 1) * frame).min(samples.len());
    let (dead, kept) = (samples_in(DEAD_AIR, rate), samples_in(KEPT_AIR, rate));
    let start = if first > dead { first - kept } else { 0 };
    let end = if samples.len() - last > dead { last + kept } else { samples.len() };
    start..end
}

/// Fades both ends over `length` each, so that a cut does not click.
pub fn fade_ends(samples: &mut [i16], rate: u32, length: Duration) {
    let length = samples_in(length, rate).min(samples.len() / 2);
    let scale = |sample: &mut i16, n: usize| {
        *sample = (i64::from(*sample) * n as i64 / length.max(1) as i64) as i16;
    };
    samples.iter_mut().take(length).enumerate().for_each(|(n, sample)| scale(sample, n));
    samples.iter_mut().rev().take(length).enumerate().for_each(|(n, sample)| scale(sample, n));
}

/// The pieces in a row, with `gap` of silence between them. All at `rate`.
pub fn concat(pieces: &[&[i16]], rate: u32, gap: Duration) -> Vec<i16> {
    pieces.join(&vec![0; samples_in(gap, rate)][..])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audio::synth::{noise, voice};

    #[test]
    fn dead_air_before_and_after_a_voice_is_found() {
        let mut sound = vec![0; 16_000];
        sound.extend(voice(8_000, 2_000, 9_000.0));
        sound.extend(vec![0; 24_000]);
        let range = spoken_range(&sound, 8_000, Duration::from_millis(100)).unwrap();
        assert!((14_400..=16_000).contains(&range.start), "{range:?}");
        assert!((31_000..36_000).contains(&range.end), "{range:?}");
        assert_eq!(spoken_range(&[0; 16_000], 8_000, Duration::ZERO), None);
    }

    #[test]
    fn dead_air_at_the_ends_of_a_file_goes_down_to_half_a_second_and_soft_words_stay() {
        let mut sound = noise(8_000, 3_000, 3.0);
        sound.extend(voice(8_000, 2_000, 200.0));
        sound.extend(voice(8_000, 2_000, 9_000.0));
        sound.extend(noise(8_000, 2_000, 3.0));
        let range = without_dead_air(&sound, 8_000);
        assert!((19_800..=20_300).contains(&range.start), "{range:?}");
        assert!((59_000..=60_400).contains(&range.end), "{range:?}");
    }

    #[test]
    fn a_breath_before_and_after_the_words_is_left_alone() {
        let mut sound = vec![0; 7_000];
        sound.extend(voice(8_000, 2_000, 9_000.0));
        sound.extend(vec![0; 6_000]);
        assert_eq!(without_dead_air(&sound, 8_000), 0..sound.len());
        assert_eq!(without_dead_air(&[], 8_000), 0..0);
        assert_eq!(without_dead_air(&[0; 30_000], 8_000), 0..30_000);
        assert_eq!(without_dead_air(&[7; 10], 0), 0..10);
    }

    #[test]
    fn faded_ends_are_soft_and_the_middle_is_untouched() {
        let mut sound = vec![1_000; 800];
        fade_ends(&mut sound, 8_000, Duration::from_millis(10));
        assert_eq!((sound[0], sound[40], sound[80], sound[719], sound[799]), (0, 500, 1_000, 1_000, 0));
        fade_ends(&mut [], 8_000, Duration::from_secs(1));
    }

    #[test]
    fn pieces_follow_each_other_with_the_gap_between_them_only() {
        let joined = concat(&[&[1, 1], &[2]], 1_000, Duration::from_millis(3));
        assert_eq!(joined, [1, 1, 0, 0, 0, 2]);
        assert_eq!(concat(&[], 8_000, Duration::from_secs(1)), Vec::<i16>::new());
    }
}
