//! What a caller hears of the server: packets, the time each came, and the last that was not silence.

use std::time::Duration;

use aftertone::rtp::packet::Packet;

/// µ-law bytes without their sign that are softer than this count as silence: about −50 dBFS and less.
const SOFT: u8 = 0x6f;
/// Ticks of the RTP clock in a millisecond.
const TICKS: i64 = 8;

/// One call's received stream.
#[derive(Debug, Default)]
pub(crate) struct Heard {
    first: Option<First>,
    highest: u16,
    /// Packets that came.
    pub(crate) received: u32,
    span: u32,
    /// Per packet: arrival minus the media clock, in microseconds, from the first packet on.
    drift: Vec<i32>,
    last_sound: Option<Duration>,
}

#[derive(Debug, Clone, Copy)]
struct First {
    at: Duration,
    timestamp: u32,
}

impl Heard {
    /// Takes a packet that came at `now`.
    pub(crate) fn packet(&mut self, now: Duration, packet: &Packet<'_>) {
        let first = *self.first.get_or_insert(First { at: now, timestamp: packet.timestamp });
        if self.received == 0 {
            self.highest = packet.sequence.wrapping_sub(1);
        }
        let step = packet.sequence.wrapping_sub(self.highest);
        if step < 0x8000 {
            self.highest = packet.sequence;
            self.span += u32::from(step);
        }
        self.received += 1;
        let ticks = i64::from(packet.timestamp.wrapping_sub(first.timestamp).cast_signed());
        let arrival = i64::try_from((now - first.at).as_micros()).unwrap_or(i64::MAX);
        self.drift.push(i32::try_from(arrival - ticks * 1000 / TICKS).unwrap_or(i32::MAX));
        if !is_silent(packet.payload) {
            self.last_sound = Some(now);
        }
    }

    /// When the first packet came.
    pub(crate) fn first(&self) -> Option<Duration> {
        self.first.map(|first| first.at)
    }

    /// When the last packet with sound in it came: the end of the tone, once the server records.
    pub(crate) fn last_sound(&self) -> Option<Duration> {
        self.last_sound
    }

    /// Packets that never came.
    pub(crate) fn lost(&self) -> u32 {
        self.span.saturating_sub(self.received)
    }

    /// How late each packet came, in microseconds, against the one that was earliest on the 20 ms cadence.
    pub(crate) fn lateness(&self) -> impl Iterator<Item = u32> {
        let earliest = self.drift.iter().copied().min().unwrap_or(0);
        self.drift.iter().map(move |drift| drift.abs_diff(earliest))
    }
}

/// Whether nothing can be heard of these bytes.
pub(crate) fn is_silent(ulaw: &[u8]) -> bool {
    ulaw.iter().all(|byte| byte & 0x7f >= SOFT)
}
