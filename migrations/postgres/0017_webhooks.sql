-- Programs of a tenant that are told what happens, by HTTP. A secret signs, so it is kept as it is.

CREATE TABLE webhooks (
    id            UUID    NOT NULL PRIMARY KEY,
    tenant_id     UUID    NOT NULL REFERENCES tenants (id),
    name          TEXT    NOT NULL,
    url           TEXT    NOT NULL,
    events        TEXT    NOT NULL,
    callers       BOOLEAN NOT NULL,
    secret        TEXT    NOT NULL,
    old_secret    TEXT,
    old_until     BIGINT,
    paused_at     BIGINT,
    paused_why    TEXT,
    failing_since BIGINT,
    created_at    BIGINT  NOT NULL
);
CREATE INDEX webhooks_tenant ON webhooks (tenant_id, id);

-- What happened and is not yet on its way. Left by the transaction of the fact itself, and only where somebody listens.
-- Refers to nothing: what it tells of may be gone when it is told.
CREATE TABLE webhook_facts (
    id         BIGINT  NOT NULL PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
    tenant_id  UUID    NOT NULL,
    event      TEXT    NOT NULL,
    about      UUID,
    mailbox_id UUID,
    detail     TEXT
);

CREATE TABLE webhook_deliveries (
    id         UUID    NOT NULL PRIMARY KEY,
    tenant_id  UUID    NOT NULL REFERENCES tenants (id),
    webhook_id UUID    NOT NULL REFERENCES webhooks (id),
    event      TEXT    NOT NULL,
    body       TEXT    NOT NULL,
    state      TEXT    NOT NULL,
    attempts   BIGINT  NOT NULL CHECK (attempts >= 0),
    next_at    BIGINT  NOT NULL,
    queued_at  BIGINT  NOT NULL,
    created_at BIGINT  NOT NULL,
    status     BIGINT,
    last_error TEXT
);
CREATE INDEX webhook_deliveries_due ON webhook_deliveries (next_at, id) WHERE state IN ('queued', 'retry', 'running');
CREATE INDEX webhook_deliveries_newest ON webhook_deliveries (webhook_id, id);
CREATE INDEX webhook_deliveries_old ON webhook_deliveries (created_at);

CREATE FUNCTION note_webhook_fact(tenant UUID, word TEXT, thing UUID, mailbox UUID, more TEXT) RETURNS void
LANGUAGE sql AS $$
    INSERT INTO webhook_facts (tenant_id, event, about, mailbox_id, detail)
    SELECT tenant, word, thing, mailbox, more WHERE EXISTS (SELECT 1 FROM webhooks WHERE tenant_id = tenant)
$$;

CREATE FUNCTION note_webhook_message() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        PERFORM note_webhook_fact(NEW.tenant_id, 'message.created', NEW.id, NEW.mailbox_id, NULL);
    ELSIF TG_OP = 'DELETE' THEN
        PERFORM note_webhook_fact(OLD.tenant_id, 'message.purged', OLD.id, OLD.mailbox_id, NULL);
    ELSE
        IF (OLD.heard_at IS NULL) <> (NEW.heard_at IS NULL) THEN
            PERFORM note_webhook_fact(NEW.tenant_id,
                CASE WHEN NEW.heard_at IS NULL THEN 'message.unheard' ELSE 'message.heard' END,
                NEW.id, NEW.mailbox_id, NULL);
        END IF;
        IF OLD.folder <> NEW.folder THEN
            PERFORM note_webhook_fact(NEW.tenant_id,
                CASE WHEN NEW.folder = 'trash' THEN 'message.deleted' ELSE 'message.moved' END,
                NEW.id, NEW.mailbox_id, NEW.folder);
        END IF;
    END IF;
    RETURN NULL;
END
$$;
CREATE TRIGGER webhooks_message AFTER INSERT OR DELETE OR UPDATE OF heard_at, folder ON messages
    FOR EACH ROW EXECUTE FUNCTION note_webhook_message();

CREATE FUNCTION note_webhook_mail() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM note_webhook_fact(NEW.tenant_id,
        CASE WHEN NEW.event = 'mail-accepted' THEN 'mail.sent' ELSE 'mail.failed' END,
        NEW.message_id, NULL, NEW.detail);
    RETURN NULL;
END
$$;
CREATE TRIGGER webhooks_mailed AFTER INSERT ON ledger
    FOR EACH ROW WHEN (NEW.event IN ('mail-accepted', 'mail-bounced')) EXECUTE FUNCTION note_webhook_mail();

CREATE FUNCTION note_webhook_user() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        PERFORM note_webhook_fact(NEW.tenant_id, 'user.added', NEW.id, NULL, NULL);
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
CREATE TRIGGER webhooks_user AFTER INSERT OR UPDATE ON users
    FOR EACH ROW EXECUTE FUNCTION note_webhook_user();

CREATE FUNCTION note_webhook_mailbox() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.user_id IS NOT NULL AND NEW.removed_at IS NULL AND OLD.removed_at IS NULL
        AND (OLD.extension, OLD.enabled, OLD.settings, OLD.pin_hash)
            IS DISTINCT FROM (NEW.extension, NEW.enabled, NEW.settings, NEW.pin_hash) THEN
        PERFORM note_webhook_fact(NEW.tenant_id, 'user.changed', NEW.user_id, NULL, NULL);
    END IF;
    RETURN NULL;
END
$$;
CREATE TRIGGER webhooks_mailbox AFTER UPDATE ON mailboxes
    FOR EACH ROW EXECUTE FUNCTION note_webhook_mailbox();

CREATE FUNCTION note_webhook_greeting() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' THEN
        PERFORM note_webhook_fact(OLD.tenant_id, 'greeting.changed', NULL, OLD.mailbox_id, OLD.kind);
    ELSE
        PERFORM note_webhook_fact(NEW.tenant_id, 'greeting.changed', NULL, NEW.mailbox_id, NEW.kind);
    END IF;
    RETURN NULL;
END
$$;
CREATE TRIGGER webhooks_greeting AFTER INSERT OR UPDATE OR DELETE ON greetings
    FOR EACH ROW EXECUTE FUNCTION note_webhook_greeting();

CREATE FUNCTION note_webhook_lock() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM note_webhook_fact(NEW.tenant_id, 'mailbox.locked', NULL, id, extension) FROM mailboxes
        WHERE tenant_id = NEW.tenant_id AND extension = NEW.extension AND removed_at IS NULL;
    RETURN NULL;
END
$$;
CREATE TRIGGER webhooks_locked AFTER UPDATE OF locked_at ON lockouts
    FOR EACH ROW WHEN (OLD.locked_at IS NULL AND NEW.locked_at IS NOT NULL) EXECUTE FUNCTION note_webhook_lock();
