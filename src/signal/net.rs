//! Sockets: UDP and TCP listeners, the connections that calls run over, and where a request goes next. Bytes go to
//! [`super::core`]; nothing is parsed here but the framing of a stream.

use std::collections::HashMap;
use std::future;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rsipstack::platform::net::UdpSocket as StackSocket;
use rsipstack::transport::udp::UdpConnection;
use rsipstack::transport::{SipAddr, SipConnection};
use tokio::net::{TcpListener, UdpSocket};
use tokio::sync::{Semaphore, mpsc};

use super::access::Standing;
use super::core::Core;
use super::stream::Stream;
use super::{SignalConfig, SignalError, Transport, text};

/// TCP connections at a time.
const MAX_CONNECTIONS: usize = 1024;
/// A datagram can be as long as IP lets it.
const MAX_DATAGRAM: usize = 65_535;
/// Room for a burst of calls while the reader is busy.
const RECEIVE_BUFFER: usize = 4 << 20;
/// Peers whose view of us is remembered.
const MAX_HOSTS: usize = 1024;
const RESOLVE_WAIT: Duration = Duration::from_secs(3);

/// Where messages of a dialog go, and how we call ourselves there.
#[derive(Clone)]
pub(super) struct Flow {
    pub(super) connection: SipConnection,
    pub(super) tcp: bool,
    pub(super) remote: SocketAddr,
    /// Our `host:port` as the peer should see it.
    pub(super) host: Arc<str>,
}

impl std::fmt::Debug for Flow {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(if self.tcp { "Flow(TCP)" } else { "Flow(UDP)" })
    }
}

impl Flow {
    /// `Via` for a request of ours.
    pub(super) fn via(&self, branch: &str) -> String {
        let transport = if self.tcp { "TCP" } else { "UDP" };
        format!("SIP/2.0/{transport} {};branch=z9hG4bK{branch};rport", self.host)
    }

    /// `Contact` of ours.
    pub(super) fn contact(&self) -> String {
        format!("<sip:{}{}>", self.host, if self.tcp { ";transport=tcp" } else { "" })
    }

    /// The remote address as the stack writes it.
    pub(super) fn destination(&self) -> SipAddr {
        sip_addr(self.remote, self.tcp)
    }
}

