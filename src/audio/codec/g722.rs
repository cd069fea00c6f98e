//! G.722 (ITU-T G.722 09/2012) at 64 kbit/s: two sub-bands of ADPCM behind a quadrature mirror filter.
//!
//! Two samples at 16 kHz are one byte: the upper two bits are the high band, the lower six the low band (§1.4.4). Only
//! mode 1 is spoken, as RTP asks (RFC 3551 §4.5.2). Every byte decodes to something: nothing here can fail.
//! The names of the steps are those of §6.

/// Coefficients of the mirror filter, one phase; the other has them in reverse order (table 4).
const QMF: [i16; 12] = [3, -11, 12, 32, -210, 951, 3876, -805, 362, -156, 53, -11];
/// Decision levels of the 60-level quantizer of the low band (table 14), relative to the scale factor.
const LOW_LEVELS: [i32; 29] = [
    35, 72, 110, 150, 190, 233, 276, 323, 370, 422, 473, 530, 587, 650, 714, 786, 858, 940, 1023, 1121, 1219,
    1339, 1458, 1612, 1765, 1980, 2195, 2557, 2919,
];
/// Inverse quantizer of the low band, 6 bits: what is heard (table 17).
const INVERSE_6: [i32; 64] = [
    -136, -136, -136, -136, -24808, -21904, -19008, -16704, -14984, -13512, -12280, -11192, -10232, -9360,
    -8576, -7856, -7192, -6576, -6000, -5456, -4944, -4464, -4008, -3576, -3168, -2776, -2400, -2032, -1688,
    -1360, -1040, -728, 24808, 21904, 19008, 16704, 14984, 13512, 12280, 11192, 10232, 9360, 8576, 7856,
    7192, 6576, 6000, 5456, 4944, 4464, 4008, 3576, 3168, 2776, 2400, 2032, 1688, 1360, 1040, 728, 432, 136,
    -432, -136,
];
/// Inverse quantizer of the low band, 4 bits: what adapts the predictor, the same on both sides (table 15).
const INVERSE_4: [i32; 16] =
    [0, -20456, -12896, -8968, -6288, -4240, -2584, -1200, 20456, 12896, 8968, 6288, 4240, 2584, 1200, 0];
/// Inverse quantizer of the high band, 2 bits (table 18).
const INVERSE_2: [i32; 4] = [-7408, -1616, 7408, 1616];
/// Logarithmic scale factor multipliers of the low band, by 4-bit code (tables 15 and 20).
const LOW_STEPS: [i32; 16] =
    [-60, 3042, 1198, 538, 334, 172, 58, -30, 3042, 1198, 538, 334, 172, 58, -30, -60];
/// The same of the high band, by 2-bit code.
const HIGH_STEPS: [i32; 4] = [798, -214, 798, -214];
/// 2^(i/32) in steps of 1/2048 (table 21).
const ANTILOG: [i32; 32] = [
    2048, 2093, 2139, 2186, 2233, 2282, 2332, 2383, 2435, 2489, 2543, 2599, 2656, 2714, 2774, 2834, 2896,
    2960, 3025, 3091, 3158, 3228, 3298, 3371, 3444, 3520, 3597, 3676, 3756, 3838, 3922, 4008,
];
/// The one decision level of the high band.
const HIGH_LEVEL: i32 = 564;

fn saturate(value: i32) -> i32 {
    value.clamp(-32_768, 32_767)
}

fn look(table: &[i32], index: u8) -> i32 {
    table.get(usize::from(index)).copied().unwrap_or_default()
}

/// What adapts in one band: predictor (two poles, six zeros) and scale factor.
#[derive(Debug)]
struct Band {
    /// The predicted sample.
    signal: i32,
    zeros_part: i32,
    /// Twice the reconstructed signal, newest first.
    r: [i32; 2],
    /// Partially reconstructed signal, newest first.
    p: [i32; 2],
    poles: [i32; 2],
    zeros: [i32; 6],
    /// Twice the quantized differences, newest first.
    d: [i32; 6],
    /// Scale factor, logarithmic and linear.
    log_scale: i32,
    scale: i32,
    /// Largest logarithmic scale factor, and how the linear one is shifted.
    log_limit: i32,
    shift: i32,
}

