-- Who may come in by the web and by programs: roles and passwords, sessions, one-time links, keys; and who changed what.
-- The SQLite file of the same number holds the same tables. Of every secret only its hash is kept.

CREATE TABLE logins (
    tenant_id     UUID    NOT NULL,
    user_id       UUID    NOT NULL,
    role          TEXT    NOT NULL,
    password_hash TEXT,
    portal        BOOLEAN NOT NULL,
    changed_at    BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, user_id),
    FOREIGN KEY (tenant_id, user_id) REFERENCES users (tenant_id, id)
);

CREATE TABLE sessions (
    token_hash BYTEA    NOT NULL PRIMARY KEY CHECK (octet_length(token_hash) = 32),
    id         UUID    NOT NULL,
    tenant_id  UUID    NOT NULL,
    user_id    UUID    NOT NULL,
    user_agent TEXT    NOT NULL,
    address    TEXT    NOT NULL,
    created_at BIGINT NOT NULL,
    last_at    BIGINT NOT NULL,
    FOREIGN KEY (tenant_id, user_id) REFERENCES users (tenant_id, id)
);
CREATE INDEX sessions_user ON sessions (tenant_id, user_id);
CREATE INDEX sessions_last ON sessions (last_at);

-- One-time links: to choose a first or a new password, or (without a user) to set the server up.
CREATE TABLE doors (
    token_hash BYTEA    NOT NULL PRIMARY KEY CHECK (octet_length(token_hash) = 32),
    tenant_id  UUID    NOT NULL REFERENCES tenants (id),
    user_id    UUID,
    purpose    TEXT    NOT NULL,
    expires_at BIGINT NOT NULL,
    FOREIGN KEY (tenant_id, user_id) REFERENCES users (tenant_id, id)
);
CREATE INDEX doors_user ON doors (tenant_id, user_id);
CREATE INDEX doors_expire ON doors (expires_at);

CREATE TABLE api_keys (
    id           UUID    NOT NULL PRIMARY KEY,
    tenant_id    UUID    NOT NULL REFERENCES tenants (id),
    user_id      UUID,
    name         TEXT    NOT NULL,
    secret_hash  BYTEA    NOT NULL CHECK (octet_length(secret_hash) = 32),
    scopes       TEXT    NOT NULL,
    created_at   BIGINT NOT NULL,
    expires_at   BIGINT,
    revoked_at   BIGINT,
    last_used_at BIGINT,
    FOREIGN KEY (tenant_id, user_id) REFERENCES users (tenant_id, id)
);
CREATE UNIQUE INDEX api_keys_secret ON api_keys (secret_hash);
CREATE INDEX api_keys_tenant ON api_keys (tenant_id, id);

-- Outlives what it tells of: nothing is referred to.
CREATE TABLE audit (
    id        UUID    NOT NULL PRIMARY KEY,
    tenant_id UUID    NOT NULL,
    at        BIGINT NOT NULL,
    actor     TEXT    NOT NULL,
    action    TEXT    NOT NULL,
    target    TEXT    NOT NULL,
    was       TEXT,
    became    TEXT
);
CREATE INDEX audit_newest ON audit (tenant_id, id DESC);

-- What was answered to a request that may come twice (Idempotency-Key).
CREATE TABLE answers (
    name_hash    BYTEA    NOT NULL PRIMARY KEY CHECK (octet_length(name_hash) = 32),
    request_hash BYTEA    NOT NULL CHECK (octet_length(request_hash) = 32),
    status       BIGINT NOT NULL,
    body         TEXT,
    at           BIGINT NOT NULL
);
CREATE INDEX answers_at ON answers (at);
