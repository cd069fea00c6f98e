//! Decodes files from outside (uploads, imports) to mono samples: WAV, MP3, Ogg Vorbis, Ogg Opus, FLAC, M4A and AAC.
//!
//! The file is hostile: what it is comes from its bytes, never from its name; the decoder runs in a thread of its own, so
//! that a panic is an error; output and time are limited, because a small file can decode to days of sound. Call it
//! off the async threads: it waits for the result. Our own recordings are read by [`super::wav`].

use std::io::Cursor;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc;
use std::time::Duration;

use symphonia::core::codecs::CodecParameters;
use symphonia::core::codecs::audio::well_known::CODEC_ID_OPUS;
use symphonia::core::codecs::audio::{AudioCodecParameters, AudioDecoder, AudioDecoderOptions};
use symphonia::core::errors::Error as Fault;
use symphonia::core::formats::probe::Hint;
use symphonia::core::formats::{FormatOptions, FormatReader, TrackType};
use symphonia::core::io::MediaSourceStream;
use symphonia::core::meta::MetadataOptions;
use symphonia::core::packet::Packet;

use super::codec::{Codec, Decoder};

/// What is accepted, in the words of the refusals.
pub const ACCEPTED: &str = "WAV, MP3, Ogg (Vorbis, Opus), FLAC, M4A or AAC";

/// Rates outside of this are a broken or a malicious header.
const RATES: std::ops::RangeInclusive<u32> = 1_000..=384_000;
/// Below −60 dB of full scale there is nothing to hear.
const AUDIBLE: u16 = 33;
/// The decoder's thread: a decoder that recurses deeper than this has no good reason.
const STACK: usize = 4 << 20;

/// How much a file may cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DecodeLimits {
    /// Longest sound that is accepted.
    pub max_seconds: u32,
    /// Most samples that are held (mono; memory is twice as many bytes).
    pub max_samples: usize,
    /// Longest time the decoder may take.
    pub max_time: Duration,
}

impl Default for DecodeLimits {
    /// Ten minutes of sound at 96 kHz at most, half a minute of work.
    fn default() -> Self {
        Self { max_seconds: 600, max_samples: 600 * 96_000, max_time: Duration::from_secs(30) }
    }
}

/// A decoded file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decoded {
    /// Mono: the mean of all channels.
    pub samples: Vec<i16>,
    /// Samples per second, as in the file.
    pub rate: u32,
}

/// Name of the threads that decode. A file can make the decoder panic there; that is caught, and told as [`DecodeError::Damaged`].
pub const THREAD: &str = "decode";

/// Why a file was refused. Every message can be shown to whoever sent the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// No bytes.
    #[error("the file is empty")]
    Empty,
    /// Nothing we know.
    #[error("the file is not a sound file: send {ACCEPTED}")]
    NotAudio,
    /// A kind that is known and not accepted.
    #[error("{0} is not supported: send {ACCEPTED}")]
    Unsupported(&'static str),
    /// Copy-protected.
    #[error("the file is copy-protected: send an unprotected file")]
    Protected,
    /// Nothing could be decoded.
    #[error("the file is damaged: export it once more and send it again")]
    Damaged,
    /// The limit of seconds or samples.
    #[error("the sound is longer than {0} seconds: shorten it")]
    TooLong(u32),
    /// The limit of time.
    #[error("the file took too long to decode: send a simpler one, such as WAV or MP3")]
    TooSlow,
    /// Digital silence, or nearly.
    #[error("the file contains no sound: check the microphone and record it again")]
    Silent,
    /// No thread could be started. Ours: try again.
    #[error("the server is too busy to decode the file: try again")]
    Busy,
}

/// Decodes a whole file.
///
/// # Errors
/// [`DecodeError`]: a refusal that says what is wrong and what to do.
pub fn decode_upload(bytes: Vec<u8>, limits: DecodeLimits) -> Result<Decoded, DecodeError> {
    sniff(&bytes)?;
    let stop = Arc::new(AtomicBool::new(false));
    let (answer, result) = mpsc::sync_channel(1);
    let flag = Arc::clone(&stop);
    std::thread::Builder::new()
        .name(THREAD.into())
        .stack_size(STACK)
        .spawn(move || {
            // The receiver is gone when the time was up: then nobody wants the result.
            drop(answer.send(decode(bytes, limits, &flag)));
        })
        .map_err(|_| DecodeError::Busy)?;
    match result.recv_timeout(limits.max_time) {
        Ok(decoded) => decoded
            .and_then(|decoded| if is_silent(&decoded) { Err(DecodeError::Silent) } else { Ok(decoded) }),
        Err(mpsc::RecvTimeoutError::Timeout) => {
            stop.store(true, Ordering::Relaxed);
            Err(DecodeError::TooSlow)
        }
        // The thread panicked before it could answer.
        Err(mpsc::RecvTimeoutError::Disconnected) => Err(DecodeError::Damaged),
    }
}

