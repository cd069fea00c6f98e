//! Whom somebody means who writes: extensions and names, several of them, as people type them.
//!
//! By name only those are found who want to be found; who knows an extension may write that, as by phone.

use super::{Result, Sending};
use crate::domain::{Extension, Owner, spelled};
use crate::store::Findable;

/// Names and numbers of one line at most.
pub const MOST_TYPED: usize = 100;
/// People who are offered for one name at most.
const MOST_OFFERED: usize = 8;

/// Somebody who can be sent to, as they are shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Colleague {
    /// The number.
    pub extension: Extension,
    /// The name; empty for who does not want to be found by it.
    pub name: String,
}

/// What something typed means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Meant {
    /// This one.
    One(Colleague),
    /// One of these; the first is what was typed.
    Several(String, Vec<Colleague>),
    /// Nobody.
    Nobody(String),
}

impl Sending {
    /// Whom each of these means, parted by commas, semicolons or lines.
    ///
    /// # Errors
    /// [`super::OwnerError::Away`].
    pub async fn meant(&self, owner: Owner, typed: &str) -> Result<Vec<Meant>> {
        let pieces = typed.split([',', ';', '\n']).map(str::trim).filter(|piece| !piece.is_empty());
        let pieces: Vec<&str> = pieces.take(MOST_TYPED).collect();
        let has_names = pieces.iter().any(|piece| piece.parse::<Extension>().is_err());
        let people = if has_names { self.writable(owner).await? } else { Vec::new() };
        let mut meant = Vec::with_capacity(pieces.len());
        for piece in pieces {
            let shown: String = piece.chars().take(80).collect();
            meant.push(match piece.parse::<Extension>() {
                Ok(extension) => match self.colleague(owner, &extension).await? {
                    Some(colleague) => Meant::One(colleague),
                    None => Meant::Nobody(shown),
                },
                Err(_) => by_name(shown, &people),
            });
        }
        Ok(meant)
    }

    /// Somebody by number, if they can be sent to.
    pub(super) async fn colleague(&self, owner: Owner, extension: &Extension) -> Result<Option<Colleague>> {
        let Some(found) = self.find(owner, extension).await? else { return Ok(None) };
        let mailbox = self.store.mailbox(owner.tenant, found.mailbox).await?;
        let name = match mailbox.user {
            Some(user) if mailbox.phone.announce => self.store.user(owner.tenant, user).await?.full_name(),
            _ => String::new(),
        };
        Ok(Some(Colleague { extension: found.extension, name }))
    }

    /// Everybody whom the owner can find by name, by name.
    ///
    /// # Errors
    /// [`super::OwnerError::Away`].
    pub async fn colleagues(&self, owner: Owner) -> Result<Vec<Colleague>> {
        let mut all: Vec<Colleague> = self.writable(owner).await?.iter().map(shown).collect();
        all.sort_by_key(|one| (one.name.to_lowercase(), one.extension.to_string()));
        Ok(all)
    }

    /// Who wants to be found, but for the owner.
    async fn writable(&self, owner: Owner) -> Result<Vec<Findable>> {
        let mut people = self.store.findable(owner.tenant, true).await?;
        people.retain(|person| person.mailbox != owner.mailbox && !person.user.full_name().is_empty());
        Ok(people)
    }
}

fn shown(person: &Findable) -> Colleague {
    Colleague { extension: person.extension.clone(), name: person.user.full_name() }
}

fn by_name(typed: String, people: &[Findable]) -> Meant {
    let mut fitting: Vec<(bool, Colleague)> = people
        .iter()
        .filter_map(|person| {
            let name = format!("{} {}", person.user.full_name(), person.nicknames.join(" "));
            Some((fits(&typed, &name)?, shown(person)))
        })
        .collect();
    // Who is meant word for word goes before who only begins like that.
    if fitting.iter().filter(|(is_whole, _)| *is_whole).count() == 1 {
        fitting.retain(|(is_whole, _)| *is_whole);
    }
    fitting.sort_by_key(|(is_whole, one)| (!is_whole, one.name.to_lowercase(), one.extension.to_string()));
    let mut people: Vec<Colleague> = fitting.into_iter().map(|(_, one)| one).take(MOST_OFFERED).collect();
    match people.len() {
        0 => Meant::Nobody(typed),
        1 => Meant::One(people.remove(0)),
        _ => Meant::Several(typed, people),
    }
}

/// Whether every word that was typed begins a word of the name; true when each is a whole one.
fn fits(typed: &str, name: &str) -> Option<bool> {
    ways(typed).iter().zip(ways(name)).filter_map(|(typed, name)| words_fit(typed, &name)).max()
}

fn words_fit(typed: &str, name: &str) -> Option<bool> {
    let words: Vec<&str> = name.split_whitespace().collect();
    let mut is_any = false;
    let mut is_whole = true;
    for word in typed.split_whitespace() {
        is_any = true;
        if !words.iter().any(|of_name| of_name.starts_with(word)) {
            return None;
        }
        is_whole &= words.contains(&word);
    }
    is_any.then_some(is_whole)
}

/// A name as it may be written: in its own letters, without marks, and with umlauts spelled out.
fn ways(text: &str) -> [String; 3] {
    let own = text.to_lowercase();
    let spelled_out = own.replace('ä', "ae").replace('ö', "oe").replace('ü', "ue").replace('ß', "ss");
    let plain = spelled(text);
    [if plain.is_empty() { own.clone() } else { plain }, spelled(&spelled_out), own]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_found_by_the_beginnings_of_its_words_in_any_order_and_spelling() {
        for (typed, name, expected) in [
            ("gra", "Grace Hopper", Some(false)),
            ("hopper grace", "Grace Hopper", Some(true)),
            ("GRACE", "Grace Hopper", Some(true)),
            ("Muller", "Jörg Müller", Some(true)),
            ("mueller", "Jörg Müller", Some(true)),
            ("müll", "Jörg Müller", Some(false)),
            ("Жук", "Иван Жуков", Some(false)),
            ("o'brien", "Conan O'Brien", Some(true)),
            ("race", "Grace Hopper", None),
            ("grace x", "Grace Hopper", None),
            ("", "Grace Hopper", None),
            ("  ", "Grace Hopper", None),
            ("%", "Grace Hopper", None),
        ] {
            assert_eq!(fits(typed, name), expected, "{typed} {name}");
        }
    }
}
