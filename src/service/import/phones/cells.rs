//! Cells about phones: read, blamed, compared. Pure.

use super::super::columns::Column;
use super::super::preview::{CellFault, Difference};
use super::{Cell, Faults};
use crate::domain::{Handset, HandsetModel, Invalid};
use crate::service::handsets::HandsetError;

/// Port (1 unless it is said, 003-11) and line appearances.
pub(super) fn ports(cell: &Cell<'_, '_>, faults: &mut Faults) -> Option<(u8, Option<u8>)> {
    let mut read = |column, what: &'static str| match cell(column).map(str::parse::<u8>) {
        None => Some(None),
        Some(Ok(number)) if number > 0 => Some(Some(number)),
        Some(_) => {
            let why = Invalid::new(what, cell(column).unwrap_or_default(), "write a number from 1 on");
            faults.push(CellFault { column, why: why.to_string() });
            None
        }
    };
    let (port, lines) = (read(Column::Port, "port"), read(Column::Lines, "appearances"));
    Some((port?.unwrap_or(1), lines?))
}

/// A model by its word or its title, in any case.
pub(super) fn model_named(text: &str) -> Result<&'static HandsetModel, Invalid> {
    let plain = text.trim().to_lowercase();
    let titled = crate::domain::handset::MODELS.iter().find(|model| model.title.to_lowercase() == plain);
    titled.map_or_else(|| HandsetModel::known(&plain), Ok)
}

/// The column that an error is about.
pub(super) fn placed(error: &HandsetError) -> (Column, String) {
    let column = match error {
        HandsetError::Invalid(invalid) => match invalid.what {
            "MAC address" => Column::Mac,
            "model" | "options" => Column::Model,
            "port" => Column::Port,
            "appearances" => Column::Lines,
            "site" => Column::PhoneSite,
            "template" => Column::Template,
            "preference group" => Column::PreferenceGroup,
            "number" => Column::Direct,
            _ => Column::Phone,
        },
        _ => Column::Phone,
    };
    (column, error.to_string())
}

/// A phone of somebody else: a port of an adapter, and nothing of what is its owner's. A row without an extension is about
/// none of these.
pub(super) fn check_shared(
    (old, told): (&Handset, &str),
    has_owner: bool,
    cell: &Cell<'_, '_>,
    faults: &mut Faults,
) {
    let mut fault = |column, why| faults.push(CellFault { column, why });
    if !has_owner {
        let why = format!("{told} is somebody's: write the extension of the owner in this row");
        fault(Column::Phone, why);
    } else if old.model.ports == 1 {
        let why = format!("{told} is somebody else's: give it away first, or name another phone");
        fault(Column::Phone, why);
    } else if cell(Column::Port).is_none() {
        let ports = old.model.ports;
        let why = format!("{told} is somebody else's: say which of its {ports} ports is this user's");
        fault(Column::Port, why);
    }
}

/// How two states of a phone differ, column by column.
pub(super) fn differences(old: &Handset, new: &Handset, is_new: bool, port: u8) -> Vec<Difference> {
    let text = |text: &Option<String>| text.clone().unwrap_or_default();
    let mac = |handset: &Handset| handset.mac.as_ref().map(ToString::to_string).unwrap_or_default();
    let at = |handset: &Handset| handset.ports.iter().find(|one| one.port == port).cloned();
    let rings = |handset: &Handset| {
        at(handset).and_then(|one| one.number).map(|number| format!("{port}: {number}")).unwrap_or_default()
    };
    let lines = |handset: &Handset| at(handset).map_or(1, |one| one.appearances).to_string();
    let owned = old.owner != new.owner;
    let cells = [
        (
            Column::Phone,
            if is_new || owned { String::new() } else { old.name.to_string() },
            new.name.to_string(),
        ),
        (
            Column::Model,
            if is_new { String::new() } else { old.model.word.to_owned() },
            new.model.word.to_owned(),
        ),
        (Column::Mac, mac(old), mac(new)),
        (Column::Port, rings(old), rings(new)),
        (Column::Lines, lines(old), lines(new)),
        (Column::PhoneSite, old.site.clone(), new.site.clone()),
        (Column::Template, text(&old.settings.template), text(&new.settings.template)),
        (Column::PreferenceGroup, text(&old.preference_group), text(&new.preference_group)),
    ];
    let changed = cells.into_iter().filter(|(_, old, new)| old != new);
    changed.map(|(column, old, new)| Difference { column, old, new }).collect()
}
