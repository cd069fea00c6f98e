//! The card of a profile: every menu with its keys in words, for a screen or a printer. From the same table as the help
//! that is spoken; the words are those of the English prompts.

use serde::Serialize;

use super::{Command, Profile};

/// A menu on the card.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CardMenu {
    /// Its name in the profile.
    pub menu: &'static str,
    /// Its title.
    pub title: &'static str,
    /// Its keys.
    pub keys: Vec<CardLine>,
}

/// A key on the card.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CardLine {
    /// What is pressed.
    pub keys: String,
    /// The command in the profile.
    pub command: &'static str,
    /// What it does.
    pub does: &'static str,
    /// The effect waits 1.5 s for a further key.
    pub waits: bool,
}

/// The card.
pub fn card(profile: &Profile) -> Vec<CardMenu> {
    let line = |menu, (keys, command): (&str, Command)| CardLine {
        keys: keys.to_owned(),
        command: command.as_str(),
        does: command.text(),
        waits: profile.waits(menu, keys),
    };
    let lines = |menu| profile.keys(menu).map(|key| line(menu, key)).collect();
    let mut menus: Vec<_> = profile.menus().collect();
    menus.sort();
    menus
        .into_iter()
        .map(|menu| CardMenu { menu: menu.as_str(), title: menu.text(), keys: lines(menu) })
        .collect()
}
