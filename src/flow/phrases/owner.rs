//! What an owner hears: signing in, messages, settings.

use super::Saying;
use crate::speech::ArgKind;

sayings! {
    /// Asks for the extension.
    LOGIN_EXTENSION = "login-extension";
    /// Asks for the PIN.
    LOGIN_PIN = "login-pin";
    /// That extension or PIN are wrong, without saying which.
    LOGIN_REFUSED = "login-refused";
    /// That nobody can sign in now.
    LOGIN_UNAVAILABLE = "login-unavailable";
    /// No new messages.
    COUNT_NONE = "count-none";
    /// How many new messages.
    COUNT_NEW = "count-new" ("count": Number);
    /// How many of them are urgent.
    COUNT_URGENT = "count-urgent" ("count": Number);
    /// How many old messages.
    COUNT_OLD = "count-old" ("count": Number);
    /// That the message of the last call goes on.
    RESUME = "resume";
    /// Which message.
    MESSAGE_NUMBER = "message-number" ("number": Number);
    /// The message is urgent.
    MESSAGE_URGENT = "message-urgent";
    /// The message is private.
    MESSAGE_PRIVATE = "message-private";
    /// When it came.
    RECEIVED_TODAY = "received-today" ("time": Time);
    /// When it came.
    RECEIVED_YESTERDAY = "received-yesterday" ("time": Time);
    /// When it came.
    RECEIVED_ON = "received-on" ("date": Date, "time": Time);
    /// Before a recorded name.
    FROM = "from";
    /// Who left it.
    FROM_NUMBER = "from-number" ("number": Digits);
    /// Who left it is not known.
    FROM_UNKNOWN = "from-unknown";
    /// How long it is.
    LENGTH_MINUTES = "length-minutes" ("minutes": Number);
    /// How long it is.
    LENGTH_SECONDS = "length-seconds" ("seconds": Number);
    /// There is nothing to hear.
    FOLDER_EMPTY = "folder-empty";
    /// That was the last message.
    NO_MORE = "no-more";
    /// There is no message before.
    FIRST_ALREADY = "first-already";
    /// Answer to delete.
    DELETED = "deleted";
    /// Answer to undo.
    RESTORED = "restored";
    /// Answer to save.
    SAVED = "saved";
    /// Answer to mark as new.
    MARKED_NEW = "marked-new";
    /// The key has no use now.
    NOT_HERE = "not-here";
    /// Something of ours failed.
    TROUBLE = "trouble";
    /// The message cannot be played.
    DAMAGED = "damaged";
    /// Playing is paused.
    PAUSED = "paused";
    /// Asks for a message number.
    ENTER_NUMBER = "enter-number";
    /// Asks whose messages are wanted.
    FIND_ENTER = "find-enter";
    /// Nobody with that number left one.
    FIND_NONE = "find-none";
    /// How many there are of that caller.
    FIND_COUNT = "find-count" ("count": Number);
    /// Asks for a recipient.
    SEND_TO = "send-to";
    /// Asks for one more recipient.
    SEND_MORE = "send-more";
    /// Who gets it.
    SEND_ADDED = "send-added" ("extension": Digits);
    /// No such recipient.
    SEND_UNKNOWN = "send-unknown";
    /// Nothing is done.
    CANCELLED = "cancelled";
    /// With or without introduction.
    INTRODUCTION_CHOICE = "introduction-choice";
    /// Before a message to others.
    RECORD_MESSAGE = "record-message";
    /// Before an introduction.
    RECORD_INTRODUCTION = "record-introduction";
    /// Before a greeting.
    RECORD_GREETING = "record-greeting";
    /// Before a name.
    RECORD_NAME = "record-name";
    /// Where it went.
    SENT = "sent" ("count": Number);
    /// Where it did not go.
    NOT_SENT = "not-sent" ("extension": Digits);
    /// It may not be forwarded.
    IS_PRIVATE = "is-private";
    /// There is nobody to reply to.
    NO_REPLY = "no-reply";
    /// The sender cannot be called.
    NO_CALL = "no-call";
    /// The sender is being called.
    CALLING = "calling";
    /// The call did not come about.
    CALL_FAILED = "call-failed";
    /// Which greeting.
    GREETING_STANDARD = "greeting-standard";
    /// Which greeting.
    GREETING_BUSY = "greeting-busy";
    /// Which greeting.
    GREETING_AWAY = "greeting-away";
    /// Which greeting.
    GREETING_CLOSED = "greeting-closed";
    /// Which greeting.
    GREETING_HOLIDAY = "greeting-holiday";
    /// Which greeting.
    GREETING_INTERNAL = "greeting-internal";
    /// Which greeting.
    GREETING_OWN_NAME = "greeting-own-name";
    /// There is none.
    GREETING_NONE = "greeting-none";
    /// It is on.
    GREETING_ON = "greeting-on";
    /// It is off.
    GREETING_OFF = "greeting-off";
    /// The recording is kept.
    GREETING_KEPT = "greeting-kept";
    /// Which of the stored greetings.
    GREETING_NUMBER = "greeting-number" ("number": Number);
    /// When it was recorded.
    RECORDED_ON = "recorded-on" ("date": Date);
    /// There is none after or before it.
    NO_MORE_GREETINGS = "no-more-greetings";
    /// The greeting for times away goes before the one that was chosen.
    AWAY_FIRST = "away-first";
    /// None of one's own is on.
    GREETINGS_OFF = "greetings-off";
    /// Before the greetings that are on.
    GREETINGS_ON = "greetings-on";
    /// Asks for the last day.
    UNTIL_ENTER = "until-enter";
    /// The last day.
    UNTIL_DAY = "until-day" ("date": Date);
    /// There is no last day.
    UNTIL_OPEN = "until-open";
    /// The day has gone.
    UNTIL_GONE = "until-gone";
    /// No date.
    UNTIL_WRONG = "until-wrong";
    /// Asks for a new PIN.
    PIN_NEW = "pin-new";
    /// Asks for it again.
    PIN_AGAIN = "pin-again";
    /// It is changed.
    PIN_CHANGED = "pin-changed";
    /// The two are different.
    PIN_DIFFERS = "pin-differs";
    /// It is not changed.
    PIN_KEPT = "pin-kept";
    /// Wrong length.
    PIN_SHAPE = "pin-shape";
    /// Too simple.
    PIN_REPEATS = "pin-repeats";
    /// Too simple.
    PIN_SEQUENCE = "pin-sequence";
    /// Too simple.
    PIN_EXTENSION = "pin-extension";
    /// Too simple.
    PIN_YEAR = "pin-year";
    /// The order.
    ORDER_NEWEST = "order-newest";
    /// The order.
    ORDER_OLDEST = "order-oldest";
    /// Urgent ones come first.
    URGENT_FIRST = "urgent-first";
    /// Urgent ones come when it is their turn.
    URGENT_IN_ORDER = "urgent-in-order";
    /// Before messages: the time.
    TIME_SAID = "time-said";
    /// Before messages: no time.
    TIME_UNSAID = "time-unsaid";
    /// Before messages: the caller.
    CALLER_SAID = "caller-said";
    /// Before messages: no caller.
    CALLER_UNSAID = "caller-unsaid";
    /// Before messages: the length.
    LENGTH_SAID = "length-said";
    /// Before messages: no length.
    LENGTH_UNSAID = "length-unsaid";
    /// Choices are said.
    HELP_ON = "help-on";
    /// Choices are not said.
    HELP_OFF = "help-off";
    /// Mail mode.
    MAIL_NONE = "mail-none";
    /// Mail mode.
    MAIL_LINK = "mail-link";
    /// Mail mode.
    MAIL_BRIEF_LINK = "mail-brief-link";
    /// Mail mode.
    MAIL_ATTACHMENT = "mail-attachment";
    /// Mail mode.
    MAIL_BRIEF_ATTACHMENT = "mail-brief-attachment";
    /// What follows the mail.
    MAIL_THEN_NEW = "mail-then-new";
    /// What follows the mail.
    MAIL_THEN_SAVED = "mail-then-saved";
    /// What follows the mail.
    MAIL_THEN_TRASH = "mail-then-trash";
    /// There is nowhere to send mail to.
    NO_MAIL_ADDRESS = "no-mail-address";
    /// The message goes to the owner by mail.
    MAILED_AWAY = "mailed-away";
    /// The key is not available.
    UNAVAILABLE = "unavailable";
    /// Asks for the folder.
    SAVE_TO = "save-to";
    /// Before the name of who passed it on.
    FORWARDED_BY = "forwarded-by";
    /// Who passed it on.
    FORWARDED_BY_NUMBER = "forwarded-by-number" ("number": Digits);
    /// It was passed on.
    FORWARDED = "forwarded";
    /// When it was left.
    LEFT_TODAY = "left-today" ("time": Time);
    /// When it was left.
    LEFT_YESTERDAY = "left-yesterday" ("time": Time);
    /// When it was left.
    LEFT_ON = "left-on" ("date": Date, "time": Time);
    /// When it was passed on.
    FORWARDED_TODAY = "forwarded-today" ("time": Time);
    /// When it was passed on.
    FORWARDED_YESTERDAY = "forwarded-yesterday" ("time": Time);
    /// When it was passed on.
    FORWARDED_ON = "forwarded-on" ("date": Date, "time": Time);
    /// How to reach everybody.
    BROADCAST_OFFER = "broadcast-offer";
    /// To how many it goes.
    BROADCAST_CONFIRM = "broadcast-confirm" ("count": Number);
    /// It is not allowed.
    BROADCAST_REFUSED = "broadcast-refused";
    /// There is nobody else.
    BROADCAST_NOBODY = "broadcast-nobody";
    /// To how many it did not go.
    NOT_SENT_COUNT = "not-sent-count" ("count": Number);
    /// There are no lists.
    LISTS_NONE = "lists-none";
    /// Which list.
    LIST = "list" ("number": Number);
    /// How many are on it.
    LIST_MEMBERS = "list-members" ("count": Number);
    /// Nobody is on it.
    LIST_EMPTY = "list-empty";
    /// Asks for its number.
    LIST_ENTER = "list-enter";
    /// No number of a list.
    LIST_WRONG = "list-wrong";
    /// There is no such list to send to.
    LIST_UNKNOWN = "list-unknown";
    /// Asks whom to add.
    LIST_ADD = "list-add";
    /// Asks whom to take off.
    LIST_REMOVE = "list-remove";
    /// It takes no more.
    LIST_FULL = "list-full";
    /// That number is on it.
    LIST_ALREADY = "list-already";
    /// That number is not on it.
    LIST_NOT_ON = "list-not-on";
    /// Somebody was added.
    LIST_ADDED = "list-added";
    /// Somebody was taken off.
    LIST_REMOVED = "list-removed";
    /// It is gone.
    LIST_DELETED = "list-deleted";
    /// It is here again.
    LIST_BACK = "list-back";
    /// The first use.
    TUTORIAL = "tutorial";
    /// A step can be left out.
    TUTORIAL_SKIP = "tutorial-skip";
    /// The end of the first use.
    TUTORIAL_DONE = "tutorial-done";
}
