//! Handsets: the phones and adapters that stand on desks, what their models can do, and how they are named.
//!
//! A record, not a registration: what a phone system tells of its phones is its own. Provisioning programs read it.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{HandsetId, Invalid, TenantId, UserId};

/// The hardware address of a handset, 12 hexadecimal digits in lower case; shown with colons (003-05).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MacAddress(String);

impl MacAddress {
    /// The 12 digits, as names of provisioning files have them.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for MacAddress {
    type Err = Invalid;

    /// `00-04-F2-12-34-56`, `00:04:f2:12:34:56`, `0004.f212.3456`, `0004f2123456`.
    fn from_str(text: &str) -> Result<Self, Invalid> {
        let invalid = |remedy| Invalid::new("MAC address", text, remedy);
        let digits: String = text
            .chars()
            .filter(|c| !matches!(c, ':' | '-' | '.' | ' '))
            .map(|c| c.to_ascii_lowercase())
            .collect();
        if digits.len() != 12 || !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err(invalid("it has 12 hexadecimal digits, for example 00:04:f2:12:34:56"));
        }
        // The lowest bit of the first byte marks groups of stations (IEEE 802).
        let first = u8::from_str_radix(digits.get(..2).unwrap_or_default(), 16).unwrap_or(1);
        if first & 1 == 1 || digits.bytes().all(|byte| byte == b'0') {
            return Err(invalid("copy the one that is printed on the phone: no single phone has this one"));
        }
        Ok(Self(digits))
    }
}

impl fmt::Display for MacAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, digit) in self.0.chars().enumerate() {
            if place > 0 && place % 2 == 0 {
                f.write_str(":")?;
            }
            write!(f, "{digit}")?;
        }
        Ok(())
    }
}

/// The name of a handset, for example `111a`: given once, unique in its tenant, lower case (002-080).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct HandsetName(String);

impl HandsetName {
    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The first so many names of a user's phones that nobody has: `111a`, `111b`, … (002-013).
    pub fn offered(extension: &str, taken: &[Self], count: usize) -> Vec<Self> {
        let names = ('a'..='z').map(|letter| Self(format!("{extension}{letter}")));
        names.filter(|name| !taken.contains(name)).take(count).collect()
    }
}

impl FromStr for HandsetName {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
        let name = text.trim();
        let begins = name.bytes().next().is_some_and(|byte| byte.is_ascii_alphanumeric());
        if begins && name.len() <= 32 && name.bytes().all(plain) {
            return Ok(Self(name.to_ascii_lowercase()));
        }
        Err(Invalid::new("phone name", text, "use 1 to 32 letters, digits, - _ or ., for example 111a"))
    }
}

impl fmt::Display for HandsetName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A field that only some models have.
#[derive(Debug, PartialEq, Eq)]
pub struct ModelOption {
    /// The word of the API.
    pub word: &'static str,
    /// As people read it.
    pub title: &'static str,
    /// What can be chosen; the first one unless another is.
    pub choices: &'static [&'static str],
}

/// What a model of handsets can do (002-082).
#[derive(Debug, PartialEq, Eq)]
pub struct HandsetModel {
    /// The word of the API and the store.
    pub word: &'static str,
    /// As people read it.
    pub title: &'static str,
    /// Ports that can have a number each.
    pub ports: u8,
    /// Most line appearances of a port.
    pub appearances: u8,
    /// Fields that this model has beside those of all.
    pub options: &'static [ModelOption],
}

const FAX: ModelOption = ModelOption { word: "fax", title: "Fax", choices: &["none", "t38", "passthrough"] };
const MODULES: ModelOption =
    ModelOption { word: "modules", title: "Expansion modules", choices: &["0", "1", "2", "3"] };

const fn model(
    word: &'static str,
    title: &'static str,
    ports: u8,
    appearances: u8,
    options: &'static [ModelOption],
) -> HandsetModel {
    HandsetModel { word, title, ports, appearances, options }
}

