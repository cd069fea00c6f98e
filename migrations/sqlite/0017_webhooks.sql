-- Programs of a tenant that are told what happens, by HTTP. A secret signs, so it is kept as it is.

CREATE TABLE webhooks (
    id            BLOB    NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    tenant_id     BLOB    NOT NULL REFERENCES tenants (id),
    name          TEXT    NOT NULL,
    url           TEXT    NOT NULL,
    events        TEXT    NOT NULL,
    callers       INTEGER NOT NULL CHECK (callers IN (0, 1)),
    secret        TEXT    NOT NULL,
    old_secret    TEXT,
    old_until     INTEGER,
    paused_at     INTEGER,
    paused_why    TEXT,
    failing_since INTEGER,
    created_at    INTEGER NOT NULL
) STRICT;
CREATE INDEX webhooks_tenant ON webhooks (tenant_id, id);

-- What happened and is not yet on its way. Left by the transaction of the fact itself, and only where somebody listens.
-- Refers to nothing: what it tells of may be gone when it is told.
CREATE TABLE webhook_facts (
    id         INTEGER NOT NULL PRIMARY KEY,
    tenant_id  BLOB    NOT NULL,
    event      TEXT    NOT NULL,
    about      BLOB,
    mailbox_id BLOB,
    detail     TEXT
) STRICT;

CREATE TABLE webhook_deliveries (
    id         BLOB    NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    tenant_id  BLOB    NOT NULL REFERENCES tenants (id),
    webhook_id BLOB    NOT NULL REFERENCES webhooks (id),
    event      TEXT    NOT NULL,
    body       TEXT    NOT NULL,
    state      TEXT    NOT NULL,
    attempts   INTEGER NOT NULL CHECK (attempts >= 0),
    next_at    INTEGER NOT NULL,
    queued_at  INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    status     INTEGER,
    last_error TEXT
) STRICT;
CREATE INDEX webhook_deliveries_due ON webhook_deliveries (next_at, id) WHERE state IN ('queued', 'retry', 'running');
CREATE INDEX webhook_deliveries_newest ON webhook_deliveries (webhook_id, id);
CREATE INDEX webhook_deliveries_old ON webhook_deliveries (created_at);

CREATE TRIGGER webhooks_message_created AFTER INSERT ON messages
    WHEN EXISTS (SELECT 1 FROM webhooks WHERE tenant_id = NEW.tenant_id)
    BEGIN
        INSERT INTO webhook_facts (tenant_id, event, about, mailbox_id)
        VALUES (NEW.tenant_id, 'message.created', NEW.id, NEW.mailbox_id);
    END;
CREATE TRIGGER webhooks_message_heard AFTER UPDATE OF heard_at ON messages
    WHEN (OLD.heard_at IS NULL) <> (NEW.heard_at IS NULL)
        AND EXISTS (SELECT 1 FROM webhooks WHERE tenant_id = NEW.tenant_id)
    BEGIN
        INSERT INTO webhook_facts (tenant_id, event, about, mailbox_id)
        VALUES (NEW.tenant_id, CASE WHEN NEW.heard_at IS NULL THEN 'message.unheard' ELSE 'message.heard' END,
            NEW.id, NEW.mailbox_id);
    END;
CREATE TRIGGER webhooks_message_moved AFTER UPDATE OF folder ON messages
    WHEN OLD.folder <> NEW.folder AND EXISTS (SELECT 1 FROM webhooks WHERE tenant_id = NEW.tenant_id)
    BEGIN
        INSERT INTO webhook_facts (tenant_id, event, about, mailbox_id, detail)
        VALUES (NEW.tenant_id, CASE WHEN NEW.folder = 'trash' THEN 'message.deleted' ELSE 'message.moved' END,
            NEW.id, NEW.mailbox_id, NEW.folder);
    END;
CREATE TRIGGER webhooks_message_purged AFTER DELETE ON messages
    WHEN EXISTS (SELECT 1 FROM webhooks WHERE tenant_id = OLD.tenant_id)
    BEGIN
        INSERT INTO webhook_facts (tenant_id, event, about, mailbox_id)
        VALUES (OLD.tenant_id, 'message.purged', OLD.id, OLD.mailbox_id);
    END;