fn is_silent(decoded: &Decoded) -> bool {
    decoded.samples.iter().all(|sample| sample.unsigned_abs() < AUDIBLE)
}

/// Lets through what starts like an accepted kind; names the kinds that people are likely to send besides.
fn sniff(bytes: &[u8]) -> Result<(), DecodeError> {
    if bytes.is_empty() {
        return Err(DecodeError::Empty);
    }
    let at = |offset: usize, magic: &[u8]| bytes.get(offset..).is_some_and(|rest| rest.starts_with(magic));
    let frame_sync = matches!(bytes, [0xff, second, ..] if second & 0xe0 == 0xe0);
    let accepted = (at(0, b"RIFF") && at(8, b"WAVE"))
        || at(0, b"ID3")
        || at(0, b"OggS")
        || at(0, b"fLaC")
        || at(4, b"ftyp")
        || frame_sync;
    if accepted {
        return Ok(());
    }
    let known: [(usize, &[u8], &'static str); 7] = [
        (0, b"#!AMR", "AMR"),
        (0, b"FORM", "AIFF"),
        (0, b"caff", "CAF"),
        (0, &[0x30, 0x26, 0xb2, 0x75], "WMA"),
        (0, &[0x1a, 0x45, 0xdf, 0xa3], "WebM or Matroska"),
        (0, b"MThd", "MIDI"),
        (0, b".snd", "AU"),
    ];
    let named = known.iter().find(|(offset, magic, _)| at(*offset, magic));
    Err(named.map_or(DecodeError::NotAudio, |(_, _, name)| DecodeError::Unsupported(name)))
}

/// What turns the packets of one track into samples.
enum Source {
    File(Box<dyn AudioDecoder>),
    Opus(Decoder),
}

fn decode(bytes: Vec<u8>, limits: DecodeLimits, stop: &AtomicBool) -> Result<Decoded, DecodeError> {
    // The sample entries of encrypted MP4 audio; looked for only when nothing else explains the failure.
    let protected = bytes.windows(4).any(|word| word == b"drms" || word == b"enca");
    let explain = |error| if protected { DecodeError::Protected } else { error };
    let stream = MediaSourceStream::new(Box::new(Cursor::new(bytes)), Default::default());
    let mut format = symphonia::default::get_probe()
        .probe(&Hint::new(), stream, FormatOptions::default(), MetadataOptions::default())
        .map_err(|fault| explain(refusal(&fault)))?;
    let (track, params) = audio_track(format.as_ref()).ok_or_else(|| explain(DecodeError::NotAudio))?;
    let mut source = source(&params).map_err(explain)?;
    let mut sink = Sink::new(limits);
    let mut failed = 0_usize;
    let mut succeeded = 0_usize;
    while let Some(packet) = next(format.as_mut(), stop)? {
        if packet.track_id != track {
            continue;
        }
        match source.decode(&packet, &mut sink) {
            Ok(()) => succeeded += 1,
            Err(Fault::DecodeError(_) | Fault::IoError(_)) => failed += 1,
            Err(fault) => return Err(refusal(&fault)),
        }
        sink.check()?;
    }
    // A scratch is forgiven; a file that is mostly noise to its decoder is not.
    if failed > succeeded { Err(DecodeError::Damaged) } else { sink.finish() }
}

fn refusal(fault: &Fault) -> DecodeError {
    match fault {
        Fault::Unsupported(_) => DecodeError::Unsupported("the way its sound is encoded"),
        _ => DecodeError::Damaged,
    }
}

fn audio_track(format: &dyn FormatReader) -> Option<(u32, AudioCodecParameters)> {
    let track = format.default_track(TrackType::Audio)?;
    match track.codec_params.as_ref()? {
        CodecParameters::Audio(params) => Some((track.id, params.clone())),
        _ => None,
    }
}

/// The next packet; `None` at the end, which a file that was cut short reaches early.
fn next(format: &mut dyn FormatReader, stop: &AtomicBool) -> Result<Option<Packet>, DecodeError> {
    if stop.load(Ordering::Relaxed) {
        return Err(DecodeError::TooSlow);
    }
    match format.next_packet() {
        Ok(packet) => Ok(packet),
        Err(Fault::IoError(error)) if error.kind() == std::io::ErrorKind::UnexpectedEof => Ok(None),
        Err(Fault::ResetRequired) => Err(DecodeError::Unsupported("a file of several recordings in a chain")),
        Err(fault) => Err(refusal(&fault)),
    }
}

fn source(params: &AudioCodecParameters) -> Result<Source, DecodeError> {
    if params.codec != CODEC_ID_OPUS {
        let decoder = symphonia::default::get_codecs()
            .make_audio_decoder(params, &AudioDecoderOptions::default())
            .map_err(|fault| refusal(&fault))?;
        return Ok(Source::File(decoder));
    }
    if params.channels.as_ref().is_some_and(|channels| channels.count() > 2) {
        return Err(DecodeError::Unsupported("Opus of more than two channels"));
    }
    Decoder::new(Codec::Opus).map(Source::Opus).map_err(|_| DecodeError::Busy)
}

impl Source {
    fn decode(&mut self, packet: &Packet, sink: &mut Sink) -> Result<(), Fault> {
        match self {
            Self::File(decoder) => {
                let audio = decoder.decode(packet)?;
                let (rate, channels) = (audio.spec().rate(), audio.num_planes());
                audio.copy_to_vec_interleaved(&mut sink.scratch);
                sink.mix(rate, channels)
            }
            Self::Opus(decoder) => {
                let mut samples = Vec::new();
                decoder.decode(&packet.data, &mut samples).map_err(|_| Fault::DecodeError("opus"))?;
                // Encoder delay and padding (RFC 7845 §4.2).
                let end = samples.len().saturating_sub(clip(packet.trim_end.get()));
                let start = clip(packet.trim_start.get()).min(end);
                sink.append(Codec::Opus.sample_rate(), samples.get(start..end).unwrap_or_default())
            }
        }
    }
}

fn clip(duration: u64) -> usize {
    usize::try_from(duration).unwrap_or(usize::MAX)
}

/// Collects mono samples within the limits.
struct Sink {
    limits: DecodeLimits,
    samples: Vec<i16>,
    rate: Option<u32>,
    /// One packet, channels interleaved.
    scratch: Vec<f32>,
}

impl Sink {
    fn new(limits: DecodeLimits) -> Self {
        Self { limits, samples: Vec::new(), rate: None, scratch: Vec::new() }
    }

    fn mix(&mut self, rate: u32, channels: usize) -> Result<(), Fault> {
        let channels = channels.max(1);
        self.keep_rate(rate)?;
        let scale = 32_768.0 / channels as f32;
        self.samples.extend(
            self.scratch
                .chunks_exact(channels)
                .map(|frame| (frame.iter().sum::<f32>() * scale).round() as i16),
        );
        Ok(())
    }

    fn append(&mut self, rate: u32, samples: &[i16]) -> Result<(), Fault> {
        self.keep_rate(rate)?;
        self.samples.extend_from_slice(samples);
        Ok(())
    }

    fn keep_rate(&mut self, rate: u32) -> Result<(), Fault> {
        if !RATES.contains(&rate) {
            return Err(Fault::LimitError("sample rate"));
        }
        if *self.rate.get_or_insert(rate) != rate {
            return Err(Fault::Unsupported("a sample rate that changes"));
        }
        Ok(())
    }

    fn check(&self) -> Result<(), DecodeError> {
        let most = u64::from(self.limits.max_seconds) * u64::from(self.rate.unwrap_or_default());
        let count = self.samples.len();
        if count as u64 > most || count > self.limits.max_samples {
            return Err(DecodeError::TooLong(self.limits.max_seconds));
        }
        Ok(())
    }

    fn finish(self) -> Result<Decoded, DecodeError> {
        match self.rate {
            Some(rate) if !self.samples.is_empty() => Ok(Decoded { samples: self.samples, rate }),
            _ => Err(DecodeError::Damaged),
        }
    }
}

#[cfg(test)]
mod tests;
