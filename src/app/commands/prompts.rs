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
