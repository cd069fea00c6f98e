-- When an office is open, and what happens to which calls. The PostgreSQL file of the same number holds the same tables.

-- A frame without a mailbox is every mailbox's of the tenant.
CREATE TABLE time_frames (
    id         BLOB    NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    tenant_id  BLOB    NOT NULL REFERENCES tenants (id),
    mailbox_id BLOB,
    name       TEXT    NOT NULL,
    purpose    TEXT    NOT NULL,
    zone       TEXT,
    schedule   TEXT    NOT NULL,
    created_at INTEGER NOT NULL,
    UNIQUE (tenant_id, id),
    FOREIGN KEY (tenant_id, mailbox_id) REFERENCES mailboxes (tenant_id, id)
) STRICT;
CREATE UNIQUE INDEX time_frames_name ON time_frames (tenant_id, name) WHERE mailbox_id IS NULL;
CREATE UNIQUE INDEX time_frames_name_of_mailbox ON time_frames (tenant_id, mailbox_id, name) WHERE mailbox_id IS NOT NULL;

-- The first enabled rule, by place, whose conditions hold decides. conditions and actions are JSON.
CREATE TABLE answering_rules (
    id            BLOB    NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    tenant_id     BLOB    NOT NULL,
    mailbox_id    BLOB    NOT NULL,
    place         INTEGER NOT NULL CHECK (place >= 0),
    name          TEXT    NOT NULL,
    enabled       INTEGER NOT NULL CHECK (enabled IN (0, 1)),
    frame_id      BLOB,
    frame_outside INTEGER NOT NULL CHECK (frame_outside IN (0, 1)),
    conditions    TEXT    NOT NULL,
    actions       TEXT    NOT NULL,
    created_at    INTEGER NOT NULL,
    UNIQUE (tenant_id, mailbox_id, place),
    UNIQUE (tenant_id, mailbox_id, name),
    FOREIGN KEY (tenant_id, mailbox_id) REFERENCES mailboxes (tenant_id, id),
    FOREIGN KEY (tenant_id, frame_id) REFERENCES time_frames (tenant_id, id)
) STRICT;
CREATE INDEX answering_rules_frame ON answering_rules (tenant_id, frame_id);

-- Callers who are let through or turned away, by a mailbox or by the whole tenant. verdict is JSON.
CREATE TABLE screened_callers (
    id         BLOB    NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    tenant_id  BLOB    NOT NULL REFERENCES tenants (id),
    mailbox_id BLOB,
    pattern    TEXT    NOT NULL,
    verdict    TEXT    NOT NULL,
    note       TEXT,
    created_at INTEGER NOT NULL,
    FOREIGN KEY (tenant_id, mailbox_id) REFERENCES mailboxes (tenant_id, id)
) STRICT;
CREATE UNIQUE INDEX screened_callers_pattern ON screened_callers (tenant_id, pattern) WHERE mailbox_id IS NULL;
CREATE UNIQUE INDEX screened_callers_pattern_of_mailbox ON screened_callers (tenant_id, mailbox_id, pattern)
    WHERE mailbox_id IS NOT NULL;

-- Each decides what calls get: every change counts.
CREATE TRIGGER time_frames_added AFTER INSERT ON time_frames
    BEGIN UPDATE directory_revision SET revision = revision + 1; END;
CREATE TRIGGER time_frames_changed AFTER UPDATE ON time_frames
    BEGIN UPDATE directory_revision SET revision = revision + 1; END;
CREATE TRIGGER time_frames_removed AFTER DELETE ON time_frames
    BEGIN UPDATE directory_revision SET revision = revision + 1; END;
CREATE TRIGGER answering_rules_added AFTER INSERT ON answering_rules
    BEGIN UPDATE directory_revision SET revision = revision + 1; END;
CREATE TRIGGER answering_rules_changed AFTER UPDATE ON answering_rules
    BEGIN UPDATE directory_revision SET revision = revision + 1; END;
CREATE TRIGGER answering_rules_removed AFTER DELETE ON answering_rules
    BEGIN UPDATE directory_revision SET revision = revision + 1; END;
CREATE TRIGGER screened_callers_added AFTER INSERT ON screened_callers
    BEGIN UPDATE directory_revision SET revision = revision + 1; END;
CREATE TRIGGER screened_callers_changed AFTER UPDATE ON screened_callers
    BEGIN UPDATE directory_revision SET revision = revision + 1; END;
CREATE TRIGGER screened_callers_removed AFTER DELETE ON screened_callers
    BEGIN UPDATE directory_revision SET revision = revision + 1; END;
