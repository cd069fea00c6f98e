//! A notice about a mailbox itself → MIME, text only. Pure.
//!
//! Not about a message (that is [`super::MailView`]): it says what happened, and what its owner can do.

use jiff::{Timestamp, Zoned};
use lettre::address::Envelope;
use lettre::message::header::{Date, HeaderName, HeaderValue, MessageId};
use lettre::message::{Mailbox, Message, SinglePart};

use crate::domain::{Extension, JobId, MailAddress};

use super::render::{Mail, address, unbuilt};
use super::{MailError, Sender, text};
use crate::written::{fill, written};

/// What happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoticeKind {
    /// Too many wrong PINs.
    Locked,
}

/// All that a notice says.
#[derive(Debug, Clone)]
pub struct NoticeView {
    /// The job that sends it; part of `Message-ID`, so that a second copy is known as one.
    pub job: JobId,
    /// To whom.
    pub to: MailAddress,
    /// Language of the recipient, for example `de` (RFC 5646).
    pub language: String,
    /// What happened.
    pub kind: NoticeKind,
    /// Whose mailbox; may be empty.
    pub owner: String,
    /// Its number.
    pub extension: Extension,
    /// When, in the owner's zone.
    pub at: Zoned,
}

/// Makes the mail.
///
/// # Errors
/// As [`super::render`].
pub fn render_notice(view: &NoticeView, sender: &Sender) -> Result<Mail, MailError> {
    let subject = fill(&written(&view.language).locked.subject, &[("extension", view.extension.as_str())]);
    let about = About { to: &view.to, subject, at: view.at.timestamp(), job: view.job };
    plain_mail(&about, words(view), sender)
}

/// The head of a mail that is no message's.
pub(super) struct About<'a> {
    pub(super) to: &'a MailAddress,
    pub(super) subject: String,
    pub(super) at: Timestamp,
    pub(super) job: JobId,
}

/// A mail of plain text.
pub(super) fn plain_mail(about: &About<'_>, text: String, sender: &Sender) -> Result<Mail, MailError> {
    let from = address(&sender.address)
        .ok_or_else(|| MailError::config("from is an address that mail does not know: choose another"))?;
    let to = address(about.to).ok_or_else(|| {
        MailError::permanent("the recipient's address is one that mail does not know: correct it in the user")
    })?;
    let message_id = format!("{}.notice@{}", about.job, sender.domain());
    let envelope = Envelope::new(Some(from.clone()), vec![to.clone()]).map_err(unbuilt)?;
    let mut builder = Message::builder()
        .header(Date::new(about.at.into()))
        .from(Mailbox::new(sender.name.clone(), from.clone()))
        .to(Mailbox::new(None, to.clone()))
        .subject(about.subject.clone())
        .header(MessageId::from(format!("<{message_id}>")))
        .envelope(envelope);
    // No human wrote this, and no absence notice should answer it (RFC 3834 §5).
    for (name, value) in [("Auto-Submitted", "auto-generated"), ("X-Auto-Response-Suppress", "All")] {
        builder =
            builder.raw_header(HeaderValue::new(HeaderName::new_from_ascii_str(name), value.to_owned()));
    }
    let message = builder.singlepart(SinglePart::plain(text)).map_err(unbuilt)?;
    let file_stem = format!("{}-notice-{}", about.at.strftime("%Y%m%dT%H%M%SZ"), about.job);
    Ok(Mail::new(from, to, message.formatted(), message_id, file_stem))
}

fn words(view: &NoticeView) -> String {
    let NoticeView { kind: NoticeKind::Locked, extension, .. } = view;
    let written = written(&view.language);
    let (owner, when) = (text::line(&view.owner, text::NAME_LIMIT), written.calendar.long_time(&view.at));
    let greeting = match owner.as_str() {
        "" => String::new(),
        owner => fill(&written.locked.greeting, &[("owner", owner)]) + "\n\n",
    };
    greeting + &fill(&written.locked.text, &[("extension", extension.as_str()), ("when", &when)])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn view(language: &str) -> NoticeView {
        NoticeView {
            job: "01890a5d-ac96-774b-bcce-b302099a8057".parse().unwrap(),
            to: "ada@example.org".parse().unwrap(),
            language: language.to_owned(),
            kind: NoticeKind::Locked,
            owner: "Ada\r\nBcc: eve@example.org".to_owned(),
            extension: "1001".parse().unwrap(),
            at: "2026-03-04T05:06:00+00:00[UTC]".parse().unwrap(),
        }
    }

    #[test]
    fn a_notice_says_which_mailbox_and_what_to_do() {
        let view = view("en");
        let sender = Sender::parse("Voicemail <vm@example.org>").unwrap();
        let mail = render_notice(&view, &sender).unwrap();
        let text = String::from_utf8(mail.as_bytes().to_vec()).unwrap();
        assert!(text.contains("Subject: Mailbox 1001 is locked\r\n"), "{text}");
        assert!(text.contains("administrator unlocks it"), "{text}");
        assert!(!text.contains("\nBcc"), "{text}");
        assert_eq!(mail.message_id(), "01890a5d-ac96-774b-bcce-b302099a8057.notice@example.org");
    }

    #[test]
    fn a_notice_speaks_the_language_of_its_recipient() {
        let sender = Sender::parse("Voicemail <vm@example.org>").unwrap();
        let mail = render_notice(&view("de"), &sender).unwrap();
        let text = String::from_utf8(mail.as_bytes().to_vec()).unwrap();
        assert!(text.contains("Subject: Die Mailbox 1001 ist gesperrt\r\n"), "{text}");
        assert!(text.contains("4. M=C3=A4rz 2026") && text.contains("Administrator"), "{text}");
    }
}
