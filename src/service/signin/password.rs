//! Which passwords are good enough. Pure.

use secrecy::{ExposeSecret as _, SecretString};

use crate::domain::User;

/// Fewest characters.
pub const SHORTEST: usize = 10;
/// Most characters: more would only cost time.
pub const LONGEST: usize = 128;

/// Why a password is refused. Says what would be right, never the password.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PasswordFault {
    /// Too short.
    #[error(
        "a password has at least {SHORTEST} characters: three or four words that do not belong together are easy to keep"
    )]
    Short,
    /// Too long.
    #[error("a password has at most {LONGEST} characters")]
    Long,
    /// One or two characters again and again.
    #[error("the password repeats itself: use more different characters")]
    Repeats,
    /// Made of what everybody knows of the person, or of the first that is tried.
    #[error(
        "the password is among the first that are guessed: choose one that has nothing to do with you or this service"
    )]
    Known,
    /// The two fields differ (002-015).
    #[error("the two passwords are not the same: type it once more")]
    Differ,
}

/// The beginnings and words that guessers try first.
const GUESSED: &[&str] = &[
    "password",
    "passwort",
    "qwerty",
    "qwertz",
    "azerty",
    "letmein",
    "welcome",
    "iloveyou",
    "123456",
    "abcdef",
    "111111",
    "voicemail",
    "aftertone",
    "admin",
    "changeme",
    "secret",
    "geheim",
    "football",
    "sunshine",
];

/// Checks a new password for this person.
///
/// # Errors
/// The first rule that it breaks.
pub fn check(password: &SecretString, user: &User) -> Result<(), PasswordFault> {
    let text = password.expose_secret();
    let count = text.chars().count();
    if count < SHORTEST {
        return Err(PasswordFault::Short);
    }
    if count > LONGEST {
        return Err(PasswordFault::Long);
    }
    let mut different: Vec<char> = text.chars().collect();
    different.sort_unstable();
    different.dedup();
    if different.len() < 4 {
        return Err(PasswordFault::Repeats);
    }
    let lower = text.to_lowercase();
    let own = [user.first.to_lowercase(), user.last.to_lowercase()];
    let mails = user.emails.iter().filter_map(|mail| mail.as_str().split('@').next().map(str::to_lowercase));
    let known = GUESSED.iter().map(|word| (*word).to_owned()).chain(own).chain(mails);
    // What is left without the known words must still be hard to guess.
    let left =
        known.filter(|word| word.chars().count() >= 4).fold(lower, |left, word| left.replace(&word, ""));
    if left.chars().count() < 6 { Err(PasswordFault::Known) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{TenantId, UserId};

    fn checked(password: &str) -> Result<(), PasswordFault> {
        let id = uuid::Uuid::from_u128(1);
        let user = User {
            id: UserId::from_uuid(id),
            tenant: TenantId::from_uuid(id),
            first: "Ada".to_owned(),
            last: "Lovelace".to_owned(),
            emails: vec!["countess@example.org".parse().unwrap()],
            profile: crate::domain::Profile::default(),
            created_at: jiff::Timestamp::UNIX_EPOCH,
        };
        check(&SecretString::from(password), &user)
    }

    #[test]
    fn each_password_is_refused_by_the_rule_it_breaks() {
        for (password, expected) in [
            ("kettle-moon-oats", Ok(())),
            ("Überraschung-7", Ok(())),
            ("short", Err(PasswordFault::Short)),
            ("abababababab", Err(PasswordFault::Repeats)),
            ("Password123", Err(PasswordFault::Known)),
            ("lovelace1815", Err(PasswordFault::Known)),
            ("countess-123", Err(PasswordFault::Known)),
            ("1234567890", Err(PasswordFault::Known)),
        ] {
            assert_eq!(checked(password), expected, "{password}");
        }
        assert_eq!(checked(&"aB3$".repeat(40)), Err(PasswordFault::Long));
    }
}
