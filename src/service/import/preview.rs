//! What a table would do, as it is shown before anything is done.

use serde_json::{Map, Value, json};

use super::columns::Column;
use crate::domain::{MailAddress, Mailbox, ProfileField, User};

/// A cell that changes something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// Which column.
    pub column: Column,
    /// What is there; empty for nothing. A PIN is never shown.
    pub old: String,
    /// What would be.
    pub new: String,
}

/// A cell that cannot be taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CellFault {
    /// Which column.
    pub column: Column,
    /// What is wrong, and how to mend it.
    pub why: String,
}

/// What a row would do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum What {
    /// Add a user, or a phone that is nobody's.
    Add(Vec<Difference>),
    /// Change one.
    Change(Vec<Difference>),
    /// Nothing.
    Unchanged,
    /// It has faults.
    Fault(Vec<CellFault>),
}

/// A row, and what it would do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// Its line in the file.
    pub line: u32,
    /// The cell of the extension; empty where the row is about a phone that is nobody's.
    pub extension: String,
    /// What it would do.
    pub what: What,
}

/// What a table would do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Preview {
    /// In the order of the file.
    pub rows: Vec<Row>,
    /// Columns that mean nothing here.
    pub ignored: Vec<String>,
}

/// Characters of what the audit keeps of an import, before and after: the row of the changes holds no more.
const MOST_NOTED: usize = 3500;

impl Preview {
    /// What changes, row by row, as the audit keeps it: before, and after. Of many rows the first ones, and how many more.
    pub(super) fn noted(&self) -> (Value, Value) {
        let (mut was, mut became) = (Map::new(), Map::new());
        let (mut room, mut more) = (MOST_NOTED, 0_u64);
        for row in &self.rows {
            let (differences, is_new) = match &row.what {
                What::Add(differences) => (differences, true),
                What::Change(differences) => (differences, false),
                What::Unchanged | What::Fault(_) => continue,
            };
            let side = |text: fn(&Difference) -> &str| -> Map<String, Value> {
                let cell = |one: &Difference| (one.column.as_str().to_owned(), Value::from(text(one)));
                differences.iter().map(cell).collect()
            };
            let (before, after) = (side(|one| &one.old), side(|one| &one.new));
            let cost = Value::from(before.clone())
                .to_string()
                .len()
                .max(Value::from(after.clone()).to_string().len())
                + 20;
            let Some(left) = room.checked_sub(cost) else {
                more += 1;
                continue;
            };
            room = left;
            let name = match row.extension.as_str() {
                "" => format!("line {}", row.line),
                extension => extension.to_owned(),
            };
            if !is_new {
                was.insert(name.clone(), before.into());
            }
            became.insert(name, after.into());
        }
        if more > 0 {
            became.insert("and more rows".to_owned(), more.into());
        }
        let was = if was.is_empty() { Value::Null } else { json!({ "rows": was }) };
        (was, became.into())
    }

    /// How many rows have faults.
    pub fn faults(&self) -> usize {
        self.rows.iter().filter(|row| matches!(row.what, What::Fault(_))).count()
    }
}

/// How two accounts differ, column by column; PIN and numbers apart.
pub(super) fn differences(old_user: &User, old: &Mailbox, user: &User, mailbox: &Mailbox) -> Vec<Difference> {
    let text = |value: &Option<String>| value.clone().unwrap_or_default();
    let yes = |value: bool| if value { "yes" } else { "no" }.to_owned();
    let emails = |user: &User| user.emails.iter().map(MailAddress::as_str).collect::<Vec<_>>().join(" ");
    let modes = |mailbox: &Mailbox| {
        let mut modes: Vec<&str> =
            mailbox.recipients.iter().map(|recipient| recipient.mode.as_str()).collect();
        modes.dedup();
        modes.join(" ")
    };
    let cells = [
        (Column::First, old_user.first.clone(), user.first.clone()),
        (Column::Last, old_user.last.clone(), user.last.clone()),
        (Column::Email, emails(old_user), emails(user)),
        (Column::Mail, modes(old), modes(mailbox)),
        (Column::Zone, text(&old.zone), text(&mailbox.zone)),
        (Column::Language, text(&old.language), text(&mailbox.language)),
        (Column::Operator, text(&old.operator), text(&mailbox.operator)),
        (Column::Enabled, yes(old.enabled), yes(mailbox.enabled)),
        (Column::Announce, yes(old.phone.announce), yes(mailbox.phone.announce)),
    ];
    let fields = ProfileField::ALL.into_iter();
    let profile =
        fields.map(|field| (Column::Profile(field), old_user.profile.get(field), user.profile.get(field)));
    let changed = cells.into_iter().chain(profile).filter(|(_, old, new)| old != new);
    changed.map(|(column, old, new)| Difference { column, old, new }).collect()
}
