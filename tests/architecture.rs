//! The architecture is a test: rows of the code map, bans, opening lines and sizes.

#![expect(
    clippy::unwrap_used,
    reason = "a file of this project that cannot be read is a failure of the test"
)]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// Rows of the code map in `src/lib.rs`: a module imports only modules of the rows above its own.
const ROWS: &[(u8, &[&str])] = &[
    (0, &["domain", "clock"]),
    (1, &["audio", "speech", "written"]),
    (2, &["flow", "rtp", "sip"]),
    (3, &["store", "blob", "mail"]),
    (4, &["service"]),
    (5, &["media", "signal"]),
    (6, &["call", "outbox", "http"]),
    (7, &["app"]),
];

/// Words that may not stand in a module's code.
const BANS: &[(&str, &[&str])] = &[
    ("domain", &["tokio", "async fn", "sqlx", "axum"]),
    ("audio", &["tokio", "std::net", "async fn"]),
    ("speech", &["tokio", "std::net", "async fn"]),
    ("flow", &["tokio", "std::net", "std::fs", "async fn", "crate::clock"]),
    ("rtp", &["tokio", "UdpSocket", "async fn"]),
    ("sip", &["tokio", "UdpSocket", "async fn", "crate::media"]),
    ("store", &["axum", "object_store"]),
    ("blob", &["sqlx"]),
    ("mail", &["sqlx"]),
    ("service", &["axum", "lettre", "UdpSocket", "TcpStream"]),
    ("media", &["sqlx", "rsipstack", "crate::signal"]),
    ("signal", &["crate::media", "sqlx"]),
    ("call", &["sqlx", "axum", "lettre", "rsipstack"]),
    ("outbox", &["axum", "rsipstack", "crate::signal"]),
    ("http", &["sqlx", "lettre"]),
];

const MOST_LINES: usize = 400;

fn sources() -> Vec<(PathBuf, String)> {
    fn walk(folder: &Path, into: &mut Vec<(PathBuf, String)>) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                walk(&path, into);
            } else if path.extension().is_some_and(|ending| ending == "rs") {
                into.push((path.clone(), fs::read_to_string(&path).unwrap()));
            }
        }
    }
    let mut all = Vec::new();
    walk(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut all);
    assert!(all.len() > 20, "the sources were not found");
    all
}

/// The part of a file that is not its tests, without comments.
fn code(text: &str) -> String {
    text.lines()
        .take_while(|line| !line.starts_with("#[cfg(test)]"))
        .filter(|line| !line.trim_start().starts_with("//"))
        .collect::<Vec<_>>()
        .join("\n")
}

fn module(path: &Path) -> String {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let first = path.strip_prefix(root).unwrap().components().next().unwrap();
    first.as_os_str().to_string_lossy().trim_end_matches(".rs").to_owned()
}

fn is_test_file(path: &Path) -> bool {
    path.file_stem().is_some_and(|stem| stem.to_string_lossy().ends_with("tests"))
        || path.components().any(|part| part.as_os_str() == "tests")
}

#[test]
fn a_module_imports_only_the_rows_above_its_own() {
    let rows: BTreeMap<&str, u8> =
        ROWS.iter().flat_map(|(row, names)| names.iter().map(|name| (*name, *row))).collect();
    let mut wrong = Vec::new();
    for (path, text) in sources() {
        let own = module(&path);
        let Some(own_row) = rows.get(own.as_str()) else { continue };
        if is_test_file(&path) {
            continue;
        }
        for (name, row) in &rows {
            let imports = code(&text).contains(&format!("crate::{name}::"))
                || code(&text).contains(&format!("crate::{name};"));
            if imports && *name != own && row >= own_row {
                wrong.push(format!("{} (row {own_row}) imports {name} (row {row})", path.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn no_module_uses_what_its_row_forbids() {
    let mut wrong = Vec::new();
    for (path, text) in sources() {
        let own = module(&path);
        for (_, words) in BANS.iter().filter(|(name, _)| *name == own && !is_test_file(&path)) {
            for word in words.iter().filter(|word| code(&text).contains(**word)) {
                wrong.push(format!("{} uses {word}", path.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_file_opens_with_what_it_is() {
    let wrong: Vec<_> =
        sources().into_iter().filter(|(_, text)| !text.starts_with("//! ")).map(|(path, _)| path).collect();
    assert!(wrong.is_empty(), "{wrong:?}");
}

#[test]
fn no_file_outgrows_its_reader() {
    let wrong: Vec<_> = sources()
        .into_iter()
        .filter(|(path, _)| !is_test_file(path))
        .map(|(path, text)| (text.lines().take_while(|line| !line.starts_with("#[cfg(test)]")).count(), path))
        .filter(|(lines, _)| *lines > MOST_LINES)
        .collect();
    assert!(wrong.is_empty(), "longer than {MOST_LINES} lines: {wrong:?}");
}

#[test]
fn nothing_panics_or_waits_for_later_outside_of_tests() {
    let banned = [".unwrap()", "todo!(", "unimplemented!(", "panic!(", "TODO", "FIXME", "#[allow("];
    let mut wrong = Vec::new();
    for (path, text) in sources().into_iter().filter(|(path, _)| !is_test_file(path)) {
        let code = code(&text);
        for word in banned.iter().filter(|word| code.contains(**word)) {
            wrong.push(format!("{}: {word}", path.display()));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_readme_names_every_metric_and_no_other() {
    let names = |text: &str| -> std::collections::BTreeSet<String> {
        let is_part = |c: char| c.is_ascii_lowercase() || c == '_';
        let cut = |rest: &str| rest.chars().take_while(|c| is_part(*c)).collect::<String>();
        text.split("aftertone_").skip(1).map(cut).filter(|name| !name.is_empty()).collect()
    };
    // Names of metrics are whole string literals.
    let quoted = |text: &str| -> String {
        let literals =
            text.split("\"aftertone_").skip(1).map(|rest| format!("aftertone_{rest} ")).collect::<Vec<_>>();
        literals
            .iter()
            .filter_map(|text| text.split_once('"'))
            .map(|(name, _)| name)
            .collect::<Vec<_>>()
            .join(" ")
    };
    let used: std::collections::BTreeSet<String> = sources()
        .iter()
        .filter(|(path, _)| !is_test_file(path))
        .flat_map(|(_, text)| names(&quoted(text)))
        .collect();
    assert!(used.len() > 20, "{used:?}");
    let readme = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md")).unwrap();
    let told = names(&readme);
    let missing: Vec<_> = used.difference(&told).collect();
    let gone: Vec<_> = told.difference(&used).collect();
    assert!(missing.is_empty() && gone.is_empty(), "not in the README: {missing:?}; only there: {gone:?}");
}

#[test]
fn the_entry_point_stays_small() {
    let main = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("src/main.rs")).unwrap();
    assert!(main.lines().count() <= 40);
}

#[test]
fn both_databases_have_the_same_migrations() {
    let names = |dialect: &str| {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations").join(dialect);
        let mut names: Vec<_> =
            fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        names.sort();
        names
    };
    assert_eq!(names("sqlite"), names("postgres"));
}
