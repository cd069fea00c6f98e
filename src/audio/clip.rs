//! Audio that is ready to be sent in any codec: encoded once per codec, and then only copied.
//!
//! A clip does not know its place in a stream; [`crate::media`] cuts it into packets of the negotiated length.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use super::codec::{Codec, Encoder, opus};
use super::resample::resample;

/// Rate of the clips that are kept; speech has nothing above 8 kHz that a telephone would send.
const WIDE: u32 = 16_000;
const NARROW: u32 = 8_000;
/// Encoded clips are padded to whole frames of 20 ms.
const FRAME: Duration = Duration::from_millis(20);

/// Mono audio and its encoded forms. Share it by `Arc`.
pub struct Clip {
    /// 8 kHz when it came so, 16 kHz otherwise.
    pcm: Box<[i16]>,
    rate: u32,
    ulaw: OnceLock<Arc<[u8]>>,
    alaw: OnceLock<Arc<[u8]>>,
    g722: OnceLock<Arc<[u8]>>,
    wide: OnceLock<Box<[i16]>>,
    opus: OnceLock<Box<[Box<[u8]>]>>,
}

impl std::fmt::Debug for Clip {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Clip")
            .field("rate", &self.rate)
            .field("duration", &self.duration())
            .finish_non_exhaustive()
    }
}

impl Clip {
    /// From mono PCM at any rate. 8 kHz audio is kept as it is, so that G.711 is sent again bit by bit; any other rate
    /// becomes 16 kHz.
    pub fn from_pcm(samples: &[i16], sample_rate: u32) -> Self {
        let (pcm, rate) = match sample_rate {
            NARROW => (samples.to_vec(), NARROW),
            rate => (resample(samples, rate, WIDE), WIDE),
        };
        Self {
            pcm: pcm.into_boxed_slice(),
            rate,
            ulaw: OnceLock::new(),
            alaw: OnceLock::new(),
            g722: OnceLock::new(),
            wide: OnceLock::new(),
            opus: OnceLock::new(),
        }
    }

    /// Nothing to be heard, for so long.
    pub fn silence(length: Duration) -> Self {
        let samples = length.as_millis() * u128::from(NARROW) / 1000;
        Self::from_pcm(&vec![0; usize::try_from(samples).unwrap_or(0)], NARROW)
    }

    /// Its length, without the padding of the encoded forms.
    pub fn duration(&self) -> Duration {
        Duration::from_micros(self.pcm.len() as u64 * 1_000_000 / u64::from(self.rate))
    }

    /// Samples per second of what is kept: 8000 or 16000.
    pub const fn sample_rate(&self) -> u32 {
        self.rate
    }

    /// The samples as they are kept, at [`Clip::sample_rate`].
    pub fn pcm(&self) -> &[i16] {
        &self.pcm
    }

    /// The samples at another rate.
    pub fn pcm_at(&self, rate: u32) -> Vec<i16> {
        resample(&self.pcm, self.rate, rate)
    }

    /// Encodes now what would be encoded on first use (some 10 ms per second of Opus, 1 ms of the others), so that
    /// no media worker has to.
    pub fn prepare(&self, codec: Codec) {
        match codec {
            Codec::Opus => drop(self.opus_packets()),
            Codec::G722 => _ = self.wide(),
            Codec::Pcmu | Codec::Pcma => drop(Arc::clone(self.bytes(codec))),
        }
    }

    /// Whether [`Clip::prepare`] was done for this codec.
    pub fn is_prepared(&self, codec: Codec) -> bool {
        match codec {
            Codec::Pcmu => self.ulaw.get().is_some(),
            Codec::Pcma => self.alaw.get().is_some(),
            Codec::G722 => self.wide.get().is_some(),
            Codec::Opus => self.opus.get().is_some(),
        }
    }

    /// PCMU, PCMA and G.722: 8 bytes for each millisecond, padded with silence to whole 20 ms. A worker cuts them
    /// wherever the packet time says. Opus cannot be cut: its view is [`Clip::opus_packets`], this one is empty.
    pub fn bytes(&self, codec: Codec) -> &Arc<[u8]> {
        static NONE: OnceLock<Arc<[u8]>> = OnceLock::new();
        let slot = match codec {
            Codec::Pcmu => &self.ulaw,
            Codec::Pcma => &self.alaw,
            Codec::G722 => &self.g722,
            Codec::Opus => return NONE.get_or_init(|| Arc::new([])),
        };
        slot.get_or_init(|| self.encode(codec))
    }

    /// The samples at 16 kHz, padded with silence to whole 20 ms: what a G.722 encoder that runs through a call is fed.
    /// G.722 cannot be cut and joined as bytes: the decoder's state would not fit, and every joint would crack.
    pub fn wide(&self) -> &[i16] {
        self.wide.get_or_init(|| self.padded(WIDE).into_boxed_slice())
    }

    /// Opus: packets of 20 ms each.
    pub fn opus_packets(&self) -> &[Box<[u8]>] {
        self.opus.get_or_init(|| self.encode_opus())
    }

