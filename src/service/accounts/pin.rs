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
    /// Shorter than the configuration asks for.
    #[error("a PIN has at least {0} digits here")]
    Short(u8),
    /// `1984`, `240586`, `19840524`.
    #[error("the PIN looks like a year or a date: choose digits that nobody can look up")]
    Date,
}

/// The rules for new PINs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PinPolicy {
    /// Fewest digits, 4 to 12.
    pub shortest: u8,
    /// Refuse what looks like a year or a date of birth.
    pub refuse_dates: bool,
}

impl Default for PinPolicy {
    fn default() -> Self {
        Self::usual()
    }
}

impl PinPolicy {
    /// Four digits, and no dates.
    pub const fn usual() -> Self {
        Self { shortest: 4, refuse_dates: true }
    }

    /// Checks a PIN against the rules.
    ///
    /// # Errors
    /// The first rule that it breaks.
    pub fn check(self, pin: &SecretString, extension: &Extension) -> Result<(), PinFault> {
        let digits = pin.expose_secret().as_bytes();
        if !(4..=12).contains(&digits.len()) || !digits.iter().all(u8::is_ascii_digit) {
            return Err(PinFault::Shape);
        }
        if digits.len() < self.shortest.into() {
            return Err(PinFault::Short(self.shortest));
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
        if self.refuse_dates && is_date(digits) {
            return Err(PinFault::Date);
        }
        Ok(())
    }
}

/// A year of a living person, or day, month and year in any of the usual orders.
fn is_date(digits: &[u8]) -> bool {
    let number =
        |part: &[u8]| part.iter().fold(0_u32, |sum, digit| sum * 10 + u32::from(digit.wrapping_sub(b'0')));
    let is_year = |part: &[u8]| (1900..=2099).contains(&number(part));
    let is_day = |part: &[u8]| {
        let (one, two) = part.split_at(part.len() / 2);
        let fits =
            |day: &[u8], month: &[u8]| (1..=31).contains(&number(day)) && (1..=12).contains(&number(month));
        fits(one, two) || fits(two, one)
    };
    match digits.len() {
        4 => is_year(digits),
        6 => is_day(digits.split_at(4).0) || is_day(digits.split_at(2).1),
        8 => {
            let (first, last) = digits.split_at(4);
            is_day(first) && is_year(last) || is_year(first) && is_day(last)
        }
        _ => false,
    }
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
pub(in crate::service) async fn hash_pin(pin: SecretString, clock: &dyn Clock) -> Result<String, String> {
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
        PinPolicy::usual().check(&SecretString::from(pin), &extension.parse().unwrap())
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
            ("1984", PinFault::Date),
            ("2031", PinFault::Date),
            ("240586", PinFault::Date),
            ("052486", PinFault::Date),
            ("860524", PinFault::Date),
            ("24051984", PinFault::Date),
            ("19840524", PinFault::Date),
        ];
        for (pin, fault) in cases {
            let extension = if pin == "5331" || pin == "913359" { "1335" } else { "1001" };
            assert_eq!(check(pin, extension), Err(fault), "{pin}");
        }
    }

    #[test]
    fn the_length_and_the_dates_are_settings() {
        let check =
            |policy: PinPolicy, pin: &str| policy.check(&SecretString::from(pin), &"1001".parse().unwrap());
        let long = PinPolicy { shortest: 6, refuse_dates: false };
        assert_eq!(check(long, "2580"), Err(PinFault::Short(6)));
        assert_eq!(check(long, "240586"), Ok(()));
        assert_eq!(check(PinPolicy { shortest: 4, refuse_dates: false }, "1984"), Ok(()));
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
