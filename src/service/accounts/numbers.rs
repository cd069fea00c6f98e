//! Additional numbers and aliases of a mailbox, each with the main greeting or one of its own (003-03, 004-07, 004-08).

use std::net::IpAddr;

use serde_json::{Value, json};

use super::{AccountError, Accounts, Result, check_name, noted};
use crate::domain::{Extension, GreetingId, Invalid, PhoneNumber, TenantId};
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
    /// [`AccountError::NumberHere`] when it leads there already and there is no label to give it;
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
        self.check_reserved("number", &number)?;
        self.check_domain(tenant, &number).await?;
        if let Some(label) = label {
            check_name("label", label)?;
        }
        self.check_no_extension(tenant, &number).await?;
        let label = label.map(|label| label.trim().to_owned()).filter(|label| !label.is_empty());
        let number = Number { tenant, number, mailbox: mailbox.id, label, greeting: None };
        let before = self.store.number(tenant, &number.number).await?;
        if number.label.is_none() && before.as_ref().is_some_and(|known| known.mailbox == mailbox.id) {
            return Err(AccountError::NumberHere(number.number));
        }
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

    /// Calls to somebody's extension are theirs: the same as a number would never be reached.
    pub(in crate::service) async fn check_no_extension(&self, tenant: TenantId, number: &str) -> Result<()> {
        match number.parse::<Extension>() {
            Ok(same) if self.store.mailbox_by_extension(tenant, &same).await?.is_some() => {
                Err(AccountError::NumberTaken(number.to_owned()))
            }
            _ => Ok(()),
        }
    }

    /// Calls to a domain of another tenant are that tenant's: an alias at it would never be reached.
    pub(in crate::service) async fn check_domain(&self, tenant: TenantId, number: &str) -> Result<()> {
        let Some((_, domain)) = number.split_once('@') else { return Ok(()) };
        match self.store.tenant_by_domain(domain).await? {
            Some(other) if other.id != tenant => {
                let remedy = "what stands behind its @ is a domain of somebody else: choose one of yours";
                Err(Invalid::new("number", number, remedy).into())
            }
            _ => Ok(()),
        }
    }
}

/// The stored form of an additional number: digits without visual separators, a SIP user part (RFC 3261 §25.1, without
/// escapes) in lower case, or a whole SIP address, which no other host means (004-06, 004-08).
pub(in crate::service) fn number_text(text: &str) -> Result<String> {
    if let Ok(number) = text.parse::<PhoneNumber>() {
        return Ok(number.as_str().to_owned());
    }
    let lower = text.trim().to_ascii_lowercase();
    let address = lower.strip_prefix("sip:").or(lower.strip_prefix("sips:")).unwrap_or(&lower);
    let (user, domain) = match address.split_once('@') {
        Some((user, domain)) => (user, Some(domain)),
        None => (address, None),
    };
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.!~*'()&=+$,;?/".contains(&byte);
    let is_user = (1..=64).contains(&user.len()) && user.bytes().all(plain);
    if is_user && domain.is_none_or(is_domain) {
        return Ok(address.to_owned());
    }
    let remedy =
        "write a number like +4930123456, an alias like sales, or a SIP address like sales@example.org";
    Err(Invalid::new("number", text, remedy).into())
}

/// A host by name (RFC 1123 §2.1); addresses belong to no tenant.
fn is_domain(text: &str) -> bool {
    let is_label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    text.len() <= 253 && text.split('.').all(is_label) && text.parse::<IpAddr>().is_err()
}

#[cfg(test)]
mod tests {
    use super::*;

    // 004-06, 004-08
    #[test]
    fn a_number_an_alias_and_a_whole_address_are_kept_in_one_form() {
        for (text, kept) in [
            ("+49 (30) 123-456", "+4930123456"),
            ("Sales", "sales"),
            ("sip:Sales", "sales"),
            ("John.Support@Example.ORG", "john.support@example.org"),
            ("sip:john.support@pbx-1.example.org", "john.support@pbx-1.example.org"),
            (" sips:5100@example.org ", "5100@example.org"),
        ] {
            assert_eq!(number_text(text).unwrap(), kept, "{text}");
        }
        for wrong in [
            "",
            "a b",
            "@example.org",
            "john@",
            "john@.org",
            "john@a..b",
            "john@-a.org",
            "john@192.0.2.1",
            "john@[2001:db8::1]",
            "john@example.org:5060",
            "john@exa mple.org",
            "john@a@b",
            "<b>@example.org",
        ] {
            assert!(number_text(wrong).is_err(), "{wrong}");
        }
        assert!(number_text(&format!("{}@example.org", "a".repeat(65))).is_err());
        assert!(number_text(&format!("a@{}.org", "b".repeat(64))).is_err());
    }
}
