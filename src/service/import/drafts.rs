//! An import that somebody works on: a file is taken in, looked at, mended cell by cell, and imported as a whole.
//!
//! A draft is its uploader's alone: it may hold PINs. The import goes on when its uploader goes away; a server that stops
//! meanwhile has imported all of it or nothing, and the draft waits to be imported again.

use std::sync::PoisonError;
use std::time::Duration;

use super::columns::{Column, Columns};
use super::preview::{Preview, What};
use super::report::{Done, result_csv};
use super::table::{Table, cell};
use super::{ImportError, Imported, Imports, Progress, TableError};
use crate::domain::{DraftId, ImportId, Invalid, TenantId};
use crate::service::access::Actor;
use crate::store::{DraftRow, ImportDraft, RowChange, StoreError};

/// A draft that nobody works on is kept for so long.
const KEPT: Duration = Duration::from_secs(24 * 3600);
/// What became of the rows can be fetched for so long.
const RESULT_KEPT: Duration = Duration::from_secs(7 * 24 * 3600);
/// An import that is not done after so long has died with its server: 10,000 PINs take some three minutes on two cores.
const DEAD: Duration = Duration::from_secs(15 * 60);
/// Drafts of one uploader at a time.
const MOST_DRAFTS: usize = 20;
/// Longest name of a file.
const LONGEST_LABEL: usize = 80;

/// A draft, and what it would do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Looked {
    /// The draft.
    pub draft: ImportDraft,
    /// Its cells.
    pub table: Table,
    /// Which column stands at which place of the header.
    pub columns: Vec<(Column, usize)>,
    /// What it would do; a row for each of the table's.
    pub preview: Preview,
    /// Rows that are not to be imported.
    pub left_out: Vec<DraftRow>,
}

impl Looked {
    /// Every row in the order of the file, with what it would do; without that: it is left out.
    pub fn rows(&self) -> Vec<(u32, &[String], Option<&What>)> {
        let known = self.table.rows.iter().zip(&self.preview.rows);
        let known = known.map(|((line, cells), row)| (*line, cells.as_slice(), Some(&row.what)));
        let out = self.left_out.iter().map(|(line, cells)| (*line, cells.as_slice(), None));
        let mut rows: Vec<_> = known.chain(out).collect();
        rows.sort_by_key(|(line, ..)| *line);
        rows
    }
}

/// What is to be done with a row of a draft.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Mending {
    /// New texts of cells, by their places in the header.
    Cells(Vec<(usize, String)>),
    /// The row is not to be imported; it stays with the draft.
    LeaveOut,
    /// A row that was left out is to be imported again.
    TakeIn,
}

impl Imports {
    /// Takes a file in as a draft of this actor.
    ///
    /// # Errors
    /// [`ImportError::Table`] when it is no table; [`ImportError::TooManyDrafts`].
    pub async fn upload(
        &self,
        actor: &Actor,
        tenant: TenantId,
        label: &str,
        file: bytes::Bytes,
    ) -> Result<ImportDraft, ImportError> {
        let open = self.drafts(actor, tenant).await?.iter().filter(|draft| !draft.has_result).count();
        if open >= MOST_DRAFTS {
            return Err(ImportError::TooManyDrafts(MOST_DRAFTS));
        }
        // Ten megabytes in an old encoding take a moment.
        let read = tokio::task::spawn_blocking(move || {
            let table = Table::read(&file)?;
            Columns::read(&table.header)?;
            Ok::<_, TableError>(table)
        });
        let table = read.await.map_err(|error| ImportError::Reading(error.to_string()))??;
        let now = self.clock.now();
        let label: String = label.chars().filter(|c| !c.is_control()).take(LONGEST_LABEL).collect();
        let draft = ImportDraft {
            id: DraftId::from_uuid(self.clock.uuid()),
            tenant,
            user: actor.user,
            label: if label.trim().is_empty() { "users.csv".to_owned() } else { label },
            encoding: table.encoding.as_str().to_owned(),
            separator: table.separator,
            header: table.header,
            made_at: now,
            until: now.saturating_add(KEPT).unwrap_or(now),
            applying: None,
            trouble: None,
            import: None,
            has_result: false,
        };
        self.store.add_draft(&draft, &table.rows).await?;
        tracing::info!(draft = %draft.id, rows = table.rows.len(), "a file of users was taken in");
        Ok(draft)
    }

