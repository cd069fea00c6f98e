-- A phone shows its owner's name and extension, and on each line whose number it is; provisioning is told more of the owner.
-- When one of these changes, the phone has something to take over. The time is the database's: a trigger has no other. The
-- PostgreSQL file of the same number says the same.

CREATE TRIGGER handsets_owner_changed AFTER UPDATE OF department, site, profile ON users
    WHEN OLD.department IS NOT NEW.department OR OLD.site IS NOT NEW.site
        OR json_patch('{"station":"standard","record_calls":false}', json_remove(OLD.profile, '$.listed'))
            <> json_patch('{"station":"standard","record_calls":false}', json_remove(NEW.profile, '$.listed'))
    BEGIN
        INSERT INTO webhook_facts (tenant_id, event, about, detail)
        SELECT h.tenant_id, 'handset.changed', h.id, 'changed' FROM handsets h WHERE h.tenant_id = NEW.tenant_id
            AND h.owner_id = NEW.id
            AND EXISTS (SELECT 1 FROM webhooks WHERE tenant_id = h.tenant_id);
        UPDATE handsets SET changed_at = MAX(changed_at + 1, applied_at + 1, CAST(unixepoch('subsec') * 1000000 AS INTEGER))
        WHERE tenant_id = NEW.tenant_id
            AND handsets.owner_id = NEW.id;
    END;
CREATE TRIGGER handsets_name_changed AFTER UPDATE OF first_name, last_name, removed_at ON users
    WHEN OLD.first_name <> NEW.first_name OR OLD.last_name <> NEW.last_name
        OR (OLD.removed_at IS NULL) <> (NEW.removed_at IS NULL)
    BEGIN
        INSERT INTO webhook_facts (tenant_id, event, about, detail)
        SELECT h.tenant_id, 'handset.changed', h.id, 'changed' FROM handsets h WHERE h.tenant_id = NEW.tenant_id
            AND (h.owner_id = NEW.id OR h.id IN (SELECT p.handset_id FROM handset_ports p JOIN numbers n ON n.tenant_id = p.tenant_id AND n.number = p.number
                JOIN mailboxes m ON m.tenant_id = n.tenant_id AND m.id = n.mailbox_id
                WHERE m.tenant_id = NEW.tenant_id AND m.user_id = NEW.id))
            AND EXISTS (SELECT 1 FROM webhooks WHERE tenant_id = h.tenant_id);
        UPDATE handsets SET changed_at = MAX(changed_at + 1, applied_at + 1, CAST(unixepoch('subsec') * 1000000 AS INTEGER))
        WHERE tenant_id = NEW.tenant_id
            AND (handsets.owner_id = NEW.id OR handsets.id IN (SELECT p.handset_id FROM handset_ports p JOIN numbers n ON n.tenant_id = p.tenant_id AND n.number = p.number
                JOIN mailboxes m ON m.tenant_id = n.tenant_id AND m.id = n.mailbox_id
                WHERE m.tenant_id = NEW.tenant_id AND m.user_id = NEW.id));
    END;
CREATE TRIGGER handsets_extension_changed AFTER UPDATE OF extension ON mailboxes
    WHEN OLD.extension <> NEW.extension AND NEW.user_id IS NOT NULL AND NEW.removed_at IS NULL
    BEGIN
        INSERT INTO webhook_facts (tenant_id, event, about, detail)
        SELECT h.tenant_id, 'handset.changed', h.id, 'changed' FROM handsets h WHERE h.tenant_id = NEW.tenant_id
            AND (h.owner_id = NEW.user_id OR h.id IN (SELECT p.handset_id FROM handset_ports p JOIN numbers n ON n.tenant_id = p.tenant_id AND n.number = p.number
                JOIN mailboxes m ON m.tenant_id = n.tenant_id AND m.id = n.mailbox_id
                WHERE m.tenant_id = NEW.tenant_id AND m.id = NEW.id))
            AND EXISTS (SELECT 1 FROM webhooks WHERE tenant_id = h.tenant_id);
        UPDATE handsets SET changed_at = MAX(changed_at + 1, applied_at + 1, CAST(unixepoch('subsec') * 1000000 AS INTEGER))
        WHERE tenant_id = NEW.tenant_id
            AND (handsets.owner_id = NEW.user_id OR handsets.id IN (SELECT p.handset_id FROM handset_ports p JOIN numbers n ON n.tenant_id = p.tenant_id AND n.number = p.number
                JOIN mailboxes m ON m.tenant_id = n.tenant_id AND m.id = n.mailbox_id
                WHERE m.tenant_id = NEW.tenant_id AND m.id = NEW.id));
    END;

