//! Handsets as provisioning programs read them: with what each phone and line shows (000-06).

use std::collections::{BTreeMap, HashMap};

use serde::Serialize;
use serde_json::{Value, json};

use super::super::import::csv_text;
use super::Handsets;
use crate::domain::{HandsetModel, HandsetName, MailboxId, Port, Profile, ProfileField, TenantId, handset};
use crate::store::{KnownHandset, StoreError};

/// Handsets that are read in one go.
const BATCH: u32 = 500;

/// A handset for provisioning.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Exported {
    /// Its name.
    pub name: HandsetName,
    /// 12 hexadecimal digits, as names of provisioning files have them.
    pub mac: Option<String>,
    /// The word of its model.
    pub model: &'static str,
    /// What it shows: name and extension of its owner.
    pub label: String,
    /// The owner's extension.
    pub extension: Option<String>,
    /// Where it stands.
    pub site: String,
    /// Unique at its site.
    pub preference_group: Option<String>,
    /// Where it should register.
    pub server: Option<String>,
    /// What it begins with.
    pub template: Option<String>,
    /// What it runs.
    pub firmware: Option<String>,
    /// Its calls should be recorded: for the phone's or its owner's sake (002-020).
    pub record_calls: bool,
    /// What the profile of its owner says: caller IDs, station type, music on hold, … (002-023, 004-04).
    pub owner: BTreeMap<&'static str, String>,
    /// Ring groups.
    pub groups: Vec<String>,
    /// Fields of the model.
    pub options: BTreeMap<String, String>,
    /// What goes above all else.
    pub overrides: BTreeMap<String, String>,
    /// Its lines by port, port 1 at least.
    pub lines: Vec<ExportedLine>,
    /// Something changed since it restarted.
    pub waiting: bool,
}

/// A line of a handset.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ExportedLine {
    /// From 1.
    pub port: u8,
    /// What rings there.
    pub number: Option<String>,
    /// What the line shows: whose number it is, else the owner of the phone.
    pub label: String,
    /// Keys that show it.
    pub appearances: u8,
}

/// A handset as programs and the command line are shown it.
pub fn shown(known: &KnownHandset) -> Value {
    let handset = &known.handset;
    let settings = &handset.settings;
    let port =
        |port: &Port| json!({"port": port.port, "number": port.number, "appearances": port.appearances});
    json!({
        "id": handset.id,
        "name": handset.name,
        "mac": handset.mac.as_ref().map(ToString::to_string),
        "model": handset.model.word,
        "label": handset::display_label(&known.owner, known.extension.as_deref()),
        "extension": known.extension,
        "site": handset.site,
        "preference_group": handset.preference_group,
        "server": settings.server,
        "template": settings.template,
        "firmware": settings.firmware,
        "options": settings.options,
        "overrides": settings.overrides,
        "record_calls": settings.record_calls,
        "groups": settings.groups,
        "former_groups": settings.former_groups,
        "ports": handset.ports.iter().map(port).collect::<Vec<_>>(),
        "waiting": handset.is_waiting(),
    })
}

/// The models that are known, in the same way.
pub fn models() -> Vec<Value> {
    let model = |model: &HandsetModel| {
        let options: BTreeMap<_, _> = model.options.iter().map(|field| (field.word, field.choices)).collect();
        json!({"model": model.word, "title": model.title, "ports": model.ports,
            "appearances": model.appearances, "options": options})
    };
    handset::MODELS.iter().map(model).collect()
}

impl Handsets {
    /// Every handset of the tenant, by name, with these fields of its owner's profile.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn export(
        &self,
        tenant: TenantId,
        fields: &[ProfileField],
    ) -> Result<Vec<Exported>, StoreError> {
        let mut people: HashMap<MailboxId, String> = HashMap::new();
        let mut profiles: HashMap<String, Profile> = HashMap::new();
        for (user, mailbox) in self.store.users(tenant).await? {
            let Some(mailbox) = mailbox else { continue };
            let shown = handset::display_label(&user.full_name(), Some(mailbox.extension.as_str()));
            people.insert(mailbox.id, shown);
            profiles.insert(mailbox.extension.to_string(), user.profile);
        }
        let numbers = self.store.numbers(tenant).await?.into_iter();
        let labels: HashMap<String, String> = numbers
            .filter_map(|number| Some((number.number, people.get(&number.mailbox)?.clone())))
            .collect();
        let mut exported = Vec::new();
        let mut after = String::new();
        loop {
            let page = self.store.handset_page(tenant, "", &after, BATCH).await?;
            let Some(last) = page.last() else { return Ok(exported) };
            last.handset.name.as_str().clone_into(&mut after);
            exported.extend(page.into_iter().map(|known| {
                let profile = known.extension.as_ref().and_then(|extension| profiles.get(extension));
                one(known, &labels, profile.map(|profile| told(profile, fields)).unwrap_or_default())
            }));
        }
    }
}

