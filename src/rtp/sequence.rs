//! Sequence numbers of one source: extension beyond 16 bits, duplicates, and what may plausibly follow what
//! (RFC 3550 §A.1). Knows nothing of addresses or of sound.

/// How far back a duplicate is still recognised, in packets.
const WINDOW: u64 = 128;
/// A packet this far behind the newest cannot be told from a replay (RFC 3550 §A.1, MAX_MISORDER).
const MAX_MISORDER: i32 = 100;
/// How far ahead a packet may be however soon it comes: bursts that were lost.
const MAX_AHEAD: i32 = 100;
/// What else it may be ahead for each millisecond of silence before it: two packets each 10 ms.
const AHEAD_PER_MS: u64 = 5;

/// What a sequence number is to what came before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// New: its number, extended so that it never wraps.
    New(u64),
    /// It was here before.
    Duplicate,
    /// Too far from what came before to belong to it.
    Implausible,
}

/// The numbers of one source.
#[derive(Debug, Clone)]
pub struct Sequence {
    first: u64,
    highest: u64,
    seen: u128,
}

impl Sequence {
    /// Begins with this packet, which counts as seen.
    pub const fn starting(first: u16) -> Self {
        // One cycle up, so that a packet from before the first has a number too.
        let first = first as u64 + 0x1_0000;
        Self { first, highest: first, seen: 1 }
    }

    /// Places the next packet, which came `quiet_ms` after the last.
    pub fn place(&mut self, sequence: u16, quiet_ms: u64) -> Place {
        let delta = i32::from(sequence.wrapping_sub(low_bits(self.highest)).cast_signed());
        if delta > 0 {
            let allowance = quiet_ms.saturating_div(AHEAD_PER_MS).min(30_000);
            if delta > MAX_AHEAD + i32::try_from(allowance).unwrap_or(0) {
                return Place::Implausible;
            }
            self.highest += u64::from(delta.unsigned_abs());
            self.seen = self.seen.checked_shl(delta.unsigned_abs()).unwrap_or(0) | 1;
            return Place::New(self.highest);
        }
        let back = u64::from(delta.unsigned_abs());
        if delta < -MAX_MISORDER || back >= WINDOW {
            return Place::Implausible;
        }
        let bit = 1_u128 << back;
        if self.seen & bit != 0 {
            return Place::Duplicate;
        }
        self.seen |= bit;
        let number = self.highest - back;
        self.first = self.first.min(number);
        Place::New(number)
    }

    /// The highest number so far, extended as in [`Place::New`].
    pub const fn extended(&self) -> u64 {
        self.highest
    }

    /// The highest number so far with its cycles counted from zero, for the reception report.
    pub const fn highest(&self) -> u32 {
        (self.highest - 0x1_0000) as u32
    }

    /// Packets that should have come so far.
    pub const fn expected(&self) -> u64 {
        self.highest - self.first + 1
    }
}

/// The part that is on the wire.
const fn low_bits(extended: u64) -> u16 {
    (extended & 0xffff) as u16
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_count_goes_on_over_the_wrap() {
        let mut sequence = Sequence::starting(0xfffe);
        assert_eq!(sequence.place(0xffff, 20), Place::New(0x1_ffff));
        assert_eq!(sequence.place(0x0001, 20), Place::New(0x2_0001));
        assert_eq!(sequence.place(0x0000, 20), Place::New(0x2_0000), "late by one");
        assert_eq!(sequence.place(0xfffd, 20), Place::New(0x1_fffd), "before the first");
        assert_eq!(sequence.highest(), 0x1_0001);
        assert_eq!(sequence.expected(), 5);
    }

    #[test]
    fn a_duplicate_is_known_wherever_it_is_in_the_window() {
        let mut sequence = Sequence::starting(10);
        for number in 11..60 {
            assert!(matches!(sequence.place(number, 20), Place::New(_)));
        }
        for number in 10..60 {
            assert_eq!(sequence.place(number, 0), Place::Duplicate);
        }
    }

    #[test]
    fn a_replay_of_old_packets_and_a_wild_jump_do_not_belong() {
        let mut sequence = Sequence::starting(1000);
        assert_eq!(sequence.place(899, 20), Place::Implausible);
        assert_eq!(sequence.place(1105, 20), Place::Implausible);
        assert_eq!(sequence.place(1100, 20), Place::New(0x1_0000 + 1100));
        assert_eq!(
            sequence.place(1400, 2000),
            Place::New(0x1_0000 + 1400),
            "after two seconds without a packet"
        );
    }

    proptest! {
        #[test]
        fn every_packet_is_new_once_in_whatever_order_it_comes(start: u16, swaps in proptest::collection::vec(0_usize..40, 200)) {
            let mut order: Vec<u16> = (0..200).map(|i| start.wrapping_add(i)).collect();
            for (i, by) in swaps.iter().enumerate() {
                let other = (i + by).min(199);
                order.swap(i, other);
            }
            let mut sequence = Sequence::starting(order[0]);
            let mut numbers = vec![u64::from(order[0]) + 0x1_0000];
            for &packet in &order[1..] {
                // Swaps of swaps may carry one packet far: those that are still plausible must be new.
                if let Place::New(number) = sequence.place(packet, 20) {
                    prop_assert_eq!(low_bits(number), packet);
                    prop_assert_eq!(sequence.place(packet, 20), Place::Duplicate);
                    numbers.push(number);
                }
            }
            prop_assert!(numbers.len() >= 150, "only {} of 200 were plausible", numbers.len());
            let count = numbers.len();
            numbers.sort_unstable();
            numbers.dedup();
            prop_assert_eq!(numbers.len(), count);
        }
    }
}
