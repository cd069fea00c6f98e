//! Telephone-event: keys as RTP packets (RFC 4733), received and sent. Sans-IO; knows event codes, not menus.
//!
//! Each press is told once, with its first packet. A press is known by its timestamp (RFC 4733 §2.5.1.2): whatever
//! comes later with the same one is the same press, whether updates, the three end packets, or stragglers.

/// A press without packets for so long has ended, though its end was lost.
const LOST_END_MS: u64 = 100;
/// Presses that are remembered, so that their stragglers are recognised.
const REMEMBERED: usize = 8;
/// A duration that cannot grow: the event goes on in a new segment (RFC 4733 §2.5.1.3).
const LONGEST_SEGMENT: u32 = 0xffff;
/// DTMF event codes are 0–15 (RFC 4733 §3.2).
const LAST_DTMF: u8 = 15;

/// The four bytes of a telephone-event payload (RFC 4733 §2.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Event {
    /// 0–9, 10 = `*`, 11 = `#`, 12–15 = A–D; others are not keys.
    pub code: u8,
    /// The last of the event.
    pub end: bool,
    /// Power as −dBm0, 0–63.
    pub volume: u8,
    /// How long the key has been down, in ticks.
    pub duration: u16,
}

impl Event {
    /// Reads a payload. `None` when it is shorter than four bytes: that is no event.
    pub fn parse(payload: &[u8]) -> Option<Self> {
        let ([code, flags, high, low], _) = payload.split_first_chunk::<4>()?;
        Some(Self {
            code: *code,
            end: flags & 0x80 != 0,
            volume: flags & 0x3f,
            duration: u16::from_be_bytes([*high, *low]),
        })
    }

    /// The payload.
    pub const fn to_bytes(self) -> [u8; 4] {
        let [high, low] = self.duration.to_be_bytes();
        [self.code, ((self.end as u8) << 7) | (self.volume & 0x3f), high, low]
    }

    /// The key's character, if the code is a key.
    pub const fn key(self) -> Option<char> {
        Some(match self.code {
            code @ 0..=9 => (b'0' + code) as char,
            10 => '*',
            11 => '#',
            code @ 12..=LAST_DTMF => (b'A' + code - 12) as char,
            _ => return None,
        })
    }

    /// The code of a key, if there is such a key.
    pub fn code_of(key: char) -> Option<u8> {
        match key {
            '0'..='9' => u8::try_from(u32::from(key) - u32::from('0')).ok(),
            '*' => Some(10),
            '#' => Some(11),
            'A'..='D' => u8::try_from(u32::from(key) - u32::from('A') + 12).ok(),
            _ => None,
        }
    }
}

#[derive(Debug, Clone, Copy)]
struct Press {
    code: u8,
    timestamp: u32,
    /// Timestamp of the running segment.
    segment: u32,
    duration: u32,
    /// The duration field of its newest packet.
    field: u16,
    ended: bool,
    heard_ms: u64,
}

/// Where a key lies in the stream of sound: timestamps, which wrap.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    /// When the key went down.
    pub from: u32,
    /// The end as far as it is known.
    pub to: u32,
}

/// What a packet meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Heard {
    /// A new press of this key.
    Pressed(char, Span),
    /// More of a press that was told.
    Continues(Span),
    /// Not a key, or too short for an event.
    Nothing,
}

/// Receives the telephone-events of one source.
#[derive(Debug, Default)]
pub struct EventReceiver {
    current: Option<Press>,
    told: [Option<u32>; REMEMBERED],
    next: usize,
}

impl EventReceiver {
    /// Forgets what was: the source began anew.
    pub fn restart(&mut self) {
        *self = Self::default();
    }

    /// Whether a key is down at `now_ms`.
    pub fn is_down(&self, now_ms: u64) -> bool {
        self.current.is_some_and(|press| !press.ended && now_ms.saturating_sub(press.heard_ms) <= LOST_END_MS)
    }

