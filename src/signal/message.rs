//! What we write: responses and in-dialog requests with the headers that RFC 3261 asks for. No IO.

use std::sync::Arc;

use rsipstack::sip::headers::make_header;
use rsipstack::sip::uri::{Domain, Host, HostWithPort, Scheme, Uri};
use rsipstack::sip::{Header, Headers, Method, Request, Response, StatusCode, Version};

use super::text;
use super::wire::header;
use crate::sip::body::{BodyRefusal, session_description};

/// Methods that we serve.
pub(super) const ALLOW: &str = "INVITE, ACK, BYE, CANCEL, OPTIONS, UPDATE, INFO, PRACK, NOTIFY, SUBSCRIBE";
/// Extensions that we know (RFC 4028, RFC 3262).
pub(super) const SUPPORTED: &str = "timer, 100rel";
/// Bodies that we read.
pub(super) const ACCEPT: &str =
    "application/sdp, multipart/mixed, application/dtmf-relay, application/dtmf, message/sipfrag";

/// A response to `request` with the copied headers of RFC 3261 §8.2.6; `tag` completes a To without one.
pub(super) fn respond(request: &Request, code: u16, tag: &str, server: &str) -> Response {
    let copied = |h: &&Header| {
        matches!(h, Header::Via(_) | Header::From(_) | Header::CallId(_) | Header::CSeq(_))
            || (code == 100 && matches!(h, Header::Timestamp(_)))
    };
    let mut headers = Vec::with_capacity(16);
    headers.extend(request.headers.iter().filter(copied).cloned());
    let to = header(&request.headers, "To").unwrap_or_default();
    let tagged = code == 100 || tag_of(to).is_some();
    headers.push(make_header("To", if tagged { to.to_owned() } else { format!("{to};tag={tag}") }));
    headers.push(make_header("Server", server.to_owned()));
    let mut response = Response {
        status_code: StatusCode::from(code),
        wire_reason: None,
        version: Version::V2,
        headers: Headers(headers),
        body: Vec::new(),
    };
    if matches!(code, 405 | 501) {
        add(&mut response, "Allow", ALLOW);
    }
    if matches!(code, 415 | 406) {
        add(&mut response, "Accept", "application/sdp, multipart/mixed");
    }
    response
}

/// Appends a header.
pub(super) fn add(response: &mut Response, name: &str, value: impl Into<String>) {
    response.headers.push(make_header(name, value.into()));
}

/// Copies the Record-Route of the request, as each response that makes a dialog must (RFC 3261 §12.1.1).
pub(super) fn record_route(response: &mut Response, request: &Request) {
    response
        .headers
        .0
        .extend(request.headers.iter().filter(|h| matches!(h, Header::RecordRoute(_))).cloned());
}

/// Sets the body, or none, and its length. To be called last.
pub(super) fn body(mut response: Response, content: Option<&str>) -> Response {
    if let Some(content) = content {
        add(&mut response, "Content-Type", "application/sdp");
        response.body = content.as_bytes().to_vec();
    }
    let length = response.body.len().to_string();
    add(&mut response, "Content-Length", length);
    response
}

/// The tag of a From or To value.
pub(super) fn tag_of(value: &str) -> Option<&str> {
    let address = text::address(value)?;
    text::param(address.params, "tag").filter(|tag| !tag.is_empty())
}

/// The session description of a body with these headers, when there is one.
///
/// # Errors
/// When there is a body, but none that can be read.
pub(super) fn sdp(headers: &Headers, body: &[u8]) -> Result<Option<String>, BodyRefusal> {
    session_description(header(headers, "Content-Type"), header(headers, "Content-Encoding"), body)
}

/// Number of a request's CSeq.
pub(super) fn sequence(headers: &Headers) -> u32 {
    header(headers, "CSeq").and_then(super::wire::cseq).map_or(0, |(number, _)| number)
}

/// A dialog as RFC 3261 §12 describes it, seen from our side.
#[derive(Debug, Clone)]
pub(super) struct Peer {
    pub(super) call_id: String,
    /// Our address with our tag.
    pub(super) local: String,
    /// The other's address, with its tag once it is known.
    pub(super) remote: String,
    pub(super) local_tag: String,
    /// Number of the last request of ours.
    pub(super) local_seq: u32,
    /// Number of the last request of theirs.
    pub(super) remote_seq: Option<u32>,
    /// The other's Contact.
    pub(super) target: String,
    pub(super) routes: Vec<String>,
    /// `User-Agent`.
    pub(super) user_agent: Arc<str>,
}

impl Peer {
    /// The URI of the next hop: the first route, or the target.
    pub(super) fn next_hop(&self) -> &str {
        let route = self.routes.first().and_then(|route| text::address(route)).map(|route| route.uri);
        route.unwrap_or(&self.target)
    }

    /// Takes the next sequence number.
    pub(super) fn advance(&mut self) -> u32 {
        self.local_seq = self.local_seq.wrapping_add(1);
        self.local_seq
    }

