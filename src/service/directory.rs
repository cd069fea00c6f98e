//! Finding people by name with the keys of a phone.
//!
//! Only people who want to be found are: with a recorded name and "announce in the audio directory" (002-021, 002-072);
//! where the tenant says so, others are found as well and spelled. Who knows the extension of one of them may type that.
//! Driven by the directory dialogue.

use super::owner::Result;
use crate::domain::{
    DirectorySettings, Extension, GreetingId, Mailbox, MailboxId, SearchBy, TenantId, User, spelled,
    spellings, words,
};
use crate::store::{Findable, Store};

/// Keys it takes before anybody is named.
pub const FEWEST_KEYS: usize = 3;
/// Matches that are read out at most; more keys make them fewer.
pub const MOST_MATCHES: usize = 8;

/// Somebody who was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The number.
    pub extension: Extension,
    /// Identity.
    pub mailbox: MailboxId,
    /// The recorded name.
    pub name: Option<GreetingId>,
    /// The name in plain letters, to be spelled when there is no recorded one.
    pub spelled: Option<String>,
}

/// What was found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Found {
    /// In the order they are offered: whole words before beginnings, then by name. At most [`MOST_MATCHES`].
    pub matches: Vec<Entry>,
    /// How many there are in all.
    pub all: usize,
    /// More keys are needed before anybody is named.
    pub more_keys: bool,
    /// Which words of the names count.
    pub by: SearchBy,
}

/// How somebody stands in the directory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// Found, and named by the own voice.
    Named,
    /// Found; the name is spelled while there is no recorded one.
    Spelled,
    /// Not found: there is no recorded name.
    Nameless,
    /// Not found: the owner does not want to be.
    Hidden,
}

/// The use cases. Cheap to clone.
#[derive(Debug, Clone)]
pub struct AudioDirectory {
    store: Store,
}

impl AudioDirectory {
    /// Over this store.
    pub const fn new(store: Store) -> Self {
        Self { store }
    }

    /// Whom these keys may mean. Anything may be typed.
    ///
    /// # Errors
    /// [`super::owner::OwnerError::Away`].
    pub async fn search(&self, tenant: TenantId, keys: &str) -> Result<Found> {
        let keys: String = keys.chars().filter(char::is_ascii_digit).take(32).collect();
        if keys.is_empty() {
            return Ok(Found { more_keys: true, ..Found::default() });
        }
        let settings = self.store.directory_settings(tenant).await?;
        let people = self.store.findable(tenant, settings.spell).await?;
        Ok(matches(settings, people, &keys))
    }

    /// Whether callers find this mailbox by name, and why not (002-072).
    ///
    /// # Errors
    /// [`super::owner::OwnerError`].
    pub async fn standing(&self, mailbox: &Mailbox, has_name: bool) -> Result<Standing> {
        if !mailbox.phone.announce {
            return Ok(Standing::Hidden);
        }
        if has_name {
            return Ok(Standing::Named);
        }
        let settings = self.store.directory_settings(mailbox.tenant).await?;
        Ok(if settings.spell { Standing::Spelled } else { Standing::Nameless })
    }

    /// Whether anybody can be found at all.
    ///
    /// # Errors
    /// [`super::owner::OwnerError::Away`].
    pub async fn has_people(&self, tenant: TenantId) -> Result<bool> {
        let settings = self.store.directory_settings(tenant).await?;
        let people = self.store.findable(tenant, settings.spell).await?;
        Ok(people.iter().any(can_be_named))
    }
}

/// By a recorded name, or one that has letters to be spelled.
fn can_be_named(person: &Findable) -> bool {
    person.name.is_some() || !spelled(&person.user.full_name()).is_empty()
}

fn matches(settings: DirectorySettings, people: Vec<Findable>, keys: &str) -> Found {
    let more_keys = keys.len() < FEWEST_KEYS;
    let mut ranked: Vec<(bool, String, Entry)> = people
        .into_iter()
        .filter(can_be_named)
        .filter_map(|person| {
            let is_whole = match rank(settings.by, &person.user, &person.nicknames, keys) {
                _ if person.extension.as_str() == keys => true,
                ranked => ranked.filter(|_| !more_keys)?,
            };
            let sorted = format!("{} {}", person.user.last, person.user.first).to_lowercase();
            let spelled = person.name.is_none().then(|| spelled(&person.user.full_name()));
            let Findable { extension, mailbox, name, .. } = person;
            Some((!is_whole, sorted, Entry { extension, mailbox, name, spelled }))
        })
        .collect();
    ranked.sort_by(|one, other| {
        (one.0, &one.1, &one.2.extension).cmp(&(other.0, &other.1, &other.2.extension))
    });
    let all = ranked.len();
    let matches = ranked.into_iter().take(MOST_MATCHES).map(|(_, _, entry)| entry).collect();
    Found { matches, all, more_keys, by: settings.by }
}

/// Whether the keys begin a word of the name; true when they are the whole word.
fn rank(by: SearchBy, user: &User, nicknames: &[String], keys: &str) -> Option<bool> {
    let first = || std::iter::once(user.first.as_str()).chain(nicknames.iter().map(String::as_str));
    let last = || std::iter::once(user.last.as_str());
    let fits = |name: &str| {
        // A name may be typed in one go: vanderberg, annamaria.
        let joined: String = words(name).collect();
        words(name)
            .map(str::to_owned)
            .chain([joined])
            .flat_map(|word| spellings(&word))
            .filter(|spelled| spelled.starts_with(keys))
            .map(|spelled| spelled.len() == keys.len())
            .max()
    };
    match by {
        SearchBy::Any => {
            // Nor does it matter which one is typed first: adalovelace, lovelaceada.
            let both = [format!("{}{}", user.first, user.last), format!("{}{}", user.last, user.first)];
            first().chain(last()).filter_map(fits).max().or_else(|| both.iter().filter_map(|b| fits(b)).max())
        }
        SearchBy::First => first().filter_map(fits).max(),
        SearchBy::Last => last().filter_map(fits).max(),
    }
}
