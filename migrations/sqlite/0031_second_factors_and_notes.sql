-- The second factor of the sign-in by the web (TOTP, RFC 6238), and notes of messages that were passed on. The PostgreSQL file of the same number holds the same tables.
-- A code can only be checked with its secret, so the secret itself stands here; of recovery codes and tokens only hashes do.

CREATE TABLE second_factors (
    tenant_id BLOB    NOT NULL,
    user_id   BLOB    NOT NULL,
    secret    BLOB    CHECK (length(secret) = 20),
    since     INTEGER,
    last_step INTEGER NOT NULL,
    fresh     BLOB    CHECK (length(fresh) = 20),
    fresh_at  INTEGER,
    PRIMARY KEY (tenant_id, user_id),
    FOREIGN KEY (tenant_id, user_id) REFERENCES users (tenant_id, id)
) STRICT;

CREATE TABLE recovery_codes (
    tenant_id BLOB    NOT NULL,
    user_id   BLOB    NOT NULL,
    code_hash BLOB    NOT NULL CHECK (length(code_hash) = 32),
    used_at   INTEGER,
    PRIMARY KEY (tenant_id, user_id, code_hash),
    FOREIGN KEY (tenant_id, user_id) REFERENCES users (tenant_id, id)
) STRICT;

-- The password was right, the code is awaited.
CREATE TABLE half_sign_ins (
    token_hash BLOB    NOT NULL PRIMARY KEY CHECK (length(token_hash) = 32),
    tenant_id  BLOB    NOT NULL,
    user_id    BLOB    NOT NULL,
    expires_at INTEGER NOT NULL,
    FOREIGN KEY (tenant_id, user_id) REFERENCES users (tenant_id, id)
) STRICT;
CREATE INDEX half_sign_ins_user ON half_sign_ins (tenant_id, user_id);
CREATE INDEX half_sign_ins_expire ON half_sign_ins (expires_at);

-- Tenants where who looks after others needs one.
CREATE TABLE second_factor_rules (
    tenant_id BLOB NOT NULL PRIMARY KEY REFERENCES tenants (id)
) STRICT;

-- What somebody wrote who passed a message on.
CREATE TABLE message_notes (
    tenant_id  BLOB NOT NULL,
    message_id BLOB NOT NULL,
    note       TEXT NOT NULL,
    PRIMARY KEY (tenant_id, message_id),
    FOREIGN KEY (tenant_id, message_id) REFERENCES messages (tenant_id, id)
) STRICT;
