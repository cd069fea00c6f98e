-- Users who were reset, and what takes a reset back. The SQLite file of the same number holds the same table.

-- Since when somebody must be set up anew.
ALTER TABLE users ADD COLUMN reset_at BIGINT;

-- What was cleared lies with a removed user of its own, the archive; kept holds the values that have no row, as JSON.
CREATE TABLE resets (
    id              UUID    NOT NULL PRIMARY KEY,
    tenant_id       UUID    NOT NULL,
    user_id         UUID    NOT NULL,
    mailbox_id      UUID    NOT NULL,
    archive_user    UUID,
    archive_mailbox UUID,
    kept            TEXT    NOT NULL,
    made_at         BIGINT  NOT NULL,
    FOREIGN KEY (tenant_id, user_id) REFERENCES users (tenant_id, id),
    FOREIGN KEY (tenant_id, mailbox_id) REFERENCES mailboxes (tenant_id, id),
    FOREIGN KEY (tenant_id, archive_user) REFERENCES users (tenant_id, id),
    FOREIGN KEY (tenant_id, archive_mailbox) REFERENCES mailboxes (tenant_id, id)
);
CREATE INDEX resets_mailbox ON resets (tenant_id, mailbox_id, made_at);
CREATE INDEX resets_user ON resets (tenant_id, user_id);
CREATE INDEX resets_archive ON resets (tenant_id, archive_mailbox);
CREATE INDEX resets_archive_user ON resets (tenant_id, archive_user);
CREATE INDEX resets_oldest ON resets (made_at);

-- An archive is nobody who was added.
CREATE OR REPLACE FUNCTION note_webhook_user() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        IF NEW.removed_at IS NULL THEN
            PERFORM note_webhook_fact(NEW.tenant_id, 'user.added', NEW.id, NULL, NULL);
        END IF;
    ELSIF NEW.removed_at IS NOT NULL AND OLD.removed_at IS NULL THEN
        PERFORM note_webhook_fact(NEW.tenant_id, 'user.removed', NEW.id, NULL, NULL);
    ELSIF NEW.removed_at IS NULL AND OLD.removed_at IS NOT NULL THEN
        PERFORM note_webhook_fact(NEW.tenant_id, 'user.added', NEW.id, NULL, NULL);
    ELSIF (OLD.first_name, OLD.last_name, OLD.emails) IS DISTINCT FROM (NEW.first_name, NEW.last_name, NEW.emails) THEN
        PERFORM note_webhook_fact(NEW.tenant_id, 'user.changed', NEW.id, NULL, NULL);
    END IF;
    RETURN NULL;
END
$$;
