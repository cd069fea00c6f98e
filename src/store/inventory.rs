//! The inventory of numbers: those that lead to a mailbox, those that ring on a phone, and those that do neither yet.

use std::collections::HashSet;

use jiff::Timestamp;

use super::db::{Row, Tx, args};
use super::fault::{Named as _, found, missing};
use super::handsets::changed_statement;
use super::mailboxes::lock_mailbox;
use super::numbers::put_statement;
use super::pages::like;
use super::read::{Reader, micros};
use super::{Number, Result, Store, StoreError};
use crate::domain::{HandsetId, MailboxId, TenantId, UserId};

// A number of a removed mailbox is free, and says whose it was; an alias that was given by hand goes with its person. One that only rings on a phone is there as well, unless it is
// an extension.
const PAGE: &str = "SELECT * FROM (
    SELECT a.number, i.note, i.number IS NOT NULL AS is_kept, n.label,
        CASE WHEN m.removed_at IS NULL THEN m.id END AS mailbox, CASE WHEN m.removed_at IS NULL THEN u.id END AS owner,
        CASE WHEN m.removed_at IS NULL THEN m.extension END AS extension, m.removed_at IS NOT NULL AS is_of_removed,
        COALESCE(u.first_name, '') AS first_name, COALESCE(u.last_name, '') AS last_name,
        h.id AS handset, h.name AS handset_name, h.mac, p.port
    FROM (SELECT number FROM number_inventory WHERE tenant_id = $1
        UNION SELECT number FROM numbers WHERE tenant_id = $1
        UNION SELECT r.number FROM handset_ports r WHERE r.tenant_id = $1 AND r.number IS NOT NULL
            AND NOT EXISTS (SELECT 1 FROM mailboxes b WHERE b.tenant_id = $1 AND b.extension = r.number
                AND b.removed_at IS NULL)) a
    LEFT JOIN number_inventory i ON i.tenant_id = $1 AND i.number = a.number
    LEFT JOIN numbers n ON n.tenant_id = $1 AND n.number = a.number
    LEFT JOIN mailboxes m ON m.tenant_id = $1 AND m.id = n.mailbox_id
    LEFT JOIN users u ON u.tenant_id = $1 AND u.id = m.user_id
    LEFT JOIN handset_ports p ON p.tenant_id = $1 AND p.number = a.number
    LEFT JOIN handsets h ON h.tenant_id = $1 AND h.id = p.handset_id) known
    WHERE (is_kept OR NOT is_of_removed OR handset IS NOT NULL OR number LIKE '+%') AND ($5 = '' OR number = $5)
        AND ($2 = '' OR number LIKE $2 ESCAPE '!' OR lower(first_name || ' ' || last_name) LIKE $2 ESCAPE '!'
            OR COALESCE(extension, '') LIKE $2 ESCAPE '!' OR lower(COALESCE(label, '')) LIKE $2 ESCAPE '!'
            OR COALESCE(handset_name, '') LIKE $2 ESCAPE '!' OR COALESCE(mac, '') LIKE $2 ESCAPE '!')
        AND ($3 = '' OR $3 = 'free' AND mailbox IS NULL
            OR $3 = 'unreachable' AND (mailbox IS NULL OR handset IS NULL))
        AND number > $4 ORDER BY number LIMIT $6";

const UNNUMBERED: &str = "SELECT u.id, u.first_name, u.last_name, m.extension
    FROM users u JOIN mailboxes m ON m.tenant_id = u.tenant_id AND m.user_id = u.id AND m.removed_at IS NULL
    WHERE u.tenant_id = $1 AND u.removed_at IS NULL
        AND NOT EXISTS (SELECT 1 FROM numbers n WHERE n.tenant_id = $1 AND n.mailbox_id = m.id)
    ORDER BY m.extension LIMIT $2";

const KEEP: &str =
    "INSERT INTO number_inventory (tenant_id, number, note, created_at) VALUES ($1, $2, $3, $4)
    ON CONFLICT (tenant_id, number) DO NOTHING";

const DROP: &str = "DELETE FROM number_inventory WHERE tenant_id = $1 AND number = $2
    AND NOT EXISTS (SELECT 1 FROM numbers n JOIN mailboxes m ON m.tenant_id = n.tenant_id AND m.id = n.mailbox_id
        WHERE n.tenant_id = $1 AND n.number = $2 AND m.removed_at IS NULL)";

// To a mailbox, or it is the extension of one.
const LEADS: &str = "SELECT m.id FROM mailboxes m WHERE m.tenant_id = $1 AND m.removed_at IS NULL
    AND (m.extension = $2 OR m.id IN (SELECT n.mailbox_id FROM numbers n WHERE n.tenant_id = $1 AND n.number = $2))";

const RELEASE: &str = "DELETE FROM numbers WHERE tenant_id = $1 AND number = $2";

const SILENCE: &str = "UPDATE handset_ports SET number = NULL WHERE tenant_id = $1 AND number = $2";

const RINGS_ON: &str = "SELECT handset_id FROM handset_ports WHERE tenant_id = $1 AND number = $2";

