//! A worker: one thread that runs its sessions by a wheel of milliseconds. It sleeps until the next session is due or
//! somebody asks for something; a session costs nothing in between.
//!
//! Knows when sessions run and nothing of what they do. Fed through its inbox by [`super::engine`] and the handles.

use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};

use tokio::sync::oneshot;

use crate::clock::SharedClock;

use super::MediaStats;
use super::session::{Command, Leaving, Session};

/// Milliseconds that the wheel looks ahead; no session sleeps longer.
const SLOTS: u64 = 256;
/// Letters that are read between two looks at the wheel.
const LETTERS: usize = 64;
/// The time is looked up again after so many sessions of a slot.
const FRESH: usize = 16;
/// How often the last events are offered to a reader who does not keep up, and how often in all.
const OFFER_EVERY: Duration = Duration::from_millis(20);
const OFFERS: u32 = 250;

/// Number of a session, never used twice.
pub(super) type SessionId = u64;

/// What a worker is told.
#[derive(Debug)]
pub(super) enum Letter {
    /// A new session.
    Open(SessionId, Box<Session>),
    /// Something for one of its sessions; of one that is gone it means nothing.
    For(SessionId, Command),
}

/// A session, or what is left of one.
#[derive(Debug)]
enum Guest {
    Running(Box<Session>),
    /// Its last events, and how often they were offered.
    Leaving(Leaving, u32),
}

/// A guest and the moment for which it is entered in the wheel.
#[derive(Debug)]
struct Seat {
    guest: Guest,
    due: u64,
}

/// Who is due when. Entries of guests that were moved meanwhile stay where they are and are passed over.
#[derive(Debug)]
struct Wheel {
    slots: Vec<Vec<(SessionId, u64)>>,
    /// The first millisecond that has not been run.
    next: u64,
}

impl Wheel {
    fn new() -> Self {
        Self { slots: (0..SLOTS).map(|_| Vec::new()).collect(), next: 0 }
    }

    /// Enters `id` for `at`, or the nearest moment that can be had; returns that.
    fn enter(&mut self, id: SessionId, at: u64) -> u64 {
        let at = at.clamp(self.next, self.next + SLOTS - 1);
        if let Some(slot) = self.slots.get_mut((at % SLOTS) as usize) {
            slot.push((id, at));
        }
        at
    }

    /// The entries of the next millisecond, if it is not after `now`.
    fn turn(&mut self, now: u64) -> Option<Vec<(SessionId, u64)>> {
        if self.next > now {
            return None;
        }
        let slot = self.slots.get_mut((self.next % SLOTS) as usize)?;
        self.next += 1;
        Some(std::mem::take(slot))
    }

    /// Nobody can be due before a whole turn ago: what lies further back is skipped.
    fn catch_up(&mut self, now: u64) {
        self.next = self.next.max(now.saturating_sub(SLOTS));
    }

    /// Takes an emptied slot back, so that its room is used again.
    fn give_back(&mut self, mut emptied: Vec<(SessionId, u64)>) {
        let last = self.next.wrapping_sub(1);
        if let Some(slot) = self.slots.get_mut((last % SLOTS) as usize)
            && slot.is_empty()
        {
            emptied.clear();
            *slot = emptied;
        }
    }

    /// The next millisecond with an entry.
    fn next_due(&self) -> Option<u64> {
        (self.next..self.next + SLOTS)
            .find(|at| self.slots.get((at % SLOTS) as usize).is_some_and(|slot| !slot.is_empty()))
    }
}

/// One reading of both clocks.
#[derive(Debug, Clone, Copy)]
struct Moment {
    /// The sessions' time.
    now: Duration,
    /// The wheel's.
    real: Duration,
}

impl Moment {
    const fn ms(&self) -> u64 {
        self.real.as_millis() as u64
    }

    /// A pause from now, rounded down (what is due so soon is due now), but not to nothing: whoever is always due would
    /// hold up everybody else.
    fn after(&self, pause: Duration) -> u64 {
        ((self.real + pause).as_millis() as u64).max(self.ms() + 1)
    }
}

