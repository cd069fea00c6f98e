//! Lenient reading of a session description: whatever the audio does not need may be missing or broken.
//!
//! The lines that matter (`m=`, `c=`, `a=`, and the address of `o=`) are tidied, then parsed by `sdp-types`. Nothing is
//! negotiated here.

use sdp_types::{Attribute, Media, Session};

use super::SdpRefusal;

/// Longest description that is read, in bytes: offers of browsers have about 8,000.
const MAX_BYTES: usize = 32 * 1024;
/// Most lines.
const MAX_LINES: usize = 1024;
/// Most m-lines: each has to be answered.
const MAX_MEDIA: usize = 16;

/// Reads a description.
pub(super) fn read(text: &str) -> Result<Session, SdpRefusal> {
    if text.len() > MAX_BYTES {
        return Err(unreadable(format!("it has more than {MAX_BYTES} bytes")));
    }
    if text.split(['\r', '\n']).filter(|line| !line.trim().is_empty()).count() > MAX_LINES {
        return Err(unreadable(format!("it has more than {MAX_LINES} lines")));
    }
    let tidy = tidied(text)?;
    let session = Session::parse(tidy.as_bytes()).map_err(|error| unreadable(error.to_string()))?;
    if session.medias.is_empty() {
        return Err(SdpRefusal::NoAudio);
    }
    Ok(session)
}

fn unreadable(why: String) -> SdpRefusal {
    SdpRefusal::Unreadable(why)
}

/// Keeps the lines that the audio needs, in a shape that a strict parser takes. Line ends may be CRLF, LF or CR.
fn tidied(text: &str) -> Result<String, SdpRefusal> {
    let mut tidy = String::from("v=0\r\n");
    let mut origin = None;
    let (mut media, mut connected) = (0, false);
    for line in text.split(['\r', '\n']).map(str::trim).filter(|line| !line.is_empty()) {
        let Some((kind, value)) = line.split_once('=') else { continue };
        let clean: String = value.chars().filter(|c| !c.is_control()).collect();
        let kept = match kind.trim() {
            "m" => {
                media += 1;
                Some(media_line(&clean)?)
            }
            // One `c=` for the session; a second one contradicts the first and is not heard.
            "c" if media == 0 && connected => None,
            "c" => connection_line(&clean),
            "a" if !clean.trim().is_empty() => Some(clean.trim().to_owned()),
            "o" if media == 0 && origin.is_none() => {
                origin = clean.split_whitespace().last().map(str::to_owned);
                None
            }
            _ => None,
        };
        let Some(kept) = kept else { continue };
        connected |= kind.trim() == "c" && media == 0;
        tidy.push_str(&format!("{}={kept}\r\n", kind.trim()));
    }
    if media > MAX_MEDIA {
        return Err(unreadable(format!("it has more than {MAX_MEDIA} m-lines")));
    }
    Ok(match origin.filter(|_| !connected) {
        // Without `c=` the origin is the best word on where the sender is; a media-level `c=` still wins.
        Some(address) => tidy.replacen("v=0\r\n", &format!("v=0\r\nc=IN IP4 {address}\r\n"), 1),
        None => tidy,
    })
}

/// `media port proto fmt …`, with single spaces. An m-line that cannot be read is fatal: it could not be answered.
fn media_line(value: &str) -> Result<String, SdpRefusal> {
    let words: Vec<&str> = value.split_whitespace().take(4 + 64).collect();
    match words.as_slice() {
        [media, port, proto] => Ok(format!("{media} {port} {proto} 0")),
        [_, _, _, _, ..] => Ok(words.join(" ")),
        _ => Err(unreadable("an m-line has fewer than three words".to_owned())),
    }
}

fn connection_line(value: &str) -> Option<String> {
    let words: Vec<&str> = value.split_whitespace().take(3).collect();
    (words.len() == 3).then(|| words.join(" "))
}

/// Value of an attribute, at the media level or else at the session level (RFC 8866 §5.13).
pub(super) fn inherited<'a>(session: &'a Session, media: &'a Media, name: &str) -> Option<&'a str> {
    values(&media.attributes, name).next().or_else(|| values(&session.attributes, name).next())
}

/// Whether the flag is set at the media level.
pub(super) fn has(media: &Media, name: &str) -> bool {
    values(&media.attributes, name).next().is_some()
}

/// Values of all attributes of this name (the empty string for flags), whatever the case of the name.
pub(super) fn values<'a>(attributes: &'a [Attribute], name: &str) -> impl Iterator<Item = &'a str> {
    attributes
        .iter()
        .filter(move |attribute| attribute.attribute.trim().eq_ignore_ascii_case(name))
        .map(|attribute| attribute.value.as_deref().unwrap_or_default().trim())
}
