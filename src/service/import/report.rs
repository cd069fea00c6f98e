//! Tables for people: the template to begin with, and what became of each row. No cell can make a spreadsheet compute.

use super::columns::{Column, Columns};
use super::preview::{Difference, Preview, What};
use super::table::Table;
use crate::domain::ProfileField;
use crate::store::DraftRow;

/// Spreadsheets know by it that the text is UTF-8.
const MARK: &str = "\u{feff}";

/// The header, and a row that shows how (002-087); [`Column::meaning`] says what each column holds.
pub fn template_csv() -> String {
    let example = |column| match column {
        Column::Extension => "1001",
        Column::First => "Ada",
        Column::Last => "Lovelace",
        Column::Email => "ada@example.org",
        Column::Mail => "link",
        Column::Pin => "482913",
        Column::Numbers => "+15550100, sales",
        Column::Zone => "Europe/Berlin",
        Column::Language => "en",
        Column::Operator => "1000",
        Column::Enabled | Column::Announce => "yes",
        Column::Direct => "+15550101",
        Column::Phone => "1001a",
        Column::Model => "generic",
        Column::Mac => "00:04:f2:12:34:56",
        Column::Port | Column::Lines => "1",
        Column::PhoneSite => "Berlin",
        Column::Template => "office",
        Column::PreferenceGroup => "p1",
        Column::Profile(field) => match field {
            ProfileField::Login => "alovelace@example.org",
            ProfileField::Department => "Sales",
            ProfileField::Site => "Berlin",
            ProfileField::Station => "standard",
            ProfileField::Mobile => "+4917012345",
            ProfileField::AreaCode => "030",
            ProfileField::CallerId => "+4930123456",
            ProfileField::SipAddress => "sip:ada@example.org",
            ProfileField::CallPaths => "2",
            ProfileField::RecordCalls => "no",
            ProfileField::Listed => "yes",
            ProfileField::EmergencyCallerId | ProfileField::EmergencyAddress | ProfileField::Music => "",
        },
    };
    let row =
        |of: &dyn Fn(Column) -> String| Column::ALL.iter().map(|column| of(*column)).collect::<Vec<_>>();
    let rows = [row(&|column| column.as_str().to_owned()), row(&|column| example(column).to_owned())];
    written(',', rows.into_iter())
}

/// What was done with a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Done {
    /// Every row was imported.
    Imported,
    /// Nothing: it was only looked at, or it has faults.
    Nothing,
}

/// The table as it came, with `result` and `message` beside each row, those that were left out too. PINs are left out.
pub fn result_csv(table: &Table, preview: &Preview, left_out: &[DraftRow], done: Done) -> String {
    let pins = Columns::read(&table.header).ok().and_then(|columns| {
        columns.places.iter().find(|(column, _)| *column == Column::Pin).map(|(_, place)| *place)
    });
    let header = table.header.iter().cloned().chain(["result".to_owned(), "message".to_owned()]).collect();
    let row = |cells: &[String], (result, message): (&str, String)| -> Vec<String> {
        let shown =
            |(place, cell): (usize, &String)| if pins == Some(place) { String::new() } else { cell.clone() };
        cells.iter().enumerate().map(shown).chain([result.to_owned(), message]).collect()
    };
    let known = table.rows.iter().zip(&preview.rows);
    let known = known.map(|((line, cells), of)| (*line, row(cells, told(&of.what, done))));
    let out = left_out.iter().map(|(line, cells)| (*line, row(cells, ("left out", String::new()))));
    let mut rows: Vec<(u32, Vec<String>)> = known.chain(out).collect();
    rows.sort_by_key(|(line, _)| *line);
    written(table.separator, std::iter::once(header).chain(rows.into_iter().map(|(_, cells)| cells)))
}

fn told(what: &What, done: Done) -> (&'static str, String) {
    let names = |differences: &[Difference]| {
        differences.iter().map(|difference| difference.column.as_str()).collect::<Vec<_>>().join(", ")
    };
    match (what, done) {
        (What::Add(_), Done::Imported) => ("added", String::new()),
        (What::Change(differences), Done::Imported) => ("changed", names(differences)),
        (What::Add(_), Done::Nothing) => ("not imported", "would be added".to_owned()),
        (What::Change(differences), Done::Nothing) => {
            ("not imported", format!("would be changed: {}", names(differences)))
        }
        (What::Unchanged, _) => ("unchanged", String::new()),
        (What::Fault(faults), _) => {
            let faults: Vec<String> =
                faults.iter().map(|fault| format!("{}: {}", fault.column.as_str(), fault.why)).collect();
            ("error", faults.join("; "))
        }
    }
}

/// Rows of one width as a table with commas.
pub fn csv_text(rows: impl Iterator<Item = Vec<String>>) -> String {
    written(',', rows)
}

fn written(separator: char, rows: impl Iterator<Item = Vec<String>>) -> String {
    let mut writer = csv::WriterBuilder::new()
        .delimiter(u8::try_from(separator).unwrap_or(b','))
        .terminator(csv::Terminator::CRLF)
        .from_writer(MARK.as_bytes().to_vec());
    for row in rows {
        // Into memory: it cannot fail, and rows are of one width.
        let _ = writer.write_record(row.iter().map(|cell| harmless(cell)));
    }
    let bytes = writer.into_inner().unwrap_or_default();
    String::from_utf8_lossy(&bytes).into_owned()
}

/// A spreadsheet computes what begins so; a `'` before it makes it text, and [`Table::read`] takes that away again.
fn harmless(cell: &str) -> String {
    match cell.starts_with(['=', '+', '-', '@', '\t', '\r']) {
        true => format!("'{cell}"),
        false => cell.to_owned(),
    }
}
