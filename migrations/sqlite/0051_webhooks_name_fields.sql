-- Whoever listens is told which fields of a user changed: their names stand in detail. The PostgreSQL file of the same
-- number says the same. What an older version did not write counts as what it is by itself.

DROP TRIGGER webhooks_user_changed;
CREATE TRIGGER webhooks_user_changed AFTER UPDATE ON users
    WHEN (OLD.first_name <> NEW.first_name OR OLD.last_name <> NEW.last_name OR OLD.emails <> NEW.emails
            OR OLD.login IS NOT NEW.login OR OLD.department IS NOT NEW.department OR OLD.site IS NOT NEW.site
            OR OLD.profile <> NEW.profile
            OR (OLD.removed_at IS NULL) <> (NEW.removed_at IS NULL))
        AND EXISTS (SELECT 1 FROM webhooks WHERE tenant_id = NEW.tenant_id)
    BEGIN
        INSERT INTO webhook_facts (tenant_id, event, about, detail)
        VALUES (NEW.tenant_id,
            CASE WHEN NEW.removed_at IS NOT NULL AND OLD.removed_at IS NULL THEN 'user.removed'
                WHEN NEW.removed_at IS NULL AND OLD.removed_at IS NOT NULL THEN 'user.added'
                ELSE 'user.changed' END,
            NEW.id,
            CASE WHEN OLD.first_name <> NEW.first_name THEN 'first' ELSE '' END
            || CASE WHEN OLD.last_name <> NEW.last_name THEN ' last' ELSE '' END
            || CASE WHEN OLD.emails <> NEW.emails THEN ' emails' ELSE '' END
            || CASE WHEN OLD.login IS NOT NEW.login THEN ' login' ELSE '' END
            || CASE WHEN OLD.department IS NOT NEW.department THEN ' department' ELSE '' END
            || CASE WHEN OLD.site IS NOT NEW.site THEN ' site' ELSE '' END
            || COALESCE((SELECT ' ' || group_concat(name, ' ') FROM (
                SELECT n.key AS name FROM json_each(NEW.profile) n LEFT JOIN json_each(OLD.profile) o ON o.key = n.key
                WHERE n.value IS NOT o.value AND NOT (o.key IS NULL AND (n.value IN (0, '[]', '{}')
                    OR (n.key = 'station' AND n.value = 'standard') OR (n.key = 'listed' AND n.value = 1)))
                UNION ALL SELECT o.key FROM json_each(OLD.profile) o
                WHERE o.value IS NOT NULL AND o.key NOT IN (SELECT key FROM json_each(NEW.profile)))), ''));
    END;

DROP TRIGGER webhooks_mailbox_changed;
CREATE TRIGGER webhooks_mailbox_changed AFTER UPDATE ON mailboxes
    WHEN NEW.user_id IS NOT NULL AND NEW.removed_at IS NULL AND OLD.removed_at IS NULL
        AND (OLD.extension <> NEW.extension OR OLD.enabled <> NEW.enabled OR OLD.settings <> NEW.settings
            OR COALESCE(OLD.pin_hash, '') <> COALESCE(NEW.pin_hash, ''))
        AND EXISTS (SELECT 1 FROM webhooks WHERE tenant_id = NEW.tenant_id)
    BEGIN
        INSERT INTO webhook_facts (tenant_id, event, about, detail)
        VALUES (NEW.tenant_id, 'user.changed', NEW.user_id,
            CASE WHEN OLD.extension <> NEW.extension THEN 'extension' ELSE '' END
            || CASE WHEN OLD.enabled <> NEW.enabled THEN ' enabled' ELSE '' END
            || CASE WHEN COALESCE(OLD.pin_hash, '') <> COALESCE(NEW.pin_hash, '') THEN ' pin' ELSE '' END
            || COALESCE((SELECT ' ' || group_concat(name, ' ') FROM (
                SELECT n.key AS name FROM json_each(NEW.settings) n LEFT JOIN json_each(OLD.settings) o ON o.key = n.key
                WHERE n.value IS NOT o.value AND n.key <> 'phone' AND NOT (o.key IS NULL AND (n.value IN (0, '[]', '{}')
                    OR (n.key = 'station' AND n.value = 'standard') OR (n.key = 'listed' AND n.value = 1)))
                UNION ALL SELECT o.key FROM json_each(OLD.settings) o
                WHERE o.value IS NOT NULL AND o.key <> 'phone' AND o.key NOT IN (SELECT key FROM json_each(NEW.settings)))), '')
            || COALESCE((SELECT ' ' || group_concat(name, ' ') FROM (
                SELECT n.key AS name FROM json_each(NEW.settings, '$.phone') n LEFT JOIN json_each(OLD.settings, '$.phone') o ON o.key = n.key
                WHERE n.value IS NOT o.value AND NOT (o.key IS NULL AND (n.value IN (0, '[]', '{}')
                    OR (n.key = 'station' AND n.value = 'standard') OR (n.key = 'listed' AND n.value = 1)))
                UNION ALL SELECT o.key FROM json_each(OLD.settings, '$.phone') o
                WHERE o.value IS NOT NULL AND o.key NOT IN (SELECT key FROM json_each(NEW.settings, '$.phone')))), ''));
    END;
