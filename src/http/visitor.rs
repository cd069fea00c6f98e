//! Who asks: a browser with a session. Every handler of the portal takes a [`Visitor`], every one that changes something
//! a [`Posted`]; nothing else makes them.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{ConnectInfo, FromRequest, FromRequestParts, Request};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest as _, Sha256};

use crate::domain::{LinkToken, Owner};
use crate::service::access::{Act, Actor};
use crate::service::signin::{ABSOLUTE, HALF};

use super::shell::Notice;
use super::{Site, client, portal};

/// Most bytes of a form.
const LARGEST_FORM: usize = 64 * 1024;

/// Somebody who is signed in.
pub(super) struct Visitor {
    /// Who.
    pub(super) actor: Actor,
    /// What every form must carry: only pages of this session can know it.
    pub(super) csrf: String,
}

impl Visitor {
    /// The own mailbox; a page says so when there is none.
    #[expect(clippy::result_large_err, reason = "a refusal is the page itself, which is sent as it is")]
    pub(super) fn owner(&self) -> Result<Owner, Response> {
        let mailbox = self.actor.mailbox.ok_or_else(|| {
            Notice {
                title: "No mailbox",
                text: "You have no mailbox of your own. An administrator can give you one.",
            }
            .page(StatusCode::NOT_FOUND)
        })?;
        Ok(Owner { tenant: self.actor.tenant, mailbox })
    }

    /// Refuses what the role does not reach at all.
    #[expect(clippy::result_large_err, reason = "a refusal is the page itself, which is sent as it is")]
    pub(super) fn must(&self, act: Act) -> Result<(), Response> {
        if self.actor.reach(act) > crate::service::access::Reach::Own {
            return Ok(());
        }
        if self.actor.owes_factor {
            return Err(Notice {
                title: "A second factor first",
                text: "Your organisation asks for a second factor before you look after others. Turn it on in your settings, then come back.",
            }
            .page(StatusCode::FORBIDDEN));
        }
        Err(forbidden())
    }
}

/// What somebody may not do.
pub(super) fn forbidden() -> Response {
    Notice {
        title: "Not for you",
        text: "Your role does not open this page. An administrator can give you another one.",
    }
    .page(StatusCode::FORBIDDEN)
}

impl FromRequestParts<Arc<Site>> for Visitor {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, site: &Arc<Site>) -> Result<Self, Response> {
        match visitor(&parts.headers, site).await? {
            Some(visitor) => Ok(visitor),
            None => Err(portal::to_sign_in(site, parts)),
        }
    }
}

/// The visitor of these headers.
pub(super) async fn visitor(headers: &HeaderMap, site: &Site) -> Result<Option<Visitor>, Response> {
    let Some(token) = cookie(headers, site.cookie) else { return Ok(None) };
    match site.web.services.signin.visitor(token).await {
        Ok(actor) => Ok(actor.map(|actor| Visitor { actor, csrf: csrf(token) })),
        Err(error) => {
            tracing::warn!(%error, "a session cannot be looked up");
            Err(portal::away())
        }
    }
}

/// A form that was posted by a page of ours, by somebody who is signed in.
pub(super) struct Posted {
    /// Who.
    pub(super) visitor: Visitor,
    /// What.
    pub(super) fields: Fields,
}

impl FromRequest<Arc<Site>> for Posted {
    type Rejection = Response;

    async fn from_request(request: Request, site: &Arc<Site>) -> Result<Self, Response> {
        let (mut parts, body) = request.into_parts();
        let visitor = Visitor::from_request_parts(&mut parts, site).await?;
        if is_from_elsewhere(&parts.headers) {
            return Err(not_ours());
        }
        let header = parts.headers.get("x-csrf").and_then(|value| value.to_str().ok()).map(str::to_owned);
        let fields = Fields::read(Request::from_parts(parts, body)).await?;
        let given = header.as_deref().unwrap_or_else(|| fields.get("csrf"));
        if !same(given, &visitor.csrf) {
            return Err(not_ours());
        }
        Ok(Self { visitor, fields })
    }
}

