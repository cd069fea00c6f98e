//! The command line as types; [`super::commands`] carries it out.

mod access;
mod answering;
mod import;
mod people;
mod phones;
mod sound;

use std::path::PathBuf;

use clap::{Args as ClapArgs, Parser, Subcommand};

use super::telemetry::LogFormat;

pub(super) use access::{KeyCommand, WebhookCommand};
pub(super) use answering::{
    BlockCommand, FrameAdd, FrameOf, RuleAdd, RuleCommand, RulePhones, RuleThen, TimeFrameCommand,
};
pub(super) use import::ImportCommand;
pub(super) use people::{TenantAdd, TenantCommand, TenantSet, UserAdd, UserCommand, UserSet};
pub(super) use phones::{
    ExtensionCommand, ExtensionTakeover, HandsetCommand, HandsetSet, NumberAssign, NumberCommand,
};
pub(super) use sound::{KeysCommand, PromptsCommand};

/// Voicemail for SIP phone systems.
#[derive(Debug, Parser)]
#[command(name = "aftertone", version, about, max_term_width = 100)]
pub(super) struct Args {
    /// Configuration file (TOML). Every key has a default and can be set as AFTERTONE__SECTION__KEY.
    #[arg(long, global = true, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Folder for the database, audio, recordings in progress and mail files.
    #[arg(long, global = true, value_name = "DIR", default_value = "aftertone-data")]
    pub data: PathBuf,
    /// Whose users, mailboxes and settings the command is about, where there are several tenants.
    #[arg(long, global = true, value_name = "NAME")]
    pub tenant: Option<String>,
    /// Look of the log on standard error; its level is RUST_LOG.
    #[arg(long, global = true, value_enum, default_value_t)]
    pub log_format: LogFormat,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// A server with two users on an embedded default; a test call leaves a message; then it keeps serving.
    Demo(DemoArgs),
    /// Run the server. SIGTERM lets running calls end (up to 60 s); SIGHUP reads the configuration again.
    Serve,
    /// Check configuration, database, object store, mail, ports and prompts; say what to do.
    Check,
    /// Closed worlds of users; what all mailboxes of one inherit, and what happens to calls that reach none.
    #[command(subcommand)]
    Tenant(TenantCommand),
    /// Users and their mailboxes.
    #[command(subcommand)]
    User(UserCommand),
    /// Numbers and aliases: the inventory, where each leads, and where it rings.
    #[command(subcommand)]
    Number(NumberCommand),
    /// Phones and adapters, as provisioning reads them.
    #[command(subcommand)]
    Handset(HandsetCommand),
    /// Extensions that go from one person to another.
    #[command(subcommand)]
    Extension(ExtensionCommand),
    /// When the office is open, closed or on holiday.
    #[command(subcommand)]
    Timeframe(TimeFrameCommand),
    /// Answering rules: which calls get what, and when.
    #[command(subcommand)]
    Rule(RuleCommand),
    /// Callers who are turned away, or let through.
    #[command(subcommand)]
    Block(BlockCommand),
    /// Add and change many users at once by a CSV file.
    #[command(subcommand)]
    Import(ImportCommand),
    /// Stored messages.
    #[command(subcommand)]
    Message(MessageCommand),
    /// Greetings and recorded names.
    #[command(subcommand)]
    Greeting(GreetingCommand),
    /// Links that were sent by mail.
    #[command(subcommand)]
    Link(LinkCommand),
    /// The audio directory: whom callers find by which keys.
    #[command(subcommand)]
    Directory(DirectoryCommand),
    /// Phones whose lamp shows whether messages wait.
    #[command(subcommand)]
    Lamp(LampCommand),
    /// The outbox: mails that wait, are done or were given up.
    #[command(subcommand)]
    Job(JobCommand),
    /// Which mailbox, greeting and rule a call would get, and why.
    Explain(ExplainArgs),
    /// A test phone: place a call, play a file, press keys, record what is heard.
    Call(CallArgs),
    /// Spoken prompts.
    #[command(subcommand)]
    Prompts(PromptsCommand),
    /// Keys of the owners' menus.
    #[command(subcommand)]
    Keys(KeysCommand),
    /// API keys: what programs come in with.
    #[command(subcommand)]
    Key(KeyCommand),
    /// Webhooks: programs that are told what happens.
    #[command(subcommand)]
    Webhook(WebhookCommand),
}

