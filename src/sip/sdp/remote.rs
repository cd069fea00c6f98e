//! Where the peer wants its packets: `c=`, the port of the m-line, `a=rtcp` and `a=rtcp-mux`; and who may send.

use std::net::{IpAddr, SocketAddr};

use sdp_types::{Media, Session};

use super::read::{has, values};
use super::{Direction, SdpRefusal};

/// The peer's end of the stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Remote {
    /// The address as it stands in `c=`; unspecified (`0.0.0.0`, `::`) for a hold in the way of RFC 2543.
    pub(super) address: IpAddr,
    pub(super) rtp: Option<SocketAddr>,
    pub(super) rtcp: Option<SocketAddr>,
    pub(super) mux: bool,
    /// From our side, already without sending when there is nowhere to send to.
    pub(super) direction: Direction,
}

/// Reads the peer's end. `may_mux`: rtcp-mux is the peer's to propose, or we have proposed it (RFC 5761 §5.1.1).
pub(super) fn remote(session: &Session, media: &Media, may_mux: bool) -> Result<Remote, SdpRefusal> {
    let connection = media.connections.first().or(session.connection.as_ref());
    let text = connection.map(|connection| connection.connection_address.as_str());
    let address = unicast(text.ok_or_else(|| SdpRefusal::Address("there is no c= line".to_owned()))?)?;
    let rtp = (!address.is_unspecified() && media.port != 0).then(|| SocketAddr::new(address, media.port));
    let mux = may_mux && has(media, "rtcp-mux");
    let rtcp = rtp.and_then(|rtp| if mux { Some(rtp) } else { rtcp(media, rtp) });
    let direction = offered_direction(session, media).mirrored();
    let direction = if rtp.is_some() { direction } else { direction.without_sending() };
    Ok(Remote { address, rtp, rtcp, mux, direction })
}

/// An address that may be sent to. Multicast and broadcast would make a weapon of us; names would need a resolver.
fn unicast(text: &str) -> Result<IpAddr, SdpRefusal> {
    let text = text.split('/').next().unwrap_or_default();
    let address: IpAddr =
        text.parse().map_err(|_| SdpRefusal::Address("c= does not name an IP address".to_owned()))?;
    let address = address.to_canonical();
    let broadcast = matches!(address, IpAddr::V4(address) if address.is_broadcast());
    if address.is_multicast() || broadcast {
        return Err(SdpRefusal::Address("c= names a group of hosts".to_owned()));
    }
    Ok(address)
}

/// RFC 3605: `a=rtcp:port [IN IP4 address]`; without it one port above RTP.
fn rtcp(media: &Media, rtp: SocketAddr) -> Option<SocketAddr> {
    let Some(value) = values(&media.attributes, "rtcp").next() else {
        return rtp.port().checked_add(1).map(|port| SocketAddr::new(rtp.ip(), port));
    };
    let mut words = value.split_whitespace();
    let port = words.next()?.parse().ok().filter(|port| *port != 0)?;
    let address = words.nth(2).map_or(Ok(rtp.ip()), unicast).ok()?;
    Some(SocketAddr::new(address, port))
}

/// The last direction attribute of the media level, else of the session level, else both ways (RFC 8866 §6.7).
fn offered_direction(session: &Session, media: &Media) -> Direction {
    let last = |attributes: &[sdp_types::Attribute]| {
        attributes.iter().rev().find_map(|attribute| {
            [Direction::SendRecv, Direction::SendOnly, Direction::RecvOnly, Direction::Inactive]
                .into_iter()
                .find(|direction| attribute.attribute.trim().eq_ignore_ascii_case(direction.as_str()))
        })
    };
    last(&media.attributes).or_else(|| last(&session.attributes)).unwrap_or_default()
}
