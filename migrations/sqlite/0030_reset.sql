-- Users who were reset, and what takes a reset back. The PostgreSQL file of the same number holds the same table.

-- Since when somebody must be set up anew.
ALTER TABLE users ADD COLUMN reset_at INTEGER;

-- What was cleared lies with a removed user of its own, the archive; kept holds the values that have no row, as JSON.
CREATE TABLE resets (
    id              BLOB    NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    tenant_id       BLOB    NOT NULL,
    user_id         BLOB    NOT NULL,
    mailbox_id      BLOB    NOT NULL,
    archive_user    BLOB,
    archive_mailbox BLOB,
    kept            TEXT    NOT NULL,
    made_at         INTEGER NOT NULL,
    FOREIGN KEY (tenant_id, user_id) REFERENCES users (tenant_id, id),
    FOREIGN KEY (tenant_id, mailbox_id) REFERENCES mailboxes (tenant_id, id),
    FOREIGN KEY (tenant_id, archive_user) REFERENCES users (tenant_id, id),
    FOREIGN KEY (tenant_id, archive_mailbox) REFERENCES mailboxes (tenant_id, id)
) STRICT;
CREATE INDEX resets_mailbox ON resets (tenant_id, mailbox_id, made_at);
CREATE INDEX resets_user ON resets (tenant_id, user_id);
CREATE INDEX resets_archive ON resets (tenant_id, archive_mailbox);
CREATE INDEX resets_archive_user ON resets (tenant_id, archive_user);
CREATE INDEX resets_oldest ON resets (made_at);

-- An archive is nobody who was added.
DROP TRIGGER webhooks_user_added;
CREATE TRIGGER webhooks_user_added AFTER INSERT ON users
    WHEN NEW.removed_at IS NULL AND EXISTS (SELECT 1 FROM webhooks WHERE tenant_id = NEW.tenant_id)
    BEGIN
        INSERT INTO webhook_facts (tenant_id, event, about) VALUES (NEW.tenant_id, 'user.added', NEW.id);
    END;
