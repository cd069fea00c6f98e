//! The configuration: a TOML file, overridden by `AFTERTONE__SECTION__KEY` variables; every key has a default.
//!
//! Reads and checks only; [`super::server`] builds the program from it.

mod refusal;
mod trunk;
mod values;
mod voicemail;
mod webhooks;

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};
use std::time::Duration;

use figment::Figment;
use figment::providers::{Env, Format, Toml};
use ipnet::IpNet;
use secrecy::SecretString;
use serde::Deserialize;

use crate::service::outbound::{AllowedTargets, NotAllowed};
use crate::service::reception::Rules;
use crate::service::routing::TrunkRules;
use crate::signal::Transport;

pub use trunk::{Out, Trunk};
pub(super) use values::parse_duration;
pub use voicemail::Voicemail;
pub use webhooks::Webhooks;

/// Why the configuration cannot be used; one sentence with the remedy.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct ConfigError(pub String);

/// Everything that can be configured.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Calls in and out.
    pub sip: Sip,
    /// Media.
    pub rtp: Rtp,
    /// Link pages, health, metrics.
    pub http: Http,
    /// Facts.
    pub database: Database,
    /// Audio.
    pub storage: Storage,
    /// Mail.
    pub mail: Mail,
    /// Defaults of new mailboxes, and limits.
    pub voicemail: Voicemail,
    /// Programs that are told what happens.
    pub webhooks: Webhooks,
    /// Where the data folder is; from the command line, never from the file.
    #[serde(skip)]
    pub data: PathBuf,
}

/// `[sip]`
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Sip {
    /// Transports to listen on.
    #[serde(deserialize_with = "values::transports")]
    pub listen: Vec<Transport>,
    /// Domain of our URIs, and of the first tenant.
    pub domain: Option<String>,
    /// Host name or address told to peers instead of the bound one.
    pub advertise: Option<String>,
    /// Who may call, as addresses or networks.
    #[serde(deserialize_with = "values::networks")]
    pub peers: Vec<IpNet>,
    /// Peers with names, accounts and routing rules.
    pub trunks: Vec<Trunk>,
    /// Where calls may be transferred to: numbers, number prefixes ending in `*`, or SIP URIs. Empty: nowhere.
    pub transfer_targets: Vec<String>,
    /// How the mailbox is found for calls that come over no trunk.
    pub route: TrunkRules,
    /// Numbers that lead to the sign-in.
    pub access_numbers: Vec<String>,
    /// Numbers at which people are found by name.
    pub directory_numbers: Vec<String>,
    /// Calls at the same time; further ones get 503.
    pub max_calls: usize,
    /// Session timer interval offered (RFC 4028).
    #[serde(deserialize_with = "values::duration")]
    pub session_expires: Duration,
}

impl Default for Sip {
    fn default() -> Self {
        let any = SocketAddr::new(IpAddr::V4(Ipv4Addr::UNSPECIFIED), 5060);
        Self {
            listen: vec![Transport::Udp(any), Transport::Tcp(any)],
            domain: None,
            advertise: None,
            peers: loopback(),
            trunks: Vec::new(),
            transfer_targets: Vec::new(),
            route: TrunkRules::default(),
            access_numbers: Vec::new(),
            directory_numbers: Vec::new(),
            max_calls: 10_000,
            session_expires: Duration::from_secs(1800),
        }
    }
}

fn loopback() -> Vec<IpNet> {
    ["127.0.0.0/8", "::1/128"].iter().filter_map(|net| net.parse().ok()).collect()
}

/// `[rtp]`
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Rtp {
    /// Address to bind; `0.0.0.0` (or `::`) for all.
    pub address: IpAddr,
    /// Address told in the SDP. Default: the address that leads to the peer.
    pub advertise: Option<IpAddr>,
    /// Port range.
    #[serde(deserialize_with = "values::ports")]
    pub ports: RangeInclusive<u16>,
    /// Worker threads. Default: one a core.
    pub workers: Option<usize>,
    /// A call without RTP for so long has ended (its recording is kept).
    #[serde(deserialize_with = "values::duration")]
    pub timeout: Duration,
    /// Where nothing is played, silence is sent without a break, for phone systems that take pauses for loss.
    pub steady: bool,
}

