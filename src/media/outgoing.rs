//! Our stream to the peer: paced packets of clips, keys and silence. Told the time and the target by
//! [`super::session`]; sends through a [`Wire`], so that tests need no socket.

use std::net::SocketAddr;
use std::sync::Arc;

use crate::audio::{Clip, Codec};
use crate::clock::Clock;
use crate::flow::PlayId;
use crate::rtp::event::EventSender;
use crate::rtp::packet::{HEADER_LEN, Sender};
use crate::sip::sdp::Stream;

use super::player::{OPUS_MS, Player};

/// Packets sent at once after a stall: the rest follows with the next ticks, none is dropped.
const BURST: u32 = 5;
/// Timers have a grain: what is due so soon is due now.
const GRAIN_US: u64 = 1_000;
/// How often to look again at what cannot be sent yet, and at what is late.
const RETRY_US: u64 = 20_000;
/// How often to look whether a clip is encoded by now.
const READY_US: u64 = 4_000;
/// A stall longer than this is not made up for: the clock moves on instead.
const HOPELESS_US: u64 = 2_000_000;
/// Keys are sent in packets of 20 ms whatever the packet time.
const EVENT_MS: u32 = 20;
/// Packets of silence after sound: a receiver that repeats the last packet until it knows better, repeats silence.
const TAIL: u8 = 3;
/// In a pause a packet goes out so often: for NAT bindings, and for peers that take long silence for a dead line.
const KEEP_ALIVE_US: u64 = 1_000_000;
/// Comfort noise (RFC 3389 §3.1) of the lowest level.
const STILL: [u8; 1] = [127];

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
    comfort_noise: Option<u8>,
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
    /// Silence is sent without pauses.
    steady: bool,
    /// When the next packet is due: the moment that belongs to the sender's timestamp.
    due_us: u64,
    /// Nothing was sent for the time before `due_us`: what comes next begins a talkspurt (RFC 3551 §4.1).
    pausing: bool,
    /// Sound was sent last: what follows it is no new talkspurt.
    talking: bool,
    /// Packets of silence that are still to follow the sound.
    tail: u8,
    /// When a pause has lasted so long that a packet goes out, and to whom the last one went.
    alive_us: u64,
    target: Option<SocketAddr>,
    sent: u64,
    late_us: Option<u64>,
}

