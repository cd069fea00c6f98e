//! RTCP (RFC 3550 §6): what we report about a stream, and the little that we want of the peer's reports. Sans-IO.
//!
//! Reports are built with the `rtcp` crate, once in five seconds. What comes in is walked in place, so that no
//! malformed report can do more than be ignored.

use bytes::Bytes;
use rtcp::goodbye::Goodbye;
use rtcp::packet::Packet as RtcpPacket;
use rtcp::receiver_report::ReceiverReport;
use rtcp::reception_report::ReceptionReport;
use rtcp::sender_report::SenderReport;
use rtcp::source_description::{SdesType, SourceDescription, SourceDescriptionChunk, SourceDescriptionItem};

use super::packet::Sender;
use super::sequence::Sequence;

/// Seconds from 1900 (NTP) to 1970 (Unix).
const NTP_OFFSET: u64 = 2_208_988_800;
/// Cumulative loss is a signed 24-bit number (RFC 3550 §6.4.1); we never report less than none.
const MOST_LOST: u64 = 0x7f_ffff;
const SENDER_REPORT: u8 = 200;
const GOODBYE: u8 = 203;

/// A moment as NTP counts it: seconds since 1900 in the upper 32 bits, their fraction in the lower.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NtpTime(u64);

impl NtpTime {
    /// From milliseconds since 1970.
    pub const fn from_unix_ms(ms: u64) -> Self {
        let seconds = ms / 1000 + NTP_OFFSET;
        Self((seconds << 32) | (((ms % 1000) << 32) / 1000))
    }
}

/// What is counted about a received stream between reports.
#[derive(Debug, Clone, Default)]
pub struct Reception {
    received: u64,
    expected_before: u64,
    received_before: u64,
    /// Scaled by 16, as RFC 3550 §A.8 has it.
    jitter: u32,
    transit: Option<u32>,
    last_report: Option<(u32, u64)>,
}

impl Reception {
    /// Forgets the stream: the source began anew.
    pub fn restart(&mut self) {
        *self = Self::default();
    }

    /// Counts a packet of the stream.
    pub const fn count(&mut self) {
        self.received += 1;
    }

    /// Notes when a packet came, in ticks of the stream's clock. Packets that are found together came at different times, known
    /// only for the newest: note that one alone.
    pub const fn arrived(&mut self, timestamp: u32, arrival: u32) {
        let transit = arrival.wrapping_sub(timestamp);
        if let Some(before) = self.transit {
            let difference = transit.wrapping_sub(before).cast_signed().unsigned_abs();
            // A clock that was set is not jitter.
            if difference < 0x10_0000 {
                self.jitter = self.jitter + difference - ((self.jitter + 8) >> 4);
            }
        }
        self.transit = Some(transit);
    }

    /// Notes a sender report of the peer, for "last SR" and "delay since".
    pub const fn heard_report(&mut self, middle: u32, now_ms: u64) {
        self.last_report = Some((middle, now_ms));
    }

    /// Interarrival jitter in ticks (RFC 3550 §A.8).
    pub const fn jitter(&self) -> u32 {
        self.jitter >> 4
    }

    /// The block about the stream `ssrc`, whose numbers are in `sequence` (RFC 3550 §A.3).
    fn block(&mut self, ssrc: u32, sequence: &Sequence, now_ms: u64) -> ReceptionReport {
        let expected = sequence.expected();
        let due = expected.saturating_sub(self.expected_before);
        let came = self.received.saturating_sub(self.received_before);
        self.expected_before = expected;
        self.received_before = self.received;
        let missing = due.saturating_sub(came);
        let fraction = (missing * 256).checked_div(due).unwrap_or(0).min(255);
        let (last_sender_report, delay) = self.last_report.map_or((0, 0), |(middle, at)| {
            (middle, u32::try_from(now_ms.saturating_sub(at) * 65_536 / 1000).unwrap_or(u32::MAX))
        });
        ReceptionReport {
            ssrc,
            fraction_lost: fraction as u8,
            total_lost: expected.saturating_sub(self.received).min(MOST_LOST) as u32,
            last_sequence_number: sequence.highest(),
            jitter: self.jitter(),
            last_sender_report,
            delay,
        }
    }
}

