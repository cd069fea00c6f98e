-- Mailboxes that were cleared, and where what was in them lies: a message that was left before, and is stored afterwards,
-- goes there as well. The SQLite file of the same number holds the same table.
CREATE TABLE handed_on (
    tenant_id       UUID    NOT NULL,
    archive_mailbox UUID    NOT NULL,
    mailbox_id      UUID    NOT NULL,
    made_at         BIGINT  NOT NULL,
    -- A reset: whoever has the mailbox since is somebody else. Otherwise the owner cleared it, and stays.
    is_reset        BOOLEAN NOT NULL,
    -- Nothing lies there yet, so the recycle bin says nothing of it.
    is_empty        BOOLEAN NOT NULL,
    PRIMARY KEY (tenant_id, archive_mailbox),
    FOREIGN KEY (tenant_id, archive_mailbox) REFERENCES mailboxes (tenant_id, id),
    FOREIGN KEY (tenant_id, mailbox_id) REFERENCES mailboxes (tenant_id, id)
);
CREATE INDEX handed_on_mailbox ON handed_on (tenant_id, mailbox_id, made_at);

-- Clearings of before: which of them were resets is not known any more, so they count as what only their owner cleared.
INSERT INTO handed_on (tenant_id, archive_mailbox, mailbox_id, made_at, is_reset, is_empty)
    SELECT tenant_id, archive_mailbox, mailbox_id, made_at, FALSE, FALSE FROM resets WHERE archive_mailbox IS NOT NULL;
