//! All callers in one thread: a wheel of 20 slots of 1 ms. Each call has its slot, in which it speaks, waits and hangs up.
//!
//! Calls share a few RTP sockets and are told apart by the server's port. When a packet came is said by the system
//! ([`super::arrival`]): callers who are late themselves make the server no later.

use std::io::ErrorKind;
use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4, UdpSocket};
use std::time::Duration;

use aftertone::clock::{SharedClock, SystemClock};
use aftertone::rtp::packet::Packet;
use socket2::SockRef;

use super::arrival::{self, Arrival, Arrivals};
use super::call::{Call, State};
use super::fingers::Fingers;
use super::server::{Meter, Server};
use super::sip::{self, Dialog, FromServer};
use super::speech::Speech;

pub(crate) const SLOT: Duration = Duration::from_millis(1);
pub(crate) const SLOTS: usize = 20;
pub(crate) const RTP_SOCKETS: usize = 16;
/// Asked of the system for receiving; it gives what it allows.
const RECEIVE_BUFFER: usize = 8 << 20;
const PACKET: usize = 2048;

/// What is called, how fast and for how long.
#[derive(Debug)]
pub(crate) struct Plan {
    /// New calls per second.
    pub(crate) rate: f64,
    /// Time until the number of calls is constant.
    pub(crate) ramp: Duration,
    /// Time after it that is measured.
    pub(crate) window: Duration,
    /// From answer to BYE.
    pub(crate) hold: Duration,
    /// Whether callers speak.
    pub(crate) media: bool,
    /// Extensions called in turn.
    pub(crate) mailboxes: Vec<u32>,
    /// The callers are the owners of these mailboxes.
    pub(crate) owners: Option<Owners>,
}

/// Who signs in instead of leaving a message.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Owners {
    /// How many in all.
    pub(crate) calls: usize,
    /// The number that leads to the sign-in.
    pub(crate) number: u32,
    /// What the fingers of a call do.
    pub(crate) fingers: fn(usize) -> Fingers,
}

/// What became of the calls.
pub(crate) struct Outcome {
    pub(crate) plan: Plan,
    pub(crate) calls: Vec<Call>,
    /// The load's own lateness per slot in microseconds: when it is high, the callers are the bottleneck.
    pub(crate) own_lateness: Vec<u32>,
    /// Datagrams of no call.
    pub(crate) strays: u64,
    /// Packets that the system did not take.
    pub(crate) unsent: u64,
}

/// A pair of sockets; the second is there for the server's RTCP, which is not looked at.
struct Ports {
    rtp: UdpSocket,
    _rtcp: UdpSocket,
    address: SocketAddrV4,
}

/// The callers.
pub(crate) struct Load<'a> {
    outcome: Outcome,
    speech: &'a Speech,
    server: SocketAddrV4,
    clock: SharedClock,
    sip: UdpSocket,
    local: SocketAddrV4,
    ports: Vec<Ports>,
    arrivals: Arrivals,
    /// Calls that are not over, by slot.
    slots: [Vec<usize>; SLOTS],
    /// The call that talks to a port of the server.
    by_port: Vec<Option<usize>>,
    /// Datagrams from ports that no answer has named yet: the server's first packet may overtake its 200.
    early: Vec<u64>,
    packet: Vec<u8>,
}

impl<'a> Load<'a> {
    /// Opens the callers' sockets.
    pub(crate) fn new(plan: Plan, server: SocketAddrV4, speech: &'a Speech) -> Self {
        let (sip, local) = socket(0).expect("a UDP port on loopback is free");
        let clock = SystemClock::shared();
        Self {
            outcome: Outcome { plan, calls: Vec::new(), own_lateness: Vec::new(), strays: 0, unsent: 0 },
            speech,
            server,
            arrivals: Arrivals::new(clock.clone()),
            clock,
            sip,
            local,
            ports: (0..RTP_SOCKETS).map(|_| pair()).collect(),
            slots: [const { Vec::new() }; SLOTS],
            by_port: vec![None; usize::from(u16::MAX) + 1],
            early: vec![0; usize::from(u16::MAX) + 1],
            packet: Vec::with_capacity(PACKET),
        }
    }

    /// Places all calls and waits for their ends. The meter covers the window.
    pub(crate) fn run(mut self, server: &Server) -> (Outcome, Meter) {
        let mut meter = Meter::idle(server);
        let Plan { ramp, window, rate, owners, .. } = self.outcome.plan;
        let total = ((ramp + window).as_secs_f64() * rate).round() as usize;
        let total = owners.map_or(total, |owners| owners.calls);
        let start = self.clock.monotonic();
        let mut due = start;
        for slot in (0..SLOTS).cycle() {
            self.keep_time(due);
            self.receive();
            let elapsed = due - start;
            let wanted = ((elapsed.as_secs_f64() * rate) as usize + 1).min(total);
            while self.outcome.calls.len() < wanted {
                self.place_call();
            }
            self.turn(slot);
            if slot == 0 {
                meter.turn(server, elapsed, ramp..ramp + window, self.up());
            }
            due += SLOT;
            if self.outcome.calls.len() == total && self.slots.iter().all(Vec::is_empty) {
                break;
            }
        }
        self.outcome.strays += self.early.iter().sum::<u64>();
        (self.outcome, meter)
    }

    /// Sleeps until `due`, or notes how late it is.
    fn keep_time(&mut self, due: Duration) {
        let now = self.clock.monotonic();
        match due.checked_sub(now) {
            Some(early) => {
                self.outcome.own_lateness.push(0);
                std::thread::sleep(early);
            }
            None => {
                self.outcome.own_lateness.push(u32::try_from((now - due).as_micros()).unwrap_or(u32::MAX))
            }
        }
    }

