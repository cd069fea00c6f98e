//! PINs: which are good enough, and how they are kept (Argon2id, RFC 9106).
//!
//! No PIN ever stands in an error or a log.

use argon2::Argon2;
use argon2::password_hash::PasswordHasher as _;
use argon2::password_hash::phc::PasswordHash;
use secrecy::{ExposeSecret as _, SecretString};

use crate::clock::Clock;
use crate::domain::Extension;

/// Why a PIN is refused. Says what would be right, never the PIN.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PinFault {
    /// Wrong length or not digits.
    #[error("a PIN has 4 to 12 digits and nothing else")]
    Shape,
    /// `1111`, `4747`, `123123`.
    #[error("the PIN repeats itself: choose digits that do not")]
    Repeats,
    /// `1234`, `9876`, `7890`.
    #[error("the PIN counts up or down: choose digits that do not follow each other")]
    Sequence,
    /// The extension, forwards or backwards.
    #[error("the PIN is made of the extension: choose one that callers cannot see")]
    Extension,
}

/// Checks a PIN against the policy.
///
/// # Errors
/// The first rule that it breaks.
pub fn check_pin(pin: &SecretString, extension: &Extension) -> Result<(), PinFault> {
    let digits = pin.expose_secret().as_bytes();
    if !(4..=12).contains(&digits.len()) || !digits.iter().all(u8::is_ascii_digit) {
        return Err(PinFault::Shape);
    }
    if repeats(digits) {
        return Err(PinFault::Repeats);
    }
    if counts(digits, 1) || counts(digits, 9) {
        return Err(PinFault::Sequence);
    }
    if is_made_of(digits, extension.as_str().as_bytes()) {
        return Err(PinFault::Extension);
    }
    Ok(())
}

/// Whether the digits are one group, twice or more.
fn repeats(digits: &[u8]) -> bool {
    (1..=digits.len() / 2)
        .filter(|size| digits.len().is_multiple_of(*size))
        .any(|size| digits.iter().zip(digits.iter().skip(size)).all(|(one, next)| one == next))
}

/// Whether each digit is the one before plus `step`, modulo ten: a step of 9 counts down.
fn counts(digits: &[u8], step: u8) -> bool {
    let value = |digit: &u8| digit.wrapping_sub(b'0');
    digits.iter().zip(digits.iter().skip(1)).all(|(one, next)| (value(one) + step) % 10 == value(next))
}

/// The extension itself, or a long one inside of the PIN, in either direction.
fn is_made_of(digits: &[u8], extension: &[u8]) -> bool {
    let backwards: Vec<u8> = extension.iter().rev().copied().collect();
    [extension, &backwards].into_iter().any(|extension| {
        digits == extension
            || extension.len() >= 4 && digits.windows(extension.len()).any(|part| part == extension)
    })
}

/// The PHC string (`$argon2id$…`) of a PIN, made off the async threads: it costs about 20 ms and 19 MiB.
///
/// # Errors
/// In words; only when the runtime shuts down or memory is out.
pub(super) async fn hash_pin(pin: SecretString, clock: &dyn Clock) -> Result<String, String> {
    let mut salt = [0; 16];
    clock.fill(&mut salt);
    let hash = tokio::task::spawn_blocking(move || {
        let hash: Result<PasswordHash, _> =
            Argon2::default().hash_password_with_salt(pin.expose_secret().as_bytes(), &salt);
        hash.map(|hash| hash.to_string()).map_err(|error| error.to_string())
    });
    hash.await.map_err(|error| error.to_string())?
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn check(pin: &str, extension: &str) -> Result<(), PinFault> {
        check_pin(&SecretString::from(pin), &extension.parse().unwrap())
    }

    #[test]
    fn an_ordinary_pin_is_good() {
        for pin in ["482913", "2580", "194837265018"] {
            assert_eq!(check(pin, "1001"), Ok(()), "{pin}");
        }
        assert_eq!(check("482913", "48"), Ok(()), "a short extension inside of a PIN gives nothing away");
    }

    #[test]
    fn a_guessable_pin_is_refused_by_the_rule_it_breaks() {
        let cases = [
            ("", PinFault::Shape),
            ("123", PinFault::Shape),
            ("1234567890123", PinFault::Shape),
            ("48a913", PinFault::Shape),
            ("४८२९", PinFault::Shape),
            ("1111", PinFault::Repeats),
            ("4747", PinFault::Repeats),
            ("472472", PinFault::Repeats),
            ("1234", PinFault::Sequence),
            ("9876543", PinFault::Sequence),
            ("7890", PinFault::Sequence),
            ("2109", PinFault::Sequence),
            ("1001", PinFault::Extension),
            ("5331", PinFault::Extension),
            ("913359", PinFault::Extension),
        ];
        for (pin, fault) in cases {
            let extension = if pin == "5331" || pin == "913359" { "1335" } else { "1001" };
            assert_eq!(check(pin, extension), Err(fault), "{pin}");
        }
    }

    proptest! {
        #[test]
        fn no_text_breaks_the_policy_check(pin in ".{0,16}", extension in "[0-9]{2,10}") {
            if check(&pin, &extension).is_ok() {
                prop_assert!(pin.len() >= 4 && pin != extension);
            }
        }

        #[test]
        fn a_group_that_repeats_is_always_refused(group in "[0-9]{2,6}") {
            prop_assert_eq!(check(&group.repeat(2), "98765"), Err(PinFault::Repeats));
        }
    }
}
