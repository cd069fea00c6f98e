-- Imports of users, and how each row stood before and after, so that a whole import can be taken back. The PostgreSQL
-- file of the same number holds the same tables.
CREATE TABLE imports (
    id             BLOB    NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    tenant_id      BLOB    NOT NULL REFERENCES tenants (id),
    label          TEXT    NOT NULL,
    added          INTEGER NOT NULL CHECK (added >= 0),
    changed        INTEGER NOT NULL CHECK (changed >= 0),
    unchanged      INTEGER NOT NULL CHECK (unchanged >= 0),
    made_at        INTEGER NOT NULL,
    rolled_back_at INTEGER,
    UNIQUE (tenant_id, id)
) STRICT;
CREATE INDEX imports_newest ON imports (tenant_id, made_at);

-- before is null for a user whom the import added.
CREATE TABLE import_rows (
    tenant_id  BLOB    NOT NULL,
    import_id  BLOB    NOT NULL,
    line       INTEGER NOT NULL CHECK (line >= 0),
    mailbox_id BLOB    NOT NULL,
    before     TEXT,
    after      TEXT    NOT NULL,
    PRIMARY KEY (tenant_id, import_id, line),
    FOREIGN KEY (tenant_id, import_id) REFERENCES imports (tenant_id, id)
) STRICT;