impl Default for Rtp {
    fn default() -> Self {
        Self {
            address: IpAddr::V4(Ipv4Addr::UNSPECIFIED),
            advertise: None,
            ports: 20_000..=29_999,
            workers: None,
            timeout: Duration::from_secs(30),
            steady: false,
        }
    }
}

/// `[http]`
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Http {
    /// Address to listen on.
    pub listen: SocketAddr,
    /// How the outside reaches it; stands in the links of mails. Default: `http://` and the address.
    pub public_url: Option<String>,
    /// Addresses of reverse proxies whose `X-Forwarded-For` is believed.
    #[serde(deserialize_with = "values::networks")]
    pub trusted_proxies: Vec<IpNet>,
}

impl Default for Http {
    fn default() -> Self {
        Self {
            listen: SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 8080),
            public_url: None,
            trusted_proxies: Vec::new(),
        }
    }
}

/// `[database]`
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Database {
    /// `sqlite://path` or `postgres://…`. Default: `aftertone.db` in the data folder.
    pub url: Option<SecretString>,
}

/// `[storage]`
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Storage {
    /// `file:///folder` or `s3://bucket/prefix`. Default: `audio` in the data folder.
    pub url: Option<String>,
}

/// `[mail]`
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Mail {
    /// `file:///folder`, `smtp://…` or `smtps://…`. Default: `mail` in the data folder.
    pub url: Option<SecretString>,
    /// Sender, for example `Aftertone <voicemail@example.org>`.
    pub from: String,
    /// Links in mails work for so long; at most 14 days.
    #[serde(deserialize_with = "values::duration")]
    pub link_lifetime: Duration,
}

impl Default for Mail {
    fn default() -> Self {
        Self {
            url: None,
            from: "Aftertone <voicemail@localhost>".to_owned(),
            link_lifetime: Duration::from_secs(14 * 24 * 3600),
        }
    }
}

impl Config {
    /// Reads the file (if any) and the environment.
    ///
    /// # Errors
    /// A file that cannot be read, a value of the wrong kind, an unknown key (the nearest known one is named).
    pub fn load(file: Option<&Path>, data: &Path) -> Result<Self, ConfigError> {
        let mut figment = Figment::new();
        if let Some(file) = file {
            let text = std::fs::read_to_string(file).map_err(|why| {
                ConfigError(format!("the config file {} cannot be read: {why}", file.display()))
            })?;
            figment = figment.merge(Toml::string(&text));
        }
        Self::extract(figment.merge(Env::prefixed("AFTERTONE__").split("__")), file, data)
    }

    /// Reads the text of a configuration file, without the environment.
    ///
    /// # Errors
    /// As [`Config::load`].
    pub fn parse(text: &str, data: &Path) -> Result<Self, ConfigError> {
        Self::extract(Figment::from(Toml::string(text)), None, data)
    }

    fn extract(figment: Figment, file: Option<&Path>, data: &Path) -> Result<Self, ConfigError> {
        let mut config: Self = figment.extract().map_err(|error| refusal::explain(&error, file))?;
        config.data = data.to_owned();
        config.check()?;
        Ok(config)
    }

