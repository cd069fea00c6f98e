//! Who goes first when the processor is full: sound, then calls, then what may wait (disk, database, mails).
//!
//! Only ever lowers, so it needs no privilege. A thread begins with the priority of the one that starts it.

/// The async threads; those for blocking work start there and are lowered twice.
pub(super) const CALLS: i32 = 2;
/// Threads that wait for a disk most of the time.
pub(super) const ERRANDS: i32 = 5;

/// Lowers the calling thread's priority by so many steps (nice(2); on Linux a thread's own).
pub(super) fn lower(steps: i32) {
    if let Err(error) = rustix::process::nice(steps) {
        tracing::debug!(%error, "a thread keeps its priority");
    }
}
