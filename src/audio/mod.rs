//! Sound as samples: codecs, WAV, decoding of uploads, resampling, voice activity, loudness, tones. Pure functions.

use std::time::Duration;

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

/// Audio that is ready to be sent in any codec: encoded once per codec, on first use, and then only copied.
#[derive(Debug)]
pub struct Clip;

#[expect(unused_variables, reason = "signatures before bodies")]
impl Clip {
    /// From mono PCM at any rate.
    pub fn from_pcm(samples: &[i16], sample_rate: u32) -> Self {
        todo!()
    }
    /// Its length.
    pub fn duration(&self) -> Duration {
        todo!()
    }
}
