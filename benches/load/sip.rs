//! As much SIP as a caller needs: the texts of one dialog, and what of an answer matters. RFC 3261 §12, §13, §17.1.

use std::net::SocketAddrV4;

/// What stands in every message of a call.
#[derive(Debug)]
pub(crate) struct Dialog {
    /// Number of the call; part of Call-ID and caller number.
    pub(crate) call: usize,
    /// Who calls.
    pub(crate) caller: String,
    /// The number that is called.
    pub(crate) mailbox: u32,
    /// Where the callers receive SIP.
    pub(crate) local: SocketAddrV4,
    /// Where the callers receive RTP.
    pub(crate) rtp: SocketAddrV4,
    /// Where the server listens.
    pub(crate) server: SocketAddrV4,
    /// `To` with the server's tag and the URI of its `Contact`, once it has answered.
    pub(crate) answered: Option<(String, String)>,
}

impl Dialog {
    /// A stranger's number: another one for each call.
    pub(crate) fn stranger(call: usize) -> String {
        format!("5{call:07}")
    }

    /// INVITE with an offer of PCMU and telephone-event.
    pub(crate) fn invite(&self) -> String {
        let (ip, port, call) = (self.rtp.ip(), self.rtp.port(), self.call);
        let sdp = format!(
            "v=0\r\no=- {call} 1 IN IP4 {ip}\r\ns=-\r\nc=IN IP4 {ip}\r\nt=0 0\r\nm=audio {port} RTP/AVP 0 101\r\n\
             a=rtpmap:0 PCMU/8000\r\na=rtpmap:101 telephone-event/8000\r\na=fmtp:101 0-16\r\na=ptime:20\r\na=sendrecv\r\n"
        );
        self.request("INVITE", "invite", 1, &sdp)
    }

    /// ACK of a 2xx: a request of its own (§13.2.2.4). Of any other answer: part of the INVITE's transaction (§17.1.1.3).
    pub(crate) fn ack(&self, code: u16) -> String {
        self.request("ACK", if code < 300 { "ack" } else { "invite" }, 1, "")
    }

    /// BYE.
    pub(crate) fn bye(&self) -> String {
        self.request("BYE", "bye", 2, "")
    }

    fn request(&self, method: &str, branch: &str, cseq: u32, sdp: &str) -> String {
        let Self { call, caller, mailbox, local, server, .. } = self;
        let fresh = (format!("<sip:{mailbox}@{server}>"), format!("sip:{mailbox}@{server}"));
        let (to, target) = self.answered.as_ref().unwrap_or(&fresh);
        let content = if sdp.is_empty() { "" } else { "Content-Type: application/sdp\r\n" };
        format!(
            "{method} {target} SIP/2.0\r\nVia: SIP/2.0/UDP {local};branch=z9hG4bK-{call}-{branch};rport\r\nMax-Forwards: 70\r\n\
             From: \"Caller {call}\" <sip:{caller}@{local}>;tag=c{call}\r\nTo: {to}\r\nCall-ID: {call}@{local}\r\n\
             CSeq: {cseq} {method}\r\nContact: <sip:{caller}@{local}>\r\nAllow: INVITE, ACK, BYE, CANCEL, OPTIONS\r\n\
             {content}Content-Length: {length}\r\n\r\n{sdp}",
            length = sdp.len()
        )
    }
}

/// A message from the server.
#[derive(Debug)]
pub(crate) enum FromServer<'a> {
    /// An answer to one of our requests.
    Answer(Answer<'a>),
    /// A request of the server's, for example BYE when it ends the call.
    Request { call: usize, method: &'a str },
}

/// What of an answer matters.
#[derive(Debug)]
pub(crate) struct Answer<'a> {
    pub(crate) call: usize,
    pub(crate) code: u16,
    /// Method of the request that is answered.
    pub(crate) method: &'a str,
    /// `To` with its tag.
    pub(crate) to: &'a str,
    /// URI of `Contact`.
    pub(crate) contact: Option<&'a str>,
    /// Where the SDP wants RTP.
    pub(crate) media: Option<SocketAddrV4>,
}

/// Reads a message. `None`: not one that belongs to a call of ours.
pub(crate) fn read(text: &str) -> Option<FromServer<'_>> {
    let call = header(text, "Call-ID", "i")?.split('@').next()?.parse().ok()?;
    let Some(status) = text.strip_prefix("SIP/2.0 ") else {
        return Some(FromServer::Request { call, method: text.split(' ').next()? });
    };
    Some(FromServer::Answer(Answer {
        call,
        code: status.get(..3)?.parse().ok()?,
        method: header(text, "CSeq", "CSeq")?.split_whitespace().nth(1)?,
        to: header(text, "To", "t")?,
        contact: header(text, "Contact", "m").and_then(|value| value.split(['<', '>']).nth(1)),
        media: media(text),
    }))
}

/// 200 to a request of the server's.
pub(crate) fn ok(request: &str) -> String {
    let kept = ["Via", "From", "To", "Call-ID", "CSeq"];
    let is_kept = |line: &&str| {
        line.split_once(':')
            .is_some_and(|(name, _)| kept.iter().any(|kept| kept.eq_ignore_ascii_case(name.trim())))
    };
    let head = request.split("\r\n\r\n").next().unwrap_or_default();
    let lines: Vec<&str> = head.lines().filter(is_kept).collect();
    format!("SIP/2.0 200 OK\r\n{}\r\nContent-Length: 0\r\n\r\n", lines.join("\r\n"))
}

fn header<'a>(text: &'a str, name: &str, short: &str) -> Option<&'a str> {
    let head = text.split("\r\n\r\n").next()?;
    head.lines().skip(1).find_map(|line| {
        let (found, value) = line.split_once(':')?;
        let found = found.trim();
        (found.eq_ignore_ascii_case(name) || found.eq_ignore_ascii_case(short)).then(|| value.trim())
    })
}

/// Address and port of the audio in an SDP.
fn media(text: &str) -> Option<SocketAddrV4> {
    let sdp = text.split_once("\r\n\r\n")?.1;
    let after = |prefix: &str| sdp.lines().find_map(|line| line.strip_prefix(prefix));
    let ip = after("c=IN IP4 ")?.trim().parse().ok()?;
    let port = after("m=audio ")?.split(' ').next()?.parse().ok()?;
    Some(SocketAddrV4::new(ip, port))
}
