//! RTP packets on the wire (RFC 3550 §5.1): a view that borrows what was received, and a writer into a buffer that
//! is used again. Knows one packet only; what it means in a stream is for [`super::source`]. No allocation.

/// The fixed header, in bytes.
pub const HEADER_LEN: usize = 12;

/// A received packet, borrowing its datagram.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Packet<'a> {
    /// For audio: the first packet of a talkspurt (RFC 3551 §4.1).
    pub marker: bool,
    /// What the payload is, as negotiated. 0–127.
    pub payload_type: u8,
    /// Counts packets; wraps.
    pub sequence: u16,
    /// The sampling instant of the first sample, in ticks of the payload's clock; wraps.
    pub timestamp: u32,
    /// Who sends.
    pub ssrc: u32,
    /// What follows header, CSRCs and extension, without padding. May be empty.
    pub payload: &'a [u8],
}

/// Why a datagram is not an RTP packet. Always the sender's fault; nothing to retry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PacketError {
    /// Less than the header, CSRC list or extension it announces.
    #[error("the RTP packet ends inside its header")]
    Truncated,
    /// Not version 2.
    #[error("the datagram is not RTP version 2")]
    Version,
    /// The padding count is zero or longer than what is left.
    #[error("the RTP padding is longer than the packet")]
    Padding,
    /// RTCP on the RTP port (RFC 5761 §4).
    #[error("the datagram is RTCP")]
    Rtcp,
}

impl<'a> Packet<'a> {
    /// Reads a datagram.
    ///
    /// # Errors
    /// A [`PacketError`] for whatever is not a whole RTP packet.
    pub fn parse(datagram: &'a [u8]) -> Result<Self, PacketError> {
        let (header, mut rest) = datagram.split_first_chunk::<HEADER_LEN>().ok_or(PacketError::Truncated)?;
        let [first, second, s0, s1, t0, t1, t2, t3, c0, c1, c2, c3] = *header;
        if first >> 6 != 2 {
            return Err(PacketError::Version);
        }
        if is_rtcp(datagram) {
            return Err(PacketError::Rtcp);
        }
        let csrcs = usize::from(first & 0x0f) * 4;
        rest = rest.get(csrcs..).ok_or(PacketError::Truncated)?;
        if first & 0x10 != 0 {
            rest = after_extension(rest).ok_or(PacketError::Truncated)?;
        }
        if first & 0x20 != 0 {
            rest = before_padding(rest).ok_or(PacketError::Padding)?;
        }
        Ok(Self {
            marker: second & 0x80 != 0,
            payload_type: second & 0x7f,
            sequence: u16::from_be_bytes([s0, s1]),
            timestamp: u32::from_be_bytes([t0, t1, t2, t3]),
            ssrc: u32::from_be_bytes([c0, c1, c2, c3]),
            payload: rest,
        })
    }
}

/// Skips a header extension (RFC 3550 §5.3.1): profile, length in words, words.
fn after_extension(rest: &[u8]) -> Option<&[u8]> {
    let ([_, _, high, low], after) = rest.split_first_chunk::<4>()?;
    after.get(usize::from(u16::from_be_bytes([*high, *low])) * 4..)
}

/// Cuts the padding off: its last byte counts it, itself included.
fn before_padding(rest: &[u8]) -> Option<&[u8]> {
    let count = usize::from(*rest.last()?);
    if count == 0 {
        return None;
    }
    rest.get(..rest.len().checked_sub(count)?)
}

/// Tells RTCP from RTP where both share a port (RFC 5761 §4): packet types 192–223.
pub fn is_rtcp(datagram: &[u8]) -> bool {
    datagram.get(1).is_some_and(|byte| (192..=223).contains(byte))
}

/// Our side of a stream: numbers the packets that we send and counts them for RTCP.
#[derive(Debug, Clone)]
pub struct Sender {
    ssrc: u32,
    sequence: u16,
    timestamp: u32,
    packets: u32,
    octets: u32,
}

