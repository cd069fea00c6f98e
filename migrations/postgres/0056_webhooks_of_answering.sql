-- Phone systems that listen are told of what calls get: how mailboxes answer, and which number leads to whom. A mailbox that
-- is in the recycle bin answers nothing, so nothing is told of it. That rules were written is noted by who writes them: they
-- are written as a whole. The SQLite file of the same number says the same.

CREATE FUNCTION lives(tenant UUID, mailbox UUID) RETURNS BOOLEAN LANGUAGE sql STABLE AS $$
    SELECT EXISTS (SELECT 1 FROM mailboxes m WHERE m.tenant_id = tenant AND m.id = mailbox AND m.removed_at IS NULL)
$$;

-- The word of the table is the first argument of its trigger.
CREATE FUNCTION note_webhook_answering() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP <> 'INSERT' AND (OLD.mailbox_id IS NULL OR lives(OLD.tenant_id, OLD.mailbox_id)) THEN
        PERFORM note_webhook_fact(OLD.tenant_id, 'answering.changed', NULL, OLD.mailbox_id, TG_ARGV[0]);
        IF TG_OP = 'UPDATE' AND OLD.mailbox_id IS NOT DISTINCT FROM NEW.mailbox_id THEN
            RETURN NULL;
        END IF;
    END IF;
    IF TG_OP <> 'DELETE' AND (NEW.mailbox_id IS NULL OR lives(NEW.tenant_id, NEW.mailbox_id)) THEN
        PERFORM note_webhook_fact(NEW.tenant_id, 'answering.changed', NULL, NEW.mailbox_id, TG_ARGV[0]);
    END IF;
    RETURN NULL;
END
$$;
CREATE TRIGGER webhooks_answering_rules AFTER UPDATE OF mailbox_id ON answering_rules
    FOR EACH ROW WHEN (OLD.mailbox_id <> NEW.mailbox_id) EXECUTE FUNCTION note_webhook_answering('rules');
CREATE TRIGGER webhooks_screened_callers AFTER INSERT OR UPDATE OR DELETE ON screened_callers
    FOR EACH ROW EXECUTE FUNCTION note_webhook_answering('callers');
CREATE TRIGGER webhooks_time_frames AFTER INSERT OR DELETE ON time_frames
    FOR EACH ROW EXECUTE FUNCTION note_webhook_answering('time-frames');
CREATE TRIGGER webhooks_time_frames_changed AFTER UPDATE ON time_frames
    FOR EACH ROW WHEN (OLD.* IS DISTINCT FROM NEW.*) EXECUTE FUNCTION note_webhook_answering('time-frames');
CREATE TRIGGER webhooks_presence_greetings AFTER INSERT OR DELETE ON presence_greetings
    FOR EACH ROW EXECUTE FUNCTION note_webhook_answering('presence');
CREATE TRIGGER webhooks_presence_greetings_changed AFTER UPDATE ON presence_greetings
    FOR EACH ROW WHEN (OLD.* IS DISTINCT FROM NEW.*) EXECUTE FUNCTION note_webhook_answering('presence');

-- Presence is a user's, and decides what the user's mailbox does.
CREATE FUNCTION note_webhook_presence() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    said presences;
BEGIN
    IF TG_OP = 'DELETE' THEN
        said := OLD;
    ELSE
        said := NEW;
    END IF;
    IF TG_OP = 'UPDATE' AND (OLD.state, OLD.until_at) IS NOT DISTINCT FROM (NEW.state, NEW.until_at) THEN
        RETURN NULL;
    END IF;
    PERFORM note_webhook_fact(said.tenant_id, 'answering.changed', NULL, m.id, 'presence') FROM mailboxes m
        WHERE m.tenant_id = said.tenant_id AND m.user_id = said.user_id AND m.removed_at IS NULL;
    RETURN NULL;
END
$$;
CREATE TRIGGER webhooks_presences AFTER INSERT OR UPDATE OR DELETE ON presences
    FOR EACH ROW EXECUTE FUNCTION note_webhook_presence();

-- detail is the word and the number.
CREATE FUNCTION note_webhook_number() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        IF lives(NEW.tenant_id, NEW.mailbox_id) THEN
            PERFORM note_webhook_fact(NEW.tenant_id, 'number.changed', NULL, NEW.mailbox_id, 'assigned ' || NEW.number);
        END IF;
    ELSIF TG_OP = 'DELETE' THEN
        IF lives(OLD.tenant_id, OLD.mailbox_id) THEN
            PERFORM note_webhook_fact(OLD.tenant_id, 'number.changed', NULL, OLD.mailbox_id, 'removed ' || OLD.number);
        END IF;
    ELSIF OLD.mailbox_id <> NEW.mailbox_id THEN
        -- It leads to another mailbox, or from now on to one that is in the recycle bin.
        IF lives(NEW.tenant_id, NEW.mailbox_id) THEN
            PERFORM note_webhook_fact(NEW.tenant_id, 'number.changed', NULL, NEW.mailbox_id, 'assigned ' || NEW.number);
        ELSIF lives(OLD.tenant_id, OLD.mailbox_id) THEN
            PERFORM note_webhook_fact(NEW.tenant_id, 'number.changed', NULL, OLD.mailbox_id, 'removed ' || NEW.number);
        END IF;
    ELSIF (OLD.label, OLD.greeting_id) IS DISTINCT FROM (NEW.label, NEW.greeting_id)
        AND lives(NEW.tenant_id, NEW.mailbox_id) THEN
        PERFORM note_webhook_fact(NEW.tenant_id, 'number.changed', NULL, NEW.mailbox_id,
            CASE WHEN OLD.label IS DISTINCT FROM NEW.label THEN 'label ' ELSE 'greeting ' END || NEW.number);
    END IF;
    RETURN NULL;
END
$$;
CREATE TRIGGER webhooks_number AFTER INSERT OR UPDATE OR DELETE ON numbers
    FOR EACH ROW EXECUTE FUNCTION note_webhook_number();
