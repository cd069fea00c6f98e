//! Bytes of a file become rows of text: encoding and separator are found by themselves (002-088).
//!
//! Knows no users. What cannot be read is refused with its line.

use encoding_rs::{UTF_8, UTF_16BE, UTF_16LE, WINDOWS_1252};

use super::record::{Records, open_quote};
use crate::domain::Invalid;

/// Largest file.
pub const LARGEST: usize = 10 * 1024 * 1024;
/// Rows of one file, without the header.
pub const MOST_ROWS: usize = 10_000;
/// Columns of one file.
const MOST_COLUMNS: usize = 100;
/// Longest cell, in characters.
const LONGEST_CELL: usize = 2_000;
/// Where no cell can say it.
const NEVER_CLOSED: &str =
    "a quote begins a cell and is never closed: take it away, or close it after the text";

/// Why the file is no table of users.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TableError {
    /// Too large.
    #[error("the file is larger than 10 MiB: import it in parts")]
    TooLarge,
    /// Nothing in it.
    #[error("the file is empty: begin with the template")]
    Empty,
    /// Not text.
    #[error("the file is not text: save it as CSV (UTF-8), not as a spreadsheet")]
    NotText,
    /// A row that cannot be read.
    #[error("line {line}: {why}")]
    Row {
        /// From 1 on.
        line: u64,
        /// What is wrong.
        why: &'static str,
    },
    /// More rows than may be.
    #[error("the file has more than {MOST_ROWS} rows: import it in parts")]
    TooManyRows,
    /// No column of extensions.
    #[error(
        "no column is named extension, nor phone: the first line must name the columns, as the template does"
    )]
    NoExtension,
    /// A column twice.
    #[error("two columns mean {0}: leave one of them out")]
    ColumnTwice(&'static str),
}

/// How the text was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encoding {
    /// With or without its mark.
    Utf8,
    /// Little-endian.
    Utf16Le,
    /// Big-endian.
    Utf16Be,
    /// What old spreadsheets write in the west.
    Windows1252,
}

impl Encoding {
    /// As people know it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Utf8 => "UTF-8",
            Self::Utf16Le => "UTF-16LE",
            Self::Utf16Be => "UTF-16BE",
            Self::Windows1252 => "Windows-1252",
        }
    }
}

impl std::str::FromStr for Encoding {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        let all = [Self::Utf8, Self::Utf16Le, Self::Utf16Be, Self::Windows1252];
        let known = all.into_iter().find(|known| known.as_str() == text);
        known
            .ok_or_else(|| Invalid::new("encoding", text, "choose UTF-8, UTF-16LE, UTF-16BE or Windows-1252"))
    }
}

/// A header and rows of the same width.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Table {
    /// How the file was written.
    pub encoding: Encoding,
    /// What stands between its cells: `,`, `;` or a tab.
    pub separator: char,
    /// Names of the columns, as they were written.
    pub header: Vec<String>,
    /// The cells, and the line that each row begins on.
    pub rows: Vec<(u32, Vec<String>)>,
}

impl Table {
    /// Reads a file.
    ///
    /// # Errors
    /// [`TableError`].
    pub fn read(bytes: &[u8]) -> Result<Self, TableError> {
        if bytes.len() > LARGEST {
            return Err(TableError::TooLarge);
        }
        let (encoding, text) = decoded(bytes)?;
        let (text, skipped, told) = hint(&text);
        let separator = told.unwrap_or_else(|| separator(text));
        let mut rows = Vec::new();
        let mut header: Option<Vec<String>> = None;
        for record in Records::new(text, skipped + 1, separator) {
            let line = record.line;
            let cells: Vec<String> = record.cells.iter().map(|text| cell(text)).collect();
            if cells.iter().all(String::is_empty) {
                continue;
            }
            let Some(header) = &header else {
                header = Some(checked_header(cells, line)?);
                continue;
            };
            if rows.len() >= MOST_ROWS {
                return Err(TableError::TooManyRows);
            }
            rows.push((u32::try_from(line).unwrap_or(u32::MAX), fitted(cells, header.len(), line)?));
        }
        let header = header.ok_or(TableError::Empty)?;
        Ok(Self { encoding, separator, header, rows })
    }
}

fn checked_header(cells: Vec<String>, line: u64) -> Result<Vec<String>, TableError> {
    if cells.len() > MOST_COLUMNS {
        return Err(TableError::Row { line, why: "more than 100 columns" });
    }
    if has_open_quote(&cells) {
        return Err(TableError::Row { line, why: NEVER_CLOSED });
    }
    Ok(cells)
}

