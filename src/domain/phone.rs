//! How a mailbox behaves towards its owner on the phone. (What callers meet is in [`super::Mailbox`] itself.)
//!
//! Kept as one JSON document beside the other settings: a field that an older version did not write takes its default.

use serde::{Deserialize, Serialize};

/// Slowest and fastest playback, in percent.
const SPEED: std::ops::RangeInclusive<u16> = 50..=200;
/// Quietest and loudest playback, in decibels.
const GAIN: std::ops::RangeInclusive<i8> = -12..=12;
/// Nicknames that one person may have.
const NICKNAMES: usize = 8;
/// Characters of a nickname or of the name of a key profile.
const NAME: usize = 64;

/// What is said about a message before it is played.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Envelope {
    /// When it came.
    pub time: bool,
    /// Who left it.
    pub caller: bool,
    /// How long it is.
    pub duration: bool,
}

impl Default for Envelope {
    fn default() -> Self {
        Self { time: true, caller: true, duration: false }
    }
}

/// What of the tutorial has been done.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Tutorial {
    /// The owner chose a PIN.
    pub pin: bool,
    /// The owner recorded the name.
    pub name: bool,
    /// The owner recorded a greeting.
    pub greeting: bool,
    /// It is over, or the owner wants to hear no more of it.
    pub done: bool,
}

/// The settings that only the owner's own calls obey.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct PhoneSettings {
    /// Name of the key profile. `None`: that of the configuration.
    pub keys: Option<String>,
    /// Newest messages first (002-059).
    pub newest_first: bool,
    /// Urgent messages before all others.
    pub urgent_first: bool,
    /// What is said before a message (002-060, 002-061).
    pub envelope: Envelope,
    /// Speed of playback in percent, 50 to 200.
    pub speed_percent: u16,
    /// Loudness of playback in decibels, -12 to 12.
    pub gain_db: i8,
    /// New messages play at once after the counts.
    pub auto_play: bool,
    /// Menus tell their keys without being asked.
    pub key_help: bool,
    /// The sender of a message may be called back (to allowed targets only).
    pub may_call_back: bool,
    /// May send to everybody of the tenant at once.
    pub may_broadcast: bool,
    /// Is found in the audio directory, once there is a recorded name (002-021, 002-072).
    pub announce: bool,
    /// Further first names that the directory knows the person by.
    pub nicknames: Vec<String>,
    /// What of the tutorial has been done.
    pub tutorial: Tutorial,
}

impl Default for PhoneSettings {
    fn default() -> Self {
        Self {
            keys: None,
            newest_first: true,
            urgent_first: true,
            envelope: Envelope::default(),
            speed_percent: 100,
            gain_db: 0,
            auto_play: false,
            key_help: true,
            may_call_back: false,
            may_broadcast: false,
            announce: true,
            nicknames: Vec::new(),
            tutorial: Tutorial::default(),
        }
    }
}

impl PhoneSettings {
    /// Brings every value into its range.
    pub fn clamp(&mut self) {
        self.speed_percent = self.speed_percent.clamp(*SPEED.start(), *SPEED.end());
        self.gain_db = self.gain_db.clamp(*GAIN.start(), *GAIN.end());
        self.keys = self.keys.take().map(|name| cut(&name)).filter(|name| !name.is_empty());
        self.nicknames.truncate(NICKNAMES);
        self.nicknames =
            self.nicknames.iter().map(|name| cut(name)).filter(|name| !name.is_empty()).collect();
    }
}

fn cut(text: &str) -> String {
    text.trim().chars().filter(|c| !c.is_control()).take(NAME).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_of_an_older_version_take_the_defaults() {
        let read: PhoneSettings = serde_json::from_str(r#"{"gain_db":3,"envelope":{"time":false}}"#).unwrap();
        assert_eq!((read.gain_db, read.speed_percent, read.newest_first), (3, 100, true));
        assert_eq!(read.envelope, Envelope { time: false, caller: true, duration: false });
    }

    #[test]
    fn a_value_out_of_its_range_is_brought_back_into_it() {
        let mut phone = PhoneSettings {
            speed_percent: 9000,
            gain_db: -100,
            keys: Some("  ".to_owned()),
            nicknames: vec!["x".repeat(500); 20],
            ..PhoneSettings::default()
        };
        phone.clamp();
        assert_eq!((phone.speed_percent, phone.gain_db, phone.keys), (200, -12, None));
        assert_eq!((phone.nicknames.len(), phone.nicknames[0].len()), (8, 64));
    }
}
