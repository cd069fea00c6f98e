//! Tables for people, JSON for programs. Text of strangers is cleaned of control characters for the terminal.

use serde_json::Value;

/// Prints the rows as JSON, or as a table of the named columns.
pub(super) fn rows(json: bool, columns: &[&str], rows: &[Value]) {
    if json {
        println!("{}", serde_json::to_string_pretty(rows).unwrap_or_default());
        return;
    }
    if rows.is_empty() {
        println!("(none)");
        return;
    }
    let cells: Vec<Vec<String>> =
        rows.iter().map(|row| columns.iter().map(|column| cell(row.get(*column))).collect()).collect();
    let width = |column: usize| {
        let widths = cells.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count());
        widths.chain(columns.get(column).map(|name| name.len())).max().unwrap_or(0)
    };
    let line = |row: &[String]| {
        let padded = row.iter().enumerate().map(|(column, cell)| format!("{cell:<0$}", width(column)));
        println!("{}", padded.collect::<Vec<_>>().join("  ").trim_end());
    };
    line(&columns.iter().map(|name| name.to_uppercase()).collect::<Vec<_>>());
    for row in &cells {
        line(row);
    }
}

/// Prints one thing as JSON, or as `name: value` lines.
pub(super) fn thing(json: bool, value: &Value) {
    if json {
        println!("{}", serde_json::to_string_pretty(value).unwrap_or_default());
        return;
    }
    for (name, value) in value.as_object().into_iter().flatten() {
        println!("{name:<18} {}", cell(Some(value)));
    }
}

fn cell(value: Option<&Value>) -> String {
    let text = match value {
        None | Some(Value::Null) => "-".to_owned(),
        Some(Value::String(text)) => text.clone(),
        Some(Value::Bool(yes)) => if *yes { "yes" } else { "no" }.to_owned(),
        Some(Value::Array(values)) => {
            values.iter().map(|value| cell(Some(value))).collect::<Vec<_>>().join(", ")
        }
        Some(other) => other.to_string(),
    };
    text.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect()
}
