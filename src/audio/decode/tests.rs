//! What somebody who uploads a file would notice.

use proptest::prelude::*;

use super::*;
use crate::audio::wav;

const KINDS: [(&str, &[u8]); 6] = [
    ("mp3", include_bytes!("../../../tests/fixtures/audio/tone.mp3")),
    ("ogg", include_bytes!("../../../tests/fixtures/audio/tone.ogg")),
    ("opus", include_bytes!("../../../tests/fixtures/audio/tone.opus")),
    ("flac", include_bytes!("../../../tests/fixtures/audio/tone.flac")),
    ("m4a", include_bytes!("../../../tests/fixtures/audio/tone.m4a")),
    ("aac", include_bytes!("../../../tests/fixtures/audio/tone.aac")),
];
const BOMB: &[u8] = include_bytes!("../../../tests/fixtures/audio/bomb.flac");

fn read(bytes: &[u8]) -> Result<Decoded, DecodeError> {
    decode_upload(bytes.to_vec(), DecodeLimits::default())
}

/// Crossings of zero per second: twice the pitch of a tone.
fn crossings(decoded: &Decoded) -> f64 {
    let middle = &decoded.samples[decoded.samples.len() / 4..decoded.samples.len() * 3 / 4];
    let count = middle.windows(2).filter(|pair| (pair[0] < 0) != (pair[1] < 0)).count();
    count as f64 * f64::from(decoded.rate) / middle.len() as f64
}

#[test]
fn every_accepted_kind_gives_its_tone_its_length_and_its_level() {
    let sine: Vec<i16> = (0..17_640)
        .map(|n| ((f64::from(n) * 440.0 / 44_100.0 * std::f64::consts::TAU).sin() * 16_384.0) as i16)
        .collect();
    let wav = wav::write(&sine, 44_100).unwrap();
    for (kind, bytes) in KINDS.into_iter().chain([("wav", wav.as_slice())]) {
        let decoded = read(bytes).unwrap_or_else(|error| panic!("{kind}: {error}"));
        let seconds = decoded.samples.len() as f64 / f64::from(decoded.rate);
        assert!((0.39..0.48).contains(&seconds), "{kind}: {seconds} s");
        assert!((860.0..900.0).contains(&crossings(&decoded)), "{kind}: {} crossings", crossings(&decoded));
        let middle = &decoded.samples[decoded.samples.len() / 3..decoded.samples.len() * 2 / 3];
        let peak = middle.iter().map(|s| s.unsigned_abs()).max().unwrap();
        assert!((12_000..20_000).contains(&peak), "{kind}: peak {peak}");
    }
}

#[test]
fn a_file_without_bytes_is_called_empty() {
    assert_eq!(read(b""), Err(DecodeError::Empty));
}

#[test]
fn what_is_no_sound_is_refused_with_the_kinds_that_are_accepted() {
    for bytes in [&b"Dear Sirs, please find attached"[..], b"%PDF-1.7", b"\x89PNG\r\n", b"RIFF\0\0\0\0AVI "] {
        let error = read(bytes).unwrap_err();
        assert_eq!(error, DecodeError::NotAudio);
        assert!(error.to_string().contains("MP3"));
    }
}

#[test]
fn a_known_kind_that_is_not_accepted_is_named() {
    assert_eq!(read(b"#!AMR\n\x3c\x08"), Err(DecodeError::Unsupported("AMR")));
    assert_eq!(read(&[0x1a, 0x45, 0xdf, 0xa3, 1, 2]), Err(DecodeError::Unsupported("WebM or Matroska")));
}

#[test]
fn a_small_file_that_unfolds_to_hours_is_stopped_at_the_limit() {
    assert!(BOMB.len() < 60_000);
    assert_eq!(read(BOMB), Err(DecodeError::TooLong(600)));
    let limits = DecodeLimits { max_seconds: 100_000, max_samples: 1_000_000, ..DecodeLimits::default() };
    assert_eq!(decode_upload(BOMB.to_vec(), limits), Err(DecodeError::TooLong(100_000)));
}

#[test]
fn a_decoder_that_takes_too_long_is_given_up() {
    let limits = DecodeLimits { max_time: Duration::ZERO, ..DecodeLimits::default() };
    assert_eq!(decode_upload(BOMB.to_vec(), limits), Err(DecodeError::TooSlow));
}

#[test]
fn silence_is_refused_with_advice() {
    let wav = wav::write(&[3; 16_000], 16_000).unwrap();
    assert_eq!(read(&wav), Err(DecodeError::Silent));
}

#[test]
fn a_wav_of_rate_zero_is_refused() {
    let mut wav = wav::write(&[9_000; 16_000], 16_000).unwrap();
    wav[24..28].fill(0);
    assert!(read(&wav).is_err());
}

#[test]
fn a_copy_protected_file_is_called_so() {
    let mut m4a = KINDS[4].1.to_vec();
    let at = m4a.windows(4).position(|word| word == b"mp4a").unwrap();
    m4a[at..at + 4].copy_from_slice(b"drms");
    assert_eq!(read(&m4a), Err(DecodeError::Protected));
}

#[test]
fn half_a_file_is_damaged_or_gives_the_half_that_is_there() {
    for (kind, bytes) in KINDS {
        match read(&bytes[..bytes.len() * 2 / 3]) {
            Ok(decoded) => assert!(!decoded.samples.is_empty(), "{kind}"),
            Err(error) => assert!(
                matches!(error, DecodeError::Damaged | DecodeError::Unsupported(_) | DecodeError::NotAudio),
                "{kind}: {error}"
            ),
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(120))]

    #[test]
    fn a_damaged_file_never_brings_the_server_down(
        kind in 0_usize..KINDS.len(),
        damage in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..40),
        keep in any::<prop::sample::Index>(),
        cut: bool,
    ) {
        let mut bytes = KINDS[kind].1.to_vec();
        for (place, byte) in damage {
            let place = place.index(bytes.len());
            bytes[place] = byte;
        }
        if cut {
            bytes.truncate(keep.index(bytes.len()));
        }
        let limits = DecodeLimits { max_seconds: 5, max_samples: 500_000, max_time: Duration::from_secs(20) };
        match decode_upload(bytes, limits) {
            Ok(decoded) => prop_assert!(decoded.samples.len() <= 500_000),
            Err(error) => prop_assert!(error != DecodeError::TooSlow && error != DecodeError::Busy),
        }
    }
}
