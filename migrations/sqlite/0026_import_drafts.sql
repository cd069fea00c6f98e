-- Imports of users that somebody still works on. The PostgreSQL file of the same number holds the same tables.

-- The file as it was read, and what was mended in it. user_id is null where a key of the tenant uploaded it. import_id and
-- result are set when it was imported; its rows are gone then.
CREATE TABLE import_drafts (
    id         BLOB    NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    tenant_id  BLOB    NOT NULL REFERENCES tenants (id),
    user_id    BLOB,
    label      TEXT    NOT NULL,
    encoding   TEXT    NOT NULL,
    separator  TEXT    NOT NULL,
    header     TEXT    NOT NULL,
    made_at    INTEGER NOT NULL,
    until      INTEGER NOT NULL,
    applying   INTEGER,
    trouble    TEXT,
    import_id  BLOB,
    result     TEXT,
    UNIQUE (tenant_id, id)
) STRICT;
CREATE INDEX import_drafts_until ON import_drafts (until);

-- Cells as JSON. A PIN may be among them; rows live until the import is made or given up, a day at most.
CREATE TABLE import_draft_rows (
    tenant_id BLOB    NOT NULL,
    draft_id  BLOB    NOT NULL,
    line      INTEGER NOT NULL CHECK (line > 0),
    cells     TEXT    NOT NULL,
    PRIMARY KEY (tenant_id, draft_id, line),
    FOREIGN KEY (tenant_id, draft_id) REFERENCES import_drafts (tenant_id, id)
) STRICT;
