//! Why an import is not made, mended or taken back, in words that say what to do.

use jiff::Timestamp;

use super::table::TableError;
use crate::domain::{Extension, ImportId};
use crate::store::StoreError;

/// Why an import was not made or not taken back.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// The file is no table.
    #[error(transparent)]
    Table(#[from] TableError),
    /// Rows have faults: the preview names them.
    #[error("{0} of the rows have faults, so nothing was imported: mend them and import again")]
    Faults(usize),
    /// Somebody changes users all the time.
    #[error("users and numbers are being changed by somebody else: try again in a moment")]
    Restless,
    /// A PIN could not be hashed.
    #[error("the PINs could not be hashed ({0}): try again")]
    Hash(String),
    /// It was taken back before.
    #[error("this import was taken back already, {0}: there is nothing left of it to take back")]
    BackAlready(Timestamp),
    /// No such import, or it is too old.
    #[error("there is no import {0} that can be taken back: `aftertone import list` shows those that can")]
    NoImport(ImportId),
    /// An import touched somebody who may not be changed by who takes it back.
    #[error("mailbox {0} is of somebody above you: an administrator can take this import back")]
    Above(Extension),
    /// It wrote phones.
    #[error("this import wrote phones, which you may not change: who may (phones:write) can take it back")]
    Phones,
    /// It wrote 911 data.
    #[error(
        "taking this import back changes the 911 data of mailbox {0}, which you may not: an administrator (users:emergency) can"
    )]
    Emergency(String),
    /// No such draft, or it is somebody else's, or it is too old.
    #[error("there is no such import: it was given up, is older than a day, or is somebody else's")]
    NoDraft,
    /// A row that is not in the draft.
    #[error(
        "there is no such row of line {0} in this import: rows that are left out are taken in again, not changed"
    )]
    NoRow(u32),
    /// A cell that is not in the header, or too long.
    #[error("line {0}: a cell is longer than 2000 characters, or in no column of the file")]
    Cell(u32),
    /// It is being imported, or is done.
    #[error("it is being imported already, or is done: open it again to see")]
    Busy,
    /// Too many at a time.
    #[error("{0} imports are begun and not done: import or discard some of them first")]
    TooManyDrafts(usize),
    /// The file could not be read at all.
    #[error("the file could not be read ({0}): try again")]
    Reading(String),
    /// Mailboxes or phones were changed after the import.
    #[error("these were changed after the import: {}; --force puts them back all the same", listed(.0))]
    ChangedSince(Vec<String>),
    /// The database.
    #[error(transparent)]
    Store(StoreError),
}

impl From<StoreError> for ImportError {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

fn listed(changed: &[String]) -> String {
    const MOST: usize = 10;
    let names: Vec<&str> = changed.iter().take(MOST).map(String::as_str).collect();
    match changed.len().checked_sub(MOST) {
        None | Some(0) => names.join(", "),
        Some(more) => format!("{} and {more} more", names.join(", ")),
    }
}