    /// The drafts of this actor, newest first.
    ///
    /// # Errors
    /// [`ImportError::Store`].
    pub async fn drafts(&self, actor: &Actor, tenant: TenantId) -> Result<Vec<ImportDraft>, ImportError> {
        let mut drafts = self.store.drafts(tenant).await?;
        drafts.retain(|draft| draft.user == actor.user);
        Ok(drafts)
    }

    /// One draft of this actor.
    ///
    /// # Errors
    /// [`ImportError::NoDraft`], also when it is somebody else's.
    pub async fn draft(
        &self,
        actor: &Actor,
        tenant: TenantId,
        id: DraftId,
    ) -> Result<ImportDraft, ImportError> {
        match self.store.draft(tenant, id).await {
            Ok(draft) if draft.user == actor.user => Ok(draft),
            Ok(_) | Err(StoreError::Missing { .. }) => Err(ImportError::NoDraft),
            Err(error) => Err(error.into()),
        }
    }

    /// A draft, and what it would do now. One that is being imported, or was, is not looked at again: it shows no rows.
    ///
    /// # Errors
    /// [`ImportError::NoDraft`].
    pub async fn look_at(&self, actor: &Actor, tenant: TenantId, id: DraftId) -> Result<Looked, ImportError> {
        let draft = self.draft(actor, tenant, id).await?;
        let columns = Columns::read(&draft.header)?.places;
        if draft.applying.is_some() || draft.has_result {
            let table = Self::with_rows(&draft, Vec::new())?;
            return Ok(Looked {
                draft,
                table,
                columns,
                preview: Preview { rows: Vec::new(), ignored: Vec::new() },
                left_out: Vec::new(),
            });
        }
        let table = self.table(&draft).await?;
        let preview = self.preview(tenant, &table).await?;
        let left_out = self.store.draft_rows_left_out(tenant, id).await?;
        Ok(Looked { draft, table, columns, preview, left_out })
    }

    /// Mends rows of a draft by their lines: all of them, or none (002-089).
    ///
    /// # Errors
    /// [`ImportError::NoDraft`], [`ImportError::NoRow`], [`ImportError::Cell`]; [`ImportError::Busy`] when it is being
    /// imported or is done.
    pub async fn mend(
        &self,
        actor: &Actor,
        tenant: TenantId,
        id: DraftId,
        mendings: Vec<(u32, Mending)>,
    ) -> Result<(), ImportError> {
        let draft = self.draft(actor, tenant, id).await?;
        if draft.applying.is_some() || draft.has_result {
            return Err(ImportError::Busy);
        }
        let table = self.table(&draft).await?;
        let left_out = self.store.draft_rows_left_out(tenant, id).await?;
        let mut rows = Vec::with_capacity(mendings.len());
        for (line, mending) in mendings {
            let among = if mending == Mending::TakeIn { &left_out } else { &table.rows };
            let place = among.binary_search_by_key(&line, |(line, _)| *line);
            let (_, known) = place.ok().and_then(|place| among.get(place)).ok_or(ImportError::NoRow(line))?;
            rows.push((line, mended(known, line, mending)?));
        }
        let now = self.clock.now();
        let until = now.saturating_add(KEPT).unwrap_or(now);
        match self.store.set_draft_rows(tenant, id, &rows, until).await {
            // It was read above, so somebody is faster.
            Err(StoreError::Missing { .. }) => Err(ImportError::Busy),
            other => Ok(other?),
        }
    }

    /// Begins to import a draft; [`Imports::progress`] and [`Imports::draft`] tell how it goes.
    ///
    /// # Errors
    /// [`ImportError::NoDraft`]; [`ImportError::Busy`] when it is being imported already, or is done.
    pub async fn begin(&self, actor: &Actor, tenant: TenantId, id: DraftId) -> Result<(), ImportError> {
        let draft = self.draft(actor, tenant, id).await?;
        let now = self.clock.now();
        let (stale, until) = (now.saturating_sub(DEAD), now.saturating_add(KEPT));
        let begun = self.store.begin_draft(tenant, id, stale.unwrap_or(now), until.unwrap_or(now)).await?;
        if !begun {
            return Err(ImportError::Busy);
        }
        let (imports, actor) = (self.clone(), actor.clone());
        tokio::spawn(async move { imports.finish(&actor, &draft).await });
        Ok(())
    }

