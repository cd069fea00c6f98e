//! `keys` (of the owners' menus) and `prompts` on the command line.

use std::path::PathBuf;

use clap::Subcommand;

use super::Json;

#[derive(Debug, Subcommand)]
pub(in crate::app) enum KeysCommand {
    /// Print the card of a key profile: what each key does in each menu.
    Card {
        /// default, asterisk, freeswitch, cisco, or a file; default: that of the configuration.
        #[arg(long)]
        profile: Option<String>,
        #[command(flatten)]
        json: Json,
    },
    /// Check a key profile of your own; name every fault.
    Check {
        /// The file.
        file: PathBuf,
    },
}

#[derive(Debug, Subcommand)]
pub(in crate::app) enum PromptsCommand {
    /// Speak the phrases of a language that have no clip yet, or a clip of other words (needs flite or espeak-ng).
    Build {
        /// Language.
        #[arg(long, default_value = "en")]
        lang: String,
        /// Folder that holds one folder a language.
        #[arg(long, default_value = "prompts")]
        dir: PathBuf,
        /// Speak them all anew.
        #[arg(long)]
        anew: bool,
    },
    /// Take recordings of people instead of the built-in voice; what was not recorded stays.
    Import {
        /// Folder of recordings (WAV, FLAC, OGG, MP3): one a clip, named by it, or laid out like Asterisk's core sounds.
        from: PathBuf,
        /// Language.
        #[arg(long, default_value = "en")]
        lang: String,
        /// Prompt folder to write, for the key `voicemail.prompts`.
        #[arg(long, default_value = "aftertone-prompts")]
        dir: PathBuf,
    },
    /// Check that every language can say all that calls say, and that its clips are sound; name every fault.
    Check {
        /// Only this language.
        #[arg(long)]
        lang: Option<String>,
        /// Folder that holds one folder a language; default: the built-in ones.
        #[arg(long)]
        dir: Option<PathBuf>,
        #[command(flatten)]
        json: Json,
    },
}
