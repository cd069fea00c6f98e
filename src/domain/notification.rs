//! What the owner of a mailbox gets by mail, per address.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::Invalid;

/// An e-mail address, checked when it was entered.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct MailAddress(String);

impl MailAddress {
    /// `local@domain`.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for MailAddress {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        let invalid = || Invalid::new("e-mail address", text, "it looks like ada@example.org");
        let (local, domain) = text.rsplit_once('@').ok_or_else(invalid)?;
        let plain = text.chars().all(|c| {
            c.is_ascii_graphic() && !matches!(c, '<' | '>' | ',' | ';' | '"' | '\\' | '(' | ')' | '@')
                || c == '@'
        }) && !local.contains('@');
        let domain_ok = !domain.is_empty()
            && domain.split('.').all(|label| {
                !label.is_empty()
                    && !label.starts_with('-')
                    && !label.ends_with('-')
                    && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
            });
        let local_ok =
            !local.is_empty() && !local.starts_with('.') && !local.ends_with('.') && !local.contains("..");
        if plain && domain_ok && local_ok && local.len() <= 64 && text.len() <= 254 {
            Ok(Self(text.to_owned()))
        } else {
            Err(invalid())
        }
    }
}

impl TryFrom<String> for MailAddress {
    type Error = Invalid;

    fn try_from(text: String) -> Result<Self, Invalid> {
        text.parse()
    }
}

impl From<MailAddress> for String {
    fn from(address: MailAddress) -> Self {
        address.0
    }
}

impl fmt::Display for MailAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What happens to the message once the mail server has accepted the mail with its audio.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AfterMail {
    /// It stays new.
    LeaveNew,
    /// It moves to the saved messages.
    Save,
    /// It moves to the trash.
    Trash,
}

/// The nine ways of being told by mail (002-073 … 002-077).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum MailMode {
    /// No mail.
    None,
    /// HTML and text with a link.
    Link,
    /// Text only, with a link.
    BriefLink,
    /// HTML and text with the audio attached.
    Attachment(AfterMail),
    /// Text only with the audio attached.
    BriefAttachment(AfterMail),
}

impl MailMode {
    /// Every mode.
    pub const ALL: [Self; 9] = [
        Self::None,
        Self::Link,
        Self::BriefLink,
        Self::Attachment(AfterMail::LeaveNew),
        Self::Attachment(AfterMail::Save),
        Self::Attachment(AfterMail::Trash),
        Self::BriefAttachment(AfterMail::LeaveNew),
        Self::BriefAttachment(AfterMail::Save),
        Self::BriefAttachment(AfterMail::Trash),
    ];

    /// The word used by the command line, the store and the API.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Link => "link",
            Self::BriefLink => "brief-link",
            Self::Attachment(AfterMail::LeaveNew) => "attachment-new",
            Self::Attachment(AfterMail::Save) => "attachment-saved",
            Self::Attachment(AfterMail::Trash) => "attachment-trash",
            Self::BriefAttachment(AfterMail::LeaveNew) => "brief-attachment-new",
            Self::BriefAttachment(AfterMail::Save) => "brief-attachment-saved",
            Self::BriefAttachment(AfterMail::Trash) => "brief-attachment-trash",
        }
    }

    /// Whether the mail carries a link to the message.
    pub const fn has_link(self) -> bool {
        matches!(self, Self::Link | Self::BriefLink)
    }

    /// What to do with the message after an accepted mail, for the modes that carry the audio.
    pub const fn after_mail(self) -> Option<AfterMail> {
        match self {
            Self::Attachment(after) | Self::BriefAttachment(after) => Some(after),
            Self::None | Self::Link | Self::BriefLink => None,
        }
    }

    /// Whether the mail is plain text only.
    pub const fn is_brief(self) -> bool {
        matches!(self, Self::BriefLink | Self::BriefAttachment(_))
    }
}

impl fmt::Display for MailMode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for MailMode {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        Self::ALL.into_iter().find(|mode| mode.as_str() == text).ok_or_else(|| {
            Invalid::new(
                "mail mode",
                text,
                "choose none, link, brief-link, attachment-new, attachment-saved, attachment-trash, \
                 brief-attachment-new, brief-attachment-saved or brief-attachment-trash",
            )
        })
    }
}

impl TryFrom<String> for MailMode {
    type Error = Invalid;

    fn try_from(text: String) -> Result<Self, Invalid> {
        text.parse()
    }
}

impl From<MailMode> for String {
    fn from(mode: MailMode) -> Self {
        mode.as_str().to_owned()
    }
}

/// How an attached message is encoded.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AttachmentFormat {
    /// Small, plays everywhere.
    #[default]
    Mp3,
    /// PCM, 16-bit, as stored.
    Wav,
}

impl AttachmentFormat {
    /// The word used by the command line, the store and the API; also the file ending.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Mp3 => "mp3",
            Self::Wav => "wav",
        }
    }
}

impl FromStr for AttachmentFormat {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        match text {
            "mp3" => Ok(Self::Mp3),
            "wav" => Ok(Self::Wav),
            _ => Err(Invalid::new("attachment format", text, "choose mp3 or wav")),
        }
    }
}

/// One address of a mailbox with its own mode.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Recipient {
    /// Where the mail goes.
    pub address: MailAddress,
    /// What it carries.
    pub mode: MailMode,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_mode_reads_back_from_its_word() {
        for mode in MailMode::ALL {
            assert_eq!(mode.as_str().parse(), Ok(mode));
        }
    }

    #[test]
    fn addresses_that_could_break_a_header_are_refused() {
        assert!("ada.lovelace+vm@example.org".parse::<MailAddress>().is_ok());
        for bad in [
            "",
            "ada",
            "ada@",
            "@x",
            "a@b\r\nBcc: c@d",
            "a b@c",
            "a@b@c",
            "a@-b.c",
            "<a@b>",
            "a,b@c.d",
            ".a@b",
        ] {
            assert!(bad.parse::<MailAddress>().is_err(), "{bad:?} must be refused");
        }
    }
}