    /// A request in the dialog (RFC 3261 §12.2.1.1). A first hop that is a strict router gets the Request-URI.
    pub(super) fn request(&self, method: Method, seq: u32, via: String, contact: &str) -> Option<Request> {
        let mut routes: Vec<&str> = self.routes.iter().map(String::as_str).collect();
        let mut target = self.target.as_str();
        let bracketed = format!("<{target}>");
        let strict = routes.first().and_then(|first| text::address(first)).map(|first| first.uri);
        if let Some(strict) = strict.filter(|uri| !is_loose(uri)) {
            target = strict;
            routes.remove(0);
            routes.push(&bracketed);
        }
        let mut headers = vec![
            make_header("Via", via),
            make_header("Max-Forwards", "70".to_owned()),
            make_header("From", self.local.clone()),
            make_header("To", self.remote.clone()),
            make_header("Call-ID", self.call_id.clone()),
            make_header("CSeq", format!("{seq} {method}")),
            make_header("User-Agent", self.user_agent.to_string()),
        ];
        headers.extend(routes.iter().map(|route| make_header("Route", (*route).to_owned())));
        if !matches!(method, Method::Bye | Method::Cancel | Method::Ack) {
            headers.push(make_header("Contact", contact.to_owned()));
            headers.push(make_header("Allow", ALLOW.to_owned()));
            headers.push(make_header("Supported", "timer".to_owned()));
        }
        let uri = verbatim(target)?;
        Some(Request { method, uri, version: Version::V2, headers: Headers(headers), body: Vec::new() })
    }
}

/// A SIP URI that is written as it is read: the stack's own reader takes user parts and parameters apart and puts them
/// together otherwise. Its host is never used, as every request carries its destination.
fn verbatim(uri: &str) -> Option<Uri> {
    let (scheme, rest) = uri.split_once(':')?;
    let scheme = match scheme.to_ascii_lowercase().as_str() {
        "sip" => Scheme::Sip,
        "sips" => Scheme::Sips,
        _ => return None,
    };
    let host = Host::Domain(Domain(rest.to_owned()));
    let host_with_port = HostWithPort { host, port: None };
    Some(Uri { scheme: Some(scheme), host_with_port, ..Uri::default() })
}

fn is_loose(uri: &str) -> bool {
    text::place(uri).is_some_and(|place| text::param(place.params, "lr").is_some())
}

/// Gives a request of ours a body; without one it gets its length of zero.
pub(super) fn with_body(mut request: Request, content: Option<(&str, &str)>) -> Request {
    if let Some((kind, content)) = content {
        request.headers.push(make_header("Content-Type", kind.to_owned()));
        request.body = content.as_bytes().to_vec();
    }
    let length = request.body.len().to_string();
    request.headers.push(make_header("Content-Length", length));
    request
}

#[cfg(test)]
mod tests {
    use super::*;

    fn peer(routes: &[&str]) -> Peer {
        Peer {
            call_id: "c1".into(),
            local: "<sip:a@x>;tag=1".into(),
            remote: "<sip:b@y>;tag=2".into(),
            local_tag: "1".into(),
            local_seq: 4,
            remote_seq: None,
            target: "sip:b@192.0.2.1".into(),
            routes: routes.iter().map(|&r| r.to_owned()).collect(),
            user_agent: "t".into(),
        }
    }

    fn written(peer: &Peer) -> String {
        let request =
            peer.request(Method::Bye, 5, "SIP/2.0/UDP h;branch=z9hG4bK1".into(), "<sip:h>").unwrap();
        with_body(request, None).to_string()
    }

    #[test]
    fn loose_routes_keep_the_target_as_request_uri() {
        let text = written(&peer(&["<sip:p1;lr>", "<sip:p2;lr>"]));
        assert!(text.starts_with("BYE sip:b@192.0.2.1 SIP/2.0\r\n"), "{text}");
        assert!(text.contains("Route: <sip:p1;lr>\r\nRoute: <sip:p2;lr>\r\n"), "{text}");
    }

    #[test]
    fn a_strict_router_gets_the_request_uri_and_the_target_goes_last() {
        let text = written(&peer(&["<sip:p1>", "<sip:p2;lr>"]));
        assert!(text.starts_with("BYE sip:p1 SIP/2.0\r\n"), "{text}");
        assert!(text.contains("Route: <sip:p2;lr>\r\nRoute: <sip:b@192.0.2.1>\r\n"), "{text}");
    }

    #[test]
    fn the_request_uri_is_the_contact_as_the_peer_wrote_it() {
        for target in [
            "sip:a;b=c@192.0.2.1:5070;transport=tcp;ob",
            "sip:+1-555;phone-context=x@gw.example;user=phone",
            "sip:192.0.2.1",
            "sip:u%20v@[2001:db8::1]:5061;x=y",
            "sips:a:pw@h;alias=192.0.2.1~5060~1",
        ] {
            let text = written(&Peer { target: target.into(), ..peer(&[]) });
            assert!(text.starts_with(&format!("BYE {target} SIP/2.0\r\n")), "{target}: {text}");
        }
    }
}
