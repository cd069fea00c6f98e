//! What a listener or a peer would notice of the codecs.

use proptest::prelude::*;

use super::*;

const ALL: [Codec; 4] = [Codec::Pcmu, Codec::Pcma, Codec::G722, Codec::Opus];

/// A voice-like sound: a gliding fundamental with harmonics, louder and softer like syllables.
fn voice(rate: u32, ms: usize) -> Vec<i16> {
    let mut phase = 0.0_f64;
    (0..rate as usize * ms / 1000)
        .map(|n| {
            let t = n as f64 / f64::from(rate);
            phase += (120.0 + 30.0 * (t * 5.0).sin()) / f64::from(rate);
            let tone: f64 =
                (1..20).map(|k| (phase * f64::from(k) * std::f64::consts::TAU).sin() / f64::from(k)).sum();
            (tone * 5_000.0 * (0.6 + 0.4 * (t * 20.0).sin())) as i16
        })
        .collect()
}

/// Signal-to-noise ratio in dB at the best alignment within 30 ms.
fn snr(original: &[i16], heard: &[i16], rate: u32) -> f64 {
    let skip = rate as usize / 10;
    let furthest = rate as usize * 30 / 1000;
    (0..furthest)
        .map(|delay| {
            let (mut signal, mut noise) = (0.0, 1.0);
            for (a, b) in original.iter().skip(skip).zip(heard.iter().skip(skip + delay)) {
                signal += f64::from(*a).powi(2);
                noise += (f64::from(*a) - f64::from(*b)).powi(2);
            }
            10.0 * f64::log10(signal / noise)
        })
        .fold(f64::MIN, f64::max)
}

fn through(codec: Codec, pcm: &[i16]) -> Vec<i16> {
    let (mut encoder, mut decoder) = (Encoder::new(codec).unwrap(), Decoder::new(codec).unwrap());
    let mut heard = Vec::new();
    for frame in pcm.chunks_exact(codec.sample_rate() as usize / 50) {
        let mut packet = Vec::new();
        encoder.encode(frame, &mut packet).unwrap();
        decoder.decode(&packet, &mut heard).unwrap();
    }
    heard
}

fn loudness(samples: &[i16]) -> f64 {
    (samples.iter().map(|&s| f64::from(s).powi(2)).sum::<f64>() / samples.len() as f64).sqrt()
}

#[test]
fn a_voice_survives_every_codec() {
    for (codec, least) in [(Codec::Pcmu, 30.0), (Codec::Pcma, 30.0), (Codec::G722, 20.0), (Codec::Opus, 5.0)]
    {
        let pcm = voice(codec.sample_rate(), 600);
        let heard = through(codec, &pcm);
        assert_eq!(heard.len(), pcm.len(), "{codec:?}");
        let snr = snr(&pcm, &heard, codec.sample_rate());
        assert!(snr > least, "{codec:?}: {snr:.1} dB");
    }
}

#[test]
fn every_g711_byte_survives_decoding_and_encoding() {
    let bytes: Vec<u8> = (0..=255).collect();
    for codec in [Codec::Pcmu, Codec::Pcma] {
        let (mut pcm, mut again) = (Vec::new(), Vec::new());
        Decoder::new(codec).unwrap().decode(&bytes, &mut pcm).unwrap();
        Encoder::new(codec).unwrap().encode(&pcm, &mut again).unwrap();
        // µ-law has two zeros: 0x7f is sent as 0xff.
        let expected: Vec<u8> =
            bytes.iter().map(|&b| if codec == Codec::Pcmu && b == 0x7f { 0xff } else { b }).collect();
        assert_eq!(again, expected, "{codec:?}");
    }
}

#[test]
fn g722_makes_the_bytes_of_the_recommendation() {
    // The same samples through another implementation that passes the vectors of the ITU.
    let pcm: Vec<i16> = (0..320).map(|n: i32| ((n * n * 37) % 20_011 - 10_005) as i16).collect();
    let mut bytes = Vec::new();
    Encoder::new(Codec::G722).unwrap().encode(&pcm, &mut bytes).unwrap();
    assert_eq!(checksum(&bytes), REFERENCE_BYTES);
    let mut heard = Vec::new();
    Decoder::new(Codec::G722).unwrap().decode(&bytes, &mut heard).unwrap();
    let heard: Vec<u8> = heard.iter().flat_map(|s| s.to_le_bytes()).collect();
    assert_eq!(checksum(&heard), REFERENCE_SOUND);
}

const REFERENCE_BYTES: u32 = 2_589_328_990;
const REFERENCE_SOUND: u32 = 1_080_203_477;

/// FNV-1a.
fn checksum(bytes: &[u8]) -> u32 {
    bytes.iter().fold(0x811c_9dc5, |hash, &byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193))
}

#[test]
fn an_empty_payload_is_refused_and_leaves_nothing_behind() {
    for codec in ALL {
        let mut out = vec![7];
        assert_eq!(Decoder::new(codec).unwrap().decode(&[], &mut out), Err(CodecError::Empty));
        assert_eq!(out, [7]);
    }
}

