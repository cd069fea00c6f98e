//! `aftertone greeting call-me`: asks the running server for a call, and shows how it goes.

use serde_json::json;

use crate::domain::{CallRequestId, CallStep, GreetingName, Owner, Tenant};
use crate::service::call_me::{CallMe, Following, Wanted};
use crate::store::CallNews;

use super::super::Failure;
use super::super::base::Base;
use super::super::cli::CallMeArgs;
use super::messages::mailbox_of;
use super::{ACTOR, Session, StopSignals, extension, read};

pub(super) async fn run(
    session: &Session,
    base: &Base,
    tenant: &Tenant,
    args: &CallMeArgs,
) -> Result<(), Failure> {
    let mailbox = mailbox_of(base, tenant, &extension(&args.mailbox)?).await?;
    let owner = Owner { tenant: tenant.id, mailbox: mailbox.id };
    let call_me = CallMe::new(base.store.clone(), session.clock.clone()).by(ACTOR);
    let target = args.to.as_deref().unwrap_or(mailbox.extension.as_str());
    // Before the phone is asked for: whoever stops the command from now on stops the ringing.
    let mut stop = StopSignals::listen()?;
    let name = args.name.as_deref().map(read::<GreetingName>).transpose()?;
    let wanted = Wanted { kind: read(&args.kind)?, target, name: name.as_ref() };
    let id = call_me.ask(owner, &wanted).await?;
    follow(&call_me, id, args.json, &mut stop).await
}

/// Prints each step. Ctrl-C gives the call up and waits for its end; a second one does not wait.
async fn follow(
    call_me: &CallMe,
    id: CallRequestId,
    json: bool,
    stop: &mut StopSignals,
) -> Result<(), Failure> {
    let mut following = call_me.follow(id);
    let ended = tokio::select! {
        ended = show(&mut following, json) => ended,
        () = stop.asked() => {
            call_me.give_up(id).await?;
            tokio::select! {
                ended = show(&mut following, json) => ended,
                () = stop.asked() => {
                    return Err(Failure::refused("the call was given up; its end was not waited for"));
                }
            }
        }
    };
    match ended? {
        CallStep::Kept => Ok(()),
        step => Err(Failure::refused(step.to_string())),
    }
}

/// Shows what comes until the last step, and gives that.
async fn show(following: &mut Following, json: bool) -> Result<CallStep, Failure> {
    let mut last = CallStep::Calling;
    while let Some(CallNews { at, step, .. }) = following.next().await? {
        last = step;
        if json {
            let mut line = json!({ "at": at, "text": step.to_string() });
            if let (Some(line), Ok(step)) = (line.as_object_mut(), serde_json::to_value(step)) {
                line.extend(step.as_object().cloned().unwrap_or_default());
            }
            println!("{line}");
        } else if !matches!(step, CallStep::Failed { .. }) {
            println!("{step}");
        }
    }
    Ok(last)
}
