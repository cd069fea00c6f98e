//! What no server can do without, to hold the server's cost against: as many sockets as there are calls, each read every
//! 20 ms and, if it speaks, written to. No calls, no sound, no disk.
//!
//! Machines differ by half and more, and the same machine differs from hour to hour; how many times this loop the
//! server costs differs little.

use std::io::{BufRead, BufReader, IoSliceMut, Write};
use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4, UdpSocket};
use std::os::fd::AsRawFd;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use aftertone::clock::{SharedClock, SystemClock};
use nix::sys::socket::{MsgFlags, MultiHeaders, SockaddrStorage, recvmmsg};

use super::generator::{RTP_SOCKETS, SLOT, SLOTS, next, socket};
use super::server::processor_time;

/// A header and 20 ms of G.711.
const PACKET: usize = 12 + 160;
/// Most that is read from a socket at once.
const BATCH: usize = 8;
/// Turns of the wheel before the measured ones, and the measured ones: 2 s and 10 s.
const BEFORE: u32 = 100;
const MEASURED: u32 = 500;
const TURN: Duration = Duration::from_millis(20);

/// What the loop does with each of its sockets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Does {
    /// Reads what has come.
    Listens,
    /// Reads, and sends a packet.
    Talks,
}

/// Waits for the turns of a wheel, one slot a millisecond.
struct Pace {
    clock: SharedClock,
    due: Duration,
}

impl Pace {
    fn new() -> Self {
        let clock = SystemClock::shared();
        Self { due: clock.monotonic(), clock }
    }

    fn wait(&mut self) {
        if let Some(early) = self.due.checked_sub(self.clock.monotonic()) {
            std::thread::sleep(early);
        }
        self.due += SLOT;
    }
}

/// The loop, in a process of its own that runs until it is killed. Prints the ports of its sockets in one line.
pub(crate) fn run_loop(calls: usize, does: Does) -> std::io::Result<()> {
    let mut lines: Vec<(UdpSocket, Option<SocketAddr>)> = Vec::with_capacity(calls);
    let mut ports = String::new();
    for _ in 0..calls {
        let (socket, address) = socket(0)?;
        ports.push_str(&format!("{} ", address.port()));
        lines.push((socket, None));
    }
    println!("{ports}");
    std::io::stdout().flush()?;
    let mut headers = MultiHeaders::<SockaddrStorage>::preallocate(BATCH, None);
    let mut room = [[0_u8; PACKET]; BATCH];
    let mut pace = Pace::new();
    for slot in (0..SLOTS).cycle() {
        pace.wait();
        for (socket, peer) in lines.iter_mut().skip(slot).step_by(SLOTS) {
            let mut places = room.each_mut().map(|place| [IoSliceMut::new(place)]);
            let came =
                recvmmsg(socket.as_raw_fd(), &mut headers, places.iter_mut(), MsgFlags::MSG_DONTWAIT, None);
            if let Some(from) = came.ok().and_then(|mut came| came.next()?.address?.as_sockaddr_in().copied())
            {
                *peer = Some(SocketAddrV4::from(from).into());
            }
            if let Some(peer) = peer.filter(|_| does == Does::Talks) {
                // A packet that the system does not take is missing at the other end, which counts.
                let _ = socket.send_to(&room[0], peer);
            }
        }
    }
    Ok(())
}

/// What the loop costs.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Cost {
    /// Processor milliseconds for a second of a call.
    pub(crate) cpu_ms: f64,
    /// Packets that came back of those that were due.
    pub(crate) came_back: f64,
}

struct Loop(Child);

impl Drop for Loop {
    fn drop(&mut self) {
        // It runs until then; nothing can be done about a failure here.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Runs the loop on the first cores and talks to each of its sockets from the others, 50 packets a second.
pub(crate) fn measure(server: usize, load: usize, calls: usize, does: Does) -> std::io::Result<Cost> {
    super::pin(server..server + 1);
    let name = clap::ValueEnum::to_possible_value(&does).map(|value| value.get_name().to_owned());
    let child = Command::new(std::env::current_exe()?)
        .args(["--bare-loop", &name.unwrap_or_default(), "--calls", &calls.to_string()])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn();
    super::pin(load..load + 1);
    let mut child = Loop(child?);
    let mut line = String::new();
    if let Some(out) = child.0.stdout.take() {
        BufReader::new(out).read_line(&mut line)?;
    }
    let ports: Vec<u16> = line.split_whitespace().filter_map(|port| port.parse().ok()).collect();
    let stat = PathBuf::from(format!("/proc/{}/stat", child.0.id()));
    let sockets = (0..RTP_SOCKETS).map(|_| Ok(socket(0)?.0)).collect::<std::io::Result<Vec<_>>>()?;
    let (mut pace, mut buffer, mut came, mut begin) = (Pace::new(), [0; PACKET], 0_u64, Duration::ZERO);
    for turn in 0..BEFORE + MEASURED {
        if turn == BEFORE {
            (came, begin) = (0, processor_time(&stat));
        }
        for slot in 0..SLOTS {
            pace.wait();
            for (line, port) in ports.iter().enumerate().skip(slot).step_by(SLOTS) {
                let to = SocketAddrV4::new(Ipv4Addr::LOCALHOST, *port);
                sockets[line % RTP_SOCKETS].send_to(&[0xff; PACKET], to)?;
            }
            came += sockets
                .iter()
                .map(|socket| std::iter::from_fn(|| next(socket, &mut buffer)).count() as u64)
                .sum::<u64>();
        }
    }
    let used = processor_time(&stat) - begin;
    let due = f64::from(MEASURED) * ports.len() as f64;
    let seconds = (TURN * MEASURED).as_secs_f64() * ports.len() as f64;
    Ok(Cost { cpu_ms: used.as_secs_f64() * 1000.0 / seconds, came_back: came as f64 / due })
}
