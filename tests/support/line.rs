//! A SIP and RTP peer written by hand: sends exactly what a test wants, keeps everything that comes.

use std::cell::RefCell;
use std::net::{SocketAddr, UdpSocket};
use std::time::{Duration, Instant};

/// A peer with one UDP port for SIP and one for RTP, on an address of the loopback network.
pub(crate) struct Line {
    pub(crate) sip: UdpSocket,
    pub(crate) rtp: UdpSocket,
    server: SocketAddr,
    /// Every request that the server sent us.
    pub(crate) requests: Vec<String>,
    call: String,
    to: String,
    remote_rtp: Option<SocketAddr>,
    cseq: u32,
    /// What was sent last: sent again until it is answered, as every SIP client does over UDP (RFC 3261 §17.1.1.2).
    last: RefCell<Vec<u8>>,
    /// Display name in From, as it is written.
    pub(crate) name: String,
}

impl Line {
    pub(crate) fn new(address: &str, server: SocketAddr) -> Self {
        let bind = || UdpSocket::bind((address, 0)).unwrap();
        let (sip, rtp) = (bind(), bind());
        rtp.set_nonblocking(true).unwrap();
        let call = format!("{}@{address}", sip.local_addr().unwrap().port());
        Self {
            sip,
            rtp,
            server,
            requests: vec![],
            call,
            to: String::new(),
            remote_rtp: None,
            cseq: 1,
            last: RefCell::default(),
            name: "\"Grace\"".to_owned(),
        }
    }

    /// A request of ours. `extra` are whole header lines.
    pub(crate) fn request(&self, method: &str, uri: &str, extra: &str, body: &str) -> String {
        let here = self.sip.local_addr().unwrap();
        let kind = match method {
            "INFO" => "application/dtmf-relay",
            "NOTIFY" => "message/sipfrag;version=2.0",
            _ => "application/sdp",
        };
        let kind = if body.is_empty() { String::new() } else { format!("Content-Type: {kind}\r\n") };
        let to = if self.to.is_empty() { "<sip:1001@vm.example>" } else { &self.to };
        format!(
            "{method} {uri} SIP/2.0\r\nVia: SIP/2.0/UDP {here};branch=z9hG4bK{}{method}{};rport\r\nMax-Forwards: 70\r\n\
             From: {} <sip:1002@{here}>;tag=g1\r\nTo: {to}\r\nCall-ID: {}\r\nCSeq: {} {method}\r\n\
             Contact: <sip:1002@{here}>\r\n{extra}{kind}Content-Length: {}\r\n\r\n{body}",
            self.cseq,
            here.port(),
            self.name,
            self.call,
            self.cseq,
            body.len(),
        )
    }

    pub(crate) fn offer(&self) -> String {
        let at = self.rtp.local_addr().unwrap();
        let (ip, port) = (at.ip(), at.port());
        format!(
            "v=0\r\no=- 1 1 IN IP4 {ip}\r\ns=-\r\nc=IN IP4 {ip}\r\nt=0 0\r\nm=audio {port} RTP/AVP 0 101\r\n\
             a=rtpmap:101 telephone-event/8000\r\n"
        )
    }

    pub(crate) fn send(&self, bytes: &[u8]) {
        self.sip.send_to(bytes, self.server).unwrap();
        *self.last.borrow_mut() = bytes.to_vec();
    }

    /// The next message within `wait`. Requests are kept and answered with 200 (REFER with 202).
    pub(crate) fn next(&mut self, wait: Duration) -> Option<String> {
        let until = Instant::now() + wait;
        let mut bytes = [0; 65_535];
        while let Some(left) = until.checked_duration_since(Instant::now()).filter(|left| !left.is_zero()) {
            self.sip.set_read_timeout(Some(left)).unwrap();
            let Ok((length, _)) = self.sip.recv_from(&mut bytes) else { continue };
            let text = String::from_utf8_lossy(&bytes[..length]).into_owned();
            if text.starts_with("SIP/2.0") {
                return Some(text);
            }
            let code = if text.starts_with("REFER") { "202 Accepted" } else { "200 OK" };
            let echo = |line: &&str| {
                ["Via:", "From:", "To:", "Call-ID:", "CSeq:"].iter().any(|name| line.starts_with(name))
            };
            let head: Vec<&str> = text.split("\r\n").filter(echo).collect();
            let answer = format!("SIP/2.0 {code}\r\n{}\r\nContent-Length: 0\r\n\r\n", head.join("\r\n"));
            self.sip.send_to(answer.as_bytes(), self.server).unwrap();
            self.requests.push(text);
        }
        None
    }

