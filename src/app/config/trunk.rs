//! `[[sip.trunks]]`: peers with names, accounts and rules, and how calls of ours go out over them.

use std::time::Duration;

use ipnet::IpNet;
use secrecy::SecretString;
use serde::Deserialize;

use super::{ConfigError, values};
use crate::call::TrunkOut;
use crate::service::outbound::{AllowedTargets, WayOut};
use crate::service::routing::TrunkRules;
use crate::signal::DigestAccount;

/// One of `[[sip.trunks]]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Trunk {
    /// Its name in rules and logs.
    pub name: String,
    /// Addresses it calls from.
    #[serde(deserialize_with = "values::networks")]
    pub peers: Vec<IpNet>,
    /// Digest realm; set together with `user` and `password`.
    pub realm: Option<String>,
    /// Digest user.
    pub user: Option<String>,
    /// Digest password.
    pub password: Option<SecretString>,
    /// Where its calls may be transferred to; replaces `sip.transfer_targets` for this trunk.
    pub transfer_targets: Option<Vec<String>>,
    /// How the mailbox is found.
    #[serde(default)]
    pub route: TrunkRules,
    /// Calls that we place go out over it.
    pub out: Option<Out>,
}

/// `out` of a trunk.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Out {
    /// Where calls go: a host, with or without port and parameters, for example `pbx.example.org;transport=tcp`.
    pub to: String,
    /// Whom they may reach: numbers, or number prefixes ending in `*`. Empty: nobody.
    #[serde(default)]
    pub targets: Vec<String>,
    /// The number that they come from. Default: the account's user, else the first access number, else `voicemail`.
    pub from: Option<String>,
    /// A phone that nobody takes is called for so long.
    #[serde(default = "ring", deserialize_with = "values::duration")]
    pub ring: Duration,
    /// Digest realm that is answered; set together with `user` and `password`.
    pub realm: Option<String>,
    /// Digest user.
    pub user: Option<String>,
    /// Digest password.
    pub password: Option<SecretString>,
}

const fn ring() -> Duration {
    Duration::from_secs(30)
}

/// All three parts of an account, or none.
fn account(
    realm: Option<&String>,
    user: Option<&String>,
    password: Option<&SecretString>,
) -> Result<Option<DigestAccount>, ()> {
    match (realm, user, password) {
        (None, None, None) => Ok(None),
        (Some(realm), Some(user), Some(password)) => {
            Ok(Some(DigestAccount { realm: realm.clone(), user: user.clone(), password: password.clone() }))
        }
        _ => Err(()),
    }
}

impl Trunk {
    pub(super) fn check(&self) -> Result<(), ConfigError> {
        let name = &self.name;
        let parts = |what: &str| {
            ConfigError(format!("{what} has only a part of realm, user and password: set all three or none"))
        };
        account(self.realm.as_ref(), self.user.as_ref(), self.password.as_ref())
            .map_err(|()| parts(&format!("trunk {name:?}")))?;
        let Some(out) = &self.out else { return Ok(()) };
        account(out.realm.as_ref(), out.user.as_ref(), out.password.as_ref())
            .map_err(|()| parts(&format!("`out` of trunk {name:?}")))?;
        if crate::sip::uri::Uri::parse(&format!("sip:1@{}", out.host())).is_err() {
            return Err(ConfigError(format!(
                "`out.to` of trunk {name:?} is no host: write pbx.example.org, or pbx.example.org:5070;transport=tcp"
            )));
        }
        if !(Duration::from_secs(1)..=Duration::from_secs(120)).contains(&out.ring) {
            return Err(ConfigError(format!("`out.ring` of trunk {name:?} must lie between 1s and 120s")));
        }
        let is_user = |from: &String| {
            !from.is_empty() && from.chars().all(|c| c.is_ascii_alphanumeric() || "+-_.".contains(c))
        };
        if out.from.as_ref().is_some_and(|from| !is_user(from)) {
            return Err(ConfigError(format!("`out.from` of trunk {name:?} is no number: write 5000")));
        }
        Ok(())
    }

