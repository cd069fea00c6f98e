-- Rows of an import that somebody leaves out stay with it, and can be taken in again. The SQLite file of the same number
-- holds the same column.

ALTER TABLE import_draft_rows ADD COLUMN left_out BOOLEAN NOT NULL DEFAULT FALSE;
