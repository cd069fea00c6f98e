//! `key` on the command line.

use clap::Subcommand;

use super::Json;

#[derive(Debug, Subcommand)]
pub(in crate::app) enum KeyCommand {
    /// Make a key. It is shown this once.
    Add {
        /// What it is for.
        name: String,
        /// What it may (see `key scopes`); may be given several times.
        #[arg(long, required = true)]
        scope: Vec<String>,
        /// Only what this user may.
        #[arg(long, value_name = "EXTENSION")]
        user: Option<String>,
        /// Works for so long, for example 90d; default: until it is revoked.
        #[arg(long, value_name = "TIME")]
        expires: Option<String>,
        #[command(flatten)]
        json: Json,
    },
    /// List keys; never their secrets.
    List(Json),
    /// Take a key back at once.
    Revoke {
        /// Id of the key.
        id: String,
    },
    /// List what keys may be given.
    Scopes,
}
