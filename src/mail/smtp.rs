//! SMTP (RFC 5321) by lettre's connection, with timeouts, a small pool and our reading of what the replies mean.
//!
//! A connection that was dropped in the middle of something is closed, never used again: so the pool is ours. What
//! goes wrong up to MAIL is about us ([`MailError::Config`] or `Temporary`), what goes wrong later is about the mail.

use std::error::Error as _;
use std::fmt;
use std::future::Future;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use lettre::transport::smtp::Error as SmtpError;
use lettre::transport::smtp::authentication::{Credentials, Mechanism};
use lettre::transport::smtp::client::{
    AsyncSmtpConnection, Certificate, CertificateStore, TlsParameters, TlsParametersBuilder,
};
use lettre::transport::smtp::commands::{Data, Mail as MailFrom, Quit, Rcpt};
use lettre::transport::smtp::extension::ClientId;
use secrecy::ExposeSecret as _;
use tokio::time::timeout;

use crate::clock::SharedClock;

use super::render::Mail;
use super::target::{Bounces, Security, Server};
use super::transport::{Accepted, Timeouts};
use super::{MailError, text};

/// How long a connection may lie idle before it is closed: well below what servers allow (RFC 5321 §4.5.3.2.7).
const IDLE: Duration = Duration::from_secs(30);
/// Idle connections that are kept.
const KEPT: usize = 4;

/// A mail server that we hand mails to.
pub(super) struct Relay {
    server: Server,
    tls: Option<TlsParameters>,
    hello: ClientId,
    timeouts: Timeouts,
    clock: SharedClock,
    idle: Mutex<Vec<Session>>,
}

impl fmt::Debug for Relay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Relay").field("server", &self.server).finish_non_exhaustive()
    }
}

/// A connection between two mails.
pub(super) struct Session {
    connection: AsyncSmtpConnection,
    /// On [`crate::clock::Clock::monotonic`].
    used_at: Duration,
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session").field("used_at", &self.used_at).finish_non_exhaustive()
    }
}

impl Relay {
    pub(super) fn new(server: Server, timeouts: Timeouts, clock: SharedClock) -> Result<Self, MailError> {
        let tls = tls_parameters(&server)?;
        let hello = server.hello.clone().map_or_else(ClientId::default, ClientId::Domain);
        Ok(Self { server, tls, hello, timeouts, clock, idle: Mutex::default() })
    }

    /// A connection that answered just now: an idle one that says it is alive, or a new one.
    pub(super) async fn session(&self) -> Result<Session, MailError> {
        while let Some(mut session) = self.take_idle() {
            let alive = timeout(self.timeouts.command, session.connection.test_connected()).await;
            if alive == Ok(true) {
                return Ok(session);
            }
        }
        let connection = self.connect().await?;
        Ok(Session { connection, used_at: self.clock.monotonic() })
    }

    pub(super) async fn send(&self, mut session: Session, mail: &Mail) -> Result<Accepted, MailError> {
        let connection = &mut session.connection;
        let from = match &self.server.bounces {
            Bounces::ToSender => Some(mail.from.clone()),
            Bounces::To(address) => Some(address.as_str().parse().map_err(|_| {
                MailError::config("mail.url: bounces is an address that mail does not know: choose another")
            })?),
            Bounces::Nowhere => None,
        };
        let limit = self.timeouts.command;
        let sent = async {
            let from = connection.command(MailFrom::new(from, Vec::new()));
            within(limit, "MAIL", from).await.map_err(Failure::about_us)?;
            let to = connection.command(Rcpt::new(mail.to.clone(), Vec::new()));
            within(limit, "RCPT", to).await.map_err(Failure::about_the_mail)?;
            within(limit, "DATA", connection.command(Data)).await.map_err(Failure::about_the_mail)?;
            let content = connection.message(&mail.bytes);
            within(self.timeouts.data, "the mail's content", content).await.map_err(Failure::about_the_mail)
        }
        .await;
        match sent {
            Ok(reply) => {
                let said: Vec<&str> = reply.message().collect();
                self.keep(session);
                Ok(Accepted { detail: text::line(&said.join(" "), text::ERROR_LIMIT) })
            }
            Err(error) => {
                // Without a reply there is nobody to say goodbye to.
                if error.code().is_some() {
                    self.leave(session).await;
                }
                Err(error)
            }
        }
    }

    /// Closes what has been idle for too long.
    pub(super) async fn tidy(&self) {
        let now = self.clock.monotonic();
        let old: Vec<Session> = {
            let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
            idle.extract_if(.., |session| now.saturating_sub(session.used_at) >= IDLE).collect()
        };
        for session in old {
            self.leave(session).await;
        }
    }

    fn take_idle(&self) -> Option<Session> {
        let session = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop()?;
        let rested = self.clock.monotonic().saturating_sub(session.used_at);
        // One that is too old was closed by the server long ago, as those below it on the stack were.
        (rested < IDLE).then_some(session)
    }

    fn keep(&self, mut session: Session) {
        session.used_at = self.clock.monotonic();
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        if idle.len() < KEPT {
            idle.push(session);
        }
    }

    /// Says QUIT. Whether the server still hears it does not matter.
    async fn leave(&self, mut session: Session) {
        let said = timeout(self.timeouts.connect, session.connection.command(Quit)).await;
        tracing::trace!(heard = matches!(said, Ok(Ok(_))), "left the mail server");
    }

