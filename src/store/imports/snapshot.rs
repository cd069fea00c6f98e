//! A mailbox with its user and numbers as the tables have it at one moment, to be compared and put back.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::super::db::{Tx, args};
use super::super::numbers::put_statement;
use super::super::read::Reader;
use super::super::tx::Statement;
use super::super::{Number, Result};
use crate::domain::{MailboxId, TenantId};

const ALL: &str = "SELECT m.id, m.user_id, m.extension, m.enabled, m.settings, m.pin_hash,
    u.first_name, u.last_name, u.emails
    FROM mailboxes m LEFT JOIN users u ON u.tenant_id = m.tenant_id AND u.id = m.user_id
    WHERE m.tenant_id = $1 AND m.removed_at IS NULL";

const NUMBERS: &str = "SELECT n.number, n.mailbox_id, n.label
    FROM numbers n JOIN mailboxes m ON m.tenant_id = n.tenant_id AND m.id = n.mailbox_id
    WHERE n.tenant_id = $1 AND m.removed_at IS NULL ORDER BY n.number";

const RESTORE_USER: &str = "UPDATE users SET first_name = $3, last_name = $4, emails = $5
    WHERE tenant_id = $1 AND id = $2 AND removed_at IS NULL";

const RESTORE_MAILBOX: &str =
    "UPDATE mailboxes SET extension = $3, enabled = $4, settings = $5, pin_hash = $6
    WHERE tenant_id = $1 AND id = $2 AND removed_at IS NULL";

const REMOVE_NUMBER: &str = "DELETE FROM numbers WHERE tenant_id = $1 AND number = $2 AND mailbox_id = $3";

/// Columns as they are.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Snapshot {
    pub(super) user: Option<Uuid>,
    pub(super) extension: String,
    first: Option<String>,
    last: Option<String>,
    emails: Option<String>,
    enabled: bool,
    settings: String,
    pin_hash: Option<String>,
    numbers: Vec<(String, Option<String>)>,
}

/// Every living mailbox of the tenant.
pub(super) async fn snapshots(tx: &mut Tx, tenant: TenantId) -> Result<HashMap<MailboxId, Snapshot>> {
    let mut all = HashMap::new();
    for row in tx.rows(ALL, args![tenant.uuid()]).await? {
        let row = Reader::new(&row, "mailboxes", "id");
        let snapshot = Snapshot {
            user: row.opt_id("user_id")?,
            extension: row.text("extension")?,
            first: row.opt_text("first_name")?,
            last: row.opt_text("last_name")?,
            emails: row.opt_text("emails")?,
            enabled: row.flag("enabled")?,
            settings: row.text("settings")?,
            pin_hash: row.opt_text("pin_hash")?,
            numbers: Vec::new(),
        };
        all.insert(MailboxId::from_uuid(row.id("id")?), snapshot);
    }
    for row in tx.rows(NUMBERS, args![tenant.uuid()]).await? {
        let row = Reader::new(&row, "numbers", "number");
        if let Some(snapshot) = all.get_mut(&MailboxId::from_uuid(row.id("mailbox_id")?)) {
            snapshot.numbers.push((row.text("number")?, row.opt_text("label")?));
        }
    }
    Ok(all)
}

/// Puts a mailbox back to what it was.
pub(super) async fn restore(
    tx: &mut Tx,
    (tenant, mailbox): (TenantId, MailboxId),
    before: &Snapshot,
    current: Option<&Snapshot>,
) -> Result<()> {
    let (id, whose) = (mailbox.uuid(), tenant.uuid());
    let mut statements: Vec<Statement> = Vec::new();
    if let (Some(user), Some(first), Some(last), Some(emails)) =
        (before.user, &before.first, &before.last, &before.emails)
    {
        let names = args![whose, user, first.as_str(), last.as_str(), emails.as_str()];
        statements.push((RESTORE_USER, names));
    }
    let columns = args![
        whose,
        id,
        before.extension.as_str(),
        before.enabled,
        before.settings.as_str(),
        before.pin_hash.clone()
    ];
    statements.push((RESTORE_MAILBOX, columns));
    for (number, _) in current.into_iter().flat_map(|current| &current.numbers) {
        statements.push((REMOVE_NUMBER, args![whose, number.as_str(), id]));
    }
    for (number, label) in &before.numbers {
        let number = Number { tenant, number: number.clone(), mailbox, label: label.clone() };
        statements.push(put_statement(&number));
    }
    tx.batch(statements).await?;
    Ok(())
}
