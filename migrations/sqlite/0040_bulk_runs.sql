-- What is done to many users behind the request that asked for it. The PostgreSQL file of the same number holds the same tables.

-- actor is JSON: on whose behalf. leased_until: a server works on it until then.
CREATE TABLE bulk_runs (
    id           BLOB    NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    tenant_id    BLOB    NOT NULL REFERENCES tenants (id),
    act          TEXT    NOT NULL,
    parts        TEXT    NOT NULL,
    actor        TEXT    NOT NULL,
    state        TEXT    NOT NULL CHECK (state IN ('running', 'done', 'cancelled')),
    total        INTEGER NOT NULL CHECK (total >= 0),
    done         INTEGER NOT NULL CHECK (done >= 0),
    failed       INTEGER NOT NULL CHECK (failed >= 0),
    leased_until INTEGER NOT NULL,
    made_at      INTEGER NOT NULL,
    over_at      INTEGER,
    UNIQUE (tenant_id, id)
) STRICT;
CREATE INDEX bulk_runs_newest ON bulk_runs (tenant_id, made_at);
CREATE INDEX bulk_runs_running ON bulk_runs (leased_until) WHERE state = 'running';

-- user_id refers to no row: whoever is removed by a run still stands in it.
CREATE TABLE bulk_rows (
    tenant_id BLOB    NOT NULL,
    run_id    BLOB    NOT NULL,
    place     INTEGER NOT NULL CHECK (place >= 0),
    user_id   BLOB    NOT NULL,
    who       TEXT    NOT NULL,
    state     TEXT    NOT NULL CHECK (state IN ('waiting', 'begun', 'done', 'failed', 'skipped')),
    why       TEXT,
    PRIMARY KEY (tenant_id, run_id, place),
    FOREIGN KEY (tenant_id, run_id) REFERENCES bulk_runs (tenant_id, id)
) STRICT;
CREATE INDEX bulk_rows_open ON bulk_rows (run_id, place) WHERE state IN ('waiting', 'begun');
