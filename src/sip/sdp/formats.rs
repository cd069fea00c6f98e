//! The payload types of an m-line: what each number means (RFC 3551 §6, `a=rtpmap`), and which of them are used.

use sdp_types::Media;

use crate::audio::Codec;

use super::read::values;
use super::{CodecOrder, LocalMedia, codec_named};

/// What a payload type carries, as far as we speak it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Format {
    /// Audio.
    Audio(Codec),
    /// telephone-event with its clock rate (RFC 4733).
    Event(u32),
    /// Comfort noise at 8000 Hz (RFC 3389).
    Noise,
}

/// The formats of an m-line that we speak, in its order, each payload type once. A payload type without `a=rtpmap` is
/// what `offered` says (the offer, for answerers who do not repeat its map), else what RFC 3551 says.
pub(super) fn formats(media: &Media, offered: &[(u8, Format)]) -> Vec<(u8, Format)> {
    let mut known: Vec<(u8, Format)> = Vec::new();
    for word in media.fmt.split_whitespace() {
        let Some(pt) = word.parse::<u8>().ok().filter(|pt| *pt < 128) else { continue };
        if known.iter().all(|(other, _)| *other != pt)
            && let Some(format) = format(media, pt, offered)
        {
            known.push((pt, format));
        }
    }
    known
}

fn format(media: &Media, pt: u8, offered: &[(u8, Format)]) -> Option<Format> {
    let mapped = values(&media.attributes, "rtpmap").find_map(|value| {
        let (number, encoding) = value.split_once(char::is_whitespace)?;
        (number.parse() == Ok(pt)).then_some(encoding.trim())
    });
    match mapped {
        Some(encoding) => by_name(encoding),
        None => offered.iter().find(|(known, _)| *known == pt).map(|(_, format)| *format).or(by_number(pt)),
    }
}

/// RFC 3551 §6, table 4.
const fn by_number(pt: u8) -> Option<Format> {
    match pt {
        0 => Some(Format::Audio(Codec::Pcmu)),
        8 => Some(Format::Audio(Codec::Pcma)),
        9 => Some(Format::Audio(Codec::G722)),
        13 => Some(Format::Noise),
        _ => None,
    }
}

/// `name/clock[/channels]`. Lenient in two places where senders err: G.722 with its real sample rate (RFC 3551 §4.5.2
/// wants 8000), and Opus without the `/2` that RFC 7587 §7 wants.
fn by_name(encoding: &str) -> Option<Format> {
    let mut parts = encoding.split('/').map(str::trim);
    let name = parts.next()?;
    let clock: u32 = parts.next()?.parse().ok()?;
    let channels: u32 = parts.next().map_or(Some(1), |text| text.parse().ok())?;
    match (codec_named(name), clock, channels) {
        (Some(codec @ (Codec::Pcmu | Codec::Pcma)), 8_000, 1) => Some(Format::Audio(codec)),
        (Some(Codec::G722), 8_000 | 16_000, 1) => Some(Format::Audio(Codec::G722)),
        (Some(Codec::Opus), 48_000, 1 | 2) => Some(Format::Audio(Codec::Opus)),
        (None, 1_000..=192_000, 1) if name.eq_ignore_ascii_case("telephone-event") => {
            Some(Format::Event(clock))
        }
        (None, 8_000, 1) if name.eq_ignore_ascii_case("cn") => Some(Format::Noise),
        _ => None,
    }
}

/// What is used of an m-line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Chosen {
    pub(super) codec: Codec,
    pub(super) pt: u8,
    /// The one that fits the codec's clock first.
    pub(super) events: Vec<(u8, u32)>,
    pub(super) comfort_noise: Option<u8>,
}

/// Picks the codec by the order that is asked for, and what goes with it.
pub(super) fn choose(formats: &[(u8, Format)], local: &LocalMedia) -> Option<Chosen> {
    let offered = || {
        formats.iter().filter_map(|(pt, format)| match format {
            Format::Audio(codec) if local.codecs.contains(codec) => Some((*pt, *codec)),
            _ => None,
        })
    };
    let (pt, codec) = match local.order {
        CodecOrder::Offerer => offered().next(),
        CodecOrder::Ours => {
            local.codecs.iter().find_map(|codec| offered().find(|(_, offered)| offered == codec))
        }
    }?;
    Some(with_codec(formats, pt, codec))
}

/// What goes with this codec: events (of its own clock first; others are better than none) and comfort noise.
pub(super) fn with_codec(formats: &[(u8, Format)], pt: u8, codec: Codec) -> Chosen {
    let mut events: Vec<(u8, u32)> = Vec::new();
    for (pt, format) in formats {
        if let Format::Event(clock) = format
            && events.iter().all(|(_, other)| other != clock)
        {
            events.push((*pt, *clock));
        }
    }
    events.sort_by_key(|(_, clock)| *clock != codec.clock_rate());
    let noise = formats.iter().find(|(_, format)| *format == Format::Noise).map(|(pt, _)| *pt);
    let comfort_noise = noise.filter(|_| codec.clock_rate() == 8_000);
    Chosen { codec, pt, events, comfort_noise }
}

/// Milliseconds per packet that we send: what the peer asks for (`a=ptime`), not more than it takes (`a=maxptime`),
/// within 10 … 60 in steps of 10; Opus has no frames of 30 and 50 (RFC 6716 §2.1.4).
pub(super) fn packet_time(ptime: Option<&str>, maxptime: Option<&str>, local: u8, codec: Codec) -> u8 {
    let number = |text: &str| text.split('.').next().and_then(|text| text.trim().parse::<u32>().ok());
    let asked = ptime.and_then(number).filter(|ms| *ms > 0).unwrap_or(u32::from(local));
    let most = maxptime.and_then(number).filter(|ms| *ms > 0).unwrap_or(60);
    let ms = asked.min(most).clamp(10, 60) / 10 * 10;
    match (codec, ms) {
        (Codec::Opus, 30) => 20,
        (Codec::Opus, 50) => 40,
        _ => u8::try_from(ms).unwrap_or(20),
    }
}
