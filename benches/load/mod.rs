//! The parts of the load: a server as a child, callers that share a 1 ms wheel, and the look at what was recorded.

pub(crate) mod call;
pub(crate) mod fingers;
pub(crate) mod generator;
pub(crate) mod heard;
pub(crate) mod report;
pub(crate) mod server;
pub(crate) mod sip;
pub(crate) mod speech;
pub(crate) mod verify;

/// Binds this thread, and the children it starts from now on, to a core.
pub(crate) fn pin(core: usize) {
    let mut cores = rustix::thread::CpuSet::new();
    cores.set(core);
    if let Err(error) = rustix::thread::sched_setaffinity(None, &cores) {
        eprintln!(
            "not bound to core {core} ({error}): server and callers share cores, figures are worth less"
        );
    }
}
