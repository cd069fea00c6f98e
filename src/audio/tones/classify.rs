//! What a whole recording is: a voice, or only a tone of the network (busy, dial, special information) or of a fax machine.
//!
//! Looks at frames of 20 ms one by one and decides at the end. Says nothing about silence: that is the speech detector's.

use std::sync::LazyLock;

use super::tail::{Frame, Tail};
use super::{Probe, dot};
use crate::audio::level::{decibels, narrow};
use crate::domain::RecordingClass;

/// 20 ms at 8 kHz.
const FRAME: usize = 160;
const FULL_SCALE: f32 = 32_768.0 * 32_768.0;
/// Frames below −50 dBFS are pauses.
const SOUNDING: f32 = FULL_SCALE * 0.000_01;
/// So are frames 30 dB below the loudest tone: noise of the line.
const BELOW_TONE: f32 = 0.001;
/// So much of the power is in the tones of a frame that counts as a tone.
const PURE: f32 = 0.8;
/// 200 ms of other sound, and it is somebody's voice. Shorter than the shortest word one would leave a message for.
const VOICE: u32 = 10;
/// Other sound of so many frames next to a tone is its edge.
const EDGE: u32 = 2;
/// A pulse of a busy or congestion tone (ITU-T E.180: 100 to 670 ms) and its pause, in frames.
const PULSE: std::ops::RangeInclusive<u32> = 5..=40;
const PAUSE: std::ops::RangeInclusive<u32> = 4..=45;
/// A steady tone of 1.5 s is a dial tone.
const DIAL: u32 = 75;
/// A special information tone is three tones of 330 ± 70 ms in a row (ITU-T E.180 §5), in frames.
const SIT: std::ops::RangeInclusive<u32> = 11..=22;
/// Other sound is faint when it is 12 dB (factor of power) below the loudest tone …
const FAINT: f32 = 0.06;
/// … and the noise of the line as far as it keeps its level, which a voice does not; but for so many frames at the edges of a tone.
const FAINT_EDGES: u32 = 2;
/// After so many frames (2 s) of sound that is neither a tone nor an even noise, whatever comes is a voice's recording …
const SETTLED: u32 = 100;
/// … which is looked at each time so many frames of other sound were heard.
const LOOK_EACH: u32 = 25;
/// Once it is a voice's, one frame of so many is enough to find the tones that a dead line ends with.
const LOOK_AGAIN: u32 = 4;
/// CNG lasts 425 to 575 ms (ITU-T T.30 §4), CED 2.6 to 4 s.
const CNG: std::ops::RangeInclusive<u32> = 19..=32;
const CED: u32 = 50;

/// The tones of North America.
static PAIRS: LazyLock<Probe<4>> = LazyLock::new(|| Probe::new([350.0, 440.0, 480.0, 620.0], FRAME));

/// What the sound of a recording is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ToneClass {
    /// A voice or anything else that is no tone of the network; also silence.
    SpeechOrOther,
    /// Busy or congestion: pulses of 400–450 Hz (Europe, E.180) or 480 + 620 Hz (North America); or a special information tone
    /// (three rising tones of 950, 1400 and 1800 Hz), which says that a number cannot be reached.
    BusyTone,
    /// A steady 400–450 Hz or 350 + 440 Hz.
    DialTone,
    /// A fax machine: CNG of 1100 Hz or CED of 2100 Hz (T.30).
    FaxTone,
}

/// The kinds of frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sound {
    Pause,
    Other,
    /// Other sound far below the tones: the noise of the line, or a soft voice.
    Faint,
    /// 400–450 Hz: busy or dial by its cadence.
    European,
    /// 480 + 620 Hz.
    AmericanBusy,
    /// 350 + 440 Hz.
    AmericanDial,
    /// Part 0, 1 or 2 of a special information tone.
    Special(u8),
    Cng,
    Ced,
}

const fn is_tone(sound: Sound) -> bool {
    !matches!(sound, Sound::Pause | Sound::Other | Sound::Faint)
}

