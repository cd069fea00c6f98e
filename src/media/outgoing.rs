//! Our stream to the peer: paced packets of clips, keys and silence. Told the time and the target by
//! [`super::session`]; sends through a [`Wire`], so that tests need no socket.

use std::net::SocketAddr;

use crate::audio::Codec;
use crate::clock::Clock;
use crate::flow::PlayId;
use crate::rtp::event::EventSender;
use crate::rtp::packet::{HEADER_LEN, Sender};
use crate::sip::sdp::Stream;

use super::player::{OPUS_MS, Player};

/// Packets sent at once after a stall: the rest follows with the next ticks, none is dropped.
const BURST: u32 = 5;
/// A stall longer than this is not made up for: the clock moves on instead.
const HOPELESS_US: u64 = 2_000_000;
/// Keys are sent in packets of 20 ms whatever the packet time.
const EVENT_MS: u32 = 20;

/// Takes packets to the network; whether one could be sent.
pub(super) trait Wire {
    fn send(&self, packet: &[u8], to: SocketAddr) -> bool;
}

/// What the peer was promised.
#[derive(Debug, Clone, Copy)]
struct Terms {
    codec: Codec,
    payload_type: u8,
    event: Option<(u8, u32)>,
    ptime_ms: u32,
}

/// The sending half of a session.
#[derive(Debug)]
pub(super) struct Outgoing {
    sender: Sender,
    terms: Option<Terms>,
    pub(super) player: Player,
    pub(super) keys: EventSender,
    packet: Vec<u8>,
    /// When the next packet is due.
    due_us: u64,
    /// Sound was sent last: what follows it is no new talkspurt.
    talking: bool,
    fresh: bool,
    sent: u64,
    late_us: u64,
}

impl Outgoing {
    pub(super) fn new(clock: &dyn Clock, player: Player) -> Self {
        Self {
            sender: new_sender(clock),
            terms: None,
            player,
            keys: EventSender::default(),
            packet: Vec::with_capacity(HEADER_LEN + 480),
            due_us: 0,
            talking: false,
            fresh: true,
            sent: 0,
            late_us: 0,
        }
    }

    /// Takes what was negotiated. A new clock rate is a new source (RFC 3550 §5.2): its timestamps cannot go on.
    pub(super) fn connect(&mut self, stream: &Stream, clock: &dyn Clock, now_us: u64) {
        let ptime_ms = match stream.codec {
            Codec::Opus => OPUS_MS,
            _ => (u32::from(stream.ptime_ms) / 10 * 10).clamp(10, 60),
        };
        let event = stream.events.iter().find(|(_, rate)| *rate == stream.codec.clock_rate());
        let terms = Terms {
            codec: stream.codec,
            payload_type: stream.send_pt,
            event: event.or(stream.events.first()).copied(),
            ptime_ms,
        };
        match self.terms {
            None => self.due_us = now_us,
            Some(before) => {
                if before.codec.clock_rate() != terms.codec.clock_rate() {
                    self.sender = new_sender(clock);
                }
                if before.codec != terms.codec {
                    self.player.codec_changed();
                    self.fresh = true;
                }
            }
        }
        self.terms = Some(terms);
    }

    /// How often to call [`Outgoing::tick`].
    pub(super) fn tick_ms(&self) -> u64 {
        match self.terms {
            Some(terms) if terms.ptime_ms % 20 != 0 => 10,
            _ => 20,
        }
    }

    /// Sends what is due to `target`; without one (hold) time and clips go on unheard. Tells a play that ended.
    pub(super) fn tick(
        &mut self,
        now_us: u64,
        target: Option<SocketAddr>,
        wire: &impl Wire,
    ) -> Option<PlayId> {
        let terms = self.terms?;
        let mut finished = None;
        // Half a tick of grace: a first tick that was late must not make all others wait for the next one.
        let horizon = now_us + self.tick_ms() * 500;
        for _ in 0..BURST {
            if self.due_us > horizon {
                break;
            }
            self.late_us = now_us.saturating_sub(self.due_us);
            let ms = if self.keys.is_idle() || terms.event.is_none() {
                finished = self.send_sound(terms, target, wire).or(finished);
                terms.ptime_ms
            } else {
                self.send_key(terms, target, wire);
                EVENT_MS
            };
            self.move_on(terms, ms);
            if finished.is_some() {
                break;
            }
        }
        if now_us.saturating_sub(self.due_us) > HOPELESS_US {
            let missed = (now_us - self.due_us) / (u64::from(terms.ptime_ms) * 1000);
            self.move_on(terms, u32::try_from(missed).unwrap_or(0).saturating_mul(terms.ptime_ms));
        }
        finished
    }