/// What phones are told of their owner; sign-in and contacts are no matter of theirs.
fn told(profile: &Profile, fields: &[ProfileField]) -> BTreeMap<&'static str, String> {
    let is_told = |field: &&ProfileField| !matches!(field, ProfileField::Login | ProfileField::Listed);
    let values = fields.iter().filter(is_told).map(|field| (field.as_str(), profile.get(*field)));
    values.filter(|(_, value)| !value.is_empty()).collect()
}

fn one(
    known: KnownHandset,
    labels: &HashMap<String, String>,
    profile: BTreeMap<&'static str, String>,
) -> Exported {
    let KnownHandset { handset, owner, extension } = known;
    let label = handset::display_label(&owner, extension.as_deref());
    let overrides = handset::overrides(&handset.settings.overrides).into_iter();
    let overrides = overrides.map(|(key, value)| (key.to_owned(), value.to_owned())).collect();
    let line = |port: u8, number: Option<String>, appearances: u8| {
        let of_number = number.as_ref().and_then(|number| labels.get(number)).cloned();
        ExportedLine { port, label: of_number.unwrap_or_else(|| label.clone()), number, appearances }
    };
    let mut lines: Vec<ExportedLine> =
        handset.ports.iter().map(|port| line(port.port, port.number.clone(), port.appearances)).collect();
    if lines.is_empty() {
        lines.push(line(1, None, 1));
    }
    Exported {
        waiting: handset.is_waiting(),
        mac: handset.mac.map(|mac| mac.as_str().to_owned()),
        name: handset.name,
        model: handset.model.word,
        label,
        extension,
        site: handset.site,
        preference_group: handset.preference_group,
        server: handset.settings.server,
        template: handset.settings.template,
        firmware: handset.settings.firmware,
        record_calls: handset.settings.record_calls
            || profile.get(ProfileField::RecordCalls.as_str()).is_some_and(|record| record == "yes"),
        owner: profile,
        groups: handset.settings.groups,
        options: handset.settings.options,
        overrides,
        lines,
    }
}

/// The same as a table, a row for each line; no cell can make a spreadsheet compute.
pub fn csv(exported: &[Exported]) -> String {
    let header = [
        "name",
        "mac",
        "model",
        "port",
        "number",
        "label",
        "appearances",
        "extension",
        "site",
        "preference_group",
        "server",
        "template",
        "firmware",
        "record_calls",
        "groups",
        "options",
        "overrides",
        "owner",
    ];
    let pairs = |pairs: &BTreeMap<String, String>| {
        pairs.iter().map(|(key, value)| format!("{key}={value}")).collect::<Vec<_>>().join("\n")
    };
    let text = |text: &Option<String>| text.clone().unwrap_or_default();
    let row = |phone: &Exported, line: &ExportedLine| {
        vec![
            phone.name.to_string(),
            text(&phone.mac),
            phone.model.to_owned(),
            line.port.to_string(),
            text(&line.number),
            line.label.clone(),
            line.appearances.to_string(),
            text(&phone.extension),
            phone.site.clone(),
            text(&phone.preference_group),
            text(&phone.server),
            text(&phone.template),
            text(&phone.firmware),
            if phone.record_calls { "yes" } else { "no" }.to_owned(),
            phone.groups.join(", "),
            pairs(&phone.options),
            pairs(&phone.overrides),
            phone.owner.iter().map(|(key, value)| format!("{key}={value}")).collect::<Vec<_>>().join("\n"),
        ]
    };
    let rows = exported.iter().flat_map(|phone| phone.lines.iter().map(move |line| row(phone, line)));
    csv_text(std::iter::once(header.map(str::to_owned).to_vec()).chain(rows))
}
