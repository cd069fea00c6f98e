//! How often one may guess at PINs. Pure.

use std::time::Duration;

use crate::store::Limits;

/// Attempts in one call.
pub const PER_CALL: u32 = 3;

/// Over all calls and nodes. A peer is a phone system with many phones behind it, whose people mistype now and then; it
/// says itself who calls, so that a caller's twenty are no bound for one that lies.
pub const LIMITS: Limits = Limits { number: 10, caller: 20, peer: 200, window: Duration::from_secs(3600) };

/// The silence after this many wrong PINs in a row: 1, 2, 4, 8, then 10 seconds.
pub(super) fn wait(wrong: u32) -> Duration {
    let seconds = 1_u64 << wrong.saturating_sub(1).min(4);
    Duration::from_secs(seconds.min(10))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_to_ten_seconds_and_stay_there() {
        let waits: Vec<u64> = (0..=7).map(|wrong| wait(wrong).as_secs()).collect();
        assert_eq!(waits, [1, 1, 2, 4, 8, 10, 10, 10]);
        assert_eq!(wait(u32::MAX).as_secs(), 10);
    }
}
