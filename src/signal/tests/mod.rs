//! The SIP side as a peer sees it: hand-written messages over loopback sockets. This file has the server, the phone that
//! says exactly what it is told, and what the subjects beside it share.

mod answering;
mod faults;
mod load;
mod placing;
mod races;
mod stream;
mod within;

use std::net::SocketAddr;
use std::time::Duration;

use tokio::net::UdpSocket;
use tokio::time::timeout;

use super::*;
use crate::clock::SystemClock;

const OFFER: &str =
    "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 4000 RTP/AVP 0\r\n";
const ANSWER: &str =
    "v=0\r\no=- 2 2 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 5000 RTP/AVP 0\r\n";
const PATIENCE: Duration = Duration::from_secs(10);

fn config() -> SignalConfig {
    SignalConfig {
        listen: vec![
            Transport::Udp("127.0.0.1:0".parse().unwrap()),
            Transport::Tcp("127.0.0.1:0".parse().unwrap()),
        ],
        advertise: None,
        peers: vec!["127.0.0.0/8".parse().unwrap()],
        trunks: vec![],
        server: "Aftertone/test".into(),
        session_min: Duration::from_secs(90),
        session_expires: Duration::from_secs(1800),
    }
}

/// T1 of 20 ms: 64·T1 is 1.28 s.
fn fast() -> Timing {
    Timing {
        t1: Duration::from_millis(20),
        second: Duration::from_secs(1),
        message: Duration::from_millis(300),
    }
}

struct Server {
    signal: Signal,
    calls: mpsc::Receiver<IncomingCall>,
    udp: SocketAddr,
    tcp: SocketAddr,
}

impl Server {
    async fn with(config: SignalConfig, timing: Timing) -> Self {
        let (signal, calls) = Signal::start_paced(config, SystemClock::shared(), timing).await.unwrap();
        let udp =
            signal.local().iter().find_map(|t| if let Transport::Udp(at) = t { Some(*at) } else { None });
        let tcp =
            signal.local().iter().find_map(|t| if let Transport::Tcp(at) = t { Some(*at) } else { None });
        let none = "127.0.0.1:9".parse().unwrap();
        Self { signal, calls, udp: udp.unwrap_or(none), tcp: tcp.unwrap_or(none) }
    }

    async fn start() -> Self {
        Self::with(config(), fast()).await
    }

    async fn call(&mut self) -> IncomingCall {
        timeout(PATIENCE, self.calls.recv()).await.expect("a call comes").unwrap()
    }

