//! `aftertone extension …`: an extension goes from one person to another, as by the portal.

use serde_json::{Value, json};

use crate::domain::{Handset, Role};
use crate::service::accounts::{Account, AccountError, Comer, Handover, Takeover};
use crate::store::Fate;

use super::super::Failure;
use super::super::cli::{ExtensionCommand, ExtensionTakeover};
use super::{Session, extension, print, read};

pub(super) async fn extension_command(session: &Session, command: ExtensionCommand) -> Result<(), Failure> {
    match command {
        ExtensionCommand::Takeover(asked) => take_over(session, *asked).await,
    }
}

/// What cannot be read is a usage error, all else a refusal.
fn failed(error: AccountError) -> Failure {
    match error {
        AccountError::Invalid(invalid) => Failure::usage(invalid.to_string()),
        other => other.into(),
    }
}

/// Shows what there is; with `--yes` does it.
async fn take_over(session: &Session, asked: ExtensionTakeover) -> Result<(), Failure> {
    let (base, tenant) = session.open().await?;
    let number = extension(&asked.extension)?;
    let (yes, is_json) = (asked.yes, asked.json.json);
    let before = base.accounts.handover(tenant.id, &number).await?;
    let takeover = read_takeover(&asked, &before)?;
    base.accounts.check_takeover(tenant.id, &takeover).await.map_err(failed)?;
    let mut plan = planned(&takeover, &before);
    let given_up = base.accounts.given_up(tenant.id, &takeover).await.map_err(failed)?;
    plan.extend(given_up.iter().map(|one| format!("leads nowhere from then on: {}", one.in_words())));
    if !yes {
        let told = json!({"extension": number, "done": false, "has": has(&before), "would": plan});
        if is_json {
            print::thing(true, &told);
        } else {
            println!("mailbox {number} is {} and has:", name(&before.account));
            print::thing(false, &has(&before));
            println!("what would happen:");
            plan.iter().for_each(|line| println!("- {line}"));
            println!("nothing was done: repeat it with --yes");
        }
        return Ok(());
    }
    let after = base.accounts.take_over(tenant.id, takeover).await.map_err(failed)?;
    if is_json {
        print::thing(true, &json!({"extension": number, "done": true, "user": after.user.id, "did": plan}));
    } else {
        println!("mailbox {number} is {}'s", name(&after));
        println!(
            "what is next: a PIN (`aftertone user set {number} --pin …`), a greeting, and `aftertone user invite {number}`"
        );
    }
    Ok(())
}

fn read_takeover(asked: &ExtensionTakeover, before: &Handover) -> Result<Takeover, Failure> {
    let fate = match &asked.keep {
        Some(keep) => Fate::Keep(extension(keep)?),
        None if asked.archive => Fate::Archive,
        None => Fate::Delete,
    };
    let comer = match &asked.known {
        Some(known) => Comer::Known(extension(known)?),
        None => Comer::New {
            first: asked.first.clone(),
            last: asked.last.clone(),
            emails: asked.email.iter().map(|email| read(email)).collect::<Result<_, _>>()?,
            mode: asked.mail.as_deref().map(read).transpose()?,
        },
    };
    Ok(Takeover {
        extension: before.account.mailbox.extension.clone(),
        from: before.account.user.id,
        fate,
        comer,
        with_numbers: asked.numbers,
        with_phones: asked.phones,
        reason: asked.reason.trim().to_owned(),
        by: None,
        most: Role::Operator,
    })
}

fn name(account: &Account) -> String {
    let name = account.user.full_name();
    if name.is_empty() { "a user without a name".to_owned() } else { name }
}

fn has(before: &Handover) -> Value {
    let holdings = &before.holdings;
    let pointers: Vec<String> = before.dependents.pointers.iter().map(|one| one.what.clone()).collect();
    json!({
        "messages": holdings.messages, "unheard": holdings.unheard, "greetings": holdings.greetings,
        "rules": holdings.rules, "numbers": before.dependents.numbers, "mails_waiting": holdings.mails,
        "links": holdings.links, "sessions": holdings.sessions, "keys": holdings.keys,
        "phones": before.dependents.phones.iter().map(Handset::in_words).collect::<Vec<_>>(),
        "devices": holdings.devices, "lamps": holdings.lamps, "led_here_by": pointers,
    })
}

fn planned(takeover: &Takeover, before: &Handover) -> Vec<String> {
    let number = &takeover.extension;
    let was = name(&before.account);
    let numbers = if takeover.with_numbers { "go with the extension" } else { "stay with their person" };
    let phones = match (takeover.with_phones, &takeover.fate) {
        (true, _) => "go with the extension, and leave their ring groups",
        (false, Fate::Keep(_)) => "stay with their person",
        (false, _) => "are nobody's from then on, and ring on: give them to somebody",
    };
    let phones = format!("phones {phones}");
    let has_phones = !before.dependents.phones.is_empty();
    let plan = [
        match &takeover.fate {
            Fate::Keep(to) => format!("{was} stays with everything, under extension {to}"),
            Fate::Archive => format!("{was} goes into the recycle bin with everything, for 30 days"),
            Fate::Delete => format!("{was} goes into the recycle bin without the recordings"),
        },
        match &takeover.comer {
            Comer::Known(other) => format!("who has extension {other} gets {number} and gives {other} up"),
            Comer::New { first, last, emails, .. } if emails.is_empty() => {
                format!(
                    "{} gets {number} with a new mailbox, and mails go to nobody",
                    format!("{first} {last}").trim()
                )
            }
            Comer::New { first, last, emails, .. } => {
                let to: Vec<&str> = emails.iter().map(crate::domain::MailAddress::as_str).collect();
                let to = to.join(", ");
                format!(
                    "{} gets {number} with a new mailbox, and mails go to {to}",
                    format!("{first} {last}").trim()
                )
            }
        },
        format!("further numbers and aliases {numbers}"),
        format!("sessions, keys of programs and links in mails of {was} end unless {was} stays"),
        format!("what others have set to {number} leads to the new person"),
    ];
    plan.into_iter().chain(has_phones.then_some(phones)).collect()
}
