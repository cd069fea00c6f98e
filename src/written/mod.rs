//! What is written, in every language: mails, and times in them. A language is data, `prompts/<lang>/written.toml`.
//!
//! What is spoken is [`crate::speech`]'s. Knows words, not mails; driven by [`crate::mail`].

mod calendar;
#[cfg(test)]
mod tests;

use std::sync::LazyLock;

use serde::Deserialize;

pub use calendar::Calendar;

/// Every language that is part of the program, with its texts.
const EMBEDDED: &[(&str, &str)] = &[
    ("en", include_str!("../../prompts/en/written.toml")),
    ("de", include_str!("../../prompts/de/written.toml")),
];

/// Written where a language is asked for that is not there.
const FALLBACK: &str = "en";

/// The texts of a language. `{names}` in them are filled by [`fill`].
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Written {
    /// The language (RFC 5646), for example `de`.
    #[serde(skip)]
    pub tag: &'static str,
    /// Times and lengths.
    pub calendar: Calendar,
    /// The mail about a message.
    pub mail: MailTexts,
    /// The mail about a locked mailbox.
    pub locked: LockedTexts,
    /// The mail about a way in that was changed.
    pub security: SecurityTexts,
}

/// `[mail]`
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "each is the text that its name says; prompts/en/written.toml shows them")]
pub struct MailTexts {
    pub subject: String,
    pub voicemail: String,
    pub voicemail_urgent: String,
    pub voicemail_private: String,
    pub voicemail_urgent_private: String,
    pub withheld: String,
    pub unknown: String,
    pub mailbox: String,
    pub mailbox_nameless: String,
    pub urgent: String,
    pub private: String,
    pub heading: String,
    pub called_as: String,
    pub passed_on_by: String,
    pub left_by: String,
    pub note_of: String,
    pub listen: String,
    pub too_large_button: String,
    pub until_button: String,
    pub attached: String,
    pub keep_private: String,
    pub line_urgent: String,
    pub line_private: String,
    pub line_heading: String,
    pub line_from: String,
    pub line_called_as: String,
    pub line_received: String,
    pub line_length: String,
    pub line_listen: String,
    pub too_large_link: String,
    pub until_link: String,
    pub brief_urgent: String,
    pub brief_private: String,
    pub brief_heading: String,
    pub brief_called_as: String,
    pub brief_left_by: String,
}

/// `[locked]`
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "each is the text that its name says; prompts/en/written.toml shows them")]
pub struct LockedTexts {
    pub subject: String,
    pub greeting: String,
    pub text: String,
}

/// `[security]`
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "each is the text that its name says; prompts/en/written.toml shows them")]
pub struct SecurityTexts {
    pub password: String,
    pub pin: String,
    pub factor_on: String,
    pub factor_off: String,
    pub factor_codes: String,
    pub factor_reset: String,
    pub greeting: String,
    pub text: String,
}

static ALL: LazyLock<Vec<Written>> = LazyLock::new(|| {
    let read = |(tag, text): &(&'static str, &str)| match toml::from_str::<Written>(text) {
        Ok(written) => Some(Written { tag, ..written }),
        Err(error) => {
            tracing::error!(tag, %error, "the texts of a language cannot be used");
            None
        }
    };
    EMBEDDED.iter().filter_map(read).collect()
});

static NONE: LazyLock<Written> = LazyLock::new(Written::default);

/// The texts for a tag such as `de` or `de-CH`; what is not there is written in the language without the region, or in
/// English.
pub fn written(tag: &str) -> &'static Written {
    let plain = tag.split(['-', '_']).next().unwrap_or_default();
    let find = |name: &str| ALL.iter().find(|written| written.tag == name);
    find(tag).or_else(|| find(plain)).or_else(|| find(FALLBACK)).unwrap_or(&NONE)
}

/// The text with each `{name}` replaced. What is put in is not looked at again.
pub fn fill(text: &str, values: &[(&str, &str)]) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('{') {
        out.push_str(before);
        let found = after.split_once('}').and_then(|(name, after)| {
            values.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value, after))
        });
        match found {
            Some((value, after)) => {
                out.push_str(value);
                rest = after;
            }
            None => {
                out.push('{');
                rest = after;
            }
        }
    }
    out + rest
}

/// What stands before and after the only `{name}` of a text.
pub fn around<'a>(text: &'a str, name: &str) -> (&'a str, &'a str) {
    text.split_once(&format!("{{{name}}}")).unwrap_or((text, ""))
}
