//! Callers as people type them: a number becomes E.164 where that is certain, and what looks mistyped is refused.
//!
//! What is stored is read by `FromStr`, which stays as it is: what was kept once means the same for ever.

use super::super::Invalid;
use super::CallerPattern;

/// Digits from which on a number behind an international prefix is a whole one.
const WHOLE: usize = 7;
/// Digits of the longest number there is (E.164).
const LONGEST: usize = 15;
/// What systems say in place of a number that is withheld or not known. Nobody can be called so.
const NOBODY: [&str; 4] = ["unknown", "unavailable", "restricted", "withheld"];

impl CallerPattern {
    /// Reads what somebody typed. `abroad`: what people dial for `+`, as `00`.
    ///
    /// # Errors
    /// [`Invalid`] for what no caller can be, and for numbers that look mistyped.
    pub fn given(text: &str, abroad: &[String]) -> Result<Self, Invalid> {
        let text = text.trim();
        if NOBODY.iter().any(|word| text.eq_ignore_ascii_case(word)) {
            return Ok(Self::Anonymous);
        }
        if is_mistyped(text) {
            let remedy = "this looks like a mistyped number: write a whole one as +49 30 12345, or its beginning as +4930*";
            return Err(Invalid::new("caller", text, remedy));
        }
        Ok(match without_trunk_zero(text, abroad).parse()? {
            Self::Number(number) => Self::Number(international(number, abroad, WHOLE)),
            Self::Prefix(number) => Self::Prefix(international(number, abroad, 1)),
            other => other,
        })
    }

    /// The same for a rule that is changed: callers that it has already stay, however they are written.
    ///
    /// # Errors
    /// As [`CallerPattern::given`].
    pub fn given_anew(text: &str, abroad: &[String], known: &[Self]) -> Result<Self, Invalid> {
        let kept = known.iter().find(|known| known.to_string() == text.trim());
        kept.map_or_else(|| Self::given(text, abroad), |kept| Ok(kept.clone()))
    }
}

/// `0049 30 12345` is +493012345.
fn international(number: String, abroad: &[String], least: usize) -> String {
    let rest = abroad.iter().find_map(|prefix| number.strip_prefix(prefix.as_str()));
    match rest {
        Some(rest) if (least..=LONGEST).contains(&rest.len()) && !rest.starts_with('0') => format!("+{rest}"),
        _ => number,
    }
}

/// `+49 (0)30 12345`: the zero is dialled inland only, in place of the country code.
fn without_trunk_zero(text: &str, abroad: &[String]) -> String {
    let Some((before, behind)) = text.split_once("(0)") else { return text.to_owned() };
    let plain: String = before.chars().filter(|c| c.is_ascii_digit() || *c == '+').collect();
    let behind_prefix = abroad.iter().find_map(|prefix| plain.strip_prefix(prefix.as_str()));
    let country = plain.strip_prefix('+').or(behind_prefix).unwrap_or_default();
    let is_country = (1..=3).contains(&country.len()) && !country.starts_with('0');
    if is_country { format!("{before} {behind}") } else { text.to_owned() }
}

/// A number in which a sign stands that no number has: `+4930x`, `4930..`, one that is too long.
fn is_mistyped(text: &str) -> bool {
    let is_mark = |c: char| matches!(c, ' ' | '-' | '.' | '(' | ')' | '/');
    let (body, is_prefix) = text.strip_suffix('*').map_or((text, false), |body| (body, true));
    let plain: String = body.chars().filter(|c| !is_mark(*c)).collect();
    let digits = plain.strip_prefix('+').unwrap_or(&plain);
    let is_number = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    if plain.starts_with('+') {
        return !is_number || digits.len() > LONGEST || digits.starts_with('0') || is_ragged(body, is_prefix);
    }
    if is_number {
        return is_ragged(body, is_prefix);
    }
    // A phone may be called 1001x; whoever writes 4930xx means any digits.
    let before = digits.trim_end_matches(['x', 'X', '?', '#']);
    let signs = digits.len().saturating_sub(before.len());
    let is_masked = !before.is_empty() && before.bytes().all(|byte| byte.is_ascii_digit());
    is_masked && (signs > 1 || signs == 1 && before.len() >= WHOLE)
}

/// Marks stand twice, at an end, or without their other half.
fn is_ragged(body: &str, is_prefix: bool) -> bool {
    let twice = ["..", "--", "//"].iter().any(|marks| body.contains(marks));
    let at_end = body.starts_with(['.', '-', '/']) || !is_prefix && body.ends_with(['.', '-', '/']);
    twice || at_end || body.matches('(').count() != body.matches(')').count()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn given(text: &str) -> Result<String, String> {
        let abroad = ["00".to_owned()];
        CallerPattern::given(text, &abroad).map(|read| read.to_string()).map_err(|error| error.to_string())
    }

    // 002-027
    #[test]
    fn a_number_becomes_e164_where_that_is_certain() {
        for (text, read) in [
            ("00493055513", "+493055513"),
            ("0049 30 / 555-13", "+493055513"),
            ("+49 (0)30 555", "+4930555"),
            ("0049 (0) 30 55513", "+493055513"),
            ("0049 (0)30 55513", "+493055513"),
            ("0049*", "+49*"),
            ("+49 (0)30*", "+4930*"),
            // A number of the own country or house stays what it is.
            ("(0)30 555", "030555"),
            ("030 55513", "03055513"),
            ("1001", "1001"),
            ("493055513", "493055513"),
            ("00", "00"),
            ("John.Doe", "john.doe"),
            ("1001a", "1001a"),
            ("1001x", "1001x"),
            ("internal", "internal"),
        ] {
            assert_eq!(given(text).as_deref(), Ok(read), "{text}");
        }
        let other = ["011".to_owned()];
        let read = |text: &str| CallerPattern::given(text, &other).unwrap().to_string();
        assert_eq!(read("011 49 30 55513"), "+493055513");
        assert_eq!(read("00493055513"), "00493055513", "nobody dials so there");
    }

    // 002-030
    #[test]
    fn who_is_unknown_is_who_has_no_number() {
        for text in ["unknown", " Unknown", "anonymous", "withheld", "unavailable"] {
            assert_eq!(given(text).as_deref(), Ok("anonymous"), "{text}");
        }
    }

    // 002-027
    #[test]
    fn a_mistyped_number_is_no_name() {
        for text in [
            "+4930x",
            "4930..",
            "+49..30",
            "4930xx",
            "4930555x",
            "+49 30 1?",
            "+4930*5",
            "++4930",
            "+049 30 1",
            "+49 (30 555",
            "4930-",
            "-4930",
            "+1234567890123456",
        ] {
            let why = given(text).unwrap_err();
            assert!(why.contains("mistyped") && why.contains("+4930*"), "{text}: {why}");
        }
        for text in ["garbage!", "a b", "", "*"] {
            assert!(given(text).unwrap_err().contains("anonymous, internal"), "{text}");
        }
    }

    // 002-027: what was kept before is read as before.
    #[test]
    fn what_is_stored_means_what_it_meant() {
        for text in ["00493055513", "+49030555", "+4930x", "unknown"] {
            let stored: CallerPattern = text.parse().unwrap();
            assert_eq!(stored, CallerPattern::Number(text.to_owned()));
            let again = CallerPattern::given_anew(text, &["00".to_owned()], std::slice::from_ref(&stored));
            assert_eq!(again.unwrap(), stored);
        }
    }
}
