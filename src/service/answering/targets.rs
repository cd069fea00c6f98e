//! Where a rule may lead, as it is offered while somebody types (002-041): only what there is.

use super::Rules;
use super::error::Result;
use super::leading::Lead;
use crate::domain::{Extension, Invalid, TenantId};
use crate::service::outbound::check_shape;
use crate::store::PeopleFilter;

/// People who are offered at once, and phones of others.
const MOST: u32 = 6;
/// Letters of a title that find all of its kind.
const TITLE: usize = 3;

/// What a target is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TargetKind {
    /// A user: the user's own rules go on (002-042).
    User,
    /// A phone of a user, whatever the user's rules say (002-043).
    Handset,
    /// The mailbox of a user, without ringing (002-044).
    Voicemail,
    /// A queue, an auto-attendant or another line: a SIP URI that the configuration names (002-045).
    Line,
    /// A number that the configuration names, and nobody here has.
    Number,
}

impl TargetKind {
    /// As people read it.
    pub const fn title(self) -> &'static str {
        match self {
            Self::User => "User",
            Self::Handset => "Handset",
            Self::Voicemail => "Voicemail",
            Self::Line => "Queue or auto-attendant",
            Self::Number => "Number",
        }
    }
}

/// A target that is offered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// What it is.
    pub kind: TargetKind,
    /// What is kept.
    pub value: String,
    /// Whose it is.
    pub name: String,
}

impl Rules {
    /// Whether calls may be transferred there.
    pub fn is_allowed(&self, target: &str) -> bool {
        self.check_target(target).is_ok()
    }

    /// Whether an owner may have callers put through there who press 0 (002-063).
    ///
    /// # Errors
    /// [`super::AnsweringError::Target`], [`super::AnsweringError::Invalid`] for the own extension.
    pub fn check_operator(&self, own: &Extension, target: &str) -> Result<()> {
        if target.trim() == own.as_str() {
            let remedy = "this is your own extension, where nobody took the call: choose somebody else";
            return Err(Invalid::new("operator", target, remedy).into());
        }
        self.check_target(target)
    }

    /// The numbers and lines that the configuration names one by one, which calls may be transferred to.
    pub fn named_targets(&self) -> Vec<&str> {
        self.targets.iter().flat_map(|list| list.named()).collect()
    }

    /// The extension of the one user whom a name means, as it is typed where no script offers them. What reads as a target
    /// stays as it is.
    ///
    /// # Errors
    /// [`super::AnsweringError::Invalid`] when nobody or more than one is called so.
    pub async fn meant(&self, tenant: TenantId, field: &'static str, text: &str) -> Result<String> {
        let is_target = check_shape(text).is_ok() || matches!(Lead::read(text), Lead::Voicemail(_));
        let is_name = text.chars().any(char::is_alphabetic)
            && text.chars().all(|c| c.is_alphanumeric() || " .'’-_".contains(c));
        if is_target || !is_name {
            return Ok(text.to_owned());
        }
        if self.store.handset_named(tenant, &text.to_lowercase(), "").await?.is_some() {
            return Ok(text.to_owned());
        }
        let people = self.store.user_page(tenant, &PeopleFilter::found_by(text), None, MOST).await?;
        let whole = |name: &str| name.to_lowercase() == text.to_lowercase();
        let named: Vec<_> = people.iter().filter(|person| whole(&person.user.full_name())).collect();
        let fitting = if named.is_empty() { people.iter().collect() } else { named };
        let mailboxes: Vec<_> = fitting.iter().filter_map(|person| person.mailbox.as_ref()).collect();
        match mailboxes.as_slice() {
            [one] => Ok(one.extension.to_string()),
            [] => {
                let remedy = "nobody here is called so: write an extension, a number or a SIP URI";
                Err(Invalid::new(field, text, remedy).into())
            }
            _ => {
                let remedy = "this name fits more than one user: write the extension of the one you mean";
                Err(Invalid::new(field, text, remedy).into())
            }
        }
    }

    /// What fits the text: users by number or name with their phones and mailboxes, phones by their own name, then the
    /// lines of the configuration. `outward`: only where calls may be transferred.
    ///
    /// # Errors
    /// [`super::AnsweringError::Store`].
    pub async fn targets(&self, tenant: TenantId, text: &str, outward: bool) -> Result<Vec<Target>> {
        let text: String = text.trim().chars().take(64).collect();
        if text.is_empty() {
            return Ok(Vec::new());
        }
        let mut found = Vec::new();
        for person in self.store.user_page(tenant, &PeopleFilter::found_by(&text), None, MOST).await? {
            let Some(mailbox) = &person.mailbox else { continue };
            let name = person.user.full_name();
            let mut add = |kind, value| found.push(Target { kind, value, name: name.clone() });
            add(TargetKind::User, mailbox.extension.to_string());
            for phone in self.store.handsets_of(tenant, person.user.id).await? {
                add(TargetKind::Handset, phone.handset.name.to_string());
            }
            add(TargetKind::Voicemail, format!("vm-{}", mailbox.extension));
        }
        self.phones(tenant, &text.to_lowercase(), &mut found).await?;
        self.lines(tenant, &text.to_lowercase(), &mut found).await?;
        found.retain(|target| !outward || self.is_allowed(&target.value));
        Ok(found)
    }

    /// Phones of somebody that have the text in their name.
    async fn phones(&self, tenant: TenantId, text: &str, found: &mut Vec<Target>) -> Result<()> {
        for phone in self.store.handset_page(tenant, text, "", MOST).await? {
            let value = phone.handset.name.to_string();
            let is_new = !found.iter().any(|known| known.value == value);
            if is_new && phone.handset.owner.is_some() && value.contains(text) {
                found.push(Target { kind: TargetKind::Handset, value, name: phone.owner });
            }
        }
        Ok(())
    }

    /// What the configuration names one by one. A number that somebody here has is that user.
    async fn lines(&self, tenant: TenantId, text: &str, found: &mut Vec<Target>) -> Result<()> {
        for line in self.targets.iter().flat_map(|list| list.named()) {
            let kind = if line.contains(':') { TargetKind::Line } else { TargetKind::Number };
            let by_title = text.len() >= TITLE && kind.title().to_lowercase().contains(text);
            let is_new = !found.iter().any(|known| known.value == line);
            if !is_new || !(by_title || line.to_lowercase().contains(text)) {
                continue;
            }
            let owner = match line.parse::<Extension>() {
                Ok(extension) => self.store.mailbox_by_extension(tenant, &extension).await?,
                Err(_) => None,
            };
            let (kind, name) = match owner.and_then(|mailbox| mailbox.user) {
                Some(user) => (TargetKind::User, self.store.user(tenant, user).await?.full_name()),
                None => (kind, String::new()),
            };
            found.push(Target { kind, value: line.to_owned(), name });
        }
        Ok(())
    }
}
