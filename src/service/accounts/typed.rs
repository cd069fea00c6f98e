//! A user as somebody typed it: all that is to be mended is said at once (001-09), and nothing is written then.

use secrecy::SecretString;

use super::error::Faults;
use super::profile::{self, Wished};
use super::{Account, AccountError, Accounts, NewUser, Result, check_name, checked_emails};
use crate::domain::{Extension, Invalid, MailAddress, MailMode, Profile, TenantId};

/// What it takes to add a user, as it was typed.
#[derive(Debug, Clone)]
pub struct TypedUser {
    /// The number of the mailbox.
    pub extension: String,
    /// First name.
    pub first: String,
    /// Last name.
    pub last: String,
    /// Addresses, the primary one first.
    pub emails: Vec<String>,
    /// The word of a mail mode; as for every new user without one.
    pub mode: Option<String>,
    /// The PIN, if there is to be one.
    pub pin: Option<SecretString>,
    /// The mailbox takes messages (002-012).
    pub enabled: bool,
}

impl Accounts {
    /// Adds a user with a mailbox and fields of the profile, unless something was found `beforehand` that is to be mended.
    ///
    /// # Errors
    /// Each thing that is to be mended, several of them as [`AccountError::Several`]; nothing is written then.
    pub async fn add_typed(
        &self,
        tenant: TenantId,
        typed: TypedUser,
        wished: &[Wished],
        beforehand: Vec<AccountError>,
    ) -> Result<Account> {
        let enabled = typed.enabled;
        let new = self.checked(tenant, typed, wished, beforehand.into()).await?;
        self.add(tenant, new, enabled, wished).await
    }

    async fn checked(
        &self,
        tenant: TenantId,
        typed: TypedUser,
        wished: &[Wished],
        mut faults: Faults,
    ) -> Result<NewUser> {
        faults.note(check_name("first name", &typed.first))?;
        faults.note(check_name("last name", &typed.last))?;
        let read = |text: &String| text.parse::<MailAddress>().map_err(AccountError::from);
        let emails = typed.emails.iter().map(read).collect::<Result<Vec<_>>>();
        let emails = faults.note(emails.and_then(checked_emails))?;
        if let Some(emails) = &emails {
            faults.note(self.check_addresses(tenant, None, emails).await)?;
        }
        let mode = typed.mode.as_deref().map(str::parse::<MailMode>).transpose();
        let mode = faults.note(mode.map_err(AccountError::from))?.flatten();
        if mode.is_some_and(|mode| mode != MailMode::None) && emails.as_ref().is_some_and(Vec::is_empty) {
            faults.note::<()>(Err(AccountError::ModeWithoutAddress))?;
        }
        let extension = typed.extension.trim().parse::<Extension>().map_err(AccountError::from);
        let extension = faults.note(extension)?;
        if let Some(extension) = &extension {
            faults.note(self.check_is_free(tenant, extension).await)?;
            if let Some(pin) = &typed.pin {
                faults.note(self.policy.check(pin, extension).map_err(AccountError::from))?;
            }
        }
        let mut profile = Profile::default();
        if faults.note(profile::apply(&mut profile, wished))?.is_some() {
            faults.note(self.check_new_login(tenant, &profile).await)?;
        }
        faults.none()?;
        // Neither is missing without a fault.
        let (Some(extension), Some(emails)) = (extension, emails) else {
            return Err(AccountError::Several(Vec::new()));
        };
        let TypedUser { first, last, pin, .. } = typed;
        Ok(NewUser { extension, first, last, emails, mode, pin })
    }

    /// That somebody can get an extension: it is as long as the tenant wants it, and nobody's.
    pub(in crate::service) async fn check_is_free(
        &self,
        tenant: TenantId,
        extension: &Extension,
    ) -> Result<()> {
        self.check_plan(tenant, extension).await?;
        if self.store.number(tenant, extension.as_str()).await?.is_some() {
            let remedy = "it is a further number of somebody: choose another one, or take it from them first";
            return Err(Invalid::new("extension", extension.as_str(), remedy).into());
        }
        match self.store.mailbox_by_extension(tenant, extension).await? {
            Some(_) => Err(AccountError::ExtensionTaken(extension.to_string())),
            None => Ok(()),
        }
    }

    async fn check_new_login(&self, tenant: TenantId, profile: &Profile) -> Result<()> {
        self.check_login(tenant, None, profile).await?;
        match &profile.login {
            Some(login) if self.store.is_login_taken(tenant, login).await? => {
                Err(AccountError::LoginTaken(login.clone()))
            }
            _ => Ok(()),
        }
    }
}
