//! Removing a user: what hangs on it, and the way back (002-091, 004-10).

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::{AccountError, Accounts, Comer, Result, Takeover};
use crate::domain::answering::AnswerBy;
use crate::domain::{
    DefaultAction, Extension, Handset, KeyTarget, Mailbox, MailboxId, Owner, TenantId, UserId,
};
use crate::service::audit::Deed;
use crate::service::people::LONGEST_PAGE;
use crate::store::{BinPlace, Fate, MayGive, Removed, StoreError};

/// Who or what leads to a mailbox, for people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pointer {
    /// The mailbox that it is set at; `None`: the tenant.
    pub at: Option<Extension>,
    /// What it is, for example `key 1 of its callers`.
    pub what: String,
}

/// What goes with a user.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Dependents {
    /// Messages outside of the trash.
    pub messages: u32,
    /// Of them, those that nobody has heard.
    pub unheard: u32,
    /// Greetings and the recorded name.
    pub greetings: usize,
    /// Further numbers and aliases, which are free then.
    pub numbers: Vec<String>,
    /// What leads to the extension, and would lead to nobody.
    pub pointers: Vec<Pointer>,
    /// Phones that would be nobody's, with the numbers and ring groups that make them ring on.
    pub phones: Vec<Handset>,
}

/// What goes with many users.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ManyDependents {
    /// Messages outside of the trash, of all of them.
    pub messages: u64,
    /// Of these, those that nobody has heard.
    pub unheard: u64,
    /// What goes with each of the first ones.
    pub each: Vec<(UserId, Dependents)>,
}

/// Somebody who was brought back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Restored {
    /// Under which extension.
    pub extension: Extension,
    /// Under another one than before, without what belonged to the old desk.
    pub has_left_desk: bool,
}

/// What is said of who was brought back without the old desk.
pub const LEFT_DESK: &str = "department, site, caller IDs, 911 caller ID and address, and what else belongs to the desk of the old extension \
     stayed there: give those of the new desk";

impl Pointer {
    /// What it is, and where.
    pub fn in_words(&self) -> String {
        match &self.at {
            Some(at) => format!("{} (mailbox {at})", self.what),
            None => format!("{} (all mailboxes)", self.what),
        }
    }
}

impl Accounts {
    /// What leads to an extension that is nobody's, in words that say so; none of it where it is somebody's.
    ///
    /// # Errors
    /// [`AccountError::Store`].
    pub async fn dangling(&self, tenant: TenantId, extension: &Extension) -> Result<Vec<String>> {
        if self.store.mailbox_by_extension(tenant, extension).await?.is_some() {
            return Ok(Vec::new());
        }
        let told =
            |one: Pointer| format!("{} leads to {extension}, which nobody has any more", one.in_words());
        Ok(self.pointers(tenant, extension, None).await?.into_iter().map(told).collect())
    }

    /// What is set to an extension, but for what its own mailbox says.
    async fn pointers(
        &self,
        tenant: TenantId,
        extension: &Extension,
        own: Option<MailboxId>,
    ) -> Result<Vec<Pointer>> {
        let mut pointers = self.of_tenant(tenant, extension).await?;
        for id in self.store.mailboxes_that_hold(tenant, extension).await? {
            if Some(id) != own {
                let mailbox = self.store.mailbox(tenant, id).await?;
                pointers.extend(self.of_mailbox(&mailbox, extension).await?);
            }
        }
        Ok(pointers)
    }

    /// What leads nowhere once a takeover is done: who comes gives an extension up, which nobody gets.
    ///
    /// # Errors
    /// [`AccountError::Store`].
    pub async fn given_up(&self, tenant: TenantId, takeover: &Takeover) -> Result<Vec<Pointer>> {
        match (&takeover.comer, &takeover.fate) {
            (Comer::Known(other), Fate::Keep(to)) if other == to => Ok(Vec::new()),
            (Comer::Known(other), fate) => {
                let mut pointers = self.pointers(tenant, other, None).await?;
                // What goes with its person leads nowhere anyway.
                let stays = matches!(fate, Fate::Keep(_));
                pointers.retain(|one| stays || one.at.as_ref() != Some(&takeover.extension));
                Ok(pointers)
            }
            (Comer::New { .. }, _) => Ok(Vec::new()),
        }
    }

