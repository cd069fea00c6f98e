//! The card of a profile: every menu with its keys in words, for a screen or a printer. From the same table as the help
//! that is spoken; the words are those of the English prompts.

use serde::Serialize;

use super::{Command, Menu, Profile};

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
        does: does(command),
        waits: profile.waits(menu, keys),
    };
    let lines = |menu| profile.keys(menu).map(|key| line(menu, key)).collect();
    let mut menus: Vec<_> = profile.menus().collect();
    menus.sort();
    menus
        .into_iter()
        .map(|menu| CardMenu { menu: menu.as_str(), title: title(menu), keys: lines(menu) })
        .collect()
}

const fn title(menu: Menu) -> &'static str {
    match menu {
        Menu::Main => "Main menu",
        Menu::Playing => "While a message plays",
        Menu::More => "Speed, volume and more",
        Menu::After => "After a message",
        Menu::Folders => "Folders",
        Menu::Advanced => "Further choices",
        Menu::Review => "After a recording",
        Menu::Settings => "Settings",
        Menu::Greetings => "Greetings",
        Menu::Greeting => "One greeting",
        Menu::Directory => "Directory (after the letters of a name)",
    }
}

const fn does(command: Command) -> &'static str {
    match command {
        Command::New => "listen to new messages",
        Command::Saved => "listen to saved messages",
        Command::Trash => "listen to deleted messages",
        Command::First => "first message",
        Command::Send => "send a message",
        Command::Folders => "folders",
        Command::Advanced => "further choices",
        Command::Settings => "settings",
        Command::Directory => "find somebody by name",
        Command::Operator => "the operator",
        Command::OtherMailbox => "sign in to another mailbox",
        Command::Restart => "from the start (in the first 2 s: previous message)",
        Command::Again => "listen again",
        Command::Next => "next message (this one stays as it is)",
        Command::Previous => "previous message",
        Command::Rewind => "back 5 seconds",
        Command::FastForward => "forward 5 seconds",
        Command::Pause => "pause, and go on",
        Command::End => "to the end of the message",
        Command::Delete => "delete (again: undo)",
        Command::Save => "save",
        Command::MarkNew => "mark as new",
        Command::Forward => "forward",
        Command::Reply => "reply",
        Command::CallSender => "call the sender (where it is allowed)",
        Command::Details => "who, when and how long",
        Command::More => "more",
        Command::Slower => "slower",
        Command::Faster => "faster",
        Command::NormalSpeed => "normal speed",
        Command::Quieter => "quieter",
        Command::Louder => "louder",
        Command::Volume => "volume",
        Command::Number => "message by number",
        Command::Listen => "listen",
        Command::Keep => "keep it (or send it)",
        Command::Record => "record, or record again",
        Command::Add => "add to it",
        Command::Urgent => "urgent on or off",
        Command::Private => "private on or off",
        Command::Discard => "discard",
        Command::Greetings => "greetings",
        Command::Standard => "standard greeting",
        Command::Busy => "busy greeting",
        Command::Away => "away greeting",
        Command::Closed => "after-hours greeting",
        Command::Holiday => "holiday greeting",
        Command::Internal => "greeting for colleagues",
        Command::Active => "which greetings are on",
        Command::Switch => "switch it on or off",
        Command::Until => "until when it is on",
        Command::Name => "recorded name",
        Command::Pin => "PIN",
        Command::Order => "newest or oldest first",
        Command::Envelope => "what is said before a message",
        Command::MailMode => "what is sent by mail",
        Command::KeyHelp => "say the choices unasked, or not",
        Command::Choose => "this is the one",
        Command::NextPerson => "next person",
        Command::PreviousPerson => "the person before",
        Command::FirstPerson => "first person",
        Command::LastPerson => "last person",
        Command::SearchAgain => "search again",
        Command::Repeat => "again, with all choices",
        Command::Help => "help",
        Command::Back => "back",
        Command::Exit => "goodbye",
    }
}
