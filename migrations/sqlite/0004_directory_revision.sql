-- A count of the changes to all that decides what a call gets: who has read it once knows, by this one row, whether
-- it still holds.

CREATE TABLE directory_revision (
    id       INTEGER NOT NULL PRIMARY KEY CHECK (id = 1),
    revision INTEGER NOT NULL
) STRICT;
INSERT INTO directory_revision (id, revision) VALUES (1, 1);

CREATE TRIGGER tenants_added AFTER INSERT ON tenants
    BEGIN UPDATE directory_revision SET revision = revision + 1; END;
CREATE TRIGGER tenants_changed AFTER UPDATE ON tenants
    BEGIN UPDATE directory_revision SET revision = revision + 1; END;
CREATE TRIGGER tenants_removed AFTER DELETE ON tenants
    BEGIN UPDATE directory_revision SET revision = revision + 1; END;

CREATE TRIGGER tenant_domains_added AFTER INSERT ON tenant_domains
    BEGIN UPDATE directory_revision SET revision = revision + 1; END;
CREATE TRIGGER tenant_domains_changed AFTER UPDATE ON tenant_domains
    BEGIN UPDATE directory_revision SET revision = revision + 1; END;
CREATE TRIGGER tenant_domains_removed AFTER DELETE ON tenant_domains
    BEGIN UPDATE directory_revision SET revision = revision + 1; END;

CREATE TRIGGER mailboxes_added AFTER INSERT ON mailboxes
    BEGIN UPDATE directory_revision SET revision = revision + 1; END;
CREATE TRIGGER mailboxes_changed AFTER UPDATE ON mailboxes
    BEGIN UPDATE directory_revision SET revision = revision + 1; END;
CREATE TRIGGER mailboxes_removed AFTER DELETE ON mailboxes
    BEGIN UPDATE directory_revision SET revision = revision + 1; END;

CREATE TRIGGER numbers_added AFTER INSERT ON numbers
    BEGIN UPDATE directory_revision SET revision = revision + 1; END;
CREATE TRIGGER numbers_changed AFTER UPDATE ON numbers
    BEGIN UPDATE directory_revision SET revision = revision + 1; END;
CREATE TRIGGER numbers_removed AFTER DELETE ON numbers
    BEGIN UPDATE directory_revision SET revision = revision + 1; END;

CREATE TRIGGER greetings_added AFTER INSERT ON greetings
    BEGIN UPDATE directory_revision SET revision = revision + 1; END;
CREATE TRIGGER greetings_changed AFTER UPDATE ON greetings
    BEGIN UPDATE directory_revision SET revision = revision + 1; END;
CREATE TRIGGER greetings_removed AFTER DELETE ON greetings
    BEGIN UPDATE directory_revision SET revision = revision + 1; END;
