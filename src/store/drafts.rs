//! Imports that somebody still works on: the file as it was read, what was mended in it, and what came of it.
//!
//! A draft is its uploader's. It may hold PINs, so its rows go as soon as it is imported, given up or too old.

use jiff::Timestamp;

use super::db::{Row, args};
use super::fault::{Named as _, found, missing};
use super::read::{Reader, bounded, micros, opt_micros, to_json};
use super::tx::Statement;
use super::{Result, Store};
use crate::domain::{DraftId, ImportId, TenantId, UserId};

/// Statements that go to the database in one trip.
const AT_ONCE: usize = 200;

const ADD: &str = "INSERT INTO import_drafts
    (id, tenant_id, user_id, label, encoding, separator, header, made_at, until)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)";

const ADD_ROW: &str = "INSERT INTO import_draft_rows (tenant_id, draft_id, line, cells)
    VALUES ($1, $2, $3, $4)";

macro_rules! drafts {
    ($rest:literal) => {
        concat!(
            "SELECT id, tenant_id, user_id, label, encoding, separator, header, made_at, until, applying, trouble,
                import_id, result IS NOT NULL AS has_result
             FROM import_drafts WHERE tenant_id = $1 AND until > $2 ",
            $rest
        )
    };
}

const LIST: &str = drafts!("ORDER BY made_at DESC, id DESC");
const ONE: &str = drafts!("AND id = $3");

const ROWS: &str = "SELECT line, cells FROM import_draft_rows
    WHERE tenant_id = $1 AND draft_id = $2 AND NOT left_out ORDER BY line";

const ROWS_LEFT_OUT: &str = "SELECT line, cells FROM import_draft_rows
    WHERE tenant_id = $1 AND draft_id = $2 AND left_out ORDER BY line";

const SET_ROW: &str =
    "UPDATE import_draft_rows SET cells = $4 WHERE tenant_id = $1 AND draft_id = $2 AND line = $3";

const LEAVE_ROW_OUT: &str = "UPDATE import_draft_rows SET left_out = (1 = 1)
    WHERE tenant_id = $1 AND draft_id = $2 AND line = $3 AND NOT left_out";

const TAKE_ROW_IN: &str = "UPDATE import_draft_rows SET left_out = (1 = 0)
    WHERE tenant_id = $1 AND draft_id = $2 AND line = $3 AND left_out";

const TOUCH: &str = "UPDATE import_drafts SET until = $3, trouble = NULL
    WHERE tenant_id = $1 AND id = $2 AND applying IS NULL AND result IS NULL";

const BEGIN: &str = "UPDATE import_drafts SET applying = $3, until = $4, trouble = NULL
    WHERE tenant_id = $1 AND id = $2 AND result IS NULL AND (applying IS NULL OR applying < $5)";

const FAILED: &str =
    "UPDATE import_drafts SET applying = NULL, trouble = $3 WHERE tenant_id = $1 AND id = $2";

const DONE: &str = "UPDATE import_drafts SET applying = NULL, import_id = $3, result = $4, until = $5
    WHERE tenant_id = $1 AND id = $2";

const RESULT: &str =
    "SELECT id, result FROM import_drafts WHERE tenant_id = $1 AND id = $2 AND result IS NOT NULL";

const CLEAR_ROWS: &str = "DELETE FROM import_draft_rows WHERE tenant_id = $1 AND draft_id = $2";
const REMOVE: &str = "DELETE FROM import_drafts WHERE tenant_id = $1 AND id = $2";

const PURGE_ROWS: &str = "DELETE FROM import_draft_rows WHERE draft_id IN
    (SELECT id FROM import_drafts WHERE until <= $1)";
const PURGE: &str = "DELETE FROM import_drafts WHERE until <= $1";

/// An import that somebody works on, without its rows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImportDraft {
    /// Identity.
    pub id: DraftId,
    /// Whose world it is in.
    pub tenant: TenantId,
    /// Who uploaded it; `None`: a key of the tenant.
    pub user: Option<UserId>,
    /// The file's name.
    pub label: String,
    /// How the file was written, for people.
    pub encoding: String,
    /// What stood between its cells.
    pub separator: char,
    /// Names of the columns, as they were written.
    pub header: Vec<String>,
    /// When it was uploaded.
    pub made_at: Timestamp,
    /// When it goes by itself.
    pub until: Timestamp,
    /// Since when it is being imported.
    pub applying: Option<Timestamp>,
    /// Why it was not imported.
    pub trouble: Option<String>,
    /// The import that came of it; none when there was nothing to write.
    pub import: Option<ImportId>,
    /// It was imported: there is a table of what became of each row.
    pub has_result: bool,
}

