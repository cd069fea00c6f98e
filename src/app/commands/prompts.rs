//! `aftertone prompts …`

use super::super::Failure;
use super::super::cli::PromptsCommand;
use super::super::prompts;

pub(super) fn run(command: PromptsCommand) -> Result<(), Failure> {
    match command {
        PromptsCommand::Build { lang, dir } => {
            let built = prompts::build(&dir, &lang)?;
            let (seconds, kib) = (built.length.as_secs(), built.bytes / 1024);
            println!(
                "{lang}: {} clips, {seconds} s, {kib} KiB; {} written, {} removed",
                built.clips, built.written, built.removed
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
        PromptsCommand::Check { dir } => {
            for language in prompts::check(dir.as_deref())? {
                println!(
                    "{}: {} clips, {} s: complete",
                    language.language,
                    language.clips,
                    language.length.as_secs()
                );
                for remark in &language.remarks {
                    println!("  {remark}");
                }
            }
        }
    }
    Ok(())
}
