//! What each key does, as it is said: one phrase a command, with its keys. From the same table as the card.

use super::Saying;
use crate::flow::keys::Command;
use crate::speech::{Arg, ArgKind, Phrase};

sayings! {
    /// The keys for `new`.
    NEW = "key-new" ("keys": Digits);
    /// The keys for `saved`.
    SAVED = "key-saved" ("keys": Digits);
    /// The keys for `trash`.
    TRASH = "key-trash" ("keys": Digits);
    /// The keys for `first`.
    FIRST = "key-first" ("keys": Digits);
    /// The keys for `send`.
    SEND = "key-send" ("keys": Digits);
    /// The keys for `folders`.
    FOLDERS = "key-folders" ("keys": Digits);
    /// The keys for `advanced`.
    ADVANCED = "key-advanced" ("keys": Digits);
    /// The keys for `settings`.
    SETTINGS = "key-settings" ("keys": Digits);
    /// The keys for `directory`.
    DIRECTORY = "key-directory" ("keys": Digits);
    /// The keys for `operator`.
    OPERATOR = "key-operator" ("keys": Digits);
    /// The keys for `other-mailbox`.
    OTHER_MAILBOX = "key-other-mailbox" ("keys": Digits);
    /// The keys for `restart`.
    RESTART = "key-restart" ("keys": Digits);
    /// The keys for `again`.
    AGAIN = "key-again" ("keys": Digits);
    /// The keys for `next`.
    NEXT = "key-next" ("keys": Digits);
    /// The keys for `previous`.
    PREVIOUS = "key-previous" ("keys": Digits);
    /// The keys for `rewind`.
    REWIND = "key-rewind" ("keys": Digits);
    /// The keys for `fast-forward`.
    FAST_FORWARD = "key-fast-forward" ("keys": Digits);
    /// The keys for `pause`.
    PAUSE = "key-pause" ("keys": Digits);
    /// The keys for `end`.
    END = "key-end" ("keys": Digits);
    /// The keys for `delete`.
    DELETE = "key-delete" ("keys": Digits);
    /// The keys for `save`.
    SAVE = "key-save" ("keys": Digits);
    /// The keys for `mark-new`.
    MARK_NEW = "key-mark-new" ("keys": Digits);
    /// The keys for `forward`.
    FORWARD = "key-forward" ("keys": Digits);
    /// The keys for `reply`.
    REPLY = "key-reply" ("keys": Digits);
    /// The keys for `call-sender`.
    CALL_SENDER = "key-call-sender" ("keys": Digits);
    /// The keys for `details`.
    DETAILS = "key-details" ("keys": Digits);
    /// The keys for `more`.
    MORE = "key-more" ("keys": Digits);
    /// The keys for `slower`.
    SLOWER = "key-slower" ("keys": Digits);
    /// The keys for `faster`.
    FASTER = "key-faster" ("keys": Digits);
    /// The keys for `normal-speed`.
    NORMAL_SPEED = "key-normal-speed" ("keys": Digits);
    /// The keys for `quieter`.
    QUIETER = "key-quieter" ("keys": Digits);
    /// The keys for `louder`.
    LOUDER = "key-louder" ("keys": Digits);
    /// The keys for `volume`.
    VOLUME = "key-volume" ("keys": Digits);
    /// The keys for `number`.
    NUMBER = "key-number" ("keys": Digits);
    /// The keys for `listen`.
    LISTEN = "key-listen" ("keys": Digits);
    /// The keys for `keep`.
    KEEP = "key-keep" ("keys": Digits);
    /// The keys for `record`.
    RECORD = "key-record" ("keys": Digits);
    /// The keys for `add`.
    ADD = "key-add" ("keys": Digits);
    /// The keys for `urgent`.
    URGENT = "key-urgent" ("keys": Digits);
    /// The keys for `private`.
    PRIVATE = "key-private" ("keys": Digits);
    /// The keys for `discard`.
    DISCARD = "key-discard" ("keys": Digits);
    /// The keys for `greetings`.
    GREETINGS = "key-greetings" ("keys": Digits);
    /// The keys for `standard`.
    STANDARD = "key-standard" ("keys": Digits);
    /// The keys for `busy`.
    BUSY = "key-busy" ("keys": Digits);
    /// The keys for `away`.
    AWAY = "key-away" ("keys": Digits);
    /// The keys for `closed`.
    CLOSED = "key-closed" ("keys": Digits);
    /// The keys for `holiday`.
    HOLIDAY = "key-holiday" ("keys": Digits);
    /// The keys for `internal`.
    INTERNAL = "key-internal" ("keys": Digits);
    /// The keys for `active`.
    ACTIVE = "key-active" ("keys": Digits);
    /// The keys for `switch`.
    SWITCH = "key-switch" ("keys": Digits);
    /// The keys for `until`.
    UNTIL = "key-until" ("keys": Digits);
    /// The keys for `name`.
    NAME = "key-name" ("keys": Digits);
    /// The keys for `pin`.
    PIN = "key-pin" ("keys": Digits);
    /// The keys for `order`.
    ORDER = "key-order" ("keys": Digits);
    /// The keys for `envelope`.
    ENVELOPE = "key-envelope" ("keys": Digits);
    /// The keys for `mail-mode`.
    MAIL_MODE = "key-mail-mode" ("keys": Digits);
    /// The keys for `key-help`.
    KEY_HELP = "key-key-help" ("keys": Digits);
    /// The keys for `choose`.
    CHOOSE = "key-choose" ("keys": Digits);
    /// The keys for `next-person`.
    NEXT_PERSON = "key-next-person" ("keys": Digits);
    /// The keys for `previous-person`.
    PREVIOUS_PERSON = "key-previous-person" ("keys": Digits);
    /// The keys for `first-person`.
    FIRST_PERSON = "key-first-person" ("keys": Digits);
    /// The keys for `last-person`.
    LAST_PERSON = "key-last-person" ("keys": Digits);
    /// The keys for `search-again`.
    SEARCH_AGAIN = "key-search-again" ("keys": Digits);
    /// The keys for `repeat`.
    REPEAT = "key-repeat" ("keys": Digits);
    /// The keys for `help`.
    HELP = "key-help" ("keys": Digits);
    /// The keys for `back`.
    BACK = "key-back" ("keys": Digits);
    /// The keys for `exit`.
    EXIT = "key-exit" ("keys": Digits);
}

