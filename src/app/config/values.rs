//! How values of the configuration are written: transports, networks, port ranges, durations.

use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::ops::RangeInclusive;
use std::sync::Arc;
use std::time::Duration;

use ipnet::IpNet;
use serde::{Deserialize, Deserializer};

use crate::flow::Key;
use crate::flow::keys::Profile;
use crate::signal::Transport;

/// A value given as one text or as a list of texts.
#[derive(Deserialize)]
#[serde(untagged)]
enum Texts {
    One(String),
    Many(Vec<String>),
}

/// A key profile: the name of one that is part of the program, or a file.
pub(super) fn keys<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Arc<Profile>, D::Error> {
    let name = String::deserialize(deserializer)?;
    if let Some(profile) = Profile::built_in(&name) {
        return Ok(profile);
    }
    let path = std::path::Path::new(&name);
    let text = std::fs::read_to_string(path).map_err(|error| {
        let names = Profile::names().collect::<Vec<_>>().join(", ");
        serde::de::Error::custom(format!(
            "{name:?} is none of {names}, and no file that can be read ({error})"
        ))
    })?;
    let stem = path.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
    let profile = Profile::parse(&stem, &text);
    profile.map(Arc::new).map_err(|faults| serde::de::Error::custom(format!("{name:?}: {faults}")))
}

/// A key of the telephone that mailboxes may give a meaning to; an empty text is none.
pub(super) fn directory_key<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Key>, D::Error> {
    /// The environment gives a digit as a number.
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Given {
        Number(u8),
        Text(String),
    }
    let text = match Given::deserialize(deserializer)? {
        Given::Number(number) => number.to_string(),
        Given::Text(text) => text,
    };
    let mut chars = text.trim().chars();
    match (chars.next(), chars.next()) {
        (None, _) => Ok(None),
        (Some(digit @ '1'..='9'), None) => Ok(Key::new(digit)),
        _ => Err(serde::de::Error::custom(format!("{text:?} is no key for the directory: choose 1 to 9"))),
    }
}

fn texts<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    Ok(match Texts::deserialize(deserializer)? {
        Texts::One(text) => text.split(',').map(|part| part.trim().to_owned()).collect(),
        Texts::Many(texts) => texts,
    })
}

fn each<'de, D, T>(deserializer: D, parse: impl Fn(&str) -> Result<T, String>) -> Result<Vec<T>, D::Error>
where
    D: Deserializer<'de>,
{
    texts(deserializer)?.iter().map(|text| parse(text).map_err(serde::de::Error::custom)).collect()
}

pub(super) fn transports<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Transport>, D::Error> {
    each(deserializer, |text| {
        let wrong = || format!("{text:?} is not a transport: write udp://0.0.0.0:5060 or tcp://0.0.0.0:5060");
        let (scheme, address) = text.split_once("://").ok_or_else(wrong)?;
        let address: SocketAddr = address.parse().map_err(|_| wrong())?;
        match scheme {
            "udp" => Ok(Transport::Udp(address)),
            "tcp" => Ok(Transport::Tcp(address)),
            _ => Err(wrong()),
        }
    })
}

/// Names or addresses of hosts.
pub(super) fn hosts<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    each(deserializer, |text| match url::Host::parse(text.trim()) {
        Ok(_) => Ok(text.trim().to_owned()),
        Err(_) if text.trim().parse::<IpAddr>().is_ok() => Ok(text.trim().to_owned()),
        Err(_) => {
            Err(format!("{text:?} is no host: write hooks.example.org or 192.0.2.7, without scheme or port"))
        }
    })
}

pub(super) fn networks<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<IpNet>, D::Error> {
    each(deserializer, |text| {
        text.parse::<IpNet>()
            .or_else(|_| text.parse::<IpAddr>().map(IpNet::from))
            .map_err(|_| format!("{text:?} is no address or network: write 192.0.2.7 or 192.0.2.0/24"))
    })
}

pub(super) fn ports<'de, D: Deserializer<'de>>(deserializer: D) -> Result<RangeInclusive<u16>, D::Error> {
    let text = String::deserialize(deserializer)?;
    let wrong = || serde::de::Error::custom(format!("{text:?} is no port range: write 20000-29999"));
    let (low, high) = text.split_once('-').ok_or_else(wrong)?;
    let low: u16 = low.trim().parse().map_err(|_| wrong())?;
    let high: u16 = high.trim().parse().map_err(|_| wrong())?;
    if low == 0 || high <= low { Err(wrong()) } else { Ok(low..=high) }
}

/// Seconds as a number, or text such as `90s`, `3m`, `1h 30m`, `14d`.
pub(super) fn duration<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
    struct Visitor;
    impl serde::de::Visitor<'_> for Visitor {
        type Value = Duration;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("seconds, or a text such as \"90s\", \"3m\" or \"14d\"")
        }

        fn visit_u64<E: serde::de::Error>(self, seconds: u64) -> Result<Duration, E> {
            Ok(Duration::from_secs(seconds))
        }

        fn visit_i64<E: serde::de::Error>(self, seconds: i64) -> Result<Duration, E> {
            u64::try_from(seconds)
                .map(Duration::from_secs)
                .map_err(|_| E::custom("a duration cannot be negative"))
        }

        fn visit_f64<E: serde::de::Error>(self, seconds: f64) -> Result<Duration, E> {
            Duration::try_from_secs_f64(seconds)
                .map_err(|_| E::custom("a duration cannot be negative or endless"))
        }

        fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Duration, E> {
            parse_duration(text).ok_or_else(|| {
                E::custom(format!(
                    "{text:?} is no duration: write seconds, or a text such as \"90s\", \"3m\" or \"14d\""
                ))
            })
        }
    }
    deserializer.deserialize_any(Visitor)
}

/// `90s`, `3m`, `1h 30m`, `14d`.
pub(in crate::app) fn parse_duration(text: &str) -> Option<Duration> {
    let mut total = Duration::ZERO;
    for part in text.split_whitespace() {
        let split = part.find(|c: char| c.is_ascii_alphabetic())?;
        let (count, unit) = part.split_at_checked(split)?;
        let count: u32 = count.parse().ok()?;
        let unit = match unit {
            "s" => 1,
            "m" => 60,
            "h" => 3600,
            "d" => 86_400,
            _ => return None,
        };
        total = total.checked_add(Duration::from_secs(unit).checked_mul(count)?)?;
    }
    (!text.trim().is_empty()).then_some(total)
}
