-- Phones that an import wrote, as each stood before and after, so that it is taken back with its users. The SQLite file of
-- the same number holds the same table. before is null for a phone that the import added.
CREATE TABLE import_phones (
    tenant_id  UUID    NOT NULL,
    import_id  UUID    NOT NULL,
    handset_id UUID    NOT NULL,
    before     TEXT,
    after      TEXT    NOT NULL,
    PRIMARY KEY (tenant_id, import_id, handset_id),
    FOREIGN KEY (tenant_id, import_id) REFERENCES imports (tenant_id, id)
);
