//! Changes the sample rate: a windowed sinc, cut off below the lower of the two Nyquist frequencies.
//!
//! One filter for every pair of rates: exact phases for the pairs a call needs (8, 16, 48 kHz), the nearest of many for odd
//! ones. Runs over whole recordings ([`resample`]) and over streams ([`Resampler`]). Only integers of Hz; no clock drift.

/// Zero crossings of the sinc on each side.
const CROSSINGS: f64 = 24.0;
/// Where the filter starts to cut, as a part of the lower Nyquist frequency.
const CUTOFF: f64 = 0.94;
/// Shape of the Kaiser window: 80 dB of stop band.
const BETA: f64 = 7.9;
/// Most phases that are kept; odd pairs of rates (44101 → 16000) use the nearest.
const MOST_PHASES: u64 = 640;
/// Rates are brought into this range: nothing audible lies outside, and the filter stays small.
const RATES: std::ops::RangeInclusive<u32> = 1_000..=768_000;

/// A resampler for a stream. Its output lags behind by half a filter; [`Resampler::finish`] gives the rest.
#[derive(Debug)]
pub struct Resampler {
    /// Ratio of the rates, reduced.
    from: u64,
    to: u64,
    phases: u64,
    /// `phases + 1` filters of `taps` coefficients each.
    bank: Vec<f32>,
    taps: usize,
    /// What may still be needed, as floats; the first is input sample number `base`.
    window: Vec<f32>,
    base: u64,
    /// Input samples seen, output samples made.
    seen: u64,
    made: u64,
}

impl Resampler {
    /// From `from` to `to` samples per second. Rates outside 1–768 kHz are treated as the nearest one inside.
    pub fn new(from: u32, to: u32) -> Self {
        let from = from.clamp(*RATES.start(), *RATES.end());
        let to = to.clamp(*RATES.start(), *RATES.end());
        let divisor = gcd(from, to);
        let (from, to) = (u64::from(from / divisor), u64::from(to / divisor));
        let phases = to.min(MOST_PHASES);
        let (bank, taps) = design(from, to, phases);
        // The filter is centred: half of it lies before the first sample.
        let window = vec![0.0; taps / 2];
        Self { from, to, phases, bank, taps, window, base: 0, seen: 0, made: 0 }
    }

    /// Appends what can be said of the stream after these samples.
    pub fn process(&mut self, input: &[i16], out: &mut Vec<i16>) {
        self.window.extend(input.iter().map(|&sample| f32::from(sample)));
        self.seen += input.len() as u64;
        self.produce(u64::MAX, out);
        self.forget();
    }

    /// Appends the rest. In all, `n` samples became `⌈n · to / from⌉`.
    pub fn finish(mut self, out: &mut Vec<i16>) {
        let total = (self.seen * self.to).div_ceil(self.from);
        self.window.resize(self.window.len() + self.taps, 0.0);
        self.produce(total, out);
    }

    /// Makes output while the window covers the filter around it, up to `total` in all.
    fn produce(&mut self, total: u64, out: &mut Vec<i16>) {
        while self.made < total {
            let position = self.made * self.from;
            let (whole, rest) = (position / self.to, position % self.to);
            let phase = (rest * self.phases + self.to / 2) / self.to;
            let start = (whole - self.base) as usize;
            let Some(samples) = self.window.get(start..start + self.taps) else { break };
            let filter = phase as usize * self.taps;
            let filter = self.bank.get(filter..filter + self.taps).unwrap_or_default();
            out.push(dot(samples, filter).round() as i16);
            self.made += 1;
        }
    }

    /// Drops what no later output looks at.
    fn forget(&mut self) {
        let next = self.made * self.from / self.to;
        let done = ((next - self.base) as usize).min(self.window.len());
        self.window.drain(..done);
        self.base += done as u64;
    }
}

/// Sum of products in eight lanes, which the compiler turns into vector instructions.
fn dot(samples: &[f32], filter: &[f32]) -> f32 {
    let mut lanes = [0.0_f32; 8];
    for (a, b) in samples.chunks_exact(8).zip(filter.chunks_exact(8)) {
        for ((lane, x), y) in lanes.iter_mut().zip(a).zip(b) {
            *lane += x * y;
        }
    }
    lanes.iter().sum()
}

