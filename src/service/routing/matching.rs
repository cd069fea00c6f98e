//! The forms in which the directory may know a called number or name. Pure; nothing is looked up here.

use crate::domain::{Extension, PhoneNumber};
use crate::sip::uri::plain_number;

use super::rules::TrunkRules;

/// Digits from which on `+` is taken for granted: shorter numbers are extensions or local.
const E164_DIGITS: usize = 8;

/// What stands for `+` where no trunk says otherwise.
pub(in crate::service) const ABROAD: &str = "00";

/// What to look up, in this order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Forms {
    /// As an extension.
    pub(super) extension: Option<Extension>,
    /// As a number or alias, exactly.
    pub(super) exact: Vec<String>,
    /// By its last digits, when the trunk wants that.
    pub(super) ending: Option<PhoneNumber>,
}

/// The forms of a user part.
pub(super) fn forms(user: &str, rules: &TrunkRules) -> Forms {
    let Some(number) = plain_number(user) else {
        return Forms { exact: vec![alias(user)], ..Forms::default() };
    };
    let digits = number.trim_start_matches('+');
    let ending = rules
        .last_digits
        .and_then(|count| digits.get(digits.len().checked_sub(usize::from(count))?..))
        .and_then(|digits| digits.parse().ok());
    Forms { extension: number.parse().ok(), exact: spellings(&number, rules), ending }
}

/// A SIP user part as the directory keeps aliases: lower case, bounded.
pub(super) fn alias(user: &str) -> String {
    user.trim().chars().take(64).collect::<String>().to_lowercase()
}

/// A whole SIP address as the directory keeps aliases.
pub(super) fn address(user: &str, host: &str) -> String {
    let host: String = host.chars().take(253).collect();
    format!("{}@{}", alias(user), host.to_lowercase())
}

/// The same number, written in the ways that the trunk's settings make equal.
fn spellings(number: &str, rules: &TrunkRules) -> Vec<String> {
    let mut all = vec![number.to_owned()];
    let mut add = |spelling: String| {
        if !all.contains(&spelling) {
            all.push(spelling);
        }
    };
    let set = |prefix: &Option<String>| prefix.clone().filter(|prefix| !prefix.is_empty());
    let country = set(&rules.country_code).map(|code| code.trim_start_matches('+').to_owned());
    let national = set(&rules.national_prefix);
    let international = set(&rules.international_prefix);
    let abroad = international.as_deref().and_then(|prefix| number.strip_prefix(prefix));
    let inland = national.as_deref().and_then(|prefix| number.strip_prefix(prefix));
    match (number.strip_prefix('+'), abroad, inland, country) {
        (Some(digits), _, _, country) => {
            if digits.len() >= E164_DIGITS {
                add(digits.to_owned());
            }
            let local = country.and_then(|code| digits.strip_prefix(&code).map(str::to_owned));
            if let (Some(local), Some(prefix)) = (local, national) {
                add(format!("{prefix}{local}"));
            }
        }
        (None, Some(rest), _, _) => add(format!("+{rest}")),
        (None, None, Some(rest), Some(code)) => add(format!("+{code}{rest}")),
        (None, None, _, _) if number.len() >= E164_DIGITS => add(format!("+{number}")),
        _ => {}
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    fn exact(user: &str, rules: &TrunkRules) -> Vec<String> {
        forms(user, rules).exact
    }

    #[test]
    fn a_number_is_known_in_every_spelling_that_the_trunk_allows() {
        let plain = TrunkRules::default();
        assert_eq!(exact("+1 (555) 010-0199", &plain), ["+15550100199", "15550100199"]);
        assert_eq!(exact("15550100199", &plain), ["15550100199", "+15550100199"]);
        assert_eq!(exact("1001", &plain), ["1001"]);
        assert_eq!(exact("+1001", &plain), ["+1001"]);
        assert_eq!(exact("0049301234567", &plain), ["0049301234567", "+0049301234567"]);
        let german = TrunkRules {
            country_code: Some("+49".to_owned()),
            national_prefix: Some("0".to_owned()),
            international_prefix: Some("00".to_owned()),
            ..plain
        };
        assert_eq!(exact("0049301234567", &german), ["0049301234567", "+49301234567"]);
        assert_eq!(exact("0301234567", &german), ["0301234567", "+49301234567"]);
        assert_eq!(exact("+49301234567", &german), ["+49301234567", "49301234567", "0301234567"]);
    }

    #[test]
    fn a_name_is_looked_up_in_lower_case_and_is_no_number() {
        let forms = forms("John.Support", &TrunkRules { last_digits: Some(4), ..TrunkRules::default() });
        assert_eq!(forms, Forms { exact: vec!["john.support".to_owned()], ..Forms::default() });
    }

    #[test]
    fn the_last_digits_are_used_only_where_the_trunk_wants_it_and_there_are_enough() {
        let rules = |last_digits| TrunkRules { last_digits, ..TrunkRules::default() };
        let ending = |user, count| forms(user, &rules(count)).ending.map(|digits| digits.as_str().to_owned());
        assert_eq!(ending("+493012341001", Some(4)).as_deref(), Some("1001"));
        assert_eq!(ending("+493012341001", None), None);
        assert_eq!(ending("101", Some(4)), None);
        assert_eq!(ending("*97", Some(3)), None);
    }
}
