-- When a greeting began to play the last time, or ended; none: it was only kept. Of those that are there already nobody knows, so
-- each counts as having played when it was made. The PostgreSQL file of the same number holds the same column.

ALTER TABLE greetings ADD COLUMN played_at INTEGER;
UPDATE greetings SET played_at = created_at;
