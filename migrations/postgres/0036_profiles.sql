-- What is known of a user beside name and addresses. The SQLite file of the same number holds the same columns.

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
    ELSIF (OLD.first_name, OLD.last_name, OLD.emails, OLD.login, OLD.department, OLD.site, OLD.profile)
        IS DISTINCT FROM (NEW.first_name, NEW.last_name, NEW.emails, NEW.login, NEW.department, NEW.site, NEW.profile) THEN
        PERFORM note_webhook_fact(NEW.tenant_id, 'user.changed', NEW.id, NULL, NULL);
    END IF;
    RETURN NULL;
END
$$;