    /// The final answer to what was sent last.
    pub(crate) fn answer(&mut self, wait: Duration) -> Option<(u16, String)> {
        let until = Instant::now() + wait;
        let mut pause = Duration::from_millis(500);
        while let Some(left) = until.checked_duration_since(Instant::now()) {
            let Some(text) = self.next(left.min(pause)) else {
                pause = (pause * 2).min(Duration::from_secs(4));
                self.sip.send_to(&self.last.borrow(), self.server).unwrap();
                continue;
            };
            let code = text.get(8..11).and_then(|code| code.parse().ok()).unwrap_or(0);
            if code >= 200 && text.contains(&format!("CSeq: {} ", self.cseq)) {
                return Some((code, text));
            }
        }
        None
    }

    /// Calls `uri` and confirms the answer; the code of it.
    pub(crate) fn call(&mut self, uri: &str, extra: &str) -> u16 {
        let offer = self.offer();
        self.send(self.request("INVITE", uri, extra, &offer).as_bytes());
        let (code, answer) = self.answer(Duration::from_secs(20)).expect("an answer");
        let to = answer.lines().find_map(|line| line.strip_prefix("To: ")).expect("a To");
        self.to = to.to_owned();
        if code == 200 {
            let port = answer.lines().find_map(|line| line.strip_prefix("m=audio ")).expect("audio");
            let port: u16 = port.split(' ').next().unwrap().parse().unwrap();
            self.remote_rtp = Some(SocketAddr::new(self.server.ip(), port));
        }
        self.send(self.request("ACK", uri, "", "").as_bytes());
        code
    }

    /// Where our RTP goes.
    pub(crate) fn remote(&self) -> SocketAddr {
        self.remote_rtp.expect("the call is up")
    }

    /// Presses a key by INFO.
    pub(crate) fn press(&mut self, key: char) {
        self.cseq += 1;
        let body = format!("Signal={key}\r\nDuration=160\r\n");
        self.send(self.request("INFO", "sip:1001@vm.example", "", &body).as_bytes());
        let (code, _) = self.answer(Duration::from_secs(10)).expect("an answer to INFO");
        assert_eq!(code, 200);
    }

    /// Tells how the transfer went that was asked for (RFC 3515 §2.4.4), as the last word about it.
    #[allow(dead_code, reason = "not every test binary that includes this transfers a call")]
    pub(crate) fn notify(&mut self, status: &str) {
        self.cseq += 1;
        let extra = "Event: refer\r\nSubscription-State: terminated;reason=noresource\r\n";
        let body = format!("SIP/2.0 {status}\r\n");
        self.send(self.request("NOTIFY", "sip:1001@vm.example", extra, &body).as_bytes());
        let (code, _) = self.answer(Duration::from_secs(10)).expect("an answer to NOTIFY");
        assert_eq!(code, 200);
    }

    /// Ends the call.
    pub(crate) fn hang_up(&mut self) {
        self.cseq += 1;
        self.send(self.request("BYE", "sip:1001@vm.example", "", "").as_bytes());
        self.answer(Duration::from_secs(10)).expect("an answer to BYE");
    }

    /// Whether OPTIONS is answered.
    pub(crate) fn probe(&mut self) -> bool {
        self.cseq += 1;
        self.send(self.request("OPTIONS", "sip:vm.example", "", "").as_bytes());
        self.answer(Duration::from_secs(30)).is_some()
    }

    /// All RTP datagrams that came so far.
    pub(crate) fn heard(&self) -> Vec<Vec<u8>> {
        let mut bytes = [0; 2048];
        std::iter::from_fn(|| self.rtp.recv(&mut bytes).ok().map(|length| bytes[..length].to_vec())).collect()
    }
}

/// A packet of PCMU.
pub(crate) fn packet(sequence: u16, timestamp: u32, ssrc: u32, payload_type: u8, payload: &[u8]) -> Vec<u8> {
    let mut bytes = vec![0x80, payload_type];
    bytes.extend(sequence.to_be_bytes());
    bytes.extend(timestamp.to_be_bytes());
    bytes.extend(ssrc.to_be_bytes());
    bytes.extend(payload);
    bytes
}
