//! The command line as types; [`super::commands`] carries it out.

use std::path::PathBuf;

use clap::{Args as ClapArgs, Parser, Subcommand};

use super::telemetry::LogFormat;

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
    /// What all mailboxes inherit, and what happens to calls that reach none.
    #[command(subcommand)]
    Tenant(TenantCommand),
    /// Users and their mailboxes.
    #[command(subcommand)]
    User(UserCommand),
    /// Further numbers and aliases of a mailbox.
    #[command(subcommand)]
    Number(NumberCommand),
    /// Stored messages.
    #[command(subcommand)]
    Message(MessageCommand),
    /// Greetings and recorded names.
    #[command(subcommand)]
    Greeting(GreetingCommand),
    /// Links that were sent by mail.
    #[command(subcommand)]
    Link(LinkCommand),
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
}

#[derive(Debug, ClapArgs)]
pub(super) struct DemoArgs {
    /// End after the test call instead of serving on.
    #[arg(long)]
    pub once: bool,
}

#[derive(Debug, Subcommand)]
pub(super) enum TenantCommand {
    /// Show the settings.
    Show(Json),
    /// Change settings.
    Set(TenantSet),
}

#[derive(Debug, ClapArgs)]
pub(super) struct TenantSet {
    /// SIP domain that means this tenant; replaces all; may be given several times; empty for none.
    #[arg(long)]
    pub domain: Vec<String>,
    /// IANA zone of mailboxes that name none, for example Europe/Berlin.
    #[arg(long)]
    pub zone: Option<String>,
    /// Language of mailboxes that name none.
    #[arg(long)]
    pub language: Option<String>,
    /// Where 0 leads unless the mailbox says otherwise: a number or SIP URI; empty for nowhere.
    #[arg(long)]
    pub operator: Option<String>,
    /// For calls that reach no mailbox: announce, mailbox:NUMBER, or transfer:TARGET.
    #[arg(long, value_name = "ACTION")]
    pub default_action: Option<String>,
}

#[derive(Debug, Subcommand)]
pub(super) enum UserCommand {
    /// Add a user with a mailbox. With an e-mail address, messages are mailed as a link unless --mail says otherwise.
    Add(UserAdd),
    /// List users.
    List(Json),
    /// Show a user and the settings of the mailbox.
    Show {
        /// Extension of the mailbox.
        extension: String,
        #[command(flatten)]
        json: Json,
    },
    /// Change a user or the settings of the mailbox.
    Set(Box<UserSet>),
    /// Remove a user. The messages stay restorable for 30 days.
    Remove {
        /// Extension of the mailbox.
        extension: String,
    },
}

#[derive(Debug, ClapArgs)]
pub(super) struct Json {
    /// Print JSON.
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, ClapArgs)]
pub(super) struct UserAdd {
    /// Number of the mailbox, 2 to 10 digits.
    #[arg(long)]
    pub extension: String,
    /// First name.
    #[arg(long, default_value = "")]
    pub first: String,
    /// Last name.
    #[arg(long, default_value = "")]
    pub last: String,
    /// E-mail address; may be given several times.
    #[arg(long)]
    pub email: Vec<String>,
    /// Mail mode for the addresses: none, link, brief-link, attachment-new, -saved, -trash, brief-attachment-new, …
    #[arg(long)]
    pub mail: Option<String>,
    /// PIN for the phone, 4 to 12 digits.
    #[arg(long)]
    pub pin: Option<String>,
    #[command(flatten)]
    pub json: Json,
}

