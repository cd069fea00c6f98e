//! [`MailView`] → MIME (RFC 5322, RFC 2045). Pure, but for megabytes of base64: with an attachment, call it off the
//! async threads.

use std::fmt;

use askama::Template;
use lettre::address::{Address, Envelope};
use lettre::message::header::{ContentType, Date, HeaderName, HeaderValue, MessageId};
use lettre::message::{Attachment as Attached, Mailbox, Message, MultiPart, SinglePart};
use secrecy::ExposeSecret as _;
use sha2::{Digest as _, Sha256};

use crate::domain::{AttachmentFormat, MailAddress};
use crate::written::{MailTexts, Written, around, fill};

use super::view::{Attachment, MailView};
use super::{MailError, Sender, text};

/// A finished mail, ready for the wire. `Debug` prints nothing of its content.
#[derive(Clone)]
pub struct Mail {
    pub(super) from: Address,
    pub(super) to: Address,
    /// Headers and body, CRLF line ends, 7-bit.
    pub(super) bytes: Vec<u8>,
    message_id: String,
    pub(super) file_stem: String,
}

impl Mail {
    pub(super) const fn new(
        from: Address,
        to: Address,
        bytes: Vec<u8>,
        message_id: String,
        file_stem: String,
    ) -> Self {
        Self { from, to, bytes, message_id, file_stem }
    }

    /// The `Message-ID` without its angle brackets: the same for every try of the same message and address.
    pub fn message_id(&self) -> &str {
        &self.message_id
    }

    /// The mail as it goes over the wire.
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }
}

impl fmt::Debug for Mail {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Mail")
            .field("message_id", &self.message_id)
            .field("bytes", &self.bytes.len())
            .finish_non_exhaustive()
    }
}

struct Shown<'a> {
    url: &'a str,
    until_button: String,
    until_link: String,
}

/// The words of one mail, cleaned; the templates escape them.
struct Words<'a> {
    lang: &'static str,
    texts: &'static MailTexts,
    /// Before and after the mailbox, and the alias.
    heading: (&'static str, &'static str),
    called_as: (&'static str, &'static str),
    line_heading: String,
    mailbox: String,
    caller: String,
    alias: Option<String>,
    /// Who passed it on: what stands before and after the name; who left it, in the same way, and when.
    passed_on: Option<PassedOnWords>,
    note: Option<Note>,
    received: String,
    length: String,
    urgent: bool,
    private: bool,
    link: Option<&'a Shown<'a>>,
    too_large: bool,
    attached: bool,
}

struct PassedOnWords {
    by: (&'static str, &'static str),
    left_by: (&'static str, &'static str),
    author: String,
    received: String,
}

struct Note {
    /// Before and after who wrote it.
    head: (&'static str, &'static str),
    text: String,
}

impl Words<'_> {
    /// A label of the form without HTML, so wide that what follows stands in one column.
    fn label(&self, label: &str) -> String {
        let MailTexts { line_from, line_called_as, line_received, line_length, .. } = self.texts;
        let all = [line_from, line_called_as, line_received, line_length];
        let width = all.iter().map(|label| label.chars().count()).max().unwrap_or(0) + 1;
        format!("{label:<width$}")
    }
}

#[derive(Template)]
#[template(config = "src/mail/askama.toml", path = "voicemail.html")]
struct Html<'a> {
    subject: &'a str,
    words: &'a Words<'a>,
}

#[derive(Template)]
#[template(config = "src/mail/askama.toml", path = "voicemail.txt")]
struct Text<'a> {
    words: &'a Words<'a>,
}

#[derive(Template)]
#[template(config = "src/mail/askama.toml", path = "brief.txt")]
struct Brief<'a> {
    texts: &'static MailTexts,
    heading: &'a str,
    caller: &'a str,
    called_as: Option<&'a str>,
    left_by: Option<&'a str>,
    note: Option<&'a str>,
    received: &'a str,
    length: &'a str,
    urgent: bool,
    private: bool,
    link: Option<&'a Shown<'a>>,
}

/// Makes the mail.
///
/// # Errors
/// [`MailError::Permanent`] when the recipient's address cannot be mailed to; [`MailError::Config`] when the sender's
/// cannot be mailed from.
pub fn render(view: &MailView, sender: &Sender) -> Result<Mail, MailError> {
    let from = address(&sender.address)
        .ok_or_else(|| MailError::config("from is an address that mail does not know: choose another"))?;
    let to = address(&view.to).ok_or_else(|| {
        MailError::permanent(
            "the recipient's address is one that mail does not know: correct it in the mailbox",
        )
    })?;
    let message_id = message_id(view, sender);
    let subject = view.subject();
    let envelope = Envelope::new(Some(from.clone()), vec![to.clone()]).map_err(unbuilt)?;
    let mut builder = Message::builder()
        .header(Date::new(view.sent_at.into()))
        .from(Mailbox::new(sender.name.clone(), from.clone()))
        .to(Mailbox::new(None, to.clone()))
        .subject(subject.clone())
        .header(MessageId::from(format!("<{message_id}>")))
        .envelope(envelope);
    for (name, value) in marks(view) {
        builder =
            builder.raw_header(HeaderValue::new(HeaderName::new_from_ascii_str(name), value.to_owned()));
    }
    let message = match body(view, &subject)? {
        Body::Single(part) => builder.singlepart(part),
        Body::Multi(parts) => builder.multipart(parts),
    }
    .map_err(unbuilt)?;
    let file_stem =
        format!("{}-{}", view.received.timestamp().strftime("%Y%m%dT%H%M%SZ"), local_part(&message_id));
    Ok(Mail { from, to, bytes: message.formatted(), message_id, file_stem })
}

