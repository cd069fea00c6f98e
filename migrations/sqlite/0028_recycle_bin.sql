-- What was taken from a user when the user was removed, so that it can be given back. The PostgreSQL file of the same number
-- holds the same table.

-- Role and password, trusted devices, lamps that were set up by hand, as JSON.
CREATE TABLE removed_users (
    tenant_id BLOB    NOT NULL,
    user_id   BLOB    NOT NULL,
    kept      TEXT    NOT NULL,
    PRIMARY KEY (tenant_id, user_id),
    FOREIGN KEY (tenant_id, user_id) REFERENCES users (tenant_id, id)
) STRICT;
CREATE INDEX users_removed ON users (removed_at) WHERE removed_at IS NOT NULL;
