//! What each row would change, or what is wrong with it: the table against what is there. Pure but for new ids.

mod cells;
mod phone;
mod profile;

use std::collections::{HashMap, HashSet};

use secrecy::SecretString;

use self::cells::{changes, listed};
use self::profile::Names;
use super::columns::{Column, Columns};
use super::phones::Phones;
use super::preview::{CellFault, Difference, Preview, Row, What, differences};
use super::record::open_quote;
use super::table::{Table, TableError};
use crate::clock::Clock;
use crate::domain::{
    Extension, ExtensionPlan, Handset, Invalid, Mailbox, MailboxId, Profile, ProfileField, TenantId, User,
    UserId,
};
use crate::service::accounts::{MailboxDefaults, PinPolicy, number_text};
use crate::store::{ImportPhone, Number};

/// A cell that takes away what is there.
const NOTHING: &str = "-";

/// What is there.
pub(super) struct World {
    pub(super) tenant: TenantId,
    pub(super) users: Vec<(User, Option<Mailbox>)>,
    pub(super) numbers: Vec<Number>,
    pub(super) defaults: MailboxDefaults,
    pub(super) policy: PinPolicy,
    /// How long new extensions may be.
    pub(super) extensions: ExtensionPlan,
    /// Empty: any.
    pub(super) languages: Vec<String>,
    /// Who may not be changed.
    pub(super) above: HashSet<UserId>,
    pub(super) handsets: Vec<Handset>,
    /// Whoever imports reaches phones.
    pub(super) has_phones: bool,
    /// Fields of profiles that may not be changed.
    pub(super) denied: Vec<ProfileField>,
    /// Why nobody may be added; `None`: everybody may.
    pub(super) no_new: Option<String>,
    /// Domains and names of other tenants.
    pub(super) elsewhere: HashSet<String>,
}

/// A row to be written.
pub(super) struct Draft {
    pub(super) line: u32,
    pub(super) user: User,
    pub(super) mailbox: Mailbox,
    pub(super) is_new: bool,
    pub(super) pin: Option<SecretString>,
    pub(super) numbers: Vec<Number>,
    pub(super) without: Vec<String>,
}

/// Looks at every row.
pub(super) fn plan(
    world: &World,
    table: &Table,
    clock: &dyn Clock,
) -> Result<(Preview, Vec<Draft>, Vec<ImportPhone>), TableError> {
    let columns = Columns::read(&table.header)?;
    let mut known = Known::new(world);
    let mut rows = Vec::with_capacity(table.rows.len());
    let mut drafts = Vec::new();
    for (line, cells) in &table.rows {
        let extension = columns.cell(cells, Column::Extension).unwrap_or_default().to_owned();
        let mut faults = open_quotes(*line, &columns, cells);
        if !faults.is_empty() {
            // Where its cells end is not known, so they mean nothing.
            rows.push(Row { line: *line, extension, what: What::Fault(faults) });
            continue;
        }
        if extension.is_empty() && columns.names_a_phone(cells) {
            let what = known.phone_alone(*line, &columns, cells, clock);
            rows.push(Row { line: *line, extension, what });
            continue;
        }
        let what = match known.row(*line, &columns, cells, clock, &mut faults) {
            Some((draft, differences)) if faults.is_empty() => {
                let is_new = draft.is_new;
                let what = match (is_new, differences.is_empty()) {
                    (true, _) => What::Add(differences),
                    (false, true) => What::Unchanged,
                    (false, false) => What::Change(differences),
                };
                if what != What::Unchanged {
                    drafts.push(draft);
                }
                what
            }
            _ => What::Fault(faults),
        };
        rows.push(Row { line: *line, extension, what });
    }
    Ok((Preview { rows, ignored: columns.ignored }, drafts, known.phones.changes()))
}

/// The cells that begin with a quote that is never closed; what means nothing is said of the first column.
fn open_quotes(line: u32, columns: &Columns, cells: &[String]) -> Faults {
    let first = columns.places.first().map_or(Column::Extension, |(column, _)| *column);
    let fault = |(place, cell): (usize, &String)| {
        let column = columns.places.iter().find(|(_, at)| *at == place).map_or(first, |(column, _)| *column);
        Some(CellFault { column, why: open_quote(line, cell)? })
    };
    cells.iter().enumerate().filter_map(fault).collect()
}

/// What is there and what earlier rows have taken, by what rows ask for.
struct Known<'a> {
    world: &'a World,
    people: HashMap<&'a str, (&'a User, &'a Mailbox)>,
    /// Whose mailbox a number leads to.
    numbers: HashMap<&'a str, &'a Number>,
    of_mailbox: HashMap<MailboxId, Vec<&'a Number>>,
    /// The line of each extension of the file.
    lines: HashMap<String, u32>,
    /// The line of each number of the file.
    number_lines: HashMap<String, u32>,
    phones: Phones,
    names: Names,
}