impl Sender {
    /// A new source. All three should be random (RFC 3550 §5.1).
    pub const fn new(ssrc: u32, sequence: u16, timestamp: u32) -> Self {
        Self { ssrc, sequence, timestamp, packets: 0, octets: 0 }
    }

    /// Our SSRC.
    pub const fn ssrc(&self) -> u32 {
        self.ssrc
    }

    /// The timestamp of the next packet.
    pub const fn timestamp(&self) -> u32 {
        self.timestamp
    }

    /// Packets sent so far, for the sender report.
    pub const fn packets(&self) -> u32 {
        self.packets
    }

    /// Payload bytes sent so far, for the sender report.
    pub const fn octets(&self) -> u32 {
        self.octets
    }

    /// Moves the media clock on by `ticks`, whether something was sent for them or not.
    pub const fn advance(&mut self, ticks: u32) {
        self.timestamp = self.timestamp.wrapping_add(ticks);
    }

    /// Replaces what is in `out` by the header of a new packet, to which the caller appends the payload.
    pub fn write_header(&mut self, payload_type: u8, marker: bool, timestamp: u32, out: &mut Vec<u8>) {
        out.clear();
        out.extend_from_slice(&[0x80, (u8::from(marker) << 7) | (payload_type & 0x7f)]);
        out.extend_from_slice(&self.sequence.to_be_bytes());
        out.extend_from_slice(&timestamp.to_be_bytes());
        out.extend_from_slice(&self.ssrc.to_be_bytes());
        self.sequence = self.sequence.wrapping_add(1);
    }

    /// Counts a packet with so many bytes of payload, for the sender report.
    pub fn count(&mut self, payload_len: usize) {
        self.packets = self.packets.wrapping_add(1);
        self.octets = self.octets.wrapping_add(u32::try_from(payload_len).unwrap_or(0));
    }
}

