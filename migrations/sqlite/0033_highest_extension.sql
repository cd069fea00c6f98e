-- The highest extension of a tenant is found without reading all. The PostgreSQL file of the same number holds the same index.

CREATE INDEX mailboxes_highest ON mailboxes (tenant_id, length(extension) DESC, extension DESC) WHERE removed_at IS NULL;
