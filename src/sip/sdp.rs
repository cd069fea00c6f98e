//! SDP offer/answer for one audio stream (RFC 3264, RFC 8866).

use std::net::SocketAddr;

use crate::audio::Codec;

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