/// What a frame means for whether somebody is on the line. Fax tones are a machine's, which is there.
const fn end_of_line(sound: Sound) -> Frame {
    match sound {
        Sound::European | Sound::AmericanBusy | Sound::AmericanDial | Sound::Special(_) => Frame::Tone,
        Sound::Pause | Sound::Faint => Frame::Pause,
        Sound::Other | Sound::Cng | Sound::Ced => Frame::Other,
    }
}

/// How loud the frames of other sound were.
#[derive(Debug)]
struct Levels {
    /// Frames by level, from [`Levels::LOWEST`] up in steps of [`Levels::STEP`].
    frames: [u16; 40],
}

impl Levels {
    const LOWEST: f32 = -60.0;
    const STEP: f32 = 1.5;
    /// ± 3 dB: noise of 20 ms stays within.
    const NOISE_STEPS: usize = 2;

    /// The step of a power of samples as they are.
    fn step(power: f32) -> usize {
        // `as` saturates: below the lowest level is the lowest.
        ((decibels(power / FULL_SCALE) - Self::LOWEST) / Self::STEP) as usize
    }

    fn count(&mut self, power: f32) {
        let last = self.frames.len() - 1;
        if let Some(slot) = self.frames.get_mut(Self::step(power).min(last)) {
            *slot = slot.saturating_add(1);
        }
    }

    /// How many of the frames below this power are the even noise of a line, and how many are not.
    fn noise_below(&self, power: f32) -> (u32, u32) {
        let faint = self.frames.get(..Self::step(power).min(self.frames.len())).unwrap_or_default();
        let sum = |frames: &[u16]| frames.iter().copied().map(u32::from).sum::<u32>();
        let total = sum(faint);
        let half = |step: &usize| 2 * sum(faint.get(..=*step).unwrap_or_default()) >= total;
        let middle = (0..faint.len()).find(half).unwrap_or(0);
        let (from, to) = (middle.saturating_sub(Self::NOISE_STEPS), middle + Self::NOISE_STEPS + 1);
        let even = sum(faint.get(from..to.min(faint.len())).unwrap_or_default());
        // Without a level that most of it keeps there is no noise to speak of.
        if 2 * even >= total { (even, total - even) } else { (0, total) }
    }
}

/// Follows one recording, in frames of 20 ms.
#[derive(Debug)]
pub struct ToneClassifier {
    rate: u32,
    scratch: Vec<i16>,
    floats: Vec<f32>,
    /// Power of the loudest frame that was a tone.
    loudest: f32,
    /// The running sound and its frames.
    current: (Sound, u32),
    before: Sound,
    /// Frames since the last tone: a pause, or the noise of the line in it.
    pause: u32,
    others: Levels,
    totals: Totals,
    /// It is a voice, whatever comes; only how it ends is looked at.
    settled: bool,
    /// Frames since the last one that was looked at.
    skipped: u32,
    tail: Tail,
}

/// Frames and runs of a recording so far.
#[derive(Debug, Default, Clone, Copy)]
struct Totals {
    other: u32,
    tone_runs: u32,
    busy_pulses: u32,
    longest_steady: u32,
    cng_pulses: u32,
    longest_ced: u32,
    /// Parts of a special information tone heard in a row, and whole ones.
    special_parts: u8,
    special: u32,
}

impl ToneClassifier {
    /// For samples at `rate`: 8000, 16000 or 48000.
    pub fn new(rate: u32) -> Self {
        Self {
            rate,
            scratch: Vec::with_capacity(FRAME),
            floats: Vec::with_capacity(FRAME),
            loudest: 0.0,
            current: (Sound::Pause, 0),
            before: Sound::Pause,
            pause: 0,
            others: Levels { frames: [0; 40] },
            totals: Totals::default(),
            settled: false,
            skipped: 0,
            tail: Tail::default(),
        }
    }

    /// Frames since the first of the tones that are running now, pauses between them included; 0 when none is running.
    pub const fn running(&self) -> u32 {
        self.tail.frames()
    }

    /// Whether the line has sent nothing but the tones of a network for so long that nobody can be there any more.
    pub const fn is_dead(&self) -> bool {
        self.tail.is_dead()
    }

