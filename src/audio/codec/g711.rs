//! G.711 (ITU-T G.711 11/88), µ-law and A-law: one byte is one sample.
//!
//! Stateless, and every byte is a sample, so nothing here can fail. Decoding is a table look-up.

use audio_codec_algorithms::{decode_alaw, decode_ulaw, encode_alaw, encode_ulaw};

pub(crate) fn decode_ulaw_into(payload: &[u8], out: &mut Vec<i16>) {
    out.extend(payload.iter().map(|&byte| decode_ulaw(byte)));
}

pub(crate) fn decode_alaw_into(payload: &[u8], out: &mut Vec<i16>) {
    out.extend(payload.iter().map(|&byte| decode_alaw(byte)));
}

pub(crate) fn encode_ulaw_into(pcm: &[i16], out: &mut Vec<u8>) {
    out.extend(pcm.iter().map(|&sample| encode_ulaw(sample)));
}

pub(crate) fn encode_alaw_into(pcm: &[i16], out: &mut Vec<u8>) {
    out.extend(pcm.iter().map(|&sample| encode_alaw(sample)));
}
