//! `aftertone keys …`

use std::path::Path;
use std::sync::Arc;

use crate::flow::keys::{Profile, card};

use super::super::Failure;
use super::super::cli::KeysCommand;
use super::Session;

pub(super) fn run(session: &Session, command: KeysCommand) -> Result<(), Failure> {
    match command {
        KeysCommand::Card { profile, json } => {
            let profile = match profile {
                None => Arc::clone(&session.config.voicemail.keys),
                Some(name) => match Profile::built_in(&name) {
                    Some(profile) => profile,
                    None => Arc::new(read(Path::new(&name))?),
                },
            };
            show(&profile, json.json)
        }
        KeysCommand::Check { file } => {
            let profile = read(&file)?;
            println!("{}: every menu has help and a way out; what waits is announced", profile.title());
            Ok(())
        }
    }
}

fn read(file: &Path) -> Result<Profile, Failure> {
    let text = std::fs::read_to_string(file).map_err(|error| {
        let names = Profile::names().collect::<Vec<_>>().join(", ");
        Failure::refused(format!("{}: {error}; profiles of the program are {names}", file.display()))
    })?;
    let name = file.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
    Profile::parse(&name, &text).map_err(|faults| {
        let lines: Vec<String> = faults.0.iter().map(|fault| format!("\n  {fault}")).collect();
        Failure::refused(format!("{} cannot be used:{}", file.display(), lines.concat()))
    })
}

fn show(profile: &Profile, json: bool) -> Result<(), Failure> {
    let menus = card(profile);
    if json {
        println!("{}", serde_json::to_string_pretty(&menus).unwrap_or_default());
        return Ok(());
    }
    println!("{}", profile.title());
    for menu in menus {
        println!("\n{}", menu.title);
        for line in menu.keys {
            let waits = if line.waits { "  (waits 1.5 s)" } else { "" };
            println!("  {:<4} {}{waits}", line.keys, line.does);
        }
    }
    Ok(())
}
