-- How callers find people by name. The SQLite file of the same number holds the same tables.

ALTER TABLE tenants ADD COLUMN directory TEXT NOT NULL DEFAULT '{}';
