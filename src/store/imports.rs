//! Imports of users: all rows in one transaction, with what it takes to take the whole import back.
//!
//! What a row means is the service's; here it is users, mailboxes and numbers. Each touched mailbox is kept as it stood
//! before and after, as the tables have it.

mod phones;
mod snapshot;

use jiff::Timestamp;

pub use self::phones::ImportPhone;
use self::snapshot::{Snapshot, restore, snapshots};
use super::db::{Row, Tx, args};
use super::fault::{Named as _, found, missing};
use super::lockouts::UNLOCK;
use super::mailboxes::{SET_PIN, mailbox_statement};
use super::numbers::put_statement;
use super::people::{remove_in, user_statement};
use super::profiles::{OF_ADDRESS, quoted};
use super::read::{Reader, micros, to_json};
use super::tx::Statement;
use super::{Number, Result, Store, StoreError};
use crate::domain::{Extension, ImportId, Mailbox, MailboxId, TenantId, User, UserId};

/// Statements that go to the database in one trip.
const AT_ONCE: usize = 200;

const ADD: &str = "INSERT INTO imports (id, tenant_id, label, added, changed, unchanged, made_at)
    VALUES ($1, $2, $3, $4, $5, $6, $7)";

const ADD_ROW: &str = "INSERT INTO import_rows (tenant_id, import_id, line, mailbox_id, before, after)
    VALUES ($1, $2, $3, $4, $5, $6)";

/// Only the newest imports can be taken back: the others need no room.
const FORGET: &str = "DELETE FROM import_rows WHERE tenant_id = $1 AND import_id NOT IN
    (SELECT id FROM imports WHERE tenant_id = $1 ORDER BY made_at DESC, id DESC LIMIT 20)";

const LIST: &str = "SELECT i.id, i.label, i.added, i.changed, i.unchanged, i.made_at, i.rolled_back_at,
    EXISTS (SELECT 1 FROM import_rows r WHERE r.tenant_id = i.tenant_id AND r.import_id = i.id
        UNION ALL SELECT 1 FROM import_phones p WHERE p.tenant_id = i.tenant_id AND p.import_id = i.id) AS is_kept
    FROM imports i WHERE i.tenant_id = $1 ORDER BY i.made_at DESC, i.id DESC LIMIT 200";

const ROWS: &str = "SELECT line, mailbox_id, before, after FROM import_rows
    WHERE tenant_id = $1 AND import_id = $2 ORDER BY line";

const PEOPLE: &str = "SELECT m.user_id, m.extension FROM import_rows r
    JOIN mailboxes m ON m.tenant_id = r.tenant_id AND m.id = r.mailbox_id
    WHERE r.tenant_id = $1 AND r.import_id = $2 AND m.removed_at IS NULL AND m.user_id IS NOT NULL";

const ROLLED_BACK: &str = "UPDATE imports SET rolled_back_at = $3
    WHERE tenant_id = $1 AND id = $2 AND rolled_back_at IS NULL";

const REMOVE_NUMBER: &str = "DELETE FROM numbers WHERE tenant_id = $1 AND number = $2 AND mailbox_id = $3";

/// An import as it is listed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Import {
    /// Identity.
    pub id: ImportId,
    /// What it was called: the file's name.
    pub label: String,
    /// Users that were added, and phones that are nobody's.
    pub added: u32,
    /// The same that were changed.
    pub changed: u32,
    /// Rows that changed nothing.
    pub unchanged: u32,
    /// When.
    pub made_at: Timestamp,
    /// When it was taken back.
    pub rolled_back_at: Option<Timestamp>,
    /// It can still be taken back.
    pub can_roll_back: bool,
}

/// A user to be written.
#[derive(Debug, Clone)]
pub struct ImportRow {
    /// Line of the file.
    pub line: u32,
    /// The person.
    pub user: User,
    /// The mailbox.
    pub mailbox: Mailbox,
    /// Neither is there yet.
    pub is_new: bool,
    /// The PIN's Argon2id string, if it is to be set.
    pub pin_hash: Option<String>,
    /// Numbers that are to lead there.
    pub numbers: Vec<Number>,
    /// Numbers that are to lead there no more.
    pub without: Vec<String>,
}

/// What may be put back with an import.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Within {
    /// What was changed since as well.
    pub anyway: bool,
    /// Phones.
    pub phones: bool,
    /// Where rescuers go (002-011).
    pub emergency: bool,
}