    /// Waits until nothing is left of any call.
    async fn settles(&self) {
        let core = &self.signal.core;
        let empty = || {
            let stats = core.endpoint.get_stats();
            core.dialogs().is_empty()
                && core.invites.lock().unwrap().is_empty()
                && stats.running_transactions + stats.finished_transactions + stats.waiting_ack == 0
                && core.endpoint.waiting_ack.is_empty()
                && core.access.asking() == 0
        };
        let wait = async {
            while !empty() {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        timeout(PATIENCE, wait).await.expect("all tables become empty");
    }
}

async fn event(events: &mut mpsc::Receiver<DialogEvent>) -> DialogEvent {
    timeout(PATIENCE, events.recv()).await.expect("an event comes").expect("the channel is open")
}

/// A peer that says exactly what it is told.
struct Phone {
    socket: UdpSocket,
    server: SocketAddr,
    id: String,
    tag: String,
}

impl Phone {
    async fn to(server: SocketAddr) -> Self {
        let any = if server.is_ipv4() { "127.0.0.1:0" } else { "[::1]:0" };
        let socket = UdpSocket::bind(any).await.unwrap();
        static CALLS: std::sync::atomic::AtomicU32 = std::sync::atomic::AtomicU32::new(0);
        let id = format!("call-{}", CALLS.fetch_add(1, Ordering::Relaxed));
        Self { socket, server, id, tag: String::new() }
    }

    fn here(&self) -> SocketAddr {
        self.socket.local_addr().unwrap()
    }

    /// A request; `To` carries the tag learnt from the server.
    fn request(&self, method: &str, seq: u32, branch: &str, extra: &str, body: &str) -> String {
        let here = self.here();
        let (of, tag) = (method.replace("ACK2xx", "ACK"), &self.tag);
        let to = if tag.is_empty() { String::new() } else { format!(";tag={tag}") };
        format!(
            "{of} sip:1001@{} SIP/2.0\r\nVia: SIP/2.0/UDP {here};branch=z9hG4bK{branch};rport\r\nMax-Forwards: 70\r\n\
             From: \"Ada\" <sip:ada@{here}>;tag=f1\r\nTo: <sip:1001@{}>{to}\r\nCall-ID: {}\r\nCSeq: {seq} {of}\r\n\
             Contact: <sip:ada@{here}>\r\n{extra}Content-Length: {}\r\n\r\n{body}",
            self.server,
            self.server,
            self.id,
            body.len()
        )
    }

    fn invite(&self, branch: &str, extra: &str) -> String {
        self.request("INVITE", 1, branch, &format!("{extra}Content-Type: application/sdp\r\n"), OFFER)
    }

    async fn send(&self, text: &str) {
        self.socket.send_to(text.as_bytes(), self.server).await.unwrap();
    }

    async fn recv(&self) -> String {
        let mut buf = vec![0; 65_535];
        let (length, _) =
            timeout(PATIENCE, self.socket.recv_from(&mut buf)).await.expect("an answer comes").unwrap();
        String::from_utf8_lossy(&buf[..length]).into_owned()
    }

    /// The next message whose first line begins so; others are passed over.
    async fn expect(&self, start: &str) -> String {
        let wait = async {
            loop {
                let text = self.recv().await;
                if text.starts_with(start) {
                    return text;
                }
            }
        };
        timeout(PATIENCE, wait).await.unwrap_or_else(|_| panic!("no {start}"))
    }

    /// Nothing comes: what was sent before a probe that is answered got no answer itself.
    async fn silent_until(&self, probe: &str, answer: &str) {
        self.send(probe).await;
        let first = self.recv().await;
        assert!(first.starts_with(answer), "unexpected {first}");
    }

    /// A probe outside any dialog.
    fn options(&self, branch: &str) -> String {
        let text = self.request("OPTIONS", 1, branch, "", "");
        text.replace(&self.id, &format!("o-{branch}-{}", self.id))
            .replace(&format!(">;tag={}\r\nCall-ID", self.tag), ">\r\nCall-ID")
    }

    /// Sets a call up and returns its two ends.
    async fn talk(&mut self, server: &mut Server, extra: &str) -> (Dialog, mpsc::Receiver<DialogEvent>) {
        self.send(&self.invite("1", extra)).await;
        let IncomingCall { dialog, mut events, .. } = server.call().await;
        dialog.answer(ANSWER).await.unwrap();
        let ok = self.expect("SIP/2.0 200").await;
        self.tag = tag(&ok);
        self.send(&self.request("ACK", 1, "ack", "", "")).await;
        assert!(matches!(event(&mut events).await, DialogEvent::Confirmed { .. }));
        (dialog, events)
    }

    /// Answers a request of the server.
    async fn answer(&self, request: &str, status: &str, extra: &str, body: &str) {
        let kept: String = request
            .lines()
            .filter(|l| ["Via:", "From:", "To:", "Call-ID:", "CSeq:"].iter().any(|n| l.starts_with(n)))
            .map(|l| format!("{l}\r\n"))
            .collect();
        self.send(&format!("SIP/2.0 {status}\r\n{kept}{extra}Content-Length: {}\r\n\r\n{body}", body.len()))
            .await;
    }
}

fn line<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    text.lines().find_map(|l| l.strip_prefix(name)?.strip_prefix(": "))
}

fn tag(text: &str) -> String {
    line(text, "To").unwrap().split("tag=").nth(1).unwrap_or_default().to_owned()
}

fn trunk() -> TrunkAccess {
    let digest = DigestAccount { realm: "pbx".into(), user: "u".into(), password: "p".to_owned().into() };
    TrunkAccess {
        name: "west".into(),
        peers: vec!["127.0.0.1/32".parse().unwrap()],
        digest: Some(digest),
        ours: None,
    }
}
