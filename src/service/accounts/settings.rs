//! Changes of an account, each value checked against its range before anything is written.

use std::time::Duration;

use jiff::tz::TimeZone;
use secrecy::SecretString;

use super::error::Faults;
use super::profile::apply as apply_profile;
use super::{Account, AccountError, Accounts, MAX_EMAILS, Result, Wished, checked_emails};
use crate::domain::{
    AttachmentFormat, Extension, Invalid, KeyTarget, MailAddress, MailMode, Mailbox, Quota, Recipient,
    TenantId, ToneChoice, User, is_target,
};
use crate::store::StoreError;

/// Somebody else may change the same account between reading and writing: so often it is read anew.
const TRIES: usize = 5;

/// What to change; `None` leaves a value as it is. Where a value itself may be absent, `Some(None)` takes it away.
#[derive(Debug, Clone, Default)]
pub struct Changes {
    /// A new number for the mailbox.
    pub extension: Option<Extension>,
    /// First name, at most 64 characters.
    pub first: Option<String>,
    /// Last name, at most 64 characters.
    pub last: Option<String>,
    /// All addresses, the primary one first. Addresses that stay keep their mode.
    pub emails: Option<Vec<MailAddress>>,
    /// One mode for every address.
    pub mode: Option<MailMode>,
    /// The mode of single addresses, which must be the user's.
    pub modes: Vec<Recipient>,
    /// A new PIN.
    pub pin: Option<SecretString>,
    /// Off: callers hear that the mailbox does not take messages.
    pub enabled: Option<bool>,
    /// Plays the greeting and takes no message.
    pub announcement_only: Option<bool>,
    /// Language of the prompts, for example `en` or `pt-BR`.
    pub language: Option<Option<String>>,
    /// IANA zone.
    pub zone: Option<Option<String>>,
    /// Longest message: 5 s to 1 h.
    pub max_message: Option<Duration>,
    /// Silence that ends a recording: 1 s to 60 s.
    pub silence: Option<Duration>,
    /// Less speech counts as "no speech": up to 60 s.
    pub min_speech: Option<Duration>,
    /// Keep messages without speech.
    pub keep_no_speech: Option<bool>,
    /// Mail also what is only a tone.
    pub mail_tones: Option<bool>,
    /// Say "record your message after the tone …".
    pub instructions: Option<bool>,
    /// The tone before recording.
    pub tone: Option<ToneChoice>,
    /// Where `0` leads: a SIP URI or number.
    pub operator: Option<Option<String>>,
    /// What `1` to `9` do for a caller who hears the greeting; `None` takes a key away.
    pub keys: Vec<(char, Option<KeyTarget>)>,
    /// How much the mailbox may hold.
    pub quota: Option<Quota>,
    /// How attached audio is encoded.
    pub attachment: Option<AttachmentFormat>,
    /// The audio directory finds the person.
    pub announce: Option<bool>,
    /// By phone, the newest message comes first.
    pub newest_first: Option<bool>,
    /// Further first names that the directory knows.
    pub nicknames: Option<Vec<String>>,
    /// Fields of the profile; the empty text takes one away.
    pub profile: Vec<Wished>,
    /// May send to everybody at once.
    pub may_broadcast: Option<bool>,
    /// May call back who left a message.
    pub may_call_back: Option<bool>,
}

impl Accounts {
    /// Changes what is given and leaves the rest, also what somebody else changes at the same moment.
    ///
    /// # Errors
    /// [`AccountError`], each with its remedy; nothing is written then.
    pub async fn set(&self, tenant: TenantId, extension: &Extension, changes: Changes) -> Result<Account> {
        self.set_unless(tenant, extension, changes, Vec::new()).await
    }

    /// The same, unless something was found `beforehand` that is to be mended.
    ///
    /// # Errors
    /// Each thing that is to be mended, several of them as [`AccountError::Several`] (001-09); nothing is written then.
    pub async fn set_unless(
        &self,
        tenant: TenantId,
        extension: &Extension,
        changes: Changes,
        beforehand: Vec<AccountError>,
    ) -> Result<Account> {
        let (user, _) = self.find(tenant, extension).await?;
        self.look(&user, extension, &changes, beforehand.into()).await?.none()?;
        let whose = user.id;
        for _ in 1..TRIES {
            match self.set_once(tenant, (extension, whose), changes.clone()).await {
                Err(AccountError::Store(StoreError::Taken { what: "account", .. })) => {}
                outcome => return outcome,
            }
        }
        self.set_once(tenant, (extension, whose), changes).await
    }
}

