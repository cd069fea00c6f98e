//! The named deadlines of one call, in one table. The call owns them; nothing here waits.

use std::time::Duration;

/// What a deadline is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Name {
    /// Send the reliable provisional response again (RFC 3262 §3).
    Provisional,
    /// The PRACK has not come for 64·T1.
    Unacknowledged,
    /// Nobody answered the offer that we passed on.
    Offer,
    /// Refresh the session: we are the refresher (RFC 4028 §10).
    Refresh,
    /// The refresh of the peer has not come.
    Expiry,
    /// The transfer has gone quiet.
    Transfer,
    /// The INVITE that we cancelled was never answered (RFC 3261 §9.1).
    Cancelled,
    /// No 2xx of a call that is over can come any more (RFC 3261 §13.2.2.4).
    Leave,
}

const COUNT: usize = 8;

/// When each deadline is, on the monotonic clock.
#[derive(Debug, Default)]
pub(super) struct Timers([Option<Duration>; COUNT]);

const ALL: [Name; COUNT] = [
    Name::Provisional,
    Name::Unacknowledged,
    Name::Offer,
    Name::Refresh,
    Name::Expiry,
    Name::Transfer,
    Name::Cancelled,
    Name::Leave,
];

impl Timers {
    /// Sets a deadline, in place of an earlier one of that name.
    pub(super) fn set(&mut self, name: Name, at: Duration) {
        if let Some(slot) = self.0.get_mut(name as usize) {
            *slot = Some(at);
        }
    }

    /// Forgets a deadline.
    pub(super) fn stop(&mut self, name: Name) {
        if let Some(slot) = self.0.get_mut(name as usize) {
            *slot = None;
        }
    }

    /// The earliest deadline.
    pub(super) fn next(&self) -> Option<(Name, Duration)> {
        let set = ALL.iter().zip(self.0).filter_map(|(name, at)| at.map(|at| (*name, at)));
        set.min_by_key(|(_, at)| *at)
    }
}
