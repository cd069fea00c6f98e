//! `tenant` and `user` on the command line.

use clap::{Args as ClapArgs, Subcommand};

use super::Json;

#[derive(Debug, Subcommand)]
pub(in crate::app) enum TenantCommand {
    /// Show the settings.
    Show(Json),
    /// Change settings.
    Set(TenantSet),
    /// List tenants.
    List(Json),
    /// Add a tenant.
    Add(TenantAdd),
    /// Remove a tenant that has no users any more, with its numbers, phones, keys, webhooks, hours and lists.
    Remove {
        /// Its name.
        name: String,
        /// Only count what is in it.
        #[arg(long)]
        dry_run: bool,
        #[command(flatten)]
        json: Json,
    },
}

#[derive(Debug, ClapArgs)]
pub(in crate::app) struct TenantAdd {
    /// Short name: small letters, digits and hyphens.
    pub name: String,
    #[command(flatten)]
    pub settings: TenantSet,
}

#[derive(Debug, Default, ClapArgs)]
pub(in crate::app) struct TenantSet {
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
    /// Who adds users by portal and API: office-manager, tenant-admin or ticket (nobody of the tenant).
    #[arg(long, value_name = "WHO")]
    pub who_may_create: Option<String>,
    /// Where users are asked for who may not be added: https:, http: or mailto:; empty for nowhere.
    #[arg(long, value_name = "ADDRESS")]
    pub help_link: Option<String>,
    /// Field of profiles that portal and API hide; replaces all; may be given several times; empty for none.
    #[arg(long, value_name = "FIELD")]
    pub hide_field: Vec<String>,
    /// There are queues: agents and supervisors can be made.
    #[arg(long, value_name = "true|false")]
    pub queues: Option<bool>,
    /// Digits that new extensions have at least, 2 to 10.
    #[arg(long, value_name = "DIGITS")]
    pub extension_shortest: Option<u8>,
    /// Digits that new extensions have at most, 2 to 10.
    #[arg(long, value_name = "DIGITS")]
    pub extension_longest: Option<u8>,
    /// Digits that new extensions should have; others are warned of; empty for any.
    #[arg(long, value_name = "DIGITS")]
    pub extension_length: Option<String>,
    /// First digit that new extensions should have; others are warned of; empty for any.
    #[arg(long, value_name = "DIGIT")]
    pub extension_first: Option<String>,
    /// What callers of a mailbox that is off get: announce, unavailable (480), decline (603) or operator (transferred; the
    /// announcement where that fails).
    #[arg(long, value_name = "WHAT")]
    pub mailbox_off: Option<String>,
    /// For calls that reach no mailbox: announce, mailbox:NUMBER, or transfer:TARGET.
    #[arg(long, value_name = "ACTION")]
    pub default_action: Option<String>,
}