impl Accounts {
    /// What of the changes is to be mended.
    async fn look(
        &self,
        user: &User,
        extension: &Extension,
        changes: &Changes,
        mut faults: Faults,
    ) -> Result<Faults> {
        for check in changes.checks() {
            faults.note(check)?;
        }
        if let Some(emails) = &changes.emails {
            faults.note(checked_emails(emails.clone()))?;
            faults.note(self.check_new_addresses(user, changes).await)?;
        }
        let next = changes.extension.as_ref().unwrap_or(extension);
        if next != extension {
            faults.note(self.check_is_free(user.tenant, next).await)?;
        }
        if let Some(pin) = &changes.pin {
            faults.note(self.policy.check(pin, next).map_err(AccountError::from))?;
        }
        let mut profile = user.profile.clone();
        let applied = faults.note(apply_profile(&mut profile, &changes.profile))?;
        if applied.is_some() && profile.login != user.profile.login {
            faults.note(self.check_login(user.tenant, Some(user.id), &profile).await)?;
        }
        Ok(faults)
    }
}

impl Changes {
    /// Writes the changes into the values. `new_mode` is that of addresses that come new to a user without any.
    pub(in crate::service) fn apply(
        self,
        user: &mut User,
        mailbox: &mut Mailbox,
        new_mode: MailMode,
    ) -> Result<()> {
        self.checks().into_iter().collect::<Result<()>>()?;
        self.apply_addresses(user, mailbox, new_mode)?;
        apply_profile(&mut user.profile, &self.profile)?;
        replace(&mut user.first, self.first.map(|name| name.trim().to_owned()));
        replace(&mut user.last, self.last.map(|name| name.trim().to_owned()));
        replace(&mut mailbox.extension, self.extension);
        replace(&mut mailbox.enabled, self.enabled);
        replace(&mut mailbox.announcement_only, self.announcement_only);
        replace(&mut mailbox.language, self.language);
        replace(&mut mailbox.zone, self.zone);
        replace(&mut mailbox.max_message, self.max_message);
        replace(&mut mailbox.silence, self.silence);
        replace(&mut mailbox.min_speech, self.min_speech);
        replace(&mut mailbox.keep_no_speech, self.keep_no_speech);
        replace(&mut mailbox.mail_tones, self.mail_tones);
        replace(&mut mailbox.instructions, self.instructions);
        replace(&mut mailbox.tone, self.tone);
        replace(&mut mailbox.operator, self.operator);
        for (key, target) in self.keys {
            match target {
                Some(target) => _ = mailbox.keys.insert(key, target),
                None => _ = mailbox.keys.remove(&key),
            }
        }
        replace(&mut mailbox.quota, self.quota);
        replace(&mut mailbox.attachment, self.attachment);
        replace(&mut mailbox.phone.announce, self.announce);
        replace(&mut mailbox.phone.newest_first, self.newest_first);
        replace(&mut mailbox.phone.nicknames, self.nicknames);
        replace(&mut mailbox.phone.may_broadcast, self.may_broadcast);
        replace(&mut mailbox.phone.may_call_back, self.may_call_back);
        mailbox.phone.clamp();
        Ok(())
    }

    fn apply_addresses(&self, user: &mut User, mailbox: &mut Mailbox, new_mode: MailMode) -> Result<()> {
        if let Some(emails) = &self.emails {
            let mode_of = |address: &MailAddress| {
                let known = mailbox.recipients.iter().find(|recipient| recipient.address == *address);
                known.or(mailbox.recipients.first()).map_or(new_mode, |recipient| recipient.mode)
            };
            let recipients =
                emails.iter().map(|address| Recipient { address: address.clone(), mode: mode_of(address) });
            mailbox.recipients = recipients.collect();
            user.emails.clone_from(emails);
        }
        if let Some(mode) = self.mode {
            if user.emails.is_empty() && mode != MailMode::None {
                return Err(AccountError::ModeWithoutAddress);
            }
            mailbox.recipients.iter_mut().for_each(|recipient| recipient.mode = mode);
        }
        for single in self.modes.iter().take(MAX_EMAILS) {
            let known = mailbox.recipients.iter_mut().find(|recipient| recipient.address == single.address);
            known.ok_or(AccountError::ModeWithoutAddress)?.mode = single.mode;
        }
        Ok(())
    }

