//! `handset`, `number` and `extension` on the command line.

use std::path::PathBuf;

use clap::{Args as ClapArgs, Subcommand};

use super::Json;

#[derive(Debug, Subcommand)]
pub(in crate::app) enum HandsetCommand {
    /// List phones and adapters.
    List {
        /// Part of a name, MAC address, number or owner.
        #[arg(long, default_value = "")]
        search: String,
        #[command(flatten)]
        json: Json,
    },
    /// Add a phone. Without a name it gets the next free one of its owner: 1001a, 1001b, …
    Add {
        /// What it is called, for good.
        name: Option<String>,
        /// Extension of its owner; without one it is nobody's.
        #[arg(long, value_name = "EXTENSION")]
        owner: Option<String>,
        #[command(flatten)]
        set: Box<HandsetSet>,
        #[command(flatten)]
        json: Json,
    },
    /// Show a phone.
    Show {
        /// Its name, MAC address or id.
        phone: String,
        #[command(flatten)]
        json: Json,
    },
    /// Change a phone, or give it to somebody else.
    Set {
        /// Its name, MAC address or id.
        phone: String,
        /// Extension of its new owner; empty for nobody. It leaves its ring groups then.
        #[arg(long, value_name = "EXTENSION")]
        owner: Option<String>,
        #[command(flatten)]
        set: Box<HandsetSet>,
    },
    /// Remove a phone from the record.
    Remove {
        /// Its name, MAC address or id.
        phone: String,
    },
    /// All phones as provisioning reads them: JSON, or a table with a row for each line.
    Export {
        /// As CSV.
        #[arg(long)]
        csv: bool,
        /// The file to write; else standard output.
        #[arg(long, value_name = "FILE")]
        out: Option<PathBuf>,
    },
    /// List the models that are known, with ports, line appearances and fields.
    Models(Json),
}

#[derive(Debug, Default, ClapArgs)]
pub(in crate::app) struct HandsetSet {
    /// MAC address, however it is written; empty for none.
    #[arg(long)]
    pub mac: Option<String>,
    /// Its model, as `aftertone handset models` lists it.
    #[arg(long)]
    pub model: Option<String>,
    /// Where it stands; empty for nowhere in particular.
    #[arg(long)]
    pub site: Option<String>,
    /// Preference group, unique at its site; empty for none.
    #[arg(long, value_name = "GROUP")]
    pub preference_group: Option<String>,
    /// Host of the server that it should register with; empty for the usual one.
    #[arg(long)]
    pub server: Option<String>,
    /// What provisioning begins with; empty for nothing.
    #[arg(long)]
    pub template: Option<String>,
    /// What it runs; empty when that is not known.
    #[arg(long)]
    pub firmware: Option<String>,
    /// A field of its model as FIELD=CHOICE; replaces all; may be given several times.
    #[arg(long, value_name = "FIELD=CHOICE")]
    pub option: Vec<String>,
    /// A file with lines key=value that go above all else.
    #[arg(long, value_name = "FILE")]
    pub overrides: Option<PathBuf>,
    /// The phone system should record its calls.
    #[arg(long, value_name = "true|false")]
    pub record_calls: Option<bool>,
    /// Ring group; replaces all; may be given several times; empty for none.
    #[arg(long)]
    pub group: Vec<String>,
    /// The number of a port, and how many line appearances it has: 1=+4930123456 or 2=+4930123457/3; replaces all; may be
    /// given several times; empty for none.
    #[arg(long, value_name = "PORT=NUMBER[/LINES]")]
    pub port: Vec<String>,
}

