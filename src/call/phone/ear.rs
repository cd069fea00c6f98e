//! Hears the tone that says "speak now".

/// A tone of one pitch, held for so many frames of 20 ms and followed by something else.
const TONE_TICKS: u32 = 8;

/// Hears the tone that says "speak now": one pure pitch for 160 ms or more, then its end.
pub(super) struct ToneEar {
    /// Samples in 20 ms.
    frame: usize,
    /// Samples that become one at 8 kHz, where pitches lie apart most clearly.
    thin: usize,
    pending: Vec<i16>,
    pure: u32,
    tones: u32,
}

impl ToneEar {
    pub(super) fn new(rate: u32) -> Self {
        let (frame, thin) = (rate as usize / 50, (rate as usize / 8_000).max(1));
        Self { frame, thin, pending: Vec::new(), pure: 0, tones: 0 }
    }

    pub(super) fn hear(&mut self, samples: &[i16]) {
        self.pending.extend_from_slice(samples);
        while self.pending.len() >= self.frame {
            let frame: Vec<i16> = self.pending.drain(..self.frame).collect();
            let thin: Vec<f64> = frame
                .chunks(self.thin)
                .map(|some| some.iter().map(|sample| f64::from(*sample)).sum::<f64>() / self.thin as f64)
                .collect();
            if is_pure(&thin) {
                self.pure += 1;
            } else {
                self.tones += u32::from(self.pure >= TONE_TICKS);
                self.pure = 0;
            }
        }
    }

    /// Tones that are over.
    pub(super) const fn count(&self) -> u32 {
        self.tones
    }
}

/// Whether a 20 ms frame is one sine: for a sine, x[n-1] + x[n+1] = 2·cos(w)·x[n] with the same cos(w) everywhere.
fn is_pure(frame: &[f64]) -> bool {
    let (mut cross, mut power, mut sides) = (0.0, 0.0, 0.0);
    for window in frame.windows(3) {
        let [before, now, after] = *window else { continue };
        let side = before + after;
        cross += side * now;
        power += now * now;
        sides += side * side;
    }
    let loud = power / frame.len().max(1) as f64 > 250_000.0;
    let factor = if power > 0.0 { cross / power } else { 0.0 };
    let error = sides - factor * cross;
    loud && factor.abs() < 1.95 && error < power * 0.01
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sine(hertz: f64, rate: f64, count: usize, level: f64) -> Vec<i16> {
        (0..count).map(|n| (level * (std::f64::consts::TAU * hertz * n as f64 / rate).sin()) as i16).collect()
    }

    #[test]
    fn a_tone_is_heard_at_its_end_and_speech_like_sound_is_not() {
        for rate in [8_000, 16_000, 48_000] {
            let mut ear = ToneEar::new(rate);
            ear.hear(&sine(1000.0, f64::from(rate), rate as usize * 2 / 5, 8000.0));
            assert_eq!(ear.count(), 0, "it still sounds");
            ear.hear(&vec![0; rate as usize / 25]);
            assert_eq!(ear.count(), 1, "at {rate} Hz");
        }
        let mut ear = ToneEar::new(8000);
        let two: Vec<i16> = sine(400.0, 8000.0, 3200, 6000.0)
            .iter()
            .zip(sine(1330.0, 8000.0, 3200, 6000.0))
            .map(|(a, b)| a + b)
            .collect();
        ear.hear(&two);
        ear.hear(&[0; 320]);
        assert_eq!(ear.count(), 0);
    }
}
