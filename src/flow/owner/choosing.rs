//! The menus in which nothing plays: main, folders, further choices, settings, greetings, one greeting.

use super::asking::{Asking, Then};
use super::desk::Request;
use super::entering::{Entering, For};
use super::listening::Listening;
use super::turn::{Timer, Turn};
use super::{Farewell, Stage, State, colleague, greetings, lists, login, sending, settings, stored, words};
use crate::domain::{GreetingKind, Shelf};
use crate::flow::Utterance;
use crate::flow::keys::{Command, Menu};
use crate::flow::phrases::owner;

/// A menu is being said, or a key of it is waited for.
#[derive(Debug)]
pub(super) struct Choosing {
    menu: Menu,
    /// Which greeting, in the menu of one.
    kind: Option<GreetingKind>,
}

impl Choosing {
    /// Says `lead` and the usual choices.
    pub(super) fn enter(turn: &mut Turn<'_>, menu: Menu, lead: Vec<Utterance>) -> State {
        Self::with(turn, menu, None, lead)
    }

    pub(super) fn with(
        turn: &mut Turn<'_>,
        menu: Menu,
        kind: Option<GreetingKind>,
        lead: Vec<Utterance>,
    ) -> State {
        let words = turn.brief(menu);
        Self { menu, kind }.say(turn, lead, words)
    }

    fn say(self, turn: &mut Turn<'_>, mut lead: Vec<Utterance>, choices: Vec<Utterance>) -> State {
        lead.extend(choices);
        if lead.is_empty() {
            turn.hush();
            turn.wait(Timer::Choice);
        } else {
            turn.say(lead);
        }
        self.into()
    }

    fn help(self, turn: &mut Turn<'_>) -> State {
        let words = turn.help(self.menu);
        self.say(turn, Vec::new(), words)
    }

    fn back(self, turn: &mut Turn<'_>) -> State {
        let menu = match self.menu {
            Menu::Greeting
                if turn.session().keys.has_menu(Menu::Greetings) && self.kind != Some(GreetingKind::Name) =>
            {
                Menu::Greetings
            }
            Menu::Stored => return stored::leave(turn, Vec::new()),
            Menu::Greeting | Menu::Greetings | Menu::Envelope | Menu::Mail | Menu::List => Menu::Settings,
            Menu::Folders | Menu::Advanced | Menu::SaveTo if !turn.memory.shelf.is_empty() => {
                return Listening::after(turn, Vec::new());
            }
            _ => Menu::Main,
        };
        Self::enter(turn, menu, Vec::new())
    }
}

/// What opens something else, from any menu and while listening. `None`: not one of these.
pub(super) fn leads_on(turn: &mut Turn<'_>, command: Command) -> Option<State> {
    let listen = |turn: &mut Turn<'_>, shelf| {
        turn.hush();
        Asking::enter(turn, Request::Load(shelf), Then::Listen(shelf, Vec::new()))
    };
    if let Some(tag) = command.tag() {
        return Some(listen(turn, Shelf::Filed(tag)));
    }
    Some(match command {
        Command::New => listen(turn, Shelf::New),
        Command::Saved => {
            let shelf = if turn.session().keys.files_by_tag() { Shelf::Unfiled } else { Shelf::Old };
            listen(turn, shelf)
        }
        Command::Trash => listen(turn, Shelf::Trash),
        Command::First if turn.memory.shelf.is_empty() => listen(turn, Shelf::New),
        Command::First => Listening::first(turn),
        Command::Find => Entering::ask(turn, For::Caller, Vec::new()),
        Command::SaveTo if turn.memory.shelf.is_empty() => {
            Choosing::enter(turn, Menu::Main, vec![owner::NOT_HERE.into()])
        }
        Command::SaveTo => Choosing::enter(turn, Menu::SaveTo, vec![owner::SAVE_TO.into()]),
        Command::Folders => Choosing::enter(turn, Menu::Folders, Vec::new()),
        Command::Advanced => Choosing::enter(turn, Menu::Advanced, Vec::new()),
        Command::Settings => Choosing::enter(turn, Menu::Settings, Vec::new()),
        Command::OtherMailbox => login::another(turn),
        Command::Send => sending::begin(turn),
        Command::Directory => colleague::begin(turn),
        Command::Operator => colleague::operator(turn),
        Command::Exit => Farewell::enter(turn, Vec::new()),
        _ => return None,
    })
}

const fn kind_of(command: Command) -> Option<GreetingKind> {
    Some(match command {
        Command::Standard => GreetingKind::Standard,
        Command::Busy => GreetingKind::Busy,
        Command::Away => GreetingKind::Away,
        Command::Closed => GreetingKind::Closed,
        Command::Holiday => GreetingKind::Holiday,
        Command::Internal => GreetingKind::Internal,
        Command::Name => GreetingKind::Name,
        _ => return None,
    })
}

impl Stage for Choosing {
    fn menu(&self) -> Option<Menu> {
        Some(self.menu)
    }

    fn command(self, turn: &mut Turn<'_>, command: Command) -> State {
        match (command, self.menu) {
            (Command::Help, _) => return self.help(turn),
            (Command::Back, _) => return self.back(turn),
            (Command::Unavailable, _) => {
                return Self::with(turn, self.menu, self.kind, vec![owner::UNAVAILABLE.into()]);
            }
            (Command::Greetings, _) => return Self::enter(turn, Menu::Greetings, Vec::new()),
            _ => {}
        }
        if let Some(kind) = kind_of(command) {
            return Self::with(turn, Menu::Greeting, Some(kind), vec![words::kind(kind).into()]);
        }
        let own = match self.menu {
            Menu::List => lists::change(turn, command),
            Menu::Stored => stored::change(turn, command),
            Menu::SaveTo if command.tag().is_some() => Some(Listening::file(turn, command)),
            Menu::Settings | Menu::Greetings if command == Command::Lists => Some(lists::ask(turn)),
            _ => greetings::change(turn, command, self.kind)
                .or_else(|| settings::change(turn, command, self.menu)),
        };
        match own.or_else(|| leads_on(turn, command)) {
            Some(state) => state,
            // Keys of messages: they mean the message that was heard last.
            None => Listening::obey(turn, command),
        }
    }

    fn unknown(self, turn: &mut Turn<'_>) -> State {
        self.help(turn)
    }

    fn played(self, turn: &mut Turn<'_>) -> State {
        turn.wait(Timer::Choice);
        self.into()
    }

    fn expired(self, turn: &mut Turn<'_>) -> State {
        if !turn.may_idle() {
            return Farewell::enter(turn, Vec::new());
        }
        let words = turn.help(self.menu);
        self.say(turn, Vec::new(), words)
    }
}
