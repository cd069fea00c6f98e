//! Speech faster or slower without another pitch (WSOLA: windows of the sound are laid over each other where they fit
//! best), and louder or quieter without clipping. Pure functions over samples.

use std::time::Duration;

/// Length of one window; half of it overlaps with the next. Longer than two periods of a deep voice.
const WINDOW: Duration = Duration::from_millis(30);
/// How far from its place a window may be moved to fit.
const SEARCH: Duration = Duration::from_millis(8);

/// The samples at this speed, in percent (25 to 400; 100 gives them back). The length is `100 / percent` of the old one,
/// to within a tenth of a second.
pub fn stretch(samples: &[i16], rate: u32, percent: u16) -> Vec<i16> {
    let percent = usize::from(percent.clamp(25, 400));
    let half = count(WINDOW, rate) / 2;
    if percent == 100 || half == 0 || samples.len() < half * 4 {
        return samples.to_vec();
    }
    let reach = count(SEARCH, rate);
    let ramp: Vec<f32> = (0..half).map(|at| (at as f32 + 0.5) / half as f32).collect();
    let wanted = samples.len() * 100 / percent;
    let mut out = Vec::with_capacity(wanted + half);
    out.extend_from_slice(samples.get(..half).unwrap_or_default());
    // Where the sound that was laid down last would go on.
    let mut goes_on = half;
    while out.len() < wanted {
        let place = out.len() * percent / 100;
        let Some(follows) = samples.get(goes_on..goes_on + half) else { break };
        let from = fitting(samples, follows, place, reach);
        let Some(next) = samples.get(from..from + half) else { break };
        out.extend(follows.iter().zip(next).zip(&ramp).map(|((old, new), ramp)| {
            (f32::from(*old) * (1.0 - ramp) + f32::from(*new) * ramp).round() as i16
        }));
        goes_on = from + half;
        if let Some(rest) = samples.get(goes_on..goes_on + half)
            && out.len() + half <= wanted
        {
            out.extend_from_slice(rest);
            goes_on += half;
        }
    }
    // The end is shorter than a window.
    out.extend_from_slice(samples.get(goes_on..).unwrap_or_default());
    out.truncate(wanted + half);
    out
}

/// The place near `place` where the sound is most like what would follow.
fn fitting(samples: &[i16], follows: &[i16], place: usize, reach: usize) -> usize {
    let last = samples.len().saturating_sub(follows.len());
    let (low, high) = (place.saturating_sub(reach).min(last), (place + reach).min(last));
    let likeness = |from: usize| {
        let there = samples.get(from..from + follows.len()).unwrap_or_default();
        let (mut product, mut energy) = (0.0_f32, 1.0_f32);
        // Every second sample is enough to compare by.
        for (one, other) in follows.iter().step_by(2).zip(there.iter().step_by(2)) {
            product += f32::from(*one) * f32::from(*other);
            energy += f32::from(*other) * f32::from(*other);
        }
        product / energy.sqrt()
    };
    let best = (low..=high).step_by(2).max_by(|one, other| likeness_order(likeness(*one), likeness(*other)));
    best.unwrap_or(place.min(last))
}

fn likeness_order(one: f32, other: f32) -> std::cmp::Ordering {
    one.total_cmp(&other)
}

/// The samples louder or quieter by so many decibels. What would clip is rounded off instead of cut.
pub fn amplify(samples: &mut [i16], decibels: i8) {
    if decibels == 0 {
        return;
    }
    let factor = 10_f32.powf(f32::from(decibels) / 20.0);
    /// Above this, loudness grows ever more slowly.
    const KNEE: f32 = 0.7;
    for sample in samples {
        let value = f32::from(*sample) / 32_768.0 * factor;
        let size = value.abs();
        let soft =
            if size <= KNEE { size } else { KNEE + (1.0 - KNEE) * ((size - KNEE) / (1.0 - KNEE)).tanh() };
        *sample = (soft.copysign(value) * 32_767.0).round() as i16;
    }
}

fn count(length: Duration, rate: u32) -> usize {
    usize::try_from(length.as_millis() * u128::from(rate) / 1000).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sine(rate: u32, hertz: f32, seconds: f32) -> Vec<i16> {
        let count = (rate as f32 * seconds) as usize;
        let sample = |at: usize| (at as f32 * hertz / rate as f32 * std::f32::consts::TAU).sin() * 9_000.0;
        (0..count).map(|at| sample(at) as i16).collect()
    }

    /// Zero crossings upwards in a second of the middle.
    fn pitch(samples: &[i16], rate: u32) -> f32 {
        let middle = &samples[samples.len() / 4..samples.len() * 3 / 4];
        let crossings = middle.windows(2).filter(|pair| pair[0] < 0 && pair[1] >= 0).count();
        crossings as f32 * rate as f32 / middle.len() as f32
    }

    fn level(samples: &[i16]) -> f32 {
        let sum: f32 = samples.iter().map(|sample| f32::from(*sample).powi(2)).sum();
        (sum / samples.len() as f32).sqrt()
    }

    #[test]
    fn speed_changes_the_length_and_not_the_pitch() {
        for rate in [8_000, 16_000] {
            for hertz in [110.0, 220.0, 500.0, 1_000.0] {
                let tone = sine(rate, hertz, 3.0);
                for percent in [50, 75, 125, 150, 200] {
                    let heard = stretch(&tone, rate, percent);
                    let wanted = tone.len() as f32 * 100.0 / f32::from(percent);
                    let off = (heard.len() as f32 - wanted).abs() / rate as f32;
                    assert!(off < 0.08, "{rate} Hz, {percent} %: {off} s off");
                    let found = pitch(&heard, rate);
                    assert!(
                        (found / hertz - 1.0).abs() < 0.03,
                        "{hertz} Hz at {percent} % became {found} Hz"
                    );
                    let change = level(&heard) / level(&tone);
                    assert!((0.85..1.1).contains(&change), "{hertz} Hz at {percent} %: level times {change}");
                }
            }
        }
    }

    #[test]
    fn the_joints_do_not_crack() {
        let tone = sine(8_000, 200.0, 2.0);
        let steepest = |samples: &[i16]| {
            samples.windows(2).map(|pair| (i32::from(pair[0]) - i32::from(pair[1])).abs()).max().unwrap()
        };
        for percent in [50, 75, 150, 200] {
            let heard = steepest(&stretch(&tone, 8_000, percent));
            assert!(heard <= steepest(&tone) * 3 / 2, "{percent} %: a step of {heard}");
        }
    }

    #[test]
    fn normal_speed_and_the_shortest_sounds_stay_as_they_are() {
        let tone = sine(8_000, 300.0, 1.0);
        assert_eq!(stretch(&tone, 8_000, 100), tone);
        for length in [0, 1, 100, 479] {
            assert_eq!(stretch(&tone[..length], 8_000, 200), tone[..length]);
        }
        assert!(!stretch(&tone, 8_000, 0).is_empty() && !stretch(&tone, 8_000, u16::MAX).is_empty());
    }

    #[test]
    fn louder_is_louder_and_never_clips() {
        let mut tone = sine(8_000, 300.0, 0.5);
        let before = level(&tone);
        amplify(&mut tone, 6);
        assert!((1.9..2.1).contains(&(level(&tone) / before)));
        amplify(&mut tone, 12);
        assert!(tone.iter().all(|sample| sample.unsigned_abs() < i16::MAX as u16));
        let mut quiet = sine(8_000, 300.0, 0.5);
        amplify(&mut quiet, -12);
        assert!((0.24..0.26).contains(&(level(&quiet) / before)));
    }
}
