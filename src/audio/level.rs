//! The energy of a frame: the first and cheapest question about sound.

/// Mean square of full scale ±1. Silence and no samples are 0.
pub fn mean_square(samples: &[i16]) -> f32 {
    let mut lanes = [0.0_f32; 8];
    let chunks = samples.chunks_exact(8);
    let rest = chunks.remainder();
    for chunk in chunks {
        for (lane, &sample) in lanes.iter_mut().zip(chunk) {
            let sample = f32::from(sample);
            *lane += sample * sample;
        }
    }
    for (lane, &sample) in lanes.iter_mut().zip(rest) {
        *lane += f32::from(sample) * f32::from(sample);
    }
    lanes.iter().sum::<f32>() / (samples.len().max(1) as f32 * 32_768.0 * 32_768.0)
}

/// A mean square as decibels of full scale: a square wave of ±32768 is 0 dB, a sine of that height −3 dB; never below −120.
pub fn decibels(mean_square: f32) -> f32 {
    10.0 * mean_square.max(1e-12).log10()
}

/// Samples at about 8 kHz for detectors that look below 3 kHz: neighbours are averaged. Cheap, not for listening.
pub(super) fn narrow<'a>(samples: &'a [i16], rate: u32, scratch: &'a mut Vec<i16>) -> &'a [i16] {
    scratch.clear();
    // Known group sizes, so that the division is none.
    match rate / 8_000 {
        0 | 1 => return samples,
        2 => averages::<2>(samples, scratch),
        6 => averages::<6>(samples, scratch),
        group => scratch.extend(samples.chunks_exact(group as usize).map(mean)),
    }
    scratch
}

fn averages<const GROUP: usize>(samples: &[i16], out: &mut Vec<i16>) {
    out.extend(samples.as_chunks::<GROUP>().0.iter().map(|group| mean(group)));
}

#[inline]
fn mean(group: &[i16]) -> i16 {
    let sum: i32 = group.iter().map(|&sample| i32::from(sample)).sum();
    (sum / group.len().max(1) as i32) as i16
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_are_decibels_of_full_scale() {
        assert!((decibels(mean_square(&[i16::MIN; 160])) - 0.0).abs() < 0.01);
        assert!((decibels(mean_square(&[3_277; 163])) + 20.0).abs() < 0.01);
        assert_eq!(decibels(mean_square(&[0; 160])), -120.0);
        assert_eq!(mean_square(&[]), 0.0);
    }

    #[test]
    fn narrowing_keeps_the_length_in_time() {
        let mut scratch = Vec::new();
        assert_eq!(narrow(&[6; 960], 48_000, &mut scratch), [6; 160]);
        assert_eq!(narrow(&[6; 160], 8_000, &mut scratch).len(), 160);
    }
}
