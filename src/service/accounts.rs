//! Accounts: users with their mailboxes, PINs, addresses and additional numbers.
//!
//! Checks what people enter, fills in the defaults, and writes it in one transaction. Driven by the command line (and
//! later by the API). Not routing: it does not decide where a call goes.

mod addresses;
mod bin;
mod defaults;
mod error;
mod noted;
mod numbers;
mod pin;
mod profile;
mod reserved;
mod reset;
mod settings;
mod takeover;
mod typed;

use std::collections::BTreeSet;
use std::sync::Arc;

use jiff::Timestamp;
use secrecy::SecretString;
use serde_json::{Value, json};

pub(in crate::service) use self::addresses::checked_emails;
pub use self::bin::{Dependents, LEFT_DESK, ManyDependents, Pointer, Restored};
pub use self::defaults::MailboxDefaults;
pub use self::error::AccountError;
pub(in crate::service) use self::numbers::number_text;
pub(super) use self::pin::hash_pin;
pub use self::pin::{PinFault, PinPolicy};
pub use self::profile::Wished;
pub use self::reset::CLEARED_FOR;
pub use self::settings::Changes;
pub(in crate::service) use self::settings::{check_language, check_name, check_operator};
pub use self::takeover::{Comer, Handover, Takeover};
pub use self::typed::TypedUser;
use super::audit::{Deed, NotedStore};
use super::login::LIMITS;
use super::security;
use crate::clock::SharedClock;
use crate::domain::{
    Extension, Invalid, KeyTarget, MailAddress, MailMode, Mailbox, MailboxId, Owner, Profile, Recipient,
    SecurityChange, TenantId, Usage, User, UserId,
};
use crate::service::live_calls::LiveCalls;
use crate::store::{Number, Store};

/// A short alias.
pub type Result<T, E = AccountError> = std::result::Result<T, E>;

/// Addresses that one user may have.
pub const MAX_EMAILS: usize = 10;

/// What it takes to add a user.
#[derive(Debug, Clone)]
pub struct NewUser {
    /// The number of the mailbox.
    pub extension: Extension,
    /// First name, at most 64 characters.
    pub first: String,
    /// Last name, at most 64 characters.
    pub last: String,
    /// Addresses, the primary one first; at most [`MAX_EMAILS`].
    pub emails: Vec<MailAddress>,
    /// What the mails carry. `None`: as [`MailboxDefaults::mode`] says, if there is an address.
    pub mode: Option<MailMode>,
    /// The PIN. `None`: the mailbox cannot be opened by phone until one is set.
    pub pin: Option<SecretString>,
}

/// An account as it is shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// The person.
    pub user: User,
    /// The mailbox.
    pub mailbox: Mailbox,
    /// Additional numbers and aliases.
    pub numbers: Vec<Number>,
    /// Whether a PIN is set.
    pub has_pin: bool,
    /// What lies outside of the trash.
    pub usage: Usage,
}

/// The use cases. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Accounts {
    store: NotedStore,
    clock: SharedClock,
    defaults: MailboxDefaults,
    policy: PinPolicy,
    /// Numbers that lead to no mailbox.
    reserved: Arc<BTreeSet<String>>,
    /// Calls of this node; none for who changes users beside the server.
    calls: Option<LiveCalls>,
}

impl Accounts {
    /// Works on this store; new mailboxes get these defaults.
    pub fn new(store: Store, clock: SharedClock, defaults: MailboxDefaults) -> Self {
        Self {
            store: NotedStore::new(store, clock.clone()),
            clock,
            defaults,
            policy: PinPolicy::usual(),
            reserved: Arc::default(),
            calls: None,
        }
    }

    /// The same, for changes by somebody, which the audit keeps.
    #[must_use]
    pub fn by(&self, actor: &str) -> Self {
        Self { store: self.store.by(actor), ..self.clone() }
    }

    /// The same, with these rules for new PINs.
    #[must_use]
    pub fn with_pin_policy(self, policy: PinPolicy) -> Self {
        Self { policy, ..self }
    }

    /// The same, with the calls that run: nobody is reset in the middle of a message.
    #[must_use]
    pub fn with_calls(self, calls: LiveCalls) -> Self {
        Self { calls: Some(calls), ..self }
    }

    /// The rules for new PINs.
    pub const fn pin_policy(&self) -> PinPolicy {
        self.policy
    }

    /// Adds a user with a mailbox (002-004 … 002-014). With an address and no mode, mails carry a link.
    ///
    /// # Errors
    /// [`AccountError`], each with its remedy; nothing is written then.
    pub async fn add_user(&self, tenant: TenantId, new: NewUser) -> Result<Account> {
        self.add_user_with(tenant, new, &[]).await
    }

    /// The same, with fields of the profile (002-007, 002-008, 003-01, 003-04, 004-03, 004-04).
    ///
    /// # Errors
    /// As [`Accounts::add_user`].
    pub async fn add_user_with(&self, tenant: TenantId, new: NewUser, wished: &[Wished]) -> Result<Account> {
        self.add(tenant, new, true, wished).await
    }

