//! The only source of time and of chance. Everything else takes a [`Clock`], so that tests decide both.
//!
//! Not a timer: waiting belongs to tokio or to a flow's `deadline`. Driven by whoever owns the program.
#![expect(
    clippy::disallowed_methods,
    reason = "this is the one module that may read the system's clock and randomness"
)]

use std::fmt::Debug;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use uuid::Uuid;

/// Time and chance as a value that is passed around.
pub trait Clock: Debug + Send + Sync + 'static {
    /// Wall-clock time, UTC.
    fn now(&self) -> Timestamp;

    /// Time since an arbitrary start that never runs backwards. For durations and deadlines.
    fn monotonic(&self) -> Duration;

    /// Fills `bytes` with randomness that is fit for keys and tokens.
    fn fill(&self, bytes: &mut [u8]);

    /// A new time-ordered id, RFC 9562 §5.7.
    fn uuid(&self) -> Uuid {
        let mut random = [0; 10];
        self.fill(&mut random);
        let millis = u64::try_from(self.now().as_millisecond()).unwrap_or(0);
        uuid::Builder::from_unix_timestamp_millis(millis, &random).into_uuid()
    }

    /// A random 32-bit number (SSRC, initial sequence, tag).
    fn random_u32(&self) -> u32 {
        let mut bytes = [0; 4];
        self.fill(&mut bytes);
        u32::from_le_bytes(bytes)
    }
}

/// The clock that is handed around.
pub type SharedClock = Arc<dyn Clock>;

/// The machine's clock and the operating system's randomness.
#[derive(Debug)]
pub struct SystemClock {
    start: Instant,
}

impl SystemClock {
    /// The machine's clock, ready to be shared.
    pub fn shared() -> SharedClock {
        Arc::new(Self { start: Instant::now() })
    }
}

impl Clock for SystemClock {
    /// To the microsecond, as databases keep it: what is read back is what was written.
    fn now(&self) -> Timestamp {
        let now = Timestamp::now();
        Timestamp::from_microsecond(now.as_microsecond()).unwrap_or(now)
    }

    fn monotonic(&self) -> Duration {
        self.start.elapsed()
    }

    fn fill(&self, bytes: &mut [u8]) {
        rand::RngCore::fill_bytes(&mut rand::rng(), bytes);
    }
}

/// A clock that stands still until it is told to move, with a repeatable stream of numbers.
#[derive(Debug)]
pub struct ManualClock {
    state: Mutex<ManualState>,
}

#[derive(Debug)]
struct ManualState {
    now: Timestamp,
    elapsed: Duration,
    random: rand::rngs::StdRng,
}

impl ManualClock {
    /// Starts at `now`; the same `seed` gives the same randomness.
    pub fn new(now: Timestamp, seed: u64) -> Arc<Self> {
        let random = rand::SeedableRng::seed_from_u64(seed);
        Arc::new(Self { state: Mutex::new(ManualState { now, elapsed: Duration::ZERO, random }) })
    }

    /// Moves both the wall clock and the monotonic clock forward.
    pub fn advance(&self, by: Duration) {
        let mut state = self.lock();
        state.elapsed += by;
        state.now = state.now.saturating_add(by).unwrap_or(Timestamp::MAX);
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, ManualState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        self.lock().now
    }

    fn monotonic(&self) -> Duration {
        self.lock().elapsed
    }

    fn fill(&self, bytes: &mut [u8]) {
        rand::RngCore::fill_bytes(&mut self.lock().random, bytes);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_time_of_the_system_is_what_databases_give_back() {
        let now = SystemClock::shared().now();
        assert_eq!(Timestamp::from_microsecond(now.as_microsecond()).unwrap(), now);
    }

    #[test]
    fn ids_from_a_moving_clock_are_ordered_and_distinct() {
        let clock = ManualClock::new("2026-01-02T03:04:05Z".parse().unwrap(), 7);
        let first = clock.uuid();
        clock.advance(Duration::from_millis(1));
        let second = clock.uuid();
        assert!(first < second);
        assert_eq!(first.get_version_num(), 7);
    }

    #[test]
    fn the_same_seed_gives_the_same_numbers() {
        let at = "2026-01-02T03:04:05Z".parse().unwrap();
        assert_eq!(ManualClock::new(at, 1).random_u32(), ManualClock::new(at, 1).random_u32());
        assert_ne!(ManualClock::new(at, 1).random_u32(), ManualClock::new(at, 2).random_u32());
    }
}
