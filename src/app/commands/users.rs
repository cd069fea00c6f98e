//! `aftertone user …`.

use std::time::Duration;

use serde_json::{Value, json};

use crate::domain::{Handset, KeyTarget, Mailbox, ProfileField, Quota, Recipient, ToneChoice, User};
use crate::service::accounts::{Account, Accounts, Changes, Dependents, LEFT_DESK, NewUser, Pointer, Wished};

use super::super::Failure;
use super::super::cli::{UserAdd, UserCommand, UserSet};
use super::super::config::parse_duration;
use super::{Session, extension, language, print, read};

/// Says which addresses others have as well.
async fn shared(accounts: &Accounts, account: &Account) -> Result<(), Failure> {
    for text in accounts.shared_addresses(&account.user).await? {
        eprintln!("note: {text}");
    }
    Ok(())
}

pub(super) async fn user(session: &Session, command: UserCommand) -> Result<(), Failure> {
    let (base, tenant) = session.open().await?;
    let accounts = &base.accounts;
    match command {
        UserCommand::Add(add) => {
            let as_json = add.json.json;
            let mut wished = wished(&add.profile)?;
            // 003-01: the suggested one, when it is asked for by its bare name.
            if let Some((_, login)) =
                wished.iter_mut().find(|(field, text)| *field == ProfileField::Login && text.is_empty())
            {
                let suggested = accounts.suggest_login(tenant.id, &add.first, &add.last).await?;
                *login = suggested.ok_or_else(|| {
                    Failure::refused("no user ID can be suggested: give a first or last name in letters")
                })?;
            }
            let account = accounts.add_user_with(tenant.id, new_user(add)?, &wished).await?;
            let plan = base.store.policy(tenant.id).await?.extensions;
            if let Some(warning) = plan.warning(&account.mailbox.extension) {
                eprintln!("note: {warning}");
            }
            shared(accounts, &account).await?;
            if as_json {
                print::thing(true, &account_json(&account));
            } else {
                println!("added {} with mailbox {}", name(&account.user), account.mailbox.extension);
            }
        }
        UserCommand::List(json) => {
            let users = accounts.list(tenant.id).await?;
            let rows: Vec<Value> = users.iter().map(|(user, mailbox)| row(user, mailbox.as_ref())).collect();
            print::rows(json.json, &["extension", "first", "last", "emails", "mail", "enabled"], &rows);
        }
        UserCommand::Show { extension: number, json } => {
            let account = accounts.show(tenant.id, &extension(&number)?).await?;
            let mut told = account_json(&account);
            super::presence::told(session, &base, &account.mailbox, &mut told).await?;
            print::thing(json.json, &told);
        }
        UserCommand::Set(set) => {
            let number = extension(&set.extension)?;
            if let Some(tag) = set.language.as_deref().filter(|tag| !tag.trim().is_empty()) {
                language(session, tag)?;
            }
            let quota = accounts.show(tenant.id, &number).await?.mailbox.quota;
            let keys = keys(session, &set.key)?;
            let presence = super::presence::wanted(&set)?;
            let changes = Changes { keys, ..changes(*set, quota)? };
            let are_addresses_new = changes.emails.is_some();
            if let Some(Some(operator)) = &changes.operator
                && let Err(why) = session.config.may_transfer_to(operator)
            {
                eprintln!("note: callers cannot reach this operator yet: {why}");
            }
            let account = accounts.set(tenant.id, &number, changes).await?;
            super::presence::set(session, &base, &account.mailbox, presence).await?;
            if are_addresses_new {
                shared(accounts, &account).await?;
            }
            if account.mailbox.extension != number {
                for text in accounts.dangling(tenant.id, &number).await? {
                    eprintln!("note: {text}");
                }
            }
            println!("changed mailbox {}", account.mailbox.extension);
        }
        UserCommand::Unlock { extension: number } => {
            if accounts.unlock(tenant.id, &extension(&number)?).await? {
                println!("mailbox {number} can be opened by phone again");
            } else {
                println!("mailbox {number} was not locked");
            }
        }
        UserCommand::Locked(json) => {
            let locked = accounts.locked(tenant.id).await?;
            let rows: Vec<Value> =
                locked.iter().map(|(number, at)| json!({"number": number, "last_guess": at})).collect();
            print::rows(json.json, &["number", "last_guess"], &rows);
        }
        UserCommand::Device { extension: number, trust, distrust } => {
            device(session, &number, trust, distrust).await?;
        }
        UserCommand::Invite { extension: number, print } => {
            super::access::invite(session, &number, print).await?;
        }
        UserCommand::Role { extension: number, role, portal } => {
            super::access::role(session, &number, role.as_deref(), portal).await?;
        }
        UserCommand::Reset { extension: number, clear, all } => {
            super::reset::reset(session, &number, &clear, all).await?;
        }
        UserCommand::Clear { extension: number, greetings } => {
            super::reset::clear(session, &number, greetings).await?;
        }
        UserCommand::TakeBack { extension: number } => super::reset::take_back(session, &number).await?,
        UserCommand::SecondFactor { extension: number, reset } => {
            super::access::second_factor(session, &number, reset).await?;
        }
        UserCommand::Remove { extension: number, dry_run } => {
            let removed = extension(&number)?;
            let dependents = accounts.dependents(tenant.id, &removed).await?;
            println!("with mailbox {number} goes:");
            print::thing(false, &goes(&dependents));
            if dry_run {
                println!("nothing was done: repeat it without --dry-run");
                return Ok(());
            }
            accounts.remove(tenant.id, &removed).await?;
            println!(
                "removed mailbox {number}; `aftertone user removed` and `user restore` bring it back for 30 days"
            );
        }
        UserCommand::Removed(json) => {
            let removed = accounts.removed(tenant.id).await?;
            let row = |one: &crate::store::Removed| {
                json!({"id": one.user, "extension": one.extension, "first": one.first, "last": one.last,
                    "removed_at": one.at, "messages": one.messages, "why": one.why.as_str()})
            };
            let rows: Vec<Value> = removed.iter().map(row).collect();
            let columns = ["id", "extension", "first", "last", "removed_at", "messages", "why"];
            print::rows(json.json, &columns, &rows);
        }
        UserCommand::Restore { id, extension: number } => {
            let number = number.as_deref().map(extension).transpose()?;
            let back = accounts.restore(tenant.id, read(&id)?, number.as_ref(), &|_| true).await?;
            println!("mailbox {} is back, with its messages, greetings and PIN", back.extension);
            if back.has_left_desk {
                eprintln!("note: {LEFT_DESK}");
            }
        }
    }
    Ok(())
}

