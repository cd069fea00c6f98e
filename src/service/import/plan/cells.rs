//! The cells of a row that are about an account, read.

use jiff::tz::TimeZone;

use super::{Faults, NOTHING};
use crate::domain::{Invalid, MailAddress, MailMode};
use crate::service::accounts::{
    AccountError, Changes, check_language, check_name, check_operator, checked_emails,
};
use crate::service::import::columns::Column;
use crate::service::import::preview::CellFault;

/// Several values of one cell; `-` for none.
pub(super) fn listed<'c>(cell: &'c str, between: &'c [char]) -> impl Iterator<Item = &'c str> {
    cell.split(between).map(str::trim).filter(|part| !part.is_empty() && *part != NOTHING)
}

/// Reads the cells that change an account; a fault leaves its column as it is.
pub(super) fn changes<'c>(cell: &impl Fn(Column) -> Option<&'c str>, faults: &mut Faults) -> Changes {
    let mut take = Cells { cell, faults };
    Changes {
        first: take.name(Column::First, "first name"),
        last: take.name(Column::Last, "last name"),
        emails: take.read(Column::Email, |text| {
            let emails = listed(text, &[' ', ',', ';', '|', '\n', '\t'])
                .map(str::parse)
                .collect::<Result<Vec<MailAddress>, Invalid>>()?;
            checked_emails(emails)
        }),
        mode: take.read(Column::Mail, |text| Ok(text.to_ascii_lowercase().parse::<MailMode>()?)),
        zone: take.optional(Column::Zone, |text| {
            let known = TimeZone::get(text).map(|_| ());
            Ok(known
                .map_err(|_| Invalid::new("zone", text, "name an IANA zone, for example Europe/Berlin"))?)
        }),
        language: take.optional(Column::Language, check_language),
        operator: take.optional(Column::Operator, check_operator),
        enabled: take.read(Column::Enabled, yes_or_no),
        announce: take.read(Column::Announce, yes_or_no),
        ..Changes::default()
    }
}

struct Cells<'a, F> {
    cell: &'a F,
    faults: &'a mut Faults,
}

impl<'c, F: Fn(Column) -> Option<&'c str>> Cells<'_, F> {
    fn read<T>(&mut self, column: Column, read: impl FnOnce(&str) -> Result<T, AccountError>) -> Option<T> {
        match read((self.cell)(column)?) {
            Ok(value) => Some(value),
            Err(error) => {
                self.faults.push(CellFault { column, why: error.to_string() });
                None
            }
        }
    }

    /// A name: `-` leaves none.
    fn name(&mut self, column: Column, what: &'static str) -> Option<String> {
        self.read(column, |text| {
            let name = if text == NOTHING { "" } else { text };
            check_name(what, name).map(|()| name.to_owned())
        })
    }

    /// A value that may be absent: `-` takes it away.
    fn optional(
        &mut self,
        column: Column,
        check: impl FnOnce(&str) -> Result<(), AccountError>,
    ) -> Option<Option<String>> {
        self.read(column, |text| match text {
            NOTHING => Ok(None),
            text => check(text).map(|()| Some(text.to_owned())),
        })
    }
}

fn yes_or_no(text: &str) -> Result<bool, AccountError> {
    match text.to_lowercase().as_str() {
        "yes" | "y" | "true" | "1" | "on" | "x" | "ja" => Ok(true),
        "no" | "n" | "false" | "0" | "off" | "nein" => Ok(false),
        _ => Err(Invalid::new("choice", text, "write yes or no").into()),
    }
}
