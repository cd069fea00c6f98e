//! When a datagram came: by the system's own stamp, so that a caller who reads it late does not make it late.

use std::io::IoSliceMut;
use std::net::{SocketAddr, SocketAddrV4, UdpSocket};
use std::os::fd::AsRawFd;
use std::time::Duration;

use aftertone::clock::SharedClock;
use nix::sys::socket::{ControlMessageOwned, MsgFlags, SockaddrIn, recvmsg, setsockopt, sockopt};
use nix::sys::time::TimeSpec;

/// Asks the system to stamp what comes to this socket.
pub(crate) fn stamp(socket: &UdpSocket) -> std::io::Result<()> {
    Ok(setsockopt(socket, sockopt::ReceiveTimestampns, &true)?)
}

/// A datagram.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Arrival {
    pub(crate) length: usize,
    pub(crate) from: SocketAddr,
    /// By the monotonic clock of the callers.
    pub(crate) at: Duration,
}

/// Reads sockets whose datagrams are stamped.
#[derive(Debug)]
pub(crate) struct Arrivals {
    clock: SharedClock,
    /// What the system's clock of the day showed when the monotonic one began. They go alike for as long as a run lasts.
    origin: Duration,
    control: Vec<u8>,
}

impl Arrivals {
    pub(crate) fn new(clock: SharedClock) -> Self {
        let day = Duration::from_nanos(u64::try_from(clock.now().as_nanosecond()).unwrap_or_default());
        let origin = day.saturating_sub(clock.monotonic());
        Self { clock, origin, control: nix::cmsg_space!(TimeSpec) }
    }

    /// The next datagram, if one waits.
    pub(crate) fn next(&mut self, socket: &UdpSocket, buffer: &mut [u8]) -> Option<Arrival> {
        let mut places = [IoSliceMut::new(buffer)];
        let flags = MsgFlags::MSG_DONTWAIT;
        let got =
            recvmsg::<SockaddrIn>(socket.as_raw_fd(), &mut places, Some(&mut self.control), flags).ok()?;
        let stamped = got.cmsgs().ok()?.find_map(|message| match message {
            ControlMessageOwned::ScmTimestampns(at) => Some(Duration::from(at)),
            _ => None,
        });
        let at = stamped.map_or_else(|| self.clock.monotonic(), |at| at.saturating_sub(self.origin));
        Some(Arrival { length: got.bytes, from: SocketAddrV4::from(got.address?).into(), at })
    }
}