#[test]
fn a_broken_opus_packet_is_named_as_the_peers_fault_and_the_next_good_one_is_heard() {
    let pcm = voice(48_000, 40);
    let (mut encoder, mut decoder) = (Encoder::new(Codec::Opus).unwrap(), Decoder::new(Codec::Opus).unwrap());
    let mut packet = Vec::new();
    encoder.encode(&pcm[..960], &mut packet).unwrap();
    let mut out = Vec::new();
    // Code 1: two frames of equal size cannot have an odd number of bytes (RFC 6716 §3.2.3).
    assert!(matches!(decoder.decode(&[0x01, 1, 2, 3], &mut out), Err(CodecError::Malformed(Codec::Opus, _))));
    assert!(out.is_empty());
    decoder.decode(&packet, &mut out).unwrap();
    assert_eq!(out.len(), 960);
}

#[test]
fn an_opus_packet_beyond_the_largest_frame_is_refused() {
    let mut out = Vec::new();
    let refused = Decoder::new(Codec::Opus).unwrap().decode(&[0x78; 1_277], &mut out);
    assert!(matches!(refused, Err(CodecError::Malformed(Codec::Opus, _))));
    assert!(out.is_empty());
}

#[test]
fn an_opus_frame_of_no_legal_length_is_our_fault() {
    let mut out = Vec::new();
    let refused = Encoder::new(Codec::Opus).unwrap().encode(&[0; 100], &mut out);
    assert_eq!(refused, Err(CodecError::FrameSize(Codec::Opus, 100)));
    assert!(out.is_empty());
}

#[test]
fn stereo_opus_from_a_peer_is_heard_in_mono() {
    let mono = voice(48_000, 400);
    let mut stereo = opus_rs::OpusEncoder::new(48_000, 2, opus_rs::Application::Audio).unwrap();
    stereo.bitrate_bps = 64_000;
    let mut decoder = Decoder::new(Codec::Opus).unwrap();
    let mut heard = Vec::new();
    for frame in mono.chunks_exact(960) {
        let both: Vec<i16> = frame.iter().flat_map(|&s| [s, s]).collect();
        let mut packet = [0; 1275];
        let size = stereo.encode_i16(&both, 960, &mut packet).unwrap();
        decoder.decode(&packet[..size], &mut heard).unwrap();
    }
    assert_eq!(heard.len(), mono.len());
    assert!(snr(&mono, &heard, 48_000) > 8.0);
}

#[test]
fn a_short_gap_sounds_on_and_a_long_one_is_silent_after_60_ms() {
    for codec in ALL {
        let rate = codec.sample_rate();
        let frame = rate as usize / 50;
        let mut decoder = Decoder::new(codec).unwrap();
        let mut encoder = Encoder::new(codec).unwrap();
        let mut heard = Vec::new();
        for samples in voice(rate, 200).chunks_exact(frame) {
            let mut packet = Vec::new();
            encoder.encode(samples, &mut packet).unwrap();
            decoder.decode(&packet, &mut heard).unwrap();
        }
        let before = loudness(&heard[heard.len() - frame..]);
        let mut gap = Vec::new();
        for _ in 0..6 {
            decoder.conceal(frame, &mut gap);
        }
        assert_eq!(gap.len(), 6 * frame);
        let first = loudness(&gap[..frame]);
        assert!(first > before / 4.0 && first < before * 2.0, "{codec:?}: {first} after {before}");
        assert!(gap[3 * frame..].iter().all(|&s| s == 0), "{codec:?} is not silent");
    }
}

#[test]
fn concealing_before_the_first_packet_is_silence() {
    for codec in ALL {
        let mut out = Vec::new();
        Decoder::new(codec).unwrap().conceal(333, &mut out);
        assert_eq!(out, vec![0; 333], "{codec:?}");
    }
}

#[test]
fn a_sine_with_a_lost_packet_has_no_click() {
    let rate = 8_000;
    let pcm: Vec<i16> = (0..1600)
        .map(|n| ((f64::from(n) * 200.0 / 8000.0 * std::f64::consts::TAU).sin() * 10_000.0) as i16)
        .collect();
    let steepest = |s: &[i16]| s.windows(2).map(|w| (i32::from(w[1]) - i32::from(w[0])).abs()).max().unwrap();
    let mut decoder = Decoder::new(Codec::Pcmu).unwrap();
    let mut heard = Vec::new();
    for (n, frame) in pcm.chunks_exact(rate / 50).enumerate() {
        if n == 5 {
            decoder.conceal(frame.len(), &mut heard);
            continue;
        }
        let mut packet = Vec::new();
        Encoder::new(Codec::Pcmu).unwrap().encode(frame, &mut packet).unwrap();
        decoder.decode(&packet, &mut heard).unwrap();
    }
    let (clean, patched) = (steepest(&pcm), steepest(&heard));
    assert!(patched < clean * 2, "a step of {patched} where the sine has {clean}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn no_bytes_of_a_peer_make_a_decoder_panic_or_speak_for_too_long(
        packets in prop::collection::vec(
            (prop_oneof![4 => prop::collection::vec(any::<u8>(), 0..300), 1 => prop::collection::vec(any::<u8>(), 1200..1500)], prop::option::of(0_usize..6_000)),
            1..6,
        ),
        which in 0_usize..4,
    ) {
        let mut decoder = Decoder::new(ALL[which]).unwrap();
        for (packet, gap) in packets {
            let mut out = Vec::new();
            if decoder.decode(&packet, &mut out).is_err() {
                prop_assert!(out.is_empty());
            }
            prop_assert!(out.len() <= 5_760.max(packet.len() * 2));
            if let Some(gap) = gap {
                out.clear();
                decoder.conceal(gap, &mut out);
                prop_assert_eq!(out.len(), gap);
            }
        }
    }
}
