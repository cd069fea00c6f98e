//! The audio directory: how a name becomes the keys that spell it, and which words of it count. Pure.
//!
//! Keys as on every phone: ABC on 2 to WXYZ on 9 (ITU-T E.161). Letters with marks count as the letters below them, and
//! those that are written with two letters elsewhere (ü, ø, ß) both ways.

use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::Invalid;

/// Which words of a name callers may type.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SearchBy {
    /// Any word of the name, and nicknames.
    #[default]
    Any,
    /// The last name.
    Last,
    /// The first name, and nicknames.
    First,
}

impl FromStr for SearchBy {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        match text {
            "any" => Ok(Self::Any),
            "last" => Ok(Self::Last),
            "first" => Ok(Self::First),
            _ => Err(Invalid::new("directory policy", text, "choose any, last or first")),
        }
    }
}

/// How a tenant's audio directory works.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct DirectorySettings {
    /// Which words count.
    pub by: SearchBy,
    /// Also people without a recorded name are found; their names are spelled.
    pub spell: bool,
}

/// The keys that spell a word: several where letters can be written in two ways. Empty when it has no letters.
pub fn spellings(word: &str) -> Vec<String> {
    let mut all = vec![String::new()];
    for c in word.chars().take(64) {
        let ways = letters(c);
        let [first, more @ ..] = ways else { continue };
        let so_far = all.len();
        for way in more {
            // Two doubtful letters make four spellings; beyond a few, the plain way has to do.
            if all.len() < 8 {
                let branched: Vec<String> =
                    all.iter().take(so_far).map(|keys| format!("{keys}{}", typed(way))).collect();
                all.extend(branched);
            }
        }
        let first = typed(first);
        all.iter_mut().take(so_far).for_each(|keys| keys.push_str(&first));
    }
    all.retain(|keys| !keys.is_empty());
    all.sort_unstable();
    all.dedup();
    all
}

/// The words of a name: split where people pause. An apostrophe belongs to the word (O'Brien), and so does a mark.
pub fn words(name: &str) -> impl Iterator<Item = &str> {
    name.split(|c: char| c.is_whitespace() || matches!(c, '-' | '.' | ',' | '/' | '(' | ')' | '–'))
        .filter(|word| word.chars().any(char::is_alphanumeric))
}

/// The keys of plain letters and digits.
fn typed(plain: &str) -> String {
    plain.chars().filter_map(key).collect()
}

fn key(c: char) -> Option<char> {
    Some(match c.to_ascii_lowercase() {
        'a'..='c' => '2',
        'd'..='f' => '3',
        'g'..='i' => '4',
        'j'..='l' => '5',
        'm'..='o' => '6',
        'p'..='s' => '7',
        't'..='v' => '8',
        'w'..='z' => '9',
        digit @ '0'..='9' => digit,
        _ => return None,
    })
}

/// The plain letters that a letter may be written as; none for what is no letter.
pub fn letters(c: char) -> &'static [&'static str] {
    const PLAIN: [&[&str]; 36] = [
        &["a"],
        &["b"],
        &["c"],
        &["d"],
        &["e"],
        &["f"],
        &["g"],
        &["h"],
        &["i"],
        &["j"],
        &["k"],
        &["l"],
        &["m"],
        &["n"],
        &["o"],
        &["p"],
        &["q"],
        &["r"],
        &["s"],
        &["t"],
        &["u"],
        &["v"],
        &["w"],
        &["x"],
        &["y"],
        &["z"],
        &["0"],
        &["1"],
        &["2"],
        &["3"],
        &["4"],
        &["5"],
        &["6"],
        &["7"],
        &["8"],
        &["9"],
    ];
    let lower = c.to_lowercase().next().unwrap_or(c);
    let place = match lower {
        'a'..='z' => u32::from(lower).wrapping_sub(u32::from('a')),
        '0'..='9' => u32::from(lower).wrapping_sub(u32::from('0')).wrapping_add(26),
        marked => return folded(marked),
    };
    usize::try_from(place).ok().and_then(|place| PLAIN.get(place)).copied().unwrap_or(&[])
}

