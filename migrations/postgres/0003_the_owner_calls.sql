-- What the owner's side of the phone needs: guessing at PINs, devices, undo, where a call dropped, lamps.
-- The SQLite file of the same number holds the same tables.

-- A message in the trash knows where it lay before.
ALTER TABLE messages ADD COLUMN trashed_from TEXT;

-- Wrong PINs in a row, by the number that was typed, be there such a mailbox or not.
CREATE TABLE lockouts (
    tenant_id UUID    NOT NULL REFERENCES tenants (id),
    extension TEXT    NOT NULL,
    wrong     BIGINT  NOT NULL CHECK (wrong >= 0),
    last_at   BIGINT  NOT NULL,
    locked_at BIGINT,
    PRIMARY KEY (tenant_id, extension)
);
CREATE INDEX lockouts_last ON lockouts (last_at);

-- When each source guessed wrong lately, over all mailboxes. A source is a hash; recent is a list of times.
CREATE TABLE guessers (
    source  BYTEA   NOT NULL PRIMARY KEY CHECK (octet_length(source) = 32),
    recent  TEXT    NOT NULL,
    last_at BIGINT  NOT NULL
);
CREATE INDEX guessers_last ON guessers (last_at);

-- Devices that open a mailbox without a PIN: their authenticated identity.
CREATE TABLE devices (
    tenant_id  UUID    NOT NULL,
    identity   TEXT    NOT NULL,
    mailbox_id UUID    NOT NULL,
    created_at BIGINT  NOT NULL,
    PRIMARY KEY (tenant_id, identity),
    FOREIGN KEY (tenant_id, mailbox_id) REFERENCES mailboxes (tenant_id, id)
);
CREATE INDEX devices_mailbox ON devices (tenant_id, mailbox_id);

-- Where a call was when it dropped.
CREATE TABLE places (
    tenant_id   UUID    NOT NULL,
    mailbox_id  UUID    NOT NULL,
    message_id  UUID    NOT NULL,
    position_ms BIGINT  NOT NULL CHECK (position_ms >= 0),
    at          BIGINT  NOT NULL,
    PRIMARY KEY (tenant_id, mailbox_id),
    FOREIGN KEY (tenant_id, mailbox_id) REFERENCES mailboxes (tenant_id, id)
);

-- Lamps: dialogs of phones that subscribed (RFC 3842), and addresses that are told without asking.
CREATE TABLE lamps (
    id           UUID    NOT NULL PRIMARY KEY,
    tenant_id    UUID    NOT NULL,
    mailbox_id   UUID    NOT NULL,
    name         TEXT    NOT NULL,
    dialog       TEXT    NOT NULL,
    cseq         BIGINT  NOT NULL,
    expires_at   BIGINT,
    told         TEXT,
    told_at      BIGINT,
    last_error   TEXT,
    created_at   BIGINT  NOT NULL,
    FOREIGN KEY (tenant_id, mailbox_id) REFERENCES mailboxes (tenant_id, id)
);
CREATE UNIQUE INDEX lamps_name ON lamps (name);
CREATE INDEX lamps_mailbox ON lamps (tenant_id, mailbox_id);
CREATE INDEX lamps_expire ON lamps (expires_at);

-- Jobs that only need to be there once until they begin.
ALTER TABLE jobs ADD COLUMN about TEXT;
CREATE UNIQUE INDEX jobs_about ON jobs (tenant_id, about) WHERE state = 'queued' AND about IS NOT NULL;