/// A bank of `phases + 1` filters (the last is the first, one sample on) and their length, a multiple of 8.
fn design(from: u64, to: u64, phases: u64) -> (Vec<f32>, usize) {
    let lower = (to as f64 / from as f64).min(1.0);
    let cutoff = lower * CUTOFF;
    let half = (CROSSINGS / lower).ceil();
    let taps = (2 * half as usize).next_multiple_of(8);
    let centre = taps as f64 / 2.0;
    let mut bank = Vec::with_capacity(taps * (phases as usize + 1));
    for phase in 0..=phases {
        let shift = phase as f64 / phases as f64;
        let filter: Vec<f64> = (0..taps)
            .map(|tap| {
                let x = tap as f64 - centre - shift;
                sinc(x * cutoff) * kaiser(x / centre)
            })
            .collect();
        // Each phase passes a constant unchanged.
        let sum: f64 = filter.iter().sum();
        bank.extend(filter.iter().map(|tap| (tap / sum) as f32));
    }
    (bank, taps)
}

fn sinc(x: f64) -> f64 {
    let x = x * std::f64::consts::PI;
    if x.abs() < 1e-9 { 1.0 } else { x.sin() / x }
}

fn kaiser(x: f64) -> f64 {
    bessel(BETA * (1.0 - x * x).max(0.0).sqrt()) / bessel(BETA)
}

/// The modified Bessel function of order zero, by its power series.
fn bessel(x: f64) -> f64 {
    let mut term = 1.0;
    let mut sum = 1.0;
    for k in 1..=24 {
        term *= (x / (2.0 * f64::from(k))).powi(2);
        sum += term;
    }
    sum
}

fn gcd(a: u32, b: u32) -> u32 {
    if b == 0 { a } else { gcd(b, a % b) }
}

/// A whole recording at another rate: `n` samples become `⌈n · to / from⌉`, in their place without delay.
pub fn resample(samples: &[i16], from: u32, to: u32) -> Vec<i16> {
    if from == to {
        return samples.to_vec();
    }
    let mut resampler = Resampler::new(from, to);
    let mut out = Vec::new();
    resampler.process(samples, &mut out);
    resampler.finish(&mut out);
    out
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn sine(rate: u32, hz: f64, samples: u32) -> Vec<i16> {
        (0..samples)
            .map(|n| {
                ((f64::from(n) * hz / f64::from(rate) * std::f64::consts::TAU).sin() * 12_000.0).round()
                    as i16
            })
            .collect()
    }

    fn rms(samples: impl Iterator<Item = f64>) -> f64 {
        let (sum, count) = samples.fold((0.0, 0.0), |(sum, count), s| (sum + s * s, count + 1.0));
        (sum / f64::max(count, 1.0)).sqrt()
    }

    #[test]
    fn a_tone_keeps_its_place_pitch_and_level_at_another_rate() {
        for (from, to) in [
            (8_000, 16_000),
            (16_000, 8_000),
            (48_000, 8_000),
            (16_000, 48_000),
            (44_100, 16_000),
            (44_101, 16_000),
            (22_050, 48_000),
        ] {
            let out = resample(&sine(from, 1_000.0, from / 2), from, to);
            let ideal = sine(to, 1_000.0, to / 2);
            let middle = to as usize / 20..to as usize * 9 / 20;
            let error = rms(middle.clone().map(|i| f64::from(out[i]) - f64::from(ideal[i])));
            assert!(error < 30.0, "{from} → {to}: error {error:.1} of 8485");
        }
    }

    #[test]
    fn what_the_lower_rate_cannot_carry_is_gone() {
        let out = resample(&sine(48_000, 6_000.0, 24_000), 48_000, 8_000);
        let left = rms(out.iter().skip(400).take(3_000).map(|&s| f64::from(s)));
        assert!(left < 4.0, "an alias of {left:.1}");
    }

    #[test]
    fn a_stream_in_pieces_is_the_same_as_the_whole() {
        let input = sine(16_000, 700.0, 5_000);
        let whole = resample(&input, 16_000, 48_000);
        let mut resampler = Resampler::new(16_000, 48_000);
        let mut pieces = Vec::new();
        for piece in input.chunks(320) {
            resampler.process(piece, &mut pieces);
        }
        resampler.finish(&mut pieces);
        assert_eq!(pieces, whole);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(40))]

        #[test]
        fn the_length_follows_the_ratio_for_any_rates(
            from in prop::sample::select(vec![1_000_u32, 7_350, 8_000, 11_025, 16_000, 22_050, 44_100, 44_101, 96_000]),
            to in prop::sample::select(vec![8_000_u32, 16_000, 48_000]),
            samples in prop::collection::vec(any::<i16>(), 0..600),
        ) {
            let out = resample(&samples, from, to);
            let expected = (samples.len() as u64 * u64::from(to)).div_ceil(u64::from(from));
            prop_assert_eq!(out.len() as u64, expected);
        }
    }

    #[test]
    fn a_rate_of_zero_does_no_harm() {
        assert_eq!(resample(&[1, 2, 3], 0, 8_000).len(), 24);
        assert_eq!(resample(&[], 0, 0).len(), 0);
    }
}
