//! A message becomes a mail; SMTP or files.
//!
//! [`MailView`] is all that a mail says, as plain data; [`render`] makes MIME of it; [`Mailer`] hands it over. Knows
//! no database and no queue: [`crate::outbox`] decides what is sent, when, and what follows.

mod door;
mod files;
mod notice;
mod render;
mod security;
mod sender;
mod smtp;
mod target;
mod text;
mod transport;
mod trial;
mod view;

pub use door::{DoorView, render_door};
pub use notice::{NoticeKind, NoticeView, render_notice};
pub use render::{Mail, render};
pub use security::{SecurityView, render_security};
pub use sender::Sender;
pub use transport::{Accepted, Mailer, Ready, Timeouts};
pub use trial::{TrialView, render_trial};
pub use view::{Attachment, LinkView, MailView, PassedOn};

/// Why a mail was not handed over, by what has to happen before it can be.
///
/// The text holds the server's words (cleaned and bounded), which may name the recipient: it belongs into the ledger
/// and the job, and into the log only at DEBUG. [`Self::kind`] and [`Self::code`] are safe to log.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MailError {
    /// Nobody's fault for long: the server is away, stalls, or said 4xx. Try again later.
    #[error("the mail server did not take the mail yet{}: {why}", shown(.code))]
    Temporary {
        /// The reply code of RFC 5321 §4.2, if there was a reply.
        code: Option<u16>,
        /// The server's or the system's words.
        why: String,
    },
    /// This mail will never be taken: 5xx to the recipient or the content. Do not try again.
    #[error("the mail server refused the mail{}: {why}", shown(.code))]
    Permanent {
        /// The reply code.
        code: Option<u16>,
        /// The server's words.
        why: String,
    },
    /// The server refuses us, or we cannot reach it as configured: no mail gets through until the operator mends
    /// `[mail]`. Worth retrying, because that mends it for every waiting mail.
    #[error("[mail] must be mended{}: {why}", shown(.code))]
    Config {
        /// The reply code, if there was a reply.
        code: Option<u16>,
        /// What is wrong and how to mend it.
        why: String,
    },
}

impl MailError {
    /// One word for logs and metrics.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Temporary { .. } => "temporary",
            Self::Permanent { .. } => "permanent",
            Self::Config { .. } => "config",
        }
    }

    /// The reply code of the server, if it replied.
    pub const fn code(&self) -> Option<u16> {
        match self {
            Self::Temporary { code, .. } | Self::Permanent { code, .. } | Self::Config { code, .. } => *code,
        }
    }

    fn temporary(why: impl AsRef<str>) -> Self {
        Self::Temporary { code: None, why: text::line(why.as_ref(), text::ERROR_LIMIT) }
    }

    fn permanent(why: impl AsRef<str>) -> Self {
        Self::Permanent { code: None, why: text::line(why.as_ref(), text::ERROR_LIMIT) }
    }

    fn config(why: impl AsRef<str>) -> Self {
        Self::Config { code: None, why: text::line(why.as_ref(), text::ERROR_LIMIT) }
    }
}

fn shown(code: &Option<u16>) -> String {
    code.map_or_else(String::new, |code| format!(" ({code})"))
}

#[cfg(test)]
mod tests;
