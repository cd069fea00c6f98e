//! The transport's URL: `file:///folder`, `smtp://user:password@host:port?…`, `smtps://…`. Parsing only.

use std::fmt;
use std::path::PathBuf;

use percent_encoding::percent_decode_str;
use secrecy::SecretString;
use url::{Host, Url};

use crate::domain::MailAddress;

use super::MailError;

/// Where mails go.
#[derive(Debug)]
pub(super) enum Target {
    /// Each mail becomes a file of this folder.
    Folder(PathBuf),
    /// Each mail goes to this server.
    Smtp(Server),
}

/// A mail server and how to speak to it. `Debug` hides user and password.
#[derive(Debug)]
pub(super) struct Server {
    /// Name or address, an IPv6 address without brackets.
    pub(super) host: String,
    pub(super) port: u16,
    pub(super) security: Security,
    /// User and password.
    pub(super) login: Option<Login>,
    /// PEM file with the CA that signed the server's certificate; instead of the public ones.
    pub(super) ca: Option<PathBuf>,
    /// What we call ourselves in EHLO, when it is not the machine's name.
    pub(super) hello: Option<String>,
    /// Where bounces go.
    pub(super) bounces: Bounces,
}

pub(super) struct Login {
    pub(super) user: String,
    pub(super) password: SecretString,
}

impl fmt::Debug for Login {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Login(…)")
    }
}

/// How the connection is protected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Security {
    /// Never encrypted.
    None,
    /// STARTTLS when the server offers it. Keeps listeners out, but does not ask who the server is (RFC 7435), unless
    /// a CA is given: relays in the house have certificates that nobody signed.
    Opportunistic,
    /// STARTTLS (RFC 3207) with a valid certificate, or no mail.
    Required,
    /// TLS from the first byte (RFC 8314 §3.3) with a valid certificate.
    Implicit,
}

/// The envelope's sender.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Bounces {
    /// The address of `From`.
    ToSender,
    /// Another address of ours.
    To(MailAddress),
    /// The null path: no bounces at all.
    Nowhere,
}

impl Target {
    /// Reads the URL. Errors never repeat it: it may hold a password.
    pub(super) fn parse(text: &str) -> Result<Self, MailError> {
        if let Some(path) = text.strip_prefix("file://") {
            return if path.is_empty() {
                Err(MailError::config("mail.url names no folder: write file:///var/lib/aftertone/mail"))
            } else {
                Ok(Self::Folder(PathBuf::from(path)))
            };
        }
        let url = Url::parse(text).map_err(|error| {
            MailError::config(format!(
                "mail.url is not a URL ({error}): write file:///folder, smtp://host:25 or smtps://user:password@host"
            ))
        })?;
        match url.scheme() {
            "smtp" => Server::parse(&url, false).map(Self::Smtp),
            "smtps" => Server::parse(&url, true).map(Self::Smtp),
            other => {
                Err(MailError::config(format!("mail.url cannot be {other}://: use file, smtp or smtps")))
            }
        }
    }
}

impl Server {
    fn parse(url: &Url, implicit: bool) -> Result<Self, MailError> {
        // A scheme that the URL standard does not know keeps an IPv4 host as a "domain".
        let host = match url.host() {
            Some(Host::Domain(name)) if !name.is_empty() => decoded(name)?,
            Some(Host::Ipv4(ip)) => ip.to_string(),
            Some(Host::Ipv6(ip)) => ip.to_string(),
            _ => return Err(MailError::config("mail.url names no host: write smtp://mail.example.org:25")),
        };
        let login = login(url)?;
        let mut server = Self {
            port: url.port().unwrap_or(match (implicit, login.is_some()) {
                (true, _) => 465,
                (false, true) => 587,
                (false, false) => 25,
            }),
            security: match (implicit, login.is_some() && !is_this_machine(&host)) {
                (true, _) => Security::Implicit,
                // A password is not shown to whoever answers.
                (false, true) => Security::Required,
                (false, false) => Security::Opportunistic,
            },
            host,
            login,
            ca: None,
            hello: None,
            bounces: Bounces::ToSender,
        };
        for (key, value) in url.query_pairs() {
            server.set(&key, &value)?;
        }
        Ok(server)
    }