#[derive(Debug, ClapArgs)]
pub(super) struct DemoArgs {
    /// End after the test call instead of serving on.
    #[arg(long)]
    pub once: bool,
}

#[derive(Debug, ClapArgs)]
pub(super) struct Json {
    /// Print JSON.
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, Subcommand)]
pub(super) enum MessageCommand {
    /// List messages, newest first.
    List {
        /// Extension of the mailbox.
        #[arg(long)]
        mailbox: String,
        /// inbox, saved or trash.
        #[arg(long, default_value = "inbox")]
        folder: String,
        #[command(flatten)]
        json: Json,
    },
    /// Write a message as PCM 16-bit WAV.
    Export {
        /// Id of the message.
        id: String,
        /// The file to write.
        #[arg(long, value_name = "FILE.wav")]
        out: PathBuf,
    },
    /// Mark or move a message, as its owner does by phone; lamps follow.
    Mark {
        /// Id of the message.
        id: String,
        /// heard, new, saved, work, family, friends, untagged, inbox, trash or restore.
        #[arg(value_name = "MARK")]
        mark: String,
    },
    /// Show where a message went: stored, mailed, opened, heard.
    Ledger {
        /// Id of the message.
        id: String,
        #[command(flatten)]
        json: Json,
    },
}

#[derive(Debug, Subcommand)]
pub(super) enum GreetingCommand {
    /// Set a greeting from a WAV, MP3, OGG, FLAC or M4A file.
    Set {
        /// Extension of the mailbox.
        #[arg(long)]
        mailbox: String,
        /// away, busy, internal, holiday, closed, standard or name.
        #[arg(long)]
        kind: String,
        /// The file.
        #[arg(long)]
        file: PathBuf,
        /// What it is called, which no other greeting of the mailbox may be; default: the file's name.
        #[arg(long)]
        name: Option<String>,
        /// Play it from this time on (RFC 3339).
        #[arg(long, value_name = "TIME")]
        from: Option<String>,
        /// Play it until this time (RFC 3339).
        #[arg(long, value_name = "TIME")]
        until: Option<String>,
        /// Only keep it, for a number or alias: what plays now goes on playing.
        #[arg(long)]
        aside: bool,
    },
    /// List the greetings of a mailbox.
    List {
        /// Extension of the mailbox.
        #[arg(long)]
        mailbox: String,
        #[command(flatten)]
        json: Json,
    },
    /// Call a phone, so that the greeting is recorded there: after the tone speak, press #, then 2 to keep it.
    CallMe(CallMeArgs),
    /// Switch a greeting off.
    Clear {
        /// Extension of the mailbox.
        #[arg(long)]
        mailbox: String,
        /// Its kind.
        #[arg(long)]
        kind: String,
    },
}

#[derive(Debug, ClapArgs)]
pub(super) struct CallMeArgs {
    /// Extension of the mailbox.
    #[arg(long)]
    pub mailbox: String,
    /// away, busy, internal, holiday, closed, standard or name.
    #[arg(long, default_value = "standard")]
    pub kind: String,
    /// The number to call; default: the extension.
    #[arg(long, value_name = "NUMBER")]
    pub to: Option<String>,
    /// What the greeting is to be called, which no other one of the mailbox may be.
    #[arg(long)]
    pub name: Option<String>,
    /// Print each step as a line of JSON.
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, Subcommand)]
pub(super) enum LinkCommand {
    /// Revoke every link to a message.
    Revoke {
        /// Id of the message.
        message: String,
    },
}

#[derive(Debug, Subcommand)]
pub(super) enum DirectoryCommand {
    /// Whom these keys (or letters) find. Only people with a recorded name who want to be found are.
    Find {
        /// For example 568 or lov.
        keys: String,
        #[command(flatten)]
        json: Json,
    },
    /// Which words of a name callers may type, and whether people without a recorded name are found and spelled.
    Set {
        /// any, last or first.
        #[arg(long, value_name = "any|last|first")]
        by: Option<String>,
        /// Find also people without a recorded name.
        #[arg(long, value_name = "true|false")]
        spell: Option<bool>,
    },
}