/// Headers with fixed values: that no human wrote this (RFC 3834 §5), that nobody's absence notice should answer it,
/// that it is a voice message (RFC 3458), and how pressing and how confidential it is (RFC 2156 §5.3).
fn marks(view: &MailView) -> Vec<(&'static str, &'static str)> {
    let mut marks = vec![
        ("Auto-Submitted", "auto-generated"),
        ("X-Auto-Response-Suppress", "All"),
        ("Message-Context", "voice-message"),
        ("Content-Language", view.words().tag),
    ];
    if view.urgent {
        marks.extend([("Importance", "high"), ("Priority", "urgent"), ("X-Priority", "1 (Highest)")]);
    }
    if view.private {
        marks.push(("Sensitivity", "Private"));
    }
    marks
}

/// `<message>.<hash of the address>@<sender's domain>`: stable over retries, different for each recipient, and it
/// tells nobody the address.
fn message_id(view: &MailView, sender: &Sender) -> String {
    let hash = Sha256::digest(view.to.as_str().to_ascii_lowercase());
    let short: String = hash.iter().take(8).map(|byte| format!("{byte:02x}")).collect();
    format!("{}.{short}@{}", view.message, sender.domain())
}

fn local_part(message_id: &str) -> &str {
    message_id.split('@').next().unwrap_or(message_id)
}

enum Body {
    Single(SinglePart),
    Multi(MultiPart),
}

fn body(view: &MailView, subject: &str) -> Result<Body, MailError> {
    let link = view.link.as_ref();
    let shown = link.map(|link| {
        let (written, texts) = (view.words(), &view.words().mail);
        let expires = written.calendar.long_time(&link.expires);
        let until = |text: &str| fill(text, &[("expires", &expires)]);
        let (until_button, until_link) = (until(&texts.until_button), until(&texts.until_link));
        Shown { url: link.url.expose_secret(), until_button, until_link }
    });
    let audio = view.attachment.as_ref().map(|attachment| audio(view, attachment)).transpose()?;
    if view.mode.is_brief() {
        let plain = SinglePart::plain(brief(view, shown.as_ref())?);
        return Ok(match audio {
            Some(audio) => Body::Multi(MultiPart::mixed().singlepart(plain).singlepart(audio)),
            None => Body::Single(plain),
        });
    }
    let words = words(view, shown.as_ref());
    let plain = SinglePart::plain(Text { words: &words }.render().map_err(unbuilt)?);
    let html = SinglePart::html(Html { subject, words: &words }.render().map_err(unbuilt)?);
    let readable = MultiPart::alternative().singlepart(plain).singlepart(html);
    Ok(Body::Multi(match audio {
        Some(audio) => MultiPart::mixed().multipart(readable).singlepart(audio),
        None => readable,
    }))
}

/// The words of the long forms.
fn words<'a>(view: &MailView, link: Option<&'a Shown<'a>>) -> Words<'a> {
    let Written { tag, calendar, mail: texts, .. } = view.words();
    let mailbox = view.mailbox_shown();
    Words {
        lang: tag,
        texts,
        heading: around(&texts.heading, "mailbox"),
        called_as: around(&texts.called_as, "alias"),
        line_heading: fill(&texts.line_heading, &[("mailbox", &mailbox)]),
        mailbox,
        caller: view.caller_shown(),
        alias: view.alias_shown(),
        passed_on: view.author_shown().map(|(author, received)| PassedOnWords {
            by: around(&texts.passed_on_by, "sender"),
            left_by: around(&texts.left_by, "author"),
            author,
            received: calendar.long_time(received),
        }),
        note: view.note_shown().map(|text| Note { head: around(&texts.note_of, "sender"), text }),
        received: calendar.long_time(&view.received),
        length: calendar.length(view.length),
        urgent: view.urgent,
        private: view.private,
        link,
        too_large: view.is_too_large(),
        attached: view.attachment.is_some(),
    }
}

fn brief(view: &MailView, link: Option<&Shown<'_>>) -> Result<String, MailError> {
    let Written { calendar, mail: texts, .. } = view.words();
    let alias = view.alias_shown().map(|alias| fill(&texts.brief_called_as, &[("alias", &alias)]));
    let left_by = view.author_shown().map(|(author, _)| fill(&texts.brief_left_by, &[("author", &author)]));
    let note = view.note_in_brief();
    Brief {
        left_by: left_by.as_deref(),
        note: note.as_deref(),
        texts,
        heading: &fill(&texts.brief_heading, &[("extension", view.extension.as_str())]),
        caller: &view.caller_shown(),
        called_as: alias.as_deref(),
        received: &calendar.short_time(&view.received),
        length: &text::clock_length(view.length),
        urgent: view.urgent,
        private: view.private,
        link,
    }
    .render()
    .map_err(unbuilt)
}

fn audio(view: &MailView, attachment: &Attachment) -> Result<SinglePart, MailError> {
    let kind = match attachment.format {
        AttachmentFormat::Mp3 => "audio/mpeg",
        AttachmentFormat::Wav => "audio/wav",
    };
    let kind = ContentType::parse(kind).map_err(unbuilt)?;
    Ok(Attached::new(view.attachment_name(attachment.format)).body(attachment.bytes.to_vec(), kind))
}

pub(super) fn address(address: &MailAddress) -> Option<Address> {
    address.as_str().parse().ok()
}

/// Cannot happen with what [`render`] puts in; if it does, trying again would not help.
pub(super) fn unbuilt(error: impl fmt::Display) -> MailError {
    MailError::permanent(format!("the mail could not be put together: {error}"))
}