    pub(super) const fn sender(&self) -> &Sender {
        &self.sender
    }

    pub(super) const fn sent(&self) -> u64 {
        self.sent
    }

    /// How late the last packet was.
    pub(super) const fn late_us(&self) -> u64 {
        self.late_us
    }

    fn move_on(&mut self, terms: Terms, ms: u32) {
        self.sender.advance((terms.codec.clock_rate() / 1000).saturating_mul(ms));
        self.due_us += u64::from(ms) * 1000;
    }

    fn send_sound(&mut self, terms: Terms, target: Option<SocketAddr>, wire: &impl Wire) -> Option<PlayId> {
        let Some(target) = target else {
            self.packet.clear();
            self.fresh = true;
            return self.player.fill(terms.codec, terms.ptime_ms, &mut self.packet).finished;
        };
        // The header's marker is known once the payload is: it is written first and marked afterwards.
        let timestamp = self.sender.timestamp();
        self.sender.write_header(terms.payload_type, false, timestamp, &mut self.packet);
        let filled = self.player.fill(terms.codec, terms.ptime_ms, &mut self.packet);
        if self.fresh || (filled.sound && !self.talking) {
            if let Some(second) = self.packet.get_mut(1) {
                *second |= 0x80;
            }
            self.fresh = false;
        }
        self.talking = filled.sound;
        self.put(target, wire);
        filled.finished
    }

    fn send_key(&mut self, terms: Terms, target: Option<SocketAddr>, wire: &impl Wire) {
        let Some((payload_type, clock_rate)) = terms.event else { return };
        let Some(event) = self.keys.step(self.sender.timestamp(), clock_rate) else { return };
        let Some(target) = target else { return };
        self.sender.write_header(payload_type, event.marker, event.timestamp, &mut self.packet);
        self.packet.extend_from_slice(&event.payload);
        self.put(target, wire);
        self.talking = false;
    }

    fn put(&mut self, target: SocketAddr, wire: &impl Wire) {
        if wire.send(&self.packet, target) {
            self.sent += 1;
            self.sender.count(self.packet.len().saturating_sub(HEADER_LEN));
        }
    }
}

