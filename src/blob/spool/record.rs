//! The layout of a spool file: an append-only log of checked records. Bytes in, [`Recorded`] out; no IO.
//!
//! ```text
//! file   = magic (8 bytes) record*
//! record = length u32 LE (of the payload) | CRC-32 u32 LE (of kind and payload) | kind u8 | payload
//! ```
//! The first record is the head. Whatever follows the last good record (torn by a crash or a full disk) is not
//! part of the recording; every prefix of good records is one.

use crc_fast::crc32_iso_hdlc as crc32;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::{Marks, Recorded};

/// What every spool file begins with; the last digit is the version of the layout.
pub(super) const MAGIC: &[u8; 8] = b"ATSPOOL1";
/// Bytes before the payload of a record.
pub(super) const RECORD_HEADER: usize = 9;
/// No record of ours is longer; a longer one is damage.
const MAX_PAYLOAD: usize = 1 << 20;

/// What a record holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Kind {
    /// [`super::Head`] as JSON.
    Head = 1,
    /// PCM, 16-bit little endian, mono.
    Audio = 2,
    /// [`Marks`] as JSON; the newest wins.
    Marks = 3,
    /// [`super::Verdict`] as JSON; ends a take.
    Verdict = 4,
    /// A count of samples, u64 LE: the recording goes on after so many, what came later is dropped, the verdict is void.
    Reopen = 5,
}

impl Kind {
    const ALL: [Self; 5] = [Self::Head, Self::Audio, Self::Marks, Self::Verdict, Self::Reopen];

    fn from_byte(byte: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| *kind as u8 == byte)
    }
}

/// A record, ready to be written.
pub(super) fn record(kind: Kind, payload: &[u8]) -> Vec<u8> {
    let mut bytes = open_record(kind, payload.len());
    bytes.extend_from_slice(payload);
    seal(&mut bytes);
    bytes
}

/// A record whose payload is `value` as JSON.
pub(super) fn json_record(kind: Kind, value: &impl Serialize) -> Result<Vec<u8>, serde_json::Error> {
    Ok(record(kind, &serde_json::to_vec(value)?))
}

/// The start of a record whose payload is appended by the caller, who then calls [`seal`].
pub(super) fn open_record(kind: Kind, room: usize) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(RECORD_HEADER + room);
    bytes.extend_from_slice(&[0; RECORD_HEADER - 1]);
    bytes.push(kind as u8);
    bytes
}

/// Fills in length and checksum of a record made by [`open_record`].
pub(super) fn seal(bytes: &mut [u8]) {
    let length = bytes.len().saturating_sub(RECORD_HEADER) as u32;
    let check = bytes.get(8..).map_or(0, crc32);
    if let Some(header) = bytes.first_chunk_mut::<8>() {
        header[..4].copy_from_slice(&length.to_le_bytes());
        header[4..].copy_from_slice(&check.to_le_bytes());
    }
}

/// What a spool file holds up to its last good record.
#[derive(Debug)]
pub(super) struct Scan {
    /// The recording; samples are not yet trimmed to the verdict.
    pub(super) recorded: Recorded,
    /// Bytes up to the end of the last good record.
    pub(super) good_len: u64,
}

impl Scan {
    /// Samples that the next take goes on after.
    pub(super) fn kept(&self) -> u64 {
        let have = self.recorded.samples.len() as u64;
        self.recorded.verdict.map_or(have, |verdict| verdict.keep_samples.min(have))
    }

    /// The recording, trimmed to its verdict.
    pub(super) fn into_recorded(mut self) -> Recorded {
        let kept = usize::try_from(self.kept()).unwrap_or(usize::MAX);
        self.recorded.samples.truncate(kept);
        self.recorded
    }
}

/// Reads the longest good prefix of a file. `None` when not even the head is whole: then there is no recording.
pub(super) fn scan(bytes: &[u8]) -> Option<Scan> {
    let mut rest = bytes.strip_prefix(MAGIC)?;
    let (kind, payload, after) = next_record(rest)?;
    if kind != Kind::Head {
        return None;
    }
    let samples = Vec::with_capacity(after.len() / 2);
    let mut recorded = Recorded { head: json(payload)?, marks: Marks::default(), verdict: None, samples };
    rest = after;
    while let Some((kind, payload, after)) = next_record(rest) {
        if take_in(&mut recorded, kind, payload).is_none() {
            break;
        }
        rest = after;
    }
    Some(Scan { recorded, good_len: (bytes.len() - rest.len()) as u64 })
}

fn take_in(recorded: &mut Recorded, kind: Kind, payload: &[u8]) -> Option<()> {
    match kind {
        Kind::Head => return None,
        Kind::Audio => {
            let (pairs, odd) = payload.as_chunks::<2>();
            if !odd.is_empty() {
                return None;
            }
            recorded.samples.extend(pairs.iter().map(|pair| i16::from_le_bytes(*pair)));
        }
        Kind::Marks => recorded.marks = json::<Marks>(payload)?,
        Kind::Verdict => recorded.verdict = Some(json(payload)?),
        Kind::Reopen => {
            let kept = u64::from_le_bytes(payload.try_into().ok()?);
            recorded.samples.truncate(usize::try_from(kept).ok()?);
            recorded.verdict = None;
        }
    }
    Some(())
}

