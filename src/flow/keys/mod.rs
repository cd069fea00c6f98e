//! Which key does what in an owner's menus: profiles as data, and the proofs that a profile can be lived with.
//!
//! A profile is a table of menus ([`Menu`]), each from keys to commands ([`Command`]). What is spoken as help, what is
//! printed as card ([`card`]) and what a key does come from this one table. Reads no files: `aftertone keys check` and
//! the configuration hand texts in.

mod card;
mod proof;
mod words;

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::Deserialize;

pub use card::{CardLine, CardMenu, card};
pub use words::{Command, Menu};

/// Most keys of one sequence.
pub const LONGEST: usize = 3;

/// What the keys pressed so far mean in a menu.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Meaning {
    /// Nothing begins so.
    Nothing,
    /// This, at once.
    Command(Command),
    /// A longer sequence may follow: wait for it. When none comes, this is meant, or only help.
    Wait(Option<Command>),
}

/// One menu's table.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Table {
    keys: BTreeMap<String, Command>,
    /// The sequences that are said unasked, in this order. Empty: all.
    brief: Vec<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct TableText {
    keys: BTreeMap<String, String>,
    #[serde(default)]
    brief: Vec<String>,
    #[serde(default)]
    waits: Vec<String>,
}

#[derive(Debug, Deserialize)]
struct ProfileText {
    title: String,
    #[serde(default)]
    extends: Option<String>,
    #[serde(default)]
    star_joins: Option<bool>,
    #[serde(default)]
    saves_unasked: Option<bool>,
    #[serde(flatten)]
    menus: BTreeMap<String, TableText>,
}

/// A key profile that was proved: every menu has a way to help and a way out, and no key waits unannounced.
/// The default value has no menus: that of nobody.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Profile {
    name: String,
    title: String,
    menus: BTreeMap<Menu, Table>,
    star_joins: bool,
    saves_unasked: bool,
}

/// The profiles that are part of the program, by name.
const BUILT_IN: &[(&str, &str)] = &[
    ("default", include_str!("default.toml")),
    ("asterisk", include_str!("asterisk.toml")),
    ("freeswitch", include_str!("freeswitch.toml")),
    ("cisco", include_str!("cisco.toml")),
];

/// Why a text is no profile: one sentence for each fault, for whoever writes it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}", .0.join("; "))]
pub struct ProfileFaults(pub Vec<String>);

impl Profile {
    /// A profile that is part of the program. An unknown name is the default profile.
    pub fn built_in(name: &str) -> Option<Arc<Self>> {
        let (name, text) = BUILT_IN.iter().find(|(known, _)| *known == name)?;
        Self::parse(name, text).ok().map(Arc::new)
    }

