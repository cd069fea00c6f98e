//! Additional numbers and aliases of a mailbox, each with the main greeting or one of its own (003-03, 004-07, 004-08).

use serde_json::{Value, json};

use super::{AccountError, Accounts, Result, check_name, noted, number_text};
use crate::domain::{Extension, GreetingId, TenantId};
use crate::store::Number;

impl Accounts {
    /// Every additional number and alias of the tenant.
    ///
    /// # Errors
    /// [`AccountError::Store`].
    pub async fn numbers(&self, tenant: TenantId) -> Result<Vec<Number>> {
        Ok(self.store.numbers(tenant).await?)
    }

    /// Lets an additional number or alias lead to a mailbox (003-03, 004-08). Visual separators of a number are
    /// dropped, an alias is kept in lower case. A number that leads there already gets the new label.
    ///
    /// # Errors
    /// [`AccountError::NumberTaken`] when it leads elsewhere or is the extension of another mailbox.
    pub async fn add_number(
        &self,
        tenant: TenantId,
        extension: &Extension,
        number: &str,
        label: Option<&str>,
    ) -> Result<Number> {
        let (_, mailbox) = self.find(tenant, extension).await?;
        let number = number_text(number)?;
        if let Some(label) = label {
            check_name("label", label)?;
        }
        if let Ok(same) = number.parse::<Extension>()
            && self.store.mailbox_by_extension(tenant, &same).await?.is_some()
        {
            return Err(AccountError::NumberTaken(number));
        }
        let label = label.map(|label| label.trim().to_owned()).filter(|label| !label.is_empty());
        let number = Number { tenant, number, mailbox: mailbox.id, label, greeting: None };
        let before = self.store.number(tenant, &number.number).await?;
        let was = before.as_ref().map_or(Value::Null, noted::number);
        let action = if before.is_some() { "number.labelled" } else { "number.added" };
        self.noting(action, &mailbox, was, noted::number(&number)).put_number(&number).await?;
        Ok(number)
    }

    /// Gives an additional number or alias a greeting of its own, one of those that the mailbox has; `None`: its callers hear the
    /// main one again (004-07).
    ///
    /// # Errors
    /// [`AccountError::NoNumber`] when it does not lead there; [`AccountError::NoGreeting`] when the greeting is not the
    /// mailbox's.
    pub async fn greet_number(
        &self,
        tenant: TenantId,
        extension: &Extension,
        number: &str,
        greeting: Option<GreetingId>,
    ) -> Result<Number> {
        let (_, mailbox) = self.find(tenant, extension).await?;
        let number = number_text(number)?;
        let was =
            self.store.number(tenant, &number).await?.map_or(Value::Null, |known| noted::number(&known));
        let mut became = was.clone();
        became["greeting"] = json!(greeting);
        let store = self.noting("number.greeted", &mailbox, was, became);
        store.set_number_greeting(tenant, mailbox.id, &number, greeting).await?;
        tracing::info!(mailbox = %mailbox.id, has_own = greeting.is_some(), "a number was given a greeting");
        self.store.number(tenant, &number).await?.ok_or(AccountError::NoNumber(number))
    }

    /// Takes an additional number or alias away from a mailbox.
    ///
    /// # Errors
    /// [`AccountError::NoNumber`] when it does not lead there.
    pub async fn remove_number(&self, tenant: TenantId, extension: &Extension, number: &str) -> Result<()> {
        let (_, mailbox) = self.find(tenant, extension).await?;
        let number = number_text(number)?;
        let was =
            self.store.number(tenant, &number).await?.map_or(Value::Null, |known| noted::number(&known));
        let store = self.noting("number.removed", &mailbox, was, Value::Null);
        Ok(store.remove_number(tenant, mailbox.id, &number).await?)
    }
}