/// What a report is made of.
#[derive(Debug)]
pub struct Report<'a> {
    /// Our stream.
    pub sender: &'a Sender,
    /// Our canonical name (RFC 3550 §6.5.1): random, it says nothing about the machine.
    pub cname: &'a str,
    /// Now, on the wall.
    pub now: NtpTime,
    /// The timestamp that belongs to now.
    pub timestamp: u32,
    /// Whether we sent since the last report: then it is a sender report.
    pub sent: bool,
    /// The last one: with BYE.
    pub goodbye: bool,
}

impl Report<'_> {
    /// The compound packet: SR or RR, SDES, BYE. `peer` is the stream that we receive.
    ///
    /// # Errors
    /// What the `rtcp` crate cannot write, which is our own fault.
    pub fn write(
        &self,
        reception: &mut Reception,
        peer: Option<(u32, &Sequence)>,
        now_ms: u64,
    ) -> Result<Bytes, rtcp::Error> {
        let ssrc = self.sender.ssrc();
        let reports: Vec<_> =
            peer.map(|(peer, sequence)| reception.block(peer, sequence, now_ms)).into_iter().collect();
        let first: Box<dyn RtcpPacket + Send + Sync> = if self.sent {
            Box::new(SenderReport {
                ssrc,
                ntp_time: self.now.0,
                rtp_time: self.timestamp,
                packet_count: self.sender.packets(),
                octet_count: self.sender.octets(),
                reports,
                profile_extensions: Bytes::new(),
            })
        } else {
            Box::new(ReceiverReport { ssrc, reports, profile_extensions: Bytes::new() })
        };
        let name = SourceDescriptionItem {
            sdes_type: SdesType::SdesCname,
            text: Bytes::copy_from_slice(self.cname.as_bytes()),
        };
        let description =
            SourceDescription { chunks: vec![SourceDescriptionChunk { source: ssrc, items: vec![name] }] };
        let mut packets: Vec<Box<dyn RtcpPacket + Send + Sync>> = vec![first, Box::new(description)];
        if self.goodbye {
            packets.push(Box::new(Goodbye { sources: vec![ssrc], reason: Bytes::new() }));
        }
        rtcp::packet::marshal(&packets)
    }
}

/// What we want of a compound packet of the peer.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct PeerReport {
    /// SSRC and middle bits of the NTP time of a sender report.
    pub sender: Option<(u32, u32)>,
    /// It says that its source has left.
    pub goodbye: bool,
}

/// Reads a compound packet (RFC 3550 §6.1). `None`: not RTCP, or cut off; then nothing of it is believed.
pub fn read(mut datagram: &[u8]) -> Option<PeerReport> {
    let mut report = PeerReport::default();
    let first = *datagram.get(1)?;
    if !matches!(first, SENDER_REPORT | 201) {
        return None;
    }
    while !datagram.is_empty() {
        let ([flags, kind, high, low], _) = datagram.split_first_chunk::<4>()?;
        let length = (usize::from(u16::from_be_bytes([*high, *low])) + 1) * 4;
        let (packet, rest) = datagram.split_at_checked(length)?;
        if flags >> 6 != 2 {
            return None;
        }
        match *kind {
            SENDER_REPORT => report.sender = Some(sender_report(packet)?),
            GOODBYE => report.goodbye = true,
            _ => {}
        }
        datagram = rest;
    }
    Some(report)
}

