-- How often whoever asked for a call has looked how it goes: a phone does not ring on for somebody who is gone. The
-- SQLite file of the same number holds the same.
ALTER TABLE call_requests ADD COLUMN followed BIGINT NOT NULL DEFAULT 0 CHECK (followed >= 0);
