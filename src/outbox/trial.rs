//! A mail now, past the queue: whoever sets the server up sees whether mails arrive.

use super::Outbox;
use crate::domain::{JobId, MailAddress};
use crate::mail::{MailError, TrialView, render_trial};

impl Outbox {
    /// Sends a test mail by the way of all mails, and says what the other side said.
    ///
    /// # Errors
    /// [`MailError`], with what is wrong and how to mend it.
    pub async fn try_mail(&self, to: MailAddress, public_url: String) -> Result<String, MailError> {
        let mailer = self.parts.mailer();
        let clock = &self.parts.clock;
        let view = TrialView { id: JobId::from_uuid(clock.uuid()), to, public_url, at: clock.now() };
        let mail = render_trial(&view, mailer.sender())?;
        let accepted = mailer.ready().await?.send(&mail).await?;
        if mailer.is_folder() {
            return Ok(format!(
                "No mail server is set, so mails are written to files: {}. Set mail.url to a server to send them.",
                accepted.detail
            ));
        }
        Ok(format!(
            "The mail server took it for {} and said: {}. Look into that inbox, and into its folder for junk.",
            view.to,
            accepted.detail.trim_end_matches('.')
        ))
    }
}
