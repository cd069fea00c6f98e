//! What figment refuses, in one sentence with a remedy.

use std::path::Path;

use super::ConfigError;

/// figment's error in one sentence with a remedy.
pub(super) fn explain(error: &figment::Error, file: Option<&Path>) -> ConfigError {
    use figment::error::Kind;
    let place = if error.path.is_empty() { String::new() } else { format!("{}: ", error.path.join(".")) };
    let source = match (error.metadata.as_ref().map(|meta| meta.name.contains("environment")), file) {
        (Some(true), _) => "the environment (AFTERTONE__…)".to_owned(),
        (_, Some(file)) => file.display().to_string(),
        (_, None) => "the configuration".to_owned(),
    };
    let what = match &error.kind {
        Kind::UnknownField(name, known) => match nearest(name, known) {
            Some(near) => format!("unknown key {name:?}; did you mean {near:?}?"),
            None => format!("unknown key {name:?}; known are {}", known.join(", ")),
        },
        // A password or a URL with one may have been meant.
        Kind::InvalidType(_, wanted) if is_secret(&error.path) => {
            format!("the value is of the wrong kind: {wanted} is needed")
        }
        Kind::InvalidType(found, wanted) => format!("found {found}, but {wanted} is needed"),
        Kind::MissingField(name) => format!("the key {name:?} is missing"),
        other => other.to_string(),
    };
    ConfigError(format!("in {source}: {place}{what}"))
}

/// The known word with the smallest edit distance, if it is near enough to be meant.
fn nearest<'a>(word: &str, known: &[&'a str]) -> Option<&'a str> {
    let near = known.iter().map(|candidate| (distance(word, candidate), *candidate)).min()?;
    (near.0 <= 1 + word.len() / 3).then_some(near.1)
}

/// Levenshtein distance.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.chars().enumerate() {
        let mut left = i + 1;
        let mut diagonal = i;
        for (y, cell) in b.iter().zip(row.iter_mut().skip(1)) {
            let cost = (diagonal + usize::from(x != *y)).min(*cell + 1).min(left + 1);
            diagonal = std::mem::replace(cell, cost);
            left = cost;
        }
        if let Some(first) = row.first_mut() {
            *first = i + 1;
        }
    }
    row.last().copied().unwrap_or(0)
}

fn is_secret(path: &[String]) -> bool {
    path.last().is_some_and(|key| matches!(key.as_str(), "password" | "url"))
}
