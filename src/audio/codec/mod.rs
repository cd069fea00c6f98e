//! The codecs of RTP audio: G.711, G.722 and Opus, with the state that each direction of a stream needs.
//!
//! Works on the payload of one packet at a time and trusts none of it: any bytes decode to samples or to an error.
//! RTP itself (order, loss, timestamps) is the business of [`crate::rtp`]; it says when to [`Decoder::conceal`].

mod conceal;
mod g711;
mod g722;
pub(crate) mod opus;

use conceal::{Fade, Repeater};

/// The codecs we speak.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Codec {
    /// G.711 µ-law, 8 kHz; static payload type 0.
    Pcmu,
    /// G.711 A-law, 8 kHz; static payload type 8.
    Pcma,
    /// G.722 at 64 kbit/s: 16 kHz audio, RTP clock 8000 (RFC 3551 §4.5.2); static payload type 9.
    G722,
    /// Opus: 48 kHz audio and RTP clock (RFC 7587); mono.
    Opus,
}

impl Codec {
    /// Samples per second of the decoded audio.
    pub const fn sample_rate(self) -> u32 {
        match self {
            Self::Pcmu | Self::Pcma => 8_000,
            Self::G722 => 16_000,
            Self::Opus => 48_000,
        }
    }

    /// Ticks per second of the RTP timestamp.
    pub const fn clock_rate(self) -> u32 {
        match self {
            Self::Pcmu | Self::Pcma | Self::G722 => 8_000,
            Self::Opus => 48_000,
        }
    }
}

/// Why a payload could not be decoded, or samples not encoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CodecError {
    /// The peer sent a packet without audio. Treat it as lost.
    #[error("the payload is empty")]
    Empty,
    /// The peer sent bytes that are not a packet of this codec. Treat it as lost.
    #[error("the payload is not {0:?}: {1}")]
    Malformed(Codec, &'static str),
    /// Our own fault: Opus takes 2.5, 5, 10, 20, 40 or 60 ms at a time, G.722 an even number of samples.
    #[error("{0:?} cannot encode a frame of {1} samples")]
    FrameSize(Codec, usize),
    /// Our own fault: the codec refused its set-up.
    #[error("{0:?} could not be set up: {1}")]
    Setup(Codec, &'static str),
}

/// Turns the payloads of one stream into samples at [`Codec::sample_rate`]. Keeps state: one per stream.
#[derive(Debug)]
pub struct Decoder {
    codec: Codec,
    fade: Fade,
    inner: Decoding,
}

#[derive(Debug)]
enum Decoding {
    Ulaw(Repeater),
    Alaw(Repeater),
    G722(Box<g722::Decoder>, Repeater),
    Opus(Box<opus::Decoder>),
}

impl Decoder {
    /// A decoder at the start of a stream.
    ///
    /// # Errors
    /// [`CodecError::Setup`] when the codec cannot be set up, which no peer can bring about.
    pub fn new(codec: Codec) -> Result<Self, CodecError> {
        let rate = codec.sample_rate();
        let inner = match codec {
            Codec::Pcmu => Decoding::Ulaw(Repeater::new(rate)),
            Codec::Pcma => Decoding::Alaw(Repeater::new(rate)),
            Codec::G722 => Decoding::G722(Box::default(), Repeater::new(rate)),
            Codec::Opus => Decoding::Opus(Box::new(opus::Decoder::new()?)),
        };
        Ok(Self { codec, fade: Fade::new(rate), inner })
    }

    /// What it decodes.
    pub const fn codec(&self) -> Codec {
        self.codec
    }

    /// Appends the samples of one packet to `out` (mono; Opus: at most 120 ms; stereo is mixed down).
    ///
    /// # Errors
    /// [`CodecError::Empty`] and [`CodecError::Malformed`], with `out` and the state as they were: conceal the packet.
    pub fn decode(&mut self, payload: &[u8], out: &mut Vec<i16>) -> Result<(), CodecError> {
        if payload.is_empty() {
            return Err(CodecError::Empty);
        }
        let start = out.len();
        let repeater = match &mut self.inner {
            Decoding::Ulaw(repeater) => {
                g711::decode_ulaw_into(payload, out);
                repeater
            }
            Decoding::Alaw(repeater) => {
                g711::decode_alaw_into(payload, out);
                repeater
            }
            Decoding::G722(decoder, repeater) => {
                decoder.decode(payload, out);
                repeater
            }
            Decoding::Opus(decoder) => {
                decoder.decode(payload, out)?;
                self.fade.end();
                return Ok(());
            }
        };
        let fresh = out.get_mut(start..).unwrap_or_default();
        if self.fade.end() {
            repeater.join(fresh);
        }
        repeater.remember(fresh);
        Ok(())
    }

    /// Appends `samples` samples in place of a packet that did not come: the sound goes on, fades, and is silence
    /// 60 ms after the last packet.
    pub fn conceal(&mut self, samples: usize, out: &mut Vec<i16>) {
        let start = out.len();
        let sounding = self.fade.remaining().min(samples);
        if sounding > 0 {
            match &mut self.inner {
                Decoding::Ulaw(repeater) | Decoding::Alaw(repeater) | Decoding::G722(_, repeater) => {
                    repeater.go_on(sounding, out);
                }
                Decoding::Opus(decoder) => decoder.conceal(sounding, out),
            }
        }
        out.resize(start + samples, 0);
        self.fade.apply(out.get_mut(start..).unwrap_or_default());
    }
}

/// Turns samples at [`Codec::sample_rate`] into the payloads of one stream. Keeps state: one per stream.
#[derive(Debug)]
pub struct Encoder {
    codec: Codec,
    inner: Encoding,
}

#[derive(Debug)]
enum Encoding {
    Ulaw,
    Alaw,
    G722(Box<g722::Encoder>),
    Opus(Box<opus::Encoder>),
}

impl Encoder {
    /// An encoder at the start of a stream. Opus: speech, 24 kbit/s.
    ///
    /// # Errors
    /// [`CodecError::Setup`] when the codec cannot be set up.
    pub fn new(codec: Codec) -> Result<Self, CodecError> {
        let inner = match codec {
            Codec::Pcmu => Encoding::Ulaw,
            Codec::Pcma => Encoding::Alaw,
            Codec::G722 => Encoding::G722(Box::default()),
            Codec::Opus => Encoding::Opus(Box::new(opus::Encoder::new(codec.sample_rate())?)),
        };
        Ok(Self { codec, inner })
    }

    /// What it encodes.
    pub const fn codec(&self) -> Codec {
        self.codec
    }

    /// Appends the payload for these samples to `out`. Opus makes exactly one packet of one call.
    ///
    /// # Errors
    /// [`CodecError::FrameSize`] when the codec cannot take that many samples at once; nothing is appended.
    pub fn encode(&mut self, pcm: &[i16], out: &mut Vec<u8>) -> Result<(), CodecError> {
        match &mut self.inner {
            Encoding::Ulaw => g711::encode_ulaw_into(pcm, out),
            Encoding::Alaw => g711::encode_alaw_into(pcm, out),
            Encoding::G722(encoder) => {
                if !pcm.len().is_multiple_of(2) {
                    return Err(CodecError::FrameSize(self.codec, pcm.len()));
                }
                encoder.encode(pcm, out);
            }
            Encoding::Opus(encoder) => encoder.encode(pcm, out)?,
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
