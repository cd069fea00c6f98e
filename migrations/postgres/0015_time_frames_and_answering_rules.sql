-- When an office is open, and what happens to which calls. The SQLite file of the same number holds the same tables.

-- A frame without a mailbox is every mailbox's of the tenant.
CREATE TABLE time_frames (
    id         UUID    NOT NULL PRIMARY KEY,
    tenant_id  UUID    NOT NULL REFERENCES tenants (id),
    mailbox_id UUID,
    name       TEXT    NOT NULL,
    purpose    TEXT    NOT NULL,
    zone       TEXT,
    schedule   TEXT    NOT NULL,
    created_at BIGINT  NOT NULL,
    UNIQUE (tenant_id, id),
    FOREIGN KEY (tenant_id, mailbox_id) REFERENCES mailboxes (tenant_id, id)
);
CREATE UNIQUE INDEX time_frames_name ON time_frames (tenant_id, name) WHERE mailbox_id IS NULL;
CREATE UNIQUE INDEX time_frames_name_of_mailbox ON time_frames (tenant_id, mailbox_id, name) WHERE mailbox_id IS NOT NULL;

-- The first enabled rule, by place, whose conditions hold decides. conditions and actions are JSON.
CREATE TABLE answering_rules (
    id            UUID    NOT NULL PRIMARY KEY,
    tenant_id     UUID    NOT NULL,
    mailbox_id    UUID    NOT NULL,
    place         BIGINT  NOT NULL CHECK (place >= 0),
    name          TEXT    NOT NULL,
    enabled       BOOLEAN NOT NULL,
    frame_id      UUID,
    frame_outside BOOLEAN NOT NULL,
    conditions    TEXT    NOT NULL,
    actions       TEXT    NOT NULL,
    created_at    BIGINT  NOT NULL,
    UNIQUE (tenant_id, mailbox_id, place),
    UNIQUE (tenant_id, mailbox_id, name),
    FOREIGN KEY (tenant_id, mailbox_id) REFERENCES mailboxes (tenant_id, id),
    FOREIGN KEY (tenant_id, frame_id) REFERENCES time_frames (tenant_id, id)
);
CREATE INDEX answering_rules_frame ON answering_rules (tenant_id, frame_id);

-- Callers who are let through or turned away, by a mailbox or by the whole tenant. verdict is JSON.
CREATE TABLE screened_callers (
    id         UUID    NOT NULL PRIMARY KEY,
    tenant_id  UUID    NOT NULL REFERENCES tenants (id),
    mailbox_id UUID,
    pattern    TEXT    NOT NULL,
    verdict    TEXT    NOT NULL,
    note       TEXT,
    created_at BIGINT  NOT NULL,
    FOREIGN KEY (tenant_id, mailbox_id) REFERENCES mailboxes (tenant_id, id)
);
CREATE UNIQUE INDEX screened_callers_pattern ON screened_callers (tenant_id, pattern) WHERE mailbox_id IS NULL;
CREATE UNIQUE INDEX screened_callers_pattern_of_mailbox ON screened_callers (tenant_id, mailbox_id, pattern)
    WHERE mailbox_id IS NOT NULL;

-- Each decides what calls get: every change counts.
CREATE CONSTRAINT TRIGGER time_frames_counted AFTER INSERT OR UPDATE OR DELETE ON time_frames
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION count_directory_change();
CREATE CONSTRAINT TRIGGER answering_rules_counted AFTER INSERT OR UPDATE OR DELETE ON answering_rules
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION count_directory_change();
CREATE CONSTRAINT TRIGGER screened_callers_counted AFTER INSERT OR UPDATE OR DELETE ON screened_callers
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION count_directory_change();
