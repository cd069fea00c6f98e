//! Numbers as an inventory: put in, led to a user and a port of a phone, taken away again.
//!
//! Where a number leads is read by every call anew, so what is changed here holds from the next call on. Not routing.

mod error;
mod lines;

use std::collections::HashSet;

pub use self::error::NumberError;
pub use self::lines::LineFault;
use self::lines::read_lines;
use super::access::Actor;
use super::accounts::{AccountError, Accounts, Changes, check_name, number_text};
use super::audit::{Audit, Deed};
use crate::clock::SharedClock;
use crate::domain::{Extension, Invalid, PhoneNumber, TenantId, User, UserId, counted};
use crate::store::{InventoryNumber, KnownHandset, Number, Ringing, Store, StoreError, Which};

/// Numbers of one page at most.
pub const LONGEST_PAGE: u32 = 200;
/// Numbers that are put in at once at most.
pub const MOST_ADDED: usize = 10_000;
/// Phones that are looked at for a free port.
const MOST_PHONES: u32 = 1000;
/// Users without a number that are named.
const MOST_NAMED: u32 = 100;

/// A short alias.
type Result<T, E = NumberError> = std::result::Result<T, E>;

/// A port that a number of a user can ring on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FreePort {
    /// The phone.
    pub handset: KnownHandset,
    /// From 1.
    pub port: u8,
}

/// Where a number is to lead.
#[derive(Debug, Clone, Default)]
pub struct Assignment {
    /// Extension of the user.
    pub user: String,
    /// Shown as "called as"; for an alias the person that it stands for (004-08).
    pub label: String,
    /// Where it rings.
    pub ringing: Option<Ringing>,
    /// The extension that the user gets, if it is another (003-06).
    pub extension: Option<String>,
}

/// The use cases. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Numbers {
    store: Store,
    audit: Audit,
    accounts: Accounts,
}

impl Numbers {
    /// Over this store.
    pub fn new(store: Store, clock: SharedClock, accounts: Accounts) -> Self {
        let audit = Audit::new(store.clone(), clock);
        Self { store, audit, accounts }
    }