    /// What the account of calls that come in is, if one is asked for.
    pub(in crate::app) fn account(&self) -> Option<DigestAccount> {
        account(self.realm.as_ref(), self.user.as_ref(), self.password.as_ref()).ok().flatten()
    }

    /// What we prove to it, when it asks: the account of `out`, else the one that both sides know.
    pub(in crate::app) fn ours(&self) -> Option<DigestAccount> {
        let of_out =
            |out: &Out| account(out.realm.as_ref(), out.user.as_ref(), out.password.as_ref()).ok().flatten();
        self.out.as_ref().and_then(of_out).or_else(|| self.account())
    }

    /// How calls of ours go out over it, if they do. `domain` and `access` are those of `[sip]`.
    pub(in crate::app) fn way_out(&self, domain: Option<&str>, access: &[String]) -> Option<TrunkOut> {
        let out = self.out.as_ref()?;
        let account = self.ours();
        let access = if self.route.access_numbers.is_empty() { access } else { &self.route.access_numbers };
        let from = out.from.clone().or_else(|| Some(account.as_ref()?.user.clone()));
        let from = from.or_else(|| access.first().cloned()).unwrap_or_else(|| "voicemail".to_owned());
        let host = out.host();
        let bare = host.split(';').next().unwrap_or(host);
        Some(TrunkOut {
            way: WayOut {
                tenant: self.route.tenant.clone(),
                targets: AllowedTargets::new(&out.targets, host),
            },
            from,
            ring: out.ring,
            home: domain.unwrap_or(bare).to_owned(),
            account,
        })
    }
}

impl Out {
    /// Host, port and parameters.
    fn host(&self) -> &str {
        self.to.strip_prefix("sip:").unwrap_or(&self.to)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn trunk(text: &str) -> Trunk {
        let config = crate::app::config::Config::parse(text, std::path::Path::new("/nowhere")).unwrap();
        config.sip.trunks.into_iter().next().unwrap()
    }

    #[test]
    fn calls_of_ours_go_out_only_where_a_trunk_says_so_and_reach_nobody_by_default() {
        let silent = trunk("[[sip.trunks]]\nname = \"pbx\"\npeers = [\"192.0.2.1\"]\n");
        assert!(silent.way_out(None, &[]).is_none());
        let open = trunk(
            "[[sip.trunks]]\nname = \"pbx\"\npeers = [\"192.0.2.1\"]\nout = { to = \"sip:pbx.example.org:5070;transport=tcp\" }\n",
        );
        let way = open.way_out(None, &["5000".to_owned()]).unwrap();
        assert!(way.way.authorise("default", "1001").is_err(), "nobody is listed");
        assert_eq!((way.from.as_str(), way.home.as_str()), ("5000", "pbx.example.org:5070"));
        assert_eq!(way.ring, Duration::from_secs(30));
        assert!(way.account.is_none());
    }

    #[test]
    fn the_account_of_calls_of_ours_is_its_own_or_else_that_of_the_trunk() {
        let both = trunk(
            "[[sip.trunks]]\nname = \"pbx\"\npeers = []\nrealm = \"in\"\nuser = \"them\"\npassword = \"a\"\n\
             out = { to = \"pbx\", targets = [\"1*\"], realm = \"out\", user = \"us\", password = \"b\" }\n",
        );
        let way = both.way_out(Some("voice.example.org"), &["5000".to_owned()]).unwrap();
        assert_eq!(way.way.authorise("default", "1001").unwrap(), "sip:1001@pbx");
        assert_eq!((way.from.as_str(), way.home.as_str()), ("us", "voice.example.org"));
        assert_eq!(way.account.unwrap().realm, "out");
        assert_eq!(both.account().unwrap().realm, "in");
        let one = trunk(
            "[[sip.trunks]]\nname = \"pbx\"\npeers = []\nrealm = \"in\"\nuser = \"them\"\npassword = \"a\"\nout = { to = \"pbx\" }\n",
        );
        assert_eq!(one.way_out(None, &[]).unwrap().account.unwrap().realm, "in");
    }
}
