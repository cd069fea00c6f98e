//! Digest access authentication (RFC 3261 §22, RFC 8760, RFC 7616): challenges, their answers, and replay protection.
//!
//! Pure: time and chance are arguments. Nonces carry their own time and proof, so nothing is kept for a challenge;
//! only nonces that were answered are remembered, for as long as they live, to refuse replays.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use md5::Md5;
use rsipstack::sip::Response;
use secrecy::ExposeSecret;
use sha2::{Digest, Sha256};

use super::{DigestAccount, text};

/// How long a nonce may be answered: peers answer a challenge at once.
const LIFE: Duration = Duration::from_secs(60);
/// Answered nonces that are remembered at most: those of 1,600 calls a second. Beyond that calls are challenged again.
const MAX_SEEN: usize = 100_000;

/// What an `Authorization` header proves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    /// The account is proven.
    Proven,
    /// The proof is right but the nonce is too old or was used: ask again with `stale=true`.
    Stale,
    /// Nothing is proven.
    Wrong,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Hash {
    Sha256,
    Md5,
}

impl Hash {
    fn named(name: Option<&str>) -> Option<Self> {
        match name {
            None => Some(Self::Md5),
            Some(name) if name.eq_ignore_ascii_case("MD5") => Some(Self::Md5),
            Some(name) if name.eq_ignore_ascii_case("SHA-256") => Some(Self::Sha256),
            Some(_) => None,
        }
    }

    const fn name(self) -> &'static str {
        match self {
            Self::Sha256 => "SHA-256",
            Self::Md5 => "MD5",
        }
    }

    fn hex(self, parts: &[&str]) -> String {
        let text = parts.join(":");
        match self {
            Self::Sha256 => hex(&Sha256::digest(text.as_bytes())),
            Self::Md5 => hex(&Md5::digest(text.as_bytes())),
        }
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().flat_map(|b| [b >> 4, b & 15]).filter_map(|n| char::from_digit(n.into(), 16)).collect()
}

/// Makes nonces and checks their answers.
pub(super) struct Gate {
    secret: [u8; 32],
    seen: Mutex<HashMap<String, (u32, Duration)>>,
}

impl std::fmt::Debug for Gate {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Gate")
    }
}

impl Gate {
    /// `secret` proves that a nonce is ours; it lives as long as the process.
    pub(super) fn new(secret: [u8; 32]) -> Self {
        Self { secret, seen: Mutex::default() }
    }

    /// `WWW-Authenticate` values, the strongest algorithm first (RFC 8760 §2.4).
    pub(super) fn challenge(&self, realm: &str, now: Duration, salt: [u8; 8], stale: bool) -> [String; 2] {
        let nonce = self.nonce(now, salt);
        let realm = realm.replace(['"', '\\'], "");
        let stale = if stale { ", stale=true" } else { "" };
        [Hash::Sha256, Hash::Md5].map(|hash| {
            format!(
                r#"Digest realm="{realm}", nonce="{nonce}", algorithm={}, qop="auth"{stale}"#,
                hash.name()
            )
        })
    }

    fn nonce(&self, now: Duration, salt: [u8; 8]) -> String {
        let millis = u64::try_from(now.as_millis()).unwrap_or(u64::MAX).to_be_bytes();
        let mut raw = [millis, salt].concat();
        let mac = self.mac(&raw);
        raw.extend_from_slice(&mac);
        BASE64.encode(raw)
    }

    /// HMAC-SHA-256 (RFC 2104) cut to 16 bytes.
    fn mac(&self, data: &[u8]) -> [u8; 16] {
        let keyed = |pad: u8, data: &[u8]| {
            let mut block = [pad; 64];
            block.iter_mut().zip(self.secret).for_each(|(b, k)| *b ^= k);
            Sha256::new().chain_update(block).chain_update(data).finalize()
        };
        let full = keyed(0x5c, &keyed(0x36, data));
        let mut short = [0; 16];
        short.iter_mut().zip(full).for_each(|(to, from)| *to = from);
        short
    }

