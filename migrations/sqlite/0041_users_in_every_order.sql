-- The table of users in every order, and counted, without reading all. The PostgreSQL file of the same number holds the same indexes.

CREATE INDEX users_by_name ON users (tenant_id, lower(last_name), lower(first_name), id) WHERE removed_at IS NULL;
CREATE INDEX users_by_mail ON users (tenant_id, lower(emails), id) WHERE removed_at IS NULL;
CREATE INDEX users_to_set_up ON users (tenant_id) WHERE reset_at IS NOT NULL AND removed_at IS NULL;
CREATE INDEX logins_with_password ON logins (tenant_id) WHERE password_hash IS NOT NULL;
