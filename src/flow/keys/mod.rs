//! Which key does what in an owner's menus: profiles as data, and the proofs that a profile can be lived with.
//!
//! A profile is a table of menus ([`Menu`]), each from keys to commands ([`Command`]). What is spoken as help, what is
//! printed as card ([`card`]) and what a key does come from this one table. Reads no files: `aftertone keys check` and
//! the configuration hand texts in.

mod card;
mod proof;

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::Deserialize;

pub use card::{CardLine, CardMenu, card};

macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($(#[$entry:meta])* $variant:ident = $word:literal;)* }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $name { $($(#[$entry])* $variant,)* }

        impl $name {
            /// Every one.
            pub const ALL: &[Self] = &[$(Self::$variant),*];

            /// As it stands in a profile.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word,)* }
            }

            fn from_word(word: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|known| known.as_str() == word)
            }
        }
    };
}

words! {
    /// A menu whose keys a profile decides.
    Menu {
        /// After signing in.
        Main = "main";
        /// While a message plays.
        Playing = "playing";
        /// How it is played, asked for while it plays.
        More = "more";
        /// After a message.
        After = "after";
        /// Which folder to listen to.
        Folders = "folders";
        /// Further choices for a message.
        Advanced = "advanced";
        /// After a recording.
        Review = "review";
        /// Personal settings.
        Settings = "settings";
        /// Which greeting.
        Greetings = "greetings";
        /// What to do with a greeting.
        Greeting = "greeting";
    }
}

words! {
    /// What a key does.
    Command {
        /// Listens to the inbox.
        New = "new";
        /// Listens to saved messages.
        Saved = "saved";
        /// Listens to deleted messages.
        Trash = "trash";
        /// The first message of the folder.
        First = "first";
        /// Records a message to others.
        Send = "send";
        /// Opens the menu of folders.
        Folders = "folders";
        /// Opens the menu of further choices.
        Advanced = "advanced";
        /// Opens the settings.
        Settings = "settings";
        /// Signs in to another mailbox.
        OtherMailbox = "other-mailbox";
        /// From the start again; within the first two seconds the message before.
        Restart = "restart";
        /// The same message once more.
        Again = "again";
        /// The next message; this one stays as it is.
        Next = "next";
        /// The message before.
        Previous = "previous";
        /// Back five seconds.
        Rewind = "rewind";
        /// Forward five seconds.
        FastForward = "fast-forward";
        /// Holds on, and goes on.
        Pause = "pause";
        /// To the end of the message.
        End = "end";
        /// Deletes, and undoes it.
        Delete = "delete";
        /// Saves.
        Save = "save";
        /// Makes it new again.
        MarkNew = "mark-new";
        /// Forwards to others.
        Forward = "forward";
        /// Answers by voice message.
        Reply = "reply";
        /// Calls the sender.
        CallSender = "call-sender";
        /// Who, when, how long.
        Details = "details";
        /// Opens the menu of speed and volume.
        More = "more";
        /// A step slower.
        Slower = "slower";
        /// A step faster.
        Faster = "faster";
        /// As it was spoken.
        NormalSpeed = "normal-speed";
        /// A step quieter.
        Quieter = "quieter";
        /// A step louder.
        Louder = "louder";
        /// Louder, and from the loudest to the quietest.
        Volume = "volume";
        /// A message by its number.
        Number = "number";
        /// Plays the recording.
        Listen = "listen";
        /// Keeps the recording.
        Keep = "keep";
        /// Records; or records again.
        Record = "record";
        /// Adds to the recording.
        Add = "add";
        /// Urgent on and off.
        Urgent = "urgent";
        /// Private on and off.
        Private = "private";
        /// Forgets the recording.
        Discard = "discard";
        /// Opens the menu of greetings.
        Greetings = "greetings";
        /// The usual greeting.
        Standard = "standard";
        /// The greeting for a busy phone.
        Busy = "busy";
        /// The greeting for times away.
        Away = "away";
        /// The greeting outside of the hours.
        Closed = "closed";
        /// The greeting on holidays.
        Holiday = "holiday";
        /// The greeting for colleagues.
        Internal = "internal";
        /// Says which greetings are on.
        Active = "active";
        /// Switches the greeting on or off.
        Switch = "switch";
        /// Until when the greeting is on.
        Until = "until";
        /// The recorded name.
        Name = "name";
        /// A new PIN.
        Pin = "pin";
        /// Newest or oldest first.
        Order = "order";
        /// What is said before a message.
        Envelope = "envelope";
        /// What is sent by mail.
        MailMode = "mail-mode";
        /// Whether the choices are said without asking.
        KeyHelp = "key-help";
        /// Says all keys.
        Help = "help";
        /// One level up.
        Back = "back";
        /// Goodbye.
        Exit = "exit";
    }
}