    /// How far the import of a draft is; `None` when this server does not know.
    pub fn progress(&self, id: DraftId) -> Option<Progress> {
        self.progress.lock().unwrap_or_else(PoisonError::into_inner).get(&id).copied()
    }

    /// What became of the rows of a draft that was imported, as CSV; of one that was not, what each row would do.
    ///
    /// # Errors
    /// [`ImportError::NoDraft`]; [`ImportError::Busy`] while it is being imported.
    pub async fn result(&self, actor: &Actor, tenant: TenantId, id: DraftId) -> Result<String, ImportError> {
        let draft = self.draft(actor, tenant, id).await?;
        if draft.applying.is_some() {
            return Err(ImportError::Busy);
        }
        if !draft.has_result {
            let Looked { table, preview, left_out, .. } = self.look_at(actor, tenant, id).await?;
            return Ok(result_csv(&table, &preview, &left_out, Done::Nothing));
        }
        self.store.draft_result(tenant, id).await.map_err(|error| match error {
            StoreError::Missing { .. } => ImportError::NoDraft,
            other => other.into(),
        })
    }

    /// Gives a draft up, with all that was in it.
    ///
    /// # Errors
    /// [`ImportError::NoDraft`]; [`ImportError::Busy`] while it is being imported.
    pub async fn give_up(&self, actor: &Actor, tenant: TenantId, id: DraftId) -> Result<(), ImportError> {
        if self.draft(actor, tenant, id).await?.applying.is_some() {
            return Err(ImportError::Busy);
        }
        Ok(self.store.remove_draft(tenant, id).await?)
    }

    async fn table(&self, draft: &ImportDraft) -> Result<Table, ImportError> {
        let rows = self.store.draft_rows(draft.tenant, draft.id).await?;
        Self::with_rows(draft, rows)
    }

    fn with_rows(draft: &ImportDraft, rows: Vec<DraftRow>) -> Result<Table, ImportError> {
        Ok(Table {
            encoding: draft
                .encoding
                .parse()
                .map_err(|error: Invalid| ImportError::Reading(error.to_string()))?,
            separator: draft.separator,
            header: draft.header.clone(),
            rows,
        })
    }

    async fn finish(&self, actor: &Actor, draft: &ImportDraft) {
        let noted = match self.carry_out(actor, draft).await {
            Ok((import, result)) => {
                let now = self.clock.now();
                let until = now.saturating_add(RESULT_KEPT).unwrap_or(now);
                self.store.draft_done(draft.tenant, draft.id, (import, &result), until).await
            }
            Err(error) => {
                tracing::warn!(draft = %draft.id, %error, "a draft was not imported");
                self.store.draft_failed(draft.tenant, draft.id, &error.to_string()).await
            }
        };
        self.progress.lock().unwrap_or_else(PoisonError::into_inner).remove(&draft.id);
        if let Err(error) = noted {
            tracing::error!(draft = %draft.id, %error, "what became of an import was not noted");
        }
    }

    async fn carry_out(
        &self,
        actor: &Actor,
        draft: &ImportDraft,
    ) -> Result<(Option<ImportId>, String), ImportError> {
        let table = self.table(draft).await?;
        let left_out = self.store.draft_rows_left_out(draft.tenant, draft.id).await?;
        let told = |progress| {
            self.progress.lock().unwrap_or_else(PoisonError::into_inner).insert(draft.id, progress);
        };
        let Imported { import, preview } =
            self.by(&actor.name).apply(draft.tenant, &table, &draft.label, &told).await?;
        Ok((import.map(|import| import.id), result_csv(&table, &preview, &left_out, Done::Imported)))
    }
}

/// What becomes of a row, with its cells as they will be.
fn mended(known: &[String], line: u32, mending: Mending) -> Result<RowChange, ImportError> {
    let changes = match mending {
        Mending::Cells(changes) => changes,
        Mending::LeaveOut => return Ok(RowChange::LeaveOut),
        Mending::TakeIn => return Ok(RowChange::TakeIn),
    };
    let mut cells = known.to_vec();
    for (place, text) in changes {
        let mend = ImportError::Cell(line);
        let known = cells.get_mut(place).ok_or(mend)?;
        *known = cell(&text);
        if !super::table::is_fit(known) {
            return Err(ImportError::Cell(line));
        }
    }
    Ok(RowChange::Cells(cells))
}
