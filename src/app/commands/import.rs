//! `aftertone import …`.

use std::io::{IsTerminal as _, Write as _};
use std::path::Path;

use serde_json::{Value, json};

use crate::service::import::{
    CellFault, Column, Difference, Done, Imports, LARGEST, Preview, Progress, Row, Table, What, result_csv,
    template_csv,
};
use crate::store::Import;

use super::super::Failure;
use super::super::cli::ImportCommand;
use super::super::server;
use super::{ACTOR, Session, print, read};

/// Rows of a preview that are printed; the result file has all.
const MOST_SHOWN: usize = 200;

pub(super) async fn import(session: &Session, command: ImportCommand) -> Result<(), Failure> {
    match command {
        ImportCommand::Users { file, dry_run, result, json } => {
            users(session, &file, dry_run, result.as_deref(), json.json).await
        }
        ImportCommand::Template { help_columns: true, .. } => {
            for column in Column::ALL {
                println!("{:<20} {}", column.as_str(), column.meaning());
            }
            Ok(())
        }
        ImportCommand::Template { out: Some(out), .. } => write(&out, &template_csv()),
        ImportCommand::Template { out: None, .. } => {
            print!("{}", template_csv());
            Ok(())
        }
        ImportCommand::List(json) => {
            let (imports, tenant) = open(session).await?;
            let rows: Vec<Value> = imports.list(tenant).await?.iter().map(listed).collect();
            let columns = ["id", "label", "made_at", "added", "changed", "unchanged", "rolled_back_at"];
            print::rows(json.json, &columns, &rows);
            Ok(())
        }
        ImportCommand::Rollback { id, force } => {
            let (imports, tenant) = open(session).await?;
            imports.roll_back(tenant, read(&id)?, force).await?;
            println!("import {id} is taken back");
            Ok(())
        }
    }
}

async fn open(session: &Session) -> Result<(Imports, crate::domain::TenantId), Failure> {
    let (base, tenant) = session.open().await?;
    let voicemail = &session.config.voicemail;
    let (defaults, pins) = (voicemail.defaults(), voicemail.pins());
    let prompts = server::prompts(&session.config)?;
    let languages = prompts.languages().map(str::to_owned).collect();
    let imports =
        Imports::new(base.store, session.clock.clone(), defaults, pins).with_languages(languages).by(ACTOR);
    Ok((imports, tenant.id))
}

async fn users(
    session: &Session,
    file: &Path,
    dry_run: bool,
    result: Option<&Path>,
    as_json: bool,
) -> Result<(), Failure> {
    let bytes = super::read_file(file, LARGEST).await?;
    let table = Table::read(&bytes)?;
    let (imports, tenant) = open(session).await?;
    let preview = imports.preview(tenant, &table).await?;
    let faults = preview.faults();
    if dry_run || faults > 0 {
        if let Some(result) = result {
            write(result, &result_csv(&table, &preview, &[], Done::Nothing))?;
        }
        show(&table, &preview, None, as_json);
        return match faults {
            0 => Ok(()),
            1 => Err(Failure::refused("1 row has faults, so nothing is imported: mend it and import again")),
            many => Err(Failure::refused(format!(
                "{many} rows have faults, so nothing is imported: mend them and import again"
            ))),
        };
    }
    let label = file.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let done = imports.apply(tenant, &table, &label, &tell).await?;
    if let Some(result) = result {
        write(result, &result_csv(&table, &done.preview, &[], Done::Imported))?;
    }
    show(&table, &done.preview, done.import.as_ref(), as_json);
    Ok(())
}

/// Progress, for people who wait.
fn tell(progress: Progress) {
    let mut out = std::io::stderr();
    if !out.is_terminal() {
        return;
    }
    let (what, done, all) = match progress {
        Progress::Hashing(done, all) => ("PINs", done, all),
        Progress::Writing(done, all) => ("users", done, all),
    };
    // Nothing depends on whether it can be seen.
    let _ = write!(out, "\r{what}: {done} of {all}{}", if done == all { "\n" } else { "" });
}

fn write(file: &Path, text: &str) -> Result<(), Failure> {
    std::fs::write(file, text)
        .map_err(|error| Failure::refused(format!("{} cannot be written: {error}", file.display())))
}

fn show(table: &Table, preview: &Preview, import: Option<&Import>, as_json: bool) {
    let count = |result: &str| preview.rows.iter().filter(|row| result_of(&row.what) == result).count();
    let [added, changed, unchanged, faulty] = ["add", "change", "unchanged", "error"].map(count);
    if as_json {
        let rows: Vec<Value> = preview.rows.iter().map(row).collect();
        print::thing(
            true,
            &json!({
                "id": import.map(|import| import.id),
                "encoding": table.encoding.as_str(),
                "separator": table.separator,
                "ignored_columns": preview.ignored,
                "add": added, "change": changed, "unchanged": unchanged, "error": faulty,
                "rows": rows,
            }),
        );
        return;
    }
    if !preview.ignored.is_empty() {
        println!("columns that mean nothing here: {}", preview.ignored.join(", "));
    }
    let wanted = preview.rows.iter().filter(|row| import.is_none() && row.what != What::Unchanged);
    // Those with faults first: they are what has to be mended.
    let (faults, others): (Vec<&Row>, Vec<&Row>) = wanted.partition(|row| matches!(row.what, What::Fault(_)));
    let shown: Vec<Value> = faults.into_iter().chain(others).take(MOST_SHOWN).map(row).collect();
    if import.is_none() && !shown.is_empty() {
        print::rows(false, &["line", "extension", "result", "what"], &shown);
    }
    println!(
        "{added} {}, {changed} {}, {unchanged} unchanged, {faulty} with faults",
        if import.is_some() { "added" } else { "to add" },
        if import.is_some() { "changed" } else { "to change" },
    );
    if let Some(import) = import {
        println!("import {}; to take it back: aftertone import rollback {}", import.id, import.id);
    }
}

const fn result_of(what: &What) -> &'static str {
    match what {
        What::Add(_) => "add",
        What::Change(_) => "change",
        What::Unchanged => "unchanged",
        What::Fault(_) => "error",
    }
}

fn row(row: &Row) -> Value {
    let difference = |Difference { column, old, new }: &Difference| match old.is_empty() {
        true => format!("{}: {new}", column.as_str()),
        false => format!("{}: {old} -> {}", column.as_str(), if new.is_empty() { "nothing" } else { new }),
    };
    let what: Vec<String> = match &row.what {
        What::Add(differences) | What::Change(differences) => differences.iter().map(difference).collect(),
        What::Unchanged => Vec::new(),
        What::Fault(faults) => {
            faults.iter().map(|CellFault { column, why }| format!("{}: {why}", column.as_str())).collect()
        }
    };
    json!({"line": row.line, "extension": row.extension, "result": result_of(&row.what), "what": what})
}

fn listed(import: &Import) -> Value {
    json!({
        "id": import.id,
        "label": import.label,
        "made_at": import.made_at,
        "added": import.added,
        "changed": import.changed,
        "unchanged": import.unchanged,
        "rolled_back_at": import.rolled_back_at,
        "can_roll_back": import.can_roll_back,
    })
}