impl Band {
    fn new(scale: i32, log_limit: i32, shift: i32) -> Self {
        Self {
            signal: 0,
            zeros_part: 0,
            r: [0; 2],
            p: [0; 2],
            poles: [0; 2],
            zeros: [0; 6],
            d: [0; 6],
            log_scale: 0,
            scale,
            log_limit,
            shift,
        }
    }

    fn low() -> Self {
        Self::new(32, 18_432, 8)
    }

    fn high() -> Self {
        Self::new(8, 22_528, 10)
    }

    /// LOGSCL and SCALEL: the step becomes larger after large differences.
    fn rescale(&mut self, step: i32) {
        self.log_scale = (((self.log_scale * 127) >> 7) + step).clamp(0, self.log_limit);
        let mantissa = look(&ANTILOG, ((self.log_scale >> 6) & 31) as u8);
        let shift = self.shift - (self.log_scale >> 11);
        let scaled = if shift < 0 { mantissa << -shift } else { mantissa >> shift };
        self.scale = scaled << 2;
    }

    /// Block 4: takes the quantized difference in, adapts, and predicts the next sample.
    fn adapt(&mut self, difference: i32) {
        let reconstructed = saturate(self.signal + difference);
        let partial = saturate(self.zeros_part + difference);
        self.adapt_poles(partial);
        self.adapt_zeros(difference);
        self.d.copy_within(..5, 1);
        self.d[0] = saturate(difference * 2);
        self.r = [saturate(reconstructed * 2), self.r[0]];
        self.p = [partial, self.p[0]];
        let poles_part = saturate(((self.poles[0] * self.r[0]) >> 15) + ((self.poles[1] * self.r[1]) >> 15));
        self.zeros_part = saturate(self.d.iter().zip(&self.zeros).map(|(&d, &zero)| (zero * d) >> 15).sum());
        self.signal = saturate(poles_part + self.zeros_part);
    }

    /// UPPOL2 and UPPOL1, with the limits that keep the filter stable.
    fn adapt_poles(&mut self, partial: i32) {
        let same_as = |old: i32| (partial < 0) == (old < 0);
        let scaled = saturate(self.poles[0] << 2);
        let toward = if same_as(self.p[0]) { saturate(-scaled) } else { scaled };
        let nudge = if same_as(self.p[1]) { 128 } else { -128 };
        let second = ((toward >> 7) + nudge + ((self.poles[1] * 32_512) >> 15)).clamp(-12_288, 12_288);
        let nudge = if same_as(self.p[0]) { 192 } else { -192 };
        let limit = saturate(15_360 - second);
        let first = saturate(nudge + ((self.poles[0] * 32_640) >> 15)).clamp(-limit, limit);
        self.poles = [first, second];
    }

    /// UPZERO.
    fn adapt_zeros(&mut self, difference: i32) {
        let nudge = if difference == 0 { 0 } else { 128 };
        for (zero, &old) in self.zeros.iter_mut().zip(&self.d) {
            let toward = if (difference < 0) == (old < 0) { nudge } else { -nudge };
            *zero = saturate(toward + ((*zero * 32_640) >> 15));
        }
    }

    fn dequantize(&self, table: &[i32], code: u8) -> i32 {
        (self.scale * look(table, code)) >> 15
    }

    fn adapt_low(&mut self, code: u8) {
        let coarse = code >> 2;
        let difference = self.dequantize(&INVERSE_4, coarse);
        self.rescale(look(&LOW_STEPS, coarse));
        self.adapt(difference);
    }

    fn adapt_high(&mut self, code: u8) {
        let difference = self.dequantize(&INVERSE_2, code);
        self.rescale(look(&HIGH_STEPS, code));
        self.adapt(difference);
    }
}

/// [`QMF`] backwards.
const QMF_BACK: [i16; 12] = [-11, 53, -156, 362, -805, 3876, 951, -210, 32, 12, -11, 3];

/// The last 24 samples of the mirror filter in its two phases, oldest first.
#[derive(Debug, Default)]
struct Mirror {
    first: [i16; 12],
    second: [i16; 12],
}