    /// What would go with a user, and what would lead nowhere. Nothing is changed.
    ///
    /// # Errors
    /// [`AccountError::NoMailbox`].
    pub async fn dependents(&self, tenant: TenantId, extension: &Extension) -> Result<Dependents> {
        let account = self.show(tenant, extension).await?;
        let own = Owner { tenant, mailbox: account.mailbox.id };
        let counts = self.store.counts(own).await?;
        let pointers = self.pointers(tenant, extension, Some(account.mailbox.id)).await?;
        Ok(Dependents {
            messages: account.usage.messages,
            unheard: counts.new,
            greetings: self.store.greetings(tenant, account.mailbox.id).await?.len(),
            numbers: account.numbers.into_iter().map(|number| number.number).collect(),
            pointers,
            phones: self.phones_of(tenant, account.user.id).await?,
        })
    }

    /// What would go with many users (002-091): of the first `most` in full, of all of them how many messages. What leads
    /// from one of them to another goes as well, and is not told.
    ///
    /// # Errors
    /// [`AccountError::Store`].
    pub async fn dependents_of(
        &self,
        tenant: TenantId,
        users: &[UserId],
        most: usize,
    ) -> Result<ManyDependents> {
        let all = users.iter().copied().collect();
        let (messages, unheard) = self.store.messages_of(tenant, &all).await?;
        let mut each = Vec::new();
        for user in users.iter().take(most) {
            let Some((_, Some(mailbox))) = self.store.person(tenant, *user).await? else { continue };
            match self.dependents(tenant, &mailbox.extension).await {
                Ok(dependents) => each.push((*user, mailbox.extension, dependents)),
                Err(AccountError::NoMailbox(_)) => {}
                Err(error) => return Err(error),
            }
        }
        let goes: BTreeSet<Extension> = each.iter().map(|(_, extension, _)| extension.clone()).collect();
        for (_, _, dependents) in &mut each {
            dependents.pointers.retain(|pointer| pointer.at.as_ref().is_none_or(|at| !goes.contains(at)));
        }
        let each = each.into_iter().map(|(user, _, dependents)| (user, dependents)).collect();
        Ok(ManyDependents { messages, unheard, each })
    }

    /// The phones of a user, by name.
    ///
    /// # Errors
    /// [`AccountError::Store`].
    pub async fn phones_of(&self, tenant: TenantId, user: UserId) -> Result<Vec<Handset>> {
        let known = self.store.handsets_of(tenant, user).await?;
        Ok(known.into_iter().map(|known| known.handset).collect())
    }

    async fn of_tenant(&self, tenant: TenantId, to: &Extension) -> Result<Vec<Pointer>> {
        let tenant = self.store.tenant(tenant).await?;
        let mut pointers = Vec::new();
        let mut point = |what: &str| pointers.push(Pointer { at: None, what: what.to_owned() });
        if tenant.operator.as_deref() == Some(to.as_str()) {
            point("operator of everybody");
        }
        let by_default = match &tenant.default_action {
            DefaultAction::Announce => false,
            DefaultAction::Mailbox { extension } => extension == to,
            DefaultAction::Transfer { target } => target == to.as_str(),
        };
        if by_default {
            point("where calls to nobody go");
        }
        Ok(pointers)
    }