    /// Takes a packet of a telephone-event payload type in.
    pub fn receive(&mut self, now_ms: u64, marker: bool, timestamp: u32, payload: &[u8]) -> Heard {
        let Some((event, key)) = Event::parse(payload).and_then(|event| Some((event, event.key()?))) else {
            return Heard::Nothing;
        };
        let duration = u32::from(event.duration);
        if let Some(press) = &mut self.current
            && press.is_same(&event, marker, timestamp, now_ms)
        {
            // Packets of an earlier segment may come late: the press only grows.
            let end = timestamp.wrapping_add(duration).wrapping_sub(press.timestamp);
            if end.cast_signed() > press.duration.cast_signed() {
                press.segment = timestamp;
                press.duration = end;
                press.field = event.duration;
            }
            press.ended |= event.end;
            press.heard_ms = now_ms;
            return Heard::Continues(press.span());
        }
        let span = Span { from: timestamp, to: timestamp.wrapping_add(duration) };
        if self.told.contains(&Some(timestamp)) {
            return Heard::Continues(span);
        }
        self.remember(timestamp);
        let is_newest =
            self.current.is_none_or(|press| timestamp.wrapping_sub(press.timestamp).cast_signed() > 0);
        if is_newest {
            self.current = Some(Press {
                code: event.code,
                timestamp,
                segment: timestamp,
                duration,
                field: event.duration,
                ended: event.end,
                heard_ms: now_ms,
            });
        }
        Heard::Pressed(key, span)
    }

    fn remember(&mut self, timestamp: u32) {
        if let Some(slot) = self.told.get_mut(self.next) {
            *slot = Some(timestamp);
        }
        self.next = (self.next + 1) % REMEMBERED;
    }
}

impl Press {
    const fn span(&self) -> Span {
        Span { from: self.timestamp, to: self.timestamp.wrapping_add(self.duration) }
    }

    /// Whether the packet belongs to this press.
    fn is_same(&self, event: &Event, marker: bool, timestamp: u32, now_ms: u64) -> bool {
        if self.timestamp == timestamp || self.segment == timestamp {
            return true;
        }
        if self.code != event.code || marker {
            return false;
        }
        let since_segment = timestamp.wrapping_sub(self.segment);
        if since_segment == LONGEST_SEGMENT && u32::from(self.field) >= LONGEST_SEGMENT - 480 {
            return true;
        }
        // Some senders move the timestamp on within a press: the duration grows along with it. A new press of the same
        // key is further away, by the pause before it.
        let unbroken = (!self.ended || event.end) && now_ms.saturating_sub(self.heard_ms) <= LOST_END_MS;
        let grown = u32::from(event.duration.saturating_sub(self.field));
        unbroken && since_segment > 0 && since_segment <= grown + grown / 2
    }
}

/// How long a key that we send is down, and how long the pause after it is.
const TONE_MS: u32 = 100;
/// One packet for each of these.
const STEP_MS: u32 = 20;
/// The end is sent so often (RFC 4733 §2.5.1.4).
const END_PACKETS: u32 = 3;
/// −10 dBm0: the level of a usual telephone.
const VOLUME: u8 = 10;
/// Keys that wait to be sent.
const QUEUE: usize = 64;

/// A packet that is to be sent: at the timestamp of its press.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Outgoing {
    /// Set on the first packet of the press.
    pub marker: bool,
    /// The press's timestamp.
    pub timestamp: u32,
    /// The payload.
    pub payload: [u8; 4],
}

/// Sends keys, 100 ms each with 100 ms between them unless said otherwise. Asked once each 20 ms.
#[derive(Debug)]
pub struct EventSender {
    queue: std::collections::VecDeque<u8>,
    step: u32,
    started_at: u32,
    length_ms: u32,
}

impl Default for EventSender {
    fn default() -> Self {
        Self::with_length(TONE_MS)
    }
}

impl EventSender {
    /// Keys, and the pauses between them, last so many milliseconds; at least 40.
    pub fn with_length(length_ms: u32) -> Self {
        let queue = std::collections::VecDeque::new();
        Self { queue, step: 0, started_at: 0, length_ms: length_ms.max(2 * STEP_MS) }
    }

    /// Puts a key at the end of the queue. False: there is no such key, or 64 wait already.
    pub fn press(&mut self, key: char) -> bool {
        match Event::code_of(key) {
            Some(code) if self.queue.len() < QUEUE => {
                self.queue.push_back(code);
                true
            }
            _ => false,
        }
    }

    /// Whether nothing is being sent or waits.
    pub fn is_idle(&self) -> bool {
        self.queue.is_empty()
    }

