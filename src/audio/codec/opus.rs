//! Opus (RFC 6716) for RTP (RFC 7587), by the crate `opus-rs`: mono towards us, whatever the peer sends.
//!
//! Holds no concealment policy: how long a gap may sound is decided above. The decoder runs at 48 kHz; the encoder also at
//! 16 kHz, because a stored clip has no more than that.

use std::panic::{AssertUnwindSafe, catch_unwind};

use opus_rs::{Application, OpusDecoder, OpusEncoder};

use super::{Codec, CodecError};

const RATE: usize = 48_000;
/// 120 ms: the longest packet (RFC 6716 §3.2.5).
const LONGEST: usize = RATE * 120 / 1000;
/// 2.5 ms: what the decoder conceals in multiples of.
const SHORTEST: usize = RATE / 400;
/// Wideband speech without audible loss (RFC 7587 §3.1.1 recommends 16–20 kbit/s for it).
const BITRATE: i32 = 24_000;
/// Largest packet of one frame: a byte of contents and 1275 of frame (RFC 6716 §3.4). Larger ones could only be several frames at
/// a rate no telephone has; the decoder does not check the limit of a frame itself, so they are refused.
const PACKET: usize = 1276;

/// About 200 KB of heap: 178 KB of the crate's tables and filters, 23 KB of room for a packet. It is made with the first Opus packet of
/// a call, so that calls by G.711 do not pay for it.
pub(super) struct Decoder {
    inner: OpusDecoder,
    /// Room for the longest packet; the decoder's own samples are floats of ±1.
    scratch: Box<[f32]>,
}

impl std::fmt::Debug for Decoder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("opus::Decoder")
    }
}

impl Decoder {
    pub(super) fn new() -> Result<Self, CodecError> {
        let inner =
            OpusDecoder::new(RATE as i32, 1).map_err(|reason| CodecError::Setup(Codec::Opus, reason))?;
        Ok(Self { inner, scratch: vec![0.0; LONGEST].into_boxed_slice() })
    }

    pub(super) fn decode(&mut self, payload: &[u8], out: &mut Vec<i16>) -> Result<(), CodecError> {
        if payload.len() > PACKET {
            return Err(CodecError::Malformed(Codec::Opus, "longer than 1276 bytes"));
        }
        // No packet is known to make the decoder panic. Should one be found, it must cost its sender a frame and not all
        // calls of the worker; the half-changed state is thrown away.
        let (inner, scratch) = (&mut self.inner, &mut self.scratch);
        let decoded = catch_unwind(AssertUnwindSafe(|| inner.decode(payload, LONGEST, scratch)));
        let Ok(decoded) = decoded else {
            *self = Self::new()?;
            return Err(CodecError::Malformed(Codec::Opus, "the decoder gave up"));
        };
        let samples = decoded.map_err(|reason| CodecError::Malformed(Codec::Opus, reason))?;
        out.extend(self.scratch.iter().take(samples).map(|&sample| to_i16(sample)));
        Ok(())
    }

    /// The decoder's own concealment; silence should it refuse.
    pub(super) fn conceal(&mut self, samples: usize, out: &mut Vec<i16>) {
        let end = out.len() + samples;
        while out.len() < end {
            let wanted = (end - out.len()).next_multiple_of(SHORTEST).min(LONGEST);
            let Ok(made) = self.inner.decode(&[], wanted, &mut self.scratch) else { break };
            if made == 0 {
                break;
            }
            out.extend(self.scratch.iter().take(made).map(|&sample| to_i16(sample)));
        }
        out.resize(end, 0);
    }
}

fn to_i16(sample: f32) -> i16 {
    // `as` saturates, and makes zero of what is not a number.
    (sample * 32_768.0).round() as i16
}

pub(crate) struct Encoder {
    inner: OpusEncoder,
    rate: u32,
}

impl std::fmt::Debug for Encoder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("opus::Encoder").field("rate", &self.rate).finish_non_exhaustive()
    }
}

impl Encoder {
    /// For samples at `rate` (8, 12, 16, 24 or 48 kHz); the packets can be decoded at any rate.
    pub(crate) fn new(rate: u32) -> Result<Self, CodecError> {
        let mut inner = OpusEncoder::new(rate as i32, 1, Application::Voip)
            .map_err(|reason| CodecError::Setup(Codec::Opus, reason))?;
        inner.bitrate_bps = BITRATE;
        inner.complexity = 5;
        Ok(Self { inner, rate })
    }

    /// Appends one packet.
    pub(crate) fn encode(&mut self, pcm: &[i16], out: &mut Vec<u8>) -> Result<(), CodecError> {
        let mut packet = [0; PACKET];
        let written = self
            .inner
            .encode_i16(pcm, pcm.len(), &mut packet)
            .map_err(|_| CodecError::FrameSize(Codec::Opus, pcm.len()))?;
        out.extend_from_slice(packet.get(..written).unwrap_or_default());
        Ok(())
    }
}
