//! The parts of the load: a server as a child, callers that share a 1 ms wheel, and the look at what was recorded.

mod arrival;
pub(crate) mod bare;
pub(crate) mod call;
pub(crate) mod fingers;
pub(crate) mod generator;
pub(crate) mod heard;
pub(crate) mod report;
pub(crate) mod server;
pub(crate) mod sip;
pub(crate) mod speech;
pub(crate) mod verify;

use std::ops::Range;

/// Binds this thread, and the children it starts from now on, to these cores.
pub(crate) fn pin(cores: Range<usize>) {
    let mut set = rustix::thread::CpuSet::new();
    cores.clone().for_each(|core| set.set(core));
    if let Err(error) = rustix::thread::sched_setaffinity(None, &set) {
        eprintln!(
            "not bound to cores {cores:?} ({error}): server and callers share cores, figures are worth less"
        );
    }
}