#[derive(Debug, ClapArgs)]
pub(super) struct UserSet {
    /// Extension of the mailbox.
    pub extension: String,
    /// First name.
    #[arg(long)]
    pub first: Option<String>,
    /// Last name.
    #[arg(long)]
    pub last: Option<String>,
    /// New PIN.
    #[arg(long)]
    pub pin: Option<String>,
    /// ADDRESS=MODE; replaces all addresses; may be given several times.
    #[arg(long, value_name = "ADDRESS=MODE")]
    pub mail: Vec<String>,
    /// Attachments as mp3 or wav.
    #[arg(long, value_name = "mp3|wav")]
    pub attachment: Option<String>,
    /// Off: callers hear that no messages are taken.
    #[arg(long, value_name = "true|false")]
    pub enabled: Option<bool>,
    /// Play the greeting and take no message.
    #[arg(long, value_name = "true|false")]
    pub announcement_only: Option<bool>,
    /// Say how to leave a message before the tone.
    #[arg(long, value_name = "true|false")]
    pub instructions: Option<bool>,
    /// Keep messages without speech.
    #[arg(long, value_name = "true|false")]
    pub keep_no_speech: Option<bool>,
    /// Mail also what is only a busy, dial or fax tone.
    #[arg(long, value_name = "true|false")]
    pub mail_tones: Option<bool>,
    /// Tone before recording: `none`, or hertz and milliseconds as `1000/400`.
    #[arg(long, value_name = "none|HZ/MS")]
    pub tone: Option<String>,
    /// Longest message, for example 3m.
    #[arg(long, value_name = "TIME")]
    pub max_message: Option<String>,
    /// Silence that ends a recording, for example 5s.
    #[arg(long, value_name = "TIME")]
    pub silence: Option<String>,
    /// Less speech than this is "no speech", for example 1s.
    #[arg(long, value_name = "TIME")]
    pub min_speech: Option<String>,
    /// Where 0 leads: a number or SIP URI; empty for the tenant's.
    #[arg(long)]
    pub operator: Option<String>,
    /// Most messages; 0 for no limit.
    #[arg(long)]
    pub max_messages: Option<u32>,
    /// Most bytes of audio; 0 for no limit.
    #[arg(long)]
    pub max_bytes: Option<u64>,
    /// IANA zone for times in mails; empty for the tenant's.
    #[arg(long)]
    pub zone: Option<String>,
    /// Language of the prompts; empty for the tenant's.
    #[arg(long)]
    pub language: Option<String>,
}

#[derive(Debug, Subcommand)]
pub(super) enum NumberCommand {
    /// Let a number or alias lead to a mailbox.
    Add {
        /// E.164 or national digits, or the user part of a SIP URI.
        number: String,
        /// Extension of the mailbox.
        #[arg(long)]
        mailbox: String,
        /// Shown as "called as" in mails and lists.
        #[arg(long)]
        label: Option<String>,
    },
    /// List numbers and aliases.
    List(Json),
    /// Remove a number or alias.
    Remove {
        /// The number or alias.
        number: String,
        /// Extension of the mailbox it leads to.
        #[arg(long)]
        mailbox: String,
    },
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
        /// Play it from this time on (RFC 3339).
        #[arg(long, value_name = "TIME")]
        from: Option<String>,
        /// Play it until this time (RFC 3339).
        #[arg(long, value_name = "TIME")]
        until: Option<String>,
    },
    /// List the greetings of a mailbox.
    List {
        /// Extension of the mailbox.
        #[arg(long)]
        mailbox: String,
        #[command(flatten)]
        json: Json,
    },
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

#[derive(Debug, Subcommand)]
pub(super) enum LinkCommand {
    /// Revoke every link to a message.
    Revoke {
        /// Id of the message.
        message: String,
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
    /// Keys and waits, for example "1,w2,482913#": digits are pressed, wN waits N seconds, t waits for the tone, p plays the file.
    #[arg(long)]
    pub keys: Option<String>,
    /// Send keys as tones in the sound instead of telephone-events (RFC 4733), and offer none.
    #[arg(long)]
    pub in_band: bool,
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

#[derive(Debug, Subcommand)]
pub(super) enum PromptsCommand {
    /// Speak every phrase of a language into audio files (needs flite or espeak-ng).
    Build {
        /// Language.
        #[arg(long, default_value = "en")]
        lang: String,
        /// Folder that holds one folder a language.
        #[arg(long, default_value = "prompts")]
        dir: PathBuf,
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
    /// Check that every phrase a call can say exists in every language.
    Check {
        /// Folder that holds one folder a language; default: the built-in ones.
        #[arg(long)]
        dir: Option<PathBuf>,
    },
}