const AT_PORT: &str =
    "SELECT number FROM handset_ports WHERE tenant_id = $1 AND handset_id = $2 AND port = $3";

const PUT_PORT: &str = "INSERT INTO handset_ports (tenant_id, handset_id, port, number, appearances)
    VALUES ($1, $2, $3, $4, $5)
    ON CONFLICT (tenant_id, handset_id, port) DO UPDATE SET number = excluded.number, appearances = excluded.appearances";

const OWN: &str = "UPDATE handsets SET owner_id = $3 WHERE tenant_id = $1 AND id = $2 AND (owner_id IS NULL
    OR owner_id = $3 OR NOT EXISTS (SELECT 1 FROM users WHERE tenant_id = $1 AND id = owner_id AND removed_at IS NULL))";

/// A number of the inventory, where it leads and where it rings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InventoryNumber {
    /// E.164 or national digits, or an alias.
    pub number: String,
    /// What is noted of it; `None` when it leads or rings somewhere and nobody put it into the inventory.
    pub note: Option<String>,
    /// Shown as "called as".
    pub label: Option<String>,
    /// The mailbox that it leads to.
    pub mailbox: Option<MailboxId>,
    /// The mailbox's user.
    pub owner: Option<UserId>,
    /// The user's extension.
    pub extension: Option<String>,
    /// First and last name of that user, or of the removed one whose it was.
    pub name: (String, String),
    /// It was a removed user's, and goes back with that user unless it is given away.
    pub is_of_removed: bool,
    /// Where it rings: the phone, its name, MAC address and port.
    pub phone: Option<(HandsetId, String, Option<String>, u8)>,
}

/// Which numbers.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Which {
    /// All.
    #[default]
    All,
    /// Those that lead nowhere.
    Free,
    /// Those that lead nowhere or ring nowhere (003-15).
    Unreachable,
}

impl Which {
    /// The word of the API; empty for all.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::All => "",
            Self::Free => "free",
            Self::Unreachable => "unreachable",
        }
    }
}

/// Where a number is to ring.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ringing {
    /// The phone.
    pub handset: HandsetId,
    /// From 1.
    pub port: u8,
    /// Keys that show it.
    pub appearances: u8,
}

impl Store {
    /// The extensions that somebody of the tenant has.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn taken_extensions(&self, tenant: TenantId) -> Result<HashSet<String>> {
        const TAKEN: &str = "SELECT id, extension FROM mailboxes WHERE tenant_id = $1 AND removed_at IS NULL";
        let rows = self.db.rows(TAKEN, args![tenant.uuid()]).await?;
        rows.iter().map(|row| Reader::new(row, "mailboxes", "id").text("extension")).collect()
    }

    /// Puts numbers with their notes into the inventory; how many were not in it.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn keep_numbers(&self, tenant: TenantId, numbers: &[(String, String)]) -> Result<u64> {
        let now = micros(self.clock.now());
        let mut tx = self.begin().await?;
        let mut added = 0;
        for some in numbers.chunks(100) {
            let statement = |(number, note): &(String, String)| {
                (KEEP, args![tenant.uuid(), number.as_str(), note.as_str(), now])
            };
            added += tx.batch(some.iter().map(statement).collect()).await?.into_iter().sum::<u64>();
        }
        tx.commit().await?;
        Ok(added)
    }

    /// Takes a number that leads nowhere out of the inventory (if it is in it), and off the phone where it rings.
    ///
    /// # Errors
    /// [`StoreError::Missing`], also when it leads to a mailbox.
    pub async fn drop_number(&self, tenant: TenantId, number: &str) -> Result<()> {
        let mut tx = self.begin().await?;
        let dropped = tx.run(DROP, args![tenant.uuid(), number]).await?;
        let leads = !tx.rows(LEADS, args![tenant.uuid(), number]).await?.is_empty();
        // What a removed user had goes with the tenant's number: it is not the tenant's any more.
        let released = if leads { 0 } else { tx.run(RELEASE, args![tenant.uuid(), number]).await? };
        if dropped + released == 0 {
            let rings = !tx.rows(RINGS_ON, args![tenant.uuid(), number]).await?.is_empty();
            found(u64::from(rings && !leads), "number", number)?;
        }
        silence(&mut tx, tenant, number, self.clock.now()).await?;
        Ok(tx.commit().await?)
    }

    /// Numbers in the order of their text, after one.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn inventory(
        &self,
        tenant: TenantId,
        search: &str,
        which: Which,
        after: &str,
        limit: u32,
    ) -> Result<Vec<InventoryNumber>> {
        let args = args![tenant.uuid(), like(search), which.as_str(), after, "", limit];
        self.db.rows(PAGE, args).await?.iter().map(read_number).collect()
    }

    /// One number; `None` when it is neither in the inventory nor leads anywhere.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn inventory_number(&self, tenant: TenantId, number: &str) -> Result<Option<InventoryNumber>> {
        let args = args![tenant.uuid(), "", "", "", number, 1_u32];
        self.db.row(PAGE, args).await?.as_ref().map(read_number).transpose()
    }

    /// Users whom no number leads to: id, first and last name, extension.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn unnumbered(
        &self,
        tenant: TenantId,
        limit: u32,
    ) -> Result<Vec<(UserId, String, String, String)>> {
        let rows = self.db.rows(UNNUMBERED, args![tenant.uuid(), limit]).await?;
        let read = |row: &Row| {
            let row = Reader::new(row, "users", "id");
            let id = UserId::from_uuid(row.id("id")?);
            Ok((id, row.text("first_name")?, row.text("last_name")?, row.text("extension")?))
        };
        rows.iter().map(read).collect()
    }

    /// A number leads to a mailbox and rings on a port of a phone (or none): all of it or nothing. A phone that
    /// is nobody's becomes `owner`'s.
    ///
    /// # Errors
    /// [`StoreError::Taken`]: `number` leads to somebody else, `port` has another number, `phone` is somebody else's;
    /// [`StoreError::Missing`].
    pub async fn assign_number(
        &self,
        number: &Number,
        owner: UserId,
        ringing: Option<Ringing>,
    ) -> Result<()> {
        let (tenant, text, now) = (number.tenant, number.number.as_str(), self.clock.now());
        let mut tx = self.begin().await?;
        lock_mailbox(&mut tx, tenant, number.mailbox).await?;
        tx.run(KEEP, args![tenant.uuid(), text, "", micros(now)]).await?;
        let (sql, args) = put_statement(number);
        if tx.run(sql, args).await.orphan("mailbox", number.mailbox)? == 0 {
            return Err(StoreError::Taken { what: "number", value: text.to_owned() });
        }
        silence(&mut tx, tenant, text, now).await?;
        if let Some(Ringing { handset, port, appearances }) = ringing {
            ring(&mut tx, number, owner, (handset, port, appearances)).await?;
            tx.batch(changed_statement(tenant, handset, now)).await?;
        }
        Ok(tx.commit().await?)
    }

    /// A number leads nowhere from now on, and stays in the inventory.
    ///
    /// # Errors
    /// [`StoreError::Missing`] when it leads nowhere.
    pub async fn release_number(&self, tenant: TenantId, number: &str) -> Result<()> {
        let now = self.clock.now();
        let mut tx = self.begin().await?;
        found(tx.run(RELEASE, args![tenant.uuid(), number]).await?, "number", number)?;
        tx.run(KEEP, args![tenant.uuid(), number, "", micros(now)]).await?;
        silence(&mut tx, tenant, number, now).await?;
        Ok(tx.commit().await?)
    }
}

