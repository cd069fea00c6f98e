//! An extension goes from one person to another, in one transaction.
//!
//! The mailbox stays its person's, with all that hangs on it; who comes next has another one. So nothing of the old
//! person can reach the new one: only what belongs to the extension itself (phones that watch it, and further numbers
//! where that is wanted) moves to the new mailbox.

use jiff::Timestamp;
use uuid::Uuid;

use super::bin::forget_greetings;
use super::db::{Tx, args};
use super::fault::{Named as _, found, missing};
use super::handsets::{hand_on_in, handset_in};
use super::lamps;
use super::lockouts::UNLOCK;
use super::mailboxes::{MAILBOX_BY_EXTENSION, insert_mailbox, lock_mailbox, read_mailbox};
use super::people::{OWN_MAILBOX, USER, insert_user, read_user, remove_in};
use super::read::{Reader, micros};
use super::reset::write_user;
use super::retention::remove_message;
use super::{Result, Store, StoreError};
use crate::domain::{Extension, HandsetId, JobId, Mailbox, MailboxId, TenantId, User, UserId};

// Never seen by anybody: within the transaction, two mailboxes want the same extension.
const BESIDE: &str = "UPDATE mailboxes SET extension = '~' || extension WHERE tenant_id = $1 AND id = $2";
const SET_EXTENSION: &str = "UPDATE mailboxes SET extension = $3 WHERE tenant_id = $1 AND id = $2";
const NUMBER: &str =
    "SELECT n.number FROM numbers n JOIN mailboxes m ON m.tenant_id = n.tenant_id AND m.id = n.mailbox_id
    WHERE n.tenant_id = $1 AND n.number = $2 AND m.removed_at IS NULL";
// What a phone shows is no longer what there is.
const MOVE_LAMPS: &str =
    "UPDATE lamps SET mailbox_id = $3, told = NULL WHERE tenant_id = $1 AND mailbox_id = $2";
const MOVE_NUMBERS: &str = "UPDATE numbers SET mailbox_id = $3 WHERE tenant_id = $1 AND mailbox_id = $2";
// The telephone stays at the extension: it must not open the mailbox of who was there.
const FORGET_DEVICES: &str = "DELETE FROM devices WHERE tenant_id = $1 AND mailbox_id = $2";
const MESSAGES: &str = "SELECT id, object FROM messages WHERE tenant_id = $1 AND mailbox_id = $2";
const FORGET_GREETINGS: &str = "DELETE FROM greetings WHERE tenant_id = $1 AND mailbox_id = $2";

/// What becomes of who had the extension.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fate {
    /// Stays, with everything, under this extension.
    Keep(Extension),
    /// Goes into the recycle bin with everything.
    Archive,
    /// Goes into the recycle bin; messages and greetings are deleted for good.
    Delete,
}

impl Fate {
    /// The word of the API and of the audit.
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Keep(_) => "keep",
            Self::Archive => "archive",
            Self::Delete => "delete",
        }
    }
}

/// Who has the extension next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Newcomer {
    /// Somebody who is added, with a new mailbox of this extension.
    New(Box<(User, Mailbox)>),
    /// Somebody who is there, and keeps the own mailbox.
    Known(UserId),
}

impl Newcomer {
    /// Who it is.
    pub fn user(&self) -> UserId {
        match self {
            Self::New(both) => both.0.id,
            Self::Known(user) => *user,
        }
    }
}

impl Store {
    /// Gives the extension of a user to somebody else, with the further numbers if that is wanted, and with these phones of
    /// who had it, which leave their ring groups.
    ///
    /// # Errors
    /// [`StoreError::Missing`] when `from` has that extension or one of the phones no more, or the newcomer has no mailbox;
    /// [`StoreError::Taken`] names an extension that is somebody else's.
    pub async fn take_over(
        &self,
        tenant: TenantId,
        (extension, from): (&Extension, UserId),
        fate: &Fate,
        newcomer: &Newcomer,
        (with_numbers, phones): (bool, &[HandsetId]),
    ) -> Result<()> {
        let (whose, at) = (tenant.uuid(), self.clock.now());
        let mut tx = self.begin().await?;
        let rows = tx.rows(MAILBOX_BY_EXTENSION, args![whose, extension.as_str()]).await?;
        let old = read_mailbox(rows.first().ok_or_else(|| missing("mailbox", extension))?)?;
        if old.user != Some(from) {
            return Err(missing("mailbox", extension));
        }
        lock_mailbox(&mut tx, tenant, old.id).await?;
        tx.run(BESIDE, args![whose, old.id.uuid()]).await?;
        let new = place(&mut tx, tenant, newcomer, extension).await?;
        hand_over_place(&mut tx, tenant, from, newcomer, fate).await?;
        for phone in phones {
            hand_over(&mut tx, tenant, *phone, (from, newcomer.user()), at).await?;
        }
        let (one, other) = (old.id.uuid(), new.uuid());
        tx.run(MOVE_LAMPS, args![whose, one, other]).await?;
        tx.run(FORGET_DEVICES, args![whose, one]).await?;
        if with_numbers {
            tx.run(MOVE_NUMBERS, args![whose, one, other]).await?;
        }
        tx.run(UNLOCK, args![whose, extension.as_str()]).await?;
        match fate {
            Fate::Keep(to) => name(&mut tx, whose, one, to).await?,
            Fate::Archive | Fate::Delete => {
                remove_in(&mut tx, tenant, from, micros(at)).await?;
                tx.run(SET_EXTENSION, args![whose, one, extension.as_str()]).await?;
            }
        }
        if *fate == Fate::Delete {
            self.delete_recordings(&mut tx, whose, one).await?;
        }
        let job = JobId::from_uuid(self.clock.uuid());
        lamps::changed(&mut tx, tenant, new, job, at).await?;
        tx.commit().await?;
        self.work_was_made();
        Ok(())
    }

