//! Writing of our own session descriptions (RFC 8866 §5). Everything that comes from a peer is a word without white
//! space or control characters by the time it gets here.

use std::net::IpAddr;

use crate::audio::Codec;

use super::Direction;
use super::formats::Format;

/// A m-line that we do not use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Refused {
    pub(super) media: String,
    pub(super) proto: String,
    /// One of the offered formats: an m-line without any would not be valid.
    pub(super) format: String,
}

/// The audio m-line with its attributes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Audio<'a> {
    pub(super) port: u16,
    pub(super) proto: &'a str,
    pub(super) formats: &'a [(u8, Format)],
    pub(super) ptime_ms: u8,
    pub(super) rtcp_mux: bool,
    pub(super) direction: Direction,
}

/// The part of a description below `o=`.
pub(super) fn body(address: IpAddr, media: &[String]) -> String {
    format!("s=-\r\nc=IN {} {address}\r\nt=0 0\r\n{}", family(address), media.concat())
}

/// The whole description.
pub(super) fn whole(id: u64, version: u64, address: IpAddr, body: &str) -> String {
    format!("v=0\r\no=- {id} {version} IN {} {address}\r\n{body}", family(address))
}

/// Port 0 says no to this m-line (RFC 3264 §6).
pub(super) fn refused(line: &Refused) -> String {
    format!("m={} 0 {} {}\r\n", line.media, line.proto, line.format)
}

/// The audio m-line.
pub(super) fn audio(audio: &Audio<'_>) -> String {
    let mut text = format!("m=audio {} {}", audio.port, audio.proto);
    for (pt, _) in audio.formats {
        text.push_str(&format!(" {pt}"));
    }
    text.push_str("\r\n");
    for (pt, format) in audio.formats {
        text.push_str(&map(*pt, *format));
    }
    text.push_str(&format!("a=ptime:{}\r\na={}\r\n", audio.ptime_ms, audio.direction.as_str()));
    if audio.rtcp_mux {
        text.push_str("a=rtcp-mux\r\n");
    }
    text
}

fn map(pt: u8, format: Format) -> String {
    let (encoding, fmtp) = match format {
        Format::Audio(Codec::Pcmu) => ("PCMU/8000".to_owned(), None),
        Format::Audio(Codec::Pcma) => ("PCMA/8000".to_owned(), None),
        Format::Audio(Codec::G722) => ("G722/8000".to_owned(), None),
        // RFC 7587 §7.1: we send and want mono, and conceal with what forward error correction brings.
        Format::Audio(Codec::Opus) => {
            ("opus/48000/2".to_owned(), Some("useinbandfec=1;stereo=0;sprop-stereo=0"))
        }
        // The sixteen keys and the flash (RFC 4733 §3.2).
        Format::Event(clock) => (format!("telephone-event/{clock}"), Some("0-16")),
        Format::Noise => ("CN/8000".to_owned(), None),
    };
    let fmtp = fmtp.map(|fmtp| format!("a=fmtp:{pt} {fmtp}\r\n")).unwrap_or_default();
    format!("a=rtpmap:{pt} {encoding}\r\n{fmtp}")
}

const fn family(address: IpAddr) -> &'static str {
    match address {
        IpAddr::V4(_) => "IP4",
        IpAddr::V6(_) => "IP6",
    }
}