#[derive(Debug, Subcommand)]
pub(super) enum LampCommand {
    /// List who is told about which mailbox, and what was told and confirmed last.
    List(Json),
    /// Tell a phone or phone system about a mailbox without being asked (NOTIFY).
    Add {
        /// Extension of the mailbox.
        #[arg(long)]
        mailbox: String,
        /// Where the NOTIFY goes, for example sip:1001@pbx.example.org.
        #[arg(long, value_name = "URI")]
        to: String,
    },
    /// Tell it no more.
    Remove {
        /// Id of the lamp.
        id: String,
    },
}

#[derive(Debug, Subcommand)]
pub(super) enum JobCommand {
    /// List jobs, newest first.
    List {
        /// queued, running, retry, done or dead.
        #[arg(long)]
        state: Option<String>,
        /// Most rows.
        #[arg(long, default_value_t = 100)]
        limit: u32,
        #[command(flatten)]
        json: Json,
    },
    /// Try a dead or waiting job again at once.
    Retry {
        /// Id of the job.
        id: String,
    },
}

#[derive(Debug, ClapArgs)]
pub(super) struct ExplainArgs {
    /// Request-URI (and To) of the call, for example sip:1001@pbx.example.org.
    #[arg(long)]
    pub to: String,
    /// From of the call.
    #[arg(long, default_value = "sip:anonymous@anonymous.invalid")]
    pub from: String,
    /// Diversion header value, topmost first; may be given several times.
    #[arg(long)]
    pub diversion: Vec<String>,
    /// History-Info header value; may be given several times.
    #[arg(long)]
    pub history_info: Vec<String>,
    /// Any other header as `Name: value`; may be given several times.
    #[arg(long)]
    pub header: Vec<String>,
    /// The trunk it comes over.
    #[arg(long)]
    pub trunk: Option<String>,
    /// The time of the call (RFC 3339); default: now.
    #[arg(long)]
    pub at: Option<String>,
    #[command(flatten)]
    pub json: Json,
}

#[derive(Debug, ClapArgs)]
pub(super) struct CallArgs {
    /// Whom to call, for example sip:1001@127.0.0.1:5060 (`;transport=tcp` for TCP).
    pub target: String,
    /// Who calls.
    #[arg(long, default_value = "sip:test@127.0.0.1")]
    pub from: String,
    /// Display name of the caller.
    #[arg(long)]
    pub name: Option<String>,
    /// An audio file to play once the tone was heard (or at the key `p` of --keys).
    #[arg(long, value_name = "FILE")]
    pub wav: Option<PathBuf>,
    /// Keys and waits, for example "1,w2,482913#": digits are pressed, wN waits N seconds, t waits for the tone,
    /// s until something was said and is over, p plays the file.
    #[arg(long)]
    pub keys: Option<String>,
    /// Send keys as tones in the sound instead of telephone-events (RFC 4733), and offer none.
    #[arg(long)]
    pub in_band: bool,
    /// How long each key sounds, and the pause after it, in milliseconds.
    #[arg(long, default_value_t = 120, value_parser = clap::value_parser!(u16).range(40..=1000))]
    pub key_ms: u16,
    /// Proves this digest account when it is asked to; the password comes from AFTERTONE_CALL_PASSWORD.
    #[arg(long)]
    pub user: Option<String>,
    /// Realm of that account.
    #[arg(long, default_value = "aftertone")]
    pub realm: String,
    /// Write what is heard to this WAV file.
    #[arg(long, value_name = "FILE.wav")]
    pub record: Option<PathBuf>,
    /// Further header, for example "Diversion: <sip:1001@pbx>;reason=no-answer"; may be given several times.
    #[arg(long)]
    pub header: Vec<String>,
    /// Codec offered: pcmu, pcma, g722 or opus; may be given several times.
    #[arg(long)]
    pub codec: Vec<String>,
    /// Hang up after so long.
    #[arg(long, default_value = "60s")]
    pub limit: String,
}
