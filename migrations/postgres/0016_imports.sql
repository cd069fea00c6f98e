-- Imports of users, and how each row stood before and after, so that a whole import can be taken back. The SQLite
-- file of the same number holds the same tables.
CREATE TABLE imports (
    id             UUID    NOT NULL PRIMARY KEY,
    tenant_id      UUID    NOT NULL REFERENCES tenants (id),
    label          TEXT    NOT NULL,
    added          BIGINT  NOT NULL CHECK (added >= 0),
    changed        BIGINT  NOT NULL CHECK (changed >= 0),
    unchanged      BIGINT  NOT NULL CHECK (unchanged >= 0),
    made_at        BIGINT  NOT NULL,
    rolled_back_at BIGINT,
    UNIQUE (tenant_id, id)
);
CREATE INDEX imports_newest ON imports (tenant_id, made_at);

-- before is null for a user whom the import added.
CREATE TABLE import_rows (
    tenant_id  UUID    NOT NULL,
    import_id  UUID    NOT NULL,
    line       BIGINT  NOT NULL CHECK (line >= 0),
    mailbox_id UUID    NOT NULL,
    before     TEXT,
    after      TEXT    NOT NULL,
    PRIMARY KEY (tenant_id, import_id, line),
    FOREIGN KEY (tenant_id, import_id) REFERENCES imports (tenant_id, id)
);
