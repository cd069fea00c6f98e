-- The second factor of the sign-in by the web (TOTP, RFC 6238), and notes of messages that were passed on. The SQLite file of the same number holds the same tables.
-- A code can only be checked with its secret, so the secret itself stands here; of recovery codes and tokens only hashes do.

CREATE TABLE second_factors (
    tenant_id UUID    NOT NULL,
    user_id   UUID    NOT NULL,
    secret    BYTEA   CHECK (octet_length(secret) = 20),
    since     BIGINT,
    last_step BIGINT NOT NULL,
    fresh     BYTEA   CHECK (octet_length(fresh) = 20),
    fresh_at  BIGINT,
    PRIMARY KEY (tenant_id, user_id),
    FOREIGN KEY (tenant_id, user_id) REFERENCES users (tenant_id, id)
);

CREATE TABLE recovery_codes (
    tenant_id UUID    NOT NULL,
    user_id   UUID    NOT NULL,
    code_hash BYTEA   NOT NULL CHECK (octet_length(code_hash) = 32),
    used_at   BIGINT,
    PRIMARY KEY (tenant_id, user_id, code_hash),
    FOREIGN KEY (tenant_id, user_id) REFERENCES users (tenant_id, id)
);

-- The password was right, the code is awaited.
CREATE TABLE half_sign_ins (
    token_hash BYTEA   NOT NULL PRIMARY KEY CHECK (octet_length(token_hash) = 32),
    tenant_id  UUID    NOT NULL,
    user_id    UUID    NOT NULL,
    expires_at BIGINT NOT NULL,
    FOREIGN KEY (tenant_id, user_id) REFERENCES users (tenant_id, id)
);
CREATE INDEX half_sign_ins_user ON half_sign_ins (tenant_id, user_id);
CREATE INDEX half_sign_ins_expire ON half_sign_ins (expires_at);

-- Tenants where who looks after others needs one.
CREATE TABLE second_factor_rules (
    tenant_id UUID NOT NULL PRIMARY KEY REFERENCES tenants (id)
);

-- What somebody wrote who passed a message on.
CREATE TABLE message_notes (
    tenant_id  UUID NOT NULL,
    message_id UUID NOT NULL,
    note       TEXT NOT NULL,
    PRIMARY KEY (tenant_id, message_id),
    FOREIGN KEY (tenant_id, message_id) REFERENCES messages (tenant_id, id)
);