/// Every model that is known; the first one is for whatever is not.
pub const MODELS: &[HandsetModel] = &[
    model("generic", "Any SIP phone", 1, 16, &[]),
    model("generic-ata", "Any analogue adapter", 24, 1, &[FAX]),
    model("cisco-spa112", "Cisco SPA112 (adapter)", 2, 1, &[FAX]),
    model("grandstream-ht801", "Grandstream HT801 (adapter)", 1, 1, &[FAX]),
    model("grandstream-ht802", "Grandstream HT802 (adapter)", 2, 1, &[FAX]),
    model("grandstream-ht814", "Grandstream HT814 (adapter)", 4, 1, &[FAX]),
    model("grandstream-ht818", "Grandstream HT818 (adapter)", 8, 1, &[FAX]),
    model("poly-vvx150", "Poly VVX 150", 1, 2, &[]),
    model("poly-vvx250", "Poly VVX 250", 1, 4, &[]),
    model("poly-vvx350", "Poly VVX 350", 1, 6, &[]),
    model("poly-vvx450", "Poly VVX 450", 1, 12, &[]),
    model("snom-d735", "Snom D735", 1, 12, &[]),
    model("snom-d785", "Snom D785", 1, 12, &[MODULES]),
    model("yealink-t31p", "Yealink T31P", 1, 2, &[]),
    model("yealink-t33g", "Yealink T33G", 1, 4, &[]),
    model("yealink-t46u", "Yealink T46U", 1, 16, &[MODULES]),
    model("yealink-t54w", "Yealink T54W", 1, 16, &[MODULES]),
    model("yealink-w70b", "Yealink W70B (DECT base)", 10, 1, &[]),
];

impl HandsetModel {
    /// The model of this word.
    ///
    /// # Errors
    /// [`Invalid`].
    pub fn known(word: &str) -> Result<&'static Self, Invalid> {
        MODELS.iter().find(|model| model.word == word).ok_or_else(|| {
            Invalid::new("model", word, "choose one of the list, or generic for what is not in it")
        })
    }

    /// The chosen value of each field of this model, with the first choice where nothing is chosen.
    ///
    /// # Errors
    /// [`Invalid`] names what this model does not have or cannot be.
    pub fn options(&self, chosen: &BTreeMap<String, String>) -> Result<BTreeMap<String, String>, Invalid> {
        for (word, choice) in chosen {
            let option = self.options.iter().find(|option| option.word == word.as_str());
            let option = option
                .ok_or_else(|| Invalid::new("options", word, "this model has no such field: leave it out"))?;
            if !option.choices.contains(&choice.as_str()) {
                return Err(Invalid::new("options", choice, "choose one of what the model's field offers"));
            }
        }
        let usual = |option: &ModelOption| option.choices.first().copied().unwrap_or_default().to_owned();
        let value = |option: &ModelOption| {
            (option.word.to_owned(), chosen.get(option.word).cloned().unwrap_or_else(|| usual(option)))
        };
        Ok(self.options.iter().map(value).collect())
    }
}

/// A port of a handset (003-08, 003-12).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Port {
    /// 1 to the model's ports.
    pub port: u8,
    /// The number that rings there.
    pub number: Option<String>,
    /// Keys of the phone that show it, 1 to the model's appearances.
    pub appearances: u8,
}

/// What is set of a handset beside what is unique of it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct HandsetSettings {
    /// Host of the server that it should register with; the system's usual one otherwise (002-083).
    #[serde(default)]
    pub server: Option<String>,
    /// Name of the template that provisioning begins with (000-14).
    #[serde(default)]
    pub template: Option<String>,
    /// Version that it runs, for who writes overrides.
    #[serde(default)]
    pub firmware: Option<String>,
    /// Fields of the model.
    #[serde(default)]
    pub options: BTreeMap<String, String>,
    /// Lines `key=value` for provisioning, as they were written (002-084). May hold secrets of the phone: no log has them.
    #[serde(default)]
    pub overrides: String,
    /// The phone system should record its calls (002-081).
    #[serde(default)]
    pub record_calls: bool,
    /// Ring groups that it is in.
    #[serde(default)]
    pub groups: Vec<String>,
    /// Ring groups that it was in before its owner changed, until somebody decided (000-11).
    #[serde(default)]
    pub former_groups: Vec<String>,
}

/// A phone or an adapter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Handset {
    /// Identity.
    pub id: HandsetId,
    /// Whose world it is in.
    pub tenant: TenantId,
    /// What it is called, for good.
    pub name: HandsetName,
    /// Its hardware address; unique in the tenant.
    pub mac: Option<MacAddress>,
    /// What it is.
    pub model: &'static HandsetModel,
    /// Whose it is; it may be nobody's (000-03).
    pub owner: Option<UserId>,
    /// Where it stands; empty where there is one place only.
    pub site: String,
    /// Its preference group; unique at its site (000-15).
    pub preference_group: Option<String>,
    /// The rest.
    pub settings: HandsetSettings,
    /// Its ports that have something, in their order.
    pub ports: Vec<Port>,
    /// When something changed that the phone shows or does.
    pub changed_at: Timestamp,
    /// When it took over the last change, as far as is known.
    pub applied_at: Timestamp,
    /// When it was asked to restart last, and what came of it.
    pub reboot: Option<(Timestamp, String)>,
    /// When it was added.
    pub created_at: Timestamp,
}

