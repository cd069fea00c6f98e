//! The direct number of a row, and its phone.

use super::super::phones::{ABOUT, Whose};
use super::{Faults, Known};
use crate::clock::Clock;
use crate::domain::{Extension, Mailbox, User};
use crate::service::accounts::number_text;
use crate::service::import::columns::Column;
use crate::service::import::columns::Columns;
use crate::service::import::preview::What;
use crate::service::import::preview::{CellFault, Difference};
use crate::store::Number;

impl Known<'_> {
    /// What the row does to a phone.
    pub(super) fn phone<'c>(
        &mut self,
        line: u32,
        cell: &impl Fn(Column) -> Option<&'c str>,
        (user, extension): (&User, &Extension),
        direct: Option<&str>,
        clock: &dyn Clock,
        faults: &mut Faults,
    ) -> Vec<Difference> {
        if self.world.has_phones {
            let whose = Whose { line, owner: Some((user.id, extension)), direct };
            return self.phones.row(&whose, cell, clock, faults);
        }
        let given = ABOUT.into_iter().filter(|column| cell(*column).is_some());
        let why = "whoever imports does not reach phones: leave this column out";
        faults.extend(given.map(|column| CellFault { column, why: why.to_owned() }));
        Vec::new()
    }

    /// What a row does that names a phone and no extension: the phone is nobody's, such as one in a hall.
    pub(super) fn phone_alone(
        &mut self,
        line: u32,
        columns: &Columns,
        cells: &[String],
        clock: &dyn Clock,
    ) -> What {
        let mut faults = Vec::new();
        let others = columns.given(cells).filter(|column| !ABOUT.contains(column));
        let why = "the row names no extension, so it is about a phone alone: empty this cell, or write the extension";
        faults.extend(others.map(|column| CellFault { column, why: why.to_owned() }));
        let cell = |column| columns.cell(cells, column);
        let (is_new, told) = if self.world.has_phones {
            let whose = Whose { line, owner: None, direct: None };
            let known = self.phones.count();
            let told = self.phones.row(&whose, &cell, clock, &mut faults);
            (self.phones.count() > known, told)
        } else {
            let why = "whoever imports does not reach phones: leave this row out";
            faults.push(CellFault { column: Column::Phone, why: why.to_owned() });
            (false, Vec::new())
        };
        match (faults.is_empty(), is_new, told.is_empty()) {
            (false, ..) => What::Fault(faults),
            (true, true, _) => What::Add(told),
            (true, false, true) => What::Unchanged,
            (true, false, false) => What::Change(told),
        }
    }

    /// The number of the cell, which leads to this mailbox beside all others (003-03).
    pub(super) fn direct(
        &mut self,
        line: u32,
        text: &str,
        mailbox: &Mailbox,
        (numbers, without): (&mut Vec<Number>, &mut Vec<String>),
        faults: &mut Faults,
    ) -> Option<String> {
        let mut fault = |why: String| faults.push(CellFault { column: Column::Direct, why });
        let number = match number_text(text) {
            Ok(number) => number,
            Err(error) => {
                fault(error.to_string());
                return None;
            }
        };
        let known = self.numbers.get(number.as_str()).copied();
        if let Some(known) = known.filter(|known| known.mailbox != mailbox.id) {
            fault(format!("{number} leads to mailbox {}: remove it there first", self.owner(known)));
        }
        if self.people.contains_key(number.as_str()) || number == mailbox.extension.as_str() {
            fault(format!("{number} is the extension of a mailbox: leave it out"));
        }
        if let Some(first) = self.number_lines.insert(number.clone(), line).filter(|first| *first != line) {
            fault(format!("{number} stands in line {first} already: leave one of them out"));
        }
        without.retain(|gone| *gone != number);
        if known.is_none() && !numbers.iter().any(|new| new.number == number) {
            let (tenant, mailbox) = (self.world.tenant, mailbox.id);
            numbers.push(Number { tenant, number: number.clone(), mailbox, label: None, greeting: None });
        }
        Some(number)
    }
}
