//! `aftertone prompts …`

use super::super::Failure;
use super::super::cli::PromptsCommand;
use super::super::prompts;

pub(super) fn run(command: PromptsCommand) -> Result<(), Failure> {
    match command {
        PromptsCommand::Build { lang, dir } => {
            let built = prompts::build(&dir, &lang)?;
            println!("{built}");
        }
        PromptsCommand::Check { dir } => {
            let checked = prompts::check(dir.as_deref())?;
            println!("{checked}");
        }
        PromptsCommand::Import { from, lang, dir } => {
            let imported = prompts::import(&from, &dir, &lang)?;
            println!("{imported}");
        }
    }
    Ok(())
}
