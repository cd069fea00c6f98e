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

#[derive(Debug, Subcommand)]
pub(in crate::app) enum WebhookCommand {
    /// Tell a program what happens. Its secret is shown this once.
    Add {
        /// What it is for.
        name: String,
        /// Where it is told, https.
        url: String,
        /// What it wants to know (see `webhook events`); may be given several times; default: everything.
        #[arg(long)]
        event: Vec<String>,
        /// Tell it who called.
        #[arg(long)]
        callers: bool,
        #[command(flatten)]
        json: Json,
    },
    /// List webhooks; never their secrets.
    List(Json),
    /// List what a webhook was told, newest first.
    Deliveries {
        /// Id of the webhook.
        id: String,
        #[command(flatten)]
        json: Json,
    },
    /// Send webhook.test, and wait for what comes of it. A server must run.
    Test {
        /// Id of the webhook.
        id: String,
    },
    /// Tell it one thing again, or everything since a time.
    Replay {
        /// Id of the webhook.
        id: String,
        /// Id of a delivery.
        #[arg(long, conflicts_with = "since", required_unless_present = "since")]
        delivery: Option<String>,
        /// RFC 3339, for example 2027-01-07T08:00:00Z.
        #[arg(long)]
        since: Option<String>,
    },
    /// Tell it nothing for now; what happens waits.
    Pause {
        /// Id of the webhook.
        id: String,
    },
    /// Tell it again, beginning with what waits.
    Resume {
        /// Id of the webhook.
        id: String,
    },
    /// Make a new secret, shown this once; the one before signs as well for a day.
    Rotate {
        /// Id of the webhook.
        id: String,
    },
    /// Remove it, with all that it was or was to be told.
    Remove {
        /// Id of the webhook.
        id: String,
    },
    /// List what webhooks can be told of.
    Events,
}
