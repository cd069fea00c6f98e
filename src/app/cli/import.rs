//! `import` on the command line.

use std::path::PathBuf;

use clap::Subcommand;

use super::Json;

#[derive(Debug, Subcommand)]
pub(in crate::app) enum ImportCommand {
    /// Add and change users by a CSV file: all rows, or none when one has a fault.
    Users {
        /// The file: UTF-8, UTF-16 or Windows-1252, with `,`, `;` or tabs; the first line names the columns.
        file: PathBuf,
        /// Show what would change, and change nothing.
        #[arg(long)]
        dry_run: bool,
        /// Write the table with the result of each row to this file.
        #[arg(long, value_name = "OUT.csv")]
        result: Option<PathBuf>,
        #[command(flatten)]
        json: Json,
    },
    /// Print a table to begin with; its columns are explained with --help-columns.
    Template {
        /// Write it to this file instead.
        #[arg(long, value_name = "OUT.csv")]
        out: Option<PathBuf>,
        /// Explain the columns instead.
        #[arg(long)]
        help_columns: bool,
    },
    /// List imports, newest first.
    List(Json),
    /// Take a whole import back: who was added is removed, who was changed is as before.
    Rollback {
        /// Id of the import.
        id: String,
        /// Also put back mailboxes that were changed since.
        #[arg(long)]
        force: bool,
    },
}
