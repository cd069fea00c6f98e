//! What stands in the forms of phones, and what they say.

use std::collections::BTreeMap;

use super::super::super::visitor::Fields;
use super::{HandsetModel, HandsetWish, KnownHandset};
use crate::domain::Port;
use crate::domain::handset::{MODELS, ModelOption};

/// What stands in a form: as it was typed, where that was refused.
#[derive(Debug, Clone, Default)]
pub(super) struct Form {
    pub(super) name: String,
    /// An extension.
    pub(super) owner: String,
    pub(super) wish: HandsetWish,
}

/// A field of a model.
pub(super) struct Field {
    pub(super) word: &'static str,
    pub(super) title: &'static str,
    /// What can be chosen, and whether it is.
    pub(super) choices: Vec<(&'static str, bool)>,
}

impl Form {
    pub(super) fn of(known: &KnownHandset) -> Self {
        Self {
            name: known.handset.name.to_string(),
            owner: known.extension.clone().unwrap_or_default(),
            wish: HandsetWish::of(&known.handset),
        }
    }

    /// Fields of another model than the one that is chosen now are left out: the form had them before the choice.
    pub(super) fn read(fields: &Fields, groups: &[String]) -> Self {
        let get = |name: &str| fields.get(name).trim().to_owned();
        let model = HandsetModel::known(fields.get("model")).ok();
        let is_known = |word: &str, choice: &str| {
            let mut options = model.into_iter().flat_map(|model| model.options);
            options.any(|option| option.word == word && option.choices.contains(&choice))
        };
        let options: BTreeMap<String, String> = fields
            .beginning("option-")
            .filter(|(word, choice)| is_known(word, choice))
            .map(|(word, choice)| (word.to_owned(), choice.to_owned()))
            .collect();
        let port = |(port, number): (&str, &str)| {
            let appearances = fields.get(&format!("appearances-{port}")).trim().parse().ok();
            Some(Port {
                port: port.parse().ok()?,
                number: Some(number.trim().to_owned()).filter(|number| !number.is_empty()),
                // What is no number is refused as too few.
                appearances: appearances.unwrap_or(0),
            })
        };
        let given = fields.get("groups");
        let groups = match fields.all("groups").is_empty() {
            true => groups.to_vec(),
            false => given.split(',').map(|group| group.trim().to_owned()).collect(),
        };
        let wish = HandsetWish {
            mac: get("mac"),
            model: get("model"),
            site: get("site"),
            preference_group: get("preference_group"),
            server: get("server"),
            template: get("template"),
            firmware: get("firmware"),
            options,
            overrides: fields.get("overrides").to_owned(),
            record_calls: fields.is_on("record_calls"),
            groups,
            ports: fields.beginning("number-").filter_map(port).collect(),
        };
        Self { name: get("name"), owner: get("owner"), wish }
    }

    /// Every model: word, title, whether it is chosen.
    pub(super) fn models(&self) -> impl Iterator<Item = (&'static str, &'static str, bool)> {
        MODELS.iter().map(|model| (model.word, model.title, model.word == self.wish.model))
    }

    fn model(&self) -> &'static HandsetModel {
        MODELS.iter().find(|model| model.word == self.wish.model).unwrap_or(&MODELS[0])
    }

    /// Fields of the model.
    pub(super) fn options(&self) -> Vec<Field> {
        let chosen =
            |word: &str, choice: &str| self.wish.options.get(word).is_some_and(|known| known == choice);
        let field = |option: &'static ModelOption| Field {
            word: option.word,
            title: option.title,
            choices: option.choices.iter().map(|choice| (*choice, chosen(option.word, choice))).collect(),
        };
        self.model().options.iter().map(field).collect()
    }

    /// Every port of the model: which, its number, its appearances. Also those that the model does not have and the form had.
    pub(super) fn ports(&self) -> Vec<(u8, String, u8)> {
        let most = self.wish.ports.iter().map(|port| port.port).max().unwrap_or(1).max(self.model().ports);
        let known = |number: u8| self.wish.ports.iter().find(|port| port.port == number);
        (1..=most)
            .map(|port| match known(port) {
                Some(known) => (port, known.number.clone().unwrap_or_default(), known.appearances),
                None => (port, String::new(), 1),
            })
            .collect()
    }

    /// Most line appearances of a port.
    pub(super) fn most_appearances(&self) -> u8 {
        self.model().appearances
    }

    /// Ring groups, with commas between them.
    pub(super) fn groups(&self) -> String {
        self.wish.groups.join(", ")
    }
}
