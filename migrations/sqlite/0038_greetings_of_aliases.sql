-- A number or alias may have a greeting of its own. The PostgreSQL file of the same number holds the same column.

-- Refers to nothing: where the greeting is not (any more) one of the mailbox, callers hear the main one.
ALTER TABLE numbers ADD COLUMN greeting_id BLOB;
