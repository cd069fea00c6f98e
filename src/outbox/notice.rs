//! One try of a notice: what happened to the mailbox or its ways in, told to its owner by mail; or a one-time link to the
//! web side.

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::Parts;
use super::letter::{Done, Failure, present, zone_of};
use crate::domain::{Extension, JobId, MailAddress, Owner, Purpose, SecurityChange, UserId};
use crate::mail::{
    DoorView, NoticeKind, NoticeView, SecurityView, render_door, render_notice, render_security,
};
use crate::store::{Job, Notice};

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

    /// What was changed of a user's ways in, to an address that is still the user's.
    pub(super) async fn security(
        &self,
        job: &Job,
        user: UserId,
        to: &MailAddress,
        (change, at): (SecurityChange, Timestamp),
    ) -> Result<Done, Failure> {
        // An address that was taken away with the change is told of it: whoever had it may be the one who did not ask for it.
        let Some(whose) = self.addressee(job, user).await? else { return Ok(Done::Skipped(GONE)) };
        let _turn = self.turn().await?;
        let mailer = self.mailer();
        let ready = mailer.ready().await?;
        let view = SecurityView {
            job: job.id,
            to: to.clone(),
            language: whose.language,
            change,
            owner: whose.name,
            at: at.to_zoned(whose.zone),
        };
        ready.send(&render_security(&view, mailer.sender())?).await?;
        Ok(Done::Noticed)
    }

    /// The link is made now, when its mail is: a mail that waits does not use its time up, and no job holds a secret.
    pub(super) async fn door(
        &self,
        job: &Job,
        user: UserId,
        to: &MailAddress,
        purpose: Purpose,
    ) -> Result<Done, Failure> {
        let Some(whose) = self.addressee(job, user).await? else { return Ok(Done::Skipped(GONE)) };
        if !whose.emails.contains(to) {
            return Ok(Done::Skipped("the address is no longer the user's"));
        }
        let _turn = self.turn().await?;
        let mailer = self.mailer();
        let ready = mailer.ready().await?;
        let (url, expires) = self.links.doors().issue(job.tenant, Some(user), purpose).await?;
        let view = DoorView {
            job: job.id,
            to: to.clone(),
            // The words of this mail are English so far: so are its times.
            language: "en".to_owned(),
            is_first: purpose != Purpose::Reset,
            name: whose.name,
            sign_in: whose.extension,
            url: url.expose().into(),
            expires: expires.to_zoned(whose.zone),
            at: self.clock.now(),
        };
        ready.send(&render_door(&view, mailer.sender())?).await?;
        Ok(Done::Noticed)
    }

    /// Who reads a mail to a user; `None`: the user is gone.
    async fn addressee(&self, job: &Job, user: UserId) -> Result<Option<Addressee>, Failure> {
        let Some((user, mailbox)) = self.store.person(job.tenant, user).await? else { return Ok(None) };
        let tenant = self.store.tenant(job.tenant).await?;
        let zone = mailbox.as_ref().map_or_else(
            || TimeZone::get(&tenant.zone).unwrap_or(TimeZone::UTC),
            |mailbox| zone_of(mailbox, &tenant.zone),
        );
        let extension = mailbox.as_ref().map(|mailbox| mailbox.extension.clone());
        let language = mailbox.and_then(|mailbox| mailbox.language).unwrap_or(tenant.language);
        Ok(Some(Addressee { name: user.full_name(), emails: user.emails, extension, language, zone }))
    }
}

/// Why nothing is mailed to a user who was removed.
const GONE: &str = "the user is gone";

/// Who reads a mail to a user.
struct Addressee {
    name: String,
    emails: Vec<MailAddress>,
    extension: Option<Extension>,
    language: String,
    zone: TimeZone,
}
