//! How many rows of a draft do what.

use crate::domain::counted;
use crate::service::import::{Row, What};

/// Rows of a draft.
#[derive(Debug, Default)]
pub(super) struct Counts {
    pub(super) all: usize,
    pub(super) add: usize,
    pub(super) change: usize,
    pub(super) fault: usize,
    pub(super) out: usize,
    /// Of those that are added or changed, phones that are nobody's.
    phones: usize,
}

impl Counts {
    /// Of these rows, and so many that are left out.
    pub(super) fn of(rows: &[Row], out: usize) -> Self {
        let mut counts = Self { all: rows.len() + out, out, ..Self::default() };
        for row in rows {
            let is_done = matches!(row.what, What::Add(_) | What::Change(_));
            counts.phones += usize::from(is_done && row.extension.is_empty());
            match row.what {
                What::Add(_) => counts.add += 1,
                What::Change(_) => counts.change += 1,
                What::Fault(_) => counts.fault += 1,
                What::Unchanged => {}
            }
        }
        counts
    }

    /// What is imported, in words.
    pub(super) fn in_words(&self) -> String {
        let users = self.add + self.change - self.phones;
        let told = [(users, "user"), (self.phones, "phone")].into_iter().filter(|(count, _)| *count > 0);
        told.map(|(count, what)| counted(count as u64, what)).collect::<Vec<_>>().join(" and ")
    }
}