/// It rings nowhere any more; the phone where it did has something to take over.
async fn silence(tx: &mut Tx, tenant: TenantId, number: &str, now: Timestamp) -> Result<()> {
    for row in tx.rows(RINGS_ON, args![tenant.uuid(), number]).await? {
        let handset =
            HandsetId::from_uuid(Reader::new(&row, "handset_ports", "handset_id").id("handset_id")?);
        tx.run(SILENCE, args![tenant.uuid(), number]).await?;
        tx.batch(changed_statement(tenant, handset, now)).await?;
    }
    Ok(())
}

async fn ring(
    tx: &mut Tx,
    number: &Number,
    owner: UserId,
    (handset, port, appearances): (HandsetId, u8, u8),
) -> Result<()> {
    let tenant = number.tenant.uuid();
    let touched = tx.run(OWN, args![tenant, handset.uuid(), owner.uuid()]).await?;
    if touched == 0 {
        return Err(StoreError::Taken { what: "phone", value: handset.to_string() });
    }
    for row in tx.rows(AT_PORT, args![tenant, handset.uuid(), u32::from(port)]).await? {
        if let Some(other) = Reader::new(&row, "handset_ports", "number").opt_text("number")? {
            return Err(StoreError::Taken { what: "port", value: format!("{port} ({other})") });
        }
    }
    let args = args![tenant, handset.uuid(), u32::from(port), number.number.as_str(), u32::from(appearances)];
    tx.run(PUT_PORT, args).await.orphan("phone", handset)?;
    Ok(())
}

fn read_number(row: &Row) -> Result<InventoryNumber> {
    let row = Reader::new(row, "number_inventory", "number");
    let phone = match row.opt_id("handset")? {
        Some(id) => Some((
            HandsetId::from_uuid(id),
            row.opt_text("handset_name")?.unwrap_or_default(),
            row.opt_text("mac")?,
            row.opt_number("port")?.ok_or_else(|| missing("port", id))?,
        )),
        None => None,
    };
    Ok(InventoryNumber {
        number: row.text("number")?,
        note: row.opt_text("note")?,
        label: row.opt_text("label")?,
        mailbox: row.opt_id("mailbox")?.map(MailboxId::from_uuid),
        owner: row.opt_id("owner")?.map(UserId::from_uuid),
        extension: row.opt_text("extension")?,
        name: (row.text("first_name")?, row.text("last_name")?),
        is_of_removed: row.flag("is_of_removed")?,
        phone,
    })
}
