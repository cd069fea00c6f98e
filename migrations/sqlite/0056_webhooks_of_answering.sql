-- Phone systems that listen are told of what calls get: how mailboxes answer, and which number leads to whom. A mailbox that
-- is in the recycle bin answers nothing, so nothing is told of it. That rules were written is noted by who writes them: they
-- are written as a whole. The PostgreSQL file of the same number says the same.
CREATE TRIGGER webhooks_answering_rules_changed AFTER UPDATE ON answering_rules
    WHEN OLD.mailbox_id <> NEW.mailbox_id
        AND EXISTS (SELECT 1 FROM webhooks WHERE tenant_id = NEW.tenant_id)
    BEGIN
        INSERT INTO webhook_facts (tenant_id, event, mailbox_id, detail)
        SELECT NEW.tenant_id, 'answering.changed', one.id, 'rules' FROM (SELECT OLD.mailbox_id AS id UNION SELECT NEW.mailbox_id) one
        WHERE NOT EXISTS (SELECT 1 FROM mailboxes m
            WHERE m.tenant_id = NEW.tenant_id AND m.id = one.id AND m.removed_at IS NOT NULL);
    END;
CREATE TRIGGER webhooks_screened_callers_added AFTER INSERT ON screened_callers
    WHEN EXISTS (SELECT 1 FROM webhooks WHERE tenant_id = NEW.tenant_id)
    BEGIN
        INSERT INTO webhook_facts (tenant_id, event, mailbox_id, detail)
        SELECT NEW.tenant_id, 'answering.changed', one.id, 'callers' FROM (SELECT NEW.mailbox_id AS id) one
        WHERE NOT EXISTS (SELECT 1 FROM mailboxes m
            WHERE m.tenant_id = NEW.tenant_id AND m.id = one.id AND m.removed_at IS NOT NULL);
    END;
CREATE TRIGGER webhooks_screened_callers_changed AFTER UPDATE ON screened_callers
    WHEN EXISTS (SELECT 1 FROM webhooks WHERE tenant_id = NEW.tenant_id)
    BEGIN
        INSERT INTO webhook_facts (tenant_id, event, mailbox_id, detail)
        SELECT NEW.tenant_id, 'answering.changed', one.id, 'callers' FROM (SELECT OLD.mailbox_id AS id UNION SELECT NEW.mailbox_id) one
        WHERE NOT EXISTS (SELECT 1 FROM mailboxes m
            WHERE m.tenant_id = NEW.tenant_id AND m.id = one.id AND m.removed_at IS NOT NULL);
    END;
CREATE TRIGGER webhooks_screened_callers_removed AFTER DELETE ON screened_callers
    WHEN EXISTS (SELECT 1 FROM webhooks WHERE tenant_id = OLD.tenant_id)
    BEGIN
        INSERT INTO webhook_facts (tenant_id, event, mailbox_id, detail)
        SELECT OLD.tenant_id, 'answering.changed', one.id, 'callers' FROM (SELECT OLD.mailbox_id AS id) one
        WHERE NOT EXISTS (SELECT 1 FROM mailboxes m
            WHERE m.tenant_id = OLD.tenant_id AND m.id = one.id AND m.removed_at IS NOT NULL);
    END;
CREATE TRIGGER webhooks_time_frames_added AFTER INSERT ON time_frames
    WHEN EXISTS (SELECT 1 FROM webhooks WHERE tenant_id = NEW.tenant_id)
    BEGIN
        INSERT INTO webhook_facts (tenant_id, event, mailbox_id, detail)
        SELECT NEW.tenant_id, 'answering.changed', one.id, 'time-frames' FROM (SELECT NEW.mailbox_id AS id) one
        WHERE NOT EXISTS (SELECT 1 FROM mailboxes m
            WHERE m.tenant_id = NEW.tenant_id AND m.id = one.id AND m.removed_at IS NOT NULL);
    END;
