-- Rows of an import that somebody leaves out stay with it, and can be taken in again. The PostgreSQL file of the same number
-- holds the same column.

ALTER TABLE import_draft_rows ADD COLUMN left_out INTEGER NOT NULL DEFAULT 0 CHECK (left_out IN (0, 1));
