-- Whoever listens is told which fields of a user changed: their names stand in detail. The SQLite file of the same number
-- says the same. What an older version did not write counts as what it is by itself.

CREATE FUNCTION changed_keys(before JSONB, after JSONB) RETURNS TEXT LANGUAGE sql IMMUTABLE AS $$
    SELECT COALESCE(string_agg(' ' || COALESCE(n.key, o.key), ''), '')
    FROM jsonb_each(COALESCE(before, '{}')) o FULL JOIN jsonb_each(COALESCE(after, '{}')) n ON n.key = o.key
    WHERE COALESCE(o.value, 'null') <> COALESCE(n.value, 'null')
        AND NOT (o.key IS NULL AND (n.value IN ('false', '0', '[]', '{}')
            OR (n.key = 'station' AND n.value = '"standard"') OR (n.key = 'listed' AND n.value = 'true')))
$$;

CREATE OR REPLACE FUNCTION note_webhook_user() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (SELECT 1 FROM webhooks WHERE tenant_id = NEW.tenant_id) THEN
        RETURN NULL;
    END IF;
    IF TG_OP = 'INSERT' THEN
        IF NEW.removed_at IS NULL THEN
            PERFORM note_webhook_fact(NEW.tenant_id, 'user.added', NEW.id, NULL, NULL);
        END IF;
    ELSIF NEW.removed_at IS NOT NULL AND OLD.removed_at IS NULL THEN
        PERFORM note_webhook_fact(NEW.tenant_id, 'user.removed', NEW.id, NULL, NULL);
    ELSIF NEW.removed_at IS NULL AND OLD.removed_at IS NOT NULL THEN
        PERFORM note_webhook_fact(NEW.tenant_id, 'user.added', NEW.id, NULL, NULL);
    ELSIF (OLD.first_name, OLD.last_name, OLD.emails, OLD.login, OLD.department, OLD.site, OLD.profile)
        IS DISTINCT FROM (NEW.first_name, NEW.last_name, NEW.emails, NEW.login, NEW.department, NEW.site, NEW.profile) THEN
        PERFORM note_webhook_fact(NEW.tenant_id, 'user.changed', NEW.id, NULL,
            CASE WHEN OLD.first_name <> NEW.first_name THEN 'first' ELSE '' END
            || CASE WHEN OLD.last_name <> NEW.last_name THEN ' last' ELSE '' END
            || CASE WHEN OLD.emails <> NEW.emails THEN ' emails' ELSE '' END
            || CASE WHEN OLD.login IS DISTINCT FROM NEW.login THEN ' login' ELSE '' END
            || CASE WHEN OLD.department IS DISTINCT FROM NEW.department THEN ' department' ELSE '' END
            || CASE WHEN OLD.site IS DISTINCT FROM NEW.site THEN ' site' ELSE '' END
            || changed_keys(OLD.profile::jsonb, NEW.profile::jsonb));
    END IF;
    RETURN NULL;
END
$$;

CREATE OR REPLACE FUNCTION note_webhook_mailbox() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.user_id IS NOT NULL AND NEW.removed_at IS NULL AND OLD.removed_at IS NULL
        AND (OLD.extension, OLD.enabled, OLD.settings, OLD.pin_hash)
            IS DISTINCT FROM (NEW.extension, NEW.enabled, NEW.settings, NEW.pin_hash)
        AND EXISTS (SELECT 1 FROM webhooks WHERE tenant_id = NEW.tenant_id) THEN
        PERFORM note_webhook_fact(NEW.tenant_id, 'user.changed', NEW.user_id, NULL,
            CASE WHEN OLD.extension <> NEW.extension THEN 'extension' ELSE '' END
            || CASE WHEN OLD.enabled <> NEW.enabled THEN ' enabled' ELSE '' END
            || CASE WHEN OLD.pin_hash IS DISTINCT FROM NEW.pin_hash THEN ' pin' ELSE '' END
            || changed_keys(OLD.settings::jsonb - 'phone', NEW.settings::jsonb - 'phone')
            || changed_keys(OLD.settings::jsonb -> 'phone', NEW.settings::jsonb -> 'phone'));
    END IF;
    RETURN NULL;
END
$$;
