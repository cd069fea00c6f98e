//! Phones in the table of users: which phone a row means, what becomes of it, and what stands against it (003-03 … 003-12).
//!
//! A row names a phone by its name or its MAC address; what is not there yet is added. An adapter stands in several rows,
//! each with a port of its own (003-08).

mod cells;
mod unique;

use std::collections::HashMap;

use self::cells::{check_shared, differences, model_named, placed, ports};
use super::columns::Column;
use super::preview::{CellFault, Difference};
use crate::clock::Clock;
use crate::domain::{
    Extension, Handset, HandsetId, HandsetModel, HandsetName, HandsetSettings, Invalid, MacAddress, Port,
    TenantId, UserId,
};
use crate::service::handsets::HandsetWish;
use crate::store::ImportPhone;

/// A cell that takes away what is there.
const NOTHING: &str = "-";

/// Columns that are about a phone.
pub(super) const ABOUT: [Column; 8] = [
    Column::Phone,
    Column::Model,
    Column::Mac,
    Column::Port,
    Column::Lines,
    Column::PhoneSite,
    Column::Template,
    Column::PreferenceGroup,
];

/// A phone as it is there, and as it will be after the rows so far.
struct Slot {
    before: Option<Handset>,
    after: Handset,
    /// The line that was about each of its ports.
    lines: HashMap<u8, u32>,
}

/// Every phone of the tenant, those of the file included.
pub(super) struct Phones {
    tenant: TenantId,
    slots: Vec<Slot>,
    by_name: HashMap<String, usize>,
    by_mac: HashMap<String, usize>,
    /// Where a number rings.
    by_number: HashMap<String, (usize, u8)>,
    /// By [`Handset::group_key`].
    by_group: HashMap<String, usize>,
    of_owner: HashMap<UserId, Vec<usize>>,
}

/// Whose row it is.
pub(super) struct Whose<'a> {
    pub(super) line: u32,
    /// Whose phone it is or becomes, and the extension; `None`: a phone that is nobody's.
    pub(super) owner: Option<(UserId, &'a Extension)>,
    /// The number that rings there.
    pub(super) direct: Option<&'a str>,
}

type Faults = Vec<CellFault>;
/// The cell of a column, unless it is empty.
pub(super) type Cell<'f, 'c> = dyn Fn(Column) -> Option<&'c str> + 'f;

impl Phones {
    pub(super) fn new(tenant: TenantId, known: &[Handset]) -> Self {
        let mut phones = Self {
            tenant,
            slots: Vec::with_capacity(known.len()),
            by_name: HashMap::new(),
            by_mac: HashMap::new(),
            by_number: HashMap::new(),
            by_group: HashMap::new(),
            of_owner: HashMap::new(),
        };
        for handset in known {
            let slot = Slot { before: Some(handset.clone()), after: handset.clone(), lines: HashMap::new() };
            phones.slots.push(slot);
            phones.index(phones.slots.len() - 1);
        }
        phones
    }

    /// What each phone of the file is to become.
    pub(super) fn changes(self) -> Vec<ImportPhone> {
        let is_changed = |slot: &Slot| slot.before.as_ref() != Some(&slot.after);
        let changed = self.slots.into_iter().filter(is_changed);
        changed.map(|slot| ImportPhone { before: slot.before, after: slot.after }).collect()
    }

    fn index(&mut self, place: usize) {
        let Some(Slot { after, .. }) = self.slots.get(place) else { return };
        self.by_name.insert(after.name.to_string(), place);
        if let Some(mac) = &after.mac {
            self.by_mac.insert(mac.as_str().to_owned(), place);
        }
        for Port { port, number, .. } in &after.ports {
            if let Some(number) = number {
                self.by_number.insert(number.clone(), (place, *port));
            }
        }
        if let Some(group) = after.group_key() {
            self.by_group.insert(group, place);
        }
        if let Some(owner) = after.owner {
            let own = self.of_owner.entry(owner).or_default();
            if !own.contains(&place) {
                own.push(place);
            }
        }
    }

    /// No index leads to a phone as it was.
    fn forget(&mut self, place: usize) {
        let Some(Slot { after, .. }) = self.slots.get(place) else { return };
        if let Some(mac) = &after.mac {
            self.by_mac.remove(mac.as_str());
        }
        for number in after.ports.iter().filter_map(|port| port.number.as_ref()) {
            self.by_number.remove(number);
        }
        if let Some(group) = after.group_key() {
            self.by_group.remove(&group);
        }
    }