/// A row of a draft: its line in the file, and its cells.
pub type DraftRow = (u32, Vec<String>);

/// What becomes of a row of a draft.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RowChange {
    /// It has other cells.
    Cells(Vec<String>),
    /// It is not imported, and stays with the draft.
    LeaveOut,
    /// It was left out, and is imported again.
    TakeIn,
}

impl Store {
    /// Keeps a draft.
    ///
    /// # Errors
    /// [`super::StoreError::Missing`] names the tenant.
    pub async fn add_draft(&self, draft: &ImportDraft, rows: &[DraftRow]) -> Result<()> {
        let (id, tenant) = (draft.id.uuid(), draft.tenant.uuid());
        let new = args![
            id,
            tenant,
            draft.user.map(UserId::uuid),
            draft.label.as_str(),
            draft.encoding.as_str(),
            draft.separator.to_string(),
            to_json(&draft.header)?,
            micros(draft.made_at),
            micros(draft.until),
        ];
        let mut tx = self.begin().await?;
        tx.run(ADD, new).await.orphan("tenant", draft.tenant)?;
        let mut statements: Vec<Statement> = Vec::new();
        for (line, cells) in rows {
            statements.push((ADD_ROW, args![tenant, id, *line, to_json(cells)?]));
            if statements.len() >= AT_ONCE {
                tx.batch(std::mem::take(&mut statements)).await?;
            }
        }
        if !statements.is_empty() {
            tx.batch(statements).await?;
        }
        Ok(tx.commit().await?)
    }

    /// The drafts of a tenant that are not too old, newest first, whoever they belong to.
    ///
    /// # Errors
    /// [`super::StoreError`].
    pub async fn drafts(&self, tenant: TenantId) -> Result<Vec<ImportDraft>> {
        let rows = self.db.rows(LIST, args![tenant.uuid(), micros(self.clock.now())]).await?;
        rows.iter().map(read_draft).collect()
    }

    /// One draft.
    ///
    /// # Errors
    /// [`super::StoreError::Missing`].
    pub async fn draft(&self, tenant: TenantId, id: DraftId) -> Result<ImportDraft> {
        let row = self.db.row(ONE, args![tenant.uuid(), micros(self.clock.now()), id.uuid()]).await?;
        read_draft(&row.ok_or_else(|| missing("import", id))?)
    }

    /// The rows of a draft that are to be imported, in the order of the file; none once it was.
    ///
    /// # Errors
    /// [`super::StoreError`].
    pub async fn draft_rows(&self, tenant: TenantId, id: DraftId) -> Result<Vec<DraftRow>> {
        self.rows_of_draft(ROWS, tenant, id).await
    }

    /// The rows of a draft that somebody left out, in the order of the file.
    ///
    /// # Errors
    /// [`super::StoreError`].
    pub async fn draft_rows_left_out(&self, tenant: TenantId, id: DraftId) -> Result<Vec<DraftRow>> {
        self.rows_of_draft(ROWS_LEFT_OUT, tenant, id).await
    }

    async fn rows_of_draft(&self, sql: &'static str, tenant: TenantId, id: DraftId) -> Result<Vec<DraftRow>> {
        let rows = self.db.rows(sql, args![tenant.uuid(), id.uuid()]).await?;
        let read = |row: &Row| {
            let row = Reader::new(row, "import_draft_rows", "line");
            Ok((row.number("line")?, row.json("cells")?))
        };
        rows.iter().map(read).collect()
    }

    /// Changes rows by their lines, and keeps the draft until then.
    ///
    /// # Errors
    /// [`super::StoreError::Missing`] when there is no such row, or the draft is being imported or is done.
    pub async fn set_draft_rows(
        &self,
        tenant: TenantId,
        id: DraftId,
        rows: &[(u32, RowChange)],
        until: Timestamp,
    ) -> Result<()> {
        let (tenant, whose) = (tenant.uuid(), id.uuid());
        let mut tx = self.begin().await?;
        found(tx.run(TOUCH, args![tenant, whose, micros(until)]).await?, "import", id)?;
        for (line, change) in rows {
            let (sql, args) = match change {
                RowChange::Cells(cells) => (SET_ROW, args![tenant, whose, *line, to_json(cells)?]),
                RowChange::LeaveOut => (LEAVE_ROW_OUT, args![tenant, whose, *line]),
                RowChange::TakeIn => (TAKE_ROW_IN, args![tenant, whose, *line]),
            };
            found(tx.run(sql, args).await?, "row", line)?;
        }
        Ok(tx.commit().await?)
    }