/// What goes with a user, as the page shows it beforehand (002-091).
fn goes(dependents: &Dependents) -> Value {
    json!({
        "messages": dependents.messages, "unheard": dependents.unheard, "greetings": dependents.greetings,
        "numbers": dependents.numbers,
        "phones": dependents.phones.iter().map(Handset::in_words).collect::<Vec<_>>(),
        "leads_nowhere": dependents.pointers.iter().map(Pointer::in_words).collect::<Vec<_>>(),
    })
}

/// Without a change: which devices there are.
async fn device(
    session: &Session,
    number: &str,
    trust: Option<String>,
    distrust: Option<String>,
) -> Result<(), Failure> {
    let (base, tenant) = session.open().await?;
    let extension = extension(number)?;
    if let Some(identity) = &trust {
        base.accounts.trust(tenant.id, &extension, identity, true).await?;
    } else if let Some(identity) = &distrust {
        base.accounts.trust(tenant.id, &extension, identity, false).await?;
    }
    let devices = base.accounts.devices(tenant.id, &extension).await?;
    match devices.as_slice() {
        [] => println!("mailbox {number} asks every device for the PIN"),
        trusted => println!("mailbox {number} opens without the PIN for {}", trusted.join(", ")),
    }
    Ok(())
}

fn new_user(add: UserAdd) -> Result<NewUser, Failure> {
    Ok(NewUser {
        extension: extension(&add.extension)?,
        first: add.first,
        last: add.last,
        emails: add.email.iter().map(|email| read(email)).collect::<Result<_, _>>()?,
        mode: add.mail.as_deref().map(read).transpose()?,
        pin: add.pin.map(Into::into),
    })
}