type Faults = Vec<CellFault>;

impl<'a> Known<'a> {
    fn new(world: &'a World) -> Self {
        let mut of_mailbox: HashMap<MailboxId, Vec<&Number>> = HashMap::new();
        for number in &world.numbers {
            of_mailbox.entry(number.mailbox).or_default().push(number);
        }
        let people = world.users.iter().filter_map(|(user, mailbox)| {
            let mailbox = mailbox.as_ref()?;
            Some((mailbox.extension.as_str(), (user, mailbox)))
        });
        Self {
            world,
            people: people.collect(),
            numbers: world.numbers.iter().map(|number| (number.number.as_str(), number)).collect(),
            of_mailbox,
            lines: HashMap::new(),
            number_lines: HashMap::new(),
            names: Names::new(&world.users),
            phones: Phones::new(world.tenant, &world.handsets),
        }
    }

    /// The row as it would be written, and how it differs from what is there. `None` only with faults.
    fn row(
        &mut self,
        line: u32,
        columns: &Columns,
        cells: &[String],
        clock: &dyn Clock,
        faults: &mut Faults,
    ) -> Option<(Draft, Vec<Difference>)> {
        let cell = |column| columns.cell(cells, column);
        // What else stands in a row about somebody who had one already follows from that.
        let is_twice = cell(Column::Extension).is_some_and(|text| self.lines.contains_key(text));
        let extension = self.extension(line, cell(Column::Extension), faults)?;
        let found = self.people.get(extension.as_str()).copied();
        if let Some((user, _)) = found.filter(|(user, _)| self.world.above.contains(&user.id)) {
            let name = user.full_name();
            let why = format!("{extension} is of {name}, who is above you: leave the row out");
            faults.push(CellFault { column: Column::Extension, why });
        }
        if let (None, Some(why)) = (found, &self.world.no_new) {
            faults.push(CellFault { column: Column::Extension, why: why.clone() });
        }
        if let (None, Err(error)) = (found, self.world.extensions.allow(&extension)) {
            faults.push(CellFault { column: Column::Extension, why: error.to_string() });
        }
        let (mut user, mut mailbox) = match found {
            Some((user, mailbox)) => (user.clone(), mailbox.clone()),
            None => self.fresh(&extension, clock),
        };
        let (old_user, old_mailbox) = (user.clone(), mailbox.clone());
        let mut changes = changes(&cell, faults);
        changes.profile = self.profile(&cell, faults);
        if let Some(Some(language)) = &changes.language {
            self.check_spoken(language, faults);
        }
        let pin = self.pin(cell(Column::Pin), &extension, faults);
        let mode = self.world.defaults.mode;
        let whole = changes.apply(&mut user, &mut mailbox, mode);
        if let Err(error) = whole {
            faults.push(CellFault { column: Column::Mail, why: error.to_string() });
        }
        self.check_names(line, &old_user, &user, faults);
        let (mut numbers, mut without) = self.numbers_of(line, cell(Column::Numbers), &mailbox, faults);
        let lists = (&mut numbers, &mut without);
        let direct = cell(Column::Direct).and_then(|text| self.direct(line, text, &mailbox, lists, faults));
        let mut differences = differences(&old_user, &old_mailbox, &user, &mailbox);
        if pin.is_some() {
            differences.push(Difference {
                column: Column::Pin,
                old: String::new(),
                new: "(new PIN)".to_owned(),
            });
        }
        if !numbers.is_empty() || !without.is_empty() {
            differences.push(self.number_difference(&mailbox, &numbers, &without));
        }
        if !is_twice {
            differences.extend(self.phone(
                line,
                &cell,
                (&user, &extension),
                direct.as_deref(),
                clock,
                faults,
            ));
        }
        Some((Draft { line, user, mailbox, is_new: found.is_none(), pin, numbers, without }, differences))
    }

    fn extension(&mut self, line: u32, cell: Option<&str>, faults: &mut Faults) -> Option<Extension> {
        let fault = |why: String| CellFault { column: Column::Extension, why };
        let Some(text) = cell else {
            faults.push(fault(
                "the extension is missing: write it, or the name of a phone that is nobody's".to_owned(),
            ));
            return None;
        };
        let extension: Extension = match text.parse() {
            Ok(extension) => extension,
            Err(error) => {
                faults.push(fault(Invalid::to_string(&error)));
                return None;
            }
        };
        if let Some(first) = self.lines.insert(text.to_owned(), line) {
            faults.push(fault(format!("line {first} is about {extension} already: leave one of them out")));
        }
        if let Some(number) = self.numbers.get(text) {
            let whose = self.owner(number);
            faults.push(fault(format!("{extension} is a number of mailbox {whose}: remove it there first")));
        }
        Some(extension)
    }

