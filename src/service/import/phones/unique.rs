//! What two phones must not have, said in words that fit phones of the directory and of the file alike.

use super::super::columns::Column;
use super::super::preview::CellFault;
use super::{Faults, Phones, Slot, Whose};
use crate::domain::Handset;

impl Phones {
    /// What two phones must not have, nor two rows of the file.
    pub(super) fn check_unique(
        &self,
        place: usize,
        new: &Handset,
        whose: &Whose<'_>,
        port: u8,
        faults: &mut Faults,
    ) {
        let mut fault = |column, why: String| faults.push(CellFault { column, why });
        if let Some(first) = self.slots.get(place).and_then(|slot| slot.lines.get(&port)) {
            fault(
                Column::Port,
                format!("line {first} is about port {port} of the same phone already: choose another port"),
            );
        }
        if let Some(mac) = &new.mac
            && let Some(other) = self.by_mac.get(mac.as_str()).filter(|other| **other != place)
        {
            fault(Column::Mac, format!("it is {}'s: correct one of them", self.told(*other)));
        }
        if let Some(group) = new.group_key()
            && let Some(other) = self.by_group.get(&group).filter(|other| **other != place)
        {
            let why =
                format!("{} at this site has it: phones of one site need different ones", self.told(*other));
            fault(Column::PreferenceGroup, why);
        }
        let Some(direct) = whose.direct else { return };
        // What an earlier row of the file gave is said by that row's line.
        if let Some((other, at)) = self
            .by_number
            .get(direct)
            .filter(|(other, at)| (*other != place || *at != port) && self.rang_before(*other, direct))
        {
            fault(
                Column::Direct,
                format!("{direct} rings on {}, port {at}: take it away there first", self.name(*other)),
            );
        }
        let old = self.slots.get(place).map(|slot| slot.after.ports.as_slice()).unwrap_or_default();
        let rings = old.iter().find(|one| one.port == port).and_then(|one| one.number.as_deref());
        if let Some(number) = rings.filter(|number| *number != direct) {
            fault(
                Column::Port,
                format!("{number} rings on port {port} of {}: choose another port", new.name),
            );
        }
    }

    /// Whether the number rang there before the file.
    fn rang_before(&self, place: usize, number: &str) -> bool {
        let before = self.slots.get(place).and_then(|slot| slot.before.as_ref());
        before.is_some_and(|before| before.ports.iter().any(|one| one.number.as_deref() == Some(number)))
    }

    /// A phone in words: one that the file adds has no name that anybody knows.
    pub(super) fn told(&self, place: usize) -> String {
        let line = |slot: &Slot| slot.lines.values().min().copied();
        match self.slots.get(place) {
            Some(slot) if slot.before.is_none() => {
                line(slot).map_or_else(|| "a phone".to_owned(), |line| format!("the phone of line {line}"))
            }
            _ => format!("phone {}", self.name(place)),
        }
    }
}