fn new_sender(clock: &dyn Clock) -> Sender {
    Sender::new(clock.random_u32(), (clock.random_u32() & 0x7fff) as u16, clock.random_u32())
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;
    use std::sync::{Arc, mpsc};

    use super::super::player::silence;
    use super::*;
    use crate::audio::Clip;
    use crate::clock::ManualClock;
    use crate::rtp::packet::Packet;
    use crate::sip::sdp::Direction;

    #[derive(Default)]
    struct Sent(RefCell<Vec<Vec<u8>>>);

    impl Wire for Sent {
        fn send(&self, packet: &[u8], _: SocketAddr) -> bool {
            self.0.borrow_mut().push(packet.to_vec());
            true
        }
    }

    /// (sequence, timestamp, payload bytes) of each packet.
    fn packets(sent: &Sent) -> Vec<(u16, u32, usize)> {
        let read = |bytes: &Vec<u8>| {
            let packet = Packet::parse(bytes).unwrap();
            (packet.sequence, packet.timestamp, packet.payload.len())
        };
        sent.0.borrow().iter().map(read).collect()
    }

    fn stream(codec: Codec, ptime_ms: u8) -> Stream {
        Stream {
            remote: target(),
            remote_rtcp: None,
            rtcp_mux: false,
            codec,
            send_pt: 0,
            recv_pt: 0,
            events: vec![(101, codec.clock_rate())],
            comfort_noise: None,
            ptime_ms,
            direction: Direction::SendRecv,
        }
    }

    fn target() -> Option<SocketAddr> {
        Some("127.0.0.1:9".parse().unwrap())
    }

    fn connected(stream: &Stream) -> (Outgoing, Arc<ManualClock>) {
        let clock = ManualClock::new("2026-01-02T03:04:05Z".parse().unwrap(), 3);
        let (preparer, _) = mpsc::sync_channel(1);
        let mut out = Outgoing::new(&*clock, Player::new(silence(), preparer));
        out.connect(stream, &*clock, 0);
        (out, clock)
    }

    #[test]
    fn every_packet_time_keeps_the_rate_of_the_clock() {
        for (ptime, bytes) in [(10_u8, 80), (20, 160), (30, 240), (40, 320), (60, 480)] {
            let (mut out, _) = connected(&stream(Codec::Pcmu, ptime));
            let sent = Sent::default();
            for now in (0..6_000).step_by(out.tick_ms() as usize) {
                out.tick(now * 1000, target(), &sent);
            }
            let packets = packets(&sent);
            assert_eq!(packets.len(), 6_000 / usize::from(ptime), "ptime {ptime}");
            for pair in packets.windows(2) {
                assert_eq!(pair[1].0, pair[0].0.wrapping_add(1));
                assert_eq!(pair[1].1, pair[0].1.wrapping_add(bytes as u32));
                assert_eq!(pair[1].2, bytes);
            }
        }
    }

    #[test]
    fn after_a_stall_everything_follows_in_small_bursts() {
        let (mut out, _) = connected(&stream(Codec::Pcmu, 20));
        let sent = Sent::default();
        out.tick(0, target(), &sent);
        out.tick(1_000_000, target(), &sent);
        assert_eq!(sent.0.borrow().len(), 1 + BURST as usize);
        for tick in 1..=15 {
            out.tick(1_000_000 + tick * 20_000, target(), &sent);
        }
        assert_eq!(sent.0.borrow().len(), 66, "all that was due in 1.3 s");
    }

    #[test]
    fn a_stall_of_many_seconds_is_not_made_up_for_and_timestamps_keep_time() {
        let (mut out, _) = connected(&stream(Codec::Pcmu, 20));
        let sent = Sent::default();
        out.tick(0, target(), &sent);
        for tick in 0..5 {
            out.tick(60_000_000 + tick * 20_000, target(), &sent);
        }
        let packets = packets(&sent);
        assert!(packets.len() <= 15, "{}", packets.len());
        let passed = packets[packets.len() - 1].1.wrapping_sub(packets[0].1);
        assert!(passed.abs_diff(60 * 8000) < 2_000, "{passed}");
    }

    #[test]
    fn on_hold_clips_end_in_time_though_nobody_hears_them() {
        let (mut out, _) = connected(&stream(Codec::Pcmu, 20));
        let clip = Clip::from_pcm(&[1000; 1600], 8000);
        clip.prepare(Codec::Pcmu);
        out.player.play(Some(PlayId(4)), vec![Arc::new(clip)]);
        let sent = Sent::default();
        let finished = (0..20).find_map(|tick| Some((tick, out.tick(tick * 20_000, None, &sent)?)));
        assert_eq!(finished, Some((9, PlayId(4))));
        assert!(sent.0.borrow().is_empty());
    }

    #[test]
    fn a_new_clock_is_a_new_source_and_a_new_codec_alone_is_not() {
        let (mut out, clock) = connected(&stream(Codec::Pcmu, 20));
        let first = out.sender().ssrc();
        out.connect(&stream(Codec::G722, 20), &*clock, 0);
        assert_eq!(out.sender().ssrc(), first);
        out.connect(&stream(Codec::Opus, 60), &*clock, 0);
        assert_ne!(out.sender().ssrc(), first);
        assert_eq!(out.tick_ms(), 20);
    }

    #[test]
    fn keys_take_the_place_of_sound_and_sound_goes_on_after_them() {
        let (mut out, _) = connected(&stream(Codec::Pcmu, 60));
        let sent = Sent::default();
        assert!(out.keys.press('5'));
        for tick in 0..20 {
            out.tick(tick * 20_000, target(), &sent);
        }
        let packets = packets(&sent);
        assert_eq!(packets.iter().filter(|packet| packet.2 == 4).count(), 7);
        let sound: Vec<_> = packets.iter().filter(|packet| packet.2 == 480).collect();
        assert_eq!(sound[0].1.wrapping_sub(packets[0].1), 200 * 8, "100 ms of tone and 100 ms of pause");
    }
}
