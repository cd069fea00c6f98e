-- A count of the changes to all that decides what a call gets: who has read it once knows, by this one row, whether
-- it still holds.

CREATE TABLE directory_revision (
    id       INTEGER NOT NULL PRIMARY KEY CHECK (id = 1),
    revision BIGINT  NOT NULL
);
INSERT INTO directory_revision (id, revision) VALUES (1, 1);

-- Once in a transaction, and at its end: the row is the last that it locks, so that no two wait for each other.
CREATE FUNCTION count_directory_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF current_setting('aftertone.counted', true) IS DISTINCT FROM 'yes' THEN
        UPDATE directory_revision SET revision = revision + 1;
        PERFORM set_config('aftertone.counted', 'yes', true);
    END IF;
    RETURN NULL;
END
$$;

CREATE CONSTRAINT TRIGGER tenants_counted AFTER INSERT OR UPDATE OR DELETE ON tenants
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION count_directory_change();
CREATE CONSTRAINT TRIGGER tenant_domains_counted AFTER INSERT OR UPDATE OR DELETE ON tenant_domains
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION count_directory_change();
CREATE CONSTRAINT TRIGGER mailboxes_counted AFTER INSERT OR UPDATE OR DELETE ON mailboxes
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION count_directory_change();
CREATE CONSTRAINT TRIGGER numbers_counted AFTER INSERT OR UPDATE OR DELETE ON numbers
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION count_directory_change();
CREATE CONSTRAINT TRIGGER greetings_counted AFTER INSERT OR UPDATE OR DELETE ON greetings
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION count_directory_change();
