-- What a message needs from the call to the mail. The SQLite file of the same number holds the same tables.
-- Ids are UUIDv7; times are microseconds since 1970 UTC; settings and lists are JSON.

CREATE TABLE tenants (
    id             UUID    NOT NULL PRIMARY KEY,
    name           TEXT    NOT NULL,
    zone           TEXT    NOT NULL,
    language       TEXT    NOT NULL,
    operator       TEXT,
    default_action TEXT    NOT NULL
);
CREATE UNIQUE INDEX tenants_name ON tenants (name);

CREATE TABLE tenant_domains (
    domain    TEXT    NOT NULL PRIMARY KEY,
    tenant_id UUID    NOT NULL REFERENCES tenants (id),
    place     BIGINT  NOT NULL
);
CREATE INDEX tenant_domains_tenant ON tenant_domains (tenant_id, place);

-- A removed user or mailbox keeps its row, so that its messages stay whole and the removal can be undone.
CREATE TABLE users (
    id         UUID    NOT NULL PRIMARY KEY,
    tenant_id  UUID    NOT NULL REFERENCES tenants (id),
    first_name TEXT    NOT NULL,
    last_name  TEXT    NOT NULL,
    emails     TEXT    NOT NULL,
    created_at BIGINT  NOT NULL,
    removed_at BIGINT,
    UNIQUE (tenant_id, id)
);

CREATE TABLE mailboxes (
    id         UUID    NOT NULL PRIMARY KEY,
    tenant_id  UUID    NOT NULL REFERENCES tenants (id),
    user_id    UUID,
    extension  TEXT    NOT NULL,
    enabled    BOOLEAN NOT NULL,
    pin_hash   TEXT,
    settings   TEXT    NOT NULL,
    created_at BIGINT  NOT NULL,
    removed_at BIGINT,
    UNIQUE (tenant_id, id),
    FOREIGN KEY (tenant_id, user_id) REFERENCES users (tenant_id, id)
);
CREATE UNIQUE INDEX mailboxes_extension ON mailboxes (tenant_id, extension) WHERE removed_at IS NULL;
CREATE UNIQUE INDEX mailboxes_user ON mailboxes (tenant_id, user_id) WHERE removed_at IS NULL;

-- reversed_digits is null for an alias that is no telephone number.
CREATE TABLE numbers (
    tenant_id       UUID NOT NULL,
    number          TEXT COLLATE "C" NOT NULL,
    mailbox_id      UUID NOT NULL,
    label           TEXT,
    reversed_digits TEXT COLLATE "C",
    PRIMARY KEY (tenant_id, number),
    FOREIGN KEY (tenant_id, mailbox_id) REFERENCES mailboxes (tenant_id, id)
);
CREATE INDEX numbers_ending ON numbers (tenant_id, reversed_digits);
CREATE INDEX numbers_mailbox ON numbers (tenant_id, mailbox_id);

CREATE TABLE greetings (
    id          UUID    NOT NULL PRIMARY KEY,
    tenant_id   UUID    NOT NULL,
    mailbox_id  UUID    NOT NULL,
    kind        TEXT    NOT NULL,
    label       TEXT    NOT NULL,
    object      TEXT    NOT NULL,
    duration_ms BIGINT  NOT NULL CHECK (duration_ms >= 0),
    active      BOOLEAN NOT NULL,
    from_at     BIGINT,
    until_at    BIGINT,
    created_at  BIGINT  NOT NULL,
    FOREIGN KEY (tenant_id, mailbox_id) REFERENCES mailboxes (tenant_id, id)
);
CREATE INDEX greetings_mailbox ON greetings (tenant_id, mailbox_id, kind);

CREATE TABLE messages (
    id               UUID    NOT NULL PRIMARY KEY,
    tenant_id        UUID    NOT NULL,
    mailbox_id       UUID    NOT NULL,
    folder           TEXT    NOT NULL,
    trashed_at       BIGINT,
    heard_at         BIGINT,
    urgent           BOOLEAN NOT NULL,
    private          BOOLEAN NOT NULL,
    caller_number    TEXT,
    caller_name      TEXT,
    caller_anonymous BOOLEAN NOT NULL,
    alias            TEXT,
    reason           TEXT    NOT NULL,
    received_at      BIGINT  NOT NULL,
    duration_ms      BIGINT  NOT NULL CHECK (duration_ms >= 0),
    voiced_ms        BIGINT  NOT NULL CHECK (voiced_ms >= 0),
    class            TEXT    NOT NULL,
    sample_rate      BIGINT  NOT NULL CHECK (sample_rate > 0),
    bytes            BIGINT  NOT NULL CHECK (bytes > 0),
    sha256           TEXT    NOT NULL CHECK (length(sha256) = 64),
    object           TEXT    NOT NULL CHECK (object <> ''),
    UNIQUE (tenant_id, id),
    FOREIGN KEY (tenant_id, mailbox_id) REFERENCES mailboxes (tenant_id, id)
);
CREATE INDEX messages_newest ON messages (tenant_id, mailbox_id, folder, received_at DESC, id DESC);

CREATE TABLE ledger (
    id         BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    tenant_id  UUID    NOT NULL,
    message_id UUID    NOT NULL,
    at         BIGINT  NOT NULL,
    event      TEXT    NOT NULL,
    detail     TEXT    NOT NULL,
    FOREIGN KEY (tenant_id, message_id) REFERENCES messages (tenant_id, id)
);
CREATE INDEX ledger_message ON ledger (tenant_id, message_id, id);

CREATE TABLE links (
    id         UUID    NOT NULL PRIMARY KEY,
    tenant_id  UUID    NOT NULL,
    message_id UUID    NOT NULL,
    sent_to    TEXT    NOT NULL,
    token_hash BYTEA   NOT NULL CHECK (octet_length(token_hash) = 32),
    expires_at BIGINT  NOT NULL,
    revoked_at BIGINT,
    created_at BIGINT  NOT NULL,
    FOREIGN KEY (tenant_id, message_id) REFERENCES messages (tenant_id, id)
);
CREATE UNIQUE INDEX links_token_hash ON links (token_hash);
CREATE INDEX links_message ON links (tenant_id, message_id);

CREATE TABLE jobs (
    id         UUID    NOT NULL PRIMARY KEY,
    tenant_id  UUID    NOT NULL,
    message_id UUID,
    work       TEXT    NOT NULL,
    state      TEXT    NOT NULL,
    attempts   BIGINT  NOT NULL CHECK (attempts >= 0),
    next_at    BIGINT  NOT NULL,
    created_at BIGINT  NOT NULL,
    last_error TEXT,
    FOREIGN KEY (tenant_id, message_id) REFERENCES messages (tenant_id, id)
);
CREATE INDEX jobs_due ON jobs (next_at, id) WHERE state IN ('queued', 'retry', 'running');
CREATE INDEX jobs_newest ON jobs (state, created_at DESC, id DESC);
CREATE INDEX jobs_message ON jobs (tenant_id, message_id);