    /// Messages and greetings of a mailbox, with jobs that delete their audio.
    async fn delete_recordings(&self, tx: &mut Tx, tenant: Uuid, mailbox: Uuid) -> Result<()> {
        for row in tx.rows(MESSAGES, args![tenant, mailbox]).await? {
            let row = Reader::new(&row, "messages", "id");
            remove_message(tx, tenant, row.id("id")?, row.text("object")?, &self.clock).await?;
        }
        forget_greetings(tx, tenant, mailbox, &self.clock).await?;
        tx.run(FORGET_GREETINGS, args![tenant, mailbox]).await?;
        Ok(())
    }
}

/// What the phone system and rescuers are told of the place goes to who comes; who stays under another extension has the
/// place that the newcomer leaves, or none that is known.
async fn hand_over_place(
    tx: &mut Tx,
    tenant: TenantId,
    from: UserId,
    newcomer: &Newcomer,
    fate: &Fate,
) -> Result<()> {
    let (mut old, mut new) = (user(tx, tenant, from).await?, user(tx, tenant, newcomer.user()).await?);
    let left = new.profile.clone();
    new.profile = new.profile.at_the_place_of(&old.profile);
    write_user(tx, &new).await?;
    if let Fate::Keep(_) = fate {
        old.profile = old.profile.at_the_place_of(&left);
        write_user(tx, &old).await?;
    }
    Ok(())
}

async fn hand_over(
    tx: &mut Tx,
    tenant: TenantId,
    phone: HandsetId,
    (from, to): (UserId, UserId),
    now: Timestamp,
) -> Result<()> {
    let handset = handset_in(tx, tenant, phone).await?.filter(|handset| handset.owner == Some(from));
    let mut handset = handset.ok_or_else(|| missing("phone", phone))?;
    handset.change_hands(now);
    hand_on_in(tx, &handset, Some(to)).await
}

async fn user(tx: &mut Tx, tenant: TenantId, id: UserId) -> Result<User> {
    let rows = tx.rows(USER, args![tenant.uuid(), id.uuid()]).await?;
    read_user(rows.first().ok_or_else(|| missing("user", id))?)
}

/// Lets the newcomer have the extension; the mailbox.
async fn place(
    tx: &mut Tx,
    tenant: TenantId,
    newcomer: &Newcomer,
    extension: &Extension,
) -> Result<MailboxId> {
    match newcomer {
        Newcomer::New(both) => {
            let (user, mailbox) = &**both;
            insert_user(tx, user).await?;
            insert_mailbox(tx, &Mailbox { extension: extension.clone(), ..mailbox.clone() }).await?;
            Ok(mailbox.id)
        }
        Newcomer::Known(user) => {
            let rows = tx.rows(OWN_MAILBOX, args![tenant.uuid(), user.uuid()]).await?;
            let mailbox = read_mailbox(rows.first().ok_or_else(|| missing("mailbox of user", user))?)?;
            lock_mailbox(tx, tenant, mailbox.id).await?;
            tx.run(UNLOCK, args![tenant.uuid(), mailbox.extension.as_str()]).await?;
            let args = args![tenant.uuid(), mailbox.id.uuid(), extension.as_str()];
            let touched = tx.run(SET_EXTENSION, args).await.taken("extension", extension)?;
            found(touched, "mailbox", mailbox.id)?;
            Ok(mailbox.id)
        }
    }
}

/// Gives a mailbox an extension that is no further number.
async fn name(tx: &mut Tx, tenant: Uuid, mailbox: Uuid, to: &Extension) -> Result<()> {
    if !tx.rows(NUMBER, args![tenant, to.as_str()]).await?.is_empty() {
        return Err(StoreError::Taken { what: "extension", value: to.to_string() });
    }
    tx.run(SET_EXTENSION, args![tenant, mailbox, to.as_str()]).await.taken("extension", to)?;
    tx.run(UNLOCK, args![tenant, to.as_str()]).await?;
    Ok(())
}
