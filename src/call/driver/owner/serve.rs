//! Which service does what an owner asks for, and its answer as the dialogue knows it.

use std::time::Duration;

use secrecy::SecretString;

use crate::blob::spool::Marks;
use crate::call::Owners;
use crate::domain::{GreetingName, Owner, RecordingId, Sender};
use crate::flow::owner::desk::{BadPin, Member, Reply, Request};
use crate::service::accounts::PinFault;
use crate::service::login::ChangeFault;
use crate::service::owner::OwnerError;
use crate::service::sending::{Sent, Why};

/// Does it on behalf of this owner; `take` is the recording that is handed over, `name` what a greeting is to be called.
pub(super) async fn serve(
    owners: &Owners,
    owner: Owner,
    request: Request,
    take: Option<RecordingId>,
    name: Option<&GreetingName>,
) -> Result<Reply, OwnerError> {
    let gone = OwnerError::Missing { what: "recording" };
    Ok(match request {
        // Answered before anybody is known.
        Request::SignIn { .. } | Request::Recognise | Request::Search(_) | Request::Visit(_) => Reply::Failed,
        Request::Load(shelf) => Reply::Messages(owners.retrieval.list(owner, shelf).await?),
        Request::Mark(message, mark) => {
            owners.retrieval.mark(owner, message, mark).await?;
            Reply::Done
        }
        Request::MailAway(message) => match owners.retrieval.mail_away(owner, message).await? {
            true => Reply::Done,
            false => Reply::NotAllowed,
        },
        Request::Hold(place) => {
            let millis = |at: Duration| u32::try_from(at.as_millis()).unwrap_or(u32::MAX);
            owners.retrieval.leave_place(owner, place.map(|(message, at)| (message, millis(at)))).await?;
            Reply::Done
        }
        Request::Find(extension) => {
            Reply::Recipient(owners.sending.find(owner, &extension).await?.map(|found| found.name))
        }
        Request::Everybody => Reply::Everybody(owners.sending.everybody(owner).await?),
        Request::Lists => {
            let lists = owners.sending.lists(owner).await?;
            Reply::Lists(lists.into_iter().map(|(number, members)| (number, count(members.len()))).collect())
        }
        Request::List(number) => {
            let members = owners.sending.members(owner, number).await?;
            let member = |found: Sender| Member { extension: found.extension, name: found.name };
            Reply::List(members.into_iter().map(member).collect())
        }
        Request::PutList(number, members) => {
            owners.sending.put_list(owner, number, &members).await?;
            Reply::Done
        }
        Request::Send { to, urgent, private, .. } => {
            let marks = Marks { urgent, private };
            sent(owners.sending.send(owner, take.ok_or(gone)?, marks, &to).await?)
        }
        Request::Forward { message, to, .. } => {
            sent(owners.sending.forward(owner, message, take, &to).await?)
        }
        Request::Greetings => Reply::Greetings(owners.settings.greetings(owner).await?),
        Request::KeepGreeting(_, kind) => {
            let settings = owners.settings.by_phone(owner).await?;
            settings.keep(owner, take.ok_or(gone)?, kind, name.cloned(), None).await?;
            Reply::Done
        }
        Request::ChooseGreeting(id) => {
            owners.settings.by_phone(owner).await?.choose(owner, id).await?;
            Reply::Done
        }
        Request::SwitchOff(kind) => {
            owners.settings.by_phone(owner).await?.switch_off(owner, kind).await?;
            Reply::Done
        }
        Request::GreetingUntil(id, until) => {
            owners.settings.by_phone(owner).await?.set_until(owner, id, until).await?;
            Reply::Done
        }
        Request::ChangePin(pin) => change_pin(owners, owner, SecretString::from(pin.digits())).await?,
        Request::Settings(wanted) => {
            // Only what the phone changes: the rest may have been changed elsewhere meanwhile.
            let change = move |phone: &mut crate::domain::PhoneSettings| {
                phone.newest_first = wanted.newest_first;
                phone.urgent_first = wanted.urgent_first;
                phone.envelope = wanted.envelope;
                phone.speed_percent = wanted.speed_percent;
                phone.gain_db = wanted.gain_db;
                phone.key_help = wanted.key_help;
                phone.tutorial = wanted.tutorial;
            };
            owners.settings.by_phone(owner).await?.update(owner, change).await?;
            Reply::Done
        }
        Request::Mail(mode) => {
            owners.settings.by_phone(owner).await?.set_mail_mode(owner, mode).await?;
            Reply::Done
        }
    })
}

/// To nobody, only because it is not possible now: then the recording is still there to be sent again.
fn sent(sent: Sent) -> Reply {
    if sent.delivered.is_empty() && sent.refused.iter().any(|(_, why)| *why == Why::Failed) {
        return Reply::Failed;
    }
    Reply::Sent {
        to: count(sent.delivered.len()),
        failed: sent.refused.into_iter().map(|(extension, _)| extension).collect(),
    }
}

async fn change_pin(owners: &Owners, owner: Owner, pin: SecretString) -> Result<Reply, OwnerError> {
    let by = owners.settings.phone_of(owner).await?;
    Ok(match owners.login.by(&by).change_pin(owner, pin).await {
        Ok(()) => Reply::Done,
        Err(ChangeFault::Pin(fault)) => Reply::BadPin(match fault {
            PinFault::Shape | PinFault::Short(_) => BadPin::Shape,
            PinFault::Repeats => BadPin::Repeats,
            PinFault::Sequence => BadPin::Sequence,
            PinFault::Extension => BadPin::Extension,
            PinFault::Date => BadPin::Year,
        }),
        Err(error @ ChangeFault::Unavailable(_)) => {
            tracing::warn!(%error, "a PIN could not be changed");
            Reply::Failed
        }
    })
}

/// How many, for a dialogue.
fn count(length: usize) -> u32 {
    u32::try_from(length).unwrap_or(u32::MAX)
}
