//! What the system lets one process have.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Each call takes two sockets; the usual limit of 1024 open files would end at 500 calls.
pub(super) fn raise_file_limit() {
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    if current == maximum {
        return;
    }
    match setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum }) {
        Ok(()) => tracing::debug!(from = ?current, to = ?maximum, "limit of open files raised"),
        Err(error) => tracing::warn!(%error, limit = ?current, "the limit of open files cannot be raised"),
    }
}
