-- What users say of themselves, and which greeting belongs to it. The SQLite file of the same number holds the same tables.

-- Without a row: in the office.
CREATE TABLE presences (
    tenant_id  UUID   NOT NULL,
    user_id    UUID   NOT NULL,
    state      TEXT   NOT NULL,
    until_at   BIGINT,
    changed_at BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, user_id),
    FOREIGN KEY (tenant_id, user_id) REFERENCES users (tenant_id, id)
);

-- greeting_id refers to no row: a greeting that is gone, or another mailbox's by now, plays no more.
CREATE TABLE presence_greetings (
    tenant_id   UUID NOT NULL,
    mailbox_id  UUID NOT NULL,
    state       TEXT NOT NULL,
    greeting_id UUID NOT NULL,
    PRIMARY KEY (tenant_id, mailbox_id, state),
    FOREIGN KEY (tenant_id, mailbox_id) REFERENCES mailboxes (tenant_id, id)
);

-- Each decides what calls get: every change counts.
CREATE CONSTRAINT TRIGGER presences_counted AFTER INSERT OR UPDATE OR DELETE ON presences
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION count_directory_change();
CREATE CONSTRAINT TRIGGER presence_greetings_counted AFTER INSERT OR UPDATE OR DELETE ON presence_greetings
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION count_directory_change();
