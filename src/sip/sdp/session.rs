//! Our side of the offer/answer exchanges of one dialog (RFC 3264 §5 – §8).

use std::net::IpAddr;

use sdp_types::Media;

use crate::audio::Codec;

use super::formats::{self, Chosen, Format, formats};
use super::read::{inherited, read, values};
use super::remote::{Remote, remote};
use super::write::{self, Audio, Refused};
use super::{Direction, LocalMedia, SdpRefusal, Stream};

/// An answer of ours and what it comes to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// The text for the response.
    pub sdp: String,
    /// For the media engine.
    pub stream: Stream,
}

/// What stays the same over the exchanges of a dialog. One per dialog.
#[derive(Debug, Clone)]
pub struct Session {
    id: u64,
    version: u64,
    /// What we last said, without `o=`.
    said: Option<(IpAddr, String)>,
    /// The m-lines so far; none may ever go (RFC 3264 §8). `None` is the place of the audio.
    lines: Vec<Option<Refused>>,
    /// Payload types in use; a number never changes its meaning (RFC 3264 §8.3.2).
    numbers: Vec<(u8, Format)>,
}

/// An m-line of an offer that will do.
struct Picked<'a> {
    at: usize,
    media: &'a Media,
    remote: Remote,
    chosen: Chosen,
    address: IpAddr,
}

impl Session {
    /// A new dialog. `id` is random ([`crate::clock::Clock::random_u32`]): `o=` has to be unique in the world.
    pub fn new(id: u32) -> Self {
        Self { id: u64::from(id), version: 1, said: None, lines: Vec::new(), numbers: Vec::new() }
    }

    /// Answers an offer: one audio m-line is used, every other is refused with port 0.
    ///
    /// # Errors
    /// When nothing in the offer will do. The session is then as it was (RFC 3261 §14.2: so is the call).
    pub fn answer(&mut self, offer: &str, local: &LocalMedia) -> Result<Answer, SdpRefusal> {
        let offer = read(offer)?;
        let picked = self.pick(&offer, local)?;
        let (media, remote) = (picked.media, picked.remote);
        let codec = picked.chosen.codec;
        let asked = values(&media.attributes, "ptime").next();
        let most = inherited(&offer, media, "maxptime");
        let ptime_ms = formats::packet_time(asked, most, local.ptime_ms, codec);
        let used = listed(&picked.chosen);
        let audio = write::audio(&Audio {
            // An m-line that the offer switches off stays off in the answer (RFC 3264 §6).
            port: if media.port == 0 { 0 } else { local.port },
            proto: &media.proto,
            formats: &used,
            ptime_ms,
            rtcp_mux: remote.mux,
            direction: remote.direction,
        });
        self.lines =
            offer.medias.iter().enumerate().map(|(at, m)| (at != picked.at).then(|| refusal(m))).collect();
        self.numbers = formats(media, &[]);
        let sdp = self.say(picked.address, &audio);
        Ok(Answer { sdp, stream: stream(&remote, picked.chosen, ptime_ms) })
    }

    /// Our offer, for a call that we place or for an INVITE without one. Later offers keep the m-lines and numbers.
    pub fn offer(&mut self, local: &LocalMedia) -> String {
        let mut formats = offered_formats(&local.codecs);
        formats.retain(|format| local.events || !matches!(format, Format::Event(_)));
        self.numbers = numbered(&formats, &self.numbers);
        let audio = write::audio(&Audio {
            port: local.port,
            proto: "RTP/AVP",
            formats: &self.numbers.clone(),
            ptime_ms: local.ptime_ms,
            rtcp_mux: local.rtcp_mux,
            direction: Direction::SendRecv,
        });
        if self.lines.is_empty() {
            self.lines.push(None);
        }
        self.say(local.address, &audio)
    }

    /// Takes the answer to our last offer.
    ///
    /// # Errors
    /// When there is no offer of ours, or when the answer refuses the audio or cannot be used: end the call.
    pub fn accept(&mut self, answer: &str) -> Result<Stream, SdpRefusal> {
        let (address, body) = self.said.as_ref().ok_or(SdpRefusal::NoAudio)?;
        accept_answer(&write::whole(self.id, self.version, *address, body), answer)
    }

