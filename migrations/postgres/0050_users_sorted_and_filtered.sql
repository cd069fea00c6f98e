-- What the table of users is sorted and filtered by stands in the row of the user, so that each order and each filter has
-- its index. Kept by the database itself. The SQLite file of the same number holds the same columns
-- and indexes, and one of words, which may be longer than an index takes here.

ALTER TABLE users ADD COLUMN role TEXT NOT NULL DEFAULT 'basic';
ALTER TABLE users ADD COLUMN has_password BOOLEAN NOT NULL DEFAULT FALSE;
-- Of the own mailbox: on, off or none.
ALTER TABLE users ADD COLUMN voicemail TEXT NOT NULL DEFAULT 'none';
-- When the last message came, as a deposit writes it; 0: none yet.
ALTER TABLE users ADD COLUMN last_message_at BIGINT NOT NULL DEFAULT 0;
ALTER TABLE users ADD COLUMN status TEXT GENERATED ALWAYS AS
    (CASE WHEN reset_at IS NOT NULL THEN 'setup-required' WHEN has_password THEN 'active' ELSE 'new' END) STORED;
-- From the least to the most.
ALTER TABLE users ADD COLUMN rank BIGINT GENERATED ALWAYS AS
    (CASE role WHEN 'basic' THEN 0 WHEN 'call-center-agent' THEN 1 WHEN 'supervisor' THEN 2
        WHEN 'office-manager' THEN 3 WHEN 'tenant-admin' THEN 4 ELSE 5 END) STORED;
-- What a search looks through, without whose extension.
ALTER TABLE users ADD COLUMN words TEXT GENERATED ALWAYS AS
    (lower(first_name || ' ' || last_name || '
' || emails || '
' || COALESCE(login, ''))) STORED;

UPDATE users SET role = l.role, has_password = l.password_hash IS NOT NULL
    FROM logins l WHERE l.tenant_id = users.tenant_id AND l.user_id = users.id;
UPDATE users SET voicemail = CASE WHEN m.enabled THEN 'on' ELSE 'off' END
    FROM mailboxes m WHERE m.tenant_id = users.tenant_id AND m.user_id = users.id AND m.removed_at IS NULL;
UPDATE users SET last_message_at = g.newest
    FROM (SELECT m.tenant_id, m.user_id, MAX(one.received_at) AS newest FROM mailboxes m
        JOIN messages one ON one.tenant_id = m.tenant_id AND one.mailbox_id = m.id
        WHERE m.user_id IS NOT NULL GROUP BY m.tenant_id, m.user_id) g
    WHERE g.tenant_id = users.tenant_id AND g.user_id = users.id;

CREATE FUNCTION tell_user_of_login() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' THEN
        UPDATE users SET role = 'basic', has_password = FALSE WHERE tenant_id = OLD.tenant_id AND id = OLD.user_id;
    ELSE
        UPDATE users SET role = NEW.role, has_password = NEW.password_hash IS NOT NULL
        WHERE tenant_id = NEW.tenant_id AND id = NEW.user_id;
    END IF;
    RETURN NULL;
END
$$;
CREATE TRIGGER users_login AFTER INSERT OR UPDATE OR DELETE ON logins
    FOR EACH ROW EXECUTE FUNCTION tell_user_of_login();

CREATE FUNCTION tell_user_of_mailbox() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    gone UUID;
    come UUID;
    world UUID;
BEGIN
    IF TG_OP = 'INSERT' THEN
        UPDATE users SET voicemail = CASE WHEN NEW.enabled THEN 'on' ELSE 'off' END
        WHERE tenant_id = NEW.tenant_id AND id = NEW.user_id AND NEW.removed_at IS NULL;
        RETURN NULL;
    END IF;
    IF TG_OP = 'UPDATE' AND OLD.enabled = NEW.enabled AND OLD.removed_at IS NOT DISTINCT FROM NEW.removed_at
        AND OLD.user_id IS NOT DISTINCT FROM NEW.user_id THEN
        RETURN NULL;
    END IF;
    IF TG_OP = 'DELETE' THEN
        world := OLD.tenant_id;
    ELSE
        world := NEW.tenant_id;
        come := NEW.user_id;
    END IF;
    gone := OLD.user_id;
    UPDATE users SET voicemail = COALESCE((SELECT CASE WHEN m.enabled THEN 'on' ELSE 'off' END FROM mailboxes m
        WHERE m.tenant_id = users.tenant_id AND m.user_id = users.id AND m.removed_at IS NULL), 'none')
    WHERE tenant_id = world AND id IN (gone, come);
    RETURN NULL;
END
$$;
CREATE TRIGGER users_mailbox AFTER INSERT OR UPDATE OR DELETE ON mailboxes
    FOR EACH ROW EXECUTE FUNCTION tell_user_of_mailbox();

DROP INDEX users_to_set_up;
DROP INDEX logins_with_password;
CREATE INDEX users_by_status ON users (tenant_id, status, lower(last_name), lower(first_name), id) WHERE removed_at IS NULL;
CREATE INDEX users_by_role ON users (tenant_id, rank, lower(last_name), lower(first_name), id) WHERE removed_at IS NULL;
CREATE INDEX users_by_last_message ON users (tenant_id, last_message_at, id) WHERE removed_at IS NULL;
CREATE INDEX users_by_voicemail ON users (tenant_id, voicemail, id) WHERE removed_at IS NULL;