    async fn add(&self, tenant: TenantId, new: NewUser, enabled: bool, wished: &[Wished]) -> Result<Account> {
        check_name("first name", &new.first)?;
        check_name("last name", &new.last)?;
        let emails = checked_emails(new.emails)?;
        self.check_addresses(tenant, None, &emails).await?;
        if emails.is_empty() && new.mode.is_some_and(|mode| mode != MailMode::None) {
            return Err(AccountError::ModeWithoutAddress);
        }
        self.check_plan(tenant, &new.extension).await?;
        self.check_extension_is_no_number(tenant, &new.extension).await?;
        let pin_hash = self.checked_hash(new.pin, &new.extension).await?;

        let mut profile = Profile::default();
        profile::apply(&mut profile, wished)?;
        self.check_login(tenant, None, &profile).await?;

        let now = self.clock.now();
        let mode = new.mode.unwrap_or(self.defaults.mode);
        let recipients = emails.iter().map(|address| Recipient { address: address.clone(), mode }).collect();
        let user = User {
            id: UserId::from_uuid(self.clock.uuid()),
            tenant,
            first: new.first.trim().to_owned(),
            last: new.last.trim().to_owned(),
            emails,
            profile,
            created_at: now,
        };
        let id = MailboxId::from_uuid(self.clock.uuid());
        let mailbox = self.defaults.mailbox(id, tenant, new.extension, now);
        let mailbox = Mailbox { user: Some(user.id), recipients, enabled, ..mailbox };
        let extension = mailbox.extension.clone();
        let became = noted::account(&user, &mailbox, pin_hash.is_some());
        let store = self.noting("user.added", &mailbox, Value::Null, became);
        store.add_user(&user, &mailbox, pin_hash.as_deref()).await?;
        tracing::info!(mailbox = %mailbox.id, "a user was added");
        self.show(tenant, &extension).await
    }

    /// Every user, by extension.
    ///
    /// # Errors
    /// [`AccountError::Store`].
    pub async fn list(&self, tenant: TenantId) -> Result<Vec<(User, Option<Mailbox>)>> {
        Ok(self.store.users(tenant).await?)
    }

    /// One account with numbers and usage.
    ///
    /// # Errors
    /// [`AccountError::NoMailbox`].
    pub async fn show(&self, tenant: TenantId, extension: &Extension) -> Result<Account> {
        let (user, mailbox) = self.find(tenant, extension).await?;
        let numbers = self.store.numbers_of(tenant, mailbox.id).await?;
        let has_pin = self.store.pin_hash(tenant, mailbox.id).await?.is_some();
        let usage = self.store.usage(tenant, mailbox.id).await?;
        Ok(Account { user, mailbox, numbers, has_pin, usage })
    }

    /// What [`Accounts::set`] tries.
    async fn set_once(
        &self,
        tenant: TenantId,
        (extension, whose): (&Extension, UserId),
        changes: Changes,
    ) -> Result<Account> {
        let (mut user, mut mailbox) = self.find(tenant, extension).await?;
        if user.id != whose {
            return Err(AccountError::NoMailbox(extension.clone()));
        }
        let before = (user.clone(), mailbox.clone());
        let was = noted::account(&user, &mailbox, false);
        let mut changes = changes;
        if let Some(emails) = changes.emails.take() {
            changes.emails = Some(checked_emails(emails)?);
        }
        let pin = changes.pin.take();
        self.check_keys(tenant, extension, &changes).await?;
        self.check_new_addresses(&user, &changes).await?;
        changes.apply(&mut user, &mut mailbox, self.defaults.mode)?;
        if user.profile.login != before.0.profile.login {
            self.check_login(tenant, Some(user.id), &user.profile).await?;
        }
        if mailbox.extension != *extension {
            self.check_extension_is_no_number(tenant, &mailbox.extension).await?;
        }
        let pin_hash = self.checked_hash(pin, &mailbox.extension).await?;
        let became = noted::account(&user, &mailbox, pin_hash.is_some());
        let store = self.noting("user.changed", &mailbox, was, became);
        store.put_account((&before.0, &before.1), (&user, &mailbox), pin_hash.as_deref()).await?;
        if pin_hash.is_some() {
            // At the addresses of before as well, or whoever changes both would tell nobody but themselves.
            let emails = before.0.emails.iter().chain(&user.emails).cloned().collect();
            let told = User { emails, ..user.clone() };
            security::tell(&self.store, &self.clock, &told, SecurityChange::Pin).await;
        }
        self.show(tenant, &mailbox.extension).await
    }

    /// A key leads to a mailbox that is there, and not to the one whose callers press it.
    async fn check_keys(&self, tenant: TenantId, own: &Extension, changes: &Changes) -> Result<()> {
        for (key, target) in &changes.keys {
            let Some(KeyTarget::Mailbox(other)) = target else { continue };
            if other == own {
                let remedy = "name another mailbox: callers of this one hear its greeting already";
                return Err(Invalid::new("target of a key", &format!("{key}=mailbox:{other}"), remedy).into());
            }
            if self.store.mailbox_by_extension(tenant, other).await?.is_none() {
                return Err(AccountError::NoMailbox(other.clone()));
            }
        }
        Ok(())
    }