/// What the keys do.
pub fn key(command: Command, keys: &str) -> Phrase {
    saying(command).with(Arg::Digits(keys.to_owned()))
}

const fn saying(command: Command) -> Saying {
    match command {
        Command::New => NEW,
        Command::Saved => SAVED,
        Command::Trash => TRASH,
        Command::First => FIRST,
        Command::Send => SEND,
        Command::Folders => FOLDERS,
        Command::Advanced => ADVANCED,
        Command::Settings => SETTINGS,
        Command::Directory => DIRECTORY,
        Command::Operator => OPERATOR,
        Command::OtherMailbox => OTHER_MAILBOX,
        Command::Restart => RESTART,
        Command::Again => AGAIN,
        Command::Next => NEXT,
        Command::Previous => PREVIOUS,
        Command::Rewind => REWIND,
        Command::FastForward => FAST_FORWARD,
        Command::Pause => PAUSE,
        Command::End => END,
        Command::Delete => DELETE,
        Command::Save => SAVE,
        Command::MarkNew => MARK_NEW,
        Command::Forward => FORWARD,
        Command::Reply => REPLY,
        Command::CallSender => CALL_SENDER,
        Command::Details => DETAILS,
        Command::More => MORE,
        Command::Slower => SLOWER,
        Command::Faster => FASTER,
        Command::NormalSpeed => NORMAL_SPEED,
        Command::Quieter => QUIETER,
        Command::Louder => LOUDER,
        Command::Volume => VOLUME,
        Command::Number => NUMBER,
        Command::Listen => LISTEN,
        Command::Keep => KEEP,
        Command::Record => RECORD,
        Command::Add => ADD,
        Command::Urgent => URGENT,
        Command::Private => PRIVATE,
        Command::Discard => DISCARD,
        Command::Greetings => GREETINGS,
        Command::Standard => STANDARD,
        Command::Busy => BUSY,
        Command::Away => AWAY,
        Command::Closed => CLOSED,
        Command::Holiday => HOLIDAY,
        Command::Internal => INTERNAL,
        Command::Active => ACTIVE,
        Command::Switch => SWITCH,
        Command::Until => UNTIL,
        Command::Name => NAME,
        Command::Pin => PIN,
        Command::Order => ORDER,
        Command::Envelope => ENVELOPE,
        Command::MailMode => MAIL_MODE,
        Command::KeyHelp => KEY_HELP,
        Command::Choose => CHOOSE,
        Command::NextPerson => NEXT_PERSON,
        Command::PreviousPerson => PREVIOUS_PERSON,
        Command::FirstPerson => FIRST_PERSON,
        Command::LastPerson => LAST_PERSON,
        Command::SearchAgain => SEARCH_AGAIN,
        Command::Repeat => REPEAT,
        Command::Help => HELP,
        Command::Back => BACK,
        Command::Exit => EXIT,
    }
}
