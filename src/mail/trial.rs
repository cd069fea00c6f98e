//! A mail that only shows that mails arrive → MIME, text only. Pure.

use jiff::Timestamp;

use crate::domain::{JobId, MailAddress};

use super::notice::{About, plain_mail};
use super::render::Mail;
use super::{MailError, Sender};

/// All that the mail says.
#[derive(Debug, Clone)]
pub struct TrialView {
    /// Names the mail; part of `Message-ID`.
    pub id: JobId,
    /// To whom.
    pub to: MailAddress,
    /// Where the links of mails about messages lead.
    pub public_url: String,
    /// When the mail is made.
    pub at: Timestamp,
}

/// Makes the mail.
///
/// # Errors
/// As [`super::render`].
pub fn render_trial(view: &TrialView, sender: &Sender) -> Result<Mail, MailError> {
    let subject = "Your voicemail can send mail".to_owned();
    let text = format!(
        "This is a test that somebody, probably you, asked for on the page of first steps.\n\n\
         It arrived, so mails about messages will as well. Their links lead to\n\n{}\n\n\
         Does this open in your browser? If not, set http.public_url in the configuration to the address by which\n\
         people reach the server.\n",
        view.public_url
    );
    plain_mail(&About { to: &view.to, subject, at: view.at, job: view.id }, text, sender)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_test_mail_says_what_it_is_and_shows_where_links_lead() {
        let view = TrialView {
            id: "01890a5d-ac96-774b-bcce-b302099a8057".parse().unwrap(),
            to: "ada@example.org".parse().unwrap(),
            public_url: "https://vm.example.org".to_owned(),
            at: "2026-03-03T05:06:00Z".parse().unwrap(),
        };
        let mail = render_trial(&view, &Sender::parse("Voicemail <vm@example.org>").unwrap()).unwrap();
        let text = String::from_utf8(mail.as_bytes().to_vec()).unwrap();
        assert!(text.contains("Subject: Your voicemail can send mail\r\n"), "{text}");
        assert!(
            text.contains("\r\nhttps://vm.example.org\r\n") && text.contains("To: ada@example.org"),
            "{text}"
        );
    }
}
