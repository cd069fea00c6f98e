//! One-time codes of an authenticator app (TOTP, RFC 6238 over HOTP, RFC 4226), and recovery codes. Pure.
//!
//! SHA-1, six digits and 30 seconds, because some apps take nothing else; what is asked of SHA-1 here is HMAC, which its
//! collisions do not touch.

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha1::Sha1;
use sha2::{Digest as _, Sha256};

use crate::domain::UserId;
use crate::store::SharedSecret;

/// Seconds of a step.
const STEP: i64 = 30;
/// A clock may be wrong by so many steps, either way.
const DRIFT: i64 = 1;
/// What secrets and recovery codes are written in (RFC 4648 §6).
const BASE32: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
/// Recovery codes of a set.
pub(super) const RECOVERY_CODES: usize = 10;
/// Characters of a recovery code: 60 bits.
const RECOVERY_LENGTH: usize = 12;

/// The code of a step (RFC 4226 §5.3).
pub(super) fn code(secret: &SharedSecret, step: i64) -> u32 {
    let mac = Hmac::<Sha1>::new_from_slice(secret).map(|mac| mac.chain_update(step.to_be_bytes()));
    let Ok(digest) = mac.map(|mac| mac.finalize().into_bytes()) else { return u32::MAX };
    let start = usize::from(digest[19] & 0xf);
    let four: [u8; 4] = std::array::from_fn(|place| digest[start + place]);
    (u32::from_be_bytes(four) & 0x7fff_ffff) % 1_000_000
}

/// The steps around this time (seconds since 1970) whose code this is, the earliest first.
pub(super) fn steps(secret: &SharedSecret, typed: &str, now: i64) -> Vec<i64> {
    let Some(typed) = digits(typed) else { return Vec::new() };
    let here = now.div_euclid(STEP);
    (here - DRIFT..=here + DRIFT).filter(|step| code(secret, *step) == typed).collect()
}

/// Six digits, however they are grouped.
fn digits(typed: &str) -> Option<u32> {
    let plain = plain(typed);
    if plain.len() == 6 && plain.bytes().all(|byte| byte.is_ascii_digit()) {
        plain.parse().ok()
    } else {
        None
    }
}

/// Without what people put between groups; a text that is no code at all is cut.
fn plain(typed: &str) -> String {
    typed
        .chars()
        .filter(|c| !c.is_whitespace() && *c != '-')
        .take(64)
        .collect::<String>()
        .to_ascii_uppercase()
}

/// Bytes in base 32, without padding.
fn base32(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len() * 8 / 5 + 1);
    let (mut held, mut bits) = (0_u32, 0);
    for byte in bytes {
        held = (held << 8) | u32::from(*byte);
        bits += 8;
        while bits >= 5 {
            bits -= 5;
            text.push(char::from(BASE32[(held >> bits & 31) as usize]));
        }
        held &= (1 << bits) - 1;
    }
    if bits > 0 {
        text.push(char::from(BASE32[(held << (5 - bits) & 31) as usize]));
    }
    text
}

/// In groups of four, as people copy it.
fn grouped(text: &str, between: char) -> String {
    let mut grouped = String::new();
    for (place, letter) in text.chars().enumerate() {
        if place > 0 && place % 4 == 0 {
            grouped.push(between);
        }
        grouped.push(letter);
    }
    grouped
}

/// The secret as it is typed into an app.
pub(super) fn written(secret: &SharedSecret) -> String {
    grouped(&base32(secret), ' ')
}

/// The address that an app reads from a QR code.
pub(super) fn address(secret: &SharedSecret, host: &str, who: &str) -> String {
    // A colon parts issuer and account; what stands before and behind it is escaped.
    let escaped = |text: &str| {
        percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string()
    };
    let issuer = escaped(&format!("Voicemail {host}"));
    let secret = base32(secret);
    format!("otpauth://totp/{issuer}:{}?secret={secret}&issuer={issuer}", escaped(who))
}

