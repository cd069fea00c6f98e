//! One try of a notice: what happened to the mailbox, told to its owner by mail.

use super::Parts;
use super::letter::{Done, Failure, present, zone_of};
use crate::domain::{JobId, MailAddress, Owner};
use crate::mail::{NoticeKind, NoticeView, render_notice};
use crate::store::Notice;

impl Parts {
    pub(super) async fn notice(
        &self,
        job: JobId,
        owner: Owner,
        to: &MailAddress,
        notice: Notice,
    ) -> Result<Done, Failure> {
        let Some(mailbox) = present(self.store.mailbox(owner.tenant, owner.mailbox).await)? else {
            return Ok(Done::Skipped("the mailbox is gone"));
        };
        let tenant = self.store.tenant(owner.tenant).await?;
        let user = match mailbox.user {
            Some(user) => present(self.store.user(owner.tenant, user).await)?,
            None => None,
        };
        let _turn = self.turn().await?;
        let mailer = self.mailer();
        let ready = mailer.ready().await?;
        let view = NoticeView {
            job,
            to: to.clone(),
            language: mailbox.language.clone().unwrap_or(tenant.language),
            kind: match notice {
                Notice::Locked => NoticeKind::Locked,
            },
            owner: user.map(|user| user.full_name()).unwrap_or_default(),
            at: self.clock.now().to_zoned(zone_of(&mailbox, &tenant.zone)),
            extension: mailbox.extension,
        };
        ready.send(&render_notice(&view, mailer.sender())?).await?;
        Ok(Done::Noticed)
    }
}
