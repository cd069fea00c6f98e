-- Mailboxes that were cleared, and where what was in them lies: a message that was left before, and is stored afterwards,
-- goes there as well. The PostgreSQL file of the same number holds the same table.
CREATE TABLE handed_on (
    tenant_id       BLOB    NOT NULL,
    archive_mailbox BLOB    NOT NULL,
    mailbox_id      BLOB    NOT NULL,
    made_at         INTEGER NOT NULL,
    -- A reset: whoever has the mailbox since is somebody else. Otherwise the owner cleared it, and stays.
    is_reset        INTEGER NOT NULL CHECK (is_reset IN (0, 1)),
    -- Nothing lies there yet, so the recycle bin says nothing of it.
    is_empty        INTEGER NOT NULL CHECK (is_empty IN (0, 1)),
    PRIMARY KEY (tenant_id, archive_mailbox),
    FOREIGN KEY (tenant_id, archive_mailbox) REFERENCES mailboxes (tenant_id, id),
    FOREIGN KEY (tenant_id, mailbox_id) REFERENCES mailboxes (tenant_id, id)
) STRICT;
CREATE INDEX handed_on_mailbox ON handed_on (tenant_id, mailbox_id, made_at);

-- Clearings of before: which of them were resets is not known any more, so they count as what only their owner cleared.
INSERT INTO handed_on (tenant_id, archive_mailbox, mailbox_id, made_at, is_reset, is_empty)
    SELECT tenant_id, archive_mailbox, mailbox_id, made_at, 0, 0 FROM resets WHERE archive_mailbox IS NOT NULL;
