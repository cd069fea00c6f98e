//! Numbers as people write them down: one in a line, ranges, aliases, notes. Pure.

use super::super::accounts::{check_name, number_text};
use super::{MOST_ADDED, Result};
use crate::domain::{Invalid, PhoneNumber};

/// Each number with its note: one in a line, a range, or an alias; a note follows after `#`.
pub(super) fn read_lines(lines: &str) -> Result<Vec<(String, String)>> {
    let mut numbers: Vec<(String, String)> = Vec::new();
    for (place, line) in lines.lines().enumerate().map(|(place, line)| (place + 1, line.trim())) {
        let (number, note) = line.split_once('#').unwrap_or((line, ""));
        if number.trim().is_empty() {
            continue;
        }
        let note = note.trim();
        check_name("note", note)?;
        let named = |_| {
            let text = format!("line {place}: {}", number.trim());
            Invalid::new(
                "number",
                &text,
                "write +4930123456, a range +4930100..+4930199, or an alias like sales or sales@example.org",
            )
        };
        match number.split_once("..") {
            Some((first, last)) => {
                let range = range(first, last).ok_or(()).map_err(named)?;
                numbers.extend(range.into_iter().map(|number| (number, note.to_owned())));
            }
            None => numbers.push((number_text(number.trim()).map_err(|_| named(()))?, note.to_owned())),
        }
        if numbers.len() > MOST_ADDED {
            return Err(Invalid::new("number", line, "add 10000 numbers at a time at most").into());
        }
    }
    if numbers.is_empty() {
        return Err(Invalid::new("number", "", "write at least one, in a line of its own").into());
    }
    Ok(numbers)
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
        let numbers: Vec<&str> = read.iter().map(|(number, _)| number.as_str()).collect();
        assert_eq!(numbers, ["+15550100", "0098", "0099", "0100", "0101", "sales"]);
        assert_eq!(read[0].1, "main line");
        for (wrong, line) in [
            ("1\n+1 555 x y\n", "line 2"),
            ("+15\n+19..+10", "line 2"),
            ("+10..10", "line 1"),
            ("+10..+99999999", "line 1"),
            ("", "at least one"),
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
