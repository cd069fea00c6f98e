//! What a trunk's administrator may set about finding the mailbox. Part of the configuration file.

use serde::{Deserialize, Deserializer, Serialize};

/// Where the called mailbox may be named, in the order in which it is looked for unless a trunk says otherwise.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Source {
    /// `target` of the Request-URI (RFC 4458).
    Target,
    /// A prefix before the number in the Request-URI, for example `vm-1001`.
    Prefix,
    /// A header that the trunk's rules name.
    Header,
    /// `History-Info` (RFC 7044).
    HistoryInfo,
    /// `Diversion` (RFC 5806).
    Diversion,
    /// The user part of the Request-URI.
    RequestUri,
    /// The user part of `To`: a proxy that only rewrites the Request-URI leaves the called party there.
    To,
    /// The number that owners call to hear their messages.
    Access,
    /// A number at which people are looked for by name.
    Directory,
    /// The tenant's default action. Comes last of all when the order does not name it.
    Default,
}

impl Source {
    /// The order when nothing is set.
    pub const ORDER: [Self; 10] = [
        // Whoever dialled it wants nothing else, whatever another header says.
        Self::Directory,
        Self::Target,
        Self::Prefix,
        Self::Header,
        Self::HistoryInfo,
        Self::Diversion,
        Self::RequestUri,
        Self::To,
        Self::Access,
        Self::Default,
    ];

    /// The word of the configuration and the log.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Target => "target",
            Self::Prefix => "prefix",
            Self::Header => "header",
            Self::HistoryInfo => "history-info",
            Self::Diversion => "diversion",
            Self::RequestUri => "request-uri",
            Self::To => "to",
            Self::Access => "access",
            Self::Directory => "directory",
            Self::Default => "default",
        }
    }
}

impl std::fmt::Display for Source {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Which of several redirectors owns the mailbox.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Redirector {
    /// The last one: the topmost `Diversion`, the latest redirection of `History-Info`.
    #[default]
    #[serde(alias = "top")]
    Last,
    /// The first one: the party who was called originally; the bottom `Diversion`.
    #[serde(alias = "bottom")]
    First,
}

/// A header that names the mailbox.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HeaderRule {
    /// Name of the header, in any case: `P-App-Param`.
    pub name: String,
    /// The parameter that holds number, alias or URI: `usr`. Without it the whole value does.
    #[serde(default)]
    pub param: Option<String>,
}

/// How a trunk names mailboxes. The default suits every system of which we know how it sends forwarded calls.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TrunkRules {
    /// Name of the tenant for calls whose host part is no tenant's domain.
    pub tenant: Option<String>,
    /// Where to look, in this order. Sources that are not named are not looked at.
    pub order: Vec<Source>,
    /// Sources that are passed over.
    pub disabled: Vec<Source>,
    /// Which of several `Diversion` values counts: `top` (`last`) or `bottom` (`first`).
    pub diversion: Redirector,
    /// Which of several redirections in `History-Info` counts: `last` or `first`.
    pub history: Redirector,
    /// Redirectors that own no mailbox, as hunt pilots: the next one counts instead.
    pub skip: Vec<String>,
    /// As many last digits are enough to know a number, 2 to 20. More than one match is no match.
    #[serde(deserialize_with = "last_digits")]
    pub last_digits: Option<u8>,
    /// Country code without `+`, for numbers that come in the national form.
    pub country_code: Option<String>,
    /// What stands before a national number, for example `0`.
    pub national_prefix: Option<String>,
    /// What stands for `+`, for example `00`.
    pub international_prefix: Option<String>,
    /// What may stand before the number in the Request-URI, for example `vm-` or `*`.
    pub prefixes: Vec<String>,
    /// Headers that name the mailbox; the first one that is there counts.
    pub headers: Vec<HeaderRule>,
    /// Numbers that owners call to hear their messages.
    pub access_numbers: Vec<String>,
    /// Numbers at which callers look for people by name.
    pub directory_numbers: Vec<String>,
}

impl Default for TrunkRules {
    fn default() -> Self {
        Self {
            tenant: None,
            order: Source::ORDER.to_vec(),
            disabled: Vec::new(),
            diversion: Redirector::Last,
            history: Redirector::Last,
            skip: Vec::new(),
            last_digits: None,
            country_code: None,
            national_prefix: None,
            international_prefix: None,
            prefixes: vec!["vm-".to_owned()],
            headers: Vec::new(),
            access_numbers: Vec::new(),
            directory_numbers: Vec::new(),
        }
    }
}

impl TrunkRules {
    /// The sources to look at, in order, up to the default action.
    pub(super) fn sources(&self) -> impl Iterator<Item = Source> {
        let wanted = |source: &Source| !self.disabled.contains(source);
        self.order.iter().copied().take_while(|source| *source != Source::Default).filter(wanted)
    }
}

fn last_digits<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u8>, D::Error> {
    let digits = Option::<u8>::deserialize(deserializer)?;
    match digits {
        Some(few) if !(2..=20).contains(&few) => {
            Err(serde::de::Error::custom("last_digits is a number from 2 to 20"))
        }
        fine => Ok(fine),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_trunk_sets_only_what_differs() {
        let rules: TrunkRules = toml::from_str(
            r#"
            tenant = "acme"
            order = ["diversion", "request-uri"]
            diversion = "bottom"
            skip = ["5000"]
            last_digits = 4
            headers = [{ name = "P-App-Param", param = "usr" }]
            "#,
        )
        .unwrap();
        assert_eq!(rules.sources().collect::<Vec<_>>(), [Source::Diversion, Source::RequestUri]);
        assert_eq!((rules.diversion, rules.history), (Redirector::First, Redirector::Last));
        assert_eq!(rules.last_digits, Some(4));
        assert_eq!(toml::from_str::<TrunkRules>("").unwrap(), TrunkRules::default());
    }

    #[test]
    fn what_is_not_understood_is_refused() {
        for bad in ["last_digits = 1", "diversion = \"middle\"", "order = [\"from\"]", "prefix = \"vm-\""] {
            assert!(toml::from_str::<TrunkRules>(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn sources_behind_the_default_action_and_disabled_ones_are_not_asked() {
        let rules = TrunkRules {
            order: vec![Source::To, Source::Target, Source::Default, Source::Header],
            disabled: vec![Source::To],
            ..TrunkRules::default()
        };
        assert_eq!(rules.sources().collect::<Vec<_>>(), [Source::Target]);
    }
}
