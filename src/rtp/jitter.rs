//! The jitter buffer: packets in the order they were sent, each at its place in time. Sans-IO; does not decode.
//!
//! It serves recording and listening, not a conversation: a packet in order is handed on at once and without being
//! copied; only what lies behind a gap waits, and rather long ([`WAIT_MS`]). Places come from timestamps, never from
//! arrival, so a gap is filled with exactly its length and a peer whose clock drifts leaves no scar. Where the peer
//! sends nothing at all, time goes on as silence, [`STALL_MS`] behind.

/// How long a gap is waited for.
pub const WAIT_MS: u64 = 240;
/// How long nothing may come before it is taken for silence rather than for a network that stalls.
pub const STALL_MS: u64 = 500;
/// Packets that wait behind a gap: 240 ms of 10 ms packets, and a few for bursts.
const SLOTS: usize = 32;
/// Larger payloads than any codec of ours makes in 120 ms are not kept.
const MAX_PAYLOAD: usize = 1500;
/// How much a timestamp may be ahead of the time that passed: bursts after a stall.
const AHEAD_MS: u64 = 1000;

/// A piece of the stream, in order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Frame<'a> {
    /// What a packet held.
    Audio {
        /// Its timestamp.
        timestamp: u32,
        /// Its length in ticks.
        ticks: u32,
        /// The payload.
        payload: &'a [u8],
    },
    /// Packets that did not come: to be concealed.
    Lost {
        /// Their length.
        ticks: u32,
    },
    /// The peer sent nothing, and meant it (RFC 3551 §4.1).
    Silence {
        /// Its length.
        ticks: u32,
    },
}

/// A packet on its way into the buffer.
#[derive(Debug, Clone, Copy)]
pub struct Incoming<'a> {
    /// Its extended sequence number.
    pub number: u64,
    /// Its timestamp.
    pub timestamp: u32,
    /// Its length in ticks; 0 for what is no sound (events, comfort noise).
    pub ticks: u32,
    /// The payload.
    pub payload: &'a [u8],
}

#[derive(Debug)]
struct Slot {
    number: u64,
    timestamp: u32,
    ticks: u32,
    arrived_ms: u64,
    payload: Vec<u8>,
}

/// The buffer of one stream.
#[derive(Debug)]
pub struct JitterBuffer {
    ticks_per_ms: u32,
    /// The number that is due next; `None` before the first packet of a source.
    next: Option<u64>,
    /// Whether `due` belongs to the source that is heard now.
    anchored: bool,
    /// The timestamp that is due next.
    due: u32,
    /// Silence that was handed on beyond `due` because nothing came.
    ahead: u32,
    /// Length of the last packet with sound.
    last_ticks: u32,
    /// When the last sound was handed on.
    heard_ms: u64,
    waiting: Vec<Slot>,
    spare: Vec<Vec<u8>>,
    lost: u64,
    late: u64,
}

impl JitterBuffer {
    /// An empty buffer for timestamps of `clock_rate` ticks per second.
    pub const fn new(clock_rate: u32, now_ms: u64) -> Self {
        Self {
            ticks_per_ms: clock_rate / 1000,
            next: None,
            anchored: false,
            due: 0,
            ahead: 0,
            last_ticks: 0,
            heard_ms: now_ms,
            waiting: Vec::new(),
            spare: Vec::new(),
            lost: 0,
            late: 0,
        }
    }

    /// Packets that were missing when they were due.
    pub const fn lost(&self) -> u64 {
        self.lost
    }

    /// Packets that came after they were due. They were counted as lost before.
    pub const fn late(&self) -> u64 {
        self.late
    }

    /// The timestamp that is due next, if a packet came yet: what is handed on next is that old.
    pub const fn due(&self) -> Option<u32> {
        if self.anchored { Some(self.due.wrapping_add(self.ahead)) } else { None }
    }

