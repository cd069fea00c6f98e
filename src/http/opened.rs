//! The way in: every handler below a link takes an [`Opened`], and nothing else makes one.

use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::sync::Arc;

use axum::extract::{ConnectInfo, FromRequestParts, RawPathParams};
use axum::http::StatusCode;
use axum::http::request::Parts;
use axum::response::Response;

use crate::domain::Message;
use crate::service::links::{LinkRefusal, LinkedMessage};

use super::shell::Notice;
use super::{Site, client};

/// A link that holds, followed by somebody who did not guess.
pub(super) struct Opened {
    /// As it stands in the address.
    pub(super) token: String,
    /// What it opens.
    pub(super) linked: LinkedMessage,
}

impl Opened {
    /// The message behind the link.
    pub(super) const fn message(&self) -> &Message {
        self.linked.message()
    }
}

impl FromRequestParts<Arc<Site>> for Opened {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, site: &Arc<Site>) -> Result<Self, Response> {
        // A token that is not even text is a wrong one, and counts as such.
        let params = RawPathParams::from_request_parts(parts, site).await.ok();
        let token = params.as_ref().and_then(|params| params.iter().find(|(name, _)| *name == "token"));
        let token = token.map_or_else(String::new, |(_, token)| token.to_owned());
        let peer = parts.extensions.get::<ConnectInfo<SocketAddr>>();
        let peer = peer.map_or(IpAddr::V6(Ipv6Addr::UNSPECIFIED), |peer| peer.0.ip());
        let source = client::address(peer, &parts.headers, &site.web.trusted_proxies);
        if site.guesses.is_blocked(source) {
            return Err(too_many());
        }
        let linked = match site.web.links.open(&token).await {
            Ok(linked) => linked,
            Err(refusal) => {
                if matches!(refusal, LinkRefusal::Unknown) {
                    site.guesses.wrong(source);
                }
                return Err(refused(&refusal));
            }
        };
        // Guesses that were sent all at once learn nothing, either.
        if site.guesses.is_blocked(source) {
            return Err(too_many());
        }
        Ok(Self { token, linked })
    }
}

fn too_many() -> Response {
    Notice {
        title: "Too many wrong links",
        text: "Too many wrong links were tried from here. Please wait ten minutes.",
    }
    .page(StatusCode::TOO_MANY_REQUESTS)
}

fn refused(refusal: &LinkRefusal) -> Response {
    let (status, title, text) = match refusal {
        LinkRefusal::Unknown => (
            StatusCode::NOT_FOUND,
            "This link opens nothing",
            "Open the link exactly as it stands in the mail. If it is right, the message was deleted for good.",
        ),
        LinkRefusal::Expired => (
            StatusCode::GONE,
            "This link has expired",
            "Links work for a limited time only. Listen to the message by phone, or ask your administrator.",
        ),
        LinkRefusal::Revoked => (
            StatusCode::GONE,
            "This link was withdrawn",
            "It no longer opens the message. Listen by phone, or ask your administrator.",
        ),
        LinkRefusal::Store(error) => {
            tracing::warn!(%error, "a link cannot be looked up");
            return away();
        }
    };
    Notice { title, text }.page(status)
}

/// The database is away.
pub(super) fn away() -> Response {
    Notice {
        title: "Please try again",
        text: "Your message is safe, but cannot be reached at the moment. Please try again in a few minutes.",
    }
    .page(StatusCode::SERVICE_UNAVAILABLE)
}