impl Mirror {
    /// Takes two samples in; gives the sums of the two phases.
    fn turn(&mut self, first: i16, second: i16) -> (i32, i32) {
        self.first.copy_within(1.., 0);
        self.first[11] = first;
        self.second.copy_within(1.., 0);
        self.second[11] = second;
        (filter(&self.first, &QMF), filter(&self.second, &QMF_BACK))
    }
}

/// Products of 16 bits: what vector units sum fastest.
fn filter(samples: &[i16; 12], coefficients: &[i16; 12]) -> i32 {
    samples.iter().zip(coefficients).map(|(&a, &b)| i32::from(a) * i32::from(b)).sum()
}

/// 16 kHz samples → bytes.
#[derive(Debug)]
pub(super) struct Encoder {
    low: Band,
    high: Band,
    mirror: Mirror,
}

impl Default for Encoder {
    fn default() -> Self {
        Self { low: Band::low(), high: Band::high(), mirror: Mirror::default() }
    }
}

impl Encoder {
    /// One byte for every two samples; a last odd one is left out.
    pub(super) fn encode(&mut self, pcm: &[i16], out: &mut Vec<u8>) {
        for pair in pcm.chunks_exact(2) {
            if let [first, second] = *pair {
                out.push(self.encode_pair(first, second));
            }
        }
    }

    fn encode_pair(&mut self, first: i16, second: i16) -> u8 {
        let (odd, even) = self.mirror.turn(first, second);
        let low = self.quantize_low((even + odd) >> 14);
        let high = self.quantize_high((even - odd) >> 14);
        self.low.adapt_low(low);
        self.high.adapt_high(high);
        high << 6 | low
    }

    /// QUANTL: the codes of negative differences run 63, 62, 31 … 4, of positive ones 61, 60, 59 … 32.
    fn quantize_low(&self, sample: i32) -> u8 {
        let difference = saturate(sample - self.low.signal);
        let size = if difference < 0 { -(difference + 1) } else { difference };
        let level =
            LOW_LEVELS.iter().take_while(|&&level| size >= (level * self.low.scale) >> 12).count() as u8;
        match (difference < 0, level) {
            (true, 0 | 1) => 63 - level,
            (true, _) => 33 - level,
            (false, _) => 61 - level,
        }
    }

    /// QUANTH.
    fn quantize_high(&self, sample: i32) -> u8 {
        let difference = saturate(sample - self.high.signal);
        let size = if difference < 0 { -(difference + 1) } else { difference };
        let outer = size >= (HIGH_LEVEL * self.high.scale) >> 12;
        match (difference < 0, outer) {
            (true, false) => 1,
            (true, true) => 0,
            (false, false) => 3,
            (false, true) => 2,
        }
    }
}

/// Bytes → 16 kHz samples.
#[derive(Debug)]
pub(super) struct Decoder {
    low: Band,
    high: Band,
    mirror: Mirror,
}

impl Default for Decoder {
    fn default() -> Self {
        Self { low: Band::low(), high: Band::high(), mirror: Mirror::default() }
    }
}

impl Decoder {
    /// Two samples for every byte.
    pub(super) fn decode(&mut self, payload: &[u8], out: &mut Vec<i16>) {
        out.reserve(payload.len() * 2);
        for &byte in payload {
            out.extend(self.decode_byte(byte));
        }
    }

    fn decode_byte(&mut self, byte: u8) -> [i16; 2] {
        let (low_code, high_code) = (byte & 0x3f, byte >> 6);
        let low = self.low.signal + self.low.dequantize(&INVERSE_6, low_code);
        let high = self.high.signal + self.high.dequantize(&INVERSE_2, high_code);
        let (low, high) = (low.clamp(-16_384, 16_383), high.clamp(-16_384, 16_383));
        self.low.adapt_low(low_code);
        self.high.adapt_high(high_code);
        // Both fit: the bands were limited to half of the range.
        let (second, first) = self.mirror.turn((low + high) as i16, (low - high) as i16);
        [saturate(first >> 11) as i16, saturate(second >> 11) as i16]
    }
}
