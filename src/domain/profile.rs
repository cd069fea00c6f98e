//! What is known of a user beside name and addresses: login name, place, numbers, what provisioning programs are told.
//!
//! Every field has one word, one way to be read from text and one way to be written, so that pages, API, command line
//! and tables all take and show the same.

mod parse;

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use self::parse::{area_code, call_paths, login, mobile, music, number, plain, sip_address, yes_or_no};
use super::Invalid;

/// Characters of a department or site.
const LONGEST_NAME: usize = 64;
/// Characters of an address or stream.
const LONGEST_TEXT: usize = 200;

/// What the telephone service of a user includes (003-04).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Station {
    /// A telephone with mailbox and nothing more.
    #[default]
    Standard,
    /// All there is.
    Premium,
}

/// What is known of a user. What stands here is kept and handed on: calls do not depend on it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Profile {
    /// What the user signs in with, in the form of an e-mail address, lower case (003-01, 003-02).
    #[serde(skip)]
    pub login: Option<String>,
    /// Department (002-007).
    #[serde(skip)]
    pub department: Option<String>,
    /// Site (002-008).
    #[serde(skip)]
    pub site: Option<String>,
    /// Premium or standard (003-04).
    pub station: Station,
    /// Mobile phone, E.164 (004-03).
    pub mobile: Option<String>,
    /// Area code that local numbers belong to (002-023).
    pub area_code: Option<String>,
    /// Number that calls of the user come from (002-023).
    pub caller_id: Option<String>,
    /// The same for emergency calls (002-011).
    pub emergency_caller_id: Option<String>,
    /// Where rescuers go (004-04).
    pub emergency_address: Option<String>,
    /// The user's SIP address (004-04).
    pub sip_address: Option<String>,
    /// Stream that is played on hold (004-04).
    pub music: Option<String>,
    /// Calls that the user has at the same time: "busy" means that all of them are used (002-038).
    pub call_paths: Option<u8>,
    /// The user's calls should be recorded (002-020).
    pub record_calls: bool,
    /// Stands in the list of contacts (002-022).
    pub listed: bool,
}

impl Default for Profile {
    fn default() -> Self {
        Self {
            login: None,
            department: None,
            site: None,
            station: Station::Standard,
            mobile: None,
            area_code: None,
            caller_id: None,
            emergency_caller_id: None,
            emergency_address: None,
            sip_address: None,
            music: None,
            call_paths: None,
            record_calls: false,
            listed: true,
        }
    }
}

/// A field of a [`Profile`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ProfileField {
    /// [`Profile::login`].
    Login,
    /// [`Profile::department`].
    Department,
    /// [`Profile::site`].
    Site,
    /// [`Profile::station`].
    Station,
    /// [`Profile::mobile`].
    Mobile,
    /// [`Profile::area_code`].
    AreaCode,
    /// [`Profile::caller_id`].
    CallerId,
    /// [`Profile::emergency_caller_id`].
    EmergencyCallerId,
    /// [`Profile::emergency_address`].
    EmergencyAddress,
    /// [`Profile::sip_address`].
    SipAddress,
    /// [`Profile::music`].
    Music,
    /// [`Profile::call_paths`].
    CallPaths,
    /// [`Profile::record_calls`].
    RecordCalls,
    /// [`Profile::listed`].
    Listed,
}

impl ProfileField {
    /// Every field, in the order of pages and tables.
    pub const ALL: [Self; 14] = [
        Self::Login,
        Self::Department,
        Self::Site,
        Self::Station,
        Self::Mobile,
        Self::AreaCode,
        Self::CallerId,
        Self::EmergencyCallerId,
        Self::EmergencyAddress,
        Self::SipAddress,
        Self::Music,
        Self::CallPaths,
        Self::RecordCalls,
        Self::Listed,
    ];

