-- What the hourly sweep looks for must not cost a walk through every message and link.

CREATE INDEX messages_trashed ON messages (trashed_at) WHERE trashed_at IS NOT NULL;
CREATE INDEX links_expire ON links (expires_at);
