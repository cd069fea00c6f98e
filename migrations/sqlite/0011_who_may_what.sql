-- Who may come in by the web and by programs: roles and passwords, sessions, one-time links, keys; and who changed what.
-- The PostgreSQL file of the same number holds the same tables. Of every secret only its hash is kept.

CREATE TABLE logins (
    tenant_id     BLOB    NOT NULL,
    user_id       BLOB    NOT NULL,
    role          TEXT    NOT NULL,
    password_hash TEXT,
    portal        INTEGER NOT NULL CHECK (portal IN (0, 1)),
    changed_at    INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, user_id),
    FOREIGN KEY (tenant_id, user_id) REFERENCES users (tenant_id, id)
) STRICT;

CREATE TABLE sessions (
    token_hash BLOB    NOT NULL PRIMARY KEY CHECK (length(token_hash) = 32),
    id         BLOB    NOT NULL,
    tenant_id  BLOB    NOT NULL,
    user_id    BLOB    NOT NULL,
    user_agent TEXT    NOT NULL,
    address    TEXT    NOT NULL,
    created_at INTEGER NOT NULL,
    last_at    INTEGER NOT NULL,
    FOREIGN KEY (tenant_id, user_id) REFERENCES users (tenant_id, id)
) STRICT;
CREATE INDEX sessions_user ON sessions (tenant_id, user_id);
CREATE INDEX sessions_last ON sessions (last_at);

-- One-time links: to choose a first or a new password, or (without a user) to set the server up.
CREATE TABLE doors (
    token_hash BLOB    NOT NULL PRIMARY KEY CHECK (length(token_hash) = 32),
    tenant_id  BLOB    NOT NULL REFERENCES tenants (id),
    user_id    BLOB,
    purpose    TEXT    NOT NULL,
    expires_at INTEGER NOT NULL,
    FOREIGN KEY (tenant_id, user_id) REFERENCES users (tenant_id, id)
) STRICT;
CREATE INDEX doors_user ON doors (tenant_id, user_id);
CREATE INDEX doors_expire ON doors (expires_at);

CREATE TABLE api_keys (
    id           BLOB    NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    tenant_id    BLOB    NOT NULL REFERENCES tenants (id),
    user_id      BLOB,
    name         TEXT    NOT NULL,
    secret_hash  BLOB    NOT NULL CHECK (length(secret_hash) = 32),
    scopes       TEXT    NOT NULL,
    created_at   INTEGER NOT NULL,
    expires_at   INTEGER,
    revoked_at   INTEGER,
    last_used_at INTEGER,
    FOREIGN KEY (tenant_id, user_id) REFERENCES users (tenant_id, id)
) STRICT;
CREATE UNIQUE INDEX api_keys_secret ON api_keys (secret_hash);
CREATE INDEX api_keys_tenant ON api_keys (tenant_id, id);

-- Outlives what it tells of: nothing is referred to.
CREATE TABLE audit (
    id        BLOB    NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    tenant_id BLOB    NOT NULL,
    at        INTEGER NOT NULL,
    actor     TEXT    NOT NULL,
    action    TEXT    NOT NULL,
    target    TEXT    NOT NULL,
    was       TEXT,
    became    TEXT
) STRICT;
CREATE INDEX audit_newest ON audit (tenant_id, id DESC);

-- What was answered to a request that may come twice (Idempotency-Key).
CREATE TABLE answers (
    name_hash    BLOB    NOT NULL PRIMARY KEY CHECK (length(name_hash) = 32),
    request_hash BLOB    NOT NULL CHECK (length(request_hash) = 32),
    status       INTEGER NOT NULL,
    body         TEXT,
    at           INTEGER NOT NULL
) STRICT;
CREATE INDEX answers_at ON answers (at);