    /// The first audio m-line that will do, else why none does.
    fn pick<'a>(&self, offer: &'a sdp_types::Session, local: &LocalMedia) -> Result<Picked<'a>, SdpRefusal> {
        let mut why = None;
        let mut off = None;
        for (at, media) in audio_lines(offer) {
            match examine(offer, at, media, local) {
                Ok(picked) if media.port != 0 => return Ok(picked),
                Ok(picked) => off = off.or(Some(picked)),
                Err(error) => why = why.or(Some(error)),
            }
        }
        match (off, why) {
            // Audio that is switched off holds a call that was up; it is no way to begin one.
            (Some(picked), _) if self.said.is_some() => Ok(picked),
            (_, why) => Err(why.unwrap_or(SdpRefusal::NoAudio)),
        }
    }

    fn say(&mut self, address: IpAddr, audio: &str) -> String {
        let media: Vec<String> = self
            .lines
            .iter()
            .map(|line| line.as_ref().map_or_else(|| audio.to_owned(), write::refused))
            .collect();
        let body = write::body(address, &media);
        if self.said.as_ref().is_some_and(|said| *said != (address, body.clone())) {
            self.version += 1;
        }
        let whole = write::whole(self.id, self.version, address, &body);
        self.said = Some((address, body));
        whole
    }
}

/// What an answer to an offer of ours comes to.
///
/// # Errors
/// When the answer refuses the audio or cannot be used.
pub fn accept_answer(offer: &str, answer: &str) -> Result<Stream, SdpRefusal> {
    let (offer, answer) = (read(offer)?, read(answer)?);
    let (at, ours) = audio_lines(&offer).find(|(_, media)| media.port != 0).ok_or(SdpRefusal::NoAudio)?;
    let theirs = answer.medias.get(at).filter(|media| is_audio(media)).ok_or(SdpRefusal::NoAudio)?;
    if theirs.port == 0 {
        return Err(SdpRefusal::NoAudio);
    }
    plain_rtp(theirs)?;
    let offered = formats(ours, &[]);
    let answered = formats(theirs, &offered);
    let receive_as = |format: Format| offered.iter().find(|(_, ours)| *ours == format).map(|(pt, _)| *pt);
    let both: Vec<_> = answered.into_iter().filter(|(_, format)| receive_as(*format).is_some()).collect();
    let (pt, codec) =
        both.iter().find_map(|(pt, format)| audio_codec(*pt, *format)).ok_or(SdpRefusal::NoCodec)?;
    let mut chosen = formats::with_codec(&both, pt, codec);
    // Events may come under our number even when they go out under the peer's.
    let own =
        chosen.events.iter().filter_map(|(_, clock)| Some((receive_as(Format::Event(*clock))?, *clock)));
    let own: Vec<_> = own.filter(|event| !chosen.events.contains(event)).collect();
    chosen.events.extend(own);
    chosen.comfort_noise = chosen.comfort_noise.and_then(|_| receive_as(Format::Noise));
    let remote = remote(&answer, theirs, values(&ours.attributes, "rtcp-mux").next().is_some())?;
    let asked = values(&theirs.attributes, "ptime").next().or(values(&ours.attributes, "ptime").next());
    let ptime_ms = formats::packet_time(asked, inherited(&answer, theirs, "maxptime"), 20, codec);
    let stream = stream(&remote, chosen, ptime_ms);
    Ok(Stream { recv_pt: receive_as(Format::Audio(codec)).unwrap_or(pt), ..stream })
}

fn is_audio(media: &Media) -> bool {
    media.media.eq_ignore_ascii_case("audio")
}

fn audio_lines(session: &sdp_types::Session) -> impl Iterator<Item = (usize, &Media)> {
    session.medias.iter().enumerate().filter(|(_, media)| is_audio(media))
}

fn audio_codec(pt: u8, format: Format) -> Option<(u8, Codec)> {
    match format {
        Format::Audio(codec) => Some((pt, codec)),
        Format::Event(_) | Format::Noise => None,
    }
}

