-- Counting the messages of a mailbox reads this index alone, and no message. The SQLite file of the same number has it, too.

DROP INDEX messages_newest;
CREATE INDEX messages_newest ON messages (tenant_id, mailbox_id, folder, received_at DESC, id DESC, heard_at, urgent, tag);