-- A line shows whose number it is, else the owner of the phone.
CREATE TRIGGER handsets_number_added AFTER INSERT ON numbers
    BEGIN
        INSERT INTO webhook_facts (tenant_id, event, about, detail)
        SELECT h.tenant_id, 'handset.changed', h.id, 'changed' FROM handsets h WHERE h.tenant_id = NEW.tenant_id
            AND h.id IN (SELECT p.handset_id FROM handset_ports p WHERE p.tenant_id = NEW.tenant_id AND p.number = NEW.number)
            AND COALESCE(h.owner_id, x'')
                <> COALESCE((SELECT m.user_id FROM mailboxes m WHERE m.tenant_id = NEW.tenant_id AND m.id = NEW.mailbox_id AND m.removed_at IS NULL), h.owner_id, x'')
            AND EXISTS (SELECT 1 FROM webhooks WHERE tenant_id = h.tenant_id);
        UPDATE handsets SET changed_at = MAX(changed_at + 1, applied_at + 1, CAST(unixepoch('subsec') * 1000000 AS INTEGER))
        WHERE tenant_id = NEW.tenant_id
            AND handsets.id IN (SELECT p.handset_id FROM handset_ports p WHERE p.tenant_id = NEW.tenant_id AND p.number = NEW.number)
            AND COALESCE(handsets.owner_id, x'')
                <> COALESCE((SELECT m.user_id FROM mailboxes m WHERE m.tenant_id = NEW.tenant_id AND m.id = NEW.mailbox_id AND m.removed_at IS NULL), handsets.owner_id, x'');
    END;
CREATE TRIGGER handsets_number_removed AFTER DELETE ON numbers
    BEGIN
        INSERT INTO webhook_facts (tenant_id, event, about, detail)
        SELECT h.tenant_id, 'handset.changed', h.id, 'changed' FROM handsets h WHERE h.tenant_id = OLD.tenant_id
            AND h.id IN (SELECT p.handset_id FROM handset_ports p WHERE p.tenant_id = OLD.tenant_id AND p.number = OLD.number)
            AND COALESCE((SELECT m.user_id FROM mailboxes m WHERE m.tenant_id = OLD.tenant_id AND m.id = OLD.mailbox_id AND m.removed_at IS NULL), h.owner_id, x'')
                <> COALESCE(h.owner_id, x'')
            AND EXISTS (SELECT 1 FROM webhooks WHERE tenant_id = h.tenant_id);
        UPDATE handsets SET changed_at = MAX(changed_at + 1, applied_at + 1, CAST(unixepoch('subsec') * 1000000 AS INTEGER))
        WHERE tenant_id = OLD.tenant_id
            AND handsets.id IN (SELECT p.handset_id FROM handset_ports p WHERE p.tenant_id = OLD.tenant_id AND p.number = OLD.number)
            AND COALESCE((SELECT m.user_id FROM mailboxes m WHERE m.tenant_id = OLD.tenant_id AND m.id = OLD.mailbox_id AND m.removed_at IS NULL), handsets.owner_id, x'')
                <> COALESCE(handsets.owner_id, x'');
    END;
CREATE TRIGGER handsets_number_moved AFTER UPDATE OF mailbox_id ON numbers
    WHEN OLD.mailbox_id <> NEW.mailbox_id
    BEGIN
        INSERT INTO webhook_facts (tenant_id, event, about, detail)
        SELECT h.tenant_id, 'handset.changed', h.id, 'changed' FROM handsets h WHERE h.tenant_id = NEW.tenant_id
            AND h.id IN (SELECT p.handset_id FROM handset_ports p WHERE p.tenant_id = NEW.tenant_id AND p.number = NEW.number)
            AND COALESCE((SELECT m.user_id FROM mailboxes m WHERE m.tenant_id = OLD.tenant_id AND m.id = OLD.mailbox_id AND m.removed_at IS NULL), h.owner_id, x'')
                <> COALESCE((SELECT m.user_id FROM mailboxes m WHERE m.tenant_id = NEW.tenant_id AND m.id = NEW.mailbox_id AND m.removed_at IS NULL), h.owner_id, x'')
            AND EXISTS (SELECT 1 FROM webhooks WHERE tenant_id = h.tenant_id);
        UPDATE handsets SET changed_at = MAX(changed_at + 1, applied_at + 1, CAST(unixepoch('subsec') * 1000000 AS INTEGER))
        WHERE tenant_id = NEW.tenant_id
            AND handsets.id IN (SELECT p.handset_id FROM handset_ports p WHERE p.tenant_id = NEW.tenant_id AND p.number = NEW.number)
            AND COALESCE((SELECT m.user_id FROM mailboxes m WHERE m.tenant_id = OLD.tenant_id AND m.id = OLD.mailbox_id AND m.removed_at IS NULL), handsets.owner_id, x'')
                <> COALESCE((SELECT m.user_id FROM mailboxes m WHERE m.tenant_id = NEW.tenant_id AND m.id = NEW.mailbox_id AND m.removed_at IS NULL), handsets.owner_id, x'');
    END;
