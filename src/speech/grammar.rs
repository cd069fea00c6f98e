//! How a language says numbers and digits, and which plural form it takes; all rules come from `phrases.toml`.
//!
//! Number rules work like those of a rule-based number format (Unicode LDML part 3, "RBNF"), cut down to what menus
//! need: the rule with the largest `from` that is not above the number is used; its divisor is the largest power of
//! ten that is not above `from`; `<` says the quotient, `>` the remainder, and what stands in `[ ]` is left out when
//! the remainder is zero.
//!
//! A number may have forms (gender, case, before a noun): a rule names those in which it is said differently, and
//! whoever says the number names the form. The remainder stands where the number ends, and takes its form; the quotient
//! stands inside, and has none. `<:form` and `>:form` say otherwise.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Deserialize;

use super::{ClipId, LARGEST_NUMBER, Segment, SpeechError};

/// `[digits]` of `phrases.toml`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct DigitsText {
    /// The word for each character.
    words: BTreeMap<char, String>,
    /// Pause between two groups.
    gap_ms: u64,
    /// How many digits the groups have, by the length of the whole. Other lengths are said in one go.
    #[serde(default)]
    groups: BTreeMap<String, Vec<usize>>,
}

/// One of `[[numbers]]`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct NumberText {
    from: u32,
    say: String,
    /// What is said instead in a form, by its name.
    #[serde(default)]
    forms: BTreeMap<String, String>,
}

/// One of `[[plurals]]`: the form is used when the number (modulo `modulo`) is in `is`, unless the number (modulo
/// `unless_modulo`) is in `unless`. Numbers of no rule take the form `other`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PluralText {
    pub(super) form: String,
    modulo: Option<u32>,
    is: Vec<u32>,
    unless_modulo: Option<u32>,
    #[serde(default)]
    unless: Vec<u32>,
}

impl PluralText {
    pub(super) fn fits(&self, number: u32) -> bool {
        let reduce = |modulo: Option<u32>| modulo.and_then(|by| number.checked_rem(by)).unwrap_or(number);
        self.is.contains(&reduce(self.modulo)) && !self.unless.contains(&reduce(self.unless_modulo))
    }

    /// Whether it fits one number only, so that a text in this form need not say which.
    pub(super) fn is_single(&self) -> bool {
        self.modulo.is_none() && self.is.len() == 1
    }
}

/// How digits are said.
#[derive(Debug)]
pub(super) struct Digits {
    words: BTreeMap<char, ClipId>,
    gap: Duration,
    groups: BTreeMap<usize, Vec<usize>>,
}

impl Digits {
    pub(super) fn new(text: DigitsText, mut word: impl FnMut(&str) -> ClipId) -> Result<Self, String> {
        if let Some(missing) = "0123456789+*#".chars().find(|digit| !text.words.contains_key(digit)) {
            return Err(format!("[digits.words] has no word for {missing:?}"));
        }
        let mut groups = BTreeMap::new();
        for (length, sizes) in text.groups {
            let whole: usize =
                length.parse().map_err(|_| format!("[digits.groups] {length:?} is no length"))?;
            if sizes.iter().sum::<usize>() != whole {
                return Err(format!(
                    "[digits.groups] the groups for {whole} digits do not add up to {whole}"
                ));
            }
            groups.insert(whole, sizes);
        }
        let words = text.words.iter().map(|(digit, text)| (*digit, word(text))).collect();
        Ok(Self { words, gap: Duration::from_millis(text.gap_ms), groups })
    }

    pub(super) fn say(&self, digits: &str, out: &mut Vec<Segment>) -> Result<(), SpeechError> {
        let plain = digits.strip_prefix('+').unwrap_or(digits);
        let sizes = self.groups.get(&plain.chars().count()).map_or(&[][..], Vec::as_slice);
        let mut ends = sizes.iter().scan(0, |end, size| {
            *end += size;
            Some(*end)
        });
        let mut next_end = ends.next();
        let lead = digits.chars().count() - plain.chars().count();
        for (place, digit) in digits.chars().enumerate() {
            if next_end.is_some_and(|end| place == end + lead) {
                out.push(Segment::Pause(self.gap));
                next_end = ends.next();
            }
            let clip = self.words.get(&digit).ok_or(SpeechError::NotADigit(digit))?;
            out.push(Segment::Clip(*clip));
        }
        Ok(())
    }
}

#[derive(Debug, PartialEq, Eq)]
enum Token {
    Word(ClipId),
    /// In this form, or in none.
    Quotient(Option<String>),
    /// In this form, or in that of the whole.
    Remainder(Option<String>),
    /// Said only when there is a remainder.
    Optional(Vec<Token>),
}

#[derive(Debug)]
struct Rule {
    from: u32,
    divisor: u32,
    say: Vec<Token>,
    forms: BTreeMap<String, Vec<Token>>,
}

/// How numbers are said.
#[derive(Debug)]
pub(super) struct Numbers {
    rules: Vec<Rule>,
}

impl Numbers {
    pub(super) fn new(
        mut texts: Vec<NumberText>,
        mut word: impl FnMut(&str) -> ClipId,
    ) -> Result<Self, String> {
        texts.sort_by_key(|text| text.from);
        if texts.first().is_none_or(|first| first.from != 0) {
            return Err("[[numbers]] has no rule from 0".to_owned());
        }
        let ends = texts.iter().skip(1).map(|next| next.from).chain([LARGEST_NUMBER + 1]).collect::<Vec<_>>();
        let mut rules = Vec::new();
        for (text, end) in texts.iter().zip(ends) {
            rules.push(Rule::new(text, end, &mut word)?);
        }
        let numbers = Self { rules };
        let named =
            numbers.rules.iter().flat_map(|rule| std::iter::once(&rule.say).chain(rule.forms.values()));
        for form in named.flat_map(|tokens| forms_in(tokens)) {
            numbers.check_form(form)?;
        }
        Ok(numbers)
    }

