//! An extension goes from one person to another (S001, 002-095): what hangs on it is shown, then all of it is done at once.

use serde_json::{Value, json};

use super::error::Faults;
use super::{AccountError, Accounts, Result, check_name, checked_emails, noted};
use crate::domain::{
    Extension, HandsetId, Invalid, MailAddress, MailMode, Mailbox, MailboxId, Owner, Profile, Recipient,
    Role, TenantId, User, UserId,
};
use crate::service::audit::Deed;
use crate::store::{Fate, Holdings, Lamp, Newcomer, StoreError};

use super::{Account, Dependents};

/// Characters of a reason.
const LONGEST_REASON: usize = 200;
/// Free extensions that are offered.
const OFFERED: usize = 5;

/// Who comes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Comer {
    /// Somebody who is not there yet.
    New {
        /// First name.
        first: String,
        /// Last name.
        last: String,
        /// Where messages are mailed, the primary address first. Empty: no mails, which must be meant so.
        emails: Vec<MailAddress>,
        /// What the mails carry. `None`: as for every new user.
        mode: Option<MailMode>,
    },
    /// Who has this extension now, and gives it up for the other one.
    Known(Extension),
}

/// What is to be done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Takeover {
    /// The extension.
    pub extension: Extension,
    /// Who has it while this is asked: if it is somebody else's by then, nothing is done.
    pub from: UserId,
    /// What becomes of who has it.
    pub fate: Fate,
    /// Who comes.
    pub comer: Comer,
    /// Further numbers and aliases go with the extension; otherwise they stay with their person.
    pub with_numbers: bool,
    /// The phones of who has it go to who comes, and leave their ring groups; otherwise they stay with their person, and
    /// are nobody's if that is removed.
    pub with_phones: bool,
    /// Why, for the audit.
    pub reason: String,
    /// Who asks, if it is a user: nobody removes themselves.
    pub by: Option<UserId>,
    /// The highest role that whoever asks may change.
    pub most: Role,
}

/// What there is before a takeover.
#[derive(Debug, Clone)]
pub struct Handover {
    /// Who has the extension.
    pub account: Account,
    /// What hangs on it, counted.
    pub holdings: Holdings,
    /// What of others leads to it, and will lead to who comes.
    pub dependents: Dependents,
    /// Phones that watch it.
    pub lamps: Vec<Lamp>,
}

impl Accounts {
    /// What there is before a takeover. Nothing is changed.
    ///
    /// # Errors
    /// [`AccountError::NoMailbox`].
    pub async fn handover(&self, tenant: TenantId, extension: &Extension) -> Result<Handover> {
        let account = self.show(tenant, extension).await?;
        let owner = Owner { tenant, mailbox: account.mailbox.id };
        Ok(Handover {
            holdings: self.store.holdings(owner, account.user.id, self.clock.now()).await?,
            dependents: self.dependents(tenant, extension).await?,
            lamps: self.store.lamps(owner).await?,
            account,
        })
    }

    /// Looks whether a takeover can be done. Nothing is changed.
    ///
    /// # Errors
    /// [`AccountError`], each with its remedy.
    pub async fn check_takeover(&self, tenant: TenantId, takeover: &Takeover) -> Result<()> {
        let (user, _) = self.find(tenant, &takeover.extension).await?;
        if user.id != takeover.from {
            return Err(AccountError::GoneOver(takeover.extension.clone()));
        }
        self.check_rank(tenant, user.id, takeover.most).await?;
        let mut faults = Faults::default();
        faults.note(check_reason(&takeover.reason))?;
        faults.note(self.check_fate(tenant, user.id, takeover).await)?;
        match &takeover.comer {
            Comer::New { first, last, emails, mode } => {
                faults.note(check_name("first name", first))?;
                faults.note(check_name("last name", last))?;
                if first.trim().is_empty() && last.trim().is_empty() {
                    let remedy = "give a first or last name, so that callers and colleagues know who answers";
                    faults.note::<()>(Err(Invalid::new("first name", "", remedy).into()))?;
                }
                if emails.is_empty() && mode.is_some_and(|mode| mode != MailMode::None) {
                    faults.note::<()>(Err(AccountError::ModeWithoutAddress))?;
                }
                faults.note(checked_emails(emails.clone()))?;
                faults.note(self.check_addresses(tenant, None, emails).await)?;
            }
            Comer::Known(other) => drop(faults.note(self.check_known(tenant, other, takeover).await)?),
        }
        faults.none()
    }

    async fn check_fate(&self, tenant: TenantId, user: UserId, takeover: &Takeover) -> Result<()> {
        match &takeover.fate {
            Fate::Keep(to) => self.check_free(tenant, to, &takeover.comer).await,
            _ if takeover.by == Some(user) => {
                let remedy = "nobody removes themselves: stay under another extension, or let another administrator do it";
                Err(Invalid::new("fate", "", remedy).into())
            }
            _ => Ok(()),
        }
    }

    async fn check_known(&self, tenant: TenantId, other: &Extension, takeover: &Takeover) -> Result<()> {
        if *other == takeover.extension {
            let remedy = "name the extension of somebody else: this one is theirs already";
            return Err(Invalid::new("newcomer", other.as_str(), remedy).into());
        }
        let (user, _) = self.newcomer(tenant, other).await?;
        self.check_rank(tenant, user.id, takeover.most).await
    }