/// What came of taking an import back. All but the first wrote nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TakenBack {
    /// Everything is as it was; these users have another PIN by that.
    Wholly(Vec<UserId>),
    /// These mailboxes and phones were changed since.
    ChangedSince(Vec<String>),
    /// It wrote phones, which may not be put back.
    Phones,
    /// The 911 data of this extension would change, which may not.
    Emergency(String),
}

impl Store {
    /// Writes all rows and phones, or none. `revision` is that of the directory when the rows were made.
    ///
    /// # Errors
    /// [`StoreError::Taken`] of `directory`: it has changed since; the rows must be made anew.
    pub async fn import_users(
        &self,
        tenant: TenantId,
        import: &Import,
        (rows, phones): (&[ImportRow], &[ImportPhone]),
        revision: i64,
        told: &(dyn Fn(usize) + Send + Sync),
    ) -> Result<()> {
        let mut tx = self.begin().await?;
        let now = tx.rows("SELECT revision FROM directory_revision", args![]).await?;
        let now = now.first().ok_or_else(|| missing("row of table", "directory_revision"))?;
        if Reader::new(now, "directory_revision", "revision").number::<i64>("revision")? != revision {
            return Err(StoreError::Taken { what: "directory", value: revision.to_string() });
        }
        let before = snapshots(&mut tx, tenant).await?;
        let mut statements: Vec<Statement> = Vec::new();
        for (done, row) in rows.iter().enumerate() {
            statements.extend(written(tenant, row)?);
            if statements.len() >= AT_ONCE {
                send(&mut tx, &mut statements).await?;
                told(done + 1);
            }
        }
        send(&mut tx, &mut statements).await?;
        let after = snapshots(&mut tx, tenant).await?;
        let header = args![
            import.id.uuid(),
            tenant.uuid(),
            import.label.as_str(),
            import.added,
            import.changed,
            import.unchanged,
            micros(import.made_at),
        ];
        tx.run(ADD, header).await.orphan("tenant", tenant)?;
        for row in rows {
            let id = row.mailbox.id;
            let after = after.get(&id).ok_or_else(|| missing("mailbox", id))?;
            let before = before.get(&id).map(to_json).transpose()?;
            let kept = args![tenant.uuid(), import.id.uuid(), row.line, id.uuid(), before, to_json(after)?];
            statements.push((ADD_ROW, kept));
            if statements.len() >= AT_ONCE {
                send(&mut tx, &mut statements).await?;
            }
        }
        send(&mut tx, &mut statements).await?;
        phones::write(&mut tx, tenant, import.id, phones).await?;
        for forget in [FORGET, phones::FORGET] {
            tx.run(forget, args![tenant.uuid()]).await?;
        }
        tx.commit().await?;
        told(rows.len());
        Ok(())
    }

