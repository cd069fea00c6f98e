//! `timeframe`, `rule` and `block` on the command line.

use std::path::PathBuf;

use clap::{Args as ClapArgs, Subcommand};

use super::Json;

#[derive(Debug, Subcommand)]
pub(in crate::app) enum TimeFrameCommand {
    /// Keep a time frame: of one mailbox, or of every mailbox of the tenant.
    Add(FrameAdd),
    /// List time frames, whether they are active, and until when.
    List {
        #[command(flatten)]
        whose: FrameOf,
        /// As of this time (RFC 3339); default: now.
        #[arg(long, value_name = "TIME")]
        at: Option<String>,
        #[command(flatten)]
        json: Json,
    },
    /// Show a time frame with its spans.
    Show {
        /// Its name.
        name: String,
        #[command(flatten)]
        whose: FrameOf,
        /// As of this time (RFC 3339); default: now.
        #[arg(long, value_name = "TIME")]
        at: Option<String>,
        #[command(flatten)]
        json: Json,
    },
    /// Remove a time frame that no rule names.
    Remove {
        /// Its name.
        name: String,
        #[command(flatten)]
        whose: FrameOf,
    },
    /// Keep the public holidays of a country as a time frame, in place of an earlier one of that name.
    Holidays {
        /// Its code (ISO 3166-1), for example de.
        country: String,
        /// Name of the time frame; default: "Public holidays: Germany".
        #[arg(long, default_value = "")]
        name: String,
        /// IANA zone; default: the mailbox's or tenant's.
        #[arg(long)]
        zone: Option<String>,
        #[command(flatten)]
        whose: FrameOf,
    },
    /// Keep the whole-day events of a calendar file (iCalendar) as a time frame, in place of an earlier one of that name.
    Import {
        /// Name of the time frame.
        name: String,
        /// The file (.ics).
        file: PathBuf,
        /// open, closed, holiday or custom.
        #[arg(long = "use", value_name = "USE", default_value = "holiday")]
        purpose: String,
        /// IANA zone; default: the mailbox's or tenant's.
        #[arg(long)]
        zone: Option<String>,
        #[command(flatten)]
        whose: FrameOf,
    },
}

/// Whose it is.
#[derive(Debug, ClapArgs)]
pub(in crate::app) struct FrameOf {
    /// Extension of the mailbox; without it, every mailbox of the tenant.
    #[arg(long)]
    pub mailbox: Option<String>,
}

#[derive(Debug, ClapArgs)]
pub(in crate::app) struct FrameAdd {
    /// Its name.
    pub name: String,
    /// When; may be given several times. For example "mon-fri 09:00-12:30,13:30-17:00", "2026-12-24..2027-01-02", "yearly 12-25",
    /// "yearly nov thu#4", "daily 22:00-06:00".
    #[arg(long, value_name = "SPAN", required = true)]
    pub span: Vec<String>,
    /// What for: open (outside of it the closed greeting plays), closed, holiday, or custom (for rules only).
    #[arg(long = "use", value_name = "USE", default_value = "custom")]
    pub purpose: String,
    /// IANA zone; default: the mailbox's or tenant's.
    #[arg(long)]
    pub zone: Option<String>,
    /// Take the place of the one with this name.
    #[arg(long)]
    pub replace: bool,
    #[command(flatten)]
    pub whose: FrameOf,
}

#[derive(Debug, Subcommand)]
pub(in crate::app) enum RuleCommand {
    /// Add a rule. The first rule whose conditions all hold decides.
    Add(Box<RuleAdd>),
    /// List the rules of a mailbox in their order: which is active, until when, and which can never be reached, lead nowhere or play a greeting that there is not.
    List {
        /// Extension of the mailbox.
        #[arg(long)]
        mailbox: String,
        /// As of this time (RFC 3339); default: now.
        #[arg(long, value_name = "TIME")]
        at: Option<String>,
        #[command(flatten)]
        json: Json,
    },
    /// Give a rule another place.
    Move {
        /// Its name.
        name: String,
        /// Extension of the mailbox.
        #[arg(long)]
        mailbox: String,
        /// The place, from 1 on.
        #[arg(long)]
        to: usize,
    },
    /// Switch a rule on or off.
    Switch {
        /// Its name.
        name: String,
        /// Extension of the mailbox.
        #[arg(long)]
        mailbox: String,
        /// true or false.
        #[arg(long, value_name = "true|false", action = clap::ArgAction::Set)]
        on: bool,
    },
    /// Remove a rule.
    Remove {
        /// Its name.
        name: String,
        /// Extension of the mailbox.
        #[arg(long)]
        mailbox: String,
    },
    /// Name the rules that can never be reached, lead nowhere or play a greeting that there is not; exit code 1 when there are any.
    Check {
        /// Extension of the mailbox; default: every mailbox of the tenant.
        #[arg(long)]
        mailbox: Option<String>,
    },
}

