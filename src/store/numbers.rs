//! Additional numbers and aliases of mailboxes.

use super::db::{Row, args};
use super::fault::{Named as _, missing};
use super::mailboxes::lock_mailbox;
use super::read::Reader;
use super::tx::Statement;
use super::{Number, Result, Store, StoreError};
use crate::domain::{GreetingId, MailboxId, PhoneNumber, TenantId};

// A number of a removed mailbox is free: whoever puts it takes it over.
const PUT: &str = "INSERT INTO numbers (tenant_id, number, mailbox_id, label, reversed_digits, greeting_id)
    VALUES ($1, $2, $3, $4, $5, $6)
    ON CONFLICT (tenant_id, number) DO UPDATE SET mailbox_id = excluded.mailbox_id, label = excluded.label,
        greeting_id = CASE WHEN numbers.mailbox_id = excluded.mailbox_id
            THEN COALESCE(excluded.greeting_id, numbers.greeting_id) ELSE excluded.greeting_id END
    WHERE numbers.mailbox_id = excluded.mailbox_id
       OR numbers.mailbox_id IN (SELECT id FROM mailboxes WHERE removed_at IS NOT NULL)";

const ALL: &str = "SELECT n.tenant_id, n.number, n.mailbox_id, n.label, n.greeting_id
    FROM numbers n JOIN mailboxes m ON m.tenant_id = n.tenant_id AND m.id = n.mailbox_id
    WHERE n.tenant_id = $1 AND m.removed_at IS NULL ORDER BY n.number";

const OF_MAILBOX: &str = "SELECT tenant_id, number, mailbox_id, label, greeting_id FROM numbers
    WHERE tenant_id = $1 AND mailbox_id = $2 ORDER BY number";

const EXACT: &str = "SELECT n.tenant_id, n.number, n.mailbox_id, n.label, n.greeting_id
    FROM numbers n JOIN mailboxes m ON m.tenant_id = n.tenant_id AND m.id = n.mailbox_id
    WHERE n.tenant_id = $1 AND n.number = $2 AND m.removed_at IS NULL";

// The digits are reversed, so that "ends with" is a range of the index: `:` follows `9` in ASCII.
const ENDING: &str = "SELECT n.tenant_id, n.number, n.mailbox_id, n.label, n.greeting_id
    FROM numbers n JOIN mailboxes m ON m.tenant_id = n.tenant_id AND m.id = n.mailbox_id
    WHERE n.tenant_id = $1 AND n.reversed_digits >= $2 AND n.reversed_digits < $3 AND m.removed_at IS NULL
    ORDER BY n.number LIMIT 10";

const REMOVE: &str = "DELETE FROM numbers WHERE tenant_id = $1 AND number = $2 AND mailbox_id = $3";

const SET_GREETING: &str =
    "UPDATE numbers SET greeting_id = $4 WHERE tenant_id = $1 AND number = $2 AND mailbox_id = $3";

const OWN_GREETING: &str = "SELECT id FROM greetings
    WHERE tenant_id = $1 AND mailbox_id = $2 AND id = $3 AND kind <> 'name'";

impl Store {
    /// Gives a number or alias a greeting of its own, one of its mailbox; `None`: callers hear the main one again.
    ///
    /// # Errors
    /// [`StoreError::Missing`] when the number does not lead there, or the greeting is not the mailbox's.
    pub async fn set_number_greeting(
        &self,
        tenant: TenantId,
        mailbox: MailboxId,
        number: &str,
        greeting: Option<GreetingId>,
    ) -> Result<()> {
        let mut tx = self.begin().await?;
        lock_mailbox(&mut tx, tenant, mailbox).await?;
        if let Some(greeting) = greeting
            && tx.rows(OWN_GREETING, args![tenant.uuid(), mailbox.uuid(), greeting.uuid()]).await?.is_empty()
        {
            return Err(missing("greeting", greeting));
        }
        let args = args![tenant.uuid(), number, mailbox.uuid(), greeting.map(GreetingId::uuid)];
        if tx.run(SET_GREETING, args).await? == 0 {
            return Err(missing("number", number));
        }
        Ok(tx.commit().await?)
    }

    /// Adds a number, or changes the label of one that leads to the same mailbox already.
    ///
    /// # Errors
    /// [`StoreError::Taken`] when it leads to another mailbox; `Missing` names the mailbox.
    pub async fn put_number(&self, number: &Number) -> Result<()> {
        let mut tx = self.begin().await?;
        lock_mailbox(&mut tx, number.tenant, number.mailbox).await?;
        let (sql, args) = put_statement(number);
        let touched = tx.run(sql, args).await.orphan("mailbox", number.mailbox)?;
        if touched == 0 {
            return Err(StoreError::Taken { what: "number", value: number.number.clone() });
        }
        Ok(tx.commit().await?)
    }

    /// The numbers that lead to a mailbox.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn numbers_of(&self, tenant: TenantId, mailbox: MailboxId) -> Result<Vec<Number>> {
        let rows = self.db.rows(OF_MAILBOX, args![tenant.uuid(), mailbox.uuid()]).await?;
        rows.iter().map(read_number).collect()
    }

    /// Takes a number away from the mailbox it leads to.
    ///
    /// # Errors
    /// [`StoreError::Missing`] when it does not lead there.
    pub async fn remove_number(&self, tenant: TenantId, mailbox: MailboxId, number: &str) -> Result<()> {
        let mut tx = self.begin().await?;
        if tx.run(REMOVE, args![tenant.uuid(), number, mailbox.uuid()]).await? == 0 {
            return Err(missing("number", number));
        }
        Ok(tx.commit().await?)
    }

    /// Every number of the tenant, in the order of their text.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn numbers(&self, tenant: TenantId) -> Result<Vec<Number>> {
        self.db.rows(ALL, args![tenant.uuid()]).await?.iter().map(read_number).collect()
    }

    /// Exact match.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn number(&self, tenant: TenantId, number: &str) -> Result<Option<Number>> {
        self.db.row(EXACT, args![tenant.uuid(), number]).await?.as_ref().map(read_number).transpose()
    }

    /// Telephone numbers (no aliases) that end in these digits, at most ten: more than one means that nothing may be
    /// guessed.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn numbers_ending(&self, tenant: TenantId, digits: &PhoneNumber) -> Result<Vec<Number>> {
        let from = reversed(digits);
        let until = format!("{from}:");
        self.db.rows(ENDING, args![tenant.uuid(), from, until]).await?.iter().map(read_number).collect()
    }
}

/// Adds the number, or its new label; touches nothing where it leads elsewhere.
pub(super) fn put_statement(number: &Number) -> Statement {
    let (tenant, mailbox) = (number.tenant.uuid(), number.mailbox.uuid());
    let greeting = number.greeting.map(GreetingId::uuid);
    let reversed = number.number.parse::<PhoneNumber>().ok().map(|number| reversed(&number));
    (PUT, args![tenant, number.number.as_str(), mailbox, number.label.clone(), reversed, greeting])
}

fn reversed(number: &PhoneNumber) -> String {
    number.digits().chars().rev().collect()
}

fn read_number(row: &Row) -> Result<Number> {
    let row = Reader::new(row, "numbers", "number");
    Ok(Number {
        tenant: TenantId::from_uuid(row.id("tenant_id")?),
        number: row.text("number")?,
        mailbox: MailboxId::from_uuid(row.id("mailbox_id")?),
        label: row.opt_text("label")?,
        greeting: row.opt_id("greeting_id")?.map(GreetingId::from_uuid),
    })
}
