-- What was taken from a user when the user was removed, so that it can be given back. The SQLite file of the same number
-- holds the same table.

-- Role and password, trusted devices, lamps that were set up by hand, as JSON.
CREATE TABLE removed_users (
    tenant_id UUID    NOT NULL,
    user_id   UUID    NOT NULL,
    kept      TEXT    NOT NULL,
    PRIMARY KEY (tenant_id, user_id),
    FOREIGN KEY (tenant_id, user_id) REFERENCES users (tenant_id, id)
);
CREATE INDEX users_removed ON users (removed_at) WHERE removed_at IS NOT NULL;
