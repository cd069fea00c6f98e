//! Tenants: added, and removed once nobody is in them. Driven by the API, the page of the system and the command line.
//!
//! What goes with a tenant does not come back, so none is removed while it has users, or removed ones who may still be
//! brought back: users go through the recycle bin first.

use jiff::tz::TimeZone;
use serde_json::{Value, json};

use super::audit::{Audit, Deed};
use super::retention::BIN;
use crate::clock::SharedClock;
use crate::domain::{DefaultAction, Invalid, Tenant, TenantId, WhenOff, is_target};
use crate::sip::uri::Uri;
use crate::store::{Store, StoreError, TenantContents};

/// Longest name.
const LONGEST_NAME: usize = 63;
/// Domains of one tenant at most.
const MOST_DOMAINS: usize = 50;

/// Why a tenant was not added or removed.
#[derive(Debug, thiserror::Error)]
pub enum TenantError {
    /// A value is out of its range or shape.
    #[error(transparent)]
    Invalid(#[from] Invalid),
    /// Another tenant has the name or the domain.
    #[error("the {what} {value} is another tenant's: choose another, or take it from that one first")]
    Taken {
        /// For example `domain`.
        what: &'static str,
        /// The value.
        value: String,
    },
    /// There are users, or ones who may be brought back.
    #[error(
        "tenant {name} has {who}: its users are removed first, and it can be when the recycle bin has given them up, {days} days later"
    )]
    InUse {
        /// Its name.
        name: String,
        /// How many there are.
        who: String,
        /// How long somebody lies in the recycle bin.
        days: u64,
    },
    /// The name that was typed is another.
    #[error("nothing was removed: give the name of the tenant, {0}, to confirm")]
    Unconfirmed(String),
    /// The database.
    #[error(transparent)]
    Store(StoreError),
}

impl From<StoreError> for TenantError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Taken { what, value } => Self::Taken { what, value },
            other => Self::Store(other),
        }
    }
}

/// A short alias.
type Result<T, E = TenantError> = std::result::Result<T, E>;

/// A tenant to be added.
#[derive(Debug, Clone, Default)]
pub struct NewTenant {
    /// Small letters, digits and hyphens.
    pub name: String,
    /// SIP domains that mean it.
    pub domains: Vec<String>,
    /// IANA zone.
    pub zone: String,
    /// Language of the prompts; that it is spoken is checked by who knows the prompts.
    pub language: String,
    /// Where `0` leads.
    pub operator: Option<String>,
}

/// The use cases. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Tenants {
    store: Store,
    clock: SharedClock,
    audit: Audit,
}

impl Tenants {
    /// Over this store.
    pub fn new(store: Store, clock: SharedClock) -> Self {
        let audit = Audit::new(store.clone(), clock.clone());
        Self { store, clock, audit }
    }

    /// Adds a tenant without users. `by` is who stands in the audit of their own tenant; nobody for the command line.
    ///
    /// # Errors
    /// [`TenantError`], each with its remedy; nothing is written then.
    pub async fn add(&self, by: Option<(&str, TenantId)>, new: NewTenant) -> Result<Tenant> {
        let tenant = Tenant {
            id: TenantId::from_uuid(self.clock.uuid()),
            name: checked_name(&new.name)?,
            domains: checked_domains(&new.domains)?,
            zone: checked_zone(&new.zone)?,
            language: new.language,
            operator: checked_operator(new.operator)?,
            default_action: DefaultAction::Announce,
            when_off: WhenOff::default(),
        };
        if self.store.tenants().await?.iter().any(|known| known.name == tenant.name) {
            return Err(TenantError::Taken { what: "tenant name", value: tenant.name });
        }
        let (actor, home) = by.unwrap_or(("command line", tenant.id));
        let deed = Deed { action: "tenant.added", target: format!("tenant {}", tenant.name) };
        let line = self.audit.line(actor, home, deed, None::<&()>, Some(&shown(&tenant)));
        self.store.with_audit(vec![line]).put_tenant(&tenant).await?;
        tracing::info!(tenant = %tenant.name, "a tenant was added");
        Ok(tenant)
    }

    /// Changes what differs between `was` and `wanted`, and nothing that somebody else changed meanwhile, with the audit of
    /// it; how the tenant is then.
    ///
    /// # Errors
    /// [`TenantError::Taken`].
    pub async fn change(&self, actor: &str, was: &Tenant, wanted: Tenant) -> Result<Tenant> {
        let deed = Deed { action: "tenant.changed", target: format!("tenant {}", wanted.name) };
        let store = self.audit.noting(actor, wanted.id, deed, shown(was), shown(&wanted));
        Ok(store.change_tenant(was, wanted).await?)
    }

    /// What is in a tenant, and what a removal would take away with it.
    ///
    /// # Errors
    /// [`StoreError::Missing`].
    pub async fn contents(&self, id: TenantId) -> Result<TenantContents, StoreError> {
        self.store.tenant_contents(id).await
    }

