//! What a field of a profile takes, in which form it is kept, and whose it is.

use proptest::prelude::*;

use super::*;

fn kept(field: ProfileField, text: &str) -> Result<String, String> {
    let mut profile = Profile::default();
    profile.set(field, text).map_err(|error| error.to_string())?;
    Ok(profile.get(field))
}

/// 003-02, 002-007, 002-020, 002-023, 003-04, 004-03, 004-04: each in its plain form.
#[test]
fn values_are_kept_in_their_plain_form() {
    use ProfileField as F;
    for (field, text, plain) in [
        (F::Login, " JDoe@Example.ORG ", "jdoe@example.org"),
        (F::Department, "  Sales ", "Sales"),
        (F::Site, "Köln", "Köln"),
        (F::Station, "Premium", "premium"),
        (F::Station, "", "standard"),
        (F::Mobile, "+49 (0) 170-123.45", "+4917012345"),
        (F::Mobile, "0049 170 12345", "+4917012345"),
        (F::AreaCode, "(555)", "555"),
        (F::CallerId, "+1 555-0100", "+15550100"),
        (F::EmergencyCallerId, "1001", "1001"),
        (F::EmergencyAddress, "1 Main St, Floor 2", "1 Main St, Floor 2"),
        (F::SipAddress, "jdoe@example.org", "sip:jdoe@example.org"),
        (F::SipAddress, "SIPS:jdoe@example.org", "sips:jdoe@example.org"),
        (F::Music, "http://radio.example.org/hold", "http://radio.example.org/hold"),
        (F::CallPaths, " 2 ", "2"),
        (F::CallPaths, "99", "99"),
        (F::CallPaths, "", ""),
        (F::RecordCalls, "Yes", "yes"),
        (F::RecordCalls, "", "no"),
        (F::Listed, "", "yes"),
        (F::Listed, "off", "no"),
        (F::Mobile, "  ", ""),
    ] {
        assert_eq!(kept(field, text).as_deref(), Ok(plain), "{field} {text:?}");
    }
}

/// 003-02, 004-03: what would mean something else, or nothing, is refused and says what would be right.
#[test]
fn values_that_mean_nothing_are_refused_in_words() {
    use ProfileField as F;
    let long = "x".repeat(300);
    for (field, text) in [
        (F::Login, "jdoe"),
        (F::Login, "1001@example.org"),
        (F::Login, "j doe@example.org"),
        (F::Login, "j'doe@example.org"),
        (F::Login, "jdoe@example.org\r\nX: y"),
        (F::Department, "a\u{0}b"),
        (F::Department, &long),
        (F::Station, "gold"),
        (F::Mobile, "0170 12345"),
        (F::Mobile, "+0170123456"),
        (F::Mobile, "+491"),
        (F::Mobile, "+1234567890123456"),
        (F::Mobile, "call me"),
        (F::AreaCode, "1234567"),
        (F::CallerId, "Ada"),
        (F::EmergencyCallerId, "+"),
        (F::EmergencyAddress, "a\nb"),
        (F::SipAddress, "sip:jdoe"),
        (F::SipAddress, "sip:a b@c"),
        (F::SipAddress, "<sip:a@b>"),
        (F::Music, "a b"),
        (F::CallPaths, "0"),
        (F::CallPaths, "100"),
        (F::CallPaths, "-1"),
        (F::CallPaths, "two"),
        (F::RecordCalls, "perhaps"),
        (F::Listed, "2"),
    ] {
        let why = kept(field, text).unwrap_err();
        assert!(why.starts_with(field.as_str()) && why.contains("is not valid: "), "{why}");
    }
}

#[test]
fn every_field_has_one_word_and_is_told_apart() {
    for field in ProfileField::ALL {
        assert_eq!(field.as_str().parse(), Ok(field));
        assert_eq!(serde_json::to_string(&field).unwrap_or_default(), format!("\"{field}\""));
        assert!(!field.title().is_empty() && !field.meaning().is_empty());
    }
    assert!("shoe_size".parse::<ProfileField>().is_err());
}

/// 001-02, 002-093: what is the person's goes, what is the place's stays.
#[test]
fn the_place_stays_when_the_person_goes() {
    let mut ada = Profile::default();
    for (field, text) in [
        (ProfileField::Login, "ada@example.org"),
        (ProfileField::Mobile, "+4917012345"),
        (ProfileField::SipAddress, "sip:ada@example.org"),
        (ProfileField::Department, "Sales"),
        (ProfileField::CallerId, "+15550100"),
        (ProfileField::EmergencyAddress, "1 Main St"),
        (ProfileField::RecordCalls, "yes"),
    ] {
        ada.set(field, text).unwrap();
    }
    let nobody = ada.without_person();
    assert_eq!((nobody.login, nobody.mobile, nobody.sip_address, nobody.listed), (None, None, None, false));
    assert_eq!(nobody.emergency_address.as_deref(), Some("1 Main St"));
    let mut grace = Profile::default();
    grace.set(ProfileField::Mobile, "+4917099999").unwrap();
    let grace = grace.at_the_place_of(&ada);
    assert_eq!(grace.mobile.as_deref(), Some("+4917099999"));
    assert_eq!((grace.caller_id.as_deref(), grace.record_calls), (Some("+15550100"), true));
    assert_eq!(grace.login, None);
    assert_eq!(ProfileField::ALL.iter().filter(|field| field.is_personal()).count(), 4);
}

proptest! {
    #[test]
    fn what_was_taken_is_taken_again_and_stays(text in "\\PC{0,40}") {
        for field in ProfileField::ALL {
            let mut profile = Profile::default();
            if profile.set(field, &text).is_ok() {
                let plain = profile.get(field);
                let mut again = Profile::default();
                prop_assert_eq!(again.set(field, &plain), Ok(()));
                prop_assert_eq!(again.get(field), plain);
            }
        }
    }
}