    fn up(&self) -> usize {
        self.slots.iter().flatten().filter(|call| self.outcome.calls[**call].state == State::Up).count()
    }

    fn place_call(&mut self) {
        let call = self.outcome.calls.len();
        let Plan { mailboxes, owners, .. } = &self.outcome.plan;
        let mailbox = mailboxes[call % mailboxes.len()];
        let dialog = Dialog {
            call,
            caller: owners.map_or_else(|| Dialog::stranger(call), |_| mailbox.to_string()),
            mailbox: owners.map_or(mailbox, |owners| owners.number),
            local: self.local,
            rtp: self.ports[call % RTP_SOCKETS].address,
            server: self.server,
            answered: None,
        };
        let fingers = owners.map(|owners| (owners.fingers)(call));
        let (mut new, invite) = Call::new(dialog, self.clock.monotonic());
        new.fingers = fingers;
        self.outcome.calls.push(new);
        self.slots[call % SLOTS].push(call);
        self.send_sip(&invite);
    }

    /// One slot's calls speak, hang up or send again.
    fn turn(&mut self, slot: usize) {
        let mut members = std::mem::take(&mut self.slots[slot]);
        for index in &members {
            let now = self.clock.monotonic();
            let call = &mut self.outcome.calls[*index];
            if let Some(text) = call.tick(now, self.outcome.plan.hold) {
                self.send_sip(&text);
                continue;
            }
            if !self.outcome.plan.media {
                continue;
            }
            if let Some(to) = call.speak(now, self.speech, &mut self.packet) {
                let sent = self.ports[*index % RTP_SOCKETS].rtp.send_to(&self.packet, to);
                self.outcome.unsent += u64::from(sent.is_err());
            }
        }
        members.retain(|index| !self.outcome.calls[*index].is_over());
        self.slots[slot] = members;
    }

    /// Takes whatever has come.
    fn receive(&mut self) {
        self.receive_sip();
        let mut buffer = [0; PACKET];
        for index in 0..RTP_SOCKETS {
            while let Some(Arrival { length, from, at }) =
                self.arrivals.next(&self.ports[index].rtp, &mut buffer)
            {
                if self.by_port[usize::from(from.port())].is_none() {
                    // The 200 that names this port may wait behind us.
                    self.receive_sip();
                }
                let call =
                    self.by_port[usize::from(from.port())].and_then(|call| self.outcome.calls.get_mut(call));
                match (call, Packet::parse(&buffer[..length])) {
                    (Some(call), Ok(packet)) => {
                        call.heard.packet(at, &packet);
                        if let Some(fingers) = &mut call.fingers {
                            fingers.hear(at, packet.payload, self.speech);
                        }
                    }
                    (None, Ok(_)) => self.early[usize::from(from.port())] += 1,
                    (_, Err(_)) => self.outcome.strays += 1,
                }
            }
        }
    }

    fn receive_sip(&mut self) {
        let mut buffer = [0; PACKET];
        while let Some((length, _)) = next(&self.sip, &mut buffer) {
            let text = String::from_utf8_lossy(&buffer[..length]).into_owned();
            if let Some(reply) = self.take_sip(&text) {
                self.send_sip(&reply);
            }
        }
    }

    fn take_sip(&mut self, text: &str) -> Option<String> {
        let now = self.clock.monotonic();
        match sip::read(text)? {
            FromServer::Answer(answer) => {
                let call = self.outcome.calls.get_mut(answer.call)?;
                let reply = call.answer(&answer, now);
                if let Some(media) = call.media().filter(|_| call.state == State::Up) {
                    self.by_port[usize::from(media.port())] = Some(answer.call);
                    self.early[usize::from(media.port())] = 0;
                }
                reply
            }
            FromServer::Request { call, method } => {
                let call = self.outcome.calls.get_mut(call)?;
                if method == "BYE" {
                    call.hung_up();
                }
                (method != "ACK").then(|| sip::ok(text))
            }
        }
    }

    fn send_sip(&mut self, text: &str) {
        self.outcome.unsent += u64::from(self.sip.send_to(text.as_bytes(), self.server).is_err());
    }
}

pub(crate) fn socket(port: u16) -> std::io::Result<(UdpSocket, SocketAddrV4)> {
    let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, port))?;
    socket.set_nonblocking(true)?;
    SockRef::from(&socket).set_recv_buffer_size(RECEIVE_BUFFER)?;
    match socket.local_addr()? {
        SocketAddr::V4(address) => Ok((socket, address)),
        SocketAddr::V6(_) => Err(ErrorKind::AddrNotAvailable.into()),
    }
}

/// An even port and the odd one above it (RFC 3550 §11).
fn pair() -> Ports {
    (0..1000)
        .find_map(|_| {
            let (rtp, address) = socket(0).ok().filter(|(_, address)| address.port() % 2 == 0)?;
            arrival::stamp(&rtp).ok()?;
            let (rtcp, _) = socket(address.port() + 1).ok()?;
            Some(Ports { rtp, _rtcp: rtcp, address })
        })
        .expect("two neighbouring UDP ports on loopback are free")
}

/// The next datagram, if one waits.
pub(crate) fn next(socket: &UdpSocket, buffer: &mut [u8]) -> Option<(usize, SocketAddr)> {
    socket.recv_from(buffer).ok()
}