    fn owner(&self, number: &Number) -> String {
        let owner = self.people.values().find(|(_, mailbox)| mailbox.id == number.mailbox);
        owner.map_or_else(|| "another user".to_owned(), |(_, mailbox)| mailbox.extension.to_string())
    }

    fn fresh(&self, extension: &Extension, clock: &dyn Clock) -> (User, Mailbox) {
        let (tenant, now) = (self.world.tenant, clock.now());
        let id = UserId::from_uuid(clock.uuid());
        let user = User {
            id,
            tenant,
            first: String::new(),
            last: String::new(),
            emails: Vec::new(),
            profile: Profile::default(),
            created_at: now,
        };
        let mailbox = MailboxId::from_uuid(clock.uuid());
        let mut mailbox = self.world.defaults.mailbox(mailbox, tenant, extension.clone(), now);
        mailbox.user = Some(id);
        (user, mailbox)
    }

    /// As the prompts do, `de-CH` takes what there is of `de`.
    fn check_spoken(&self, language: &str, faults: &mut Faults) {
        let known = &self.world.languages;
        let plain = language.split('-').next().unwrap_or_default();
        if known.is_empty() || known.iter().any(|known| known == language || known == plain) {
            return;
        }
        let why = format!("there are no prompts in it: choose one of {}", known.join(", "));
        faults.push(CellFault { column: Column::Language, why });
    }

    fn pin(&self, cell: Option<&str>, extension: &Extension, faults: &mut Faults) -> Option<SecretString> {
        let pin = SecretString::from(cell?);
        match self.world.policy.check(&pin, extension) {
            Ok(()) => Some(pin),
            Err(why) => {
                faults.push(CellFault { column: Column::Pin, why: why.to_string() });
                None
            }
        }
    }

    /// The numbers that are new to the mailbox, and those that it loses.
    fn numbers_of(
        &mut self,
        line: u32,
        cell: Option<&str>,
        mailbox: &Mailbox,
        faults: &mut Faults,
    ) -> (Vec<Number>, Vec<String>) {
        let Some(cell) = cell else { return (Vec::new(), Vec::new()) };
        let mut fault = |why: String| faults.push(CellFault { column: Column::Numbers, why });
        let mut wanted = Vec::new();
        // Spaces are parts of numbers.
        for text in listed(cell, &[',', ';', '|', '\n']) {
            let number = match number_text(text) {
                Ok(number) => number,
                Err(error) => {
                    fault(error.to_string());
                    continue;
                }
            };
            let elsewhere = self.numbers.get(number.as_str()).filter(|known| known.mailbox != mailbox.id);
            if let Some(known) = elsewhere {
                fault(format!("{number} leads to mailbox {}: remove it there first", self.owner(known)));
            }
            if self.people.contains_key(number.as_str()) || number == mailbox.extension.as_str() {
                fault(format!("{number} is the extension of a mailbox: leave it out"));
            }
            if let Some(first) = self.number_lines.insert(number.clone(), line) {
                fault(format!("{number} stands in line {first} already: leave one of them out"));
            }
            wanted.push(number);
        }
        let own = self.of_mailbox.get(&mailbox.id).map(Vec::as_slice).unwrap_or_default();
        let without = own
            .iter()
            .filter(|known| !wanted.contains(&known.number))
            .map(|known| known.number.clone())
            .collect();
        wanted.retain(|number| !own.iter().any(|known| known.number == *number));
        let new = wanted.into_iter();
        let tenant = self.world.tenant;
        let number = |number| Number { tenant, number, mailbox: mailbox.id, label: None, greeting: None };
        (new.map(number).collect(), without)
    }

    fn number_difference(&self, mailbox: &Mailbox, new: &[Number], without: &[String]) -> Difference {
        let own = self.of_mailbox.get(&mailbox.id).map(Vec::as_slice).unwrap_or_default();
        let old: Vec<&str> = own.iter().map(|number| number.number.as_str()).collect();
        let kept = old.iter().copied().filter(|number| !without.iter().any(|gone| gone == number));
        let new: Vec<&str> = kept.chain(new.iter().map(|number| number.number.as_str())).collect();
        Difference { column: Column::Numbers, old: old.join(", "), new: new.join(", ") }
    }
}