    /// Takes a packet in; hands on what is in order now.
    pub fn push(&mut self, now_ms: u64, packet: Incoming<'_>, sink: &mut impl FnMut(Frame<'_>)) {
        let next = *self.next.get_or_insert(packet.number);
        if packet.number < next {
            self.late += 1;
            return;
        }
        if packet.number == next {
            self.release(now_ms, &packet, 0, sink);
            if !self.waiting.is_empty() {
                self.drain(now_ms, sink);
            }
            return;
        }
        if packet.payload.len() > MAX_PAYLOAD {
            return;
        }
        if self.waiting.len() >= SLOTS {
            self.skip_gap(now_ms, sink);
        }
        let mut payload = self.spare.pop().unwrap_or_default();
        payload.clear();
        payload.extend_from_slice(packet.payload);
        let Incoming { number, timestamp, ticks, .. } = packet;
        let at = self.waiting.partition_point(|slot| slot.number < number);
        self.waiting.insert(at, Slot { number, timestamp, ticks, arrived_ms: now_ms, payload });
        self.drain(now_ms, sink);
    }

    /// Lets time pass: gives up gaps that were waited for long enough, and fills with silence where nothing comes.
    pub fn tick(&mut self, now_ms: u64, sink: &mut impl FnMut(Frame<'_>)) {
        while self.waiting.iter().any(|slot| now_ms.saturating_sub(slot.arrived_ms) >= WAIT_MS) {
            self.skip_gap(now_ms, sink);
        }
        if !self.waiting.is_empty() {
            return;
        }
        let quiet_ms = now_ms.saturating_sub(self.heard_ms).saturating_sub(STALL_MS);
        let silence = self.ticks(quiet_ms).saturating_sub(self.ahead);
        if silence > 0 {
            self.ahead += silence;
            sink(Frame::Silence { ticks: silence });
        }
    }

    /// Hands on all that waits, its gaps concealed.
    pub fn flush(&mut self, now_ms: u64, sink: &mut impl FnMut(Frame<'_>)) {
        while !self.waiting.is_empty() {
            self.skip_gap(now_ms, sink);
        }
    }

    /// Drops what waits and declares all time until now as handed on: a recording begins here.
    pub fn begin_here(&mut self, now_ms: u64) {
        self.flush(now_ms, &mut |_| {});
        self.ahead = self.ticks(now_ms.saturating_sub(self.heard_ms));
    }

    /// A new source: its numbers and timestamps say nothing about what came before; time goes on.
    pub fn restart(&mut self, now_ms: u64, sink: &mut impl FnMut(Frame<'_>)) {
        self.flush(now_ms, sink);
        self.next = None;
        self.anchored = false;
    }

    /// Gives the gap before the first waiting packet up.
    fn skip_gap(&mut self, now_ms: u64, sink: &mut impl FnMut(Frame<'_>)) {
        let Some(first) = self.waiting.first() else { return };
        let next = self.next.unwrap_or(first.number);
        let missing = first.number.saturating_sub(next);
        self.lost += missing;
        self.next = Some(first.number);
        self.take_first(now_ms, missing, sink);
        self.drain(now_ms, sink);
    }

    /// Hands on the waiting packets that are due.
    fn drain(&mut self, now_ms: u64, sink: &mut impl FnMut(Frame<'_>)) {
        while self.waiting.first().is_some_and(|slot| Some(slot.number) == self.next) {
            self.take_first(now_ms, 0, sink);
        }
    }

    fn take_first(&mut self, now_ms: u64, missing: u64, sink: &mut impl FnMut(Frame<'_>)) {
        let slot = self.waiting.remove(0);
        let packet = Incoming {
            number: slot.number,
            timestamp: slot.timestamp,
            ticks: slot.ticks,
            payload: &slot.payload,
        };
        self.release(now_ms, &packet, missing, sink);
        self.spare.push(slot.payload);
    }

    /// Hands on a packet that is due, after filling the time before it. `missing` packets before it did not come.
    fn release(
        &mut self,
        now_ms: u64,
        packet: &Incoming<'_>,
        missing: u64,
        sink: &mut impl FnMut(Frame<'_>),
    ) {
        self.next = Some(packet.number + 1);
        if packet.ticks == 0 {
            return;
        }
        let gap = self.gap(now_ms, packet.timestamp, missing).saturating_sub(self.ahead);
        let lost = u64::from(self.last_ticks).saturating_mul(missing).min(u64::from(gap)) as u32;
        if lost > 0 {
            sink(Frame::Lost { ticks: lost });
        }
        if gap > lost {
            sink(Frame::Silence { ticks: gap - lost });
        }
        sink(Frame::Audio { timestamp: packet.timestamp, ticks: packet.ticks, payload: packet.payload });
        self.anchored = true;
        self.due = packet.timestamp.wrapping_add(packet.ticks);
        self.ahead = 0;
        self.last_ticks = packet.ticks;
        self.heard_ms = now_ms;
    }

    /// Ticks between what was handed on last and a packet with this timestamp.
    fn gap(&self, now_ms: u64, timestamp: u32, missing: u64) -> u32 {
        let passed = self.ticks(now_ms.saturating_sub(self.heard_ms));
        if !self.anchored {
            // The very first packet begins time; one of a later source comes at its time.
            let began = self.last_ticks > 0;
            return if began { passed.saturating_sub(self.last_ticks) } else { 0 };
        }
        let gap = timestamp.wrapping_sub(self.due);
        if gap.cast_signed() < 0 {
            // The peer's clock was set back: what it sends now follows what it sent before.
            return 0;
        }
        if gap <= passed.saturating_add(self.ticks(AHEAD_MS)) {
            return gap;
        }
        // It was set forward: only the packets that are missing took time.
        u64::from(self.last_ticks).saturating_mul(missing).min(u64::from(passed)) as u32
    }

    fn ticks(&self, ms: u64) -> u32 {
        u32::try_from(ms.min(3_600_000)).unwrap_or(0).saturating_mul(self.ticks_per_ms)
    }
}

#[cfg(test)]
mod tests;
