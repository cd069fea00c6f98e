-- Under what a saved message is filed. The SQLite file of the same number holds the same column.

ALTER TABLE messages ADD COLUMN tag TEXT CHECK (tag IN ('work', 'family', 'friends'));
