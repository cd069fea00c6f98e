//! Small cuts: dead air away, soft ends, pieces in a row.

use std::ops::Range;
use std::time::Duration;

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
    use crate::audio::synth::voice;

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
