//! E-mail addresses of users: how many there may be, and what they mean when somebody signs in.
//!
//! Two people may share an address: the password says who it is. A user ID is one person's, and goes before addresses, so
//! that none is taken as an address of somebody else.

use super::{AccountError, Accounts, Changes, MAX_EMAILS, Result};
use crate::domain::{MailAddress, TenantId, User, UserId};
use crate::store::SHARING;

/// None twice, and not too many.
pub(in crate::service) fn checked_emails(emails: Vec<MailAddress>) -> Result<Vec<MailAddress>> {
    if emails.len() > MAX_EMAILS {
        return Err(AccountError::TooManyAddresses);
    }
    let mut checked: Vec<MailAddress> = Vec::with_capacity(emails.len());
    for email in emails {
        if checked.iter().any(|known| known.as_str().eq_ignore_ascii_case(email.as_str())) {
            return Err(AccountError::AddressTwice(email));
        }
        checked.push(email);
    }
    Ok(checked)
}

impl Accounts {
    /// That none is the user ID of somebody else of the tenant: who types it signs in as that one.
    pub(super) async fn check_addresses(
        &self,
        tenant: TenantId,
        own: Option<UserId>,
        emails: &[MailAddress],
    ) -> Result<()> {
        for email in emails {
            let named = self.store.users_by_login(email.as_str()).await?;
            if named.iter().any(|user| user.tenant == tenant && Some(user.id) != own) {
                return Err(AccountError::AddressIsLogin(email.clone()));
            }
        }
        Ok(())
    }

    /// The same of those that the user does not have yet.
    pub(super) async fn check_new_addresses(&self, user: &User, changes: &Changes) -> Result<()> {
        let Some(emails) = &changes.emails else { return Ok(()) };
        let is_new = |email: &&MailAddress| !user.emails.contains(email);
        let new: Vec<MailAddress> = emails.iter().filter(is_new).cloned().collect();
        self.check_addresses(user.tenant, Some(user.id), &new).await
    }

    /// Of each address that others of the tenant have as well, whose it is and what that means: nothing of it is refused.
    ///
    /// # Errors
    /// [`AccountError::Store`].
    pub async fn shared_addresses(&self, user: &User) -> Result<Vec<String>> {
        let mut told = Vec::new();
        for email in &user.emails {
            let mut others = self.store.users_of_address(user.tenant, email.as_str()).await?;
            others.retain(|other| other.id != user.id);
            let names: Vec<String> = others.iter().map(User::full_name).collect();
            let names = names
                .into_iter()
                .map(|name| if name.is_empty() { "somebody without a name".to_owned() } else { name });
            let names = names.collect::<Vec<_>>().join(", ");
            match others.len() {
                0 => {}
                few if few < SHARING => told.push(format!(
                    "{email} is an address of {names} as well: each signs in with it by the own password"
                )),
                _ => told.push(format!(
                    "{email} is an address of {names} and perhaps more: the {SHARING} who were added first sign in with \
                     it by the own password, the others with user ID or extension"
                )),
            }
        }
        Ok(told)
    }
}