    /// How many there are, those of the file included.
    pub(super) const fn count(&self) -> usize {
        self.slots.len()
    }

    /// A phone that only this row would have added is not there for the rows that follow.
    fn unmake(&mut self, place: usize) {
        let is_fresh = |slot: &Slot| slot.before.is_none() && slot.lines.is_empty();
        if place + 1 != self.slots.len() || !self.slots.get(place).is_some_and(is_fresh) {
            return;
        }
        let Some(Slot { after, .. }) = self.slots.pop() else { return };
        self.by_name.remove(after.name.as_str());
        if let Some(own) = after.owner.and_then(|owner| self.of_owner.get_mut(&owner)) {
            own.retain(|known| *known != place);
        }
    }

    fn name(&self, place: usize) -> String {
        self.slots.get(place).map(|slot| slot.after.name.to_string()).unwrap_or_default()
    }

    /// What the row does to a phone; nothing when it is about none.
    pub(super) fn row(
        &mut self,
        whose: &Whose<'_>,
        cell: &Cell<'_, '_>,
        clock: &dyn Clock,
        faults: &mut Faults,
    ) -> Vec<Difference> {
        if ABOUT.iter().all(|column| cell(*column).is_none()) {
            return Vec::new();
        }
        let before = faults.len();
        let Some(place) = self.meant(whose, cell, clock, faults) else { return Vec::new() };
        let Some(old) = self.slots.get(place).map(|slot| slot.after.clone()) else { return Vec::new() };
        let owner = whose.owner.map(|(owner, _)| owner);
        let is_shared = old.owner.is_some() && old.owner != owner;
        let Some((port, lines)) = ports(cell, faults) else {
            self.unmake(place);
            return Vec::new();
        };
        let mut new = self.wished(&old, whose, cell, (port, lines), faults);
        if port > new.model.ports && faults.len() == before {
            let remedy = "this model does not have so many ports: choose another port or another model";
            let why = Invalid::new("port", &port.to_string(), remedy).to_string();
            faults.push(CellFault { column: Column::Port, why });
        }
        if is_shared {
            check_shared((&old, &self.told(place)), owner.is_some(), cell, faults);
        } else {
            new.owner = owner;
        }
        self.check_unique(place, &new, whose, port, faults);
        if faults.len() > before {
            self.unmake(place);
            return Vec::new();
        }
        if new != old {
            // Later than all that the phone took over.
            let least = old.applied_at.saturating_add(std::time::Duration::from_micros(1));
            new.changed_at = clock.now().max(least.unwrap_or(old.applied_at));
        }
        let is_new = self.slots.get(place).is_some_and(|slot| slot.before.is_none() && slot.lines.is_empty());
        let told = differences(&old, &new, is_new, port);
        self.forget(place);
        if let Some(slot) = self.slots.get_mut(place) {
            slot.after = new;
            slot.lines.insert(port, whose.line);
        }
        self.index(place);
        told
    }

