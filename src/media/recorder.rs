//! One running recording: samples in, the spool fed, the verdict out. Without IO of its own (the spool's writer never
//! blocks) and without a clock: time is counted in samples.
//!
//! Knows nothing of packets or keys beyond where a key began; [`super::ear`] feeds it.

use std::time::Duration;

use crate::audio::resample::Resampler;
use crate::audio::tones::{ToneClass, ToneClassifier, classify_recording};
use crate::audio::vad::{SpeechDetector, Verdict as Voice};
use crate::blob::spool::{SpoolWriter, Verdict};
use crate::domain::RecordingClass;
use crate::flow::{StopCause, Take};

use super::{MediaEvent, RecordPlan};

/// Silence that is kept at the end of a recording that silence ended.
const KEPT_SILENCE_MS: u64 = 500;
/// The detector says "speech" for so long after its last sign.
const HANGOVER_MS: u64 = 240;
/// A stretch of speech with fewer signs of a voice than this is a click, or a noise that begins.
const LEAST_EVIDENCE: u32 = 2;
/// The tone of a key is on the line for so long before a telephone-event says so.
const KEY_LEAK_MS: u64 = 60;
/// A key that began so long before the end has ended the recording.
const KEY_ENDS_MS: u64 = 1000;
/// The longest frame: 20 ms at 48 kHz.
const LONGEST_FRAME: usize = 960;
static SILENCE: [i16; LONGEST_FRAME] = [0; LONGEST_FRAME];

/// What is to be done after samples came in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Progress {
    /// Nothing.
    GoesOn,
    /// The warning tone is due.
    Warn,
    /// It is over.
    Stop(StopCause),
}

/// A running recording. All positions are samples of the recording, earlier takes included.
#[derive(Debug)]
pub(super) struct Recorder {
    take: Take,
    writer: SpoolWriter,
    plan: RecordPlan,
    rate: u32,
    speech: SpeechDetector,
    tones: ToneClassifier,
    /// Samples that do not fill a frame yet.
    partial: Vec<i16>,
    frame: usize,
    resampler: Option<(u32, Resampler)>,
    resampled: Vec<i16>,
    start: u64,
    /// End of the last sound that was received.
    heard_to: u64,
    /// End of the last speech, hangover included.
    speech_to: Option<u64>,
    voiced: u64,
    /// The stretch of speech that is running, and the detector's evidence when it began.
    stretch: u64,
    evidence: u32,
    /// Where the tones that are running began, and the speech before them.
    before_tones: (u64, u64),
    key_at: Option<u64>,
    warned: bool,
    failed: bool,
}

impl Recorder {
    /// Begins (or goes on, if the writer holds samples already).
    pub(super) fn new(take: Take, writer: SpoolWriter, plan: RecordPlan) -> Self {
        let rate = plan.sample_rate.clamp(8_000, 48_000);
        let start = writer.len_samples();
        let warn_at = samples(plan.max.saturating_sub(plan.warn_before), rate);
        Self {
            take,
            writer,
            plan,
            rate,
            speech: SpeechDetector::new(rate),
            tones: ToneClassifier::new(rate),
            partial: Vec::new(),
            frame: rate as usize / 50,
            resampler: None,
            resampled: Vec::new(),
            start,
            heard_to: start,
            speech_to: None,
            voiced: samples(plan.earlier_voiced, rate),
            stretch: 0,
            evidence: 0,
            before_tones: (start, 0),
            key_at: None,
            warned: plan.warn_before.is_zero() || plan.warn_before >= plan.max || start >= warn_at,
            failed: false,
        }
    }

    /// Sound that was received or concealed, at `rate` samples per second.
    pub(super) fn sound(&mut self, pcm: &[i16], rate: u32) {
        self.take_in(pcm, rate);
        self.heard_to = self.writer.len_samples();
    }

    /// Time in which the peer sent nothing, in samples at `rate`.
    pub(super) fn silence(&mut self, count: usize, rate: u32) {
        let mut left = count;
        while left > 0 && !self.failed {
            let piece = SILENCE.get(..left.min(LONGEST_FRAME)).unwrap_or_default();
            self.take_in(piece, rate);
            left -= piece.len();
        }
    }