    /// Takes the next 20 ms. A frame of another length counts as other sound.
    pub fn frame(&mut self, samples: &[i16]) {
        if self.settled && self.tail.frames() == 0 {
            self.skipped += 1;
            if self.skipped < LOOK_AGAIN {
                return;
            }
            self.skipped = 0;
        }
        let sound = self.judge(samples);
        self.tail.frame(end_of_line(sound));
        if self.settled {
            return;
        }
        if sound == self.current.0 {
            self.current.1 = self.current.1.saturating_add(1);
            return;
        }
        self.end_run(sound);
        self.before = self.current.0;
        self.current = (sound, 1);
    }

    /// However loud the tones that may come: so much was heard that is not the noise of their line.
    fn is_voice_for_good(&self) -> bool {
        let (noise, _) = self.others.noise_below(FULL_SCALE * FAINT);
        self.totals.other >= SETTLED + noise + self.totals.tone_runs * FAINT_EDGES
    }

    /// The verdict so far.
    pub fn class(&self) -> ToneClass {
        if self.settled {
            return ToneClass::SpeechOrOther;
        }
        let mut totals = self.totals;
        self.count(&mut totals, Sound::Pause);
        let (noise, uneven) = self.others.noise_below(self.loudest * FAINT);
        let edges = if noise > 0 { uneven.min(totals.tone_runs * FAINT_EDGES) } else { 0 };
        if totals.other.saturating_sub(noise + edges) >= VOICE {
            return ToneClass::SpeechOrOther;
        }
        if totals.cng_pulses > 0 || totals.longest_ced >= CED {
            ToneClass::FaxTone
        } else if totals.busy_pulses >= 2 || totals.special > 0 {
            ToneClass::BusyTone
        } else if totals.longest_steady >= DIAL {
            ToneClass::DialTone
        } else {
            ToneClass::SpeechOrOther
        }
    }

    fn judge(&mut self, samples: &[i16]) -> Sound {
        self.floats.clear();
        let narrow = narrow(samples, self.rate, &mut self.scratch);
        self.floats.extend(narrow.iter().map(|&sample| f32::from(sample)));
        let power = dot(&self.floats, &self.floats) / FRAME as f32;
        if power < SOUNDING.max(self.loudest * BELOW_TONE) {
            return Sound::Pause;
        }
        if self.floats.len() != FRAME {
            return Sound::Other;
        }
        let sound = self.single(power).unwrap_or_else(|| self.chord(power));
        if sound == Sound::Other {
            self.others.count(power);
            return if power < self.loudest * FAINT { Sound::Faint } else { sound };
        }
        self.loudest = self.loudest.max(power);
        sound
    }

    /// One tone that we know, and nothing else.
    fn single(&self, power: f32) -> Option<Sound> {
        let hz = frequency(&self.floats)?;
        let sound = match hz {
            390.0..=460.0 => Sound::European,
            900.0..=1_000.0 => Sound::Special(0),
            1_060.0..=1_140.0 => Sound::Cng,
            1_350.0..=1_450.0 => Sound::Special(1),
            1_750.0..=1_850.0 => Sound::Special(2),
            2_080.0..=2_120.0 => Sound::Ced,
            _ => return None,
        };
        (power_at(&self.floats, hz) > PURE * power).then_some(sound)
    }

    /// The pairs of tones of North America.
    fn chord(&self, power: f32) -> Sound {
        let [f350, f440, f480, f620] = PAIRS.measure(&self.floats).map(|part| part / power);
        let pair = |a: f32, b: f32| a > 0.2 && b > 0.2 && a + b > PURE;
        if pair(f480, f620) {
            Sound::AmericanBusy
        } else if pair(f350, f440) {
            Sound::AmericanDial
        } else {
            Sound::Other
        }
    }

    /// Books the run that ends because `next` begins.
    fn end_run(&mut self, next: Sound) {
        let mut totals = self.totals;
        self.count(&mut totals, next);
        let look = totals.other / LOOK_EACH > self.totals.other / LOOK_EACH;
        self.totals = totals;
        self.settled = look && self.is_voice_for_good();
        self.pause = match self.current.0 {
            Sound::Pause | Sound::Other | Sound::Faint => self.pause.saturating_add(self.current.1),
            _ => 0,
        };
    }

