//! What an INVITE says about who calls whom, and how the call came here. Header values are kept as text: each
//! source is parsed by its own rules when the routing asks for it.

/// A name-addr: display name and URI (RFC 3261 §20.10).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Party {
    /// Display name, unquoted.
    pub name: Option<String>,
    /// The URI as it was sent.
    pub uri: String,
}

/// The routing-relevant parts of an INVITE. `aftertone explain` makes the same from its arguments.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CallFacts {
    /// Request-URI.
    pub request_uri: String,
    /// To.
    pub to: Party,
    /// From.
    pub from: Party,
    /// P-Asserted-Identity values, only from trusted peers (RFC 3325).
    pub asserted: Vec<Party>,
    /// `Privacy` values (RFC 3323), lower case.
    pub privacy: Vec<String>,
    /// `Diversion` values, topmost (last redirector) first, one value each (RFC 5806).
    pub diversion: Vec<String>,
    /// `History-Info` values in order, one hi-entry each (RFC 7044).
    pub history_info: Vec<String>,
    /// Every other header as (name, value), for tenant rules on headers.
    pub headers: Vec<(String, String)>,
    /// Call-ID, for the log.
    pub call_id: String,
}