    /// Lets a mailbox that was locked after too many wrong PINs be opened again; whether there were any wrong ones.
    ///
    /// # Errors
    /// [`AccountError::NoMailbox`].
    pub async fn unlock(&self, tenant: TenantId, extension: &Extension) -> Result<bool> {
        let (_, mailbox) = self.find(tenant, extension).await?;
        let store = self.noting("mailbox.unlocked", &mailbox, Value::Null, Value::Null);
        let unlocked = store.unlock(tenant, extension.as_str()).await?;
        tracing::info!(mailbox = %mailbox.id, unlocked, "a mailbox was unlocked");
        Ok(unlocked)
    }

    /// The numbers that are locked, with the time of the last guess.
    ///
    /// # Errors
    /// [`AccountError::Store`].
    pub async fn locked(&self, tenant: TenantId) -> Result<Vec<(String, Timestamp)>> {
        Ok(self.store.locked(tenant, LIMITS).await?)
    }

    /// The devices that open the mailbox without a PIN.
    ///
    /// # Errors
    /// [`AccountError::NoMailbox`].
    pub async fn devices(&self, tenant: TenantId, extension: &Extension) -> Result<Vec<String>> {
        let (_, mailbox) = self.find(tenant, extension).await?;
        Ok(self.store.devices(Owner { tenant, mailbox: mailbox.id }).await?)
    }

    /// Lets a device open the mailbox without a PIN, or no longer. `identity` is what it authenticates as.
    ///
    /// # Errors
    /// [`AccountError::NoMailbox`].
    pub async fn trust(
        &self,
        tenant: TenantId,
        extension: &Extension,
        identity: &str,
        is: bool,
    ) -> Result<()> {
        let (_, mailbox) = self.find(tenant, extension).await?;
        let owner = Owner { tenant, mailbox: mailbox.id };
        check_name("device", identity)?;
        if identity.trim().is_empty() {
            return Err(Invalid::new("device", identity, "give the user that it authenticates as").into());
        }
        let identity = identity.trim();
        let is_known = self.store.devices(owner).await?.iter().any(|known| known == identity);
        let trusted = |is: bool| json!({"device": identity, "trusted": is});
        let store = self.noting("device.trusted", &mailbox, trusted(is_known), trusted(is));
        if is {
            store.trust_device(owner, identity).await?;
        } else {
            store.distrust_device(owner, identity).await?;
        }
        Ok(())
    }

    /// Removes user, mailbox and numbers; the messages lie in the trash for 30 days.
    ///
    /// # Errors
    /// [`AccountError::NoMailbox`].
    pub async fn remove(&self, tenant: TenantId, extension: &Extension) -> Result<()> {
        let (user, mailbox) = self.find(tenant, extension).await?;
        let has_pin = self.store.pin_hash(tenant, mailbox.id).await?.is_some();
        let was = noted::account(&user, &mailbox, has_pin);
        self.noting("user.removed", &mailbox, was, Value::Null).remove_user(tenant, user.id).await?;
        tracing::info!(mailbox = %mailbox.id, "a user was removed");
        Ok(())
    }

    /// The store for one change of a mailbox or its user, with the line of it.
    fn noting(&self, action: &str, mailbox: &Mailbox, was: Value, became: Value) -> Store {
        let deed = Deed { action, target: format!("mailbox {}", mailbox.extension) };
        self.store.noting(mailbox.tenant, deed, was, became)
    }

    async fn find(&self, tenant: TenantId, extension: &Extension) -> Result<(User, Mailbox)> {
        let nobody = || AccountError::NoMailbox(extension.clone());
        let mailbox = self.store.mailbox_by_extension(tenant, extension).await?.ok_or_else(nobody)?;
        let user = self.store.user(tenant, mailbox.user.ok_or_else(nobody)?).await?;
        Ok((user, mailbox))
    }

    /// 002-006
    async fn check_plan(&self, tenant: TenantId, extension: &Extension) -> Result<()> {
        self.check_reserved("extension", extension.as_str())?;
        Ok(self.store.policy(tenant).await?.extensions.allow(extension)?)
    }

    /// A call to that number would otherwise have two mailboxes to choose from.
    async fn check_extension_is_no_number(&self, tenant: TenantId, extension: &Extension) -> Result<()> {
        match self.store.number(tenant, extension.as_str()).await? {
            Some(number) => Err(AccountError::NumberTaken(number.number)),
            None => Ok(()),
        }
    }

    async fn checked_hash(&self, pin: Option<SecretString>, extension: &Extension) -> Result<Option<String>> {
        let Some(pin) = pin else { return Ok(None) };
        self.policy.check(&pin, extension)?;
        pin::hash_pin(pin, self.clock.as_ref()).await.map(Some).map_err(AccountError::Hash)
    }
}