#[derive(Debug, ClapArgs)]
pub(in crate::app) struct RuleAdd {
    /// Its name.
    pub name: String,
    /// Extension of the mailbox.
    #[arg(long)]
    pub mailbox: String,
    /// Its place, from 1 on; default: the last.
    #[arg(long)]
    pub place: Option<usize>,
    /// Take the place of the rule with this name.
    #[arg(long)]
    pub replace: bool,
    /// Keep it without effect.
    #[arg(long)]
    pub off: bool,
    /// Holds while this time frame is active.
    #[arg(long, value_name = "FRAME", conflicts_with = "outside")]
    pub within: Option<String>,
    /// Holds while this time frame is not active.
    #[arg(long, value_name = "FRAME")]
    pub outside: Option<String>,
    /// Holds while the owner's presence is this: in-office, out-of-office, in-meeting, do-not-disturb, on-vacation or remote;
    /// may be given several times.
    #[arg(long, value_name = "STATE")]
    pub presence: Vec<String>,
    /// Holds for calls that came for this reason: busy, unanswered, unconditional, offline, dnd, …; may be given several times.
    #[arg(long)]
    pub reason: Vec<String>,
    /// Holds for these callers: a number, its beginning as +4930*, anonymous, internal, external; may be given several times.
    #[arg(long, value_name = "CALLER")]
    pub from: Vec<String>,
    #[command(flatten)]
    pub then: RuleThen,
    #[command(flatten)]
    pub phones: RulePhones,
}

/// What becomes of calls that reach us.
#[derive(Debug, ClapArgs)]
#[command(next_help_heading = "What becomes of the call")]
pub(in crate::app) struct RuleThen {
    /// Play this greeting: away, busy, internal, holiday, closed, standard or name.
    #[arg(long, value_name = "KIND")]
    pub greeting: Option<String>,
    /// Play the greeting and take no message.
    #[arg(long, group = "answer")]
    pub announcement_only: bool,
    /// The tone comes at once.
    #[arg(long, group = "answer")]
    pub straight_to_tone: bool,
    /// Turn the caller away: announce, busy (486), not-found (404) or decline (603).
    #[arg(long, group = "answer", value_name = "HOW")]
    pub turn_away: Option<String>,
    /// Transfer to this number or SIP URI (an allowed target); when that fails, a message is taken.
    #[arg(long, group = "answer", value_name = "TARGET")]
    pub transfer: Option<String>,
    /// The voicemail of this colleague takes the call.
    #[arg(long, group = "answer", value_name = "EXTENSION")]
    pub voicemail: Option<String>,
    /// Where 0 leads (an allowed target).
    #[arg(long, value_name = "TARGET")]
    pub operator: Option<String>,
    /// Where another key before the tone leads (an allowed target), as 1=+15550100; may be given several times.
    #[arg(long, value_name = "KEY=TARGET")]
    pub key: Vec<String>,
}

/// What the phone system does before a call reaches us.
#[derive(Debug, ClapArgs)]
#[command(next_help_heading = "What the phone system does (kept and explained here, carried out there)")]
pub(in crate::app) struct RulePhones {
    /// To voicemail without ringing.
    #[arg(long)]
    pub dnd: bool,
    /// Callers say their name and the owner decides; a message begins with it.
    #[arg(long)]
    pub screening: bool,
    /// How long the phone rings, for example 20s.
    #[arg(long, value_name = "TIME")]
    pub ring: Option<String>,
    /// How often the phone rings, in place of a time.
    #[arg(long, value_name = "COUNT", conflicts_with = "ring")]
    pub rings: Option<u16>,
    /// How it rings for colleagues: single, double or triple.
    #[arg(long, value_name = "CADENCE")]
    pub cadence_internal: Option<String>,
    /// How it rings for all others: single, double or triple.
    #[arg(long, value_name = "CADENCE")]
    pub cadence_external: Option<String>,
    /// Forward every call.
    #[arg(long, value_name = "TARGET")]
    pub forward_always: Option<String>,
    /// Forward when busy.
    #[arg(long, value_name = "TARGET")]
    pub forward_busy: Option<String>,
    /// Forward when nobody answers.
    #[arg(long, value_name = "TARGET")]
    pub forward_unanswered: Option<String>,
    /// Forward when the phone is offline.
    #[arg(long, value_name = "TARGET")]
    pub forward_offline: Option<String>,
    /// Ring this phone as well, TARGET or TARGET/10s for a delay; may be given several times.
    #[arg(long, value_name = "TARGET[/DELAY]")]
    pub simring: Vec<String>,
}

#[derive(Debug, Subcommand)]
pub(in crate::app) enum BlockCommand {
    /// Turn a caller away, or let one through whom a wider line turns away.
    Add {
        /// A number, its beginning as +4930*, anonymous, internal or external.
        caller: String,
        /// Let this caller through.
        #[arg(long, conflicts_with = "how")]
        allow: bool,
        /// announce, busy (486), not-found (404) or decline (603).
        #[arg(long = "with", value_name = "HOW", default_value = "announce")]
        how: String,
        /// Why, for people.
        #[arg(long)]
        note: Option<String>,
        #[command(flatten)]
        whose: FrameOf,
    },
    /// List who is turned away or let through: the mailbox's own lines first, then the tenant's.
    List {
        #[command(flatten)]
        whose: FrameOf,
        #[command(flatten)]
        json: Json,
    },
    /// Take a caller off the list.
    Remove {
        /// As it is listed.
        caller: String,
        #[command(flatten)]
        whose: FrameOf,
    },
}