    /// A key began `offset` samples (at `rate`) after what was recorded so far; negative: before.
    pub(super) fn key(&mut self, offset: i64, rate: u32) {
        let offset = offset * i64::from(self.rate) / i64::from(rate.max(1));
        self.key_at = Some(self.writer.len_samples().saturating_add_signed(offset).max(self.start));
    }

    /// What is to be done now.
    pub(super) fn progress(&mut self) -> Progress {
        let at = self.writer.len_samples();
        if self.failed {
            return Progress::Stop(StopCause::StorageFailed);
        }
        if at >= samples(self.plan.max, self.rate) {
            return Progress::Stop(StopCause::Limit);
        }
        if self.tones.is_dead() {
            return Progress::Stop(StopCause::Tone);
        }
        if at.saturating_sub(self.silent_from()) >= samples(self.plan.silence, self.rate) {
            return Progress::Stop(StopCause::Silence);
        }
        if !self.warned && at >= samples(self.plan.max.saturating_sub(self.plan.warn_before), self.rate) {
            self.warned = true;
            return Progress::Warn;
        }
        Progress::GoesOn
    }

    /// Ends it: the verdict goes to the spool, the event to the call.
    pub(super) fn finish(mut self, cause: StopCause) -> MediaEvent {
        self.drain_resampler();
        // A word that the end cut off goes on for as long as one that silence ends.
        let cut_word = if self.stretch > 0 { self.ms(HANGOVER_MS) } else { 0 };
        self.end_stretch(cut_word);
        if cause == StopCause::Tone {
            self.voiced = self.before_tones.1;
        }
        let keep_samples = self.keep(cause);
        let voiced = duration(self.voiced, self.rate).min(duration(keep_samples, self.rate));
        let class = self.class(voiced);
        let voiced_ms = u32::try_from(voiced.as_millis()).unwrap_or(u32::MAX);
        let (take, rate) = (self.take, self.rate);
        let cause = match self.writer.finish(Verdict { keep_samples, voiced_ms, class }) {
            Ok(()) => cause,
            Err(error) => {
                tracing::error!(%error, "the end of a recording could not be written; what came before is kept");
                StopCause::StorageFailed
            }
        };
        MediaEvent::RecordingStopped { take, cause, length: duration(keep_samples, rate), voiced, class }
    }

    fn take_in(&mut self, pcm: &[i16], rate: u32) {
        if rate == self.rate && self.resampler.is_none() {
            self.write(pcm);
            return;
        }
        if self.resampler.as_ref().is_none_or(|(from, _)| *from != rate) {
            self.drain_resampler();
            self.resampler = (rate != self.rate).then(|| (rate, Resampler::new(rate, self.rate)));
        }
        let Some((_, resampler)) = &mut self.resampler else {
            self.write(pcm);
            return;
        };
        let mut resampled = std::mem::take(&mut self.resampled);
        resampled.clear();
        resampler.process(pcm, &mut resampled);
        self.write(&resampled);
        self.resampled = resampled;
    }

    fn drain_resampler(&mut self) {
        if let Some((_, resampler)) = self.resampler.take() {
            let mut rest = Vec::new();
            resampler.finish(&mut rest);
            let is_sound = self.heard_to == self.writer.len_samples();
            self.write(&rest);
            if is_sound {
                self.heard_to = self.writer.len_samples();
            }
        }
    }

    /// Writes at the recording's own rate, never beyond its limit.
    fn write(&mut self, pcm: &[i16]) {
        let room = samples(self.plan.max, self.rate).saturating_sub(self.writer.len_samples());
        let pcm = pcm.get(..usize::try_from(room).unwrap_or(usize::MAX).min(pcm.len())).unwrap_or_default();
        if self.failed || pcm.is_empty() {
            return;
        }
        if let Err(error) = self.writer.append(pcm) {
            tracing::error!(%error, "a recording stops: the spool takes no more");
            self.failed = true;
            return;
        }
        self.judge(pcm);
    }