/// `FIELD=VALUE`; `FIELD=` takes it away.
fn wished(texts: &[String]) -> Result<Vec<Wished>, Failure> {
    let one = |text: &String| {
        let (field, value) = text.split_once('=').ok_or_else(|| {
            Failure::usage(format!("{text:?} is no field: write department=Sales or mobile="))
        })?;
        Ok((read(field.trim())?, value.trim().to_owned()))
    };
    texts.iter().map(one).collect()
}

fn changes(set: UserSet, quota: Quota) -> Result<Changes, Failure> {
    let optional = |text: Option<String>| text.map(|text| (!text.trim().is_empty()).then_some(text));
    let modes = set.mail.iter().map(|text| recipient(text)).collect::<Result<Vec<_>, _>>()?;
    let limit =
        |given: Option<u64>, now: Option<u64>| given.map_or(now, |given| (given > 0).then_some(given));
    let messages = limit(set.max_messages.map(u64::from), quota.messages.map(u64::from));
    let new_quota = Quota {
        messages: messages.and_then(|messages| u32::try_from(messages).ok()),
        bytes: limit(set.max_bytes, quota.bytes),
    };
    Ok(Changes {
        first: set.first,
        last: set.last,
        pin: set.pin.map(Into::into),
        emails: (!modes.is_empty())
            .then(|| modes.iter().map(|recipient| recipient.address.clone()).collect()),
        modes,
        attachment: set.attachment.as_deref().map(read).transpose()?,
        enabled: set.enabled,
        announcement_only: set.announcement_only,
        instructions: set.instructions,
        keep_no_speech: set.keep_no_speech,
        mail_tones: set.mail_tones,
        tone: set.tone.as_deref().map(tone).transpose()?,
        max_message: set.max_message.as_deref().map(duration).transpose()?,
        silence: set.silence.as_deref().map(duration).transpose()?,
        min_speech: set.min_speech.as_deref().map(duration).transpose()?,
        operator: optional(set.operator),
        quota: (new_quota != quota).then_some(new_quota),
        zone: optional(set.zone),
        language: optional(set.language),
        announce: set.announce,
        profile: wished(&set.profile)?,
        nicknames: (!set.nickname.is_empty()).then_some(set.nickname),
        may_broadcast: set.may_broadcast,
        may_call_back: set.may_call_back,
        ..Changes::default()
    })
}

/// `1=TARGET`; `1=` takes the key away. A target that no call may be transferred to is refused here already.
fn keys(session: &Session, texts: &[String]) -> Result<Vec<(char, Option<KeyTarget>)>, Failure> {
    let key = |text: &String| {
        let wrong = || Failure::usage(format!("{text:?} is no key: write 2=mailbox:1002, 9=directory or 1="));
        let (key, target) = text.split_once('=').ok_or_else(wrong)?;
        let mut chars = key.trim().chars();
        let (Some(key), None) = (chars.next(), chars.next()) else { return Err(wrong()) };
        if target.trim().is_empty() {
            return Ok((key, None));
        }
        let target: KeyTarget = read(target)?;
        if let KeyTarget::Call(number) = &target {
            let allowed = session.config.may_transfer_to(number);
            allowed.map_err(|why| Failure::refused(format!("key {key} cannot lead to {number}: {why}")))?;
        }
        Ok((key, Some(target)))
    };
    texts.iter().map(key).collect()
}

