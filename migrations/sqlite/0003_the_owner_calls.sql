-- What the owner's side of the phone needs: guessing at PINs, devices, undo, where a call dropped, lamps.
-- The PostgreSQL file of the same number holds the same tables.

-- A message in the trash knows where it lay before.
ALTER TABLE messages ADD COLUMN trashed_from TEXT;

-- Wrong PINs in a row, by the number that was typed, be there such a mailbox or not.
CREATE TABLE lockouts (
    tenant_id BLOB    NOT NULL REFERENCES tenants (id),
    extension TEXT    NOT NULL,
    wrong     INTEGER NOT NULL CHECK (wrong >= 0),
    last_at   INTEGER NOT NULL,
    locked_at INTEGER,
    PRIMARY KEY (tenant_id, extension)
) STRICT;
CREATE INDEX lockouts_last ON lockouts (last_at);

-- When each source guessed wrong lately, over all mailboxes. A source is a hash; recent is a list of times.
CREATE TABLE guessers (
    source  BLOB    NOT NULL PRIMARY KEY CHECK (length(source) = 32),
    recent  TEXT    NOT NULL,
    last_at INTEGER NOT NULL
) STRICT;
CREATE INDEX guessers_last ON guessers (last_at);

-- Devices that open a mailbox without a PIN: their authenticated identity.
CREATE TABLE devices (
    tenant_id  BLOB    NOT NULL,
    identity   TEXT    NOT NULL,
    mailbox_id BLOB    NOT NULL,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, identity),
    FOREIGN KEY (tenant_id, mailbox_id) REFERENCES mailboxes (tenant_id, id)
) STRICT;
CREATE INDEX devices_mailbox ON devices (tenant_id, mailbox_id);

-- Where a call was when it dropped.
CREATE TABLE places (
    tenant_id   BLOB    NOT NULL,
    mailbox_id  BLOB    NOT NULL,
    message_id  BLOB    NOT NULL,
    position_ms INTEGER NOT NULL CHECK (position_ms >= 0),
    at          INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, mailbox_id),
    FOREIGN KEY (tenant_id, mailbox_id) REFERENCES mailboxes (tenant_id, id)
) STRICT;

-- Lamps: dialogs of phones that subscribed (RFC 3842), and addresses that are told without asking.
CREATE TABLE lamps (
    id           BLOB    NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    tenant_id    BLOB    NOT NULL,
    mailbox_id   BLOB    NOT NULL,
    name         TEXT    NOT NULL,
    dialog       TEXT    NOT NULL,
    cseq         INTEGER NOT NULL,
    expires_at   INTEGER,
    told         TEXT,
    told_at      INTEGER,
    last_error   TEXT,
    created_at   INTEGER NOT NULL,
    FOREIGN KEY (tenant_id, mailbox_id) REFERENCES mailboxes (tenant_id, id)
) STRICT;
CREATE UNIQUE INDEX lamps_name ON lamps (name);
CREATE INDEX lamps_mailbox ON lamps (tenant_id, mailbox_id);
CREATE INDEX lamps_expire ON lamps (expires_at);

-- Jobs that only need to be there once until they begin.
ALTER TABLE jobs ADD COLUMN about TEXT;
CREATE UNIQUE INDEX jobs_about ON jobs (tenant_id, about) WHERE state = 'queued' AND about IS NOT NULL;
