-- A phone shows its owner's name and extension, and on each line whose number it is; provisioning is told more of the owner.
-- When one of these changes, the phone has something to take over. The time is the database's: a trigger has no other. The
-- SQLite file of the same number says the same.

CREATE FUNCTION handset_changed(tenant UUID, phone UUID) RETURNS void LANGUAGE sql AS $$
    UPDATE handsets SET changed_at = GREATEST(changed_at + 1, applied_at + 1,
            (extract(epoch FROM clock_timestamp()) * 1000000)::bigint)
        WHERE tenant_id = tenant AND id = phone;
    SELECT note_webhook_fact(tenant, 'handset.changed', phone, NULL, 'changed');
$$;

-- The phones of a user, and with `lines` those where a number rings that leads to the user.
CREATE FUNCTION handsets_of_user_changed(tenant UUID, person UUID, lines BOOLEAN) RETURNS void LANGUAGE sql AS $$
    SELECT handset_changed(h.tenant_id, h.id) FROM handsets h WHERE h.tenant_id = tenant
        AND (h.owner_id = person OR lines AND h.id IN (SELECT p.handset_id FROM handset_ports p
            JOIN numbers n ON n.tenant_id = p.tenant_id AND n.number = p.number
            JOIN mailboxes m ON m.tenant_id = n.tenant_id AND m.id = n.mailbox_id
            WHERE m.tenant_id = tenant AND m.user_id = person))
$$;

-- What provisioning is told of a profile.
CREATE FUNCTION told_of_profile(profile TEXT) RETURNS JSONB LANGUAGE sql IMMUTABLE AS $$
    SELECT jsonb_strip_nulls('{"station":"standard","record_calls":false}'::jsonb || (profile::jsonb - 'listed'))
$$;

CREATE FUNCTION mark_handsets_of_user() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (OLD.first_name, OLD.last_name, OLD.removed_at IS NULL)
        IS DISTINCT FROM (NEW.first_name, NEW.last_name, NEW.removed_at IS NULL) THEN
        PERFORM handsets_of_user_changed(NEW.tenant_id, NEW.id, TRUE);
    ELSIF (OLD.department, OLD.site, told_of_profile(OLD.profile))
        IS DISTINCT FROM (NEW.department, NEW.site, told_of_profile(NEW.profile)) THEN
        PERFORM handsets_of_user_changed(NEW.tenant_id, NEW.id, FALSE);
    END IF;
    RETURN NULL;
END
$$;
CREATE TRIGGER handsets_owner_changed AFTER UPDATE OF first_name, last_name, removed_at, department, site, profile ON users
    FOR EACH ROW EXECUTE FUNCTION mark_handsets_of_user();

CREATE FUNCTION mark_handsets_of_mailbox() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM handsets_of_user_changed(NEW.tenant_id, NEW.user_id, TRUE);
    RETURN NULL;
END
$$;
CREATE TRIGGER handsets_extension_changed AFTER UPDATE OF extension ON mailboxes
    FOR EACH ROW WHEN (OLD.extension <> NEW.extension AND NEW.user_id IS NOT NULL AND NEW.removed_at IS NULL)
    EXECUTE FUNCTION mark_handsets_of_mailbox();

CREATE FUNCTION person_of(tenant UUID, mailbox UUID) RETURNS UUID LANGUAGE sql STABLE AS $$
    SELECT m.user_id FROM mailboxes m WHERE m.tenant_id = tenant AND m.id = mailbox AND m.removed_at IS NULL
$$;

-- A line shows whose number it is, else the owner of the phone.
CREATE FUNCTION mark_handsets_of_number() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    one numbers;
    was UUID;
    became UUID;
BEGIN
    IF TG_OP <> 'INSERT' THEN
        one := OLD;
        was := person_of(OLD.tenant_id, OLD.mailbox_id);
    END IF;
    IF TG_OP <> 'DELETE' THEN
        one := NEW;
        became := person_of(NEW.tenant_id, NEW.mailbox_id);
    END IF;
    PERFORM handset_changed(h.tenant_id, h.id) FROM handsets h
        JOIN handset_ports p ON p.tenant_id = h.tenant_id AND p.handset_id = h.id
        WHERE p.tenant_id = one.tenant_id AND p.number = one.number
            AND COALESCE(was, h.owner_id) IS DISTINCT FROM COALESCE(became, h.owner_id);
    RETURN NULL;
END
$$;
CREATE TRIGGER handsets_number_changed AFTER INSERT OR DELETE OR UPDATE OF mailbox_id ON numbers
    FOR EACH ROW EXECUTE FUNCTION mark_handsets_of_number();
