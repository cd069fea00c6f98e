-- Undo of changed rules, hours and lists. The SQLite file of the same number holds the same table.

-- What takes a change back, as JSON: rules before and after, or the time frame or line of a list that was removed. Without a
-- mailbox: of the tenant.
CREATE TABLE answering_changes (
    id         UUID   NOT NULL PRIMARY KEY,
    tenant_id  UUID   NOT NULL REFERENCES tenants (id),
    mailbox_id UUID,
    undo       TEXT   NOT NULL,
    made_at    BIGINT NOT NULL,
    FOREIGN KEY (tenant_id, mailbox_id) REFERENCES mailboxes (tenant_id, id)
);
CREATE INDEX answering_changes_oldest ON answering_changes (made_at);
