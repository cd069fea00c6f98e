//! `aftertone user set --presence …`, and what `user show` tells of it.

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::domain::{Mailbox, Owner, PresenceState};
use crate::service::presence::{PresenceError, Presences};

use super::super::Failure;
use super::super::base::Base;
use super::super::cli::UserSet;
use super::messages::time;
use super::{ACTOR, Session, read};

/// What the options ask for; read before anything is changed.
pub(super) fn wanted(set: &UserSet) -> Result<Option<(PresenceState, Option<Timestamp>)>, Failure> {
    let Some(state) = &set.presence else { return Ok(None) };
    Ok(Some((read(state)?, set.presence_until.as_deref().map(time).transpose()?)))
}

pub(super) async fn set(
    session: &Session,
    base: &Base,
    mailbox: &Mailbox,
    presence: Option<(PresenceState, Option<Timestamp>)>,
) -> Result<(), Failure> {
    let Some((state, until)) = presence else { return Ok(()) };
    let presences = Presences::new(base.store.clone(), session.clock.clone()).by(ACTOR);
    presences.set(Owner { tenant: mailbox.tenant, mailbox: mailbox.id }, state, until).await?;
    Ok(())
}

/// Adds the presence to what is told of a user.
pub(super) async fn told(
    session: &Session,
    base: &Base,
    mailbox: &Mailbox,
    told: &mut Value,
) -> Result<(), Failure> {
    let presences = Presences::new(base.store.clone(), session.clock.clone());
    match presences.of(Owner { tenant: mailbox.tenant, mailbox: mailbox.id }).await {
        Ok(standing) => {
            told["presence"] = json!(standing.presence.state);
            told["presence_until"] = json!(standing.presence.until);
            Ok(())
        }
        Err(PresenceError::Nobody) => Ok(()),
        Err(error) => Err(error.into()),
    }
}