    /// Removes a tenant that nobody is in, with its numbers, phones, keys, webhooks, hours and lists. `typed` must be its
    /// name. `by` as for [`Tenants::add`].
    ///
    /// # Errors
    /// [`TenantError::InUse`] while it has users, in the recycle bin as well; [`TenantError::Unconfirmed`].
    pub async fn remove(&self, by: Option<(&str, TenantId)>, id: TenantId, typed: &str) -> Result<()> {
        let tenant = self.store.tenant(id).await?;
        if typed.trim() != tenant.name {
            return Err(TenantError::Unconfirmed(tenant.name));
        }
        let contents = self.must_be_empty(&tenant).await?;
        let lines = by.map(|(actor, home)| {
            let deed = Deed { action: "tenant.removed", target: format!("tenant {}", tenant.name) };
            let was = json!({"tenant": shown(&tenant), "with": contents});
            self.audit.line(actor, home, deed, Some(&was), None::<&()>)
        });
        match self.store.with_audit(lines.into_iter().collect()).remove_tenant(&tenant).await {
            // Somebody was added at this moment.
            Err(StoreError::Refused(_)) if self.must_be_empty(&tenant).await.is_err() => {
                self.must_be_empty(&tenant).await?;
            }
            outcome => outcome?,
        }
        tracing::info!(tenant = %tenant.name, "a tenant was removed");
        Ok(())
    }

    async fn must_be_empty(&self, tenant: &Tenant) -> Result<TenantContents> {
        let contents = self.store.tenant_contents(tenant.id).await?;
        if contents.users + contents.removed_users == 0 {
            return Ok(contents);
        }
        let days = BIN.as_secs() / 86_400;
        Err(TenantError::InUse { name: tenant.name.clone(), who: who(&contents), days })
    }
}

fn who(contents: &TenantContents) -> String {
    let users = |count: u64| format!("{count} {}", if count == 1 { "user" } else { "users" });
    match (contents.users, contents.removed_users) {
        (here, 0) => users(here),
        (0, removed) => format!("{} in the recycle bin", users(removed)),
        (here, removed) => format!("{}, and {removed} in the recycle bin", users(here)),
    }
}

fn shown(tenant: &Tenant) -> Value {
    json!({
        "name": tenant.name, "domains": tenant.domains, "zone": tenant.zone, "language": tenant.language,
        "operator": tenant.operator, "default_action": tenant.default_action,
    })
}

/// A short name.
///
/// # Errors
/// [`Invalid`].
pub fn checked_name(text: &str) -> Result<String, Invalid> {
    let name = text.trim();
    let is_plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    if name.is_empty() || name.len() > LONGEST_NAME || !name.bytes().all(is_plain) {
        let remedy = "write 1 to 63 small letters, digits and hyphens, such as acme";
        return Err(Invalid::new("tenant name", text, remedy));
    }
    Ok(name.to_owned())
}

/// Host parts; empty ones are left out.
///
/// # Errors
/// [`Invalid`].
pub fn checked_domains(texts: &[String]) -> Result<Vec<String>, Invalid> {
    let mut domains: Vec<String> = Vec::new();
    for text in texts {
        let domain = text.trim().to_ascii_lowercase();
        if domain.is_empty() || domains.contains(&domain) {
            continue;
        }
        let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._[]:".contains(&byte);
        let is_host = domain.len() <= 253
            && domain.bytes().all(is_plain)
            && Uri::parse(&format!("sip:{domain}")).is_ok_and(|uri| uri.host() == Some(domain.as_str()));
        if !is_host {
            return Err(Invalid::new("domain", text, "write one like pbx.example.org"));
        }
        domains.push(domain);
    }
    if domains.len() > MOST_DOMAINS {
        return Err(Invalid::new("domain", "", "a tenant has 50 domains at most"));
    }
    Ok(domains)
}

/// An IANA zone.
///
/// # Errors
/// [`Invalid`].
pub fn checked_zone(text: &str) -> Result<String, Invalid> {
    let zone = text.trim();
    TimeZone::get(zone)
        .map(|_| zone.to_owned())
        .map_err(|_| Invalid::new("zone", text, "name an IANA zone, for example Europe/Berlin"))
}

/// Where `0` leads; nothing for an empty text.
///
/// # Errors
/// [`Invalid`].
pub fn checked_operator(text: Option<String>) -> Result<Option<String>, Invalid> {
    let operator = text.map(|text| text.trim().to_owned()).filter(|text| !text.is_empty());
    match &operator {
        Some(target) if !is_target(target) => {
            Err(Invalid::new("operator", target, "write a number, or a URI like sip:desk@example.org"))
        }
        _ => Ok(operator),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_domains_and_zones_are_checked() {
        assert_eq!(checked_name(" acme-2 "), Ok("acme-2".to_owned()));
        for wrong in ["", "Acme", "a b", "ä", "a/b", &"a".repeat(64)] {
            assert!(checked_name(wrong).is_err(), "{wrong:?}");
        }
        let domains = ["PBX.example.org", "", "pbx.example.org", "192.0.2.7"].map(str::to_owned);
        assert_eq!(checked_domains(&domains).unwrap(), ["pbx.example.org", "192.0.2.7"]);
        for wrong in ["a b", "x@y", "sip:x", "a/b", "x;y=z", &"a".repeat(254)] {
            assert!(checked_domains(&[wrong.to_owned()]).is_err(), "{wrong:?}");
        }
        assert!(checked_zone("Europe/Berlin").is_ok() && checked_zone("Mars/Olympus").is_err());
        assert_eq!(checked_operator(Some("  ".to_owned())), Ok(None));
    }
}
