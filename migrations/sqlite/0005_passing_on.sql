-- Messages between mailboxes. The PostgreSQL file of the same number holds the same tables.

-- A message that was passed on is one recording: what was said to introduce it, then the message. Each part is a
-- stretch of it; that of the message itself knows who left it and when.
CREATE TABLE message_parts (
    tenant_id  BLOB    NOT NULL,
    message_id BLOB    NOT NULL,
    place      INTEGER NOT NULL CHECK (place >= 0),
    kind       TEXT    NOT NULL,
    start_ms   INTEGER NOT NULL CHECK (start_ms >= 0),
    length_ms  INTEGER NOT NULL CHECK (length_ms >= 0),
    origin     TEXT,
    PRIMARY KEY (tenant_id, message_id, place),
    FOREIGN KEY (tenant_id, message_id) REFERENCES messages (tenant_id, id)
) STRICT;

-- The lists that an owner sends to. members is a list of extensions.
CREATE TABLE lists (
    tenant_id  BLOB    NOT NULL,
    mailbox_id BLOB    NOT NULL,
    number     INTEGER NOT NULL CHECK (number BETWEEN 1 AND 99),
    members    TEXT    NOT NULL,
    PRIMARY KEY (tenant_id, mailbox_id, number),
    FOREIGN KEY (tenant_id, mailbox_id) REFERENCES mailboxes (tenant_id, id)
) STRICT;