    /// Who comes, by the extension of now (000-01).
    async fn newcomer(&self, tenant: TenantId, extension: &Extension) -> Result<(User, Mailbox)> {
        self.find(tenant, extension).await.map_err(|error| match error {
            AccountError::NoMailbox(extension) => AccountError::NoNewcomer(extension),
            other => other,
        })
    }

    async fn check_rank(&self, tenant: TenantId, user: UserId, most: Role) -> Result<()> {
        if self.store.login(tenant, user).await?.role > most { Err(AccountError::Above) } else { Ok(()) }
    }

    /// Free, or given up by who comes.
    async fn check_free(&self, tenant: TenantId, to: &Extension, comer: &Comer) -> Result<()> {
        self.check_plan(tenant, to).await?;
        self.check_extension_is_no_number(tenant, to).await?;
        let is_given_up = matches!(comer, Comer::Known(other) if other == to);
        if !is_given_up && self.store.mailbox_by_extension(tenant, to).await?.is_some() {
            return Err(AccountError::ExtensionTaken(to.to_string()));
        }
        Ok(())
    }

    /// Gives the extension to who comes, in one transaction. A newcomer has a mailbox without greetings and without a PIN.
    ///
    /// # Errors
    /// As [`Accounts::check_takeover`]; nothing is changed then.
    pub async fn take_over(&self, tenant: TenantId, takeover: Takeover) -> Result<Account> {
        self.check_takeover(tenant, &takeover).await?;
        let Takeover { extension, from, fate, comer, with_numbers, with_phones, reason, .. } = takeover;
        let (user, mailbox) = self.find(tenant, &extension).await?;
        let was = noted::owner(&user, &mailbox);
        let (newcomer, became) = match comer {
            Comer::Known(other) => {
                let (user, mailbox) = self.newcomer(tenant, &other).await?;
                (Newcomer::Known(user.id), noted::owner(&user, &mailbox))
            }
            Comer::New { first, last, emails, mode } => {
                let (now, mode) = (self.clock.now(), mode.unwrap_or(self.defaults.mode));
                let recipient = |address: &MailAddress| Recipient { address: address.clone(), mode };
                let recipients = emails.iter().map(recipient).collect();
                let user = User {
                    id: UserId::from_uuid(self.clock.uuid()),
                    tenant,
                    first: first.trim().to_owned(),
                    last: last.trim().to_owned(),
                    emails,
                    profile: Profile::default(),
                    created_at: now,
                };
                let id = MailboxId::from_uuid(self.clock.uuid());
                let plain = self.defaults.mailbox(id, tenant, extension.clone(), now);
                let mailbox = Mailbox { user: Some(user.id), recipients, ..plain };
                let became = noted::owner(&user, &mailbox);
                (Newcomer::New(Box::new((user, mailbox))), became)
            }
        };
        let why = json!({"fate": fate.as_str(), "reason": reason.trim()});
        let step = |action| Deed { action, target: format!("mailbox {extension}") };
        let mut steps =
            vec![(step("extension.given-up"), was, why), (step("extension.taken-over"), Value::Null, became)];
        let phones = if with_phones { self.phones_of(tenant, from).await? } else { Vec::new() };
        steps.extend(phones.iter().map(|phone| {
            let deed = Deed { action: "phone.owner", target: format!("phone {}", phone.name) };
            (deed, json!({"owner": from}), json!({"owner": newcomer.user()}))
        }));
        let phones: Vec<HandsetId> = phones.into_iter().map(|phone| phone.id).collect();
        self.store
            .noting_steps(tenant, steps)
            .take_over(tenant, (&extension, from), &fate, &newcomer, (with_numbers, &phones))
            .await
            .map_err(|error| match error {
                // Somebody else was faster.
                StoreError::Missing { what: "mailbox", .. } => AccountError::GoneOver(extension.clone()),
                other => other.into(),
            })?;
        let account = self.show(tenant, &extension).await?;
        tracing::info!(mailbox = %account.mailbox.id, "an extension was taken over");
        Ok(account)
    }

    /// Extensions that are free, the next ones after the highest (001-02).
    ///
    /// # Errors
    /// [`AccountError::Store`].
    pub async fn free_extensions(&self, tenant: TenantId, first: &str) -> Result<Vec<Extension>> {
        let Ok(first) = first.parse::<u64>() else { return Ok(Vec::new()) };
        let mut free = Vec::new();
        // As many are looked at as there can be aliases in their way, within reason.
        for number in (first..).take(OFFERED * 4) {
            let Ok(extension) = number.to_string().parse::<Extension>() else { break };
            let is_taken = self.store.mailbox_by_extension(tenant, &extension).await?.is_some()
                || self.store.number(tenant, extension.as_str()).await?.is_some();
            if !is_taken {
                free.push(extension);
            }
            if free.len() == OFFERED {
                break;
            }
        }
        Ok(free)
    }
}

fn check_reason(reason: &str) -> Result<()> {
    let reason = reason.trim();
    if reason.is_empty() || reason.chars().count() > LONGEST_REASON || reason.chars().any(char::is_control) {
        let remedy =
            "say in up to 200 characters why the extension gets another owner: it stands in the changes";
        return Err(Invalid::new("reason", reason, remedy).into());
    }
    Ok(())
}