/// A form of somebody who is not signed in: sign-in, one-time links. Its page set a cookie that it must answer to.
pub(super) struct PostedByStranger {
    /// What.
    pub(super) fields: Fields,
    /// Where it came from.
    pub(super) from: IpAddr,
    /// What the browser calls itself.
    pub(super) user_agent: String,
}

impl FromRequest<Arc<Site>> for PostedByStranger {
    type Rejection = Response;

    async fn from_request(request: Request, site: &Arc<Site>) -> Result<Self, Response> {
        let (parts, body) = request.into_parts();
        let from = source(&parts, site);
        let user_agent = parts.headers.get(header::USER_AGENT).and_then(|value| value.to_str().ok());
        let user_agent = user_agent.unwrap_or_default().to_owned();
        let expected = cookie(&parts.headers, FORM_COOKIE).map(csrf);
        let is_elsewhere = is_from_elsewhere(&parts.headers);
        let fields = Fields::read(Request::from_parts(parts, body)).await?;
        if is_elsewhere || !expected.is_some_and(|expected| same(fields.get("csrf"), &expected)) {
            return Err(not_ours());
        }
        Ok(Self { fields, from, user_agent })
    }
}

/// The cookie of forms before the sign-in.
const FORM_COOKIE: &str = "aftertone-form";

/// A token for a form before the sign-in, and the cookie that must come back with it.
pub(super) fn form_token(site: &Site, headers: &HeaderMap) -> (String, Option<HeaderValue>) {
    if let Some(known) = cookie(headers, FORM_COOKIE).filter(|text| text.parse::<LinkToken>().is_ok()) {
        return (csrf(known), None);
    }
    let mut bytes = [0; 20];
    site.web.clock.fill(&mut bytes);
    let token = LinkToken::from_bytes(bytes).expose();
    let secure = if site.is_secure { "; Secure" } else { "" };
    let path = site.path();
    let text = format!("{FORM_COOKIE}={token}; Path={path}; HttpOnly; SameSite=Strict{secure}");
    (csrf(&token), HeaderValue::try_from(text).ok())
}

/// The cookie of a session that was opened.
pub(super) fn session_cookie(site: &Site, token: &LinkToken) -> Option<HeaderValue> {
    set_cookie(site, &token.expose(), ABSOLUTE.as_secs())
}

/// Takes the cookie away.
pub(super) fn no_cookie(site: &Site) -> Option<HeaderValue> {
    set_cookie(site, "", 0)
}

/// The cookie of a sign-in whose password was right.
const CODE_COOKIE: &str = "aftertone-code";

/// The cookie of a sign-in that awaits a code.
pub(super) fn code_cookie(site: &Site, token: &LinkToken) -> Option<HeaderValue> {
    code_cookie_of(site, &token.expose(), HALF.as_secs())
}

/// Takes that cookie away.
pub(super) fn no_code_cookie(site: &Site) -> Option<HeaderValue> {
    code_cookie_of(site, "", 0)
}

/// The token of a sign-in that awaits a code; empty when there is none.
pub(super) fn half_sign_in(headers: &HeaderMap) -> &str {
    cookie(headers, CODE_COOKIE).unwrap_or_default()
}

fn code_cookie_of(site: &Site, value: &str, age: u64) -> Option<HeaderValue> {
    let (path, secure) = (site.path(), if site.is_secure { "; Secure" } else { "" });
    let text =
        format!("{CODE_COOKIE}={value}; Path={path}; Max-Age={age}; HttpOnly; SameSite=Strict{secure}");
    HeaderValue::try_from(text).ok()
}

fn set_cookie(site: &Site, value: &str, age: u64) -> Option<HeaderValue> {
    let secure = if site.is_secure { "; Secure" } else { "" };
    let (name, path) = (site.cookie, site.path());
    let text = format!("{name}={value}; Path={path}; Max-Age={age}; HttpOnly; SameSite=Lax{secure}");
    HeaderValue::try_from(text).ok()
}

/// The value of a cookie (RFC 6265 §5.4).
pub(super) fn cookie<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    let lines = headers.get_all(header::COOKIE).into_iter().filter_map(|value| value.to_str().ok());
    lines.flat_map(|line| line.split(';')).find_map(|pair| {
        let (key, value) = pair.trim().split_once('=')?;
        (key == name && !value.is_empty()).then_some(value)
    })
}

