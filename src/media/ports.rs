//! Ports and sockets: pairs of an even RTP port and the odd RTCP port above it (RFC 3550 §11). Non-blocking std
//! sockets that no reactor knows: each session asks its own.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::io::{self, IoSliceMut};
use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::ops::RangeInclusive;
use std::os::fd::AsRawFd as _;
use std::sync::{Mutex, PoisonError};

use nix::errno::Errno;
use nix::sys::socket::{MsgFlags, MultiHeaders, SockaddrStorage, recvmmsg};
use socket2::{Domain, Protocol, Socket, Type};

use super::OpenError;

/// Datagrams taken with one system call: what usually comes between two looks, and a few.
const BATCH: usize = 8;
/// Batches taken at once; a flood beyond them is the kernel's to drop.
const MOST_BATCHES: usize = 32;
/// Larger datagrams are cut off, which no packet of ours survives: none is that large.
const DATAGRAM: usize = 2048;
/// Two seconds of packets of 20 ms with what the kernel adds to each.
const RECEIVE_BUFFER: usize = 64 * 1024;
/// Expedited forwarding (RFC 3246), as RFC 4594 §4.1 has it for telephony.
const DSCP_EF: u32 = 46 << 2;

/// The even ports that are free. What was free longest is taken first, so that stragglers of an old call find nobody.
#[derive(Debug)]
pub(super) struct Ports {
    range: RangeInclusive<u16>,
    free: Mutex<VecDeque<u16>>,
}

/// A pair of sockets. Its port is given back by [`Ports::give_back`].
#[derive(Debug)]
pub(super) struct Pair {
    pub(super) port: u16,
    pub(super) rtp: UdpSocket,
    pub(super) rtcp: UdpSocket,
}

impl Ports {
    /// All pairs of `range`, beginning at a random one.
    pub(super) fn new(range: RangeInclusive<u16>, random: u32) -> Self {
        let last = range.end().saturating_sub(1);
        let mut free: VecDeque<u16> =
            range.clone().filter(|port| port.is_multiple_of(2) && *port <= last && *port > 0).collect();
        if !free.is_empty() {
            let by = random as usize % free.len();
            free.rotate_left(by);
        }
        Self { range, free: Mutex::new(free) }
    }

    /// Binds a pair.
    pub(super) fn take(&self, bind: IpAddr) -> Result<Pair, OpenError> {
        let tries = self.lock().len();
        for _ in 0..tries {
            let Some(port) = self.lock().pop_front() else { break };
            match bind_pair(bind, port) {
                Ok((rtp, rtcp)) => return Ok(Pair { port, rtp, rtcp }),
                Err(error) => {
                    self.give_back(port);
                    // Another program has it; any other trouble will be the same with the next port.
                    if error.kind() != io::ErrorKind::AddrInUse {
                        return Err(OpenError::Socket(error));
                    }
                }
            }
        }
        Err(OpenError::NoPort(self.range.clone()))
    }

    /// The pair's sockets are closed.
    pub(super) fn give_back(&self, port: u16) {
        self.lock().push_back(port);
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, VecDeque<u16>> {
        self.free.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn bind_pair(ip: IpAddr, port: u16) -> io::Result<(UdpSocket, UdpSocket)> {
    let rtp = bind(SocketAddr::new(ip, port))?;
    let rtcp = bind(SocketAddr::new(ip, port.saturating_add(1)))?;
    Ok((rtp, rtcp))
}

fn bind(address: SocketAddr) -> io::Result<UdpSocket> {
    let socket = Socket::new(Domain::for_address(address), Type::DGRAM, Some(Protocol::UDP))?;
    socket.set_nonblocking(true)?;
    if address.is_ipv6() {
        socket.set_only_v6(false)?;
    }
    socket.bind(&address.into())?;
    // Better with both, good without.
    if let Err(error) = socket.set_recv_buffer_size(RECEIVE_BUFFER) {
        tracing::debug!(%error, "the receive buffer keeps its size");
    }
    if address.is_ipv4()
        && let Err(error) = socket.set_tos_v4(DSCP_EF)
    {
        tracing::debug!(%error, "packets are not marked as telephony");
    }
    Ok(socket.into())
}

/// What a worker receives into, for one of its sockets after the other.
struct Mailbag {
    headers: MultiHeaders<SockaddrStorage>,
    buffers: Box<[[u8; DATAGRAM]; BATCH]>,
}

thread_local! {
    static MAILBAG: RefCell<Mailbag> = RefCell::new(Mailbag {
        headers: MultiHeaders::preallocate(BATCH, None),
        buffers: Box::new([[0; DATAGRAM]; BATCH]),
    });
}

/// Hands on what has come to a socket. (`sink` must not receive.)
pub(super) fn receive(socket: &UdpSocket, mut sink: impl FnMut(SocketAddr, &[u8])) {
    MAILBAG.with_borrow_mut(|bag| {
        for _ in 0..MOST_BATCHES {
            if !bag.take_from(socket, &mut sink) {
                break;
            }
        }
    });
}

impl Mailbag {
    /// One batch; whether there may be more.
    fn take_from(&mut self, socket: &UdpSocket, sink: &mut impl FnMut(SocketAddr, &[u8])) -> bool {
        let mut places = self.buffers.each_mut().map(|buffer| [IoSliceMut::new(buffer)]);
        let flags = MsgFlags::MSG_DONTWAIT;
        let came = match recvmmsg(socket.as_raw_fd(), &mut self.headers, places.iter_mut(), flags, None) {
            Ok(came) => came,
            // The echo of something that we sent (ICMP); what came in is behind it.
            Err(error) => return error == Errno::ECONNREFUSED,
        };
        let mut count = 0;
        for datagram in came {
            count += 1;
            if let Some(from) = datagram.address.as_ref().and_then(address) {
                sink(from, datagram.iovs().next().unwrap_or_default());
            }
        }
        count == BATCH
    }
}

fn address(from: &SockaddrStorage) -> Option<SocketAddr> {
    let v4 = from.as_sockaddr_in().map(|address| SocketAddr::from(*address));
    v4.or_else(|| from.as_sockaddr_in6().map(|address| SocketAddr::from(*address)))
}

/// The form in which a socket that is bound to `local` takes an address.
pub(super) fn for_socket(local: IpAddr, to: SocketAddr) -> SocketAddr {
    match (local, to.ip()) {
        (IpAddr::V6(_), IpAddr::V4(ip)) => SocketAddr::new(ip.to_ipv6_mapped().into(), to.port()),
        _ => to,
    }
}
