//! Sounds for tests: noise, and a voice of pulses through formants, with syllables and pauses. Not for callers.

/// Noise of a linear congruential generator: the same at every run.
pub(crate) fn noise(rate: u32, ms: u32, rms: f64) -> Vec<i16> {
    let mut state = 0x2545_f491_u64;
    let mut uniform = move || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as f64 / f64::from(1_u32 << 31) - 0.5
    };
    // The sum of 12 uniform numbers is close to normal with a deviation of 1.
    (0..rate * ms / 1000).map(|_| ((0..12).map(|_| uniform()).sum::<f64>() * rms) as i16).collect()
}

/// A sine at this peak.
pub(crate) fn sine(rate: u32, hz: f64, ms: u32, peak: f64) -> Vec<i16> {
    (0..rate * ms / 1000)
        .map(|n| ((f64::from(n) * hz / f64::from(rate) * std::f64::consts::TAU).sin() * peak).round() as i16)
        .collect()
}

/// Sums sounds sample by sample; the shorter ones end early.
pub(crate) fn mix(sounds: &[Vec<i16>]) -> Vec<i16> {
    let length = sounds.iter().map(Vec::len).max().unwrap_or(0);
    (0..length)
        .map(|n| sounds.iter().filter_map(|sound| sound.get(n)).fold(0_i16, |sum, &s| sum.saturating_add(s)))
        .collect()
}

/// Vowels of a gliding voice, 140 ms each with 60 ms of fading between them, and a pause after every sixth.
pub(crate) fn voice(rate: u32, ms: u32, peak: f64) -> Vec<i16> {
    const VOWELS: [[f64; 3]; 4] =
        [[700.0, 1200.0, 2500.0], [300.0, 2200.0, 2900.0], [500.0, 900.0, 2400.0], [400.0, 1900.0, 2500.0]];
    let mut phase = 0.0;
    (0..rate * ms / 1000)
        .map(|n| {
            let t = f64::from(n) / f64::from(rate);
            let syllable = (t / 0.2) as usize;
            let within = t % 0.2;
            let loud =
                if syllable % 7 == 6 { 0.0 } else { (within / 0.03).min((0.2 - within) / 0.06).min(1.0) };
            let pitch = 115.0 + 25.0 * (t * 3.1).sin();
            phase += pitch / f64::from(rate);
            let formants = VOWELS[syllable % VOWELS.len()];
            let sound: f64 = (1..=24)
                .map(|k| {
                    let hz = pitch * f64::from(k);
                    let gain: f64 = formants.iter().map(|f| 1.0 / (1.0 + ((hz - f) / 90.0).powi(2))).sum();
                    gain * (phase * f64::from(k) * std::f64::consts::TAU).sin()
                })
                .sum();
            (sound * loud * peak / 3.0) as i16
        })
        .collect()
}