    fn count(&self, totals: &mut Totals, next: Sound) {
        let (sound, frames) = self.current;
        totals.tone_runs += u32::from(is_tone(sound));
        match sound {
            Sound::Pause => {}
            Sound::Other => {
                let edge = frames <= EDGE && (is_tone(self.before) || is_tone(next));
                totals.other += if edge { 0 } else { frames };
            }
            Sound::Faint => totals.other += frames,
            Sound::European | Sound::AmericanBusy => {
                // The first pulse may follow any pause; its successors follow a short one.
                if PULSE.contains(&frames) && (totals.busy_pulses == 0 || PAUSE.contains(&self.pause)) {
                    totals.busy_pulses += 1;
                }
                if sound == Sound::European {
                    totals.longest_steady = totals.longest_steady.max(frames);
                }
            }
            Sound::AmericanDial => totals.longest_steady = totals.longest_steady.max(frames),
            Sound::Special(part) if SIT.contains(&frames) && part == totals.special_parts => {
                totals.special_parts = (part + 1) % 3;
                totals.special += u32::from(part == 2);
            }
            Sound::Special(part) => totals.special_parts = u8::from(part == 0 && SIT.contains(&frames)),
            Sound::Cng => totals.cng_pulses += u32::from(CNG.contains(&frames)),
            Sound::Ced => totals.longest_ced = totals.longest_ced.max(frames),
        }
    }
}

/// The frequency of a frame if it is one sine, in Hz.
///
/// From the correlations at one and two samples of distance (for a sine: cos ω and cos 2ω), which white noise does not
/// bend. No frequency grid: networks are not exact.
fn frequency(frame: &[f32]) -> Option<f32> {
    let at = |lag: usize| {
        let earlier = frame.get(..frame.len().saturating_sub(lag)).unwrap_or_default();
        let later = frame.get(lag..).unwrap_or_default();
        dot(earlier, later) / earlier.len().max(1) as f32
    };
    let (r1, r2) = (at(1), at(2));
    let cosine = (r2 + (r2 * r2 + 8.0 * r1 * r1).sqrt()) / (4.0 * r1);
    (-1.0..=1.0).contains(&cosine).then(|| cosine.acos() * 8_000.0 / std::f32::consts::TAU)
}

/// The part of a frame's power that lies in one sine, whatever its frequency; 0 when there is none. At 8 kHz.
pub(in crate::audio) fn purity(frame: &[i16]) -> f32 {
    let mut floats = [0.0; FRAME];
    for (slot, &sample) in floats.iter_mut().zip(frame) {
        *slot = f32::from(sample);
    }
    let floats = floats.get(..frame.len().min(FRAME)).unwrap_or_default();
    let power = dot(floats, floats) / floats.len().max(1) as f32;
    frequency(floats).map_or(0.0, |hz| power_at(floats, hz) / power.max(1.0))
}

/// Mean square of the sine of this frequency in a frame (Goertzel).
fn power_at(frame: &[f32], hz: f32) -> f32 {
    let step = 2.0 * (hz * std::f32::consts::TAU / 8_000.0).cos();
    let (one, two) = frame.iter().fold((0.0, 0.0), |(one, two), x| (x + step * one - two, one));
    let scale = 2.0 / (frame.len() as f32).powi(2);
    (one * one + two * two - step * one * two) * scale
}

/// The class that is stored: a tone, or speech when enough of it was heard.
pub fn classify_recording(
    tones: ToneClass,
    voiced: std::time::Duration,
    min_speech: std::time::Duration,
) -> RecordingClass {
    match tones {
        ToneClass::BusyTone => RecordingClass::BusyTone,
        ToneClass::DialTone => RecordingClass::DialTone,
        ToneClass::FaxTone => RecordingClass::FaxTone,
        ToneClass::SpeechOrOther if voiced >= min_speech => RecordingClass::Speech,
        ToneClass::SpeechOrOther => RecordingClass::NoSpeech,
    }
}
