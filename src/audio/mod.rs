//! Sound as samples: codecs, WAV, decoding of uploads, resampling, voice activity, loudness, tones. Pure functions.
//!
//! Knows nothing of packets, calls or files: bytes and samples go in, bytes and samples come out. Everything is mono,
//! 16-bit, full scale ±32768. [`crate::media`] runs it per frame, [`crate::service`] per file.

pub mod clip;
pub mod codec;
pub mod decode;
pub mod edit;
pub mod level;
pub mod loudness;
pub mod mp3;
pub mod resample;
pub mod stretch;
pub mod tones;
pub mod vad;
pub mod wav;
pub mod waveform;

#[cfg(test)]
pub(crate) mod synth;

pub use clip::Clip;
pub use codec::{Codec, CodecError, Decoder, Encoder};