    /// A page of the inventory, and whether more follow.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn page(
        &self,
        tenant: TenantId,
        search: &str,
        which: Which,
        after: &str,
        limit: u32,
    ) -> Result<(Vec<InventoryNumber>, bool), StoreError> {
        let limit = limit.clamp(1, LONGEST_PAGE);
        let mut numbers = self.store.inventory(tenant, search, which, after, limit + 1).await?;
        let more = numbers.len() > limit as usize;
        numbers.truncate(limit as usize);
        Ok((numbers, more))
    }

    /// One number, however it is written.
    ///
    /// # Errors
    /// [`NumberError::NoNumber`].
    pub async fn show(&self, tenant: TenantId, number: &str) -> Result<InventoryNumber> {
        let nothing = || NumberError::NoNumber(number.chars().take(64).collect());
        let text = number_text(number.trim()).map_err(|_| nothing())?;
        self.store.inventory_number(tenant, &text).await?.ok_or_else(nothing)
    }

    /// Users whom no number leads to, at most a hundred (003-15).
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn unnumbered(
        &self,
        tenant: TenantId,
    ) -> Result<Vec<(UserId, String, String, String)>, StoreError> {
        self.store.unnumbered(tenant, MOST_NAMED).await
    }

    /// The next number after this one that leads nowhere, from the beginning again if there is none (003-13).
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn next_free(&self, tenant: TenantId, after: &str) -> Result<Option<String>, StoreError> {
        for after in [after, ""] {
            let free = self.store.inventory(tenant, "", Which::Free, after, 1).await?;
            if let Some(free) = free.into_iter().next() {
                return Ok(Some(free.number));
            }
        }
        Ok(None)
    }

    /// Puts numbers in: one in a line, perhaps with a note after a space that stands alone as `#`, or a range
    /// `+15550100..+15550119`. How many are new.
    ///
    /// # Errors
    /// [`NumberError::Lines`] names all lines that are to be mended, also with somebody's extension or a number that whoever
    /// dials signs in by; nothing is written then.
    pub async fn add(&self, actor: &Actor, tenant: TenantId, lines: &str) -> Result<u64> {
        let named = read_lines(lines)?;
        let extensions = match named.iter().any(|named| named.number.parse::<Extension>().is_ok()) {
            true => self.store.taken_extensions(tenant).await?,
            false => HashSet::new(),
        };
        let mut faults = Vec::new();
        for one in &named {
            if let Err(error) = self.accounts.check_reserved("number", &one.number) {
                faults.push((one.line, error.to_string()));
            } else if extensions.contains(&one.number) {
                faults.push((one.line, AccountError::NumberTaken(one.number.clone()).to_string()));
            }
        }
        if !faults.is_empty() {
            return Err(NumberError::Lines(faults));
        }
        let numbers: Vec<(String, String)> =
            named.into_iter().map(|named| (named.number, named.note)).collect();
        let deed = Deed { action: "numbers.added", target: counted(numbers.len() as u64, "number") };
        let shown: Vec<&str> = numbers.iter().take(100).map(|(number, _)| number.as_str()).collect();
        let line = self.audit.line(&actor.name, tenant, deed, None::<&()>, Some(&shown));
        Ok(self.store.with_audit(vec![line]).keep_numbers(tenant, &numbers).await?)
    }

    /// Takes a number that leads nowhere out.
    ///
    /// # Errors
    /// [`NumberError::InUse`]; [`NumberError::NoNumber`].
    pub async fn drop(&self, actor: &Actor, tenant: TenantId, number: &str) -> Result<()> {
        let known = self.show(tenant, number).await?;
        if known.mailbox.is_some() {
            return Err(NumberError::InUse(known.number));
        }
        let deed = Deed { action: "number.removed", target: format!("number {}", known.number) };
        let line = self.audit.line(&actor.name, tenant, deed, Some(&known.note), None::<&()>);
        Ok(self.store.with_audit(vec![line]).drop_number(tenant, &known.number).await?)
    }

    /// The user of an extension, if the actor may change that user.
    ///
    /// # Errors
    /// [`NumberError::NoUser`]; [`NumberError::Above`].
    pub async fn user(&self, actor: &Actor, tenant: TenantId, extension: &str) -> Result<User> {
        let text = extension.trim();
        let nobody = || NumberError::NoUser(text.chars().take(40).collect());
        let extension: Extension = text.parse().map_err(|_| nobody())?;
        let user = self.accounts.show(tenant, &extension).await?.user;
        let login = self.store.login(tenant, user.id).await?;
        if actor.may_change(login.role) { Ok(user) } else { Err(NumberError::Above) }
    }

    /// Ports that a number of this user can ring on: free ones of the user's own phones first, then of those that are
    /// nobody's (003-10, 003-11).
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn free_ports(&self, tenant: TenantId, user: UserId) -> Result<Vec<FreePort>, StoreError> {
        let mut phones = self.store.handsets_of(tenant, user).await?;
        let all = self.store.handset_page(tenant, "", "", MOST_PHONES).await?;
        phones.extend(all.into_iter().filter(|known| known.handset.owner.is_none()));
        let free = phones.into_iter().flat_map(|known| {
            let is_free = |port: &u8| {
                !known.handset.ports.iter().any(|other| other.port == *port && other.number.is_some())
            };
            let ports: Vec<u8> = (1..=known.handset.model.ports).filter(is_free).collect();
            ports.into_iter().map(move |port| FreePort { handset: known.clone(), port })
        });
        Ok(free.collect())
    }

    /// The extension that suits a number: its last four digits (or as many as the policy recommends or allows), or more of
    /// them where those are taken; with who has them (003-06). `None` for an alias.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn suggestion(
        &self,
        tenant: TenantId,
        number: &str,
        user: UserId,
    ) -> Result<Option<(String, Vec<String>)>, StoreError> {
        let Ok(plain) = number.parse::<PhoneNumber>() else { return Ok(None) };
        let digits = plain.digits();
        let mut taken = Vec::new();
        let plan = self.store.policy(tenant).await?.extensions;
        for length in usize::from(plan.usual_length())..=digits.len().min(plan.longest.into()) {
            let tail = digits.get(digits.len() - length..).unwrap_or_default();
            let Ok(extension) = tail.parse::<Extension>() else { continue };
            let mailbox = self.store.mailbox_by_extension(tenant, &extension).await?;
            let is_number = self.store.number(tenant, tail).await?.is_some_and(|_| tail != number);
            if !is_number && mailbox.is_none_or(|mailbox| mailbox.user == Some(user)) {
                return Ok(Some((tail.to_owned(), taken)));
            }
            taken.push(tail.to_owned());
        }
        Ok(None)
    }

    /// Leads a number to a user, and lets it ring on a phone (003-09 … 003-14).
    ///
    /// # Errors
    /// [`NumberError`], each with its remedy; the number stays where it was then.
    pub async fn assign(
        &self,
        actor: &Actor,
        tenant: TenantId,
        number: &str,
        wish: Assignment,
    ) -> Result<InventoryNumber> {
        let before = self.show(tenant, number).await?;
        let user = self.user(actor, tenant, &wish.user).await?;
        if before.owner.is_some_and(|owner| owner != user.id) {
            return Err(StoreError::Taken { what: "number", value: before.number }.into());
        }
        check_name("label", &wish.label)?;
        self.accounts.check_reserved("number", &before.number)?;
        self.accounts.check_domain(tenant, &before.number).await?;
        self.accounts.check_no_extension(tenant, &before.number).await?;
        self.check_ringing(tenant, wish.ringing).await?;
        let own: Extension = wish.user.trim().parse()?;
        let wanted = wish.extension.as_deref().map(str::trim).filter(|text| !text.is_empty());
        let wanted: Extension = wanted.unwrap_or(own.as_str()).parse()?;
        if wanted != own {
            self.check_extension(tenant, &wanted, &before.number).await?;
        }
        let mailbox = self.accounts.show(tenant, &own).await?.mailbox.id;
        let label = Some(wish.label.trim().to_owned()).filter(|label| !label.is_empty());
        let lead = Number { tenant, number: before.number.clone(), mailbox, label, greeting: None };
        let phone = match wish.ringing {
            Some(ringing) => Some(self.store.handset(tenant, ringing.handset).await?.handset.name),
            None => None,
        };
        let rings = phone.as_ref().zip(wish.ringing).map(|(name, ringing)| (name.as_str(), ringing.port));
        let rang = before.phone.as_ref().map(|(_, name, _, port)| (name.as_str(), *port));
        let was = led(before.extension.as_deref(), before.label.as_deref(), rang);
        let became = led(Some(own.as_str()), lead.label.as_deref(), rings);
        let deed = Deed { action: "number.assigned", target: format!("number {}", lead.number) };
        let line = self.audit.line(&actor.name, tenant, deed, Some(&was), Some(&became));
        self.store.with_audit(vec![line]).assign_number(&lead, user.id, wish.ringing).await?;
        if wanted != own {
            let changes = Changes { extension: Some(wanted.clone()), ..Changes::default() };
            self.accounts.by(&actor.name).set(tenant, &own, changes).await?;
        }
        self.show(tenant, number).await
    }

    /// Whether an extension can be given, before anything is written.
    async fn check_extension(&self, tenant: TenantId, wanted: &Extension, number: &str) -> Result<()> {
        self.accounts.check_is_free(tenant, wanted).await?;
        if wanted.as_str() == number {
            return Err(AccountError::NumberTaken(wanted.to_string()).into());
        }
        Ok(())
    }

    async fn check_ringing(&self, tenant: TenantId, ringing: Option<Ringing>) -> Result<()> {
        let Some(Ringing { handset, port, appearances }) = ringing else { return Ok(()) };
        let model = self.store.handset(tenant, handset).await?.handset.model;
        if !(1..=model.ports).contains(&port) {
            let remedy = "the model of this phone does not have this port: choose another";
            return Err(Invalid::new("port", &port.to_string(), remedy).into());
        }
        if !(1..=model.appearances).contains(&appearances) {
            let remedy =
                "the model of this phone does not have so many line appearances: choose fewer, at least 1";
            return Err(Invalid::new("appearances", &appearances.to_string(), remedy).into());
        }
        Ok(())
    }

    /// Changes extension and name of the user that a number leads to, and its label (003-14).
    ///
    /// # Errors
    /// [`NumberError`], each with its remedy.
    pub async fn edit(
        &self,
        actor: &Actor,
        tenant: TenantId,
        number: &str,
        (extension, first, last): (&str, &str, &str),
        label: &str,
    ) -> Result<()> {
        let known = self.show(tenant, number).await?;
        let own = known.extension.as_deref().ok_or_else(|| NumberError::NoNumber(known.number.clone()))?;
        self.user(actor, tenant, own).await?;
        let own: Extension = own.parse()?;
        let wanted: Extension = extension.trim().parse()?;
        let changes = Changes {
            extension: Some(wanted.clone()),
            first: Some(first.to_owned()),
            last: Some(last.to_owned()),
            ..Changes::default()
        };
        check_name("label", label)?;
        let accounts = self.accounts.by(&actor.name);
        accounts.set(tenant, &own, changes).await?;
        let label = label.trim();
        if known.label.as_deref().unwrap_or_default() != label {
            accounts.add_number(tenant, &wanted, &known.number, Some(label)).await?;
        }
        Ok(())
    }

    /// A number leads nowhere from the next call on, and stays in the inventory.
    ///
    /// # Errors
    /// [`NumberError`].
    pub async fn release(&self, actor: &Actor, tenant: TenantId, number: &str) -> Result<()> {
        let known = self.show(tenant, number).await?;
        let Some(extension) = known.extension.as_deref() else {
            return Err(NumberError::NoNumber(known.number));
        };
        self.user(actor, tenant, extension).await?;
        let deed = Deed { action: "number.released", target: format!("number {}", known.number) };
        let was = serde_json::json!({"extension": known.extension, "label": known.label});
        let line = self.audit.line(&actor.name, tenant, deed, Some(&was), None::<&()>);
        Ok(self.store.with_audit(vec![line]).release_number(tenant, &known.number).await?)
    }
}

/// Where a number leads, as the audit keeps it.
fn led(extension: Option<&str>, label: Option<&str>, rings: Option<(&str, u8)>) -> serde_json::Value {
    let phone = rings.map(|(phone, port)| format!("{phone} port {port}"));
    serde_json::json!({"extension": extension, "label": label, "phone": phone})
}
