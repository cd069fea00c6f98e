//! The words of a profile: the menus there are, what a key can do, and which command belongs where. With each its text on
//! the card; the spoken one is the prompt `key-` and the word.

use crate::domain::{AfterMail, MailMode, Tag};

macro_rules! words {
    ($(#[$doc:meta])* $name:ident prompts $prefix:literal { $($variant:ident = $word:literal, $text:literal;)* }) => {
        words! { $(#[$doc])* $name { $($variant = $word, $text;)* } }

        impl $name {
            /// The prompt that tells its keys.
            pub const fn prompt(self) -> &'static str {
                match self { $(Self::$variant => concat!($prefix, $word),)* }
            }
        }
    };
    ($(#[$doc:meta])* $name:ident { $($variant:ident = $word:literal, $text:literal;)* }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $name { $(#[doc = $text] $variant,)* }

        impl $name {
            /// Every one.
            pub const ALL: &[Self] = &[$(Self::$variant),*];

            /// As it stands in a profile.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word,)* }
            }

            /// As it stands on the card.
            pub const fn text(self) -> &'static str {
                match self { $(Self::$variant => $text,)* }
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
        Main = "main", "Main menu";
        Playing = "playing", "While a message plays";
        More = "more", "Speed, volume and more";
        After = "after", "After a message";
        Folders = "folders", "Folders";
        Advanced = "advanced", "Further choices";
        SaveTo = "save-to", "Save to which folder";
        Review = "review", "After a recording";
        Settings = "settings", "Settings";
        Envelope = "envelope", "Before a message";
        Mail = "mail", "What is sent by mail";
        List = "list", "One distribution list";
        Greetings = "greetings", "Greetings";
        Stored = "stored", "Choose a greeting";
        Greeting = "greeting", "One greeting";
        Directory = "directory", "Directory (after the letters of a name)";
    }
}

words! {
    /// What a key does.
    Command prompts "key-" {
        New = "new", "listen to new messages";
        Saved = "saved", "listen to saved messages";
        Trash = "trash", "listen to deleted messages";
        First = "first", "first message";
        Find = "find", "find messages of one caller";
        Send = "send", "send a message";
        Folders = "folders", "folders";
        Work = "work", "folder of work";
        Family = "family", "folder of the family";
        Friends = "friends", "folder of friends";
        Advanced = "advanced", "further choices";
        Settings = "settings", "settings";
        Directory = "directory", "find somebody by name";
        Operator = "operator", "the operator";
        OtherMailbox = "other-mailbox", "sign in to another mailbox";
        Restart = "restart", "from the start (in the first 2 s: previous message)";
        Again = "again", "listen again";
        Next = "next", "next message (this one stays as it is)";
        Previous = "previous", "previous message";
        Rewind = "rewind", "back 5 seconds";
        FastForward = "fast-forward", "forward 5 seconds";
        Pause = "pause", "pause, and go on";
        End = "end", "to the end of the message";
        SkipEnvelope = "skip-envelope", "skip what is said before the message";
        Delete = "delete", "delete (again: undo)";
        Save = "save", "save";
        MailAway = "mail-away", "mail it, and delete it once the mail server took it";
        SaveTo = "save-to", "save to a folder";
        MarkNew = "mark-new", "mark as new";
        Forward = "forward", "forward";
        Reply = "reply", "reply";
        CallSender = "call-sender", "call the sender (where it is allowed)";
        Details = "details", "who, when and how long";
        More = "more", "more";
        Slower = "slower", "slower";
        Faster = "faster", "faster";
        NormalSpeed = "normal-speed", "normal speed";
        Quieter = "quieter", "quieter";
        Louder = "louder", "louder";
        Volume = "volume", "volume";
        Number = "number", "message by number";
        Listen = "listen", "listen";
        Keep = "keep", "keep it (or send it)";
        Record = "record", "record, or record again";
        Add = "add", "add to it";
        Urgent = "urgent", "urgent on or off";
        Private = "private", "private on or off";
        Discard = "discard", "discard";
        Greetings = "greetings", "greetings";
        Standard = "standard", "standard greeting";
        Busy = "busy", "busy greeting";
        Away = "away", "away greeting";
        Closed = "closed", "after-hours greeting";
        Holiday = "holiday", "holiday greeting";
        Internal = "internal", "greeting for colleagues";
        Active = "active", "choose which greetings play";
        Earlier = "earlier", "earlier recordings";
        Choose = "choose", "use it";
        Switch = "switch", "switch it on or off";
        Until = "until", "until when it is on";
        Name = "name", "recorded name";
        Pin = "pin", "PIN";
        Order = "order", "newest or oldest first";
        UrgentFirst = "urgent-first", "urgent messages first, or not";
        Envelope = "envelope", "what is said before a message";
        SayTime = "say-time", "say when a message came, or not";
        SayCaller = "say-caller", "say who left a message, or not";
        SayLength = "say-length", "say how long a message is, or not";
        MailMode = "mail-mode", "what is sent by mail";
        MailNone = "mail-none", "no mail";
        MailLink = "mail-link", "mail with a link";
        MailBriefLink = "mail-brief-link", "short mail with a link";
        MailFileNew = "mail-file-new", "mail with the message, which stays new";
        MailFileSaved = "mail-file-saved", "mail with the message, which is saved";
        MailFileTrash = "mail-file-trash", "mail with the message, which is deleted";
        MailBriefNew = "mail-brief-new", "short mail with the message, which stays new";
        MailBriefSaved = "mail-brief-saved", "short mail with the message, which is saved";
        MailBriefTrash = "mail-brief-trash", "short mail with the message, which is deleted";
        KeyHelp = "key-help", "say the choices unasked, or not";
        Lists = "lists", "distribution lists";
        AddMember = "add-member", "add somebody to the list";
        RemoveMember = "remove-member", "take somebody off the list";
        ThisPerson = "this-person", "this is the one";
        NextPerson = "next-person", "next person";
        PreviousPerson = "previous-person", "the person before";
        FirstPerson = "first-person", "first person";
        LastPerson = "last-person", "last person";
        SearchAgain = "search-again", "search again";
        Repeat = "repeat", "again, with all choices";
        Help = "help", "help";
        Back = "back", "back";
        Exit = "exit", "goodbye";
        Unavailable = "unavailable", "(not available here)";
    }
}

impl Command {
    /// The menu that it opens.
    pub(super) const fn opens(self) -> Option<Menu> {
        Some(match self {
            Self::New | Self::Saved | Self::Trash | Self::First | Self::Find => Menu::Playing,
            Self::Folders => Menu::Folders,
            Self::SaveTo => Menu::SaveTo,
            Self::Envelope => Menu::Envelope,
            Self::MailMode => Menu::Mail,
            Self::Lists => Menu::List,
            Self::Active | Self::Earlier => Menu::Stored,
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

    /// The folder that it opens, or files a message in.
    pub const fn tag(self) -> Option<Tag> {
        Some(match self {
            Self::Work => Tag::Work,
            Self::Family => Tag::Family,
            Self::Friends => Tag::Friends,
            _ => return None,
        })
    }

    /// The way of being told by mail that it chooses.
    pub const fn mail_mode(self) -> Option<MailMode> {
        use AfterMail::{LeaveNew, Save, Trash};
        Some(match self {
            Self::MailNone => MailMode::None,
            Self::MailLink => MailMode::Link,
            Self::MailBriefLink => MailMode::BriefLink,
            Self::MailFileNew => MailMode::Attachment(LeaveNew),
            Self::MailFileSaved => MailMode::Attachment(Save),
            Self::MailFileTrash => MailMode::Attachment(Trash),
            Self::MailBriefNew => MailMode::BriefAttachment(LeaveNew),
            Self::MailBriefSaved => MailMode::BriefAttachment(Save),
            Self::MailBriefTrash => MailMode::BriefAttachment(Trash),
            _ => return None,
        })
    }

    /// Opens or chooses a folder.
    const fn is_of_folders(self) -> bool {
        use Command as C;
        let opens = matches!(self, C::New | C::Saved | C::Trash | C::First | C::Find | C::Folders);
        opens || matches!(self, C::SaveTo | C::Advanced) || self.tag().is_some()
    }

    /// Does something with the message that was heard.
    const fn is_of_a_message(self) -> bool {
        use Command as C;
        matches!(
            self,
            C::Again
                | C::Next
                | C::Previous
                | C::Rewind
                | C::Delete
                | C::Save
                | C::MailAway
                | C::MarkNew
                | C::Forward
                | C::Reply
                | C::CallSender
                | C::Details
                | C::More
                | C::Number
        )
    }

    /// Changes what a message sounds like.
    const fn is_of_the_sound(self) -> bool {
        use Command as C;
        matches!(self, C::Slower | C::Faster | C::NormalSpeed | C::Quieter | C::Louder | C::Volume)
    }

    /// Changes how messages are told.
    const fn is_of_the_telling(self) -> bool {
        use Command as C;
        matches!(
            self,
            C::Order | C::UrgentFirst | C::KeyHelp | C::SayTime | C::SayCaller | C::SayLength | C::Envelope
        )
    }

    /// Reaches somebody else.
    const fn is_of_others(self) -> bool {
        matches!(self, Self::Send | Self::Directory | Self::Operator)
    }

    /// Concerns somebody who was found by name.
    const fn is_of_a_person(self) -> bool {
        use Command as C;
        matches!(
            self,
            C::ThisPerson
                | C::NextPerson
                | C::PreviousPerson
                | C::FirstPerson
                | C::LastPerson
                | C::SearchAgain
                | C::Operator
                | C::Repeat
        )
    }

    /// Whether this menu can carry it out.
    pub(super) fn belongs_to(self, menu: Menu) -> bool {
        use Command as C;
        let listening = self.is_of_folders() || self.is_of_a_message() || self.is_of_the_sound();
        let greeting = self.opens() == Some(Menu::Greeting) || self == C::Active;
        let everywhere = matches!(self, C::Help | C::Back | C::Exit | C::Unavailable);
        let here = match menu {
            Menu::Main | Menu::After => {
                listening || self.is_of_others() || matches!(self, C::Settings | C::OtherMailbox)
            }
            Menu::Playing => {
                let seek = matches!(self, C::Restart | C::FastForward | C::Pause | C::End | C::SkipEnvelope);
                listening || seek || self == C::Operator
            }
            Menu::More => {
                self.is_of_the_sound() || matches!(self, C::MarkNew | C::Number | C::Details | C::Operator)
            }
            Menu::Folders => self.is_of_folders(),
            Menu::SaveTo => matches!(self, C::Save | C::MarkNew | C::Delete) || self.tag().is_some(),
            Menu::Advanced => self.is_of_a_message() || self.is_of_others(),
            Menu::Review => {
                matches!(self, C::Listen | C::Keep | C::Record | C::Add | C::Urgent | C::Private | C::Discard)
            }
            Menu::Settings => {
                greeting
                    || self.is_of_the_telling()
                    || matches!(self, C::Greetings | C::Name | C::Pin | C::MailMode | C::Lists)
            }
            Menu::Envelope => self.is_of_the_telling() && self != C::Envelope,
            Menu::Mail => self.mail_mode().is_some(),
            Menu::List => matches!(self, C::Listen | C::AddMember | C::RemoveMember | C::Delete | C::Lists),
            Menu::Greetings => greeting,
            Menu::Stored => matches!(self, C::Listen | C::Choose | C::Switch | C::Next | C::Previous),
            Menu::Greeting => matches!(self, C::Listen | C::Record | C::Switch | C::Until | C::Earlier),
            Menu::Directory => self.is_of_a_person(),
        };
        here || everywhere
    }
}
