//! Ports for servers that tests start: outside of what the system hands out to whoever asks for any port
//! (32768 and up on Linux), so that nobody takes one between the look and the start.
#![allow(dead_code, reason = "shared by tests that use different parts of it")]

use std::net::{Ipv4Addr, SocketAddr, TcpListener, UdpSocket};
use std::sync::atomic::{AtomicU16, Ordering};

/// Where single ports are looked for.
const FIRST: u16 = 10_000;
const COUNT: u16 = 2_000;
/// Where ranges of RTP ports are looked for: below the default of the configuration.
const FIRST_RANGE: u16 = 12_000;
const RANGES: u16 = 40;
const RANGE: u16 = 200;

static NEXT: AtomicU16 = AtomicU16::new(0);
static NEXT_RANGE: AtomicU16 = AtomicU16::new(0);

/// A number that differs between the test programs that run at once.
fn own() -> u16 {
    (std::process::id() % 1_999) as u16
}

/// A port that is free for UDP and TCP on every address of this machine, and that this program was not given before.
pub(crate) fn free_port() -> u16 {
    for _ in 0..COUNT {
        let turn = NEXT.fetch_add(1, Ordering::Relaxed) % COUNT;
        let port = FIRST + (own() * 16 + turn) % COUNT;
        let any = (Ipv4Addr::UNSPECIFIED, port);
        if UdpSocket::bind(any).is_ok() && TcpListener::bind(any).is_ok() {
            return port;
        }
    }
    panic!("no port is free from {FIRST} on");
}

/// The same on the loopback address.
pub(crate) fn free_address() -> SocketAddr {
    SocketAddr::from((Ipv4Addr::LOCALHOST, free_port()))
}

/// 200 ports for RTP, as the configuration has them, that no other server of this program has.
pub(crate) fn rtp_ports() -> String {
    let place = (own() + NEXT_RANGE.fetch_add(1, Ordering::Relaxed)) % RANGES;
    let low = FIRST_RANGE + place * RANGE;
    format!("{low}-{}", low + RANGE - 1)
}
