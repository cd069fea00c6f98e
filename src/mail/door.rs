//! A one-time link to the web side → MIME, text only. Pure.

use jiff::{Timestamp, Zoned};
use secrecy::{ExposeSecret as _, SecretString};

use crate::domain::{Extension, JobId, MailAddress};

use super::notice::{About, plain_mail};
use super::render::Mail;
use super::{MailError, Sender, text};
use crate::written::written;

/// All that the mail says.
#[derive(Debug, Clone)]
pub struct DoorView {
    /// The job that sends it; part of `Message-ID`.
    pub job: JobId,
    /// To whom.
    pub to: MailAddress,
    /// Language in which times are written.
    pub language: String,
    /// A first password, or a new one.
    pub is_first: bool,
    /// Whose; may be empty.
    pub name: String,
    /// The number of the mailbox, which is a name to sign in with as well.
    pub sign_in: Option<Extension>,
    /// The link.
    pub url: SecretString,
    /// Until when it works, in the user's zone.
    pub expires: Zoned,
    /// When the mail is made.
    pub at: Timestamp,
}

/// Makes the mail.
///
/// # Errors
/// As [`super::render`].
pub fn render_door(view: &DoorView, sender: &Sender) -> Result<Mail, MailError> {
    let subject =
        if view.is_first { "Your voicemail on the web" } else { "A new password for your voicemail" };
    let about = About { to: &view.to, subject: subject.to_owned(), at: view.at, job: view.job };
    plain_mail(&about, words(view), sender)
}

fn words(view: &DoorView) -> String {
    let name = text::line(&view.name, text::NAME_LIMIT);
    let greeting = if name.is_empty() { String::new() } else { format!("{name},\n\n") };
    let why = if view.is_first {
        "you can listen to your voicemail in the browser and change its greetings and settings there.\n\
         Choose a password to begin:"
    } else {
        "somebody, probably you, asked for a new password for your voicemail. Choose it here:"
    };
    let names = view.sign_in.as_ref().map_or_else(String::new, |number| format!(" (or {number})"));
    let not_you =
        if view.is_first { "" } else { "\nIf it was not you, do nothing: your password stays as it is.\n" };
    format!(
        "{greeting}{why}\n\n{}\n\nThe link works once, until {}. You sign in with {}{names} then.\n{not_you}",
        view.url.expose_secret(),
        written(&view.language).calendar.long_time(&view.expires),
        view.to,
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mail_holds_the_link_and_says_until_when_and_no_name_breaks_its_head() {
        let view = DoorView {
            job: "01890a5d-ac96-774b-bcce-b302099a8057".parse().unwrap(),
            to: "ada@example.org".parse().unwrap(),
            language: "en".to_owned(),
            is_first: true,
            name: "Ada\r\nBcc: eve@example.org".to_owned(),
            sign_in: Some("1001".parse().unwrap()),
            url: "https://vm.example.org/door/abc".to_owned().into(),
            expires: "2026-03-04T05:06:00+00:00[UTC]".parse().unwrap(),
            at: "2026-03-03T05:06:00Z".parse().unwrap(),
        };
        let sender = Sender::parse("Voicemail <vm@example.org>").unwrap();
        let mail = render_door(&view, &sender).unwrap();
        let text = String::from_utf8(mail.as_bytes().to_vec()).unwrap();
        assert!(text.contains("https://vm.example.org/door/abc\r\n"), "{text}");
        assert!(
            text.contains("Subject: Your voicemail on the web\r\n") && text.contains("(or 1001)"),
            "{text}"
        );
        assert!(!text.contains("\nBcc"), "{text}");
        let reset = render_door(&DoorView { is_first: false, ..view }, &sender).unwrap();
        assert!(String::from_utf8_lossy(reset.as_bytes()).contains("If it was not you"));
    }
}