    /// When this nonce of ours was made.
    fn made(&self, nonce: &str) -> Option<Duration> {
        let raw = BASE64.decode(nonce).ok()?;
        let (data, mac) = raw.split_at_checked(16)?;
        if !same(&self.mac(data), mac) {
            return None;
        }
        let millis = data.first_chunk::<8>().map(|millis| u64::from_be_bytes(*millis))?;
        Some(Duration::from_millis(millis))
    }

    /// Checks one `Authorization` value against `account`.
    pub(super) fn verify(
        &self,
        value: &str,
        method: &str,
        uri: &str,
        account: &DigestAccount,
        now: Duration,
    ) -> Verdict {
        let Some(made) = self.check(value, method, uri, account) else {
            return Verdict::Wrong;
        };
        let fields = Fields::of(value);
        let count = fields.get("nc").map_or(Some(1), |nc| u32::from_str_radix(nc, 16).ok());
        let nonce = fields.get("nonce").unwrap_or_default();
        let fresh = now.checked_sub(made).is_some_and(|age| age <= LIFE);
        match count {
            Some(count) if fresh && self.first_use(nonce, count, made + LIFE, now) => Verdict::Proven,
            _ => Verdict::Stale,
        }
    }

    fn check(&self, value: &str, method: &str, uri: &str, account: &DigestAccount) -> Option<Duration> {
        let fields = Fields::of(value);
        let hash = Hash::named(fields.get("algorithm"))?;
        let nonce = fields.get("nonce")?;
        let made = self.made(nonce)?;
        let named = fields.get("username")? == account.user && fields.get("realm")? == account.realm;
        if !named || fields.get("uri")? != uri {
            return None;
        }
        let expected = fields.response(hash, method, uri, nonce, account)?;
        same(expected.as_bytes(), fields.get("response")?.to_ascii_lowercase().as_bytes()).then_some(made)
    }

    /// Remembers that `nonce` was used with `count`; false when it was used with this or a higher one.
    fn first_use(&self, nonce: &str, count: u32, until: Duration, now: Duration) -> bool {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((last, _)) = seen.get_mut(nonce) {
            let fresh = count > *last;
            *last = count.max(*last);
            return fresh;
        }
        if seen.len() >= MAX_SEEN {
            seen.retain(|_, (_, until)| *until > now);
        }
        if seen.len() >= MAX_SEEN {
            return false;
        }
        seen.insert(nonce.to_owned(), (count, until));
        true
    }
}

/// Comparison whose time does not tell where the difference is.
fn same(a: &[u8], b: &[u8]) -> bool {
    a.len() == b.len() && a.iter().zip(b).fold(0, |diff, (x, y)| diff | (x ^ y)) == 0
}

/// The parameters of a `Digest …` value.
struct Fields<'a>(Vec<(&'a str, String)>);

impl<'a> Fields<'a> {
    fn of(value: &'a str) -> Self {
        let (scheme, rest) = value.trim().split_once([' ', '\t']).unwrap_or_default();
        if !scheme.eq_ignore_ascii_case("Digest") {
            return Self(Vec::new());
        }
        let fields = text::list(rest).into_iter().take(32).filter_map(|item| item.split_once('='));
        Self(fields.map(|(name, value)| (name.trim(), text::unquote(value.trim()))).collect())
    }

    fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    /// The response that the account's owner would send (RFC 7616 §3.4.1).
    fn response(
        &self,
        hash: Hash,
        method: &str,
        uri: &str,
        nonce: &str,
        account: &DigestAccount,
    ) -> Option<String> {
        let first = hash.hex(&[&account.user, &account.realm, account.password.expose_secret()]);
        let second = hash.hex(&[method, uri]);
        match self.get("qop") {
            None => Some(hash.hex(&[&first, nonce, &second])),
            Some(qop) if qop.eq_ignore_ascii_case("auth") => {
                Some(hash.hex(&[&first, nonce, self.get("nc")?, self.get("cnonce")?, "auth", &second]))
            }
            Some(_) => None,
        }
    }
}

