//! What a user is told by mail when a way in is changed: password, PIN, second factor; by whomever.
//!
//! The change is made first and stays made: that it cannot be told is only logged.

use std::collections::HashSet;

use crate::clock::SharedClock;
use crate::domain::{JobId, SecurityChange, TenantId, User, UserId};
use crate::store::{NewJob, Store, StoreError, Work};

/// Mails it to each address of the user.
pub(super) async fn tell(store: &Store, clock: &SharedClock, user: &User, change: SecurityChange) {
    if let Err(error) = told(store, clock, user, change).await {
        tracing::warn!(user = %user.id, %error, "a user is not told of a changed way in");
    }
}

/// The same of somebody who is known by id alone.
pub(super) async fn tell_of(
    store: &Store,
    clock: &SharedClock,
    (tenant, user): (TenantId, UserId),
    change: SecurityChange,
) {
    match store.user(tenant, user).await {
        Ok(user) => tell(store, clock, &user, change).await,
        Err(error) => tracing::warn!(%user, %error, "a user is not told of a changed way in"),
    }
}

async fn told(
    store: &Store,
    clock: &SharedClock,
    user: &User,
    change: SecurityChange,
) -> Result<(), StoreError> {
    let (at, mut seen) = (clock.now(), HashSet::new());
    for to in user.emails.iter().filter(|to| seen.insert(*to)) {
        let work = Work::Security { user: user.id, to: to.clone(), change, at };
        let job = NewJob { id: JobId::from_uuid(clock.uuid()), work, due: at };
        store.add_job(user.tenant, &job).await?;
    }
    Ok(())
}