/// What forms of a session carry. The session's token cannot be had from it.
pub(super) fn csrf(token: &str) -> String {
    URL_SAFE_NO_PAD.encode(Sha256::digest(format!("aftertone-csrf\0{token}")))
}

/// Compares without telling by its time where the texts differ.
pub(super) fn same(one: &str, other: &str) -> bool {
    one.len() == other.len() && one.bytes().zip(other.bytes()).fold(0, |sum, (a, b)| sum | (a ^ b)) == 0
}

/// Whether the browser itself says that the request was made by another site's page (Fetch Metadata).
pub(super) fn is_from_elsewhere(headers: &HeaderMap) -> bool {
    let site = headers.get("sec-fetch-site").and_then(|value| value.to_str().ok());
    site.is_some_and(|site| site != "same-origin" && site != "none")
}

/// The address of the client, behind trusted proxies as well.
pub(super) fn source(parts: &Parts, site: &Site) -> IpAddr {
    let peer = parts.extensions.get::<ConnectInfo<SocketAddr>>();
    let peer = peer.map_or(IpAddr::V6(Ipv6Addr::UNSPECIFIED), |peer| peer.0.ip());
    client::address(peer, &parts.headers, &site.web.trusted_proxies)
}

/// A form that no page of this session made.
pub(super) fn not_ours() -> Response {
    Notice {
        title: "Please try again",
        text: "This form was open for too long, or came from elsewhere. Nothing was changed. Go back, load the page again and repeat.",
    }
    .page(StatusCode::FORBIDDEN)
}

/// The fields of a form, each perhaps several times.
#[derive(Debug, Default)]
pub(super) struct Fields(HashMap<String, Vec<String>>);

impl Fields {
    async fn read(request: Request) -> Result<Self, Response> {
        let body = axum::body::to_bytes(request.into_body(), LARGEST_FORM).await.map_err(|_| {
            Notice { title: "Too much", text: "This form takes no more than 64 KiB." }
                .page(StatusCode::PAYLOAD_TOO_LARGE)
        })?;
        Ok(Self::parse(&body))
    }

    pub(super) fn parse(body: &Bytes) -> Self {
        let mut fields: HashMap<String, Vec<String>> = HashMap::new();
        for (name, value) in url::form_urlencoded::parse(body).take(1000) {
            fields.entry(name.into_owned()).or_default().push(value.into_owned());
        }
        Self(fields)
    }

    /// The first value; empty when there is none.
    pub(super) fn get(&self, name: &str) -> &str {
        self.0.get(name).and_then(|values| values.first()).map_or("", String::as_str)
    }

    /// Every field whose name begins so, with the rest of its name and its first value.
    pub(super) fn beginning<'f>(&'f self, start: &'f str) -> impl Iterator<Item = (&'f str, &'f str)> {
        self.0
            .iter()
            .filter_map(move |(name, values)| Some((name.strip_prefix(start)?, values.first()?.as_str())))
    }

    /// Every value.
    pub(super) fn all(&self, name: &str) -> &[String] {
        self.0.get(name).map_or(&[], Vec::as_slice)
    }

    /// Whether a box is ticked.
    pub(super) fn is_on(&self, name: &str) -> bool {
        !self.get(name).is_empty()
    }

    /// A secret, which is not kept longer than needed.
    pub(super) fn secret(&self, name: &str) -> secrecy::SecretString {
        self.get(name).to_owned().into()
    }
}

/// `303 See Other` below our own path.
pub(super) fn see(site: &Site, path: &str) -> Response {
    let to = format!("{}{path}", site.base);
    (StatusCode::SEE_OTHER, [(header::LOCATION, to)]).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cookie_is_found_among_others_and_by_its_whole_name() {
        let mut headers = HeaderMap::new();
        headers.append(header::COOKIE, "xaftertone=no; aftertone=yes; theme=dark".parse().unwrap());
        assert_eq!(cookie(&headers, "aftertone"), Some("yes"));
        assert_eq!(cookie(&headers, "other"), None);
    }

    #[test]
    fn texts_are_the_same_only_when_every_byte_is() {
        assert!(same("abc", "abc") && !same("abc", "abd") && !same("abc", "ab") && !same("", "a"));
    }
}