    /// The word used by the command line, tables and the API.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Login => "login",
            Self::Department => "department",
            Self::Site => "site",
            Self::Station => "station",
            Self::Mobile => "mobile",
            Self::AreaCode => "area_code",
            Self::CallerId => "caller_id",
            Self::EmergencyCallerId => "emergency_caller_id",
            Self::EmergencyAddress => "emergency_address",
            Self::SipAddress => "sip_address",
            Self::Music => "music",
            Self::CallPaths => "call_paths",
            Self::RecordCalls => "record_calls",
            Self::Listed => "listed",
        }
    }

    /// As people read it.
    pub const fn title(self) -> &'static str {
        match self {
            Self::Login => "User ID",
            Self::Department => "Department",
            Self::Site => "Site",
            Self::Station => "Station type",
            Self::Mobile => "Mobile phone",
            Self::AreaCode => "Area code",
            Self::CallerId => "Caller ID",
            Self::EmergencyCallerId => "911 caller ID",
            Self::EmergencyAddress => "911 address",
            Self::SipAddress => "SIP address",
            Self::Music => "Music on hold",
            Self::CallPaths => "Calls at the same time",
            Self::RecordCalls => "Record the user's calls",
            Self::Listed => "List in the contacts",
        }
    }

    /// What it takes, for people.
    pub const fn meaning(self) -> &'static str {
        match self {
            Self::Login => {
                "signs in by the web; in the form of an e-mail address, one person's of the tenant"
            }
            Self::Department => "up to 64 characters",
            Self::Site => "up to 64 characters",
            Self::Station => "premium or standard",
            Self::Mobile => "with the country code, such as +4917012345",
            Self::AreaCode => "1 to 6 digits",
            Self::CallerId => "number that the user's calls come from",
            Self::EmergencyCallerId => "number that emergency calls come from",
            Self::EmergencyAddress => "where rescuers go: street, house, floor, town",
            Self::SipAddress => "such as sip:jdoe@example.org",
            Self::Music => "stream or file that is played on hold",
            Self::CallPaths => "1 to 99; who has so many is busy",
            Self::RecordCalls => "yes or no; kept for the phone system",
            Self::Listed => "yes or no: colleagues see the user in the list of contacts",
        }
    }

    /// Only for who may see and change emergency data (002-011).
    pub const fn is_emergency(self) -> bool {
        matches!(self, Self::EmergencyCallerId | Self::EmergencyAddress)
    }

    /// Belongs to the person, and goes with it; the others belong to the place, and stay for whoever comes next.
    pub const fn is_personal(self) -> bool {
        matches!(self, Self::Login | Self::Mobile | Self::SipAddress | Self::Listed)
    }

    /// Everybody changes it for themselves.
    pub const fn is_own(self) -> bool {
        matches!(self, Self::Mobile | Self::Listed)
    }

    /// Is a number, and no text of digits.
    pub const fn is_count(self) -> bool {
        matches!(self, Self::CallPaths)
    }

    /// Is yes or no.
    pub const fn is_flag(self) -> bool {
        matches!(self, Self::RecordCalls | Self::Listed)
    }

    /// A tenant may hide it from its pages and programs (002-003).
    pub const fn may_be_hidden(self) -> bool {
        !matches!(self, Self::Login)
    }
}

impl fmt::Display for ProfileField {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for ProfileField {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        Self::ALL.into_iter().find(|field| field.as_str() == text).ok_or_else(|| {
            Invalid::new(
                "profile field",
                text,
                "choose login, department, site, station, mobile, area_code, caller_id, emergency_caller_id, \
                 emergency_address, sip_address, music, call_paths, record_calls or listed",
            )
        })
    }
}

impl Profile {
    /// A field as text; empty when there is none.
    pub fn get(&self, field: ProfileField) -> String {
        use ProfileField as F;
        let yes = |is: bool| if is { "yes" } else { "no" }.to_owned();
        match field {
            F::Station => match self.station {
                Station::Premium => "premium".to_owned(),
                Station::Standard => "standard".to_owned(),
            },
            F::CallPaths => self.call_paths.map(|paths| paths.to_string()).unwrap_or_default(),
            F::RecordCalls => yes(self.record_calls),
            F::Listed => yes(self.listed),
            other => self.text(other).cloned().unwrap_or_default(),
        }
    }