    fn check(&self) -> Result<(), ConfigError> {
        let wrong = |text: String| Err(ConfigError(text));
        if self.sip.listen.is_empty() {
            return wrong(
                "sip.listen is empty: name at least one transport, for example udp://0.0.0.0:5060".to_owned(),
            );
        }
        if self.mail.link_lifetime > Duration::from_secs(14 * 24 * 3600) {
            return wrong("mail.link_lifetime is more than 14 days: choose 14d or less".to_owned());
        }
        if self.sip.session_expires < Duration::from_secs(90) {
            return wrong("sip.session_expires is below the 90 s of RFC 4028: choose 90s or more".to_owned());
        }
        if !(4..=12).contains(&self.voicemail.pin_length) {
            return wrong("voicemail.pin_length must lie between 4 and 12 digits".to_owned());
        }
        let zone = &self.voicemail.zone;
        if jiff::tz::TimeZone::get(zone).is_err() {
            return wrong(format!("voicemail.zone {zone:?} is no IANA zone: write one like Europe/Berlin"));
        }
        self.sip.trunks.iter().try_for_each(Trunk::check)
    }

    /// URL of the database.
    pub fn database_url(&self) -> SecretString {
        self.database
            .url
            .clone()
            .unwrap_or_else(|| format!("sqlite://{}", self.data.join("aftertone.db").display()).into())
    }

    /// URL of the object store.
    pub fn storage_url(&self) -> String {
        self.storage.url.clone().unwrap_or_else(|| self.folder_url("audio"))
    }

    /// URL of the mail server or folder.
    pub fn mail_url(&self) -> SecretString {
        self.mail.url.clone().unwrap_or_else(|| self.folder_url("mail").into())
    }

    /// What stands before `/m/…` in links.
    pub fn public_url(&self) -> String {
        self.http.public_url.clone().unwrap_or_else(|| format!("http://{}", self.http.listen))
    }

    /// The folder of recordings in progress.
    pub fn spool(&self) -> PathBuf {
        self.data.join("spool")
    }

    /// How the mailbox is found, by trunk. Access and directory numbers of `[sip]` hold on every trunk that names none itself.
    pub fn rules(&self) -> Rules {
        let with_access = |rules: &TrunkRules| {
            let mut rules = rules.clone();
            if rules.access_numbers.is_empty() {
                rules.access_numbers.clone_from(&self.sip.access_numbers);
            }
            if rules.directory_numbers.is_empty() {
                rules.directory_numbers.clone_from(&self.sip.directory_numbers);
            }
            rules
        };
        Rules {
            usual: with_access(&self.sip.route),
            trunks: self
                .sip
                .trunks
                .iter()
                .map(|trunk| (trunk.name.clone(), with_access(&trunk.route)))
                .collect(),
        }
    }

    /// Whether calls of at least one peer or trunk may be transferred there.
    ///
    /// # Errors
    /// Why not.
    pub fn may_transfer_to(&self, target: &str) -> Result<(), NotAllowed> {
        let mut refused = NotAllowed::NotListed;
        for list in self.transfer_targets() {
            match list.authorise(target) {
                Ok(_) => return Ok(()),
                Err(why) => refused = why,
            }
        }
        Err(refused)
    }

    /// Where calls may be transferred to: without a trunk, and over each that has a list of its own.
    pub fn transfer_targets(&self) -> Vec<AllowedTargets> {
        let home = self.sip.domain.as_deref().unwrap_or("localhost");
        let of_trunks = self.sip.trunks.iter().filter_map(|trunk| trunk.transfer_targets.as_ref());
        let lists = std::iter::once(&self.sip.transfer_targets).chain(of_trunks);
        lists.map(|list| AllowedTargets::new(list, home)).collect()
    }

