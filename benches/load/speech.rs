//! What the callers say: 80 s of G.711 that passes for speech and never repeats, so that every 20 ms of a recording can
//! be found again. Each call begins at another place of it, so that a swapped recording shows.

use std::ops::Range;
use std::time::Duration;

use aftertone::audio::{Codec, Decoder, Encoder};

/// Samples of 20 ms at 8 kHz.
pub(crate) const FRAME: usize = 160;
/// Frames of the whole text.
const FRAMES: usize = 4096;
/// Calls that follow each other begin so many frames apart; odd, so that all places are used.
const STRIDE: usize = 97;
const RATE: f32 = 8000.0;

/// The text, as sent and as heard.
pub(crate) struct Speech {
    ulaw: Vec<u8>,
    heard: Vec<i16>,
}

impl Speech {
    /// Speaks the text.
    pub(crate) fn new() -> Self {
        let samples = speak(FRAMES * FRAME);
        let ulaw = Encoder::new(Codec::Pcmu)
            .and_then(|mut encoder| {
                let mut bytes = Vec::new();
                encoder.encode(&samples, &mut bytes)?;
                Ok(bytes)
            })
            .expect("G.711 takes any samples");
        let heard = Decoder::new(Codec::Pcmu)
            .and_then(|mut decoder| {
                let mut samples = Vec::new();
                decoder.decode(&ulaw, &mut samples)?;
                Ok(samples)
            })
            .expect("G.711 takes any bytes");
        Self { ulaw, heard }
    }

    /// Whether these bytes begin somewhere in this part of the text.
    pub(crate) fn is_within(&self, part: Range<usize>, bytes: &[u8]) -> bool {
        let end = part.end.saturating_add(bytes.len()).min(self.ulaw.len());
        let there = self.ulaw.get(part.start..end).unwrap_or_default();
        there.windows(bytes.len().max(1)).any(|there| same(there, bytes))
    }

    /// The first `length` of it as samples, for a greeting.
    pub(crate) fn sample(&self, length: Duration) -> &[i16] {
        let samples = usize::try_from(length.as_millis()).unwrap_or(usize::MAX).saturating_mul(8);
        self.heard.get(..samples).unwrap_or(&self.heard)
    }

    /// Frame `number` of what call `call` says.
    pub(crate) fn frame(&self, call: usize, number: usize) -> &[u8] {
        let at = place(call, number) * FRAME;
        self.ulaw.get(at..at + FRAME).expect("a place lies within the text")
    }

    /// The place behind these bytes of the text, if they are some.
    pub(crate) fn after(&self, bytes: &[u8]) -> Option<usize> {
        let found = self.ulaw.windows(bytes.len().max(1)).position(|there| same(there, bytes))?;
        Some(found + bytes.len())
    }

    /// Whether the text goes on like this there.
    pub(crate) fn is_at(&self, place: usize, bytes: &[u8]) -> bool {
        self.ulaw.get(place..place + bytes.len()).is_some_and(|there| same(there, bytes))
    }

    /// Share of a recording's whole frames that are exactly what the call said, each at its place, when the recording
    /// may begin up to `slack` frames around frame `begin`. The first 100 ms are the server's to cut as it likes.
    pub(crate) fn intact(&self, call: usize, begin: usize, slack: usize, recording: &[i16]) -> f64 {
        const PROBE: Range<usize> = 5 * FRAME..7 * FRAME;
        let Some(probe) = recording.get(PROBE) else { return 0.0 };
        let text = self.heard.len();
        let first = (place(call, begin) + FRAMES - slack % FRAMES) * FRAME + PROBE.start;
        let said = |at: usize| self.heard.get(at % text).copied();
        let begins = |at: &usize| probe.iter().zip(*at..).all(|(sample, at)| said(at) == Some(*sample));
        let Some(found) = (first..first + 2 * slack * FRAME).find(begins) else { return 0.0 };
        let start = found + text - PROBE.start;
        let frames = recording.as_chunks::<FRAME>().0;
        let same = |(index, frame): &(usize, &[i16; FRAME])| {
            frame.iter().zip(start + index * FRAME..).all(|(sample, at)| said(at) == Some(*sample))
        };
        frames.iter().enumerate().filter(same).count() as f64 / frames.len() as f64
    }
}

/// The same sound: nothing has a sign that nobody hears.
fn same(one: &[u8], other: &[u8]) -> bool {
    let plain = |byte: u8| if byte == 0x7f { 0xff } else { byte };
    one.len() == other.len() && one.iter().zip(other).all(|(a, b)| plain(*a) == plain(*b))
}

fn place(call: usize, number: usize) -> usize {
    (call * STRIDE + number) % FRAMES
}

/// Syllables with a gliding pitch and two formants, words of some syllables, short pauses, a little breath.
fn speak(length: usize) -> Vec<i16> {
    let mut chance = Chance(0x2545_f491);
    let mut samples = Vec::with_capacity(length + 4000);
    let mut phase = 0.0_f32;
    while samples.len() < length {
        for _ in 0..chance.between(4, 9) {
            syllable(&mut chance, &mut phase, &mut samples);
        }
        let pause = chance.between(800, 2000);
        samples.extend((0..pause).map(|_| to_sample(0.002 * chance.signed())));
    }
    samples.truncate(length);
    samples
}

fn syllable(chance: &mut Chance, phase: &mut f32, samples: &mut Vec<i16>) {
    let length = chance.between(1000, 2000);
    let (low, high) = (chance.between(300, 800) as f32, chance.between(1000, 2500) as f32);
    let (from, to) = (chance.between(95, 180) as f32, chance.between(95, 180) as f32);
    for index in 0..length {
        let share = index as f32 / length as f32;
        let pitch = from + (to - from) * share;
        *phase = (*phase + pitch / RATE).fract();
        let harmonics: f32 = (1..=18_u8)
            .map(|harmonic| {
                let hertz = pitch * f32::from(harmonic);
                let near = |formant: f32| (-((hertz - formant) / 180.0).powi(2)).exp();
                (near(low) + 0.5 * near(high) + 0.05)
                    * (std::f32::consts::TAU * phase.fract() * f32::from(harmonic)).sin()
            })
            .sum();
        let loudness = 0.25 * (std::f32::consts::PI * share).sin();
        samples.push(to_sample(loudness * harmonics + 0.004 * chance.signed()));
    }
}

fn to_sample(value: f32) -> i16 {
    (value * 20_000.0).clamp(-32_000.0, 32_000.0) as i16
}

/// The same numbers in every run (xorshift).
struct Chance(u32);

impl Chance {
    fn next(&mut self) -> u32 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 17;
        self.0 ^= self.0 << 5;
        self.0
    }

    fn between(&mut self, low: u32, high: u32) -> u32 {
        low + self.next() % (high - low)
    }

    /// −1 … 1.
    fn signed(&mut self) -> f32 {
        f32::from((self.next() >> 16) as u16) / 32_768.0 - 1.0
    }
}