impl Outgoing {
    /// `steady`: silence is sent like sound. Otherwise pauses are pauses, but for a packet a second.
    pub(super) fn new(clock: &dyn Clock, player: Player, steady: bool) -> Self {
        Self {
            sender: new_sender(clock),
            terms: None,
            player,
            keys: EventSender::default(),
            packet: Vec::new(),
            steady,
            due_us: 0,
            pausing: true,
            talking: false,
            tail: 0,
            alive_us: 0,
            target: None,
            sent: 0,
            late_us: None,
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
            comfort_noise: stream.comfort_noise,
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
                    self.pausing = true;
                    self.alive_us = 0;
                }
            }
        }
        self.terms = Some(terms);
    }

    /// Plays these instead of what is playing. What is not encoded yet is asked for now, not when the next packet is due: by
    /// then it is there, and whoever pressed a key waits for one packet less.
    pub(super) fn play(&mut self, id: Option<PlayId>, clips: Vec<Arc<Clip>>) {
        self.player.play(id, clips);
        if let Some(terms) = self.terms {
            self.player.is_ready(terms.codec);
        }
    }

    /// Nothing is to be sent but a packet now and then: whoever ticks may take his time until something is asked.
    pub(super) fn is_resting(&self) -> bool {
        let speaks = self.steady || self.player.is_playing() || !self.keys.is_idle() || self.tail > 0;
        self.terms.is_none() || !speaks
    }

    /// When to call [`Outgoing::tick`] next while there is something to send: each packet leaves at its time, whenever the
    /// first one was asked for.
    pub(super) const fn next_us(&self, now_us: u64) -> u64 {
        match self.due_us > now_us + GRAIN_US {
            true => self.due_us,
            // Somebody waits to hear what is being encoded.
            false if self.pausing => now_us + READY_US,
            false => now_us + RETRY_US,
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
        if self.target != target {
            // Whoever is new to us, or we to him, need not wait for a second.
            (self.target, self.alive_us) = (target, 0);
        }
        if self.pausing {
            self.catch_up(terms, now_us);
        }
        let mut finished = None;
        for _ in 0..BURST {
            if self.due_us > now_us + GRAIN_US {
                break;
            }
            let ms = if !self.keys.is_idle() && terms.event.is_some() {
                self.send_key(terms, target, wire);
                EVENT_MS
            } else if self.steady || self.tail > 0 || self.player.is_ready(terms.codec) {
                finished = self.send_sound(terms, target, wire).or(finished);
                terms.ptime_ms
            } else {
                self.rest(terms, now_us, target, wire);
                break;
            };
            self.late_us = self.late_us.max(Some(now_us.saturating_sub(self.due_us)));
            self.move_on(terms, ms);
            if finished.is_some() {
                break;
            }
        }
        if now_us.saturating_sub(self.due_us) > HOPELESS_US {
            self.catch_up(terms, now_us);
        }
        finished
    }

    pub(super) const fn sender(&self) -> &Sender {
        &self.sender
    }

    pub(super) const fn sent(&self) -> u64 {
        self.sent
    }

    /// How late the latest packet of sound was since this was asked last; `None` when there was none.
    pub(super) const fn take_late_us(&mut self) -> Option<u64> {
        self.late_us.take()
    }

    fn move_on(&mut self, terms: Terms, ms: u32) {
        self.sender.advance((terms.codec.clock_rate() / 1000).saturating_mul(ms));
        self.due_us += u64::from(ms) * 1000;
    }

    /// Lets the time pass in which nothing was sent.
    fn catch_up(&mut self, terms: Terms, now_us: u64) {
        let passed_ms = now_us.saturating_sub(self.due_us) / 1000;
        self.move_on(terms, u32::try_from(passed_ms).unwrap_or(u32::MAX));
    }

    /// A pause: a packet once in a while.
    fn rest(&mut self, terms: Terms, now_us: u64, target: Option<SocketAddr>, wire: &impl Wire) {
        if now_us < self.due_us {
            // What was sent last is still to be heard.
            return;
        }
        self.pausing = true;
        self.catch_up(terms, now_us);
        let Some(to) = target.filter(|_| now_us >= self.alive_us) else { return };
        if let Some(payload_type) = terms.comfort_noise {
            self.sender.write_header(payload_type, false, self.sender.timestamp(), &mut self.packet);
            self.packet.extend_from_slice(&STILL);
            self.put(to, wire);
        } else {
            self.send_sound(terms, target, wire);
        }
        self.move_on(terms, terms.ptime_ms);
        self.pausing = true;
    }

    fn send_sound(&mut self, terms: Terms, target: Option<SocketAddr>, wire: &impl Wire) -> Option<PlayId> {
        let Some(target) = target else {
            self.packet.clear();
            (self.pausing, self.tail) = (true, 0);
            return self.player.fill(terms.codec, terms.ptime_ms, &mut self.packet).finished;
        };
        // The header's marker is known once the payload is: it is written first and marked afterwards.
        let timestamp = self.sender.timestamp();
        self.sender.write_header(terms.payload_type, false, timestamp, &mut self.packet);
        let filled = self.player.fill(terms.codec, terms.ptime_ms, &mut self.packet);
        if (self.pausing || (filled.sound && !self.talking))
            && let Some(second) = self.packet.get_mut(1)
        {
            *second |= 0x80;
        }
        self.tail = if filled.sound { TAIL } else { self.tail.saturating_sub(1) };
        (self.pausing, self.talking) = (false, filled.sound);
        self.put(target, wire);
        if self.tail == 0 && terms.comfort_noise.is_some() {
            // Comfort noise says that there is a pause now.
            self.alive_us = 0;
        }
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
        self.alive_us = self.due_us + KEEP_ALIVE_US;
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
    use std::sync::mpsc;

    use super::super::player::silence;
    use super::*;
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
        started(stream, true)
    }

    #[test]
    fn what_was_never_heard_is_encoded_while_the_next_packet_is_not_due() {
        let clock = ManualClock::new("2026-01-02T03:04:05Z".parse().unwrap(), 3);
        let (preparer, asked) = mpsc::sync_channel(1);
        let mut out = Outgoing::new(&*clock, Player::new(silence(), preparer), true);
        out.connect(&stream(Codec::Pcmu, 20), &*clock, 0);
        let sent = Sent::default();
        out.tick(0, target(), &sent);
        out.play(Some(PlayId(1)), vec![Arc::new(Clip::from_pcm(&[1000; 1600], 8000))]);
        let (clip, codec) = asked.try_recv().unwrap();
        clip.prepare(codec);
        out.tick(20_000, target(), &sent);
        let packets = sent.0.borrow();
        assert_ne!(packets[0][HEADER_LEN..], packets[1][HEADER_LEN..], "the next packet is the new sound");
    }

    fn started(stream: &Stream, steady: bool) -> (Outgoing, Arc<ManualClock>) {
        let clock = ManualClock::new("2026-01-02T03:04:05Z".parse().unwrap(), 3);
        let (preparer, _) = mpsc::sync_channel(1);
        let mut out = Outgoing::new(&*clock, Player::new(silence(), preparer), steady);
        out.connect(stream, &*clock, 0);
        (out, clock)
    }

    #[test]
    fn every_packet_time_keeps_the_rate_of_the_clock() {
        for (ptime, bytes) in [(10_u8, 80), (20, 160), (30, 240), (40, 320), (60, 480)] {
            let (mut out, _) = connected(&stream(Codec::Pcmu, ptime));
            let sent = Sent::default();
            let mut now = 0;
            while now < 6_000_000 {
                out.tick(now, target(), &sent);
                assert_eq!(out.next_us(now), now + u64::from(ptime) * 1000, "each at its time");
                now = out.next_us(now);
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

    fn clip(ms: usize) -> Vec<Arc<Clip>> {
        let clip = Clip::from_pcm(&vec![1000; ms * 8], 8000);
        clip.prepare(Codec::Pcmu);
        vec![Arc::new(clip)]
    }

    /// Ticks each 20 ms while there is something to send, else each 60 ms, until `to_ms`.
    fn run(out: &mut Outgoing, now_ms: &mut u64, to_ms: u64, sent: &Sent) {
        while *now_ms < to_ms {
            out.tick(*now_ms * 1000, target(), sent);
            *now_ms = if out.is_resting() { *now_ms + 60 } else { out.next_us(*now_ms * 1000) / 1000 };
        }
    }

    #[test]
    fn in_a_pause_a_packet_a_second_is_sent_and_timestamps_keep_time() {
        let (mut out, _) = started(&stream(Codec::Pcmu, 20), false);
        let (sent, mut now) = (Sent::default(), 0);
        run(&mut out, &mut now, 5_000, &sent);
        let before = packets(&sent);
        assert_eq!(before.len(), 5, "one at once, then one each second");
        let played_at = now;
        out.player.play(Some(PlayId(1)), clip(100));
        run(&mut out, &mut now, played_at + 5_000, &sent);
        let all = packets(&sent);
        let after = &all[before.len()..];
        assert!(after.iter().zip(&all[before.len() - 1..]).all(|(b, a)| b.0 == a.0.wrapping_add(1)));
        assert_eq!(after[0].1.wrapping_sub(all[0].1), played_at as u32 * 8, "time went on");
        let sound = 5 + usize::from(TAIL);
        assert!(after[..sound].windows(2).all(|pair| pair[1].1 == pair[0].1.wrapping_add(160)));
        assert_eq!(after.len(), sound + 4, "sound, the silence at its end, and a packet each second");
        let marked = |at: usize| Packet::parse(&sent.0.borrow()[before.len() + at]).unwrap().marker;
        assert!(marked(0) && (1..sound).all(|at| !marked(at)) && marked(sound));
    }

    #[test]
    fn where_comfort_noise_was_agreed_a_pause_is_told_by_it() {
        let (mut out, _) = started(&Stream { comfort_noise: Some(13), ..stream(Codec::Pcmu, 20) }, false);
        let (sent, mut now) = (Sent::default(), 0);
        out.player.play(Some(PlayId(1)), clip(60));
        run(&mut out, &mut now, 2_500, &sent);
        let sent = sent.0.borrow();
        let kinds: Vec<_> = sent.iter().map(|bytes| (bytes[1] & 0x7f, bytes.len())).collect();
        assert_eq!(kinds[..6], [(0, 172); 6], "60 ms of sound, then silence");
        assert_eq!(kinds[6..], [(13, 13); 3], "at once, then each second");
        assert!(sent.iter().skip(1).all(|bytes| bytes[1] & 0x80 == 0), "only sound begins a talkspurt");
    }

    #[test]
    fn who_is_new_to_us_hears_from_us_at_once() {
        let (mut out, _) = started(&stream(Codec::Pcmu, 20), false);
        let sent = Sent::default();
        out.tick(0, target(), &sent);
        out.tick(60_000, target(), &sent);
        assert_eq!(sent.0.borrow().len(), 1);
        out.tick(120_000, Some("127.0.0.1:10".parse().unwrap()), &sent);
        assert_eq!(sent.0.borrow().len(), 2);
        out.tick(180_000, None, &sent);
        out.tick(5_000_000, None, &sent);
        assert_eq!(sent.0.borrow().len(), 2, "nobody is there to hear it");
    }

    #[test]
    fn a_new_clock_is_a_new_source_and_a_new_codec_alone_is_not() {
        let (mut out, clock) = connected(&stream(Codec::Pcmu, 20));
        let first = out.sender().ssrc();
        out.connect(&stream(Codec::G722, 20), &*clock, 0);
        assert_eq!(out.sender().ssrc(), first);
        out.connect(&stream(Codec::Opus, 60), &*clock, 0);
        assert_ne!(out.sender().ssrc(), first);
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
