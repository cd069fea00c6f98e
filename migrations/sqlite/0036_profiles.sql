-- What is known of a user beside name and addresses. The PostgreSQL file of the same number holds the same columns.

-- profile is JSON; what is looked for has a column of its own. A login name is one person's of the tenant, until that is removed.
ALTER TABLE users ADD COLUMN login TEXT;
ALTER TABLE users ADD COLUMN department TEXT;
ALTER TABLE users ADD COLUMN site TEXT;
ALTER TABLE users ADD COLUMN profile TEXT NOT NULL DEFAULT '{}';
CREATE UNIQUE INDEX users_login ON users (tenant_id, login) WHERE removed_at IS NULL;
CREATE INDEX users_by_login ON users (login) WHERE removed_at IS NULL AND login IS NOT NULL;
CREATE INDEX users_department ON users (tenant_id, department) WHERE removed_at IS NULL;
CREATE INDEX users_site ON users (tenant_id, site) WHERE removed_at IS NULL;

-- Whoever listens is told of these as well.
DROP TRIGGER webhooks_user_changed;
CREATE TRIGGER webhooks_user_changed AFTER UPDATE ON users
    WHEN (OLD.first_name <> NEW.first_name OR OLD.last_name <> NEW.last_name OR OLD.emails <> NEW.emails
            OR OLD.login IS NOT NEW.login OR OLD.department IS NOT NEW.department OR OLD.site IS NOT NEW.site
            OR OLD.profile <> NEW.profile
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
