-- What is done to many users behind the request that asked for it. The SQLite file of the same number holds the same tables.

-- actor is JSON: on whose behalf. leased_until: a server works on it until then.
CREATE TABLE bulk_runs (
    id           UUID    NOT NULL PRIMARY KEY,
    tenant_id    UUID    NOT NULL REFERENCES tenants (id),
    act          TEXT    NOT NULL,
    parts        TEXT    NOT NULL,
    actor        TEXT    NOT NULL,
    state        TEXT    NOT NULL CHECK (state IN ('running', 'done', 'cancelled')),
    total        BIGINT  NOT NULL CHECK (total >= 0),
    done         BIGINT  NOT NULL CHECK (done >= 0),
    failed       BIGINT  NOT NULL CHECK (failed >= 0),
    leased_until BIGINT  NOT NULL,
    made_at      BIGINT  NOT NULL,
    over_at      BIGINT,
    UNIQUE (tenant_id, id)
);
CREATE INDEX bulk_runs_newest ON bulk_runs (tenant_id, made_at);
CREATE INDEX bulk_runs_running ON bulk_runs (leased_until) WHERE state = 'running';

-- user_id refers to no row: whoever is removed by a run still stands in it.
CREATE TABLE bulk_rows (
    tenant_id UUID    NOT NULL,
    run_id    UUID    NOT NULL,
    place     BIGINT  NOT NULL CHECK (place >= 0),
    user_id   UUID    NOT NULL,
    who       TEXT    NOT NULL,
    state     TEXT    NOT NULL CHECK (state IN ('waiting', 'begun', 'done', 'failed', 'skipped')),
    why       TEXT,
    PRIMARY KEY (tenant_id, run_id, place),
    FOREIGN KEY (tenant_id, run_id) REFERENCES bulk_runs (tenant_id, id)
);
CREATE INDEX bulk_rows_open ON bulk_rows (run_id, place) WHERE state IN ('waiting', 'begun');
