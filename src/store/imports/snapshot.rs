//! A mailbox with its user and numbers as the tables have it at one moment, to be compared and put back.

use std::collections::{BTreeMap, HashMap};

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::super::db::{Tx, args};
use super::super::numbers::put_statement;
use super::super::read::Reader;
use super::super::tx::Statement;
use super::super::{Number, Result, StoreError};
use crate::domain::{GreetingId, MailboxId, Profile, TenantId};

const ALL: &str = "SELECT m.id, m.user_id, m.extension, m.enabled, m.settings, m.pin_hash,
    u.first_name, u.last_name, u.emails, u.login, u.department, u.site, u.profile
    FROM mailboxes m LEFT JOIN users u ON u.tenant_id = m.tenant_id AND u.id = m.user_id
    WHERE m.tenant_id = $1 AND m.removed_at IS NULL";

const NUMBERS: &str = "SELECT n.number, n.mailbox_id, n.label, n.greeting_id
    FROM numbers n JOIN mailboxes m ON m.tenant_id = n.tenant_id AND m.id = n.mailbox_id
    WHERE n.tenant_id = $1 AND m.removed_at IS NULL ORDER BY n.number";

const RESTORE_USER: &str = "UPDATE users SET first_name = $3, last_name = $4, emails = $5,
        login = $6, department = $7, site = $8, profile = $9
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
    #[serde(default)]
    pub(super) login: Option<String>,
    #[serde(default)]
    department: Option<String>,
    #[serde(default)]
    site: Option<String>,
    #[serde(default = "untouched")]
    profile: Option<String>,
    enabled: bool,
    settings: String,
    pub(super) pin_hash: Option<String>,
    numbers: Vec<(String, Option<String>)>,
    /// Greetings of numbers that have one of their own.
    #[serde(default)]
    greetings: BTreeMap<String, Uuid>,
}

impl Snapshot {
    /// What the profile says of emergency calls.
    pub(super) fn emergency(&self) -> Result<(Option<String>, Option<String>)> {
        let Some(profile) = &self.profile else { return Ok((None, None)) };
        let profile: Profile = serde_json::from_str(profile).map_err(|error| StoreError::Corrupt {
            table: "users",
            column: "profile",
            row: self.user.map(|user| user.to_string()).unwrap_or_default(),
            why: error.to_string(),
        })?;
        Ok((profile.emergency_caller_id, profile.emergency_address))
    }
}

/// The profile of whoever was imported before there were any.
#[expect(clippy::unnecessary_wraps, reason = "it stands for a column that may be absent")]
fn untouched() -> Option<String> {
    Some("{}".to_owned())
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
            login: row.opt_text("login")?,
            department: row.opt_text("department")?,
            site: row.opt_text("site")?,
            profile: row.opt_text("profile")?,
            enabled: row.flag("enabled")?,
            settings: row.text("settings")?,
            pin_hash: row.opt_text("pin_hash")?,
            numbers: Vec::new(),
            greetings: BTreeMap::new(),
        };
        all.insert(MailboxId::from_uuid(row.id("id")?), snapshot);
    }
    for row in tx.rows(NUMBERS, args![tenant.uuid()]).await? {
        let row = Reader::new(&row, "numbers", "number");
        if let Some(snapshot) = all.get_mut(&MailboxId::from_uuid(row.id("mailbox_id")?)) {
            snapshot.numbers.push((row.text("number")?, row.opt_text("label")?));
            if let Some(greeting) = row.opt_id("greeting_id")? {
                snapshot.greetings.insert(row.text("number")?, greeting);
            }
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
        let names = args![
            whose,
            user,
            first.as_str(),
            last.as_str(),
            emails.as_str(),
            before.login.clone(),
            before.department.clone(),
            before.site.clone(),
            before.profile.clone().unwrap_or_else(|| "{}".to_owned())
        ];
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
        let greeting = before.greetings.get(number).copied().map(GreetingId::from_uuid);
        let number = Number { tenant, number: number.clone(), mailbox, label: label.clone(), greeting };
        statements.push(put_statement(&number));
    }
    tx.batch(statements).await?;
    Ok(())
}
