-- What the greeting is to be called that a call records; none: it gets a name by itself. The PostgreSQL file of the same number holds
-- the same column.

ALTER TABLE call_requests ADD COLUMN label TEXT;
