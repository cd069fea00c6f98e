//! The proofs of a profile: keys that exist, commands that belong where they stand, no key that waits unannounced, help
//! and a way out from everywhere. Pure; driven by [`Profile::parse`].

use std::collections::BTreeSet;

use super::{Command, LONGEST, Menu, Profile, Table, TableText, known};

/// Menus without which nobody can use a mailbox. The others exist if a command opens them.
const NEEDED: &[Menu] =
    &[Menu::Main, Menu::Playing, Menu::After, Menu::Review, Menu::Settings, Menu::Greeting];

/// What must be done from somewhere in every profile.
const NEEDED_COMMANDS: &[Command] = &[
    Command::New,
    Command::Saved,
    Command::Trash,
    Command::Delete,
    Command::Save,
    Command::Again,
    Command::Next,
    Command::Keep,
    Command::Record,
    Command::Discard,
    Command::Pin,
    Command::Standard,
    Command::Exit,
];

/// One menu, with its faults.
pub(super) fn table(menu: Menu, text: TableText, faults: &mut Vec<String>) -> Table {
    let mut table = Table::default();
    let place = menu.as_str();
    for (keys, word) in text.keys {
        if keys.is_empty() || keys.len() > LONGEST || !keys.chars().all(|key| "0123456789*#".contains(key)) {
            faults.push(format!("[{place}] {keys:?}: one to {LONGEST} of the keys 0 to 9, * and #"));
            continue;
        }
        match Command::from_word(&word) {
            Some(command) if command.belongs_to(menu) => _ = table.keys.insert(keys, command),
            Some(_) => faults.push(format!("[{place}] {keys} = {word:?} cannot be done in this menu")),
            None => {
                let words = Command::ALL.iter().filter(|command| command.belongs_to(menu));
                let words = known(words.map(|command| command.as_str()));
                faults.push(format!("[{place}] {keys} = {word:?} is no command: {words}"));
            }
        }
    }
    conflicts(place, &table, &text.waits, faults);
    for keys in &text.brief {
        if !table.keys.contains_key(keys) {
            faults.push(format!("[{place}] brief names {keys:?}, which does nothing"));
        }
    }
    table.brief = text.brief;
    table
}

/// Keys whose effect waits for a second key must be announced, and only those.
fn conflicts(place: &str, table: &Table, waits: &[String], faults: &mut Vec<String>) {
    let mut found = BTreeSet::new();
    for keys in table.keys.keys() {
        for end in 1..keys.len() {
            found.extend(keys.get(..end).map(str::to_owned));
        }
    }
    for keys in found.iter().filter(|keys| !waits.contains(keys)) {
        faults.push(format!(
            "[{place}] {keys} begins a longer sequence, so that it waits 1.5 s: change a key, or announce it by waits = [{keys:?}]"
        ));
    }
    for keys in waits.iter().filter(|keys| !found.contains(*keys)) {
        faults.push(format!("[{place}] waits names {keys:?}, which begins no longer sequence"));
    }
}

/// What must hold over all menus.
pub(super) fn paths(profile: &Profile) -> Vec<String> {
    let mut faults = Vec::new();
    for menu in NEEDED.iter().filter(|menu| !profile.menus.contains_key(menu)) {
        faults.push(format!("[{}] is missing", menu.as_str()));
    }
    for (menu, table) in &profile.menus {
        for (keys, command) in &table.keys {
            if let Some(opened) = command.opens().filter(|opened| !profile.menus.contains_key(opened)) {
                faults.push(format!(
                    "[{}] {keys} opens [{}], which is missing",
                    menu.as_str(),
                    opened.as_str()
                ));
            }
        }
    }
    if !faults.is_empty() {
        return faults;
    }
    let used = |command: &Command| {
        profile.menus.values().any(|table| table.keys.values().any(|found| found == command))
    };
    for command in NEEDED_COMMANDS.iter().filter(|command| !used(command)) {
        faults.push(format!("no key does {:?}", command.as_str()));
    }
    for menu in profile.menus.keys().copied() {
        if !reaches(profile, menu, |menu| has(profile, menu, Command::Help)) {
            faults.push(format!("[{}] does not lead to help: give a key to \"help\"", menu.as_str()));
        }
        if !reaches(profile, menu, |menu| has(profile, menu, Command::Exit)) {
            faults.push(format!("[{}] has no way out: give a key to \"back\" or \"exit\"", menu.as_str()));
        }
        if !is_entered(profile, menu) {
            faults.push(format!("[{}] is opened by no key", menu.as_str()));
        }
    }
    faults
}

fn has(profile: &Profile, menu: Menu, command: Command) -> bool {
    profile.table(menu).is_some_and(|table| table.keys.values().any(|found| *found == command))
}

fn is_entered(profile: &Profile, menu: Menu) -> bool {
    matches!(menu, Menu::Main | Menu::After)
        || profile
            .menus
            .values()
            .any(|table| table.keys.values().any(|command| command.opens() == Some(menu)))
}

/// Whether a menu with this property can be reached by keys.
fn reaches(profile: &Profile, from: Menu, wanted: impl Fn(Menu) -> bool) -> bool {
    let (mut seen, mut open) = (BTreeSet::from([from]), vec![from]);
    while let Some(menu) = open.pop() {
        if wanted(menu) {
            return true;
        }
        let Some(table) = profile.table(menu) else { continue };
        let next = table.keys.values().filter_map(|command| leads_to(menu, *command));
        // A message ends, and its menu follows.
        let next = next.chain((menu == Menu::Playing).then_some(Menu::After));
        open.extend(next.filter(|menu| seen.insert(*menu)));
    }
    false
}

const fn leads_to(menu: Menu, command: Command) -> Option<Menu> {
    match command {
        Command::Back => Some(match menu {
            Menu::More => Menu::Playing,
            Menu::Advanced | Menu::SaveTo => Menu::After,
            Menu::Greeting | Menu::Greetings | Menu::Stored | Menu::Envelope | Menu::Mail | Menu::List => {
                Menu::Settings
            }
            _ => Menu::Main,
        }),
        Command::End => Some(Menu::After),
        Command::Keep | Command::Discard => Some(Menu::Main),
        command => command.opens(),
    }
}