fn recipient(text: &str) -> Result<Recipient, Failure> {
    let (address, mode) = text
        .rsplit_once('=')
        .ok_or_else(|| Failure::usage(format!("{text:?} has no mode: write ada@example.org=link")))?;
    Ok(Recipient { address: read(address)?, mode: read(mode)? })
}

fn duration(text: &str) -> Result<Duration, Failure> {
    parse_duration(text).ok_or_else(|| Failure::usage(format!("{text:?} is no duration: write 90s or 3m")))
}

fn tone(text: &str) -> Result<ToneChoice, Failure> {
    let wrong =
        || Failure::usage(format!("{text:?} is no tone: write none, or hertz/milliseconds as 1000/400"));
    if text == "none" {
        return Ok(ToneChoice::Silent);
    }
    let (hertz, millis) = text.split_once('/').ok_or_else(wrong)?;
    let (hertz, millis) = (hertz.parse().map_err(|_| wrong())?, millis.parse().map_err(|_| wrong())?);
    if (200..=2000).contains(&hertz) && (50..=2000).contains(&millis) {
        Ok(ToneChoice::Sine { hertz, millis })
    } else {
        Err(Failure::usage("the tone must lie between 200 and 2000 Hz and last 50 to 2000 ms"))
    }
}

fn name(user: &User) -> String {
    let name = user.full_name();
    if name.is_empty() { "a user".to_owned() } else { name }
}

fn row(user: &User, mailbox: Option<&Mailbox>) -> Value {
    let emails: Vec<&str> = user.emails.iter().map(crate::domain::MailAddress::as_str).collect();
    json!({
        "id": user.id,
        "first": user.first,
        "last": user.last,
        "emails": emails,
        "extension": mailbox.map(|mailbox| &mailbox.extension),
        "mail": mailbox.map(modes),
        "enabled": mailbox.map(|mailbox| mailbox.enabled),
    })
}

fn modes(mailbox: &Mailbox) -> Vec<String> {
    mailbox.recipients.iter().map(|recipient| format!("{}={}", recipient.address, recipient.mode)).collect()
}

fn account_json(account: &Account) -> Value {
    let Account { user, mailbox, numbers, has_pin, usage } = account;
    let mut told = json!({
        "id": user.id,
        "mailbox": mailbox.id,
        "extension": mailbox.extension,
        "first": user.first,
        "last": user.last,
        "emails": user.emails,
        "mail": modes(mailbox),
        "attachment": mailbox.attachment.as_str(),
        "pin": if *has_pin { "set" } else { "not set" },
        "numbers": numbers.iter().map(|number| &number.number).collect::<Vec<_>>(),
        "enabled": mailbox.enabled,
        "announcement_only": mailbox.announcement_only,
        "instructions": mailbox.instructions,
        "keep_no_speech": mailbox.keep_no_speech,
        "mail_tones": mailbox.mail_tones,
        "max_message_s": mailbox.max_message.as_secs_f64(),
        "silence_s": mailbox.silence.as_secs_f64(),
        "min_speech_s": mailbox.min_speech.as_secs_f64(),
        "operator": mailbox.operator,
        "keys": mailbox.keys,
        "zone": mailbox.zone,
        "language": mailbox.language,
        "announce": mailbox.phone.announce,
        "nicknames": mailbox.phone.nicknames,
        "may_broadcast": mailbox.phone.may_broadcast,
        "may_call_back": mailbox.phone.may_call_back,
        "messages": usage.messages,
        "max_messages": mailbox.quota.messages,
        "bytes": usage.bytes,
        "max_bytes": mailbox.quota.bytes,
    });
    for field in ProfileField::ALL {
        let value = Some(user.profile.get(field)).filter(|value| !value.is_empty());
        told[field.as_str()] = json!(value);
    }
    told
}