    async fn of_mailbox(&self, mailbox: &Mailbox, to: &Extension) -> Result<Vec<Pointer>> {
        let (owner, text) = (Owner { tenant: mailbox.tenant, mailbox: mailbox.id }, to.as_str());
        let mut pointers = Vec::new();
        let mut point = |what: String| pointers.push(Pointer { at: Some(mailbox.extension.clone()), what });
        if mailbox.operator.as_deref() == Some(text) {
            point("operator".to_owned());
        }
        for (key, target) in &mailbox.keys {
            let leads = match target {
                KeyTarget::Mailbox(other) => other == to,
                KeyTarget::Call(number) => number == text,
                KeyTarget::Directory => false,
            };
            if leads {
                point(format!("key {key} of its callers"));
            }
        }
        for rule in self.store.rules(owner).await? {
            let by_answer = match &rule.then.answer {
                AnswerBy::Transfer { target } => target == text,
                AnswerBy::Voicemail { extension } => extension == to,
                _ => false,
            };
            let (keys, operator) = (rule.then.keys.iter().map(|key| &key.target), &rule.then.operator);
            let mut others = keys.chain(operator).chain(rule.then.phones.targets());
            // A voicemail is a target as `vm-1001` (002-041).
            if by_answer || others.any(|target| target.strip_prefix("vm-").unwrap_or(target) == text) {
                point(format!("rule “{}”", rule.name));
            }
        }
        for (number, members) in self.store.lists(owner).await? {
            if members.contains(to) {
                point(format!("list {number}"));
            }
        }
        Ok(pointers)
    }

    /// Everybody who was removed and can be brought back, the last one first.
    ///
    /// # Errors
    /// [`AccountError::Store`].
    pub async fn removed(&self, tenant: TenantId) -> Result<Vec<Removed>> {
        let mut all: Vec<Removed> = Vec::new();
        loop {
            let after = all.last().map(Removed::place);
            let (page, has_more) = self.removed_page(tenant, after, LONGEST_PAGE).await?;
            all.extend(page);
            if !has_more {
                return Ok(all);
            }
        }
    }

    /// A page of them after this place, and whether more follow.
    ///
    /// # Errors
    /// [`AccountError::Store`].
    pub async fn removed_page(
        &self,
        tenant: TenantId,
        after: Option<BinPlace>,
        limit: u32,
    ) -> Result<(Vec<Removed>, bool)> {
        let limit = limit.clamp(1, LONGEST_PAGE);
        let mut page = self.store.removed_users(tenant, after, limit + 1).await?;
        let has_more = page.len() > limit as usize;
        page.truncate(limit as usize);
        Ok((page, has_more))
    }

    /// Brings a removed user back with messages, greetings, numbers that are still free, role, password and PIN; under
    /// another extension, if one is given. `may` says which roles whoever asks may give: nobody else brings them back.
    ///
    /// # Errors
    /// [`AccountError::NotRemoved`]; [`AccountError::RoleBack`]; [`AccountError::ExtensionTaken`] when it is somebody else's
    /// by now.
    pub async fn restore(
        &self,
        tenant: TenantId,
        user: UserId,
        wanted: Option<&Extension>,
        may: MayGive<'_>,
    ) -> Result<Restored> {
        let removed = self.store.removed_user(tenant, user).await?.ok_or(AccountError::NotRemoved)?;
        if !may(removed.role) {
            return Err(AccountError::RoleBack(removed.role.to_string()));
        }
        match (wanted, &removed.extension) {
            (Some(wanted), _) => self.check_plan(tenant, wanted).await?,
            // How long it is was allowed once; that calls reach it must be so now.
            (None, Some(old)) => self.check_reserved("extension", old.as_str())?,
            (None, None) => {}
        }
        let extension = wanted.or(removed.extension.as_ref()).map_or("", Extension::as_str);
        let deed = Deed { action: "user.restored", target: format!("mailbox {extension}") };
        let became = json!({"id": user, "extension": extension});
        let store = self.store.noting(tenant, deed, Value::Null, became);
        let back = store.restore_user(tenant, user, wanted, may).await;
        let has_left_desk = back.map_err(|error| match error {
            StoreError::Missing { .. } => AccountError::NotRemoved,
            other => other.into(),
        })?;
        let (_, mailbox) = self.store.person(tenant, user).await?.ok_or(AccountError::NotRemoved)?;
        let mailbox = mailbox.ok_or(AccountError::NotRemoved)?;
        tracing::info!(mailbox = %mailbox.id, "a removed user was brought back");
        Ok(Restored { extension: mailbox.extension, has_left_desk })
    }
}
