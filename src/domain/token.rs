//! The secret part of a link that was sent by mail, of a session, and of a program's key.

use std::fmt;
use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest as _, Sha256};

use super::Invalid;

/// 160 random bits that open one message, or one session. Only their SHA-256 is stored; `Debug` prints nothing of them.
#[derive(Clone, PartialEq, Eq)]
pub struct LinkToken([u8; 20]);

impl LinkToken {
    /// Wraps fresh random bytes from [`crate::clock::Clock::fill`].
    pub const fn from_bytes(bytes: [u8; 20]) -> Self {
        Self(bytes)
    }

    /// The text that stands in the link: 27 characters of base64url.
    pub fn expose(&self) -> String {
        URL_SAFE_NO_PAD.encode(self.0)
    }

    /// What the store keeps: SHA-256, 32 bytes.
    pub fn hash(&self) -> [u8; 32] {
        Sha256::digest(self.0).into()
    }
}

impl fmt::Debug for LinkToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("LinkToken(…)")
    }
}

impl FromStr for LinkToken {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        // The text itself is a secret (or a guess at one): it does not go into the error.
        let invalid = || Invalid::new("link token", "…", "open the link exactly as it stands in the mail");
        let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|_| invalid())?;
        bytes.try_into().map(Self).map_err(|_| invalid())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_reads_back_and_does_not_print_itself() {
        let token = LinkToken::from_bytes([7; 20]);
        assert_eq!(token.expose().parse::<LinkToken>().unwrap(), token);
        assert!(!format!("{token:?}").contains(&token.expose()));
        assert!("short".parse::<LinkToken>().is_err());
    }
}