/// The header that answers the challenge of a 401 or 407, when the account is of its realm.
pub(super) fn prove(
    response: &Response,
    account: &DigestAccount,
    method: &str,
    uri: &str,
    cnonce: &str,
) -> Option<(&'static str, String)> {
    let (_, given) = names(response)?;
    let value = answer(&challenges(response), account, method, uri, cnonce)?;
    Some((given, value))
}

/// Whether a challenge of the account's realm says that only its nonce had grown old (RFC 7616 §3.3).
pub(super) fn is_stale(response: &Response, account: &DigestAccount) -> bool {
    challenges(response).into_iter().map(Fields::of).any(|fields| {
        let stale = fields.get("stale").is_some_and(|stale| stale.eq_ignore_ascii_case("true"));
        stale && fields.get("realm") == Some(&account.realm)
    })
}

/// The header that challenges, and the one that answers (RFC 3261 §22.2, §22.3).
fn names(response: &Response) -> Option<(&'static str, &'static str)> {
    match response.status_code.code() {
        401 => Some(("WWW-Authenticate", "Authorization")),
        407 => Some(("Proxy-Authenticate", "Proxy-Authorization")),
        _ => None,
    }
}

fn challenges(response: &Response) -> Vec<&str> {
    let asked = names(response).map(|(asked, _)| asked).unwrap_or_default();
    response.headers.iter().filter(|h| h.name().eq_ignore_ascii_case(asked)).map(|h| h.value()).collect()
}