    /// Notes that a draft is being imported from now on. False when somebody does so already, or it is done. What began
    /// before `stale` has died.
    ///
    /// # Errors
    /// [`super::StoreError`].
    pub async fn begin_draft(
        &self,
        tenant: TenantId,
        id: DraftId,
        stale: Timestamp,
        until: Timestamp,
    ) -> Result<bool> {
        let now = micros(self.clock.now());
        let mut tx = self.begin().await?;
        let begun = tx.run(BEGIN, args![tenant.uuid(), id.uuid(), now, micros(until), micros(stale)]).await?;
        tx.commit().await?;
        Ok(begun > 0)
    }

    /// A draft was not imported.
    ///
    /// # Errors
    /// [`super::StoreError`].
    pub async fn draft_failed(&self, tenant: TenantId, id: DraftId, why: &str) -> Result<()> {
        let mut tx = self.begin().await?;
        tx.run(FAILED, args![tenant.uuid(), id.uuid(), bounded(why)]).await?;
        Ok(tx.commit().await?)
    }

    /// A draft was imported: its rows go, and what became of them stays until then.
    ///
    /// # Errors
    /// [`super::StoreError`].
    pub async fn draft_done(
        &self,
        tenant: TenantId,
        id: DraftId,
        (import, result): (Option<ImportId>, &str),
        until: Timestamp,
    ) -> Result<()> {
        let (tenant, id) = (tenant.uuid(), id.uuid());
        let import = import.map(ImportId::uuid);
        let mut tx = self.begin().await?;
        tx.run(CLEAR_ROWS, args![tenant, id]).await?;
        tx.run(DONE, args![tenant, id, import, result, opt_micros(Some(until))]).await?;
        Ok(tx.commit().await?)
    }

    /// What became of the rows of a draft that was imported, as CSV.
    ///
    /// # Errors
    /// [`super::StoreError::Missing`].
    pub async fn draft_result(&self, tenant: TenantId, id: DraftId) -> Result<String> {
        let row = self.db.row(RESULT, args![tenant.uuid(), id.uuid()]).await?;
        Reader::new(&row.ok_or_else(|| missing("result", id))?, "import_drafts", "id").text("result")
    }

    /// Gives a draft up.
    ///
    /// # Errors
    /// [`super::StoreError::Missing`].
    pub async fn remove_draft(&self, tenant: TenantId, id: DraftId) -> Result<()> {
        let mut tx = self.begin().await?;
        tx.run(CLEAR_ROWS, args![tenant.uuid(), id.uuid()]).await?;
        found(tx.run(REMOVE, args![tenant.uuid(), id.uuid()]).await?, "import", id)?;
        Ok(tx.commit().await?)
    }

    /// Removes drafts whose time is over.
    ///
    /// # Errors
    /// [`super::StoreError`].
    pub async fn purge_drafts(&self, now: Timestamp) -> Result<()> {
        let mut tx = self.begin().await?;
        tx.run(PURGE_ROWS, args![micros(now)]).await?;
        tx.run(PURGE, args![micros(now)]).await?;
        Ok(tx.commit().await?)
    }
}

fn read_draft(row: &Row) -> Result<ImportDraft> {
    let row = Reader::new(row, "import_drafts", "id");
    Ok(ImportDraft {
        id: DraftId::from_uuid(row.id("id")?),
        tenant: TenantId::from_uuid(row.id("tenant_id")?),
        user: row.opt_id("user_id")?.map(UserId::from_uuid),
        label: row.text("label")?,
        encoding: row.text("encoding")?,
        separator: row.text("separator")?.chars().next().unwrap_or(','),
        header: row.json("header")?,
        made_at: row.time("made_at")?,
        until: row.time("until")?,
        applying: row.opt_time("applying")?,
        trouble: row.opt_text("trouble")?,
        import: row.opt_id("import_id")?.map(ImportId::from_uuid),
        has_result: row.flag("has_result")?,
    })
}
