-- Phones and adapters as a record for provisioning. The SQLite file of the same number holds the same tables.

-- owner_id refers to no row: a user who was removed may come back, or go for good. Whoever reads it joins living users.
CREATE TABLE handsets (
    id               UUID    NOT NULL PRIMARY KEY,
    tenant_id        UUID    NOT NULL REFERENCES tenants (id),
    name             TEXT    NOT NULL,
    mac              TEXT,
    model            TEXT    NOT NULL,
    owner_id         UUID,
    site             TEXT    NOT NULL,
    preference_group TEXT,
    settings         TEXT    NOT NULL,
    changed_at       BIGINT  NOT NULL,
    applied_at       BIGINT  NOT NULL,
    reboot_at        BIGINT,
    reboot_outcome   TEXT,
    created_at       BIGINT  NOT NULL,
    UNIQUE (tenant_id, id)
);
CREATE UNIQUE INDEX handsets_name ON handsets (tenant_id, name);
CREATE UNIQUE INDEX handsets_mac ON handsets (tenant_id, mac);
CREATE UNIQUE INDEX handsets_preference_group ON handsets (tenant_id, site, preference_group);
CREATE INDEX handsets_owner ON handsets (tenant_id, owner_id);

-- The number is text: it may ring here before it leads to a mailbox.
CREATE TABLE handset_ports (
    tenant_id   UUID    NOT NULL,
    handset_id  UUID    NOT NULL,
    port        BIGINT  NOT NULL CHECK (port >= 1),
    number      TEXT,
    appearances BIGINT  NOT NULL CHECK (appearances >= 1),
    PRIMARY KEY (tenant_id, handset_id, port),
    FOREIGN KEY (tenant_id, handset_id) REFERENCES handsets (tenant_id, id)
);
CREATE UNIQUE INDEX handset_ports_number ON handset_ports (tenant_id, number);
