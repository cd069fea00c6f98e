//! Reads the fields of a profile from text. Pure.

use super::{LONGEST_NAME, LONGEST_TEXT, ProfileField};
use crate::domain::{Extension, Invalid, MailAddress, PhoneNumber, is_target};

pub(super) fn login(text: &str) -> Result<String, Invalid> {
    let wrong = || {
        let remedy = "write it like an e-mail address with a letter before the @, such as jdoe@example.org";
        Invalid::new(ProfileField::Login.as_str(), text, remedy)
    };
    let address: MailAddress = text.parse().map_err(|_| wrong())?;
    let plain = address.as_str().to_ascii_lowercase();
    let (local, _) = plain.rsplit_once('@').ok_or_else(wrong)?;
    // 1001@example.org is the mailbox 1001.
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"._+-".contains(&byte);
    if local.parse::<Extension>().is_ok() || !local.bytes().all(is_plain) {
        return Err(wrong());
    }
    Ok(plain)
}

pub(super) fn plain(field: ProfileField, text: &str, most: usize) -> Result<String, Invalid> {
    if text.chars().count() > most || text.chars().any(char::is_control) {
        let remedy = if most == LONGEST_NAME {
            "use at most 64 characters, none of them a control character"
        } else {
            "use at most 200 characters in one line"
        };
        return Err(Invalid::new(field.as_str(), text, remedy));
    }
    Ok(text.to_owned())
}

/// `00` in front means `+`; a number without a country code is nobody's in particular.
pub(super) fn mobile(text: &str) -> Result<String, Invalid> {
    let wrong = || {
        let remedy = "write it with + and the country code, 7 to 15 digits in all, such as +4917012345";
        Invalid::new(ProfileField::Mobile.as_str(), text, remedy)
    };
    // +49 (0) 170: the zero is said and not dialled from elsewhere.
    let text = if text.starts_with('+') { text.replacen("(0)", "", 1) } else { text.to_owned() };
    let number: PhoneNumber = text.parse().map_err(|_| wrong())?;
    let plain = number.as_str();
    let digits = plain.strip_prefix('+').or_else(|| plain.strip_prefix("00")).ok_or_else(wrong)?;
    if !(7..=15).contains(&digits.len()) || digits.starts_with('0') {
        return Err(wrong());
    }
    Ok(format!("+{digits}"))
}

pub(super) fn area_code(text: &str) -> Result<String, Invalid> {
    let digits: String = text.chars().filter(|c| !matches!(c, ' ' | '-' | '(' | ')')).collect();
    if (1..=6).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Ok(digits);
    }
    Err(Invalid::new(ProfileField::AreaCode.as_str(), text, "write 1 to 6 digits"))
}

pub(super) fn call_paths(text: &str) -> Result<u8, Invalid> {
    let count = text.parse().ok().filter(|count| (1..=99).contains(count));
    let remedy = "write a number from 1 to 99, or nothing where the phone system decides";
    count.ok_or_else(|| Invalid::new(ProfileField::CallPaths.as_str(), text, remedy))
}

pub(super) fn number(field: ProfileField, text: &str) -> Result<String, Invalid> {
    let number = text.parse::<PhoneNumber>().ok().map(|number| number.as_str().to_owned());
    let number = number.filter(|number| number.trim_start_matches('+').len() <= 15);
    let remedy = "write a number such as +15550100, with 2 to 15 digits";
    number.ok_or_else(|| Invalid::new(field.as_str(), text, remedy))
}

pub(super) fn sip_address(text: &str) -> Result<String, Invalid> {
    let wrong =
        || Invalid::new(ProfileField::SipAddress.as_str(), text, "write it like sip:jdoe@example.org");
    let lower = text.to_ascii_lowercase();
    let uri = match lower.split_once(':') {
        Some(("sip" | "sips", _)) => text.to_owned(),
        _ => format!("sip:{text}"),
    };
    let (_, rest) = uri.split_once(':').ok_or_else(wrong)?;
    let (user, host) = rest.split_once('@').ok_or_else(wrong)?;
    if user.is_empty() || host.is_empty() || host.contains('@') || text.len() > LONGEST_TEXT {
        return Err(wrong());
    }
    let uri = if lower.starts_with("sips:") { format!("sips:{rest}") } else { format!("sip:{rest}") };
    if is_target(&uri) { Ok(uri) } else { Err(wrong()) }
}

pub(super) fn music(text: &str) -> Result<String, Invalid> {
    if text.chars().count() <= LONGEST_TEXT && text.chars().all(|c| !c.is_control() && !c.is_whitespace()) {
        return Ok(text.to_owned());
    }
    let remedy = "name a stream or file without blanks, such as http://radio.example.org/hold or lobby.wav";
    Err(Invalid::new(ProfileField::Music.as_str(), text, remedy))
}

pub(super) fn yes_or_no(field: ProfileField, text: &str, by_itself: bool) -> Result<bool, Invalid> {
    match text.to_lowercase().as_str() {
        "" => Ok(by_itself),
        "yes" | "y" | "true" | "1" | "on" | "x" | "ja" => Ok(true),
        "no" | "n" | "false" | "0" | "off" | "nein" => Ok(false),
        _ => Err(Invalid::new(field.as_str(), text, "write yes or no")),
    }
}