    async fn connect(&self) -> Result<AsyncSmtpConnection, MailError> {
        let wrapped = (self.server.security == Security::Implicit).then(|| self.tls.clone()).flatten();
        let opening = AsyncSmtpConnection::connect_tokio1(
            (self.server.host.as_str(), self.server.port),
            Some(self.timeouts.connect),
            &self.hello,
            wrapped,
            None,
        );
        // A host may have several addresses, each with its own time to connect.
        let limit = self.timeouts.connect * 2 + self.timeouts.command;
        let mut connection = within(limit, "the greeting", opening).await.map_err(Failure::about_us)?;
        self.encrypt(&mut connection).await?;
        self.log_in(&mut connection).await?;
        Ok(connection)
    }

    async fn encrypt(&self, connection: &mut AsyncSmtpConnection) -> Result<(), MailError> {
        let Some(tls) = &self.tls else { return Ok(()) };
        match (self.server.security, connection.can_starttls()) {
            (Security::Opportunistic | Security::Required, true) => {
                let upgrade = connection.starttls(tls.clone(), &self.hello);
                within(self.timeouts.command, "STARTTLS", upgrade).await.map_err(Failure::about_us)
            }
            (Security::Required, false) => Err(MailError::config(
                "the server offers no STARTTLS: use smtps://, or allow clear text with ?tls=opportunistic",
            )),
            _ => Ok(()),
        }
    }

    async fn log_in(&self, connection: &mut AsyncSmtpConnection) -> Result<(), MailError> {
        let Some(login) = &self.server.login else { return Ok(()) };
        let ways = [Mechanism::Plain, Mechanism::Login];
        if connection.server_info().get_auth_mechanism(&ways).is_none() {
            return Err(MailError::config(
                "the server does not let us log in (no AUTH PLAIN or LOGIN): leave user and password out of mail.url, \
                 or use the port and encryption that it asks for",
            ));
        }
        let credentials = Credentials::new(login.user.clone(), login.password.expose_secret().to_owned());
        let login = connection.auth(&ways, &credentials);
        within(self.timeouts.command, "AUTH", login).await.map_err(Failure::about_us)?;
        Ok(())
    }
}

fn tls_parameters(server: &Server) -> Result<Option<TlsParameters>, MailError> {
    if server.security == Security::None {
        return Ok(None);
    }
    let mut builder = TlsParametersBuilder::new(server.host.clone());
    match &server.ca {
        Some(file) => {
            let mend = |why: String| MailError::config(format!("mail.url: ca={} {why}", file.display()));
            let pem = std::fs::read(file).map_err(|error| mend(format!("cannot be read: {error}")))?;
            let ca = Certificate::from_pem(&pem)
                .map_err(|error| mend(format!("is no certificate in PEM form: {error}")))?;
            builder = builder.certificate_store(CertificateStore::None).add_root_certificate(ca);
        }
        None if server.security == Security::Opportunistic => {
            builder = builder.dangerous_accept_invalid_certs(true).dangerous_accept_invalid_hostnames(true);
        }
        None => builder = builder.certificate_store(CertificateStore::WebpkiRoots),
    }
    builder
        .build()
        .map(Some)
        .map_err(|error| MailError::config(format!("TLS to the mail server cannot be set up: {error}")))
}

/// What can go wrong with one step.
enum Failure {
    Smtp(SmtpError),
    Late(&'static str, Duration),
}

async fn within<T>(
    limit: Duration,
    step: &'static str,
    work: impl Future<Output = Result<T, SmtpError>>,
) -> Result<T, Failure> {
    match timeout(limit, work).await {
        Ok(done) => done.map_err(Failure::Smtp),
        Err(_) => Err(Failure::Late(step, limit)),
    }
}

impl Failure {
    /// Before MAIL: the server, the way to it, or our account.
    fn about_us(self) -> MailError {
        match self {
            Self::Smtp(error) if error.is_permanent() || error.is_tls() || is_distrusted(&error) => {
                MailError::Config { code: code(&error), why: words(&error) }
            }
            other => other.temporary(),
        }
    }

    /// After MAIL: this mail. But some replies still speak of us: 530 to 538 (log in or encrypt first, RFC 4954 §6,
    /// RFC 3207 §4).
    fn about_the_mail(self) -> MailError {
        match self {
            Self::Smtp(error) if error.is_permanent() => {
                let (code, why) = (code(&error), words(&error));
                match code {
                    Some(530..=538) => MailError::Config { code, why },
                    _ => MailError::Permanent { code, why },
                }
            }
            other => other.temporary(),
        }
    }

    fn temporary(self) -> MailError {
        match self {
            Self::Smtp(error) => MailError::Temporary { code: code(&error), why: words(&error) },
            Self::Late(step, limit) => {
                MailError::temporary(format!("no answer to {step} within {} s", limit.as_secs_f32()))
            }
        }
    }
}

fn code(error: &SmtpError) -> Option<u16> {
    error.status().map(u16::from)
}

/// The server's certificate is not one that we accept.
fn is_distrusted(error: &SmtpError) -> bool {
    causes(error).any(|cause| {
        let inner = cause.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref);
        matches!(
            inner.and_then(|inner| inner.downcast_ref::<rustls::Error>()),
            Some(rustls::Error::InvalidCertificate(_))
        )
    })
}

/// The reply's own text, or the innermost cause: what is around it only repeats that something failed.
fn words(error: &SmtpError) -> String {
    let said = causes(error).last().map_or_else(|| error.to_string(), ToString::to_string);
    text::line(&said, text::ERROR_LIMIT)
}

fn causes(error: &SmtpError) -> impl Iterator<Item = &(dyn std::error::Error + 'static)> {
    std::iter::successors(error.source(), |&cause| cause.source())
}
