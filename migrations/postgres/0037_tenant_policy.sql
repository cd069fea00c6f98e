-- What a tenant lets be created, shows and hides. The SQLite file of the same number holds the same column.

ALTER TABLE tenants ADD COLUMN policy TEXT NOT NULL DEFAULT '{}';