/// The worker; its thread calls [`Worker::run`].
#[derive(Debug)]
pub(super) struct Worker {
    clock: SharedClock,
    start: Instant,
    wheel: Wheel,
    seats: HashMap<SessionId, Seat>,
}

impl Worker {
    /// Sessions read the time from `clock`; when they run is measured by the system's own.
    #[expect(clippy::disallowed_methods, reason = "the phase of a timer; nothing else is read from it")]
    pub(super) fn new(clock: SharedClock) -> Self {
        Self { clock, start: Instant::now(), wheel: Wheel::new(), seats: HashMap::new() }
    }

    /// Works until nobody can write to it any more. (Sessions keep the engine, and the engine the inbox.)
    pub(super) fn run(mut self, inbox: &Receiver<Letter>) {
        loop {
            self.run_due();
            match self.wait(inbox) {
                Ok(letter) => self.read(letter, inbox),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return,
            }
        }
    }

    fn wait(&self, inbox: &Receiver<Letter>) -> Result<Letter, RecvTimeoutError> {
        match self.wheel.next_due() {
            None => inbox.recv().map_err(|_| RecvTimeoutError::Disconnected),
            Some(due) => inbox.recv_timeout(Duration::from_millis(due).saturating_sub(self.start.elapsed())),
        }
    }

    fn moment(&self) -> Moment {
        Moment { now: self.clock.monotonic(), real: self.start.elapsed() }
    }

    /// Runs everybody who is due. Who is late is run in order.
    fn run_due(&mut self) {
        let mut moment = self.moment();
        self.wheel.catch_up(moment.ms());
        while let Some(mut due) = self.wheel.turn(moment.ms()) {
            for (index, (id, at)) in due.drain(..).enumerate() {
                if index % FRESH == FRESH - 1 {
                    moment = self.moment();
                }
                self.run_one(id, at, moment);
            }
            self.wheel.give_back(due);
        }
    }

    fn run_one(&mut self, id: SessionId, at: u64, moment: Moment) {
        let Some(seat) = self.seats.get_mut(&id).filter(|seat| seat.due == at) else { return };
        match &mut seat.guest {
            Guest::Running(session) => match guarded(|| session.tick(moment.now)) {
                Some(Some(pause)) => seat.due = self.wheel.enter(id, moment.after(pause)),
                Some(None) => self.close(id, None, moment),
                None => drop(self.seats.remove(&id)),
            },
            Guest::Leaving(leaving, offers) => {
                *offers += 1;
                if leaving.offer() || *offers >= OFFERS {
                    self.seats.remove(&id);
                } else {
                    seat.due = self.wheel.enter(id, moment.after(OFFER_EVERY));
                }
            }
        }
    }

    /// A letter and those behind it.
    fn read(&mut self, letter: Letter, inbox: &Receiver<Letter>) {
        let moment = self.moment();
        self.open(letter, moment);
        for _ in 1..LETTERS {
            match inbox.try_recv() {
                Ok(letter) => self.open(letter, moment),
                // That nobody writes any more is noticed when it is waited for.
                Err(_) => return,
            }
        }
    }

    fn open(&mut self, letter: Letter, moment: Moment) {
        match letter {
            Letter::Open(id, session) => {
                let due = self.wheel.enter(id, moment.ms() + 1);
                self.seats.insert(id, Seat { guest: Guest::Running(session), due });
            }
            Letter::For(id, Command::Close(waiting)) => self.close(id, waiting, moment),
            Letter::For(id, command) => {
                let Some(seat) = self.seats.get_mut(&id) else { return };
                let Guest::Running(session) = &mut seat.guest else { return };
                match guarded(|| session.obey(command, moment.now)) {
                    // It runs again at once, behind whatever else is asked of it now.
                    Some(()) => seat.due = self.wheel.enter(id, moment.ms()),
                    None => drop(self.seats.remove(&id)),
                }
            }
        }
    }