    fn text(&self, field: ProfileField) -> Option<&String> {
        use ProfileField as F;
        match field {
            F::Login => self.login.as_ref(),
            F::Department => self.department.as_ref(),
            F::Site => self.site.as_ref(),
            F::Mobile => self.mobile.as_ref(),
            F::AreaCode => self.area_code.as_ref(),
            F::CallerId => self.caller_id.as_ref(),
            F::EmergencyCallerId => self.emergency_caller_id.as_ref(),
            F::EmergencyAddress => self.emergency_address.as_ref(),
            F::SipAddress => self.sip_address.as_ref(),
            F::Music => self.music.as_ref(),
            F::Station | F::CallPaths | F::RecordCalls | F::Listed => None,
        }
    }

    /// Sets a field from text, in its plain form; the empty text takes it away, or sets what it is by itself.
    ///
    /// # Errors
    /// [`Invalid`] says what would be right; nothing is changed then.
    pub fn set(&mut self, field: ProfileField, text: &str) -> Result<(), Invalid> {
        use ProfileField as F;
        let text = text.trim();
        let some = if text.is_empty() { None } else { Some(text) };
        match field {
            F::Login => self.login = some.map(login).transpose()?,
            F::Department => {
                self.department = some.map(|text| plain(field, text, LONGEST_NAME)).transpose()?
            }
            F::Site => self.site = some.map(|text| plain(field, text, LONGEST_NAME)).transpose()?,
            F::Mobile => self.mobile = some.map(mobile).transpose()?,
            F::AreaCode => self.area_code = some.map(area_code).transpose()?,
            F::CallerId => self.caller_id = some.map(|text| number(field, text)).transpose()?,
            F::EmergencyCallerId => {
                self.emergency_caller_id = some.map(|text| number(field, text)).transpose()?;
            }
            F::EmergencyAddress => {
                self.emergency_address = some.map(|text| plain(field, text, LONGEST_TEXT)).transpose()?;
            }
            F::SipAddress => self.sip_address = some.map(sip_address).transpose()?,
            F::Music => self.music = some.map(music).transpose()?,
            F::Station => {
                self.station = match text.to_ascii_lowercase().as_str() {
                    "premium" => Station::Premium,
                    "standard" | "" => Station::Standard,
                    _ => return Err(Invalid::new(field.as_str(), text, "choose premium or standard")),
                }
            }
            F::CallPaths => self.call_paths = some.map(call_paths).transpose()?,
            F::RecordCalls => self.record_calls = yes_or_no(field, text, false)?,
            F::Listed => self.listed = yes_or_no(field, text, true)?,
        }
        Ok(())
    }

    /// Takes a field from another profile.
    pub fn take(&mut self, field: ProfileField, other: &Self) {
        use ProfileField as F;
        match field {
            F::Login => self.login.clone_from(&other.login),
            F::Department => self.department.clone_from(&other.department),
            F::Site => self.site.clone_from(&other.site),
            F::Station => self.station = other.station,
            F::Mobile => self.mobile.clone_from(&other.mobile),
            F::AreaCode => self.area_code.clone_from(&other.area_code),
            F::CallerId => self.caller_id.clone_from(&other.caller_id),
            F::EmergencyCallerId => self.emergency_caller_id.clone_from(&other.emergency_caller_id),
            F::EmergencyAddress => self.emergency_address.clone_from(&other.emergency_address),
            F::SipAddress => self.sip_address.clone_from(&other.sip_address),
            F::Music => self.music.clone_from(&other.music),
            F::CallPaths => self.call_paths = other.call_paths,
            F::RecordCalls => self.record_calls = other.record_calls,
            F::Listed => self.listed = other.listed,
        }
    }

    /// What belongs to the person as in this profile, what belongs to the place as in that of whoever had it.
    #[must_use]
    pub fn at_the_place_of(&self, other: &Self) -> Self {
        let mut moved = self.clone();
        for field in ProfileField::ALL.into_iter().filter(|field| !field.is_personal()) {
            moved.take(field, other);
        }
        moved
    }

    /// The same place, for nobody yet: not in the contacts until that is wanted.
    #[must_use]
    pub fn without_person(&self) -> Self {
        Self { listed: false, ..Self::default() }.at_the_place_of(self)
    }
}

#[cfg(test)]
mod tests;