/// RTP/AVP and RTP/AVPF (whose feedback is optional to send). A plain profile with `a=crypto` beside it is the sender's
/// way to say that it can do without.
fn plain_rtp(media: &Media) -> Result<(), SdpRefusal> {
    let plain = ["RTP/AVP", "RTP/AVPF"].iter().any(|proto| media.proto.eq_ignore_ascii_case(proto));
    if plain { Ok(()) } else { Err(SdpRefusal::Transport(media.proto.chars().take(40).collect())) }
}

fn examine<'a>(
    offer: &sdp_types::Session,
    at: usize,
    media: &'a Media,
    local: &LocalMedia,
) -> Result<Picked<'a>, SdpRefusal> {
    plain_rtp(media)?;
    let chosen = formats::choose(&formats(media, &[]), local).ok_or(SdpRefusal::NoCodec)?;
    let mut remote = remote(offer, media, true)?;
    let address = match local.address_like(remote.address) {
        Some(address) => address,
        None if remote.rtp.is_none() => local.address,
        None => return Err(SdpRefusal::Address("c= is of an address family that we have not".to_owned())),
    };
    if media.port == 0 {
        remote.direction = Direction::Inactive;
    }
    Ok(Picked { at, media, remote, chosen, address })
}

fn listed(chosen: &Chosen) -> Vec<(u8, Format)> {
    let events = chosen.events.iter().map(|(pt, clock)| (*pt, Format::Event(*clock)));
    let noise = chosen.comfort_noise.map(|pt| (pt, Format::Noise));
    std::iter::once((chosen.pt, Format::Audio(chosen.codec))).chain(noise).chain(events).collect()
}

fn stream(remote: &Remote, chosen: Chosen, ptime_ms: u8) -> Stream {
    Stream {
        remote: remote.rtp,
        remote_rtcp: remote.rtcp,
        rtcp_mux: remote.mux,
        codec: chosen.codec,
        send_pt: chosen.pt,
        recv_pt: chosen.pt,
        events: chosen.events,
        comfort_noise: chosen.comfort_noise,
        ptime_ms,
        direction: remote.direction,
    }
}

fn refusal(media: &Media) -> Refused {
    let format = media.fmt.split_whitespace().next().unwrap_or("0").to_owned();
    Refused { media: media.media.clone(), proto: media.proto.clone(), format }
}

/// What our offers list: the codecs, comfort noise and an event for each clock.
fn offered_formats(codecs: &[Codec]) -> Vec<Format> {
    let telephone = codecs.iter().any(|codec| codec.clock_rate() == 8_000);
    let wide = codecs.iter().any(|codec| codec.clock_rate() == 48_000);
    let mut list: Vec<Format> = codecs.iter().map(|codec| Format::Audio(*codec)).collect();
    list.extend(telephone.then_some(Format::Noise));
    list.extend(telephone.then_some(Format::Event(8_000)));
    list.extend(wide.then_some(Format::Event(48_000)));
    list
}

/// Numbers the formats: as before where they had a number, else by custom, else the next free dynamic one.
fn numbered(list: &[Format], before: &[(u8, Format)]) -> Vec<(u8, Format)> {
    let mut numbered: Vec<(u8, Format)> = Vec::new();
    for format in list {
        let earlier = before.iter().find(|(_, other)| other == format).map(|(pt, _)| *pt);
        let taken = |pt: &u8| before.iter().chain(&numbered).any(|(other, _)| other == pt);
        let pt = earlier.or_else(|| std::iter::once(custom(*format)).chain(96..=127).find(|pt| !taken(pt)));
        if let Some(pt) = pt.filter(|pt| numbered.iter().all(|(other, _)| other != pt)) {
            numbered.push((pt, *format));
        }
    }
    numbered
}

const fn custom(format: Format) -> u8 {
    match format {
        Format::Audio(Codec::Pcmu) => 0,
        Format::Audio(Codec::Pcma) => 8,
        Format::Audio(Codec::G722) => 9,
        Format::Audio(Codec::Opus) => 111,
        Format::Noise => 13,
        Format::Event(8_000) => 101,
        Format::Event(_) => 110,
    }
}
