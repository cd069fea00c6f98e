//! `aftertone prompts …`

use super::super::Failure;
use super::super::cli::PromptsCommand;
use super::super::prompts::{self, Checked};

pub(super) fn run(command: PromptsCommand) -> Result<(), Failure> {
    match command {
        PromptsCommand::Build { lang, dir, anew } => {
            let built = prompts::build(&dir, &lang, anew)?;
            let (seconds, kib) = (built.length.as_secs(), built.bytes / 1024);
            println!(
                "{lang}: {} clips, {seconds} s, {kib} KiB; {} spoken, {} written, {} removed",
                built.clips, built.spoken, built.written, built.removed
            );
        }
        PromptsCommand::Import { from, lang, dir } => {
            let imported = prompts::import(&from, &dir, &lang)?;
            for (file, problem) in &imported.refused {
                eprintln!("aftertone: {} is not used: {problem}", file.display());
            }
            let (taken, missing) = (imported.taken.len(), imported.missing.len());
            println!("{lang}: {taken} clips taken, {missing} not recorded and left as they were");
            for clip in &imported.missing {
                println!("  {clip}");
            }
            println!("To use them: voicemail.prompts = {:?}", dir.display().to_string());
            if taken == 0 {
                return Err(Failure::refused("no file could be used"));
            }
        }
        PromptsCommand::Check { lang, dir, json } => {
            return check(&prompts::check(dir.as_deref(), lang.as_deref())?, json.json);
        }
    }
    Ok(())
}

fn check(checked: &[Checked], as_json: bool) -> Result<(), Failure> {
    let faults: usize = checked.iter().map(|language| language.faults.len()).sum();
    if as_json {
        let all: Vec<_> = checked.iter().map(language_json).collect();
        println!("{}", serde_json::to_string_pretty(&all).unwrap_or_default());
    } else {
        checked.iter().for_each(show);
    }
    match faults {
        0 => Ok(()),
        1 => Err(Failure::refused("one fault in the prompts")),
        more => Err(Failure::refused(format!("{more} faults in the prompts"))),
    }
}

fn language_json(language: &Checked) -> serde_json::Value {
    serde_json::json!({
        "language": language.language,
        "clips": language.clips,
        "seconds": language.length.as_secs(),
        "complete": language.faults.is_empty(),
        "faults": language.faults,
    })
}

fn show(language: &Checked) {
    let state = match language.faults.len() {
        0 => "complete".to_owned(),
        1 => "one fault".to_owned(),
        more => format!("{more} faults"),
    };
    println!("{}: {} clips, {} s: {state}", language.language, language.clips, language.length.as_secs());
    for fault in &language.faults {
        println!("  {}: {}: {}", fault.place, fault.problem, fault.remedy);
    }
}