/// Answers the strongest challenge of the account's own realm; `None` when there is none, so that no other realm ever
/// gets a hash of the password.
pub(super) fn answer(
    challenges: &[&str],
    account: &DigestAccount,
    method: &str,
    uri: &str,
    cnonce: &str,
) -> Option<String> {
    let offered = challenges.iter().map(|value| Fields::of(value)).filter(|fields| {
        let qop = fields.get("qop").is_none_or(|qop| text::has_token(qop, "auth"));
        fields.get("realm") == Some(&account.realm) && fields.get("nonce").is_some() && qop
    });
    let mut known: Vec<_> = offered
        .filter_map(|fields| Hash::named(fields.get("algorithm")).map(|hash| (hash, fields)))
        .collect();
    known.sort_by_key(|(hash, _)| *hash != Hash::Sha256);
    let (hash, fields) = known.into_iter().next()?;
    let nonce = fields.get("nonce")?;
    let mut mine = vec![("nc", "00000001".to_owned()), ("cnonce", cnonce.to_owned())];
    if fields.get("qop").is_some() {
        mine.push(("qop", "auth".to_owned()));
    }
    let response = Fields(mine).response(hash, method, uri, nonce, account)?;
    let quoted = |text: &str| text.replace('\\', r"\\").replace('"', "\\\"");
    let mut out = format!(
        r#"Digest username="{}", realm="{}", nonce="{}", uri="{uri}", response="{response}", algorithm={}"#,
        quoted(&account.user),
        quoted(&account.realm),
        quoted(nonce),
        hash.name(),
    );
    if fields.get("qop").is_some() {
        out.push_str(&format!(r#", qop=auth, nc=00000001, cnonce="{cnonce}""#));
    }
    if let Some(opaque) = fields.get("opaque") {
        out.push_str(&format!(r#", opaque="{}""#, quoted(opaque)));
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn account() -> DigestAccount {
        DigestAccount {
            realm: "pbx".into(),
            user: "Mufasa".into(),
            password: "Circle of Life".to_owned().into(),
        }
    }

    const NOW: Duration = Duration::from_secs(1_000_000);

    fn asked(gate: &Gate) -> [String; 2] {
        gate.challenge("pbx", NOW, [7; 8], false)
    }

    #[test]
    fn an_answer_to_either_algorithm_proves_the_account_once() {
        let gate = Gate::new([1; 32]);
        for challenge in asked(&gate) {
            let gate = Gate::new([1; 32]);
            let value = answer(&[&challenge], &account(), "INVITE", "sip:a@b", "c0").unwrap();
            assert_eq!(gate.verify(&value, "INVITE", "sip:a@b", &account(), NOW), Verdict::Proven);
            assert_eq!(gate.verify(&value, "INVITE", "sip:a@b", &account(), NOW), Verdict::Stale, "a replay");
        }
    }

    #[test]
    fn the_stronger_algorithm_is_answered_and_a_foreign_realm_never() {
        let gate = Gate::new([1; 32]);
        let [strong, weak] = asked(&gate);
        let value = answer(&[&weak, &strong], &account(), "INVITE", "sip:a@b", "c0").unwrap();
        assert!(value.contains("algorithm=SHA-256"), "{value}");
        let [foreign, _] = gate.challenge("evil", NOW, [7; 8], false);
        assert_eq!(answer(&[&foreign], &account(), "INVITE", "sip:a@b", "c0"), None);
    }

    #[test]
    fn another_method_uri_user_password_or_secret_proves_nothing() {
        let gate = Gate::new([1; 32]);
        let [challenge, _] = asked(&gate);
        let value = answer(&[&challenge], &account(), "INVITE", "sip:a@b", "c0").unwrap();
        let other = DigestAccount { password: "x".to_owned().into(), ..account() };
        assert_eq!(gate.verify(&value, "BYE", "sip:a@b", &account(), NOW), Verdict::Wrong);
        assert_eq!(gate.verify(&value, "INVITE", "sip:c@b", &account(), NOW), Verdict::Wrong);
        assert_eq!(gate.verify(&value, "INVITE", "sip:a@b", &other, NOW), Verdict::Wrong);
        assert_eq!(Gate::new([2; 32]).verify(&value, "INVITE", "sip:a@b", &account(), NOW), Verdict::Wrong);
        assert_eq!(gate.verify("Digest", "INVITE", "sip:a@b", &account(), NOW), Verdict::Wrong);
        assert_eq!(gate.verify("Basic QQ==", "INVITE", "sip:a@b", &account(), NOW), Verdict::Wrong);
    }

    #[test]
    fn an_old_nonce_is_stale_and_one_from_the_future_too() {
        let gate = Gate::new([1; 32]);
        let [challenge, _] = asked(&gate);
        let value = answer(&[&challenge], &account(), "INVITE", "sip:a@b", "c0").unwrap();
        let late = NOW + LIFE + Duration::from_secs(1);
        assert_eq!(gate.verify(&value, "INVITE", "sip:a@b", &account(), late), Verdict::Stale);
        assert_eq!(gate.verify(&value, "INVITE", "sip:a@b", &account(), NOW / 2), Verdict::Stale);
    }

    #[test]
    fn the_example_of_rfc_7616_gives_its_hashes() {
        let account = DigestAccount {
            realm: "http-auth@example.org".into(),
            user: "Mufasa".into(),
            password: "Circle of Life".to_owned().into(),
        };
        let fields = Fields::of(
            "Digest qop=auth, nc=00000001, cnonce=\"f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ\"",
        );
        let nonce = "7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v";
        let made = fields.response(Hash::Md5, "GET", "/dir/index.html", nonce, &account).unwrap();
        assert_eq!(made, "8ca523f5e9506fed4657c9700eebdbec");
        let made = fields.response(Hash::Sha256, "GET", "/dir/index.html", nonce, &account).unwrap();
        assert_eq!(made, "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1");
    }

    #[test]
    fn used_nonces_are_bounded() {
        let gate = Gate::new([1; 32]);
        for n in 0..MAX_SEEN {
            assert!(gate.first_use(&n.to_string(), 1, NOW, Duration::ZERO));
        }
        assert!(!gate.first_use("one more", 1, NOW, Duration::ZERO));
        assert!(gate.first_use("later", 1, NOW * 2, NOW), "expired ones make room");
    }
}
