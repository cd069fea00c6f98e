//! Where a rule may lead, as it is offered while somebody types (002-041): only what there is.

use super::Rules;
use super::error::Result;
use crate::domain::{Extension, Invalid, Owner, TenantId};
use crate::store::PeopleFilter;

/// People who are offered at once.
const MOST: u32 = 6;

/// What a target is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TargetKind {
    /// A user: the user's own rules go on (002-042).
    User,
    /// A phone of a user, whatever the user's rules say (002-043).
    Handset,
    /// The mailbox of a user, without ringing (002-044).
    Voicemail,
    /// A queue, an auto-attendant or another line that the configuration names (002-045).
    Line,
}

impl TargetKind {
    /// As people read it.
    pub const fn title(self) -> &'static str {
        match self {
            Self::User => "User",
            Self::Handset => "Handset",
            Self::Voicemail => "Voicemail",
            Self::Line => "Queue or line",
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

    /// What fits the text: users by number or name with their phones and mailboxes, then the lines of the configuration.
    /// `outward`: only where calls may be transferred.
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
            for device in self.store.devices(Owner { tenant, mailbox: mailbox.id }).await? {
                add(TargetKind::Handset, device);
            }
            add(TargetKind::Voicemail, format!("vm-{}", mailbox.extension));
        }
        let lower = text.to_lowercase();
        let lines = self.targets.iter().flat_map(|list| list.named());
        for line in lines.filter(|line| line.to_lowercase().contains(&lower)) {
            if !found.iter().any(|known| known.value == line) {
                let (kind, value) = (TargetKind::Line, line.to_owned());
                found.push(Target { kind, value, name: String::new() });
            }
        }
        found.retain(|target| !outward || self.is_allowed(&target.value));
        Ok(found)
    }
}