/// The ticks (at 48 kHz) of an Opus packet, read from its table of contents (RFC 6716 §3.1). `None`: not Opus, or
/// longer than the 120 ms that a packet may hold.
pub fn opus_ticks(payload: &[u8]) -> Option<u32> {
    let toc = *payload.first()?;
    let config = toc >> 3;
    let frame = match config {
        0..=11 => [480, 960, 1920, 2880][usize::from(config & 3)],
        12..=15 => [480, 960][usize::from(config & 1)],
        _ => [120, 240, 480, 960][usize::from(config & 3)],
    };
    let frames = match toc & 3 {
        0 => 1,
        1 | 2 => 2,
        _ => u32::from(payload.get(1)? & 0x3f),
    };
    let ticks = frame * frames;
    (1..=5760).contains(&ticks).then_some(ticks)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn crate_packet(payload: &[u8], padding: usize, extension: bool, csrcs: usize) -> Vec<u8> {
        let mut bytes = vec![0x80 | u8::try_from(csrcs).unwrap(), 0x80, 0xff, 0xfe, 0, 0, 1, 2, 9, 8, 7, 6];
        bytes.extend(std::iter::repeat_n(0xcc, csrcs * 4));
        if extension {
            bytes[0] |= 0x10;
            bytes.extend_from_slice(&[0xbe, 0xde, 0, 1, 0x10, 0xaa, 0, 0]);
        }
        bytes.extend_from_slice(payload);
        if padding > 0 {
            bytes[0] |= 0x20;
            bytes.extend(std::iter::repeat_n(0, padding - 1));
            bytes.push(u8::try_from(padding).unwrap());
        }
        bytes
    }

    #[test]
    fn the_payload_is_found_behind_csrcs_and_extension_and_before_padding() {
        let bytes = crate_packet(b"sound", 4, true, 3);
        let packet = Packet::parse(&bytes).unwrap();
        assert_eq!(packet.payload, b"sound");
        assert!(packet.marker);
        assert_eq!((packet.payload_type, packet.sequence), (0, 0xfffe));
        assert_eq!((packet.timestamp, packet.ssrc), (0x0102, 0x0908_0706));
    }

    #[test]
    fn each_way_to_be_broken_is_named() {
        let good = crate_packet(b"sound", 0, false, 0);
        assert_eq!(Packet::parse(&good[..11]), Err(PacketError::Truncated));
        let mut version = good.clone();
        version[0] = 0x40;
        assert_eq!(Packet::parse(&version), Err(PacketError::Version));
        let mut csrcs = good.clone();
        csrcs[0] |= 0x0f;
        assert_eq!(Packet::parse(&csrcs), Err(PacketError::Truncated));
        let mut extension = good.clone();
        extension[0] |= 0x10;
        assert_eq!(Packet::parse(&extension), Err(PacketError::Truncated));
        let mut padding = good.clone();
        padding[0] |= 0x20;
        *padding.last_mut().unwrap() = 6;
        assert_eq!(Packet::parse(&padding), Err(PacketError::Padding));
        *padding.last_mut().unwrap() = 0;
        assert_eq!(Packet::parse(&padding), Err(PacketError::Padding));
        let mut rtcp = good;
        rtcp[1] = 200;
        assert_eq!(Packet::parse(&rtcp), Err(PacketError::Rtcp));
    }

    #[test]
    fn an_opus_packet_tells_its_length() {
        assert_eq!(opus_ticks(&[0x78]), Some(960), "CELT 20 ms");
        assert_eq!(opus_ticks(&[0x08 | 1]), Some(1920), "SILK 20 ms, two frames");
        assert_eq!(opus_ticks(&[0x7b, 3]), Some(2880), "20 ms, three frames");
        assert_eq!(opus_ticks(&[0x7b, 63]), None, "more than 120 ms");
        assert_eq!(opus_ticks(&[0x7b, 0]), None, "no frame at all");
        assert_eq!(opus_ticks(&[]), None);
    }

    #[test]
    fn what_we_write_is_what_the_rtp_crate_reads() {
        let mut sender = Sender::new(7, 0xffff, 0xffff_ff00);
        let mut out = Vec::new();
        for (i, marker) in [true, false].into_iter().enumerate() {
            sender.write_header(8, marker, sender.timestamp(), &mut out);
            sender.count(160);
            out.extend_from_slice(&[0x55; 160]);
            sender.advance(160);
            let read = unmarshal(&out).unwrap();
            assert_eq!(read.header.marker, marker);
            assert_eq!(read.header.payload_type, 8);
            assert_eq!(read.header.sequence_number, 0xffff_u16.wrapping_add(u16::try_from(i).unwrap()));
            assert_eq!(read.header.ssrc, 7);
            assert_eq!(read.payload.len(), 160);
        }
        assert_eq!((sender.packets(), sender.octets(), sender.timestamp()), (2, 320, 0x40));
    }

    fn unmarshal(bytes: &[u8]) -> Option<rtp::packet::Packet> {
        use webrtc_util::marshal::Unmarshal as _;
        rtp::packet::Packet::unmarshal(&mut bytes::Bytes::copy_from_slice(bytes)).ok()
    }

    proptest! {
        #[test]
        fn nothing_that_comes_in_does_harm(bytes in proptest::collection::vec(any::<u8>(), 0..80)) {
            let _ = Packet::parse(&bytes);
            let _ = opus_ticks(&bytes);
        }

        #[test]
        fn we_read_what_the_rtp_crate_writes(
            marker: bool, payload_type in 0_u8..64, sequence: u16, timestamp: u32, ssrc: u32,
            csrc in proptest::collection::vec(any::<u32>(), 0..15),
            payload in proptest::collection::vec(any::<u8>(), 0..200),
            padding: bool,
        ) {
            use webrtc_util::marshal::Marshal as _;
            let header = rtp::header::Header {
                version: 2, padding, marker, payload_type, sequence_number: sequence, timestamp, ssrc, csrc,
                ..Default::default()
            };
            let written = rtp::packet::Packet { header, payload: bytes::Bytes::from(payload.clone()) };
            let bytes = written.marshal().unwrap();
            let read = Packet::parse(&bytes).unwrap();
            prop_assert_eq!(read, Packet { marker, payload_type, sequence, timestamp, ssrc, payload: &payload });
        }
    }
}
