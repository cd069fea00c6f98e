//! A mail that says that a way in was changed: password, PIN, second factor → MIME, text only. Pure.
//!
//! It carries no link and no secret: whoever did not do it is to ask the administrator, not to press on something.

use jiff::Zoned;

use super::notice::{About, plain_mail};
use super::render::Mail;
use super::{MailError, Sender, text};
use crate::domain::{JobId, MailAddress, SecurityChange};
use crate::written::{Written, fill, written};

/// All that the mail says.
#[derive(Debug, Clone)]
pub struct SecurityView {
    /// The job that sends it; part of `Message-ID`.
    pub job: JobId,
    /// To whom.
    pub to: MailAddress,
    /// Language of the recipient, for example `de` (RFC 5646).
    pub language: String,
    /// What was changed.
    pub change: SecurityChange,
    /// Whose; may be empty.
    pub owner: String,
    /// When, in the owner's zone.
    pub at: Zoned,
}

/// Makes the mail.
///
/// # Errors
/// As [`super::render`].
pub fn render_security(view: &SecurityView, sender: &Sender) -> Result<Mail, MailError> {
    let written = written(&view.language);
    let what = what(written, view.change);
    let about = About { to: &view.to, subject: what.to_owned(), at: view.at.timestamp(), job: view.job };
    let owner = text::line(&view.owner, text::NAME_LIMIT);
    let greeting = match owner.as_str() {
        "" => String::new(),
        owner => fill(&written.security.greeting, &[("owner", owner)]) + "\n\n",
    };
    let when = written.calendar.long_time(&view.at);
    let text = greeting + &fill(&written.security.text, &[("what", what), ("when", &when)]);
    plain_mail(&about, text, sender)
}

fn what(written: &Written, change: SecurityChange) -> &str {
    let texts = &written.security;
    match change {
        SecurityChange::Password => &texts.password,
        SecurityChange::Pin => &texts.pin,
        SecurityChange::FactorOn => &texts.factor_on,
        SecurityChange::FactorOff => &texts.factor_off,
        SecurityChange::FactorCodes => &texts.factor_codes,
        SecurityChange::FactorReset => &texts.factor_reset,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mail(language: &str, change: SecurityChange) -> String {
        let view = SecurityView {
            job: "01890a5d-ac96-774b-bcce-b302099a8057".parse().unwrap(),
            to: "ada@example.org".parse().unwrap(),
            language: language.to_owned(),
            change,
            owner: "Ada\r\nBcc: eve@example.org".to_owned(),
            at: "2026-03-04T05:06:00+00:00[UTC]".parse().unwrap(),
        };
        let mail = render_security(&view, &Sender::parse("Voicemail <vm@example.org>").unwrap()).unwrap();
        // Long lines are broken for the way.
        String::from_utf8(mail.as_bytes().to_vec()).unwrap().replace("=\r\n", "")
    }

    #[test]
    fn each_change_says_what_it_was_when_and_what_to_do() {
        for (change, subject) in [
            (SecurityChange::Password, "The password of your voicemail was changed"),
            (SecurityChange::Pin, "The PIN of your voicemail was changed"),
            (SecurityChange::FactorOn, "The second factor of your voicemail was turned on"),
            (SecurityChange::FactorOff, "The second factor of your voicemail was turned off"),
            (SecurityChange::FactorCodes, "Your voicemail has new recovery codes"),
            (SecurityChange::FactorReset, "An administrator removed the second factor of your voicemail"),
        ] {
            let text = mail("en", change);
            assert!(text.contains(&format!("Subject: {subject}\r\n")), "{text}");
            assert!(text.contains("4 March 2026") && text.contains("administrator"), "{text}");
            assert!(!text.contains("\nBcc") && !text.contains("http"), "{text}");
        }
        let german = mail("de", SecurityChange::Pin);
        assert!(german.contains("ge=C3=A4ndert") && german.contains("4. M=C3=A4rz 2026"), "{german}");
    }
}