/// An address as the stack writes it.
pub(super) fn sip_addr(addr: SocketAddr, tcp: bool) -> SipAddr {
    use rsipstack::sip::Transport as T;
    SipAddr { r#type: Some(if tcp { T::Tcp } else { T::Udp }), addr: addr.into() }
}

/// How bytes that skip the stack go back.
#[derive(Debug, Clone)]
pub(super) enum Raw {
    /// A datagram.
    Udp(Arc<UdpSocket>),
    /// Queued on the connection.
    Tcp(mpsc::Sender<Vec<u8>>),
}

impl Raw {
    /// Sends, or drops when the way is full: the peer repeats its request.
    pub(super) fn send(&self, bytes: Vec<u8>, to: SocketAddr) {
        let sent = match self {
            Self::Udp(socket) => socket.try_send_to(&bytes, to).is_ok(),
            Self::Tcp(queue) => queue.try_send(bytes).is_ok(),
        };
        if !sent {
            metrics::counter!("aftertone_sip_dropped_total", "why" => "unsent").increment(1);
        }
    }
}

/// Where a message came from.
#[derive(Debug, Clone)]
pub(super) struct Origin {
    pub(super) flow: Flow,
    pub(super) standing: Standing,
    pub(super) raw: Raw,
}

/// The stack writes through this; we do the reading, so that nothing reaches its parser.
struct Datagrams(Arc<UdpSocket>);

#[async_trait::async_trait]
impl StackSocket for Datagrams {
    async fn recv_from(&self, _: &mut [u8]) -> rsipstack::Result<(usize, SocketAddr)> {
        future::pending().await
    }
    async fn send_to(&self, buf: &[u8], addr: SocketAddr) -> rsipstack::Result<usize> {
        Ok(self.0.send_to(buf, addr).await?)
    }
    fn local_addr(&self) -> rsipstack::Result<SocketAddr> {
        Ok(self.0.local_addr()?)
    }
}

/// One UDP listener.
pub(super) struct UdpSide {
    socket: Arc<UdpSocket>,
    connection: SipConnection,
    local: SocketAddr,
}

/// All sockets.
pub(super) struct Net {
    pub(super) local: Vec<Transport>,
    pub(super) udp: Vec<Arc<UdpSide>>,
    pub(super) permits: Arc<Semaphore>,
    pub(super) streams: Mutex<HashMap<SocketAddr, Stream>>,
    advertise: Option<String>,
    /// What [`Net::host`] found before, as asking the system costs three calls.
    hosts: Mutex<HashMap<(SocketAddr, IpAddr), Arc<str>>>,
}

fn failed(at: SocketAddr, what: &str, error: &std::io::Error) -> SignalError {
    SignalError(format!("cannot {what} {at}: {error}; choose a free address in `sip.listen`"))
}

impl Net {
    /// Binds every transport.
    pub(super) async fn bind(config: &SignalConfig) -> Result<(Self, Vec<TcpListener>), SignalError> {
        let mut net = Self {
            local: Vec::new(),
            udp: Vec::new(),
            permits: Arc::new(Semaphore::new(MAX_CONNECTIONS)),
            streams: Mutex::default(),
            advertise: config.advertise.clone(),
            hosts: Mutex::default(),
        };
        let mut listeners = Vec::new();
        for transport in &config.listen {
            match *transport {
                Transport::Udp(at) => {
                    let side = udp_side(at).await?;
                    net.local.push(Transport::Udp(side.local));
                    net.udp.push(Arc::new(side));
                }
                Transport::Tcp(at) => {
                    let listener = tcp_listener(at).map_err(|e| failed(at, "listen on tcp", &e))?;
                    let local =
                        listener.local_addr().map_err(|e| failed(at, "read the address of tcp", &e))?;
                    net.local.push(Transport::Tcp(local));
                    listeners.push(listener);
                }
            }
        }
        Ok((net, listeners))
    }

    /// Our `host:port` on a socket bound to `local`, as `peer` should see it.
    pub(super) fn host(&self, local: SocketAddr, peer: IpAddr) -> Arc<str> {
        let mut hosts = self.hosts.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(host) = hosts.get(&(local, peer)) {
            return Arc::clone(host);
        }
        if hosts.len() >= MAX_HOSTS {
            hosts.clear();
        }
        let host = self.name(local, peer);
        hosts.insert((local, peer), Arc::clone(&host));
        host
    }

    fn name(&self, local: SocketAddr, peer: IpAddr) -> Arc<str> {
        let port = local.port();
        if let Some(told) = &self.advertise {
            return match text::host_port(told) {
                Some((_, Some(_))) => told.as_str().into(),
                _ => format!("{told}:{port}").into(),
            };
        }
        let ip = if local.ip().is_unspecified() { towards(peer).unwrap_or(local.ip()) } else { local.ip() };
        SocketAddr::new(ip, port).to_string().into()
    }

    /// The address to send to for a URI: host and port, by DNS when it is a name.
    pub(super) async fn resolve(&self, uri: &str) -> Option<(SocketAddr, bool)> {
        let place = text::place(uri)?;
        let tcp = text::param(place.params, "transport").is_some_and(|t| t.eq_ignore_ascii_case("tcp"));
        let port = place.port.unwrap_or(5060);
        if let Ok(ip) = place.host.parse::<IpAddr>() {
            return Some((SocketAddr::new(ip, port), tcp));
        }
        let lookup = tokio::time::timeout(RESOLVE_WAIT, tokio::net::lookup_host((place.host, port)));
        let found = lookup.await.ok()?.ok()?.next()?;
        Some((found, tcp))
    }

    /// The flow over our UDP socket of the right family.
    pub(super) fn udp_flow(&self, remote: SocketAddr) -> Option<Flow> {
        let side = self.udp.iter().find(|side| side.local.is_ipv4() == remote.is_ipv4())?;
        let host = self.host(side.local, remote.ip());
        Some(Flow { connection: side.connection.clone(), tcp: false, remote, host })
    }

    /// The listening TCP port to be told to peers on a connection that we opened.
    pub(super) fn tcp_local(&self, own: SocketAddr) -> SocketAddr {
        let listening = self.local.iter().find_map(|t| match t {
            Transport::Tcp(at) if at.is_ipv4() == own.is_ipv4() => Some(at.port()),
            _ => None,
        });
        SocketAddr::new(own.ip(), listening.unwrap_or(own.port()))
    }

    /// A live connection to this address.
    pub(super) fn stream(&self, remote: SocketAddr) -> Option<Stream> {
        self.streams.lock().unwrap_or_else(PoisonError::into_inner).get(&remote).cloned()
    }
}

/// Which of our addresses packets to `peer` leave from.
fn towards(peer: IpAddr) -> Option<IpAddr> {
    let any: IpAddr = if peer.is_ipv4() { [0, 0, 0, 0].into() } else { [0u16; 8].into() };
    let socket = std::net::UdpSocket::bind((any, 0)).ok()?;
    socket.connect((peer, 5060)).ok()?;
    Some(socket.local_addr().ok()?.ip())
}

async fn udp_side(at: SocketAddr) -> Result<UdpSide, SignalError> {
    let socket = udp_socket(at).map_err(|e| failed(at, "bind udp", &e))?;
    let socket = Arc::new(socket);
    let local = socket.local_addr().map_err(|e| failed(at, "read the address of udp", &e))?;
    let attached = UdpConnection::from_socket(Arc::new(Datagrams(Arc::clone(&socket))), None, None).await;
    let connection = attached.map_err(|e| SignalError(format!("cannot use udp {at}: {e}")))?;
    Ok(UdpSide { socket, connection: SipConnection::Udp(connection), local })
}

fn udp_socket(at: SocketAddr) -> std::io::Result<UdpSocket> {
    let socket = socket2::Socket::new(socket2::Domain::for_address(at), socket2::Type::DGRAM, None)?;
    if at.is_ipv6() {
        socket.set_only_v6(true)?;
    }
    socket.set_nonblocking(true)?;
    // The system may grant less; that is no reason to fail.
    let _ = socket.set_recv_buffer_size(RECEIVE_BUFFER);
    socket.bind(&at.into())?;
    UdpSocket::from_std(socket.into())
}

fn tcp_listener(at: SocketAddr) -> std::io::Result<TcpListener> {
    let socket = socket2::Socket::new(socket2::Domain::for_address(at), socket2::Type::STREAM, None)?;
    if at.is_ipv6() {
        socket.set_only_v6(true)?;
    }
    socket.set_reuse_address(true)?;
    socket.set_nonblocking(true)?;
    socket.bind(&at.into())?;
    socket.listen(256)?;
    TcpListener::from_std(socket.into())
}

/// Reads datagrams until the core stops.
pub(super) async fn serve_udp(core: Arc<Core>, side: Arc<UdpSide>) {
    let mut buf = vec![0; MAX_DATAGRAM];
    loop {
        let received = tokio::select! {
            () = core.stop.cancelled() => return,
            received = side.socket.recv_from(&mut buf) => received,
        };
        let Ok((length, source)) = received else {
            // An ICMP error of an earlier datagram: nothing is lost.
            continue;
        };
        let Some(standing) = core.access.standing(source) else {
            core.stranger(source);
            metrics::counter!("aftertone_sip_dropped_total", "why" => "foreign").increment(1);
            continue;
        };
        let host = core.net.host(side.local, source.ip());
        let flow = Flow { connection: side.connection.clone(), tcp: false, remote: source, host };
        let origin = Origin { flow, standing, raw: Raw::Udp(Arc::clone(&side.socket)) };
        core.receive(buf.get(..length).unwrap_or_default(), &origin).await;
    }
}
