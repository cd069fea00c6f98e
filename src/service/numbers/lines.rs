//! Numbers as people write them down: one in a line, ranges, aliases, notes. Pure.

use super::super::accounts::{check_name, number_text};
use super::{MOST_ADDED, NumberError, Result};
use crate::domain::{Invalid, PhoneNumber};

/// A number that a line names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Named {
    /// Which line, from 1 on.
    pub(super) line: usize,
    pub(super) number: String,
    pub(super) note: String,
}

/// What is wrong with a line: which, from 1 on, and what to do.
pub type LineFault = (usize, String);

/// Each number with its note: one in a line, a range, or an alias; a note follows after `#`. Every line that is to be mended
/// is told.
pub(super) fn read_lines(lines: &str) -> Result<Vec<Named>> {
    let (mut numbers, mut faults): (Vec<Named>, Vec<LineFault>) = (Vec::new(), Vec::new());
    for (line, text) in (1..).zip(lines.lines()) {
        match read_line(text) {
            Ok(of_line) => {
                numbers.extend(of_line.into_iter().map(|(number, note)| Named { line, number, note }))
            }
            Err(why) => faults.push((line, why.to_string())),
        }
        if numbers.len() > MOST_ADDED {
            return Err(Invalid::new("numbers", text, "add 10000 numbers at a time at most").into());
        }
    }
    if !faults.is_empty() {
        return Err(NumberError::Lines(faults));
    }
    if numbers.is_empty() {
        return Err(Invalid::new("numbers", "", "write at least one, in a line of its own").into());
    }
    Ok(numbers)
}

/// The numbers of a line, with its note.
fn read_line(line: &str) -> Result<Vec<(String, String)>> {
    const REMEDY: &str =
        "write +4930123456, a range +4930100..+4930199, or an alias like sales or sales@example.org";
    let (number, note) = line.split_once('#').unwrap_or((line, ""));
    let (number, note) = (number.trim(), note.trim());
    if number.is_empty() {
        return Ok(Vec::new());
    }
    check_name("note", note)?;
    let named = || Invalid::new("number", number, REMEDY);
    let numbers = match number.split_once("..") {
        Some((first, last)) => range(first, last).ok_or_else(named)?,
        None => vec![number_text(number).map_err(|_| named())?],
    };
    Ok(numbers.into_iter().map(|number| (number, note.to_owned())).collect())
}

/// The numbers from one to another of the same length.
fn range(first: &str, last: &str) -> Option<Vec<String>> {
    let (first, last): (PhoneNumber, PhoneNumber) = (first.parse().ok()?, last.parse().ok()?);
    let (from, until) = (first.digits(), last.digits());
    let is_like =
        from.len() == until.len() && first.as_str().starts_with('+') == last.as_str().starts_with('+');
    let (low, high) = (from.parse::<u64>().ok()?, until.parse::<u64>().ok()?);
    let count = usize::try_from(high.checked_sub(low)?).ok()?;
    if !is_like || count >= MOST_ADDED {
        return None;
    }
    let (plus, width) = (if first.as_str().starts_with('+') { "+" } else { "" }, from.len());
    Some((low..=high).map(|number| format!("{plus}{number:0width$}")).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_numbers_ranges_aliases_and_notes() {
        let read = read_lines("+1 (555) 01-00 # main line\n\n0098..0101\nSales\n").unwrap();
        let numbers: Vec<&str> = read.iter().map(|named| named.number.as_str()).collect();
        assert_eq!(numbers, ["+15550100", "0098", "0099", "0100", "0101", "sales"]);
        assert_eq!((read[0].note.as_str(), read[0].line, read[4].line), ("main line", 1, 3));
        for (wrong, line) in [
            ("1\n+1 555 x y\n", "line 2"),
            ("+15\n+19..+10", "line 2"),
            ("+10..10", "line 1"),
            ("+10..+99999999", "line 1"),
            ("", "at least one"),
            ("+1 x\n+15\n+1 y", "line 1: number \"+1 x\""),
            ("+1 x\n+15\n+1 y", "line 3: number \"+1 y\""),
        ] {
            let refused = read_lines(wrong).unwrap_err().to_string();
            assert!(refused.contains(line), "{wrong:?}: {refused}");
        }
    }

    proptest::proptest! {
        #[test]
        fn no_text_breaks_the_reading_of_lines(text in "[+0-9a-z #.\n]{0,60}|\\PC{0,40}") {
            if let Ok(numbers) = read_lines(&text) {
                proptest::prop_assert!(!numbers.is_empty() && numbers.len() <= MOST_ADDED);
            }
        }
    }
}