    /// Of each value by itself, whether it is in its range and shape.
    fn checks(&self) -> [Result<()>; 12] {
        let given = |text: &Option<Option<String>>, check: fn(&str) -> Result<()>| {
            text.as_ref().and_then(Option::as_deref).map_or(Ok(()), check)
        };
        let named =
            |what, name: &Option<String>| name.as_deref().map_or(Ok(()), |name| check_name(what, name));
        [
            named("first name", &self.first),
            named("last name", &self.last),
            given(&self.language, check_language),
            given(&self.zone, check_zone),
            given(&self.operator, check_operator),
            self.check_keys(),
            check_range("longest message", self.max_message, 5..=3600, "choose 5 seconds to 1 hour"),
            check_range("silence", self.silence, 1..=60, "choose 1 to 60 seconds"),
            check_range("least speech", self.min_speech, 0..=60, "choose 0 to 60 seconds"),
            self.check_tone(),
            check_limit("number of messages", self.quota.and_then(|quota| quota.messages).map(u64::from)),
            check_limit("number of megabytes", self.quota.and_then(|quota| quota.bytes)),
        ]
    }

    fn check_keys(&self) -> Result<()> {
        match self.keys.iter().find(|(key, _)| !('1'..='9').contains(key)) {
            Some((key, _)) => {
                Err(Invalid::new("key", &key.to_string(), "choose 1 to 9: 0 is the operator's").into())
            }
            None => Ok(()),
        }
    }

    fn check_tone(&self) -> Result<()> {
        match self.tone {
            Some(ToneChoice::Sine { hertz, millis })
                if !(200..=2000).contains(&hertz) || !(50..=2000).contains(&millis) =>
            {
                let text = format!("{hertz} Hz, {millis} ms");
                Err(Invalid::new("tone", &text, "choose 200 to 2000 Hz and 50 to 2000 ms").into())
            }
            _ => Ok(()),
        }
    }
}

fn replace<T>(value: &mut T, new: Option<T>) {
    if let Some(new) = new {
        *value = new;
    }
}

/// A name that people read on screens and in mail headers.
pub(in crate::service) fn check_name(what: &'static str, name: &str) -> Result<()> {
    if name.chars().count() > 64 || name.chars().any(char::is_control) {
        return Err(
            Invalid::new(what, name, "use at most 64 characters, none of them a control character").into()
        );
    }
    Ok(())
}

fn check_zone(zone: &str) -> Result<()> {
    let wrong = |_| Invalid::new("zone", zone, "name an IANA zone, for example Europe/Berlin").into();
    TimeZone::get(zone).map(drop).map_err(wrong)
}

/// A language with an optional region (RFC 5646 §2.1).
pub(in crate::service) fn check_language(tag: &str) -> Result<()> {
    let mut parts = tag.split('-');
    let is = |part: Option<&str>, lengths: std::ops::RangeInclusive<usize>| {
        part.is_some_and(|part| {
            lengths.contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_alphanumeric())
        })
    };
    let well = is(parts.next(), 2..=3)
        && parts.next().is_none_or(|region| is(Some(region), 2..=4))
        && parts.next().is_none();
    if well { Ok(()) } else { Err(Invalid::new("language", tag, "write it like en or pt-BR").into()) }
}

/// Whether it may be called is decided when it is called; here it must only be a target at all.
pub(in crate::service) fn check_operator(target: &str) -> Result<()> {
    if is_target(target) {
        return Ok(());
    }
    Err(Invalid::new("operator", target, "write a number, or a URI like sip:desk@example.org").into())
}

/// A mailbox that is to take nothing is switched off, and says so to its callers (002-066).
fn check_limit(what: &'static str, most: Option<u64>) -> Result<()> {
    match most {
        Some(0) => Err(Invalid::new(what, "0", "give more than 0, or none for no limit").into()),
        _ => Ok(()),
    }
}

fn check_range(
    what: &'static str,
    value: Option<Duration>,
    seconds: std::ops::RangeInclusive<u64>,
    remedy: &'static str,
) -> Result<()> {
    let (least, most) = (Duration::from_secs(*seconds.start()), Duration::from_secs(*seconds.end()));
    match value {
        Some(value) if value < least || value > most => {
            Err(Invalid::new(what, &format!("{} s", value.as_secs_f64()), remedy).into())
        }
        _ => Ok(()),
    }
}
