//! WAV files of our own: mono, 16-bit, written and read back whole.
//!
//! Not for files from outside: those go through [`super::decode`], which guards itself. A broken file of ours is still
//! only an error here, never a panic or an endless loop.

use std::io::Cursor;

use hound::{SampleFormat, WavReader, WavSpec, WavWriter};

/// Why a WAV file could not be written or read.
#[derive(Debug, thiserror::Error)]
pub enum WavError {
    /// Our own fault: a recording of more than 4 GiB, or a rate of zero.
    #[error("the recording does not fit a WAV file: {0}")]
    Write(#[source] hound::Error),
    /// The stored file is damaged: restore it from a backup.
    #[error("the WAV file is damaged: {0}")]
    Read(#[source] hound::Error),
    /// The stored file is none of ours.
    #[error("the WAV file has a form that is not read here: {0}")]
    Unsupported(&'static str),
}

/// Samples of a file, mixed to mono.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pcm {
    /// Mono.
    pub samples: Vec<i16>,
    /// Samples per second.
    pub rate: u32,
}

/// A WAV file of mono 16-bit PCM.
///
/// # Errors
/// [`WavError::Write`] when the samples do not fit into a WAV file.
pub fn write(samples: &[i16], rate: u32) -> Result<Vec<u8>, WavError> {
    if rate == 0 {
        return Err(WavError::Write(hound::Error::Unsupported));
    }
    let mut bytes = Vec::with_capacity(samples.len() * 2 + 44);
    let spec =
        WavSpec { channels: 1, sample_rate: rate, bits_per_sample: 16, sample_format: SampleFormat::Int };
    write_all(samples, spec, &mut bytes).map_err(WavError::Write)?;
    Ok(bytes)
}

fn write_all(samples: &[i16], spec: WavSpec, bytes: &mut Vec<u8>) -> Result<(), hound::Error> {
    let mut writer = WavWriter::new(Cursor::new(bytes), spec)?;
    let count = u32::try_from(samples.len()).map_err(|_| hound::Error::TooWide)?;
    let mut block = writer.get_i16_writer(count);
    for &sample in samples {
        block.write_sample(sample);
    }
    block.flush()?;
    writer.finalize()
}

/// Reads PCM of 8, 16, 24 or 32 bits or 32-bit floats, any number of channels.
///
/// # Errors
/// [`WavError::Read`] for a damaged file, [`WavError::Unsupported`] for another kind.
pub fn read(bytes: &[u8]) -> Result<Pcm, WavError> {
    let mut reader = WavReader::new(Cursor::new(bytes)).map_err(WavError::Read)?;
    let spec = reader.spec();
    if spec.sample_rate == 0 || spec.channels == 0 {
        return Err(WavError::Unsupported("it says 0 samples per second or 0 channels"));
    }
    // The header may promise more than there is: stop at the first error, and never reserve by its word.
    let mixed = match (spec.sample_format, spec.bits_per_sample) {
        (SampleFormat::Float, _) => {
            let samples = reader.samples::<f32>().map(|s| s.map(|s| (s * 32_767.0).round() as i16));
            mix(samples, spec.channels)
        }
        (SampleFormat::Int, bits @ 1..=32) => {
            let samples = reader.samples::<i32>().map(|s| s.map(|s| to_16_bits(s, bits)));
            mix(samples, spec.channels)
        }
        (SampleFormat::Int, _) => return Err(WavError::Unsupported("more than 32 bits")),
    };
    Ok(Pcm { samples: mixed.map_err(WavError::Read)?, rate: spec.sample_rate })
}

fn to_16_bits(sample: i32, bits: u16) -> i16 {
    let sample = if bits > 16 { sample >> (bits - 16) } else { sample << (16 - bits) };
    sample.clamp(i32::from(i16::MIN), i32::from(i16::MAX)) as i16
}

fn mix(
    samples: impl Iterator<Item = Result<i16, hound::Error>>,
    channels: u16,
) -> Result<Vec<i16>, hound::Error> {
    let mut mono = Vec::new();
    let (mut sum, mut count) = (0_i32, 0);
    for sample in samples {
        sum += i32::from(sample?);
        count += 1;
        if count == channels {
            mono.push((sum / i32::from(channels)) as i16);
            (sum, count) = (0, 0);
        }
    }
    Ok(mono)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_recording_is_read_back_as_it_was_written() {
        let samples: Vec<i16> = (0..5_000).map(|n| (n * 13 % 60_000 - 30_000) as i16).collect();
        let bytes = write(&samples, 8_000).unwrap();
        assert_eq!(&bytes[..4], b"RIFF");
        assert_eq!(bytes.len(), 44 + samples.len() * 2);
        assert_eq!(read(&bytes).unwrap(), Pcm { samples, rate: 8_000 });
    }

    #[test]
    fn an_empty_recording_is_a_valid_file() {
        assert!(read(&write(&[], 16_000).unwrap()).unwrap().samples.is_empty());
    }

    #[test]
    fn other_depths_and_channels_become_16_bit_mono() {
        for (bits, format, scale) in [
            (8, SampleFormat::Int, 128.0),
            (24, SampleFormat::Int, 8_388_608.0),
            (32, SampleFormat::Float, 1.0),
        ] {
            let spec =
                WavSpec { channels: 2, sample_rate: 44_100, bits_per_sample: bits, sample_format: format };
            let mut bytes = Cursor::new(Vec::new());
            let mut writer = WavWriter::new(&mut bytes, spec).unwrap();
            for part in [0.25_f64, 0.75] {
                match format {
                    SampleFormat::Float => writer.write_sample((part * scale) as f32).unwrap(),
                    SampleFormat::Int => writer.write_sample((part * scale) as i32).unwrap(),
                }
            }
            writer.finalize().unwrap();
            let pcm = read(&bytes.into_inner()).unwrap();
            assert_eq!(pcm.rate, 44_100);
            assert!((i32::from(pcm.samples[0]) - 16_384).abs() < 300, "{bits} bits: {:?}", pcm.samples);
        }
    }

    #[test]
    fn a_file_cut_short_is_refused() {
        let bytes = write(&[1; 1_000], 8_000).unwrap();
        assert!(matches!(read(&bytes[..500]), Err(WavError::Read(_))));
        assert!(matches!(read(b"not a wav at all"), Err(WavError::Read(_))));
    }

    #[test]
    fn a_rate_of_zero_is_refused_both_ways() {
        assert!(write(&[1], 0).is_err());
        let mut bytes = write(&[1; 10], 8_000).unwrap();
        bytes[24..28].fill(0);
        assert!(read(&bytes).is_err());
    }

    proptest! {
        #[test]
        fn no_bytes_make_the_reader_panic(mut bytes in prop::collection::vec(any::<u8>(), 0..400), header: bool) {
            if header {
                let mut file = write(&[1; 40], 8_000).unwrap();
                for (slot, byte) in file.iter_mut().skip(12).zip(&bytes) {
                    if byte % 5 == 0 {
                        *slot = *byte;
                    }
                }
                bytes = file;
            }
            drop(read(&bytes));
        }
    }
}
