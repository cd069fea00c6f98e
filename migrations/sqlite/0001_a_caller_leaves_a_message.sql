-- What a message needs from the call to the mail. The PostgreSQL file of the same number holds the same tables.
-- Ids are UUIDv7 in 16 bytes; times are microseconds since 1970 UTC; settings and lists are JSON.

CREATE TABLE tenants (
    id             BLOB    NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    name           TEXT    NOT NULL,
    zone           TEXT    NOT NULL,
    language       TEXT    NOT NULL,
    operator       TEXT,
    default_action TEXT    NOT NULL
) STRICT;
CREATE UNIQUE INDEX tenants_name ON tenants (name);

CREATE TABLE tenant_domains (
    domain    TEXT    NOT NULL PRIMARY KEY,
    tenant_id BLOB    NOT NULL REFERENCES tenants (id),
    place     INTEGER NOT NULL
) STRICT;
CREATE INDEX tenant_domains_tenant ON tenant_domains (tenant_id, place);

-- A removed user or mailbox keeps its row, so that its messages stay whole and the removal can be undone.
CREATE TABLE users (
    id         BLOB    NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    tenant_id  BLOB    NOT NULL REFERENCES tenants (id),
    first_name TEXT    NOT NULL,
    last_name  TEXT    NOT NULL,
    emails     TEXT    NOT NULL,
    created_at INTEGER NOT NULL,
    removed_at INTEGER,
    UNIQUE (tenant_id, id)
) STRICT;

CREATE TABLE mailboxes (
    id         BLOB    NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    tenant_id  BLOB    NOT NULL REFERENCES tenants (id),
    user_id    BLOB,
    extension  TEXT    NOT NULL,
    enabled    INTEGER NOT NULL CHECK (enabled IN (0, 1)),
    pin_hash   TEXT,
    settings   TEXT    NOT NULL,
    created_at INTEGER NOT NULL,
    removed_at INTEGER,
    UNIQUE (tenant_id, id),
    FOREIGN KEY (tenant_id, user_id) REFERENCES users (tenant_id, id)
) STRICT;
CREATE UNIQUE INDEX mailboxes_extension ON mailboxes (tenant_id, extension) WHERE removed_at IS NULL;
CREATE UNIQUE INDEX mailboxes_user ON mailboxes (tenant_id, user_id) WHERE removed_at IS NULL;

-- reversed_digits is null for an alias that is no telephone number.
CREATE TABLE numbers (
    tenant_id       BLOB NOT NULL,
    number          TEXT NOT NULL,
    mailbox_id      BLOB NOT NULL,
    label           TEXT,
    reversed_digits TEXT,
    PRIMARY KEY (tenant_id, number),
    FOREIGN KEY (tenant_id, mailbox_id) REFERENCES mailboxes (tenant_id, id)
) STRICT;
CREATE INDEX numbers_ending ON numbers (tenant_id, reversed_digits);
CREATE INDEX numbers_mailbox ON numbers (tenant_id, mailbox_id);

CREATE TABLE greetings (
    id          BLOB    NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    tenant_id   BLOB    NOT NULL,
    mailbox_id  BLOB    NOT NULL,
    kind        TEXT    NOT NULL,
    label       TEXT    NOT NULL,
    object      TEXT    NOT NULL,
    duration_ms INTEGER NOT NULL CHECK (duration_ms >= 0),
    active      INTEGER NOT NULL CHECK (active IN (0, 1)),
    from_at     INTEGER,
    until_at    INTEGER,
    created_at  INTEGER NOT NULL,
    FOREIGN KEY (tenant_id, mailbox_id) REFERENCES mailboxes (tenant_id, id)
) STRICT;
CREATE INDEX greetings_mailbox ON greetings (tenant_id, mailbox_id, kind);

CREATE TABLE messages (
    id               BLOB    NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    tenant_id        BLOB    NOT NULL,
    mailbox_id       BLOB    NOT NULL,
    folder           TEXT    NOT NULL,
    trashed_at       INTEGER,
    heard_at         INTEGER,
    urgent           INTEGER NOT NULL CHECK (urgent IN (0, 1)),
    private          INTEGER NOT NULL CHECK (private IN (0, 1)),
    caller_number    TEXT,
    caller_name      TEXT,
    caller_anonymous INTEGER NOT NULL CHECK (caller_anonymous IN (0, 1)),
    alias            TEXT,
    reason           TEXT    NOT NULL,
    received_at      INTEGER NOT NULL,
    duration_ms      INTEGER NOT NULL CHECK (duration_ms >= 0),
    voiced_ms        INTEGER NOT NULL CHECK (voiced_ms >= 0),
    class            TEXT    NOT NULL,
    sample_rate      INTEGER NOT NULL CHECK (sample_rate > 0),
    bytes            INTEGER NOT NULL CHECK (bytes > 0),
    sha256           TEXT    NOT NULL CHECK (length(sha256) = 64),
    object           TEXT    NOT NULL CHECK (object <> ''),
    UNIQUE (tenant_id, id),
    FOREIGN KEY (tenant_id, mailbox_id) REFERENCES mailboxes (tenant_id, id)
) STRICT;
CREATE INDEX messages_newest ON messages (tenant_id, mailbox_id, folder, received_at DESC, id DESC);

CREATE TABLE ledger (
    id         INTEGER NOT NULL PRIMARY KEY,
    tenant_id  BLOB    NOT NULL,
    message_id BLOB    NOT NULL,
    at         INTEGER NOT NULL,
    event      TEXT    NOT NULL,
    detail     TEXT    NOT NULL,
    FOREIGN KEY (tenant_id, message_id) REFERENCES messages (tenant_id, id)
) STRICT;
CREATE INDEX ledger_message ON ledger (tenant_id, message_id, id);

CREATE TABLE links (
    id         BLOB    NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    tenant_id  BLOB    NOT NULL,
    message_id BLOB    NOT NULL,
    sent_to    TEXT    NOT NULL,
    token_hash BLOB    NOT NULL CHECK (length(token_hash) = 32),
    expires_at INTEGER NOT NULL,
    revoked_at INTEGER,
    created_at INTEGER NOT NULL,
    FOREIGN KEY (tenant_id, message_id) REFERENCES messages (tenant_id, id)
) STRICT;
CREATE UNIQUE INDEX links_token_hash ON links (token_hash);
CREATE INDEX links_message ON links (tenant_id, message_id);

CREATE TABLE jobs (
    id         BLOB    NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    tenant_id  BLOB    NOT NULL,
    message_id BLOB,
    work       TEXT    NOT NULL,
    state      TEXT    NOT NULL,
    attempts   INTEGER NOT NULL CHECK (attempts >= 0),
    next_at    INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    last_error TEXT,
    FOREIGN KEY (tenant_id, message_id) REFERENCES messages (tenant_id, id)
) STRICT;
CREATE INDEX jobs_due ON jobs (next_at, id) WHERE state IN ('queued', 'retry', 'running');
CREATE INDEX jobs_newest ON jobs (state, created_at DESC, id DESC);
CREATE INDEX jobs_message ON jobs (tenant_id, message_id);