    /// Names of the profiles that are part of the program.
    pub fn names() -> impl Iterator<Item = &'static str> {
        BUILT_IN.iter().map(|(name, _)| *name)
    }

    /// Reads and proves a profile. `extends = "default"` takes what is not in the text from that profile.
    ///
    /// # Errors
    /// [`ProfileFaults`]: every fault that was found.
    pub fn parse(name: &str, text: &str) -> Result<Self, ProfileFaults> {
        let one = |fault: String| ProfileFaults(vec![fault]);
        let text: ProfileText = toml::from_str(text).map_err(|error| one(error.to_string()))?;
        let base = match text.extends.as_deref() {
            None => Self::default(),
            Some(base) => match Self::built_in(base) {
                Some(base) => Self::clone(&base),
                None => {
                    return Err(one(format!(
                        "extends = {base:?}: choose default, asterisk, freeswitch or cisco"
                    )));
                }
            },
        };
        let (star_joins, saves_unasked) =
            (text.star_joins.unwrap_or(base.star_joins), text.saves_unasked.unwrap_or(base.saves_unasked));
        let (mut menus, mut faults) = (base.menus, Vec::new());
        for (word, table) in text.menus {
            match Menu::from_word(&word) {
                Some(menu) => _ = menus.insert(menu, proof::table(menu, table, &mut faults)),
                None => faults.push(format!(
                    "[{word}] is no menu: {}",
                    known(Menu::ALL.iter().map(|menu| menu.as_str()))
                )),
            }
        }
        // Callers look for people with somebody's keys, too: a profile that says nothing of it takes those of the program.
        if faults.is_empty() && !menus.contains_key(&Menu::Directory) {
            let usual = Self::built_in("default");
            menus.extend(
                usual.and_then(|usual| Some((Menu::Directory, usual.table(Menu::Directory)?.clone()))),
            );
        }
        let profile = Self { name: name.to_owned(), title: text.title, menus, star_joins, saves_unasked };
        if faults.is_empty() {
            faults.extend(proof::paths(&profile));
        }
        if faults.is_empty() { Ok(profile) } else { Err(ProfileFaults(faults)) }
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Whose keys these are.
    pub fn title(&self) -> &str {
        &self.title
    }

    /// Whether `*` after the digits of a recipient says that another one follows; else it takes the digits back.
    pub const fn star_joins(&self) -> bool {
        self.star_joins
    }

    /// Whether a message that was heard to its end is saved when no key is pressed after it; else it stays as it is.
    pub const fn saves_unasked(&self) -> bool {
        self.saves_unasked
    }

    /// Whether saved messages are filed in folders of their own, apart from the others.
    pub fn files_by_tag(&self) -> bool {
        let folders = self.table(Menu::Folders);
        folders.is_some_and(|folders| folders.keys.values().any(|command| command.tag().is_some()))
    }

    /// The menus that it has.
    pub fn menus(&self) -> impl Iterator<Item = Menu> {
        self.menus.keys().copied()
    }

    /// Whether it has this menu.
    pub fn has_menu(&self, menu: Menu) -> bool {
        self.menus.contains_key(&menu)
    }

    /// The keys of a menu and what each does, in the order of the keypad.
    pub fn keys(&self, menu: Menu) -> impl Iterator<Item = (&str, Command)> {
        let mut keys: Vec<_> =
            self.table(menu).map(|table| table.keys.iter()).into_iter().flatten().collect();
        keys.sort_by_key(|(keys, _)| keypad_order(keys));
        keys.into_iter().map(|(keys, command)| (keys.as_str(), *command))
    }

    /// The keys that are said unasked.
    pub fn brief(&self, menu: Menu) -> Vec<(&str, Command)> {
        let Some(table) = self.table(menu).filter(|table| !table.brief.is_empty()) else {
            return self.keys(menu).collect();
        };
        table.brief.iter().filter_map(|keys| Some((keys.as_str(), *table.keys.get(keys)?))).collect()
    }

    /// What these keys, pressed one after the other, mean.
    pub fn meaning(&self, menu: Menu, typed: &str) -> Meaning {
        let Some(table) = self.table(menu) else { return Meaning::Nothing };
        let whole = table.keys.get(typed).copied();
        match (self.waits(menu, typed), whole) {
            (true, whole) => Meaning::Wait(whole),
            (false, Some(command)) => Meaning::Command(command),
            (false, None) => Meaning::Nothing,
        }
    }

    /// Whether a longer sequence begins with these keys, so that their effect waits 1.5 s for another key.
    pub fn waits(&self, menu: Menu, typed: &str) -> bool {
        let longer = |keys: &&String| keys.len() > typed.len() && keys.starts_with(typed);
        self.table(menu).is_some_and(|table| table.keys.keys().any(|keys| longer(&keys)))
    }

    fn table(&self, menu: Menu) -> Option<&Table> {
        self.menus.get(&menu)
    }
}

/// 1 to 9, 0, `*`, `#`, as they lie on a telephone.
fn keypad_order(keys: &str) -> Vec<usize> {
    keys.chars().map(|key| "1234567890*#".find(key).unwrap_or(usize::MAX)).collect()
}

fn known<'a>(words: impl Iterator<Item = &'a str>) -> String {
    format!("choose {}", words.collect::<Vec<_>>().join(", "))
}

#[cfg(test)]
mod tests;