    fn folder_url(&self, name: &str) -> String {
        let folder = std::path::absolute(self.data.join(name)).unwrap_or_else(|_| self.data.join(name));
        format!("file://{}", folder.display())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Config, ConfigError> {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("aftertone.toml");
        std::fs::write(&file, text).unwrap();
        Config::load(Some(&file), folder.path())
    }

    #[test]
    fn an_empty_file_is_a_working_configuration() {
        let config = read("").unwrap();
        assert_eq!(config.sip.peers.len(), 2, "only loopback may call");
        assert!(config.storage_url().starts_with("file:///"));
        assert_eq!(config.rtp.ports, 20_000..=29_999);
        assert!(!config.rtp.steady);
        assert!(read("[rtp]\nsteady = true\n").unwrap().rtp.steady);
    }

    #[test]
    fn an_unknown_key_names_the_nearest_known_one() {
        let error = read("[sip]\npeer = [\"10.0.0.0/8\"]\n").unwrap_err();
        assert!(error.0.contains("\"peer\"") && error.0.contains("did you mean \"peers\""), "{error}");
    }

    #[test]
    fn durations_are_seconds_or_words() {
        let config = read("[voicemail]\nmax_message = \"3m\"\nsilence = 4\n").unwrap();
        assert_eq!(config.voicemail.max_message, Duration::from_secs(180));
        assert_eq!(config.voicemail.silence, Duration::from_secs(4));
        assert!(read("[voicemail]\nsilence = \"soon\"\n").unwrap_err().0.contains("no duration"));
        assert!(read("[voicemail]\nsilence = -4\n").is_err());
    }

    #[test]
    fn the_directory_s_key_is_one_digit_and_its_numbers_hold_on_every_trunk() {
        let key = |text: &str| {
            read(&format!("[voicemail]\ndirectory_key = {text}\n"))
                .map(|config| config.voicemail.directory_key)
        };
        let nine = crate::flow::Key::new('9');
        assert_eq!((key("\"9\"").unwrap(), key("9").unwrap(), key("\"\"").unwrap()), (nine, nine, None));
        assert!(key("\"0\"").unwrap_err().0.contains("choose 1 to 9") && key("\"12\"").is_err());
        let text = "[sip]\ndirectory_numbers = [\"411\"]\n[[sip.trunks]]\nname = \"a\"\npeers = []\n";
        let rules = read(text).unwrap().rules();
        assert_eq!(rules.usual.directory_numbers, ["411"]);
        assert_eq!(rules.trunks["a"].directory_numbers, ["411"]);
    }

    #[test]
    fn a_target_is_one_that_a_list_of_the_configuration_names() {
        let text = "[sip]\ntransfer_targets = [\"1000\"]\n[[sip.trunks]]\nname = \"a\"\npeers = []\n\
                    transfer_targets = [\"+49*\"]\n";
        let config = read(text).unwrap();
        assert!(config.may_transfer_to("1000").is_ok() && config.may_transfer_to("+4930").is_ok());
        assert!(
            config.may_transfer_to("1001").is_err() && read("").unwrap().may_transfer_to("1000").is_err()
        );
    }

    #[test]
    fn values_of_the_wrong_kind_say_what_is_needed() {
        for bad in [
            "[sip]\nlisten = [\"sctp://0.0.0.0:5060\"]",
            "[rtp]\nports = \"9-1\"",
            "[sip]\npeers = [\"everybody\"]",
            "[mail]\nlink_lifetime = \"30d\"",
            "[voicemail]\nzone = \"Mars/Olympus\"",
            "[[sip.trunks]]\nname = \"a\"\npeers = []\nuser = \"x\"",
            "[[sip.trunks]]\nname = \"a\"\npeers = []\nout = { to = \"pbx\", password = \"x\" }",
            "[[sip.trunks]]\nname = \"a\"\npeers = []\nout = { to = \"a b\" }",
            "[[sip.trunks]]\nname = \"a\"\npeers = []\nout = { to = \"pbx\", from = \"x@y\" }",
            "[[sip.trunks]]\nname = \"a\"\npeers = []\nout = { to = \"pbx\", ring = 0 }",
            "[[sip.trunks]]\nname = \"a\"\npeers = []\nout = { targets = [\"1*\"] }",
        ] {
            assert!(read(bad).is_err(), "{bad} must be refused");
        }
    }

    #[test]
    fn secrets_do_not_print() {
        let config = read("[database]\nurl = \"postgres://u:hunter2@127.0.0.1/x\"\n").unwrap();
        assert!(!format!("{config:?}").contains("hunter2"));
    }
}