    fn set(&mut self, key: &str, value: &str) -> Result<(), MailError> {
        match (key, value) {
            ("tls", _) if self.security == Security::Implicit => {
                return Err(MailError::config("mail.url: smtps:// is encrypted already, leave tls= out"));
            }
            ("tls", "none") => self.security = Security::None,
            ("tls", "opportunistic") => self.security = Security::Opportunistic,
            ("tls", "required") => self.security = Security::Required,
            ("tls", _) => return Err(MailError::config("mail.url: tls is none, opportunistic or required")),
            ("ca", file) => self.ca = Some(PathBuf::from(file)),
            ("hello", name) if is_host_name(name) => self.hello = Some(name.to_owned()),
            ("hello", _) => {
                return Err(MailError::config("mail.url: hello is the name of this machine, a.b.c"));
            }
            ("bounces", "none") => self.bounces = Bounces::Nowhere,
            ("bounces", address) => {
                self.bounces = address.parse().map(Bounces::To).map_err(|_| {
                    MailError::config("mail.url: bounces is an address (ops@example.org) or none")
                })?;
            }
            _ => {
                return Err(MailError::config(
                    "mail.url: after the ? there may stand tls, ca, hello and bounces",
                ));
            }
        }
        Ok(())
    }
}

fn login(url: &Url) -> Result<Option<Login>, MailError> {
    match (url.username(), url.password()) {
        ("", None) => Ok(None),
        (user, Some(password)) if !user.is_empty() => {
            Ok(Some(Login { user: decoded(user)?, password: decoded(password)?.into() }))
        }
        _ => Err(MailError::config(
            "mail.url: user and password go together, with @ : / and % in them written as %40 %3A %2F %25",
        )),
    }
}

fn decoded(text: &str) -> Result<String, MailError> {
    percent_decode_str(text)
        .decode_utf8()
        .map(|text| text.into_owned())
        .map_err(|_| MailError::config("mail.url: what stands behind a % is not UTF-8"))
}

fn is_this_machine(host: &str) -> bool {
    host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

fn is_host_name(name: &str) -> bool {
    !name.is_empty()
        && name.len() <= 253
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'.')
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret as _;

    use super::*;

    fn server(url: &str) -> Server {
        match Target::parse(url).unwrap() {
            Target::Smtp(server) => server,
            Target::Folder(folder) => panic!("{url} became the folder {folder:?}"),
        }
    }

    #[test]
    fn a_folder_is_taken_as_it_stands() {
        assert!(
            matches!(Target::parse("file:///tmp/my mail").unwrap(), Target::Folder(path) if path == *"/tmp/my mail")
        );
        assert!(
            matches!(Target::parse("file://./data/mail").unwrap(), Target::Folder(path) if path == *"./data/mail")
        );
    }

    #[test]
    fn ports_and_protection_follow_from_the_scheme_and_the_password() {
        let cases = [
            ("smtp://relay.example.org", 25, Security::Opportunistic),
            ("smtp://10.0.0.5:2525?tls=none", 2525, Security::None),
            ("smtp://u:p@relay.example.org", 587, Security::Required),
            ("smtp://u:p@127.0.0.1", 587, Security::Opportunistic),
            ("smtp://u:p@relay.example.org?tls=opportunistic", 587, Security::Opportunistic),
            ("smtps://relay.example.org", 465, Security::Implicit),
        ];
        for (url, port, security) in cases {
            let server = server(url);
            assert_eq!((server.port, server.security), (port, security), "{url}");
        }
        assert_eq!(server("smtp://[::1]:25").host, "::1");
    }

    #[test]
    fn user_and_password_are_decoded_and_never_printed() {
        let server =
            server("smtp://ada%40example.org:p%40ss%3Aword@relay.example.org?bounces=ops@example.org");
        let login = server.login.as_ref().unwrap();
        assert_eq!((login.user.as_str(), login.password.expose_secret()), ("ada@example.org", "p@ss:word"));
        assert_eq!(server.bounces, Bounces::To("ops@example.org".parse().unwrap()));
        let printed = format!("{server:?}");
        assert!(!printed.contains("p@ss") && !printed.contains("ada@example"), "{printed}");
    }

    #[test]
    fn what_cannot_be_used_is_refused_without_showing_the_password() {
        for bad in [
            "",
            "file://",
            "smtp://",
            "http://example.org",
            "smtp://:hunter2@relay",
            "smtp://hunter2@relay",
            "smtp://u:hunter2@relay:port",
            "smtp://u:hunter2@relay?tls=maybe",
            "smtp://u:hunter2@relay?speed=9",
            "smtp://u:hunter2@relay?hello=a%0d%0ab",
            "smtp://u:hunter2@relay?bounces=hunter2",
            "smtps://u:hunter2@relay?tls=none",
        ] {
            let error = Target::parse(bad).unwrap_err();
            assert_eq!(error.kind(), "config", "{bad}");
            assert!(!error.to_string().contains("hunter2"), "{error}");
        }
    }
}
