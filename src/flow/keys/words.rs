//! The words of a profile: the menus there are, what a key can do, and which command belongs where.

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

            pub(super) fn from_word(word: &str) -> Option<Self> {
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
        /// Somebody was found by name.
        Directory = "directory";
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
        /// Looks for somebody by name.
        Directory = "directory";
        /// Calls the operator.
        Operator = "operator";
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
        /// Takes the person who was named.
        Choose = "choose";
        /// The next person.
        NextPerson = "next-person";
        /// The person before.
        PreviousPerson = "previous-person";
        /// The first person.
        FirstPerson = "first-person";
        /// The last person.
        LastPerson = "last-person";
        /// Looks for somebody else.
        SearchAgain = "search-again";
        /// The same person once more, with all keys.
        Repeat = "repeat";
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
    pub(super) const fn opens(self) -> Option<Menu> {
        Some(match self {
            Self::New | Self::Saved | Self::Trash | Self::First => Menu::Playing,
            Self::Folders => Menu::Folders,
            Self::Advanced => Menu::Advanced,
            Self::Settings => Menu::Settings,
            Self::More => Menu::More,
            Self::Send | Self::Name | Self::Record => Menu::Review,
            Self::Greetings => Menu::Greetings,
            Self::Directory => Menu::Directory,
            Self::Standard | Self::Busy | Self::Away | Self::Closed | Self::Holiday | Self::Internal => {
                Menu::Greeting
            }
            _ => return None,
        })
    }

    /// Whether this menu can carry it out.
    pub(super) fn belongs_to(self, menu: Menu) -> bool {
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
        let others = matches!(self, C::Send | C::Directory | C::Operator);
        let everywhere = matches!(self, C::Help | C::Back | C::Exit);
        let here = match menu {
            Menu::Main | Menu::After => {
                folders || message || sound || others || matches!(self, C::Settings | C::OtherMailbox)
            }
            Menu::Playing => {
                let seek = matches!(self, C::Restart | C::FastForward | C::Pause | C::End);
                folders || message || sound || seek || self == C::Operator
            }
            Menu::More => sound || matches!(self, C::MarkNew | C::Number | C::Details | C::Operator),
            Menu::Folders => folders,
            Menu::Advanced => message || others,
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
            Menu::Directory => {
                let step = matches!(self, C::NextPerson | C::PreviousPerson | C::FirstPerson | C::LastPerson);
                step || matches!(self, C::Choose | C::SearchAgain | C::Operator | C::Repeat)
            }
        };
        here || everywhere
    }
}
