//! The messages of the folder that the owner listens to, and the place among them. Only what the service of the signed-in
//! mailbox listed can be named here, so that no key leads to any other message.

use crate::domain::{Heading, Mark, MessageId, Shelf};

/// A message on the shelf, and what became of it in this call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Item {
    pub(super) heading: Heading,
    /// It lies in the trash now.
    pub(super) trashed: bool,
    pub(super) heard: bool,
}

/// The shelf and the place on it.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Cursor {
    items: Vec<Item>,
    at: usize,
    shelf: Option<Shelf>,
}

impl Cursor {
    pub(super) fn new(shelf: Shelf, headings: Vec<Heading>) -> Self {
        let item = |heading: Heading| Item {
            trashed: shelf == Shelf::Trash,
            heard: heading.message.heard_at.is_some(),
            heading,
        };
        Self { items: headings.into_iter().map(item).collect(), at: 0, shelf: Some(shelf) }
    }

    pub(super) const fn shelf(&self) -> Option<Shelf> {
        self.shelf
    }

    pub(super) const fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    /// The place, from 1.
    pub(super) fn number(&self) -> u32 {
        u32::try_from(self.at).unwrap_or(u32::MAX).saturating_add(1)
    }

    pub(super) fn item(&self) -> Option<&Item> {
        self.items.get(self.at)
    }

    pub(super) fn item_mut(&mut self) -> Option<&mut Item> {
        self.items.get_mut(self.at)
    }

    /// Whether there was a next one.
    pub(super) const fn next(&mut self) -> bool {
        let further = self.at + 1 < self.items.len();
        if further {
            self.at += 1;
        }
        further
    }

    /// Whether there was one before.
    pub(super) const fn previous(&mut self) -> bool {
        let before = self.at > 0;
        if before {
            self.at -= 1;
        }
        before
    }

    /// Goes to the first one.
    pub(super) const fn first(&mut self) {
        self.at = 0;
    }

    /// Goes to a place from 1, if there is one.
    pub(super) fn go_to(&mut self, number: usize) -> bool {
        let there = number >= 1 && number <= self.items.len();
        if there {
            self.at = number - 1;
        }
        there
    }

    /// Goes to this message, if it is here.
    pub(super) fn find(&mut self, id: MessageId) -> bool {
        let place = self.items.iter().position(|item| item.heading.message.id == id);
        self.at = place.unwrap_or(self.at);
        place.is_some()
    }

    /// A mark could not be noted: the message is as it was.
    pub(super) fn take_back(&mut self, id: MessageId, mark: Mark) {
        let Some(item) = self.items.iter_mut().find(|item| item.heading.message.id == id) else { return };
        match mark {
            Mark::Trash => item.trashed = false,
            Mark::Restore => item.trashed = true,
            Mark::Heard => item.heard = false,
            _ => {}
        }
    }
}
