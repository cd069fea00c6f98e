//! What people enter of a handset, and what becomes of it.

use std::collections::BTreeMap;

use super::super::accounts::number_text;
use super::Result;
use crate::domain::{Handset, HandsetModel, HandsetSettings, Invalid, Port};

/// Ring groups of one handset at most.
const MOST_GROUPS: usize = 50;
/// Bytes of overrides at most.
const LONGEST_OVERRIDES: usize = 16 * 1024;

/// A handset as it should be; empty texts mean nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct HandsetWish {
    /// The hardware address, however it is written.
    pub mac: String,
    /// The word of its model.
    pub model: String,
    /// Where it stands.
    pub site: String,
    /// Unique at its site.
    pub preference_group: String,
    /// Host of the server that it should register with.
    pub server: String,
    /// What provisioning begins with.
    pub template: String,
    /// What it runs.
    pub firmware: String,
    /// Fields of the model.
    pub options: BTreeMap<String, String>,
    /// Lines `key=value`.
    pub overrides: String,
    /// The phone system should record its calls.
    pub record_calls: bool,
    /// Ring groups.
    pub groups: Vec<String>,
    /// Ports with their numbers; those that are not named have none.
    pub ports: Vec<Port>,
}

impl HandsetWish {
    /// What leaves a handset as it is.
    pub fn of(handset: &Handset) -> Self {
        let text = |text: &Option<String>| text.clone().unwrap_or_default();
        let settings = &handset.settings;
        Self {
            mac: handset.mac.as_ref().map(ToString::to_string).unwrap_or_default(),
            model: handset.model.word.to_owned(),
            site: handset.site.clone(),
            preference_group: text(&handset.preference_group),
            server: text(&settings.server),
            template: text(&settings.template),
            firmware: text(&settings.firmware),
            options: settings.options.clone(),
            overrides: settings.overrides.clone(),
            record_calls: settings.record_calls,
            groups: settings.groups.clone(),
            ports: handset.ports.clone(),
        }
    }

    /// The handset with what is wished.
    pub(in crate::service) fn over(self, handset: Handset) -> Result<Handset> {
        let model = HandsetModel::known(if self.model.is_empty() { "generic" } else { &self.model })?;
        let mac = self.mac.trim();
        let settings = HandsetSettings {
            server: server(&self.server)?,
            template: some(label("template", &self.template)?),
            firmware: some(label("firmware", &self.firmware)?),
            options: model.options(&self.options)?,
            overrides: overrides(&self.overrides)?,
            record_calls: self.record_calls,
            groups: groups(&self.groups)?,
            former_groups: handset.settings.former_groups.clone(),
        };
        Ok(Handset {
            mac: if mac.is_empty() { None } else { Some(mac.parse()?) },
            model,
            site: label("site", &self.site)?,
            preference_group: some(label("preference group", &self.preference_group)?),
            settings,
            ports: ports(model, self.ports)?,
            ..handset
        })
    }
}

fn some(text: String) -> Option<String> {
    (!text.is_empty()).then_some(text)
}

fn label(what: &'static str, text: &str) -> Result<String, Invalid> {
    let plain = text.trim();
    if plain.chars().count() > 64 || plain.chars().any(char::is_control) {
        return Err(Invalid::new(what, text, "use at most 64 characters, none of them a control character"));
    }
    Ok(plain.to_owned())
}

fn server(text: &str) -> Result<Option<String>, Invalid> {
    let host = text.trim();
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._:[]".contains(&byte);
    if host.len() > 253 || !host.bytes().all(plain) {
        return Err(Invalid::new(
            "server",
            text,
            "name a host, with or without a port, for example pbx2.example.org",
        ));
    }
    Ok(some(host.to_owned()))
}

/// Lines end as they do everywhere here; nothing else is changed.
fn overrides(text: &str) -> Result<String, Invalid> {
    let plain = text.replace("\r\n", "\n").replace('\r', "\n").trim_end().to_owned();
    let invalid = |remedy| Err(Invalid::new("overrides", text, remedy));
    if plain.len() > LONGEST_OVERRIDES {
        return invalid("16 KiB at most: put what many phones share into a template");
    }
    if plain.chars().any(|c| c.is_control() && c != '\n' && c != '\t') {
        return invalid("lines of key=value, without control characters");
    }
    Ok(plain)
}

fn groups(given: &[String]) -> Result<Vec<String>, Invalid> {
    let mut groups: Vec<String> = Vec::new();
    for group in given {
        let group = label("groups", group)?;
        if group.contains(',') {
            return Err(Invalid::new("groups", &group, "a ring group has no comma in its name"));
        }
        if !group.is_empty() && !groups.contains(&group) {
            groups.push(group);
        }
    }
    if groups.len() > MOST_GROUPS {
        return Err(Invalid::new("groups", "", "a phone is in 50 ring groups at most"));
    }
    Ok(groups)
}

fn ports(model: &HandsetModel, wished: Vec<Port>) -> Result<Vec<Port>> {
    let mut ports: Vec<Port> = Vec::new();
    for Port { port, number, appearances } in wished {
        let text = number.as_deref().unwrap_or_default().trim();
        if text.is_empty() && appearances == 1 {
            continue;
        }
        if !(1..=model.ports).contains(&port) {
            let remedy =
                "this model does not have so many ports: take its number away or choose another model";
            return Err(Invalid::new("port", &port.to_string(), remedy).into());
        }
        if !(1..=model.appearances).contains(&appearances) {
            let remedy = "this model does not have so many line appearances: choose fewer, at least 1";
            return Err(Invalid::new("appearances", &appearances.to_string(), remedy).into());
        }
        let number = if text.is_empty() { None } else { Some(number_text(text)?) };
        let is_twice = |known: &Port| known.port == port || number.is_some() && known.number == number;
        if ports.iter().any(is_twice) {
            return Err(
                Invalid::new("port", &port.to_string(), "each port and each number is named once").into()
            );
        }
        ports.push(Port { port, number, appearances });
    }
    ports.sort_by_key(|port| port.port);
    Ok(ports)
}