fn next_record(bytes: &[u8]) -> Option<(Kind, &[u8], &[u8])> {
    let (length, rest) = bytes.split_first_chunk::<4>()?;
    let (check, rest) = rest.split_first_chunk::<4>()?;
    let length = usize::try_from(u32::from_le_bytes(*length)).ok()?;
    if length > MAX_PAYLOAD || rest.len() <= length {
        return None;
    }
    let (body, after) = rest.split_at(length + 1);
    if crc32(body) != u32::from_le_bytes(*check) {
        return None;
    }
    let (kind, payload) = body.split_first()?;
    Some((Kind::from_byte(*kind)?, payload, after))
}

fn json<T: DeserializeOwned>(payload: &[u8]) -> Option<T> {
    serde_json::from_slice(payload).ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::blob::spool::Verdict;
    use crate::blob::spool::tests::head;

    fn file(records: &[Vec<u8>]) -> Vec<u8> {
        let mut bytes = MAGIC.to_vec();
        bytes.extend(json_record(Kind::Head, &head(1)).unwrap());
        records.iter().for_each(|record| bytes.extend(record));
        bytes
    }

    fn audio(samples: &[i16]) -> Vec<u8> {
        record(Kind::Audio, &samples.iter().flat_map(|sample| sample.to_le_bytes()).collect::<Vec<_>>())
    }

    #[test]
    fn the_checksum_is_the_standard_one() {
        assert_eq!(crc32(b"123456789"), 0xCBF4_3926);
        assert_eq!(crc32(b""), 0);
        assert_eq!(crc32(b"The quick brown fox jumps over the lazy dog"), 0x414F_A339);
    }

    #[test]
    fn a_reopened_recording_goes_on_where_the_verdict_cut_it() {
        let verdict = Verdict { keep_samples: 2, voiced_ms: 5, class: crate::domain::RecordingClass::Speech };
        let first = [audio(&[1, 2, 3]), json_record(Kind::Verdict, &verdict).unwrap()];
        assert_eq!(scan(&file(&first)).unwrap().into_recorded().samples, [1, 2]);
        let mut both = first.to_vec();
        both.extend([record(Kind::Reopen, &2_u64.to_le_bytes()), audio(&[7, 8])]);
        let recorded = scan(&file(&both)).unwrap().into_recorded();
        assert_eq!((recorded.samples, recorded.verdict), (vec![1, 2, 7, 8], None));
    }

    #[test]
    fn a_file_without_a_whole_head_is_no_recording() {
        let whole = file(&[]);
        for cut in 0..whole.len() {
            assert!(scan(&whole[..cut]).is_none(), "cut at {cut}");
        }
        assert!(scan(&whole).is_some());
        assert!(scan(b"RIFF....WAVEfmt ").is_none());
    }

    #[test]
    fn a_verdict_beyond_the_samples_keeps_what_is_there() {
        let verdict =
            Verdict { keep_samples: 900, voiced_ms: 0, class: crate::domain::RecordingClass::Speech };
        let bytes = file(&[audio(&[1, 2]), json_record(Kind::Verdict, &verdict).unwrap()]);
        assert_eq!(scan(&bytes).unwrap().into_recorded().samples, [1, 2]);
    }

    proptest! {
        #[test]
        fn any_truncation_yields_the_longest_good_prefix(
            blocks in prop::collection::vec(prop::collection::vec(any::<i16>(), 0..50), 0..8),
            cut in any::<prop::sample::Index>(),
        ) {
            let records: Vec<_> = blocks.iter().map(|block| audio(block)).collect();
            let whole = file(&records);
            let start = file(&[]).len();
            let cut = start + cut.index(whole.len() - start + 1);
            let mut end = start;
            let mut expected = Vec::new();
            for (record, block) in records.iter().zip(&blocks) {
                if end + record.len() > cut {
                    break;
                }
                end += record.len();
                expected.extend_from_slice(block);
            }
            let scan = scan(&whole[..cut]).unwrap();
            prop_assert_eq!(scan.good_len, end as u64);
            prop_assert_eq!(scan.recorded.samples, expected);
        }

        #[test]
        fn a_flipped_bit_ends_the_recording_there_and_never_panics(
            blocks in prop::collection::vec(prop::collection::vec(any::<i16>(), 1..50), 1..6),
            at in any::<prop::sample::Index>(),
            bit in 0..8_u8,
        ) {
            let records: Vec<_> = blocks.iter().map(|block| audio(block)).collect();
            let mut bytes = file(&records);
            let at = at.index(bytes.len());
            bytes[at] ^= 1 << bit;
            let all: Vec<i16> = blocks.concat();
            if let Some(scan) = scan(&bytes) {
                prop_assert!(scan.good_len as usize <= at);
                prop_assert!(all.starts_with(&scan.recorded.samples));
            }
        }

        #[test]
        fn any_bytes_are_read_without_a_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
            let mut file = MAGIC.to_vec();
            file.extend(&bytes);
            let _ = (scan(&bytes), scan(&file));
        }
    }
}
