//! The picture of a recording: its peaks, for the player of the link page.

/// The highest peak in each of `buckets` equal parts: 0 is silence, 255 full scale. Fewer samples than buckets repeat.
pub fn peaks(samples: &[i16], buckets: usize) -> Vec<u8> {
    (0..buckets)
        .map(|bucket| {
            let start = bucket * samples.len() / buckets;
            let end = ((bucket + 1) * samples.len() / buckets).max(start + 1).min(samples.len());
            let peak = samples.get(start..end).unwrap_or_default().iter().map(|s| s.unsigned_abs()).max();
            u8::try_from(peak.unwrap_or(0) / 128).unwrap_or(u8::MAX)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn loud_parts_are_high_and_silent_ones_flat() {
        let mut sound = vec![0; 1_000];
        sound.extend(vec![16_384; 1_000]);
        sound.extend(vec![i16::MIN; 1_000]);
        assert_eq!(peaks(&sound, 3), [0, 128, 255]);
        assert_eq!(peaks(&sound, 6), [0, 0, 128, 128, 255, 255]);
    }

    #[test]
    fn there_are_as_many_buckets_as_asked_for_whatever_the_length() {
        assert_eq!(peaks(&[], 5), [0; 5]);
        assert_eq!(peaks(&[12_800, -25_600], 4), [100, 100, 200, 200]);
        assert_eq!(peaks(&[1, 2, 3], 0), Vec::<u8>::new());
    }
}