#[derive(Debug, Subcommand)]
pub(in crate::app) enum NumberCommand {
    /// Put numbers into the inventory; with --mailbox, let one lead there at once.
    Add {
        /// E.164 or national digits, a range +4930100..+4930199, or an alias (the user part of a SIP URI, or all of user@domain).
        #[arg(required = true, value_name = "NUMBER")]
        numbers: Vec<String>,
        /// Extension of the mailbox that the number leads to.
        #[arg(long, value_name = "EXTENSION")]
        mailbox: Option<String>,
        /// Shown as "called as" in mails and lists.
        #[arg(long, requires = "mailbox")]
        label: Option<String>,
        /// What is noted of the numbers.
        #[arg(long, conflicts_with = "mailbox")]
        note: Option<String>,
    },
    /// List numbers and aliases, where they lead and where they ring.
    List {
        /// Part of a number, name, label or phone.
        #[arg(long, default_value = "")]
        search: String,
        /// Only those that lead nowhere.
        #[arg(long, conflicts_with = "unreachable")]
        free: bool,
        /// Only those that lead nowhere or ring nowhere.
        #[arg(long)]
        unreachable: bool,
        #[command(flatten)]
        json: Json,
    },
    /// Give a number or alias a greeting of its own, or the main one again.
    Greeting {
        /// The number or alias.
        number: String,
        /// Extension of the mailbox it leads to.
        #[arg(long, value_name = "EXTENSION")]
        mailbox: String,
        /// Id of a greeting of the mailbox, as `greeting list` shows it; `main` for the one that everybody else hears.
        #[arg(long, value_name = "ID|main")]
        greeting: String,
    },
    /// Lead a number of the inventory to a user, and let it ring on a phone.
    Assign(NumberAssign),
    /// A number leads nowhere from the next call on, and stays in the inventory.
    Release {
        /// The number or alias.
        number: String,
    },
    /// Take a number that leads nowhere out of the inventory; with --mailbox, it leads there no more.
    Remove {
        /// The number or alias.
        number: String,
        /// Extension of the mailbox it leads to.
        #[arg(long, value_name = "EXTENSION")]
        mailbox: Option<String>,
    },
}

#[derive(Debug, ClapArgs)]
pub(in crate::app) struct NumberAssign {
    /// The number or alias.
    pub number: String,
    /// Extension of the user.
    #[arg(long, value_name = "EXTENSION")]
    pub to: String,
    /// Shown as "called as" in mails and lists.
    #[arg(long, default_value = "")]
    pub label: String,
    /// The phone that rings: its name, MAC address or id.
    #[arg(long, value_name = "PHONE")]
    pub handset: Option<String>,
    /// Port of that phone.
    #[arg(long, requires = "handset", default_value_t = 1)]
    pub port: u8,
    /// Line appearances of that port.
    #[arg(long, requires = "handset", default_value_t = 1)]
    pub lines: u8,
    /// The extension that the user gets, if it is to be another.
    #[arg(long, value_name = "EXTENSION")]
    pub extension: Option<String>,
    #[command(flatten)]
    pub json: Json,
}

#[derive(Debug, Subcommand)]
pub(in crate::app) enum ExtensionCommand {
    /// Give an extension to somebody else. Shows what there is and what would happen; --yes does it.
    Takeover(Box<ExtensionTakeover>),
}

#[derive(Debug, ClapArgs)]
#[command(group = clap::ArgGroup::new("fate").required(true).args(["keep", "archive", "delete"]))]
#[command(group = clap::ArgGroup::new("tells").args(["email", "no_mail", "known"]).required(true).multiple(true))]
pub(in crate::app) struct ExtensionTakeover {
    /// The extension.
    pub extension: String,
    /// Who has it stays with everything, under this extension.
    #[arg(long, value_name = "EXTENSION")]
    pub keep: Option<String>,
    /// Who has it goes into the recycle bin.
    #[arg(long)]
    pub archive: bool,
    /// Who has it goes into the recycle bin without the recordings.
    #[arg(long)]
    pub delete: bool,
    /// Who comes is here already, and has this extension now.
    #[arg(long, value_name = "EXTENSION", conflicts_with_all = ["first", "last", "email", "no_mail", "mail"])]
    pub known: Option<String>,
    /// First name of who comes.
    #[arg(long, default_value = "")]
    pub first: String,
    /// Last name of who comes.
    #[arg(long, default_value = "")]
    pub last: String,
    /// Where messages are mailed from now on; may be given several times.
    #[arg(long, conflicts_with = "no_mail")]
    pub email: Vec<String>,
    /// Messages are mailed to nobody.
    #[arg(long)]
    pub no_mail: bool,
    /// What the mails carry: link, brief-link, attachment-new, …
    #[arg(long, value_name = "MODE", requires = "email")]
    pub mail: Option<String>,
    /// Further numbers and aliases go with the extension; otherwise they stay with their person.
    #[arg(long)]
    pub numbers: bool,
    /// Phones go with the extension, and leave their ring groups; otherwise they stay with their person.
    #[arg(long)]
    pub phones: bool,
    /// Why, for the changes.
    #[arg(long)]
    pub reason: String,
    /// Do it.
    #[arg(long)]
    pub yes: bool,
    #[command(flatten)]
    pub json: Json,
}