    /// The packet of this 20 ms step, whose sound would have the timestamp `now`; `None` in the pause after a key.
    pub fn step(&mut self, now: u32, clock_rate: u32) -> Option<Outgoing> {
        let code = *self.queue.front()?;
        let updates = self.length_ms.div_ceil(STEP_MS);
        let period = (2 * self.length_ms).div_ceil(STEP_MS).max(updates + END_PACKETS - 1);
        let step = self.step;
        self.step += 1;
        if step == 0 {
            self.started_at = now;
        }
        if step + 1 == period {
            self.queue.pop_front();
            self.step = 0;
        }
        if step >= updates + END_PACKETS - 1 {
            return None;
        }
        let ticks = ((step + 1) * STEP_MS).min(self.length_ms) * (clock_rate / 1000);
        let event = Event {
            code,
            end: step + 1 >= updates,
            volume: VOLUME,
            duration: u16::try_from(ticks).unwrap_or(u16::MAX),
        };
        Some(Outgoing { marker: step == 0, timestamp: self.started_at, payload: event.to_bytes() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn bytes(code: u8, end: bool, duration: u16) -> [u8; 4] {
        Event { code, end, volume: 10, duration }.to_bytes()
    }

    #[test]
    fn keys_of_fifty_milliseconds_are_sent_one_every_hundred() {
        let mut sender = EventSender::with_length(50);
        assert!("12".chars().all(|key| sender.press(key)));
        let sent: Vec<_> = (0..10).filter_map(|step| Some((step, sender.step(step * 160, 8_000)?))).collect();
        let starts: Vec<u32> = sent.iter().filter(|(_, out)| out.marker).map(|(step, _)| *step).collect();
        assert_eq!(starts, [0, 5]);
        let (_, last) = sent.last().unwrap();
        assert_eq!(last.payload, Event { code: 2, end: true, volume: VOLUME, duration: 400 }.to_bytes());
        assert!(sender.is_idle());
    }

    /// The packets of one press: updates each 20 ms, three ends. (marker, timestamp, payload)
    fn press(code: u8, timestamp: u32, updates: u16) -> Vec<(bool, u32, [u8; 4])> {
        let mut packets: Vec<_> =
            (1..=updates).map(|i| (i == 1, timestamp, bytes(code, false, i * 160))).collect();
        packets.extend(std::iter::repeat_n((false, timestamp, bytes(code, true, (updates + 1) * 160)), 3));
        packets
    }

    fn keys(packets: &[(bool, u32, [u8; 4])]) -> String {
        let mut receiver = EventReceiver::default();
        let mut now = 0;
        let mut keys = String::new();
        for (marker, timestamp, payload) in packets {
            now += 20;
            if let Heard::Pressed(key, _) = receiver.receive(now, *marker, *timestamp, payload) {
                keys.push(key);
            }
        }
        keys
    }

    #[test]
    fn each_key_is_told_once_at_its_first_packet() {
        let mut receiver = EventReceiver::default();
        assert_eq!(
            receiver.receive(0, true, 800, &bytes(11, false, 160)),
            Heard::Pressed('#', Span { from: 800, to: 960 })
        );
        assert!(receiver.is_down(50));
        assert_eq!(
            receiver.receive(20, false, 800, &bytes(11, true, 320)),
            Heard::Continues(Span { from: 800, to: 1120 })
        );
        assert!(!receiver.is_down(50));
        let all: Vec<_> = (0..16_u8).flat_map(|code| press(code, u32::from(code) * 3000, 4)).collect();
        assert_eq!(keys(&all), "0123456789*#ABCD");
    }

    #[test]
    fn the_same_key_twice_is_two_presses() {
        let mut packets = press(5, 8000, 4);
        packets.extend(press(5, 9600, 4));
        assert_eq!(keys(&packets), "55");
    }

    #[test]
    fn the_same_key_twice_is_two_presses_even_if_every_end_and_the_second_marker_are_lost() {
        let mut packets = press(5, 8000, 4);
        packets.truncate(4);
        packets.extend(press(5, 9600, 4).into_iter().skip(1));
        assert_eq!(keys(&packets), "55");
    }

    #[test]
    fn the_same_key_twice_is_two_presses_even_if_one_packet_of_the_first_is_left() {
        let mut packets = press(5, 8000, 4);
        packets.truncate(1);
        packets.extend(press(5, 9600, 4).into_iter().skip(2));
        assert_eq!(keys(&packets), "55");
    }

    #[test]
    fn a_press_without_its_end_is_over_after_a_tenth_of_a_second() {
        let mut receiver = EventReceiver::default();
        receiver.receive(1000, true, 8000, &bytes(5, false, 160));
        assert!(receiver.is_down(1100));
        assert!(!receiver.is_down(1101));
    }

    #[test]
    fn a_key_held_for_twenty_seconds_is_one_press() {
        let mut packets = Vec::new();
        let (mut segment, mut duration) = (8000_u32, 0_u32);
        for i in 0..1000 {
            duration += 160;
            if duration > 0xffff {
                segment = segment.wrapping_add(0xffff);
                duration -= 0xffff;
            }
            packets.push((i == 0, segment, bytes(5, false, u16::try_from(duration).unwrap())));
        }
        assert_eq!(keys(&packets), "5");
    }

    #[test]
    fn a_sender_that_moves_the_timestamp_within_a_press_is_understood() {
        let packets: Vec<_> =
            (1..=6_u16).map(|i| (i == 1, 8000 + u32::from(i) * 160, bytes(5, i > 4, i * 160))).collect();
        assert_eq!(keys(&packets), "5");
    }

    #[test]
    fn stragglers_of_an_earlier_press_are_not_pressed_again() {
        let mut packets = press(1, 8000, 4);
        let straggler = packets[2];
        packets.extend(press(2, 9600, 2));
        packets.push(straggler);
        packets.push(straggler);
        assert_eq!(keys(&packets), "12");
    }

    #[test]
    fn what_is_too_short_or_not_a_key_is_no_digit() {
        let mut receiver = EventReceiver::default();
        for length in 0..4 {
            assert_eq!(receiver.receive(0, true, 1, &[5, 10, 0, 160][..length]), Heard::Nothing);
        }
        assert_eq!(receiver.receive(0, true, 2, &bytes(16, false, 160)), Heard::Nothing, "flash");
        assert_eq!(receiver.receive(0, true, 3, &bytes(255, false, 160)), Heard::Nothing);
    }

    #[test]
    fn what_we_send_is_heard_as_we_meant_it() {
        let mut sender = EventSender::default();
        for key in "1#D".chars() {
            assert!(sender.press(key));
        }
        assert!(!sender.press('x'));
        let (mut now, mut packets, mut steps) = (0_u32, Vec::new(), 0);
        while !sender.is_idle() {
            if let Some(out) = sender.step(now, 8000) {
                packets.push((out.marker, out.timestamp, out.payload));
            }
            now += 160;
            steps += 1;
        }
        assert_eq!(keys(&packets), "1#D");
        assert_eq!(steps, 30, "100 ms of tone and 100 ms of pause each");
        let ends = packets.iter().filter(|packet| Event::parse(&packet.2).unwrap().end).count();
        assert_eq!(ends, 9);
        assert_eq!(Event::parse(&packets[6].2).unwrap().duration, 800);
    }

    proptest! {
        #[test]
        fn any_payload_is_harmless(payloads in proptest::collection::vec((any::<bool>(), any::<u32>(), proptest::collection::vec(any::<u8>(), 0..6)), 0..40)) {
            let mut receiver = EventReceiver::default();
            for (i, (marker, timestamp, payload)) in payloads.iter().enumerate() {
                let heard = receiver.receive(i as u64 * 20, *marker, *timestamp, payload);
                prop_assert!(payload.len() >= 4 || heard == Heard::Nothing);
            }
        }

        #[test]
        fn loss_and_disorder_within_presses_never_double_a_key(
            codes in proptest::collection::vec(0_u8..12, 1..6),
            keep in proptest::collection::vec(0_u8..10, 60),
            swap in proptest::collection::vec(any::<bool>(), 60),
            start: u32,
        ) {
            let mut sent = String::new();
            let mut packets = Vec::new();
            for (i, code) in codes.iter().enumerate() {
                let mut own = press(*code, start.wrapping_add(u32::try_from(i).unwrap() * 1600), 5);
                for j in 0..own.len() - 1 {
                    if swap[(i * 8 + j) % 60] {
                        own.swap(j, j + 1);
                    }
                }
                let own: Vec<_> = own.into_iter().enumerate().filter(|(j, _)| keep[(i * 8 + j) % 60] > 2).map(|(_, p)| p).collect();
                if !own.is_empty() {
                    sent.push(Event { code: *code, end: false, volume: 0, duration: 0 }.key().unwrap());
                }
                packets.extend(own);
            }
            prop_assert_eq!(keys(&packets), sent);
        }
    }
}
