//! SDP offer/answer for one audio stream (RFC 3264, RFC 8866).
//!
//! [`Session`] keeps what has to stay the same over the life of a dialog: the id and version of `o=`, and the m-lines
//! that once were offered. Knows nothing of SIP messages or sockets. Driven by the call layer.

mod formats;
mod read;
mod refusal;
mod remote;
mod session;
mod write;

use std::net::{IpAddr, SocketAddr};

use crate::audio::Codec;

pub use refusal::SdpRefusal;
pub use session::{Answer, Session, accept_answer};

/// Who may send, from our side.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Direction {
    /// Both.
    #[default]
    SendRecv,
    /// We only send.
    SendOnly,
    /// We only receive.
    RecvOnly,
    /// Nobody (hold).
    Inactive,
}

impl Direction {
    /// The attribute of RFC 8866 §6.7.
    const fn as_str(self) -> &'static str {
        match self {
            Self::SendRecv => "sendrecv",
            Self::SendOnly => "sendonly",
            Self::RecvOnly => "recvonly",
            Self::Inactive => "inactive",
        }
    }

    /// The same stream seen from the other side (RFC 3264 §6.1).
    const fn mirrored(self) -> Self {
        match self {
            Self::SendOnly => Self::RecvOnly,
            Self::RecvOnly => Self::SendOnly,
            both => both,
        }
    }

    /// The same, but we must not send.
    const fn without_sending(self) -> Self {
        match self {
            Self::SendRecv | Self::RecvOnly => Self::RecvOnly,
            Self::SendOnly | Self::Inactive => Self::Inactive,
        }
    }
}

/// The negotiated audio stream, as the media engine needs it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stream {
    /// Where the peer receives RTP. `None`: nowhere (`c=0.0.0.0`, port 0): do not send.
    pub remote: Option<SocketAddr>,
    /// Where the peer receives RTCP (`a=rtcp`, or port + 1, or the RTP port with rtcp-mux).
    pub remote_rtcp: Option<SocketAddr>,
    /// RTP and RTCP share the port (RFC 5761).
    pub rtcp_mux: bool,
    /// Codec in both directions.
    pub codec: Codec,
    /// Payload type we send.
    pub send_pt: u8,
    /// Payload type we receive.
    pub recv_pt: u8,
    /// telephone-event payload types with their clock rate; the first is the one we send. Empty: not negotiated.
    pub events: Vec<(u8, u32)>,
    /// Comfort noise payload type (RFC 3389), if negotiated.
    pub comfort_noise: Option<u8>,
    /// Milliseconds of audio in each packet we send, 10 … 60.
    pub ptime_ms: u8,
    /// Who may send.
    pub direction: Direction,
}

/// Whose order of codecs decides.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum CodecOrder {
    /// The first codec of the offer that we speak (RFC 3264 §6.1 asks answerers for that, unless they have a reason).
    #[default]
    Offerer,
    /// The first of ours that is in the offer.
    Ours,
}

/// The codec of this encoding name (RFC 3551 §6, RFC 7587 §6.1), in any case: `PCMU`, `PCMA`, `G722`, `opus`.
pub fn codec_named(name: &str) -> Option<Codec> {
    match name.to_ascii_lowercase().as_str() {
        "pcmu" => Some(Codec::Pcmu),
        "pcma" => Some(Codec::Pcma),
        "g722" => Some(Codec::G722),
        "opus" => Some(Codec::Opus),
        _ => None,
    }
}

/// What we can do on this call's media port.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LocalMedia {
    /// Our address; offers of ours name it.
    pub address: IpAddr,
    /// Our address of the other family, for peers who offer that one.
    pub alternative: Option<IpAddr>,
    /// Port of RTP; RTCP is one above.
    pub port: u16,
    /// What we speak, best first. Also what our offers list.
    pub codecs: Vec<Codec>,
    /// Whose order decides when we answer.
    pub order: CodecOrder,
    /// Milliseconds of audio in each packet, 10 … 60, unless the peer asks for something else.
    pub ptime_ms: u8,
    /// Our offers propose telephone-events (RFC 4733).
    pub events: bool,
    /// Our offers propose rtcp-mux. (When a peer proposes it, we always accept.)
    pub rtcp_mux: bool,
}

impl LocalMedia {
    /// One address, every codec with the best sound first, 20 ms packets.
    pub fn new(address: IpAddr, port: u16) -> Self {
        let codecs = vec![Codec::Opus, Codec::G722, Codec::Pcmu, Codec::Pcma];
        let order = CodecOrder::Offerer;
        Self { address, alternative: None, port, codecs, order, ptime_ms: 20, events: true, rtcp_mux: false }
    }

    /// Our address of the peer's family.
    fn address_like(&self, peer: IpAddr) -> Option<IpAddr> {
        let same = |address: &IpAddr| address.is_ipv4() == peer.is_ipv4();
        Some(self.address).filter(same).or(self.alternative.filter(same))
    }
}

#[cfg(test)]
mod tests;