fn sender_report(packet: &[u8]) -> Option<(u32, u32)> {
    let word =
        |at: usize| packet.get(at..at + 4).and_then(|bytes| bytes.try_into().ok()).map(u32::from_be_bytes);
    // Header, SSRC, NTP seconds and fraction, RTP time, two counts.
    word(24)?;
    Some((word(4)?, (word(8)? << 16) | (word(12)? >> 16)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rtp::sequence::Place;
    use proptest::prelude::*;

    fn sender() -> Sender {
        let mut sender = Sender::new(77, 1, 1000);
        sender.count(160);
        sender
    }

    fn report(sender: &Sender, sent: bool, goodbye: bool) -> Report<'_> {
        let now = NtpTime::from_unix_ms(1_500);
        Report { sender, cname: "a0b1@aftertone", now, timestamp: 4321, sent, goodbye }
    }

    #[test]
    fn a_sender_report_tells_loss_jitter_and_the_peers_last_report() {
        let mut reception = Reception::default();
        let mut sequence = Sequence::starting(100);
        reception.count();
        reception.arrived(0, 0);
        for i in 1..=9_u16 {
            if i == 4 || i == 5 {
                continue;
            }
            assert!(matches!(sequence.place(100 + i, 20), Place::New(_)));
            // Every other packet 80 ticks late.
            reception.count();
            reception.arrived(u32::from(i) * 160, u32::from(i) * 160 + u32::from(i % 2) * 80);
        }
        reception.heard_report(0xabcd_1234, 1_000);
        let sender = sender();
        let bytes = report(&sender, true, true).write(&mut reception, Some((9, &sequence)), 1_500).unwrap();
        let packets = rtcp::packet::unmarshal(&mut bytes.clone()).unwrap();
        let first = packets[0].as_any().downcast_ref::<SenderReport>().unwrap();
        assert_eq!((first.ssrc, first.packet_count, first.octet_count, first.rtp_time), (77, 1, 160, 4321));
        assert_eq!(first.ntp_time >> 32, 2_208_988_801);
        assert_eq!(first.ntp_time & 0xffff_ffff, 0x8000_0000);
        let block = &first.reports[0];
        assert_eq!((block.ssrc, block.total_lost, block.last_sequence_number), (9, 2, 109));
        assert_eq!(block.fraction_lost, 51, "2 of 10, in 256ths");
        assert_eq!((block.last_sender_report, block.delay), (0xabcd_1234, 32_768));
        assert!((20..=30).contains(&block.jitter), "{}", block.jitter);
        let names = packets[1].as_any().downcast_ref::<SourceDescription>().unwrap();
        assert_eq!(names.chunks[0].items[0].text, "a0b1@aftertone");
        assert_eq!(packets[2].as_any().downcast_ref::<Goodbye>().unwrap().sources, [77]);
        let read = read(&bytes).unwrap();
        assert_eq!(
            read,
            PeerReport { sender: Some((77, (2_208_988_801_u64 << 16) as u32 | 0x8000)), goodbye: true }
        );
    }

    #[test]
    fn who_did_not_send_reports_as_a_receiver() {
        let sender = sender();
        let bytes = report(&sender, false, false).write(&mut Reception::default(), None, 0).unwrap();
        let packets = rtcp::packet::unmarshal(&mut bytes.clone()).unwrap();
        assert!(packets[0].as_any().is::<ReceiverReport>());
        assert_eq!(read(&bytes), Some(PeerReport::default()));
    }

    #[test]
    fn a_report_that_is_cut_off_is_not_believed() {
        let sender = sender();
        let bytes = report(&sender, true, true).write(&mut Reception::default(), None, 0).unwrap();
        for length in 0..bytes.len() {
            let cut = read(&bytes[..length]);
            // At the border of two packets the rest is a whole compound of its own.
            assert!(cut.is_none_or(|report| !report.goodbye), "{length}");
        }
    }

    proptest! {
        #[test]
        fn garbage_is_harmless(mut bytes in proptest::collection::vec(any::<u8>(), 0..120)) {
            let _ = read(&bytes);
            if bytes.len() > 4 {
                (bytes[0], bytes[1], bytes[2]) = (0x80, 200, 0);
                let _ = read(&bytes);
            }
        }
    }
}
