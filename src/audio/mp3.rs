//! Samples → MP3, for attachments and players: the one kind that every mail program and browser plays.

use mp3lame_encoder::{
    Bitrate, BuildError, Builder, EncodeError, FlushNoGap, Mode, MonoPcm, Quality, VbrMode,
};

use super::resample::resample;

/// Below this rate players are not to be trusted (MPEG-2.5): narrower sound is widened.
const LEAST_RATE: u32 = 16_000;
/// Rates of MPEG-1 and MPEG-2.
const RATES: [u32; 6] = [16_000, 22_050, 24_000, 32_000, 44_100, 48_000];
/// Samples that are handed over at a time.
const BLOCK: usize = 11_520;

/// Why no MP3 was made. Ours; try again or send WAV.
#[derive(Debug, thiserror::Error)]
pub enum Mp3Error {
    /// The encoder refused its set-up.
    #[error("the MP3 encoder could not be set up: {0}")]
    Setup(String),
    /// The encoder failed.
    #[error("the MP3 encoder failed: {0}")]
    Encode(String),
}

impl From<BuildError> for Mp3Error {
    fn from(error: BuildError) -> Self {
        Self::Setup(error.to_string())
    }
}

impl From<EncodeError> for Mp3Error {
    fn from(error: EncodeError) -> Self {
        Self::Encode(error.to_string())
    }
}

/// A mono MP3 file of constant bit rate: 32 kbit/s for telephone sound, 48 kbit/s above 16 kHz.
///
/// # Errors
/// [`Mp3Error`], which no content of the samples can bring about.
pub fn encode(samples: &[i16], rate: u32) -> Result<Vec<u8>, Mp3Error> {
    if !RATES.contains(&rate) {
        let better = if rate < LEAST_RATE { LEAST_RATE } else { 48_000 };
        return encode_at(&resample(samples, rate, better), better);
    }
    encode_at(samples, rate)
}

fn encode_at(samples: &[i16], rate: u32) -> Result<Vec<u8>, Mp3Error> {
    let bitrate = if rate <= LEAST_RATE { Bitrate::Kbps32 } else { Bitrate::Kbps48 };
    let builder = Builder::new().ok_or_else(|| Mp3Error::Setup("out of memory".into()))?;
    let mut encoder = builder
        .with_num_channels(1)?
        .with_sample_rate(rate)?
        .with_mode(Mode::Mono)?
        .with_vbr_mode(VbrMode::Off)?
        .with_brate(bitrate)?
        .with_quality(Quality::Good)?
        .with_to_write_vbr_tag(false)?
        .build()?;
    let mut mp3 = Vec::new();
    for block in samples.chunks(BLOCK) {
        mp3.reserve(mp3lame_encoder::max_required_buffer_size(block.len()));
        encoder.encode_to_vec(MonoPcm(block), &mut mp3)?;
    }
    mp3.reserve(mp3lame_encoder::max_required_buffer_size(0));
    encoder.flush_to_vec::<FlushNoGap>(&mut mp3)?;
    Ok(mp3)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audio::decode::{DecodeLimits, decode_upload};
    use crate::audio::synth::sine;

    #[test]
    fn an_mp3_plays_as_long_and_with_the_same_tone() {
        for (rate, kbits) in
            [(8_000, 32), (16_000, 32), (11_025, 32), (44_100, 48), (48_000, 48), (37_000, 48)]
        {
            let mp3 = encode(&sine(rate, 800.0, 2_000, 10_000.0), rate).unwrap();
            assert!((mp3.len() as i64 - kbits * 250).abs() < 1_500, "{rate}: {} bytes", mp3.len());
            let heard = decode_upload(mp3, DecodeLimits::default()).unwrap();
            let seconds = heard.samples.len() as f64 / f64::from(heard.rate);
            assert!((1.95..2.25).contains(&seconds), "{rate}: {seconds} s");
            let middle = &heard.samples[heard.samples.len() / 4..heard.samples.len() * 3 / 4];
            let crossings = middle.windows(2).filter(|w| (w[0] < 0) != (w[1] < 0)).count();
            let hz = crossings as f64 / 2.0 * f64::from(heard.rate) / middle.len() as f64;
            assert!((790.0..810.0).contains(&hz), "{rate}: {hz} Hz");
        }
    }

    #[test]
    fn no_sound_makes_a_file_without_harm() {
        assert!(encode(&[], 16_000).is_ok());
        assert!(encode(&[1, 2, 3], 0).is_ok());
    }
}
