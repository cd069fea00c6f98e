//! Text becomes records: cells between separators, with quotes around those that hold separators, quotes or line ends.
//!
//! A quote that is never closed would swallow the rest of the file. So a line whose quotes do not fit is taken as it stands,
//! with its quotes in its cells, and the next line begins a row of its own.

/// A row of cells, and the line that it begins on.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Record {
    /// From 1 on.
    pub(super) line: u64,
    pub(super) cells: Vec<String>,
}

/// The records of a text whose lines end with `\n`; empty lines are none.
pub(super) struct Records<'t> {
    rest: &'t str,
    line: u64,
    separator: char,
}

impl<'t> Records<'t> {
    /// `line` is the number of the first line.
    pub(super) const fn new(text: &'t str, line: u64, separator: char) -> Self {
        Self { rest: text, line, separator }
    }
}

impl Iterator for Records<'_> {
    type Item = Record;

    fn next(&mut self) -> Option<Record> {
        while let Some(rest) = self.rest.strip_prefix('\n') {
            (self.rest, self.line) = (rest, self.line + 1);
        }
        if self.rest.is_empty() {
            return None;
        }
        let (cells, rest) = fitting(self.rest, self.separator).unwrap_or_else(|| {
            let (line, rest) = self.rest.split_once('\n').unwrap_or((self.rest, ""));
            (line.split(self.separator).map(str::to_owned).collect(), rest)
        });
        let taken = self.rest.strip_suffix(rest).unwrap_or(self.rest);
        let line = self.line;
        let lines = taken.bytes().filter(|byte| *byte == b'\n').count();
        self.line += u64::try_from(lines).unwrap_or(u64::MAX);
        self.rest = rest;
        Some(Record { line, cells })
    }
}

/// The first record, and what follows it; `None` when a quote is not closed before a separator or a line end.
fn fitting(text: &str, separator: char) -> Option<(Vec<String>, &str)> {
    let mut cells = Vec::new();
    let mut rest = text;
    loop {
        let (cell, after) = match rest.strip_prefix('"') {
            Some(quoted) => unquoted(quoted)?,
            None => {
                let end = rest.find([separator, '\n']).unwrap_or(rest.len());
                let (cell, after) = rest.split_at_checked(end)?;
                (cell.to_owned(), after)
            }
        };
        cells.push(cell);
        if let Some(next) = after.strip_prefix(separator) {
            rest = next;
            continue;
        }
        return match after.strip_prefix('\n') {
            Some(next) => Some((cells, next)),
            None if after.is_empty() => Some((cells, "")),
            None => None,
        };
    }
}

/// What stands before the closing quote, and what follows it. Two quotes are one of the text.
fn unquoted(text: &str) -> Option<(String, &str)> {
    let (mut cell, mut rest) = (String::new(), text);
    loop {
        let (before, after) = rest.split_once('"')?;
        cell.push_str(before);
        match after.strip_prefix('"') {
            Some(next) => {
                cell.push('"');
                rest = next;
            }
            None => return Some((cell, after)),
        }
    }
}

/// What stands against the quote that a cell begins with: it is never closed.
pub(super) fn open_quote(line: u32, cell: &str) -> Option<String> {
    let rest = cell.strip_prefix('"')?;
    if rest.matches('"').count() % 2 == 1 {
        return None;
    }
    let after: String = rest.chars().take(SHOWN).collect();
    Some(format!(
        "in line {line} a quote begins before {after:?} and is never closed: take it away, or write one after the text as well"
    ))
}

/// So many characters say where a quote stands.
const SHOWN: usize = 20;

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Vec<(u64, Vec<String>)> {
        Records::new(text, 1, ';').map(|record| (record.line, record.cells)).collect()
    }

    fn row(line: u64, cells: &[&str]) -> (u64, Vec<String>) {
        (line, cells.iter().map(|cell| (*cell).to_owned()).collect())
    }

    // 002-088
    #[test]
    fn quotes_hold_separators_line_ends_and_quotes() {
        let text = "\n\na;\"b;c\";\n\"d\ne\";\"f \"\"g\"\"\"\n\nh\"i;\"\"";
        assert_eq!(
            read(text),
            [row(3, &["a", "b;c", ""]), row(4, &["d\ne", "f \"g\""]), row(7, &["h\"i", ""])]
        );
        assert_eq!(read("\n\n"), []);
        assert_eq!(read(";"), [row(1, &["", ""])]);
    }

    // 002-088
    #[test]
    fn a_quote_that_is_not_closed_swallows_no_other_row() {
        assert_eq!(
            read("1;\"a;b\n2;\"c\";d\n3;e"),
            [row(1, &["1", "\"a", "b"]), row(2, &["2", "c", "d"]), row(3, &["3", "e"])]
        );
        assert_eq!(read("1;\"a;b"), [row(1, &["1", "\"a", "b"])]);
        assert_eq!(read("1;\"a\" b;c\n2"), [row(1, &["1", "\"a\" b", "c"]), row(2, &["2"])]);
    }

    #[test]
    fn only_a_cell_that_begins_with_a_lone_quote_has_an_open_one() {
        assert!(open_quote(5, "\"Quote").is_some_and(|why| why.contains("line 5") && why.contains("Quote")));
        for fine in ["", "Ada", "\"Ada\" L", "5\"", "\"a\""] {
            assert_eq!(open_quote(5, fine), None, "{fine}");
        }
    }
}