/// A recovery code of these random bytes, as it is shown once.
pub(super) fn recovery_code(random: [u8; 8]) -> String {
    grouped(&base32(&random)[..RECOVERY_LENGTH], '-').to_ascii_lowercase()
}

/// What is kept of a recovery code; `None` for what can be none. The same code of another user is another one.
pub(super) fn recovery_hash(user: UserId, typed: &str) -> Option<[u8; 32]> {
    let plain = plain(typed);
    (plain.len() == RECOVERY_LENGTH)
        .then(|| Sha256::digest(format!("aftertone-recovery\0{user}\0{plain}")).into())
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    // RFC 6238 appendix B, the last six of its eight digits; RFC 4226 appendix D for the first steps.
    #[test]
    fn codes_are_those_of_the_standards() {
        let secret = *b"12345678901234567890";
        for (time, expected) in [
            (59, 287_082),
            (1_111_111_109, 81_804),
            (1_111_111_111, 50_471),
            (1_234_567_890, 5_924),
            (2_000_000_000, 279_037),
            (20_000_000_000_i64, 353_130),
        ] {
            assert_eq!(code(&secret, time / STEP), expected, "{time}");
        }
        for (step, expected) in [(0, 755_224), (1, 287_082), (2, 359_152), (9, 520_489)] {
            assert_eq!(code(&secret, step), expected, "{step}");
        }
    }

    #[test]
    fn a_code_counts_a_step_early_and_a_step_late_and_no_more() {
        let secret = *b"12345678901234567890";
        for (late, expected) in [(-61, 0), (-30, 1), (0, 1), (29, 1), (59, 1), (61, 0)] {
            assert_eq!(steps(&secret, "050471", 1_111_111_110 + late).len(), expected, "{late}");
        }
        assert_eq!(steps(&secret, "050 471", 1_111_111_111), [37_037_037]);
        for typed in ["", "50471", "0050471", "05047a", "٠٥٠٤٧١", "-1", "+50471", &"0".repeat(9000)] {
            assert!(steps(&secret, typed, 1_111_111_111).is_empty(), "{typed}");
        }
    }

    // RFC 4648 §10.
    #[test]
    fn base_32_is_that_of_the_standard() {
        for (bytes, text) in [
            ("", ""),
            ("f", "MY"),
            ("fo", "MZXQ"),
            ("foo", "MZXW6"),
            ("foob", "MZXW6YQ"),
            ("fooba", "MZXW6YTB"),
            ("foobar", "MZXW6YTBOI"),
        ] {
            assert_eq!(base32(bytes.as_bytes()), text);
        }
        assert_eq!(written(b"12345678901234567890"), "GEZD GNBV GY3T QOJQ GEZD GNBV GY3T QOJQ");
    }

    #[test]
    fn the_address_escapes_whatever_a_name_holds() {
        let address = address(&[7; 20], "vm.example.org", "Ada&secret=A:B/<b> 1001");
        let (label, query) = address.split_once('?').unwrap();
        assert_eq!(
            label,
            "otpauth://totp/Voicemail%20vm%2Eexample%2Eorg:Ada%26secret%3DA%3AB%2F%3Cb%3E%201001"
        );
        assert_eq!(query.matches("secret=").count(), 1);
    }

    #[test]
    fn a_recovery_code_is_known_however_it_is_grouped_and_is_one_persons() {
        let user = |n| UserId::from_uuid(Uuid::from_u128(n));
        let code = recovery_code([0xfe, 0x31, 0, 7, 99, 1, 2, 3]);
        assert_eq!(code.len(), 14, "{code}");
        let hash = recovery_hash(user(1), &code).unwrap();
        for same in [code.to_uppercase(), code.replace('-', " "), format!(" {code}\n")] {
            assert_eq!(recovery_hash(user(1), &same), Some(hash), "{same}");
        }
        assert_ne!(recovery_hash(user(2), &code), Some(hash));
        for other in ["", "123456", &code[1..], &format!("{code}a")] {
            assert_eq!(recovery_hash(user(1), other), None, "{other}");
        }
    }
}