CREATE TRIGGER webhooks_mailed AFTER INSERT ON ledger
    WHEN NEW.event IN ('mail-accepted', 'mail-bounced')
        AND EXISTS (SELECT 1 FROM webhooks WHERE tenant_id = NEW.tenant_id)
    BEGIN
        INSERT INTO webhook_facts (tenant_id, event, about, detail)
        VALUES (NEW.tenant_id, CASE WHEN NEW.event = 'mail-accepted' THEN 'mail.sent' ELSE 'mail.failed' END,
            NEW.message_id, NEW.detail);
    END;

CREATE TRIGGER webhooks_user_added AFTER INSERT ON users
    WHEN EXISTS (SELECT 1 FROM webhooks WHERE tenant_id = NEW.tenant_id)
    BEGIN
        INSERT INTO webhook_facts (tenant_id, event, about) VALUES (NEW.tenant_id, 'user.added', NEW.id);
    END;
CREATE TRIGGER webhooks_user_changed AFTER UPDATE ON users
    WHEN (OLD.first_name <> NEW.first_name OR OLD.last_name <> NEW.last_name OR OLD.emails <> NEW.emails
            OR (OLD.removed_at IS NULL) <> (NEW.removed_at IS NULL))
        AND EXISTS (SELECT 1 FROM webhooks WHERE tenant_id = NEW.tenant_id)
    BEGIN
        INSERT INTO webhook_facts (tenant_id, event, about)
        VALUES (NEW.tenant_id,
            CASE WHEN NEW.removed_at IS NOT NULL AND OLD.removed_at IS NULL THEN 'user.removed'
                WHEN NEW.removed_at IS NULL AND OLD.removed_at IS NOT NULL THEN 'user.added'
                ELSE 'user.changed' END,
            NEW.id);
    END;
CREATE TRIGGER webhooks_mailbox_changed AFTER UPDATE ON mailboxes
    WHEN NEW.user_id IS NOT NULL AND NEW.removed_at IS NULL AND OLD.removed_at IS NULL
        AND (OLD.extension <> NEW.extension OR OLD.enabled <> NEW.enabled OR OLD.settings <> NEW.settings
            OR COALESCE(OLD.pin_hash, '') <> COALESCE(NEW.pin_hash, ''))
        AND EXISTS (SELECT 1 FROM webhooks WHERE tenant_id = NEW.tenant_id)
    BEGIN
        INSERT INTO webhook_facts (tenant_id, event, about) VALUES (NEW.tenant_id, 'user.changed', NEW.user_id);
    END;

CREATE TRIGGER webhooks_greeting_added AFTER INSERT ON greetings
    WHEN EXISTS (SELECT 1 FROM webhooks WHERE tenant_id = NEW.tenant_id)
    BEGIN
        INSERT INTO webhook_facts (tenant_id, event, mailbox_id, detail)
        VALUES (NEW.tenant_id, 'greeting.changed', NEW.mailbox_id, NEW.kind);
    END;
CREATE TRIGGER webhooks_greeting_changed AFTER UPDATE ON greetings
    WHEN EXISTS (SELECT 1 FROM webhooks WHERE tenant_id = NEW.tenant_id)
    BEGIN
        INSERT INTO webhook_facts (tenant_id, event, mailbox_id, detail)
        VALUES (NEW.tenant_id, 'greeting.changed', NEW.mailbox_id, NEW.kind);
    END;
CREATE TRIGGER webhooks_greeting_removed AFTER DELETE ON greetings
    WHEN EXISTS (SELECT 1 FROM webhooks WHERE tenant_id = OLD.tenant_id)
    BEGIN
        INSERT INTO webhook_facts (tenant_id, event, mailbox_id, detail)
        VALUES (OLD.tenant_id, 'greeting.changed', OLD.mailbox_id, OLD.kind);
    END;

CREATE TRIGGER webhooks_locked AFTER UPDATE OF locked_at ON lockouts
    WHEN OLD.locked_at IS NULL AND NEW.locked_at IS NOT NULL
        AND EXISTS (SELECT 1 FROM webhooks WHERE tenant_id = NEW.tenant_id)
    BEGIN
        INSERT INTO webhook_facts (tenant_id, event, mailbox_id, detail)
        SELECT NEW.tenant_id, 'mailbox.locked', id, extension FROM mailboxes
        WHERE tenant_id = NEW.tenant_id AND extension = NEW.extension AND removed_at IS NULL;
    END;
