//! The tones at the end of a recording: a caller on an analogue line hangs up, nobody tells us, and the exchange sends its
//! busy, congestion or dial tone until we hang up too.
//!
//! Follows the frames that [`super::ToneClassifier`] has judged; what the whole recording is stays that one's to say.

/// A frame, as far as the end of a line is concerned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Frame {
    /// Busy, congestion, dial or special information tone.
    Tone,
    /// Nothing, or the noise of the line.
    Pause,
    /// Anything else.
    Other,
}

/// Other sound of so many frames in a row is no edge of a tone.
const EDGE: u32 = 2;
/// No network pauses so long between the pulses of a tone: 1 s.
const LONGEST_PAUSE: u32 = 50;
/// A line that has sent nothing but tones for so many frames is dead: 4 s. Sooner than the usual silence, for which some of
/// these tones are taken, so that no menu is read to nobody.
const DEAD: u32 = 200;

/// The tones that are running.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct Tail {
    frames: u32,
    tones: u32,
    other: u32,
    pause: u32,
}

impl Tail {
    pub(super) fn frame(&mut self, frame: Frame) {
        match frame {
            Frame::Tone => (self.tones, self.other, self.pause) = (self.tones.saturating_add(1), 0, 0),
            Frame::Pause => (self.other, self.pause) = (0, self.pause.saturating_add(1)),
            Frame::Other => self.other += 1,
        }
        if self.tones == 0 || self.other > EDGE || self.pause > LONGEST_PAUSE {
            *self = Self::default();
            return;
        }
        self.frames = self.frames.saturating_add(1);
    }

    /// Frames since the first of these tones; 0 when none is running.
    pub(super) const fn frames(self) -> u32 {
        self.frames
    }

    /// Whether nobody is on the line any more: the pulses are at least two fifths of the time.
    pub(super) const fn is_dead(self) -> bool {
        self.frames >= DEAD && self.tones.saturating_mul(5) >= self.frames.saturating_mul(2)
    }
}
