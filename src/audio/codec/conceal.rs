//! Concealment of lost packets: the last pitch period goes on, fades, and joins smoothly with what comes next.
//!
//! Does not know which packets are lost; the jitter buffer's reader says so.

/// Full level for so long …
const HOLD_MS: usize = 10;
/// … and silence from here on.
const END_MS: usize = 60;

/// The level of concealed sound over the time since the last real packet.
#[derive(Debug)]
pub(super) struct Fade {
    hold: usize,
    end: usize,
    at: usize,
}

impl Fade {
    pub(super) fn new(rate: u32) -> Self {
        let ms = rate as usize / 1000;
        Self { hold: HOLD_MS * ms, end: END_MS * ms, at: 0 }
    }

    /// Samples until silence.
    pub(super) fn remaining(&self) -> usize {
        self.end.saturating_sub(self.at)
    }

    /// Scales concealed samples that follow those of the last call.
    pub(super) fn apply(&mut self, samples: &mut [i16]) {
        let length = (self.end - self.hold) as i32;
        for sample in samples {
            let left = self.end.saturating_sub(self.at.max(self.hold)) as i32;
            *sample = (i32::from(*sample) * left / length) as i16;
            self.at = (self.at + 1).min(self.end);
        }
    }

    /// A real packet came. True when it ends a gap.
    pub(super) fn end(&mut self) -> bool {
        std::mem::take(&mut self.at) > 0
    }
}

/// Remembers the last 40 ms and goes on with their last pitch period.
#[derive(Debug)]
pub(super) struct Repeater {
    /// The newest sample is last.
    history: Vec<i16>,
    shortest: usize,
    longest: usize,
    /// While concealing: the period that is repeated, and where in it we are.
    period: Vec<i16>,
    at: usize,
}

impl Repeater {
    pub(super) fn new(rate: u32) -> Self {
        let rate = rate as usize;
        Self {
            history: vec![0; rate / 25],
            shortest: rate / 400,
            longest: rate / 66,
            period: Vec::with_capacity(rate / 66),
            at: 0,
        }
    }

    /// Takes note of real sound.
    pub(super) fn remember(&mut self, fresh: &[i16]) {
        self.period.clear();
        let size = self.history.len();
        if let Some(tail) = fresh.len().checked_sub(size).and_then(|start| fresh.get(start..)) {
            self.history.copy_from_slice(tail);
            return;
        }
        self.history.copy_within(fresh.len().., 0);
        for (slot, &sample) in self.history.iter_mut().rev().zip(fresh.iter().rev()) {
            *slot = sample;
        }
    }

    /// Appends `samples` more of the last pitch period.
    pub(super) fn go_on(&mut self, samples: usize, out: &mut Vec<i16>) {
        if self.period.is_empty() {
            let start = self.history.len() - self.pitch();
            self.period.extend_from_slice(self.history.get(start..).unwrap_or_default());
            self.at = 0;
        }
        out.extend(self.period.iter().cycle().skip(self.at).take(samples));
        self.at = (self.at + samples) % self.period.len().max(1);
    }

    /// Blends the first 4 ms of what came after a gap with how the gap would have gone on.
    pub(super) fn join(&mut self, fresh: &mut [i16]) {
        let length = (self.history.len() / 10).min(fresh.len());
        let mut gap = Vec::with_capacity(length);
        if self.period.is_empty() {
            return;
        }
        self.go_on(length, &mut gap);
        for (i, (sample, old)) in fresh.iter_mut().zip(gap).enumerate() {
            // The gap had faded by about half when it ended; a half-level blend is heard as continuous.
            let weight = (i + 1) as i32;
            let length = length as i32;
            *sample =
                ((i32::from(*sample) * weight + i32::from(old) / 2 * (length - weight)) / length) as i16;
        }
    }

    /// The lag with the best normalised correlation over the newest 20 ms; the longest one when nothing correlates.
    fn pitch(&self) -> usize {
        let window = self.history.len() / 2;
        let newest = self.history.get(window..).unwrap_or_default();
        let mut best = (0.0, self.longest);
        for lag in self.shortest..=self.longest.min(window) {
            let older = self.history.get(window - lag..self.history.len() - lag).unwrap_or_default();
            let (mut product, mut energy) = (0_i64, 1_i64);
            for (&a, &b) in newest.iter().zip(older) {
                product += i64::from(a) * i64::from(b);
                energy += i64::from(b) * i64::from(b);
            }
            let score = product.max(0) as f64 * product as f64 / energy as f64;
            if score > best.0 {
                best = (score, lag);
            }
        }
        best.1
    }
}