impl Command {
    /// The menu that it opens.
    const fn opens(self) -> Option<Menu> {
        Some(match self {
            Self::New | Self::Saved | Self::Trash | Self::First => Menu::Playing,
            Self::Folders => Menu::Folders,
            Self::Advanced => Menu::Advanced,
            Self::Settings => Menu::Settings,
            Self::More => Menu::More,
            Self::Send | Self::Name | Self::Record => Menu::Review,
            Self::Greetings => Menu::Greetings,
            Self::Standard | Self::Busy | Self::Away | Self::Closed | Self::Holiday | Self::Internal => {
                Menu::Greeting
            }
            _ => return None,
        })
    }

    /// Whether this menu can carry it out.
    fn belongs_to(self, menu: Menu) -> bool {
        use Command as C;
        let folders = matches!(self, C::New | C::Saved | C::Trash | C::First | C::Folders | C::Advanced);
        let message = matches!(
            self,
            C::Again
                | C::Next
                | C::Previous
                | C::Rewind
                | C::Delete
                | C::Save
                | C::MarkNew
                | C::Forward
                | C::Reply
                | C::CallSender
                | C::Details
                | C::More
                | C::Number
        );
        let sound =
            matches!(self, C::Slower | C::Faster | C::NormalSpeed | C::Quieter | C::Louder | C::Volume);
        let greeting = self.opens() == Some(Menu::Greeting) || self == C::Active;
        let everywhere = matches!(self, C::Help | C::Back | C::Exit);
        let here = match menu {
            Menu::Main | Menu::After => {
                folders || message || sound || matches!(self, C::Send | C::Settings | C::OtherMailbox)
            }
            Menu::Playing => {
                folders || message || sound || matches!(self, C::Restart | C::FastForward | C::Pause | C::End)
            }
            Menu::More => sound || matches!(self, C::MarkNew | C::Number | C::Details),
            Menu::Folders => folders,
            Menu::Advanced => message || self == C::Send,
            Menu::Review => {
                matches!(self, C::Listen | C::Keep | C::Record | C::Add | C::Urgent | C::Private | C::Discard)
            }
            Menu::Settings => {
                greeting
                    || matches!(
                        self,
                        C::Greetings | C::Name | C::Pin | C::Order | C::Envelope | C::MailMode | C::KeyHelp
                    )
            }
            Menu::Greetings => greeting,
            Menu::Greeting => matches!(self, C::Listen | C::Record | C::Switch | C::Until),
        };
        here || everywhere
    }
}

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

    /// Reads and proves a profile. `extends = "default"` takes the menus that are not in the text from that profile.
    ///
    /// # Errors
    /// [`ProfileFaults`]: every fault that was found.
    pub fn parse(name: &str, text: &str) -> Result<Self, ProfileFaults> {
        let one = |fault: String| ProfileFaults(vec![fault]);
        let text: ProfileText = toml::from_str(text).map_err(|error| one(error.to_string()))?;
        let mut menus = match text.extends.as_deref() {
            None => BTreeMap::new(),
            Some(base) => match Self::built_in(base) {
                Some(base) => base.menus.clone(),
                None => {
                    return Err(one(format!(
                        "extends = {base:?}: choose default, asterisk, freeswitch or cisco"
                    )));
                }
            },
        };
        let mut faults = Vec::new();
        for (word, table) in text.menus {
            match Menu::from_word(&word) {
                Some(menu) => _ = menus.insert(menu, proof::table(menu, table, &mut faults)),
                None => faults.push(format!(
                    "[{word}] is no menu: {}",
                    known(Menu::ALL.iter().map(|menu| menu.as_str()))
                )),
            }
        }
        let profile = Self { name: name.to_owned(), title: text.title, menus };
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