CREATE TRIGGER webhooks_time_frames_changed AFTER UPDATE ON time_frames
    WHEN (OLD.mailbox_id IS NOT NEW.mailbox_id OR OLD.name <> NEW.name OR OLD.purpose <> NEW.purpose
            OR OLD.zone IS NOT NEW.zone OR OLD.schedule <> NEW.schedule)
        AND EXISTS (SELECT 1 FROM webhooks WHERE tenant_id = NEW.tenant_id)
    BEGIN
        INSERT INTO webhook_facts (tenant_id, event, mailbox_id, detail)
        SELECT NEW.tenant_id, 'answering.changed', one.id, 'time-frames' FROM (SELECT OLD.mailbox_id AS id UNION SELECT NEW.mailbox_id) one
        WHERE NOT EXISTS (SELECT 1 FROM mailboxes m
            WHERE m.tenant_id = NEW.tenant_id AND m.id = one.id AND m.removed_at IS NOT NULL);
    END;
CREATE TRIGGER webhooks_time_frames_removed AFTER DELETE ON time_frames
    WHEN EXISTS (SELECT 1 FROM webhooks WHERE tenant_id = OLD.tenant_id)
    BEGIN
        INSERT INTO webhook_facts (tenant_id, event, mailbox_id, detail)
        SELECT OLD.tenant_id, 'answering.changed', one.id, 'time-frames' FROM (SELECT OLD.mailbox_id AS id) one
        WHERE NOT EXISTS (SELECT 1 FROM mailboxes m
            WHERE m.tenant_id = OLD.tenant_id AND m.id = one.id AND m.removed_at IS NOT NULL);
    END;
CREATE TRIGGER webhooks_presence_greetings_added AFTER INSERT ON presence_greetings
    WHEN EXISTS (SELECT 1 FROM webhooks WHERE tenant_id = NEW.tenant_id)
    BEGIN
        INSERT INTO webhook_facts (tenant_id, event, mailbox_id, detail)
        SELECT NEW.tenant_id, 'answering.changed', one.id, 'presence' FROM (SELECT NEW.mailbox_id AS id) one
        WHERE NOT EXISTS (SELECT 1 FROM mailboxes m
            WHERE m.tenant_id = NEW.tenant_id AND m.id = one.id AND m.removed_at IS NOT NULL);
    END;
CREATE TRIGGER webhooks_presence_greetings_changed AFTER UPDATE ON presence_greetings
    WHEN (OLD.mailbox_id <> NEW.mailbox_id OR OLD.greeting_id <> NEW.greeting_id)
        AND EXISTS (SELECT 1 FROM webhooks WHERE tenant_id = NEW.tenant_id)
    BEGIN
        INSERT INTO webhook_facts (tenant_id, event, mailbox_id, detail)
        SELECT NEW.tenant_id, 'answering.changed', one.id, 'presence' FROM (SELECT OLD.mailbox_id AS id UNION SELECT NEW.mailbox_id) one
        WHERE NOT EXISTS (SELECT 1 FROM mailboxes m
            WHERE m.tenant_id = NEW.tenant_id AND m.id = one.id AND m.removed_at IS NOT NULL);
    END;
CREATE TRIGGER webhooks_presence_greetings_removed AFTER DELETE ON presence_greetings
    WHEN EXISTS (SELECT 1 FROM webhooks WHERE tenant_id = OLD.tenant_id)
    BEGIN
        INSERT INTO webhook_facts (tenant_id, event, mailbox_id, detail)
        SELECT OLD.tenant_id, 'answering.changed', one.id, 'presence' FROM (SELECT OLD.mailbox_id AS id) one
        WHERE NOT EXISTS (SELECT 1 FROM mailboxes m
            WHERE m.tenant_id = OLD.tenant_id AND m.id = one.id AND m.removed_at IS NOT NULL);
    END;

-- Presence is a user's, and decides what the user's mailbox does.
CREATE TRIGGER webhooks_presences_said AFTER INSERT ON presences
    WHEN EXISTS (SELECT 1 FROM webhooks WHERE tenant_id = NEW.tenant_id)
    BEGIN
        INSERT INTO webhook_facts (tenant_id, event, mailbox_id, detail)
        SELECT m.tenant_id, 'answering.changed', m.id, 'presence' FROM mailboxes m
        WHERE m.tenant_id = NEW.tenant_id AND m.user_id = NEW.user_id AND m.removed_at IS NULL;
    END;