    /// The imports of a tenant, newest first; at most 200.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn imports(&self, tenant: TenantId) -> Result<Vec<Import>> {
        self.db.rows(LIST, args![tenant.uuid()]).await?.iter().map(read_import).collect()
    }

    /// The users whom an import touched and who are still there, with their extensions.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn import_people(&self, tenant: TenantId, id: ImportId) -> Result<Vec<(UserId, Extension)>> {
        let read = |row: &Row| {
            let row = Reader::new(row, "mailboxes", "extension");
            Ok((UserId::from_uuid(row.id("user_id")?), row.parsed("extension")?))
        };
        self.db.rows(PEOPLE, args![tenant.uuid(), id.uuid()]).await?.iter().map(read).collect()
    }

    /// Takes a whole import back: who was added is removed, who was changed is as before. One transaction.
    ///
    /// # Errors
    /// [`StoreError::Missing`] when there is no such import, or it was taken back already.
    pub async fn roll_back_import(
        &self,
        tenant: TenantId,
        id: ImportId,
        within: Within,
    ) -> Result<TakenBack> {
        let Within { anyway, .. } = within;
        let mut tx = self.begin().await?;
        let at = self.clock.now();
        let now = micros(at);
        let rows = tx.rows(ROWS, args![tenant.uuid(), id.uuid()]).await?;
        let marked = tx.run(ROLLED_BACK, args![tenant.uuid(), id.uuid(), now]).await?;
        let has_phones = phones::has_any(&mut tx, tenant, id).await?;
        let is_kept = !rows.is_empty() || has_phones;
        found(marked.min(is_kept.into()), "import that can be taken back", id)?;
        if has_phones && !within.phones {
            return Ok(TakenBack::Phones);
        }
        let current = snapshots(&mut tx, tenant).await?;
        let mut back: Vec<(MailboxId, Option<Snapshot>)> = Vec::with_capacity(rows.len());
        let mut conflicts = phones::put_back(&mut tx, (tenant, id), at, anyway).await?;
        for row in &rows {
            let row = Reader::new(row, "import_rows", "line");
            let mailbox = MailboxId::from_uuid(row.id("mailbox_id")?);
            let after: Snapshot = row.json("after")?;
            let before = row.opt_text("before")?.map(|_| row.json("before")).transpose()?;
            match current.get(&mailbox) {
                Some(current) if *current == after => back.push((mailbox, before)),
                // Whoever is gone already needs no removing.
                None if before.is_none() => {}
                Some(_) if anyway => back.push((mailbox, before)),
                None if anyway => {}
                _ => conflicts.push(format!("mailbox {}", after.extension)),
            }
        }
        for (mailbox, before) in &back {
            let (Some(before), Some(current)) = (before, current.get(mailbox)) else { continue };
            if !within.emergency && before.emergency()? != current.emergency()? {
                return Ok(TakenBack::Emergency(current.extension.clone()));
            }
        }
        for (mailbox, before) in back.iter().filter(|_| !anyway) {
            let Some(before) = before else { continue };
            let is_same = current.get(mailbox).is_some_and(|now| now.login == before.login);
            if !is_same && is_address_of_others(&mut tx, tenant, before).await? {
                conflicts.push(format!("mailbox {}", before.extension));
            }
        }
        if !conflicts.is_empty() {
            return Ok(TakenBack::ChangedSince(conflicts));
        }
        let mut pins = Vec::new();
        for (mailbox, before) in back {
            let current = current.get(&mailbox);
            let user = current.and_then(|current| current.user).map(UserId::from_uuid);
            let is_pin_new = |before: &Snapshot| current.is_some_and(|now| now.pin_hash != before.pin_hash);
            pins.extend(user.filter(|_| before.as_ref().is_some_and(is_pin_new)));
            match (before, user) {
                (Some(before), _) => restore(&mut tx, (tenant, mailbox), &before, current).await?,
                (None, Some(user)) => remove_in(&mut tx, tenant, user, now).await?,
                (None, None) => {}
            }
        }
        tx.commit().await?;
        Ok(TakenBack::Wholly(pins))
    }
}

/// Whether somebody else may sign in with what would be a user ID again.
async fn is_address_of_others(tx: &mut Tx, tenant: TenantId, before: &Snapshot) -> Result<bool> {
    let Some(login) = &before.login else { return Ok(false) };
    let mut is_others = false;
    for row in tx.rows(OF_ADDRESS, args![tenant.uuid(), quoted(login), 2_u32]).await? {
        is_others |= Some(Reader::new(&row, "users", "id").id("id")?) != before.user;
    }
    Ok(is_others)
}

async fn send(tx: &mut Tx, statements: &mut Vec<Statement>) -> Result<()> {
    if !statements.is_empty() {
        let batch = std::mem::take(statements);
        tx.batch(batch).await.taken("number or extension", "of a row")?;
    }
    Ok(())
}

fn written(tenant: TenantId, row: &ImportRow) -> Result<Vec<Statement>> {
    let mailbox = row.mailbox.id.uuid();
    let mut statements =
        vec![user_statement(&row.user, row.is_new)?, mailbox_statement(&row.mailbox, row.is_new)?];
    if let Some(hash) = &row.pin_hash {
        statements.push((SET_PIN, args![tenant.uuid(), mailbox, hash.as_str()]));
        statements.push((UNLOCK, args![tenant.uuid(), row.mailbox.extension.as_str()]));
    }
    for number in &row.without {
        statements.push((REMOVE_NUMBER, args![tenant.uuid(), number.as_str(), mailbox]));
    }
    statements.extend(row.numbers.iter().map(put_statement));
    Ok(statements)
}

fn read_import(row: &Row) -> Result<Import> {
    let row = Reader::new(row, "imports", "id");
    let rolled_back_at = row.opt_time("rolled_back_at")?;
    Ok(Import {
        id: ImportId::from_uuid(row.id("id")?),
        label: row.text("label")?,
        added: row.number("added")?,
        changed: row.number("changed")?,
        unchanged: row.number("unchanged")?,
        made_at: row.time("made_at")?,
        rolled_back_at,
        can_roll_back: rolled_back_at.is_none() && row.flag("is_kept")?,
    })
}
