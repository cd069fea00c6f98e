-- Calls that were asked for: a phone is called, and what is said there becomes a greeting. And lamps that fail.
-- The PostgreSQL file of the same number holds the same tables.

-- A server takes each up once: waiting, running (as long as held_until is renewed), over.
CREATE TABLE call_requests (
    id         BLOB    NOT NULL PRIMARY KEY,
    tenant_id  BLOB    NOT NULL,
    mailbox_id BLOB    NOT NULL,
    kind       TEXT    NOT NULL,
    target     TEXT    NOT NULL,
    state      TEXT    NOT NULL CHECK (state IN ('waiting', 'running', 'over')),
    wanted     INTEGER NOT NULL CHECK (wanted IN (0, 1)),
    asked_at   INTEGER NOT NULL,
    held_until INTEGER NOT NULL,
    FOREIGN KEY (tenant_id, mailbox_id) REFERENCES mailboxes (tenant_id, id)
) STRICT;
-- One at a time for a mailbox.
CREATE UNIQUE INDEX call_requests_live ON call_requests (tenant_id, mailbox_id) WHERE state <> 'over';
CREATE INDEX call_requests_state ON call_requests (state, asked_at);

-- How each goes, for whoever asked.
CREATE TABLE call_news (
    request_id BLOB    NOT NULL REFERENCES call_requests (id),
    place      INTEGER NOT NULL CHECK (place >= 0),
    at         INTEGER NOT NULL,
    step       TEXT    NOT NULL,
    PRIMARY KEY (request_id, place)
) STRICT;

-- How often in a row a lamp could not be told.
ALTER TABLE lamps ADD COLUMN failures INTEGER NOT NULL DEFAULT 0 CHECK (failures >= 0);