    fn judge(&mut self, mut pcm: &[i16]) {
        let end = self.writer.len_samples();
        if !self.partial.is_empty() {
            let (head, rest) = pcm.split_at(pcm.len().min(self.frame - self.partial.len()));
            self.partial.extend_from_slice(head);
            pcm = rest;
            if self.partial.len() < self.frame {
                return;
            }
            let mut whole = std::mem::take(&mut self.partial);
            self.judge_frame(&whole, end - pcm.len() as u64);
            whole.clear();
            self.partial = whole;
        }
        let frames = pcm.chunks_exact(self.frame);
        let rest = frames.remainder();
        let mut left = pcm.len();
        for frame in frames {
            left -= self.frame;
            self.judge_frame(frame, end - left as u64);
        }
        self.partial.extend_from_slice(rest);
    }

    fn judge_frame(&mut self, frame: &[i16], end: u64) {
        self.tones.frame(frame);
        if self.tones.running() == 1 {
            let stretch = if self.is_word() { self.stretch } else { 0 };
            self.before_tones = (end - frame.len() as u64, self.voiced + stretch);
        }
        if self.stretch == 0 {
            self.evidence = self.speech.evidence();
        }
        if self.speech.frame(frame) == Voice::Speech {
            self.stretch += frame.len() as u64;
            self.speech_to = Some(end);
        } else {
            self.end_stretch(0);
        }
    }

    /// Whether the running stretch is more than a click or the first moment of a noise.
    fn is_word(&self) -> bool {
        self.speech.evidence() >= self.evidence + LEAST_EVIDENCE
    }

    fn end_stretch(&mut self, more: u64) {
        if self.stretch > 0 && self.is_word() {
            self.voiced += self.stretch + more;
        }
        self.stretch = 0;
    }

    /// Where the silence that is running began.
    fn silent_from(&self) -> u64 {
        let hangover = self.ms(HANGOVER_MS);
        self.speech_to.map_or(self.start, |end| end.saturating_sub(hangover).max(self.start))
    }

    /// How much of it is worth keeping.
    fn keep(&self, cause: StopCause) -> u64 {
        let end = self.heard_to.min(self.writer.len_samples());
        match (cause, self.key_at) {
            // Where nothing was heard the detector may be wrong, and nothing shows where the words would end.
            // Only tones, or a message before them.
            (StopCause::Tone, _) if self.voiced == 0 => end,
            (StopCause::Tone, _) => end.min(self.before_tones.0),
            (StopCause::Silence, _) if self.speech_to.is_none() => end,
            (StopCause::Silence, _) => end.min(self.silent_from() + self.ms(KEPT_SILENCE_MS)),
            (StopCause::Asked, Some(key)) if key + self.ms(KEY_ENDS_MS) >= end => {
                end.min(key.saturating_sub(self.ms(KEY_LEAK_MS)).max(self.start))
            }
            _ => end,
        }
    }

    fn class(&self, voiced: Duration) -> RecordingClass {
        // Earlier takes that hold a message are not undone by a tone in this one.
        if self.plan.earlier_voiced >= self.plan.min_speech && self.start > 0 {
            return RecordingClass::Speech;
        }
        match self.tones.class() {
            // A recording of nothing is never speech, whatever the mailbox asks for.
            ToneClass::SpeechOrOther if voiced.is_zero() => RecordingClass::NoSpeech,
            tones => classify_recording(tones, voiced, self.plan.min_speech),
        }
    }

    fn ms(&self, ms: u64) -> u64 {
        ms * u64::from(self.rate) / 1000
    }
}

fn samples(time: Duration, rate: u32) -> u64 {
    u64::try_from(time.as_micros() * u128::from(rate) / 1_000_000).unwrap_or(u64::MAX)
}

fn duration(samples: u64, rate: u32) -> Duration {
    Duration::from_micros(samples.saturating_mul(1_000_000) / u64::from(rate.max(1)))
}