    fn encode(&self, codec: Codec) -> Arc<[u8]> {
        let pcm = self.padded(codec.sample_rate());
        let mut bytes = Vec::with_capacity(pcm.len());
        // Neither the set-up nor a whole number of frames can be refused by these codecs.
        if let Ok(mut encoder) = Encoder::new(codec)
            && let Err(error) = encoder.encode(&pcm, &mut bytes)
        {
            tracing::error!(%error, ?codec, "a clip could not be encoded and will be silent");
        }
        bytes.into()
    }

    fn encode_opus(&self) -> Box<[Box<[u8]>]> {
        let pcm = self.padded(WIDE);
        let mut packets = Vec::with_capacity(pcm.len() / samples_in(FRAME, WIDE) + 1);
        let encoder = opus::Encoder::new(WIDE).and_then(|mut encoder| {
            for frame in pcm.chunks_exact(samples_in(FRAME, WIDE)) {
                let mut packet = Vec::new();
                encoder.encode(frame, &mut packet)?;
                packets.push(packet.into_boxed_slice());
            }
            Ok(())
        });
        if let Err(error) = encoder {
            tracing::error!(%error, "a clip could not be encoded in Opus and will be cut short");
        }
        packets.into_boxed_slice()
    }

    fn padded(&self, rate: u32) -> Vec<i16> {
        let mut pcm = self.pcm_at(rate);
        pcm.resize(pcm.len().next_multiple_of(samples_in(FRAME, rate)), 0);
        pcm
    }
}

fn samples_in(length: Duration, rate: u32) -> usize {
    length.as_millis() as usize * rate as usize / 1000
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audio::Decoder;

    fn sine(rate: u32, hz: f64, ms: u32) -> Vec<i16> {
        (0..rate * ms / 1000)
            .map(|n| ((f64::from(n) * hz / f64::from(rate) * std::f64::consts::TAU).sin() * 12_000.0) as i16)
            .collect()
    }

    #[test]
    fn a_clip_is_8_bytes_per_millisecond_padded_to_whole_frames() {
        for rate in [8_000, 16_000, 44_100, 48_000] {
            let clip = Clip::from_pcm(&sine(rate, 500.0, 110), rate);
            assert_eq!(clip.duration(), Duration::from_millis(110), "{rate}");
            for codec in [Codec::Pcmu, Codec::Pcma, Codec::G722] {
                assert_eq!(clip.bytes(codec).len(), 8 * 120, "{codec:?} from {rate}");
            }
            assert_eq!(clip.opus_packets().len(), 6);
            assert!(clip.bytes(Codec::Opus).is_empty());
        }
    }

    #[test]
    fn a_clip_is_encoded_once() {
        let clip = Clip::from_pcm(&sine(16_000, 500.0, 100), 16_000);
        clip.prepare(Codec::G722);
        assert!(Arc::ptr_eq(clip.bytes(Codec::G722), clip.bytes(Codec::G722)));
        clip.prepare(Codec::Opus);
        assert_eq!(clip.opus_packets().as_ptr(), clip.opus_packets().as_ptr());
    }

    #[test]
    fn the_same_tone_is_heard_in_every_codec() {
        let clip = Clip::from_pcm(&sine(44_100, 1_000.0, 400), 44_100);
        for codec in [Codec::Pcmu, Codec::Pcma, Codec::G722, Codec::Opus] {
            let mut decoder = Decoder::new(codec).unwrap();
            let mut heard = Vec::new();
            match codec {
                Codec::Opus => {
                    for packet in clip.opus_packets() {
                        decoder.decode(packet, &mut heard).unwrap();
                    }
                }
                _ => decoder.decode(clip.bytes(codec), &mut heard).unwrap(),
            }
            assert_eq!(heard.len(), codec.sample_rate() as usize * 400 / 1000);
            let middle = &heard[heard.len() / 4..heard.len() * 3 / 4];
            let crossings = middle.windows(2).filter(|w| (w[0] < 0) != (w[1] < 0)).count();
            assert!((390..=410).contains(&crossings), "{codec:?}: {crossings} zero crossings in 200 ms");
            let peak = middle.iter().map(|s| s.unsigned_abs()).max().unwrap();
            assert!((9_000..15_000).contains(&peak), "{codec:?}: peak {peak}");
        }
    }

    #[test]
    fn g711_that_became_a_clip_is_sent_again_bit_by_bit() {
        let bytes: Vec<u8> = (0..160).map(|n| 0x80 | (n % 128) as u8).collect();
        let mut pcm = Vec::new();
        Decoder::new(Codec::Pcmu).unwrap().decode(&bytes, &mut pcm).unwrap();
        assert_eq!(Clip::from_pcm(&pcm, 8_000).bytes(Codec::Pcmu)[..], bytes[..]);
    }

    #[test]
    fn silence_is_silent_and_as_long_as_asked() {
        let clip = Clip::silence(Duration::from_millis(500));
        assert_eq!(clip.duration(), Duration::from_millis(500));
        assert!(clip.bytes(Codec::Pcmu).iter().all(|&b| b == 0xff));
        assert_eq!(clip.opus_packets().len(), 25);
        assert_eq!(Clip::silence(Duration::ZERO).bytes(Codec::Pcma).len(), 0);
    }
}
