-- Undo of changed rules, hours and lists. The PostgreSQL file of the same number holds the same table.

-- What takes a change back, as JSON: rules before and after, or the time frame or line of a list that was removed. Without a
-- mailbox: of the tenant.
CREATE TABLE answering_changes (
    id         BLOB    NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    tenant_id  BLOB    NOT NULL REFERENCES tenants (id),
    mailbox_id BLOB,
    undo       TEXT    NOT NULL,
    made_at    INTEGER NOT NULL,
    FOREIGN KEY (tenant_id, mailbox_id) REFERENCES mailboxes (tenant_id, id)
) STRICT;
CREATE INDEX answering_changes_oldest ON answering_changes (made_at);
