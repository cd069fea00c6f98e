-- What users say of themselves, and which greeting belongs to it. The PostgreSQL file of the same number holds the same tables.

-- Without a row: in the office.
CREATE TABLE presences (
    tenant_id  BLOB    NOT NULL,
    user_id    BLOB    NOT NULL,
    state      TEXT    NOT NULL,
    until_at   INTEGER,
    changed_at INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, user_id),
    FOREIGN KEY (tenant_id, user_id) REFERENCES users (tenant_id, id)
) STRICT;

-- greeting_id refers to no row: a greeting that is gone, or another mailbox's by now, plays no more.
CREATE TABLE presence_greetings (
    tenant_id   BLOB NOT NULL,
    mailbox_id  BLOB NOT NULL,
    state       TEXT NOT NULL,
    greeting_id BLOB NOT NULL,
    PRIMARY KEY (tenant_id, mailbox_id, state),
    FOREIGN KEY (tenant_id, mailbox_id) REFERENCES mailboxes (tenant_id, id)
) STRICT;

-- Each decides what calls get: every change counts.
CREATE TRIGGER presences_added AFTER INSERT ON presences
    BEGIN UPDATE directory_revision SET revision = revision + 1; END;
CREATE TRIGGER presences_changed AFTER UPDATE ON presences
    BEGIN UPDATE directory_revision SET revision = revision + 1; END;
CREATE TRIGGER presences_removed AFTER DELETE ON presences
    BEGIN UPDATE directory_revision SET revision = revision + 1; END;
CREATE TRIGGER presence_greetings_added AFTER INSERT ON presence_greetings
    BEGIN UPDATE directory_revision SET revision = revision + 1; END;
CREATE TRIGGER presence_greetings_changed AFTER UPDATE ON presence_greetings
    BEGIN UPDATE directory_revision SET revision = revision + 1; END;
CREATE TRIGGER presence_greetings_removed AFTER DELETE ON presence_greetings
    BEGIN UPDATE directory_revision SET revision = revision + 1; END;
