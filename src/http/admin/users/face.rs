//! The first section of a profile: who it is, and what the mailbox does. What stands, and what is in the form.

use crate::domain::{MailAddress, Recipient, Role};
use crate::http::portal::{mode_title, words};
use crate::http::visitor::Fields;
use crate::service::accounts::Account;
use crate::store::Person;

/// What stands in the form.
#[derive(Debug, Clone)]
pub(super) struct Face {
    pub(super) first: String,
    pub(super) last: String,
    pub(super) extension: String,
    pub(super) emails: String,
    pub(super) recipients: Vec<Recipient>,
    pub(super) max_messages: String,
    pub(super) max_megabytes: String,
    /// Empty: as for everybody of the tenant.
    pub(super) zone: String,
    pub(super) operator: String,
    pub(super) newest_first: bool,
    pub(super) enabled: bool,
    pub(super) announce: bool,
    pub(super) role: Role,
    pub(super) portal: bool,
}

/// What there is besides, and what of it is missing.
#[derive(Debug, Clone, Copy)]
pub(super) struct Has {
    pub(super) pin: bool,
    /// A recorded name.
    pub(super) name: bool,
    /// Calls may be transferred to where key 0 leads.
    pub(super) way_to_operator: bool,
}

impl Face {
    /// As it is.
    pub(super) fn of(person: &Person, account: &Account) -> Self {
        let (user, mailbox) = (&account.user, &account.mailbox);
        let emails: Vec<&str> = user.emails.iter().map(MailAddress::as_str).collect();
        Self {
            first: user.first.clone(),
            last: user.last.clone(),
            extension: mailbox.extension.to_string(),
            emails: emails.join(", "),
            recipients: mailbox.recipients.clone(),
            max_messages: mailbox.quota.messages.map(|most| most.to_string()).unwrap_or_default(),
            max_megabytes: mailbox.quota.bytes.map(words::megabytes).unwrap_or_default(),
            zone: mailbox.zone.clone().unwrap_or_default(),
            operator: mailbox.operator.clone().unwrap_or_default(),
            newest_first: mailbox.phone.newest_first,
            enabled: mailbox.enabled,
            announce: mailbox.phone.announce,
            role: person.login.role,
            portal: person.login.portal,
        }
    }

    /// As somebody typed it, who is to mend it; the PIN alone is typed again.
    pub(super) fn typed(mut self, fields: &Fields) -> Self {
        for (name, value) in [
            ("first", &mut self.first),
            ("last", &mut self.last),
            ("extension", &mut self.extension),
            ("emails", &mut self.emails),
            ("zone", &mut self.zone),
            ("operator", &mut self.operator),
            ("max_messages", &mut self.max_messages),
            ("max_megabytes", &mut self.max_megabytes),
        ] {
            fields.get(name).clone_into(value);
        }
        for (recipient, mode) in self.recipients.iter_mut().zip(fields.all("mode")) {
            recipient.mode = mode.parse().unwrap_or(recipient.mode);
        }
        self.newest_first = fields.get("order") != "oldest";
        self.enabled = fields.is_on("enabled");
        self.announce = fields.is_on("announce");
        if !fields.get("role").is_empty() {
            self.role = fields.get("role").parse().unwrap_or(self.role);
            self.portal = fields.is_on("portal");
        }
        self
    }

    /// What the page says of it.
    pub(super) fn facts(&self, has: Has) -> Vec<(&'static str, String)> {
        let Has { pin, name, way_to_operator } = has;
        let yes = |is: bool| if is { "Yes" } else { "No" }.to_owned();
        let limit = |text: &str, of: &str| {
            if text.is_empty() { "No limit".to_owned() } else { format!("{text}{of}") }
        };
        let mut facts = vec![
            ("Name", format!("{} {}", self.first, self.last).trim().to_owned()),
            ("Extension", self.extension.clone()),
            ("E-mail addresses", self.emails.clone()),
        ];
        facts.extend(
            self.recipients.iter().map(|one| ("Mails", format!("{}: {}", one.address, mode_title(one.mode)))),
        );
        facts.extend([
            ("Most messages", limit(&self.max_messages, "")),
            ("Most space", limit(&self.max_megabytes, " MB")),
            ("Time zone", if self.zone.is_empty() { "As everybody’s".to_owned() } else { self.zone.clone() }),
            (
                "Key 0 of callers",
                match self.operator.as_str() {
                    "" => "As everybody’s".to_owned(),
                    target if way_to_operator => target.to_owned(),
                    // 002-063
                    target => {
                        format!("{target} (callers cannot reach it: calls may not be transferred there)")
                    }
                },
            ),
            (
                "Hears first",
                if self.newest_first { "The newest message" } else { "The oldest message" }.to_owned(),
            ),
            ("PIN", if pin { "Set" } else { "None yet" }.to_owned()),
            ("Takes messages", yes(self.enabled)),
            (
                "In the directory",
                // 002-072
                match self.announce {
                    true if !name => "Not yet: the name is to be recorded first".to_owned(),
                    announce => yes(announce),
                },
            ),
            ("Role", self.role.title().to_owned()),
            ("Signs in by the web", yes(self.portal)),
        ]);
        facts
    }
}