/// Rows that end early are filled up; what goes beyond the header must be empty.
fn fitted(mut cells: Vec<String>, width: usize, line: u64) -> Result<Vec<String>, TableError> {
    if cells.iter().skip(width).any(|cell| !cell.is_empty()) {
        if has_open_quote(&cells) {
            return Err(TableError::Row { line, why: NEVER_CLOSED });
        }
        let why = "more cells than the header has columns: put quotes around a cell that holds the separator";
        return Err(TableError::Row { line, why });
    }
    if !cells.iter().all(|cell| is_fit(cell)) {
        return Err(TableError::Row {
            line,
            why: "a cell is longer than 2,000 characters: check the quotes before it",
        });
    }
    cells.resize(width, String::new());
    Ok(cells)
}

fn has_open_quote(cells: &[String]) -> bool {
    cells.iter().any(|cell| open_quote(0, cell).is_some())
}

/// Whether a cell is no longer than one may be.
pub(super) fn is_fit(cell: &str) -> bool {
    cell.chars().count() <= LONGEST_CELL
}

/// Without white space around it. A `'` before `=`, `+`, `-` or `@` keeps spreadsheets from computing; it is no part of
/// the text.
pub(super) fn cell(text: &str) -> String {
    let text = text.trim().trim_matches('\u{feff}');
    match text.strip_prefix('\'') {
        Some(rest) if rest.starts_with(['=', '+', '-', '@', '\t']) => rest.to_owned(),
        _ => text.to_owned(),
    }
}

fn decoded(bytes: &[u8]) -> Result<(Encoding, String), TableError> {
    let zeros = |odd: usize| bytes.iter().skip(odd).step_by(2).take(64).filter(|byte| **byte == 0).count();
    let few = bytes.len().min(128) / 4;
    let encoding = match bytes {
        [] => return Err(TableError::Empty),
        [0xff, 0xfe, ..] => Encoding::Utf16Le,
        [0xfe, 0xff, ..] => Encoding::Utf16Be,
        _ if zeros(1) > few && zeros(0) == 0 => Encoding::Utf16Le,
        _ if zeros(0) > few && zeros(1) == 0 => Encoding::Utf16Be,
        _ if bytes.contains(&0) => return Err(TableError::NotText),
        _ if std::str::from_utf8(bytes).is_ok() => Encoding::Utf8,
        _ => Encoding::Windows1252,
    };
    let decoder = match encoding {
        Encoding::Utf8 => UTF_8,
        Encoding::Utf16Le => UTF_16LE,
        Encoding::Utf16Be => UTF_16BE,
        Encoding::Windows1252 => WINDOWS_1252,
    };
    let (text, had_errors) = decoder.decode_with_bom_removal(bytes);
    if had_errors || text.contains('\0') {
        return Err(TableError::NotText);
    }
    // One kind of line end, so that lines are counted as an editor does.
    Ok((encoding, text.replace("\r\n", "\n").replace('\r', "\n")))
}

/// A first line `sep=;`, as spreadsheets write it: the rest, how many lines were taken, and the separator.
fn hint(text: &str) -> (&str, u64, Option<char>) {
    let (first, rest) = text.split_once('\n').unwrap_or((text, ""));
    let told = first.trim_end().strip_prefix("sep=").and_then(|told| match told {
        "," => Some(','),
        ";" => Some(';'),
        "\t" | "" => Some('\t'),
        _ => None,
    });
    if told.is_some() { (rest, 1, told) } else { (text, 0, None) }
}

/// What the header holds most of, outside of quotes. A comma stands in names more often than the others do.
fn separator(text: &str) -> char {
    let first = text.lines().find(|line| !line.trim().is_empty()).unwrap_or_default();
    let mut quoted = false;
    let plain: Vec<char> = first
        .chars()
        .filter(|c| {
            quoted ^= *c == '"';
            !quoted
        })
        .collect();
    let count = |wanted: char| plain.iter().filter(|c| **c == wanted).count();
    let (comma, semicolon, tab) = (count(','), count(';'), count('\t'));
    match () {
        () if tab > 0 && tab >= comma && tab >= semicolon => '\t',
        () if semicolon > 0 && semicolon >= comma => ';',
        () => ',',
    }
}
