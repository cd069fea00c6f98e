//! What a takeover does, in sentences, before it is done.

use super::TakeoverPage;
use crate::domain::{MailAddress, counted};
use crate::service::accounts::{Comer, Pointer, Takeover};
use crate::store::Fate;

/// What is set to an extension that nobody has then.
pub(super) fn leads_nowhere(pointers: &[Pointer]) -> String {
    let pointers: Vec<String> = pointers.iter().map(Pointer::in_words).collect();
    format!("Leads nowhere from then on: {}. Set it to another extension.", pointers.join("; "))
}

/// All of it, in sentences.
pub(super) fn review(page: &TakeoverPage, takeover: &Takeover) -> Vec<String> {
    let TakeoverPage { name, extension, holdings, .. } = page;
    let old = match &takeover.fate {
        Fate::Keep(to) => format!(
            "{name} keeps messages, greetings, rules, PIN and sign-in, and has extension {to} from now on. Links and mails about the old messages stay {name}’s."
        ),
        Fate::Archive => format!(
            "{name} goes into the recycle bin with {} and {}. Of what was mailed, {} stop working; of what waits, {} not sent. Signed out: {}; revoked: {} of programs.",
            counted(holdings.messages, "message"),
            counted(holdings.greetings, "greeting"),
            counted(holdings.links, "link"),
            counted(holdings.mails, "mail"),
            counted(holdings.sessions, "browser"),
            counted(holdings.keys, "key")
        ),
        Fate::Delete => format!(
            "{name} goes into the recycle bin. Deleted for good: {} and {}. Of what was mailed, {} stop working. Signed out: {}; revoked: {} of programs.",
            counted(holdings.messages, "message"),
            counted(holdings.greetings, "greeting"),
            counted(holdings.links, "link"),
            counted(holdings.sessions, "browser"),
            counted(holdings.keys, "key")
        ),
    };
    let comer = match &takeover.comer {
        Comer::Known(other) => format!(
            "Who has {other} now gets {extension} with the own mailbox, messages, PIN and addresses. {other} is given up."
        ),
        Comer::New { first, last, emails, .. } => {
            let emails: Vec<&str> = emails.iter().map(MailAddress::as_str).collect();
            let mails =
                if emails.is_empty() { "to nobody".to_owned() } else { format!("to {}", emails.join(", ")) };
            format!(
                "{} gets {extension} with a new mailbox: no messages, no greeting, no PIN yet. Messages are mailed {mails}.",
                format!("{first} {last}").trim()
            )
        }
    };
    let numbers = match (page.numbers.is_empty(), takeover.with_numbers) {
        (true, _) => None,
        (false, true) => Some(format!("{} lead to the new mailbox.", page.numbers.join(", "))),
        (false, false) => Some(format!("{} stay with {name}.", page.numbers.join(", "))),
    };
    let phones = page.phones.join("; ");
    let phones = match (page.phones.is_empty(), takeover.with_phones, &takeover.fate) {
        (true, ..) => None,
        (false, true, _) => Some(format!(
            "Phones that go to who comes: {phones}. They leave their ring groups; each phone’s page offers to put it back."
        )),
        (false, false, Fate::Keep(_)) => Some(format!("Phones that stay with {name}: {phones}.")),
        (false, false, _) => {
            Some(format!("Phones that are nobody’s from then on, and ring on as they are: {phones}."))
        }
    };
    let directory =
        format!("Callers do not find {name} at {extension} any more: the recorded name is not played there.");
    let devices = format!(
        "Asked for the PIN again: {}. Told what the new mailbox holds: {} that watch {extension}.",
        counted(holdings.devices, "trusted device"),
        counted(holdings.lamps, "phone")
    );
    let place = format!(
        "Department, site, caller IDs and 911 address of {extension} go to who comes; mobile phone, user ID and SIP address stay with their person."
    );
    [old, comer].into_iter().chain(numbers).chain(phones).chain([directory, devices, place]).collect()
}