CREATE TRIGGER webhooks_presences_changed AFTER UPDATE ON presences
    WHEN (OLD.state <> NEW.state OR OLD.until_at IS NOT NEW.until_at)
        AND EXISTS (SELECT 1 FROM webhooks WHERE tenant_id = NEW.tenant_id)
    BEGIN
        INSERT INTO webhook_facts (tenant_id, event, mailbox_id, detail)
        SELECT m.tenant_id, 'answering.changed', m.id, 'presence' FROM mailboxes m
        WHERE m.tenant_id = NEW.tenant_id AND m.user_id = NEW.user_id AND m.removed_at IS NULL;
    END;
CREATE TRIGGER webhooks_presences_forgotten AFTER DELETE ON presences
    WHEN EXISTS (SELECT 1 FROM webhooks WHERE tenant_id = OLD.tenant_id)
    BEGIN
        INSERT INTO webhook_facts (tenant_id, event, mailbox_id, detail)
        SELECT m.tenant_id, 'answering.changed', m.id, 'presence' FROM mailboxes m
        WHERE m.tenant_id = OLD.tenant_id AND m.user_id = OLD.user_id AND m.removed_at IS NULL;
    END;

-- detail is the word and the number.
CREATE TRIGGER webhooks_numbers_added AFTER INSERT ON numbers
    WHEN EXISTS (SELECT 1 FROM webhooks WHERE tenant_id = NEW.tenant_id)
    BEGIN
        INSERT INTO webhook_facts (tenant_id, event, mailbox_id, detail)
        SELECT m.tenant_id, 'number.changed', m.id, 'assigned ' || NEW.number FROM mailboxes m
        WHERE m.tenant_id = NEW.tenant_id AND m.id = NEW.mailbox_id AND m.removed_at IS NULL;
    END;
CREATE TRIGGER webhooks_numbers_removed AFTER DELETE ON numbers
    WHEN EXISTS (SELECT 1 FROM webhooks WHERE tenant_id = OLD.tenant_id)
    BEGIN
        INSERT INTO webhook_facts (tenant_id, event, mailbox_id, detail)
        SELECT m.tenant_id, 'number.changed', m.id, 'removed ' || OLD.number FROM mailboxes m
        WHERE m.tenant_id = OLD.tenant_id AND m.id = OLD.mailbox_id AND m.removed_at IS NULL;
    END;
-- It leads to another mailbox, or from now on to one that is in the recycle bin.
CREATE TRIGGER webhooks_numbers_moved AFTER UPDATE OF mailbox_id ON numbers
    WHEN OLD.mailbox_id <> NEW.mailbox_id AND EXISTS (SELECT 1 FROM webhooks WHERE tenant_id = NEW.tenant_id)
    BEGIN
        INSERT INTO webhook_facts (tenant_id, event, mailbox_id, detail)
        SELECT m.tenant_id, 'number.changed', m.id,
            CASE WHEN m.id = NEW.mailbox_id THEN 'assigned ' ELSE 'removed ' END || NEW.number
        FROM mailboxes m WHERE m.tenant_id = NEW.tenant_id AND m.removed_at IS NULL
            AND (m.id = NEW.mailbox_id OR m.id = OLD.mailbox_id AND EXISTS (SELECT 1 FROM mailboxes n
                WHERE n.tenant_id = NEW.tenant_id AND n.id = NEW.mailbox_id AND n.removed_at IS NOT NULL));
    END;
CREATE TRIGGER webhooks_numbers_changed AFTER UPDATE ON numbers
    WHEN OLD.mailbox_id = NEW.mailbox_id AND (OLD.label IS NOT NEW.label OR OLD.greeting_id IS NOT NEW.greeting_id)
        AND EXISTS (SELECT 1 FROM webhooks WHERE tenant_id = NEW.tenant_id)
    BEGIN
        INSERT INTO webhook_facts (tenant_id, event, mailbox_id, detail)
        SELECT m.tenant_id, 'number.changed', m.id,
            CASE WHEN OLD.label IS NOT NEW.label THEN 'label ' ELSE 'greeting ' END || NEW.number
        FROM mailboxes m WHERE m.tenant_id = NEW.tenant_id AND m.id = NEW.mailbox_id AND m.removed_at IS NULL;
    END;