/// Latin letters with marks, by the letter below them (Unicode blocks Latin-1 and Latin Extended-A).
fn folded(c: char) -> &'static [&'static str] {
    match c {
        'ä' => &["a", "ae"],
        'ö' | 'ø' | 'ő' => &["o", "oe"],
        'ü' | 'ű' => &["u", "ue"],
        'å' => &["a", "aa"],
        'æ' => &["ae", "a"],
        'œ' => &["oe", "o"],
        'ß' => &["ss", "s"],
        'þ' => &["th", "t"],
        'à' | 'á' | 'â' | 'ã' | 'ā' | 'ă' | 'ą' => &["a"],
        'ç' | 'ć' | 'ĉ' | 'ċ' | 'č' => &["c"],
        'ð' | 'ď' | 'đ' => &["d"],
        'è' | 'é' | 'ê' | 'ë' | 'ē' | 'ĕ' | 'ė' | 'ę' | 'ě' => &["e"],
        'ĝ' | 'ğ' | 'ġ' | 'ģ' => &["g"],
        'ĥ' | 'ħ' => &["h"],
        'ì' | 'í' | 'î' | 'ï' | 'ĩ' | 'ī' | 'ĭ' | 'į' | 'ı' => &["i"],
        'ĵ' => &["j"],
        'ķ' => &["k"],
        'ĺ' | 'ļ' | 'ľ' | 'ŀ' | 'ł' => &["l"],
        'ñ' | 'ń' | 'ņ' | 'ň' => &["n"],
        'ò' | 'ó' | 'ô' | 'õ' | 'ō' | 'ŏ' => &["o"],
        'ŕ' | 'ŗ' | 'ř' => &["r"],
        'ś' | 'ŝ' | 'ş' | 'š' | 'ș' => &["s"],
        'ţ' | 'ť' | 'ŧ' | 'ț' => &["t"],
        'ù' | 'ú' | 'û' | 'ũ' | 'ū' | 'ŭ' | 'ů' | 'ų' => &["u"],
        'ŵ' => &["w"],
        'ý' | 'ÿ' | 'ŷ' => &["y"],
        'ź' | 'ż' | 'ž' => &["z"],
        _ => &[],
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn keys(text: &str) -> String {
        typed(text)
    }

    #[test]
    fn a_name_is_spelled_as_people_would_type_it() {
        for (word, typed) in [
            ("Müller", "Muller"),
            ("Müller", "Mueller"),
            ("O'Brien", "OBrien"),
            ("Łukasz", "Lukasz"),
            ("Ñandú", "Nandu"),
            ("Strauß", "Strauss"),
            ("Strauß", "Straus"),
            ("Ødegård", "Odegard"),
            ("Ødegård", "Oedegaard"),
            ("Šimůnek", "Simunek"),
            ("İbrahim", "Ibrahim"),
            ("LOVELACE", "lovelace"),
        ] {
            assert!(spellings(word).contains(&keys(typed)), "{word} as {typed}: {:?}", spellings(word));
        }
        assert_eq!(spellings("'-…"), Vec::<String>::new());
    }

    #[test]
    fn a_name_falls_into_its_words() {
        assert_eq!(words("Anna van der Berg-Łuk").collect::<Vec<_>>(), ["Anna", "van", "der", "Berg", "Łuk"]);
        assert_eq!(words(" O'Brien, J. ").collect::<Vec<_>>(), ["O'Brien", "J"]);
    }

    proptest! {
        #[test]
        fn no_name_breaks_the_speller(name in "\\PC{0,80}") {
            for word in words(&name) {
                let ways = spellings(word);
                prop_assert!(ways.len() <= 16);
                prop_assert!(ways.iter().all(|keys| keys.bytes().all(|key| key.is_ascii_digit())));
            }
        }

        #[test]
        fn a_plain_word_has_one_spelling_of_its_own_length(word in "[a-zA-Z]{1,20}") {
            let ways = spellings(&word);
            prop_assert_eq!(ways.len(), 1);
            prop_assert_eq!(ways[0].len(), word.len());
        }
    }
}