impl Handset {
    /// Prepares it for another owner: it leaves its ring groups, and which they were is kept until somebody decides
    /// (000-11); it has another name to show, later than all that it took over.
    pub fn change_hands(&mut self, now: Timestamp) {
        for group in std::mem::take(&mut self.settings.groups) {
            if !self.settings.former_groups.contains(&group) {
                self.settings.former_groups.push(group);
            }
        }
        self.change_at(now);
    }

    /// What no other phone of the tenant has: site and preference group, whatever their capitals (000-15).
    pub fn group_key(&self) -> Option<String> {
        let group = self.preference_group.as_ref()?;
        Some(format!("{}\n{}", self.site.to_lowercase(), group.to_lowercase()))
    }

    /// The phone was asked to restart the last time that somebody wanted it; false when nothing could be sent (000-05).
    pub fn was_asked(&self) -> bool {
        self.reboot.as_ref().is_some_and(|(_, said)| !said.starts_with(NOTHING_SENT))
    }

    /// It has something to take over, from a time on that is later than all that is known of it.
    pub fn change_at(&mut self, now: Timestamp) {
        let least = std::time::Duration::from_micros(1);
        self.changed_at = now.max(self.applied_at.saturating_add(least).unwrap_or(Timestamp::MAX));
    }

    /// For people: `111a (Yealink T31P): rings for 5100, in the ring groups lobby, sales`.
    pub fn in_words(&self) -> String {
        let numbers: Vec<&str> = self.ports.iter().filter_map(|port| port.number.as_deref()).collect();
        let named =
            |what: &str, names: &[&str]| (!names.is_empty()).then(|| format!("{what} {}", names.join(", ")));
        let groups: Vec<&str> = self.settings.groups.iter().map(String::as_str).collect();
        let group = if groups.len() == 1 { "in the ring group" } else { "in the ring groups" };
        let said: Vec<String> =
            named("rings for", &numbers).into_iter().chain(named(group, &groups)).collect();
        let whose = format!("{} ({})", self.name, self.model.title);
        if said.is_empty() { whose } else { format!("{whose}: {}", said.join(", ")) }
    }

    /// Whether it must restart before it does what is set (002-085).
    pub fn is_waiting(&self) -> bool {
        self.changed_at > self.applied_at
    }
}

/// So begins what is noted where a phone could not be asked to restart.
pub const NOTHING_SENT: &str = "Nothing was sent";

/// What a phone shows: the name and the extension (000-06).
pub fn display_label(name: &str, extension: Option<&str>) -> String {
    match (name.trim(), extension) {
        (name, None) => name.to_owned(),
        ("", Some(extension)) => format!("x{extension}"),
        (name, Some(extension)) => format!("{name} (x{extension})"),
    }
}

/// The overrides that can be read, in their order; of a key that comes twice the last one.
pub fn overrides(text: &str) -> Vec<(&str, &str)> {
    let mut read: Vec<(&str, &str)> = Vec::new();
    for (_, key, value) in override_lines(text).filter_map(|line| line.ok()) {
        read.retain(|(known, _)| *known != key);
        read.push((key, value));
    }
    read
}

/// What looks wrong in overrides. Nothing is refused: phones know keys that we do not (002-084).
pub fn lint(text: &str) -> Vec<String> {
    let mut said = Vec::new();
    let mut known: Vec<&str> = Vec::new();
    for line in override_lines(text) {
        let (number, key, value) = match line {
            Ok(line) => line,
            Err(number) => {
                said.push(format!("line {number} is left out: write key=value"));
                continue;
            }
        };
        if known.contains(&key) {
            said.push(format!("line {number}: {key} comes twice; the last one counts"));
        }
        if value.is_empty() {
            said.push(format!("line {number}: {key} is empty"));
        }
        if !key.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-[]$/#".contains(&byte)) {
            said.push(format!("line {number}: {key} has signs that keys of phones rarely have"));
        }
        let lower = key.to_ascii_lowercase();
        if ["password", "passwd", "secret", "auth.pass"].iter().any(|word| lower.contains(word)) {
            said.push(format!("line {number}: {key} looks like a secret; whoever may see phones sees it"));
        }
        known.push(key);
    }
    said
}

