//! What a greeting is called: a name that its owner gave it, or one of its own that is free.

use super::{GreetingError, Greetings, one};
use crate::domain::{Greeting, GreetingId, GreetingKind, GreetingName, Owner};

impl Greetings {
    /// Gives a greeting another name (002-070).
    ///
    /// # Errors
    /// [`GreetingError::NameTaken`]; [`GreetingError::Store`] when it is not this mailbox's.
    pub async fn rename(
        &self,
        owner: Owner,
        id: GreetingId,
        name: &GreetingName,
    ) -> Result<Greeting, GreetingError> {
        let known = self.store.greetings(owner.tenant, owner.mailbox).await?;
        let was = one(&known, id)?;
        let became = Greeting { label: name.to_string(), ..was.clone() };
        Ok(self.noting(was, &became).await?.name_greeting(owner, id, name).await?)
    }

    /// That no greeting of the mailbox has this name.
    ///
    /// # Errors
    /// [`GreetingError::NameTaken`], [`GreetingError::Store`].
    pub async fn check_free(&self, owner: Owner, name: &GreetingName) -> Result<(), GreetingError> {
        let known = self.store.greetings(owner.tenant, owner.mailbox).await?;
        let is_taken = known.iter().any(|greeting| GreetingName::is_same(&greeting.label, name.as_str()));
        if is_taken { Err(GreetingError::NameTaken(name.to_string())) } else { Ok(()) }
    }
}

/// A file's name as a label.
pub(super) fn clean(label: &str, kind: GreetingKind) -> String {
    let label: String = label.chars().filter(|c| !c.is_control()).take(GreetingName::LONGEST).collect();
    let label = label.trim();
    if label.is_empty() { kind.to_string() } else { label.to_owned() }
}

/// The label, or with the first number that no other greeting of the mailbox has. 002-070
pub(super) fn unique(label: String, others: &[Greeting]) -> String {
    let is_free = |label: &String| others.iter().all(|other| !GreetingName::is_same(&other.label, label));
    let numbered = |number: usize| {
        let number = format!(" ({number})");
        let head: String = label.chars().take(GreetingName::LONGEST - number.chars().count()).collect();
        format!("{}{number}", head.trim_end())
    };
    // One of so many names is free: there are fewer others.
    std::iter::once(label.clone()).chain((2..=others.len() + 2).map(numbered)).find(is_free).unwrap_or(label)
}