    /// The phone that the row means; a new one when it names one that is not there.
    fn meant(
        &mut self,
        whose: &Whose<'_>,
        cell: &Cell<'_, '_>,
        clock: &dyn Clock,
        faults: &mut Faults,
    ) -> Option<usize> {
        let mut fault = |column, why: String| {
            faults.push(CellFault { column, why });
            None
        };
        let name = match cell(Column::Phone).map(str::parse::<HandsetName>).transpose() {
            Ok(name) => name,
            Err(error) => return fault(Column::Phone, error.to_string()),
        };
        let mac =
            match cell(Column::Mac).filter(|text| *text != NOTHING).map(str::parse::<MacAddress>).transpose()
            {
                Ok(mac) => mac,
                Err(error) => return fault(Column::Mac, error.to_string()),
            };
        let named = name.as_ref().and_then(|name| self.by_name.get(name.as_str()).copied());
        let at = mac.as_ref().and_then(|mac| self.by_mac.get(mac.as_str()).copied());
        match (named, at) {
            (Some(named), Some(at)) if named != at => {
                let why = format!("it is {}'s: name that one, or correct the address", self.told(at));
                return fault(Column::Mac, why);
            }
            (Some(place), _) => return Some(place),
            (None, Some(at)) if name.is_some() => {
                let why = format!(
                    "the phone of this MAC address is called {}: a phone keeps its name, so write that or leave it out",
                    self.name(at)
                );
                return fault(Column::Phone, why);
            }
            (None, Some(at)) => return Some(at),
            (None, None) => {}
        }
        if name.is_none() && mac.is_none() && cell(Column::Model).is_none() {
            let own = whose.owner.and_then(|(owner, _)| self.of_owner.get(&owner));
            let own = own.map(Vec::as_slice).unwrap_or_default();
            return match own {
                [only] => Some(*only),
                _ => fault(
                    Column::Phone,
                    "say which phone: write its name or its MAC address, or the model of a new one"
                        .to_owned(),
                ),
            };
        }
        let Some(name) = name.or_else(|| self.offered(whose.owner?.1)) else {
            let why = match whose.owner {
                Some(_) => "the user has too many phones for a name to be made: give it one",
                None => "a phone that is nobody's has a name of its own: write one",
            };
            return fault(Column::Phone, why.to_owned());
        };
        let model = match HandsetModel::known("generic") {
            Ok(model) => model,
            Err(error) => return fault(Column::Model, error.to_string()),
        };
        let now = clock.now();
        let after = Handset {
            id: HandsetId::from_uuid(clock.uuid()),
            tenant: self.tenant,
            name,
            mac: None,
            model,
            owner: whose.owner.map(|(owner, _)| owner),
            site: String::new(),
            preference_group: None,
            settings: HandsetSettings::default(),
            ports: Vec::new(),
            changed_at: now,
            applied_at: now,
            reboot: None,
            created_at: now,
        };
        self.slots.push(Slot { before: None, after, lines: HashMap::new() });
        let place = self.slots.len() - 1;
        self.index(place);
        Some(place)
    }

    /// A name that is free, made of the extension.
    fn offered(&self, extension: &Extension) -> Option<HandsetName> {
        let names = self.slots.iter().map(|slot| &slot.after.name);
        let alike = names.filter(|name| name.as_str().starts_with(extension.as_str()));
        let taken: Vec<HandsetName> = alike.cloned().collect();
        HandsetName::offered(extension.as_str(), &taken, 1).into_iter().next()
    }

    /// The phone with what the cells say.
    fn wished(
        &self,
        old: &Handset,
        whose: &Whose<'_>,
        cell: &Cell<'_, '_>,
        (port, lines): (u8, Option<u8>),
        faults: &mut Faults,
    ) -> Handset {
        let mut wish = HandsetWish::of(old);
        let texts = [
            (&mut wish.mac, Column::Mac),
            (&mut wish.site, Column::PhoneSite),
            (&mut wish.template, Column::Template),
            (&mut wish.preference_group, Column::PreferenceGroup),
        ];
        for (into, column) in texts {
            if let Some(text) = cell(column) {
                *into = if text == NOTHING { String::new() } else { text.to_owned() };
            }
        }
        if let Some(model) = cell(Column::Model) {
            match model_named(model) {
                Ok(known) => {
                    // What only the model before could be goes with it.
                    wish.options.retain(|word, choice| {
                        known
                            .options
                            .iter()
                            .any(|field| field.word == word && field.choices.contains(&choice.as_str()))
                    });
                    known.word.clone_into(&mut wish.model);
                }
                Err(error) => faults.push(CellFault { column: Column::Model, why: error.to_string() }),
            }
        }
        let known = wish.ports.iter().position(|one| one.port == port);
        if whose.direct.is_some() || cell(Column::Port).is_some() || lines.is_some() {
            let old = known.map(|place| wish.ports.remove(place));
            let number = whose.direct.map(str::to_owned).or_else(|| old.as_ref()?.number.clone());
            let appearances = lines.or_else(|| Some(old.as_ref()?.appearances)).unwrap_or(1);
            wish.ports.push(Port { port, number, appearances });
        }
        match wish.over(old.clone()) {
            Ok(new) => new,
            Err(error) => {
                let (column, why) = placed(&error);
                faults.push(CellFault { column, why });
                old.clone()
            }
        }
    }
}