    /// Whether any number is said differently in this form.
    pub(super) fn check_form(&self, form: &str) -> Result<(), String> {
        if self.rules.iter().any(|rule| rule.forms.contains_key(form)) {
            return Ok(());
        }
        Err(format!("no rule of [[numbers]] has a form {form:?}"))
    }

    /// The number, in a form or in none.
    pub(super) fn say(
        &self,
        number: u32,
        form: Option<&str>,
        out: &mut Vec<Segment>,
    ) -> Result<(), SpeechError> {
        if number > LARGEST_NUMBER {
            return Err(SpeechError::TooLarge(number));
        }
        self.say_small(number, form, out);
        Ok(())
    }

    fn say_small(&self, number: u32, form: Option<&str>, out: &mut Vec<Segment>) {
        let after = self.rules.partition_point(|rule| rule.from <= number);
        // A rule from 0 exists, so one is always found.
        if let Some(rule) = after.checked_sub(1).and_then(|at| self.rules.get(at)) {
            let say = form.and_then(|form| rule.forms.get(form)).unwrap_or(&rule.say);
            self.say_tokens(say, (number / rule.divisor, number % rule.divisor), form, out);
        }
    }

    fn say_tokens(&self, tokens: &[Token], parts: (u32, u32), form: Option<&str>, out: &mut Vec<Segment>) {
        let (quotient, remainder) = parts;
        for token in tokens {
            match token {
                Token::Word(clip) => out.push(Segment::Clip(*clip)),
                Token::Quotient(own) => self.say_small(quotient, own.as_deref(), out),
                Token::Remainder(own) => self.say_small(remainder, own.as_deref().or(form), out),
                Token::Optional(inner) if remainder != 0 => self.say_tokens(inner, parts, form, out),
                Token::Optional(_) => {}
            }
        }
    }
}

fn forms_in(tokens: &[Token]) -> Vec<&str> {
    let mut forms = Vec::new();
    for token in tokens {
        match token {
            Token::Quotient(Some(form)) | Token::Remainder(Some(form)) => forms.push(form.as_str()),
            Token::Optional(inner) => forms.extend(forms_in(inner)),
            _ => {}
        }
    }
    forms
}

impl Rule {
    fn new(text: &NumberText, end: u32, word: &mut impl FnMut(&str) -> ClipId) -> Result<Self, String> {
        let from = text.from;
        let wrong = |why: String| format!("[[numbers]] from = {from}: {why}");
        if from > LARGEST_NUMBER || end == from {
            return Err(wrong(format!("above {LARGEST_NUMBER}, or there twice")));
        }
        let divisor = if from < 10 { 10 } else { 10_u32.pow(from.ilog10()) };
        let mut read =
            |say: &str| tells_apart(say, from, end, divisor).and_then(|()| tokens(say, word)).map_err(wrong);
        let say = read(&text.say)?;
        let forms = text.forms.iter().map(|(form, say)| Ok((form.clone(), read(say)?)));
        Ok(Self { from, divisor, forms: forms.collect::<Result<_, String>>()?, say })
    }
}

/// Whether no two of the numbers from `from` to below `end` are said alike.
fn tells_apart(say: &str, from: u32, end: u32, divisor: u32) -> Result<(), String> {
    if from < 10 && say.contains(['<', '>']) {
        return Err("numbers below 10 are words".to_owned());
    }
    if end > from + 1 && !say.contains('>') {
        return Err(format!("says {from} for every number below {end}"));
    }
    if (end - 1) / divisor != from / divisor && !say.contains('<') {
        return Err(format!("does not tell {from} from {}", end - 1));
    }
    Ok(())
}

fn tokens(say: &str, word: &mut impl FnMut(&str) -> ClipId) -> Result<Vec<Token>, String> {
    let spaced = [("[", " [ "), ("]", " ] "), ("<", " <"), (">", " >")]
        .iter()
        .fold(say.to_owned(), |text, (sign, apart)| text.replace(sign, apart));
    let mut outer = Vec::new();
    let mut inner: Option<Vec<Token>> = None;
    for part in spaced.split_whitespace() {
        let token = match (part, inner.take()) {
            ("[", None) => {
                inner = Some(Vec::new());
                continue;
            }
            ("]", Some(optional)) => {
                outer.push(Token::Optional(optional));
                continue;
            }
            ("[" | "]", _) => return Err(format!("the brackets of {say:?} do not match")),
            (part, open) => {
                inner = open;
                match (part.strip_prefix('<'), part.strip_prefix('>')) {
                    (Some(form), _) => Token::Quotient(form_of(form, say)?),
                    (_, Some(form)) => Token::Remainder(form_of(form, say)?),
                    _ => Token::Word(word(part)),
                }
            }
        };
        inner.as_mut().unwrap_or(&mut outer).push(token);
    }
    match inner {
        None => Ok(outer),
        Some(_) => Err(format!("the brackets of {say:?} do not match")),
    }
}

/// The form behind a `<` or `>`: none, or `:form`.
fn form_of(text: &str, say: &str) -> Result<Option<String>, String> {
    match (text, text.strip_prefix(':')) {
        ("", _) => Ok(None),
        (_, Some(form)) if !form.is_empty() => Ok(Some(form.to_owned())),
        _ => Err(format!("{say:?}: write a space after < and >, or < and > with a form as <:form")),
    }
}
