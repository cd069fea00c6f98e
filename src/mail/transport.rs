//! [`Mailer`]: the one way out for mails, be it a folder or a server. Decides nothing about retries.

use std::time::Duration;

use crate::clock::SharedClock;

use super::files::Folder;
use super::render::Mail;
use super::smtp::{Relay, Session};
use super::target::Target;
use super::{MailError, Sender};

/// How long the steps of a delivery may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timeouts {
    /// To get a TCP connection, for each address of the host.
    pub connect: Duration,
    /// For the reply to one command, the greeting and the TLS handshake included.
    pub command: Duration,
    /// For the mail's content and the final reply. Long, because to give up here may double the mail
    /// (RFC 5321 §4.5.3.2.6).
    pub data: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(10),
            command: Duration::from_secs(30),
            data: Duration::from_secs(300),
        }
    }
}

/// What became of an accepted mail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Accepted {
    /// The server's words (cleaned, bounded) or the file's name.
    pub detail: String,
}

/// Hands mails over. Idle connections are kept for a short while and used again.
#[derive(Debug)]
pub struct Mailer {
    sender: Sender,
    way: Way,
}

#[derive(Debug)]
enum Way {
    Folder(Folder),
    Relay(Box<Relay>),
}

impl Mailer {
    /// Reads the URL and prepares TLS; connects to nothing yet.
    ///
    /// | URL | is |
    /// |---|---|
    /// | `file:///folder` | one `.eml` file a mail |
    /// | `smtp://host:port` | plain, or STARTTLS when it is offered; port 25 |
    /// | `smtp://user:password@host` | with AUTH (PLAIN or LOGIN), STARTTLS required unless the host is this machine; port 587 |
    /// | `smtps://user:password@host` | TLS from the first byte; port 465 |
    ///
    /// After `?`: `tls=none`, `opportunistic` or `required`; `ca=FILE.pem` for a private CA; `hello=NAME` for EHLO;
    /// `bounces=ADDRESS` or `none` for the envelope's sender (see [`Sender`]).
    ///
    /// # Errors
    /// [`MailError::Config`], which never repeats the URL.
    pub fn open(
        url: &str,
        sender: Sender,
        timeouts: Timeouts,
        clock: SharedClock,
    ) -> Result<Self, MailError> {
        let way = match Target::parse(url)? {
            Target::Folder(folder) => Way::Folder(Folder::new(folder)),
            Target::Smtp(server) => Way::Relay(Box::new(Relay::new(server, timeouts, clock)?)),
        };
        Ok(Self { sender, way })
    }

    /// Mails become files, and reach nobody by themselves.
    pub const fn is_folder(&self) -> bool {
        matches!(self.way, Way::Folder(_))
    }

    /// Who the mails come from.
    pub const fn sender(&self) -> &Sender {
        &self.sender
    }

    /// Gets hold of a folder that can be written or of a server that answers, before any work goes into a mail.
    ///
    /// # Errors
    /// [`MailError::Temporary`] when nobody answers; [`MailError::Config`] when the server refuses us. Never
    /// `Permanent`: no mail is at stake yet.
    pub async fn ready(&self) -> Result<Ready<'_>, MailError> {
        match &self.way {
            Way::Folder(folder) => folder.ready().await.map(|()| Ready(Channel::Folder(folder))),
            Way::Relay(relay) => {
                relay.session().await.map(|session| Ready(Channel::Session(relay, Box::new(session))))
            }
        }
    }

    /// Says goodbye on connections that nobody has used for a while. Call it now and then.
    pub async fn tidy(&self) {
        if let Way::Relay(relay) = &self.way {
            relay.tidy().await;
        }
    }
}

/// A way out that answered a moment ago.
#[derive(Debug)]
pub struct Ready<'a>(Channel<'a>);

#[derive(Debug)]
enum Channel<'a> {
    Folder(&'a Folder),
    Session(&'a Relay, Box<Session>),
}

impl Ready<'_> {
    /// Hands the mail over. When this returns `Ok`, the other side is responsible for it. A mail whose fate is
    /// unknown (the server died after the content) is `Temporary`: sent again, it carries the same `Message-ID`.
    ///
    /// # Errors
    /// See [`MailError`].
    pub async fn send(self, mail: &Mail) -> Result<Accepted, MailError> {
        match self.0 {
            Channel::Folder(folder) => folder.put(mail).await,
            Channel::Session(relay, session) => relay.send(*session, mail).await,
        }
    }
}