    fn close(&mut self, id: SessionId, waiting: Option<oneshot::Sender<MediaStats>>, moment: Moment) {
        let Some(Seat { guest: Guest::Running(session), .. }) = self.seats.remove(&id) else { return };
        let Some(mut leaving) = guarded(|| session.end(moment.now, waiting)) else { return };
        if !leaving.offer() {
            let due = self.wheel.enter(id, moment.after(OFFER_EVERY));
            self.seats.insert(id, Seat { guest: Guest::Leaving(leaving, 0), due });
        }
    }
}

/// A session that breaks takes no other with it; the panic itself is in the log.
fn guarded<T>(work: impl FnOnce() -> T) -> Option<T> {
    let outcome = catch_unwind(AssertUnwindSafe(work));
    outcome.inspect_err(|_| tracing::error!("a media session broke off")).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Ids in the order in which they are due, with the millisecond in which they are run.
    fn run(wheel: &mut Wheel, to: u64) -> Vec<(SessionId, u64)> {
        let mut ran = Vec::new();
        while let Some(due) = wheel.turn(to) {
            ran.extend(due.iter().map(|(id, at)| (*id, *at)));
            wheel.give_back(due);
        }
        ran
    }

    #[test]
    fn everybody_is_run_at_the_moment_that_was_asked_for() {
        let mut wheel = Wheel::new();
        for (id, at) in [(1, 20), (2, 5), (3, 100), (4, 5)] {
            assert_eq!(wheel.enter(id, at), at);
        }
        assert_eq!(wheel.next_due(), Some(5));
        assert_eq!(run(&mut wheel, 4), []);
        assert_eq!(run(&mut wheel, 20), [(2, 5), (4, 5), (1, 20)]);
        assert_eq!(wheel.enter(1, 3), 21, "what is over cannot be had any more");
        assert_eq!(run(&mut wheel, 1_000), [(1, 21), (3, 100)]);
        assert_eq!(wheel.next_due(), None);
    }

    #[test]
    fn who_wants_to_sleep_longer_than_the_wheel_is_wide_is_run_once_within_it() {
        let mut wheel = Wheel::new();
        let at = wheel.enter(7, 100_000);
        assert!(at < SLOTS);
        assert_eq!(run(&mut wheel, 99_999), [(7, at)]);
    }

    #[test]
    fn after_a_long_sleep_of_the_machine_nobody_is_forgotten() {
        let mut wheel = Wheel::new();
        let ids: Vec<SessionId> = (0..SLOTS).collect();
        for id in &ids {
            wheel.enter(*id, *id);
        }
        let later = 3_600_000 + 17;
        wheel.catch_up(later);
        let mut ran: Vec<SessionId> = run(&mut wheel, later).into_iter().map(|(id, _)| id).collect();
        ran.sort_unstable();
        assert_eq!(ran, ids);
        assert_eq!(wheel.enter(1, later + 20), later + 20);
    }

    #[test]
    fn a_slot_that_is_filled_while_it_is_run_keeps_what_came() {
        let mut wheel = Wheel::new();
        wheel.enter(1, 0);
        let due = wheel.turn(0).unwrap();
        assert_eq!(wheel.enter(1, SLOTS), SLOTS, "the same slot, one turn later");
        wheel.give_back(due);
        assert_eq!(run(&mut wheel, SLOTS - 1), []);
        assert_eq!(run(&mut wheel, SLOTS), [(1, SLOTS)]);
    }

    #[test]
    fn a_pause_is_rounded_down_but_never_to_nothing() {
        let moment = Moment { now: Duration::ZERO, real: Duration::from_micros(5_400) };
        assert_eq!(moment.after(Duration::from_micros(19_700)), 25);
        assert_eq!(moment.after(Duration::from_micros(100)), 6);
        assert_eq!(moment.after(Duration::ZERO), 6);
    }

    #[test]
    fn what_breaks_is_told_from_what_ends() {
        assert_eq!(guarded(|| 5), Some(5));
        assert_eq!(guarded(|| Option::<u8>::None), Some(None));
        assert_eq!(guarded(|| -> u8 { panic!("as a test") }), None);
    }
}
