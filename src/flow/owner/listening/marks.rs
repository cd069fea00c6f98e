//! What is done to a message: heard, deleted and brought back, saved, new again. Each is asked for at once.

use super::{Listening, Phase};
use crate::domain::{Mark, Shelf};
use crate::flow::keys::Command;
use crate::flow::owner::State;
use crate::flow::owner::asking::{Asking, Then};
use crate::flow::owner::desk::{Reply, Request};
use crate::flow::owner::turn::Turn;
use crate::flow::phrases::{Saying, owner};

impl Listening {
    /// Notes the mark, if it changes anything.
    pub(super) fn note(turn: &mut Turn<'_>, mark: Mark) {
        let Some(item) = turn.memory.shelf.item_mut() else { return };
        match mark {
            Mark::Heard if item.heard => return,
            Mark::Heard => item.heard = true,
            Mark::New => (item.heard, item.trashed) = (false, false),
            Mark::Trash => item.trashed = true,
            _ => item.trashed = false,
        }
        let id = item.heading.message.id;
        turn.tell(Request::Mark(id, mark));
    }

    /// Delete, and undo by the same key; save; new again.
    pub(super) fn mark(self, turn: &mut Turn<'_>, command: Command) -> State {
        let Some(trashed) = turn.memory.shelf.item().map(|item| item.trashed) else {
            return Self::after(turn, vec![owner::NOT_HERE.into()]);
        };
        match command {
            Command::Delete if trashed => {
                Self::note(turn, Mark::Restore);
                // In the trash the next one follows; elsewhere the message is here again.
                if turn.memory.shelf.shelf() == Some(Shelf::Trash) {
                    return Self::noted(turn, owner::RESTORED);
                }
                Self::after(turn, vec![owner::RESTORED.into()])
            }
            Command::Delete => {
                Self::note(turn, Mark::Trash);
                Self::noted(turn, owner::DELETED)
            }
            Command::Save | Command::Work | Command::Family | Command::Friends => {
                Self::note(turn, Mark::Heard);
                let files = turn.session().keys.files_by_tag();
                Self::note(turn, if files { Mark::File(command.tag()) } else { Mark::Save });
                Self::noted(turn, owner::SAVED)
            }
            _ => {
                Self::note(turn, Mark::New);
                Self::noted(turn, owner::MARKED_NEW)
            }
        }
    }

    /// The message goes to the owner by mail; it is deleted when the mail server took it, and not before.
    pub(super) fn mail_away(self, turn: &mut Turn<'_>) -> State {
        let Some(id) = turn.memory.shelf.item().map(|item| item.heading.message.id) else {
            return Self::after(turn, vec![owner::NOT_HERE.into()]);
        };
        if turn.session().mail.is_none() {
            return self.tell(turn, vec![owner::NO_MAIL_ADDRESS.into()]);
        }
        turn.hush();
        Asking::enter(turn, Request::MailAway(id), Then::MailedAway)
    }

    /// Whether it will go; then the next message follows.
    pub(in crate::flow::owner) fn mailed_away(turn: &mut Turn<'_>, reply: &Reply) -> State {
        match reply {
            Reply::Done => Self::noted(turn, owner::MAILED_AWAY),
            Reply::NotAllowed => Self::after(turn, vec![owner::NO_MAIL_ADDRESS.into()]),
            _ => Self::after(turn, vec![owner::TROUBLE.into()]),
        }
    }

    /// The answer; unless a key comes, the next message follows.
    fn noted(turn: &mut Turn<'_>, answer: Saying) -> State {
        turn.say(vec![answer.into()]);
        Self { phase: Phase::Noted }.into()
    }
}
