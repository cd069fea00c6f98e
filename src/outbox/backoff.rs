//! When a failed job is tried again. Pure.

use std::time::Duration;

/// Seconds after the first, second, … try; the last one repeats. No gap is longer than 30 minutes, so the first mail
/// goes out within 30 minutes of the server's recovery.
const STEPS: [u64; 6] = [30, 60, 120, 300, 600, 1800];

/// For lamps: a phone that restarts is back within a minute.
const LAMP_STEPS: [u64; 8] = [5, 15, 30, 60, 120, 300, 600, 1800];

/// The time to wait until a lamp is told again; as [`delay`].
pub(super) fn lamp_delay(attempts: u32, chance: u32) -> Duration {
    pause(&LAMP_STEPS, attempts, chance)
}

/// The time to wait after `attempts` tries (this one included), shortened by up to a fifth by `chance`, so that
/// what failed together does not come back together.
pub(super) fn delay(attempts: u32, chance: u32) -> Duration {
    pause(&STEPS, attempts, chance)
}

fn pause(steps: &[u64], attempts: u32, chance: u32) -> Duration {
    let step = usize::try_from(attempts.saturating_sub(1)).unwrap_or(usize::MAX);
    let whole = steps.get(step).or(steps.last()).copied().unwrap_or(1800) * 1000;
    let off = whole / 5 * u64::from(chance) / u64::from(u32::MAX);
    Duration::from_millis(whole - off)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_to_half_an_hour_and_stay_there() {
        let waits: Vec<u64> = (1..=8).map(|attempts| delay(attempts, 0).as_secs()).collect();
        assert_eq!(waits, [30, 60, 120, 300, 600, 1800, 1800, 1800]);
        let waits: Vec<u64> = (1..=9).map(|attempts| lamp_delay(attempts, 0).as_secs()).collect();
        assert_eq!(waits, [5, 15, 30, 60, 120, 300, 600, 1800, 1800]);
        assert_eq!(delay(u32::MAX, 0).as_secs(), 1800);
        assert_eq!(delay(0, 0).as_secs(), 30);
    }

    #[test]
    fn chance_shortens_a_wait_by_a_fifth_at_most() {
        assert_eq!(delay(1, u32::MAX), Duration::from_secs(24));
        assert_eq!(delay(6, u32::MAX), Duration::from_secs(1440));
        assert!(delay(6, u32::MAX / 2) > delay(6, u32::MAX));
    }
}