#[derive(Debug, Subcommand)]
pub(in crate::app) enum UserCommand {
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
    /// Let a mailbox that was locked after too many wrong PINs be opened by phone again.
    Unlock {
        /// Extension of the mailbox.
        #[arg(long)]
        extension: String,
    },
    /// List the numbers that are locked after too many wrong PINs.
    Locked(Json),
    /// Let a device that authenticates open a mailbox without the PIN, or no longer.
    Device {
        /// Extension of the mailbox.
        #[arg(long)]
        extension: String,
        /// User that the device authenticates as (SIP digest). What a caller merely says of himself never counts.
        #[arg(long, value_name = "USER")]
        trust: Option<String>,
        /// Ask this device for the PIN again.
        #[arg(long, value_name = "USER", conflicts_with = "trust")]
        distrust: Option<String>,
    },
    /// Mail a user a link to choose a password for the web.
    Invite {
        /// Extension of the mailbox.
        extension: String,
        /// Print the link instead of mailing it.
        #[arg(long)]
        print: bool,
    },
    /// Show or give a role: basic, call-center-agent, supervisor, office-manager, tenant-admin or operator.
    Role {
        /// Extension of the mailbox.
        extension: String,
        /// The role; without one, the role is shown.
        role: Option<String>,
        /// May the user sign in by the web at all.
        #[arg(long, value_name = "true|false")]
        portal: Option<bool>,
    },
    /// Clear parts of a user before somebody else gets the extension. For a day it can be taken back.
    #[command(group = clap::ArgGroup::new("parts").required(true).args(["clear", "all"]))]
    Reset {
        /// Extension of the mailbox.
        extension: String,
        /// What to clear: name, emails, password, pin, messages, greetings, recorded-name, rules, numbers or phones. Repeatable.
        #[arg(long, value_name = "PART")]
        clear: Vec<String>,
        /// Clear all of it.
        #[arg(long)]
        all: bool,
    },
    /// Clear the messages of a mailbox whose user stays. For a day it can be taken back.
    Clear {
        /// Extension of the mailbox.
        extension: String,
        /// Greetings and the recorded name as well.
        #[arg(long)]
        greetings: bool,
    },
    /// Take the last reset or clearing of a user back.
    TakeBack {
        /// Extension of the mailbox.
        extension: String,
    },
    /// Show whether the sign-in by the web asks a user for a code, or take that away for who lost phone and recovery codes.
    SecondFactor {
        /// Extension of the mailbox.
        extension: String,
        /// Take it away: the password alone signs in again; all browsers are signed out.
        #[arg(long)]
        reset: bool,
    },
    /// Remove a user, after telling what goes with the mailbox. For 30 days everything can be brought back.
    Remove {
        /// Extension of the mailbox.
        extension: String,
        /// Only tell what would go, and what would lead nowhere.
        #[arg(long)]
        dry_run: bool,
    },
    /// List the users who can be brought back.
    Removed(Json),
    /// Bring a removed user back, with messages, greetings, role and PIN.
    Restore {
        /// Id, as `aftertone user removed` lists it.
        id: String,
        /// Another extension, where the old one is somebody else's by now.
        #[arg(long)]
        extension: Option<String>,
    },
}

#[derive(Debug, ClapArgs)]
pub(in crate::app) struct UserAdd {
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
    /// FIELD=VALUE of the profile, for example department=Sales or mobile=+4917012345; may be given several times.
    /// Fields: login, department, site, station, mobile, area_code, caller_id, emergency_caller_id, emergency_address,
    /// sip_address, music, call_paths, record_calls, listed. `login=` alone gives the name that is suggested.
    #[arg(long, value_name = "FIELD=VALUE", verbatim_doc_comment)]
    pub profile: Vec<String>,
    #[command(flatten)]
    pub json: Json,
}

#[derive(Debug, ClapArgs)]
pub(in crate::app) struct UserSet {
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
    /// What a key does for a caller who hears the greeting: 1=+4930123456, 1=sip:desk@example.org, 2=mailbox:1002,
    /// 9=directory, or 1= for nothing; may be given several times.
    #[arg(long, value_name = "KEY=TARGET")]
    pub key: Vec<String>,
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
    /// FIELD=VALUE of the profile; FIELD= takes one away; may be given several times. `user add --help` lists the fields.
    #[arg(long, value_name = "FIELD=VALUE")]
    pub profile: Vec<String>,
    /// The audio directory finds the person (once there is a recorded name).
    #[arg(long, value_name = "true|false")]
    pub announce: Option<bool>,
    /// Further first name that the directory knows the person by; replaces all; may be given several times; empty for none.
    #[arg(long)]
    pub nickname: Vec<String>,
    /// What the user says of themselves: in-office, out-of-office, in-meeting, do-not-disturb, on-vacation or remote.
    #[arg(long, value_name = "STATE")]
    pub presence: Option<String>,
    /// Until when that lasts (RFC 3339); without it, until something else is said.
    #[arg(long, value_name = "TIME", requires = "presence")]
    pub presence_until: Option<String>,
    /// May send a message to everybody at once.
    #[arg(long, value_name = "true|false")]
    pub may_broadcast: Option<bool>,
    /// May call back who left a message (to allowed targets only).
    #[arg(long, value_name = "true|false")]
    pub may_call_back: Option<bool>,
}