/// Each line that says something: its number with key and value, or the number of one that cannot be read.
fn override_lines(text: &str) -> impl Iterator<Item = Result<(usize, &str, &str), usize>> {
    let lines = text.lines().enumerate().map(|(place, line)| (place + 1, line.trim()));
    let said = lines.filter(|(_, line)| !line.is_empty() && !line.starts_with('#'));
    said.map(|(number, line)| match line.split_once('=') {
        Some((key, value)) if !key.trim().is_empty() => Ok((number, key.trim(), value.trim())),
        _ => Err(number),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    // 003-05
    #[test]
    fn a_mac_address_is_one_however_it_is_written() {
        for text in
            ["00-04-F2-12-34-56", "0004f2123456", "00:04:F2:12:34:56", "0004.f212.3456", " 0004f2 123456 "]
        {
            let mac: MacAddress = text.parse().unwrap();
            assert_eq!(
                (mac.as_str(), mac.to_string().as_str()),
                ("0004f2123456", "00:04:f2:12:34:56"),
                "{text}"
            );
        }
        for wrong in [
            "",
            "0004f212345",
            "0004f21234567",
            "0004f212345g",
            "000000000000",
            "ffffffffffff",
            "0104f2123456",
            "00ä4f2123456",
        ] {
            assert!(wrong.parse::<MacAddress>().is_err(), "{wrong:?}");
        }
    }

    // 002-013
    #[test]
    fn the_next_free_letters_are_offered() {
        let taken = ["111a", "111C"].map(|name| name.parse().unwrap());
        let offered: Vec<String> =
            HandsetName::offered("111", &taken, 3).iter().map(ToString::to_string).collect();
        assert_eq!(offered, ["111b", "111d", "111e"]);
        let all: Vec<HandsetName> = HandsetName::offered("111", &[], 99);
        assert_eq!(all.len(), 26);
        assert!(HandsetName::offered("111", &all, 3).is_empty());
        for wrong in ["", "-a", "a b", "a<b>", "ä", "a/../b", &"a".repeat(33)] {
            assert!(wrong.parse::<HandsetName>().is_err(), "{wrong:?}");
        }
    }

    // 002-082
    #[test]
    fn every_model_has_a_word_of_its_own_and_fields_that_it_takes() {
        for model in MODELS {
            assert!(model.ports > 0 && model.appearances > 0, "{}", model.word);
            assert_eq!(MODELS.iter().filter(|other| other.word == model.word).count(), 1, "{}", model.word);
            let usual = model.options(&BTreeMap::new()).unwrap();
            assert_eq!(model.options(&usual), Ok(usual.clone()), "{}", model.word);
        }
        assert_eq!(MODELS[0].word, "generic");
        assert!(HandsetModel::known("brick").is_err());
        let fax = BTreeMap::from([("fax".to_owned(), "t38".to_owned())]);
        let adapter = HandsetModel::known("grandstream-ht802").unwrap();
        assert_eq!(adapter.options(&fax).unwrap()["fax"], "t38");
        assert!(HandsetModel::known("generic").unwrap().options(&fax).is_err(), "a desk phone has no fax");
        let odd = BTreeMap::from([("fax".to_owned(), "pigeon".to_owned())]);
        assert!(adapter.options(&odd).is_err());
    }

    // 002-084
    #[test]
    fn overrides_are_read_and_only_linted() {
        let text = "# ours\naccount.1.label=Ada = Lovelace\n\nnonsense\nx=1\nx=2\nempty=\nuser.password=p\n";
        assert_eq!(
            overrides(text),
            [("account.1.label", "Ada = Lovelace"), ("x", "2"), ("empty", ""), ("user.password", "p")]
        );
        let said = lint(text);
        assert_eq!(said.len(), 4, "{said:?}");
        for (line, part) in said.iter().zip(["line 4", "line 6", "line 7", "secret"]) {
            assert!(line.contains(part), "{line}");
        }
        assert!(lint("a.b=c\nd[1]=2").is_empty());
    }

    // 000-06
    #[test]
    fn a_phone_shows_name_and_extension() {
        assert_eq!(display_label("Ada Lovelace", Some("123")), "Ada Lovelace (x123)");
        assert_eq!(display_label(" ", Some("123")), "x123");
        assert_eq!(display_label("Ada", None), "Ada");
    }

    proptest::proptest! {
        #[test]
        fn no_text_breaks_what_reads_handsets(text in "\\PC{0,80}|[\\x00-\\x7f=#\n]{0,80}") {
            let _ = (text.parse::<MacAddress>(), text.parse::<HandsetName>(), lint(&text));
            for (key, value) in overrides(&text) {
                proptest::prop_assert!(!key.is_empty() && !key.contains('=') && !value.contains('\n'));
            }
        }
    }
}
